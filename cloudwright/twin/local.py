"""`Api` straight into the request pipeline of the simulated server."""

from collections.abc import Callable, Mapping
from typing import Any

from cloudwright.twin.api import Change, ChangeType, Obj, PatchType, Resource
from cloudwright.twin.clock import Clock
from cloudwright.twin.server import conversion
from cloudwright.twin.server.pipeline import ApiServer
from cloudwright.twin.server.request import ADMIN, Options, Request, User
from cloudwright.twin.store import Store, StoreEvent, clone


class LocalApi:
    """The simulated server as its own controllers and node agents see it.

    Give all users of one store the same `server` (of the first `LocalApi`), so that they share admission and names.
    """

    def __init__(self, store: Store, clock: Clock, *, server: ApiServer | None = None, user: User = ADMIN) -> None:
        self.server = server or ApiServer(store, clock)
        self.store = store
        self.clock = clock
        self.user = user

    def _request(self, verb: str, resource: Resource, name: str, namespace: str | None, **more: Any) -> Request:
        info = self.server.info(resource)
        return Request(verb, info, namespace or "", name, user=self.user, internal=True, **more)

    def get(self, resource: Resource, name: str, namespace: str | None = None) -> Obj:
        """One object (a private copy)."""
        copied: Obj = clone(self.server.handle(self._request("get", resource, name, namespace)).obj)
        return copied

    def cached(self, resource: Resource, namespace: str | None = None) -> list[Mapping[str, Any]]:
        """All objects of a resource (of a namespace), ordered by namespace and name; shared."""
        return list(self.server.list(self.server.info(resource), namespace))

    def cached_one(self, resource: Resource, name: str, namespace: str | None = None) -> Mapping[str, Any] | None:
        """One shared object, or None."""
        info = self.server.info(resource)
        found = self.store.get(info.storage, (namespace or "") if info.namespaced else "", name)
        return conversion.from_storage(info, found) if found is not None else None

    def create(
        self, resource: Resource, obj: Mapping[str, Any], namespace: str | None = None, *, manager: str = ""
    ) -> Obj:
        """Create and return the stored object. With a manager, who wrote which field is recorded from now on."""
        where = namespace or (obj.get("metadata") or {}).get("namespace")
        request = self._request("create", resource, "", where, body=clone(dict(obj)))
        request.options.field_manager = manager
        copied: Obj = clone(self.server.handle(request).obj)
        return copied

    def update(self, resource: Resource, obj: Mapping[str, Any], *, subresource: str = "") -> Obj:
        """Replace an object or its subresource."""
        metadata = obj["metadata"]
        request = self._request(
            "update",
            resource,
            metadata["name"],
            metadata.get("namespace"),
            body=clone(dict(obj)),
            subresource=subresource,
        )
        copied: Obj = clone(self.server.handle(request).obj)
        return copied

    def patch(
        self,
        resource: Resource,
        name: str,
        namespace: str | None,
        patch: Any,
        *,
        type: PatchType = PatchType.MERGE,
        subresource: str = "",
    ) -> Obj:
        """Apply a patch and return the stored object. Server-side apply takes fields over, as controllers' does."""
        request = self._request("patch", resource, name, namespace, body=clone(patch), subresource=subresource)
        request.patch_type = type
        if type is PatchType.APPLY:
            request.options.field_manager = self.user.name.rpartition(":")[2]
            request.options.force = True
        copied: Obj = clone(self.server.handle(request).obj)
        return copied

    def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        propagation: str = "Background",
        grace_period: int | None = None,
        uid: str | None = None,
    ) -> None:
        """Delete (or mark for deletion, where finalizers or a grace period hold the object)."""
        options = Options(propagation=propagation, grace_period=grace_period, precondition_uid=uid)
        self.server.handle(self._request("delete", resource, name, namespace, options=options))

    def create_subresource(
        self, resource: Resource, name: str, namespace: str | None, subresource: str, body: Mapping[str, Any]
    ) -> Obj:
        """POST to a subresource."""
        request = self._request("create", resource, name, namespace, body=clone(dict(body)), subresource=subresource)
        copied: Obj = clone(self.server.handle(request).obj)
        return copied

    def subscribe(self, resource: Resource, handler: Callable[[Change], None]) -> Callable[[], None]:
        """Call `handler` for every present object and every later change; returns an unsubscriber."""
        info = self.server.info(resource)

        def announce(event: StoreEvent) -> None:
            handler(Change(event.type, resource, conversion.from_storage(info, event.obj)))

        for obj in self.store.objects(info.storage):
            handler(Change(ChangeType.ADDED, resource, conversion.from_storage(info, obj)))
        return self.store.subscribe(info.storage, announce)
