"""The journal: an append-only, hash-chained record of proposals, approvals and executions in one SQLite file.

Every entry's hash covers its number, time, kind, digest and body and the hash before it, so edits, reordering and gaps
show. Cutting the newest entries off, or writing the whole chain anew, shows only against a head exported before.
"""

import hashlib
import json
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from cloudwright.core.errors import JournalError
from cloudwright.core.refs import Frozen

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    seq    INTEGER PRIMARY KEY,
    time   TEXT NOT NULL,
    kind   TEXT NOT NULL,
    digest TEXT NOT NULL,
    body   TEXT NOT NULL,
    hash   TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS entries_by_digest ON entries (digest, seq);
CREATE TRIGGER IF NOT EXISTS entries_stay BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS entries_fixed BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""
_GENESIS = "0" * 64


class EntryKind(StrEnum):
    """What an entry records."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DENIED = "denied"
    VOIDED = "voided"
    INTENT = "intent"
    OUTCOME = "outcome"


class Entry(Frozen):
    """One line of the journal. `hash` chains it to the entry before."""

    seq: int
    time: datetime
    kind: EntryKind
    digest: str
    body: Mapping[str, Any]
    hash: str


class Head(Frozen):
    """The newest entry's number and hash; export it to prove later that nothing was cut off."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Read `SEQ:HASH`.

        Raises:
            JournalError: the text has another form.
        """
        seq, _, digest = text.strip().partition(":")
        if not seq.isdigit() or len(digest) != 64:
            raise JournalError(f"{text!r} is no journal head.", hint="Its form is NUMBER:HASH with 64 hex digits.")
        return cls(seq=int(seq), hash=digest)


class ChainReport(Frozen):
    """What checking the chain showed: problems, the head, and what cannot be proved."""

    entries: int
    head: Head
    problems: tuple[str, ...]
    unproved: tuple[str, ...]


class Transaction:
    """Exclusive access to the journal: what is read here is still true when the entry is appended."""

    def __init__(self, connection: sqlite3.Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def entries(self, digest: str) -> list[Entry]:
        """The entries of one proposal, oldest first."""
        return _entries(self._connection, "WHERE digest = ?", (digest,))

    def append(self, kind: EntryKind, digest: str, body: Mapping[str, Any]) -> Entry:
        """Add one entry; it is durable when the transaction ends."""
        head = _head(self._connection)
        text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        time = self._now.isoformat()
        entry_hash = _hash(head.hash, head.seq + 1, time, kind, digest, text)
        self._connection.execute(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", (head.seq + 1, time, kind, digest, text, entry_hash)
        )
        return Entry(seq=head.seq + 1, time=self._now, kind=kind, digest=digest, body=body, hash=entry_hash)


class Journal:
    """One journal file; any number of processes and threads may use it at once.

    Raises:
        JournalError: the file cannot be opened, read or written (a full disk, a foreign file, no rights).
    """

    def __init__(self, path: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path
        self._now = now
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._owner = 0
        with self._guard():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._connect() as connection:
                connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A write transaction; waits for other writers, rolls back on any exception."""
        with self._guard(), self._connect() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(connection, self._now())
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def append(self, kind: EntryKind, digest: str, body: Mapping[str, Any]) -> Entry:
        """Add one durable entry."""
        with self.transaction() as transaction:
            return transaction.append(kind, digest, body)

    def entries(self, *, digest: str = "", since: int = 0) -> list[Entry]:
        """Entries after number `since`, oldest first, of one proposal or of all."""
        with self._guard(), self._connect() as connection:
            if digest:
                return _entries(connection, "WHERE digest = ? AND seq > ?", (digest, since))
            return _entries(connection, "WHERE seq > ?", (since,))

    def digests(self, prefix: str = "") -> list[str]:
        """Digests of all proposals that begin with `prefix`, oldest first."""
        with self._guard(), self._connect() as connection:
            rows = connection.execute(
                "SELECT digest FROM entries WHERE kind = ? AND substr(digest, 1, ?) = ? ORDER BY seq",
                (EntryKind.PROPOSED, len(prefix), prefix),
            )
            return [row[0] for row in rows]

    def head(self) -> Head:
        """Number and hash of the newest entry."""
        with self._guard(), self._connect() as connection:
            return _head(connection)

    def verify(self, exported: Head | None = None) -> ChainReport:
        """Check the whole chain, and that it still contains a head exported earlier."""
        problems: list[str] = []
        previous = Head(seq=0, hash=_GENESIS)
        hashes: dict[int, str] = {}
        with self._guard(), self._connect() as connection:
            for row in connection.execute("SELECT seq, time, kind, digest, body, hash FROM entries ORDER BY seq"):
                seq, time, kind, digest, body, entry_hash = row
                if seq != previous.seq + 1:
                    problems.append(f"entries {previous.seq + 1} to {seq - 1} are missing")
                elif _hash(previous.hash, seq, time, kind, digest, body) != entry_hash:
                    problems.append(f"entry {seq} ({kind}, {time}) was edited or moved")
                previous = Head(seq=seq, hash=entry_hash)
                hashes[seq] = entry_hash
        if exported is not None and exported.seq > 0 and hashes.get(exported.seq) != exported.hash:
            cut = exported.seq > previous.seq
            problems.append(
                f"the journal ends at entry {previous.seq}, before the exported head {exported.seq}: it was cut off"
                if cut
                else f"entry {exported.seq} is not the one of the exported head: the chain was rewritten"
            )
        return ChainReport(
            entries=len(hashes), head=previous, problems=tuple(problems), unproved=_unproved(exported, previous)
        )

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        """This process's connection, for one thread at a time; kept open, because closing the last one costs syncs."""
        with self._lock:
            if self._connection is None or self._owner != os.getpid():
                connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
                weakref.finalize(self, connection.close)
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                self._connection, self._owner = connection, os.getpid()
            yield self._connection

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise JournalError(
                f"The journal {self.path} cannot be used: {error}.",
                hint="Nothing is changed without it; free space or repair the file, or set `journal` elsewhere.",
            ) from error


def _entries(connection: sqlite3.Connection, where: str, values: tuple[object, ...]) -> list[Entry]:
    rows = connection.execute(
        f"SELECT seq, time, kind, digest, body, hash FROM entries {where} ORDER BY seq",  # noqa: S608 (constants only)
        values,
    )
    return [
        Entry(seq=seq, time=datetime.fromisoformat(time), kind=kind, digest=digest, body=json.loads(body), hash=hashed)
        for seq, time, kind, digest, body, hashed in rows
    ]


def _head(connection: sqlite3.Connection) -> Head:
    row = connection.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(seq=row[0], hash=row[1]) if row else Head(seq=0, hash=_GENESIS)


def _hash(previous: str, seq: int, time: str, kind: str, digest: str, body: str) -> str:
    return hashlib.sha256("\x00".join((previous, str(seq), time, kind, digest, body)).encode()).hexdigest()


def _unproved(exported: Head | None, head: Head) -> tuple[str, ...]:
    rewritten = "that nobody who can write this file wrote a whole new chain"
    if exported is None:
        return (
            "that no newest entries were cut off (compare with an exported head: --head)",
            f"{rewritten} (compare with an exported head: --head)",
        )
    if exported.seq < head.seq:
        return (f"anything about entries {exported.seq + 1} to {head.seq}, newer than the exported head",)
    return ()
