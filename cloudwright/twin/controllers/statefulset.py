"""StatefulSets: pods with an identity and claims of their own, one after the other."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from cloudwright.twin.api import PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS, ApiStatusError
from cloudwright.twin.controllers.base import Context, Controller
from cloudwright.twin.controllers.history import History, template_at
from cloudwright.twin.controllers.informer import both
from cloudwright.twin.controllers.ownership import claim, index_orphans, owners_for_orphan
from cloudwright.twin.controllers.pods import pod_from_template, slow_start
from cloudwright.twin.events import reference_to
from cloudwright.twin.objects import (
    Raw,
    available_in,
    controller_of,
    is_deleting,
    is_finished,
    is_ready,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    pod_phase,
    status_of,
    uid_of,
)
from cloudwright.twin.store import clone

_REVISION_LABEL = "controller-revision-hash"


class StatefulSetController(Controller):
    """Keeps pods `name-0 … name-N`, in order unless told to be parallel, and rolls them from the last to the first."""

    name = "statefulset-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._sets, self._pods = context.cache(STATEFUL_SETS), context.cache(PODS)
        self._claims = context.cache(PERSISTENT_VOLUME_CLAIMS)
        index_orphans(self._pods)
        self._history = History(self.api, context, "StatefulSet", "controller.kubernetes.io/hash")
        self._sets.add_handler(self._on_set)
        self._pods.add_handler(self._on_pod)

    def _on_set(self, old: Raw | None, new: Raw | None) -> None:
        for obj in both(old, new)[-1:]:
            self.queue.add(key_of(obj))

    def _on_pod(self, old: Raw | None, new: Raw | None) -> None:
        for pod in both(old, new):
            owner = controller_of(pod)
            if owner is not None:
                if owner["kind"] == "StatefulSet":
                    self.queue.add((namespace_of(pod), owner["name"]))
            elif not is_deleting(pod):
                for found in owners_for_orphan(self._sets, pod):
                    self.queue.add(key_of(found))

    def sync(self, key: Hashable) -> None:
        """Take one StatefulSet a step further."""
        assert isinstance(key, tuple)
        stateful_set = self._sets.get(*key)
        if stateful_set is None:
            return
        selector = stateful_set["spec"].get("selector")
        pods = claim(self.api, self._pods, stateful_set, selector, "apps/v1", "StatefulSet")
        revisions, update = self._history.sync(stateful_set)
        current_name = status_of(stateful_set).get("currentRevision")
        current = next((each for each in revisions if name_of(each) == current_name), update)
        step = _Step(self, stateful_set, pods, current, update)
        failure: ApiStatusError | None = None
        try:
            if not is_deleting(stateful_set):
                step.run()
        except ApiStatusError as error:
            failure = error
        self._report(stateful_set, step)
        live = {name_of(current), name_of(update), *(labels_of(pod).get(_REVISION_LABEL, "") for pod in pods)}
        self._history.truncate(stateful_set, revisions, live)
        if failure is not None:
            raise failure

    def _report(self, stateful_set: Raw, step: "_Step") -> None:
        pods = [pod for each in step.pods if (pod := self._pods.get(*key_of(each))) and uid_of(pod) == uid_of(each)]
        created = [pod for pod in pods if step.is_created(pod)]
        kept = [labels_of(pod).get(_REVISION_LABEL) for pod in created if not is_deleting(pod)]
        current, update = name_of(step.current), name_of(step.update)
        counts = {
            "readyReplicas": sum(is_ready(pod) for pod in pods),
            "availableReplicas": sum(step.is_available(pod) for pod in pods),
            "currentReplicas": kept.count(current),
            "updatedReplicas": kept.count(update),
        }
        number = stateful_set["spec"].get("replicas", 1)
        rolling = stateful_set["spec"].get("updateStrategy", {}).get("type", "RollingUpdate") == "RollingUpdate"
        if rolling and (counts["updatedReplicas"], counts["readyReplicas"], len(created)) == (number,) * 3:
            counts["currentReplicas"], current = counts["updatedReplicas"], update
        status: dict[str, Any] = {key: value for key, value in counts.items() if value or key == "availableReplicas"}
        status |= {
            "replicas": len(created),
            "observedGeneration": stateful_set["metadata"].get("generation", 1),
            "currentRevision": current,
            "updateRevision": update,
            "collisionCount": status_of(stateful_set).get("collisionCount", 0),
        }
        if status != status_of(stateful_set):
            self.api.update(STATEFUL_SETS, {**stateful_set, "status": status}, subresource="status")
        waits = [wait for pod in pods if (wait := step.wait_for(pod))]
        if waits:
            self.queue.add_after(key_of(stateful_set), min(waits))

    def create_pod(self, stateful_set: Raw, pod: dict[str, Any]) -> None:
        """Create a pod and the claims it needs, with events."""
        try:
            self.create_claims(stateful_set, pod)
            self.api.create(PODS, pod, namespace_of(stateful_set))
        except ApiStatusError as error:
            if error.reason != "AlreadyExists":
                self._record("create", stateful_set, pod, error)
            raise
        self._record("create", stateful_set, pod, None)

    def delete_pod(self, stateful_set: Raw, pod: Raw) -> None:
        """Delete a pod, with an event."""
        try:
            self.api.delete(PODS, name_of(pod), namespace_of(pod))
        except ApiStatusError as error:
            self._record("delete", stateful_set, pod, error)
            if error.code != 404:
                raise
            return
        self._record("delete", stateful_set, pod, None)

    def create_claims(self, stateful_set: Raw, pod: Raw) -> None:
        """Create the claims of a pod that are missing."""
        for template in stateful_set["spec"].get("volumeClaimTemplates") or ():
            name = f"{name_of(template)}-{name_of(pod)}"
            if self._claims.get(namespace_of(stateful_set), name) is not None:
                continue
            verb = "create Claim {} {} in StatefulSet {} {}"
            try:
                self.api.create(
                    PERSISTENT_VOLUME_CLAIMS, _claim(stateful_set, template, name), namespace_of(stateful_set)
                )
            except ApiStatusError as error:
                pod_words = f"for Pod {name_of(pod)}"
                message = verb.format(name, pod_words, name_of(stateful_set), f"failed error: {error.message}")
                self.events.warning(self._about(stateful_set), "FailedCreate", message)
                raise
            message = verb.format(name, f"Pod {name_of(pod)}", name_of(stateful_set), "success")
            self.events.normal(self._about(stateful_set), "SuccessfulCreate", message)

    def mark_for_scaling(self, stateful_set: Raw, pod: Raw) -> None:
        """With `whenScaled: Delete` the claims of a condemned pod go when it is gone."""
        policy = stateful_set["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
        if policy.get("whenScaled") != "Delete":
            return
        reference = {"apiVersion": "v1", "kind": "Pod", "name": name_of(pod), "uid": uid_of(pod)}
        for template in stateful_set["spec"].get("volumeClaimTemplates") or ():
            found = self._claims.get(namespace_of(pod), f"{name_of(template)}-{name_of(pod)}")
            owners = found["metadata"].get("ownerReferences") or [] if found is not None else []
            if found is not None and not any(each["uid"] == uid_of(pod) for each in owners):
                copy = clone(found)
                others = [each for each in owners if each["uid"] != uid_of(stateful_set)]
                copy["metadata"]["ownerReferences"] = [*others, reference]
                self.api.update(PERSISTENT_VOLUME_CLAIMS, copy)

    def _record(self, verb: str, stateful_set: Raw, pod: Raw, error: ApiStatusError | None) -> None:
        stem = f"{verb} Pod {name_of(pod)} in StatefulSet {name_of(stateful_set)}"
        about = self._about(stateful_set)
        if error is None:
            self.events.normal(about, f"Successful{verb.title()}", f"{stem} successful")
        else:
            self.events.warning(about, f"Failed{verb.title()}", f"{stem} failed error: {error.message}")

    def _about(self, stateful_set: Raw) -> dict[str, Any]:
        return reference_to(stateful_set, api_version="apps/v1", kind="StatefulSet")


class _Step:
    """One pass over the pods of a StatefulSet."""

    def __init__(
        self, controller: StatefulSetController, stateful_set: Raw, pods: Sequence[Raw], current: Raw, update: Raw
    ) -> None:
        self._controller, self._set, self.pods = controller, stateful_set, pods
        self.current, self.update = current, update
        self._min_ready = stateful_set["spec"].get("minReadySeconds", 0)
        self._start = (stateful_set["spec"].get("ordinals") or {}).get("start", 0)
        self._count = stateful_set["spec"].get("replicas", 1)
        self._strategy: Mapping[str, Any] = stateful_set["spec"].get("updateStrategy") or {}
        self._ordered = stateful_set["spec"].get("podManagementPolicy") != "Parallel"

    def is_created(self, pod: Raw) -> bool:
        return bool(status_of(pod).get("phase"))

    def wait_for(self, pod: Raw) -> float | None:
        return available_in(pod, self._min_ready, self._controller.clock.now())

    def is_available(self, pod: Raw) -> bool:
        return pod_phase(pod) == "Running" and self.wait_for(pod) == 0

    def run(self) -> None:
        by_ordinal = {ordinal: pod for pod in self.pods if (ordinal := self._ordinal(pod)) is not None}
        ordinals = range(self._start, self._start + self._count)
        condemned = [by_ordinal[each] for each in sorted(by_ordinal, reverse=True) if each not in ordinals]
        done = self._for_all(list(ordinals), lambda ordinal: self._process(ordinal, by_ordinal.get(ordinal)))
        if not done:
            return
        broken = [by_ordinal[each] for each in sorted(by_ordinal) if not self._is_fine(by_ordinal[each])]
        first_broken = broken[0] if broken else None
        if not self._for_all(condemned, lambda pod: self._condemn(pod, first_broken)):
            return
        if self._strategy.get("type", "RollingUpdate") == "RollingUpdate":
            self._roll(by_ordinal)

    def _for_all(self, items: Sequence[Any], work: Callable[[Any], bool]) -> bool:
        """Work on all items: in order until one says stop, or (parallel) on all of them. False when stopped."""
        if self._ordered:
            return all(work(item) for item in items)
        rest = iter(items)
        failure = slow_start(len(items), lambda: work(next(rest)))
        if failure is not None:
            raise failure
        return True

    def _process(self, ordinal: int, pod: Raw | None) -> bool:
        """Bring one ordinal forward; True when the next may follow."""
        if pod is None:
            self._controller.create_pod(self._set, self._new_pod(ordinal))
            return False
        if is_finished(pod):
            if not is_deleting(pod):
                self._controller.delete_pod(self._set, pod)
            return False
        if pod_phase(pod) == "Pending":
            self._controller.create_claims(self._set, pod)
        return self._is_fine(pod)

    def _condemn(self, pod: Raw, first_broken: Raw | None) -> bool:
        if is_deleting(pod):
            return False
        if self._ordered and not self.is_available(pod) and pod is not first_broken:
            return False
        self._controller.mark_for_scaling(self._set, pod)
        self._controller.delete_pod(self._set, pod)
        return False

    def _roll(self, by_ordinal: Mapping[int, Raw]) -> None:
        partition = (self._strategy.get("rollingUpdate") or {}).get("partition", 0)
        for index in range(self._count - 1, partition - 1, -1):
            pod = by_ordinal.get(self._start + index)
            if pod is None:
                return
            if labels_of(pod).get(_REVISION_LABEL) != name_of(self.update) and not is_deleting(pod):
                self._controller.delete_pod(self._set, pod)
                return
            if not self._is_fine(pod):
                return

    def _is_fine(self, pod: Raw) -> bool:
        return self.is_available(pod) and not is_deleting(pod)

    def _ordinal(self, pod: Raw) -> int | None:
        stem, _, number = name_of(pod).rpartition("-")
        return int(number) if stem == name_of(self._set) and number.isdigit() else None

    def _new_pod(self, ordinal: int) -> dict[str, Any]:
        rolling = self._strategy.get("rollingUpdate")
        if rolling is not None:
            keeps = ordinal < self._start + rolling.get("partition", 0)
        else:
            kept = status_of(self._set).get("currentReplicas", 0)
            keeps = self._strategy.get("type", "RollingUpdate") == "RollingUpdate" and ordinal < self._start + kept
        revision = self.current if keeps else self.update
        pod = pod_from_template(template_at(revision), self._set, "apps/v1", "StatefulSet")
        name = f"{name_of(self._set)}-{ordinal}"
        pod["metadata"] |= {"name": name, "generateName": f"{name_of(self._set)}-"}
        pod["metadata"]["labels"] = {
            **(pod["metadata"].get("labels") or {}),
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(ordinal),
            _REVISION_LABEL: name_of(revision),
        }
        pod["spec"]["hostname"] = name
        if self._set["spec"].get("serviceName"):
            pod["spec"]["subdomain"] = self._set["spec"]["serviceName"]
        self._add_volumes(pod)
        return pod

    def _add_volumes(self, pod: dict[str, Any]) -> None:
        templates = {name_of(each) for each in self._set["spec"].get("volumeClaimTemplates") or ()}
        if not templates:
            return
        others = [each for each in pod["spec"].get("volumes") or () if each["name"] not in templates]
        own = [
            {"name": each, "persistentVolumeClaim": {"claimName": f"{each}-{name_of(pod)}"}}
            for each in sorted(templates)
        ]
        pod["spec"]["volumes"] = [*own, *others]


def _claim(stateful_set: Raw, template: Raw, name: str) -> dict[str, Any]:
    body = clone(template)
    body.pop("status", None)
    metadata = body["metadata"]
    labels = {**(metadata.get("labels") or {}), **(stateful_set["spec"]["selector"].get("matchLabels") or {})}
    body["metadata"] = {"name": name, "namespace": namespace_of(stateful_set), "labels": labels}
    if metadata.get("annotations"):
        body["metadata"]["annotations"] = metadata["annotations"]
    body |= {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
    policy = stateful_set["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    if policy.get("whenDeleted") == "Delete":
        owner = {"apiVersion": "apps/v1", "kind": "StatefulSet"}
        owner |= {"name": name_of(stateful_set), "uid": uid_of(stateful_set)}
        body["metadata"]["ownerReferences"] = [owner]
    return dict(body)
