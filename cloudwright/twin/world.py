"""A whole simulated cluster on one thread: clock, store, API, controllers, scheduler and node agents.

Everything that happens is the work of a queue or of a timer, taken in a fixed order, so that the same seed and the same
requests give the same history. Readers and writers from other threads (the HTTP server) hold `World.lock`.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from cloudwright.twin import controllers
from cloudwright.twin.api import NAMESPACES, Api
from cloudwright.twin.clock import Clock
from cloudwright.twin.controllers.base import Context, ControllerOptions, Metrics, Served
from cloudwright.twin.controllers.informer import Informers
from cloudwright.twin.controllers.namespaces import RootCertificatePublisher
from cloudwright.twin.local import LocalApi
from cloudwright.twin.objects import name_of
from cloudwright.twin.scheduler import Scheduler
from cloudwright.twin.server.pipeline import ApiServer
from cloudwright.twin.server.request import User
from cloudwright.twin.store import Store, StoreSnapshot

DEFAULT_START = 1_767_225_600.0
"""2026-01-01T00:00:00Z, where virtual time begins unless told otherwise."""

_LIVELOCK_UNITS = 1_000_000
_LONGEST_NAP = 1.0


class Livelock(Exception):
    """The queues did not come to rest at one moment: two parts undo each other's work without end."""


class Agent(Protocol):
    """A part of the world with work of its own: a controller, the scheduler, the kubelets, the traffic engine.

    It subscribes and sets timers when it is made, and works when it is asked to or when a timer calls it.
    """

    def run_once(self) -> bool:
        """Do one unit of work; False when there is nothing to do at this moment."""
        ...

    def close(self) -> None:
        """Cancel timers and subscriptions."""
        ...

    def snapshot(self) -> Any:
        """State that is not in API objects, by value (None when there is none)."""
        ...

    def restore(self, state: Any) -> None:
        """Take on a state that `snapshot` returned; called once, right after the agent was made."""
        ...


@dataclass(frozen=True)
class WorldSnapshot:
    """A whole world at one moment, by value."""

    seed: int
    now: float
    store: StoreSnapshot
    identities: Any
    agents: Mapping[str, Any]


AgentFactory = Callable[["World"], Agent]


@dataclass(frozen=True)
class WorldOptions:
    """How a world is made. `agents` are made in order, by name; `metrics` feeds the autoscaler."""

    seed: int = 0
    start: float = DEFAULT_START
    controllers: ControllerOptions = field(default_factory=ControllerOptions)
    agents: Mapping[str, AgentFactory] = field(default_factory=dict)
    metrics: Metrics | None = None


class World:
    """One simulated cluster. Build it with `World.create`; `step` and `settle` move it, `fork` copies it."""

    def __init__(self, options: WorldOptions, store: Store, clock: Clock, identities: Any = None) -> None:
        self.options = options
        self.store, self.clock = store, clock
        self.lock = threading.RLock()
        self.metrics: Metrics | None = options.metrics
        self.server = ApiServer(store, clock, seed=options.seed)
        if identities is not None:
            self.server.identities.restore(identities)
        self.api = self.api_for("cloudwright-admin")
        self.informers = Informers(self.api)
        self.context = Context(
            api_for=self._controller_api,
            clock=clock,
            informers=self.informers,
            options=options.controllers,
            metrics=lambda: self.metrics or self.server.kubelet,
            discover=self._discover,
        )
        self._controllers = controllers.start(self.context)
        self.scheduler = Scheduler(self.context, self.api_for("system:kube-scheduler"))
        self.agents: dict[str, Agent] = {}
        for name, factory in options.agents.items():
            self.add_agent(name, factory(self))
        self._wake = threading.Event()
        self._stop_realtime: Callable[[], None] | None = None

    @staticmethod
    def create(
        *,
        seed: int = 0,
        start: float = DEFAULT_START,
        objects: Iterable[Mapping[str, Any]] = (),
        agents: Mapping[str, AgentFactory] | None = None,
        metrics: Metrics | None = None,
        options: ControllerOptions | None = None,
    ) -> "World":
        """A new cluster: the bootstrap objects, then `objects` created in order, then everything at rest.

        Raises:
            ApiStatusError: the server refuses one of the objects.
        """
        made = WorldOptions(seed, start, options or ControllerOptions(), dict(agents or {}), metrics)
        world = World(made, Store(), Clock(start))
        world.settle()
        world.apply(objects)
        return world

    @staticmethod
    def from_snapshot(
        snapshot: WorldSnapshot,
        *,
        agents: Mapping[str, AgentFactory] | None = None,
        metrics: Metrics | None = None,
        options: ControllerOptions | None = None,
    ) -> "World":
        """A world that continues where a snapshot was taken, with agents made anew from their saved state."""
        made = WorldOptions(snapshot.seed, snapshot.now, options or ControllerOptions(), dict(agents or {}), metrics)
        world = World(made, Store.from_snapshot(snapshot.store), Clock(snapshot.now), snapshot.identities)
        for name, agent in world.agents.items():
            if name in snapshot.agents:
                agent.restore(snapshot.agents[name])
        world.settle()
        return world

    def snapshot(self) -> WorldSnapshot:
        """The whole state by value, at rest."""
        with self.lock:
            self.settle()
            states = {name: agent.snapshot() for name, agent in self.agents.items()}
            identities = self.server.identities.snapshot()
            return WorldSnapshot(self.options.seed, self.clock.now(), self.store.snapshot(), identities, states)

    def fork(self) -> "World":
        """An independent copy, for a rehearsal: what happens in it does not touch this world."""
        options = self.options
        return World.from_snapshot(
            self.snapshot(), agents=options.agents, metrics=options.metrics, options=options.controllers
        )

    def api_for(self, user: str, groups: Sequence[str] = ("system:masters", "system:authenticated")) -> LocalApi:
        """The API in the name of a user (as audit and field ownership record it)."""
        return LocalApi(self.store, self.clock, server=self.server, user=User(user, groups=tuple(groups)))

    def trust(self, authority: str) -> None:
        """Publish the certificate (PEM) of the authority that serves this world as kube-root-ca.crt everywhere."""
        with self.lock:
            self.context.options = replace(self.context.options, cluster_ca=authority)
            for controller in self._controllers:
                if isinstance(controller, RootCertificatePublisher):
                    for namespace in self.api.cached(NAMESPACES):
                        controller.queue.add(name_of(namespace))
            self.settle()

    def add_agent(self, name: str, agent: Agent) -> None:
        """Give an agent its turns."""
        self.agents[name] = agent

    def apply(self, objects: Iterable[Mapping[str, Any]], manager: str = "") -> None:
        """Create objects in order, then come to rest. With a manager, who writes their fields is recorded.

        Raises:
            ApiStatusError: the server refuses one of them.
        """
        with self.lock:
            for obj in objects:
                info = self.server.catalog.by_kind(obj["apiVersion"], obj["kind"])
                if info is None:
                    raise ValueError(f"{obj['apiVersion']} {obj['kind']} is not served: apply its definition first")
                namespace = obj["metadata"].get("namespace", "default") if info.namespaced else None
                self.api.create(info.resource, obj, namespace, manager=manager)
                self.settle()
            self.settle()

    def settle(self) -> None:
        """Let everyone work until there is nothing left to do at the present time.

        Raises:
            Livelock: there is no end to it.
        """
        with self.lock:
            for _ in range(_LIVELOCK_UNITS):
                if self._work():
                    continue
                timer = self.clock.pop_due()
                if timer is None:
                    return
                timer.callback()
        raise Livelock(f"no rest after {_LIVELOCK_UNITS} rounds at {self.clock.timestamp()}")

    def _work(self) -> bool:
        """Give everyone one turn; False when nobody had anything to do."""
        worked = False
        if self.context.backlog.keys:
            for controller in self._controllers:
                worked = controller.run_once() or worked
        worked = self.scheduler.run_once() or worked
        for agent in self.agents.values():
            worked = agent.run_once() or worked
        return worked

    def step(self, seconds: float) -> None:
        """Advance virtual time, timer by timer, and come to rest at the end."""
        with self.lock:
            self.settle()
            end = self.clock.now() + seconds
            while (due := self.clock.next_due()) is not None and due <= end:
                self.clock.advance_to(due)
                self.settle()
            self.clock.advance_to(end)
            self.settle()

    def step_until(self, condition: Callable[[], bool], timeout: float, pause: float = 1.0) -> bool:
        """Step until a condition holds; False when it does not within `timeout` virtual seconds."""
        self.settle()
        left = timeout
        while not condition():
            if left <= 0:
                return False
            self.step(min(pause, left))
            left -= pause
        return True

    def run_realtime(self, speed: float = 1.0) -> Callable[[], None]:
        """Tie virtual time to wall time (`speed` times as fast) on a thread of its own; returns what stops it.

        Writes through the store wake the thread at once.
        """
        stopping = threading.Event()
        unsubscribe = self.store.subscribe(None, lambda event: self._wake.set())
        thread = threading.Thread(target=self._follow, args=(stopping, speed), name="twin-world", daemon=True)

        def stop() -> None:
            stopping.set()
            self._wake.set()
            thread.join()
            with self.lock:
                unsubscribe()

        thread.start()
        return stop

    def _follow(self, stopping: threading.Event, speed: float) -> None:
        wall, virtual = time.monotonic(), self.clock.now()
        while not stopping.is_set():
            self._wake.clear()
            with self.lock:
                target = virtual + (time.monotonic() - wall) * speed
                self.step(max(0.0, target - self.clock.now()))
                due = self.clock.next_due()
                self._wake.clear()
            nap = _LONGEST_NAP if due is None else (due - self.clock.now()) / speed
            self._wake.wait(min(max(nap, 0.001), _LONGEST_NAP))

    def close(self) -> None:
        """Stop all parts."""
        with self.lock:
            for controller in self._controllers:
                controller.close()
            self.scheduler.close()
            for agent in self.agents.values():
                agent.close()
            self.informers.close()

    def _controller_api(self, controller: str) -> Api:
        groups = ("system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated")
        return self.api_for(f"system:serviceaccount:kube-system:{controller}", groups)

    def _discover(self) -> list[Served]:
        seen: dict[tuple[str, str], Served] = {}
        for info in self.server.catalog.all():
            if {"list", "watch", "delete"} <= set(info.verbs):
                seen.setdefault(info.storage, Served(info.resource, info.kind, info.namespaced))
        return list(seen.values())
