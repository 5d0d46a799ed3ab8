"""Follow-ups: the same for another object, the same somewhere else."""

from pydantic import JsonValue

from cloudwright.agents.language.calls import located
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.references import EVERYWHERE, World, fitting, namespace_in, selector_text
from cloudwright.agents.language.understanding import Named
from cloudwright.core.tool import ToolCall

_SAME = "same, likewise, too, as well, also, similarly, ditto"


_ABOUT = (
    "what about",
    "how about",
    "and",
    "now",
    "also",
    "and what about",
    "and how about",
    "or",
    "then",
    "what of",
    "and in",
    "and for",
    "and the",
)


_CONTENT_FREE = listed(
    "and, what, how, about, for, in, the, same, thing, do, it, also, too, as, well, now, please, then, of,"
    " with, to, on, at, one, s, 's, likewise, ditto, is, that, again, namespace"
)


def again(clause: Clause, world: World) -> tuple[tuple[ToolCall, ...], tuple[Named, ...], bool] | None:  # noqa: C901
    """The last calls for another object or another namespace; whether it was ordered in words ("the same for")."""
    last = world.memory.last_calls
    if not last:
        return None
    explicit = clause.has(_SAME)
    starts = any(clause.find(phrase) == 0 for phrase in _ABOUT)
    if not explicit and not starts:
        return None
    rest = [
        word
        for index, word in enumerate(clause.low)
        if clause.at(index) is None and word not in _CONTENT_FREE and not clause.tokens[index].mark
    ]
    if rest or clause.of("number", "quantity", "image", "pair", "file", "pronoun"):
        return None
    names = clause.of("name")
    place = namespace_in(clause)
    if names:
        kinds = {str(item.arguments.get("kind", "")).lower() for item in last}
        found: list[Named] = []
        for mention in names:
            options = fitting(clause, mention, world)
            same = [
                item
                for item in mention.objects
                if item.ref.kind.lower() in kinds and (not place or item.ref.namespace == place)
            ]
            old = {str(item.arguments.get("namespace", "")) for item in last}
            near = [item for item in (same or options) if item.ref.namespace in old]
            found += near or same or options
        if not found:
            return None
        return tuple(_for(one, item) for item in found for one in last), tuple(found), explicit
    if place and place != EVERYWHERE:
        about = tuple(
            item
            for ref in world.memory.objects[:1]
            for item in world.index.names.get(ref.name.lower(), ())
            if item.ref.kind == ref.kind and item.ref.namespace == place
        )
        calls = []
        for one in last:
            if about and "labels" in one.arguments:
                calls.append(_for(one, about[0]))
            else:
                calls.append(ToolCall(tool=one.tool, arguments={**one.arguments, "namespace": place}))
        return tuple(calls), about, explicit
    kinds_said = [item.kind for item in clause.of("kind") if item.kind is not None]
    if kinds_said and all(one.tool == "list_resources" for one in last):
        return (
            tuple(ToolCall(tool=one.tool, arguments={**one.arguments, "kind": kinds_said[0].plural}) for one in last),
            (),
            explicit,
        )
    return None


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
    elif "owner" in str(arguments.get("where", "")):
        arguments |= {"where": f"owner = {item.ref.kind}/{item.ref.name}", "namespace": item.ref.namespace}
    return ToolCall(
        tool=one.tool, arguments={key: value for key, value in arguments.items() if value not in ("", None)}
    )
