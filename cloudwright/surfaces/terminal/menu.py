"""Decisions at the terminal: an explicit choice from a list; anything else is asked again, never taken for a yes."""

import json
from collections.abc import Callable
from typing import Any

from cloudwright.agents.language.understanding import Question
from cloudwright.core.answers import ProposalView
from cloudwright.surfaces.terminal.painting import Painter

Ask = Callable[[str, str], str]
"""Shows a prompt with a default text to edit, and returns the line that was typed."""

_CHOICES = (
    ("a", "approve"),
    ("d", "deny"),
    ("w", "deny and say why"),
    ("e", "edit"),
    ("m", "show more"),
    ("l", "leave it waiting"),
)


def decide(view: ProposalView, painter: Painter, ask: Ask) -> dict[str, Any]:
    """Show the change and take a decision: `approve`, `deny` (with `reason`), `edit` (with `arguments`) or `leave`."""
    painter.proposal(view)
    while True:
        painter.say(", ".join(f"[{key}] {label}" for key, label in _CHOICES), "bold")
        match ask("your choice: ", "").strip().lower():
            case "a" | "approve":
                return {"decision": "approve"}
            case "d" | "deny":
                return {"decision": "deny", "reason": ""}
            case "w":
                return {"decision": "deny", "reason": ask("why not: ", "").strip()}
            case "e" | "edit":
                edited = _edit(view, painter, ask)
                if edited is not None:
                    return {"decision": "edit", "arguments": edited}
            case "m" | "more":
                _more(view, painter)
            case "l" | "leave":
                return {"decision": "leave"}
            case _:
                painter.say("Please choose one of the letters; nothing is done until then.")


def choose(question: Question, painter: Painter, ask: Ask) -> str:
    """Show a question with its options; a number chooses, any other text is the answer itself."""
    painter.say(question.text, "bold")
    for number, option in enumerate(question.options, 1):
        painter.say(f"  {number}. {option.label}")
    given = ask("? ", "").strip()
    if given.isdigit() and 1 <= int(given) <= len(question.options):
        return question.options[int(given) - 1].label
    return given


def _edit(view: ProposalView, painter: Painter, ask: Ask) -> dict[str, Any] | None:
    text = ask(f"{view.tool} ", json.dumps(dict(view.arguments)))
    try:
        edited = json.loads(text)
    except json.JSONDecodeError as error:
        painter.say(f"That is no JSON (column {error.colno}: {error.msg}).")
        return None
    if not isinstance(edited, dict):
        painter.say("The arguments are a JSON object.")
        return None
    return edited


def _more(view: ProposalView, painter: Painter) -> None:
    painter.say(f"tool: {view.tool} {json.dumps(dict(view.arguments))}")
    painter.say(f"cluster: {view.place.cluster} at {view.place.server}")
    painter.say(f"request: {view.provenance.request or '-'}")
    for item in view.provenance.evidence:
        painter.say(f"read before: {item.id} {item.tool}: {item.excerpt[:300]}")
    painter.say(f"full digest: {view.digest}; expires {view.expires_at:%Y-%m-%d %H:%M}Z")
    for change in view.changes:
        painter.say(f"{change.action} {change.ref} uid {change.ref.uid or '(new)'}")
