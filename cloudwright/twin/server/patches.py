"""The three patch forms over decoded JSON."""

from collections.abc import Mapping
from typing import Any

import jsonpatch

from cloudwright.twin.schema.types import Field, Struct, Type
from cloudwright.twin.server.errors import StatusError, bad_request
from cloudwright.twin.store import clone

_ORDER, _DELETE_VALUES = "$setElementOrder/", "$deleteFromPrimitiveList/"
_RETAIN, _DIRECTIVE = "$retainKeys", "$patch"


def unprocessable() -> StatusError:
    """422 for a patch that cannot be applied to the object."""
    message = "the server rejected our request due to an error in our request"
    return StatusError(422, "Invalid", message, {})


def invalid_patch(body: str) -> StatusError:
    """422 for a patch whose result is no object of its kind."""
    details = {"causes": [{"reason": "FieldValueInvalid", "message": body, "field": "patch"}]}
    return StatusError(422, "Invalid", f' "" is invalid: patch: {body}', details)


def json_patch(document: Any, operations: Any) -> Any:
    """RFC 6902. A failing operation fails the whole patch.

    Raises:
        StatusError: 400 for something that is no patch, 422 for one that does not apply.
    """
    if not isinstance(operations, list):
        raise bad_request(
            f"error decoding patch: json: cannot unmarshal {_go_kind(operations)} into Go value of type "
            "[]handlers.jsonPatchOp"
        )
    if len(operations) > 10000:
        raise StatusError(413, "RequestEntityTooLarge", "The allowed maximum operations in a JSON patch is 10000")
    for operation in operations:
        if not isinstance(operation, Mapping):
            raise bad_request(
                f"error decoding patch: json: cannot unmarshal {_go_kind(operation)} into Go value of type "
                "jsonpatch.Operation"
            )
    try:
        for operation in operations:
            document = _apply_one(document, operation)
        return document
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, KeyError, ValueError, IndexError):
        raise unprocessable() from None


def _apply_one(document: Any, operation: Mapping[str, Any]) -> Any:
    """One operation; as on the real server, replacing a missing member adds it."""
    path = operation.get("path")
    if operation.get("op") == "replace" and isinstance(path, str) and path:
        parent = jsonpatch.JsonPointer(path.rpartition("/")[0]).resolve(document)
        name = path.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        if isinstance(parent, dict) and name not in parent:
            operation = {**operation, "op": "add"}
    return jsonpatch.apply_patch(document, [dict(operation)])


def _go_kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    return "number" if isinstance(value, int | float) else "array" if isinstance(value, list) else "object"


def merge_patch(document: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, Mapping):
        return clone(patch)
    result = dict(document) if isinstance(document, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), value)
    return result


def strategic_patch(kind: Struct, document: Mapping[str, Any], patch: Any) -> dict[str, Any]:
    """Strategic merge by the type's merge keys and strategies, with all directives.

    Raises:
        StatusError: 400, the patch is malformed.
    """
    if not isinstance(patch, Mapping):
        raise bad_request("error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}")
    return _struct(kind, document, patch)


def _struct(kind: Struct | None, original: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    directive = patch.get(_DIRECTIVE)
    if directive == "replace":
        return {name: value for name, value in patch.items() if name != _DIRECTIVE}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise bad_request(f"unable to handle patch: unknown patch type found: {directive}")
    result = dict(original)
    if _RETAIN in patch:
        keep = set(patch[_RETAIN])
        result = {name: value for name, value in result.items() if name in keep}
    _drop_values(result, patch)
    for name, value in patch.items():
        if name in (_DIRECTIVE, _RETAIN) or name.startswith((_ORDER, _DELETE_VALUES)):
            continue
        field = kind.fields.get(name) if kind else None
        order = patch.get(_ORDER + name)
        merged = _value(field, result.get(name), value, order)
        if merged is None:
            result.pop(name, None)
        else:
            result[name] = merged
    for name, value in patch.items():
        if name.startswith(_ORDER) and name.removeprefix(_ORDER) not in patch:
            _reorder_only(kind, result, name.removeprefix(_ORDER), value)
    return result


def _drop_values(result: dict[str, Any], patch: Mapping[str, Any]) -> None:
    for name, value in patch.items():
        if name.startswith(_DELETE_VALUES):
            target = name.removeprefix(_DELETE_VALUES)
            gone = value if isinstance(value, list) else []
            result[target] = [each for each in result.get(target) or [] if each not in gone]


def _reorder_only(kind: Struct | None, result: dict[str, Any], name: str, order: Any) -> None:
    field = kind.fields.get(name) if kind else None
    present = result.get(name)
    if field and isinstance(present, list) and isinstance(order, list):
        result[name] = _ordered(field.merge_key, present, present, order)


def _value(field: Field | None, original: Any, patch: Any, order: Any) -> Any:
    if patch is None:
        return None
    if isinstance(patch, Mapping):
        if patch.get(_DIRECTIVE) == "delete":
            return None
        if field and "replace" in field.strategies and field.type.kind != "list":
            return dict(patch)
        base = original if isinstance(original, Mapping) else {}
        return _struct(_struct_of(field.type if field else None), base, patch)
    if isinstance(patch, list) and field and field.type.kind == "list" and "merge" in field.strategies:
        return _list(field, original if isinstance(original, list) else [], patch, order)
    return clone(patch)


def _struct_of(kind: Type | None) -> Struct | None:
    if kind is None:
        return None
    if kind.kind == "struct":
        return kind.struct
    return None


def _list(field: Field, original: list[Any], patch: list[Any], order: Any) -> list[Any]:
    key = field.merge_key
    if not key:
        merged = [*original, *(each for each in patch if each not in original)]
        return _ordered("", merged, original, order if isinstance(order, list) else patch)
    for each in patch:
        if not isinstance(each, Mapping):
            raise bad_request("unable to handle patch: list entries must be objects")
        if key not in each and each.get(_DIRECTIVE) != "replace":
            raise StatusError(500, "", f"map: {go_shown(each)} does not contain declared merge key: {key}")
    if any(each.get(_DIRECTIVE) == "replace" for each in patch):
        return [dict(each) for each in patch if _DIRECTIVE not in each]
    merged = list(original)
    item = _struct_of(field.type.item)
    for each in patch:
        _merge_entry(merged, item, key, each)
    return _ordered(key, merged, original, order if isinstance(order, list) else patch)


def _merge_entry(merged: list[Any], item: Struct | None, key: str, entry: Mapping[str, Any]) -> None:
    at = next((i for i, each in enumerate(merged) if isinstance(each, Mapping) and each.get(key) == entry[key]), None)
    if entry.get(_DIRECTIVE) == "delete":
        merged[:] = [each for each in merged if each.get(key) != entry[key]]
    elif at is None:
        merged.append(_struct(item, {}, entry))
    else:
        merged[at] = _struct(item, merged[at], entry)


def _identity(key: str, entry: Any) -> Any:
    return entry.get(key) if key and isinstance(entry, Mapping) else entry


def _ordered(key: str, merged: list[Any], original: list[Any], order: list[Any]) -> list[Any]:
    """Entries that the client knows in its order; the others stay where the server had them."""
    wanted = [_identity(key, each) for each in order]
    known = sorted(
        (each for each in merged if _identity(key, each) in wanted), key=lambda each: wanted.index(_identity(key, each))
    )
    places = [_identity(key, each) for each in original]
    others = [each for each in merged if _identity(key, each) not in wanted]
    result: list[Any] = []
    while known and others:
        left, right = _identity(key, known[0]), _identity(key, others[0])
        later = left in places and right in places and places.index(left) > places.index(right)
        result.append(others.pop(0) if later else known.pop(0))
    return [*result, *known, *others]


def go_shown(value: Any) -> str:
    """A decoded value as Go prints it."""
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{name}:{go_shown(value[name])}" for name in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(go_shown(each) for each in value) + "]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)
