"""A pod's status as the kubelet writes it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cloudwright.twin.node.records import ContainerRecord, Ended, Kind, Phase

_TYPES = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


def stamp(moment: float) -> str:
    """A moment as `metav1.Time`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _terminated(ended: Ended) -> dict[str, Any]:
    state: dict[str, Any] = {
        "exitCode": ended.exit_code,
        "reason": ended.reason,
        "message": ended.message,
        "startedAt": stamp(ended.started_at) if ended.reason != "StartError" else "1970-01-01T00:00:00Z",
        "finishedAt": stamp(ended.finished_at),
        "containerID": ended.container_id,
    }
    if not ended.message:
        del state["message"]
    return {"terminated": state}


def _state(record: ContainerRecord) -> dict[str, Any]:
    if record.running and record.process is not None:
        return {"running": {"startedAt": stamp(record.process.started_at)}}
    if record.phase is Phase.TERMINATED and record.ended is not None:
        return _terminated(record.ended)
    waiting = {"reason": record.reason}
    if record.message:
        waiting["message"] = record.message
    return {"waiting": waiting}


def container_status(record: ContainerRecord, uid: str) -> dict[str, Any]:
    """One entry of containerStatuses or initContainerStatuses."""
    ran = record.instance > 0
    status: dict[str, Any] = {
        "name": record.name,
        "image": record.image.name if ran and record.image else record.spec.get("image", ""),
        "imageID": record.image.digest if ran and record.image else "",
        "lastState": _terminated(record.last) if record.last is not None else {},
        "ready": record.ready,
        "restartCount": record.restarts,
        "started": record.started,
        "state": _state(record),
    }
    if ran:
        status["containerID"] = record.container_id(uid)
        resources = record.spec.get("resources") or {}
        status["resources"] = resources
        if resources.get("requests"):
            status["allocatedResources"] = resources["requests"]
    if mounts := record.spec.get("volumeMounts"):
        status["volumeMounts"] = [_mount(entry) for entry in mounts]
    return status


def _mount(entry: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"name": entry["name"], "mountPath": entry["mountPath"]}
    return {**shown, "readOnly": True, "recursiveReadOnly": "Disabled"} if entry.get("readOnly") else shown


def pod_phase(records: Sequence[ContainerRecord], policy: str) -> str:
    """Pending, Running, Succeeded or Failed by the rules of the kubelet."""
    init = [record for record in records if record.kind is Kind.INIT]
    if any(record.done(policy) and record.ended and record.ended.exit_code != 0 for record in init):
        return "Failed"
    if any(not _initialized(record) for record in records if record.kind is not Kind.MAIN):
        return "Pending"
    main = [record for record in records if record.kind is Kind.MAIN]
    if all(record.phase is Phase.TERMINATED and record.done(policy) for record in main):
        failed = any(record.ended is not None and record.ended.exit_code != 0 for record in main)
        return "Failed" if failed else "Succeeded"
    started = [record for record in main if record.running or record.ended is not None or record.last is not None]
    return "Running" if len(started) == len(main) else "Pending"


def _initialized(record: ContainerRecord) -> bool:
    if record.kind is Kind.SIDECAR:
        return record.started or record.phase in (Phase.TERMINATED, Phase.STOPPING)
    return record.phase is Phase.TERMINATED and record.ended is not None and record.ended.exit_code == 0


def _condition(kind: str, status: bool, reason: str = "", message: str = "") -> dict[str, Any]:
    entry: dict[str, Any] = {"type": kind, "status": "True" if status else "False", "lastProbeTime": None}
    if reason:
        entry["reason"] = reason
    if message:
        entry["message"] = message
    return entry


def _names(records: Iterable[ContainerRecord]) -> str:
    return " ".join(record.name for record in records)


def conditions(
    pod: Mapping[str, Any], records: Sequence[ContainerRecord], phase: str, *, networked: bool
) -> list[dict[str, Any]]:
    """The five conditions that the kubelet owns or passes on, without times."""
    waiting = [record for record in records if record.kind is not Kind.MAIN and not _initialized(record)]
    unready = [record for record in records if record.kind is not Kind.INIT and not record.ready]
    initialized = _condition("Initialized", True, "PodCompleted" if phase == "Succeeded" else "")
    if waiting and phase != "Succeeded":
        text = f"containers with incomplete status: [{_names(waiting)}]"
        initialized = _condition("Initialized", False, "ContainersNotInitialized", text)
    containers = _condition("ContainersReady", True)
    if phase in ("Succeeded", "Failed"):
        containers = _condition("ContainersReady", False, "PodCompleted" if phase == "Succeeded" else "PodFailed")
    elif unready or waiting:
        text = f"containers with unready status: [{_names(unready)}]"
        containers = _condition("ContainersReady", False, "ContainersNotReady", text)
    ready = {**containers, "type": "Ready"}
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or ()]
    present = {each["type"]: each["status"] for each in (pod.get("status") or {}).get("conditions") or ()}
    if ready["status"] == "True" and (missing := [gate for gate in gates if present.get(gate) != "True"]):
        text = " ".join(f'corresponding condition of pod readiness gate "{gate}" does not exist.' for gate in missing)
        ready = _condition("Ready", False, "ReadinessGatesNotReady", text)
    return [
        _condition("PodReadyToStartContainers", networked),
        initialized,
        ready,
        containers,
        _condition("PodScheduled", True),
    ]


def with_times(
    fresh: Iterable[dict[str, Any]], present: Iterable[Mapping[str, Any]], now: str, generation: int | None
) -> list[dict[str, Any]]:
    """Conditions with transition times kept where the status did not change; foreign conditions stay."""
    before = {each["type"]: each for each in present}
    result = []
    for entry in fresh:
        old = before.get(entry["type"])
        same = old is not None and old["status"] == entry["status"]
        times = {"lastTransitionTime": old["lastTransitionTime"] if same and old is not None else now}
        result.append({**entry, **times, **({"observedGeneration": generation} if generation else {})})
    return result + [dict(each) for kind, each in before.items() if kind not in _TYPES]
