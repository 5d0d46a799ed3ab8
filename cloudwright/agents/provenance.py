"""Whose idea a change is: the user's, or that of a text that a tool returned.

The rule is in code and errs on the safe side: unless the user's own words name the action (as understood without any
tool's text) and the target, the change counts as suggested by untrusted text, and no flag ever approves it.
"""

import re
from collections.abc import Iterator

from pydantic import JsonValue

from cloudwright.agents.contribution import Task
from cloudwright.agents.kit import Kit
from cloudwright.agents.language.understanding import Goal
from cloudwright.core.evidence import Evidence
from cloudwright.core.proposal import Proposal, Provenance, Source
from cloudwright.core.tool import ToolCall

_HANDS_OFF = re.compile(
    r"\bhands off\b|\bchange nothing\b|\bleave everything (?:as it is|alone)\b|\b(?:just|only) tell me\b|"
    r"\b(?:do not|don['’]?t|without|never) (?:chang\w+|touch\w*|modify\w*|edit\w*)\b"
    r"(?= *(?:anything|a thing|things)\b|\W*$)|"
    r"\bnothing (?:(?:may|must|should|shall|can|is to|gets?) )?(?:be )?(?:changed|touched|modified|edited)\b",
    re.IGNORECASE,
)
_SHOWN = 6


def provenance_of(call: ToolCall, task: Task, kit: Kit, source: Source, why: str) -> Provenance:
    """Where this change comes from, with what was read before it."""
    own_words = source in (Source.USER, Source.UNDO) or _is_users_idea(call, task)
    seen: tuple[Evidence, ...] = kit.context.evidence.all()[-_SHOWN:]
    return Provenance(
        source=source,
        session=kit.context.session,
        turn=task.turn,
        request=kit.context.redactor.text(task.request),
        why=kit.context.redactor.text(why),
        evidence=tuple(_short(item) for item in seen),
        untrusted=not own_words,
    )


def forbids_changes(request: str) -> bool:
    """Whether a request wants words alone: "tell me how, but change nothing"."""
    return _HANDS_OFF.search(request) is not None


def without_ban(request: str) -> str:
    """The request without the words that forbid changes."""
    return _HANDS_OFF.sub(" ", request)


def names_its_targets(proposal: Proposal) -> bool:
    """Whether the request itself names every object that a change of the user's is about.

    "Scale the first of those to 3" leaves the target to whoever read "those": a person looks at that before it runs.
    """
    if proposal.provenance.source is not Source.USER:
        return True
    said = proposal.provenance.request.lower()
    return all(_said(target.name, said) for target in proposal.targets)


def _is_users_idea(call: ToolCall, task: Task) -> bool:
    """Whether the user's words gave both the action and every value of the call."""
    if task.intent.goal is not Goal.CALLS or call.tool not in {wanted.tool for wanted in task.intent.calls}:
        return False
    wanted = next(item for item in task.intent.calls if item.tool == call.tool)
    given = {str(value) for value in _leaves(dict(wanted.arguments))}
    said = " ".join(task.user_words).lower()
    return all(str(value) in given or _said(str(value), said) for value in _leaves(dict(call.arguments)))


def _said(value: str, said: str) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(value.lower())}(?![\w-])", said))


def _leaves(value: JsonValue) -> Iterator[JsonValue]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif value not in (None, "", False):
        yield value


def _short(item: Evidence) -> Evidence:
    return item.model_copy(update={"excerpt": item.excerpt[:400]})
