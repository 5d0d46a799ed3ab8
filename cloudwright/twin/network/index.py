"""The routing view of the cluster's objects, kept by watches."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from cloudwright.twin.api import (
    ENDPOINT_SLICES,
    INGRESSES,
    NAMESPACES,
    NETWORK_POLICIES,
    SERVICES,
    Api,
    Change,
    ChangeType,
    Resource,
)

Key = tuple[str, str]
_WATCHED = (SERVICES, ENDPOINT_SLICES, NETWORK_POLICIES, NAMESPACES, INGRESSES)


class RoutingIndex:
    """Services, endpoint slices, policies, namespaces and ingresses, with a version that grows on change."""

    def __init__(self, api: Api) -> None:
        self.version = 0
        self.services: dict[Key, Mapping[str, Any]] = {}
        self.slices: dict[Key, dict[str, Mapping[str, Any]]] = defaultdict(dict)
        self.policies: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
        self.namespaces: dict[str, Mapping[str, Any]] = {}
        self.ingresses: dict[Key, Mapping[str, Any]] = {}
        self.by_cluster_ip: dict[str, Key] = {}
        self._stops: list[Callable[[], None]] = [api.subscribe(resource, self._changed) for resource in _WATCHED]

    def close(self) -> None:
        """Stop watching."""
        for stop in self._stops:
            stop()

    def _changed(self, change: Change) -> None:
        self.version += 1
        meta = change.obj["metadata"]
        key = (meta.get("namespace", ""), meta["name"])
        gone = change.type is ChangeType.DELETED
        self._apply(change.resource, key, change.obj, gone)

    def _apply(self, resource: Resource, key: Key, obj: Mapping[str, Any], gone: bool) -> None:
        if resource == SERVICES:
            self._service(key, obj, gone)
        elif resource == ENDPOINT_SLICES:
            owner = (obj["metadata"].get("labels") or {}).get("kubernetes.io/service-name", "")
            _put(self.slices[key[0], owner], key[1], obj, gone)
        elif resource == NETWORK_POLICIES:
            _put(self.policies[key[0]], key[1], obj, gone)
        elif resource == NAMESPACES:
            _put(self.namespaces, key[1], obj, gone)
        else:
            _put(self.ingresses, key, obj, gone)

    def _service(self, key: Key, obj: Mapping[str, Any], gone: bool) -> None:
        before = self.services.get(key)
        if before is not None and self.by_cluster_ip.get(before["spec"].get("clusterIP", "")) == key:
            del self.by_cluster_ip[before["spec"]["clusterIP"]]
        _put(self.services, key, obj, gone)
        address = obj["spec"].get("clusterIP", "")
        if not gone and address not in ("", "None"):
            self.by_cluster_ip[address] = key

    def namespace_labels(self, name: str) -> Mapping[str, str]:
        """Labels of a namespace."""
        labels: Mapping[str, str] = self.namespaces.get(name, {}).get("metadata", {}).get("labels") or {}
        return labels


def _put(table: dict[Any, Mapping[str, Any]], key: Any, obj: Mapping[str, Any], gone: bool) -> None:
    if gone:
        table.pop(key, None)
    else:
        table[key] = obj
