"""What differs between two namespaces, two contexts or two objects."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, JsonValue

from cloudwright.core.change import ABSENT
from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments, NotFound, ToolError
from cloudwright.core.result import Rows
from cloudwright.core.tool import Effect, Scope, read_tool
from cloudwright.tools.kubernetes import fields
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.columns import scalar
from cloudwright.tools.kubernetes.concealed import conceal
from cloudwright.tools.kubernetes.connecting import open_client
from cloudwright.tools.kubernetes.discovery import Discovery, ResourceType
from cloudwright.tools.kubernetes.facts import dig, maps
from cloudwright.tools.kubernetes.listing import ANY_LIST, Strict, bounded, reading, require_namespace
from cloudwright.tools.kubernetes.requests import find_kind

_USUAL = (
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "cronjobs.batch",
    "services",
    "configmaps",
    "secrets",
    "serviceaccounts",
    "persistentvolumeclaims",
    "ingresses.networking.k8s.io",
    "networkpolicies.networking.k8s.io",
    "horizontalpodautoscalers.autoscaling",
    "poddisruptionbudgets.policy",
    "roles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io",
    "resourcequotas",
    "limitranges",
)
_NOISE = (
    "metadata.namespace",
    "metadata.ownerReferences",
    "metadata.annotations[deployment.kubernetes.io/revision]",
    "metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]",
    "metadata.annotations[kubernetes.io/service-account.uid]",
    "metadata.finalizers",
    "spec.clusterIP",
    "spec.clusterIPs",
    "spec.nodeName",
    "spec.volumeName",
    "spec.healthCheckNodePort",
)
"""What two installations of one thing never share."""


class CompareInput(Strict):
    """Two sides: another namespace, another context, or another name."""

    kind: Annotated[str, Field(description="default: the usual namespaced kinds", max_length=200)] = ""
    name: Annotated[str, Field(description="default: all", max_length=253)] = ""
    namespace: Annotated[str, Field(description="default: the session's")] = ""
    other_namespace: Annotated[str, Field(description="default: the same")] = ""
    other_context: Annotated[str, Field(description="default: the same")] = ""
    other_name: Annotated[str, Field(description="default: the same", max_length=253)] = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


@dataclass(frozen=True)
class _Side:
    client: KubernetesClient
    discovery: Discovery
    namespace: str


def _scope(args: CompareInput, context: Context) -> Scope:
    here = args.namespace or context.place.namespace
    kinds = [find_kind(args.kind, context)] if args.kind else _known(context.service(Discovery))
    return Scope(Effect.READ, tuple(reading("list", kind, here if kind.namespaced else "") for kind in kinds))


@read_tool(
    permission=ANY_LIST,
    input=CompareInput,
    scope=_scope,
    examples=({"namespace": "staging", "other_namespace": "production"}, {"kind": "deploy", "other_context": "prod"}),
    utterances=(
        "compare {namespace} with {other_namespace}",
        "what differs between {namespace} and {other_namespace}",
        "diff {kind} {name} between {namespace} and {other_namespace}",
        "compare {kind} {name} with context {other_context}",
        "why does {name} work in {namespace} but not in {other_namespace}",
        "compare {kind} {name} with {other_name}",
    ),
)
def compare_resources(args: CompareInput, context: Context) -> Rows:
    """Field by field, what differs between two namespaces, contexts or objects."""
    if not (args.other_namespace or args.other_context or args.other_name):
        raise InvalidArguments("Compare with what?", hint="Give other_namespace, other_context or other_name.")
    if args.other_name and not (args.kind and args.name):
        raise InvalidArguments("To compare two objects give kind and name as well.")
    left, right = _sides(args, context)
    kinds = [find_kind(args.kind, context)] if args.kind else _known(left.discovery)
    rows: list[tuple[JsonValue, ...]] = []
    notes: list[str] = []
    same = 0
    for kind in kinds:
        try:
            pairs = _pairs(kind, left, right, args)
        except ToolError as error:
            if args.kind:
                raise
            notes.append(f"{kind.plural} could not be compared: {error.message}")
            continue
        for name, here, there in pairs:
            found = _difference(f"{kind.kind}/{name}", here, there, context)
            rows += found
            same += not found
    if not rows and not same and args.kind and not args.name:
        require_namespace(kinds[0], left.namespace, context)
    columns = ("object", "field", _label(left, right, here=True), _label(right, left, here=False))
    return bounded(columns, rows, args.limit, context, notes=(*notes, f"{same} objects are the same on both sides"))


def _label(side: _Side, other: _Side, *, here: bool) -> str:
    parts = []
    if side.client is not other.client:
        parts.append(side.client.choice.context)
    if side.namespace != other.namespace:
        parts.append(side.namespace)
    return "/".join(parts) or ("this" if here else "other")


def _sides(args: CompareInput, context: Context) -> tuple[_Side, _Side]:
    client = context.service(KubernetesClient)
    here = args.namespace or context.place.namespace or "default"
    left = _Side(client, context.service(Discovery), here)
    if not args.other_context:
        return left, _Side(client, left.discovery, args.other_namespace or here)
    other = open_client(
        client.choice.location() or None, args.other_context, as_user=client.as_user, timeout=client.timeout
    )
    return left, _Side(other, Discovery(other), args.other_namespace or here)


def _known(known: Discovery) -> list[ResourceType]:
    found = []
    for name in _USUAL:
        try:
            found.append(known.find(name))
        except NotFound:
            continue  # a small or old server
    return found


def _pairs(
    kind: ResourceType, left: _Side, right: _Side, args: CompareInput
) -> Iterable[tuple[str, Mapping[str, Any] | None, Mapping[str, Any] | None]]:
    other_kind = right.discovery.of(kind.api_version, kind.kind) if right.client is not left.client else kind
    if args.name:
        other_name = args.other_name or args.name
        here, there = _one(kind, left, args.name), _one(other_kind, right, other_name)
        if here is None and there is None:
            raise NotFound(f"{kind.kind} {args.name} is on neither side.")
        title = args.name if other_name == args.name else f"{args.name} ~ {other_name}"
        return [(title, here, there)]
    ours, theirs = _all(kind, left), _all(other_kind, right)
    return [(name, ours.get(name), theirs.get(name)) for name in sorted({*ours, *theirs})]


def _one(kind: ResourceType, side: _Side, name: str) -> Mapping[str, Any] | None:
    try:
        return side.client.get(kind.path(side.namespace if kind.namespaced else "", name))
    except NotFound:
        return None


def _all(kind: ResourceType, side: _Side) -> dict[str, Mapping[str, Any]]:
    items = side.client.list(kind.path(side.namespace if kind.namespaced else ""))
    return {
        str(dig(item, "metadata", "name")): item
        for item in items
        if not any(entry.get("controller") for entry in maps(item, "metadata", "ownerReferences"))
    }


def _difference(
    title: str, here: Mapping[str, Any] | None, there: Mapping[str, Any] | None, context: Context
) -> list[tuple[JsonValue, ...]]:
    if here is None or there is None:
        shown = ("there", "absent") if there is None else ("absent", "there")
        return [(title, "(whole object)", *shown)]
    left, right = conceal(here, context.redactor), conceal(there, context.redactor)
    rows: list[tuple[JsonValue, ...]] = []
    for change in fields.diff(left, right):
        path = change.path
        if path == "metadata.name" or any(
            path == noise or path.startswith((f"{noise}.", f"{noise}[")) for noise in _NOISE
        ):
            continue
        rows.append((title, path, _shown(change.before, path, context), _shown(change.after, path, context)))
    return rows


def _is_noise(path: str) -> bool:
    return any(path == noise or path.startswith((f"{noise}.", f"{noise}[")) for noise in ("metadata.name", *_NOISE))


def _shown(value: JsonValue, path: str, context: Context) -> JsonValue:
    """One side's value, masked with its field's name in view."""
    if value == ABSENT:
        return None
    *_, parent, last = ("", *fields.split(path))
    masked = context.redactor.value({parent if last == "value" and parent else last: value})
    assert isinstance(masked, dict)
    text = str(scalar(next(iter(masked.values()))))
    return text if len(text) <= 300 else f"{text[:300]}… ({len(text)} characters)"
