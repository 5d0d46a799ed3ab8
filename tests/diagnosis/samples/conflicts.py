"""Samples: those who work against the wanted state, and what comes and goes."""

from typing import Any

from cloudwright.diagnosis.view import ClusterView
from tests.diagnosis.samples.base import CALM, WEB, Dict, Samples, broken, crashing, edited, env, saying
from tests.diagnosis.world import ago, container, deployment, event, log, node, pod, service, slices, thing, view

RBAC = "rbac.authorization.k8s.io/v1"


def samples() -> Samples:
    """By kind."""
    return {
        "edited-again-and-again": (reverted("scale deployment web --replicas=0", 0), CALM, reverted("scale deployment web --replicas=1", 1)),
        "autoscaler-overruled": (overruled(5), overruled(1), overruled(5, other=4)),
        "readiness-flapping": (flapping(30), CALM, flapping(119)),
        "node-conntrack-full": (tracked("nf_conntrack: nf_conntrack: table full, dropping packet"), CALM, tracked("table full of dishes")),
        "network-path-failing": _path(),
        "store-memory-full": _store(),
        "default-account-has-rights": (bound("default"), CALM, bound("default", "kube-system")),
    }  # fmt: skip


def reverted(command: str, replicas: int) -> ClusterView:
    """A CronJob that ran a minute ago and changes a Deployment."""
    web = {**deployment("web", replicas=replicas), **_edit("kubectl-scale", 60)}
    spec = {"containers": [container("act", command=["sh", "-c", f"kubectl -n shop {command}"])]}
    cron = thing(
        "CronJob", "night-saver", version="batch/v1", status={"lastScheduleTime": ago(60)},
        spec={"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": {"spec": spec}}}},
    )  # fmt: skip
    caller = deployment("api", env("WEB_URL", "http://web:80"))
    pods = [pod(web)] if replicas else []
    return view(web, *pods, caller, pod(caller), service("web"), slices("web", *["10.0.0.9"] * replicas), cron, node())


def _edit(manager: str, seconds: float) -> Dict:
    return {"metadata": edited("Deployment", "web", seconds)["metadata"] | {"managedFields": [
        {"manager": manager, "operation": "Update", "time": ago(seconds)}]}}  # fmt: skip


def overruled(times: int, other: int = 0) -> ClusterView:
    """An autoscaler that has decided the same some times."""
    web = {
        **deployment("web", container(resources={"requests": {"cpu": "1"}}), replicas=5),
        **_edit("deploy-tool", 100),
    }
    target = {"type": "Utilization", "averageUtilization": 70}
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": 2, "maxReplicas": 9,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]}  # fmt: skip
    scaler = thing("HorizontalPodAutoscaler", "web", version="autoscaling/v2", spec=spec, status={"currentReplicas": 5})
    up = event(scaler, "SuccessfulRescale", "New size: 5; reason: cpu above target", warning=False, count=times)
    down = event(scaler, "SuccessfulRescale", "New size: 2; reason: All metrics below target", warning=False, count=other)  # fmt: skip
    return view(web, *(pod(web, str(number)) for number in range(5)), scaler, up, *([down] if other else []), node())


def flapping(count: int) -> ClusterView:
    """A Pod that is ready since half a minute; its probe failed so often in 20 minutes (120 probes)."""
    web = deployment("web", container(readinessProbe={"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 10}))
    states = [{"type": "Ready", "status": "True", "lastTransitionTime": ago(40)}, {"type": "PodScheduled", "status": "True"}]  # fmt: skip
    one = pod(web, age=7200, status={"conditions": states})
    told = event(one, "Unhealthy", "Readiness probe failed: Get \"http://10.0.0.9:8080/\": context deadline exceeded", count=count)  # fmt: skip
    return view(web, one, {**told, "firstTimestamp": ago(1230)}, node())


def tracked(message: str) -> ClusterView:
    """A node whose kernel said something."""
    one = node()
    return view(WEB, pod(WEB), one, event(one, "KernelMessage", message))


def _path() -> tuple[ClusterView, ClusterView, ClusterView]:
    client = deployment("api", env("WEB_URL", "http://web:80"), ready=0)
    second = deployment("shop", env("WEB_URL", "http://web:80"), ready=0)
    there = (WEB, pod(WEB), service("web"), slices("web", "10.0.0.9"))
    late = "call to web failed: dial tcp web:80: i/o timeout"
    both = broken(client, late, more=(*there, second, crashing(second)), logs=(log(second, late, previous=True),))
    return broken(client, late, more=there), saying(client, late, more=there), both


def _store() -> tuple[ClusterView, ClusterView, ClusterView]:
    cache = deployment("cache", container(port=6379, image="redis:7", resources={"limits": {"memory": "64Mi"}}))
    there = (cache, pod(cache), service("cache", 6379, 6379), slices("cache", "10.0.0.5"))
    client = deployment("api", env("CACHE", "redis://cache:6379"), ready=0)
    said = "SET failed: OOM command not allowed when used memory > 'maxmemory'."
    return broken(client, said, more=there), view(client, pod(client), *there, node()), saying(client, said, more=there)


def bound(account: str, space: str = "shop") -> ClusterView:
    """A role that is bound to an account."""
    subjects: list[dict[str, Any]] = [{"kind": "ServiceAccount", "name": account, "namespace": space}]
    role = thing("Role", "reader", space, RBAC, rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}])
    binding = thing("RoleBinding", "reads", space, RBAC, subjects=subjects, roleRef={"kind": "Role", "name": "reader"})
    return view(WEB, pod(WEB), node(), thing("ServiceAccount", account, space), role, binding)
