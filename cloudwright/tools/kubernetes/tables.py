"""Objects as tables: choosing columns, sorting, grouping and counting, all computed here."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import JsonValue

from cloudwright.core.errors import InvalidArguments, NotFound
from cloudwright.core.redaction import Redactor
from cloudwright.tools.kubernetes import facts, values
from cloudwright.tools.kubernetes.columns import (
    AGE,
    COLUMNS,
    DEFAULT_COLUMNS,
    IMAGES,
    NAME,
    NAMESPACE,
    READY,
    Cell,
    Column,
    Object,
    scalar,
)
from cloudwright.tools.kubernetes.filters import Reader, field_reader, masking_reader


def columns_for(
    kind: str, wanted: Sequence[str], *, namespaced: bool, reader: Reader = field_reader
) -> tuple[Column, ...]:
    """The columns of a table: those asked for, else the kind's own; always with name, and namespace if it has one.

    Raises:
        InvalidArguments: a column that is neither a field name nor a path.
    """
    head = (NAMESPACE, NAME) if namespaced else (NAME,)
    own = {column.name: column for column in (*head, *COLUMNS.get(kind, DEFAULT_COLUMNS))}
    if not wanted:
        return tuple(own.values())
    chosen = dict.fromkeys(("namespace", "name") if namespaced else ("name",))
    chosen |= dict.fromkeys(name.strip() for name in wanted)
    return tuple(own.get(name) or field_column(name, reader) for name in chosen)


def known_fields(kind: str, wanted: Sequence[str], reader: Reader) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which of the wanted columns there are, and a sentence for each that does not exist.

    Raises:
        InvalidArguments: none of them exists.
    """
    own = {column.name for column in (NAMESPACE, NAME, *COLUMNS.get(kind, DEFAULT_COLUMNS))}
    known: list[str] = []
    strange: list[str] = []
    for name in (each.strip() for each in wanted):
        try:
            if name not in own:
                field_column(name, reader)
            known.append(name)
        except InvalidArguments as error:
            if len(wanted) == 1 + len(strange):
                raise
            strange.append(f"There is no column {name!r}.{f' {error.hint}' if error.hint else ''}")
    return tuple(known), tuple(strange)


def field_column(name: str, reader: Reader = field_reader) -> Column:
    """A column of any field: see `filters.field_reader`."""
    if name.lower() == "age":
        return AGE
    if name.lower() == "ready":
        return READY
    if name.lower() in ("image", "images"):
        return IMAGES
    if name.lower() == "owner":
        return Column("owner", lambda item, now: facts.owner(item) or None)
    read = reader(f"metadata.{name.lower()}" if name.lower() in ("labels", "annotations") else name)

    def cell(item: Object, now: float) -> JsonValue:
        found = read(item, now)
        return scalar(found[0]) if len(found) == 1 else ",".join(str(scalar(value)) for value in found) or None

    return Column(name, cell)


def sort_key(value: JsonValue) -> tuple[int, float, str]:
    """An order over all cells: numbers and quantities by size, then text; nothing comes last."""
    if value is None or value == "":
        return (2, 0.0, "")
    if isinstance(value, bool):
        return (0, float(value), "")
    if isinstance(value, int | float):
        return (0, float(value), "")
    text = str(value)
    number = values.quantity(text)
    if number is None:
        number = values.duration(text)
    return (1, 0.0, text.lower()) if number is None else (0, number, text)


def order_of(sort: str) -> tuple[str, bool]:
    """Column and whether descending: "-restarts", "restarts desc", "age"."""
    name = sort.strip()
    if name.lower().endswith((" desc", " asc")):
        name, _, direction = name.rpartition(" ")
        return name.strip(), direction.lower() == "desc"
    return name.removeprefix("-").strip(), name.startswith("-")


def sort_rows(
    rows: Sequence[tuple[JsonValue, ...]], columns: Sequence[str], sort: str
) -> tuple[tuple[JsonValue, ...], ...]:
    """Rows by one column (empty cells last, either way)."""
    name, descending = order_of(sort)
    index = position(columns, name)
    keyed = [(sort_key(row[index]), row) for row in rows]
    full = [pair for pair in keyed if pair[0][0] != 2]
    empty = [row for key, row in keyed if key[0] == 2]
    full.sort(key=lambda pair: pair[0], reverse=descending)
    return (*(row for _, row in full), *empty)


def position(columns: Sequence[str], name: str) -> int:
    """Where a column stands, in any casing.

    Raises:
        NotFound: there is no such column; names those that there are.
    """
    low = [column.lower() for column in columns]
    if name.lower() not in low:
        raise NotFound(f"This result has no column {name!r}.", hint=f"It has {', '.join(columns)}.")
    return low.index(name.lower())


def group_rows(
    rows: Iterable[tuple[JsonValue, ...]], columns: Sequence[str], by: Sequence[str]
) -> tuple[tuple[str, ...], tuple[tuple[JsonValue, ...], ...]]:
    """How many rows have each combination of values in these columns; the most frequent first."""
    places = [position(columns, name) for name in by]
    counts = Counter(tuple(row[place] for place in places) for row in rows)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], [sort_key(cell) for cell in pair[0]]))
    return (*(columns[place] for place in places), "count"), tuple((*group, count) for group, count in ordered)


class TableBuilder:
    """Rows from objects, one page at a time, so that no page has to be kept.

    Args:
        columns: what is shown.
        sort: column or field to order by, "-" before it for descending; "" keeps the server's order.
        redactor: masks every cell.
        now: the present (Unix time); default the clock's.
    """

    def __init__(self, columns: Sequence[Column], sort: str, redactor: Redactor, now: float | None = None) -> None:
        self.columns = tuple(columns)
        self.now = time.time() if now is None else now
        self._redactor = redactor
        self._cells: dict[str, str] = {}
        self._rows: list[tuple[tuple[int, float, str], tuple[JsonValue, ...], Any]] = []
        self._sort: Cell | None = None
        self._descending = False
        if sort:
            name, self._descending = order_of(sort)
            found = next((column for column in columns if column.name.lower() == name.lower()), None)
            column = found or field_column(name, masking_reader(redactor))
            self._sort = column.sort or column.cell

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, item: Object, key: Any = None) -> None:
        """A row for this object; `key` comes back beside it."""
        row = tuple(self._masked(column.cell(item, self.now)) for column in self.columns)
        order = sort_key(self._sort(item, self.now)) if self._sort else (0, 0.0, "")
        self._rows.append((order, row, key))

    def finish(self) -> tuple[list[tuple[JsonValue, ...]], list[Any]]:
        """Rows in order, and their keys."""
        rows = self._rows
        if self._sort is not None:
            full = [entry for entry in rows if entry[0][0] != 2]
            empty = [entry for entry in rows if entry[0][0] == 2]
            full.sort(key=lambda entry: entry[0], reverse=self._descending)
            rows = full + empty
        return [row for _, row, _ in rows], [key for _, _, key in rows]

    def _masked(self, cell: JsonValue) -> JsonValue:
        if not isinstance(cell, str):
            return cell
        known = self._cells.get(cell)
        if known is None:
            known = self._cells[cell] = self._redactor.text(cell)
        return known


def known_columns(columns: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Positions of the wanted columns; all of them if none is named.

    Raises:
        NotFound: one of them is not there.
    """
    return [position(columns, name) for name in wanted] or list(range(len(columns)))


def require_positive(limit: int, what: str) -> int:
    """`limit`, if it is above 0.

    Raises:
        InvalidArguments: it is not.
    """
    if limit < 1:
        raise InvalidArguments(f"{what} must be at least 1, not {limit}.")
    return limit
