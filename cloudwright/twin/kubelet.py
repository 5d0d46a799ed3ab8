"""What the API server asks of the node agent: the kubelet's own protocol, reduced to its meaning."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class ExecResult:
    """What a finished command left."""

    stdout: bytes
    stderr: bytes
    exit_code: int


@dataclass(frozen=True)
class LogOptions:
    """Options of `pods/log`. Times are seconds since the epoch."""

    previous: bool = False
    tail_lines: int | None = None
    since_seconds: int | None = None
    since_time: float | None = None
    timestamps: bool = False
    follow: bool = False
    limit_bytes: int | None = None


@dataclass(frozen=True)
class Usage:
    """CPU in cores and memory working set in bytes."""

    cpu: float
    memory: int


@dataclass(frozen=True)
class PodStats:
    """Measured use of one pod, `containers` by name, over `window` seconds up to `timestamp` (since the epoch)."""

    namespace: str
    name: str
    timestamp: float
    window: float
    containers: dict[str, Usage] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeStats:
    """Measured use of one node."""

    name: str
    timestamp: float
    window: float
    usage: Usage


class Connection(Protocol):
    """One TCP-like connection to a port in a pod."""

    def send(self, data: bytes) -> None:
        """Write to the pod's listener."""
        ...

    def recv(self) -> bytes:
        """What the listener has answered since the last call; b"" when there is nothing more for now."""
        ...

    def closed(self) -> bool:
        """Whether the listener has ended the connection."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


class KubeletError(Exception):
    """The kubelet refuses or fails; `status` is its HTTP status, the text is what the client is shown."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class ShellSession(Protocol):
    """An interactive shell in a container; its lines share directory and variables."""

    @property
    def prompt(self) -> str:
        """What a terminal shows before the next line."""
        ...

    @property
    def ended(self) -> bool:
        """Whether the shell is gone."""
        ...

    def line(self, text: str) -> ExecResult:
        """Run one line of input."""
        ...


class Kubelet(Protocol):
    """Logs, commands, ports and measurements of the pods on the simulated nodes.

    Every call is made while the world's lock is held, so it must not block; it may raise `KubeletError`.
    """

    def logs(self, namespace: str, pod: str, container: str, options: LogOptions) -> Iterator[bytes]:
        """The container's log in lines that end with a newline.

        With `options.follow` the server asks again: it calls `logs` once for what is there, and then keeps calling
        `logs_after` until `log_ended`.
        """
        ...

    def log_position(self, namespace: str, pod: str, container: str) -> int:
        """How many lines the current container instance has logged, a cursor for `logs_after`."""
        ...

    def logs_after(self, namespace: str, pod: str, container: str, position: int, *, timestamps: bool) -> list[bytes]:
        """Lines that were logged after a cursor."""
        ...

    def log_ended(self, namespace: str, pod: str, container: str) -> bool:
        """Whether the container instance is gone, so that a following reader is done."""
        ...

    def exec(
        self, namespace: str, pod: str, container: str, argv: Sequence[str], *, stdin: bytes | None, tty: bool
    ) -> ExecResult:
        """Run a command in the container's model to its end. `stdin` is None when none is attached."""
        ...

    def shell(self, namespace: str, pod: str, container: str, argv: Sequence[str]) -> ShellSession:
        """Start an interactive shell in the container's model."""
        ...

    def wants_stdin(self, namespace: str, pod: str, container: str, argv: Sequence[str]) -> bool:
        """Whether the command reads its input to the end before it answers (`cat`, `tar x`); a shell reads lines."""
        ...

    def port(self, namespace: str, pod: str, port: int) -> Connection:
        """Connect to a port of the pod."""
        ...

    def pod_stats(self) -> list[PodStats]:
        """Measurements of all running pods."""
        ...

    def node_stats(self) -> list[NodeStats]:
        """Measurements of all ready nodes."""
        ...
