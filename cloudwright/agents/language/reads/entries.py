"""Keys of ConfigMaps and variables of workloads, where no object is named: what they are set to, and who sets them."""

import re
from collections.abc import Iterator, Sequence

from cloudwright.agents.language import aspects
from cloudwright.agents.language.calls import call, located
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.reads.frame import MOST_OBJECTS, Read, columns_of
from cloudwright.agents.language.references import EVERYWHERE, World, namespace_in, objects_of
from cloudwright.agents.language.text import Token
from cloudwright.agents.language.understanding import Named
from cloudwright.core.tool import ToolCall


def entries(clause: Clause, world: World) -> Read | None:
    """A key of ConfigMaps or a variable of workloads, where no object is named: "what is LOG_LEVEL in staging"."""
    if clause.of("name", "pronoun"):
        return None
    place = namespace_in(clause)
    places = {mention.text for mention in clause.of("namespace")} or _stages(clause, world)
    objects = [item for item in world.index.vocabulary.objects if not places or item.ref.namespace in places]
    for token in clause.tokens:
        if not _ENTRY.fullmatch(token.raw.partition("=")[0]):
            continue
        key = token.raw.partition("=")[0]
        maps = [item for item in objects if item.ref.kind == "ConfigMap" and key in item.keys]
        users = [item for item in objects if not item.owner and any(key in names for names in item.env.values())]
        if users and (value := _valued(clause, token)):
            return Read(
                tuple(_set_to(users, key, value, place, world)), tuple(item.ref for item in users[:MOST_OBJECTS])
            )
        reads = [call("get_resource", **located(item), path=f"data[{key}]") for item in maps[:MOST_OBJECTS]]
        reads += [
            columns_of(item, [f"{aspects.path_of('{pod}.containers[*].env', item.ref.kind)}[{key}]"])
            for item in users[:MOST_OBJECTS]
        ]
        if reads:
            return Read(tuple(reads), tuple(item.ref for item in (*maps, *users)[:MOST_OBJECTS]), 0.95)
    return None


_THERE = re.compile(
    r"^(?:and |but |so |well |i think |i guess |i believe |i suppose |afaik |probably |maybe |perhaps |, )*(?:it|that|this|those|these|they|the value|the setting)"
    r"(?: 's| is| are| should| must| might| may| could| would| ought to| has to| lives?| sits?| stands?| comes? from)+"
    r"(?: (?:be|all|set|defined|stored|kept|configured|written|documented|found|somewhere|probably|supposed to|in there|live|lives|stand|come))*"
    r" (?:in|inside|within|under|part of|from)\b"
)
_HOLDING = ("ConfigMap", "Secret")


def kept_in(clause: Clause, world: World) -> Read | None:
    """ "it should be in the rules configmap": that ConfigMap with what it holds, or the keys of a Secret; nothing is ordered."""
    if not _THERE.search(" ".join(clause.low)) or clause.of("number", "quantity", "pair"):
        return None
    found = [item for item in objects_of(clause, world) if item.ref.kind in _HOLDING][:MOST_OBJECTS]
    calls = tuple(
        call("get_resource" if item.ref.kind == "ConfigMap" else "describe_resource", **located(item)) for item in found
    )
    return Read(calls, tuple(item.ref for item in found)) if found else None


def _stages(clause: Clause, world: World) -> set[str]:
    """The namespaces of the stages that are spoken of: "LOG_LEVEL in prod"."""
    return {
        place
        for at, word in enumerate(clause.low)
        if clause.at(at) is None
        for place in world.index.environments.get(word, ())
    }


_ENTRY = re.compile(r"[A-Za-z][\w.-]*[_.][\w.-]+|[A-Z][A-Z0-9]{2,}")
"""What looks like a key or a variable, and not like a word."""


def _valued(clause: Clause, entry: Token) -> str:
    """The value that a variable is said to have: "LOG_LEVEL=debug", "LOG_LEVEL set to debug"; "" where none is."""
    if "=" in entry.raw:
        return entry.raw.partition("=")[2]
    rest = clause.tokens[clause.tokens.index(entry) + 1 :]
    while rest and rest[0].low in _SETTING:
        rest = rest[1:]
    plain = bool(rest) and not rest[0].mark and rest[0].low not in _NO_VALUE
    return rest[0].raw if plain and clause.at(clause.tokens.index(rest[0])) is None else ""


_SETTING = ("set", "to", "is", "=", "at", "as", "equal", "equals", "being")
_NO_VALUE = listed(
    "in, on, for, of, across, anywhere, everywhere, variable, env, key, set, used, where, and, or, here, there, value, at, right, now,"
    " currently, still, which, who, what, defined, from, by"
)


def _set_to(users: Sequence[Named], key: str, value: str, place: str, world: World) -> Iterator[ToolCall]:
    """Lists of those that have a variable of this value, one for each kind."""
    for name in dict.fromkeys(item.ref.kind for item in users):
        kind = world.kind(name)
        if kind is not None:
            path = f"{aspects.path_of('{pod}.containers[*].env', name)}[{key}]"
            yield call("list_resources", kind=kind.plural, namespace=place or EVERYWHERE, where=f'{path}.value = "{value}"',
                       columns=[path])  # fmt: skip
