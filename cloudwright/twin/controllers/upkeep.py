"""Upkeep of the cluster: events expire after an hour; nodes are told how long secrets may be cached."""

from collections.abc import Hashable

from cloudwright.twin.api import EVENTS, NODES
from cloudwright.twin.controllers.base import Context, Controller, ignore_not_found
from cloudwright.twin.objects import Key, Raw, annotations_of, key_of, name_of


class EventExpiry(Controller):
    """Removes events an hour after their last change, as the lease in the real server's store does."""

    name = "event-expiry"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._cache = context.cache(EVENTS)
        self._touched: dict[Key, float] = {}
        self._armed = False
        self._cache.add_handler(self._on_event)

    def _on_event(self, old: Raw | None, new: Raw | None) -> None:
        if new is None:
            assert old is not None
            self._touched.pop(key_of(old), None)
            return
        self._touched.pop(key_of(new), None)
        self._touched[key_of(new)] = self.clock.now()
        self._arm()

    def _arm(self) -> None:
        if not self._armed and self._touched:
            self._armed = True
            oldest = next(iter(self._touched.values()))
            self.queue.add_after("sweep", oldest + self.context.options.event_ttl - self.clock.now())

    def sync(self, key: Hashable) -> None:
        """Remove what has expired; entries are kept in the order of their last change."""
        self._armed = False
        limit = self.clock.now() - self.context.options.event_ttl
        while self._touched:
            (namespace, name), moment = next(iter(self._touched.items()))
            if moment > limit:
                break
            del self._touched[(namespace, name)]
            self._remove(namespace, name)
        self._arm()

    def _remove(self, namespace: str, name: str) -> None:
        ignore_not_found(lambda: self.api.delete(EVENTS, name, namespace))


class NodeTtlController(Controller):
    """Annotates nodes with the seconds for which kubelets may cache objects; large clusters get larger numbers."""

    name = "ttl-controller"
    _ANNOTATION = "node.alpha.kubernetes.io/ttl"
    _STEPS = ((100, 0), (500, 15), (1000, 30), (2000, 60))

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._nodes = context.cache(NODES)
        self._count = 0
        self._nodes.add_handler(self._on_node)

    def _on_node(self, old: Raw | None, new: Raw | None) -> None:
        self._count += (old is None) - (new is None)
        if new is not None and (old is None or annotations_of(old) != annotations_of(new)):
            self.queue.add(name_of(new))

    def sync(self, key: Hashable) -> None:
        """Keep one node's annotation right."""
        node = self._nodes.get("", str(key))
        if node is None:
            return
        wanted = str(next((seconds for limit, seconds in self._STEPS if self._count <= limit), 300))
        if annotations_of(node).get(self._ANNOTATION) != wanted:
            patch = {"metadata": {"annotations": {self._ANNOTATION: wanted}}}
            ignore_not_found(lambda: self.api.patch(NODES, str(key), None, patch))
