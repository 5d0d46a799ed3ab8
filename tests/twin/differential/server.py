"""What a script plays on: the kinds that it knows, and what a server must be able to do."""

from collections.abc import Mapping
from typing import Any, Protocol

from cloudwright.twin.api import (
    CONFIG_MAPS,
    CRON_JOBS,
    DAEMON_SETS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    ENDPOINTS,
    EVENTS,
    JOBS,
    NAMESPACES,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    PODS,
    REPLICA_SETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    STATEFUL_SETS,
    Resource,
)

QUOTAS = Resource("", "v1", "resourcequotas")
BUDGETS = Resource("policy", "v1", "poddisruptionbudgets")
AUTOSCALERS = Resource("autoscaling", "v2", "horizontalpodautoscalers")
STORAGE_CLASSES = Resource("storage.k8s.io", "v1", "storageclasses")
PRIORITY_CLASSES = Resource("scheduling.k8s.io", "v1", "priorityclasses")
REVISIONS = Resource("apps", "v1", "controllerrevisions")
NAMESPACED = {
    "Deployment": DEPLOYMENTS,
    "ReplicaSet": REPLICA_SETS,
    "StatefulSet": STATEFUL_SETS,
    "DaemonSet": DAEMON_SETS,
    "ControllerRevision": REVISIONS,
    "Job": JOBS,
    "CronJob": CRON_JOBS,
    "Pod": PODS,
    "Service": SERVICES,
    "EndpointSlice": ENDPOINT_SLICES,
    "Endpoints": ENDPOINTS,
    "PersistentVolumeClaim": PERSISTENT_VOLUME_CLAIMS,
    "ResourceQuota": QUOTAS,
    "PodDisruptionBudget": BUDGETS,
    "HorizontalPodAutoscaler": AUTOSCALERS,
    "ConfigMap": CONFIG_MAPS,
    "ServiceAccount": SERVICE_ACCOUNTS,
    "Event": EVENTS,
}
CLUSTER = {
    "PersistentVolume": PERSISTENT_VOLUMES,
    "StorageClass": STORAGE_CLASSES,
    "PriorityClass": PRIORITY_CLASSES,
    "Node": NODES,
    "Namespace": NAMESPACES,
}
KINDS = {**NAMESPACED, **CLUSTER}
QUIET = 1.0
"""Seconds without a change after which a server has come to rest."""


class Refused(Exception):
    """The server said no: HTTP status and reason."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class Server(Protocol):
    """What a cast must be able to do."""

    def create(self, resource: Resource, obj: Mapping[str, Any], namespace: str, subresource: str = "") -> Any: ...

    def get(self, resource: Resource, name: str, namespace: str) -> Any: ...

    def list(self, resource: Resource, namespace: str) -> list[Any]: ...

    def patch(self, resource: Resource, name: str, namespace: str, patch: Any, type: str, subresource: str) -> Any: ...

    def delete(self, resource: Resource, name: str, namespace: str, options: Mapping[str, Any]) -> None: ...

    def wait(self, seconds: float) -> None: ...

    def settle(self, namespace: str) -> None: ...

    def timestamp(self) -> str: ...
