"""What a Deployment reports: counts, revision, and the conditions Progressing, Available and ReplicaFailure."""

from collections.abc import Mapping, Sequence
from typing import Any

from cloudwright.twin.api import DEPLOYMENTS, Api
from cloudwright.twin.clock import Clock
from cloudwright.twin.controllers import rollout
from cloudwright.twin.controllers.base import WorkQueue
from cloudwright.twin.objects import (
    Raw,
    annotations_of,
    condition_of,
    key_of,
    name_of,
    seconds,
    set_condition,
    status_of,
    without_condition,
)

_PROGRESSING, _AVAILABLE, _FAILURE = "Progressing", "Available", "ReplicaFailure"
_DONE, _TIMED_OUT = "NewReplicaSetAvailable", "ProgressDeadlineExceeded"
_PAUSED, _RESUMED = "DeploymentPaused", "DeploymentResumed"


class StatusWriter:
    """Writes deployment status; every method returns the deployment as it is then stored."""

    def __init__(self, api: Api, clock: Clock, queue: WorkQueue) -> None:
        self._api, self._clock, self._queue = api, clock, queue

    def mark_paused(self, deployment: dict[str, Any]) -> dict[str, Any]:
        """Keep the progress deadline from running while a deployment is paused."""
        if not rollout.has_deadline(deployment):
            return deployment
        reason = (condition_of(deployment, _PROGRESSING) or {}).get("reason")
        paused = bool(deployment["spec"].get("paused"))
        if reason == _TIMED_OUT or paused == (reason == _PAUSED):
            return deployment
        new, message = (_PAUSED, "Deployment is paused") if paused else (_RESUMED, "Deployment is resumed")
        self._progress(deployment, "Unknown", new, message)
        return self._store(deployment)

    def found_new(self, deployment: dict[str, Any], revision: str, message: str) -> dict[str, Any]:
        """The present template already has a ReplicaSet."""
        touched = self._set_revision(deployment, revision)
        if rollout.has_deadline(deployment) and condition_of(deployment, _PROGRESSING) is None:
            self._progress(deployment, "True", "FoundNewReplicaSet", message)
            touched = True
        return self._store(deployment) if touched else deployment

    def created_new(self, deployment: dict[str, Any], revision: str, message: str) -> dict[str, Any]:
        """A ReplicaSet has been created for the present template."""
        touched = self._set_revision(deployment, revision)
        if rollout.has_deadline(deployment):
            self._progress(deployment, "True", "NewReplicaSetCreated", message)
            touched = True
        return self._store(deployment) if touched else deployment

    def failed_create(self, deployment: dict[str, Any], message: str) -> None:
        """The ReplicaSet of the present template was refused."""
        if rollout.has_deadline(deployment):
            self._progress(deployment, "False", "ReplicaSetCreateError", message)
            self._store(deployment)

    def bump_collisions(self, deployment: dict[str, Any]) -> None:
        """Make the next hash of the template another one."""
        status = deployment.setdefault("status", {})
        status["collisionCount"] = status.get("collisionCount", 0) + 1
        self._store(deployment)

    def write(self, deployment: dict[str, Any], sets: Sequence[Raw | None], new: Raw | None) -> None:
        """Report counts and availability."""
        status = self._counted(deployment, sets, new)
        if status != status_of(deployment):
            self._store({**deployment, "status": status})

    def write_rollout(self, deployment: dict[str, Any], sets: Sequence[Raw | None], new: Raw | None) -> None:
        """Report counts, availability and progress; come back when the deadline may have passed."""
        status = self._counted(deployment, sets, new)
        current = condition_of(deployment, _PROGRESSING)
        if not rollout.has_deadline(deployment):
            status["conditions"] = without_condition(status["conditions"], _PROGRESSING)
        elif not self._was_complete(status, current):
            self._judge_progress(deployment, status, new, current)
        self._copy_failure(status, sets, new)
        if status != status_of(deployment):
            self._store({**deployment, "status": status})
            return
        self._come_back(deployment, status, current)

    def _was_complete(self, status: Mapping[str, Any], current: Raw | None) -> bool:
        same = status.get("replicas", 0) == status.get("updatedReplicas", 0)
        return same and current is not None and current.get("reason") == _DONE

    def _judge_progress(self, deployment: Raw, status: dict[str, Any], new: Raw | None, current: Raw | None) -> None:
        subject = f'ReplicaSet "{name_of(new)}"' if new is not None else f'Deployment "{name_of(deployment)}"'
        conditions = status["conditions"]
        if rollout.is_complete(deployment, status):
            condition = _condition("True", _DONE, f"{subject} has successfully progressed.")
        elif rollout.has_progressed(status_of(deployment), status):
            condition = _condition("True", "ReplicaSetUpdated", f"{subject} is progressing.")
            conditions = without_condition(conditions, _PROGRESSING)
        elif self._has_timed_out(deployment, status):
            condition = _condition("False", _TIMED_OUT, f"{subject} has timed out progressing.")
        else:
            return
        status["conditions"] = set_condition(conditions, condition, self._clock.timestamp(), update_time=True)
        if condition["reason"] == "ReplicaSetUpdated" and current is not None and current["status"] == "True":
            status["conditions"][-1]["lastTransitionTime"] = current["lastTransitionTime"]

    def _has_timed_out(self, deployment: Raw, status: Mapping[str, Any]) -> bool:
        current = next((each for each in status["conditions"] if each["type"] == _PROGRESSING), None)
        if current is None or current.get("reason") == _DONE:
            return False
        if current.get("reason") == _TIMED_OUT:
            return True
        deadline = deployment["spec"]["progressDeadlineSeconds"]
        return bool(seconds(current.get("lastUpdateTime")) + deadline < self._clock.now())

    def _copy_failure(self, status: dict[str, Any], sets: Sequence[Raw | None], new: Raw | None) -> None:
        sources = [each for each in (new, *sets) if each is not None]
        failure = next((found for each in sources if (found := condition_of(each, _FAILURE))), None)
        if failure is None:
            status["conditions"] = without_condition(status["conditions"], _FAILURE)
            return
        copy = {key: failure[key] for key in ("type", "status", "reason", "message") if key in failure}
        before = status["conditions"]
        status["conditions"] = set_condition(before, copy, failure["lastTransitionTime"], update_time=True)

    def _come_back(self, deployment: Raw, status: Mapping[str, Any], current: Raw | None) -> None:
        if not rollout.has_deadline(deployment) or current is None:
            return
        if rollout.is_complete(deployment, status) or current.get("reason") == _TIMED_OUT:
            return
        deadline = seconds(current.get("lastUpdateTime")) + deployment["spec"]["progressDeadlineSeconds"]
        self._queue.add_after(key_of(deployment), max(0.0, deadline - self._clock.now()) + 1.0)

    def _counted(self, deployment: Raw, sets: Sequence[Raw | None], new: Raw | None) -> dict[str, Any]:
        available = rollout.total_status(sets, "availableReplicas")
        counts = {
            "observedGeneration": deployment["metadata"].get("generation", 1),
            "replicas": rollout.total_status(sets, "replicas"),
            "updatedReplicas": rollout.total_status([new], "replicas"),
            "readyReplicas": rollout.total_status(sets, "readyReplicas"),
            "availableReplicas": available,
            "unavailableReplicas": max(0, rollout.total_size(sets) - available),
            "collisionCount": status_of(deployment).get("collisionCount", 0),
        }
        status: dict[str, Any] = {key: value for key, value in counts.items() if value}
        if available >= rollout.wanted(deployment) - rollout.max_unavailable(deployment):
            words = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        else:
            words = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        condition = _condition(*words, kind=_AVAILABLE)
        before = status_of(deployment).get("conditions") or []
        status["conditions"] = set_condition(before, condition, self._clock.timestamp(), update_time=True)
        return status

    def _progress(self, deployment: dict[str, Any], status: str, reason: str, message: str) -> None:
        holder = deployment.setdefault("status", {})
        condition = _condition(status, reason, message)
        before = holder.get("conditions") or []
        holder["conditions"] = set_condition(before, condition, self._clock.timestamp(), update_time=True)

    def _set_revision(self, deployment: dict[str, Any], revision: str) -> bool:
        if annotations_of(deployment).get(rollout.REVISION) == revision:
            return False
        annotations = deployment["metadata"].get("annotations") or {}
        deployment["metadata"]["annotations"] = {**annotations, rollout.REVISION: revision}
        return True

    def _store(self, deployment: dict[str, Any]) -> dict[str, Any]:
        return self._api.update(DEPLOYMENTS, deployment, subresource="status")


def _condition(status: str, reason: str, message: str, kind: str = _PROGRESSING) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": message}
