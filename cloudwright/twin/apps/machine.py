"""Nodes, pods' sandboxes and everything that runs in them: the state that only the node agent knows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cloudwright.twin.apps.files import Volume

if TYPE_CHECKING:
    from cloudwright.twin.apps.process import Process


@dataclass
class Edge:
    """A lasting condition of the network between two parties, each "" (anybody), "node/NAME" or "NAMESPACE/APP"."""

    source: str
    target: str
    loss: float = 0.0
    delay: float = 0.0


@dataclass
class Machine:
    """One simulated node: what it has, and what can be wrong with it outside the API."""

    name: str
    address: str
    pod_cidr: str
    cpu: float = 4.0
    memory: float = 8 * 2**30
    disk: float = 100 * 2**30
    max_pods: int = 110
    arch: str = "amd64"
    labels: dict[str, str] = field(default_factory=dict)
    kubelet_running: bool = True
    runtime_running: bool = True
    clock_skew: float = 0.0
    system_cpu: float = 0.12
    system_memory: float = 600 * 2**20
    system_disk: float = 18 * 2**30
    disk_threshold: float = 0.10
    memory_threshold: float = 100 * 2**20
    next_host: int = 2
    images: dict[str, int] = field(default_factory=dict)

    def allocate_address(self) -> str:
        """The next free pod address of the node's range (a /24)."""
        prefix = self.pod_cidr.rsplit(".", 1)[0]
        host = self.next_host
        self.next_host = 2 + (host - 1) % 252
        return f"{prefix}.{host}"


@dataclass
class Sandbox:
    """A pod on a node: its address and its running containers. `pod` is the newest object the node agent has seen."""

    uid: str
    namespace: str
    name: str
    machine: Machine
    pod: Mapping[str, Any]
    ip: str = ""
    host_network: bool = False
    processes: dict[str, "Process"] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)
    ready: bool = False

    @property
    def labels(self) -> Mapping[str, str]:
        """The pod's labels."""
        labels: Mapping[str, str] = self.pod["metadata"].get("labels") or {}
        return labels

    def app(self) -> str:
        """The workload's name as its labels give it, else the pod's name."""
        return (
            self.labels.get("app.kubernetes.io/name")
            or self.labels.get("app")
            or self.labels.get("k8s-app")
            or self.name
        )

    def listener(self, port: int) -> "Process | None":
        """The process that listens on a port, or None."""
        return next((p for p in self.processes.values() if port in p.listening and p.running), None)


class Fleet:
    """All machines and sandboxes of a world, with indexes by uid and address."""

    def __init__(self) -> None:
        self.machines: dict[str, Machine] = {}
        self.sandboxes: dict[str, Sandbox] = {}
        self.by_ip: dict[str, Sandbox] = {}
        self.by_name: dict[tuple[str, str], Sandbox] = {}
        self.claims: dict[str, Volume] = {}
        self.edges: list[Edge] = []
        self.version = 0

    def add(self, sandbox: Sandbox) -> None:
        """Enter a sandbox (its address may follow later by `set_address`)."""
        self.sandboxes[sandbox.uid] = sandbox
        self.by_name[sandbox.namespace, sandbox.name] = sandbox
        self.version += 1

    def set_address(self, sandbox: Sandbox, ip: str) -> None:
        """Give a sandbox its address."""
        sandbox.ip = ip
        if not sandbox.host_network:
            self.by_ip[ip] = sandbox
        self.version += 1

    def remove(self, sandbox: Sandbox) -> None:
        """Forget a sandbox."""
        self.sandboxes.pop(sandbox.uid, None)
        if self.by_name.get((sandbox.namespace, sandbox.name)) is sandbox:
            del self.by_name[sandbox.namespace, sandbox.name]
        if self.by_ip.get(sandbox.ip) is sandbox:
            del self.by_ip[sandbox.ip]
        self.version += 1

    def processes(self) -> Iterator["Process"]:
        """Every running process, in a stable order."""
        for sandbox in self.sandboxes.values():
            yield from sandbox.processes.values()

    def at(self, ip: str, port: int) -> "tuple[Sandbox | None, Process | None]":
        """Who has an address, and who listens there on a port (also host-network pods, by their node's address)."""
        sandbox = self.by_ip.get(ip)
        if sandbox is not None:
            return sandbox, sandbox.listener(port)
        for other in self.sandboxes.values():
            if other.host_network and other.ip == ip and (process := other.listener(port)):
                return other, process
        return None, None
