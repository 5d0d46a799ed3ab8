"""Workloads: deployments, sets, jobs, autoscalers, budgets."""

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from cloudwright.twin.api import Obj
from cloudwright.twin.server.errors import forbidden_field, invalid, not_supported, required
from cloudwright.twin.server.selectors import match_selector
from cloudwright.twin.server.validation.basic import (
    IMMUTABLE,
    NOT_NEGATIVE,
    Errors,
    at_most_hundred,
    int_or_percent,
    not_negative,
    one_of,
    selector,
    valid_operators,
)
from cloudwright.twin.server.validation.pods import template

_MISMATCH = "`selector` does not match template `labels`"
_STATEFUL = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_STATEFUL_FREE = {
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
}


def _spec(obj: Obj) -> Mapping[str, Any]:
    found: Mapping[str, Any] = obj.get("spec") or {}
    return found


def _selected(spec: Mapping[str, Any], word: str, *, restart: bool = True) -> Errors:
    """Selector and template, which must fit."""
    wanted = spec.get("selector")
    if wanted is None:
        yield required("spec.selector")
    else:
        yield from selector(wanted, "spec.selector")
        if not wanted.get("matchLabels") and not wanted.get("matchExpressions"):
            yield invalid("spec.selector", wanted, f"empty selector is invalid for {word}")
    given = spec.get("template") or {}
    labels = (given.get("metadata") or {}).get("labels")
    if wanted is not None and not valid_operators(wanted):
        yield invalid("spec.selector", wanted, "invalid label selector")
    elif (wanted is None or wanted.get("matchLabels") or wanted.get("matchExpressions")) and not (
        wanted and match_selector(wanted, labels or {})
    ):
        yield invalid("spec.template.metadata.labels", labels, _MISMATCH)
    yield from template(given, "spec.template")
    policy = (given.get("spec") or {}).get("restartPolicy")
    if restart and policy != "Always":
        yield not_supported("spec.template.spec.restartPolicy", policy, ("Always",))
    if (given.get("spec") or {}).get("activeDeadlineSeconds") is not None:
        yield forbidden_field(
            "spec.template.spec.activeDeadlineSeconds",
            f"activeDeadlineSeconds in {word.title().replace(' ', '')} is not Supported",
        )


def deployment(obj: Obj) -> Errors:
    """A deployment."""
    spec = _spec(obj)
    yield from not_negative(spec, "spec", "replicas")
    yield from _selected(spec, "deployment")
    yield from _strategy(spec.get("strategy") or {}, "spec.strategy")
    yield from not_negative(spec, "spec", "minReadySeconds", "revisionHistoryLimit")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None:
        yield from not_negative(spec, "spec", "progressDeadlineSeconds")
        if deadline <= spec.get("minReadySeconds", 0):
            yield invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def _strategy(strategy: Mapping[str, Any], path: str) -> Errors:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is not None:
            yield forbidden_field(f"{path}.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")
        return
    if kind != "RollingUpdate":
        yield not_supported(path, {"Type": kind, "RollingUpdate": None}, ("Recreate", "RollingUpdate"))
        return
    if rolling is None:
        yield required(f"{path}.rollingUpdate", "this should be defaulted and never be nil")
        return
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    where = f"{path}.rollingUpdate"
    yield from int_or_percent(unavailable, f"{where}.maxUnavailable")
    yield from int_or_percent(surge, f"{where}.maxSurge")
    if _zero(unavailable) and _zero(surge):
        yield invalid(f"{where}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0")
    yield from at_most_hundred(unavailable, f"{where}.maxUnavailable")


def _zero(value: Any) -> bool:
    return value in (0, "0%")


def replica_set(obj: Obj) -> Errors:
    """A replica set."""
    spec = _spec(obj)
    yield from not_negative(spec, "spec", "replicas", "minReadySeconds")
    yield from _selected(spec, "replicaset")


def replication_controller(obj: Obj) -> Errors:
    """A replication controller."""
    spec = _spec(obj)
    yield from not_negative(spec, "spec", "replicas", "minReadySeconds")
    wanted, given = spec.get("selector") or {}, spec.get("template") or {}
    if not wanted:
        yield required("spec.selector")
    labels = (given.get("metadata") or {}).get("labels") or {}
    if not given:
        yield required("spec.template")
        return
    if any(labels.get(key) != value for key, value in wanted.items()):
        yield invalid("spec.template.metadata.labels", labels, _MISMATCH)
    yield from template(given, "spec.template")
    policy = (given.get("spec") or {}).get("restartPolicy")
    if policy != "Always":
        yield not_supported("spec.template.spec.restartPolicy", policy, ("Always",))


def stateful_set(obj: Obj) -> Errors:
    """A stateful set."""
    spec = _spec(obj)
    management = spec.get("podManagementPolicy")
    if management not in ("OrderedReady", "Parallel"):
        yield invalid("spec.podManagementPolicy", management, "must be 'OrderedReady' or 'Parallel'")
    yield from _stateful_strategy(spec.get("updateStrategy") or {}, "spec.updateStrategy")
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for name in ("whenDeleted", "whenScaled"):
        where = f"spec.persistentVolumeClaimRetentionPolicy.{name}"
        yield from one_of(retention.get(name, "Retain"), ("Retain", "Delete"), where)
    yield from not_negative(spec, "spec", "replicas", "minReadySeconds")
    yield from _selected(_with_claims(spec), "statefulset")


def _with_claims(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """The spec as its pods will have it: the claim templates are volumes that containers may mount."""
    claims = [(each.get("metadata") or {}).get("name", "") for each in spec.get("volumeClaimTemplates") or ()]
    given = spec.get("template") or {}
    inner = given.get("spec") or {}
    own = [volume for volume in inner.get("volumes") or () if volume.get("name") not in claims]
    volumes = [*own, *({"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims)]
    return {**spec, "template": {**given, "spec": {**inner, "volumes": volumes}}} if claims else spec


def _stateful_strategy(strategy: Mapping[str, Any], path: str) -> Errors:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind not in ("RollingUpdate", "OnDelete"):
        yield invalid(path, {"Type": kind, "RollingUpdate": None}, "must be 'RollingUpdate' or 'OnDelete'")
    elif kind == "OnDelete" and rolling is not None:
        shown = {"Partition": rolling.get("partition", 0), "MaxUnavailable": rolling.get("maxUnavailable")}
        yield invalid(f"{path}.rollingUpdate", shown, "only allowed for updateStrategy 'RollingUpdate'")
    elif rolling is not None:
        yield from not_negative(rolling, f"{path}.rollingUpdate", "partition")


def stateful_set_update(obj: Obj, old: Obj) -> Errors:
    """What of a stateful set may change."""
    now, before = dict(_spec(obj)), dict(_spec(old))
    if {k: v for k, v in now.items() if k not in _STATEFUL_FREE} != {
        k: v for k, v in before.items() if k not in _STATEFUL_FREE
    }:
        yield forbidden_field("spec", _STATEFUL)


def daemon_set(obj: Obj) -> Errors:
    """A daemon set."""
    spec = _spec(obj)
    yield from _selected(spec, "daemonset")
    strategy = spec.get("updateStrategy") or {}
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate") or {}
    if kind == "RollingUpdate":
        yield from _daemon_rolling(rolling, "spec.updateStrategy.rollingUpdate")
    elif kind != "OnDelete":
        yield not_supported("spec.updateStrategy", {"Type": kind, "RollingUpdate": None}, ("RollingUpdate", "OnDelete"))
    yield from not_negative(spec, "spec", "minReadySeconds", "revisionHistoryLimit")


def _daemon_rolling(rolling: Mapping[str, Any], path: str) -> Errors:
    unavailable, surge = rolling.get("maxUnavailable", 1), rolling.get("maxSurge", 0)
    yield from int_or_percent(unavailable, f"{path}.maxUnavailable")
    yield from int_or_percent(surge, f"{path}.maxSurge")
    if not _zero(unavailable) and not _zero(surge):
        yield invalid(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero")
    elif _zero(unavailable) and _zero(surge):
        yield required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")


def selector_stays(obj: Obj, old: Obj) -> Errors:
    """A selector never changes."""
    if _spec(obj).get("selector") != _spec(old).get("selector"):
        yield invalid("spec.selector", _spec(obj).get("selector"), IMMUTABLE)


def controller_revision(obj: Obj) -> Errors:
    """A controller revision."""
    if obj.get("revision", 0) < 0:
        yield invalid("revision", obj["revision"], NOT_NEGATIVE)
    if obj.get("data") is None:
        yield required("data", "data is mandatory")


def controller_revision_update(obj: Obj, old: Obj) -> Errors:
    """A revision's data never changes."""
    if obj.get("data") != old.get("data"):
        yield invalid("data", obj.get("data"), IMMUTABLE)


def job(obj: Obj) -> Errors:
    """A job."""
    yield from job_spec(_spec(obj), "spec")
    spec = _spec(obj)
    uid = obj["metadata"].get("uid")
    wanted = spec.get("selector") or {}
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if not spec.get("manualSelector"):
        own = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
        if wanted != own:
            yield invalid("spec.selector", wanted, "`selector` not auto-generated")
    if not match_selector(wanted, labels):
        yield invalid("spec.template.metadata.labels", labels, _MISMATCH)


def job_spec(spec: Mapping[str, Any], path: str) -> Errors:
    """A job's spec, also inside a cron job."""
    fields = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")
    yield from not_negative(spec, path, *fields)
    mode = spec.get("completionMode")
    if mode is not None:
        if mode not in ("NonIndexed", "Indexed"):
            yield not_supported(f"{path}.completionMode", mode, ("NonIndexed", "Indexed"))
        if mode == "Indexed" and "completions" not in spec:
            yield required(f"{path}.completions", "when completion mode is Indexed")
    yield from template(spec.get("template") or {}, f"{path}.template")
    policy = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy")
    where = f"{path}.template.spec.restartPolicy"
    if policy in (None, "", "Always"):
        yield required(where, 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        yield not_supported(where, policy, ("OnFailure", "Never"))


def job_update(obj: Obj, old: Obj) -> Errors:
    """What of a job never changes."""
    now, before = _spec(obj), _spec(old)
    if now.get("completions") != before.get("completions") and now.get("completionMode") != "Indexed":
        yield invalid("spec.completions", now.get("completions"), IMMUTABLE)
    if now.get("selector") != before.get("selector"):
        yield invalid("spec.selector", now.get("selector"), IMMUTABLE)
    suspended = before.get("suspend") and not (old.get("status") or {}).get("startTime")
    if now.get("template") != before.get("template") and not suspended:
        yield invalid("spec.template", now.get("template"), IMMUTABLE)
    if now.get("completionMode") != before.get("completionMode"):
        yield invalid("spec.completionMode", now.get("completionMode"), IMMUTABLE)


def cron_job(obj: Obj) -> Errors:
    """A cron job."""
    spec = _spec(obj)
    if len(obj["metadata"].get("name", "")) > 52:
        yield invalid("metadata.name", obj["metadata"]["name"], "must be no more than 52 characters")
    yield from _schedule(spec.get("schedule", ""))
    yield from not_negative(spec, "spec", "startingDeadlineSeconds")
    yield from one_of(spec.get("concurrencyPolicy"), ("Allow", "Forbid", "Replace"), "spec.concurrencyPolicy")
    zone = spec.get("timeZone")
    if zone is not None and not _known_zone(zone):
        yield invalid("spec.timeZone", zone, f"unknown time zone {zone}")
    yield from job_spec((spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec")
    yield from not_negative(spec, "spec", "successfulJobsHistoryLimit", "failedJobsHistoryLimit")


def _known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return False
    return True


_MACROS = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


def _schedule(text: str) -> Errors:
    where = "spec.schedule"
    if not text:
        yield required(where)
        return
    if "TZ" in text:
        yield invalid(where, text, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")
        return
    if text.startswith("@"):
        if text not in _MACROS and not re.fullmatch(r"@every \d+(\.\d+)?(ns|us|ms|s|m|h)(\d+(\.\d+)?(s|m))*", text):
            yield invalid(where, text, f"unrecognized descriptor: {text}")
        return
    parts = text.split()
    if len(parts) != 5:
        yield invalid(where, text, f"expected exactly 5 fields, found {len(parts)}: [{' '.join(parts)}]")
        return
    for part, (low, high) in zip(parts, _RANGES, strict=True):
        problem = _cron_field(part, low, high)
        if problem:
            yield invalid(where, text, problem)
            return


def _cron_field(part: str, low: int, high: int) -> str:
    for piece in part.split(","):
        match = re.fullmatch(r"(\*|\?|([\w]+)(?:-([\w]+))?)(?:/(\d+))?", piece)
        if not match:
            return f'failed to parse int from {piece}: strconv.Atoi: parsing "{piece}": invalid syntax'
        for text in match.group(2, 3):
            if text is None or text.isalpha():
                continue
            if not text.isdigit():
                return f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax'
            if int(text) < low:
                return f"beginning of range ({text}) below minimum ({low}): {piece}"
            if int(text) > high:
                return f"end of range ({text}) above maximum ({high}): {piece}"
    return ""
