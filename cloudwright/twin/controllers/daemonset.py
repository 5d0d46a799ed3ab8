"""DaemonSets: one pod on every node that takes it."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from cloudwright.twin.api import DAEMON_SETS, NODES, PODS, ApiStatusError
from cloudwright.twin.controllers.base import Context, Controller
from cloudwright.twin.controllers.history import History
from cloudwright.twin.controllers.informer import both
from cloudwright.twin.controllers.nodes import index_nodes
from cloudwright.twin.controllers.ownership import claim, index_orphans, owners_for_orphan
from cloudwright.twin.controllers.pods import PodControl, pod_from_template, slow_start
from cloudwright.twin.events import reference_to
from cloudwright.twin.objects import (
    Raw,
    annotations_of,
    available_in,
    controller_of,
    controller_uid,
    created_at,
    is_deleting,
    is_ready,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    pod_phase,
    scaled_value,
    status_of,
    uid_of,
)
from cloudwright.twin.placement import NO_EXECUTE, NO_SCHEDULE, matches_node, taints_of, untolerated_taint

_REVISION_LABEL = "controller-revision-hash"
_EXECUTE = ("not-ready", "unreachable")
_PRESSURE = ("disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")
_BURST = 250
_FIRST_BACKOFF, _LONGEST_BACKOFF = 1.0, 900.0


class DaemonSetController(Controller):
    """Creates, deletes and rolls the pods of DaemonSets node by node."""

    name = "daemonset-controller"
    component = "daemonset-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._sets, self._pods, self._nodes = context.cache(DAEMON_SETS), context.cache(PODS), context.cache(NODES)
        index_orphans(self._pods)
        index_nodes(self._pods)
        self._history = History(self.api, context, "DaemonSet", _REVISION_LABEL)
        self._control = PodControl(self.api, self.events, "apps/v1", "DaemonSet")
        self._kills: dict[tuple[str, str], tuple[float, float]] = {}
        self._sets.add_handler(self._on_set)
        self._pods.add_handler(self._on_pod)
        self._nodes.add_handler(self._on_node)

    def _on_set(self, old: Raw | None, new: Raw | None) -> None:
        for obj in both(old, new)[-1:]:
            self.queue.add(key_of(obj))

    def _on_node(self, old: Raw | None, new: Raw | None) -> None:
        """Like the real controller, look only where a pod is missing or must go."""
        if new is None or (old is not None and _place(old) == _place(new)):
            return
        present = {controller_uid(pod) for pod in self._pods.by("node", name_of(new))}
        for each in self._sets.all():
            should_run, may_stay = node_verdict(each, new)
            here = uid_of(each) in present
            if (should_run and not here) or (here and not may_stay):
                self.queue.add(key_of(each))

    def _on_pod(self, old: Raw | None, new: Raw | None) -> None:
        for pod in both(old, new):
            owner = controller_of(pod)
            if owner is not None:
                if owner["kind"] == "DaemonSet":
                    self.queue.add((namespace_of(pod), owner["name"]))
            elif not is_deleting(pod):
                for found in owners_for_orphan(self._sets, pod):
                    self.queue.add(key_of(found))

    def sync(self, key: Hashable) -> None:
        """Bring one DaemonSet to one pod a node."""
        assert isinstance(key, tuple)
        daemon_set = self._sets.get(*key)
        if daemon_set is None:
            return
        if is_deleting(daemon_set):
            return
        revisions, update = self._history.sync(daemon_set)
        digest = labels_of(update)[_REVISION_LABEL]
        failure = self._manage(daemon_set, digest)
        strategy = daemon_set["spec"].get("updateStrategy") or {}
        if failure is None and strategy.get("type", "RollingUpdate") == "RollingUpdate":
            failure = self._roll(daemon_set, digest)
        in_use = {labels_of(pod).get(_REVISION_LABEL, "") for pod in self._owned(daemon_set)}
        live = [name_of(each) for each in revisions if labels_of(each).get(_REVISION_LABEL) in in_use]
        self._history.truncate(daemon_set, revisions, [*live, name_of(update)])
        self._report(daemon_set, digest)
        if failure is not None:
            raise failure

    def _owned(self, daemon_set: Raw) -> list[Raw]:
        selector = daemon_set["spec"].get("selector")
        return claim(self.api, self._pods, daemon_set, selector, "apps/v1", "DaemonSet")

    def _by_node(self, daemon_set: Raw) -> dict[str, list[Raw]]:
        places: dict[str, list[Raw]] = {}
        for pod in self._owned(daemon_set):
            node = target_node(pod)
            if node:
                places.setdefault(node, []).append(pod)
        return places

    def _manage(self, daemon_set: Raw, digest: str) -> ApiStatusError | None:
        places = self._by_node(daemon_set)
        needing: list[str] = []
        failure: ApiStatusError | None = None
        surge = self._limits(daemon_set, 1)[0]
        for node in sorted(self._nodes.all(), key=name_of):
            should_run, may_stay = node_verdict(daemon_set, node)
            pods = places.get(name_of(node), [])
            if should_run and not pods:
                needing.append(name_of(node))
            doomed = self._doomed(daemon_set, pods, surge, digest) if may_stay else pods
            for pod in doomed:
                failure = self._delete(daemon_set, pod) or failure
        known = {name_of(node) for node in self._nodes.all()}
        for node_name in sorted(places.keys() - known):
            for pod in places[node_name]:
                if not (pod["spec"] or {}).get("nodeName"):
                    failure = self._delete(daemon_set, pod) or failure
        rest = iter(needing)
        return slow_start(min(len(needing), _BURST), lambda: self._create(daemon_set, next(rest), digest)) or failure

    def _doomed(self, daemon_set: Raw, pods: Sequence[Raw], surge: int, digest: str) -> list[Raw]:
        """Failed pods (with back-off) and, where there are several, all but the oldest."""
        doomed, running = [], []
        for pod in pods:
            if is_deleting(pod):
                continue
            if pod_phase(pod) == "Failed":
                if self._may_kill(daemon_set, pod):
                    node = target_node(pod)
                    where = f"{namespace_of(pod)}/{name_of(pod)} on node {node}"
                    message = f"Found failed daemon pod {where}, will try to kill it"
                    self.events.warning(self._about(daemon_set), "FailedDaemonPod", message)
                    doomed.append(pod)
            elif pod_phase(pod) == "Succeeded":
                doomed.append(pod)
            else:
                running.append(pod)
        allowed = 2 if surge and len({labels_of(pod).get(_REVISION_LABEL) for pod in running}) > 1 else 1
        running.sort(key=lambda pod: (created_at(pod), name_of(pod)))
        return [*doomed, *running[allowed:]]

    def _may_kill(self, daemon_set: Raw, pod: Raw) -> bool:
        key = (daemon_set["metadata"].get("uid", ""), target_node(pod))
        now = self.clock.now()
        last, delay = self._kills.get(key, (0.0, 0.0))
        if now < last + delay:
            self.queue.add_after(key_of(daemon_set), last + delay - now)
            return False
        expired = now - last > 2 * _LONGEST_BACKOFF
        self._kills[key] = (now, _FIRST_BACKOFF if expired or not delay else min(delay * 2, _LONGEST_BACKOFF))
        return True

    def _roll(self, daemon_set: Raw, digest: str) -> ApiStatusError | None:
        places = self._by_node(daemon_set)
        nodes = [node for node in sorted(self._nodes.all(), key=name_of) if node_verdict(daemon_set, node)[0]]
        surge, unavailable = self._limits(daemon_set, len(nodes))
        broken, surging = 0, 0
        at_once: list[Raw] = []
        candidates: list[Raw] = []
        doubles: list[str] = []
        for node in nodes:
            pods = [pod for pod in places.get(name_of(node), []) if not is_deleting(pod)]
            new = next((pod for pod in pods if labels_of(pod).get(_REVISION_LABEL) == digest), None)
            old = next((pod for pod in pods if labels_of(pod).get(_REVISION_LABEL) != digest), None)
            new_is_fine = new is not None and self._wait(daemon_set, new) == 0
            if surge:
                if old is not None and new_is_fine:
                    at_once.append(old)
                elif old is not None and new is not None:
                    surging += 1
                elif old is not None:
                    doubles.append(name_of(node))
                continue
            broken += not pods or (new is not None and not new_is_fine)
            if new is None and old is not None:
                (candidates if self._wait(daemon_set, old) == 0 else at_once).append(old)
        failure: ApiStatusError | None = None
        broken += len(at_once) if not surge else 0
        for pod in [*at_once, *candidates[: max(0, unavailable - broken)]]:
            failure = self._delete(daemon_set, pod) or failure
        for node_name in doubles[: max(0, surge - surging)]:
            try:
                self._create(daemon_set, node_name, digest)
            except ApiStatusError as error:
                failure = error
        return failure

    def _limits(self, daemon_set: Raw, nodes: int) -> tuple[int, int]:
        rolling = (daemon_set["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
        surge = scaled_value(rolling.get("maxSurge"), nodes, round_up=True)
        unavailable = scaled_value(rolling.get("maxUnavailable", 1), nodes, round_up=True)
        return surge, unavailable if surge or unavailable else 1

    def _create(self, daemon_set: Raw, node: str, digest: str) -> None:
        pod = pod_from_template(daemon_set["spec"]["template"], daemon_set, "apps/v1", "DaemonSet")
        generation = annotations_of(daemon_set).get("deprecated.daemonset.template.generation")
        labels = {**(pod["metadata"].get("labels") or {}), _REVISION_LABEL: digest}
        if generation:
            labels["pod-template-generation"] = generation
        pod["metadata"] |= {"generateName": f"{name_of(daemon_set)}-", "labels": labels}
        pin_to_node(pod["spec"], node)
        pod["spec"]["tolerations"] = with_daemon_tolerations(pod["spec"])
        self._control.create(pod, daemon_set)

    def _delete(self, daemon_set: Raw, pod: Raw) -> ApiStatusError | None:
        if is_deleting(pod):
            return None
        try:
            self._control.delete(pod, daemon_set)
        except ApiStatusError as error:
            return error
        return None

    def _wait(self, daemon_set: Raw, pod: Raw) -> float | None:
        return available_in(pod, daemon_set["spec"].get("minReadySeconds", 0), self.clock.now())

    def _report(self, daemon_set: Raw, digest: str) -> None:
        places = self._by_node(daemon_set)
        counts = dict.fromkeys(("current", "wrong", "wanted", "ready", "updated", "available"), 0)
        for node in self._nodes.all():
            pods = places.get(name_of(node), [])
            if not node_verdict(daemon_set, node)[0]:
                counts["wrong"] += bool(pods)
                continue
            counts["wanted"] += 1
            if not pods:
                continue
            oldest = min(pods, key=lambda pod: (not pod["spec"].get("nodeName"), created_at(pod), name_of(pod)))
            wait = self._wait(daemon_set, oldest)
            counts["current"] += 1
            counts["ready"] += is_ready(oldest)
            counts["updated"] += labels_of(oldest).get(_REVISION_LABEL) == digest
            counts["available"] += wait == 0
            if wait:
                self.queue.add_after(key_of(daemon_set), wait)
        status = _status(daemon_set, counts)
        if status != status_of(daemon_set):
            self.api.update(DAEMON_SETS, {**daemon_set, "status": status}, subresource="status")

    def _about(self, daemon_set: Raw) -> dict[str, Any]:
        return reference_to(daemon_set, api_version="apps/v1", kind="DaemonSet")


def _status(daemon_set: Raw, counts: Mapping[str, int]) -> dict[str, Any]:
    status: dict[str, Any] = {
        "currentNumberScheduled": counts["current"],
        "numberMisscheduled": counts["wrong"],
        "desiredNumberScheduled": counts["wanted"],
        "numberReady": counts["ready"],
        "observedGeneration": daemon_set["metadata"].get("generation", 1),
    }
    optional = {
        "updatedNumberScheduled": counts["updated"],
        "numberAvailable": counts["available"],
        "numberUnavailable": counts["wanted"] - counts["available"],
        "collisionCount": status_of(daemon_set).get("collisionCount", 0),
    }
    return status | {key: value for key, value in optional.items() if value}


def _place(node: Raw) -> tuple[Any, ...]:
    return labels_of(node), taints_of(node)


def target_node(pod: Raw) -> str:
    """The node a daemon pod is on or meant for."""
    spec = pod.get("spec") or {}
    if spec.get("nodeName"):
        return str(spec["nodeName"])
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field["key"] == "metadata.name" and field["operator"] == "In" and len(field["values"]) == 1:
                return str(field["values"][0])
    return ""


def pin_to_node(spec: dict[str, Any], node: str) -> None:
    """Bind a pod spec to a node through required node affinity on its name."""
    fields = [{"key": "metadata.name", "operator": "In", "values": [node]}]
    affinity = spec.setdefault("affinity", {}).setdefault("nodeAffinity", {})
    required = affinity.setdefault("requiredDuringSchedulingIgnoredDuringExecution", {})
    terms = required.get("nodeSelectorTerms") or [{}]
    required["nodeSelectorTerms"] = [{**term, "matchFields": fields} for term in terms]


def with_daemon_tolerations(spec: Raw) -> list[Raw]:
    """The tolerations that the DaemonSet controller adds so that daemons survive node trouble."""
    added = [{"key": f"node.kubernetes.io/{each}", "operator": "Exists", "effect": NO_EXECUTE} for each in _EXECUTE]
    extra = ("network-unavailable",) if spec.get("hostNetwork") else ()
    added += [
        {"key": f"node.kubernetes.io/{each}", "operator": "Exists", "effect": NO_SCHEDULE}
        for each in (*_PRESSURE, *extra)
    ]
    present = list(spec.get("tolerations") or ())
    return [*present, *(each for each in added if each not in present)]


def node_verdict(daemon_set: Raw, node: Raw) -> tuple[bool, bool]:
    """(a pod should run on the node, a running pod may stay there)."""
    template = daemon_set["spec"]["template"]
    spec = template.get("spec") or {}
    if spec.get("nodeName") and spec["nodeName"] != name_of(node):
        return False, False
    if not matches_node({"metadata": {}, "spec": spec}, node):
        return False, False
    tolerations = with_daemon_tolerations(spec)
    if untolerated_taint(taints_of(node), tolerations) is None:
        return True, True
    return False, untolerated_taint(taints_of(node), tolerations, (NO_EXECUTE,)) is None
