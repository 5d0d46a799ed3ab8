"""OpenAPI documents, written from the type table, and the index of paths."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from cloudwright.twin import openapi
from cloudwright.twin.api import Obj, Resource
from cloudwright.twin.schema import types
from cloudwright.twin.schema.kinds import ResourceInfo
from cloudwright.twin.schema.types import META, Field, Type
from cloudwright.twin.server.catalog import Catalog
from cloudwright.twin.server.discovery import VERSION, group_order

_BASE = (META + "Status", META + "DeleteOptions", META + "WatchEvent", META + "APIResourceList", META + "APIGroup")
_EXTRA = {
    "k": "x-kubernetes-list-map-keys",
    "l": "x-kubernetes-list-type",
    "m": "x-kubernetes-map-type",
    "p": "x-kubernetes-patch-strategy",
    "pk": "x-kubernetes-patch-merge-key",
    "d": "default",
    "e": "enum",
}
_WORDS = {"s": "string", "i": "integer", "n": "number", "b": "boolean", "o": "object"}
_ACTIONS = {"get": "get", "list": "list", "create": "post", "update": "put", "patch": "patch", "delete": "delete"}
_HTTP = {
    "get": "get",
    "list": "get",
    "create": "post",
    "update": "put",
    "patch": "patch",
    "delete": "delete",
    "deletecollection": "delete",
}
_PATCHES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
OPENAPI_2_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_WRITE_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation")


class Documents:
    """OpenAPI v3 per group and version, and v2 for all of them, made on demand and kept until the catalog changes.

    `schemas` are those of custom resources.
    """

    def __init__(self, catalog: Catalog, schemas: Mapping[Resource, Mapping[str, Any]]) -> None:
        self._catalog = catalog
        self._schemas = schemas
        self._generation = -1
        self._kept: dict[str, Obj] = {}

    def paths(self) -> list[str]:
        """The index at `/`."""
        found = ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/readyz", "/openapi/v2", "/openapi/v3", "/version"]
        for group, versions in group_order(self._catalog).items():
            found += [f"/apis/{group}", *(f"/apis/{group}/{version}" for version in versions)]
        return sorted(found)

    def openapi(self, path: str) -> Obj | None:
        """The document at a path under `/openapi`, or None."""
        if self._generation != self._catalog.generation:
            self._kept.clear()
            self._generation = self._catalog.generation
        if path not in self._kept:
            made = self._make(path)
            if made is None:
                return None
            self._kept[path] = made
        return self._kept[path]

    def _make(self, path: str) -> Obj | None:
        if path == "/openapi/v2":
            return self._version_2()
        name = path.removeprefix("/openapi/v3").strip("/")
        if not name:
            return self._index()
        infos = [info for info in self._catalog.all() if _root(info).strip("/") == name]
        return self._document(infos) if infos else None

    def _index(self) -> Obj:
        roots = dict.fromkeys(_root(info).strip("/") for info in self._catalog.all())
        mark = hashlib.sha256(json.dumps([VERSION, self._catalog.generation]).encode()).hexdigest().upper()
        return {"paths": {root: {"serverRelativeURL": f"/openapi/v3/{root}?hash={mark}"} for root in roots}}

    @staticmethod
    def protobuf_2() -> bytes:
        """Version 2 in protobuf without paths and definitions: kubectl looks there for kinds that version 3 lacks."""
        title, version = (bytes([tag, len(text)]) + text for tag, text in ((10, b"Kubernetes"), (18, b"v1.34.4")))
        return b"\x0a\x032.0" + bytes([18, len(title + version)]) + title + version

    def _version_2(self) -> Obj:
        definitions = {name: _definition(name, "#/definitions/") for name in types.names()}
        paths: dict[str, Any] = {}
        for info in self._catalog.all():
            paths |= _paths(info, version_2=True)
            if info.custom:
                definitions[info.type_name] = _custom(info, self._schemas[info.resource], "#/definitions/")
        return {
            "swagger": "2.0",
            "info": {"title": "Kubernetes", "version": "v1.34.4"},
            "paths": paths,
            "definitions": definitions,
        }

    def _document(self, infos: Iterable[ResourceInfo]) -> Obj:
        prefix = "#/components/schemas/"
        schemas: dict[str, Any] = {}
        paths: dict[str, Any] = {}
        wanted = list(_BASE)
        for info in infos:
            paths |= _paths(info)
            if info.custom:
                schemas[info.type_name] = _custom(info, self._schemas[info.resource], prefix)
                wanted.append(types.OBJECT_META)
            else:
                wanted += [name for name in (info.type_name, info.type_name + "List") if name in set(types.names())]
                subs = info.subresources.values()
                wanted += [_subresource_type(sub.group, sub.version, sub.kind, info) for sub in subs]
        while wanted:
            name = wanted.pop()
            if name and name not in schemas:
                schemas[name] = _definition(name, prefix, wanted)
        return {
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": "v1.34.4"},
            "paths": paths,
            "components": {"schemas": schemas},
        }


def _root(info: ResourceInfo) -> str:
    group, version = info.resource.group, info.resource.version
    return f"/apis/{group}/{version}" if group else f"/api/{version}"


def _subresource_type(group: str, version: str, kind: str, info: ResourceInfo) -> str:
    parent = info.type_name.rpartition(".")[0]
    name = f"io.k8s.api.{group.split('.')[0]}.{version}.{kind}" if group else f"{parent}.{kind}"
    return name if name in set(types.names()) else ""


def _definition(name: str, prefix: str, wanted: list[str] | None = None) -> Obj:
    """One type as a schema."""
    row = types.raw(name)
    made: Obj = {}
    if "f" in row:
        made = _struct(name, prefix, wanted)
    elif "one" in row:
        made["oneOf"] = row["one"]
    elif row["t"] != "J":
        code, _, form = row["t"].partition(":")
        made["type"] = _WORDS.get(code, "object")
        if form:
            made["format"] = form
    if "gvk" in row:
        made["x-kubernetes-group-version-kind"] = [{"group": g, "version": v, "kind": k} for g, v, k in row["gvk"]]
    if "m" in row:
        made["x-kubernetes-map-type"] = row["m"]
    return made


def _struct(name: str, prefix: str, wanted: list[str] | None) -> Obj:
    fields = types.struct(name).fields.values()
    descriptions = openapi.field_descriptions(name)
    made: Obj = {"type": "object"}
    properties = {}
    for field in fields:
        shown = _field(field, prefix, wanted)
        if field.name in descriptions:
            shown = {"description": descriptions[field.name], **shown}
        properties[field.name] = shown
    if properties:
        made["properties"] = properties
    required = [field.name for field in fields if field.required]
    if required:
        made["required"] = required
    return made


def _field(field: Field, prefix: str, wanted: list[str] | None) -> Obj:
    extras = {_EXTRA[key]: value for key, value in field.extras.items() if key in _EXTRA}
    made = _type(field.type, prefix, wanted)
    if "$ref" in made and extras:
        made = {"allOf": [made]}
    return {**made, **extras}


def _type(kind: Type, prefix: str, wanted: list[str] | None) -> Obj:
    if kind.ref:
        if wanted is not None:
            wanted.append(kind.ref)
        return {"$ref": prefix + kind.ref}
    match kind.kind:
        case "list":
            return {"type": "array", "items": _type(kind.item, prefix, wanted) if kind.item else {}}
        case "map":
            return {"type": "object", "additionalProperties": _type(kind.item, prefix, wanted) if kind.item else {}}
        case "any":
            return {}
    made: Obj = {"type": kind.kind}
    return {**made, "format": kind.format} if kind.format else made


def _custom(info: ResourceInfo, schema: Mapping[str, Any], prefix: str) -> Obj:
    """A custom resource's schema as its definition gives it, with what every object has."""
    described = openapi.field_descriptions("io.k8s.api.core.v1.Pod")
    every: Obj = {name: {"description": described.get(name, ""), "type": "string"} for name in ("apiVersion", "kind")}
    every["metadata"] = {"allOf": [{"$ref": prefix + types.OBJECT_META}]}
    resource = info.resource
    gvk = {"group": resource.group, "version": resource.version, "kind": info.kind}
    made = {**schema, "type": "object", "properties": {**(schema.get("properties") or {}), **every}}
    return {**made, "x-kubernetes-group-version-kind": [gvk]}


def _paths(info: ResourceInfo, *, version_2: bool = False) -> dict[str, Any]:
    base = _root(info) + ("/namespaces/{namespace}" if info.namespaced else "") + f"/{info.resource.plural}"
    collection = {"list", "create", "deletecollection"}
    found: dict[str, Any] = {}
    for path, verbs in (
        (base, [verb for verb in info.verbs if verb in collection]),
        (base + "/{name}", [verb for verb in info.verbs if verb in ("get", "update", "patch", "delete")]),
    ):
        if verbs:
            found[path] = {_HTTP[verb]: _operation(info, verb, version_2) for verb in verbs}
    if info.namespaced and "list" in info.verbs:
        found[f"{_root(info)}/{info.resource.plural}"] = {"get": _operation(info, "list", version_2)}
    for sub in info.subresources.values():
        gvk = (sub.group or info.resource.group, sub.version or info.resource.version, sub.kind)
        verbs = [verb for verb in sub.verbs if verb in _HTTP]
        path = f"{base}/{{name}}/{sub.name}"
        found[path] = {_HTTP[verb]: _operation(info, verb, version_2, gvk) for verb in verbs}
    return found


def _operation(
    info: ResourceInfo, verb: str, version_2: bool, gvk: tuple[str, str, str] | None = None
) -> Mapping[str, Any]:
    group, version, kind = gvk or (info.resource.group, info.resource.version, info.kind)
    parameters: list[Obj] = []
    if verb in ("create", "update", "patch"):
        for name in _WRITE_PARAMETERS:
            shape: Obj = {"type": "string"} if version_2 else {"schema": {"type": "string", "uniqueItems": True}}
            parameters.append({"name": name, "in": "query", **shape})
    made: Obj = {
        "operationId": f"{verb}{group.title().replace('.', '')}{version.title()}{kind}{len(info.resource.plural)}",
        "parameters": parameters,
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": "deletecollection" if verb == "deletecollection" else _ACTIONS.get(verb, verb),
        "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
    }
    if verb == "patch" and not version_2:
        medias = [media for media in _PATCHES if not (info.custom and "strategic" in media)]
        content = {media: {"schema": {"type": "object"}} for media in medias}
        made["requestBody"] = {"required": True, "content": content}
    return made
