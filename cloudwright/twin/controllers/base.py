"""Work queues and the frame that controllers share."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from cloudwright.twin.api import Api, ApiStatusError, Resource
from cloudwright.twin.clock import Clock, Timer
from cloudwright.twin.controllers.informer import Cache, Informers
from cloudwright.twin.events import EventRecorder
from cloudwright.twin.kubelet import NodeStats, PodStats

_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.005, 1000.0


class Metrics(Protocol):
    """What the resource-metrics API knows, as the autoscaler asks for it."""

    def pod_stats(self) -> list[PodStats]:
        """Measurements of all running pods."""
        ...

    def node_stats(self) -> list[NodeStats]:
        """Measurements of all ready nodes."""
        ...


@dataclass(frozen=True)
class Served:
    """A resource in the discovery document."""

    resource: Resource
    kind: str
    namespaced: bool


@dataclass(frozen=True)
class ControllerOptions:
    """Timings of the controllers, in seconds; the defaults are those of kube-controller-manager."""

    node_monitor_period: float = 5.0
    node_monitor_grace: float = 50.0
    hpa_period: float = 15.0
    hpa_downscale_window: float = 300.0
    hpa_cpu_initialization: float = 300.0
    hpa_initial_readiness: float = 30.0
    orphan_pod_period: float = 20.0
    event_ttl: float = 3600.0
    provisioners: frozenset[str] = frozenset(
        {"rancher.io/local-path", "ebs.csi.aws.com", "pd.csi.storage.gke.io", "disk.csi.azure.com"}
    )
    """Names of storage provisioners that run in this cluster; claims of others wait for ever."""
    cluster_ca: str = ""
    """PEM of the serving authority, published as ConfigMap kube-root-ca.crt."""


@dataclass
class Backlog:
    """How many keys wait in all queues together, so that idle controllers need not be asked one by one."""

    keys: int = 0


@dataclass
class Context:
    """What a controller is given."""

    api_for: Callable[[str], Api]
    """The API in the name of a controller (its service account)."""
    clock: Clock
    informers: Informers
    options: ControllerOptions = field(default_factory=ControllerOptions)
    metrics: Callable[[], Metrics | None] = lambda: None
    """Where measurements come from, None as long as there is no metrics API."""
    discover: Callable[[], Iterable[Served]] = tuple
    """The resources that can be listed, watched and deleted, custom ones included."""
    backlog: Backlog = field(default_factory=Backlog)

    def cache(self, resource: Resource) -> Cache:
        """The shared cache of a resource."""
        return self.informers.cache(resource)


class WorkQueue:
    """Keys to be worked on: each at most once, in the order of arrival, now or later."""

    def __init__(self, clock: Clock, backlog: Backlog | None = None) -> None:
        self._clock = clock
        self._backlog = backlog or Backlog()
        self._ready: deque[Hashable] = deque()
        self._waiting: set[Hashable] = set()
        self._timers: dict[Hashable, Timer] = {}
        self._failures: dict[Hashable, int] = {}

    def __len__(self) -> int:
        return len(self._ready)

    def add(self, key: Hashable) -> None:
        """Work on a key as soon as possible."""
        if key not in self._waiting:
            self._waiting.add(key)
            self._ready.append(key)
            self._backlog.keys += 1

    def add_after(self, key: Hashable, seconds: float) -> None:
        """Work on a key in some seconds; an earlier appointment stands."""
        if seconds <= 0:
            self.add(key)
            return
        present = self._timers.get(key)
        if present is not None:
            if present.due <= self._clock.now() + seconds:
                return
            present.cancel()
        self._timers[key] = self._clock.after(seconds, lambda: self._due(key))

    def retry(self, key: Hashable) -> None:
        """Work on a key again after a delay that doubles with each failure."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.add_after(key, min(_FIRST_BACKOFF * 2.0**failures, _LONGEST_BACKOFF))

    def failures(self, key: Hashable) -> int:
        """How often a key has been retried since it last succeeded."""
        return self._failures.get(key, 0)

    def forget(self, key: Hashable) -> None:
        """A key has been dealt with: its next delay is the shortest again."""
        self._failures.pop(key, None)

    def pop(self) -> Hashable:
        """Take the next key."""
        key = self._ready.popleft()
        self._backlog.keys -= 1
        self._waiting.discard(key)
        return key

    def close(self) -> None:
        """Drop everything, timers included."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._backlog.keys -= len(self._ready)
        self._ready.clear()
        self._waiting.clear()

    def _due(self, key: Hashable) -> None:
        self._timers.pop(key, None)
        self.add(key)


class Retry(Exception):
    """A key could not be brought to its wanted state; it is tried again with back-off."""


class Controller:
    """Brings one key after the other to its wanted state; `sync` must be idempotent.

    Subclasses set `name`, subscribe in `__init__` and implement `sync`.
    """

    name = ""
    component = ""
    """The name in events, when it differs from `name`."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.clock = context.clock
        self.api = context.api_for(self.name)
        self.queue = WorkQueue(context.clock, context.backlog)
        self.events = EventRecorder(self.api, context.clock, self.component or self.name)
        self._timers: list[Timer] = []

    def sync(self, key: Hashable) -> None:
        """Bring one key to its wanted state. May raise `ApiStatusError` or `Retry`: then it is retried."""
        raise NotImplementedError

    def run_once(self) -> bool:
        """Work on one key; False when there is none."""
        if not self.queue:
            return False
        key = self.queue.pop()
        try:
            self.sync(key)
        except (ApiStatusError, Retry):
            self.queue.retry(key)
        else:
            self.queue.forget(key)
        return True

    def every(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back in regular intervals, first after one interval."""
        slot = len(self._timers)

        def fire() -> None:
            callback()
            self._timers[slot] = self.clock.after(seconds, fire)

        self._timers.append(self.clock.after(seconds, fire))

    def close(self) -> None:
        """Stop all timers."""
        self.queue.close()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()


def ignore_not_found(action: Callable[[], object]) -> bool:
    """Run an API call and say whether its object was there."""
    try:
        action()
    except ApiStatusError as error:
        if error.code != 404:
            raise
        return False
    return True
