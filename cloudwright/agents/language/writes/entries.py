"""One key of a ConfigMap."""

import re

from pydantic import JsonValue

from cloudwright.agents.language.calls import call, located
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.references import World, fitting
from cloudwright.agents.language.text import words_of
from cloudwright.agents.language.understanding import Named
from cloudwright.agents.language.writes.environment import aimed, in_digits, value_after, value_beside
from cloudwright.agents.language.writes.frame import Change, change_all, which
from cloudwright.core.tool import ToolCall

_KEYED = re.compile(r"[\w.-]+")
_VERBS = ("set", "change", "update", "switch", "turn", "put")


def entry(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Set or remove one key."""
    speaks = any(item.kind and item.kind.kind == "ConfigMap" for item in clause.of("kind"))
    named = [item for mention in clause.of("name") for item in fitting(clause, mention, world)]
    maps = [item for item in named or aimed(clause, world) if item.ref.kind == "ConfigMap"]
    if not maps and not speaks and not clause.of("name", "pronoun", "kind", "workload"):
        return _of_some_map(clause, world, families)
    if not (speaks or maps) or not (clause.of("name", "pronoun") or maps):
        return None
    if not families & {"set", "up", "down", "add", "delete", "create", "unset", "deploy"}:
        return None
    data = _data(clause, {key for item in maps for key in item.keys}, families) or _shown_before(clause, world)
    if not data:
        return None
    clause.use_words("key, value, entry, with, setting, in, back")

    def make(item: Named) -> ToolCall:
        return call("patch_resource", **located(item), patch={"data": data})

    return change_all(clause, world, ("ConfigMap",), "change", make)


def _data(clause: Clause, keys: set[str], families: frozenset[str]) -> dict[str, JsonValue]:
    """The key with its new value; None as the value removes it."""
    index = _index(clause, keys, families)
    if index < 0:
        clause.use(*clause.of("pair"))
        return {item.text.partition("=")[0]: item.text.partition("=")[2] for item in clause.of("pair")}
    key, index = _key_at(clause, keys, index)
    clause.used.add(index)
    if families & {"delete", "unset"}:
        return {key: None} if key in keys else {}
    told = value_after(clause, index) or value_beside(clause, index) or _value_before(clause, index)
    return {key: told} if told is not None else {}


def _value_before(clause: Clause, index: int) -> str | None:
    """ "600 as MAX_ROOMS"."""
    if index < 2 or clause.low[index - 1] not in ("as", "for") or clause.tokens[index - 2].mark:
        return None
    clause.used.update((index - 2, index - 1))
    return clause.tokens[index - 2].raw


def _of_some_map(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """ "set MAX_ROOMS to 450": a key that ConfigMaps have, and none of them named: which one has to be asked."""
    words = {token.raw for token in clause.tokens}
    having = [
        item for item in world.index.vocabulary.objects if item.ref.kind == "ConfigMap" and words & set(item.keys)
    ]
    data = _data(clause, {key for item in having for key in item.keys}, families) if having else {}
    if not data or not families & {"set", "up", "down"}:
        return None
    return Change(
        question=which(having, "change", lambda item: call("patch_resource", **located(item), patch={"data": data}), [])
    )


def _shown_before(clause: Clause, world: World) -> dict[str, JsonValue]:
    """ "set it to 5" after one key was shown: the key with its new value."""
    shown = {_SHOWN.fullmatch(str(one.arguments.get("path", ""))) for one in world.memory.last_calls}
    keys = {found[1] for found in shown if found is not None}
    at = max(clause.find("to"), clause.find("be"), *(mention.start for mention in clause.of("pronoun")), -1)
    if len(keys) != 1 or None in shown or not clause.of("pronoun") or not 0 <= at < len(clause.tokens) - 1:
        return {}
    behind = clause.at(at + 1)
    if behind is not None and behind.what not in ("number", "quantity", "duration", "text"):
        return {}
    clause.used.update((at, at + 1))
    return {keys.pop(): in_digits(clause.tokens[at + 1].raw)}


_SHOWN = re.compile(r"data\[([\w.-]+)\]")


def _spoken(clause: Clause, key: str) -> int:
    """Where a key of several words stands in words: "the day rate" for DAY_RATE."""
    words = tuple(words_of(key))
    starts = (at for at in range(len(clause.low)) if clause.low[at : at + len(words)] == words)
    return next(starts, -1) if len(words) > 1 else -1


def _key_at(clause: Clause, keys: set[str], index: int) -> tuple[str, int]:
    """The key that stands here, as it is or in words, and its last token."""
    for key in keys:
        words = tuple(words_of(key))
        if len(words) > 1 and clause.low[index : index + len(words)] == words:
            clause.used.update(range(index, index + len(words)))
            return key, index + len(words) - 1
    return clause.tokens[index].raw, index


def _index(clause: Clause, keys: set[str], families: frozenset[str]) -> int:
    """Where the key stands: one that is there, one behind the word "key", one behind the verb; -1 if none does."""
    known = next((at for at, token in enumerate(clause.tokens) if token.raw in keys), -1)
    if known >= 0:
        return known
    spoken = next((at for key in sorted(keys, key=len, reverse=True) if (at := _spoken(clause, key)) >= 0), -1)
    if spoken >= 0:
        return spoken
    at = clause.find("key")
    following = clause.at(at + 1)
    if 0 <= at < len(clause.tokens) - 1 and (following is None or following.what != "pair"):
        return at + 1
    if clause.of("pair") or "set" not in families:
        return -1
    verb = next((at for at, word in enumerate(clause.low[:-1]) if word in _VERBS), -1)
    free = verb >= 0 and clause.at(verb + 1) is None and clause.low[verb + 1] not in ("the", "a", "in")
    return verb + 1 if free and _KEYED.fullmatch(clause.tokens[verb + 1].raw) else -1
