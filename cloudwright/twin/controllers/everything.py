"""Watching every resource that is served, custom ones as they come."""

from collections.abc import Callable

from cloudwright.twin.api import Resource
from cloudwright.twin.controllers.base import Context, Served
from cloudwright.twin.controllers.informer import Cache
from cloudwright.twin.objects import Raw

DEFINITIONS = Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions")
_UNOWNED = {("", "events"), ("events.k8s.io", "events"), ("coordination.k8s.io", "leases")}
"""Resources that nothing owns and that change too often to look at."""

Observer = Callable[[Served, Cache, Raw | None, Raw | None], None]


class Everything:
    """Caches of all served resources; `observe` is told of every change in any of them."""

    def __init__(
        self, context: Context, observe: Observer, skip: frozenset[tuple[str, str]] = frozenset(_UNOWNED)
    ) -> None:
        self._context, self._observe, self._skip = context, observe, skip
        self.caches: dict[tuple[str, str], tuple[Served, Cache]] = {}
        self._kinds: dict[tuple[str, str], tuple[str, str]] = {}
        self._discovering = False
        context.cache(DEFINITIONS).add_handler(lambda old, new: self.discover())
        self.discover()

    def discover(self) -> None:
        """Start to watch resources that have become available."""
        if self._discovering:
            return
        self._discovering = True
        for served in self._context.discover():
            resource = served.resource
            key = (resource.group, resource.plural)
            self._kinds[(resource.api_version, served.kind)] = key
            if key not in self.caches and key not in self._skip:
                self._watch(served, key)
        self._discovering = False

    def _watch(self, served: Served, key: tuple[str, str]) -> None:
        cache = self._context.cache(served.resource)
        cache.add_index("owners", lambda obj: [each["uid"] for each in obj["metadata"].get("ownerReferences") or ()])
        self.caches[key] = (served, cache)
        cache.add_handler(lambda old, new: self._observe(served, cache, old, new))

    def of_kind(self, api_version: str, kind: str) -> tuple[Served, Cache] | None:
        """The resource of a kind, None when it is not served (or not watched)."""
        key = self._kinds.get((api_version, kind))
        return self.caches.get(key) if key is not None else None

    def dependents(self, uid: str) -> list[tuple[Served, Raw]]:
        """All objects that name an owner by uid."""
        return [(served, obj) for served, cache in self.caches.values() for obj in cache.by("owners", uid)]
