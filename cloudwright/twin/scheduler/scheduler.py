"""The scheduling loop: one pod at a time, from the queue to a binding or to a reason why not."""

from typing import Any

from cloudwright.twin.api import NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, Api, ApiStatusError
from cloudwright.twin.clock import Timer
from cloudwright.twin.controllers.base import Context, ignore_not_found
from cloudwright.twin.controllers.disruption import BUDGETS
from cloudwright.twin.controllers.volumes import SELECTED_NODE, STORAGE_CLASSES
from cloudwright.twin.events import NORMAL, WARNING, SeriesRecorder, reference_to
from cloudwright.twin.objects import (
    Key,
    Raw,
    annotations_of,
    condition_of,
    is_deleting,
    is_finished,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    status_of,
    uid_of,
)
from cloudwright.twin.scheduler import claims as volumes
from cloudwright.twin.scheduler.cluster import Cluster, NodeInfo, PodInfo, pod_info, same_node
from cloudwright.twin.scheduler.filters import Cycle, Diagnosis
from cloudwright.twin.scheduler.preemption import Candidate, find_candidate, ineligible
from cloudwright.twin.scheduler.queue import SchedulingQueue
from cloudwright.twin.scheduler.scoring import best_node
from cloudwright.twin.store import clone

NAME = "default-scheduler"
_MIN_FEASIBLE = 100
_BIND_SECONDS = 600.0


class Scheduler:
    """kube-scheduler's default profile for pods with `schedulerName: default-scheduler`."""

    def __init__(self, context: Context, api: Api, host: str = "control-plane") -> None:
        self._api, self._clock = api, context.clock
        self._events = SeriesRecorder(api, context.clock, NAME, f"{NAME}-{host}")
        self._cluster = Cluster(context)
        self._queue = SchedulingQueue(context.clock)
        self._budgets = context.cache(BUDGETS)
        self._waiting: dict[Key, tuple[str, str, Timer]] = {}
        self._offset = 0
        self._pods = context.cache(PODS)
        self._pods.add_handler(self._on_pod)
        context.cache(NODES).add_handler(self._on_node)
        context.cache(PERSISTENT_VOLUME_CLAIMS).add_handler(self._on_claim)
        context.cache(PERSISTENT_VOLUMES).add_handler(lambda old, new: self._queue.wake())
        context.cache(STORAGE_CLASSES).add_handler(lambda old, new: self._queue.wake())

    def run_once(self) -> bool:
        """Schedule one pod; False when none waits."""
        if not self._queue:
            return False
        key = self._queue.pop()
        pod = self._pods.get(*key)
        if pod is None or not _is_ours(pod) or key in self._waiting:
            self._queue.forget(key)
        else:
            self._schedule(pod)
        return True

    def close(self) -> None:
        """Cancel all timers."""
        self._queue.close()
        for _, _, timer in self._waiting.values():
            timer.cancel()

    def _on_pod(self, old: Raw | None, new: Raw | None) -> None:
        if new is None or is_finished(new):
            if old is not None:
                self._pod_left(old)
            return
        if new["spec"].get("nodeName"):
            if old is None or not old["spec"].get("nodeName"):
                self._queue.forget(key_of(new))
                self._wake_attracted()
            elif labels_of(old) != labels_of(new) or is_deleting(old) != is_deleting(new):
                self._queue.wake()
            return
        if _is_ours(new) and (old is None or _differs(old, new)):
            self._queue.add(key_of(new), int(new["spec"].get("priority") or 0))

    def _pod_left(self, pod: Raw) -> None:
        key = key_of(pod)
        waiting = self._waiting.pop(key, None)
        if waiting is not None:
            waiting[2].cancel()
            self._cluster.forget(uid_of(pod))
        if not pod["spec"].get("nodeName"):
            self._queue.forget(key)
        if pod["spec"].get("nodeName") or waiting is not None:
            self._queue.wake()

    def _wake_attracted(self) -> None:
        """A new pod helps those that want to be near others, or evenly spread."""
        waiting = self._queue.failed_keys()
        if waiting:
            self._queue.wake([key for key in waiting if self._looks_at_others(key)])

    def _looks_at_others(self, key: Key) -> bool:
        pod = self._pods.get(*key)
        if pod is None:
            return False
        return "affinity" in pod["spec"] or "topologySpreadConstraints" in pod["spec"]

    def _on_node(self, old: Raw | None, new: Raw | None) -> None:
        if new is not None and (old is None or not same_node(old, new)):
            self._queue.wake()

    def _on_claim(self, old: Raw | None, new: Raw | None) -> None:
        for key in list(self._waiting):
            self._try_bind_waiting(key)
        self._queue.wake()

    def _schedule(self, pod: Raw) -> None:
        info = pod_info(pod)
        cycle = Cycle(info, self._cluster)
        if not self._cluster.order:
            self._fail(info, "no nodes available to schedule pods")
            return
        feasible, diagnosis = cycle.diagnose(_feasible_limit(len(self._cluster.order)), self._offset)
        self._offset = (self._offset + len(feasible) + len(diagnosis.refusals)) % len(self._cluster.order)
        if not feasible:
            note = "" if diagnosis.problem else self._preempt(info, diagnosis)
            self._fail(info, diagnosis.message(note))
            return
        node = best_node(info, feasible, self._cluster)
        self._cluster.place(info, node.name)
        if cycle.claims.delayed:
            self._prepare_volumes(info, node, cycle.claims.delayed)
        else:
            self._bind(pod, node.name)

    def _bind(self, pod: Raw, node: str) -> None:
        namespace, name = key_of(pod)
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name, "namespace": namespace, "uid": uid_of(pod)},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        try:
            self._api.create_subresource(PODS, name, namespace, "binding", body)
        except ApiStatusError as error:
            self._cluster.forget(uid_of(pod))
            if error.code != 404:
                self._fail(pod_info(pod), f"binding rejected: {error.message}", reason="SchedulerError")
            return
        self._queue.forget((namespace, name))
        message = f"Successfully assigned {namespace}/{name} to {node}"
        self._events.record(_about(pod), NORMAL, "Scheduled", "Binding", message)

    def _fail(self, info: PodInfo, message: str, reason: str = "Unschedulable") -> None:
        key = (info.namespace, info.name)
        self._queue.failed(key, info.priority)
        self._events.record(_about(info.pod), WARNING, "FailedScheduling", "Scheduling", message)
        pod = self._pods.get(*key)
        if pod is None:
            return
        present = condition_of(pod, "PodScheduled")
        words = {"status": "False", "reason": reason, "message": message}
        if present is not None and all(present.get(part) == value for part, value in words.items()):
            return
        since = self._clock.timestamp()
        if present is not None and present["status"] == "False":
            since = present.get("lastTransitionTime", since)
        condition: dict[str, Any] = {
            "type": "PodScheduled",
            **words,
            "lastProbeTime": None,
            "lastTransitionTime": since,
        }
        if pod["metadata"].get("generation"):
            condition["observedGeneration"] = pod["metadata"]["generation"]
        self._set_status(pod, condition, {})

    def _set_status(self, pod: Raw, condition: dict[str, Any], more: dict[str, Any]) -> None:
        conditions = [dict(each) for each in status_of(pod).get("conditions") or ()]
        places = [number for number, each in enumerate(conditions) if each["type"] == condition["type"]]
        if places:
            conditions[places[0]] = condition
        else:
            conditions.append(condition)
        status = {**status_of(pod), **more, "conditions": conditions}
        ignore_not_found(lambda: self._api.update(PODS, {**pod, "status": status}, subresource="status"))

    def _preempt(self, info: PodInfo, diagnosis: Diagnosis) -> str:
        """Make room if that is possible; returns what the message says about it."""
        why = ineligible(info, diagnosis, self._cluster)
        if why:
            return why
        candidate, why = find_candidate(info, diagnosis, self._cluster, self._budgets.all())
        if candidate is None:
            return why
        self._make_room(info, candidate)
        return ""

    def _make_room(self, info: PodInfo, candidate: Candidate) -> None:
        self._cluster.nominated[info.uid] = (candidate.node, info)
        pod = self._pods.get(info.namespace, info.name)
        if pod is not None and status_of(pod).get("nominatedNodeName") != candidate.node:
            status = {**status_of(pod), "nominatedNodeName": candidate.node}
            ignore_not_found(lambda: self._api.update(PODS, {**pod, "status": status}, subresource="status"))
        for victim in candidate.victims:
            present = self._pods.get(victim.namespace, victim.name)
            if present is None or is_deleting(present):
                continue
            words = {
                "reason": "PreemptionByScheduler",
                "message": f"{NAME}: preempting to accommodate a higher priority pod",
            }
            now = self._clock.timestamp()
            condition = {"type": "DisruptionTarget", "status": "True", **words, "lastProbeTime": None}
            condition["lastTransitionTime"] = now
            if present["metadata"].get("generation"):
                condition["observedGeneration"] = present["metadata"]["generation"]
            self._set_status(present, condition, {})
            self._delete(victim)
            message = f"Preempted by pod {info.uid} on node {candidate.node}"
            self._events.record(_about(victim.pod), NORMAL, "Preempted", "Preempting", message)

    def _delete(self, victim: PodInfo) -> None:
        ignore_not_found(lambda: self._api.delete(PODS, victim.name, victim.namespace, uid=victim.uid))

    def _prepare_volumes(self, info: PodInfo, node: NodeInfo, delayed: list[Raw]) -> None:
        """Tell the volume controller what the chosen node means for the claims, then wait for it."""
        for claim in delayed:
            volume = volumes.volume_for(claim, node, self._cluster)
            if volume is not None:
                copy = clone(volume)
                copy["spec"]["claimRef"] = _claim_reference(claim)
                copy["metadata"].setdefault("annotations", {})["pv.kubernetes.io/bound-by-controller"] = "yes"
                self._api.update(PERSISTENT_VOLUMES, copy)
            elif annotations_of(claim).get(SELECTED_NODE) != node.name:
                copy = clone(claim)
                copy["metadata"].setdefault("annotations", {})[SELECTED_NODE] = node.name
                self._api.update(PERSISTENT_VOLUME_CLAIMS, copy)
        key = (info.namespace, info.name)
        timer = self._clock.after(_BIND_SECONDS, lambda: self._give_up(key))
        self._waiting[key] = (node.name, info.uid, timer)
        self._try_bind_waiting(key)

    def _try_bind_waiting(self, key: Key) -> None:
        node, _, timer = self._waiting[key]
        pod = self._pods.get(*key)
        if pod is None:
            return
        info = pod_info(pod)
        found = volumes.pod_claims(info, self._cluster)
        if found.problem or found.delayed:
            return
        timer.cancel()
        del self._waiting[key]
        self._bind(pod, node)

    def _give_up(self, key: Key) -> None:
        _, uid, _ = self._waiting.pop(key)
        pod = self._pods.get(*key)
        self._cluster.forget(uid)
        if pod is not None:
            message = 'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded'
            self._fail(pod_info(pod), message, reason="SchedulerError")
            self._queue.wake([key])


def _feasible_limit(nodes: int) -> int | None:
    """How many feasible nodes are enough: all of a small cluster, a shrinking share of a large one."""
    if nodes < _MIN_FEASIBLE:
        return None
    return max(_MIN_FEASIBLE, nodes * max(5, 50 - nodes // 125) // 100)


def _is_ours(pod: Raw) -> bool:
    spec = pod["spec"]
    if spec.get("nodeName") or is_deleting(pod) or is_finished(pod) or spec.get("schedulingGates"):
        return False
    return bool(spec.get("schedulerName", NAME) == NAME)


def _differs(old: Raw, new: Raw) -> bool:
    """Whether a change of a waiting pod (not the scheduler's own note on it) may help it."""
    return old["spec"] != new["spec"] or labels_of(old) != labels_of(new)


def _about(pod: Raw) -> dict[str, Any]:
    return reference_to(pod, api_version="v1", kind="Pod")


def _claim_reference(claim: Raw) -> dict[str, Any]:
    return {
        "kind": "PersistentVolumeClaim",
        "apiVersion": "v1",
        "namespace": namespace_of(claim),
        "name": name_of(claim),
        "uid": uid_of(claim),
        "resourceVersion": claim["metadata"]["resourceVersion"],
    }
