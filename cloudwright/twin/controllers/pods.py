"""Making and deleting the pods of a workload, with the events that controllers write about it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cloudwright.twin.api import PODS, Api, ApiStatusError
from cloudwright.twin.events import EventRecorder, reference_to
from cloudwright.twin.objects import (
    Raw,
    annotations_of,
    controller_reference,
    created_at,
    is_ready,
    name_of,
    namespace_of,
    pod_phase,
    ready_since,
    status_of,
    uid_of,
)
from cloudwright.twin.store import clone

_PHASE_ORDER = {"Pending": 0, "Unknown": 1, "Running": 2}


def pod_from_template(template: Raw, owner: Raw, api_version: str, kind: str) -> dict[str, Any]:
    """A pod of a template, controlled by `owner`, without a name."""
    metadata: dict[str, Any] = {"namespace": namespace_of(owner)}
    for part in ("labels", "annotations", "finalizers"):
        value = (template.get("metadata") or {}).get(part)
        if value:
            metadata[part] = clone(value)
    metadata["ownerReferences"] = [controller_reference(owner, api_version, kind)]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": clone(template.get("spec") or {})}


class PodControl:
    """Creates and deletes pods in the name of a controller."""

    def __init__(self, api: Api, events: EventRecorder, api_version: str, kind: str) -> None:
        self._api, self._events = api, events
        self._api_version, self._kind = api_version, kind

    def create(self, pod: Mapping[str, Any], owner: Raw) -> Raw:
        """Create a pod and say so.

        Raises:
            ApiStatusError: the server refused; an event has been written unless the namespace is going away.
        """
        about = self._about(owner)
        try:
            created = self._api.create(PODS, pod, namespace_of(owner))
        except ApiStatusError as error:
            if not is_namespace_terminating(error):
                self._events.warning(about, "FailedCreate", f"Error creating: {error.message}")
            raise
        self._events.normal(about, "SuccessfulCreate", f"Created pod: {name_of(created)}")
        return created

    def delete(self, pod: Raw, owner: Raw) -> None:
        """Delete a pod with its own grace period and say so; a pod that is gone is no error."""
        about = self._about(owner)
        try:
            self._api.delete(PODS, name_of(pod), namespace_of(pod), uid=uid_of(pod))
        except ApiStatusError as error:
            if error.code == 404:
                return
            self._events.warning(about, "FailedDelete", f"Error deleting: {error.message}")
            raise
        self._events.normal(about, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")

    def _about(self, owner: Raw) -> dict[str, Any]:
        return reference_to(owner, api_version=self._api_version, kind=self._kind)


def is_namespace_terminating(error: ApiStatusError) -> bool:
    """Whether a creation was refused because its namespace is being deleted."""
    causes = error.details.get("causes") or ()
    return error.code == 403 and any(cause.get("reason") == "NamespaceTerminating" for cause in causes)


def slow_start(count: int, create: Callable[[], object]) -> ApiStatusError | None:
    """Create `count` objects in batches of 1, 2, 4 …; the first batch with a failure is the last.

    Returns the failure, so that a quota that is used up costs few requests.
    """
    batch, done = 1, 0
    while done < count:
        failure: ApiStatusError | None = None
        for _ in range(min(batch, count - done)):
            try:
                create()
            except ApiStatusError as error:
                failure = failure or error
            done += 1
        if failure is not None:
            return failure
        batch *= 2
    return None


def restarts(pod: Raw) -> int:
    """The most restarts of any container of a pod."""
    return max((each.get("restartCount", 0) for each in status_of(pod).get("containerStatuses") or ()), default=0)


def deletion_order(pods: Iterable[Raw], neighbours: Callable[[Raw], int]) -> list[Raw]:
    """Pods in the order in which a shrinking ReplicaSet gives them up.

    Unassigned, pending, unready, cheap, crowded (`neighbours` counts related pods on the same node), recently
    ready, often restarted and young pods go first.
    """

    def rank(pod: Raw) -> tuple[Any, ...]:
        assigned = bool((pod.get("spec") or {}).get("nodeName"))
        cost = annotations_of(pod).get("controller.kubernetes.io/pod-deletion-cost", "0")
        return (
            assigned,
            _PHASE_ORDER.get(pod_phase(pod), 2),
            is_ready(pod),
            int(cost) if cost.lstrip("-").isdigit() else 0,
            -neighbours(pod),
            -(ready_since(pod) or 0.0),
            -restarts(pod),
            -created_at(pod),
            name_of(pod),
        )

    return sorted(pods, key=rank)
