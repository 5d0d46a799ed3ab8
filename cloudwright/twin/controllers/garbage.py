"""The garbage collector: dependents go with their owners, in the background, in the foreground, or not at all."""

from collections.abc import Hashable
from typing import Any

from cloudwright.twin.api import PatchType, Resource
from cloudwright.twin.controllers.base import Context, Controller, Served, ignore_not_found
from cloudwright.twin.controllers.everything import Everything
from cloudwright.twin.controllers.informer import Cache
from cloudwright.twin.objects import Raw, is_deleting, key_of, name_of, namespace_of, uid_of

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"


class GarbageCollector(Controller):
    """Works on (resource, namespace, name): is anyone still responsible for this object?"""

    name = "generic-garbage-collector"
    component = "garbage-collector-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._alive: set[str] = set()
        self._world: Everything | None = None
        self._world = Everything(context, self._on_change)
        for served, cache in self._world.caches.values():
            for obj in cache.all():
                self._look_at(served, obj)

    def _on_change(self, served: Served, cache: Cache, old: Raw | None, new: Raw | None) -> None:
        if new is None:
            assert old is not None
            self._alive.discard(uid_of(old))
            if self._world is not None:
                for kind, dependent in self._world.dependents(uid_of(old)):
                    self._enqueue(kind.resource, dependent)
                self._enqueue_owners(old)
            return
        self._alive.add(uid_of(new))
        if self._world is None:
            return
        if old is None or _view(old) != _view(new):
            self._look_at(served, new)
            if old is not None:
                self._enqueue_owners(old)

    def _look_at(self, served: Served, obj: Raw) -> None:
        metadata = obj["metadata"]
        owners = metadata.get("ownerReferences") or ()
        marked = is_deleting(obj) and not {ORPHAN, FOREGROUND}.isdisjoint(metadata.get("finalizers") or ())
        if marked or any(each["uid"] not in self._alive for each in owners):
            self._enqueue(served.resource, obj)

    def _enqueue_owners(self, obj: Raw) -> None:
        """An owner in foreground deletion waits for its dependents."""
        assert self._world is not None
        for reference in obj["metadata"].get("ownerReferences") or ():
            found = self._owner(reference, namespace_of(obj))
            if found is not None and is_deleting(found[1]):
                self._enqueue(found[0].resource, found[1])

    def _enqueue(self, resource: Resource, obj: Raw) -> None:
        self.queue.add((resource, *key_of(obj)))

    def sync(self, key: Hashable) -> None:
        """Collect, orphan or leave one object."""
        assert isinstance(key, tuple)
        assert self._world is not None
        resource, namespace, name = key
        found = self._world.caches.get((resource.group, resource.plural))
        obj = found[1].get(namespace, name) if found is not None else None
        if obj is None:
            return
        finalizers = obj["metadata"].get("finalizers") or ()
        if is_deleting(obj):
            if ORPHAN in finalizers:
                self._orphan_dependents(resource, obj)
            elif FOREGROUND in finalizers:
                self._await_dependents(resource, obj)
            return
        self._collect(resource, obj)

    def _collect(self, resource: Resource, obj: Raw) -> None:
        references = obj["metadata"].get("ownerReferences") or ()
        states = [(self._state_of(reference, obj), reference) for reference in references]
        solid, dangling, waiting = (
            [reference for state, reference in states if state == wanted] for wanted in ("solid", "dangling", "waiting")
        )
        if not references or (solid and not dangling and not waiting):
            return
        if solid:
            self._drop_references(resource, obj, [each["uid"] for each in (*dangling, *waiting)])
            return
        finalizers = obj["metadata"].get("finalizers") or ()
        assert self._world is not None
        if waiting and self._world.dependents(uid_of(obj)):
            policy = "Foreground"
        elif ORPHAN in finalizers:
            policy = "Orphan"
        else:
            policy = "Foreground" if FOREGROUND in finalizers else "Background"
        self._delete(resource, obj, policy)

    def _state_of(self, reference: Raw, obj: Raw) -> str:
        found = self._owner(reference, namespace_of(obj))
        if found is None:
            return "solid" if self._is_unknown(reference) else "dangling"
        owner = found[1]
        waits = is_deleting(owner) and FOREGROUND in (owner["metadata"].get("finalizers") or ())
        return "waiting" if waits else "solid"

    def _is_unknown(self, reference: Raw) -> bool:
        assert self._world is not None
        return self._world.of_kind(reference["apiVersion"], reference["kind"]) is None

    def _owner(self, reference: Raw, namespace: str) -> tuple[Served, Raw] | None:
        assert self._world is not None
        found = self._world.of_kind(reference["apiVersion"], reference["kind"])
        if found is None:
            return None
        served, cache = found
        owner = cache.get(namespace if served.namespaced else "", reference["name"])
        return (served, owner) if owner is not None and uid_of(owner) == reference["uid"] else None

    def _await_dependents(self, resource: Resource, obj: Raw) -> None:
        """Foreground deletion: dependents that block the owner go first."""
        assert self._world is not None
        if not self._has_blockers(obj):
            self._remove_finalizer(resource, obj, FOREGROUND)
            return
        for served, dependent in self._world.dependents(uid_of(obj)):
            if not is_deleting(dependent):
                self._collect(served.resource, dependent)

    def _has_blockers(self, obj: Raw) -> bool:
        assert self._world is not None
        return any(
            reference["uid"] == uid_of(obj) and reference.get("blockOwnerDeletion")
            for _, dependent in self._world.dependents(uid_of(obj))
            for reference in dependent["metadata"]["ownerReferences"]
        )

    def _orphan_dependents(self, resource: Resource, obj: Raw) -> None:
        assert self._world is not None
        for served, dependent in self._world.dependents(uid_of(obj)):
            self._drop_references(served.resource, dependent, [uid_of(obj)])
        self._remove_finalizer(resource, obj, ORPHAN)

    def _drop_references(self, resource: Resource, obj: Raw, uids: list[str]) -> None:
        left = [each for each in obj["metadata"].get("ownerReferences") or () if each["uid"] not in uids]
        self._patch(resource, obj, {"metadata": {"uid": uid_of(obj), "ownerReferences": left or None}})

    def _remove_finalizer(self, resource: Resource, obj: Raw, finalizer: str) -> None:
        left = [each for each in obj["metadata"].get("finalizers") or () if each != finalizer]
        patch: dict[str, Any] = {"finalizers": left or None, "resourceVersion": obj["metadata"]["resourceVersion"]}
        self._patch(resource, obj, {"metadata": patch})

    def _patch(self, resource: Resource, obj: Raw, patch: Raw) -> None:
        namespace = namespace_of(obj) or None
        ignore_not_found(lambda: self.api.patch(resource, name_of(obj), namespace, patch, type=PatchType.MERGE))

    def _delete(self, resource: Resource, obj: Raw, policy: str) -> None:
        namespace, uid = namespace_of(obj) or None, uid_of(obj)
        ignore_not_found(lambda: self.api.delete(resource, name_of(obj), namespace, propagation=policy, uid=uid))


def _view(obj: Raw) -> tuple[Any, Any, bool]:
    metadata = obj["metadata"]
    return metadata.get("ownerReferences"), metadata.get("finalizers"), is_deleting(obj)
