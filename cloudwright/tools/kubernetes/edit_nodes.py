"""Changes to nodes and what runs on them: evict, cordon, uncordon, drain, taint."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import Field

from cloudwright.core.change import Impact
from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments, NotFound
from cloudwright.core.refs import Frozen
from cloudwright.core.result import Changed
from cloudwright.core.tool import Irreversible, Permission, destructive_tool, write_tool
from cloudwright.tools.kubernetes import placement
from cloudwright.tools.kubernetes.blast import budget_limits
from cloudwright.tools.kubernetes.change import Plan, Planned
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.facts import dig, maps
from cloudwright.tools.kubernetes.objects import finished, name_of, names, pods_in_words, ref_of, taint_text
from cloudwright.tools.kubernetes.requests import Json, Request, find_kind, live, namespace_for
from cloudwright.tools.kubernetes.targets import Whole
from cloudwright.tools.kubernetes.world import ClusterWorld

_NODES = Permission(verb="patch", resource="nodes")
_EVICT = Permission(verb="create", resource="pods/eviction")
_MIRROR = "kubernetes.io/config.mirror"
_TAINT = re.compile(r"(?P<key>[^=:\s]+)(=(?P<value>[^=:\s]*))?:(?P<effect>NoSchedule|PreferNoSchedule|NoExecute)")
_POLL_SECONDS = 0.5


class Node(Frozen):
    """One node."""

    name: str


class Evict(Frozen):
    """A pod to evict."""

    name: str
    namespace: str = ""
    grace_seconds: Whole | None = Field(None, ge=0, description="default: the pod's own")


class Drain(Node):
    """A node to empty."""

    delete_emptydir_data: bool = Field(False, description="also evict pods that lose emptyDir data")
    force: bool = Field(False, description="also evict pods that no controller makes again")
    grace_seconds: Whole | None = Field(None, ge=0)
    timeout_seconds: Whole = Field(120, ge=0, le=3600, description="how long to wait for budgets")


class Taint(Node):
    """Taints to set and to remove."""

    set: tuple[str, ...] = Field((), description="key=value:Effect or key:Effect")
    remove: tuple[str, ...] = Field((), description="key or key:Effect")


def _eviction(pod: Mapping[str, Any], context: Context, grace: int | None, patience: float = 0) -> Request:
    version = find_kind("poddisruptionbudgets.policy", context).api_version
    metadata = pod["metadata"]
    return Request(
        "evict",
        find_kind("pods", context),
        metadata["name"],
        metadata["namespace"],
        body=version,
        grace=grace,
        uid=metadata["uid"],
        patience=patience,
    )


def _evict(args: Evict, context: Context) -> Plan:
    kind = find_kind("pods", context)
    pod = live(kind, namespace_for(kind, args.namespace, context), args.name, context)
    request = _eviction(pod, context, args.grace_seconds)
    return Plan((request,), f"evict {request.ref}", impacts=tuple(fate([pod], (), context)))


evicting = Planned(_evict)


@destructive_tool(
    permission=_EVICT,
    input=Evict,
    change=replace(
        evicting.change,
        undo=Irreversible(reason="an evicted pod does not come back; its controller, if it has one, makes another"),
    ),
    examples=({"name": "web-0"},),
    utterances=(
        "evict pod {name}",
        "evict {name} in {namespace}",
        "move pod {name} away",
        "push pod {name} off its node",
        "evict the pod {name} gracefully",
        "evict {name} with {grace_seconds} seconds of grace",
    ),
)
def evict_pod(args: Evict, context: Context) -> Changed:
    """Evict a pod, as its disruption budget allows."""
    return evicting.run(args, context)


def _cordoned(wanted: bool) -> Callable[[Node, Context], Plan]:
    def plan(args: Node, context: Context) -> Plan:
        request = _cordon_request(args.name, wanted, context)
        return Plan((request,), f"{'cordon' if wanted else 'uncordon'} {request.ref}")

    return plan


def _cordon_request(name: str, wanted: bool, context: Context) -> Request:
    def edit(obj: Json) -> Json:
        if bool(dig(obj, "spec", "unschedulable")) != wanted:
            obj.setdefault("spec", {}).pop("unschedulable", None)
            if wanted:
                obj["spec"]["unschedulable"] = True
        return obj

    return Request("edit", find_kind("nodes", context), name, edit=edit)


cordoning, uncordoning = Planned(_cordoned(True)), Planned(_cordoned(False))


@write_tool(
    permission=_NODES,
    input=Node,
    change=cordoning.change,
    examples=({"name": "worker-1"},),
    utterances=(
        "cordon {name}",
        "cordon node {name}",
        "mark node {name} unschedulable",
        "no new pods on {name}",
        "stop scheduling on {name}",
        "take {name} out of scheduling",
    ),
)
def cordon_node(args: Node, context: Context) -> Changed:
    """Keep new pods off a node."""
    return cordoning.run(args, context)


@write_tool(
    permission=_NODES,
    input=Node,
    change=uncordoning.change,
    examples=({"name": "worker-1"},),
    utterances=(
        "uncordon {name}",
        "uncordon node {name}",
        "mark node {name} schedulable",
        "allow pods on {name} again",
        "put {name} back into scheduling",
        "let the scheduler use {name}",
    ),
)
def uncordon_node(args: Node, context: Context) -> Changed:
    """Let new pods onto a node again."""
    return uncordoning.run(args, context)


def _drain(args: Drain, context: Context) -> Plan:
    victims, staying = _victims(args, context)
    cordon = _cordon_request(args.name, True, context)
    live(cordon.kind, "", args.name, context)
    evictions = [_eviction(pod, context, args.grace_seconds, args.timeout_seconds) for pod in victims]
    impacts = list(fate(victims, (args.name,), context))
    impacts += budget_limits([pod for pod in victims if not finished(pod)], ClusterWorld(context))
    if staying:
        impacts.append(Impact(level="info", text=f"DaemonSet and static pods stay: {names(staying)}."))

    def after(now: Context) -> str:
        return _await_gone(victims, args.timeout_seconds, now)

    return Plan(
        (cordon, *evictions),
        f"drain Node {args.name}: {pods_in_words(len(victims))}",
        impacts=tuple(impacts),
        irreversible="evicted pods do not come back to the node; uncordon_node lets new ones in",
        after_run=after,
    )


def _victims(args: Drain, context: Context) -> tuple[list[Json], list[Json]]:
    """The pods to evict and those that stay.

    Raises:
        InvalidArguments: pods are there that only a flag allows to evict.
    """
    victims, staying = pods_on(args.name, context)
    lonely = [pod for pod in victims if not maps(pod, "metadata", "ownerReferences") and not finished(pod)]
    if lonely and not args.force:
        raise InvalidArguments(
            f"Nothing makes these pods of {args.name} again once they are evicted: {names(lonely)}.",
            hint="Give force to evict them all the same.",
        )
    losing = [pod for pod in victims if any("emptyDir" in volume for volume in maps(pod, "spec", "volumes"))]
    if losing and not args.delete_emptydir_data:
        raise InvalidArguments(
            f"These pods of {args.name} lose the data of their emptyDir volumes: {names(losing)}.",
            hint="Give delete_emptydir_data to evict them all the same.",
        )
    return victims, staying


def pods_on(node: str, context: Context) -> tuple[list[Json], list[Json]]:
    """The pods of a node that a drain evicts, and those that stay (of DaemonSets, and static ones)."""
    kind = find_kind("pods", context)
    client = context.service(KubernetesClient)
    pods = list(client.list(kind.path(), {"fieldSelector": f"spec.nodeName={node}"}))
    staying = [pod for pod in pods if _MIRROR in (dig(pod, "metadata", "annotations") or {}) or _daemon(pod)]
    return [pod for pod in pods if pod not in staying], staying


def _daemon(pod: Mapping[str, Any]) -> bool:
    return any(owner.get("kind") == "DaemonSet" for owner in maps(pod, "metadata", "ownerReferences"))


def fate(victims: Sequence[Json], leaving: Sequence[str], context: Context) -> Iterator[Impact]:
    """What becomes of evicted pods: which nobody makes again, and which find no other node."""
    lonely = [pod for pod in victims if not maps(pod, "metadata", "ownerReferences")]
    if lonely:
        yield Impact(
            level="danger",
            text=f"Ends {pods_in_words(len(lonely))} for good, no controller makes them again: {names(lonely)}.",
            refs=tuple(ref_of(pod) for pod in lonely),
        )
    client = context.service(KubernetesClient)
    nodes = [node for node in client.list(find_kind("nodes", context).path()) if name_of(node) not in leaving]
    uids = {dig(pod, "metadata", "uid") for pod in victims}
    running = [pod for pod in client.list(find_kind("pods", context).path()) if dig(pod, "metadata", "uid") not in uids]
    coming = [pod for pod in victims if pod not in lonely and not finished(pod)]
    stuck = placement.homeless(coming, nodes, running)
    if stuck:
        yield Impact(
            level="danger",
            text=f"{len(stuck)} replacements fit on no other node and stay Pending: {names(stuck)}.",
            refs=tuple(ref_of(pod) for pod in stuck),
        )
    doubtful = [pod for pod in placement.unsure(coming) if pod not in stuck]
    if doubtful:
        yield Impact(
            level="warning",
            text=f"Whether {names(doubtful)} find another node depends on affinity, spread or volumes too.",
        )


def _await_gone(victims: Sequence[Json], seconds: float, context: Context) -> str:
    """Wait until the pods are gone; says which are not."""
    if not victims:
        return ""
    end = time.monotonic() + seconds
    waiting = list(victims)
    while True:
        waiting = [pod for pod in waiting if _is_there(pod, context)]
        if not waiting or time.monotonic() >= end:
            break
        time.sleep(_POLL_SECONDS)
    if not waiting:
        return f"{pods_in_words(len(victims))} gone."
    return f"{len(victims) - len(waiting)} of {pods_in_words(len(victims))} gone; still ending: {names(waiting)}."


def _is_there(pod: Mapping[str, Any], context: Context) -> bool:
    path = find_kind("pods", context).path(pod["metadata"]["namespace"], pod["metadata"]["name"])
    try:
        found = context.service(KubernetesClient).get(path)
    except NotFound:
        return False
    return bool(found["metadata"]["uid"] == pod["metadata"]["uid"])


draining = Planned(_drain)


@destructive_tool(
    permission=_EVICT,
    input=Drain,
    change=draining.change,
    examples=({"name": "worker-1"}, {"name": "worker-1", "force": True, "delete_emptydir_data": True}),
    utterances=(
        "drain {name}",
        "drain node {name}",
        "empty node {name} for maintenance",
        "evict all pods from {name}",
        "prepare {name} for a reboot",
        "move everything off node {name}",
    ),
)
def drain_node(args: Drain, context: Context) -> Changed:
    """Cordon a node and evict its pods, as their disruption budgets allow."""
    return draining.run(args, context)


def _taint(args: Taint, context: Context) -> Plan:
    if not args.set and not args.remove:
        raise InvalidArguments("taint_node: give taints to set or to remove.")
    wanted = [_parsed(text) for text in args.set]

    def edit(obj: Json) -> Json:
        present = maps(obj, "spec", "taints")
        for text in args.remove:
            if not any(_named(taint, text) for taint in present):
                known = ", ".join(taint_text(taint) for taint in present) or "none"
                raise NotFound(f"Node {args.name} has no taint {text!r}.", hint=f"It has {known}.")
        places = {(taint["key"], taint["effect"]) for taint in wanted}
        kept = [
            dict(taint)
            for taint in present
            if not any(_named(taint, text) for text in args.remove)
            and (taint.get("key"), taint.get("effect")) not in places
        ]
        obj.setdefault("spec", {})["taints"] = [*kept, *wanted]
        if not obj["spec"]["taints"]:
            del obj["spec"]["taints"]
        return obj

    request = Request("edit", find_kind("nodes", context), args.name, edit=edit)
    words = [f"set {', '.join(args.set)}"] if args.set else []
    words += [f"remove {', '.join(args.remove)}"] if args.remove else []
    return Plan((request,), f"{' and '.join(words)} in the taints of {request.ref}")


def _parsed(text: str) -> dict[str, str]:
    found = _TAINT.fullmatch(text)
    if found is None:
        raise InvalidArguments(
            f"taint_node: {text!r} is no taint.",
            hint="Such as dedicated=gpu:NoSchedule; effects are NoSchedule, PreferNoSchedule, NoExecute.",
        )
    taint = {"key": found["key"], "effect": found["effect"]}
    return taint | ({"value": found["value"]} if found["value"] else {})


def _named(taint: Mapping[str, Any], text: str) -> bool:
    key, _, effect = text.partition(":")
    return taint.get("key") == key.partition("=")[0] and effect in ("", taint.get("effect"))


tainting = Planned(_taint)


@write_tool(
    permission=_NODES,
    input=Taint,
    change=tainting.change,
    examples=({"name": "worker-1", "set": ["dedicated=gpu:NoSchedule"]}, {"name": "worker-1", "remove": ["dedicated"]}),
    utterances=(
        "taint {name} {set}",
        "taint node {name} with {set}",
        "add the taint {set} to {name}",
        "remove taint {remove} from {name}",
        "untaint {name} {remove}",
        "set taint {set} on node {name}",
    ),
)
def taint_node(args: Taint, context: Context) -> Changed:
    """Set and remove taints of a node."""
    return tainting.run(args, context)


NODE_TOOLS = (evict_pod, cordon_node, uncordon_node, drain_node, taint_node)
