"""How fast and how large the twin is.

`python benchmarks/twin_world.py [PART]` prints, one line each: the start of a ready shop (with history), a stepped
hour of it, requests a second through the in-process API, and 5,000 pods on 500 nodes (creation, lists, ten minutes
without traffic, a roll-out). Memory is the process's peak resident set; every part runs in a process of its own.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from cloudwright.twin.api import DEPLOYMENTS, PODS, Resource
from tests.twin.differential.manifests import deployment
from tests.twin.lab import Kubelets, add_node, in_namespace, make_world

PARTS = ("start", "hour", "requests", "large")


def peak() -> float:
    """Megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(action: Callable[[], object]) -> float:
    """Seconds."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def start() -> dict[str, float]:
    """A ready shop with a past."""
    from cloudwright.twin.topologies.start import start as start_shop

    before = time.process_time()
    times = [timed(lambda: start_shop("shop")) for _ in range(5)]
    cpu = (time.process_time() - before) / 5
    return {"first_s": times[0], "median_s": statistics.median(times), "mean_cpu_s": cpu, "peak_mb": peak()}


def hour() -> dict[str, float]:
    """An hour of the shop with its traffic and telemetry."""
    from cloudwright.twin.topologies.start import start as start_shop

    world = start_shop("shop").world
    revision = world.store.revision
    before = time.process_time()
    seconds = timed(lambda: world.step(3600))
    cpu = time.process_time() - before
    return {"hour_s": seconds, "cpu_s": cpu, "writes": world.store.revision - revision, "peak_mb": peak()}


def requests() -> dict[str, float]:
    """Simple requests in process, with all controllers reacting."""
    world = make_world()
    world.apply([in_namespace(deployment())])
    world.step(30)
    maps = Resource("", "v1", "configmaps")

    def write() -> None:
        for number in range(1000):
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"map-{number}"}, "data": {"a": "b"}}
            world.api.create(maps, body, "default")
            world.settle()

    def read() -> None:
        for number in range(5000):
            world.api.get(maps, f"map-{number % 1000}", "default")

    return {"creates_per_s": 1000 / timed(write), "gets_per_s": 5000 / timed(read)}


def large(pods: int = 5000, nodes: int = 500) -> dict[str, float]:
    """Many pods on many nodes."""
    world = make_world(0)

    def build() -> None:
        for number in range(nodes):
            zone = {"topology.kubernetes.io/zone": f"zone-{number % 3}"}
            add_node(world, f"node-{number:04}", cpu="16", labels=zone)
        for number in range(pods // 50):
            world.api.create(DEPLOYMENTS, in_namespace(deployment(f"web-{number:03}", 50, cpu="100m")), "default")
        world.settle()

    before = time.process_time()
    placing = timed(build)
    placing_cpu = time.process_time() - before
    starting = timed(lambda: world.step(30))
    running = sum(each["status"].get("phase") == "Running" for each in world.api.cached(PODS))
    lists = sorted(timed(lambda: json.dumps(world.api.cached(PODS)[:500])) for _ in range(40))
    quiet = timed(lambda: world.step(600))
    roll = timed(lambda: _roll(world.api, world.step))
    assert isinstance(world.agents["kubelets"], Kubelets)
    return {
        "create_and_place_s": placing,
        "create_and_place_cpu_s": placing_cpu,
        "start_s": starting,
        "running": running,
        "list_500_p95_s": lists[37],
        "ten_minutes_s": quiet,
        "roll_out_of_50_s": roll,
        "peak_mb": peak(),
    }


def _roll(api: Any, step: Callable[[float], None]) -> None:
    image = {"spec": {"template": {"metadata": {"annotations": {"rolled": "yes"}}}}}
    api.patch(DEPLOYMENTS, "web-000", "default", image)
    step(300)


def main() -> None:
    """Run all parts, or the named one, each in its own process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=PARTS)
    part = parser.parse_args().part
    if part is None:
        for each in PARTS:
            subprocess.run([sys.executable, __file__, each], check=True)
        return
    found = {"start": start, "hour": hour, "requests": requests, "large": large}[part]()
    print(part, " ".join(f"{name}={value:.3f}" for name, value in found.items()), flush=True)


if __name__ == "__main__":
    main()
