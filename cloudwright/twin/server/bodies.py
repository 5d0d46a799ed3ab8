"""From a request's body to its object."""

import json
from collections.abc import Mapping
from typing import Any

from cloudwright.twin.api import Obj, PatchType, Resource
from cloudwright.twin.schema.kinds import ResourceInfo
from cloudwright.twin.server import defaults, managed, patches, schema_defaults
from cloudwright.twin.server.decode import DecodeError, Decoder
from cloudwright.twin.server.errors import (
    StatusError,
    bad_request,
    quoted,
)
from cloudwright.twin.server.request import Request
from cloudwright.twin.store import clone

Schemas = Mapping[Resource, Mapping[str, Any]]


def object_of(schemas: Schemas, request: Request, body: Any, *, patched: bool = False) -> Obj:
    """A request's object: typed, defaulted, in the requested version.

    Raises:
        StatusError: 400.
    """
    info = request.info
    api_version = info.resource.api_version
    decoder = Decoder()
    if info.custom:
        obj = decode_custom(request, decoder, body)
    else:
        try:
            obj = decoder.struct(info.struct, body, "")
        except DecodeError as error:
            if patched and request.patch_type is PatchType.STRATEGIC:
                shown = quoted(patches.go_shown(request.body))
                raise patches.invalid_patch(f"Invalid value: {shown}: {error.merged}") from None
            raise _unhandled(request, str(error), patched) from None
    _strict(request, decoder.unknown, body, patched)
    given = obj.get("apiVersion") or api_version
    kind = obj.get("kind") or info.kind
    if kind != info.kind or given != api_version:
        raise _wrong_kind(info, given, kind)
    obj["apiVersion"], obj["kind"] = api_version, info.kind
    if not isinstance(obj.get("metadata"), dict):
        obj["metadata"] = {}
    if info.custom:
        schema_defaults.apply_defaults(schemas[info.resource], obj)
    else:
        defaults.apply(info.struct, obj)
    return obj


def _wrong_kind(info: ResourceInfo, given: str, kind: str) -> StatusError:
    version = given.rpartition("/")[2]
    head = f'{kind} in version "{version}" cannot be handled as a {info.kind}: '
    return bad_request(
        f'{head}no kind "{kind}" is registered for version "{given}" in scheme "pkg/runtime/scheme.go:110"'
    )


def _unhandled(request: Request, why: str, patched: bool) -> StatusError:
    info = request.info
    if patched:
        return bad_request(why)
    return bad_request(f'{info.kind} in version "{info.resource.version}" cannot be handled as a {info.kind}: {why}')


def _strict(request: Request, unknown: list[str], body: Any, patched: bool) -> None:
    texts = [f'unknown field "{path}"' for path in unknown]
    texts = [f'duplicate field "{path}"' for path in request.duplicates] + texts
    if not texts or request.options.field_validation == "Ignore":
        return
    if request.options.field_validation == "Strict":
        why = "strict decoding error: " + ", ".join(texts)
        if patched:
            raise patches.invalid_patch(f"Invalid value: {_patch_shown(body)}: {why}")
        raise _unhandled(request, why, patched)
    request.warnings += texts


def decode_custom(request: Request, decoder: Decoder, body: Any) -> Obj:
    """A custom resource's body: pruned by its schema later, metadata typed now."""
    if not isinstance(body, Mapping):
        raise bad_request(f"json: cannot unmarshal {json_name(body)} into Go value of type map[string]interface {{}}")
    obj = dict(clone(body))
    metadata = obj.get("metadata")
    if metadata is not None:
        try:
            struct = managed.metadata_struct()
            obj["metadata"] = decoder.struct(struct, metadata, "metadata", "ObjectMeta")
        except DecodeError as error:
            raise bad_request(str(error)) from None
    schema_decode = request.info.struct
    unknown = managed.prune(schema_decode, obj)
    decoder.unknown += unknown
    return obj


def json_name(value: Any) -> str:
    """What JSON calls the type of a value."""
    if isinstance(value, bool):
        return "bool"
    if value is None:
        return "null"
    if isinstance(value, str):
        return "string"
    return "number" if isinstance(value, int | float) else "array"


def _patch_shown(body: Any) -> str:
    """A patched object as a refusal quotes it: kind and version first, managed fields left out."""
    if not isinstance(body, Mapping):
        return "{}"
    metadata = {name: value for name, value in (body.get("metadata") or {}).items() if name != "managedFields"}
    shown = {**body, "metadata": metadata}
    return quoted(json.dumps(dict(sorted(shown.items())), separators=(",", ":")))
