"""A fluid model of requests: rates, latencies and failures on every edge, every few seconds.

Each process is a queue with a CPU share and a concurrency limit (M/M/1-like waiting, capped); each call is an edge
with a timeout and retries. Rates flow forward from the load generators, failures and latencies flow backward, and what
was true at the last tick feeds the retries of this one; so overload spreads, persists or drains by itself.
"""

import math
import random
from typing import Any

from cloudwright.twin.api import Api
from cloudwright.twin.apps.machine import Machine
from cloudwright.twin.apps.model import Load
from cloudwright.twin.apps.process import CallState, Process
from cloudwright.twin.clock import Clock
from cloudwright.twin.network.attempts import Attempts
from cloudwright.twin.network.callgraph import CallGraph
from cloudwright.twin.network.edges import (
    Edge,
    Node,
    cpu_share,
    number_of,
)
from cloudwright.twin.network.messages import CauseLog
from cloudwright.twin.network.plane import Plane

TICK, CALM_TICK = 5.0, 15.0
QUEUE_CAP = 20.0


class TrafficEngine:
    """Drives all processes' traffic, CPU and memory."""

    def __init__(self, plane: Plane, clock: Clock, api: Api, seed: int = 0) -> None:
        self.plane = plane
        self.clock = clock
        self.random = random.Random(seed)  # noqa: S311 - reproducible noise
        self.nodes: list[Node] = []
        self._graph = CallGraph(plane, api)
        self._attempts = Attempts(clock)
        self.causes = CauseLog()
        self._epoch: Any = None
        self._closed = False
        self._calm = False
        self._last = clock.now()
        clock.after(TICK, self._tick)

    def run_once(self) -> bool:
        """The engine works on timers only."""
        return False

    def close(self) -> None:
        """Stop the timer."""
        self._closed = True

    def _tick(self) -> None:
        if self._closed:
            return
        now = self.clock.now()
        before = self._epoch
        self.step(max(0.0, now - self._last))
        self._last = now
        self.clock.after(CALM_TICK if self._calm and before == self._epoch else TICK, self._tick)

    def resume(self) -> None:
        """Start counting time anew (after time was moved)."""
        self._last = self.clock.now()

    def step(self, seconds: float) -> None:
        """Let `seconds` of traffic flow."""
        epoch = self.plane.epoch()
        if epoch != self._epoch:
            self.nodes = self._graph.nodes()
            self._epoch = self.plane.epoch()
        self._forward()
        self._stores()
        slow = self._contention()
        self._calm = True
        for node in reversed(self.nodes):
            self._backward(node, slow.get(node.process.sandbox.machine.name, 1.0))
        for node in self.nodes:
            if node.process.running:
                self._consume(node, seconds)

    # forward

    def _forward(self) -> None:
        for node in self.nodes:
            node.process.traffic.arriving = 0.0
        for node in self.nodes:
            process, traffic = node.process, node.process.traffic
            if node.model.load is not None:
                traffic.arriving = self._load_rate(process, node.model.load)
            elif node.model.role == "batch":
                traffic.arriving = 0.2
            capacity = self._capacity(node)
            traffic.handled = min(traffic.arriving, capacity)
            for edge in node.edges:
                self._send(node, edge, traffic.handled)

    def _load_rate(self, process: Process, load: Load) -> float:
        rate = number_of(process.env.get(load.rate_env), load.rate)
        wave = math.sin(2 * math.pi * (self.clock.now() % 86400) / 86400)
        return max(0.0, rate * (1 + load.wave * wave) * (1 + self.random.uniform(-0.02, 0.02)))

    def _send(self, node: Node, edge: Edge, handled: float) -> None:
        state = node.process.traffic.calls.setdefault(edge.call.name, CallState())
        failing = min(state.attempt_failure, 0.999)
        tries = (1 - failing ** (edge.retries + 1)) / (1 - failing)
        state.rate = handled * edge.call.per_request * tries
        for target in edge.targets:
            if target.process is not None and not target.refused:
                target.process.traffic.arriving += state.rate * target.share

    def _capacity(self, node: Node) -> float:
        work, traffic = node.model.work, node.process.traffic
        cpu = cpu_share(node.process)
        by_cpu = cpu / work.cpu if work.cpu > 0 else math.inf
        hold = max(traffic.latency, work.seconds + work.cpu, 1e-4)
        return max(0.01, min(by_cpu, work.concurrency / hold))

    # stores and nodes

    def _stores(self) -> None:
        """Connections held at each store by the pools of its clients."""
        for node in self.nodes:
            if node.process.store is not None:
                node.process.store.connections = 0.0
        for node in self.nodes:
            for edge in node.edges:
                for target in edge.targets:
                    if target.process is not None and target.process.store is not None and not target.refused:
                        target.process.store.connections += edge.call.pool * target.share

    def _contention(self) -> dict[str, float]:
        """By how much work on each machine slows down because its CPUs are over-committed."""
        demand: dict[str, float] = {}
        machines: dict[str, Machine] = {}
        for node in self.nodes:
            machine = node.process.sandbox.machine
            machines[machine.name] = machine
            demand[machine.name] = demand.get(machine.name, machine.system_cpu) + node.process.cpu
        return {name: max(1.0, demand[name] / machines[name].cpu) for name in demand}

    # backward

    def _backward(self, node: Node, slow: float) -> None:
        traffic = node.process.traffic
        kept, waiting, worst = 1.0, 0.0, ("", 0.0)
        for edge in node.edges:
            state = traffic.calls.setdefault(edge.call.name, CallState())
            self._result(edge, state)
            share = min(1.0, edge.call.per_request)
            waiting += edge.call.per_request * state.latency
            if edge.call.required:
                kept *= 1.0 - share * state.failure
                if share * state.failure > worst[1]:
                    worst = (state.detail or state.cause, share * state.failure)
        self._own(node, slow, waiting)
        shed = 1.0 - min(1.0, traffic.handled / traffic.arriving) if traffic.arriving > 0 else 0.0
        own = node.model.error_ratio
        failure = 1.0 - kept * (1.0 - own) * (1.0 - shed)
        ranked = [worst, (node.model.error_message, own), ("overloaded: request queue is full", shed)]
        cause, weight = max(ranked, key=lambda entry: entry[1])
        traffic.cause = cause if weight > 0.001 else ""
        if abs(failure - traffic.failure) > 0.002 or failure > 0.02:
            self._calm = False
        traffic.failure = failure
        traffic.service = traffic.latency - waiting

    def _own(self, node: Node, slow: float, waiting: float) -> None:
        traffic, work = node.process.traffic, node.model.work
        share = cpu_share(node.process) / slow
        demand = node.model.consumes.cpu + traffic.arriving * work.cpu
        busy = min(0.999, demand / share) if share > 0 else 0.999
        traffic.utilisation = demand / share if share > 0 else 9.9
        on_cpu = work.cpu / min(1.0, share) if share > 0 else QUEUE_CAP
        queued = on_cpu * busy / (1.0 - busy) * 0.5
        crowd = traffic.handled * (work.seconds + on_cpu + waiting) / work.concurrency
        crowded = (work.seconds + waiting) * min(crowd, 0.98) ** 4 / (1.0 - min(crowd, 0.98))
        target = min(QUEUE_CAP, work.seconds * slow + on_cpu + queued + crowded + waiting)
        traffic.latency += 0.6 * (target - traffic.latency) if traffic.latency else target

    def _result(self, edge: Edge, state: CallState) -> None:
        failure, latency, worst = 0.0, 0.0, 0.0
        state.cause = state.detail = ""
        for target in edge.targets:
            one, took, cause, detail = self._attempts.at(edge, target)
            failure += target.share * one
            latency += target.share * took
            if target.share * one > worst:
                worst, state.cause, state.detail = target.share * one, cause, detail
        if worst < 0.0005:
            state.cause = state.detail = ""
        state.attempt_failure = min(1.0, failure)
        state.failure = state.attempt_failure ** (edge.retries + 1)
        capped = min(state.attempt_failure, 0.999)
        tries = (1 - capped ** (edge.retries + 1)) / (1 - capped)
        state.latency = tries * latency

    # consumption

    def _consume(self, node: Node, seconds: float) -> None:
        process, traffic, model = node.process, node.process.traffic, node.model
        share = cpu_share(process)
        demand = model.consumes.cpu + traffic.handled * model.work.cpu
        noise = 1 + self.random.uniform(-0.03, 0.03)
        process.cpu = min(share, demand) * noise
        process.cpu_total += process.cpu * seconds
        limit = process.limits.cpu
        process.throttled = max(0.0, min(1.0, (demand * 1.3 - limit) / (demand * 1.3))) if limit and demand else 0.0
        process.throttled_total += process.throttled * seconds
        leaked = model.consumes.leak_per_second + traffic.handled * model.consumes.leak_per_request
        process.grown += leaked * seconds
        waiting = min(traffic.handled * traffic.latency, model.work.concurrency)
        memory = model.consumes.memory + model.consumes.memory_per_rps * (traffic.handled + waiting) + process.grown
        if process.store is not None and process.store.engine == "redis":
            memory += process.store.data_bytes
        self._fill(node, seconds)
        self.causes.record(process, model, node.edges, seconds, self.clock.now())
        process.set_memory(memory * (1 + 0.5 * (noise - 1)))

    def _fill(self, node: Node, seconds: float) -> None:
        """Disk and data growth, and what happens when there is no room."""
        process, model = node.process, node.model
        if model.consumes.disk_per_second and model.consumes.disk_path:
            volume, _ = process.files.volume_of(model.consumes.disk_path)
            volume.written += min(model.consumes.disk_per_second * seconds, max(0.0, volume.free()))
        store = process.store
        if store is None or model.store is None:
            return
        written = process.traffic.handled * model.store.write_bytes * seconds
        if store.engine == "redis":
            store.data_bytes = (
                min(store.data_bytes + 0.02 * written, 48 * 2**20) if not store.maxmemory else store.data_bytes
            )
            return
        volume, mount = process.files.volume_of(model.store.data_dir)
        if mount is None:
            return
        volume.written += 0.05 * written
        if volume.free() <= 0:
            process.say('PANIC:  could not write to file "pg_wal/xlogtemp.27": No space left on device')
            process.finish(1)
