"""A world with nodes, and kubelets that do nothing but say what kubelets say."""

from collections.abc import Callable, Mapping
from typing import Any

from cloudwright.twin.api import EVENTS, LEASES, NODES, PODS, Api, Change, ChangeType, Resource
from cloudwright.twin.clock import Clock
from cloudwright.twin.controllers.base import ControllerOptions
from cloudwright.twin.kubelet import NodeStats, PodStats, Usage
from cloudwright.twin.world import World

LEASE_SPACE = "kube-node-lease"


class Kubelets:
    """Starts pods on known nodes after a while, keeps leases, lets deleted pods go. `silent` nodes do nothing."""

    def __init__(self, world: World, start_seconds: float = 2.0) -> None:
        self.api: Api = world.api_for("system:nodes")
        self.clock: Clock = world.clock
        self.silent: set[str] = set()
        self._seconds = start_seconds
        self._address = 0
        self._unsubscribe = self.api.subscribe(PODS, self._on_pod)
        self._beat()

    def run_once(self) -> bool:
        """Everything here is done by timers."""
        return False

    def close(self) -> None:
        """Stop listening."""
        self._unsubscribe()
        self._timer.cancel()

    def snapshot(self) -> Any:
        """The last address that was given away."""
        return self._address

    def restore(self, state: Any) -> None:
        """Go on from there."""
        self._address = state

    def _on_pod(self, change: Change) -> None:
        metadata = change.obj["metadata"]
        key = (metadata["namespace"], metadata["name"], metadata["uid"])
        if change.type is ChangeType.DELETED or not change.obj["spec"].get("nodeName"):
            return
        if "deletionTimestamp" in metadata:
            self.clock.after(1.0, lambda: self._finish(*key))
        elif (change.obj.get("status") or {}).get("phase", "Pending") == "Pending":
            self.clock.after(self._seconds, lambda: self._start(*key))

    def _pod(self, namespace: str, name: str, uid: str) -> Mapping[str, Any] | None:
        pod = self.api.cached_one(PODS, name, namespace)
        if pod is None or pod["metadata"]["uid"] != uid or pod["spec"]["nodeName"] in self.silent:
            return None
        return pod

    def _finish(self, namespace: str, name: str, uid: str) -> None:
        if self._pod(namespace, name, uid) is not None:
            self.api.delete(PODS, name, namespace, grace_period=0)

    def _start(self, namespace: str, name: str, uid: str) -> None:
        pod = self._pod(namespace, name, uid)
        if pod is None or pod["status"].get("phase") != "Pending" or "deletionTimestamp" in pod["metadata"]:
            return
        self._address += 1
        address = f"10.{1 + self._address // 65536}.{self._address // 256 % 256}.{self._address % 256}"
        now = self.clock.timestamp()
        kinds = ("Initialized", "Ready", "ContainersReady", "PodScheduled")
        conditions = [{"type": each, "status": "True", "lastTransitionTime": now} for each in kinds]
        status = {"phase": "Running", "conditions": conditions, "startTime": now}
        status |= {"podIP": address, "podIPs": [{"ip": address}], "qosClass": pod["status"].get("qosClass", "")}
        self.api.update(PODS, {**pod, "status": status}, subresource="status")

    def _beat(self) -> None:
        for node in self.api.cached(NODES):
            name = node["metadata"]["name"]
            if name not in self.silent:
                self._renew(name)
        self._timer = self.clock.after(10.0, self._beat)

    def _renew(self, name: str) -> None:
        spec = {"holderIdentity": name, "renewTime": self.clock.micro_timestamp(), "leaseDurationSeconds": 40}
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
        lease |= {"metadata": {"name": name, "namespace": LEASE_SPACE}, "spec": spec}
        if self.api.cached_one(LEASES, name, LEASE_SPACE) is None:
            self.api.create(LEASES, lease, LEASE_SPACE)
        else:
            self.api.patch(LEASES, name, LEASE_SPACE, {"spec": spec})


class Meter:
    """Measurements that a test sets: CPU cores by pod name prefix."""

    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world
        self.cores: dict[str, float] = {}

    def pod_stats(self) -> list[PodStats]:
        """One sample a running pod."""
        world = self._world()
        now = world.clock.now()
        found = []
        for pod in world.api.cached(PODS):
            name = pod["metadata"]["name"]
            if pod["status"].get("phase") == "Running":
                use = next((each for prefix, each in self.cores.items() if name.startswith(prefix)), 0.0)
                use_of = {each["name"]: Usage(use, 0) for each in pod["spec"]["containers"]}
                found.append(PodStats(pod["metadata"]["namespace"], name, now, 15.0, use_of))
        return found

    def node_stats(self) -> list[NodeStats]:
        """Nobody asks."""
        return []


def add_node(world: World, name: str, cpu: str = "4", labels: Mapping[str, str] | None = None) -> None:
    """A Ready node."""
    metadata = {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}}
    world.api.create(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": metadata})
    report_ready(world, name, cpu)


def report_ready(world: World, name: str, cpu: str = "4") -> None:
    """What a kubelet reports of a healthy node."""
    amounts = {"cpu": cpu, "memory": "16Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    now = world.clock.timestamp()
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"}
    ready |= {"lastHeartbeatTime": now, "lastTransitionTime": now}
    status = {"capacity": amounts, "allocatable": amounts, "conditions": [ready]}
    world.api.patch(NODES, name, None, {"status": status}, subresource="status")


def make_world(nodes: int = 3, seed: int = 0, options: ControllerOptions | None = None, **more: Any) -> World:
    """A world with ready nodes node-1 … and kubelets."""
    world = World.create(seed=seed, agents={"kubelets": Kubelets}, options=options, **more)
    for number in range(1, nodes + 1):
        add_node(world, f"node-{number}")
    world.settle()
    return world


def kubelets(world: World) -> Kubelets:
    """The kubelets of a world."""
    agent = world.agents["kubelets"]
    assert isinstance(agent, Kubelets)
    return agent


def in_namespace(manifest: Mapping[str, Any], namespace: str = "default") -> dict[str, Any]:
    """A manifest for a namespace."""
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}


def names(world: World, resource: Resource, namespace: str | None = "default") -> list[str]:
    """The names of the objects of a resource."""
    return [each["metadata"]["name"] for each in world.api.cached(resource, namespace)]


def events(world: World, reason: str) -> list[str]:
    """The messages of events with a reason."""
    return [each["message"] for each in world.api.cached(EVENTS) if each["reason"] == reason]


def audit(world: World) -> list[tuple[str, ...]]:
    """Every event there is, in full, in the order of the store."""
    return [
        (
            each["metadata"]["name"],
            each["involvedObject"].get("uid", ""),
            each["reason"],
            each["message"],
            str(each.get("count")),
            str(each.get("firstTimestamp") or each.get("eventTime")),
            str(each.get("lastTimestamp")),
        )
        for each in world.api.cached(EVENTS)
    ]
