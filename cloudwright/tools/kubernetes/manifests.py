"""Making and changing objects from manifests: create, server-side apply."""

import copy
from typing import Any, Literal

from pydantic import Field

from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments
from cloudwright.core.refs import Frozen
from cloudwright.core.result import Changed
from cloudwright.core.tool import Permission, write_tool
from cloudwright.tools.kubernetes.change import Plan, Planned
from cloudwright.tools.kubernetes.requests import Json, Request, find_kind, namespace_for
from cloudwright.tools.kubernetes.yaml_text import read_documents

_ANY = Permission(verb="patch", resource="*")
_FIRST = ("Namespace", "CustomResourceDefinition")


class Manifest(Frozen):
    """Objects to make or change."""

    manifest: str = Field(min_length=1, description="YAML or JSON; several documents and Lists are fine")
    namespace: str = Field("", description="for objects that name none; default: the session's")


class Apply(Manifest):
    """Server-side apply."""

    force: bool = Field(False, description="take fields over that others own")


def documents(manifest: str) -> list[Json]:
    """The objects in a manifest, Lists unpacked.

    Raises:
        InvalidArguments: naming the document, the line and the field.
    """
    found = read_documents(manifest)
    objects: list[Json] = []
    for number, document in enumerate(found, start=1):
        if document is not None:
            objects += _unpacked(document, f"Document {number}")
    if not objects:
        raise InvalidArguments("The manifest holds no object.")
    return objects


def _unpacked(document: Any, where: str) -> list[Json]:
    if not isinstance(document, dict):
        raise InvalidArguments(f"{where} of the manifest is no object but a {type(document).__name__}.")
    for field in ("apiVersion", "kind"):
        if not isinstance(document.get(field), str) or not document[field]:
            raise InvalidArguments(f"{where} of the manifest has no {field}.")
    if document["kind"].endswith("List") and isinstance(document.get("items"), list):
        items = document["items"]
        return [obj for at, item in enumerate(items, start=1) for obj in _unpacked(item, f"{where}, item {at}")]
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str) or not metadata["name"]:
        hint = "generateName is not taken: what is approved must be what is made." if metadata else ""
        raise InvalidArguments(f"{where} of the manifest ({document['kind']}) has no metadata.name.", hint=hint)
    return [document]


def _requests(args: Manifest, context: Context, verb: Literal["create", "apply"], force: bool) -> tuple[Request, ...]:
    found = [_request(document, args, context, verb, force) for document in documents(args.manifest)]
    keys = [(item.kind.qualified, item.namespace, item.name) for item in found]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice:
        raise InvalidArguments(f"The manifest holds {twice[0]} {twice[2]} more than once.")
    return tuple(sorted(found, key=lambda item: item.kind.kind not in _FIRST))


def _request(
    document: Json, args: Manifest, context: Context, verb: Literal["create", "apply"], force: bool
) -> Request:
    kind = find_kind(f"{document['apiVersion']} {document['kind']}", context)
    body = copy.deepcopy(document)
    metadata = body["metadata"]
    namespace = namespace_for(kind, str(metadata.get("namespace") or args.namespace), context)
    if namespace:
        metadata["namespace"] = namespace
    for key in ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink"):
        metadata.pop(key, None)
    body.pop("status", None)
    return Request(verb, kind, metadata["name"], namespace, body={**body, "kind": kind.kind}, force=force)


def _words(verb: str, requests: tuple[Request, ...]) -> str:
    if len(requests) <= 3:
        return f"{verb} {', '.join(str(request.ref) for request in requests)}"
    return f"{verb} {len(requests)} objects ({', '.join(str(request.ref) for request in requests[:2])} …)"


def _create(args: Manifest, context: Context) -> Plan:
    requests = _requests(args, context, "create", force=False)
    return Plan(requests, _words("create", requests))


creating = Planned(_create)


@write_tool(
    permission=Permission(verb="create", resource="*"),
    input=Manifest,
    change=creating.change,
    examples=({"manifest": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  mode: fast\n"},),
    utterances=(
        "create {manifest}",
        "create this object: {manifest}",
        "create the following in {namespace}: {manifest}",
        "make a new object from {manifest}",
        "add this to the cluster: {manifest}",
        "create from manifest {manifest}",
    ),
)
def create_resource(args: Manifest, context: Context) -> Changed:
    """Create objects of any kind that do not exist yet."""
    return creating.run(args, context)


def _apply(args: Apply, context: Context) -> Plan:
    requests = _requests(args, context, "apply", args.force)
    return Plan(requests, _words("apply", requests))


applying = Planned(_apply)


@write_tool(
    permission=_ANY,
    input=Apply,
    change=applying.change,
    examples=({"manifest": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  mode: slow\n"},),
    utterances=(
        "apply {manifest}",
        "apply this manifest: {manifest}",
        "apply the following in {namespace}: {manifest}",
        "server-side apply {manifest}",
        "make the cluster look like {manifest}",
        "kubectl apply {manifest}",
    ),
)
def apply_manifest(args: Apply, context: Context) -> Changed:
    """Create or change objects of any kind by server-side apply."""
    return applying.run(args, context)


MANIFEST_TOOLS = (create_resource, apply_manifest)
