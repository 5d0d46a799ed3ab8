"""A twin that others reach: its API and its Prometheus on loopback ports, with time running."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import uvicorn

from cloudwright.core.scratch import scratch_folder
from cloudwright.twin.server.background import Background, listen
from cloudwright.twin.server.serving import Serving
from cloudwright.twin.topologies.start import Cluster


class Metrics:
    """A cluster's Prometheus API on a loopback port."""

    def __init__(self, cluster: Cluster) -> None:
        bound = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        config = uvicorn.Config(
            cluster.estate.prometheus(cluster.world.lock),
            loop="asyncio",
            log_level="critical",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = Background(config, bound, "twin-prometheus")

    def start(self) -> None:
        """Serve from a thread."""
        self._server.start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.stop()


class Hosted:
    """Serves a cluster while it is used as a context manager; `speed` is virtual seconds per second."""

    def __init__(self, cluster: Cluster, *, port: int = 0, speed: float = 1.0) -> None:
        self.cluster = cluster
        world = cluster.world
        self.serving = Serving(world.server, lock=world.lock, settle=world.settle, port=port)
        self._speed = speed
        self._prometheus = Metrics(cluster)
        self._folder = scratch_folder("host")
        self._stop_time: Callable[[], None] = lambda: None

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig file of the administrator, readable by its owner only."""
        return self._folder / "kubeconfig"

    @property
    def prometheus_url(self) -> str:
        """Where the Prometheus API is."""
        return self._prometheus.url

    def __enter__(self) -> "Hosted":
        self.serving.start()
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(self.serving.kubeconfig())
        self._prometheus.start()
        self._stop_time = self.cluster.world.run_realtime(self._speed)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_time()
        self._prometheus.stop()
        self.serving.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
