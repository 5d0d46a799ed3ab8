"""Slow, busy and starved workloads, and lossy nodes, by their metrics."""

from collections.abc import Iterator

from cloudwright.core.evidence import Citation
from cloudwright.core.finding import Finding, Severity
from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import finding, patch_container
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.metrics import (
    BUSY,
    Slow,
    by_workload,
    deepest,
    nodes_of,
    shared_client,
    shared_node,
    slow_workloads,
)
from cloudwright.diagnosis.observations import Anomaly, Signal
from cloudwright.diagnosis.pods import Container, container_path, containers, live_pods, main_containers
from cloudwright.diagnosis.view import ClusterView

LOSSY = 2.0
"""TCP retransmissions per second above which a node's network counts as lossy."""


def nodes(view: ClusterView) -> Iterator[Finding]:
    """The node with the most retransmissions, if there are many."""
    lossy = [
        item
        for item in view.observations.anomalies
        if item.subject.kind == "Node" and item.signal in (Signal.RETRANSMISSION, Signal.PACKET_LOSS)
    ]
    lossy = [item for item in lossy if (item.value or 0) >= LOSSY]
    if not lossy:
        return
    worst = max(lossy, key=lambda item: item.value or 0)
    node = view.find("Node", "", worst.subject.name)
    if node is None:
        return
    slow = [view.find(*where) for where in slow_workloads(view)]
    yield finding(
        view, "node-packet-loss", node, f"Node {f.name(node)} loses packets: {worst.value:.2f} retransmissions/s against {worst.baseline or 0:.2f}",
        cites=[view.quote(worst.quote, "metrics", f.uid(node) or f.name(node))], affected=[item for item in slow if item is not None],
    )  # fmt: skip


def latency(view: ClusterView) -> Iterator[Finding]:
    """The slow workloads that nothing behind them explains; all on one node point to the node."""
    if not view.observations.anomalies:
        return
    roots = deepest(view)
    client = shared_client(view, roots)
    if client is not None:
        roots = [client, *(item for item in roots if item.key != client.key)]
    node_name = shared_node(view, roots) if client is None else ""
    node = view.find("Node", "", node_name) if node_name else None
    if node is not None:
        victims = [view.find(*item.key) for item in roots]
        yield finding(
            view, "node-network-latency", node, f"Workloads on node {node_name} answer slowly, and others do not: the node's network is slow",
            cites=[_cite(view, item.anomalies[0]) for item in roots[:3]], affected=[item for item in victims if item is not None], confidence=0.6,
        )  # fmt: skip
    for place, item in enumerate(roots):
        obj = view.find(*item.key)
        target: Object | ObjectRef = (
            obj if obj is not None else ObjectRef(kind=item.key[0], namespace=item.key[1], name=item.key[2])
        )
        late = max((one for one in item.anomalies if one.signal is Signal.LATENCY), key=lambda one: one.value or 0)
        kind = "cpu-saturated" if _busy(item) else "slow-responses"
        yield finding(
            view, kind, target,
            f"{item.key[2]} answers in {late.value:.0f} ms instead of {late.baseline or 0:.0f} ms, and nothing that it calls is slow"
            + ("; its CPU is saturated" if kind == "cpu-saturated" else "; its CPU is not busy, so it waits (network or lock)"),
            cites=[_cite(view, late)], affected=_callers(view, item), confidence=max(0.9 - 0.15 * place, 0.3),
        )  # fmt: skip


def _busy(item: Slow) -> bool:
    return any(
        one.signal is Signal.THROTTLING or (one.signal is Signal.CPU and one.factor >= BUSY) for one in item.anomalies
    )


def _cite(view: ClusterView, item: Anomaly) -> Citation:
    return view.quote(
        item.quote or f"{item.signal}: {item.baseline} -> {item.value} {item.unit}", "metrics", str(item.subject)
    )


def _callers(view: ClusterView, item: Slow) -> list[Object]:
    return [obj for where in slow_workloads(view) if where != item.key and (obj := view.find(*where)) is not None]


def saturation(view: ClusterView) -> Iterator[Finding]:
    """Busy or throttled workloads that are not slow ones already."""
    slow = slow_workloads(view)
    for where, items in by_workload(view).items():
        busy = [
            one for one in items if one.signal is Signal.THROTTLING or (one.signal is Signal.CPU and one.factor >= BUSY)
        ]
        obj = view.find(*where)
        if where in slow or not busy or obj is None:
            continue
        throttled = any(one.signal is Signal.THROTTLING for one in busy)
        yield finding(
            view, "cpu-throttled" if throttled else "cpu-busy", obj, f"{where[2]} uses much more CPU than usual" + (" and is throttled at its limit" if throttled else ""),
            field="spec.template.spec.containers.resources.limits.cpu", cites=[_cite(view, busy[0])], confidence=0.5,
        )  # fmt: skip


def errors(view: ClusterView) -> Iterator[Finding]:
    """Failing requests: a symptom that something else should explain."""
    for where, items in by_workload(view).items():
        failed = [one for one in items if one.signal is Signal.ERRORS]
        obj = view.find(*where)
        if failed and obj is not None:
            yield finding(
                view,
                "requests-failing",
                obj,
                f"Requests to {where[2]} fail: {failed[0].quote[:160]}",
                cites=[_cite(view, failed[0])],
            )


def usage(view: ClusterView) -> Iterator[Finding]:
    """Containers at their limits, by metrics-server."""
    for (namespace, name, container), used in view.observations.pod_usage.items():
        pod = view.find("Pod", namespace, name)
        item = next((one for one in containers(pod) if one.name == container), None) if pod else None
        if pod is None or item is None:
            continue
        top = view.top(pod)
        yield from _near_limit(view, top, pod, item, "cpu", used.cpu)
        yield from _near_limit(view, top, pod, item, "memory", used.memory)


def _near_limit(
    view: ClusterView, top: Object, pod: Object, item: Container, resource: str, used: float
) -> Iterator[Finding]:
    limit = f.amount(item.spec, "resources", "limits", resource)
    if not limit or used < limit * 0.95:
        return
    show = f.cores if resource == "cpu" else f.size
    value = f.cores(limit * 2) if resource == "cpu" else f.size(limit * 1.5)
    yield finding(
        view, "cpu-throttled" if resource == "cpu" else "memory-near-limit", top, f"Container {item.name} uses {show(used)} of its {resource} limit {show(limit)}",
        field=container_path(top, item, f"resources.limits.{resource}"), affected=[pod],
        remedies=[patch_container(top, item.name, f"Raise the {resource} limit to {value}", {"resources": {"limits": {resource: value}}})],
    )  # fmt: skip


def replicas_on_one_node(view: ClusterView) -> Iterator[Finding]:
    """Workloads whose replicas all share one node although there are others: advice."""
    if sum(1 for _ in view.of("Node")) < 2:
        return
    for item in view.of("Deployment"):
        pods = live_pods(view, item)
        if (
            len(pods) >= 3
            and len(nodes_of(view, (f.text(item, "kind"), f.namespace(item), f.name(item)))) == 1
            and main_containers(item)
        ):
            yield finding(
                view,
                "replicas-on-one-node",
                item,
                f"All {len(pods)} replicas of {f.name(item)} run on one node",
                severity=Severity.INFO,
            )
