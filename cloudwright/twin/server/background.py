"""A uvicorn server on a thread, which ends quickly and leaves no connection behind."""

import asyncio
import socket
import threading
from typing import Any

import uvicorn

_READY_SECONDS = 20.0
_CLOSING_SECONDS = 5.0
_POLL_SECONDS = 0.01


def listen(host: str, port: int) -> socket.socket:
    """A bound socket (port 0: any free one).

    It names its protocol, because asyncio turns Nagle's algorithm off on such sockets alone; with it, each answer
    would wait for the client's delayed acknowledgement of its headers.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    return bound


class QuickServer(uvicorn.Server):
    """Ends idle connections without waiting for their clients' goodbye, and others after the grace period."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End: idle connections at once, those with a request after uvicorn's grace period."""
        for connection in list(self.server_state.connections):
            cycle = getattr(connection, "cycle", None)
            if hasattr(connection, "cycle") and (cycle is None or cycle.response_complete):
                _abort(connection)
        await asyncio.sleep(0)  # so that they are gone before uvicorn says goodbye to the rest
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            _abort(connection)
        deadline = asyncio.get_running_loop().time() + _CLOSING_SECONDS
        while self.server_state.connections and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(_POLL_SECONDS)
        await asyncio.sleep(0)  # transports close their sockets in the turn after they report the loss


def _abort(connection: Any) -> None:
    transport = getattr(connection, "transport", None)
    if transport is not None:
        transport.abort()


class Background:
    """Serves an application on a bound socket from a thread."""

    def __init__(self, config: uvicorn.Config, bound: socket.socket, name: str) -> None:
        self._server = QuickServer(config)
        self._socket = bound
        self._thread = threading.Thread(target=self.run, name=name, daemon=True)

    def start(self) -> None:
        """Serve from a thread; returns when requests are answered.

        Raises:
            TimeoutError: it did not come up.
        """
        self._thread.start()
        waited = threading.Event()
        for _ in range(int(_READY_SECONDS / _POLL_SECONDS)):
            if self._server.started:
                return
            waited.wait(_POLL_SECONDS)
        raise TimeoutError(f"the server {self._thread.name} did not start")

    def run(self) -> None:
        """Serve on this thread until stopped or interrupted."""
        asyncio.run(self._server.serve([self._socket]))

    def stop(self) -> None:
        """Stop serving, and close the socket."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_CLOSING_SECONDS * 2)
        self._socket.close()
