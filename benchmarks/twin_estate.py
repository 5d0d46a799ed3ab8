"""How fast and how large a twin of the shop is: start with history, a fork, a stepped hour, queries.

usage: twin_estate.py

Prints CPU seconds of this process (the machine may be shared), wall seconds and resident memory.
"""

import resource
import time
from collections.abc import Callable
from typing import Any

from cloudwright.twin.telemetry.promql import Engine
from cloudwright.twin.topologies.start import settled, start

QUERIES = (
    'sum by (service) (rate(http_requests_total{namespace="shop"}[5m]))',
    'histogram_quantile(0.99, sum by (service, le) (rate(http_request_duration_seconds_bucket{namespace="shop"}[5m])))',
    "topk(5, container_memory_working_set_bytes / on (namespace, pod, container) container_spec_memory_limit_bytes)",
)


def measured(name: str, work: Callable[[], Any]) -> Any:
    """Run and report."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}: {time.process_time() - cpu:.2f} s CPU, {time.perf_counter() - wall:.2f} s wall, {memory:.0f} MB peak"
    )
    return result


def main() -> None:
    """Measure one after the other."""
    cluster = measured("start of the shop with 26 h of history", lambda: start("shop"))
    print(f"pods: {len(cluster.estate.fleet.sandboxes)}, all ready: {settled(cluster.world)}")
    measured("fork of the whole world", cluster.world.fork)
    measured("one stepped hour", lambda: cluster.world.step(3600))
    engine, now = Engine(cluster.estate.series), cluster.world.clock.now()
    for query in QUERIES:
        measured(query, lambda query=query: engine.instant(query, now))
    measured("a range query of an hour by 30 s", lambda: engine.range(QUERIES[0], now - 3600, now, 30))


if __name__ == "__main__":
    main()
