"""Who set a field last, as the managed fields of an object tell."""

import json
from collections.abc import Mapping
from typing import Any

from cloudwright.tools.kubernetes import fields
from cloudwright.tools.kubernetes.facts import maps


def last_writer(obj: Mapping[str, Any], tokens: fields.Tokens) -> str:
    """Manager and time of whoever owns the field, the deepest and newest first; "" if nobody does."""
    found: list[tuple[int, str, str]] = []
    for entry in maps(obj, "metadata", "managedFields"):
        depth = _depth(entry.get("fieldsV1"), tokens)
        if depth:
            found.append((depth, str(entry.get("time") or ""), str(entry.get("manager") or "somebody")))
    if not found:
        return ""
    _, time, manager = max(found)
    return f"{manager} at {time}" if time else manager


def _depth(owned: Any, tokens: fields.Tokens) -> int:
    """How many tokens of the path an entry of managed fields knows; at least two, or none."""
    depth = 0
    for token in tokens:
        following = _step(owned, token)
        if following is None:
            break
        owned = following
        depth += 1
    return depth if depth >= min(2, len(tokens)) else 0


def _step(owned: Any, token: str) -> Any:
    if not isinstance(owned, Mapping):
        return None
    if f"f:{token}" in owned:
        return owned[f"f:{token}"]
    for key, value in owned.items():
        if key.startswith("k:") and _names(key[2:], token):
            return value
    return None


def _names(text: str, token: str) -> bool:
    try:
        keys = json.loads(text)
    except ValueError:
        return False
    return bool(keys) and set(map(str, keys.values())) <= set(token.split("/"))
