"""Node lifecycle: silence makes a node unknown, taints follow its conditions, pods leave in their own time."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from cloudwright.twin.api import LEASES, NODES, PODS
from cloudwright.twin.controllers.base import Context, Controller, ignore_not_found
from cloudwright.twin.controllers.informer import both
from cloudwright.twin.events import reference_to
from cloudwright.twin.objects import (
    Raw,
    condition_of,
    is_deleting,
    is_finished,
    is_ready,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    status_of,
)
from cloudwright.twin.placement import NO_EXECUTE, NO_SCHEDULE, taints_of, tolerates, tolerations_of

NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_BY_CONDITION = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
}
_MANAGED = {*_BY_CONDITION.values(), UNSCHEDULABLE}
_CONDITIONS = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")


@dataclass
class _Health:
    seen: float
    renewed: str
    heartbeat: str


class NodeLifecycleController(Controller):
    """Watches leases and heartbeats, sets conditions to Unknown, and keeps the taints that conditions imply."""

    name = "node-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._nodes, self._leases, self._pods = context.cache(NODES), context.cache(LEASES), context.cache(PODS)
        index_nodes(self._pods)
        self._health: dict[str, _Health] = {}
        self._known: dict[str, str] = {}
        self._nodes.add_handler(self._on_node)
        self._leases.add_handler(self._on_lease)
        self._grace = context.options.node_monitor_grace
        self.every(context.options.node_monitor_period, self._monitor)

    def _on_node(self, old: Raw | None, new: Raw | None) -> None:
        if new is not None:
            self._note(new)
            if old is None or _relevant(old) != _relevant(new):
                self.queue.add(name_of(new))
        elif old is not None:
            self._health.pop(name_of(old), None)

    def _on_lease(self, old: Raw | None, new: Raw | None) -> None:
        if new is None or namespace_of(new) != "kube-node-lease":
            return
        health = self._health.get(name_of(new))
        renewed = new["spec"].get("renewTime", "")
        if health is not None and health.renewed != renewed:
            health.renewed, health.seen = renewed, self.clock.now()

    def _note(self, node: Raw) -> None:
        name = name_of(node)
        ready = condition_of(node, "Ready") or {}
        heartbeat = ready.get("lastHeartbeatTime", "") if ready.get("status") != "Unknown" else ""
        health = self._health.get(name)
        if health is None:
            self._health[name] = _Health(self.clock.now(), "", heartbeat)
        elif heartbeat and health.heartbeat != heartbeat:
            health.heartbeat, health.seen = heartbeat, self.clock.now()

    def _monitor(self) -> None:
        now = self.clock.now()
        for node in self._nodes.all():
            if name_of(node) not in self._known:
                self._known[name_of(node)] = node["metadata"].get("uid", "")
                self._announce(node, "RegisteredNode", f"Registered Node {name_of(node)} in Controller")
        for name in sorted(self._known.keys() - self._health.keys()):
            uid = self._known.pop(name)
            gone = {"metadata": {"name": name, "uid": uid}}
            self._announce(gone, "RemovingNode", f"Removing Node {name} from Controller")
        for name, health in self._health.items():
            if now > health.seen + self._grace:
                silent = self._nodes.get("", name)
                if silent is not None and (condition_of(silent, "Ready") or {}).get("status") != "Unknown":
                    self._mark_unknown(silent)

    def _mark_unknown(self, node: Raw) -> None:
        now = self.clock.timestamp()
        present = {each["type"]: dict(each) for each in status_of(node).get("conditions") or ()}
        was_ready = present.get("Ready", {}).get("status") == "True"
        for kind in _CONDITIONS:
            condition = present.get(kind)
            if condition is None:
                created = node["metadata"].get("creationTimestamp")
                words = ("NodeStatusNeverUpdated", "Kubelet never posted node status.")
                condition = present[kind] = {"type": kind, "lastHeartbeatTime": created}
            else:
                words = ("NodeStatusUnknown", "Kubelet stopped posting node status.")
            if condition.get("status") != "Unknown":
                condition |= {"status": "Unknown", "reason": words[0], "message": words[1], "lastTransitionTime": now}
        status = {**status_of(node), "conditions": list(present.values())}
        self.api.update(NODES, {**node, "status": status}, subresource="status")
        if was_ready:
            self.events.normal(self._about(node), "NodeNotReady", f"Node {name_of(node)} status is now: NodeNotReady")
        self._mark_pods(node)

    def _mark_pods(self, node: Raw) -> None:
        for pod in self._pods.by("node", name_of(node)):
            if not is_ready(pod) or is_finished(pod):
                continue
            conditions = [dict(each) for each in status_of(pod)["conditions"]]
            for each in conditions:
                if each["type"] == "Ready":
                    each |= {"status": "False", "lastTransitionTime": self.clock.timestamp()}
            status = {**status_of(pod), "conditions": conditions}
            update = {**pod, "status": status}
            ignore_not_found(partial(self.api.update, PODS, update, subresource="status"))
            about = reference_to(pod, api_version="v1", kind="Pod")
            self.events.warning(about, "NodeNotReady", "Node is not ready")

    def sync(self, key: Hashable) -> None:
        """Make one node's taints follow its conditions."""
        node = self._nodes.get("", str(key))
        if node is None:
            return
        wanted = self._wanted_taints(node)
        kept = [
            dict(each)
            for each in taints_of(node)
            if each["key"] not in _MANAGED or (each["key"], each["effect"]) in wanted
        ]
        present = {(each["key"], each["effect"]) for each in kept}
        now = self.clock.timestamp()
        for taint_key, effect in wanted:
            if (taint_key, effect) not in present:
                kept.append({"key": taint_key, "effect": effect, "timeAdded": now})
        if kept != list(taints_of(node)):
            spec = {**node["spec"], "taints": kept}
            if not kept:
                del spec["taints"]
            self.api.update(NODES, {**node, "spec": spec})
        ready = condition_of(node, "Ready")
        if ready is not None and ready["status"] == "False":
            self._mark_pods(node)

    def _wanted_taints(self, node: Raw) -> list[tuple[str, str]]:
        statuses = {(each["type"], each["status"]) for each in status_of(node).get("conditions") or ()}
        keys = [key for pair, key in _BY_CONDITION.items() if pair in statuses]
        if node["spec"].get("unschedulable"):
            keys.append(UNSCHEDULABLE)
        wanted = [(key, NO_SCHEDULE) for key in keys]
        return [*wanted, *((key, NO_EXECUTE) for key in keys if key in (NOT_READY, UNREACHABLE))]

    def _announce(self, node: Raw, reason: str, text: str) -> None:
        self.events.normal(self._about(node), reason, f"Node {name_of(node)} event: {text}")

    def _about(self, node: Raw) -> dict[str, Any]:
        metadata = node["metadata"]
        return {"kind": "Node", "apiVersion": "v1", "name": metadata["name"], "uid": metadata.get("uid", "")}


class TaintEvictionController(Controller):
    """Deletes pods from nodes with NoExecute taints when their tolerations run out."""

    name = "taint-eviction-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._nodes, self._pods = context.cache(NODES), context.cache(PODS)
        index_nodes(self._pods)
        self._due: dict[tuple[str, str], float] = {}
        self._nodes.add_handler(self._on_node)
        self._pods.add_handler(self._on_pod)

    def _on_node(self, old: Raw | None, new: Raw | None) -> None:
        if new is not None and (old is None or taints_of(old) != taints_of(new)):
            for pod in self._pods.by("node", name_of(new)):
                self.queue.add(key_of(pod))

    def _on_pod(self, old: Raw | None, new: Raw | None) -> None:
        if new is None:
            if old is not None:
                self._due.pop(key_of(old), None)
            return
        before = old["spec"] if old is not None else {}
        if new["spec"].get("nodeName") and any(
            before.get(part) != new["spec"].get(part) for part in ("nodeName", "tolerations")
        ):
            self.queue.add(key_of(new))

    def sync(self, key: Hashable) -> None:
        """Decide when one pod must go."""
        assert isinstance(key, tuple)
        pod = self._pods.get(*key)
        node = self._nodes.get("", pod["spec"].get("nodeName", "")) if pod is not None else None
        if pod is None or node is None or is_deleting(pod):
            self._due.pop(key, None)
            return
        taints = [each for each in taints_of(node) if each.get("effect") == NO_EXECUTE]
        due = eviction_time(taints, pod, self.clock.now(), self._due.get(key))
        if due is None:
            if self._due.pop(key, None) is not None:
                self._tell(pod, f"Cancelling deletion of Pod {key[0]}/{key[1]}")
            return
        self._due[key] = due
        if due > self.clock.now():
            self.queue.add_after(key, due - self.clock.now())
            return
        self._due.pop(key, None)
        self._tell(pod, f"Marking for deletion Pod {key[0]}/{key[1]}")
        self._mark_disrupted(pod)
        ignore_not_found(lambda: self.api.delete(PODS, key[1], key[0]))

    def _mark_disrupted(self, pod: Raw) -> None:
        words = {"reason": "DeletionByTaintManager", "message": "Taint manager: deleting due to NoExecute taint"}
        condition = {
            "type": "DisruptionTarget",
            "status": "True",
            **words,
            "lastTransitionTime": self.clock.timestamp(),
        }
        others = [each for each in status_of(pod).get("conditions") or () if each["type"] != "DisruptionTarget"]
        status = {**status_of(pod), "conditions": [*others, condition]}
        ignore_not_found(lambda: self.api.update(PODS, {**pod, "status": status}, subresource="status"))

    def _tell(self, pod: Raw, message: str) -> None:
        about = {"kind": "Pod", "apiVersion": "v1", "name": name_of(pod), "namespace": namespace_of(pod)}
        self.events.normal(about, "TaintManagerEviction", message)


def eviction_time(taints: list[Raw], pod: Raw, now: float, present: float | None) -> float | None:
    """When NoExecute taints put an end to a pod: None never, a moment that is past at once.

    A time that was already set stands, unless the tolerations now bring it nearer.
    """
    if not taints:
        return None
    limits: list[float] = []
    for taint in taints:
        covering = [each for each in tolerations_of(pod) if tolerates(each, taint)]
        if not covering:
            return now
        # From now, not from when the taint came: a pod that is bound later has its time too.
        limits += [now + max(0, each["tolerationSeconds"]) for each in covering if "tolerationSeconds" in each]
    if not limits:
        return None
    due = min(limits)
    return due if present is None else min(due, present)


def index_nodes(pods: Any) -> None:
    """Index a cache of pods by the node they are bound to."""
    pods.add_index("node", lambda pod: [node] if (node := pod["spec"].get("nodeName")) else [])


def _relevant(node: Raw) -> tuple[Any, ...]:
    conditions: Mapping[str, str] = {each["type"]: each["status"] for each in status_of(node).get("conditions") or ()}
    return conditions, taints_of(node), node["spec"].get("unschedulable"), labels_of(node)


class PodCollector(Controller):
    """Deletes pods whose node is gone, and unscheduled ones that are being deleted."""

    name = "pod-garbage-collector"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._nodes, self._pods = context.cache(NODES), context.cache(PODS)
        index_nodes(self._pods)
        self._nodes.add_handler(self._on_node)
        self._pods.add_handler(self._on_pod)
        self._period = context.options.orphan_pod_period

    def _on_node(self, old: Raw | None, new: Raw | None) -> None:
        for node in both(old, new)[:1]:
            if new is None:
                self.queue.add_after(("node", name_of(node)), 2 * self._period)

    def _on_pod(self, old: Raw | None, new: Raw | None) -> None:
        if new is None:
            return
        node = new["spec"].get("nodeName")
        if node and self._nodes.get("", node) is None:
            self.queue.add_after(("node", node), 2 * self._period)
        elif not node and is_deleting(new):
            self.queue.add(("pod", *key_of(new)))

    def sync(self, key: Hashable) -> None:
        """Collect the pods of a node that has not come back, or a pod that no node will finish."""
        assert isinstance(key, tuple)
        if key[0] == "pod":
            pod = self._pods.get(key[1], key[2])
            if pod is not None and is_deleting(pod) and not pod["spec"].get("nodeName"):
                self._collect(pod, None)
            return
        if self._nodes.get("", key[1]) is not None:
            return
        for pod in self._pods.by("node", key[1]):
            self._collect(pod, "PodGC: node no longer exists")

    def _collect(self, pod: Raw, why: str | None) -> None:
        namespace, name = key_of(pod)
        if not is_finished(pod):
            now = self.clock.timestamp()
            status = {**status_of(pod), "phase": "Failed"}
            if why is not None:
                condition = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC", "message": why}
                others = [each for each in status.get("conditions") or () if each["type"] != "DisruptionTarget"]
                status["conditions"] = [*others, {**condition, "lastTransitionTime": now}]
            ignore_not_found(lambda: self.api.update(PODS, {**pod, "status": status}, subresource="status"))
        ignore_not_found(lambda: self.api.delete(PODS, name, namespace, grace_period=0))
