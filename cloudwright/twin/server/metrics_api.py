"""metrics.k8s.io: what the kubelets measured."""

from cloudwright.twin.api import Obj
from cloudwright.twin.clock import Clock
from cloudwright.twin.kubelet import Kubelet, NodeStats, PodStats, Usage
from cloudwright.twin.server.errors import StatusError
from cloudwright.twin.server.selectors import parse_labels
from cloudwright.twin.store import Store

_VERSION = "metrics.k8s.io/v1beta1"


def _usage(usage: Usage) -> Obj:
    return {"cpu": f"{round(usage.cpu * 1e9)}n", "memory": f"{usage.memory // 1024}Ki"}


def _shown(metadata: Obj, timestamp: float, window: float) -> Obj:
    moment = Clock(timestamp).timestamp()
    return {"metadata": {**metadata, "creationTimestamp": moment}, "timestamp": moment, "window": f"{window:g}s"}


def _pod(stats: PodStats, labels: Obj) -> Obj:
    metadata: Obj = {"name": stats.name, "namespace": stats.namespace}
    if labels:
        metadata["labels"] = labels
    containers = [{"name": name, "usage": _usage(usage)} for name, usage in sorted(stats.containers.items())]
    return {**_shown(metadata, stats.timestamp, stats.window), "containers": containers}


def _node(stats: NodeStats, labels: Obj) -> Obj:
    metadata: Obj = {"name": stats.name}
    if labels:
        metadata["labels"] = labels
    return {**_shown(metadata, stats.timestamp, stats.window), "usage": _usage(stats.usage)}


def answer(kubelet: Kubelet | None, store: Store, resource: str, namespace: str, name: str, selector: str) -> Obj:
    """A get or list of node or pod metrics.

    Raises:
        StatusError: 404 for what is not measured, 503 without a node agent.
    """
    if kubelet is None:
        raise StatusError(503, "ServiceUnavailable", "the server is currently unable to handle the request")
    accepts = parse_labels(selector)

    def labels(kind: str, where: str, which: str) -> Obj:
        found = store.get(("", kind), where, which)
        return dict((found or {}).get("metadata", {}).get("labels") or {})

    if resource == "nodes":
        rows = [(each.name, _node(each, labels("nodes", "", each.name))) for each in kubelet.node_stats()]
        kind = "NodeMetrics"
    else:
        rows = [
            (each.name, _pod(each, labels("pods", each.namespace, each.name)))
            for each in kubelet.pod_stats()
            if namespace in ("", each.namespace)
        ]
        kind = "PodMetrics"
    if name:
        for found, row in rows:
            if found == name:
                return {"kind": kind, "apiVersion": _VERSION, **row}
        subject = f"{namespace}/{name}" if namespace else name
        details = {"name": subject, "group": "metrics.k8s.io", "kind": kind.lower() if not namespace else "podmetrics"}
        message = f'{details["kind"]}.metrics.k8s.io "{subject}" not found'
        raise StatusError(404, "NotFound", message, details)
    items = [row for _, row in rows if accepts(row["metadata"].get("labels") or {})]
    return {"kind": kind + "List", "apiVersion": _VERSION, "metadata": {}, "items": items}
