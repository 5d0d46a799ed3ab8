"""Results too big to show at once, kept so that the rest can be paged, filtered and counted without asking again."""

import itertools
import threading
from collections import OrderedDict
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
