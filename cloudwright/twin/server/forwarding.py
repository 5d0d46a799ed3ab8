"""Port-forward over WebSockets: kubectl's tunnel of SPDY streams, and the plain channels of other clients."""

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from cloudwright.twin.kubelet import Connection, Kubelet, KubeletError
from cloudwright.twin.server.errors import StatusError, bad_request
from cloudwright.twin.server.protocols import choose, offered
from cloudwright.twin.server.spdy import Session, Stream

if TYPE_CHECKING:
    from cloudwright.twin.server.exchange import Call
    from cloudwright.twin.server.request import Request
    from cloudwright.twin.server.streams import Streams

_TUNNEL, _PLAIN = "SPDY/3.1+portforward.k8s.io", ("v4.channel.k8s.io", "portforward.k8s.io")
_PAUSE = 0.02
_CONNECTION_BUFFER = 4 * 1024 * 1024


async def serve(streams: "Streams", request: "Request", call: "Call", socket: WebSocket) -> None:
    """Forward the ports that are asked for, until either side is done.

    Raises:
        StatusError: before the socket is accepted, when the request cannot be served.
        KubeletError: likewise.
    """
    query = parse_qs(call.query, keep_blank_values=True)

    def prepare() -> Kubelet:
        pod = streams.pod(request)
        if (pod.get("status") or {}).get("phase") != "Running":
            phase = (pod.get("status") or {}).get("phase", "")
            why = f"unable to forward port because pod is not running. Current status={phase}"
            raise StatusError(400, "BadRequest", why)
        return streams.kubelet()

    kubelet = await run_in_threadpool(streams.locked, prepare)
    if _TUNNEL in offered(socket):
        await socket.accept(subprotocol=_TUNNEL)
        await _Tunnel(streams, request, kubelet, socket).run()
        return
    protocol = choose(socket, _PLAIN)
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
