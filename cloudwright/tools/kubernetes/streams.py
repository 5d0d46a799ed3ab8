"""Programs in containers and tunnels to pods, over the API server's WebSocket streams.

Framing: the first byte of a message is its channel (kubernetes.io/docs/reference/using-api, "v4/v5.channel.k8s.io").
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cloudwright.core.errors import TimedOut, Unreachable
from cloudwright.tools.kubernetes.client import KubernetesClient, Params
from cloudwright.tools.kubernetes.discovery import segment

_STDIN, _STDOUT, _STDERR, _ERROR, _CLOSE = 0, 1, 2, 3, 255
_FRAME = 32 * 1024


@dataclass(frozen=True)
class Finished:
    """What a program left: its output, its exit code, and whether output beyond the limit was dropped."""

    stdout: bytes
    stderr: bytes
    code: int
    cut: bool = False


def execute(
    client: KubernetesClient,
    namespace: str,
    pod: str,
    container: str,
    command: Sequence[str],
    *,
    stdin: Iterator[bytes] | None = None,
    seconds: float = 30.0,
    limit: int = 1_000_000,
) -> Finished:
    """Run a program in a container and wait for its end; no shell is involved.

    Raises:
        TimedOut: it does not end in `seconds`; whether it goes on in the container is not known.
        Unreachable: the stream broke.
    """
    params: Params = {
        "container": container,
        "command": list(command),
        "stdout": True,
        "stderr": True,
        "stdin": stdin is not None,
    }
    path = f"/api/v1/namespaces/{segment(namespace)}/pods/{segment(pod)}/exec"
    socket = client.websocket(path, params, timeout=seconds)
    try:
        if stdin is not None:
            _feed(socket, stdin)
        return _collect(socket, time.monotonic() + seconds, limit, " ".join(command))
    finally:
        hang_up(socket)


def hang_up(socket: Any) -> None:
    """End a stream and give its connection back, whichever side closed it first."""
    socket.close()
    socket.shutdown()  # the library leaves the connection open where the server was the first to say goodbye


def _feed(socket: Any, stdin: Iterator[bytes]) -> None:
    for piece in stdin:
        for start in range(0, len(piece), _FRAME):
            socket.send_binary(bytes([_STDIN]) + piece[start : start + _FRAME])
    if socket.getsubprotocol() == "v5.channel.k8s.io":
        socket.send_binary(bytes([_CLOSE, _STDIN]))


def _collect(socket: Any, end: float, limit: int, what: str) -> Finished:
    out, err = bytearray(), bytearray()
    cut = False
    for message in messages(socket, end, what):
        channel, data = message[0], message[1:]
        if channel == _ERROR:
            return Finished(bytes(out), bytes(err), _exit_code(data), cut)
        kept = out if channel == _STDOUT else err
        room = limit - len(kept)
        kept += data[: max(0, room)]
        cut = cut or len(data) > room
    raise Unreachable(f"The stream of {what!r} broke before the program ended.")


def messages(socket: Any, end: float, what: str) -> Iterator[bytes]:
    """The messages of a stream until it is closed.

    Raises:
        TimedOut: `end` (of `time.monotonic()`) is over.
    """
    import websocket  # comes with the kubernetes library

    while True:
        left = end - time.monotonic()
        if left <= 0:
            raise TimedOut(f"{what!r} did not end in time; whether it goes on in the container is not known.")
        socket.settimeout(left)
        try:
            opcode, data = socket.recv_data()
        except websocket.WebSocketTimeoutException:
            continue
        except (websocket.WebSocketException, OSError):
            return
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return
        if data:
            yield bytes(data)


def _exit_code(data: bytes) -> int:
    try:
        status = json.loads(data)
    except ValueError:
        return 1
    if status.get("status") == "Success":
        return 0
    causes = (status.get("details") or {}).get("causes") or []
    code = next((cause.get("message") for cause in causes if cause.get("reason") == "ExitCode"), "")
    return int(code) if str(code).isdigit() else 1
