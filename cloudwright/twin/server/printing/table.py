"""Lists, objects and watch events as `Table` or partial metadata."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.schema.kinds import Column, ResourceInfo
from cloudwright.twin.server import conversion
from cloudwright.twin.server.printing.rows import DEFAULT_ROW, ROWS
from cloudwright.twin.server.printing.words import since

_SUCCEEDED = [
    {"type": "Completed", "status": "True", "reason": "Succeeded", "message": "The pod has completed successfully."}
]
_FAILED = [{"type": "Completed", "status": "True", "reason": "Failed", "message": "The pod failed."}]


def partial(obj: Obj) -> Obj:
    """An object's metadata alone."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def table(
    info: ResourceInfo, items: Iterable[Obj], metadata: Mapping[str, Any], now: float, include: str = "Metadata"
) -> Obj:
    """Objects as a table. `include`: what each row carries (None, Metadata or Object)."""
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": dict(metadata),
        "columnDefinitions": [_definition(column) for column in info.columns],
        "rows": [_row(info, obj, now, include) for obj in items],
    }


def _definition(column: Column) -> Obj:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": "",
        "priority": column.priority,
    }


def _row(info: ResourceInfo, obj: Obj, now: float, include: str) -> Obj:
    row: Obj = {"cells": cells(info, obj, now)}
    phase = (obj.get("status") or {}).get("phase") if info.kind == "Pod" else None
    if phase in ("Succeeded", "Failed"):
        row["conditions"] = _SUCCEEDED if phase == "Succeeded" else _FAILED
    row["object"] = None if include == "None" else obj if include == "Object" else partial(obj)
    return row


def cells(info: ResourceInfo, obj: Obj, now: float) -> list[Any]:
    """The cells of one object, in the order of the resource's columns."""
    if info.custom:
        return [_custom_cell(column, obj, now) for column in info.columns]
    stored = conversion.to_storage(info, obj)
    return ROWS.get(info.storage, DEFAULT_ROW)(stored, now)


def _custom_cell(column: Column, obj: Obj, now: float) -> Any:
    if not column.path:
        return obj["metadata"]["name"]
    found = _follow(obj, column.path.strip().lstrip("."))
    if column.type == "date":
        return since(found, now) if found else "<unknown>" if found is None and "creation" in column.path else None
    if column.type == "string" and found is not None and not isinstance(found, str):
        return str(found).lower() if isinstance(found, bool) else str(found)
    return found


def _follow(value: Any, path: str) -> Any:
    for part in _split(path):
        if isinstance(part, tuple):
            value = next((e for e in value or () if isinstance(e, Mapping) and str(e.get(part[0])) == part[1]), None)
        elif isinstance(part, int):
            value = value[part] if isinstance(value, Sequence) and -len(value) <= part < len(value) else None
        elif isinstance(value, Mapping):
            value = value.get(part)
        else:
            return None
    return value


def _split(path: str) -> list[str | int | tuple[str, str]]:
    """A JSONPath of members, indexes and `[?(@.key=="value")]` filters."""
    import re

    parts: list[str | int | tuple[str, str]] = []
    pattern = re.compile(
        r"""\[\?\(@\.([\w-]+)\s*==\s*["']([^"']*)["']\)\]|\[(-?\d+)\]|\[["']([^"']+)["']\]|((?:[^.\[\\]|\\.)+)"""
    )
    for key, value, index, quoted, plain in pattern.findall(path):
        if key:
            parts.append((key, value))
        elif index:
            parts.append(int(index))
        else:
            parts.append(quoted or plain.replace("\\.", "."))
    return parts
