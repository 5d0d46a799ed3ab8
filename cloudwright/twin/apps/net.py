"""What programs and probes ask of the data plane."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cloudwright.twin.apps.machine import Sandbox
    from cloudwright.twin.apps.process import Process


@dataclass(frozen=True)
class Answer:
    """The outcome of a name lookup: addresses, or a problem ("NXDOMAIN", "SERVFAIL", "timeout")."""

    name: str
    addresses: tuple[str, ...] = ()
    problem: str = ""
    cname: str = ""


@dataclass(frozen=True)
class Dial:
    """The outcome of a connection attempt: who accepted it, or a problem ("refused", "timeout", "reset")."""

    ip: str
    port: int
    problem: str = ""
    sandbox: "Sandbox | None" = None
    process: "Process | None" = None
    seconds: float = 0.0005


@dataclass(frozen=True)
class Reply:
    """An HTTP answer, or a problem and the words in which a client reports it."""

    status: int = 0
    body: str = ""
    problem: str = ""
    seconds: float = 0.0


class Network(Protocol):
    """Name resolution, connections and requests in the name of a pod."""

    def nameserver(self, client: "Sandbox") -> str:
        """The address of the name server that the pod asks."""
        ...

    def resolve(self, client: "Sandbox", name: str) -> Answer:
        """Look a host name up with the pod's DNS policy, search list and host aliases."""
        ...

    def dial(self, client: "Sandbox | None", ip: str, port: int) -> Dial:
        """Open a TCP connection (client None: the kubelet of the node itself)."""
        ...

    def fetch(self, client: "Sandbox | None", url: str, timeout: float = 5.0, host: str = "") -> Reply:
        """Send a GET request."""
        ...
