"""A small HTTP server that answers as it is told: for errors that a healthy API server does not give."""

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Answer:
    """One answer. `pieces` are sent one by one; after them the server closes, or stalls until it is stopped."""

    code: int = 200
    pieces: tuple[bytes, ...] = (b"{}",)
    headers: dict[str, str] = field(default_factory=dict)
    stalls: bool = False
    length: int | None = None
    """Content-Length to claim; None: that of the pieces, -1: none."""


def status(code: int, reason: str, message: str, **more: Any) -> Answer:
    """A `Status` object as the API server sends it."""
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": reason,
        "message": message,
        "code": code,
    }
    return Answer(code, (json.dumps({**body, **more}).encode(),), {"Content-Type": "application/json"})


def json_answer(value: Any, **headers: str) -> Answer:
    """A JSON value."""
    return Answer(200, (json.dumps(value).encode(),), {"Content-Type": "application/json", **headers})


class FakeServer:
    """Answers every request by `respond(method, path with query)`. Usable as a context manager."""

    def __init__(self, respond: Callable[[str, str], Answer]) -> None:
        self._stopped = threading.Event()
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                self.rfile.read(length)
                outer.requests.append((self.command, self.path, dict(self.headers.items())))
                outer._send(self, respond(self.command, self.path))

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 (http.server's names)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "FakeServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        handler.send_response_only(answer.code)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        length = sum(map(len, answer.pieces)) if answer.length is None else answer.length
        if length >= 0:
            handler.send_header("Content-Length", str(length))
        if answer.stalls or length < 0:
            handler.send_header("Connection", "close")
            handler.close_connection = True
        handler.end_headers()
        for piece in answer.pieces:
            handler.wfile.write(piece)
            handler.wfile.flush()
        if answer.stalls:
            self._stopped.wait(30)


def kubeconfig(folder: Path, server: str, **user: Any) -> Path:
    """A kubeconfig for a server without TLS."""
    path = folder / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "fake",
                "clusters": [{"name": "fake", "cluster": {"server": server}}],
                "users": [{"name": "fake", "user": user or {"token": "t0ken"}}],
                "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
            }
        )
    )
    return path


def closed_port() -> int:
    """A port that refuses connections."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
