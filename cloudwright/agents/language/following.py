"""Follow-ups: the same for another object, the same somewhere else, some of what was listed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from cloudwright.agents.language import moods
from cloudwright.agents.language.calls import located
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.reads.arranging import order
from cloudwright.agents.language.reads.conditions import conditions
from cloudwright.agents.language.reads.frame import Read, Where
from cloudwright.agents.language.reads.relations import idle
from cloudwright.agents.language.references import EVERYWHERE, World, fitting, namespace_in, selector_text, sole
from cloudwright.agents.language.text import VERSION
from cloudwright.agents.language.understanding import KindWord, Named
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import ToolCall

_SAME = "same, likewise, too, as well, also, similarly, ditto"
_ABOUT = listed(
    "the one in, the one, what about, how about, and, now, also, and what about, and how about, or, then, what of, and in, and for, and the, which,"
    " what one, what in, what on, what for"
)
_CONTENT_FREE = listed(
    "no, sorry, i, meant, mean, wrong, other, actually, and, what, how, about, for, in, the, same, thing, do, it, also, too, as, well, now, please, then, of,"
    " with, to, on, at, one, s, 's, likewise, ditto, is, that, again, namespace"
)
_MEANT = "i meant, i mean, sorry, wrong one, the other one, no"
_CORRECTING = listed(
    "actually, no, sorry, rather, better, wait, meant, mean, oops, instead, hmm, thought, correction, nope, back"
)
_SMALL = _CORRECTING | listed(
    "put, set, change, turn, switch, make, that, it, i, let, us, say, please, then, to, replicas, pods, replica, pod, copies, instances, go, with, use, on, second, thought, thoughts, hm, hmm, um, oh, ah, should, be, a, the,"
    " version, tag, of, enough, fine, will, do, just, ok, well, as, was, is, at, memory, cpu, limit"
)
_OF_THEM = "of them, of these, of those, which ones, which one, the ones, among them, these, those, they, them, which are, which is"
"""Words that speak of what was listed last."""
_SOME = "only the, just the, only those, just those, ones, how many are, how many have, how many were, how many of, how many is, how many run"
"""Words that speak of some of it, where no other kind is named: "only the paused ones"."""


@dataclass(frozen=True)
class Repeated:
    """The last calls for something else; whether that was ordered in words ("the same for")."""

    calls: tuple[ToolCall, ...]
    about: tuple[ObjectRef, ...] = ()
    explicit: bool = False


def again(clause: Clause, world: World) -> Repeated | None:
    """The last calls for another object, another namespace or another kind."""
    last = world.memory.last_calls
    goes_on = not clause.question and any(
        clause.find(word) == 0 for word in ("now", "next", "then", "and now", "and then", "and next", "ok now")
    )
    explicit = clause.has(_SAME, _MEANT) or goes_on
    if not last or not (explicit or any(clause.find(phrase) == 0 for phrase in _ABOUT)):
        return None
    told = sole(clause, world) if explicit and not clause.question else []
    if len(told) == 1 and clause.has("and, now, also"):
        return Repeated(tuple(_for(one, told[0]) for one in last), (told[0].ref,), explicit)
    start = 1 if clause.low[:1] == ("and",) else 0
    which = clause.low[start : start + 1] == ("which",) or clause.low[start : start + 2] in (
        ("what", "in"),
        ("what", "on"),
        ("what", "for"),
    )
    stage, said = _stage(clause, world)
    if _says_more(clause, said, _WHICH | _behind_being(clause) if which else frozenset()) or (
        which and clause.of("kind", "workload", "name")
    ):
        return None
    if clause.of("name"):
        found = _instead(clause, world)
        calls = tuple(_for(one, item) for item in found for one in last)
        return Repeated(calls, tuple(item.ref for item in found), explicit) if found else None
    place = namespace_in(clause) or stage
    if place and place != EVERYWHERE:
        return _elsewhere(place, world, explicit=explicit)
    kinds = [item.kind for item in clause.of("kind") if item.kind is not None]
    if kinds and all(one.tool == "list_resources" for one in last):
        return Repeated(tuple(_with(one, kind=kinds[0].plural) for one in last), (), explicit)
    twins = _twins(world) if not kinds and clause.has("the other one, the other") else []
    return _elsewhere(twins[0], world, explicit=explicit) if len(twins) == 1 else None


_WHICH = listed(
    "which, runs, run, running, has, have, is, are, does, do, use, uses, one, deployed, live, lives, currently, there, being, tested, used, active,"
    " current, still, installed, released, served, shipped, version, value"
)


def _behind_being(clause: Clause) -> frozenset[str]:
    """What is being done: "which one is being tried in …"."""
    return frozenset(word for at, word in enumerate(clause.low[1:]) if clause.low[at] == "being")


def _stage(clause: Clause, world: World) -> tuple[str, int]:
    """The namespace of a stage that is spoken of ("in prod") and where its word stands: where what is in focus has a twin there."""
    for index, word in enumerate(clause.low):
        spaces = world.index.environments.get(word, frozenset()) if clause.at(index) is None else frozenset()
        there = [place for place in _twins(world) if place in spaces] or list(spaces)
        if len(there) == 1:
            return there[0], index
    return "", -1


def _twins(world: World) -> list[str]:
    """The other namespaces that have an object of the kind and name of the one in focus."""
    return [
        item.ref.namespace
        for ref in world.memory.objects[:1]
        for item in world.index.names.get(ref.name.lower(), ())
        if item.ref.kind == ref.kind and item.ref.namespace != ref.namespace
    ]


def corrected(clause: Clause, world: World) -> Repeated | None:
    """The last change with another value: "actually 5", "no, 6.2.1", "sorry, 512Mi"."""
    last = world.memory.last_calls
    spoken = {token.low for index, token in enumerate(clause.tokens) if clause.at(index) is None and not token.mark}
    versions = [token.raw for token in clause.tokens if VERSION.fullmatch(token.raw)]
    values = [item for item in clause.of("number", "quantity", "image") if clause.low[item.start] != "no"]
    if (
        len(last) != 1
        or not spoken & _CORRECTING
        or spoken - _SMALL - {text.lower() for text in versions}
        or not (versions or len(values) == 1)
    ):
        return None
    if any(
        mention.what not in ("number", "quantity", "image", "pronoun", "kind")
        for mention in clause.mentions
        if not (
            mention.what == "ordinal" and clause.low[mention.end : mention.end + 1] in (("thought",), ("thoughts",))
        )
    ):
        return None
    changed = _revalued(last[0], versions, values)
    return Repeated((changed,), world.memory.objects[:1], explicit=True) if changed is not None else None


def _revalued(last: ToolCall, versions: list[str], values: list[Mention]) -> ToolCall | None:
    """A call with another value of the sort that it has."""
    if last.tool == "scale_workload" and values and values[0].what == "number":
        return _with(last, replicas=values[0].value)
    if last.tool == "set_image" and (versions or values[0].what == "image"):
        old = str(last.arguments.get("image", ""))
        new = values[0].text if values and values[0].what == "image" else f"{old.rpartition(':')[0]}:{versions[0]}"
        return _with(last, image=new)
    for tool, argument in (("patch_resource", "patch"), ("set_env", "set")):
        if last.tool == tool and (values or versions):
            changed = _releafed(last.arguments.get(argument), values[0].text if values else versions[0])
            return _with(last, **{argument: changed}) if changed is not None else None
    groups = [name for name in ("limits", "requests") if last.arguments.get(name)]
    if last.tool == "set_resources" and len(groups) == 1 and values and values[0].what == "quantity":
        old_amounts = last.arguments[groups[0]]
        if isinstance(old_amounts, dict) and len(old_amounts) == 1:
            amounts: dict[str, JsonValue] = dict.fromkeys(old_amounts, values[0].text)
            return ToolCall(tool=last.tool, arguments={**last.arguments, groups[0]: amounts})
    return None


def _releafed(patch: JsonValue, text: str) -> JsonValue:
    """A merge patch of one value with another one of the same type; None where it has several values or another type."""
    if not isinstance(patch, dict):
        whole = isinstance(patch, int) and not isinstance(patch, bool) and text.isdigit()
        return int(text) if whole else text if isinstance(patch, str) else None
    if len(patch) != 1:
        return None
    ((key, inner),) = patch.items()
    changed = _releafed(inner, text)
    return {key: changed} if changed is not None else None


def _says_more(clause: Clause, said: int = -1, small: frozenset[str] = frozenset()) -> bool:
    """Whether something is said that is no mention and no small word."""
    rest = [
        word
        for index, word in enumerate(clause.low)
        if clause.at(index) is None
        and index != said
        and word not in _CONTENT_FREE | small
        and not clause.tokens[index].mark
    ]
    others = [mention for mention in clause.of("pronoun") if mention.text != "one"]
    return bool(rest or others or clause.of("number", "quantity", "image", "pair", "file"))


def _instead(clause: Clause, world: World) -> list[Named]:
    """What the names mean here: objects of the kinds and in the places of the last calls first."""
    last = world.memory.last_calls
    kinds = {kind.kind.lower() for item in last if (kind := _kind(str(item.arguments.get("kind", "")), world))}
    old = {str(item.arguments.get("namespace", "")) for item in last}
    place = namespace_in(clause)
    found: list[Named] = []
    for mention in clause.of("name"):
        same = [
            item
            for item in mention.objects
            if item.ref.kind.lower() in kinds and (not place or item.ref.namespace == place)
        ]
        pool = same or fitting(clause, mention, world)
        found += [item for item in pool if item.ref.namespace in old] or pool
    return _relatives(last, found, world) or found


def _relatives(last: Sequence[ToolCall], found: Sequence[Named], world: World) -> list[Named]:
    """What belongs to some objects, where what belongs to others was listed by its names: "and the autoscaler of …"."""
    listed_by_name = [one for one in last if _by_name(one)]
    kinds = [kind for one in listed_by_name if (kind := _kind(str(one.arguments.get("kind", "")), world))]
    if not kinds or len(kinds) != len(last):
        return []
    same = [item for item in found if item.ref.kind == kinds[0].kind]
    return same or [other for item in found for other in world.index.links.related(item, kinds[0].kind)]


def _elsewhere(place: str, world: World, *, explicit: bool) -> Repeated:
    """The last calls in another namespace."""
    about = [
        item
        for ref in world.memory.objects[:1]
        for item in world.index.names.get(ref.name.lower(), ())
        if item.ref.kind == ref.kind and item.ref.namespace == place
    ]
    about = about or _only_one(place, world)
    calls = [
        _for(one, about[0])
        if about and ({"labels", "fields"} & one.arguments.keys() or _by_name(one))
        else _with(one, namespace=place)
        for one in world.memory.last_calls
    ]
    return Repeated(_once(calls), tuple(item.ref for item in about), explicit)


def _only_one(place: str, world: World) -> list[Named]:
    """The only object of the kind in a place, where one object was looked at by its name: "the same for the one in blue"."""
    last = world.memory.last_calls
    kinds = {kind.kind for one in last if (kind := _kind(str(one.arguments.get("kind", "")), world)) is not None}
    named = all(str(one.arguments.get("fields", "")).startswith("metadata.name=") or _by_name(one) for one in last)
    found = [
        item
        for item in (world.index.vocabulary.objects if named and len(kinds) == 1 else ())
        if item.ref.kind in kinds and item.ref.namespace == place
    ]
    return found if len(found) == 1 else []


def _by_name(one: ToolCall) -> bool:
    """Whether a list shows what it names, and nothing else."""
    return bool(_BY_NAME.search(str(one.arguments.get("where", ""))))


def _once(calls: Sequence[ToolCall]) -> tuple[ToolCall, ...]:
    """Each call once: what was asked of two places is asked of one now."""
    return tuple(one for at, one in enumerate(calls) if one not in calls[:at])


def _with(one: ToolCall, **arguments: JsonValue) -> ToolCall:
    return ToolCall(tool=one.tool, arguments={**one.arguments, **arguments})


_POINTS = listed(
    "which, what, where, who, whose, is, are, was, does, do, did, that, this, it, from, come, comes, coming, belong, belongs, to, about, of,"
    " in, on, the, a, one, ?, and, so, then, container, owner, workload, namespace, thing, i, have, we, got, at, happen, happens, happening"
)


def told(clause: Clause, world: World) -> Read | None:
    """ "which pod is that from?" behind a message with an image: what was found for the message."""
    last = world.memory.last_calls
    kinds = clause.of("kind", "workload")
    bare = {
        word for at, word in enumerate(clause.low) if not any(one.start <= at < one.end for one in kinds)
    } <= _POINTS
    looked = last and all(one.tool == "list_resources" and "image " in str(one.arguments.get("where")) for one in last)
    pointed = any(word in ("that", "this", "it") for word in clause.low)
    return Read(last, (), 0.9) if looked and bare and pointed and moods.interrogative(clause) else None


def narrowed(clause: Clause, world: World) -> Read | None:
    """Some of what was listed last: "which of them has the most pods", "which ones are not ready"."""
    last = [one for one in world.memory.last_calls if one.tool == "list_resources" and "fields" not in one.arguments]
    if (
        not last
        or clause.of("name", "namespace", "ordinal", "image")
        or not (clause.has(_OF_THEM) or _some(clause, last))
    ):
        return None
    calls = []
    for one in last:
        kind = _kind(str(one.arguments.get("kind", "")), world)
        if kind is None:
            continue
        unrelated = idle(kind, clause, world)
        if unrelated is not None:
            calls.append(_with(one, where=" or ".join(f"name = {item.ref.name}" for item in unrelated) or "name = -"))
            continue
        found = conditions(clause, kind, world)
        arranged = order(clause, kind, world.index.vocabulary)
        if not found.parts and clause.has("not") and "where" in one.arguments:
            found.parts.append(f"not ({one.arguments['where']})")
        if found.parts or found.labels or arranged:
            calls.append(_narrow(one, found, {**arranged, **_counted(clause)}))
    return Read(tuple(calls), (), 0.9) if calls else None


def _counted(clause: Clause) -> dict[str, JsonValue]:
    """ "how many are not ready": a number of what was listed."""
    return {"group_by": ["kind"]} if clause.has("how many") else {}


def _some(clause: Clause, last: Sequence[ToolCall]) -> bool:
    """Whether some of what was listed is asked for, and no other kind."""
    listed_words = {str(one.arguments.get("kind", "")).lower() for one in last}
    named = {item.kind.plural for item in clause.of("kind") if item.kind is not None}
    return clause.has(_SOME) and named <= listed_words and not clause.of("workload")


def _narrow(one: ToolCall, found: Where, arranged: Mapping[str, JsonValue]) -> ToolCall:
    """A list with further conditions; a condition on its rows takes the place of an opposite one."""
    old = str(one.arguments.get("where", ""))
    opposite = any(
        part in (f"not {old}", f"not ({old})") or old in (f"not {part}", f"not ({part})") for part in found.parts
    )
    tests = [f"({old})"] if old and not opposite else []
    labels = [str(one.arguments["labels"])] if "labels" in one.arguments else []
    new: dict[str, JsonValue] = {
        "where": " and ".join([*tests, *found.parts]),
        "labels": ",".join([*labels, *found.labels]),
        **arranged,
    }
    kept = {name: value for name, value in one.arguments.items() if name not in ("group_by", *new)}
    return ToolCall(tool=one.tool, arguments=kept | {name: value for name, value in new.items() if value})


def _kind(word: str, world: World) -> KindWord | None:
    return world.index.kinds.get((word.lower(),))


_ON_NODE = re.compile(r"\bnode = [\w.-]+")
_NAMED = r"\(?(?:namespace = [\w.-]+ and )?name = [\w.-]+\)?"
_BY_NAME = re.compile(rf"^\(?{_NAMED}(?: or {_NAMED})*\)?$")
"""A filter that only names objects."""


def _for(one: ToolCall, item: Named) -> ToolCall:
    """A call for another object."""
    arguments: dict[str, JsonValue] = dict(one.arguments)
    if str(arguments.get("fields", "")).startswith("metadata.name="):
        arguments |= {
            "kind": str(located(item)["kind"]),
            "namespace": item.ref.namespace,
            "fields": f"metadata.name={item.ref.name}",
        }
    elif "name" in arguments:
        arguments["name"] = item.ref.name
        if "namespace" in arguments or item.ref.namespace:
            arguments["namespace"] = item.ref.namespace
        if "kind" in arguments:
            arguments["kind"] = located(item)["kind"]
    elif "labels" in arguments and item.selector:
        arguments |= {"labels": selector_text(dict(item.selector)), "namespace": item.ref.namespace}
    elif _BY_NAME.search(str(arguments.get("where", ""))):
        arguments |= {"where": f"name = {item.ref.name}", "namespace": item.ref.namespace}
    elif item.ref.kind == "Node" and _ON_NODE.search(str(arguments.get("where", ""))):
        arguments["where"] = _ON_NODE.sub(f"node = {item.ref.name}", str(arguments["where"]))
    elif "owner" in str(arguments.get("where", "")):
        arguments |= {"where": f"owner = {item.ref.kind}/{item.ref.name}", "namespace": item.ref.namespace}
    return ToolCall(
        tool=one.tool, arguments={key: value for key, value in arguments.items() if value not in ("", None)}
    )
