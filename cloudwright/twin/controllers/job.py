"""Jobs: pods that run to completion."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from cloudwright.twin.api import JOBS, PODS, ApiStatusError, PatchType
from cloudwright.twin.controllers import job_rules as rules
from cloudwright.twin.controllers.base import Context, Controller, ignore_not_found
from cloudwright.twin.controllers.informer import both
from cloudwright.twin.controllers.ownership import claim, index_orphans, owners_for_orphan
from cloudwright.twin.controllers.pods import PodControl, deletion_order, pod_from_template, slow_start
from cloudwright.twin.events import reference_to
from cloudwright.twin.objects import (
    Raw,
    controller_of,
    is_active,
    is_deleting,
    is_ready,
    key_of,
    name_of,
    namespace_of,
    pod_phase,
    seconds,
    status_of,
    uid_of,
)

_BURST = 500


@dataclass
class _Backoff:
    failures: int = 0
    last: float = 0.0


class JobController(Controller):
    """Runs pods until enough have succeeded or too many have failed."""

    name = "job-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._jobs, self._pods = context.cache(JOBS), context.cache(PODS)
        index_orphans(self._pods)
        self._control = PodControl(self.api, self.events, "batch/v1", "Job")
        self._backoffs: dict[str, _Backoff] = {}
        self._jobs.add_handler(self._on_job)
        self._pods.add_handler(self._on_pod)

    def _on_job(self, old: Raw | None, new: Raw | None) -> None:
        for obj in both(old, new)[-1:]:
            self.queue.add(key_of(obj))

    def _on_pod(self, old: Raw | None, new: Raw | None) -> None:
        for pod in both(old, new):
            owner = controller_of(pod)
            if owner is not None:
                if owner["kind"] == "Job":
                    self.queue.add((namespace_of(pod), owner["name"]))
            elif rules.FINALIZER in (pod["metadata"].get("finalizers") or ()):
                self._remove_finalizer(pod)
            elif not is_deleting(pod):
                for found in owners_for_orphan(self._jobs, pod):
                    self.queue.add(key_of(found))

    def sync(self, key: Hashable) -> None:
        """Take one job a step further."""
        assert isinstance(key, tuple)
        job = self._jobs.get(*key)
        if job is None:
            self._release_orphans(*key)
            return
        if rules.is_finished(job):
            self._backoffs.pop(uid_of(job), None)
            for pod in self._pods.controlled_by(uid_of(job)):
                self._remove_finalizer(pod)
            return
        selector = job["spec"].get("selector")
        pods = claim(self.api, self._pods, job, selector, "batch/v1", "Job", pods=False)
        state = rules.JobState(job, pods, self.clock.now())
        self._note_failures(job, state)
        verdict = rules.verdict(state)
        failure: ApiStatusError | None = None
        if verdict is not None:
            for pod in state.active:
                self._remove_finalizer(pod)
                failure = self._delete(job, pod) or failure
        elif not is_deleting(job):
            failure = self._manage(job, state)
        self._account(job, state, verdict)
        if failure is not None:
            raise failure
        deadline = rules.deadline_in(state)
        if deadline is not None and deadline > 0:
            self.queue.add_after(key, deadline)

    def _release_orphans(self, namespace: str, name: str) -> None:
        for pod in self._pods.in_namespace(namespace):
            owner = controller_of(pod)
            if owner is not None and owner["kind"] == "Job" and owner["name"] == name:
                self._remove_finalizer(pod)

    def _note_failures(self, job: Raw, state: rules.JobState) -> None:
        if state.new_succeeded and not state.new_failed:
            self._backoffs.pop(uid_of(job), None)
        elif state.new_failed:
            backoff = self._backoffs.setdefault(uid_of(job), _Backoff())
            if state.new_succeeded:
                backoff.failures = 0
            backoff.failures += len(state.new_failed)
            backoff.last = max(rules.finished_at(pod) for pod in state.new_failed)

    def _manage(self, job: Raw, state: rules.JobState) -> ApiStatusError | None:
        wanted = 0 if state.suspended else state.wanted_active()
        surplus = len(state.active) - wanted
        if surplus > 0:
            failure = None
            for pod in deletion_order(state.active, lambda pod: 0)[:surplus]:
                self._remove_finalizer(pod)
                failure = self._delete(job, pod) or failure
            return failure
        waiting = state.terminating if job["spec"].get("podReplacementPolicy") == "Failed" else 0
        missing = -surplus - waiting
        if missing <= 0:
            return None
        delay = 0.0 if state.per_index else self._delay(job)
        if delay > 0:
            self.queue.add_after(key_of(job), delay)
            return None
        indexes = state.pending_indexes(missing) if state.indexed else [None] * missing
        rest = iter(indexes[:_BURST])
        return slow_start(min(len(indexes), _BURST), lambda: self._create(job, next(rest), state))

    def _delay(self, job: Raw) -> float:
        backoff = self._backoffs.get(uid_of(job))
        if backoff is None or not backoff.failures:
            return 0.0
        return backoff.last + rules.backoff_seconds(backoff.failures) - self.clock.now()

    def _create(self, job: Raw, index: int | None, state: rules.JobState) -> None:
        pod = pod_from_template(job["spec"]["template"], job, "batch/v1", "Job")
        metadata = pod["metadata"]
        metadata["finalizers"] = [*(metadata.get("finalizers") or ()), rules.FINALIZER]
        metadata["generateName"] = f"{name_of(job)}-"
        if index is not None:
            rules.add_index(pod, job, index, state)
        self._control.create(pod, job)

    def _delete(self, job: Raw, pod: Raw) -> ApiStatusError | None:
        try:
            self._control.delete(pod, job)
        except ApiStatusError as error:
            return error
        return None

    def _remove_finalizer(self, pod: Raw) -> None:
        if rules.FINALIZER in (pod["metadata"].get("finalizers") or ()):
            patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": [rules.FINALIZER]}}
            name, namespace = name_of(pod), namespace_of(pod)
            ignore_not_found(lambda: self.api.patch(PODS, name, namespace, patch, type=PatchType.STRATEGIC))

    def _account(self, job: Raw, state: rules.JobState, verdict: Mapping[str, str] | None) -> None:
        """Count what has finished, let it go, and report."""
        current = self._pods.controlled_by(uid_of(job))
        active = [pod for pod in current if is_active(pod)]
        terminating = [pod for pod in current if is_deleting(pod) and pod_phase(pod) in ("Pending", "Running")]
        for pod in [*state.new_succeeded, *state.new_failed]:
            self._remove_finalizer(pod)
        old = status_of(job)
        failed = old.get("failed", 0) + len(state.counted_failures())
        if verdict is not None and verdict["type"] == "FailureTarget":
            failed += sum(rules.has_finalizer(pod) for pod in state.active)
        status: dict[str, Any] = {
            "active": len(active),
            "ready": sum(is_ready(pod) for pod in active),
            "terminating": len(terminating),
            "succeeded": state.succeeded,
            "failed": failed,
            "startTime": old.get("startTime"),
            "uncountedTerminatedPods": {},
        }
        status = {key: value for key, value in status.items() if value or key in _KEPT}
        if state.indexed:
            status |= state.index_status()
        now = self.clock.timestamp()
        if "startTime" not in old and not state.suspended:
            status["startTime"] = now
        conditions = [dict(each) for each in old.get("conditions") or ()]
        outcome = verdict or state.completion(len(active))
        final = rules.conclude(conditions, outcome, now, done=not terminating)
        if outcome is None and not is_deleting(job):
            self._report_suspension(job, state, conditions, status)
        if conditions:
            status["conditions"] = conditions
        if final is not None and final["type"] == "Complete":
            status["completionTime"] = now
        if status != old:
            self.api.update(JOBS, {**job, "status": status}, subresource="status")
        if final is not None:
            self._announce(job, final)

    def _report_suspension(
        self, job: Raw, state: rules.JobState, conditions: list[dict[str, Any]], status: dict[str, Any]
    ) -> None:
        if not rules.note_suspension(conditions, self.clock.timestamp(), suspended=state.suspended):
            return
        about = self._about(job)
        if state.suspended:
            self.events.normal(about, "Suspended", "Job suspended")
        else:
            self.events.normal(about, "Resumed", "Job resumed")
            status["startTime"] = self.clock.timestamp()

    def _announce(self, job: Raw, final: Mapping[str, str]) -> None:
        if final["type"] == "Complete":
            self.events.normal(self._about(job), "Completed", "Job completed")
        else:
            self.events.warning(self._about(job), final["reason"], final["message"])

    def _about(self, job: Raw) -> dict[str, Any]:
        return reference_to(job, api_version="batch/v1", kind="Job")


_KEPT = ("ready", "terminating", "uncountedTerminatedPods")


class TtlAfterFinishedController(Controller):
    """Deletes finished jobs `ttlSecondsAfterFinished` after their end."""

    name = "ttl-after-finished-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._jobs = context.cache(JOBS)
        self._jobs.add_handler(self._on_job)

    def _on_job(self, old: Raw | None, new: Raw | None) -> None:
        if new is not None and "ttlSecondsAfterFinished" in new["spec"] and rules.is_finished(new):
            self.queue.add(key_of(new))

    def sync(self, key: Hashable) -> None:
        """Delete one job when its time has come."""
        assert isinstance(key, tuple)
        job = self._jobs.get(*key)
        if job is None or is_deleting(job) or "ttlSecondsAfterFinished" not in job["spec"]:
            return
        ended = max(
            (
                seconds(each.get("lastTransitionTime"))
                for each in status_of(job).get("conditions") or ()
                if each["type"] in ("Complete", "Failed")
            ),
            default=None,
        )
        if ended is None:
            return
        left = ended + job["spec"]["ttlSecondsAfterFinished"] - self.clock.now()
        if left > 0:
            self.queue.add_after(key, left)
            return
        namespace, name = key
        ignore_not_found(lambda: self.api.delete(JOBS, name, namespace, propagation="Foreground", uid=uid_of(job)))
