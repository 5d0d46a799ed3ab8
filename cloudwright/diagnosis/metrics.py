"""Metric anomalies read along call edges: which slow thing is not slow because of something behind it."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.graph.endpoints import selected_workloads
from cloudwright.diagnosis.graph.graph import Graph, Key, Relation, graph_of, key, key_of
from cloudwright.diagnosis.observations import Anomaly, Signal
from cloudwright.diagnosis.view import ClusterView

SLOW = 2.0
"""Latency over baseline from which a workload counts as slow."""
UNEXPLAINED = 5.0
"""How many times the delay of its callees (one request may call them more than once) a caller may add."""
BUSY = 2.0
"""CPU over baseline from which a workload counts as busy."""


@dataclass(frozen=True)
class Slow:
    """A slow workload: how much slower than usual, by how many milliseconds, and what else its metrics say."""

    key: Key
    factor: float
    added: float
    anomalies: tuple[Anomaly, ...]

    def has(self, signal: Signal) -> bool:
        """Whether it has an anomaly of this sort."""
        return any(item.signal is signal for item in self.anomalies)


def by_workload(view: ClusterView) -> dict[Key, list[Anomaly]]:
    """Anomalies by the workload that they concern; a Service's count for the workload behind it."""
    found: dict[Key, list[Anomaly]] = defaultdict(list)
    for item in view.observations.anomalies:
        if item.subject.kind != "Node":
            found[_workload(view, item.subject)].append(item)
    return found


def _workload(view: ClusterView, ref: ObjectRef) -> Key:
    obj = view.lookup(ref)
    if obj is not None and ref.kind == "Service":
        served = selected_workloads(view, obj)
        if served:
            return key(view, served[0])
    if obj is not None and ref.kind == "Pod":
        return key(view, view.top(obj))
    return key_of(ref)


def slow_workloads(view: ClusterView) -> dict[Key, Slow]:
    """Workloads whose latency left its baseline."""
    found = {}
    for where, items in by_workload(view).items():
        late = [item for item in items if item.signal is Signal.LATENCY and item.value is not None]
        if not late:
            continue
        factor = max(item.factor for item in late)
        if factor >= SLOW:
            added = max((item.value or 0) - (item.baseline or 0) for item in late)
            found[where] = Slow(where, factor, added, tuple(items))
    return found


def callees(graph: Graph, node: Key) -> set[Key]:
    """Workloads that a workload calls, directly or through a Service."""
    found = set()
    for target in graph.related(node, Relation.CALLS):
        if target[0] == "Service":
            found |= set(graph.related(target, Relation.SELECTS))
        else:
            found.add(target)
    return found - {node}


def deepest(view: ClusterView) -> list[Slow]:
    """Slow workloads that no slow callee explains, slowest first.

    A caller's delay is explained by its slow callees unless it is more than `UNEXPLAINED` times what they add together.
    """
    graph, slow = graph_of(view), slow_workloads(view)
    roots = []
    for where, item in slow.items():
        behind = _behind(graph, where, slow)
        if not behind or item.added > UNEXPLAINED * sum(slow[one].added for one in behind):
            roots.append(item)
    return sorted(roots or slow.values(), key=lambda item: -item.added)


def _behind(graph: Graph, start: Key, slow: dict[Key, Slow]) -> set[Key]:
    """The slow workloads that a call chain leads to first (through ones that are not measured)."""
    seen, todo, found = {start}, [start], set()
    while todo:
        for target in callees(graph, todo.pop()):
            if target in seen:
                continue
            seen.add(target)
            if target in slow:
                found.add(target)
            else:
                todo.append(target)
    return found


def nodes_of(view: ClusterView, where: Key) -> set[str]:
    """Nodes that a workload's Pods run on."""
    obj = view.find(where[0], where[1], where[2])
    return {f.text(pod, "spec", "nodeName") for pod in view.pods_of(obj)} - {""} if obj is not None else set()


def shared_node(view: ClusterView, roots: list[Slow]) -> str:
    """The one node that most of several unexplained slow workloads run on; "" where there is none.

    Of workloads that call each other only the caller counts: a chain is one slow workload seen twice.
    """
    graph = graph_of(view)
    roots = [one for one in roots if not any(one.key in callees(graph, other.key) for other in roots)]
    if len(roots) < 2:
        return ""
    count = Counter(node for item in roots for node in nodes_of(view, item.key))
    node, number = count.most_common(1)[0] if count else ("", 0)
    return node if number >= 2 and number * 3 >= len(roots) * 2 else ""


def shared_client(view: ClusterView, roots: list[Slow]) -> Slow | None:
    """A slow workload nearly all of whose callees are slow, among them all the unexplained ones: its own network."""
    graph, slow = graph_of(view), slow_workloads(view)
    if len(roots) < 3:
        return None
    for item in sorted(slow.values(), key=lambda one: one.added):
        called = callees(graph, item.key)
        late = called & set(slow)
        if (
            {one.key for one in roots} <= called
            and len(late) >= 0.8 * len(called)
            and item.added >= max(one.added for one in roots)
        ):
            return item
    return None
