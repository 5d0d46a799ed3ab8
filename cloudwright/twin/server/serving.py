"""A served twin: the world's API on a TLS port of this machine, with a kubeconfig."""

import asyncio
import json
import secrets
import shutil
import socket
import tempfile
import threading
from base64 import b64encode
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from cloudwright.twin.server.certificates import Authority, write_server_files
from cloudwright.twin.server.gateway import Gateway
from cloudwright.twin.server.http import Application, make_server
from cloudwright.twin.server.pipeline import ApiServer
from cloudwright.twin.server.request import User

_ADMIN = User("kubernetes-admin", ("system:masters", "system:authenticated"))
_READY_SECONDS = 20.0
_CLOSING_SECONDS = 0.3


def kubeconfig(url: str, authority: bytes, token: str, *, name: str = "twin", namespace: str = "") -> str:
    """A kubeconfig with one context, as JSON (which is YAML)."""
    cluster = {"server": url, "certificate-authority-data": b64encode(authority).decode()}
    context = {"cluster": name, "user": "admin", **({"namespace": namespace} if namespace else {})}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": name, "context": context}],
        },
        indent=1,
    )


class Serving:
    """Serves an API server from a thread. Use it as a context manager, or `start` and `stop`."""

    def __init__(
        self,
        server: ApiServer,
        *,
        lock: AbstractContextManager[Any] | None = None,
        settle: Callable[[], None] = lambda: None,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str = "",
    ) -> None:
        self.token = token or secrets.token_urlsafe(24)
        self.authority = Authority()
        self.gateway = Gateway(server, lock=lock, settle=settle, users={self.token: _ADMIN})
        self.application = Application(self.gateway)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, port))
        self.host, self.port = host, self._socket.getsockname()[1]
        self._folder = Path(tempfile.mkdtemp(prefix="twin-"))
        files = write_server_files(
            self._folder, self.authority, [host, "localhost", "kubernetes", "kubernetes.default.svc"]
        )
        self._server = make_server(self.application, host, self.port, (str(files[0]), str(files[1]), str(files[2])))
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it is served."""
        return f"https://{self.host}:{self.port}"

    def kubeconfig(self) -> str:
        """A kubeconfig of the administrator."""
        return kubeconfig(self.url, self.authority.certificate, self.token)

    def start(self) -> "Serving":
        """Serve from a thread; returns when requests are answered.

        Raises:
            TimeoutError: it did not come up.
        """
        self._thread = threading.Thread(target=self._run, name="twin-http", daemon=True)
        self._thread.start()
        waited = threading.Event()
        for _ in range(int(_READY_SECONDS / 0.01)):
            if self._server.started:
                return self
            waited.wait(0.01)
        raise TimeoutError("the simulated API server did not start")

    def run(self) -> None:
        """Serve on this thread until interrupted."""
        try:
            self._run()
        finally:
            self._clean()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        await self._server.serve([self._socket])
        for connection in list(self._server.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()  # a client that does not answer the goodbye
        await asyncio.sleep(_CLOSING_SECONDS)  # the loop takes note of closed connections

    def stop(self) -> None:
        """Stop serving and remove the certificates."""
        self.application.end_watches()
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(10)
        self._clean()

    def _clean(self) -> None:
        self._socket.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> "Serving":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
