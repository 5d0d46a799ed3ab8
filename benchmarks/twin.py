"""Speed and size of the simulated API server: requests a second, lists of 5,000 pods, memory.

python benchmarks/twin.py
"""

import json
import resource
import statistics
import time
from collections.abc import Callable

from cloudwright.twin.clock import Clock
from cloudwright.twin.server.gateway import Call, Gateway
from cloudwright.twin.server.pipeline import ApiServer
from cloudwright.twin.server.request import User
from cloudwright.twin.store import Store

PODS, NODES, CHUNK = 5000, 500, 500
HEADERS = (("authorization", "Bearer admin"), ("content-type", "application/json"))
BASE = "/api/v1/namespaces/default"


def memory() -> float:
    """Largest resident size so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def rate(action: Callable[[int], object], count: int) -> float:
    """Calls a second."""
    started = time.perf_counter()
    for index in range(count):
        action(index)
    return count / (time.perf_counter() - started)


def pod(index: int) -> dict[str, object]:
    """A pod as workloads have them."""
    limits = {"cpu": "500m", "memory": "256Mi"}
    container = {"name": "app", "image": "registry.local/app:1", "resources": {"limits": limits}}
    labels = {"app": f"app-{index % 50}"}
    spec = {"nodeName": f"node-{index % NODES}", "containers": [container]}
    return {"metadata": {"name": f"pod-{index:05}", "labels": labels}, "spec": spec}


def main() -> None:
    """Measure and print."""
    started = time.perf_counter()
    server = ApiServer(Store(), Clock(time.time()))
    gateway = Gateway(server, users={"admin": User("admin", ("system:masters",))})
    print(f"empty server ready in {1000 * (time.perf_counter() - started):.0f} ms, {memory():.0f} MB")

    def send(method: str, path: str, body: object = None, query: str = "") -> bytes:
        raw = b"" if body is None else json.dumps(body).encode()
        answer = gateway.respond(Call(method, path, query, HEADERS, raw))
        assert answer.code < 400, answer.obj
        return answer.encoded()

    send("POST", f"{BASE}/serviceaccounts", {"metadata": {"name": "default"}})
    nodes = rate(lambda i: send("POST", "/api/v1/nodes", {"metadata": {"name": f"node-{i}"}}), NODES)
    print(f"nodes created: {nodes:.0f}/s")
    print(f"pods created: {rate(lambda i: send('POST', f'{BASE}/pods', pod(i)), PODS):.0f}/s")
    print(f"pods read: {rate(lambda i: send('GET', f'{BASE}/pods/pod-{i:05}'), 3000):.0f}/s")
    times = []
    for _ in range(40):
        moment = time.perf_counter()
        send("GET", f"{BASE}/pods", query=f"limit={CHUNK}")
        times.append(time.perf_counter() - moment)
    p95 = statistics.quantiles(times, n=20)[-1]
    print(f"list of {CHUNK} among {PODS} pods: p95 {1000 * p95:.0f} ms")
    moment = time.perf_counter()
    send("GET", f"{BASE}/pods")
    print(f"list of all {PODS} pods: {1000 * (time.perf_counter() - moment):.0f} ms")
    print(f"memory with {PODS} pods and {NODES} nodes: {memory():.0f} MB")


if __name__ == "__main__":
    main()
