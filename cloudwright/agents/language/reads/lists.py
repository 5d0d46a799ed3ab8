"""Objects of a kind: which ones, how many, narrowed, sorted, grouped."""

from pydantic import JsonValue

from cloudwright.agents.language.calls import call, located
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.arranging import groups, order, superlative
from cloudwright.agents.language.reads.conditions import conditions
from cloudwright.agents.language.reads.frame import MOST_OBJECTS, Read
from cloudwright.agents.language.references import (
    EVERYWHERE,
    World,
    namespace_for,
    namespace_in,
    pointed,
    rank,
    selector_text,
)
from cloudwright.agents.language.understanding import KindWord, Named
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import ToolCall
from cloudwright.tools.kubernetes import tables

_EVERYTHING = ("Deployment", "StatefulSet", "DaemonSet", "Pod")


def counts(clause: Clause, world: World) -> Read | None:
    """How many."""
    if not clause.has("how many, count, number of, total, amount of, tally"):
        return None
    found = lists(clause, world)
    if found is None or any(item.tool != "list_resources" for item in found.calls):
        return found
    calls = []
    for item in found.calls:
        arguments = {key: value for key, value in item.arguments.items() if key not in ("sort", "limit", "columns")}
        arguments.setdefault("group_by", ["kind"])
        calls.append(ToolCall(tool=item.tool, arguments=arguments))
    return Read(tuple(calls), found.about, 0.95)


def lists(clause: Clause, world: World) -> Read | None:
    """Objects of a kind, narrowed, sorted, grouped."""
    kinds = _kinds(clause, world)
    if [kind.kind for kind in kinds] == ["Namespace"] and clause.of("name"):
        return _where_lives(clause)
    if not kinds:
        return None
    calls = []
    about: tuple[ObjectRef, ...] = ()
    before = set(clause.used)
    for kind in kinds:
        clause.used = set(before)
        place = namespace_for(clause, kind, world)
        narrowed = conditions(clause, kind, world)
        relation = _of_workload(clause, kind, world)
        if relation is not None:
            place, labels, test, about = relation
            narrowed.labels += [labels] if labels else []
            narrowed.parts += [test] if test else []
        arguments: dict[str, JsonValue] = {
            "kind": kind.plural, "namespace": place, "labels": ",".join(narrowed.labels), "where": narrowed.where,
        }  # fmt: skip
        if "." in kind.api_version.partition("/")[0] and kind.kind not in tables.COLUMNS:
            arguments["columns"] = ["status", "age", "spec"]
        arguments |= order(clause, kind)
        arguments |= groups(clause)
        calls.append(call("list_resources", **arguments))
    return Read(tuple(calls), about, 0.9)


def _where_lives(clause: Clause) -> Read:
    """The namespaces that have objects of a name."""
    found = [item for mention in clause.of("name") for item in mention.objects]
    best = min(rank(item.ref.kind) for item in found)
    main = [item for item in found if rank(item.ref.kind) == best]
    kinds = sorted({str(located(item)["kind"]) for item in main})
    test = " or ".join(f"name = {name}" for name in sorted({item.ref.name for item in main}))
    return Read(
        tuple(call("list_resources", kind=kind, namespace=EVERYWHERE, where=test) for kind in kinds),
        tuple(item.ref for item in main[:MOST_OBJECTS]),
    )


def _kinds(clause: Clause, world: World) -> list[KindWord]:
    mentions = [item for item in clause.of("kind") if item.kind is not None]
    nodes = {"Node", "Namespace"}
    places = [item for item in mentions if item.kind is not None and item.kind.kind in nodes]
    main = [item for item in mentions if item not in places] or places
    if main and places and main != places:
        first = min(mentions, key=lambda item: item.start)
        if first in places and not (clause.has("pods on, pods in") and superlative(clause)):
            follower = clause.low[first.end : first.end + 1]
            if follower and follower[0] in ("has", "have", "runs", "run", "with", "host", "hosts") and main[0].kind:
                return [main[0].kind] if superlative(clause) else [first.kind] if first.kind else []
    found = list(dict.fromkeys(item.kind.kind for item in main if item.kind is not None))
    if found:
        joined = clause.has("and") or "," in clause.low or clause.has("or")
        chosen = found if joined and len(found) > 1 and not clause.of("name") else found[:1]
        return [kind for name in chosen if (kind := world.kind(name)) is not None]
    if clause.of("workload"):
        return [kind for name in ("Deployment", "StatefulSet", "DaemonSet", "CronJob") if (kind := world.kind(name))]
    on_node = any(item.ref.kind == "Node" for mention in clause.of("name") for item in mention.objects)
    if (
        on_node
        and clause.has("runs on, run on, running on, runs, scheduled on, hosted on, lives on, is on, are on, on")
        and clause.has("what, which, show, list, everything, anything")
        and (pods := world.kind("Pod")) is not None
    ):
        return [pods]
    if clause.has("images, container images") and (pods := world.kind("Pod")) is not None:
        return [pods]
    if clause.of("all") and clause.has("everything, all, anything"):
        return [kind for name in _EVERYTHING if (kind := world.kind(name)) is not None]
    return []


def _of_workload(clause: Clause, kind: KindWord, world: World) -> tuple[str, str, str, tuple[ObjectRef, ...]] | None:  # noqa: C901
    """Namespace, labels, filter and object where a list is of what belongs to a named object."""
    names = [item for item in clause.of("name") if not any(x.ref.kind == "Node" for x in item.objects)]
    pool: list[Named] = []
    for mention in names:
        own = [item for item in mention.objects if item.ref.kind == kind.kind]
        place = namespace_in(clause)
        if place and place != EVERYWHERE:
            own = [item for item in own if item.ref.namespace in (place, "")]
        if own and kind.kind != "Pod":
            test = " or ".join(f"name = {item.ref.name}" for item in own)
            spaces = {item.ref.namespace for item in own}
            return (spaces.pop() if len(spaces) == 1 else EVERYWHERE), "", f"({test})", tuple(item.ref for item in own)
        pool = [item for item in mention.objects if item.ref.kind != kind.kind or item.ref.kind == "Pod"]
        if place and place != EVERYWHERE:
            pool = [item for item in pool if item.ref.namespace == place]
        elif any(item.ref.namespace == world.home() for item in pool):
            pool = [item for item in pool if item.ref.namespace == world.home()]
        workloads = [item for item in pool if rank(item.ref.kind) == 0 or item.ref.kind in ("Job", "ReplicaSet")]
        pool = workloads or pool
    if not names:
        pool = (
            [item for ref in pointed(clause, world) if (item := world.named(ref)) is not None]
            if clause.of("pronoun")
            else []
        )
    if not pool:
        return None
    item = pool[0]
    spaces = {other.ref.namespace for other in pool}
    place = item.ref.namespace if len(spaces) == 1 else EVERYWHERE
    about = tuple(other.ref for other in pool)
    if kind.kind == "Pod" and item.ref.kind == "CronJob":
        return place, "", f'owner matches "^Job/{item.ref.name}-"', about
    if kind.kind == "Pod" and item.ref.kind == "Pod":
        return place, "", "(" + " or ".join(f"name = {other.ref.name}" for other in pool) + ")", about
    if kind.kind == "Pod" and item.selector:
        return place, selector_text(dict(item.selector)), "", about
    if kind.kind in ("ReplicaSet", "Job", "Pod"):
        return place, "", f"owner = {item.ref.kind}/{item.ref.name}", about
    return None
