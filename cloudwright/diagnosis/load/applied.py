"""What `kubectl apply` last set and somebody changed since: the state before an edit, where the cluster keeps one."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.fields import Object

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_APPLIER = "kubectl-client-side-apply"
_NAMED_LISTS = frozenset({"containers", "initContainers", "env"})
_FREE_KEYS = frozenset({"selector", "matchLabels", "nodeSelector", "data", "hard"})
"""Mappings in which nothing is filled in by a default: a key that was not applied has been added."""
_AMOUNTS = frozenset({"resources", "hard", "limits", "requests", "capacity"})
MOST = 40
"""More changes than this are no edit but another object."""


def changed_since_applied(obj: Object) -> list[dict[str, Any]]:
    """Fields that differ from the last applied text: `path` (entries of lists by `[name]`) and the `value` applied.

    A value of None means that the field was added since. Of Secrets, whose text holds their values, nothing is given.
    """
    text = f.text(obj, "metadata", "annotations", LAST_APPLIED)
    if not text or obj.get("kind") == "Secret" or not _edited(obj):
        return []
    try:
        applied = json.loads(text)
    except ValueError:
        return []
    if not isinstance(applied, Mapping):
        return []
    found = [
        {"path": list(path), "value": value}
        for top, was in applied.items()
        if top not in ("apiVersion", "kind", "metadata", "status")
        for path, value in _differences(was, obj.get(top), (str(top),))
    ]
    return found if len(found) <= MOST else []


def _edited(obj: Object) -> bool:
    """Whether anybody but the one who applied it may have written its specification; unknown counts as yes."""
    writers = [item for item in f.maps(obj, "metadata", "managedFields") if not item.get("subresource")]
    return not writers or any(item.get("manager") != _APPLIER for item in writers)


def _differences(was: Any, now: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if was == now or was is None or (not was and not now and not isinstance(was, bool | int)) or _same(was, now, path):
        return
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key, value in was.items():
            yield from _differences(value, now.get(key), (*path, str(key)))
        if path[-1] in _FREE_KEYS:
            yield from (((*path, str(key)), None) for key in now if key not in was)
    elif isinstance(was, list) and isinstance(now, list) and path[-1] in _NAMED_LISTS:
        before, after = ({f.text(item, "name"): item for item in items} for items in (was, now))
        for name, item in before.items():
            yield from _differences(item, after.get(name), (*path, f"[{name}]"))
        yield from (((*path, f"[{name}]"), None) for name in after if name not in before and path[-1] == "env")
    else:
        yield path, was


def _same(was: Any, now: Any, path: tuple[str, ...]) -> bool:
    amount = f.quantity(was)
    return amount is not None and amount == f.quantity(now) and not _AMOUNTS.isdisjoint(path)
