"""Types of the API: what fields an object has, and how lists and maps merge.

The table's notation of a type: `s` string, `i` integer, `n` number, `b` boolean (with `:format`), `o` free object,
`J` any JSON, `[]T` list, `{}T` map, `@Name` another type; then `+` required, `*` pointer in Go (an explicit zero is
kept), `!` written even when empty, `#3` the number in protobuf (`#2.3`: number 3 in embedded message 2).
`~` and `^` abbreviate the API's and the meta package's prefix.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
OBJECT_META = META + "ObjectMeta"
_PREFIXES = {"~": "io.k8s.api.", "^": META}
_SCALARS = {"s": "string", "i": "integer", "n": "number", "b": "boolean", "o": "object", "J": "any"}


@dataclass(slots=True)
class Type:
    """The type of a value. `kind`: string, integer, number, boolean, object (free), any, list, map or struct.

    `ref` is the full name of a named type; `struct` its fields, where it has some; `item` the type of a list's or
    map's values.
    """

    kind: str
    format: str = ""
    ref: str = ""
    item: "Type | None" = None
    _struct: "Struct | None" = None

    @property
    def struct(self) -> "Struct":
        """The fields of a struct type."""
        if self._struct is None:
            self._struct = struct(self.ref)
        return self._struct


@dataclass(slots=True)
class Field:
    """One field of a struct; `numbers` lead to it in protobuf, through embedded messages."""

    name: str
    type: Type
    required: bool = False
    pointer: bool = False
    always: bool = False
    extras: Mapping[str, Any] = field(default_factory=dict)
    numbers: tuple[int, ...] = ()

    @property
    def list_type(self) -> str:
        """ "atomic", "set", "map" or "" (atomic)."""
        return str(self.extras.get("l", ""))

    @property
    def list_keys(self) -> list[str]:
        """Fields that identify an entry of a list of type "map"."""
        return list(self.extras.get("k", ()))

    @property
    def atomic(self) -> bool:
        """Whether server-side apply owns the value as a whole."""
        if self.type.kind == "list":
            return self.list_type not in ("map", "set")
        if self.type.kind == "struct" and self.type.struct.map_type == "atomic":
            return True
        return self.extras.get("m") == "atomic"

    @property
    def merge_key(self) -> str:
        """Strategic merge: the field by which entries are matched, or ""."""
        return str(self.extras.get("pk", ""))

    @property
    def strategies(self) -> tuple[str, ...]:
        """Strategic merge: "merge", "replace", "retainKeys" in any combination."""
        return tuple(part for part in str(self.extras.get("p", "")).split(",") if part)


@dataclass(slots=True)
class Struct:
    """A type with fields. `open` structs (of custom resources) keep unknown fields; `scale_paths` says where the Scale
    subresource of a custom resource finds its numbers (spec, status, selector)."""

    name: str
    fields: dict[str, Field] = field(default_factory=dict)
    gvk: tuple[tuple[str, str, str], ...] = ()
    map_type: str = ""
    open: bool = False
    scale_paths: Mapping[str, str] = field(default_factory=dict)

    @property
    def go_name(self) -> str:
        """The type's name as decoding errors show it."""
        return self.name.rpartition(".")[2]


def _expand(name: str) -> str:
    return _PREFIXES.get(name[:1], name[:1]) + name[1:]


def _shorten(name: str) -> str:
    for short, long in _PREFIXES.items():
        if name.startswith(long):
            return short + name.removeprefix(long)
    return name


@cache
def _table() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("types.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _parse_type(code: str) -> Type:
    if code.startswith("[]"):
        return Type("list", item=_parse_type(code[2:]))
    if code.startswith("{}"):
        return Type("map", item=_parse_type(code[2:]))
    if not code.startswith("@"):
        base, _, form = code.partition(":")
        return Type(_SCALARS[base], form)
    name = _expand(code[1:])
    row = _table()[code[1:]]
    if "f" in row:
        return Type("struct", ref=name)
    parsed = _parse_type(row["t"])
    return Type(parsed.kind, parsed.format, ref=name, item=parsed.item)


def _parse_field(name: str, entry: Any) -> Field:
    code, extras = entry if isinstance(entry, list) else (entry, {})
    code, _, number = code.partition("#")
    bare = code.rstrip("+*!")
    flags = code[len(bare) :]
    numbers = tuple(int(part) for part in number.split(".") if part)
    return Field(name, _parse_type(bare), "+" in flags, "*" in flags, "!" in flags, extras, numbers)


@cache
def struct(name: str) -> Struct:
    """The fields of a type by its full OpenAPI name.

    Raises:
        KeyError: there is no such type.
    """
    row = _table()[_shorten(name)]
    fields = {each: _parse_field(each, entry) for each, entry in row.get("f", {}).items()}
    return Struct(name, fields, tuple(tuple(g) for g in row.get("gvk", ())), row.get("m", ""))


def raw(name: str) -> Mapping[str, Any]:
    """The table's own row of a type, for writing OpenAPI documents."""
    found: Mapping[str, Any] = _table()[_shorten(name)]
    return found


def names() -> list[str]:
    """Full names of all types."""
    return [_expand(name) for name in _table()]


@cache
def _by_kind() -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for name, row in _table().items():
        for group, version, kind in row.get("gvk", ()):
            found[f"{group}/{version}" if group else version, kind] = _expand(name)
    return found


def find_kind(api_version: str, kind: str) -> Struct | None:
    """The type of an apiVersion and kind, also of those that are no resources (Scale, DeleteOptions), or None."""
    name = _by_kind().get((api_version, kind))
    return struct(name) if name else None
