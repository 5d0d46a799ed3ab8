"""A twin that is served until it is interrupted, with snapshot, restore and fork."""

import threading
from collections.abc import Callable
from pathlib import Path

from cloudwright.twin import topologies
from cloudwright.twin.server.admin import Admin
from cloudwright.twin.server.serving import Serving
from cloudwright.twin.topologies.start import start
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


def run_served(
    topology: Path | None,
    *,
    port: int,
    start_at: float,
    announce: Callable[[str], None],
    until: threading.Event | None = None,
) -> None:
    """Serve a topology's cluster until interrupted (or until an event); `announce` is given the kubeconfig."""
    world = start(topology or _SHOP, start_at=start_at).world
    serving, admin = serve_world(world, port=port)
    stop_time: Callable[[], None] = lambda: None  # noqa: E731 - replaced below
    try:
        serving.start()
        stop_time = world.run_realtime()
        announce(serving.kubeconfig())
        (until or threading.Event()).wait()
    except KeyboardInterrupt:
        pass
    finally:
        stop_time()
        admin.close()
        serving.stop()
