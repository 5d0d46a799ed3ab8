"""Jobs that fail or do not end, CronJobs that do not start."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cloudwright.core.finding import Finding, Operator
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import finding, patch_at
from cloudwright.diagnosis.checks.workloads import INTENT
from cloudwright.diagnosis.dependencies import workload_errors
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.pods import containers, phase
from cloudwright.diagnosis.view import ClusterView, spec_path

_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_NAMES = re.compile(r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)\b", re.I)
_MACROS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})


def failed_jobs(view: ClusterView) -> Iterator[Finding]:
    """Jobs that failed or are suspended; those of CronJobs count for their CronJob."""
    for item in view.of("Job"):
        above = view.owner(item)
        state = f.condition(item, "Failed")
        if f.get(item, "spec", "suspend") is True and above is None:
            yield finding(view, "job-suspended", item, f"Job {f.name(item)} is suspended", field="spec.suspend")
        if above is not None or f.text(state, "status") != "True":
            continue
        yield _failed(view, item, item, state or {})


def _failed(view: ClusterView, job: Object, target: Object, state: Object) -> Finding:
    deadline = f.text(state, "reason") == "DeadlineExceeded"
    errors = workload_errors(view, view.top(job))
    says = f": {errors[-1].quote[:160]}" if errors else f": {f.text(state, 'message')[:160]}"
    pods = [pod for pod in view.pods_of(job) if phase(pod) == "Failed"]
    code = next(
        (
            f.integer(item.terminated, "exitCode")
            for pod in pods
            for item in containers(pod)
            if f.integer(item.terminated, "exitCode")
        ),
        0,
    )
    field = "activeDeadlineSeconds" if deadline else "template.spec.containers"
    return finding(
        view, "job-deadline" if deadline else "job-failed", target, f"Job {f.name(job)} failed ({f.text(state, 'reason')}{f', exit code {code}' if code else ''}){says}",
        field=f"{spec_path(target).rpartition('.template')[0]}.{field}" if target.get("kind") == "CronJob" else f"spec.{field}",
        cites=[view.cite(job, "status.conditions[Failed]", f.text(state, "message")), *([view.quote(errors[-1].quote, "log", f.uid(job))] if errors else [])],
        affected=pods[:5],
    )  # fmt: skip


def cron_jobs(view: ClusterView) -> Iterator[Finding]:
    """Schedules, suspensions, missed and failing runs, runs that pile up."""
    for item in view.of("CronJob"):
        schedule, zone = f.text(item, "spec", "schedule"), f.text(item, "spec", "timeZone")
        if problem := schedule_problem(schedule) or _zone_problem(zone):
            yield finding(view, "cron-schedule-invalid", item, f"CronJob {f.name(item)} cannot be scheduled: {problem}", field="spec.timeZone" if not schedule_problem(schedule) else "spec.schedule",
                          facts=[(item, "spec.schedule", Operator.EQUALS, schedule)])  # fmt: skip
            continue
        if f.get(item, "spec", "suspend") is True:
            yield finding(view, "cron-suspended", item, f"CronJob {f.name(item)} is suspended" + ("; this looks intended" if _meant(item) else ""), field="spec.suspend",
                          facts=[(item, "spec.suspend", Operator.EQUALS, True)], remedies=[patch_at(item, "Resume it", ("spec", "suspend"), False)])  # fmt: skip
            continue
        yield from _runs(view, item, schedule)


def _meant(item: Object) -> bool:
    return any(INTENT.search(f"{key}={value}") for key, value in f.labels(item, "metadata", "annotations").items())


def _zone_problem(zone: str) -> str:
    if not zone:
        return ""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"the time zone {zone} is unknown"
    return ""


def schedule_problem(schedule: str) -> str:
    """Why a cron schedule cannot be parsed; "" if it can."""
    if schedule in _MACROS or re.fullmatch(r"@every \S+", schedule):
        return ""
    parts = schedule.removeprefix("TZ=").split()
    if len(parts) != 5:
        return f"`{schedule}` has {len(parts)} fields, not 5"
    for part, (low, high) in zip(parts, _FIELDS, strict=True):
        for piece in part.split(","):
            body, _, step = piece.partition("/")
            if step and not step.isdigit():
                return f"`{piece}` has no valid step"
            if body in ("*", "?") or _NAMES.fullmatch(body) or re.fullmatch(r"[a-z]{3}-[a-z]{3}", body, re.I):
                continue
            numbers = body.split("-")
            if len(numbers) > 2 or not all(number.isdigit() for number in numbers):
                return f"`{piece}` is no number or range"
            if any(not low <= int(number) <= high for number in numbers) or (
                len(numbers) == 2 and int(numbers[0]) > int(numbers[1])
            ):
                return f"`{piece}` is out of the range {low}-{high}"
    return ""


def _runs(view: ClusterView, item: Object, schedule: str) -> Iterator[Finding]:
    jobs = sorted(view.children(item, "Job"), key=lambda job: f.text(job, "metadata", "creationTimestamp"))
    active = [
        job
        for job in jobs
        if not f.condition_is(job, "Complete", "True")
        and not f.condition_is(job, "Failed", "True")
        and f.get(job, "spec", "suspend") is not True
    ]
    if len(active) >= 3:
        yield finding(view, "cron-piling-up", item, f"{len(active)} Jobs of CronJob {f.name(item)} run at the same time: they do not end before the next one starts",
                      field="spec.concurrencyPolicy", affected=active,
                      remedies=[patch_at(item, "Forbid concurrent runs", ("spec", "concurrencyPolicy"), "Forbid")])  # fmt: skip
    ended = [job for job in jobs if job not in active]
    if ended and f.condition_is(ended[-1], "Failed", "True"):
        yield _failed(view, ended[-1], item, f.condition(ended[-1], "Failed") or {}).model_copy(
            update={"kind": "cron-last-failed"}
        )
    period = _period(schedule)
    if f.text(item, "spec", "concurrencyPolicy") == "Forbid" and active and period is not None:
        oldest = min(active, key=lambda job: f.text(job, "metadata", "creationTimestamp"))
        if view.older(oldest, 3 * period + timedelta(minutes=2)):
            yield finding(
                view, "cron-blocked", item, f"Job {f.name(oldest)} of CronJob {f.name(item)} has run for {_ago(view.age(oldest))}, and no other may start beside it",
                field="spec.jobTemplate.spec.activeDeadlineSeconds", affected=[oldest, *view.pods_of(oldest)],
                facts=[(item, "spec.concurrencyPolicy", Operator.EQUALS, "Forbid")],
            )  # fmt: skip
    missed = view.events_of(item, "FailedNeedsStart", "MissSchedule")
    last = f.when(item, "status", "lastScheduleTime") or f.when(item, "metadata", "creationTimestamp")
    late = view.since(last) if last else None
    blocked = f.text(item, "spec", "concurrencyPolicy") == "Forbid" and bool(active)
    if missed or (
        period is not None
        and late is not None
        and late > 3 * period + timedelta(minutes=2)
        and not blocked
        and view.older(item, 3 * period)
    ):
        yield finding(view, "cron-missed", item, f"CronJob {f.name(item)} has missed runs" + (f": {missed[-1].message[:160]}" if missed else f": the last one was {_ago(late)} ago"),
                      field="spec.startingDeadlineSeconds" if "startingDeadlineSeconds" in f.mapping(item, "spec") else "status.lastScheduleTime")  # fmt: skip
    if f.integer(item, "spec", "startingDeadlineSeconds") < 0:
        yield finding(
            view,
            "cron-schedule-invalid",
            item,
            f"CronJob {f.name(item)} has a negative starting deadline",
            field="spec.startingDeadlineSeconds",
        )


def _ago(late: timedelta | None) -> str:
    return f"{int(late.total_seconds() // 60)} min" if late else "long"


def _period(schedule: str) -> timedelta | None:
    """The usual distance of two runs, for the simple schedules; None for others."""
    parts = schedule.split()
    if schedule == "@hourly":
        return timedelta(hours=1)
    if len(parts) != 5 or parts[2:] != ["*", "*", "*"]:
        return None
    if parts[1] == "*":
        match = re.fullmatch(r"\*(?:/(\d+))?", parts[0])
        return timedelta(minutes=int(match[1] or 1)) if match else timedelta(hours=1) if parts[0].isdigit() else None
    return None


def endless_sidecars(view: ClusterView) -> Iterator[Finding]:
    """Job Pods whose main container has ended and whose other container runs on."""
    seen: set[int] = set()
    for job in view.of("Job"):
        top = view.top(job)
        pod = next((one for one in view.pods_of(job) if phase(one) == "Running"), None)
        if pod is None or id(top) in seen:
            continue
        items = [item for item in containers(pod) if not item.init]
        done = [item for item in items if f.get(item.status, "state", "terminated") is not None]
        running = [item for item in items if item.running]
        since = max(
            (stamp for item in done if (stamp := f.when(item.status, "state", "terminated", "finishedAt"))),
            default=None,
        )
        if (
            done
            and running
            and all(f.integer(item.terminated, "exitCode") == 0 for item in done)
            and _waited(view, since)
        ):
            seen.add(id(top))
            yield finding(
                view, "job-sidecar-endless", top, f"Container {running[0].name} runs on although {done[0].name} has ended, so the Job never completes",
                field=f"{spec_path(top)}.containers[{running[0].name}]", affected=[pod],
            )  # fmt: skip


def _waited(view: ClusterView, since: datetime | None) -> bool:
    waited = view.since(since)
    return waited is None or waited > timedelta(seconds=30)
