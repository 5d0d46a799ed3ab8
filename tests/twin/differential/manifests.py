"""Small manifests for the scripts."""

from typing import Any

Manifest = dict[str, Any]


def pod_spec(**more: Any) -> Manifest:
    """One container named main; `cpu` and `memory` are its requests."""
    requests = {name: more.pop(name) for name in ("cpu", "memory") if name in more}
    container: Manifest = {"name": "main", "image": more.pop("image", "app:1")}
    if requests:
        container["resources"] = {"requests": requests}
    if "ports" in more:
        container["ports"] = more.pop("ports")
    return {"containers": [container], "terminationGracePeriodSeconds": 1, **more}


def template(app: str, **more: Any) -> Manifest:
    """A pod template with the label app."""
    return {"metadata": {"labels": {"app": app}}, "spec": pod_spec(**more)}


def pod(name: str, labels: dict[str, str] | None = None, **more: Any) -> Manifest:
    """A bare pod."""
    metadata = {"name": name, "labels": labels or {"app": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_spec(**more)}


def workload(kind: str, name: str, spec: Manifest | None = None, **more: Any) -> Manifest:
    """A Deployment, StatefulSet, ReplicaSet or DaemonSet; `more` goes to its pods."""
    body = {"selector": {"matchLabels": {"app": name}}, "template": template(name, **more), **(spec or {})}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": body}


def deployment(name: str = "web", replicas: int = 3, spec: Manifest | None = None, **more: Any) -> Manifest:
    """A Deployment."""
    return workload("Deployment", name, {"replicas": replicas, **(spec or {})}, **more)


def job(name: str = "work", spec: Manifest | None = None, **more: Any) -> Manifest:
    """A Job."""
    body = {"template": {"spec": pod_spec(restartPolicy="Never", **more)}, **(spec or {})}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": body}


def cron_job(name: str = "tick", spec: Manifest | None = None) -> Manifest:
    """A CronJob of every minute."""
    body = {"schedule": "* * * * *", "jobTemplate": {"spec": job()["spec"]}, **(spec or {})}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": body}


def service(name: str = "web", app: str = "web", **spec: Any) -> Manifest:
    """A Service on port 80."""
    body = {"selector": {"app": app}, "ports": [{"port": 80, "targetPort": 8080}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": body}


def claim(name: str = "data", size: str = "1Gi", class_name: str | None = None, **spec: Any) -> Manifest:
    """A PersistentVolumeClaim."""
    body: Manifest = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}
    if class_name is not None:
        body["storageClassName"] = class_name
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": body}


def volume(name: str, size: str = "1Gi", class_name: str = "", **spec: Any) -> Manifest:
    """A PersistentVolume on a path."""
    body = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": size},
        "hostPath": {"path": f"/data/{name}"},
        "storageClassName": class_name,
        "persistentVolumeReclaimPolicy": "Retain",
        **spec,
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": body}


def storage_class(name: str, provisioner: str, mode: str = "Immediate") -> Manifest:
    """A StorageClass."""
    metadata = {"name": name}
    body = {"provisioner": provisioner, "volumeBindingMode": mode}
    return {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": metadata, **body}


def priority_class(name: str, value: int, **more: Any) -> Manifest:
    """A PriorityClass."""
    metadata = {"name": name}
    return {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": metadata, "value": value, **more}


def quota(**hard: str) -> Manifest:
    """A ResourceQuota."""
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "limit"}, "spec": {"hard": hard}}


def budget(app: str = "web", **spec: Any) -> Manifest:
    """A PodDisruptionBudget."""
    body = {"selector": {"matchLabels": {"app": app}}, **spec}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "budget"}, "spec": body}


def autoscaler(name: str = "web", **spec: Any) -> Manifest:
    """A HorizontalPodAutoscaler on CPU."""
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    body = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 5, "metrics": [cpu], **spec}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": body,
    }
