"""Upkeep of the cluster: events expire after an hour."""

from collections.abc import Hashable

from cloudwright.twin.api import EVENTS
from cloudwright.twin.controllers.base import Context, Controller, ignore_not_found
from cloudwright.twin.objects import Key, Raw, key_of


class EventExpiry(Controller):
    """Removes events an hour after their last change, as the lease in the real server's store does."""

    name = "event-expiry"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._cache = context.cache(EVENTS)
        self._touched: dict[Key, float] = {}
        self._cache.add_handler(self._on_event)
        self._armed = False

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
