"""What all parts of the node agent share."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudwright.twin.api import Api
from cloudwright.twin.apps.machine import Fleet
from cloudwright.twin.apps.registry import Registry
from cloudwright.twin.apps.runner import Runner
from cloudwright.twin.clock import Clock
from cloudwright.twin.events import EventRecorder, reference_to
from cloudwright.twin.network.plane import Plane
from cloudwright.twin.node.environment import Environment
from cloudwright.twin.node.probes import Prober
from cloudwright.twin.node.volumes import VolumeManager


@dataclass
class NodeContext:
    """The world as the kubelets see it. `pull_speed` is in bytes per second of image."""

    api: Api
    clock: Clock
    fleet: Fleet
    plane: Plane
    registry: Registry
    runner: Runner
    pull_speed: float = 60e6
    queue: deque[str] = field(default_factory=deque)
    reports: deque[str] = field(default_factory=deque)
    _queued: set[str] = field(default_factory=set)
    _recorders: dict[str, EventRecorder] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.volumes = VolumeManager(self.api, self.fleet)
        self.environment = Environment(self.api)
        self.prober = Prober(self.plane, self.runner)

    def enqueue(self, uid: str) -> None:
        """Have a pod synchronised as soon as possible."""
        if uid not in self._queued:
            self._queued.add(uid)
            self.queue.append(uid)

    def report(self, uid: str) -> None:
        """Have a pod's status written as it stands, without moving its containers."""
        self.reports.append(uid)

    def take(self) -> str:
        """The next pod to synchronise."""
        uid = self.queue.popleft()
        self._queued.discard(uid)
        return uid

    def recorder(self, node: str) -> EventRecorder:
        """The event recorder of a node's kubelet."""
        if node not in self._recorders:
            self._recorders[node] = EventRecorder(self.api, self.clock, "kubelet", node)
        return self._recorders[node]


def pod_reference(pod: Mapping[str, Any], container: str = "", *, init: bool = False) -> dict[str, Any]:
    """An event's reference to a pod or to one of its containers."""
    part = "initContainers" if init else "containers"
    path = f"spec.{part}{{{container}}}" if container else ""
    return reference_to(pod, api_version="v1", kind="Pod", field_path=path)
