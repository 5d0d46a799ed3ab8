"""The twin as a server of scripts."""

import json
from collections.abc import Mapping
from typing import Any

from cloudwright.twin.api import (
    NODES,
    ApiStatusError,
    PatchType,
    Resource,
)
from cloudwright.twin.controllers.base import ControllerOptions
from cloudwright.twin.world import World
from tests.twin.differential.server import QUIET, Refused


class TwinServer:
    """The twin: time passes only when it is told to."""

    def __init__(self, nodes: int = 3) -> None:
        self.world = World.create(
            options=ControllerOptions(node_monitor_grace=1e12, cluster_ca="-----BEGIN CERTIFICATE")
        )
        for number in range(1, nodes + 1):
            name = f"sim-{number}"
            own = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
            node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": own}}
            self.world.api.create(NODES, node)
            amounts = {"cpu": "4", "memory": "16Gi", "pods": "110", "ephemeral-storage": "100Gi"}
            ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ready"}
            ready |= {"lastHeartbeatTime": self.timestamp(), "lastTransitionTime": self.timestamp()}
            status = {"capacity": amounts, "allocatable": amounts, "conditions": [ready]}
            self.world.api.patch(NODES, name, None, {"status": status}, subresource="status")
        self.world.step(10)

    def create(self, resource: Resource, obj: Mapping[str, Any], namespace: str, subresource: str = "") -> Any:
        try:
            if subresource:
                name, _, part = subresource.partition("/")
                return self.world.api.create_subresource(resource, name, namespace, part, obj)
            return self.world.api.create(resource, obj, namespace or None)
        except ApiStatusError as error:
            raise Refused(error.code, error.message) from error

    def get(self, resource: Resource, name: str, namespace: str) -> Any:
        try:
            return self.world.api.get(resource, name, namespace or None)
        except ApiStatusError as error:
            raise Refused(error.code, error.message) from error

    def list(self, resource: Resource, namespace: str) -> list[Any]:
        return [json.loads(json.dumps(each)) for each in self.world.api.cached(resource, namespace or None)]

    def patch(self, resource: Resource, name: str, namespace: str, patch: Any, type: str, subresource: str) -> Any:
        try:
            return self.world.api.patch(
                resource, name, namespace or None, patch, type=PatchType(type), subresource=subresource
            )
        except ApiStatusError as error:
            raise Refused(error.code, error.message) from error

    def delete(self, resource: Resource, name: str, namespace: str, options: Mapping[str, Any]) -> None:
        try:
            self.world.api.delete(
                resource,
                name,
                namespace or None,
                propagation=options.get("propagationPolicy", "Background"),
                grace_period=options.get("gracePeriodSeconds"),
            )
        except ApiStatusError as error:
            raise Refused(error.code, error.message) from error

    def wait(self, seconds: float) -> None:
        self.world.step(seconds)

    def settle(self, namespace: str) -> None:
        self.world.step(QUIET)

    def timestamp(self) -> str:
        return self.world.clock.timestamp()
