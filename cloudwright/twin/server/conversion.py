"""Between the version that is stored and the other versions in which an object is served."""

import json
from collections.abc import Callable

from cloudwright.twin.api import Obj
from cloudwright.twin.schema.kinds import ResourceInfo

_HPA_METRICS = "autoscaling.alpha.kubernetes.io/metrics"
_HPA_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
_HPA_CURRENT = "autoscaling.alpha.kubernetes.io/current-metrics"
_HPA_BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior"
_EVENT_FIELDS = {
    "regarding": "involvedObject",
    "note": "message",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
    "reportingController": "reportingComponent",
}


def _event_in(obj: Obj) -> Obj:
    result = {_EVENT_FIELDS.get(name, name): value for name, value in obj.items()}
    result.setdefault("source", {})
    for name in ("firstTimestamp", "lastTimestamp"):
        result.setdefault(name, None)
    return {**result, "apiVersion": "v1"}


def _event_out(obj: Obj) -> Obj:
    names = {core: new for new, core in _EVENT_FIELDS.items()}
    result = {names.get(name, name): value for name, value in obj.items()}
    if not result.get("reportingController"):
        result.pop("reportingController", None)
    if not result.get("reportingInstance"):
        result.pop("reportingInstance", None)
    return {**result, "apiVersion": "events.k8s.io/v1"}


def _hpa_v1_in(obj: Obj) -> Obj:
    spec = dict(obj.get("spec") or {})
    target = spec.pop("targetCPUUtilizationPercentage", None)
    annotations = dict(obj["metadata"].get("annotations") or {})
    metrics = json.loads(annotations.pop(_HPA_METRICS, "[]"))
    if target is not None:
        resource = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": target}}
        metrics = [{"type": "Resource", "resource": resource}, *metrics]
    if metrics:
        spec["metrics"] = metrics
    behavior = annotations.pop(_HPA_BEHAVIOR, None)
    if behavior:
        spec["behavior"] = json.loads(behavior)
    metadata = {**obj["metadata"], "annotations": annotations}
    if not annotations:
        del metadata["annotations"]
    status = {name: v for name, v in (obj.get("status") or {}).items() if name != "currentCPUUtilizationPercentage"}
    return {**obj, "apiVersion": "autoscaling/v2", "metadata": metadata, "spec": spec, "status": status}


def _is_cpu(metric: Obj, part: str) -> bool:
    resource = metric.get("resource") or {}
    value = (resource.get(part) or {}).get("averageUtilization")
    return metric.get("type") == "Resource" and resource.get("name") == "cpu" and value is not None


def _hpa_v1_out(obj: Obj) -> Obj:
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    annotations = dict(obj["metadata"].get("annotations") or {})
    metrics = spec.pop("metrics", [])
    cpu = next((metric for metric in metrics if _is_cpu(metric, "target")), None)
    if cpu:
        spec["targetCPUUtilizationPercentage"] = cpu["resource"]["target"]["averageUtilization"]
    others = [metric for metric in metrics if metric is not cpu]
    behavior = spec.pop("behavior", None)
    current = status.pop("currentMetrics", None) or []
    seen = next((metric for metric in current if _is_cpu(metric, "current")), None)
    if seen:
        status["currentCPUUtilizationPercentage"] = seen["resource"]["current"]["averageUtilization"]
    extra = {
        _HPA_METRICS: others,
        _HPA_BEHAVIOR: behavior,
        _HPA_CURRENT: current,
        _HPA_CONDITIONS: status.pop("conditions", None),
    }
    annotations |= {name: json.dumps(value, separators=(",", ":")) for name, value in extra.items() if value}
    status.setdefault("currentReplicas", 0)
    metadata = {**obj["metadata"], **({"annotations": annotations} if annotations else {})}
    return {**obj, "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status}


_Convert = Callable[[Obj], Obj]
_CONVERSIONS: dict[tuple[str, str, str], tuple[_Convert, _Convert]] = {
    ("events.k8s.io", "v1", "events"): (_event_in, _event_out),
    ("autoscaling", "v1", "horizontalpodautoscalers"): (_hpa_v1_in, _hpa_v1_out),
}


def to_storage(info: ResourceInfo, obj: Obj) -> Obj:
    """The object as it is stored."""
    pair = _CONVERSIONS.get((info.resource.group, info.resource.version, info.resource.plural))
    return pair[0](obj) if pair else obj


def from_storage(info: ResourceInfo, obj: Obj) -> Obj:
    """The object in a served version (shares parts with the stored one)."""
    pair = _CONVERSIONS.get((info.resource.group, info.resource.version, info.resource.plural))
    if pair:
        return pair[1](obj)
    if info.custom and obj.get("apiVersion") != info.resource.api_version:
        return {**obj, "apiVersion": info.resource.api_version}
    return obj
