"""How answers and changes look in a terminal; degrades to plain ASCII without colours."""

import os
import re
import sys
import textwrap
from typing import TextIO

from rich.console import Console
from rich.text import Text

from cloudwright.core.answers import ProposalView
from cloudwright.core.result import printable
from cloudwright.surfaces import texts

_ASCII = str.maketrans({"…": "...", "→": "->", "·": "-", "‹": "<", "›": ">", "—": "-", "–": "-", "✓": "+", "✗": "x"})
_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")
_NARROWEST = 20
"""Characters that a column must have to be folded within itself."""
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
        self.console.print(Text(self._folded(text), style=style), soft_wrap=True)

    def answer(self, text: str) -> None:
        """An answer with its evidence marks dimmed."""
        shown = Text(self._folded(text))
        shown.highlight_regex(_MARK, "cyan dim")
        self.console.print(shown, soft_wrap=True)

    def _folded(self, text: str) -> str:
        """The text in lines that fit the terminal, broken between words; elsewhere as it is."""
        fit = self.fit(text)
        if not self.console.is_terminal:
            return fit
        return "\n".join(part for line in fit.split("\n") for part in fold(line, self.console.width))

    def proposal(self, view: ProposalView) -> None:
        """A change as it is decided on: everything that an approval speaks of."""
        self.console.rule(
            self.fit(f" {view.effect} "), style=_rule_style(view), characters="─" if self.unicode else "-"
        )
        for line in texts.proposal(view).splitlines():
            self.say(line, next((style for pattern, style in _STYLES if pattern.match(line)), ""))


def fold(line: str, width: int) -> list[str]:
    """A line in pieces of at most `width`; later ones are indented to where its last column (or its text) begins."""
    if len(line) <= width:
        return [line]
    columns = [match.end() for match in _GAP.finditer(line) if match.end() < width]
    start = columns[-1] if columns else len(line) - len(line.lstrip()) + 2
    indent = " " * (start if start <= width - _NARROWEST else 2)
    return textwrap.wrap(
        line, width, subsequent_indent=indent, break_on_hyphens=False, replace_whitespace=False, drop_whitespace=True
    )


def _rule_style(view: ProposalView) -> str:
    return {"write": "yellow", "destructive": "red", "grant": "magenta"}.get(view.effect.value, "")
