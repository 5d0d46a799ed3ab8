"""Validation of custom resources against their structural schema, in the server's words."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cloudwright.twin.server.errors import (
    FieldError,
    invalid,
    not_supported,
    required,
    too_long,
    too_many,
    type_invalid,
)

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
Schema = Mapping[str, Any]


def _name(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    for name, kinds in _TYPES.items():
        if isinstance(value, kinds):
            return name
    return "object"


def _fits(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(kind, (object,)))


def check(schema: Schema, value: Any, path: str = "") -> Iterator[FieldError]:
    """Everything that is wrong with a value."""
    kind = schema.get("type")
    if value is None and schema.get("nullable"):
        return
    if schema.get("x-kubernetes-int-or-string"):
        if isinstance(value, bool) or not isinstance(value, str | int):
            yield type_invalid(path, _name(value), f'{path} in body must be of type integer,string: "{_name(value)}"')
            return
    elif kind and not _fits(kind, value):
        yield type_invalid(path, _name(value), f'{path} in body must be of type {kind}: "{_name(value)}"')
        return
    if isinstance(value, Mapping):
        yield from _object(schema, value, path)
    elif isinstance(value, list):
        yield from _array(schema, value, path)
    elif isinstance(value, str):
        yield from _string(schema, value, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number(schema, value, path)
    if "enum" in schema and value not in schema["enum"]:
        yield not_supported(path, value, [str(each) for each in schema["enum"]])


def _object(schema: Schema, value: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    for name in schema.get("required") or ():
        if name not in value:
            yield required(f"{path}.{name}" if path else name)
    properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
    for name, each in value.items():
        below = f"{path}.{name}" if path else name
        if name in properties:
            if path or name != "metadata":
                yield from check(properties[name], each, below)
        elif isinstance(extra, Mapping):
            yield from check(extra, each, below)
    count = len(value)
    if count > schema.get("maxProperties", count):
        yield too_many(path, count, schema["maxProperties"])
    if count < schema.get("minProperties", 0):
        yield invalid(path, dict(value), f"{path} in body should have at least {schema['minProperties']} properties")


def _array(schema: Schema, value: list[Any], path: str) -> Iterator[FieldError]:
    if len(value) > schema.get("maxItems", len(value)):
        yield too_many(path, len(value), schema["maxItems"])
    if len(value) < schema.get("minItems", 0):
        yield invalid(path, len(value), f"{path} in body should have at least {schema['minItems']} items")
    for index, each in enumerate(value):
        yield from check(schema.get("items") or {}, each, f"{path}[{index}]")


def _string(schema: Schema, value: str, path: str) -> Iterator[FieldError]:
    if len(value) > schema.get("maxLength", len(value)):
        yield too_long(path, schema["maxLength"])
    if len(value) < schema.get("minLength", 0):
        yield invalid(path, value, f"{path} in body should be at least {schema['minLength']} chars long")
    pattern = schema.get("pattern")
    if pattern and not _matches(pattern, value):
        yield invalid(path, value, f"{path} in body should match '{pattern}'")


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:  # Go's syntax knows classes that Python's does not
        return True


def _number(schema: Schema, value: float, path: str) -> Iterator[FieldError]:
    most, least = schema.get("maximum"), schema.get("minimum")
    if most is not None and (value >= most if schema.get("exclusiveMaximum") else value > most):
        word = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
        yield invalid(path, value, f"{path} in body should be {word} {most}")
    if least is not None and (value <= least if schema.get("exclusiveMinimum") else value < least):
        word = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
        yield invalid(path, value, f"{path} in body should be {word} {least}")
    factor = schema.get("multipleOf")
    if factor and value % factor:
        yield invalid(path, value, f"{path} in body should be a multiple of {factor}")
