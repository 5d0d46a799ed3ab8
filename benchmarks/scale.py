"""Speed and memory of a diagnosis at scale.

    python benchmarks/scale.py [--pods 5000]                       checks alone, on objects made in memory
    python benchmarks/scale.py --kubeconfig FILE                   view + checks against the bare client's same lists

The synthetic cluster has per 5 pods a Deployment, ReplicaSet, Service, EndpointSlice and ConfigMap, 4 events a pod, one
node per 10 pods, and 2 % broken pods.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cloudwright.diagnosis.checks.table import run
from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.view import ClusterView, index_objects

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MADE = "2026-03-01T11:00:00Z"


def objects(pods: int) -> Iterator[dict[str, Any]]:
    """The synthetic cluster."""
    for number in range(max(pods // 10, 1)):
        yield {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": f"node-{number}", "labels": {"zone": f"z{number % 3}"}},
            "spec": {},
            "status": {
                "allocatable": {"cpu": "16", "memory": "64Gi", "pods": "110"},
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        }
    for number in range(max(pods // 5, 1)):
        yield from _application(number, pods)


def _application(number: int, pods: int) -> Iterator[dict[str, Any]]:
    name, space = f"svc-{number}", f"team-{number % 50}"
    labels = {"app": name}
    spec = {
        "containers": [
            {
                "name": "app",
                "image": f"registry.example/{name}:1",
                "ports": [{"containerPort": 8080}],
                "env": [{"name": "NEXT_URL", "value": f"http://svc-{(number + 50) % max(pods // 5, 1)}:80"}],
                "envFrom": [{"configMapRef": {"name": name}}],
                "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
            }
        ]
    }

    def meta(called: str, uid: str, **more: Any) -> dict[str, Any]:
        return {"name": called, "namespace": space, "uid": uid, "creationTimestamp": MADE, **more}

    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": f"d-{number}", "controller": True}
    template = {"metadata": {"labels": labels}, "spec": spec}
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta(name, f"d-{number}"),
        "spec": {"replicas": 5, "selector": {"matchLabels": labels}, "template": template},
        "status": {"readyReplicas": 5, "replicas": 5, "updatedReplicas": 5},
    }
    yield {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": meta(f"{name}-1", f"r-{number}", ownerReferences=[owner]),
        "spec": {"replicas": 5, "template": template},
        "status": {"replicas": 5, "readyReplicas": 5},
    }
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(name, f"s-{number}"),
        "spec": {
            "type": "ClusterIP",
            "clusterIP": f"10.{number // 250}.{number % 250}.1",
            "selector": labels,
            "ports": [{"port": 80, "targetPort": 8080}],
        },
    }
    yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(name, f"c-{number}"), "data": {"mode": "fast"}}
    yield {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": meta(f"{name}-x", f"e-{number}", labels={"kubernetes.io/service-name": name}),
        "ports": [{"port": 8080}],
        "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": True}}],
    }
    parent = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": f"{name}-1",
        "uid": f"r-{number}",
        "controller": True,
    }
    for place in range(5):
        index = number * 5 + place
        broken = index % 50 == 0
        state = (
            {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}
            if broken
            else {"running": {"startedAt": MADE}}
        )
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": meta(f"{name}-1-{place}", f"p-{index}", labels=labels, ownerReferences=[parent]),
            "spec": {**spec, "nodeName": f"node-{index % max(pods // 10, 1)}"},
            "status": {
                "phase": "Pending" if broken else "Running",
                "conditions": [
                    {"type": "Ready", "status": "False" if broken else "True"},
                    {"type": "PodScheduled", "status": "True"},
                ],
                "containerStatuses": [{"name": "app", "ready": not broken, "restartCount": 0, "state": state}],
            },
        }
        for kind in ("Scheduled", "Pulled", "Created", "Started"):
            yield {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": meta(f"{name}-{place}.{kind}", f"v-{index}-{kind}"),
                "type": "Normal",
                "reason": kind,
                "message": f"{kind} container app",
                "involvedObject": {"kind": "Pod", "namespace": space, "name": f"{name}-1-{place}", "uid": f"p-{index}"},
                "count": 1,
                "lastTimestamp": MADE,
            }


def in_memory(pods: int) -> tuple[int, float, float]:
    """Objects, seconds for the checks, seconds for the whole investigation."""
    kinds = frozenset({"Pod", "Service", "ConfigMap", "Secret", "ServiceAccount", "Deployment", "EndpointSlice"})
    view = ClusterView(objects=index_objects(objects(pods)), collected_at=NOW, complete=kinds)
    started = time.process_time()
    run(view)
    checks = time.process_time() - started
    fresh = ClusterView(objects=view.objects, collected_at=NOW, complete=kinds)
    started = time.process_time()
    investigate(fresh)
    return view.total, checks, time.process_time() - started


def live(kubeconfig: str) -> None:
    """View + checks against the bare client's lists of the same kinds, in one run."""
    from cloudwright.core.masking import SessionRedactor
    from cloudwright.core.store import MemoryResultStore
    from cloudwright.diagnosis.load import live as loader
    from cloudwright.tools.kubernetes.client import KubernetesClient
    from cloudwright.tools.kubernetes.discovery import Discovery
    from cloudwright.tools.kubernetes.session import connect

    context = connect(kubeconfig, redactor=SessionRedactor(b"0" * 32), results=MemoryResultStore())
    started = time.perf_counter()
    view = loader.load(context, logs=False)
    result = investigate(view)
    ours = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    client, known = context.service(KubernetesClient), context.service(Discovery)
    started = time.perf_counter()
    for name in loader.KINDS:
        for page in client.pages(known.find(name).path("")):
            page.items.clear()
    bare = time.perf_counter() - started
    print(
        f"{view.total} objects, view + checks {ours:.2f} s, bare lists one after the other {bare:.2f} s, "
        f"ratio {ours / bare:.2f}, peak {peak:.0f} MB, {len(result.causes)} causes"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pods", type=int, nargs="+", default=[1000, 2500, 5000])
    parser.add_argument("--kubeconfig")
    args = parser.parse_args()
    if args.kubeconfig:
        live(args.kubeconfig)
        return
    for pods in args.pods:
        count, checks, whole = in_memory(pods)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{pods} pods, {count} objects: checks {checks:.2f} s CPU ({count / checks:,.0f} objects/s), "
            f"investigation {whole:.2f} s, peak {peak:.0f} MB"
        )


if __name__ == "__main__":
    main()
