"""Eviction by the kubelet: local storage limits, and the node's memory and disk."""

from collections.abc import Iterable, Mapping
from typing import Any

from cloudwright.twin.apps.machine import Machine, Sandbox
from cloudwright.twin.apps.quantity import parse_quantity
from cloudwright.twin.node.nodes import Heartbeats
from cloudwright.twin.node.worker import PodWorker

PERIOD = 10.0


def storage_verdict(sandbox: Sandbox) -> str:
    """Why a pod's local storage use has it evicted, or ""."""
    for volume in sandbox.pod["spec"].get("volumes") or ():
        source = volume.get("emptyDir")
        mounted = sandbox.volumes.get(volume["name"])
        if source and source.get("sizeLimit") and mounted and mounted.used() > parse_quantity(source["sizeLimit"]):
            return f'Usage of EmptyDir volume "{volume["name"]}" exceeds the limit "{source["sizeLimit"]}". '
    total, total_limit, limited = 0.0, 0.0, True
    for container in sandbox.pod["spec"].get("containers") or ():
        process = sandbox.processes.get(container["name"])
        used = float(process.files.layer.used() if process else 0)
        limit = ((container.get("resources") or {}).get("limits") or {}).get("ephemeral-storage")
        if limit and used > parse_quantity(limit):
            return f'Container {container["name"]} exceeded its local ephemeral storage limit "{limit}". '
        limited = limited and limit is not None
        total += used
        total_limit += parse_quantity(limit) if limit else 0.0
    total += sum(volume.used() for volume in sandbox.volumes.values() if volume.kind == "emptyDir")
    if limited and total_limit and total > total_limit:
        return f"Pod ephemeral local storage usage exceeds the total limit of containers {_binary(total_limit)}. "
    return ""


def _binary(value: float) -> str:
    for unit, scale in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if value >= scale and value % scale == 0:
            return f"{int(value // scale)}{unit}"
    return f"{int(value / 1024)}Ki"


def memory_used(machine: Machine, sandboxes: Iterable[Sandbox]) -> float:
    """Working sets on a machine with the system's own."""
    return machine.system_memory + sum(
        process.memory for sandbox in sandboxes for process in sandbox.processes.values() if process.running
    )


def disk_used(machine: Machine, sandboxes: Iterable[Sandbox]) -> float:
    """Node file system use: the system, image layers, container layers and emptyDirs."""
    used = machine.system_disk + sum(machine.images.values())
    for sandbox in sandboxes:
        used += sum(process.files.layer.used() for process in sandbox.processes.values())
        used += sum(volume.used() for volume in sandbox.volumes.values() if volume.kind == "emptyDir")
    return used


class Evictor:
    """Looks at every node each ten seconds."""

    def __init__(self, heartbeats: Heartbeats, workers: Mapping[str, PodWorker]) -> None:
        self._heartbeats = heartbeats
        self._workers = workers

    def check(self, machine: Machine) -> None:
        """Evict what exceeds its limits, then at most one pod for the node's sake."""
        mine = [
            w for w in self._workers.values() if w.sandbox.machine is machine and not w.finished and w.verdict is None
        ]
        for worker in mine:
            if message := storage_verdict(worker.sandbox):
                worker.fail("Evicted", message)
        sandboxes = [worker.sandbox for worker in mine]
        self._memory(machine, mine, sandboxes)
        self._disk(machine, mine, sandboxes)

    def _memory(self, machine: Machine, workers: list[PodWorker], sandboxes: list[Sandbox]) -> None:
        available = machine.memory - memory_used(machine, sandboxes)
        low = available < machine.memory_threshold
        self._heartbeats.set_pressure(machine, "MemoryPressure", low)
        if low and (victim := _victim(workers, _memory_rank)):
            text = (
                f"The node was low on resource: memory. Threshold quantity: {_binary(machine.memory_threshold)}, "
                f"available: {int(max(available, 0) / 1024)}Ki. " + _using(victim)
            )
            victim.fail("Evicted", text)

    def _disk(self, machine: Machine, workers: list[PodWorker], sandboxes: list[Sandbox]) -> None:
        available = machine.disk - disk_used(machine, sandboxes)
        low = available < machine.disk * machine.disk_threshold
        self._heartbeats.set_pressure(machine, "DiskPressure", low)
        if low and (victim := _victim(workers, _disk_rank)):
            text = (
                f"The node was low on resource: ephemeral-storage. Threshold quantity: "
                f"{int(machine.disk * machine.disk_threshold)}, available: {int(max(available, 0) / 1024)}Ki. "
            )
            victim.fail("Evicted", text)


def _using(worker: PodWorker) -> str:
    text = ""
    for container in worker.pod["spec"].get("containers") or ():
        process = worker.sandbox.processes.get(container["name"])
        request = ((container.get("resources") or {}).get("requests") or {}).get("memory", 0)
        if process is not None and process.memory > parse_quantity(request):
            text += (
                f"Container {container['name']} was using {int(process.memory / 1024)}Ki, request is {request}, "
                "has larger consumption of memory. "
            )
    return text


def _victim(workers: list[PodWorker], rank: Any) -> PodWorker | None:
    candidates = [
        w
        for w in workers
        if w.pod["spec"].get("priorityClassName") not in ("system-node-critical", "system-cluster-critical")
    ]
    return max(candidates, key=rank, default=None)


def _memory_rank(worker: PodWorker) -> tuple[bool, int, float]:
    used = sum(process.memory for process in worker.sandbox.processes.values())
    asked = sum(process.limits.memory_request for process in worker.sandbox.processes.values())
    return used > asked, -int(worker.pod["spec"].get("priority") or 0), used - asked


def _disk_rank(worker: PodWorker) -> float:
    sandbox = worker.sandbox
    return sum(p.files.layer.used() for p in sandbox.processes.values()) + sum(
        volume.used() for volume in sandbox.volumes.values() if volume.kind == "emptyDir"
    )
