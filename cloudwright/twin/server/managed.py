"""Field ownership: `managedFields` of updates, and server-side apply."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cloudwright.twin.api import Obj, Resource
from cloudwright.twin.schema.kinds import ResourceInfo
from cloudwright.twin.schema.types import OBJECT_META, Field, Struct, Type, struct
from cloudwright.twin.server.decode import Decoder
from cloudwright.twin.server.errors import StatusError, bad_request
from cloudwright.twin.server.fieldsets import (
    FieldSet,
    Shape,
    compare,
    difference,
    intersection,
    member,
    merge,
    paths,
    remove,
    to_set,
    union,
)
from cloudwright.twin.server.request import Request
from cloudwright.twin.store import clone

_CONVERTED = {Resource("autoscaling", "v1", "horizontalpodautoscalers"), Resource("events.k8s.io", "v1", "events")}
_WITH_STATUS = {("", "nodes")}
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_METADATA = {
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "generation",
    "managedFields",
    "resourceVersion",
}
_STRIPPED: FieldSet = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {".": {}, **{"f:" + name: {} for name in _METADATA}},
}


def metadata_struct() -> Struct:
    """The type of object metadata."""
    return struct(OBJECT_META)


@dataclass
class Entry:
    """One manager's fields."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    time: str
    fields: FieldSet

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes two entries the same manager."""
        return self.manager, self.operation, self.api_version if self.operation == "Update" else "", self.subresource

    def shown(self) -> str:
        """As conflicts name it."""
        text = json.dumps(self.manager)
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        if self.operation == "Update":
            text += f" using {self.api_version}"
        return text

    def encode(self) -> Obj:
        """As it stands in the object."""
        encoded = {
            "manager": self.manager,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": self.fields,
        }
        return {**encoded, "subresource": self.subresource} if self.subresource else encoded


def _decode(obj: Mapping[str, Any]) -> list[Entry]:
    return [
        Entry(
            each.get("manager", ""),
            each.get("operation", "Update"),
            each.get("apiVersion", ""),
            each.get("subresource", ""),
            each.get("time", "") or "",
            each.get("fieldsV1") or {},
        )
        for each in obj["metadata"].get("managedFields") or ()
    ]


def _encode(entries: list[Entry]) -> list[Obj]:
    kept = [entry for entry in entries if entry.fields]
    kept.sort(key=lambda e: (e.operation, e.time, e.manager, e.api_version, e.subresource))
    return [entry.encode() for entry in kept]


def _shape(info: ResourceInfo) -> Shape:
    return Shape(Type("struct", ref=info.type_name, _struct=info.struct))


def _clean(fields: FieldSet) -> FieldSet:
    return difference(fields, _STRIPPED)


def _bare(obj: Mapping[str, Any]) -> Obj:
    metadata = {name: value for name, value in obj["metadata"].items() if name != "managedFields"}
    return {**obj, "metadata": metadata}


def track_create(info: ResourceInfo, obj: Obj, manager: str, now: str) -> None:
    """Record the creator as owner of all fields, in place."""
    empty = {} if info.custom else Decoder().struct(info.struct, {}, "")
    empty.setdefault("metadata", {})
    added = compare(_shape(info), empty, _bare(obj))
    fields = _reset(info, "", _clean(union(added.added, added.modified)))
    entry = Entry(manager, "Update", info.resource.api_version, "", now, fields)
    encoded = _encode([entry])
    if encoded:
        obj["metadata"]["managedFields"] = encoded
    else:
        obj["metadata"].pop("managedFields", None)


def track_update(
    info: ResourceInfo, obj: Obj, old: Obj, manager: str, now: str, subresource: str = "", *, given: bool = True
) -> None:
    """Move ownership of changed fields to the updater, in place. A client resets the list by sending an empty entry."""
    entries = _decode(old)
    sent = obj["metadata"].get("managedFields")
    if not entries:
        obj["metadata"].pop("managedFields", None)
        return
    if given and sent is not None and (sent in ([], [{}])):
        entries = []
    elif given and sent:
        entries = _decode(obj)
    change = compare(_shape(info), _bare(old), _bare(obj))
    changed = _reset(info, subresource, _clean(union(change.added, change.modified)))
    gone = _reset(info, subresource, _clean(change.removed))
    if not changed and not gone:
        obj["metadata"]["managedFields"] = _encode(entries)
        if not obj["metadata"]["managedFields"]:
            del obj["metadata"]["managedFields"]
        return
    mine = Entry(manager, "Update", info.resource.api_version, subresource, now, {})
    result = []
    for entry in entries:
        if entry.key == mine.key:
            mine.fields = difference(entry.fields, gone)
            mine.time = entry.time
        else:
            entry.fields = difference(difference(entry.fields, changed), gone)
            result.append(entry)
    if changed:
        mine.time = now
    mine.fields = union(mine.fields, changed)
    encoded = _encode([*result, mine])
    if encoded:
        obj["metadata"]["managedFields"] = encoded
    else:
        obj["metadata"].pop("managedFields", None)


def apply(request: Request, live: Obj | None, now: str, decode: Callable[..., Obj]) -> tuple[Obj, list[Obj]]:
    """Server-side apply: the merged object in the requested version, and its managed fields.

    Raises:
        StatusError: 400 for a bad configuration, 409 when other managers own what it changes.
    """
    info = request.info
    config = _configuration(request)
    if not request.options.field_manager:
        details = {"group": "meta.k8s.io", "kind": "PatchOptions"}
        cause = {
            "reason": "FieldValueRequired",
            "message": "Required value: is required for apply patch",
            "field": "fieldManager",
        }
        message = 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
        raise StatusError(422, "Invalid", message, {**details, "causes": [cause]})
    shape = _shape(info)
    current = live or {"apiVersion": config.get("apiVersion"), "kind": config.get("kind"), "metadata": {}}
    entries = _decode(current)
    mine = Entry(request.manager, "Apply", info.resource.api_version, request.subresource, now, {})
    if live is not None and not entries:
        before = Entry("before-first-apply", "Update", info.resource.api_version, "", now, {})
        before.fields = _clean(to_set(shape, _bare(current)))
        entries.append(before)
    owned = next((entry for entry in entries if entry.key == mine.key), None)
    others = [entry for entry in entries if entry is not owned]
    mine.fields = _reset(info, request.subresource, _clean(to_set(shape, config)))
    base = _bare(current)
    merged = merge(shape, base, config)
    change = compare(shape, base, merged)
    touched = union(change.added, change.modified)
    conflicts = _conflicts(others, mine, touched)
    if not request.options.force:
        refused = _unexplained(shape, conflicts, current) if mine.manager == "kubectl" else conflicts
        if refused:
            raise _conflict_error(refused)
    for entry, fields in conflicts:
        entry.fields = difference(entry.fields, fields)
    if owned:
        merged = _prune(shape, merged, owned, mine, others)
        if owned.fields == mine.fields and owned.api_version == mine.api_version:
            mine.time = owned.time
    if mine.manager == "kubectl" and _LAST_APPLIED in (merged["metadata"].get("annotations") or {}):
        _sync_last_applied(merged, config)
    return clone(merged), clone(_encode([*others, mine]))


def _reset(info: ResourceInfo, subresource: str, fields: FieldSet) -> FieldSet:
    """Fields that this endpoint does not write are not owned."""
    if subresource == "status":
        return {name: node for name, node in fields.items() if name in ("f:status", "f:metadata")}
    if "status" in info.subresources and info.storage not in _WITH_STATUS:
        return {name: node for name, node in fields.items() if name != "f:status"}
    return fields


def _configuration(request: Request) -> Obj:
    config = request.body
    if not isinstance(config, Mapping):
        raise bad_request("error decoding YAML: the configuration must be an object")
    info = request.info
    api_version, kind = config.get("apiVersion"), config.get("kind")
    if not kind:
        raise bad_request(f"Object 'Kind' is missing in '{json.dumps(config, separators=(',', ':'))}'")
    if (api_version, kind) != (info.resource.api_version, info.kind):
        group, _, version = str(api_version).rpartition("/")
        raise bad_request(
            f"invalid object type: {group}/{version}, Kind={kind}"
            if kind == info.kind
            else f"the kind in the configuration ({kind}) does not match {info.kind}"
        )
    metadata = config.get("metadata") or {}
    if not isinstance(metadata, Mapping):
        raise bad_request("metadata must be an object")
    if metadata.get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    name = metadata.get("name")
    if not name and info.resource in _CONVERTED:
        why = f"the name of the object ({request.name} based on URL) was undeterminable: name must be provided"
        raise bad_request(why)
    if name and name != request.name:
        raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({request.name})")
    result = dict(clone(config))
    result["metadata"] = dict(metadata)
    return result


def _conflicts(others: list[Entry], mine: Entry, touched: FieldSet) -> list[tuple[Entry, FieldSet]]:
    wanted = intersection(mine.fields, touched) if touched else {}
    found = []
    for entry in others:
        shared = intersection(entry.fields, wanted) if wanted else {}
        if any(True for _ in paths(shared)):
            found.append((entry, shared))
    return found


def _unexplained(shape: Shape, conflicts: list[tuple[Entry, FieldSet]], current: Obj) -> list[tuple[Entry, FieldSet]]:
    """The conflicts left when kubectl takes over what it has applied on the client's side before."""
    try:
        applied = json.loads((current["metadata"].get("annotations") or {})[_LAST_APPLIED])
        known = _clean(to_set(shape, applied))
        change = compare(shape, applied, _bare(current))
    except (KeyError, ValueError, TypeError, AttributeError):
        return conflicts
    for changed in (change.added, change.modified, change.removed):
        known = difference(known, changed)
    left = [(entry, difference(fields, known)) for entry, fields in conflicts]
    return [(entry, fields) for entry, fields in left if any(True for _ in paths(fields))]


def _conflict_error(conflicts: list[tuple[Entry, FieldSet]]) -> StatusError:
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {entry.shown()}", "field": path}
        for entry, fields in sorted(conflicts, key=lambda pair: pair[0].shown())
        for path in paths(fields)
    ]
    if len(causes) == 1:
        message = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
        return StatusError(409, "Conflict", message, {"causes": causes})
    lines: list[str] = []
    for entry, fields in sorted(conflicts, key=lambda pair: pair[0].shown()):
        lines.append(f"conflicts with {entry.shown()}:")
        lines += [f"- {path}" for path in paths(fields)]
    message = f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines)
    return StatusError(409, "Conflict", message, {"causes": causes})


def _prune(shape: Shape, merged: Obj, owned: Entry, mine: Entry, others: list[Entry]) -> Obj:
    """Remove what this manager applied before, applies no longer, and nobody else owns."""
    dropped = difference(owned.fields, mine.fields)
    for entry in others:
        dropped = difference(dropped, entry.fields)
    dropped = _keep_parents(dropped, [mine.fields, *(entry.fields for entry in others)])
    result: Obj = remove(shape, merged, dropped)
    return result


def _keep_parents(dropped: FieldSet, kept: list[FieldSet]) -> FieldSet:
    """A list entry stays while anybody owns something in it."""
    result: FieldSet = {}
    for element, node in dropped.items():
        if element == ".":
            continue
        below = [each[element] for each in kept if element in each]
        rest = _keep_parents(node, below)
        if member(node) and not below:
            result[element] = {".": {}, **rest} if rest else {}
        elif rest:
            result[element] = rest
    return result


def _sync_last_applied(merged: Obj, config: Obj) -> None:
    bare = clone(config)
    (bare["metadata"].get("annotations") or {}).pop(_LAST_APPLIED, None)
    text = json.dumps(bare, separators=(",", ":"), sort_keys=True) + "\n"
    merged["metadata"]["annotations"] = {**merged["metadata"]["annotations"], _LAST_APPLIED: text}


def prune(kind: Struct, obj: Obj, path: str = "") -> list[str]:
    """Drop fields that a custom resource's schema does not have, in place; returns their paths."""
    unknown: list[str] = []
    for name in list(obj):
        each = kind.fields.get(name)
        here = f"{path}.{name}" if path else name
        if each is None:
            if not path and name in ("apiVersion", "kind", "metadata"):
                continue
            if not kind.open:
                del obj[name]
                unknown.append(here)
        else:
            unknown += _prune_value(each, obj[name], here)
    return unknown


def _prune_value(each: Field, value: Any, path: str) -> list[str]:
    return _prune_type(each.type, value, path) if not (each.name == "metadata" and "." not in path) else []


def _prune_type(kind: Type, value: Any, path: str) -> list[str]:
    if kind.kind == "struct" and isinstance(value, dict):
        return prune(kind.struct, value, path)
    if kind.kind == "list" and isinstance(value, list) and kind.item:
        return [each for i, entry in enumerate(value) for each in _prune_type(kind.item, entry, f"{path}[{i}]")]
    if kind.kind == "map" and isinstance(value, dict) and kind.item:
        return [each for name, entry in value.items() for each in _prune_type(kind.item, entry, f"{path}.{name}")]
    return []
