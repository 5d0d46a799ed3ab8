"""What pods ask for and quotas count."""

from collections.abc import Mapping
from typing import Any

from cloudwright.tools.kubernetes.values import bytes_text, cores_text, quantity


def number(written: Any) -> float:
    """A quantity in its base unit (cores, bytes, pieces); 0 for what is none."""
    return quantity(str(written)) or 0.0


def text(name: str, amount: float) -> str:
    """An amount of a resource as people write it: millicores, bytes with a suffix, else a number."""
    if "cpu" in name:
        return cores_text(amount)
    return bytes_text(amount) if any(part in name for part in ("memory", "storage")) else f"{amount:g}"


def pod_requests(spec: Mapping[str, Any]) -> dict[str, float]:
    """What one pod of this spec counts for: its requests and limits, summed over containers, and one pod."""
    total: dict[str, float] = {"pods": 1}
    for container in spec.get("containers") or []:
        resources = container.get("resources") or {}
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        for name, amount in {**limits, **requests}.items():
            total[name] = total.get(name, 0) + number(amount)
        for name, amount in limits.items():
            total[f"limits.{name}"] = total.get(f"limits.{name}", 0) + number(amount)
    return total


def usage_added(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, float]:
    """What a quota counts more after a change of one object than before."""
    old, new = _usage(before), _usage(after)
    return {name: new.get(name, 0) - old.get(name, 0) for name in old.keys() | new.keys()}


def _usage(obj: Mapping[str, Any]) -> dict[str, float]:
    kind = obj.get("kind")
    if not obj:
        return {}
    if kind == "Pod":
        return pod_requests(obj.get("spec") or {})
    spec = obj.get("spec") or {}
    if kind == "Scale":
        return {"pods": spec.get("replicas") or 0}
    if kind in ("Deployment", "StatefulSet", "ReplicaSet", "Job"):
        replicas = spec.get("parallelism", 1) if kind == "Job" else spec.get("replicas", 1)
        template = (spec.get("template") or {}).get("spec") or {}
        return {name: value * (replicas or 0) for name, value in pod_requests(template).items()}
    return {_COUNTED[kind]: 1} if kind in _COUNTED else {}


_COUNTED: Mapping[Any, str] = {
    "Service": "services",
    "ConfigMap": "configmaps",
    "Secret": "secrets",
    "PersistentVolumeClaim": "persistentvolumeclaims",
}
