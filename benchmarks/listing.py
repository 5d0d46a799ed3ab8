"""Listing 5,000 pods with the tool, beside the bare client doing the same; then with a filter and with counting.

    KUBEBUILDER_ASSETS=… python benchmarks/listing.py [--pods 5000] [--rounds 5]

Prints the median of each, their ratios, and the highest memory of a process that does nothing but list.
"""

import argparse
import concurrent.futures
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

NAMESPACE = "many"
PAGE = 500
NODES = 20


def main() -> int:
    """Run it; 1 if a limit is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pods", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", choices=("bare", "tool"), help=argparse.SUPPRESS)
    parser.add_argument("--kubeconfig", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        return child(args.child, args.kubeconfig)
    from tests.servers.apiserver import ControlPlane, assets

    programs = assets()
    if programs is None:
        print("listing: skipped, KUBEBUILDER_ASSETS names no control plane programs")
        return 0
    with tempfile.TemporaryDirectory() as folder, ControlPlane(programs, Path(folder) / "plane", nodes=NODES) as plane:
        fill(plane, args.pods)
        return measure(str(plane.kubeconfig), args.pods, args.rounds)


def measure(kubeconfig: str, pods: int, rounds: int) -> int:
    bare = bare_lister(kubeconfig)
    tool = tool_lister(kubeconfig)
    runs: dict[str, Callable[[], int]] = {
        "bare client": bare,
        "tool": lambda: tool({}),
        "tool, filtered": lambda: tool({"where": "not Running and restarts > 3 or image matches 'web:1\\.[0-9]*7$'"}),
        "tool, counted": lambda: tool({"group_by": ["status", "node"]}),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            started = time.perf_counter()
            count = run()
            times[name].append(time.perf_counter() - started)
            assert count == (pods if name in ("bare client", "tool") else count)
    median = {name: statistics.median(values) for name, values in times.items()}
    for name, seconds in median.items():
        print(f"{name:16} {seconds:6.2f} s  (n={rounds}, {pods} pods, {seconds / median['bare client']:.2f} x bare)")
    memory = {kind: peak_of(kind, kubeconfig) for kind in ("bare", "tool")}
    print(f"highest memory: tool {memory['tool']:.0f} MB, bare client {memory['bare']:.0f} MB")
    extra = max(median["tool, filtered"], median["tool, counted"]) / median["tool"] - 1
    print(f"a filter or a count costs {extra:+.1%}")
    good = median["tool"] <= 1.3 * median["bare client"] and memory["tool"] < 300 and extra < 0.10
    print("listing: within its limits" if good else "listing: LIMITS MISSED")
    return 0 if good else 1


def bare_lister(kubeconfig: str) -> Callable[[], int]:
    """The official client: raw answers, parsed, page after page, kept."""
    import kubernetes

    api = kubernetes.client.CoreV1Api(kubernetes.config.new_client_from_config(config_file=kubeconfig))

    def run() -> int:
        token, pods = None, []
        while True:
            answer = api.list_namespaced_pod(NAMESPACE, limit=PAGE, _continue=token, _preload_content=False)
            page = json.loads(answer.data)
            pods += page["items"]
            token = page["metadata"].get("continue")
            if not token:
                return len(pods)

    return run


def tool_lister(kubeconfig: str) -> Callable[[dict[str, Any]], int]:
    """The tool, in a session that exists."""
    from cloudwright.core.masking import SessionRedactor
    from cloudwright.core.store import MemoryResultStore
    from cloudwright.tools.kubernetes.listing import list_resources
    from cloudwright.tools.kubernetes.session import connect

    context = connect(
        kubeconfig, namespace=NAMESPACE, redactor=SessionRedactor(os.urandom(32)), results=MemoryResultStore()
    )

    def run(arguments: dict[str, Any]) -> int:
        return list_resources.run(list_resources.parse({"kind": "pods", **arguments}), context).total or 0

    run({"limit": 1})
    return run


def child(kind: str, kubeconfig: str) -> int:
    if kind == "bare":
        bare_lister(kubeconfig)()
    else:
        tool_lister(kubeconfig)({})
    print(peak())
    return 0


def peak() -> float:
    """Megabytes that this process held at most; `ru_maxrss` would count the parent's, from before exec."""
    text = Path("/proc/self/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) / 1024


def peak_of(kind: str, kubeconfig: str) -> float:
    """Megabytes that a fresh process needs at most."""
    done = subprocess.run(
        [sys.executable, __file__, "--child", kind, "--kubeconfig", kubeconfig],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def fill(plane: Any, pods: int) -> None:
    plane.new_namespace(NAMESPACE)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: add(plane, number), range(pods)))


def add(plane: Any, number: int) -> None:
    item = pod(number)
    plane.create(item)
    plane.set_status(item, status(number))


def pod(number: int) -> dict[str, Any]:
    """A pod of ordinary size: two containers, probes, environment, volumes."""
    env = [{"name": f"SETTING_{index}", "value": f"value-{index}-of-pod-{number}"} for index in range(12)]
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10}
    container = {
        "image": f"registry.local/web:1.{number % 50}",
        "env": env,
        "ports": [{"containerPort": 8080, "name": "http"}],
        "readinessProbe": probe,
        "livenessProbe": probe,
        "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"memory": "256Mi"}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/config"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"web-{number % 50:02d}-7d9f8b6c5d-{number:05x}",
            "namespace": NAMESPACE,
            "labels": {"app": f"web-{number % 50:02d}", "pod-template-hash": "7d9f8b6c5d", "tier": "front"},
            "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"},
        },
        "spec": {
            "nodeName": f"sim-{number % NODES + 1}",
            "containers": [{**container, "name": "app"}, {**container, "name": "proxy"}],
            "volumes": [{"name": "config", "configMap": {"name": "config"}}],
        },
    }


def status(number: int) -> dict[str, Any]:
    bad = number % 40 == 0
    state = {"waiting": {"reason": "CrashLoopBackOff"}} if bad else {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    return {
        "phase": "Running",
        "podIP": f"10.0.{number // 250}.{number % 250}",
        "conditions": [{"type": "Ready", "status": "False" if bad else "True"}],
        "containerStatuses": [
            {
                "name": name,
                "ready": not bad,
                "restartCount": 7 if bad else 0,
                "state": state,
                "image": "registry.local/web:1",
                "imageID": "registry.local/web@sha256:" + "0" * 64,
                "containerID": "containerd://" + "0" * 64,
            }
            for name in ("app", "proxy")
        ],
    }


if __name__ == "__main__":
    raise SystemExit(main())
