"""When a job needs pods, when it has failed, when it is complete."""

from collections.abc import Mapping, Sequence
from typing import Any

from cloudwright.twin.objects import (
    Raw,
    annotations_of,
    created_at,
    is_active,
    is_deleting,
    name_of,
    namespace_of,
    pod_phase,
    seconds,
    status_of,
)

FINALIZER = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
_FIRST_BACKOFF, _LONGEST_BACKOFF = 10.0, 600.0

Outcome = Mapping[str, str]
"""A condition to be: type (SuccessCriteriaMet or FailureTarget), reason, message."""


def is_finished(job: Raw) -> bool:
    """Whether the job is Complete or Failed."""
    conditions = status_of(job).get("conditions") or ()
    return any(each["type"] in ("Complete", "Failed") and each["status"] == "True" for each in conditions)


def has_finalizer(pod: Raw) -> bool:
    """Whether the pod has not been counted yet."""
    return FINALIZER in (pod["metadata"].get("finalizers") or ())


def backoff_seconds(failures: int) -> float:
    """The wait after so many failures in a row."""
    return float(min(_FIRST_BACKOFF * 2.0 ** (failures - 1), _LONGEST_BACKOFF))


def finished_at(pod: Raw) -> float:
    """When the last container of a pod ended (else when it stopped being ready, was deleted or was made)."""
    statuses = status_of(pod).get("containerStatuses") or ()
    ends = [((each.get("state") or {}).get("terminated") or {}).get("finishedAt") for each in statuses]
    if ends and all(ends):
        return max(seconds(each) for each in ends)
    for condition in status_of(pod).get("conditions") or ():
        if condition["type"] == "Ready" and condition["status"] == "False" and condition.get("lastTransitionTime"):
            return seconds(condition["lastTransitionTime"])
    return seconds(pod["metadata"].get("deletionTimestamp")) or created_at(pod)


class JobState:
    """A job with its pods at one moment."""

    def __init__(self, job: Raw, pods: Sequence[Raw], now: float) -> None:
        self.job, self.pods, self.now = job, pods, now
        spec = job["spec"]
        self.indexed = spec.get("completionMode") == "Indexed"
        self.per_index = "backoffLimitPerIndex" in spec
        self.suspended = bool(spec.get("suspend"))
        self.active = [pod for pod in pods if is_active(pod)]
        self.terminating = sum(is_deleting(pod) and pod_phase(pod) in ("Pending", "Running") for pod in pods)
        fresh = [pod for pod in pods if has_finalizer(pod)]
        self.new_succeeded = [pod for pod in fresh if pod_phase(pod) == "Succeeded"]
        self.new_failed = [pod for pod in fresh if self._has_failed(pod)]
        old = status_of(job)
        self.failed = old.get("failed", 0) + len(self.counted_failures())
        self.succeeded_indexes = parse_indexes(old.get("completedIndexes", "")) | self._indexes(self.new_succeeded)
        self.failed_indexes = parse_indexes(old.get("failedIndexes", "")) | self._exhausted_indexes()
        if self.indexed:
            self.succeeded = len(self.succeeded_indexes)
        else:
            self.succeeded = old.get("succeeded", 0) + len(self.new_succeeded)

    def counted_failures(self) -> list[Raw]:
        """Newly failed pods that the failure policy does not ignore."""
        return [pod for pod in self.new_failed if policy_action(self.job, pod)[0] != "Ignore"]

    def wanted_active(self) -> int:
        """How many pods should be active now."""
        parallelism: int = self.job["spec"].get("parallelism", 1)
        completions = self.job["spec"].get("completions")
        if completions is None:
            return len(self.active) if self.succeeded > 0 else parallelism
        return int(max(0, min(parallelism, completions - self.succeeded)))

    def pending_indexes(self, count: int) -> list[int | None]:
        """The lowest indexes that no pod works on."""
        taken = self.succeeded_indexes | self.failed_indexes | self._indexes(self.active)
        free = [each for each in range(self.job["spec"]["completions"]) if each not in taken]
        return list(free[:count])

    def index_status(self) -> dict[str, Any]:
        """`completedIndexes` and `failedIndexes`."""
        found: dict[str, Any] = {}
        if self.succeeded_indexes:
            found["completedIndexes"] = format_indexes(self.succeeded_indexes)
        if self.per_index:
            found["failedIndexes"] = format_indexes(self.failed_indexes)
        return found

    def completion(self, active: int) -> Outcome | None:
        """The outcome of a job that has enough successes and no active pod."""
        completions = self.job["spec"].get("completions")
        enough = self.succeeded > 0 if completions is None else self.succeeded >= completions
        if not enough or active:
            return None
        return _outcome("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods")

    def index_failures(self, index: str) -> int:
        """How often an index has failed so far."""
        failures = [pod for pod in self.pods if self._has_failed(pod) and annotations_of(pod).get(INDEX) == index]
        return len(failures)

    def _has_failed(self, pod: Raw) -> bool:
        if pod_phase(pod) == "Failed":
            return True
        if self.job["spec"].get("podReplacementPolicy") == "Failed" or "podFailurePolicy" in self.job["spec"]:
            return False
        return is_deleting(pod) and pod_phase(pod) != "Succeeded"

    def _indexes(self, pods: Sequence[Raw]) -> set[int]:
        found = (annotations_of(pod).get(INDEX, "") for pod in pods)
        return {int(each) for each in found if each.isdigit()}

    def _exhausted_indexes(self) -> set[int]:
        if not self.per_index:
            return set()
        limit = self.job["spec"]["backoffLimitPerIndex"]
        return {
            each
            for each in self._indexes(self.new_failed)
            if self.index_failures(str(each)) > limit or self._fails_index(each)
        }

    def _fails_index(self, index: int) -> bool:
        pods = [pod for pod in self.new_failed if annotations_of(pod).get(INDEX) == str(index)]
        return any(policy_action(self.job, pod)[0] == "FailIndex" for pod in pods)


def verdict(state: JobState) -> Outcome | None:
    """The outcome that stops a job now: a failure, or a success that was already recorded; None while it goes on."""
    recorded = _recorded(state)
    if recorded is not None:
        return recorded
    job = state.job
    for pod in state.new_failed:
        action, message = policy_action(job, pod)
        if action == "FailJob":
            return _outcome("FailureTarget", "PodFailurePolicy", message)
    limit = job["spec"].get("backoffLimit", 6)
    if state.failed > limit or _restarts_exceed(job, state.pods, limit):
        return _outcome("FailureTarget", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    left = deadline_in(state)
    if left is not None and left <= 0:
        return _outcome("FailureTarget", "DeadlineExceeded", "Job was active longer than specified deadline")
    return _index_verdict(state) or _success_policy(state)


def _recorded(state: JobState) -> Outcome | None:
    for each in status_of(state.job).get("conditions") or ():
        if each["type"] in ("SuccessCriteriaMet", "FailureTarget") and each["status"] == "True":
            return _outcome(each["type"], each.get("reason", ""), each.get("message", ""))
    return None


def _index_verdict(state: JobState) -> Outcome | None:
    spec = state.job["spec"]
    if not state.per_index:
        return None
    bad = len(state.failed_indexes)
    if "maxFailedIndexes" in spec and bad > spec["maxFailedIndexes"]:
        words = "Job has exceeded the specified maximal number of failed indexes"
        return _outcome("FailureTarget", "MaxFailedIndexesExceeded", words)
    if bad and bad + len(state.succeeded_indexes) >= spec["completions"]:
        return _outcome("FailureTarget", "FailedIndexes", "Job has failed indexes")
    return None


def _success_policy(state: JobState) -> Outcome | None:
    rules = (state.job["spec"].get("successPolicy") or {}).get("rules") or ()
    for number, rule in enumerate(rules):
        wanted = rule.get("succeededIndexes")
        done = state.succeeded_indexes & parse_indexes(wanted) if wanted is not None else state.succeeded_indexes
        needed = rule.get("succeededCount", len(parse_indexes(wanted or "")))
        if len(done) >= needed:
            return _outcome("SuccessCriteriaMet", "SuccessPolicy", f"Matched rules at index {number}")
    return None


def deadline_in(state: JobState) -> float | None:
    """Seconds until `activeDeadlineSeconds` is over, None when there is none or the job is suspended."""
    limit = state.job["spec"].get("activeDeadlineSeconds")
    if limit is None or state.suspended:
        return None
    started = status_of(state.job).get("startTime")
    return float(limit) if started is None else seconds(started) + limit - state.now


def _restarts_exceed(job: Raw, pods: Sequence[Raw], limit: int) -> bool:
    if job["spec"]["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    total = 0
    for pod in pods:
        if pod_phase(pod) in ("Running", "Pending"):
            for part in ("initContainerStatuses", "containerStatuses"):
                total += sum(each.get("restartCount", 0) for each in status_of(pod).get(part) or ())
    return total > 0 if limit == 0 else total >= limit


def policy_action(job: Raw, pod: Raw) -> tuple[str, str]:
    """(action, message) of the first rule of `podFailurePolicy` that a failed pod meets; ("Count", "") otherwise."""
    for number, rule in enumerate((job["spec"].get("podFailurePolicy") or {}).get("rules") or ()):
        action = rule["action"]
        if "onExitCodes" in rule:
            hit = _matching_exit(rule["onExitCodes"], pod)
            if hit is not None:
                container, code = hit
                where = f"pod {namespace_of(pod)}/{name_of(pod)} failed with exit code {code}"
                return action, f"Container {container} for {where} matching {action} rule at index {number}"
        elif _has_condition(rule.get("onPodConditions") or (), pod):
            kinds = {each["type"] for each in status_of(pod).get("conditions") or ()}
            kind = next(each["type"] for each in rule["onPodConditions"] if each["type"] in kinds)
            where = f"Pod {namespace_of(pod)}/{name_of(pod)} has condition {kind}"
            return action, f"{where} matching {action} rule at index {number}"
    return "Count", ""


def _matching_exit(wanted: Raw, pod: Raw) -> tuple[str, int] | None:
    statuses = [
        *(status_of(pod).get("containerStatuses") or ()),
        *(status_of(pod).get("initContainerStatuses") or ()),
    ]
    for each in statuses:
        if wanted.get("containerName") not in (None, each["name"]):
            continue
        code = ((each.get("state") or {}).get("terminated") or {}).get("exitCode", 0)
        if code and (code in wanted["values"]) == (wanted["operator"] == "In"):
            return each["name"], code
    return None


def _has_condition(patterns: Sequence[Raw], pod: Raw) -> bool:
    present = {(each["type"], each["status"]) for each in status_of(pod).get("conditions") or ()}
    return any((each["type"], each.get("status", "True")) in present for each in patterns)


def conclude(conditions: list[dict[str, Any]], outcome: Outcome | None, now: str, *, done: bool) -> Outcome | None:
    """Add the conditions of an outcome; returns the terminal one when it was reached (`done`: no pod terminates)."""
    if outcome is None:
        return None
    if not any(each["type"] == outcome["type"] for each in conditions):
        conditions.append(_condition(outcome, now))
    if not done:
        return None
    kind = "Complete" if outcome["type"] == "SuccessCriteriaMet" else "Failed"
    final = {**outcome, "type": kind}
    conditions.append(_condition(final, now))
    return final


def note_suspension(conditions: list[dict[str, Any]], now: str, *, suspended: bool) -> bool:
    """Keep the Suspended condition; True when it changed in a way worth an event."""
    present = next((each for each in conditions if each["type"] == "Suspended"), None)
    if present is None and not suspended:
        return False
    if present is not None and (present["status"] == "True") == suspended:
        return False
    reason, message = ("JobSuspended", "Job suspended") if suspended else ("JobResumed", "Job resumed")
    new = _condition({"type": "Suspended", "reason": reason, "message": message}, now)
    new["status"] = "True" if suspended else "False"
    if present is None:
        conditions.append(new)
    else:
        conditions[conditions.index(present)] = new
    return True


def _condition(outcome: Outcome, now: str) -> dict[str, Any]:
    return {**outcome, "status": "True", "lastProbeTime": now, "lastTransitionTime": now}


def _outcome(kind: str, reason: str, message: str) -> Outcome:
    return {"type": kind, "reason": reason, "message": message}


def parse_indexes(text: str) -> set[int]:
    """Indexes written as "1,3-5"."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def format_indexes(indexes: set[int]) -> str:
    """Indexes as "1,3-5"; runs of two are listed."""
    parts: list[str] = []
    run: list[int] = []
    for each in [*sorted(indexes), None]:
        if run and (each is None or each != run[-1] + 1):
            parts.append(str(run[0]) if len(run) == 1 else f"{run[0]}{',' if len(run) == 2 else '-'}{run[-1]}")
            run = []
        if each is not None:
            run.append(each)
    return ",".join(parts)


def add_index(pod: dict[str, Any], job: Raw, index: int, state: JobState) -> None:
    """Make a pod the worker of one index of an indexed job."""
    metadata, spec = pod["metadata"], pod["spec"]
    metadata["annotations"] = {**(metadata.get("annotations") or {}), INDEX: str(index)}
    metadata["labels"] = {**(metadata.get("labels") or {}), INDEX: str(index)}
    metadata["generateName"] = f"{name_of(job)}-{index}-"
    spec["hostname"] = f"{name_of(job)}-{index}"
    if state.per_index:
        metadata["annotations"]["batch.kubernetes.io/job-index-failure-count"] = str(state.index_failures(str(index)))
    path = f"metadata.labels['{INDEX}']"
    variable = {"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": {"fieldPath": path}}}
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        if not any(each["name"] == "JOB_COMPLETION_INDEX" for each in container.get("env") or ()):
            container["env"] = [*(container.get("env") or ()), variable]
