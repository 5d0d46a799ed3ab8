"""What the blast radius looks at, read from the cluster at most once per kind and namespace."""

from typing import Any

from cloudwright.core.context import Context
from cloudwright.core.errors import ToolError
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.discovery import Discovery

Json = dict[str, Any]


class ClusterWorld:
    """Implements `blast.World` over the API server."""

    def __init__(self, context: Context) -> None:
        self._client = context.service(KubernetesClient)
        self._discovery = context.service(Discovery)
        self._lists: dict[tuple[str, str], list[Json] | None] = {}
        self.unseen: list[str] = []
        """Kinds that this server has and that could not be read."""

    def items(self, kind: str, namespace: str) -> list[Json] | None:
        """All objects of a kind in a namespace ("" for all), or None where they cannot be read."""
        key = (kind, namespace)
        if key not in self._lists:
            self._lists[key] = self._read(kind, namespace)
        return self._lists[key]

    def namespaced_kinds(self) -> list[str]:
        """Every listable kind of object that lives in a namespace."""
        return [kind.qualified for kind in self._discovery.listable() if kind.namespaced]

    def _read(self, kind: str, namespace: str) -> list[Json] | None:
        try:
            found = self._discovery.find(kind)
        except ToolError:
            return None  # an older or smaller server
        try:
            return list(self._client.list(found.path(namespace)))
        except ToolError:
            self.unseen.append(found.plural)
            return None
