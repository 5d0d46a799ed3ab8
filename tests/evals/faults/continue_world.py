"""Continue a pickled world and print a digest of all that can be observed; run as a program it cannot import evals."""

import hashlib
import json
import pickle
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any


class Forbidden(MetaPathFinder):
    """Refuses to import what knows about faults."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        if fullname.startswith("cloudwright.evals"):
            raise ImportError(f"{fullname} must not be needed here")


def digest(snapshot: Any, seconds: float = 300.0) -> str:
    """What objects, logs and metrics are after some more time."""
    from cloudwright.twin.topologies.model import load_topology
    from cloudwright.twin.topologies.start import estate_factory
    from cloudwright.twin.world import World

    world = World.from_snapshot(snapshot, agents={"estate": estate_factory(load_topology("shop"))})
    world.step(seconds)
    estate: Any = world.agents["estate"]
    objects = [sorted(json.dumps(obj, sort_keys=True) for obj in world.api.cached(each)) for each in _resources()]
    logs = {
        f"{sandbox.namespace}/{sandbox.name}/{name}": list(process.log.lines)
        for sandbox in estate.fleet.sandboxes.values()
        for name, process in sandbox.processes.items()
    }
    samples = sorted(
        (series.labels, list(series.times), [repr(v) for v in series.values]) for series in estate.series.all()
    )
    text = json.dumps([objects, logs, samples], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _resources() -> list[Any]:
    from cloudwright.twin import api

    return [
        api.PODS,
        api.DEPLOYMENTS,
        api.REPLICA_SETS,
        api.SERVICES,
        api.ENDPOINT_SLICES,
        api.EVENTS,
        api.NODES,
        api.JOBS,
    ]


if __name__ == "__main__":
    sys.meta_path.insert(0, Forbidden())
    print(digest(pickle.loads(Path(sys.argv[1]).read_bytes())))
