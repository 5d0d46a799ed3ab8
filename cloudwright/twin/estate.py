"""Everything of a world that is not in the API: machines, containers, network, traffic, telemetry, as one agent."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette

from cloudwright.twin.api import Api
from cloudwright.twin.apps.machine import Fleet, Machine
from cloudwright.twin.apps.registry import Registry
from cloudwright.twin.apps.runner import ModelCatalog, Runner, bundled_models, bundled_registry
from cloudwright.twin.clock import Clock
from cloudwright.twin.kubelet import Connection, ExecResult, LogOptions, NodeStats, PodStats, ShellSession
from cloudwright.twin.network.index import RoutingIndex
from cloudwright.twin.network.plane import External, Plane
from cloudwright.twin.network.traffic import TrafficEngine
from cloudwright.twin.node.agent import NodeAgent
from cloudwright.twin.node.carry import EstateState, carry, resume
from cloudwright.twin.node.context import NodeContext
from cloudwright.twin.telemetry.http import PrometheusApi
from cloudwright.twin.telemetry.scrape import Scraper
from cloudwright.twin.telemetry.series import SeriesStore


@dataclass(frozen=True)
class EstateOptions:
    """What there is beside the API's objects. `telemetry` off saves time where nobody asks for metrics."""

    machines: tuple[Machine, ...] = ()
    externals: tuple[External, ...] = ()
    seed: int = 0
    telemetry: bool = True
    catalog: ModelCatalog | None = None
    registry: Registry | None = None


@dataclass
class Estate:
    """One world's machines and what runs on them. Implements the world's agent, `Kubelet` and the metrics source."""

    api: Api
    clock: Clock
    options: EstateOptions = field(default_factory=EstateOptions)

    def __post_init__(self) -> None:
        options = self.options
        self.fleet = Fleet()
        self.plane = Plane(self.fleet, RoutingIndex(self.api), {entry.name: entry for entry in options.externals})
        self.registry = options.registry or Registry(bundled_registry())
        runner = Runner(options.catalog or bundled_models(), self.plane)
        self.context = NodeContext(self.api, self.clock, self.fleet, self.plane, self.registry, runner)
        self.agent = NodeAgent(self.context)
        self.traffic = TrafficEngine(self.plane, self.clock, self.api, options.seed)
        self.series = SeriesStore()
        self.scraper = Scraper(self.api, self.fleet, self.clock, self.series) if options.telemetry else None
        for machine in options.machines:
            self.agent.add_machine(machine)

    def run_once(self) -> bool:
        """Do one unit of work."""
        return self.agent.run_once()

    def close(self) -> None:
        """Cancel timers and subscriptions."""
        self.agent.close()
        self.traffic.close()
        self.plane.index.close()
        if self.scraper is not None:
            self.scraper.close()

    def snapshot(self) -> EstateState:
        """The state by value."""
        return carry(self.agent, self.fleet, self.plane, self.series)

    def restore(self, state: EstateState) -> None:
        """Become a state that `snapshot` returned; programs go on where they stood, plain commands start again."""
        self.series = resume(state, self.agent, self.fleet, self.plane)
        if self.scraper is not None:
            self.scraper.store = self.series
        self.traffic.resume()

    def prometheus(self, lock: AbstractContextManager[Any]) -> Starlette:
        """The Prometheus HTTP API; `lock` is the world's."""
        return PrometheusApi(self.series, self.clock, lock).app()

    def counts(self) -> dict[int, dict[tuple[str, ...], float]]:
        """What every running process has counted, by identity; for `age`."""
        return {id(process): dict(process.counters) for process in self.fleet.processes() if process.running}

    def age(self, before: dict[int, dict[tuple[str, ...], float]], elapsed: float) -> None:
        """Count the skipped part of every process's life, at the rate since `before` (`elapsed` seconds ago).

        Samples taken so far are dropped: they lie before the jump.
        """
        now = self.clock.now()
        for process in self.fleet.processes():
            if not process.running:
                continue
            life = max(0.0, now - process.started_at - elapsed)
            process.cpu_total += process.cpu * life
            process.throttled_total += process.throttled * life
            old = before.get(id(process), {})
            for key, value in process.counters.items():
                process.counters[key] = value + (value - old.get(key, 0.0)) / elapsed * life
        self.series.clear()

    # the kubelet's protocol and the resource metrics

    def logs(self, namespace: str, pod: str, container: str, options: LogOptions) -> Iterator[bytes]:
        """See `Kubelet.logs`."""
        return self.agent.logs(namespace, pod, container, options)

    def log_position(self, namespace: str, pod: str, container: str) -> int:
        """See `Kubelet.log_position`."""
        return self.agent.log_position(namespace, pod, container)

    def logs_after(self, namespace: str, pod: str, container: str, position: int, *, timestamps: bool) -> list[bytes]:
        """See `Kubelet.logs_after`."""
        return self.agent.logs_after(namespace, pod, container, position, timestamps=timestamps)

    def log_ended(self, namespace: str, pod: str, container: str) -> bool:
        """See `Kubelet.log_ended`."""
        return self.agent.log_ended(namespace, pod, container)

    def exec(
        self, namespace: str, pod: str, container: str, argv: Sequence[str], *, stdin: bytes | None, tty: bool
    ) -> ExecResult:
        """See `Kubelet.exec`."""
        return self.agent.exec(namespace, pod, container, argv, stdin=stdin, tty=tty)

    def shell(self, namespace: str, pod: str, container: str, argv: Sequence[str]) -> ShellSession:
        """See `Kubelet.shell`."""
        return self.agent.shell(namespace, pod, container, argv)

    def wants_stdin(self, namespace: str, pod: str, container: str, argv: Sequence[str]) -> bool:
        """See `Kubelet.wants_stdin`."""
        return self.agent.wants_stdin(namespace, pod, container, argv)

    def port(self, namespace: str, pod: str, port: int) -> Connection:
        """See `Kubelet.port`."""
        return self.agent.port(namespace, pod, port)

    def pod_stats(self) -> list[PodStats]:
        """See `Kubelet.pod_stats`."""
        return self.agent.pod_stats()

    def node_stats(self) -> list[NodeStats]:
        """See `Kubelet.node_stats`."""
        return self.agent.node_stats()


EstateFactory = Callable[[Any], Estate]
