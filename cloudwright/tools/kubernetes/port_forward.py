"""Tunnels from a local port to a pod's port. Each accepted connection is one WebSocket stream of its own."""

import contextlib
import socket
import threading
import time
from typing import Any

from cloudwright.core.errors import InvalidArguments, ToolError
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.discovery import segment
from cloudwright.tools.kubernetes.streams import hang_up, messages

_DATA, _ERROR = 0, 1
_BLOCK = 32 * 1024
_tunnels: set["_Tunnel"] = set()


def open_tunnel(client: KubernetesClient, namespace: str, pod: str, port: int, local_port: int, seconds: float) -> int:
    """Listen on loopback for `seconds`; returns the local port. The process does not end before the tunnel does,
    unless `close_tunnels` is called.

    Raises:
        InvalidArguments: the local port is taken.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", local_port))
    except OSError as error:
        listener.close()
        raise InvalidArguments(f"Local port {local_port} cannot be used: {error.strerror}.") from None
    listener.listen()
    path = f"/api/v1/namespaces/{segment(namespace)}/pods/{segment(pod)}/portforward"
    tunnel = _Tunnel(client, path, port, listener, time.monotonic() + seconds)
    _tunnels.add(tunnel)
    threading.Thread(target=tunnel.serve, name=f"port-forward {pod}:{port}").start()
    return int(listener.getsockname()[1])


def close_tunnels() -> None:
    """Close every tunnel of this process now."""
    for tunnel in list(_tunnels):
        tunnel.close()


class _Tunnel:
    def __init__(self, client: KubernetesClient, path: str, port: int, listener: socket.socket, end: float) -> None:
        self._client = client
        self._path = path
        self._port = port
        self._listener = listener
        self._end = end

    def close(self) -> None:
        """Stop listening and cut what is open."""
        self._end = 0.0

    def serve(self) -> None:
        """Accept connections until the time is over."""
        self._listener.settimeout(0.2)
        try:
            while time.monotonic() < self._end:
                with contextlib.suppress(TimeoutError):
                    connection, _ = self._listener.accept()
                    threading.Thread(target=self._carry, args=(connection,), daemon=True).start()
        finally:
            self._listener.close()
            _tunnels.discard(self)

    def _carry(self, connection: socket.socket) -> None:
        left = max(1.0, self._end - time.monotonic())
        with connection:
            try:
                stream = self._client.websocket(self._path, {"ports": self._port}, timeout=min(left, 10.0))
            except ToolError:
                return
            upward = threading.Thread(target=self._upward, args=(connection, stream), daemon=True)
            upward.start()
            with contextlib.suppress(ToolError, OSError):
                self._downward(connection, stream)
            hang_up(stream)

    def _downward(self, connection: socket.socket, stream: Any) -> None:
        greeted = set()
        for message in messages(stream, self._end, self._path):
            channel, data = message[0], message[1:]
            if channel not in greeted:  # the first message of a channel repeats the port number
                greeted.add(channel)
                data = data[2:]
            if channel == _ERROR and data:
                return
            if channel == _DATA and data:
                connection.sendall(data)

    def _upward(self, connection: socket.socket, stream: Any) -> None:
        import websocket  # comes with the kubernetes library

        connection.settimeout(0.5)
        with contextlib.suppress(OSError, websocket.WebSocketException):
            while time.monotonic() < self._end:
                try:
                    data = connection.recv(_BLOCK)
                except TimeoutError:
                    continue
                if not data:
                    break
                stream.send_binary(bytes([_DATA]) + data)
