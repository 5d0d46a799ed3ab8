"""A twin that others reach: its API and its Prometheus on loopback ports, with time running."""

import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import uvicorn

from cloudwright.twin.server.serving import Serving
from cloudwright.twin.topologies.start import Cluster

_READY_SECONDS = 15.0


class Hosted:
    """Serves a cluster while it is used as a context manager; `speed` is virtual seconds per second."""

    def __init__(self, cluster: Cluster, *, port: int = 0, speed: float = 1.0) -> None:
        self.cluster = cluster
        world = cluster.world
        self.serving = Serving(world.server, lock=world.lock, settle=world.settle, port=port)
        self._speed = speed
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.bind(("127.0.0.1", 0))
        config = uvicorn.Config(cluster.estate.prometheus(world.lock), log_level="critical", lifespan="off")
        self._prometheus = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._prometheus.run, args=([self._socket],), name="twin-prometheus", daemon=True
        )
        self._folder = Path(tempfile.mkdtemp(prefix="cloudwright-"))
        self._stop_time: Callable[[], None] = lambda: None

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig file of the administrator, readable by its owner only."""
        return self._folder / "kubeconfig"

    @property
    def prometheus_url(self) -> str:
        """Where the Prometheus API is."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> "Hosted":
        self.serving.start()
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(self.serving.kubeconfig())
        self._thread.start()
        waited = threading.Event()
        for _ in range(int(_READY_SECONDS / 0.02)):
            if self._prometheus.started:
                break
            waited.wait(0.02)
        self._stop_time = self.cluster.world.run_realtime(self._speed)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_time()
        self._prometheus.should_exit = True
        self.serving.stop()
        self._thread.join(5)
        self._socket.close()
        shutil.rmtree(self._folder, ignore_errors=True)
