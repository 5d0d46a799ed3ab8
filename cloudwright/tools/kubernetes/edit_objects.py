"""Changes to objects of any kind: patch, label, annotate, delete."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from pydantic import Field, JsonValue

from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments
from cloudwright.core.refs import Frozen
from cloudwright.core.result import Changed
from cloudwright.core.tool import Irreversible, Permission, destructive_tool, write_tool
from cloudwright.tools.kubernetes.change import Plan, Planned
from cloudwright.tools.kubernetes.client import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH
from cloudwright.tools.kubernetes.discovery import ResourceType
from cloudwright.tools.kubernetes.requests import Json, Request, find_kind, namespace_for
from cloudwright.tools.kubernetes.targets import Whole

_ANY = Permission(verb="patch", resource="*")
_PATCHES = {"merge": MERGE_PATCH, "json": JSON_PATCH, "strategic": STRATEGIC_PATCH}


class Target(Frozen):
    """One object of any kind."""

    kind: str = Field(description="kind, plural or short name")
    name: str
    namespace: str = Field("", description="default: the session's")

    def find(self, context: Context) -> tuple[ResourceType, str]:
        """Its kind on this server, and its namespace."""
        kind = find_kind(self.kind, context)
        return kind, namespace_for(kind, self.namespace, context)


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
    change=patching.change,
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
    change=labelling.change,
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
    change=annotating.change,
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
    change=replace(deleting.change, undo=Irreversible(reason="a deleted object does not come back as it was")),
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


OBJECT_TOOLS = (
    patch_resource,
    label_resource,
    annotate_resource,
    delete_resource,
)
