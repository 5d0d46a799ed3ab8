"""Access to raw objects that may lack fields or hold values of the wrong type: never raises, always typed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Object = Mapping[str, Any]
"""A Kubernetes object as the API server sends it, or a part of one."""

_EMPTY: Mapping[str, Any] = {}


def get(obj: Any, *path: str) -> Any:
    """The value at `path`, or None where anything on the way is absent or no mapping."""
    for key in path:
        # Objects from JSON are plain dicts; the test of the exact class is many times faster than that of the ABC.
        if obj.__class__ is not dict and (obj is None or not isinstance(obj, Mapping)):
            return None
        obj = obj.get(key)
    return obj


def text(obj: Any, *path: str) -> str:
    """The string at `path`; "" for anything else (numbers and booleans are written out)."""
    for key in path:
        if obj.__class__ is not dict and (obj is None or not isinstance(obj, Mapping)):
            return ""
        obj = obj.get(key)
    if obj.__class__ is str:
        return obj
    return "" if obj is None else _written(obj)


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else ""


def integer(obj: Any, *path: str, default: int = 0) -> int:
    """The whole number at `path`, also from a string of digits."""
    value = get(obj, *path)
    if isinstance(value, bool):
        return default
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.lstrip("-").isdigit() and len(value) < 19:
        return int(value)
    return default


def mapping(obj: Any, *path: str) -> Object:
    """The mapping at `path`; empty for anything else."""
    value = get(obj, *path)
    if value.__class__ is dict:
        return value
    return value if value is not None and isinstance(value, Mapping) else _EMPTY


def maps(obj: Any, *path: str) -> list[Object]:
    """The mappings in the list at `path`."""
    value = get(obj, *path)
    if value is None or (value.__class__ is not list and not isinstance(value, tuple)):
        return []
    return [item for item in value if item.__class__ is dict or isinstance(item, Mapping)]


def strings(obj: Any, *path: str) -> list[str]:
    """The strings in the list at `path`."""
    value = get(obj, *path)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list | tuple) else []


def labels(obj: Any, *path: str) -> dict[str, str]:
    """The string pairs in the mapping at `path`."""
    return {key: value for key, value in mapping(obj, *path).items() if isinstance(key, str) and isinstance(value, str)}


def name(obj: Any) -> str:
    """`metadata.name`."""
    return _metadata(obj, "name")


def namespace(obj: Any) -> str:
    """`metadata.namespace`; "" for cluster-scoped objects."""
    return _metadata(obj, "namespace")


def uid(obj: Any) -> str:
    """`metadata.uid`."""
    return _metadata(obj, "uid")


def _metadata(obj: Any, key: str) -> str:
    try:
        value = obj["metadata"].get(key)
    except (KeyError, TypeError, AttributeError, IndexError):
        return ""
    return value if value.__class__ is str else text(obj, "metadata", key)


def condition(obj: Any, kind: str) -> Object | None:
    """The status condition of this type."""
    return next((item for item in maps(obj, "status", "conditions") if item.get("type") == kind), None)


def condition_is(obj: Any, kind: str, status: str) -> bool:
    """Whether the condition exists and has this status ("True", "False", "Unknown")."""
    return text(condition(obj, kind), "status") == status


@lru_cache(maxsize=100_000)
def moment(value: str) -> datetime | None:
    """An RFC 3339 time, None where it is not one; without zone it is taken as UTC."""
    if not value or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def when(obj: Any, *path: str) -> datetime | None:
    """The time at `path`."""
    value = get(obj, *path)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return moment(value) if isinstance(value, str) else None


_QUANTITY = re.compile(r"([+-]?[0-9.]+)([eE][+-]?[0-9]+)?(m|u|n|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$")
_SUFFIX = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip


def quantity(value: Any) -> float | None:
    """A Kubernetes quantity in its base unit (cores, bytes, pieces); None where it is not one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str) or len(value) > 40:
        return None
    match = _QUANTITY.match(value.strip())
    if match is None:
        return None
    try:
        return float(match[1] + (match[2] or "")) * _SUFFIX[match[3] or ""]
    except (ValueError, OverflowError):
        return None


def amount(obj: Any, *path: str) -> float:
    """The quantity at `path`, 0 where there is none."""
    return quantity(get(obj, *path)) or 0.0


def size(value: float) -> str:
    """Bytes as people write them."""
    for unit, factor in (("Ti", 2.0**40), ("Gi", 2.0**30), ("Mi", 2.0**20), ("Ki", 2.0**10)):
        if value >= factor:
            return f"{value / factor:.4g}{unit}"
    return f"{value:.0f}"


def cores(value: float) -> str:
    """CPU cores as people write them."""
    return f"{value * 1000:.0f}m" if value < 1 or value % 1 else f"{value:.0f}"


def matches(selector: Any, on: Mapping[str, str]) -> bool:
    """Whether a label selector (`matchLabels`, `matchExpressions`) selects these labels; an empty one selects all."""
    for key, value in mapping(selector, "matchLabels").items():
        if on.get(key) != value:
            return False
    return all(_expression(item, on) for item in maps(selector, "matchExpressions"))


def _expression(item: Object, on: Mapping[str, str]) -> bool:
    key, values = text(item, "key"), strings(item, "values")
    match item.get("operator"):
        case "In":
            return on.get(key) in values
        case "NotIn":
            return on.get(key) not in values
        case "Exists":
            return key in on
        case "DoesNotExist":
            return key not in on
        case "Gt" | "Lt" as operator:
            number, bound = quantity(on.get(key)), quantity(values[0] if values else None)
            if number is None or bound is None:
                return False
            return number > bound if operator == "Gt" else number < bound
    return False


def selects(selector: Mapping[str, str], on: Mapping[str, str]) -> bool:
    """Whether an equality selector selects these labels; an empty one selects nothing (as for Services)."""
    return bool(selector) and all(on.get(key) == value for key, value in selector.items())


def walk_strings(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Every string in a JSON value with its path, at most 12 levels deep."""
    if depth > 12:
        return
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from walk_strings(item, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        for index, item in enumerate(value):
            yield from walk_strings(item, f"{path}[{index}]", depth + 1)


def headline(line: str) -> str:
    """What a log line says first: without the trace that programs append to it, behind a real or an escaped line end."""
    return re.split(r"\\n|\n", line.strip(), maxsplit=1)[0].strip()
