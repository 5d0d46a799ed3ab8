"""The WebSocket protocols of exec, attach and port-forward.

Channels: 0 standard input, 1 output, 2 error, 3 the closing `Status`, 4 terminal size; in v5, 255 closes a channel.
https://kubernetes.io/blog/2024/08/20/websockets-transition/
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from cloudwright.twin.kubelet import Connection, ExecResult, Kubelet, KubeletError
from cloudwright.twin.server.errors import StatusError, bad_request, not_implemented
from cloudwright.twin.server.spdy import Session, Stream

if TYPE_CHECKING:
    from cloudwright.twin.server.gateway import Call
    from cloudwright.twin.server.request import Request
    from cloudwright.twin.server.streams import Streams

_EXEC_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_TUNNEL, _PLAIN = "SPDY/3.1+portforward.k8s.io", ("v4.channel.k8s.io", "portforward.k8s.io")
_STDIN, _STDOUT, _STDERR, _ERROR, _CLOSE = 0, 1, 2, 3, 255
_SHELLS = {"sh", "bash", "ash", "/bin/sh", "/bin/bash", "/bin/ash"}
_PAUSE = 0.02
_CONNECTION_BUFFER = 4 * 1024 * 1024
Locked = Callable[[Callable[[], Any]], Any]


def _offered(socket: WebSocket) -> list[str]:
    aside = socket.scope.get("state", {}).get("offered", "")
    given = ",".join((socket.headers.get("sec-websocket-protocol", ""), aside))
    return [part.strip() for part in given.split(",") if part.strip()]


def _choose(socket: WebSocket, known: tuple[str, ...]) -> str:
    found = next((protocol for protocol in known if protocol in _offered(socket)), None)
    if found is None:
        raise bad_request(
            f"unable to negotiate protocol: client supports {_offered(socket)}, server supports {list(known)}"
        )
    return found


async def serve(streams: "Streams", request: "Request", call: "Call", socket: WebSocket) -> None:
    """Serve one stream.

    Raises:
        StatusError: before the socket is accepted, when the request cannot be served.
        KubeletError: likewise.
    """
    query = parse_qs(call.query, keep_blank_values=True)
    match request.subresource:
        case "exec":
            await _Exec(streams, request, query, socket).run()
        case "portforward":
            await _forward(streams, request, query, socket)
        case _:
            raise not_implemented(f"the {request.subresource} subresource")


class _Input:
    """Standard input as it arrives."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self.ended = False

    async def read(self) -> bytes:
        """The next piece; b"" at the end."""
        while not self.ended:
            try:
                message = await self._socket.receive_bytes()
            except (WebSocketDisconnect, RuntimeError, KeyError):
                break
            if message[:1] == bytes([_CLOSE]) and message[1:2] == bytes([_STDIN]):
                break
            if message[:1] == bytes([_STDIN]) and len(message) > 1:
                return message[1:]
        self.ended = True
        return b""


class _Exec:
    """One command: to its end, with all its input first where it wants that, or line by line for a shell."""

    def __init__(self, streams: "Streams", request: "Request", query: dict[str, list[str]], socket: WebSocket) -> None:
        self._streams, self._request, self._socket = streams, request, socket
        self._query = query
        self._argv = query.get("command", [])
        self._wants = {
            name: query.get(name, ["false"])[0] in ("true", "1") for name in ("stdin", "stdout", "stderr", "tty")
        }
        self._input = _Input(socket)

    async def run(self) -> None:
        """Serve the command."""
        if not self._argv:
            raise bad_request("you must specify at least 1 command for the container")
        protocol = _choose(self._socket, _EXEC_PROTOCOLS)

        def prepare() -> tuple[Kubelet, str, bool]:
            container = self._streams.container_of(self._request, self._query)
            kubelet = self._streams.kubelet()
            place = (self._request.namespace, self._request.name, container)
            return kubelet, container, self._wants["stdin"] and kubelet.wants_stdin(*place, self._argv)

        kubelet, container, whole = await run_in_threadpool(self._streams.locked, prepare)
        await self._socket.accept(subprotocol=protocol)
        try:
            if self._wants["stdin"] and not whole and self._argv[0] in _SHELLS and len(self._argv) == 1:
                result = await self._shell(kubelet, container)
            else:
                stdin = await self._all_input() if whole else None
                result = await self._call(kubelet, container, self._argv, stdin)
                await self._output(result)
            await self._end(result.exit_code)
        except KubeletError as error:
            await self._send(_ERROR, json.dumps(_failed(error)).encode())
        except (WebSocketDisconnect, RuntimeError):
            return
        await self._socket.close()

    async def _all_input(self) -> bytes:
        parts = []
        while piece := await self._input.read():
            parts.append(piece)
        return b"".join(parts)

    async def _call(self, kubelet: Kubelet, container: str, argv: list[str], stdin: bytes | None) -> ExecResult:
        place = (self._request.namespace, self._request.name, container)
        tty = self._wants["tty"]

        def call() -> ExecResult:
            return kubelet.exec(*place, argv, stdin=stdin, tty=tty)

        found: ExecResult = await run_in_threadpool(self._streams.locked, call)
        return found

    async def _shell(self, kubelet: Kubelet, container: str) -> ExecResult:
        """A line at a time, each on its own."""
        tty, pending, code = self._wants["tty"], b"", 0
        if tty:
            await self._send(_STDOUT, b"# ")
        while piece := await self._input.read():
            pending += piece.replace(b"\r", b"\n")
            if tty:
                await self._send(_STDOUT, piece.replace(b"\r", b"\r\n"))
            while b"\n" in pending:
                line, _, pending = pending.partition(b"\n")
                words = line.decode("utf-8", "replace").strip()
                if words.split(" ")[0] in ("exit", "logout"):
                    return ExecResult(b"", b"", code)
                if words:
                    result = await self._call(kubelet, container, [self._argv[0], "-c", words], None)
                    code = result.exit_code
                    await self._output(result)
                if tty:
                    await self._send(_STDOUT, b"# ")
            if b"\x04" in pending:
                break
        return ExecResult(b"", b"", code)

    async def _output(self, result: ExecResult) -> None:
        tty = self._wants["tty"]
        for channel, data in ((_STDOUT, result.stdout), (_STDERR, result.stderr)):
            if not data:
                continue
            if tty:
                await self._send(_STDOUT, data.replace(b"\n", b"\r\n"))
            else:
                await self._send(channel, data)

    async def _send(self, channel: int, data: bytes) -> None:
        for start in range(0, len(data), 32 * 1024):
            await self._socket.send_bytes(bytes([channel]) + data[start : start + 32 * 1024])

    async def _end(self, code: int) -> None:
        status: dict[str, Any] = {"metadata": {}, "status": "Success"}
        if code:
            status = {
                "metadata": {},
                "status": "Failure",
                "message": f"command terminated with non-zero exit code: exit status {code}",
                "reason": "NonZeroExitCode",
                "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
            }
        await self._send(_ERROR, json.dumps(status).encode())


def _failed(error: KubeletError) -> dict[str, Any]:
    return {
        "metadata": {},
        "status": "Failure",
        "message": error.message,
        "reason": "InternalError",
        "details": {"causes": [{"message": error.message}]},
        "code": error.status,
    }


# -- port-forward


async def _forward(streams: "Streams", request: "Request", query: dict[str, list[str]], socket: WebSocket) -> None:
    def prepare() -> Kubelet:
        pod = streams.pod(request)
        if (pod.get("status") or {}).get("phase") != "Running":
            raise StatusError(
                400,
                "BadRequest",
                f"unable to forward port because pod is not running. Current status={(pod.get('status') or {}).get('phase', '')}",  # noqa: E501
            )
        return streams.kubelet()

    kubelet = await run_in_threadpool(streams.locked, prepare)
    if _TUNNEL in _offered(socket):
        await socket.accept(subprotocol=_TUNNEL)
        await _Tunnel(streams, request, kubelet, socket).run()
        return
    protocol = _choose(socket, _PLAIN)
    ports = [int(port) for value in query.get("ports", []) for port in value.split(",") if port.isdigit()]
    if not ports:
        raise bad_request("at least one port must be specified")
    await socket.accept(subprotocol=protocol)
    await _Channels(streams, request, kubelet, socket, ports).run()


class _Forwarding:
    """What both ways of forwarding share: a reader task and a loop that pumps connections."""

    def __init__(self, streams: "Streams", request: "Request", kubelet: Kubelet, socket: WebSocket) -> None:
        self._streams, self._request, self._kubelet, self._socket = streams, request, kubelet, socket
        self._gone = False
        self._woken = anyio.Event()

    def _connect(self, port: int) -> Connection:
        return self._kubelet.port(self._request.namespace, self._request.name, port)

    def _refusal(self, port: int, error: KubeletError) -> bytes:
        return f"an error occurred forwarding port {port}: {error.message}".encode()

    async def run(self) -> None:
        """Pump until either side is done."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._read)
            while not self._gone:
                await run_in_threadpool(self._streams.locked, self._pump)
                await self._flush()
                with anyio.move_on_after(_PAUSE):
                    await self._woken.wait()
                self._woken = anyio.Event()
            group.cancel_scope.cancel()
        self._close_all()

    async def _read(self) -> None:
        try:
            while True:
                self._receive(await self._socket.receive_bytes())
                self._woken.set()
        except (WebSocketDisconnect, RuntimeError, KeyError):
            self._gone = True
            self._woken.set()

    def _receive(self, data: bytes) -> None:
        raise NotImplementedError

    def _pump(self) -> None:
        raise NotImplementedError

    async def _flush(self) -> None:
        raise NotImplementedError

    def _close_all(self) -> None:
        raise NotImplementedError


class _Tunnel(_Forwarding):
    """kubectl's way: SPDY streams, a data and an error stream for each connection."""

    def __init__(self, streams: "Streams", request: "Request", kubelet: Kubelet, socket: WebSocket) -> None:
        super().__init__(streams, request, kubelet, socket)
        self._session = Session()
        self._connections: dict[int, Connection | None] = {}

    def _receive(self, data: bytes) -> None:
        self._session.feed(data)
        self._gone = self._gone or self._session.closed

    def _error_stream(self, stream: Stream) -> Stream | None:
        wanted = stream.headers.get("requestid")
        return next(
            (
                other
                for other in self._session.streams.values()
                if other.headers.get("streamtype") == "error" and other.headers.get("requestid") == wanted
            ),
            None,
        )

    def _pump(self) -> None:
        for stream in list(self._session.streams.values()):
            if stream.headers.get("streamtype") != "data":
                continue
            if stream.id not in self._connections:
                self._open(stream)
            connection = self._connections[stream.id]
            if connection is not None:
                self._exchange(stream, connection)

    def _open(self, stream: Stream) -> None:
        port = int(stream.headers.get("port", "0") or 0)
        try:
            self._connections[stream.id] = self._connect(port)
        except KubeletError as error:
            self._connections[stream.id] = None
            failed = self._error_stream(stream)
            if failed is not None:
                self._session.send(failed, self._refusal(port, error), end=True)
            self._session.send(stream, b"", end=True)

    def _exchange(self, stream: Stream, connection: Connection) -> None:
        if stream.received:
            connection.send(bytes(stream.received))
            stream.received.clear()
        data = connection.recv()
        if data:
            self._session.send(stream, data[:_CONNECTION_BUFFER])
        elif connection.closed() or stream.ended:
            connection.close()
            self._connections[stream.id] = None
            failed = self._error_stream(stream)
            if failed is not None:
                self._session.send(failed, b"", end=True)
            self._session.send(stream, b"", end=True)

    async def _flush(self) -> None:
        data = self._session.take()
        if data:
            try:
                await self._socket.send_bytes(data)
            except (WebSocketDisconnect, RuntimeError):
                self._gone = True

    def _close_all(self) -> None:
        for connection in self._connections.values():
            if connection is not None:
                connection.close()


class _Channels(_Forwarding):
    """The Python client's way: two channels (data, error) a port on the bare socket."""

    def __init__(
        self, streams: "Streams", request: "Request", kubelet: Kubelet, socket: WebSocket, ports: list[int]
    ) -> None:
        super().__init__(streams, request, kubelet, socket)
        self._ports = ports
        self._connections: dict[int, Connection | None] = {}
        self._waiting: dict[int, bytearray] = {index: bytearray() for index in range(len(ports))}
        self._out: list[bytes] = []

    def _receive(self, data: bytes) -> None:
        if data and data[0] % 2 == 0 and data[0] // 2 < len(self._ports):
            self._waiting[data[0] // 2] += data[1:]

    def _pump(self) -> None:
        for index, port in enumerate(self._ports):
            if index not in self._connections:
                self._out += [bytes([2 * index + part]) + port.to_bytes(2, "little") for part in (0, 1)]
                try:
                    self._connections[index] = self._connect(port)
                except KubeletError as error:
                    self._connections[index] = None
                    self._out.append(bytes([2 * index + 1]) + self._refusal(port, error))
            connection = self._connections[index]
            if connection is None:
                continue
            if self._waiting[index]:
                connection.send(bytes(self._waiting[index]))
                self._waiting[index].clear()
            data = connection.recv()
            if data:
                self._out.append(bytes([2 * index]) + data)
            elif connection.closed():
                self._connections[index] = None
        self._gone = self._gone or all(each is None for each in self._connections.values())

    async def _flush(self) -> None:
        out, self._out = self._out, []
        try:
            for message in out:
                await self._socket.send_bytes(message)
            if self._gone:
                await self._socket.close()
        except (WebSocketDisconnect, RuntimeError):
            self._gone = True

    def _close_all(self) -> None:
        for connection in self._connections.values():
            if connection is not None:
                connection.close()
