"""Where pods could run next: the scheduler's hard rules, as far as objects show them. Pure functions.

Looked at: readiness and cordons, taints, node selector, required node affinity, requests against allocatable, number
of pods. Not looked at: pod affinity, topology spread, volumes; `unsure` names the pods for which they matter.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from cloudwright.tools.kubernetes.facts import condition, dig, maps
from cloudwright.tools.kubernetes.objects import finished, labels_of, name_of, tolerates
from cloudwright.tools.kubernetes.quantities import number, pod_requests

Json = Mapping[str, Any]


def homeless(pods: Sequence[Json], nodes: Sequence[Json], running: Sequence[Json]) -> list[Json]:
    """The pods that fit on none of the nodes, placing one after another beside what runs there."""
    room = {name_of(node): _room(node, running) for node in nodes}
    without = []
    for pod in pods:
        wanted = pod_requests(dig(pod, "spec") or {})
        home = next((node for node in nodes if accepts(node, pod) and _has_room(room[name_of(node)], wanted)), None)
        if home is None:
            without.append(pod)
        else:
            for name, amount in wanted.items():
                if name in room[name_of(home)]:
                    room[name_of(home)][name] -= amount
    return without


def accepts(node: Json, pod: Json) -> bool:
    """Whether a node's state, taints and labels let a pod on it, room aside."""
    if dig(node, "spec", "unschedulable") or condition(node, "Ready").get("status") != "True":
        return False
    hard = [taint for taint in maps(node, "spec", "taints") if taint.get("effect") in ("NoSchedule", "NoExecute")]
    if not all(tolerates(pod, taint) for taint in hard):
        return False
    labels = labels_of(node)
    selector = dig(pod, "spec", "nodeSelector") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    required = dig(pod, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    terms = maps(required or {}, "nodeSelectorTerms")
    return not terms or any(_term(term, node) for term in terms)


def unsure(pods: Sequence[Json]) -> list[Json]:
    """The pods whose place depends on rules that are not looked at here."""
    return [
        pod
        for pod in pods
        if dig(pod, "spec", "affinity", "podAntiAffinity")
        or dig(pod, "spec", "affinity", "podAffinity")
        or dig(pod, "spec", "topologySpreadConstraints")
        or any("persistentVolumeClaim" in volume for volume in maps(pod, "spec", "volumes"))
    ]


def requested(node: Json, running: Sequence[Json]) -> dict[str, tuple[float, float]]:
    """Resource → what the unfinished pods of a node ask for, and what the node can give."""
    whole = {str(name): number(amount) for name, amount in (dig(node, "status", "allocatable") or {}).items()}
    room = _room(node, running)
    return {name: (amount - room[name], amount) for name, amount in whole.items()}


def _room(node: Json, running: Sequence[Json]) -> dict[str, float]:
    room = {str(name): number(amount) for name, amount in (dig(node, "status", "allocatable") or {}).items()}
    for pod in running:
        if dig(pod, "spec", "nodeName") == name_of(node) and not finished(pod):
            for name, amount in pod_requests(dig(pod, "spec") or {}).items():
                if name in room:
                    room[name] -= amount
    return room


def _has_room(room: Mapping[str, float], wanted: Mapping[str, float]) -> bool:
    return all(room.get(name, 0) >= amount for name, amount in wanted.items() if not name.startswith("limits."))


def _term(term: Json, node: Json) -> bool:
    fields = {"metadata.name": name_of(node)}
    return all(_expression(item, labels_of(node)) for item in maps(term, "matchExpressions")) and all(
        _expression(item, fields) for item in maps(term, "matchFields")
    )


def _expression(item: Json, labels: Mapping[str, str]) -> bool:
    found = labels.get(str(item.get("key")))
    values = item.get("values") or []
    match item.get("operator"):
        case "In":
            return found in values
        case "NotIn":
            return found not in values
        case "Exists":
            return found is not None
        case "DoesNotExist":
            return found is None
        case "Gt" | "Lt" if found is not None and values:
            less = number(found) < number(values[0])
            return less if item.get("operator") == "Lt" else number(found) > number(values[0])
    return False
