"""Pods on their way in: first state, quality of service, and what an update may not touch."""

from collections.abc import Iterator, Mapping
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.server import quantity


def containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All containers and init containers of a pod spec."""
    yield from spec.get("containers") or ()
    yield from spec.get("initContainers") or ()


def qos_class(spec: Mapping[str, Any]) -> str:
    """Guaranteed, Burstable or BestEffort, by cpu and memory of all containers."""
    guaranteed, anything = True, False
    for container in containers(spec):
        resources = container.get("resources") or {}
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        for name in ("cpu", "memory"):
            limit, request = limits.get(name), requests.get(name, limits.get(name))
            anything = anything or any(each and quantity.parse(each) for each in (limit, request))
            if not limit or quantity.parse(limit) != quantity.parse(request or "0"):
                guaranteed = False
    if not anything:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def prepare_pod(obj: Obj) -> None:
    """The status of a new pod, in place."""
    status: Obj = {"phase": "Pending", "qosClass": qos_class(obj["spec"])}
    if obj["spec"].get("schedulingGates"):
        message = "Scheduling is blocked due to non-empty scheduling gates"
        condition = {"type": "PodScheduled", "status": "False", "lastProbeTime": None}
        condition["lastTransitionTime"] = obj["metadata"].get("creationTimestamp")
        status["conditions"] = [{**condition, "reason": "SchedulingGated", "message": message}]
    obj["status"] = status


def update_pod(obj: Obj, old: Obj) -> None:
    """Nothing of a pod changes by itself on update."""
