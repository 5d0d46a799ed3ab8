"""Rows of workloads and what scales or guards them."""

from collections.abc import Mapping
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.clock import parse_timestamp
from cloudwright.twin.server.printing.cells import Row, age_of, containers_of, name_of, spec_of, status_of
from cloudwright.twin.server.printing.words import (
    NONE,
    UNKNOWN,
    UNSET,
    boolean,
    human_duration,
    labels_text,
    listed,
    selector_text,
    since,
)


def _deployment(obj: Obj, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}"
    counts = [status.get("updatedReplicas", 0), status.get("availableReplicas", 0)]
    return [
        name_of(obj),
        ready,
        *counts,
        age_of(obj, now),
        *containers_of(spec["template"]),
        selector_text(spec["selector"]),
    ]


def _replica_set(obj: Obj, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    counts = [spec.get("replicas", 1), status.get("replicas", 0), status.get("readyReplicas", 0)]
    selector = spec.get("selector")
    shown = labels_text(selector) if obj["kind"] == "ReplicationController" else selector_text(selector)
    return [name_of(obj), *counts, age_of(obj, now), *containers_of(spec.get("template") or {}), shown]


def _stateful_set(obj: Obj, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}"
    return [name_of(obj), ready, age_of(obj, now), *containers_of(spec["template"])]


def _daemon_set(obj: Obj, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    names = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    template = spec["template"]
    node = labels_text((template.get("spec") or {}).get("nodeSelector"))
    counts = [status.get(name, 0) for name in names]
    return [name_of(obj), *counts, node, age_of(obj, now), *containers_of(template), selector_text(spec["selector"])]


def _job(obj: Obj, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    done, parallel = status.get("succeeded", 0), spec.get("parallelism", 0)
    if "completions" in spec:
        completions = f"{done}/{spec['completions']}"
    else:
        completions = f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"
    duration = ""
    if status.get("startTime"):
        end = parse_timestamp(status["completionTime"]) if status.get("completionTime") else now
        duration = human_duration(end - parse_timestamp(status["startTime"]))
    row = [name_of(obj), _job_state(obj), completions, duration, age_of(obj, now)]
    return [*row, *containers_of(spec["template"]), selector_text(spec.get("selector"))]


def _job_state(obj: Obj) -> str:
    true = {each["type"] for each in status_of(obj).get("conditions") or () if each["status"] == "True"}
    for name in ("Complete", "Failed"):
        if name in true:
            return name
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return next((name for name in ("Suspended", "FailureTarget", "SuccessCriteriaMet") if name in true), "Running")


def _cron_job(obj: Obj, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    last = since(status["lastScheduleTime"], now) if status.get("lastScheduleTime") else NONE
    job = spec["jobTemplate"].get("spec") or {}
    row = [name_of(obj), spec["schedule"], spec.get("timeZone", NONE), boolean(spec.get("suspend"))]
    row += [len(status.get("active") or ()), last, age_of(obj, now)]
    return [*row, *containers_of(job.get("template") or {}), selector_text(job.get("selector"))]


def _metric(spec: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    kind = spec["type"]
    part = kind[0].lower() + kind[1:]
    target, current = spec[part]["target"], (status.get(part) or {}).get("current") or {}
    head = f"{spec[part]['name']}: " if kind in ("Resource", "ContainerResource") else ""
    if target.get("averageValue") is not None:
        tail = " (avg)" if kind in ("External", "Object") else ""
        return f"{head}{current.get('averageValue', UNKNOWN)}/{target['averageValue']}{tail}"
    if not head:
        return f"{current.get('value', UNKNOWN)}/{target.get('value', '0')}"
    used, wanted = current.get("averageUtilization"), target.get("averageUtilization")
    return f"{head}{UNKNOWN if used is None else f'{used}%'}/{'<auto>' if wanted is None else f'{wanted}%'}"


def _autoscaler(obj: Obj, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    target = spec["scaleTargetRef"]
    current = status.get("currentMetrics") or []
    metrics = [
        _metric(each, current[i] if i < len(current) else {}) for i, each in enumerate(spec.get("metrics") or ())
    ]
    shown = listed(metrics, 2, len(metrics), ", ") if metrics else NONE
    row = [name_of(obj), f"{target['kind']}/{target['name']}", shown, str(spec.get("minReplicas", UNSET))]
    return [*row, spec["maxReplicas"], status.get("currentReplicas", 0), age_of(obj, now)]


def _budget(obj: Obj, now: float) -> list[Any]:
    spec = spec_of(obj)
    bounds = [str(spec.get(name, "N/A")) for name in ("minAvailable", "maxUnavailable")]
    return [name_of(obj), *bounds, status_of(obj).get("disruptionsAllowed", 0), age_of(obj, now)]


def _revision(obj: Obj, now: float) -> list[Any]:
    owner = next((each for each in obj["metadata"].get("ownerReferences") or () if each.get("controller")), None)
    shown = NONE
    if owner:
        group = owner["apiVersion"].rpartition("/")[0]
        shown = f"{owner['kind'].lower()}{'.' + group if group else ''}/{owner['name']}"
    return [name_of(obj), shown, obj.get("revision", 0), age_of(obj, now)]


def _pod_template(obj: Obj, now: float) -> list[Any]:
    template = obj.get("template") or {}
    return [name_of(obj), *containers_of(template), labels_text((template.get("metadata") or {}).get("labels"))]


WORKLOADS: Mapping[tuple[str, str], Row] = {
    ("", "replicationcontrollers"): _replica_set,
    ("", "podtemplates"): _pod_template,
    ("apps", "deployments"): _deployment,
    ("apps", "replicasets"): _replica_set,
    ("apps", "statefulsets"): _stateful_set,
    ("apps", "daemonsets"): _daemon_set,
    ("apps", "controllerrevisions"): _revision,
    ("batch", "jobs"): _job,
    ("batch", "cronjobs"): _cron_job,
    ("autoscaling", "horizontalpodautoscalers"): _autoscaler,
    ("policy", "poddisruptionbudgets"): _budget,
}
