"""The twin's memory: a versioned store in the manner of etcd as the API server sees it.

One revision counter numbers every write. Stored objects are never modified after they are put, so a fork shares them
and still behaves as a copy.
"""

import marshal
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from cloudwright.twin.api import ChangeType, Obj

Kind = tuple[str, str]
"""Where objects of a resource are kept: (group, plural), the same for all versions."""

WINDOW = 8192
"""How many past changes can be replayed to a watcher before it is told to list again."""


def clone(value: Any) -> Any:
    """An independent copy of decoded JSON."""
    return marshal.loads(marshal.dumps(value))  # noqa: S302 - our own bytes, and ten times faster than deepcopy


class Expired(Exception):
    """The requested revision is older than the history that is kept (HTTP 410)."""


class StoreEvent(NamedTuple):
    """One write: `obj` is the new (for a deletion: the last) state, `previous` what stood there before."""

    revision: int
    type: ChangeType
    kind: Kind
    obj: Obj
    previous: Obj | None


@dataclass(frozen=True)
class StoreSnapshot:
    """The whole state at one revision, by value."""

    revision: int
    objects: tuple[tuple[Kind, Obj], ...]


class _Table:
    """The objects of one kind, by namespace and name, with sorted views that are rebuilt only when keys change."""

    def __init__(self) -> None:
        self.by_namespace: dict[str, dict[str, Obj]] = {}
        self._sorted: dict[str, list[str]] = {}
        self._namespaces: list[str] | None = None

    def get(self, namespace: str, name: str) -> Obj | None:
        names = self.by_namespace.get(namespace)
        return names.get(name) if names else None

    def put(self, namespace: str, name: str, obj: Obj) -> None:
        names = self.by_namespace.get(namespace)
        if names is None:
            names = self.by_namespace[namespace] = {}
            self._namespaces = None
        if name not in names:
            self._sorted.pop(namespace, None)
        names[name] = obj

    def remove(self, namespace: str, name: str) -> None:
        names = self.by_namespace[namespace]
        del names[name]
        self._sorted.pop(namespace, None)
        if not names:
            del self.by_namespace[namespace]
            self._namespaces = None

    def names(self, namespace: str) -> list[str]:
        found = self._sorted.get(namespace)
        if found is None:
            found = self._sorted[namespace] = sorted(self.by_namespace.get(namespace, ()))
        return found

    def namespaces(self) -> list[str]:
        if self._namespaces is None:
            self._namespaces = sorted(self.by_namespace)
        return self._namespaces

    def items(self, namespace: str | None) -> Iterator[Obj]:
        for each in self.namespaces() if namespace is None else [namespace]:
            names = self.by_namespace.get(each, {})
            for name in self.names(each):
                yield names[name]


class Store:
    """Objects by kind, namespace ("" for cluster scope) and name, with history and subscriptions.

    Not thread-safe: the owner (the world) serialises access.
    """

    def __init__(self, window: int = WINDOW) -> None:
        self.revision = 1
        self._tables: dict[Kind, _Table] = {}
        self._history: deque[StoreEvent] = deque(maxlen=window)
        self.forgotten = 0
        self._listeners: list[tuple[Kind | None, Callable[[StoreEvent], None]]] = []
        self._audience: dict[Kind, tuple[Callable[[StoreEvent], None], ...]] = {}
        self._pending: deque[StoreEvent] = deque()
        self._dispatching = False

    def get(self, kind: Kind, namespace: str, name: str) -> Obj | None:
        """The stored object itself (not to be modified), or None."""
        table = self._tables.get(kind)
        return table.get(namespace, name) if table else None

    def objects(self, kind: Kind, namespace: str | None = None) -> list[Obj]:
        """The stored objects (not to be modified), ordered by namespace and name."""
        table = self._tables.get(kind)
        return list(table.items(namespace)) if table else []

    def count(self, kind: Kind, namespace: str | None = None) -> int:
        """How many objects of a kind there are."""
        table = self._tables.get(kind)
        if not table:
            return 0
        if namespace is not None:
            return len(table.by_namespace.get(namespace, ()))
        return sum(map(len, table.by_namespace.values()))

    def kinds(self) -> list[Kind]:
        """Kinds of which at least one object has been stored."""
        return sorted(self._tables)

    def put(self, kind: Kind, obj: Obj) -> Obj:
        """Store an object (which now belongs to the store) under the next revision and tell the subscribers."""
        metadata = obj["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        table = self._tables.setdefault(kind, _Table())
        previous = table.get(namespace, name)
        self.revision += 1
        metadata["resourceVersion"] = str(self.revision)
        table.put(namespace, name, obj)
        change = ChangeType.MODIFIED if previous else ChangeType.ADDED
        self._record(StoreEvent(self.revision, change, kind, obj, previous))
        return obj

    def delete(self, kind: Kind, namespace: str, name: str) -> Obj | None:
        """Remove an object; returns its last state with the deletion's revision, or None when there is none."""
        table = self._tables.get(kind)
        previous = table.get(namespace, name) if table else None
        if table is None or previous is None:
            return None
        table.remove(namespace, name)
        self.revision += 1
        last = {**previous, "metadata": {**previous["metadata"], "resourceVersion": str(self.revision)}}
        self._record(StoreEvent(self.revision, ChangeType.DELETED, kind, last, previous))
        return last

    def since(self, revision: int, kind: Kind | None = None) -> list[StoreEvent]:
        """Changes after a revision, oldest first.

        Raises:
            Expired: the history no longer reaches back that far.
        """
        if revision < self.forgotten:
            raise Expired(f"too old resource version: {revision} ({self.forgotten})")
        start = bisect_right(self._history, revision, key=lambda event: event.revision)
        return [event for event in islice(self._history, start, None) if kind in (None, event.kind)]

    def compact(self) -> None:
        """Forget all history: watchers of older revisions get `Expired`."""
        self._history.clear()
        self.forgotten = self.revision

    def subscribe(self, kind: Kind | None, listener: Callable[[StoreEvent], None]) -> Callable[[], None]:
        """Call `listener` after every later write of a kind (None: of any); returns an unsubscriber.

        Listeners run one after the other in the order of the writes; a write made inside a listener is
        announced after the present announcement has reached everyone.
        """
        entry = (kind, listener)
        self._listeners.append(entry)
        self._audience.clear()

        def unsubscribe() -> None:
            if entry in self._listeners:
                self._listeners.remove(entry)
                self._audience.clear()

        return unsubscribe

    def snapshot(self) -> StoreSnapshot:
        """The whole state by value (stored objects are immutable, so sharing them is safe)."""
        return StoreSnapshot(
            self.revision, tuple((kind, obj) for kind in self.kinds() for obj in self._tables[kind].items(None))
        )

    def restore(self, snapshot: StoreSnapshot) -> None:
        """Become the snapshot. Subscribers see the difference as changes; the revision never goes back."""
        wanted = {_key(kind, obj): obj for kind, obj in snapshot.objects}
        present = {_key(kind, obj): obj for kind in self.kinds() for obj in self._tables[kind].items(None)}
        for kind, namespace, name in present.keys() - wanted.keys():
            self.delete(kind, namespace, name)
        for key, obj in wanted.items():
            if present.get(key) is not obj:
                self.put(key[0], {**obj, "metadata": dict(obj["metadata"])})

    def fork(self) -> "Store":
        """An independent store with the same objects and revision, and no subscribers."""
        return Store.from_snapshot(self.snapshot())

    @staticmethod
    def from_snapshot(snapshot: StoreSnapshot) -> "Store":
        """A new store that holds exactly the snapshot."""
        store = Store()
        store.load(snapshot.revision, snapshot.objects)
        return store

    def load(self, revision: int, objects: Iterable[tuple[Kind, Mapping[str, Any]]]) -> None:
        """Fill an empty store without telling anyone (start-up, fork)."""
        for kind, obj in objects:
            metadata = obj["metadata"]
            self._tables.setdefault(kind, _Table()).put(metadata.get("namespace", ""), metadata["name"], dict(obj))
        self.revision = self.forgotten = max(revision, self.revision)

    def _record(self, event: StoreEvent) -> None:
        if len(self._history) == self._history.maxlen:
            self.forgotten = self._history[0].revision
        self._history.append(event)
        self._pending.append(event)
        if self._dispatching:
            return
        self._dispatching = True
        try:
            while self._pending:
                self._announce(self._pending.popleft())
        finally:
            self._dispatching = False

    def _announce(self, event: StoreEvent) -> None:
        listeners = self._audience.get(event.kind)
        if listeners is None:
            listeners = tuple(listener for kind, listener in self._listeners if kind in (None, event.kind))
            self._audience[event.kind] = listeners
        for listener in listeners:
            listener(event)


def _key(kind: Kind, obj: Obj) -> tuple[Kind, str, str]:
    metadata = obj["metadata"]
    return kind, metadata.get("namespace", ""), metadata["name"]
