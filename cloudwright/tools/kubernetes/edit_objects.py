"""Changes to objects of any kind: create, apply, patch, label, annotate, delete, restore."""

import copy
from collections.abc import Callable, Mapping
from typing import Any, Literal

import yaml
from pydantic import Field, JsonValue

from cloudwright.core.change import ABSENT
from cloudwright.core.context import Context
from cloudwright.core.errors import Conflict, InvalidArguments
from cloudwright.core.refs import Frozen
from cloudwright.core.result import Changed
from cloudwright.core.tool import Irreversible, Permission, destructive_tool, write_tool
from cloudwright.tools.kubernetes import fields, ownership
from cloudwright.tools.kubernetes.change import Plan, Planned
from cloudwright.tools.kubernetes.client import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH
from cloudwright.tools.kubernetes.discovery import ResourceType
from cloudwright.tools.kubernetes.requests import Json, Request, find_kind, live, namespace_for
from cloudwright.tools.kubernetes.targets import Whole

_ANY = Permission(verb="patch", resource="*")
_PATCHES = {"merge": MERGE_PATCH, "json": JSON_PATCH, "strategic": STRATEGIC_PATCH}
_FIRST = ("Namespace", "CustomResourceDefinition")


class Target(Frozen):
    """One object of any kind."""

    kind: str = Field(description="kind, plural or short name; with its group where that is needed")
    name: str
    namespace: str = Field("", description="default: the session's")

    def find(self, context: Context) -> tuple[ResourceType, str]:
        """Its kind on this server, and its namespace."""
        kind = find_kind(self.kind, context)
        return kind, namespace_for(kind, self.namespace, context)


class Manifest(Frozen):
    """Objects to make or change."""

    manifest: str = Field(min_length=1, description="YAML or JSON; several documents and Lists are fine")
    namespace: str = Field("", description="for objects that name none; default: the session's")


class Apply(Manifest):
    """Server-side apply."""

    force: bool = Field(False, description="take fields over that others own")


class Patch(Target):
    """A patch as the API server takes it."""

    patch: dict[str, JsonValue] | list[JsonValue] = Field(
        description="an object, or a list of operations for type json"
    )
    type: Literal["merge", "json", "strategic"] = "merge"
    subresource: Literal["", "scale", "status", "resize", "approval"] = ""


class Labels(Target):
    """Labels to set and to remove."""

    set: Mapping[str, str] = Field(default_factory=dict)
    remove: tuple[str, ...] = ()


class Delete(Target):
    """An object to delete."""

    cascade: Literal["background", "foreground", "orphan"] = Field(
        "background", description="orphan keeps what the object owns"
    )
    grace_seconds: Whole | None = Field(None, ge=0, description="default: the object's own")


class FieldRestore(Frozen):
    """One field: what it must be now, and what it becomes."""

    path: str
    expect: JsonValue = ABSENT
    restore: JsonValue = ABSENT


class ObjectRestore(Frozen):
    """One object whose fields are restored; `created` means that it is deleted again."""

    api_version: str
    kind: str
    name: str
    namespace: str = ""
    uid: str = ""
    created: bool = False
    fields: tuple[FieldRestore, ...] = ()


class Restore(Frozen):
    """What an earlier change touched."""

    objects: tuple[ObjectRestore, ...] = Field(min_length=1)


def documents(manifest: str) -> list[Json]:
    """The objects in a manifest, Lists unpacked.

    Raises:
        InvalidArguments: naming the document, the line and the field.
    """
    try:
        found = list(yaml.safe_load_all(manifest))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        reason = getattr(error, "problem", None) or "it cannot be read"
        raise InvalidArguments(f"The manifest is no valid YAML{where}: {reason}.") from None
    except (ValueError, RecursionError):
        raise InvalidArguments("The manifest is no valid YAML: it cannot be read.") from None
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
    preview=creating.preview,
    undo=creating.undo,
    progress=creating.progress,
    scope=creating.scope,
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
    preview=applying.preview,
    undo=applying.undo,
    progress=applying.progress,
    scope=applying.scope,
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


def _patch(args: Patch, context: Context) -> Plan:
    if (args.type == "json") != isinstance(args.patch, list):
        raise InvalidArguments(
            f"patch_resource: a {args.type} patch is {'a list' if args.type == 'json' else 'an object'}."
        )
    kind, namespace = args.find(context)
    if args.subresource and args.subresource not in kind.subresources:
        raise InvalidArguments(f"{kind.kind} has no subresource {args.subresource}.")
    request = Request(
        "patch", kind, args.name, namespace, body=args.patch, patch=_PATCHES[args.type], subresource=args.subresource
    )
    return Plan((request,), f"patch {request.ref}" + (f" ({args.subresource})" if args.subresource else ""))


patching = Planned(_patch)


@write_tool(
    permission=_ANY,
    input=Patch,
    preview=patching.preview,
    undo=patching.undo,
    progress=patching.progress,
    scope=patching.scope,
    examples=(
        {"kind": "service", "name": "web", "patch": {"spec": {"sessionAffinity": "ClientIP"}}},
        {
            "kind": "deployment",
            "name": "web",
            "type": "json",
            "patch": [{"op": "replace", "path": "/spec/minReadySeconds", "value": 5}],
        },
    ),
    utterances=(
        "patch {kind} {name} with {patch}",
        "patch {name}: {patch}",
        "apply the patch {patch} to {kind} {name} in {namespace}",
        "change {kind} {name} with a {type} patch {patch}",
        "update fields of {kind} {name} with {patch}",
        "set {patch} on {kind} {name}",
    ),
)
def patch_resource(args: Patch, context: Context) -> Changed:
    """Patch an object of any kind."""
    return patching.run(args, context)


def _marked(what: Literal["labels", "annotations"]) -> Callable[[Labels, Context], Plan]:
    def plan(args: Labels, context: Context) -> Plan:
        if not args.set and not args.remove:
            raise InvalidArguments(f"Give {what} to set or to remove.")
        kind, namespace = args.find(context)

        def edit(obj: Json) -> Json:
            metadata = obj["metadata"]
            kept = {key: value for key, value in (metadata.get(what) or {}).items() if key not in args.remove}
            metadata[what] = {**kept, **args.set}
            if not metadata[what]:
                del metadata[what]
            return obj

        request = Request("edit", kind, args.name, namespace, edit=edit)
        words = [f"set {', '.join(f'{key}={value}' for key, value in args.set.items())}"] if args.set else []
        words += [f"remove {', '.join(args.remove)}"] if args.remove else []
        return Plan((request,), f"{' and '.join(words)} in the {what} of {request.ref}")

    return plan


labelling, annotating = Planned(_marked("labels")), Planned(_marked("annotations"))


@write_tool(
    permission=_ANY,
    input=Labels,
    preview=labelling.preview,
    undo=labelling.undo,
    progress=labelling.progress,
    scope=labelling.scope,
    examples=({"kind": "pod", "name": "web-0", "set": {"tier": "front"}},),
    utterances=(
        "label {kind} {name} {set}",
        "set label {set} on {kind} {name}",
        "add the label {set} to {kind} {name} in {namespace}",
        "remove label {remove} from {kind} {name}",
        "unlabel {kind} {name} {remove}",
        "tag {kind} {name} with {set}",
    ),
)
def label_resource(args: Labels, context: Context) -> Changed:
    """Set and remove labels of an object."""
    return labelling.run(args, context)


@write_tool(
    permission=_ANY,
    input=Labels,
    preview=annotating.preview,
    undo=annotating.undo,
    progress=annotating.progress,
    scope=annotating.scope,
    examples=({"kind": "service", "name": "web", "set": {"team": "shop"}},),
    utterances=(
        "annotate {kind} {name} {set}",
        "set annotation {set} on {kind} {name}",
        "add the annotation {set} to {kind} {name} in {namespace}",
        "remove annotation {remove} from {kind} {name}",
        "drop the annotation {remove} of {kind} {name}",
        "put annotation {set} on {name}",
    ),
)
def annotate_resource(args: Labels, context: Context) -> Changed:
    """Set and remove annotations of an object."""
    return annotating.run(args, context)


def _delete(args: Delete, context: Context) -> Plan:
    kind, namespace = args.find(context)
    request = Request(
        "delete", kind, args.name, namespace, propagation=args.cascade.capitalize(), grace=args.grace_seconds
    )
    return Plan((request,), f"delete {request.ref}")


deleting = Planned(_delete)


@destructive_tool(
    permission=Permission(verb="delete", resource="*"),
    input=Delete,
    preview=deleting.preview,
    undo=Irreversible(reason="a deleted object does not come back as it was"),
    progress=deleting.progress,
    scope=deleting.scope,
    examples=({"kind": "pod", "name": "web-0"}, {"kind": "deployment", "name": "web", "cascade": "orphan"}),
    utterances=(
        "delete {kind} {name}",
        "remove {kind} {name}",
        "delete {kind} {name} in {namespace}",
        "get rid of {kind} {name}",
        "destroy {kind} {name}",
        "delete {kind} {name} but keep what it owns",
        "kill {kind} {name}",
    ),
)
def delete_resource(args: Delete, context: Context) -> Changed:
    """Delete one object of any kind."""
    return deleting.run(args, context)


def _restore(args: Restore, context: Context) -> Plan:
    requests = tuple(_restoring(item, context) for item in args.objects)
    words = "; ".join(
        f"delete {request.ref}"
        if item.created
        else f"restore {', '.join(field.path for field in item.fields)} of {request.ref}"
        for item, request in zip(args.objects, requests, strict=True)
    )
    return Plan(requests, words)


def _restoring(item: ObjectRestore, context: Context) -> Request:
    kind = find_kind(f"{item.api_version} {item.kind}", context)
    namespace = namespace_for(kind, item.namespace, context)
    if item.created:
        return Request("delete", kind, item.name, namespace, uid=item.uid)
    present = live(kind, namespace, item.name, context)
    if item.uid and present["metadata"].get("uid") != item.uid:
        raise Conflict(f"{kind.kind} {item.name} was deleted and made again since; there is nothing to restore.")
    changed = [field for field in item.fields if not _as_left(present, field, context)]
    if changed:
        raise Conflict(
            f"{kind.kind} {item.name} was changed since: {'; '.join(_who(present, field) for field in changed)}.",
            hint="Decide by hand which value is right.",
        )

    def edit(obj: Json) -> Json:
        return fields.write(obj, [(field.path, field.restore) for field in item.fields])

    return Request("edit", kind, item.name, namespace, edit=edit, uid=item.uid)


def _as_left(present: Json, field: FieldRestore, context: Context) -> bool:
    value = fields.read(present, fields.split(field.path))
    return fields.holds(value, field.expect) or value == field.restore


def _who(present: Json, field: FieldRestore) -> str:
    by = ownership.last_writer(present, fields.split(field.path))
    return f"{field.path} by {by}" if by else f"{field.path} (nobody owns it now)"


restoring = Planned(_restore)


@write_tool(
    permission=_ANY,
    input=Restore,
    preview=restoring.preview,
    undo=restoring.undo,
    progress=restoring.progress,
    scope=restoring.scope,
    examples=(
        {
            "objects": [
                {
                    "api_version": "apps/v1",
                    "kind": "Deployment",
                    "name": "web",
                    "fields": [{"path": "spec.replicas", "expect": 5, "restore": 2}],
                }
            ]
        },
    ),
    utterances=(
        "restore {objects}",
        "put back {objects}",
        "restore the fields {objects}",
        "set {objects} back to what they were",
        "take back the change of {objects}",
        "restore previous values {objects}",
    ),
)
def restore_fields(args: Restore, context: Context) -> Changed:
    """Restore fields that an earlier change touched, if nobody changed them since."""
    return restoring.run(args, context)


OBJECT_TOOLS = (
    create_resource,
    apply_manifest,
    patch_resource,
    label_resource,
    annotate_resource,
    delete_resource,
    restore_fields,
)
