"""A real API server with its controllers as a server of scripts."""

import json
import time
import urllib.error
from collections.abc import Mapping
from typing import Any

from cloudwright.twin.api import (
    CONFIG_MAPS,
    CRON_JOBS,
    DAEMON_SETS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    ENDPOINTS,
    EVENTS,
    JOBS,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    PODS,
    REPLICA_SETS,
    SERVICE_ACCOUNTS,
    STATEFUL_SETS,
    Resource,
)
from tests.servers.apiserver import ControlPlane
from tests.twin.differential.server import AUTOSCALERS, BUDGETS, QUIET, QUOTAS, Refused

_PATIENCE = 8.0
_WATCHED = (
    DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, DAEMON_SETS, JOBS, CRON_JOBS, PODS, PERSISTENT_VOLUME_CLAIMS,
    ENDPOINT_SLICES, ENDPOINTS, EVENTS, BUDGETS, AUTOSCALERS, QUOTAS, CONFIG_MAPS, SERVICE_ACCOUNTS,
)  # fmt: skip


class RealServer:
    """A real control plane."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    def _path(self, resource: Resource, namespace: str, *more: str) -> str:
        root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
        space = f"/namespaces/{namespace}" if namespace else ""
        return "/".join([f"{root}{space}/{resource.plural}", *(each for each in more if each)])

    def _ask(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        try:
            return self._plane.request(method, path, body, content_type)
        except urllib.error.HTTPError as error:
            text = error.read()
            error.close()
            raise Refused(error.code, json.loads(text).get("message", "")) from error

    def create(self, resource: Resource, obj: Mapping[str, Any], namespace: str, subresource: str = "") -> Any:
        return self._ask("POST", self._path(resource, namespace, subresource), obj)

    def get(self, resource: Resource, name: str, namespace: str) -> Any:
        return self._ask("GET", self._path(resource, namespace, name))

    def list(self, resource: Resource, namespace: str) -> list[Any]:
        items: list[Any] = self._ask("GET", self._path(resource, namespace))["items"]
        return items

    def patch(self, resource: Resource, name: str, namespace: str, patch: Any, type: str, subresource: str) -> Any:
        return self._ask("PATCH", self._path(resource, namespace, name, subresource), patch, str(type))

    def delete(self, resource: Resource, name: str, namespace: str, options: Mapping[str, Any]) -> None:
        self._ask("DELETE", self._path(resource, namespace, name), options)

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def settle(self, namespace: str) -> None:
        """Wait until nothing has been written for a while (or it is clear that writing will not end)."""
        end = time.monotonic() + _PATIENCE
        before, since = self._fingerprint(namespace), time.monotonic()
        while time.monotonic() < end and time.monotonic() - since < QUIET:
            time.sleep(0.25)
            now = self._fingerprint(namespace)
            if now != before:
                before, since = now, time.monotonic()

    def _fingerprint(self, namespace: str) -> Any:
        places = [(each, namespace) for each in _WATCHED] + [(each, "") for each in (PERSISTENT_VOLUMES, NODES)]
        return [
            [(obj["metadata"]["name"], obj["metadata"]["resourceVersion"]) for obj in self.list(resource, where)]
            for resource, where in places
        ]

    def timestamp(self) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
