"""Objects as tables: which columns a kind has, sorting, grouping and counting, all computed here."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from cloudwright.core.errors import InvalidArguments, NotFound
from cloudwright.core.redaction import Redactor
from cloudwright.tools.kubernetes import facts, values
from cloudwright.tools.kubernetes.facts import dig, maps
from cloudwright.tools.kubernetes.filters import Reader, field_reader, masking_reader

Object = Mapping[str, Any]
Cell = Callable[[Object, float], JsonValue]
"""A JSON scalar from an object and the present (Unix time)."""


@dataclass(frozen=True)
class Column:
    """One column. `sort` gives what it is ordered by, where the shown text does not sort (ages, "2/3")."""

    name: str
    cell: Cell
    sort: Cell | None = None


def _column(name: str, *keys: str) -> Column:
    return Column(name, lambda item, now: scalar(dig(item, *keys)))


def scalar(value: Any) -> JsonValue:
    """A value in one cell: scalars as they are, lists and maps as short text."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list):
        return ",".join(str(scalar(item)) for item in value)
    if isinstance(value, Mapping):
        return ",".join(f"{key}={scalar(item)}" for key, item in value.items())
    return str(value)


def _ready_text(item: Object, now: float) -> JsonValue:
    if item.get("kind") == "Pod":
        done, wanted = facts.ready_count(item)
        return f"{done}/{wanted}"
    wanted_replicas = facts.desired(item)
    if wanted_replicas is None:
        return None
    return f"{facts.number(item, 'readyReplicas', 'numberReady'):.0f}/{wanted_replicas:.0f}"


def _ready_sort(item: Object, now: float) -> JsonValue:
    text = _ready_text(item, now)
    return int(text.partition("/")[0]) if isinstance(text, str) else -1


def _age_text(item: Object, now: float) -> JsonValue:
    found = facts.age(item, now)
    return None if found is None else values.short_duration(found)


def _ports(item: Object, now: float) -> JsonValue:
    shown = []
    for port in maps(item, "spec", "ports"):
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        shown.append(f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}")
    return ",".join(shown)


def _hosts(item: Object, now: float) -> JsonValue:
    return ",".join(str(rule.get("host") or "*") for rule in maps(item, "spec", "rules"))


def _hpa_targets(item: Object, now: float) -> JsonValue:
    current = {dig(m, "resource", "name"): m for m in maps(item, "status", "currentMetrics") if m.get("resource")}
    shown = []
    for metric in maps(item, "spec", "metrics"):
        name = dig(metric, "resource", "name")
        target = dig(metric, "resource", "target", "averageUtilization")
        if name and target is not None:
            now_at = dig(current.get(name), "resource", "current", "averageUtilization")
            shown.append(f"{name}: {'unknown' if now_at is None else f'{now_at}%'}/{target}%")
        else:
            shown.append(str(metric.get("type") or "?"))
    return ",".join(shown)


def _pdb_allowed(item: Object, now: float) -> JsonValue:
    return scalar(dig(item, "status", "disruptionsAllowed"))


def _roles(item: Object, now: float) -> JsonValue:
    prefix = "node-role.kubernetes.io/"
    labels = dig(item, "metadata", "labels") or {}
    return ",".join(sorted(key.removeprefix(prefix) for key in labels if key.startswith(prefix)))


def _keys(item: Object, now: float) -> JsonValue:
    found = {**(item.get("data") or {}), **(item.get("binaryData") or {})}
    return len(found)


def _images(item: Object, now: float) -> JsonValue:
    return ",".join(str(entry.get("image")) for entry in facts.containers(item))


def _fact(name: str) -> Cell:
    reader = facts.FACTS[name]

    def cell(item: Object, now: float) -> JsonValue:
        found = reader(item, now)
        return scalar(found[0]) if found else None

    return cell


NAME = _column("name", "metadata", "name")
NAMESPACE = _column("namespace", "metadata", "namespace")
AGE = Column("age", _age_text, lambda item, now: facts.age(item, now))
STATUS = Column("status", lambda item, now: facts.status(item))
READY = Column("ready", _ready_text, _ready_sort)
RESTARTS = Column("restarts", lambda item, now: facts.restarts(item))
NODE = _column("node", "spec", "nodeName")
_UP_TO_DATE = Column(
    "up-to-date", lambda item, now: int(facts.number(item, "updatedReplicas", "updatedNumberScheduled"))
)
_AVAILABLE = Column("available", lambda item, now: int(facts.number(item, "availableReplicas", "numberAvailable")))
_IMAGES = Column("images", _images)

COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "Pod": (READY, STATUS, RESTARTS, AGE, NODE),
    "Deployment": (READY, _UP_TO_DATE, _AVAILABLE, AGE, _IMAGES),
    "StatefulSet": (READY, AGE, _IMAGES),
    "DaemonSet": (READY, _UP_TO_DATE, _AVAILABLE, AGE, _IMAGES),
    "ReplicaSet": (READY, Column("owner", _fact("owner")), AGE, _IMAGES),
    "ReplicationController": (READY, AGE, _IMAGES),
    "Job": (
        STATUS,
        Column("succeeded", lambda item, now: int(facts.number(item, "succeeded"))),
        Column("failed", lambda item, now: int(facts.number(item, "failed"))),
        Column("owner", _fact("owner")),
        AGE,
    ),
    "CronJob": (
        _column("schedule", "spec", "schedule"),
        Column("suspended", _fact("suspended")),
        Column("active", lambda item, now: len(maps(item, "status", "active"))),
        _column("last", "status", "lastScheduleTime"),
        AGE,
    ),
    "Service": (
        _column("type", "spec", "type"),
        _column("cluster-ip", "spec", "clusterIP"),
        Column("ports", _ports),
        _column("selector", "spec", "selector"),
        AGE,
    ),
    "Ingress": (_column("class", "spec", "ingressClassName"), Column("hosts", _hosts), AGE),
    "Node": (STATUS, Column("roles", _roles), AGE, _column("version", "status", "nodeInfo", "kubeletVersion")),
    "Namespace": (STATUS, AGE),
    "ConfigMap": (Column("keys", _keys), AGE),
    "Secret": (_column("type", "type"), Column("keys", _keys), AGE),
    "PersistentVolumeClaim": (
        STATUS,
        _column("volume", "spec", "volumeName"),
        _column("capacity", "status", "capacity", "storage"),
        _column("class", "spec", "storageClassName"),
        AGE,
    ),
    "PersistentVolume": (
        STATUS,
        _column("capacity", "spec", "capacity", "storage"),
        _column("reclaim", "spec", "persistentVolumeReclaimPolicy"),
        Column("claim", lambda item, now: _claim(item)),
        _column("class", "spec", "storageClassName"),
        AGE,
    ),
    "HorizontalPodAutoscaler": (
        Column("target", lambda item, now: _target(item)),
        Column("metrics", _hpa_targets),
        _column("min", "spec", "minReplicas"),
        _column("max", "spec", "maxReplicas"),
        _column("replicas", "status", "currentReplicas"),
        AGE,
    ),
    "PodDisruptionBudget": (
        _column("min-available", "spec", "minAvailable"),
        _column("max-unavailable", "spec", "maxUnavailable"),
        Column("allowed", _pdb_allowed),
        AGE,
    ),
    "ServiceAccount": (AGE,),
    "ResourceQuota": (
        _column("used", "status", "used"),
        _column("hard", "status", "hard"),
        AGE,
    ),
    "NetworkPolicy": (_column("pod-selector", "spec", "podSelector", "matchLabels"), AGE),
    "Role": (Column("rules", lambda item, now: len(maps(item, "rules"))), AGE),
    "ClusterRole": (Column("rules", lambda item, now: len(maps(item, "rules"))), AGE),
    "RoleBinding": (
        Column("role", lambda item, now: _role(item)),
        Column("subjects", lambda item, now: _who(item)),
        AGE,
    ),
    "ClusterRoleBinding": (
        Column("role", lambda item, now: _role(item)),
        Column("subjects", lambda item, now: _who(item)),
        AGE,
    ),
}
"""What is shown of each kind after name and namespace, unless other columns are asked for."""

DEFAULT_COLUMNS = (STATUS, AGE)


def _claim(item: Object) -> str:
    name = dig(item, "spec", "claimRef", "name")
    return f"{dig(item, 'spec', 'claimRef', 'namespace')}/{name}" if name else ""


def _target(item: Object) -> str:
    return f"{dig(item, 'spec', 'scaleTargetRef', 'kind')}/{dig(item, 'spec', 'scaleTargetRef', 'name')}"


def _role(item: Object) -> str:
    return f"{dig(item, 'roleRef', 'kind')}/{dig(item, 'roleRef', 'name')}"


def _who(item: Object) -> str:
    return ",".join(f"{subject.get('kind')}:{subject.get('name')}" for subject in maps(item, "subjects"))


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


def field_column(name: str, reader: Reader = field_reader) -> Column:
    """A column of any field: see `filters.field_reader`."""
    if name.lower() == "age":
        return AGE
    if name.lower() == "ready":
        return READY
    if name.lower() in ("image", "images"):
        return _IMAGES
    if name.lower() == "owner":
        return Column("owner", lambda item, now: facts.owner(item) or None)
    read = reader(name)

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
