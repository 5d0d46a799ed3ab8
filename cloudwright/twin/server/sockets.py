"""Exec over WebSockets.

Channels: 0 standard input, 1 output, 2 error, 3 the closing `Status`, 4 terminal size; in v5, 255 closes a channel.
https://kubernetes.io/blog/2024/08/20/websockets-transition/
"""

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from cloudwright.twin.kubelet import ExecResult, Kubelet, KubeletError, ShellSession
from cloudwright.twin.server import forwarding
from cloudwright.twin.server.errors import bad_request, not_implemented
from cloudwright.twin.server.protocols import choose
from cloudwright.twin.server.terminal import Echo, End, Line, Terminal

if TYPE_CHECKING:
    from cloudwright.twin.server.exchange import Call
    from cloudwright.twin.server.request import Request
    from cloudwright.twin.server.streams import Streams

_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDIN, _STDOUT, _STDERR, _ERROR, _SIZE, _CLOSE = 0, 1, 2, 3, 4, 255
_SHELLS = {"sh", "bash", "ash", "/bin/sh", "/bin/bash", "/bin/ash"}
_PIECE = 32 * 1024
_SIZE_WAIT = 0.3


async def serve(streams: "Streams", request: "Request", call: "Call", socket: WebSocket) -> None:
    """Serve one stream.

    Raises:
        StatusError: before the socket is accepted, when the request cannot be served.
        KubeletError: likewise.
    """
    match request.subresource:
        case "exec":
            await _Exec(streams, request, call, socket).run()
        case "portforward":
            await forwarding.serve(streams, request, call, socket)
        case _:
            raise not_implemented(f"the {request.subresource} subresource")


class _Input:
    """What the client sends, as it arrives."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._early: list[bytes] = []
        self.ended = False

    async def read(self) -> bytes:
        """The next piece of standard input; b"" at the end."""
        if self._early:
            return self._early.pop(0)
        while not self.ended:
            channel, data = await self._receive()
            if channel == _STDIN and data:
                return data
        return b""

    async def size(self) -> None:
        """Wait until the client has told its terminal's size, or seems not to: it may not do so after the end."""
        with anyio.move_on_after(_SIZE_WAIT):
            while not self.ended:
                channel, data = await self._receive()
                if channel == _SIZE:
                    return
                if channel == _STDIN and data:
                    self._early.append(data)

    async def _receive(self) -> tuple[int, bytes]:
        try:
            message = await self._socket.receive_bytes()
        except (WebSocketDisconnect, RuntimeError, KeyError):
            self.ended = True
            return _CLOSE, b""
        channel, data = message[0] if message else _CLOSE, message[1:]
        self.ended = self.ended or (channel == _CLOSE and data[:1] == bytes([_STDIN]))
        return channel, data


class _Exec:
    """One command: to its end, with all its input first where it wants that, or line by line for a shell."""

    def __init__(self, streams: "Streams", request: "Request", call: "Call", socket: WebSocket) -> None:
        self._streams, self._socket = streams, socket
        self._request = request
        self._query = parse_qs(call.query, keep_blank_values=True)
        self._argv = self._query.get("command", [])
        self._stdin, self._tty = (self._query.get(name, ["false"])[0] in ("true", "1") for name in ("stdin", "tty"))
        self._place = (request.namespace, request.name, "")
        self._input = _Input(socket)

    async def run(self) -> None:
        """Serve the command."""
        if not self._argv:
            raise bad_request("you must specify at least 1 command for the container")
        protocol = choose(self._socket, _PROTOCOLS)
        kubelet, whole = await run_in_threadpool(self._streams.locked, self._prepare)
        await self._socket.accept(subprotocol=protocol)
        try:
            if self._tty:
                await self._input.size()
            if self._stdin and not whole and self._argv[0] in _SHELLS and len(self._argv) == 1:
                code = await self._shell(kubelet)
            else:
                code = await self._command(kubelet, await self._all_input() if whole else None)
            await self._end(code)
        except KubeletError as error:
            await self._send(_ERROR, json.dumps(_failed(error)).encode())
        except (WebSocketDisconnect, RuntimeError):
            return
        await self._socket.close()

    def _prepare(self) -> tuple[Kubelet, bool]:
        self._place = (*self._place[:2], self._streams.container_of(self._request, self._query))
        kubelet = self._streams.kubelet()
        return kubelet, self._stdin and kubelet.wants_stdin(*self._place, self._argv)

    async def _all_input(self) -> bytes:
        parts = []
        while piece := await self._input.read():
            parts.append(piece)
        return b"".join(parts)

    async def _command(self, kubelet: Kubelet, stdin: bytes | None) -> int:
        def call() -> ExecResult:
            return kubelet.exec(*self._place, self._argv, stdin=stdin, tty=self._tty)

        result: ExecResult = await run_in_threadpool(self._streams.locked, call)
        await self._output(result)
        return result.exit_code

    async def _shell(self, kubelet: Kubelet) -> int:
        session: ShellSession = await run_in_threadpool(
            self._streams.locked, lambda: kubelet.shell(*self._place, self._argv)
        )
        terminal, code = Terminal(self._tty), 0
        await self._prompt(session)
        while not session.ended:
            piece = await self._input.read()
            for event in terminal.feed(piece) if piece else terminal.finish():
                match event:
                    case Echo(data):
                        await self._send(_STDOUT, data)
                    case Line(text):
                        code = await self._line(session, text)
                    case End():
                        return code
                if session.ended:
                    break
        return code

    async def _line(self, session: ShellSession, text: str) -> int:
        result: ExecResult = await run_in_threadpool(self._streams.locked, lambda: session.line(text))
        await self._output(result)
        if not session.ended:
            await self._prompt(session)
        return result.exit_code

    async def _prompt(self, session: ShellSession) -> None:
        if self._tty:
            await self._send(_STDOUT, session.prompt.encode())

    async def _output(self, result: ExecResult) -> None:
        for channel, data in ((_STDOUT, result.stdout), (_STDERR, result.stderr)):
            if self._tty:
                await self._send(_STDOUT, data.replace(b"\n", b"\r\n"))
            else:
                await self._send(channel, data)

    async def _send(self, channel: int, data: bytes) -> None:
        for start in range(0, len(data), _PIECE):
            await self._socket.send_bytes(bytes([channel]) + data[start : start + _PIECE])

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
