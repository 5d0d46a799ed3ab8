"""Watches: from stored changes to the events of one watcher."""

from collections import deque
from collections.abc import Callable, Iterator

from cloudwright.twin.api import ChangeType, Obj
from cloudwright.twin.schema.kinds import ResourceInfo
from cloudwright.twin.server import conversion
from cloudwright.twin.server.errors import StatusError, bad_request, status_of
from cloudwright.twin.server.listing import Matcher, matcher
from cloudwright.twin.server.request import Request
from cloudwright.twin.store import Expired, Store, StoreEvent

Render = Callable[[Obj], Obj]
_INITIAL_END = "k8s.io/initial-events-end"
_BACKLOG = 20_000


class Watch:
    """One watcher. `take` drains what has happened since; `on_change` is called when there is something to take.

    All methods but `take`'s caller loop run under the world's lock.
    """

    def __init__(self, store: Store, request: Request, render: Render, *, initial: bool, bookmarks: bool) -> None:
        self._store = store
        self._info: ResourceInfo = request.info
        self._namespace = request.namespace if request.info.namespaced else ""
        self._name = request.name
        self._accepts: Matcher | None = matcher(request.info, request.options)
        self._render = render
        self._bookmarks = bookmarks
        self._queue: deque[Obj] = deque()
        self.on_change: Callable[[], None] = lambda: None
        self.overflowed = False
        self._start(request.options.resource_version, initial)
        self._unsubscribe = store.subscribe(request.info.storage, self._changed)

    def _start(self, version: str | None, initial: bool) -> None:
        if initial or version in (None, "", "0"):
            for obj in self._store.objects(self._info.storage, self._namespace or None):
                if self._wanted(obj):
                    self._push("ADDED", obj)
            if initial:
                self._queue.append(self._bookmark(initial_end=True))
            return
        assert version is not None
        if not version.isdigit():
            raise bad_request(f'Invalid value: "{version}": strconv.ParseUint: parsing "{version}": invalid syntax')
        try:
            for event in self._store.since(int(version), self._info.storage):
                self._changed(event)
        except Expired as error:
            self._queue.append({"type": "ERROR", "object": status_of(StatusError(410, "Expired", str(error)))})
            self.overflowed = True

    def _wanted(self, obj: Obj) -> bool:
        metadata = obj["metadata"]
        if self._namespace and metadata.get("namespace") != self._namespace:
            return False
        if self._name and metadata["name"] != self._name:
            return False
        return self._accepts is None or self._accepts(obj)

    def _changed(self, event: StoreEvent) -> None:
        now = self._wanted(event.obj)
        before = event.previous is not None and self._wanted(event.previous)
        if event.type is ChangeType.DELETED:
            if before:
                self._push("DELETED", event.obj)
        elif now:
            self._push("MODIFIED" if before else "ADDED", event.obj)
        elif before:
            self._push("DELETED", self._as_of(event))
        self.on_change()

    @staticmethod
    def _as_of(event: StoreEvent) -> Obj:
        assert event.previous is not None
        metadata = {**event.previous["metadata"], "resourceVersion": str(event.revision)}
        return {**event.previous, "metadata": metadata}

    def _push(self, kind: str, obj: Obj) -> None:
        if len(self._queue) >= _BACKLOG:
            self.overflowed = True
            return
        self._queue.append({"type": kind, "object": conversion.from_storage(self._info, obj)})

    def _bookmark(self, *, initial_end: bool = False) -> Obj:
        metadata: Obj = {"resourceVersion": str(self._store.revision)}
        if initial_end:
            metadata["annotations"] = {_INITIAL_END: "true"}
        obj = {"kind": self._info.kind, "apiVersion": self._info.resource.api_version, "metadata": metadata}
        return {"type": "BOOKMARK", "object": obj}

    def bookmark(self) -> None:
        """Queue a bookmark, where the client asked for them."""
        if self._bookmarks:
            self._queue.append(self._bookmark())

    def take(self) -> Iterator[Obj]:
        """The queued events, rendered."""
        while self._queue:
            event = self._queue.popleft()
            if event["type"] in ("ERROR", "BOOKMARK"):
                yield event
            else:
                yield {"type": event["type"], "object": self._render(event["object"])}

    def close(self) -> None:
        """Stop listening."""
        self._unsubscribe()
