"""What is on the node that was spoken of: "what is running there"."""

from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.frame import MOST_OBJECTS, Read
from cloudwright.agents.language.reads.relations import asked_kinds, pods_on
from cloudwright.agents.language.references import World, objects_of, selector_text

_THERE = "there, on there, on it, on that, on this, on that node, on this node, on that machine, on that one"


def there(clause: Clause, world: World) -> Read | None:
    """The pods of the node in focus, where what is "there" is asked: "what is running there", "which pods are there"."""
    focus = world.named(world.memory.objects[0]) if world.memory.objects else None
    if focus is None or focus.ref.kind != "Node" or clause.of("name", "namespace") or not clause.has(_THERE):
        return None
    kinds = asked_kinds(clause, [focus])
    asked = (not kinds or kinds[0].word.kind == "Pod") and clause.has(_PRESENT) and clause.has(_ASKED)
    return pods_on(clause, [focus], world) if asked else None


def bare_places(clause: Clause, world: World) -> Read | None:
    """The namespaces that have no object of a kind: "ns w/o quota", "which namespaces have no network policy"."""
    kinds = [mention for mention in clause.of("kind") if mention.kind is not None]
    if len(kinds) != 2 or clause.of("name", "namespace") or kinds[0].kind is None or kinds[1].kind is None:
        return None
    place, kind = kinds[0].kind, kinds[1].kind
    between = set(clause.low[kinds[0].end : kinds[1].start])
    if place.kind != "Namespace" or not kind.namespaced or not between & {"without", "no", "lack", "lacks", "lacking"}:
        return None
    having = {item.ref.namespace for item in world.index.vocabulary.objects if item.ref.kind == kind.kind}
    bare = [name for name in world.index.vocabulary.namespaces if name not in having]
    where = " or ".join(f"name = {name}" for name in bare) or "name = -"
    return Read((call("list_resources", kind=place.plural, where=where),), (), 0.95)


def absent(clause: Clause, world: World) -> Read | None:
    """The nodes on which a named thing has no pod: "which node lacks the agent", "on which nodes is x not running"."""
    nodes = world.kind("Node")
    if nodes is None or not clause.has(_ABSENT) or not clause.has("node, nodes, machine, machines, host, hosts"):
        return None
    makers = [item for item in objects_of(clause, world) if item.pod_labels] if clause.of("name") else []
    if not makers:
        return None
    having = {pod.node for item in makers for pod in world.index.links.related(item, "Pod") if pod.node}
    test = " and ".join(f"name != {name}" for name in sorted(having))
    lacking = call("list_resources", kind=nodes.plural, where=test)
    pods = [
        call("list_resources", kind="pods", namespace=item.ref.namespace,
             labels=selector_text(dict(item.selector or item.pod_labels)), columns=["node", "status"])
        for item in makers[:1]
    ]  # fmt: skip
    return Read((lacking, *pods), tuple(item.ref for item in makers), 0.9)


def beside(clause: Clause, world: World) -> Read | None:
    """The nodes of the pods of named things: "are x and y on the same node"."""
    makers = [item for item in objects_of(clause, world) if item.pod_labels] if clause.has(_SAME_NODE) else []
    calls = tuple(
        call("list_resources", kind="pods", namespace=item.ref.namespace,
             labels=selector_text(dict(item.selector or item.pod_labels)), columns=["node", "status"])
        for item in makers[:MOST_OBJECTS]
    )  # fmt: skip
    return Read(calls, tuple(item.ref for item in makers[:MOST_OBJECTS]), 0.9) if calls else None


_SAME_NODE = "same node, same nodes, same machine, same host, same box, one node, different nodes, different machines, separate nodes, spread over, spread across"
_ABSENT = "on every node, on all nodes, on each node, on all the nodes, missing, not running, not run, lacks, lack, absent, not on, without, not there, no pod, not have"
_ASKED = "what, which, anything, everything, list, show, who"
_PRESENT = "runs, run, running, is there, lives, live, sits, sit, scheduled, are there, still, hosted, pods, deployed"
