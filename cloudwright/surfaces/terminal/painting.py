"""How answers and changes look in a terminal; degrades to plain ASCII without colours."""

import os
import re
import sys
from typing import TextIO

from rich.console import Console
from rich.text import Text

from cloudwright.core.answers import ProposalView
from cloudwright.core.result import printable
from cloudwright.surfaces import texts

_ASCII = str.maketrans({"…": "...", "→": "->", "·": "-", "‹": "<", "›": ">", "—": "-", "–": "-", "✓": "+", "✗": "x"})
_MARK = re.compile(r"\[e\d+(?:\s*,\s*e\d+)*\]")
_STYLES = (
    (re.compile(r"^\s*\+"), "green"),
    (re.compile(r"^\s*-(?!\s*\w+:)"), "red"),
    (re.compile(r"^\s*!!"), "bold red"),
    (re.compile(r"^\s*!"), "yellow"),
)


class Painter:
    """Prints to one console. `unicode` is false where the terminal's encoding cannot show it."""

    def __init__(self, file: TextIO | None = None, *, width: int | None = None) -> None:
        out = file or sys.stdout
        self.console = Console(file=out, width=width, no_color="NO_COLOR" in os.environ or None, highlight=False)
        self.unicode = (getattr(out, "encoding", "") or "ascii").lower().startswith("utf")

    def fit(self, text: str) -> str:
        """The text in characters that the terminal can show, and none that drive it."""
        text = printable(text)
        return text if self.unicode else text.translate(_ASCII).encode("ascii", "replace").decode()

    def say(self, text: str, style: str = "") -> None:
        """Plain text; nothing in it is markup."""
        self.console.print(Text(self.fit(text), style=style), soft_wrap=True)

    def answer(self, text: str) -> None:
        """An answer with its evidence marks dimmed."""
        shown = Text(self.fit(text))
        shown.highlight_regex(_MARK, "cyan dim")
        self.console.print(shown, soft_wrap=True)

    def proposal(self, view: ProposalView) -> None:
        """A change as it is decided on: everything that an approval speaks of."""
        self.console.rule(
            self.fit(f" {view.effect} "), style=_rule_style(view), characters="─" if self.unicode else "-"
        )
        for line in texts.proposal(view).splitlines():
            self.say(line, next((style for pattern, style in _STYLES if pattern.match(line)), ""))


def _rule_style(view: ProposalView) -> str:
    return {"write": "yellow", "destructive": "red", "grant": "magenta"}.get(view.effect.value, "")
