"""A twin that is served until it is interrupted, with snapshot, restore and fork."""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from cloudwright.core.errors import UsageError
from cloudwright.evals.hosting import Metrics
from cloudwright.twin import topologies
from cloudwright.twin.persistence import Database
from cloudwright.twin.server.admin import Admin
from cloudwright.twin.server.serving import Serving
from cloudwright.twin.store import StoreSnapshot
from cloudwright.twin.topologies.start import Cluster, start
from cloudwright.twin.world import World

_SHOP = Path(topologies.__file__).parent / "shop.yaml"


def serve_world(world: World, *, port: int = 0) -> tuple[Serving, Admin]:
    """Serve a world with its administration paths; time does not run yet."""
    serving = Serving(world.server, lock=world.lock, settle=world.settle, port=port)

    def fork() -> Serving:
        copy = world.fork()
        copy.run_realtime()
        served, _ = serve_world(copy)
        return served.start()

    return serving, Admin(serving.gateway, world, fork)


def open_database(path: Path) -> tuple[Database, StoreSnapshot | None]:
    """A file that keeps a twin's API state, and what is in it.

    Raises:
        UsageError: the file cannot be used.
    """
    try:
        database = Database(path)
        return database, database.load()
    except (sqlite3.Error, ValueError) as error:
        raise UsageError(
            f"{path} cannot be used as a twin's database: {error}.", hint="Name a new file, or one that `serve` wrote."
        ) from error


def build(topology: Path | None, saved: StoreSnapshot | None, start_at: float) -> Cluster:
    """A topology's cluster, with the saved objects in place of its own; containers start anew from them.

    Names and uids are drawn from another seed than those of the saved objects were.
    """
    cluster = start(topology or _SHOP, start_at=start_at, seed=saved.revision if saved else 0)
    if saved is not None:
        cluster.world.store.restore(saved)
        cluster.world.settle()
    return cluster


def run_served(
    topology: Path | None,
    *,
    port: int,
    announce: Callable[[str, str], None],
    database: Path | None = None,
    until: threading.Event | None = None,
) -> None:
    """Serve a topology's cluster until interrupted (or until an event); `announce` is given
    the kubeconfig and the URL of its Prometheus.

    Raises:
        UsageError: the database cannot be used.
    """
    with ExitStack() as stack:
        saved = None
        if database is not None:
            kept, saved = open_database(database)
            stack.callback(kept.close)
        cluster = build(topology, saved, time.time())
        world = cluster.world
        if database is not None:
            kept.follow(world.store)
        serving, admin = serve_world(world, port=port)
        metrics = Metrics(cluster)
        for part in (serving, metrics):
            stack.callback(part.stop)
            part.start()
        stack.callback(admin.close)
        world.step(max(0.0, time.time() - world.clock.now()))
        stack.callback(world.run_realtime())
        announce(serving.kubeconfig(), metrics.url)
        try:
            (until or threading.Event()).wait()
        except KeyboardInterrupt:
            return
