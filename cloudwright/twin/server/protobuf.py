"""Request bodies in the API's protobuf form, which kubectl writes: decoded by the field numbers of the type table.

The envelope: https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
"""

import base64
import json
import struct as packing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.schema.types import INT_OR_STRING, META, QUANTITY, Field, Struct, Type
from cloudwright.twin.server.errors import bad_request

MAGIC = b"k8s\x00"
MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_JSON_TYPES = ("io.k8s.apimachinery.pkg.runtime.RawExtension", META + "FieldsV1")
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_TypeMeta = {1: "apiVersion", 2: "kind"}


class _Truncated(Exception):
    pass


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise _Truncated
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of a message: integers as they are on the wire, the rest as bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise _Truncated
        if at + size > len(data):
            raise _Truncated
        yield number, data[at : at + size]
        at += size


def _text(value: int | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _signed(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise _Truncated
    return value - (1 << 64) if value >= 1 << 63 else value


def _one(data: bytes) -> dict[int, int | bytes]:
    return dict(_fields(data))


def _quantity(data: bytes) -> str:
    return _text(_one(data).get(1, b"0"))


def _int_or_string(data: bytes) -> int | str:
    found = _one(data)
    return _text(found.get(3, b"")) if found.get(1) else _signed(found.get(2, 0))


def _time(data: bytes, *, micro: bool) -> str | None:
    found = _one(data)
    if not data:
        return None
    moment = datetime.fromtimestamp(_signed(found.get(1, 0)), UTC)
    if micro:
        return moment.replace(microsecond=_signed(found.get(2, 0)) // 1000).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _raw(data: bytes) -> Any:
    text = _one(data).get(1, b"")
    return json.loads(text) if isinstance(text, bytes) and text else None


_SPECIAL: dict[str, Callable[[bytes], Any]] = {
    QUANTITY: _quantity,
    INT_OR_STRING: _int_or_string,
    META + "Time": lambda data: _time(data, micro=False),
    META + "MicroTime": lambda data: _time(data, micro=True),
    **dict.fromkeys(_JSON_TYPES, _raw),
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": _raw,
}


def _value(kind: Type, value: int | bytes) -> Any:
    special = _SPECIAL.get(kind.ref)
    if special is not None and isinstance(value, bytes):
        return special(value)
    match kind.kind:
        case "struct" if isinstance(value, bytes):
            return message(kind.struct, value)
        case "integer":
            return _signed(value)
        case "boolean":
            return bool(value)
        case "number" if isinstance(value, bytes):
            return packing.unpack("<d" if len(value) == 8 else "<f", value)[0]
        case "string":
            if kind.format == "byte" and isinstance(value, bytes):
                return base64.b64encode(value).decode()
            return _text(value)
        case "list" if isinstance(value, bytes) and kind.item:  # a list type of its own: one repeated field
            return [_value(kind.item, each) for _, each in _fields(value)]
        case "any" if isinstance(value, bytes):
            return _raw(value)
    return None


def _entry(kind: Type, data: bytes) -> tuple[str, Any]:
    found = _one(data)
    assert kind.item is not None
    default: int | bytes = 0 if kind.item.kind in ("integer", "boolean") else b""
    return _text(found.get(1, b"")), _value(kind.item, found.get(2, default))


@dataclass(slots=True)
class _Layout:
    """What the numbers of a message mean: fields, and messages that are embedded in the object."""

    fields: dict[int, Field] = field(default_factory=dict)
    embedded: dict[int, "_Layout"] = field(default_factory=dict)


def _layout(kind: Struct) -> _Layout:
    made = _Layout()
    for each in kind.fields.values():
        if each.numbers:
            at = made
            for number in each.numbers[:-1]:
                at = at.embedded.setdefault(number, _Layout())
            at.fields[each.numbers[-1]] = each
    return made


def message(kind: Struct, data: bytes) -> Obj:
    """A message as the object that it means; unknown fields are skipped."""
    result: Obj = {}
    _read(_layout(kind), data, result)
    return result


def _read(layout: _Layout, data: bytes, into: Obj) -> None:
    for number, value in _fields(data):
        known = layout.fields.get(number)
        if known is not None:
            _set(known, value, into)
        elif number in layout.embedded and isinstance(value, bytes):
            _read(layout.embedded[number], value, into)


def _set(known: Field, value: int | bytes, into: Obj) -> None:
    shape = known.type
    if shape.kind == "list" and shape.item is not None and not shape.ref:
        values = into.setdefault(known.name, [])
        if shape.item.kind == "integer" and isinstance(value, bytes):
            values.extend(_packed(value))
        else:
            values.append(_value(shape.item, value))
    elif shape.kind == "map" and isinstance(value, bytes):
        key, each = _entry(shape, value)
        into.setdefault(known.name, {})[key] = each
    else:
        into[known.name] = _value(shape, value)


def _packed(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield _signed(value)


def decode(body: bytes, kind_of: Callable[[str, str], Struct | None]) -> Obj:
    """The object in an enveloped body. `kind_of` finds the type of an apiVersion and kind.

    Raises:
        StatusError: 400 for a body that is no envelope, is cut off, or holds an unknown kind.
    """
    if not body.startswith(MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    try:
        envelope = _one(body[len(MAGIC) :])
        meta = _one(bytes(envelope.get(1, b"") or b""))
        api_version, kind = _text(meta.get(1, b"")), _text(meta.get(2, b""))
        found = kind_of(api_version, kind)
        if found is None:
            raise bad_request(f'no kind "{kind}" is registered for version "{api_version}"')
        raw = envelope.get(2, b"")
        obj = message(found, raw if isinstance(raw, bytes) else b"")
    except (_Truncated, ValueError, OverflowError, packing.error) as error:
        raise bad_request(f"unable to decode the protobuf body: {str(error) or 'unexpected EOF'}") from None
    return {"apiVersion": api_version, "kind": kind, **obj}
