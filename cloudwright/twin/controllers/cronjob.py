"""CronJobs: jobs by the clock."""

from collections.abc import Hashable
from datetime import UTC, datetime
from typing import Any

from cloudwright.twin.api import CRON_JOBS, JOBS, Api, ApiStatusError
from cloudwright.twin.controllers.base import Context, Controller, ignore_not_found
from cloudwright.twin.controllers.cron import Schedule, parse_schedule
from cloudwright.twin.controllers.informer import both, changed
from cloudwright.twin.controllers.job_rules import is_finished
from cloudwright.twin.events import reference_to
from cloudwright.twin.objects import (
    Raw,
    controller_of,
    controller_reference,
    created_at,
    is_deleting,
    key_of,
    name_of,
    namespace_of,
    seconds,
    status_of,
    uid_of,
)
from cloudwright.twin.store import clone

_SLACK = 0.1
_MANY_MISSED = 100
_LOOK_BACK = 7 * 86_400.0


class CronJobController(Controller):
    """Creates a job at each scheduled time, subject to concurrency policy, deadline and history limits."""

    name = "cronjob-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._cron_jobs, self._jobs = context.cache(CRON_JOBS), context.cache(JOBS)
        self._cron_jobs.add_handler(self._on_cron_job)
        self._jobs.add_handler(self._on_job)

    def _on_cron_job(self, old: Raw | None, new: Raw | None) -> None:
        if new is not None and changed(old, new, "spec", "status"):
            self.queue.add(key_of(new))

    def _on_job(self, old: Raw | None, new: Raw | None) -> None:
        for job in both(old, new):
            owner = controller_of(job)
            if owner is not None and owner["kind"] == "CronJob":
                self.queue.add((namespace_of(job), owner["name"]))

    def sync(self, key: Hashable) -> None:
        """Start the job that is due, keep the list of active ones, come back at the next time."""
        assert isinstance(key, tuple)
        cached = self._cron_jobs.get(*key)
        if cached is None:
            return
        cron_job = clone(cached)
        jobs = [job for job in self._jobs.controlled_by(uid_of(cron_job))]
        self._clean_history(cron_job, jobs)
        before = clone(status_of(cron_job))
        status = cron_job.setdefault("status", {})
        self._refresh_active(cron_job, status, jobs)
        later = None if is_deleting(cron_job) else self._start_due(cron_job, status)
        if not status.get("active"):
            status.pop("active", None)
        if status != before:
            self.api.update(CRON_JOBS, cron_job, subresource="status")
        if later is not None:
            self.queue.add_after(key, later)

    def _refresh_active(self, cron_job: Raw, status: dict[str, Any], jobs: list[Raw]) -> None:
        active: list[dict[str, Any]] = list(status.get("active") or [])
        about = self._about(cron_job)
        for job in jobs:
            listed = any(each["uid"] == uid_of(job) for each in active)
            if not listed and not is_finished(job):
                message = f"Saw a job that the controller did not create or forgot: {name_of(job)}"
                self.events.warning(about, "UnexpectedJob", message)
            elif listed and is_finished(job):
                active = [each for each in active if each["uid"] != uid_of(job)]
                message = f"Saw completed job: {name_of(job)}, condition: {_end(job)}"
                self.events.normal(about, "SawCompletedJob", message)
            ended = status_of(job).get("completionTime")
            if ended and _end(job) == "Complete" and seconds(ended) > seconds(status.get("lastSuccessfulTime")):
                status["lastSuccessfulTime"] = ended
        present = {uid_of(job) for job in jobs}
        for each in active:
            if each["uid"] not in present:
                self.events.normal(about, "MissingJob", f"Active job went missing: {each['name']}")
        status["active"] = [each for each in active if each["uid"] in present]

    def _start_due(self, cron_job: Raw, status: dict[str, Any]) -> float | None:
        """Start what is due; returns the seconds until the next time."""
        spec = cron_job["spec"]
        try:
            schedule = parse_schedule(spec["schedule"], spec.get("timeZone"))
        except ValueError as error:
            message = f'unparseable schedule: "{spec["schedule"]}" : {error}'
            self.events.warning(self._about(cron_job), "UnparseableSchedule", message)
            return None
        if spec.get("suspend"):
            return None
        now = self.clock.now()
        following = schedule.next(now)
        wait = following - now + _SLACK if following is not None else None
        due = self._due(cron_job, schedule, now)
        if due is None:
            return wait
        name = f"{name_of(cron_job)}-{int(due) // 60}"
        deadline = spec.get("startingDeadlineSeconds")
        if deadline is not None and due + deadline < now:
            stamp = datetime.fromtimestamp(due, UTC).strftime("%a, %d %b %Y %H:%M:%S %z")
            self.events.warning(self._about(cron_job), "MissSchedule", f"Missed scheduled time to start a job: {stamp}")
            return wait
        started = any(each["name"] == name for each in status["active"])
        if started or seconds(status.get("lastScheduleTime")) == due:
            return wait
        if self._may_start(cron_job, status):
            self._create(cron_job, status, name, due)
        return wait

    def _due(self, cron_job: Raw, schedule: Schedule, now: float) -> float | None:
        """The latest time that has passed and was not acted on."""
        earliest = seconds(status_of(cron_job).get("lastScheduleTime")) or created_at(cron_job)
        deadline = cron_job["spec"].get("startingDeadlineSeconds")
        if deadline is not None:
            earliest = max(earliest, now - deadline)
        latest, missed = None, 0
        moment = schedule.next(earliest)
        while moment is not None and moment <= now:
            latest, missed = moment, missed + 1
            moment = schedule.next(moment)
            if missed > 10_000:
                break
        if missed > _MANY_MISSED:
            message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
            self.events.warning(self._about(cron_job), "TooManyMissedTimes", message)
        return latest

    def _may_start(self, cron_job: Raw, status: dict[str, Any]) -> bool:
        policy = cron_job["spec"].get("concurrencyPolicy", "Allow")
        if not status["active"]:
            return True
        if policy == "Forbid":
            message = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self.events.normal(self._about(cron_job), "JobAlreadyActive", message)
            return False
        if policy == "Replace":
            for each in list(status["active"]):
                self._delete_job(cron_job, each["name"])
            status["active"] = []
        return True

    def _create(self, cron_job: Raw, status: dict[str, Any], name: str, due: float) -> None:
        template = cron_job["spec"]["jobTemplate"]
        metadata = template.get("metadata") or {}
        zone = parse_schedule(cron_job["spec"]["schedule"], cron_job["spec"].get("timeZone")).zone
        stamp = datetime.fromtimestamp(due, zone or UTC).isoformat().replace("+00:00", "Z")
        body = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {
                "name": name,
                "namespace": namespace_of(cron_job),
                "labels": dict(metadata.get("labels") or {}),
                "annotations": {
                    **(metadata.get("annotations") or {}),
                    "batch.kubernetes.io/cronjob-scheduled-timestamp": stamp,
                },
                "ownerReferences": [controller_reference(cron_job, "batch/v1", "CronJob")],
            },
            "spec": clone(template["spec"]),
        }
        try:
            job = self.api.create(JOBS, body, namespace_of(cron_job))
        except ApiStatusError as error:
            if error.reason != "AlreadyExists":
                message = f"Error creating job: {error.message}"
                self.events.warning(self._about(cron_job), "FailedCreate", message)
            raise
        self.events.normal(self._about(cron_job), "SuccessfulCreate", f"Created job {name}")
        reference = {"kind": "Job", "namespace": namespace_of(job), "name": name, "uid": uid_of(job)}
        reference |= {"apiVersion": "batch/v1", "resourceVersion": job["metadata"]["resourceVersion"]}
        status["active"] = [*status["active"], reference]
        status["lastScheduleTime"] = datetime.fromtimestamp(due, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _clean_history(self, cron_job: Raw, jobs: list[Raw]) -> None:
        for end, field, default in (
            ("Complete", "successfulJobsHistoryLimit", 3),
            ("Failed", "failedJobsHistoryLimit", 1),
        ):
            limit = cron_job["spec"].get(field, default)
            ended = [job for job in jobs if is_finished(job) and _end(job) == end and not is_deleting(job)]
            ended.sort(key=lambda job: (seconds(status_of(job).get("startTime")), name_of(job)))
            for job in ended[: max(0, len(ended) - limit)]:
                self._delete_job(cron_job, name_of(job))

    def _delete_job(self, cron_job: Raw, name: str) -> None:
        namespace = namespace_of(cron_job)
        if ignore_not_found(lambda: self.api.delete(JOBS, name, namespace)):
            self.events.normal(self._about(cron_job), "SuccessfulDelete", f"Deleted job {name}")

    def _about(self, cron_job: Raw) -> dict[str, Any]:
        return reference_to(cron_job, api_version="batch/v1", kind="CronJob")


def note_skipped_runs(api: Api, now: float) -> None:
    """Make CronJobs look as if they had run at every time up to now, after time was skipped."""
    for cron_job in api.cached(CRON_JOBS):
        schedule = parse_schedule(cron_job["spec"]["schedule"], cron_job["spec"].get("timeZone"))
        moment, last = schedule.next(max(created_at(cron_job), now - _LOOK_BACK)), None
        while moment is not None and moment <= now:
            moment, last = schedule.next(moment), moment
        if last is None or cron_job["spec"].get("suspend"):
            continue
        stamp = datetime.fromtimestamp(last, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        status = {**status_of(cron_job), "lastScheduleTime": stamp, "lastSuccessfulTime": stamp}
        api.update(CRON_JOBS, {**cron_job, "status": status}, subresource="status")


def _end(job: Raw) -> str:
    for each in status_of(job).get("conditions") or ():
        if each["type"] in ("Complete", "Failed") and each["status"] == "True":
            return str(each["type"])
    return ""
