"""From JSON to the object that is stored: what a Go server's decoding does to unknown, empty and mistyped fields."""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.schema.types import INT_OR_STRING, QUANTITY, Field, Struct, Type
from cloudwright.twin.server import quantity

_INTS = {"int32": 32, "int64": 64}
_TIME = "io.k8s.apimachinery.pkg.apis.meta.v1.Time"
_MICRO = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime"
_RAW = "io.k8s.apimachinery.pkg.runtime.RawExtension"
_ZERO: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class DecodeError(Exception):
    """The JSON does not fit the type; `merged` says so as the server does of a strategically merged object."""

    def __init__(self, text: str, merged: str = "") -> None:
        super().__init__(text)
        self.merged = merged or text


class Decoder:
    """Decodes one body; `unknown` collects the paths of fields that the type does not have."""

    def __init__(self) -> None:
        self.unknown: list[str] = []

    def struct(self, kind: Struct, value: Any, path: str, owner: str = "") -> Obj:
        """An object of a type, without unknown and empty fields.

        Raises:
            DecodeError: a value has the wrong JSON type or form.
        """
        if not isinstance(value, Mapping):
            raise _mismatch(value, owner, path, _package(kind.name) + kind.go_name, struct=True)
        fields = kind.fields
        result: Obj = {}
        for name, each in value.items():
            field = fields.get(name)
            if field is None:
                if kind.open:
                    result[name] = each
                else:
                    self.unknown.append(f"{path}.{name}" if path else name)
            elif each is not None:
                decoded = self._field(field, each, f"{path}.{name}" if path else name, kind)
                if decoded is not None:
                    result[name] = decoded
        if not kind.open:
            self._fill(kind, result)
        return result

    def _fill(self, kind: Struct, result: Obj) -> None:
        """Fields that are written even when empty."""
        for name, field in kind.fields.items():
            if field.always and name not in result:
                zero = self._zero(field)
                result[name] = zero

    def _zero(self, field: Field) -> Any:
        kind = field.type
        if field.pointer:
            return None
        if kind.kind == "struct":
            return self.struct(kind.struct, {}, "")
        if kind.ref == QUANTITY:
            return "0"
        if kind.ref == INT_OR_STRING:
            return 0
        if kind.ref in (_TIME, _MICRO) or kind.format == "byte":
            return None
        return _ZERO.get(kind.kind)

    def _field(self, field: Field, value: Any, path: str, owner: Struct) -> Any:
        kind = field.type
        if isinstance(value, str) and kind.kind == "string" and not kind.ref and not kind.format:
            decoded: Any = value  # most fields by far
        else:
            decoded = self._value(kind, value, path, f"{owner.go_name}.{path}", field)
        if field.pointer or field.always or owner.open:
            return decoded
        if kind.kind in _ZERO and not kind.ref:
            return decoded if decoded != _ZERO[kind.kind] else None
        if kind.kind in ("list", "map"):
            return decoded or None
        return decoded

    def _value(self, kind: Type, value: Any, path: str, owner: str, field: Field | None) -> Any:
        match kind.kind:
            case "struct":
                return self.struct(kind.struct, value, path, owner)
            case "list":
                return self._list(kind, value, path, owner, field)
            case "map":
                return self._map(kind, value, path, owner, field)
            case "any":
                return _any(kind, value)
            case "object":
                return value
            case _:
                return self._scalar(kind, value, owner, field)

    def _list(self, kind: Type, value: Any, path: str, owner: str, field: Field | None) -> Any:
        if not isinstance(value, list):
            raise _mismatch(value, owner, path, _go(kind, field))
        assert kind.item is not None
        item = kind.item
        if item.kind == "struct":
            struct = item.struct
            return [self.struct(struct, each or {}, f"{path}[{i}]", _strip(owner)) for i, each in enumerate(value)]
        return [
            self._value(item, each, f"{path}[{i}]", _strip(owner), None) if each is not None else _null(item)
            for i, each in enumerate(value)
        ]

    def _map(self, kind: Type, value: Any, path: str, owner: str, field: Field | None) -> Any:
        if not isinstance(value, Mapping):
            raise _mismatch(value, owner, path, _go(kind, field))
        assert kind.item is not None
        item = kind.item
        return {
            name: self._value(item, each, f"{path}.{name}", _strip(owner), None) if each is not None else _null(item)
            for name, each in value.items()
        }

    def _scalar(self, kind: Type, value: Any, owner: str, field: Field | None) -> Any:
        match kind.kind:
            case "string":
                return _string(kind, value, owner, field)
            case "boolean":
                if isinstance(value, bool):
                    return value
            case "integer":
                return _integer(kind, value, owner, field)
            case "number" if isinstance(value, int | float) and not isinstance(value, bool):
                return value
        raise _mismatch(value, owner, "", _go(kind, field))


def _null(item: Type) -> Any:
    """What an explicit null in a list or map becomes."""
    if item.ref == QUANTITY:
        return "0"
    return {} if item.kind == "struct" else _ZERO.get(item.kind)


def _any(kind: Type, value: Any) -> Any:
    if kind.ref == QUANTITY:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise DecodeError(f"quantities must match the regular expression '{quantity.PATTERN}'")
        try:
            return quantity.canonical(str(value))
        except (ValueError, ArithmeticError) as error:
            raise DecodeError(str(error)) from error
    if kind.ref == INT_OR_STRING and (isinstance(value, bool) or not isinstance(value, str | int)):
        raise DecodeError(f"json: cannot unmarshal {_json_type(value)} into Go value of type int32")
    return value


def _string(kind: Type, value: Any, owner: str, field: Field | None) -> str:
    if not isinstance(value, str):
        if kind.ref in (_TIME, _MICRO):
            raise DecodeError(f"json: cannot unmarshal {_json_type(value)} into Go value of type string")
        raise _mismatch(value, owner, "", _go(kind, field))
    if kind.format == "byte":
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise DecodeError(f"illegal base64 data at input byte {_bad_base64(value)}") from None
    elif kind.ref in (_TIME, _MICRO) and value:
        return _time(value, micro=kind.ref == _MICRO)
    return value


def _time(value: str, *, micro: bool) -> str:
    if not _RFC3339.fullmatch(value):
        layout = "2006-01-02T15:04:05.000000Z07:00" if micro else "2006-01-02T15:04:05Z07:00"
        raise DecodeError(f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"')
    if micro and len(value) == 27 and value[-1] == "Z":
        return value
    if not micro and len(value) == 20 and value[-1] == "Z":
        return value
    moment = datetime.fromisoformat(value)
    shifted = moment - (moment.utcoffset() or moment.utcoffset() or (moment - moment))
    return shifted.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if micro else "%Y-%m-%dT%H:%M:%SZ")


def _bad_base64(value: str) -> int:
    for index, letter in enumerate(value):
        if not (letter.isascii() and (letter.isalnum() or letter in "+/=\r\n")):
            return index
    return len(value) - len(value) % 4 if len(value) % 4 else len(value)


def _integer(kind: Type, value: Any, owner: str, field: Field | None) -> int:
    go = _go(kind, field)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _mismatch(value, owner, "", go)
    if isinstance(value, float) and not value.is_integer():
        raise _mismatch(value, owner, "", go, f"number {value}")
    number = int(value)
    bits = _INTS.get(kind.format, 64)
    if not -(1 << bits - 1) <= number < 1 << bits - 1:
        raise _mismatch(value, owner, "", go, f"number {number}")
    return number


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "number"
    return "array" if isinstance(value, list) else "object"


def _package(name: str) -> str:
    parts = name.split(".")
    return f"{parts[-2]}." if len(parts) > 1 else ""


def _go(kind: Type, field: Field | None) -> str:
    if field is not None and "g" in field.extras:
        return str(field.extras["g"])
    match kind.kind:
        case "struct":
            return _package(kind.ref) + kind.ref.rpartition(".")[2]
        case "list":
            return "[]" + _go(kind.item, None) if kind.item else "[]"
        case "map":
            return "map[string]" + (_go(kind.item, None) if kind.item else "")
        case "integer":
            return kind.format or "int64"
        case "boolean":
            return "bool"
        case "number":
            return "float64"
    return "string"


def _strip(owner: str) -> str:
    return owner


def _mismatch(value: Any, owner: str, path: str, go: str, what: str = "", *, struct: bool = False) -> DecodeError:
    # Go names the innermost struct, then the whole path without list indexes.
    where = re.sub(r"\[\d+\]", "", owner)
    target = f"Go struct field {where}" if where else "Go value"
    text = f"json: cannot unmarshal {what or _json_type(value)} into {target} of type {go}"
    return DecodeError(text, _unconvertible(value, go, struct=struct))


def _unconvertible(value: Any, go: str, *, struct: bool) -> str:
    """How the conversion from an untyped object complains."""
    kinds = {bool: "bool", str: "string", int: "int64", float: "float64", list: "slice"}
    given = kinds.get(type(value), "map")
    if struct:
        return f"cannot restore struct from: {given}"
    if go.startswith("[]"):
        return f"cannot restore slice from {given}"
    if go.startswith("map["):
        return f"cannot restore map from {given}"
    if given in ("int64", "float64") and go != "bool":
        return f"cannot convert {given} to {go}"
    return f"unrecognized type: {go if go in ('bool', 'int32', 'int64', 'float64') else 'string'}"
