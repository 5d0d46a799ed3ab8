"""Who made an object, up to the top, and what it made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from cloudwright.core.context import Context
from cloudwright.core.errors import NotFound, ToolError
from cloudwright.core.refs import ObjectRef
from cloudwright.core.result import Rows
from cloudwright.core.tool import read_tool
from cloudwright.tools.kubernetes import facts
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.discovery import Discovery, ResourceType
from cloudwright.tools.kubernetes.facts import dig, maps
from cloudwright.tools.kubernetes.listing import ANY_GET, Kind, Name, Namespace, Strict, bounded, get_scope, read_object
from cloudwright.tools.kubernetes.requests import find_kind, namespace_for

_DEEPEST = 10
_CHILDREN: Mapping[str, tuple[str, ...]] = {
    "Deployment": ("replicasets.apps",),
    "ReplicaSet": ("pods",),
    "ReplicationController": ("pods",),
    "StatefulSet": ("pods", "controllerrevisions.apps"),
    "DaemonSet": ("pods", "controllerrevisions.apps"),
    "CronJob": ("jobs.batch",),
    "Job": ("pods",),
    "Service": ("endpointslices.discovery.k8s.io", "endpoints"),
}
"""Where the objects are that controllers of these kinds make; other kinds are asked about all."""


@dataclass(frozen=True)
class Owner:
    """One step up: the reference, and the object unless it is gone or cannot be read (`why`)."""

    ref: ObjectRef
    item: Mapping[str, Any] | None
    why: str = ""


class OwnersInput(Strict):
    """One object."""

    kind: Kind
    name: Name
    namespace: Namespace = ""


def chain(item: Mapping[str, Any], context: Context) -> list[Owner]:
    """Controlling owners from the next one to the top."""
    found: list[Owner] = []
    namespace = str(dig(item, "metadata", "namespace") or "")
    current: Mapping[str, Any] | None = item
    while current is not None and len(found) < _DEEPEST:
        owners = maps(current, "metadata", "ownerReferences")
        chosen = next((entry for entry in owners if entry.get("controller")), owners[0] if owners else None)
        if chosen is None:
            break
        owner = _read(chosen, namespace, context)
        found.append(owner)
        current = owner.item
    return found


def _read(entry: Mapping[str, Any], namespace: str, context: Context) -> Owner:
    ref = ObjectRef(
        kind=str(entry.get("kind")),
        name=str(entry.get("name")),
        namespace=namespace,
        api_version=str(entry.get("apiVersion")),
        uid=str(entry.get("uid")),
    )
    try:
        kind = context.service(Discovery).of(ref.api_version, ref.kind)
        client = context.service(KubernetesClient)
        item = client.get(kind.path(namespace if kind.namespaced else "", ref.name))
    except NotFound:
        return Owner(ref, None, "is gone")
    except ToolError as error:
        return Owner(ref, None, str(error))
    if dig(item, "metadata", "uid") != ref.uid:
        return Owner(ref, None, "was replaced by another object of this name")
    if not kind.namespaced:
        ref = ref.model_copy(update={"namespace": ""})
    return Owner(ref, item)


def children(ref: ObjectRef, context: Context) -> Iterator[tuple[ResourceType, Mapping[str, Any]]]:
    """Objects that name this one as an owner, in the kinds where its controller makes them.

    Kinds that cannot be listed are left out.
    """
    known = context.service(Discovery)
    client = context.service(KubernetesClient)
    for name in _CHILDREN.get(ref.kind, ()):
        try:
            kind = known.find(name)
            items = list(client.list(kind.path(ref.namespace), timeout=context.remaining(client.timeout)))
        except ToolError:
            continue
        for item in items:
            if any(entry.get("uid") == ref.uid for entry in maps(item, "metadata", "ownerReferences")):
                yield kind, item


@read_tool(
    permission=ANY_GET,
    input=OwnersInput,
    scope=get_scope,
    examples=({"kind": "pod", "name": "web-0"},),
    utterances=(
        "who owns {kind} {name}",
        "what controls {kind} {name}",
        "which deployment does {kind} {name} belong to",
        "owner chain of {kind} {name}",
        "where does {kind} {name} in {namespace} come from",
        "what did {kind} {name} create",
    ),
)
def owners(args: OwnersInput, context: Context) -> Rows:
    """What made an object, up to the top, and what it made."""
    kind = find_kind(args.kind, context)
    namespace = namespace_for(kind, args.namespace, context)
    item = read_object(kind, namespace, args.name, context)
    above = chain(item, context)
    rows: list[tuple[JsonValue, ...]] = []
    refs: list[ObjectRef] = []
    for depth, owner in enumerate(reversed(above)):
        state = owner.why or facts.status(owner.item or {})
        rows.append(("  " * depth + owner.ref.kind, owner.ref.name, "owner", state))
        refs.append(owner.ref)
    refs.append(kind.ref(item))
    rows.append(("  " * len(above) + kind.kind, args.name, "this", facts.status(item)))
    for child_kind, child, depth in _below(kind.ref(item), context, len(above) + 1):
        ref = child_kind.ref(child)
        rows.append(("  " * depth + ref.kind, ref.name, "owned", facts.status(child)))
        refs.append(ref)
    return bounded(("kind", "name", "relation", "status"), rows, 100, context, refs=tuple(refs[:100]))


def _below(ref: ObjectRef, context: Context, depth: int) -> Iterator[tuple[ResourceType, Mapping[str, Any], int]]:
    for kind, child in children(ref, context):
        yield kind, child, depth
        if depth < _DEEPEST:
            yield from _below(kind.ref(child), context, depth + 1)
