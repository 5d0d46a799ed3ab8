"""What would break: the consequences of a drain or a deletion, asked without even a dry run."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, JsonValue

from cloudwright.core.change import Impact
from cloudwright.core.context import Context
from cloudwright.core.result import Rows
from cloudwright.core.tool import Effect, Permission, Scope, read_tool
from cloudwright.tools.kubernetes.blast import budget_limits, radius
from cloudwright.tools.kubernetes.deletion import owned
from cloudwright.tools.kubernetes.edit_nodes import fate, pods_on
from cloudwright.tools.kubernetes.facts import dig
from cloudwright.tools.kubernetes.listing import (
    ANY_GET,
    Kind,
    Name,
    Namespace,
    Strict,
    bounded,
    get_scope,
    read_object,
)
from cloudwright.tools.kubernetes.moved import Moved
from cloudwright.tools.kubernetes.objects import NAMES_SHOWN, finished, names, pods_in_words, ref_of
from cloudwright.tools.kubernetes.requests import find_kind, namespace_for
from cloudwright.tools.kubernetes.world import ClusterWorld

_LEVELS = ("danger", "warning", "info")
_COLUMNS = ("level", "what")
_READ_NODE = Permission(verb="get", resource="nodes")


class DrainImpactInput(Strict):
    """One node."""

    name: Name


class DeleteImpactInput(Strict):
    """One object, and what becomes of what it owns."""

    kind: Kind
    name: Name
    namespace: Namespace = ""
    propagation: Annotated[str, Field(pattern="^(Background|Foreground|Orphan)$")] = "Background"


@read_tool(
    permission=_READ_NODE,
    input=DrainImpactInput,
    scope=lambda args, context: Scope(
        Effect.READ, (_READ_NODE.model_copy(update={"name": args.name}), Permission(verb="list", resource="pods"))
    ),
    examples=({"name": "worker-1"},),
    utterances=(
        "what would break if I drained {name}",
        "what happens if I drain {name}",
        "can I drain node {name} safely",
        "impact of draining {name}",
        "which pods would have to leave {name}",
        "is it safe to take node {name} down",
    ),
)
def drain_impact(args: DrainImpactInput, context: Context) -> Rows:
    """What draining a node would do: who leaves, what cannot, which budgets and Services feel it."""
    node = find_kind("nodes", context)
    read_object(node, "", args.name, context)
    victims, staying = pods_on(args.name, context)
    world = ClusterWorld(context)
    impacts = [Impact(level="info", text=f"Evicts {pods_in_words(len(victims))}: {names(victims) or 'none'}.")]
    if len(victims) > NAMES_SHOWN:
        how = f'list_resources of pods in all namespaces, where "on node {args.name}"'
        impacts.append(Impact(level="info", text=f"{how}, names every pod."))
    if staying:
        impacts.append(Impact(level="info", text=f"DaemonSet and static pods stay: {names(staying)}."))
    losing = [pod for pod in victims if any("emptyDir" in v for v in dig(pod, "spec", "volumes") or ())]
    if losing:
        impacts.append(Impact(level="warning", text=f"The data of emptyDir volumes is lost: {names(losing)}."))
    impacts += budget_limits([pod for pod in victims if not finished(pod)], world)
    impacts += fate(victims, (args.name,), context)
    impacts += radius([Moved(ref_of(pod), pod, {}, "delete") for pod in victims], world)
    return _table(impacts, context)


@read_tool(
    permission=ANY_GET,
    input=DeleteImpactInput,
    scope=get_scope,
    examples=({"kind": "deployment", "name": "web"},),
    utterances=(
        "what would break if I deleted {kind} {name}",
        "what happens if I delete {kind} {name}",
        "impact of deleting {kind} {name} in {namespace}",
        "can I delete {kind} {name} safely",
        "who uses {kind} {name}",
        "what depends on {kind} {name}",
    ),
)
def delete_impact(args: DeleteImpactInput, context: Context) -> Rows:
    """What deleting an object would take along, block on, and break."""
    kind = find_kind(args.kind, context)
    namespace = namespace_for(kind, args.namespace, context)
    item = read_object(kind, namespace, args.name, context)
    world = ClusterWorld(context)
    moved = Moved(kind.ref(item), item, {}, "delete", args.propagation)
    impacts = list(radius([moved], world))
    if not impacts:
        made = owned(item, world)
        impacts = [Impact(level="info", text=f"It takes {len(made)} objects along; nothing else refers to it.")]
    return _table(impacts, context)


def _table(impacts: Sequence[Impact], context: Context) -> Rows:
    ordered = sorted(dict.fromkeys(impacts), key=lambda impact: _LEVELS.index(impact.level))
    rows: list[tuple[JsonValue, ...]] = [(impact.level, context.redactor.text(impact.text)) for impact in ordered]
    return bounded(_COLUMNS, rows, 100, context)
