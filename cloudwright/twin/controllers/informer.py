"""Shared caches with indexes: what informers and indexers are to the real controllers."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

from cloudwright.twin.api import Api, Change, ChangeType, Resource
from cloudwright.twin.objects import Key, Raw, controller_uid, key_of, labels_of

Handler = Callable[[Raw | None, Raw | None], None]
"""Called with (old, new): (None, new) for an addition, (old, None) for a deletion."""

KeyFunction = Callable[[Raw], Iterable[Hashable]]


class Cache:
    """All objects of one resource, by key and by any number of indexes. Objects must not be modified."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self._objects: dict[Key, Raw] = {}
        self._functions: dict[str, KeyFunction] = {}
        self._indexes: dict[str, dict[Hashable, dict[Key, Raw]]] = {}
        self._places: dict[Key, list[tuple[str, Hashable]]] = {}
        self._handlers: list[Handler] = []
        self.add_index("namespace", lambda obj: [obj["metadata"].get("namespace", "")])
        self.add_index("controller", lambda obj: [uid] if (uid := controller_uid(obj)) else [])

    def get(self, namespace: str, name: str) -> Raw | None:
        """One object, or None."""
        return self._objects.get((namespace, name))

    def all(self) -> list[Raw]:
        """Every object, oldest key first."""
        return list(self._objects.values())

    def by(self, index: str, value: Hashable) -> list[Raw]:
        """The objects under a value of an index."""
        found = self._indexes[index].get(value)
        return list(found.values()) if found else []

    def in_namespace(self, namespace: str) -> list[Raw]:
        """The objects of a namespace."""
        return self.by("namespace", namespace)

    def controlled_by(self, uid: str) -> list[Raw]:
        """The objects whose managing controller has a uid."""
        return self.by("controller", uid)

    def selected(self, namespace: str, labels: Mapping[str, str]) -> list[Raw]:
        """The objects of a namespace that carry all of some labels (at least one)."""
        buckets = [self._indexes["label"].get((namespace, key, value), {}) for key, value in labels.items()]
        smallest = min(buckets, key=len, default={})
        return [obj for key, obj in smallest.items() if all(key in bucket for bucket in buckets)]

    def index_labels(self) -> None:
        """Prepare `selected`."""
        self.add_index(
            "label",
            lambda obj: [(obj["metadata"].get("namespace", ""), *pair) for pair in labels_of(obj).items()],
        )

    def add_index(self, name: str, function: KeyFunction) -> None:
        """Maintain an index; asking again for the same name changes nothing."""
        if name in self._functions:
            return
        self._functions[name] = function
        self._indexes[name] = {}
        for key, obj in self._objects.items():
            self._place(key, obj, name, function)

    def add_handler(self, handler: Handler) -> None:
        """Call `handler` for every object that is here and for every later change."""
        self._handlers.append(handler)
        for obj in self.all():
            handler(None, obj)

    def apply(self, change: Change) -> None:
        """Take in one watch event."""
        key = key_of(change.obj)
        old = self._objects.get(key)
        new = None if change.type is ChangeType.DELETED else change.obj
        if new is None and old is None:
            return
        if new is None:
            del self._objects[key]
            self._remove(key)
        else:
            self._objects[key] = new
            self._update(key, old, new)
        for handler in self._handlers:
            handler(old, change.obj if new is None and old is None else new)

    def _update(self, key: Key, old: Raw | None, new: Raw) -> None:
        places = [(name, value) for name, function in self._functions.items() for value in function(new)]
        if old is not None and self._places.get(key) == places:
            for name, value in places:
                self._indexes[name][value][key] = new
            return
        self._remove(key)
        for name, value in places:
            self._indexes[name].setdefault(value, {})[key] = new
        self._places[key] = places

    def _place(self, key: Key, obj: Raw, name: str, function: KeyFunction) -> None:
        for value in function(obj):
            self._indexes[name].setdefault(value, {})[key] = obj
            self._places.setdefault(key, []).append((name, value))

    def _remove(self, key: Key) -> None:
        for name, value in self._places.pop(key, ()):
            bucket = self._indexes[name][value]
            del bucket[key]
            if not bucket:
                del self._indexes[name][value]


class Informers:
    """One cache a resource, fed by one subscription each."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._caches: dict[Resource, Cache] = {}
        self._unsubscribe: list[Callable[[], None]] = []

    def cache(self, resource: Resource) -> Cache:
        """The cache of a resource, subscribed at first use."""
        cache = self._caches.get(resource)
        if cache is None:
            cache = self._caches[resource] = Cache(resource)
            self._unsubscribe.append(self._api.subscribe(resource, cache.apply))
        return cache

    def close(self) -> None:
        """End all subscriptions."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()


def changed(old: Raw | None, new: Raw | None, *fields: str) -> bool:
    """Whether an object was added or removed, or differs in one of some top-level fields."""
    if old is None or new is None:
        return True
    return any(old.get(field) != new.get(field) for field in fields)


def both(old: Raw | None, new: Raw | None) -> list[Raw]:
    """The states of an object that are there: before and after a change."""
    return [each for each in (old, new) if each is not None]


def newest(old: Raw | None, new: Raw | None) -> Any:
    """The present state, or the last one of a deleted object."""
    return new if new is not None else old
