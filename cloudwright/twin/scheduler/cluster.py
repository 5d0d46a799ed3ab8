"""What the scheduler knows: nodes with their pods and what those take, kept up to date change by change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudwright.twin.api import NAMESPACES, NODES, PODS, SERVICES, Resource
from cloudwright.twin.controllers.base import Context
from cloudwright.twin.objects import Raw, is_finished, labels_of, name_of, namespace_of, status_of, uid_of
from cloudwright.twin.server.quantity import parse

PORT = tuple[str, str, int]
"""(host address, protocol, port)."""

_DEFAULT_CPU, _DEFAULT_MEMORY = 100, 200 * 1024 * 1024


def amounts(resources: Mapping[str, Any]) -> dict[str, int]:
    """Quantities as whole numbers: CPU in thousandths, everything else in units."""
    return {name: int(parse(str(value)) * (1000 if name == "cpu" else 1)) for name, value in resources.items()}


@dataclass
class PodInfo:
    """A pod with everything about it that scheduling looks at, computed once."""

    pod: Raw
    uid: str
    namespace: str
    name: str
    labels: Mapping[str, str]
    priority: int
    requests: dict[str, int]
    score_cpu: int
    score_memory: int
    ports: frozenset[PORT]
    affinity: tuple[Raw, ...]
    anti_affinity: tuple[Raw, ...]
    node: str = ""


def pod_info(pod: Raw) -> PodInfo:
    """Look at a pod."""
    spec = pod["spec"]
    requests = pod_requests(spec)
    affinity = spec.get("affinity") or {}
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    return PodInfo(
        pod,
        uid_of(pod),
        namespace_of(pod),
        name_of(pod),
        labels_of(pod),
        int(spec.get("priority") or 0),
        requests,
        requests.get("cpu") or _DEFAULT_CPU * len(spec.get("containers") or ()),
        requests.get("memory") or _DEFAULT_MEMORY * len(spec.get("containers") or ()),
        _host_ports(spec),
        tuple((affinity.get("podAffinity") or {}).get(required) or ()),
        tuple((affinity.get("podAntiAffinity") or {}).get(required) or ()),
        spec.get("nodeName", ""),
    )


def pod_requests(spec: Raw) -> dict[str, int]:
    """What a pod asks for: its containers and sidecars together, or its largest init container, plus overhead."""
    total: dict[str, int] = {}
    largest: dict[str, int] = {}
    for container in spec.get("containers") or ():
        _add(total, _asked(container))
    sidecars: dict[str, int] = {}
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            _add(total, _asked(container))
            _add(sidecars, _asked(container))
        else:
            step = dict(sidecars)
            _add(step, _asked(container))
            largest = {name: max(step.get(name, 0), largest.get(name, 0)) for name in {**step, **largest}}
    found = {name: max(total.get(name, 0), largest.get(name, 0)) for name in {**total, **largest}}
    found |= amounts((spec.get("resources") or {}).get("requests") or {})
    _add(found, amounts(spec.get("overhead") or {}))
    return {name: value for name, value in found.items() if value}


def _asked(container: Raw) -> dict[str, int]:
    return amounts((container.get("resources") or {}).get("requests") or {})


def _add(total: dict[str, int], more: Mapping[str, int]) -> None:
    for name, value in more.items():
        total[name] = total.get(name, 0) + value


def _host_ports(spec: Raw) -> frozenset[PORT]:
    return frozenset(
        (port.get("hostIP") or "0.0.0.0", port.get("protocol", "TCP"), port["hostPort"])  # noqa: S104 - as Kubernetes writes "any"
        for container in spec.get("containers") or ()
        for port in container.get("ports") or ()
        if port.get("hostPort")
    )


@dataclass
class NodeInfo:
    """A node, the pods on it and the sum of what they ask for."""

    node: Raw
    name: str
    allocatable: dict[str, int]
    labels: Mapping[str, str]
    plain: bool = False
    """No taints and not cordoned."""
    pods: dict[str, PodInfo] = field(default_factory=dict)
    requested: dict[str, int] = field(default_factory=dict)
    score_cpu: int = 0
    score_memory: int = 0
    ports: dict[PORT, int] = field(default_factory=dict)

    def add(self, info: PodInfo) -> None:
        """A pod comes to the node."""
        if info.uid in self.pods:
            self.remove(info.uid)
        self.pods[info.uid] = info
        self._count(info, 1)

    def remove(self, uid: str) -> None:
        """A pod leaves the node."""
        info = self.pods.pop(uid, None)
        if info is not None:
            self._count(info, -1)

    def _count(self, info: PodInfo, sign: int) -> None:
        for name, value in info.requests.items():
            self.requested[name] = self.requested.get(name, 0) + sign * value
        self.score_cpu += sign * info.score_cpu
        self.score_memory += sign * info.score_memory
        for port in info.ports:
            count = self.ports.get(port, 0) + sign
            if count:
                self.ports[port] = count
            else:
                del self.ports[port]

    def without(self, uids: set[str]) -> "NodeInfo":
        """A copy of the node on which some pods are not."""
        copy = NodeInfo(self.node, self.name, self.allocatable, self.labels, self.plain)
        for info in self.pods.values():
            if info.uid not in uids:
                copy.add(info)
        return copy


def node_info(node: Raw) -> NodeInfo:
    """Look at a node."""
    status = status_of(node)
    allocatable = amounts(status.get("allocatable") or status.get("capacity") or {})
    spec = node.get("spec") or {}
    plain = not spec.get("taints") and not spec.get("unschedulable")
    return NodeInfo(node, name_of(node), allocatable, labels_of(node), plain)


class Cluster:
    """All nodes by name, and pods with required anti-affinity wherever they are."""

    def __init__(self, context: Context) -> None:
        self.pods, self.namespaces = context.cache(PODS), context.cache(NAMESPACES)
        self.pods.index_labels()
        self.services = context.cache(SERVICES)
        self.claims = context.cache(Resource("", "v1", "persistentvolumeclaims"))
        self.volumes = context.cache(Resource("", "v1", "persistentvolumes"))
        self.classes = context.cache(Resource("storage.k8s.io", "v1", "storageclasses"))
        self.nodes: dict[str, NodeInfo] = {}
        self.order: list[str] = []
        self.repelling: dict[str, PodInfo] = {}
        self.placed: dict[str, PodInfo] = {}
        self.nominated: dict[str, tuple[str, PodInfo]] = {}
        self._homeless: dict[str, dict[str, PodInfo]] = {}
        context.cache(NODES).add_handler(self._on_node)
        self.pods.add_handler(self._on_pod)

    def _on_node(self, old: Raw | None, new: Raw | None) -> None:
        name = name_of(new or old or {})
        if new is None:
            gone = self.nodes.pop(name, None)
            if gone is not None:
                self._homeless[name] = dict(gone.pods)
            self.order = sorted(self.nodes)
            return
        present = self.nodes.get(name)
        if present is not None and old is not None and same_node(old, new):
            present.node = new
            return
        info = node_info(new)
        for pod in (present.pods if present is not None else self._homeless.pop(name, {})).values():
            info.add(pod)
        self.nodes[name] = info
        if present is None:
            self.order = sorted(self.nodes)

    def _on_pod(self, old: Raw | None, new: Raw | None) -> None:
        if new is None or is_finished(new):
            if old is not None:
                self.forget(uid_of(old))
            return
        if not new["spec"].get("nodeName"):
            return
        uid = uid_of(new)
        present = self.placed.get(uid)
        if present is not None and old is not None and _same_pod(old, new):
            present.pod, present.labels = new, labels_of(new)
            return
        self.forget(uid)
        self.place(pod_info(new), new["spec"]["nodeName"])

    def place(self, info: PodInfo, node: str) -> None:
        """Count a pod on a node: bound, or assumed to be bound soon."""
        info.node = node
        self.placed[info.uid] = info
        if info.anti_affinity:
            self.repelling[info.uid] = info
        self.nominated.pop(info.uid, None)
        home = self.nodes.get(node)
        if home is not None:
            home.add(info)
        else:
            self._homeless.setdefault(node, {})[info.uid] = info

    def forget(self, uid: str) -> None:
        """A pod is gone, finished, or was not bound after all."""
        info = self.placed.pop(uid, None)
        self.repelling.pop(uid, None)
        self.nominated.pop(uid, None)
        if info is not None:
            home = self.nodes.get(info.node)
            if home is not None:
                home.remove(uid)
            else:
                self._homeless.get(info.node, {}).pop(uid, None)

    def namespace_labels(self, name: str) -> Mapping[str, str]:
        """Labels of a namespace."""
        found = self.namespaces.get("", name)
        return labels_of(found) if found is not None else {}


def _same_pod(old: Raw, new: Raw) -> bool:
    return bool(old["spec"] == new["spec"]) and labels_of(old) == labels_of(new)


def same_node(old: Raw, new: Raw) -> bool:
    """Whether nothing that scheduling looks at has changed."""
    if labels_of(old) != labels_of(new) or old.get("spec") != new.get("spec"):
        return False
    return status_of(old).get("allocatable") == status_of(new).get("allocatable")
