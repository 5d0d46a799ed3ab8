"""Who calls whom: processes, the calls between them, and why calls fail at their server."""

from dataclasses import dataclass, field

from cloudwright.twin.apps.model import AppModel, Call
from cloudwright.twin.apps.process import Process
from cloudwright.twin.network.plane import External


@dataclass
class Target:
    """One server of an edge, with its share of the connections. `refused` is a lasting reason for failure."""

    share: float
    process: Process | None = None
    external: External | None = None
    refused: str = ""
    detail: str = ""
    slow: bool = False
    delay: float = 0.0
    loss: float = 0.0


@dataclass
class Edge:
    """A call of one process, resolved to its targets."""

    client: Process
    call: Call
    targets: list[Target] = field(default_factory=list)
    timeout: float = 1.0
    retries: int = 0


@dataclass
class Node:
    """A process in the call graph."""

    process: Process
    model: AppModel
    edges: list[Edge] = field(default_factory=list)


def cpu_share(process: Process) -> float:
    """Cores that a process can use."""
    limit = process.limits.cpu
    return min(limit, process.sandbox.machine.cpu) if limit else process.sandbox.machine.cpu


def number_of(text: str | None, default: float) -> float:
    """A number of seconds or a count from the environment ("250ms", "2s", "3")."""
    if not text:
        return float(default)
    scale = 0.001 if text.endswith("ms") else 1.0
    try:
        return float(text.removesuffix("ms").removesuffix("s")) * scale
    except ValueError:
        return float(default)


def host_and_port(address: str) -> tuple[str, int]:
    """Where an address or URL points (port 80 or 443 when it names none)."""
    scheme, separator, rest = address.partition("://")
    rest = (rest if separator else scheme).split("/", 1)[0]
    host, _, port = rest.partition(":")
    default = 443 if scheme == "https" and separator else 80
    return host, int(port) if port.isdigit() else default


def mismatch_of(call: Call, server: Process, port: int) -> str:
    """Why a listener cannot serve this call at all: another protocol, or another program."""
    listen, model = server.listening[port], server.app
    if listen.protocol != call.protocol and {listen.protocol, call.protocol} & {"redis", "postgres", "dns"}:
        return f"unexpected response from {server.sandbox.name}: protocol mismatch on port {port}"
    if call.api and model is not None and call.api not in model.apis:
        return f"unimplemented: 404 page not found (unknown service {call.api})"
    return ""


def server_cause(edge: Edge, server: Process, late: float, lost: float) -> tuple[str, str]:
    """Kind and text of a failure that the server answered with."""
    if late >= max(server.traffic.failure, lost):
        return "timeout", f"{edge.call.name}: context deadline exceeded after {edge.timeout:g}s"
    if lost > server.traffic.failure:
        return "timeout", f"{edge.call.name}: read: connection timed out"
    return "status", f"{edge.call.name}: 500 {server.traffic.cause or 'internal error'}"


def callers_first(found: dict[int, Node]) -> list[Node]:
    """Callers before callees (cycles are cut where they close)."""
    done: dict[int, bool] = {}
    order: list[Node] = []

    def visit(key: int) -> None:
        if key in done or key not in found:
            return
        done[key] = True
        for edge in found[key].edges:
            for target in edge.targets:
                if target.process is not None:
                    visit(id(target.process))
        order.append(found[key])

    for key in found:
        visit(key)
    return order[::-1]
