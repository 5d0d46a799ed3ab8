"""Speed and size of the twin.

usage: twin.py [PART]

Parts, each in a process of its own: `server` (the simulated API server alone, with 5,000 pods), `https` (simple
requests of plain clients over kept connections), `shop` (start with history, fork, a stepped hour, queries), `twins`
(twenty of them side by side). Prints CPU and wall seconds and the largest resident size.
"""

import argparse
import http.client
import json
import resource
import ssl
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from cloudwright.twin.api import DEPLOYMENTS, PODS, PatchType
from cloudwright.twin.clock import Clock
from cloudwright.twin.server.exchange import Call
from cloudwright.twin.server.gateway import Gateway
from cloudwright.twin.server.pipeline import ApiServer
from cloudwright.twin.server.request import User
from cloudwright.twin.server.serving import Serving
from cloudwright.twin.store import Store
from cloudwright.twin.telemetry.promql import Engine
from cloudwright.twin.topologies.start import settled, start

POD_COUNT, NODES, CHUNK, TWINS, REQUESTS = 5000, 500, 500, 20, 2000
HEADERS = (("authorization", "Bearer admin"), ("content-type", "application/json"))
BASE = "/api/v1/namespaces/default"
QUERIES = (
    'sum by (service) (rate(http_requests_total{namespace="shop"}[5m]))',
    'histogram_quantile(0.99, sum by (service, le) (rate(http_request_duration_seconds_bucket{namespace="shop"}[5m])))',
    "topk(5, container_memory_working_set_bytes / on (namespace, pod, container) container_spec_memory_limit_bytes)",
)


def memory() -> float:
    """Largest resident size so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(name: str, work: Callable[[], Any]) -> Any:
    """Run, report, and return the result."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    spent, passed = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{name}: {spent:.2f} s CPU, {passed:.2f} s wall, {memory():.0f} MB peak", flush=True)
    return result


def rate(name: str, action: Callable[[int], object], count: int) -> None:
    """Report calls a second, by wall and by CPU time."""
    cpu, wall = time.process_time(), time.perf_counter()
    for index in range(count):
        action(index)
    spent, passed = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{name}: {count / passed:.0f}/s, {1000 * spent / count:.2f} ms CPU each (n={count})", flush=True)


def pod(index: int) -> dict[str, object]:
    """A pod as workloads have them."""
    limits = {"cpu": "500m", "memory": "256Mi"}
    container = {"name": "app", "image": "registry.local/app:1", "resources": {"limits": limits}}
    labels = {"app": f"app-{index % 50}"}
    spec = {"nodeName": f"node-{index % NODES}", "containers": [container]}
    return {"metadata": {"name": f"pod-{index:05}", "labels": labels}, "spec": spec}


def server() -> None:
    """Requests without the wire, and lists of many pods."""
    made = measured("empty server", lambda: ApiServer(Store(), Clock(time.time())))
    gateway = Gateway(made, users={"admin": User("admin", ("system:masters",))})

    def send(method: str, path: str, body: object = None, query: str = "") -> bytes:
        raw = b"" if body is None else json.dumps(body).encode()
        answer = gateway.respond(Call(method, path, query, HEADERS, raw))
        assert answer.code < 400, answer.obj
        return answer.encoded()

    send("POST", f"{BASE}/serviceaccounts", {"metadata": {"name": "default"}})
    rate("nodes created", lambda i: send("POST", "/api/v1/nodes", {"metadata": {"name": f"node-{i}"}}), NODES)
    rate("pods created", lambda i: send("POST", f"{BASE}/pods", pod(i)), POD_COUNT)
    rate("pods read", lambda i: send("GET", f"{BASE}/pods/pod-{i:05}"), 3000)
    times = []
    for _ in range(40):
        moment = time.perf_counter()
        send("GET", f"{BASE}/pods", query=f"limit={CHUNK}")
        times.append(time.perf_counter() - moment)
    p95 = statistics.quantiles(times, n=20)[-1]
    print(f"list of {CHUNK} among {POD_COUNT} pods: p95 {1000 * p95:.0f} ms (n=40)")
    measured(f"list of all {POD_COUNT} pods", lambda: send("GET", f"{BASE}/pods"))


def https() -> None:
    """Plain clients with kept connections: reads of one object, and writes."""
    made = ApiServer(Store(), Clock(time.time()))
    with Serving(made) as serving:
        context = ssl.create_default_context(cadata=serving.authority.certificate.decode())
        headers = {"authorization": f"Bearer {serving.token}", "content-type": "application/json"}

        def client() -> Callable[[str, str, object], None]:
            connection = http.client.HTTPSConnection(serving.host, serving.port, context=context)

            def send(method: str, path: str, body: object) -> None:
                connection.request(method, path, json.dumps(body) if body else None, headers)
                answer = connection.getresponse()
                data = answer.read()
                assert answer.status < 400, data

            return send

        send = client()
        named = "/api/v1/namespaces/default/configmaps/{}"
        rate("created", lambda i: send("POST", named.format(""), {"metadata": {"name": f"m-{i}"}}), REQUESTS)
        rate("read, one client", lambda i: send("GET", named.format(f"m-{i}"), None), REQUESTS)

        def many() -> None:
            mine = client()
            for index in range(REQUESTS // 4):
                mine("GET", named.format(f"m-{index}"), None)

        threads = [threading.Thread(target=many) for _ in range(4)]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(f"read, four clients: {REQUESTS / (time.perf_counter() - started):.0f}/s (n={REQUESTS})")


def shop() -> None:
    """The shop from its start."""
    measured("first start of the shop with 26 h of history", lambda: start("shop"))
    cluster = measured("second start", lambda: start("shop"))
    print(f"pods: {len(cluster.estate.fleet.sandboxes)}, all ready: {settled(cluster.world)}")
    measured("fork of the whole world", cluster.world.fork)
    measured("one stepped hour", lambda: cluster.world.step(3600))
    engine, now = Engine(cluster.estate.series), cluster.world.clock.now()
    for query in QUERIES:
        measured(query, lambda query=query: engine.instant(query, now))
    measured("a range query of an hour by 30 s", lambda: engine.range(QUERIES[0], now - 3600, now, 30))


def twins() -> None:
    """Twins of different seeds in one process: a change in each must be seen in that one alone."""
    clusters = measured(f"{TWINS} shops", lambda: [start("shop", seed=seed) for seed in range(TWINS)])
    before = [_pod_names(cluster) for cluster in clusters]

    def disturb() -> None:
        for index, cluster in enumerate(clusters[::2]):
            name = f"registry.shop.example/frontend:{'1.8.0' if index % 2 else '9.9.9'}"
            patch = {"spec": {"template": {"spec": {"containers": [{"name": "frontend", "image": name}]}}}}
            cluster.world.api.patch(DEPLOYMENTS, "frontend", "shop", patch, type=PatchType.STRATEGIC)
        for cluster in clusters:
            cluster.world.step(60)

    measured("a roll-out in every second one, and a minute in all", disturb)
    changed = [_pod_names(cluster) != names for cluster, names in zip(clusters, before, strict=True)]
    print(f"changed: {sum(changed[::2])} of {len(changed[::2])} touched, {sum(changed[1::2])} of the others")


def _pod_names(cluster: Any) -> set[str]:
    pods = cluster.world.api.cached(PODS, "shop")
    return {each["metadata"]["name"] for each in pods if "frontend" in each["metadata"]["name"]}


PARTS = {"server": server, "https": https, "shop": shop, "twins": twins}


def main() -> None:
    """Run the named part, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=PARTS)
    part = parser.parse_args().part
    if part is not None:
        PARTS[part]()
        return
    for name in PARTS:
        print(f"-- {name}", flush=True)
        subprocess.run([sys.executable, __file__, name], check=True)


if __name__ == "__main__":
    main()
