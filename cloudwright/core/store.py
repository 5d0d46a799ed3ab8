"""Results too big to show at once, kept so that the rest can be paged, filtered and counted without asking again."""

import itertools
import secrets
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Protocol

from cloudwright.core.errors import NotFound
from cloudwright.core.result import Rows


class ResultStore(Protocol):
    """Whole tables by handle. What is put in is masked already."""

    def put(self, rows: Rows) -> str:
        """Keep the rows; returns their handle."""
        ...

    def get(self, handle: str) -> Rows:
        """The whole table.

        Raises:
            NotFound: nothing is kept under this handle (any more).
        """
        ...


class MemoryResultStore:
    """The newest tables of one process."""

    def __init__(self, keep: int = 50) -> None:
        self._keep = keep
        self._tables: OrderedDict[str, Rows] = OrderedDict()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def put(self, rows: Rows) -> str:
        """Keep the rows, dropping the oldest table when there are too many."""
        with self._lock:
            handle = f"r{next(self._numbers)}"
            self._tables[handle] = rows
            while len(self._tables) > self._keep:
                self._tables.popitem(last=False)
            return handle

    def get(self, handle: str) -> Rows:
        """The whole table."""
        with self._lock:
            if handle not in self._tables:
                raise NotFound(
                    f"No result {handle} is kept.", suggestions=list(self._tables)[-3:], hint="Run the tool again."
                )
            return self._tables[handle]


class DirectoryResultStore:
    """Tables as files in one directory, so that a later command can page through what an earlier one found.

    The newest `keep` are kept. What is written is masked, and readable by its owner alone.
    """

    def __init__(self, directory: Path, keep: int = 50) -> None:
        self._directory = directory
        self._keep = keep

    def put(self, rows: Rows) -> str:
        """Keep the rows; returns their handle."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = f"r{secrets.token_hex(4)}"
        path = self._directory / f"{handle}.json"
        path.touch(mode=0o600)
        path.write_text(rows.model_dump_json())
        newest = sorted(self._directory.glob("r*.json"), key=lambda item: item.stat().st_mtime_ns, reverse=True)
        for old in newest[self._keep :]:
            old.unlink(missing_ok=True)
        return handle

    def get(self, handle: str) -> Rows:
        """The whole table."""
        if handle.isalnum():
            try:
                return Rows.model_validate_json((self._directory / f"{handle}.json").read_text())
            except FileNotFoundError:
                pass
        raise NotFound(f"No result {handle} is kept.", hint="Run the tool again.")
