"""Sets of field paths in the form of `fieldsV1`, and the typed walks that make and use them.

A set is a nested dict: `f:name` a field, `k:{...}` a list entry by its keys, `v:...` an entry of a set; `.` (or an
empty node) says that the path itself belongs to the set. Semantics follow the structured-merge-diff specification:
https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudwright.twin.schema.types import Field, Type
from cloudwright.twin.server.errors import bad_request

FieldSet = dict[str, Any]
_ANY = Type("any")
_RAW = "io.k8s.apimachinery.pkg.runtime.RawExtension"


@dataclass(frozen=True)
class Shape:
    """How one value merges: its type, and what its field says about lists and maps."""

    type: Type
    atomic: bool = False
    keys: tuple[str, ...] = ()
    set_list: bool = False

    @staticmethod
    def of(each: Field | None) -> "Shape":
        """The shape of a field (None: a field that the type does not know)."""
        if each is None:
            return Shape(_ANY)
        keys = tuple(each.list_keys) if each.list_type == "map" else ()
        return Shape(each.type, each.atomic, keys, each.list_type == "set")

    def child(self, name: str) -> "Shape":
        """The shape of a member of a map or struct."""
        if self.type.kind == "struct":
            return Shape.of(self.type.struct.fields.get(name))
        return Shape.item_of(self.type.item)

    @staticmethod
    def item_of(kind: Type | None) -> "Shape":
        """The shape of a list's or map's values."""
        if kind is None:
            return Shape(_ANY)
        return Shape(kind, kind.kind == "list" or (kind.kind == "struct" and kind.struct.map_type == "atomic"))

    @property
    def item(self) -> "Shape":
        """The shape of a list's entries."""
        return Shape.item_of(self.type.item)

    def defaults(self) -> Mapping[str, Any]:
        """Defaults of list keys that entries may leave out."""
        kind = self.type.item
        if kind is None or kind.kind != "struct":
            return {}
        fields = kind.struct.fields
        return {key: fields[key].extras["d"] for key in self.keys if key in fields and "d" in fields[key].extras}

    def branches(self, value: Any) -> bool:
        """Whether ownership goes below this value."""
        if self.atomic or self.type.ref == _RAW:
            return False
        if isinstance(value, Mapping):
            return bool(value)
        return isinstance(value, list) and bool(value) and bool(self.keys or self.set_list)

    def entries(self, value: Any) -> Iterator[tuple[str, "Shape", Any]]:
        """(path element, shape, value) of everything directly below a branching value."""
        if isinstance(value, Mapping):
            for name, each in value.items():
                yield "f:" + name, self.child(name), each
        elif self.keys:
            fallback = self.defaults()
            for each in value:
                if not isinstance(each, Mapping):
                    raise bad_request(f"a list of keyed entries has one that is no object: {json.dumps(each)}")
                identity = {
                    key: each.get(key, fallback.get(key)) for key in self.keys if key in each or key in fallback
                }
                yield "k:" + json.dumps(identity, separators=(",", ":"), sort_keys=True), self.item, each
        else:
            for each in value:
                yield "v:" + json.dumps(each, separators=(",", ":")), self.item, each


def member(node: FieldSet) -> bool:
    """Whether the node's own path is in the set."""
    return not node or "." in node


def to_set(shape: Shape, value: Any) -> FieldSet:
    """All leaves of a value, and its list entries: what an applied configuration owns."""
    if not shape.branches(value):
        return {}
    result: FieldSet = {}
    listed = isinstance(value, list)
    for element, child, each in shape.entries(value):
        node = to_set(child, each)
        if node and (listed or (shape.type.kind == "map" and isinstance(each, Mapping))):
            node = {".": {}, **node}
        result[element] = node
    return result


@dataclass
class Difference:
    """Paths by what happened to them."""

    added: FieldSet = field(default_factory=dict)
    modified: FieldSet = field(default_factory=dict)
    removed: FieldSet = field(default_factory=dict)


_MISSING = object()


def compare(shape: Shape, left: Any, right: Any) -> Difference:
    """What changed from left to right. Each part is a set relative to the value (empty: nothing)."""
    result = Difference()
    lower = dict((element, (child, each)) for element, child, each in _entries(shape, left))
    upper = dict((element, (child, each)) for element, child, each in _entries(shape, right))
    for element in {**lower, **upper}:
        old = lower[element][1] if element in lower else _MISSING
        new = upper[element][1] if element in upper else _MISSING
        child = (upper if element in upper else lower)[element][0]
        _compare_entry(result, element, child, old, new)
    return result


def _entries(shape: Shape, value: Any) -> Iterator[tuple[str, Shape, Any]]:
    return shape.entries(value) if shape.branches(value) else iter(())


def _compare_entry(result: Difference, element: str, shape: Shape, old: Any, new: Any) -> None:
    if old is _MISSING:
        result.added[element] = _whole(shape, new)
    elif new is _MISSING:
        result.removed[element] = _whole(shape, old)
    elif shape.branches(old) or shape.branches(new):
        below = compare(shape, old, new)
        for mine, theirs in (
            (result.added, below.added),
            (result.modified, below.modified),
            (result.removed, below.removed),
        ):
            if theirs:
                mine[element] = theirs
    elif old != new:
        result.modified[element] = {}


def _whole(shape: Shape, value: Any) -> FieldSet:
    """Every path of a new or gone value, inner nodes too."""
    if not shape.branches(value):
        return {}
    return {".": {}, **{element: _whole(child, each) for element, child, each in shape.entries(value)}}


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """Paths in either set (both non-empty nodes or members)."""
    result = dict(left)
    for element, node in right.items():
        if element not in result:
            result[element] = node
        elif element != ".":
            result[element] = _union_nodes(result[element], node)
    return result


def _union_nodes(left: FieldSet, right: FieldSet) -> FieldSet:
    merged = union({k: v for k, v in left.items() if k != "."}, {k: v for k, v in right.items() if k != "."})
    if merged and (member(left) or member(right)):
        return {".": {}, **merged}
    return merged


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """Paths of the left set that are not in the right one."""
    result: FieldSet = {}
    for element, node in left.items():
        if element == ".":
            if "." not in right:
                result["."] = {}
        elif element not in right:
            result[element] = node
        else:
            rest = _subtract(node, right[element])
            if rest is not None:
                result[element] = rest
    return result


def _subtract(node: FieldSet, other: FieldSet) -> FieldSet | None:
    keeps = member(node) and not member(other)
    below = difference({k: v for k, v in node.items() if k != "."}, {k: v for k, v in other.items() if k != "."})
    if below:
        return {".": {}, **below} if keeps else below
    return {} if keeps else None


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    """Paths in both sets."""
    return difference(left, difference(left, right))


def paths(node: FieldSet, prefix: str = "") -> Iterator[str]:
    """The members as paths, `.spec.containers[name="app"].image`: on each level first members, then what is below."""
    found = sorted(
        ((prefix + _shown(element), below) for element, below in node.items() if element != "."),
        key=lambda pair: pair[0],
    )
    yield from (path for path, below in found if member(below))
    for path, below in found:
        yield from paths(below, path)


def _shown(element: str) -> str:
    if element.startswith("f:"):
        return "." + element[2:]
    if element.startswith("v:"):
        return f"[={element[2:]}]"
    return "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in json.loads(element[2:]).items()) + "]"


def merge(shape: Shape, live: Any, config: Any) -> Any:
    """The live value with an applied configuration merged in."""
    if not shape.branches(config) or config is None or type(live) is not type(config):
        if isinstance(config, Mapping) and isinstance(live, Mapping) and not shape.atomic:
            return live
        return config
    if isinstance(config, Mapping):
        result = dict(live)
        for name, each in config.items():
            result[name] = merge(shape.child(name), live.get(name), each)
        return result
    return _merge_list(shape, live, config)


def _merge_list(shape: Shape, live: list[Any], config: list[Any]) -> list[Any]:
    wanted = {element: each for element, _, each in shape.entries(config)}
    present = {element: each for element, _, each in shape.entries(live)}
    merged = {
        element: merge(shape.item, present[element], each) if element in present else each
        for element, each in wanted.items()
    }
    result: list[Any] = []
    order = list(wanted)
    for element, each in present.items():
        if element not in wanted:
            result.append(each)
            continue
        while order:
            head = order[0]
            if head in present and head != element and list(present).index(head) > list(present).index(element):
                break
            order.pop(0)
            result.append(merged[head])
            if head == element:
                break
    result += [merged[element] for element in order]
    return result


def remove(shape: Shape, value: Any, gone: FieldSet) -> Any:
    """The value without the members of a set."""
    if not gone or not shape.branches(value):
        return value
    if isinstance(value, Mapping):
        return _without_fields(shape, value, gone)
    kept = []
    for element, child, each in shape.entries(value):
        node = gone.get(element)
        if node is None:
            kept.append(each)
        elif not member(node):
            kept.append(remove(child, each, node))
    return kept


def _without_fields(shape: Shape, value: Mapping[str, Any], gone: FieldSet) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, each in value.items():
        node = gone.get("f:" + name)
        if node is None:
            result[name] = each
        elif node and shape.child(name).branches(each):
            rest = remove(shape.child(name), each, node)
            if rest or not member(node):
                result[name] = rest
        elif not member(node):
            result[name] = each
    return result
