"""A small in-memory `Api` for tests of the node agent: objects, merge patches, subscriptions; no admission."""

import copy
import itertools
from collections.abc import Callable, Mapping
from typing import Any

from cloudwright.twin.api import ApiStatusError, Change, ChangeType, Obj, PatchType, Resource
from cloudwright.twin.clock import Clock


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, Mapping):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


class FakeApi:
    """Implements `Api`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.objects: dict[tuple[Resource, str, str], Obj] = {}
        self._serial = itertools.count(1)
        self._handlers: list[tuple[Resource, Callable[[Change], None]]] = []

    def _publish(self, kind: ChangeType, resource: Resource, obj: Obj) -> None:
        for wanted, handler in list(self._handlers):
            if wanted == resource:
                handler(Change(kind, resource, copy.deepcopy(obj)))

    def _find(self, resource: Resource, name: str, namespace: str | None) -> tuple[tuple[Resource, str, str], Obj]:
        key = (resource, namespace or "", name)
        if key not in self.objects:
            raise ApiStatusError(404, "NotFound", f'{resource.plural} "{name}" not found')
        return key, self.objects[key]

    def get(self, resource: Resource, name: str, namespace: str | None = None) -> Obj:
        return copy.deepcopy(self._find(resource, name, namespace)[1])

    def cached(self, resource: Resource, namespace: str | None = None) -> list[Mapping[str, Any]]:
        return [o for (r, n, _), o in sorted(self.objects.items()) if r == resource and namespace in (None, n)]

    def cached_one(self, resource: Resource, name: str, namespace: str | None = None) -> Mapping[str, Any] | None:
        return self.objects.get((resource, namespace or "", name))

    def create(self, resource: Resource, obj: Mapping[str, Any], namespace: str | None = None) -> Obj:
        stored = copy.deepcopy(dict(obj))
        serial = next(self._serial)
        meta = {"uid": f"00000000-0000-4000-8000-{serial:012d}", "creationTimestamp": self.clock.timestamp()}
        stored["metadata"] = {**meta, "resourceVersion": str(serial), **stored["metadata"]}
        if namespace:
            stored["metadata"]["namespace"] = namespace
        key = (resource, namespace or "", stored["metadata"]["name"])
        if key in self.objects:
            raise ApiStatusError(409, "AlreadyExists", "exists")
        self.objects[key] = stored
        self._publish(ChangeType.ADDED, resource, stored)
        return copy.deepcopy(stored)

    def update(self, resource: Resource, obj: Mapping[str, Any], *, subresource: str = "") -> Obj:
        key, _ = self._find(resource, obj["metadata"]["name"], obj["metadata"].get("namespace"))
        self.objects[key] = copy.deepcopy(dict(obj))
        self._publish(ChangeType.MODIFIED, resource, self.objects[key])
        return copy.deepcopy(self.objects[key])

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
        key, present = self._find(resource, name, namespace)
        self.objects[key] = merge(present, patch)
        self._publish(ChangeType.MODIFIED, resource, self.objects[key])
        return copy.deepcopy(self.objects[key])

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
        key, present = self._find(resource, name, namespace)
        if resource.plural == "pods" and grace_period != 0 and present["spec"].get("nodeName"):
            grace = (
                grace_period if grace_period is not None else present["spec"].get("terminationGracePeriodSeconds", 30)
            )
            present["metadata"]["deletionTimestamp"] = self.clock.timestamp()
            present["metadata"]["deletionGracePeriodSeconds"] = grace
            self._publish(ChangeType.MODIFIED, resource, present)
            return
        del self.objects[key]
        self._publish(ChangeType.DELETED, resource, present)

    def create_subresource(
        self, resource: Resource, name: str, namespace: str | None, subresource: str, body: Mapping[str, Any]
    ) -> Obj:
        raise ApiStatusError(405, "MethodNotAllowed", "not served here")

    def subscribe(self, resource: Resource, handler: Callable[[Change], None]) -> Callable[[], None]:
        entry = (resource, handler)
        for (kind, _, _), obj in sorted(self.objects.items()):
            if kind == resource:
                handler(Change(ChangeType.ADDED, resource, copy.deepcopy(obj)))
        self._handlers.append(entry)
        return lambda: self._handlers.remove(entry) if entry in self._handlers else None
