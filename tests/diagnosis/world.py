"""Builders of small clusters for the tests of diagnosis."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cloudwright.diagnosis.load.prune import prune
from cloudwright.diagnosis.observations import LogText, Observations, StoredLogs
from cloudwright.diagnosis.view import ClusterView, index_objects

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
ALL_KINDS = frozenset(
    [
        "Pod",
        "Service",
        "Deployment",
        "ReplicaSet",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "CronJob",
        "ConfigMap",
        "Secret",
        "ServiceAccount",
        "PersistentVolumeClaim",
        "PersistentVolume",
        "StorageClass",
        "Node",
        "Namespace",
        "ResourceQuota",
        "LimitRange",
        "Ingress",
        "IngressClass",
        "NetworkPolicy",
        "Endpoints",
        "EndpointSlice",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "Role",
        "RoleBinding",
        "ClusterRole",
        "ClusterRoleBinding",
        "APIService",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
        "GatewayClass",
        "Gateway",
        "HTTPRoute",
    ]
)
Dict = dict[str, Any]


def ago(seconds: float) -> str:
    """A time before the snapshot."""
    return (NOW - timedelta(seconds=seconds)).isoformat()


def meta(name: str, space: str = "shop", age: float = 3600, **more: Any) -> Dict:
    """Metadata."""
    place = {"namespace": space} if space else {}
    return {"name": name, "uid": f"uid-{space}-{name}-{len(more)}", "creationTimestamp": ago(age), **place, **more}


def container(name: str = "app", image: str = "registry.example/app:1", port: int = 8080, **more: Any) -> Dict:
    """A container with one port."""
    return {"name": name, "image": image, "ports": [{"containerPort": port}], **more}


def deployment(
    name: str,
    *containers: Dict,
    replicas: int = 1,
    ready: int | None = None,
    age: float = 3600,
    space: str = "shop",
    spec: Dict | None = None,
    **more: Any,
) -> Dict:
    """A Deployment whose Pods are labelled app=NAME."""
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(name, space, age, **more.pop("metadata", {})),
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": list(containers) or [container()], **(spec or {})}}, **more,
        },
        "status": {"readyReplicas": replicas if ready is None else ready, "replicas": replicas, "updatedReplicas": replicas},
    }  # fmt: skip


def pod(
    owner: Dict,
    suffix: str = "x",
    ready: bool = True,
    status: Dict | None = None,
    age: float = 600,
    node: str = "n1",
    **spec: Any,
) -> Dict:
    """A Pod of a Deployment."""
    name = owner["metadata"]["name"]
    template = owner["spec"]["template"]
    containers = template["spec"]["containers"]
    states = (status or {}).get("containerStatuses") or [
        {
            "name": item["name"],
            "ready": ready,
            "restartCount": 0,
            "image": item.get("image", ""),
            "state": {"running": {"startedAt": ago(age - 2)}},
        }
        for item in containers
    ]
    bound = {"nodeName": node} if node else {}
    base = {
        "phase": "Running",
        "podIP": "10.0.0.9",
        "conditions": [
            {"type": "Ready", "status": "True" if ready else "False"},
            {"type": "PodScheduled", "status": "True" if node else "False"},
        ],
    }
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": meta(f"{name}-{suffix}", owner["metadata"]["namespace"], age, labels=dict(template["metadata"]["labels"]),
                         ownerReferences=[{"apiVersion": "apps/v1", "kind": owner["kind"], "name": name, "uid": owner["metadata"]["uid"], "controller": True}]),
        "spec": {**template["spec"], **bound, **spec}, "status": {**base, **(status or {}), "containerStatuses": states},
    }  # fmt: skip


def waiting(name: str, reason: str, message: str = "", restarts: int = 0, last: Dict | None = None) -> Dict:
    """A container status that waits."""
    return {
        "name": name,
        "ready": False,
        "restartCount": restarts,
        "state": {"waiting": {"reason": reason, "message": message}},
        "lastState": {"terminated": last} if last else {},
    }


def service(
    name: str, port: int = 80, target: Any = 8080, selector: Dict | None = None, space: str = "shop", **spec: Any
) -> Dict:
    """A Service that selects app=NAME."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(name, space, uid=f"service-{space}-{name}"),
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "10.96.0.7",
            "selector": {"app": name} if selector is None else selector,
            "ports": [{"port": port, "targetPort": target}],
            **spec,
        },
    }


def slices(name: str, *ips: str, space: str = "shop") -> Dict:
    """An EndpointSlice with ready addresses."""
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta(f"{name}-abc", space, labels={"kubernetes.io/service-name": name}), "ports": [{"port": 8080}],
            "endpoints": [{"addresses": [ip], "conditions": {"ready": True}} for ip in ips]}  # fmt: skip


def node(
    name: str = "n1",
    cpu: str = "4",
    memory: str = "8Gi",
    ready: str = "True",
    taints: Sequence[Dict] = (),
    cordoned: bool = False,
    **labels: str,
) -> Dict:
    """A Node."""
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": meta(name, "", labels={"kubernetes.io/hostname": name, **labels}), "spec": {"taints": list(taints), "unschedulable": cordoned},
        "status": {"allocatable": {"cpu": cpu, "memory": memory, "pods": "110"}, "conditions": [{"type": "Ready", "status": ready, "reason": "Kubelet", "message": "m", "lastTransitionTime": ago(300)}]},
    }  # fmt: skip


def thing(kind: str, name: str, space: str = "shop", version: str = "v1", **body: Any) -> Dict:
    """Any other object."""
    return {"apiVersion": version, "kind": kind, "metadata": meta(name, space, **body.pop("metadata", {})), **body}


def event(about: Dict, reason: str, message: str, warning: bool = True, count: int = 5, age: float = 30) -> Dict:
    """An event about an object."""
    ref = {
        "kind": about["kind"],
        "name": about["metadata"]["name"],
        "namespace": about["metadata"].get("namespace", ""),
        "uid": about["metadata"]["uid"],
    }
    return {"apiVersion": "v1", "kind": "Event", "metadata": meta(f"{ref['name']}.{reason}.{abs(hash(message)) % 9999}", ref["namespace"] or "default"), "involvedObject": ref, "reason": reason,
            "message": message, "type": "Warning" if warning else "Normal", "count": count, "lastTimestamp": ago(age), "firstTimestamp": ago(age + 200)}  # fmt: skip


def view(
    *objects: Dict, logs: Sequence[LogText] = (), complete: frozenset[str] = ALL_KINDS, **observed: Any
) -> ClusterView:
    """A snapshot of these objects in which every kind was listed."""
    return ClusterView(
        objects=index_objects(prune(item) for item in objects),
        collected_at=NOW,
        complete=complete,
        observations=Observations(logs=StoredLogs(logs), **observed),
    )


def log(owner: Dict, *lines: str, suffix: str = "x", container: str = "app", previous: bool = False) -> LogText:
    """Log of one Pod of a Deployment."""
    return LogText(owner["metadata"]["namespace"], f"{owner['metadata']['name']}-{suffix}", container, lines, previous)
