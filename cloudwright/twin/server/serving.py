"""A served twin: the world's API on a TLS port of this machine, with a kubeconfig."""

import json
import secrets
import shutil
from base64 import b64encode
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from cloudwright.core.scratch import scratch_folder
from cloudwright.twin.server.background import Background, listen
from cloudwright.twin.server.certificates import Authority, write_server_files
from cloudwright.twin.server.gateway import Gateway
from cloudwright.twin.server.http import Application, server_config
from cloudwright.twin.server.pipeline import ApiServer
from cloudwright.twin.server.request import User

_ADMIN = User("kubernetes-admin", ("system:masters", "system:authenticated"))


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
        bound = listen(host, port)
        self.host, self.port = host, bound.getsockname()[1]
        self._folder = scratch_folder("twin")
        files = write_server_files(
            self._folder, self.authority, [host, "localhost", "kubernetes", "kubernetes.default.svc"]
        )
        config = server_config(self.application, host, self.port, (str(files[0]), str(files[1]), str(files[2])))
        self._background = Background(config, bound, "twin-http")

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
        self._background.start()
        return self

    def run(self) -> None:
        """Serve on this thread until interrupted."""
        try:
            self._background.run()
        finally:
            self.stop()

    def stop(self) -> None:
        """Stop serving and remove the certificates."""
        self.application.end_watches()
        self._background.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> "Serving":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
