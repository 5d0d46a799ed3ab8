"""Labels and annotations."""

import re

from pydantic import JsonValue

from cloudwright.agents.language.calls import call, located
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.references import World
from cloudwright.agents.language.understanding import Named, Question
from cloudwright.agents.language.writes.frame import Change, change_all
from cloudwright.core.tool import ToolCall

_VERSION = re.compile(r"v?\d+(?:\.\d+)+[\w.+-]*")
_KEYED = re.compile(r"[A-Za-z0-9][\w./-]*")


def _on_nodes(clause: Clause, families: frozenset[str]) -> bool:
    """ "put line=fast on node-1": pairs of nodes are labels."""
    named = [item for mention in clause.of("name") for item in mention.objects]
    nodes = bool(named) and all(item.ref.kind == "Node" for item in named)
    return nodes and bool(clause.of("pair")) and bool(families & {"set", "add"}) and not clause.has("taint, taints")


def labelling(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Labels and annotations."""
    annotating = "annotate" in families or clause.has("annotation, annotations")
    speaks = annotating or families & {"label", "unlabel"} or clause.has("label, labels, labelled, tag")
    speaks = speaks or _on_nodes(clause, families)
    if not speaks or clause.has("image, version") or clause.of("image") or _names_version(clause):
        return None
    set_, remove = _wanted(
        clause,
        "annotation" if annotating else "label",
        removing=bool(families & {"unlabel", "delete", "unset"})
        or (clause.has("take, strip, get") and clause.has("off")),
    )
    clause.use_words(
        "carry, have, get, bear, wear, off, label, labels, annotation, annotations, tag, key, value, with, key/value, set, called"
    )
    if not set_ and not remove:
        asked = Change(question=Question(text="Which key and value?", slot="set"))
        return asked if clause.of("name", "pronoun") else None
    tool = "annotate_resource" if annotating else "label_resource"

    def make(item: Named) -> ToolCall | Question:
        arguments = located(item) if item.ref.name else {}
        return call(tool, **arguments, set=set_ or None, remove=remove or None)

    kinds = tuple(item.kind.kind for item in clause.of("kind") if item.kind)
    return change_all(clause, world, kinds, "annotate" if annotating else "label", make)


def _wanted(clause: Clause, word: str, *, removing: bool) -> tuple[dict[str, JsonValue], list[JsonValue]]:
    """What is set and what is removed: pairs, "key-" as kubectl writes it, or a key and a value in words."""
    pairs = [mention.text.partition("=") for mention in clause.of("pair")]
    clause.use(*clause.of("pair"))
    dashed = [token.raw[:-1] for token in clause.tokens if token.raw.endswith("-") and len(token.raw) > 1]
    if removing and pairs:
        return {}, [key for key, _, _ in pairs]
    if pairs or dashed:
        clause.used.update(at for at, token in enumerate(clause.tokens) if token.raw[:-1] in dashed)
        return {key: value for key, _, value in pairs}, [*dashed]
    key, value = _key_value(clause, word)
    if key and removing:
        return {}, [key]
    return ({key: value}, []) if key and value is not None else ({}, [])


def _names_version(clause: Clause) -> bool:
    """Whether "tag" or "label" is an image's: a version stands right behind it, or a tag's somewhere."""
    at = max(clause.find("tag"), clause.find("label"))
    beside = 0 <= at < len(clause.tokens) - 1 and bool(_VERSION.fullmatch(clause.tokens[at + 1].raw))
    return beside or (clause.has("tag") and any(_VERSION.fullmatch(token.raw) for token in clause.tokens))


_SKIPPED = ("called", "named", "key", "with", "the", "a", ":")
_ELSEWHERE = ("from", "of", "on", "off", "to", "in", "for")
_NO_KEYS = ("the", "a", "its", "that", "this", "remove", "delete", "add", "put", "new", "another")
_BEFORE_VALUE = ("to", "=", "as", "value", "set", "with", "is", "equal")


def _key_value(clause: Clause, word: str) -> tuple[str, str | None]:
    """ "label tier to edge", "the tier label edge", "label tier with value edge"."""
    at = max(clause.find(word), clause.find(f"{word}s"))
    if at < 0:
        return "", None
    index = at + 1
    while index < len(clause.low) and clause.low[index] in _SKIPPED:
        index += 1
    if index >= len(clause.low) or clause.tokens[index].mark or clause.low[index] in _ELSEWHERE:
        return _key_before(clause, at)
    key = clause.tokens[index].raw
    if not _KEYED.fullmatch(key):
        return "", None
    clause.used.add(index)
    return key, _value_behind(clause, index)


def _key_before(clause: Clause, at: int) -> tuple[str, str | None]:
    """ "the tier label of x", "set the tier label to edge"."""
    if at == 0 or clause.low[at - 1] in _NO_KEYS or not _KEYED.fullmatch(clause.tokens[at - 1].raw):
        return "", None
    clause.used.add(at - 1)
    to = [index for index in range(at + 1, len(clause.low) - 1) if clause.low[index] == "to"]
    if not to:
        return clause.tokens[at - 1].raw, None
    clause.used.add(to[-1] + 1)
    return clause.tokens[at - 1].raw, clause.tokens[to[-1] + 1].raw


def _value_behind(clause: Clause, index: int) -> str | None:
    low = clause.low
    for at in range(index + 1, len(low) - 1):
        if low[at] not in _BEFORE_VALUE or low[at + 1] in ("to", "value", "the", "a"):
            continue
        mention = clause.at(at + 1)
        target = mention is not None and mention.what == "name" and low[at] == "to"
        if target and at > index + 1 and clause.has("add"):
            continue
        clause.used.update((at, at + 1))
        return clause.tokens[at + 1].raw
    beside = index + 1 < len(low) and clause.at(index + 1) is None and low[index + 1] not in _ELSEWHERE
    if beside and _KEYED.fullmatch(clause.tokens[index + 1].raw):
        clause.used.add(index + 1)
        return clause.tokens[index + 1].raw
    return None
