"""The twin's state in a SQLite file: written after every change, read at the start."""

import json
import sqlite3
from pathlib import Path

from cloudwright.twin.store import Kind, Store, StoreEvent, StoreSnapshot

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    grp TEXT NOT NULL, plural TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (grp, plural, namespace, name)
);
CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Database:
    """One file. Open it, `load` it into a new store (if it holds one), then `follow` the store."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)

    def load(self) -> StoreSnapshot | None:
        """What was saved last, or None in a new file."""
        row = self._connection.execute("SELECT value FROM state WHERE key = 'revision'").fetchone()
        if row is None:
            return None
        query = "SELECT grp, plural, body FROM objects ORDER BY grp, plural, namespace, name"
        rows = self._connection.execute(query).fetchall()
        return StoreSnapshot(int(row[0]), tuple(((group, plural), json.loads(body)) for group, plural, body in rows))

    def follow(self, store: Store) -> None:
        """Write the store's present state, and from now on each change."""
        self._connection.execute("BEGIN")
        self._connection.execute("DELETE FROM objects")
        for kind, obj in store.snapshot().objects:
            self._put(kind, obj)
        self._revision(store.revision)
        self._connection.execute("COMMIT")
        store.subscribe(None, self._changed)

    def _changed(self, event: StoreEvent) -> None:
        self._connection.execute("BEGIN")
        if event.type == "DELETED":
            metadata = event.obj["metadata"]
            key = (*event.kind, metadata.get("namespace", ""), metadata["name"])
            self._connection.execute("DELETE FROM objects WHERE grp=? AND plural=? AND namespace=? AND name=?", key)
        else:
            self._put(event.kind, event.obj)
        self._revision(event.revision)
        self._connection.execute("COMMIT")

    def _put(self, kind: Kind, obj: dict[str, object]) -> None:
        metadata = obj["metadata"]
        assert isinstance(metadata, dict)
        row = (*kind, metadata.get("namespace", ""), metadata["name"], json.dumps(obj, separators=(",", ":")))
        self._connection.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)", row)

    def _revision(self, revision: int) -> None:
        self._connection.execute("INSERT OR REPLACE INTO state VALUES ('revision', ?)", (str(revision),))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
