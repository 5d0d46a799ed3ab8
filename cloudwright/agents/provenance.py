"""Whose idea a change is: the user's, or that of a text that a tool returned.

The rule is in code and errs on the safe side: unless the user's own words name the action (as understood without any
tool's text) and the target, the change counts as suggested by others, and no flag ever approves it. Of what a model
proposes, each part is told apart: said by the user, read in a tool's text, or worked out by the model.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

import yaml
from pydantic import JsonValue

from cloudwright.agents.contribution import Task
from cloudwright.agents.kit import Kit
from cloudwright.agents.language.text import NUMBERS
from cloudwright.agents.language.understanding import Goal
from cloudwright.core.evidence import Evidence
from cloudwright.core.proposal import Giver, Part, Proposal, Provenance, Source
from cloudwright.core.tool import ToolCall

_HANDS_OFF = re.compile(
    r"\bhands off\b|\bchange nothing\b|\bleave everything (?:as it is|alone)\b|\b(?:just|only) tell me\b|"
    r"\b(?:do not|don['’]?t|without|never) (?:chang\w+|touch\w*|modify\w*|edit\w*)\b"
    r"(?= *(?:anything|a thing|things)\b|\W*$)|"
    r"\bnothing (?:(?:may|must|should|shall|can|is to|gets?) )?(?:be )?(?:changed|touched|modified|edited)\b",
    re.IGNORECASE,
)
_SHOWN = 6
_WIDTH = 80
_BARE = re.compile(r"true|\d+(?:\.\d+)?")
_PLAIN = {"set", "patch", "apply", "label", "annotate", "create", "put", "run"}
"""Verbs of tools that stand in any text without asking for anything."""


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
        parts=() if own_words or source is not Source.MODEL else tuple(_parts(call, task, kit)),
    )


def _parts(call: ToolCall, task: Task, kit: Kit) -> Iterator[Part]:
    """The action and every value of a call, each with who gave it."""
    said = " ".join((*task.user_words, task.request)).lower()
    read = kit.context.evidence.all()
    verb = call.tool.partition("_")[0]
    found = next((item.id for item in read if _said(verb, item.excerpt.lower())), "") if verb not in _PLAIN else ""
    if _said(verb, said):
        yield Part(name="action", value=call.tool, giver=Giver.USER)
    else:
        yield Part(name="action", value=call.tool, giver=Giver.TEXT if found else Giver.MODEL, evidence=found)
    masked = dict(_named(kit.context.redactor.value(dict(call.arguments))))
    for name, value in _named(dict(call.arguments)):
        shown = masked.get(name, "…")
        yield _part(name, shown if len(shown) <= _WIDTH else f"{shown[:_WIDTH]}…", value, said, read, kit)


def _part(name: str, shown: str, value: str, said: str, read: Sequence[Evidence], kit: Kit) -> Part:
    if _said(value, said) or any(str(number) == value and _said(word, said) for word, number in NUMBERS.items()):
        return Part(name=name, value=shown, giver=Giver.USER)
    if value == kit.context.place.namespace:
        return Part(name=name, value=shown, giver=Giver.PLACE)
    # a bare number stands in many texts: it is taken from one only behind the name of its argument
    key = rf"{re.escape(name.rpartition('.')[2])}[^\d\n]{{0,40}}" if _BARE.fullmatch(value) else ""
    wanted = re.compile(rf"(?<![\w-]){key}(?<![\w-]){re.escape(value)}(?![\w-]|\.\d)", re.IGNORECASE)
    for item in read:
        if wanted.search(item.excerpt):
            return Part(name=name, value=shown, giver=Giver.TEXT, evidence=item.id)
    return Part(name=name, value=shown, giver=Giver.MODEL)


def _named(value: JsonValue, name: str = "") -> Iterator[tuple[str, str]]:
    """Every plain value below a value, by its path; a manifest is read as the object that it is."""
    if isinstance(value, str) and "\n" in value:
        with suppress(yaml.YAMLError):
            read = yaml.safe_load(value)
            value = read if isinstance(read, dict | list) else value
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _named(item, f"{name}.{key}".lstrip("."))
    elif value not in (None, "", False):
        yield name, str(value)


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
