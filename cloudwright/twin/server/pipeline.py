"""The request pipeline: authorization, admission, registry, audit; HTTP and `LocalApi` both end here."""

from collections.abc import Callable, Mapping
from typing import Any

from cloudwright.twin.api import Obj, Resource
from cloudwright.twin.clock import Clock
from cloudwright.twin.kubelet import Kubelet
from cloudwright.twin.schema.kinds import ResourceInfo
from cloudwright.twin.server import conversion
from cloudwright.twin.server.catalog import Catalog
from cloudwright.twin.server.errors import method_not_allowed
from cloudwright.twin.server.meta import Identities
from cloudwright.twin.server.registry import Registry
from cloudwright.twin.server.request import Request, Response
from cloudwright.twin.store import Store


class ApiServer:
    """A simulated API server over a store and a clock.

    `kubelet` answers logs, exec and ports once a node agent has registered itself there.
    """

    def __init__(self, store: Store, clock: Clock, *, seed: int = 0) -> None:
        self.store = store
        self.clock = clock
        self.identities = Identities(seed)
        self.catalog = Catalog()
        self.registry = Registry(store, clock, self.identities)
        self.kubelet: Kubelet | None = None

    def info(self, resource: Resource) -> ResourceInfo:
        """A served resource.

        Raises:
            StatusError: 404, it is not served.
        """
        found = self.catalog.find(resource)
        if found is None:
            raise method_not_allowed()
        return found

    def handle(self, request: Request) -> Response:
        """Carry out one request (not list and watch, which read the store).

        Raises:
            StatusError: the failure to send.
        """
        handler = _VERBS.get(request.verb)
        if handler is None:
            raise method_not_allowed()
        return handler(self.registry, request)

    def list(self, info: ResourceInfo, namespace: str | None) -> list[Obj]:
        """Objects in a served version (shared)."""
        found = self.store.objects(info.storage, namespace if info.namespaced else None)
        return [conversion.from_storage(info, obj) for obj in found]


def _get(registry: Registry, request: Request) -> Response:
    return Response(registry.get(request))


_VERBS: Mapping[str, Callable[[Registry, Request], Response]] = {
    "get": _get,
    "create": lambda registry, request: registry.create(request),
    "update": lambda registry, request: registry.update(request),
    "patch": lambda registry, request: registry.patch(request),
    "delete": lambda registry, request: registry.delete(request),
}
_: Any = None
