"""Going back to what was last applied, for objects that keep no revisions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cloudwright.core.finding import Remedy
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import patch
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.model import Cause
from cloudwright.diagnosis.view import ClusterView

FIXED = frozenset({"Pod", "Job", "PersistentVolume", "PersistentVolumeClaim", "StorageClass"})
"""Kinds whose specification cannot be edited."""
FEW = 3
"""Changes that are undone together where the cause names no field."""


def as_applied(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """The field of the cause as `kubectl apply` last set it, where it was changed since."""
    target = view.lookup(cause.object)
    changes = f.maps(target, "metadata", "applied")
    if target is None or not changes or cause.object.kind in FIXED:
        return
    wanted = cause.field.replace("[", ".").replace("]", "")
    mine = [item for item in changes if _overlap(_plain(item), wanted)] if wanted else list(changes)
    if not mine or (not wanted and len(mine) > FEW):
        return
    content: dict[str, Any] = {}
    for item in mine:
        _put(content, f.strings(item, "path"), item.get("value"))
    named = any(part.startswith("[") for item in mine for part in f.strings(item, "path"))
    shown = ", ".join(_shown(item) for item in mine[:FEW])
    title = f"Set {cause.object.kind} {cause.object.name} back to what was last applied: {shown}"
    yield patch(target, title, content, merge="strategic" if named else "merge")


def _plain(change: Object) -> str:
    return ".".join(part.strip("[]") for part in f.strings(change, "path"))


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _shown(change: Object) -> str:
    value = change.get("value")
    text = "absent" if value is None else str(value)
    return f"{_plain(change)} {text if len(text) <= 60 else text[:57] + '…'}"


def _put(content: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Add one change to a patch; `[name]` steps become entries of lists that are merged by name."""
    head, rest = path[0], path[1:]
    if not rest:
        content[head] = value
        return
    if not rest[0].startswith("["):
        _put(content.setdefault(head, {}), rest, value)
        return
    name = rest[0].strip("[]")
    entries: list[dict[str, Any]] = content.setdefault(head, [])
    entry = next((item for item in entries if item.get("name") == name), None)
    if entry is None:
        entry = {"name": name}
        entries.append(entry)
    if rest[1:]:
        _put(entry, rest[1:], value)
    elif value is None:
        entry["$patch"] = "delete"
    elif isinstance(value, Mapping):
        entry.update(value)
