"""ReplicaSets: as many pods as wanted."""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

from cloudwright.twin.api import PODS, REPLICA_SETS, ApiStatusError
from cloudwright.twin.controllers.base import Context, Controller
from cloudwright.twin.controllers.informer import both, changed
from cloudwright.twin.controllers.ownership import claim, index_orphans, owners_for_orphan
from cloudwright.twin.controllers.pods import PodControl, deletion_order, pod_from_template, slow_start
from cloudwright.twin.objects import (
    Key,
    Raw,
    available_in,
    condition_of,
    controller_of,
    controller_uid,
    is_active,
    is_deleting,
    is_ready,
    key_of,
    labels_match,
    labels_of,
    name_of,
    namespace_of,
    set_condition,
    status_of,
    without_condition,
)

_BURST = 500


class ReplicaSetController(Controller):
    """Creates and deletes pods until a ReplicaSet has its number, and reports how many are ready."""

    name = "replicaset-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._sets, self._pods = context.cache(REPLICA_SETS), context.cache(PODS)
        index_orphans(self._pods)
        self._sets.add_index("owner", lambda obj: [uid] if (uid := controller_uid(obj)) else [])
        self._control = PodControl(self.api, self.events, "apps/v1", "ReplicaSet")
        self._sets.add_handler(self._on_set)
        self._pods.add_handler(self._on_pod)

    def _on_set(self, old: Raw | None, new: Raw | None) -> None:
        if changed(old, new, "spec", "metadata", "status"):
            for obj in both(old, new)[-1:]:
                self.queue.add(key_of(obj))

    def _on_pod(self, old: Raw | None, new: Raw | None) -> None:
        for pod in both(old, new):
            owner = controller_of(pod)
            if owner is not None:
                if owner["kind"] == "ReplicaSet":
                    self.queue.add((namespace_of(pod), owner["name"]))
            elif not is_deleting(pod):
                for found in owners_for_orphan(self._sets, pod):
                    self.queue.add(key_of(found))

    def sync(self, key: Hashable) -> None:
        """Bring one ReplicaSet to its number of pods."""
        namespace, name = _key(key)
        replica_set = self._sets.get(namespace, name)
        if replica_set is None:
            return
        selector = replica_set["spec"].get("selector")
        owned = claim(self.api, self._pods, replica_set, selector, "apps/v1", "ReplicaSet")
        active = [pod for pod in owned if is_active(pod)]
        failure: ApiStatusError | None = None
        difference = len(active) - replica_set["spec"].get("replicas", 1)
        if not is_deleting(replica_set):
            failure = self._manage(replica_set, active, difference)
        self._report(replica_set, active, difference, failure)
        if failure is not None:
            raise failure

    def _owned_now(self, replica_set: Raw) -> list[Raw]:
        return self._pods.controlled_by(replica_set["metadata"]["uid"])

    def _manage(self, replica_set: Raw, active: Sequence[Raw], difference: int) -> ApiStatusError | None:
        if difference < 0:
            return self._grow(replica_set, min(-difference, _BURST))
        if difference > 0:
            return self._shrink(replica_set, active, min(difference, _BURST))
        return None

    def _grow(self, replica_set: Raw, count: int) -> ApiStatusError | None:
        def create() -> None:
            pod = pod_from_template(replica_set["spec"]["template"], replica_set, "apps/v1", "ReplicaSet")
            pod["metadata"]["generateName"] = f"{name_of(replica_set)}-"
            self._control.create(pod, replica_set)

        return slow_start(count, create)

    def _shrink(self, replica_set: Raw, active: Sequence[Raw], count: int) -> ApiStatusError | None:
        crowd = Counter(pod["spec"].get("nodeName", "") for pod in self._related(replica_set))
        ordered = deletion_order(active, lambda pod: crowd[pod["spec"].get("nodeName", "")])
        failure = None
        for pod in ordered[:count]:
            try:
                self._control.delete(pod, replica_set)
            except ApiStatusError as error:
                failure = failure or error
        return failure

    def _related(self, replica_set: Raw) -> list[Raw]:
        """Active pods of all ReplicaSets with the same owner: crowding is counted over a whole roll-out."""
        owner = controller_uid(replica_set)
        sets = self._sets.by("owner", owner) if owner else [replica_set]
        return [pod for each in sets for pod in self._owned_now(each) if is_active(pod)]

    def _report(self, replica_set: Raw, active: Sequence[Raw], difference: int, failure: ApiStatusError | None) -> None:
        minimum = replica_set["spec"].get("minReadySeconds", 0)
        now = self.clock.now()
        template_labels = (replica_set["spec"]["template"].get("metadata") or {}).get("labels")
        waits = [wait for pod in active if (wait := available_in(pod, minimum, now)) is not None]
        counts: dict[str, Any] = {
            "replicas": len(active),
            "fullyLabeledReplicas": sum(labels_match(template_labels, labels_of(pod)) for pod in active),
            "readyReplicas": sum(is_ready(pod) for pod in active),
            "availableReplicas": sum(wait == 0 for wait in waits),
            "observedGeneration": replica_set["metadata"].get("generation", 1),
        }
        status = {key: value for key, value in counts.items() if value or key == "replicas"}
        conditions = self._conditions(replica_set, difference, failure)
        if conditions:
            status["conditions"] = conditions
        if status != status_of(replica_set):
            self.api.update(REPLICA_SETS, {**replica_set, "status": status}, subresource="status")
        later = [wait for wait in waits if wait > 0]
        if later:
            self.queue.add_after(key_of(replica_set), min(later))

    def _conditions(self, replica_set: Raw, difference: int, failure: ApiStatusError | None) -> list[dict[str, Any]]:
        conditions = [dict(each) for each in status_of(replica_set).get("conditions") or ()]
        present = condition_of(replica_set, "ReplicaFailure")
        if failure is None:
            return without_condition(conditions, "ReplicaFailure") if present else conditions
        if present is not None:
            return conditions
        reason = "FailedCreate" if difference < 0 else "FailedDelete"
        new = {"type": "ReplicaFailure", "status": "True", "reason": reason, "message": failure.message}
        return set_condition(conditions, new, self.clock.timestamp())


def _key(key: Hashable) -> Key:
    assert isinstance(key, tuple)
    namespace, name = key
    return str(namespace), str(name)
