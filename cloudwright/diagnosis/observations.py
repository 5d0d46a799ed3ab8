"""What a snapshot may hold besides API objects: events, logs, metric anomalies, node services, connection tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cloudwright.core.refs import ObjectRef


@dataclass(frozen=True)
class Event:
    """One (aggregated) event, whatever API version it came from."""

    kind: str
    namespace: str
    name: str
    uid: str
    reason: str
    message: str
    warning: bool
    count: int = 1
    first: datetime | None = None
    last: datetime | None = None
    source: str = ""
    event_uid: str = ""
    container: str = ""
    """Name of the container that the event is about, where it says so."""


@dataclass(frozen=True)
class LogText:
    """Lines of one container (or of a whole workload, where the source does not tell its containers apart)."""

    namespace: str
    pod: str
    container: str
    lines: tuple[str, ...]
    previous: bool = False
    workload: str = ""


class Logs(Protocol):
    """Bounded logs, fetched on demand. An implementation remembers what it fetched."""

    def of_pod(self, namespace: str, pod: str, container: str, *, previous: bool = False) -> LogText | None:
        """The last lines of a container; None where they cannot be had."""
        ...

    def of_workload(self, namespace: str, workload: str) -> Sequence[LogText]:
        """Logs that are known for a workload as a whole."""
        ...


class NoLogs:
    """A source without logs."""

    def of_pod(self, namespace: str, pod: str, container: str, *, previous: bool = False) -> LogText | None:
        """Nothing."""
        return None

    def of_workload(self, namespace: str, workload: str) -> Sequence[LogText]:
        """Nothing."""
        return ()


class StoredLogs:
    """Logs that were collected with the snapshot."""

    def __init__(self, texts: Sequence[LogText] = ()) -> None:
        self._pods = {(t.namespace, t.pod, t.container, t.previous): t for t in texts if t.pod}
        self._workloads: dict[tuple[str, str], list[LogText]] = {}
        for item in texts:
            if item.workload:
                self._workloads.setdefault((item.namespace, item.workload), []).append(item)

    def of_pod(self, namespace: str, pod: str, container: str, *, previous: bool = False) -> LogText | None:
        """The stored text."""
        return self._pods.get((namespace, pod, container, previous))

    def of_workload(self, namespace: str, workload: str) -> Sequence[LogText]:
        """The stored texts."""
        return self._workloads.get((namespace, workload), ())


class Signal(StrEnum):
    """Closed set of things that metrics can say."""

    LATENCY = "latency"
    THROUGHPUT = "throughput"
    ERRORS = "errors"
    TRAFFIC = "traffic"
    CPU = "cpu"
    THROTTLING = "throttling"
    MEMORY = "memory"
    DISK = "disk"
    RETRANSMISSION = "retransmission"
    PACKET_LOSS = "packet loss"
    RESTARTS = "restarts"


@dataclass(frozen=True)
class Anomaly:
    """A metric of one object that left its baseline. `unit` is that of the values ("ms", "req/s", "cores", "ratio")."""

    subject: ObjectRef
    signal: Signal
    baseline: float | None
    value: float | None
    unit: str = ""
    quote: str = ""

    @property
    def factor(self) -> float:
        """Value over baseline; 1 where one of them is missing."""
        if not self.baseline or self.value is None:
            return 1.0
        return self.value / self.baseline


@dataclass(frozen=True)
class NodeService:
    """A system service of a node, such as kubelet or containerd, as its service manager tells it."""

    node: str
    service: str
    active: bool
    detail: str = ""


@dataclass(frozen=True)
class ConnectionTest:
    """A connection attempt from inside the cluster. `origin` is the node (or pod) it was made from, "" if unknown."""

    namespace: str
    service: str
    port: int
    ok: bool
    origin: str = ""
    detail: str = ""


@dataclass(frozen=True)
class CallEdge:
    """A call that somebody observed or declared (traces, a mesh, a service map)."""

    client: ObjectRef
    server: ObjectRef
    source: str


@dataclass(frozen=True)
class Usage:
    """What metrics-server or the kubelet measured: cores and bytes."""

    cpu: float = 0.0
    memory: float = 0.0


@dataclass(frozen=True)
class Observations:
    """All of it, for one snapshot."""

    logs: Logs = field(default_factory=NoLogs)
    anomalies: tuple[Anomaly, ...] = ()
    node_services: tuple[NodeService, ...] = ()
    connections: tuple[ConnectionTest, ...] = ()
    calls: tuple[CallEdge, ...] = ()
    pod_usage: Mapping[tuple[str, str, str], Usage] = field(default_factory=dict)
    node_usage: Mapping[str, Usage] = field(default_factory=dict)
