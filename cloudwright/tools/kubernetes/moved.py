"""The terms of a blast radius: what moved, and the world around it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cloudwright.core.refs import ObjectRef
from cloudwright.tools.kubernetes.facts import dig

Json = Mapping[str, Any]
PODS, SERVICES = "pods", "services"
BUDGETS, AUTOSCALERS = "poddisruptionbudgets.policy", "horizontalpodautoscalers.autoscaling"
QUOTAS, CLAIMS = "resourcequotas", "persistentvolumeclaims"
OWNED_KINDS = (
    "replicasets.apps", "controllerrevisions.apps", "statefulsets.apps", "daemonsets.apps", "deployments.apps",
    "jobs.batch", "cronjobs.batch", PODS, CLAIMS, "services", "endpointslices.discovery.k8s.io", "configmaps",
    "secrets", "serviceaccounts", BUDGETS, "ingresses.networking.k8s.io",
)  # fmt: skip


class World(Protocol):
    """Objects by kind and namespace."""

    def items(self, kind: str, namespace: str) -> Sequence[Json] | None:
        """All of them ("" for all namespaces); None where they cannot be read."""
        ...

    def namespaced_kinds(self) -> Sequence[str]:
        """Every listable kind of object that lives in a namespace."""
        ...


@dataclass(frozen=True)
class Moved:
    """One object before ({} if new) and after ({} if deleted)."""

    ref: ObjectRef
    before: Json
    after: Json
    action: str = "update"
    propagation: str = "Background"


def services_for(labels: Mapping[str, str], namespace: str, world: World) -> list[Json]:
    """The Services that select pods with these labels."""
    found = []
    for service in world.items(SERVICES, namespace) or []:
        selector = dig(service, "spec", "selector")
        if selector and all(labels.get(key) == value for key, value in selector.items()):
            found.append(service)
    return found
