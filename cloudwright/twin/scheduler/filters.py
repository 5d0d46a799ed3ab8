"""Which nodes can take a pod, and why the others cannot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cloudwright.twin.placement import (
    matches_node,
    required_node_affinity,
    taints_of,
    tolerates,
    tolerations_of,
    untolerated_taint,
)
from cloudwright.twin.scheduler.affinity import AFFINITY, PodAffinity
from cloudwright.twin.scheduler.claims import READ_WRITE_ONCE_POD, exclusive_conflict, pod_claims
from cloudwright.twin.scheduler.cluster import PORT, Cluster, NodeInfo, PodInfo
from cloudwright.twin.scheduler.spread import TopologySpread

_UNSCHEDULABLE_TAINT = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_NO_STATE = "not found"  # what the plugin for dynamic resources adds when filtering never began
_NO_CLAIMS = "no new claims to deallocate"
_ANY = "0.0.0.0"  # noqa: S104 - as Kubernetes writes "any address"


@dataclass(frozen=True)
class Refusal:
    """Why a node is out; `resolvable`: other pods leaving could change it."""

    reasons: tuple[str, ...]
    resolvable: bool


@dataclass
class Diagnosis:
    """What came of looking at all nodes for a pod."""

    total: int
    refusals: dict[str, Refusal] = field(default_factory=dict)
    problem: str = ""

    def message(self, preemption: str = "") -> str:
        """The text of a FailedScheduling event."""
        text = f"0/{self.total} nodes are available:"
        if self.problem:
            return f"{text} {self.problem}. {_NO_STATE}"
        text += histogram(reason for refusal in self.refusals.values() for reason in refusal.reasons)
        return f"{text} {_NO_CLAIMS}, preemption: {preemption}" if preemption else text


def histogram(reasons: Iterable[str]) -> str:
    """Reasons with their numbers, sorted as text."""
    counts: dict[str, int] = {}
    for reason in reasons:
        counts[reason] = counts.get(reason, 0) + 1
    parts = sorted(f"{count} {reason}" for reason, count in counts.items())
    return f" {', '.join(parts)}." if parts else ""


class Cycle:
    """One look at the cluster for one pod. `excluded` pods are taken to be gone."""

    def __init__(self, info: PodInfo, cluster: Cluster, excluded: frozenset[str] = frozenset()) -> None:
        self.info, self.cluster = info, cluster
        self.claims = pod_claims(info, cluster)
        self.named = named_nodes(info)
        self._selective = bool(info.pod["spec"].get("nodeSelector") or info.pod["spec"].get("affinity"))
        self._spread = TopologySpread(info, cluster, excluded)
        self._affinity = PodAffinity(info, cluster, excluded)
        self._exclusive = exclusive_conflict(info, self.claims, cluster)

    def diagnose(self, limit: int | None = None, start: int = 0) -> tuple[list[NodeInfo], Diagnosis]:
        """(nodes that can take the pod, diagnosis of the others); stops after `limit` feasible nodes."""
        order = self.cluster.order
        diagnosis = Diagnosis(len(order))
        if self.claims.problem:
            diagnosis.problem = self.claims.problem
            return [], diagnosis
        feasible: list[NodeInfo] = []
        for offset in range(len(order)):
            node = self.cluster.nodes[order[(start + offset) % len(order)]]
            refusal = self.refusal(node)
            if refusal is not None:
                diagnosis.refusals[node.name] = refusal
            else:
                feasible.append(node)
                if limit is not None and len(feasible) >= limit:
                    break
        return feasible, diagnosis

    def refusal(self, node: NodeInfo) -> Refusal | None:
        """Why the node cannot take the pod, by the first filter that objects; None when it can."""
        if self.named is not None and node.name not in self.named:
            return Refusal(("node(s) didn't satisfy plugin(s) [NodeAffinity]",), False)
        return self._by_node(node) or self._by_room(node) or self._by_others(node)

    def _by_node(self, node: NodeInfo) -> Refusal | None:
        pod, raw = self.info.pod, node.node
        if node.plain and not self._selective:
            return None
        tolerations = tolerations_of(pod)
        if (raw.get("spec") or {}).get("unschedulable") and not any(
            tolerates(each, _UNSCHEDULABLE_TAINT) for each in tolerations
        ):
            return Refusal(("node(s) were unschedulable",), False)
        taints = taints_of(raw)
        if taints and untolerated_taint(taints, tolerations) is not None:
            return Refusal(("node(s) had untolerated taint(s)",), False)
        if self._selective and not matches_node(pod, raw):
            return Refusal(("node(s) didn't match Pod's node affinity/selector",), False)
        return None

    def _by_room(self, node: NodeInfo) -> Refusal | None:
        nominated = self._nominated(node) if self.cluster.nominated else ()
        if self.info.ports and ports_conflict(self.info.ports, node, nominated):
            return Refusal(("node(s) didn't have free ports for the requested pod ports",), True)
        reasons, resolvable = insufficient(self.info, node, nominated)
        return Refusal(tuple(reasons), resolvable) if reasons else None

    def _nominated(self, node: NodeInfo) -> list[PodInfo]:
        """Pods for which room was made on the node, and which are at least as important."""
        return [
            other
            for target, other in self.cluster.nominated.values()
            if target == node.name and other.priority >= self.info.priority and other.uid != self.info.uid
        ]

    def _by_others(self, node: NodeInfo) -> Refusal | None:
        if self._exclusive:
            return Refusal((READ_WRITE_ONCE_POD,), True)
        reason = self.claims.verdict(node, self.cluster) if self.claims.bound or self.claims.delayed else None
        if reason is not None:
            return Refusal((reason,), False)
        spread = self._spread.verdict(node)
        if spread is not None:
            return Refusal((spread[0],), spread[1])
        reason = self._affinity.verdict(node)
        return Refusal((reason,), reason != AFFINITY) if reason is not None else None


def insufficient(info: PodInfo, node: NodeInfo, nominated: Sequence[PodInfo] = ()) -> tuple[list[str], bool]:
    """(what the node lacks, whether fewer pods would help)."""
    reasons: list[str] = []
    resolvable = True
    room = node.allocatable
    if len(node.pods) + len(nominated) + 1 > room.get("pods", 110):
        reasons.append("Too many pods")
    for name, value in info.requests.items():
        taken = node.requested.get(name, 0)
        if nominated:
            taken += sum(other.requests.get(name, 0) for other in nominated)
        available = room.get(name, 0)
        if value > available - taken:
            reasons.append(f"Insufficient {name}")
            resolvable = resolvable and value <= available
    return reasons, resolvable


def ports_conflict(ports: Iterable[PORT], node: NodeInfo, nominated: Sequence[PodInfo] = ()) -> bool:
    """Whether a host port is taken."""
    taken = [*node.ports, *(port for other in nominated for port in other.ports)]
    return any(
        protocol == other_protocol
        and number == other_number
        and (_ANY in (address, other_address) or address == other_address)
        for address, protocol, number in ports
        for other_address, other_protocol, other_number in taken
    )


def named_nodes(info: PodInfo) -> set[str] | None:
    """The nodes to which every term of the pod's node affinity restricts it by name, None when some does not."""
    affinity = required_node_affinity(info.pod)
    terms = (affinity or {}).get("nodeSelectorTerms") or ()
    names: set[str] = set()
    for term in terms:
        fields = [
            set(field["values"])
            for field in term.get("matchFields") or ()
            if field["key"] == "metadata.name" and field["operator"] == "In"
        ]
        if not fields:
            return None
        names |= set.intersection(*fields)
    return names if terms else None
