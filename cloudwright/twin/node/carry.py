"""Snapshots of what runs: containers are carried by value and taken up again without a restart."""

import copy
from dataclasses import dataclass
from typing import Any

from cloudwright.twin.apps.files import FileView, Mount, Volume
from cloudwright.twin.apps.machine import Edge, Fleet, Machine
from cloudwright.twin.apps.model import AppModel, Listen
from cloudwright.twin.apps.process import Limits, LogBuffer, Process, Traffic
from cloudwright.twin.apps.registry import Image
from cloudwright.twin.apps.stores import StoreState
from cloudwright.twin.network.plane import External, Plane
from cloudwright.twin.node.agent import NodeAgent
from cloudwright.twin.node.records import ContainerRecord, Phase
from cloudwright.twin.node.worker import PodWorker, Verdict
from cloudwright.twin.telemetry.series import SeriesStore

_RECORD_FIELDS = (
    "reason", "message", "image", "ended", "last", "restarts", "instance", "backoff", "backoff_until", "pull_backoff",
    "pull_until", "pull_error", "started", "ready", "last_warned", "probe_serial",
)  # fmt: skip


@dataclass
class ProcessState:
    """A running process without its program."""

    image: Image
    argv: tuple[str, ...]
    env: dict[str, str]
    layer: Volume
    mounts: tuple[tuple[str, str, str, bool], ...]
    user: int
    groups: tuple[int, ...]
    limits: Limits
    started_at: float
    base: AppModel | None
    serving: bool
    listening: dict[int, Listen]
    store: StoreState | None
    term_exit: int | None
    grown: float
    usage: tuple[float, float, float, float, float]
    traffic: Traffic
    counters: dict[tuple[str, ...], float]
    log: LogBuffer


@dataclass
class RecordState:
    """A container record; `process` only while it runs."""

    name: str
    phase: Phase
    fields: dict[str, Any]
    process: ProcessState | None
    previous_log: LogBuffer | None


@dataclass
class PodState:
    """One pod worker."""

    uid: str
    ip: str
    host_network: bool
    networked: bool
    started_at: float | None
    finished: bool
    verdict: Verdict | None
    volumes: dict[str, Volume]
    records: list[RecordState]


@dataclass
class EstateState:
    """Everything that is not in the API."""

    machines: dict[str, Machine]
    claims: dict[str, Volume]
    edges: list[Edge]
    externals: dict[str, External]
    pods: list[PodState]
    series: SeriesStore
    pressures: dict[str, dict[str, bool]]


def carry(agent: NodeAgent, fleet: Fleet, plane: Plane, series: SeriesStore) -> EstateState:
    """The state of an estate by value (shared volumes stay shared among themselves)."""
    state = EstateState(
        fleet.machines,
        fleet.claims,
        fleet.edges,
        plane.externals,
        [_pod(worker) for worker in agent.workers.values()],
        series,
        agent.heartbeats.pressures,
    )
    return copy.deepcopy(state)


def _pod(worker: PodWorker) -> PodState:
    sandbox = worker.sandbox
    return PodState(
        sandbox.uid,
        sandbox.ip,
        sandbox.host_network,
        worker.networked,
        worker.started_at,
        worker.finished,
        worker.verdict,
        sandbox.volumes,
        [_record(worker, record) for record in worker.records],
    )


def _record(worker: PodWorker, record: ContainerRecord) -> RecordState:
    process = record.process
    running = process is not None and process.running
    ended_log = process.log if process is not None and not process.running else record.previous_log
    return RecordState(
        record.name,
        record.phase,
        {name: getattr(record, name) for name in _RECORD_FIELDS},
        _process(worker, process) if running and process is not None else None,
        ended_log,
    )


def _process(worker: PodWorker, process: Process) -> ProcessState:
    names = {id(volume): name for name, volume in worker.sandbox.volumes.items()}
    mounts = tuple((m.path, names[id(m.volume)], m.sub_path, m.read_only) for m in process.files.mounts)
    log = LogBuffer()
    log.lines, log.total, log.partial = process.log.lines, process.log.total, process.log.partial
    return ProcessState(
        process.image, process.argv, process.env, process.files.layer, mounts, process.files.user, process.files.groups,
        process.limits, process.started_at, process.base, process.serving, process.listening, process.store,
        process.term_exit, process.grown,
        (process.cpu, process.cpu_total, process.throttled, process.throttled_total, process.memory),
        process.traffic, process.counters, log,
    )  # fmt: skip


def resume(state: EstateState, agent: NodeAgent, fleet: Fleet, plane: Plane) -> SeriesStore:
    """Put a carried state into a fresh estate whose agent has adopted the pods; returns the series."""
    state = copy.deepcopy(state)
    fleet.machines.clear()
    fleet.machines.update(state.machines)
    fleet.claims.update(state.claims)
    fleet.edges[:] = state.edges
    plane.externals = state.externals
    agent.heartbeats.pressures = state.pressures
    agent.readopt()
    for pod in state.pods:
        worker = agent.workers.get(pod.uid)
        if worker is not None:
            _resume_pod(agent, fleet, worker, pod)
    plane.touch()
    return state.series


def _resume_pod(agent: NodeAgent, fleet: Fleet, worker: PodWorker, pod: PodState) -> None:
    sandbox = worker.sandbox
    sandbox.volumes = pod.volumes
    sandbox.host_network = pod.host_network
    worker.networked, worker.started_at = pod.networked, pod.started_at
    worker.finished, worker.verdict = pod.finished, pod.verdict
    if pod.ip:
        fleet.set_address(sandbox, pod.ip)
    if pod.finished:
        fleet.remove(sandbox)
    for saved in pod.records:
        record = worker.record(saved.name)
        if record is None:
            continue
        for name, value in saved.fields.items():
            setattr(record, name, value)
        record.previous_log = saved.previous_log
        record.phase = Phase.WAITING if saved.phase is Phase.PULLING else saved.phase
        if saved.process is not None:
            _resume_process(worker, record, saved.process)
    agent.context.enqueue(sandbox.uid)


def _resume_process(worker: PodWorker, record: ContainerRecord, saved: ProcessState) -> None:
    sandbox = worker.sandbox
    mounts = tuple(Mount(path, sandbox.volumes[name], sub, ro) for path, name, sub, ro in saved.mounts)
    files = FileView({}, mounts, saved.user, saved.groups)
    files.layer = saved.layer
    process = worker.containers.new_process(record, saved.image, saved.argv, saved.env, files, saved.limits)
    process.started_at, process.log = saved.started_at, saved.log
    process.base, process.term_exit, process.grown = saved.base, saved.term_exit, saved.grown
    process.cpu, process.cpu_total, process.throttled, process.throttled_total, process.memory = saved.usage
    process.traffic, process.counters = saved.traffic, saved.counters
    process.store = saved.store
    record.process = process
    sandbox.processes[record.name] = process
    worker.containers.continue_process(record, process, serving=saved.serving, listening=saved.listening)
