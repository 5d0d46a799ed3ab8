"""What pods and nodes use now, from metrics.k8s.io."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, JsonValue

from cloudwright.core.context import Context
from cloudwright.core.errors import NotFound, ToolError, Unreachable, Unsupported
from cloudwright.core.result import Rows
from cloudwright.core.tool import Effect, Permission, Scope, read_tool
from cloudwright.tools.kubernetes import facts, tables, values
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.facts import dig, maps
from cloudwright.tools.kubernetes.listing import ALL, Strict, bounded

_GROUP = "metrics.k8s.io"
_PATH = f"/apis/{_GROUP}/v1beta1"
_PODS = Permission(verb="list", group=_GROUP, resource="pods")
_NODES = Permission(verb="list", group=_GROUP, resource="nodes")


class TopPodsInput(Strict):
    """Which pods."""

    namespace: Annotated[str, Field(description='default: the session\'s; "*" for all')] = ""
    labels: Annotated[str, Field(description="label selector")] = ""
    containers: Annotated[bool, Field(description="one row a container")] = False
    sort: Annotated[str, Field(pattern="^(cpu|memory)$")] = "cpu"
    limit: Annotated[int, Field(ge=1, le=1000)] = 30


class TopNodesInput(Strict):
    """How to order the nodes."""

    sort: Annotated[str, Field(pattern="^(cpu|memory)$")] = "cpu"
    limit: Annotated[int, Field(ge=1, le=1000)] = 30


def _scope(args: TopPodsInput, context: Context) -> Scope:
    namespace = "" if args.namespace == ALL else args.namespace or context.place.namespace
    return Scope(Effect.READ, (_PODS.model_copy(update={"namespace": namespace}),))


@read_tool(
    permission=_PODS,
    input=TopPodsInput,
    scope=_scope,
    examples=({"sort": "memory"},),
    utterances=(
        "top pods",
        "top pods in {namespace} by {sort}",
        "which pods use the most {sort}",
        "which pods in {namespace} need most memory",
        "cpu and memory of pods with label {labels}",
        "resource usage of pods in {namespace}",
        "what eats the {sort} in {namespace}",
    ),
)
def top_pods(args: TopPodsInput, context: Context) -> Rows:
    """CPU and memory that pods use now, with their requests and limits."""
    namespace = "" if args.namespace == ALL else args.namespace or context.place.namespace
    params = {"labelSelector": args.labels} if args.labels else {}
    below = f"/namespaces/{namespace}" if namespace else ""
    used = _list(f"{_PATH}{below}/pods", params, context)
    client = context.service(KubernetesClient)
    asked = {
        (dig(pod, "metadata", "namespace"), dig(pod, "metadata", "name")): pod
        for pod in client.list(f"/api/v1{below}/pods", params, timeout=context.remaining(client.timeout))
    }
    rows: list[tuple[JsonValue, ...]] = []
    for item in used:
        key = (dig(item, "metadata", "namespace"), dig(item, "metadata", "name"))
        found = {str(entry.get("name")): entry for entry in maps(item, "containers")}
        spec = {str(entry.get("name")): entry for entry in facts.containers(asked.get(key, {}))}
        names = [(name,) for name in found] if args.containers else [tuple(found)]
        for group in names:
            row = _usage([found[name] for name in group], [spec[name] for name in group if name in spec])
            rows.append((*key, *((group[0],) if args.containers else ()), *row))
    missing = len(asked) - len(used)
    notes = (f"{missing} pods have no figures (not running, or too young)",) if missing > 0 else ()
    head = ("namespace", "pod", *(("container",) if args.containers else ()))
    columns = (*head, "cpu", "memory", "cpu-request", "cpu-limit", "memory-request", "memory-limit", "of-limit")
    return bounded(columns, _ordered(rows, columns, args.sort), args.limit, context, notes=notes)


@read_tool(
    permission=_NODES,
    input=TopNodesInput,
    examples=({"sort": "memory"},),
    utterances=(
        "top nodes",
        "top nodes by {sort}",
        "which nodes are full",
        "how much cpu and memory do the nodes use",
        "usage of the nodes",
        "which node uses the most {sort}",
    ),
)
def top_nodes(args: TopNodesInput, context: Context) -> Rows:
    """CPU and memory that nodes use now, and how much of what they can give."""
    client = context.service(KubernetesClient)
    used = {str(dig(item, "metadata", "name")): item for item in _list(f"{_PATH}/nodes", {}, context)}
    rows: list[tuple[JsonValue, ...]] = []
    for node in client.list("/api/v1/nodes", timeout=context.remaining(client.timeout)):
        name = str(dig(node, "metadata", "name"))
        usage = dig(used.get(name), "usage")
        row: list[JsonValue] = [name]
        for resource, show in (("cpu", values.cores_text), ("memory", values.bytes_text)):
            whole = _amount(dig(node, "status", "allocatable", resource))
            amount = _amount(dig(usage, resource))
            row.append(None if amount is None else show(amount))
            row.append(None if amount is None or not whole else f"{100 * amount / whole:.0f}%")
        row.append(facts.status(node))
        rows.append(tuple(row))
    columns = ("node", "cpu", "cpu%", "memory", "memory%", "status")
    return bounded(columns, _ordered(rows, columns, args.sort), args.limit, context)


def _list(path: str, params: Mapping[str, str], context: Context) -> list[Mapping[str, Any]]:
    client = context.service(KubernetesClient)
    try:
        return list(client.list(path, params, timeout=context.remaining(client.timeout)))
    except (NotFound, Unreachable) as error:
        if isinstance(error, Unreachable) and _PATH not in error.message:
            raise
        try:
            client.get("/version")
        except ToolError:
            raise error from None
        raise Unsupported(
            "This cluster serves no metrics.k8s.io.", hint="Install metrics-server, or ask Prometheus instead."
        ) from None


def _amount(value: Any) -> float | None:
    return values.quantity(value) if isinstance(value, str) else None


def _sum(entries: list[Mapping[str, Any]], *keys: str) -> float | None:
    found = [amount for entry in entries if (amount := _amount(dig(entry, *keys))) is not None]
    return sum(found) if found else None


def _usage(used: list[Mapping[str, Any]], spec: list[Mapping[str, Any]]) -> tuple[JsonValue, ...]:
    cpu, memory = _sum(used, "usage", "cpu"), _sum(used, "usage", "memory")
    limits = [_amount(dig(entry, "resources", "limits", "memory")) for entry in spec]
    limit = sum(amount for amount in limits if amount) if limits and all(limits) else None
    shown: list[JsonValue] = [
        None if cpu is None else values.cores_text(cpu),
        None if memory is None else values.bytes_text(memory),
    ]
    for resource, show in (("cpu", values.cores_text), ("memory", values.bytes_text)):
        for kind in ("requests", "limits"):
            amount = _sum(spec, "resources", kind, resource)
            shown.append(None if amount is None else show(amount))
    shown.append(None if memory is None or not limit else f"{100 * memory / limit:.0f}%")
    return tuple(shown)


def _ordered(rows: list[tuple[JsonValue, ...]], columns: tuple[str, ...], sort: str) -> list[tuple[JsonValue, ...]]:
    return list(tables.sort_rows(rows, columns, f"-{sort}"))
