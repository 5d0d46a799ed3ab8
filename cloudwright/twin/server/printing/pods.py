"""The row of a pod."""

from collections.abc import Mapping
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.clock import parse_timestamp
from cloudwright.twin.server.printing.words import NONE, since

Status = Mapping[str, Any]


def _restartable(spec: Obj) -> set[str]:
    return {each["name"] for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"}


def _finished(status: Status) -> str:
    terminated = (status.get("lastState") or {}).get("terminated") or {}
    return str(terminated.get("finishedAt") or "")


def _condition(pod: Obj, kind: str) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each["type"] == kind and each["status"] == "True" for each in conditions)


def _exit(terminated: Status) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


class _Counts:
    def __init__(self) -> None:
        self.ready = self.restarts = 0
        self.last = ""

    def add(self, status: Status) -> None:
        """Count a container's restarts."""
        self.restarts += status.get("restartCount", 0)
        self.last = max(self.last, _finished(status))


def _init_reason(pod: Obj, counts: _Counts, sidecars: _Counts) -> str:
    """What holds up initialisation, or ""."""
    restartable = _restartable(pod["spec"])
    total = len(pod["spec"].get("initContainers") or ())
    for index, status in enumerate((pod.get("status") or {}).get("initContainerStatuses") or ()):
        counts.add(status)
        state, sidecar = status.get("state") or {}, status["name"] in restartable
        if sidecar:
            sidecars.add(status)
        terminated, waiting = state.get("terminated"), state.get("waiting") or {}
        if terminated is not None and not terminated.get("exitCode"):
            continue
        if sidecar and status.get("started"):
            counts.ready += bool(status.get("ready"))
            continue
        if terminated is not None:
            return "Init:" + _exit(terminated)
        if waiting.get("reason") and waiting["reason"] != "PodInitializing":
            return f"Init:{waiting['reason']}"
        return f"Init:{index}/{total}"
    return ""


def _container_reason(pod: Obj, reason: str, counts: _Counts) -> str:
    running = False
    for status in reversed((pod.get("status") or {}).get("containerStatuses") or []):
        counts.add(status)
        state = status.get("state") or {}
        waiting, terminated = state.get("waiting") or {}, state.get("terminated")
        if waiting.get("reason"):
            reason = waiting["reason"]
        elif terminated is not None:
            reason = _exit(terminated)
        elif status.get("ready") and state.get("running") is not None:
            running = True
            counts.ready += 1
    if reason == "Completed" and running:
        return "Running" if _condition(pod, "Ready") else "NotReady"
    return reason


def _reason(pod: Obj) -> tuple[str, _Counts]:
    status = pod.get("status") or {}
    phase = status.get("phase", "")
    reason = status.get("reason") or phase
    if any(
        each["type"] == "PodScheduled" and each.get("reason") == "SchedulingGated"
        for each in status.get("conditions") or ()
    ):
        reason = "SchedulingGated"
    counts, sidecars = _Counts(), _Counts()
    blocked = _init_reason(pod, counts, sidecars)
    reason = blocked or reason
    if not blocked or _condition(pod, "Initialized"):
        counts.restarts, counts.last = sidecars.restarts, sidecars.last
        reason = _container_reason(pod, reason, counts)
    if pod["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif phase not in ("Succeeded", "Failed"):
            reason = "Terminating"
    return reason, counts


def row(pod: Obj, now: float) -> list[Any]:
    """All cells of a pod."""
    spec, status = pod["spec"], pod.get("status") or {}
    reason, counts = _reason(pod)
    total = len(spec.get("containers") or ()) + len(_restartable(spec))
    restarts = str(counts.restarts)
    if counts.restarts and counts.last and parse_timestamp(counts.last):
        restarts = f"{counts.restarts} ({since(counts.last, now)} ago)"
    addresses = status.get("podIPs") or []
    gates = spec.get("readinessGates") or []
    passed = sum(_condition(pod, gate["conditionType"]) for gate in gates)
    return [
        pod["metadata"]["name"],
        f"{counts.ready}/{total}",
        reason,
        restarts,
        since(pod["metadata"].get("creationTimestamp"), now),
        addresses[0].get("ip", NONE) if addresses else NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        f"{passed}/{len(gates)}" if gates else NONE,
    ]
