"""Defaults of structural schemas."""

from collections.abc import Mapping
from typing import Any

from cloudwright.twin.store import clone


def apply_defaults(schema: Mapping[str, Any], value: Any) -> None:
    """Set defaults of a schema in a value, in place."""
    if isinstance(value, dict):
        for name, each in (schema.get("properties") or {}).items():
            if "default" in each and (name not in value or (value[name] is None and not each.get("nullable"))):
                value[name] = clone(each["default"])
            if name in value:
                apply_defaults(each, value[name])
        extra = schema.get("additionalProperties")
        if isinstance(extra, Mapping):
            for each in value.values():
                apply_defaults(extra, each)
    elif isinstance(value, list):
        for each in value:
            apply_defaults(schema.get("items") or {}, each)
