"""Environment variables of a workload."""

import re
from collections.abc import Callable

from pydantic import JsonValue

from cloudwright.agents.language.calls import label_of, workload_call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.references import TEMPLATED, World, in_focus, pointed
from cloudwright.agents.language.text import NUMBERS
from cloudwright.agents.language.understanding import Named, Option, Question
from cloudwright.agents.language.writes.frame import Change, change_all
from cloudwright.core.tool import ToolCall

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


_SPEAKS_OF_ENV = (
    "env",
    "environment",
    "env var",
    "environment variable",
    "variable",
    "variables",
    "env vars",
    "envvar",
)


def variables(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Environment variables of a workload."""
    if clause.of("file") or clause.has("label, labels, annotation, annotations, taint, configmap, config map, key"):
        return None
    speaks = clause.has(*_SPEAKS_OF_ENV)
    removing = (
        (bool(families & {"delete", "unset"}) and not families & {"set", "up"})
        or clause.has("unset")
        or (families >= {"delete"} and speaks)
    )
    set_, remove = _env(clause, world, removing, speaks)
    if not set_ and not remove:
        return None
    clause.use_words(*_SPEAKS_OF_ENV, "value, var, vars, container, with, set, its, called")

    def make(item: Named) -> ToolCall | Question:
        container = container_of(clause, item, [*set_, *remove])
        if isinstance(container, Question):
            return (
                container
                if not item.ref.name
                else which_container(
                    item, lambda name: workload_call("set_env", item, container=name, set=set_, remove=[*remove])
                )
            )
        return workload_call("set_env", item, container=container, set=dict(set_), remove=[*remove])

    return change_all(clause, world, TEMPLATED, "set the environment of", make)


def _env(clause: Clause, world: World, removing: bool, speaks: bool) -> tuple[dict[str, JsonValue], list[JsonValue]]:
    """What is set and what is removed: pairs, names in capitals, names that the workload has in words."""
    pairs = _pairs(clause, speaks)
    if pairs:
        return ({}, list(pairs)) if removing else (pairs, [])
    names = [index for index in range(len(clause.tokens)) if _is_variable(clause, index)]
    if not names and speaks:
        names = _spoken_name(clause)
    if not names:
        known = _known(clause, world, removing)
        return known if any(known) else _shown_before(clause, world)
    clause.used.update(names)
    if removing:
        return {}, [clause.tokens[index].raw for index in names]
    told = {clause.tokens[index].raw: value_after(clause, index) or value_beside(clause, index) for index in names}
    if len(told) == 1 and None in told.values():
        told = {name: _value_of(clause, name) for name in told}
    return {name: value for name, value in told.items() if value is not None}, []


def _pairs(clause: Clause, speaks: bool) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for mention in clause.of("pair"):
        key, _, value = mention.text.partition("=")
        if speaks or _VARIABLE.fullmatch(key):
            clause.use(mention)
            found[key] = value.strip("\"'")
            _use_description(clause, key, value)
    return found


def _use_description(clause: Clause, key: str, value: str) -> None:
    """ "debug logging: LOG_LEVEL=debug": words that only say the pair again are explained by it."""
    parts = [part for part in (*key.lower().split("_"), value.lower()) if len(part) > 2]
    for index, word in enumerate(clause.low):
        if any(word.startswith(part) for part in parts):
            clause.used.add(index)


def _is_variable(clause: Clause, index: int) -> bool:
    raw = clause.tokens[index].raw
    return bool(_VARIABLE.fullmatch(raw)) and len(raw) > 2 and (clause.at(index) is None or "_" in raw)


def _known(clause: Clause, world: World, removing: bool) -> tuple[dict[str, JsonValue], list[JsonValue]]:
    """A variable of the workload, its name said in words."""
    known = {name for item in aimed(clause, world) for group in item.env.values() for name in group}
    for name in sorted(known, key=len, reverse=True):
        words = name.lower().replace("_", " ")
        at = clause.find(words)
        if at < 0:
            continue
        end = at + len(words.split())
        clause.used.update(range(at, end))
        if removing:
            return {}, [name]
        said = value_after(clause, end - 1)
        return ({name: said}, []) if said is not None else ({}, [])
    return {}, []


_UNITS = {"s": "SEC", "m": "MIN", "h": "HOUR", "d": "DAY"}


def _value_of(clause: Clause, name: str) -> str | None:
    """ "x should sync every 5 minutes, the variable is SYNC_MINUTES": the only amount, in the unit that the variable has."""
    values = clause.of("number", "duration", "quantity")
    if len(values) != 1 or not clause.has(
        "variable is, env is, env var is, variable called, variable for that, controlled by, set by, set via"
    ):
        return None
    found = re.fullmatch(r"(\d+)([smhd]?)", values[0].text)
    if found is None or (found[2] and _UNITS[found[2]] not in name):
        return None
    clause.use(*values)
    clause.use_words("every, seconds, minutes, hours, days, variable, is, controlled, by, via, that, for, called")
    return found[1]


_SHOWN = re.compile(r"\.env\[([\w.-]+)\]")


def _shown_before(clause: Clause, world: World) -> tuple[dict[str, JsonValue], list[JsonValue]]:
    """ "set it to debug" after one variable of one workload was shown."""
    shown = {
        found for one in world.memory.last_calls for found in _SHOWN.findall(str(one.arguments.get("columns", "")))
    }
    pronouns = [mention for mention in clause.of("pronoun") if not mention.plural]
    if len(shown) != 1 or len(world.memory.last_calls) != 1 or len(pronouns) != 1 or clause.of("name", "kind", "path"):
        return {}, []
    value = value_after(clause, pronouns[0].start)
    return ({shown.pop(): value}, []) if value is not None else ({}, [])


def _spoken_name(clause: Clause) -> list[int]:
    for word in ("variable", "env", "var"):
        at = clause.find(word)
        if (
            0 <= at < len(clause.tokens) - 1
            and re.fullmatch(r"[A-Za-z_]\w*", clause.tokens[at + 1].raw)
            and clause.low[at + 1] not in ("of", "on", "to", "in", "from", "for", "var", "called", "named", "variable")
        ):
            return [at + 1]
        if 0 <= at < len(clause.tokens) - 2 and clause.low[at + 1] in ("called", "named"):
            return [at + 2]
    return []


def aimed(clause: Clause, world: World) -> list[Named]:
    """All that the names may mean, else what a pronoun points at, else the one thing that was spoken of last."""
    out = [item for mention in clause.of("name") for item in mention.objects]
    refs = (
        []
        if out
        else pointed(clause, world) or ([] if clause.of("pronoun", "ordinal") else in_focus(clause, world, ()))
    )
    return out or [item for ref in refs if (item := world.named(ref)) is not None]


_PLACES = ("in", "on", "of", "for", "from", "at")
"""After these a place follows, no value."""


def value_after(clause: Clause, index: int) -> str | None:
    """What stands after "to", "=", "as", "with value" behind a name."""
    for at in range(index + 1, min(len(clause.tokens) - 1, index + 8)):
        if clause.low[at] in ("to", "=", "as", "value", "is", "be", ":", "with", "equal", "into", "at"):
            after = at + 1
            while after < len(clause.tokens) and clause.low[after] in ("value", "to", "be", "the", "a", "of"):
                after += 1
            mention = clause.at(after)
            if clause.low[at] == "at" and (mention is None or mention.what not in ("number", "quantity", "percent")):
                continue
            if after < len(clause.tokens) and clause.low[after] in (*_PLACES, "enough", "fine", "okay", "ok"):
                continue
            if after < len(clause.tokens) and not (
                mention is not None
                and mention.what == "name"
                and clause.low[at] == "to"
                and len(clause.of("name")) == 1
            ):
                clause.used.update(range(at, after + 1))
                return in_digits(clause.tokens[after].raw)
    return None


def in_digits(text: str) -> str:
    """ "six" as "6"; any other text as it is."""
    return str(NUMBERS[text.lower()]) if text.lower() in _SPELT else text


_SPELT = NUMBERS.keys() - {"none", "no", "couple", "dozen", "single"}


def value_beside(clause: Clause, index: int) -> str | None:
    """The word right behind a name, where an amount or a plain word stands there and nothing but a place follows it."""
    at = index + 1
    if at >= len(clause.tokens) or clause.tokens[at].mark or clause.low[at] in _NO_VALUES:
        return None
    mention = clause.at(at)
    if mention is not None and mention.what not in ("number", "quantity", "duration", "percent", "text"):
        return None
    if at + 1 < len(clause.tokens) and clause.low[at + 1] not in (
        "on",
        "in",
        "for",
        "of",
        "at",
        "please",
        ",",
        ".",
        "and",
    ):
        return None
    clause.used.add(at)
    return clause.tokens[at].raw


_NO_VALUES = frozenset(
    (
        "of",
        "on",
        "in",
        "for",
        "from",
        "to",
        "is",
        "has",
        "the",
        "a",
        "and",
        "or",
        "please",
        "variable",
        "env",
        "any",
        "not",
        "at",
        "off",
    )
)


def container_of(clause: Clause, item: Named, names: list[JsonValue]) -> str | Question:
    """The container that is meant: "" where there is one, a question where several may be."""
    if len(item.containers) <= 1:
        clause.use_words(*item.containers, "container")
        return ""
    said = [word for word in clause.low if word in item.containers and word != item.ref.name]
    if (
        not said
        and clause.has("container")
        and item.ref.name in item.containers
        and clause.low.count(item.ref.name) > 1
    ):
        said = [item.ref.name]
    if said:
        clause.use_words(*said, "container, sidecar")
        return said[-1]
    having = [container for container in item.containers if set(map(str, names)) & set(item.env.get(container, ()))]
    return having[0] if len(having) == 1 else Question(text="")


def which_container(item: Named, make: Callable[[str], ToolCall]) -> Question:
    """The question which container of an object is meant."""
    options = tuple(
        Option(label=f"container {name}", calls=(make(name),), about=(item.ref,)) for name in item.containers
    )
    return Question(
        text=f"{label_of(item)} has the containers {', '.join(item.containers)}: which one?", options=options
    )
