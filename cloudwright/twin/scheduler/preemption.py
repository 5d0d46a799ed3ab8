"""Making room for a pod by removing less important ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from cloudwright.twin.objects import (
    Raw,
    condition_of,
    is_deleting,
    labels_of,
    namespace_of,
    seconds,
    selector_matches,
    status_of,
)
from cloudwright.twin.scheduler.cluster import Cluster, NodeInfo, PodInfo
from cloudwright.twin.scheduler.filters import Cycle, Diagnosis, histogram

_NOT_HELPFUL = "Preemption is not helpful for scheduling"
_NO_VICTIMS = "No preemption victims found for incoming pod"


@dataclass(frozen=True)
class Candidate:
    """A node and the pods that would have to leave it, most important first; how many budgets that breaks."""

    node: str
    victims: tuple[PodInfo, ...]
    violations: int


def ineligible(info: PodInfo, diagnosis: Diagnosis, cluster: Cluster) -> str:
    """Why a pod may not preempt others at all, "" when it may."""
    if info.pod["spec"].get("preemptionPolicy") == "Never":
        return "not eligible due to preemptionPolicy=Never."
    nominated = status_of(info.pod).get("nominatedNodeName")
    refusal = diagnosis.refusals.get(nominated or "")
    node = cluster.nodes.get(nominated or "")
    if node is None or (refusal is not None and not refusal.resolvable):
        return ""
    for other in node.pods.values():
        if other.priority < info.priority and is_deleting(other.pod) and _preempted(other.pod):
            return "not eligible due to a terminating pod on the nominated node."
    return ""


def _preempted(pod: Raw) -> bool:
    condition = condition_of(pod, "DisruptionTarget")
    return condition is not None and condition.get("reason") == "PreemptionByScheduler"


def find_candidate(
    info: PodInfo, diagnosis: Diagnosis, cluster: Cluster, budgets: Sequence[Raw]
) -> tuple[Candidate | None, str]:
    """(the best node to make room on, or None; why not)."""
    reasons: list[str] = []
    candidates: list[Candidate] = []
    for name in cluster.order:
        refusal = diagnosis.refusals.get(name)
        if refusal is None or not refusal.resolvable:
            reasons.append(_NOT_HELPFUL)
            continue
        found = _victims(info, cluster.nodes[name], cluster, budgets)
        if isinstance(found, Candidate):
            candidates.append(found)
        else:
            reasons.extend(found)
    if candidates:
        return min(candidates, key=_cost), ""
    return None, f"0/{len(cluster.order)} nodes are available:{histogram(reasons)}"


def _victims(info: PodInfo, node: NodeInfo, cluster: Cluster, budgets: Sequence[Raw]) -> Candidate | tuple[str, ...]:
    """The fewest pods to remove from a node, or why removing does not help."""
    lower = [other for other in node.pods.values() if other.priority < info.priority]
    if not lower:
        return (_NO_VICTIMS,)
    gone = {other.uid for other in lower}
    refusal = _refusal(info, node, cluster, gone)
    if refusal is not None:
        return refusal
    lower.sort(key=lambda other: (-other.priority, _started(other), other.name))
    violating = _violating(lower, budgets)
    kept_violations = 0
    victims: list[PodInfo] = []
    for other in [
        *(each for each in lower if each.uid in violating),
        *(each for each in lower if each.uid not in violating),
    ]:
        if _refusal(info, node, cluster, gone - {other.uid}) is None:
            gone.discard(other.uid)
        else:
            victims.append(other)
            kept_violations += other.uid in violating
    victims.sort(key=lambda other: (-other.priority, _started(other), other.name))
    return Candidate(node.name, tuple(victims), kept_violations)


def _refusal(info: PodInfo, node: NodeInfo, cluster: Cluster, gone: set[str]) -> tuple[str, ...] | None:
    refusal = Cycle(info, cluster, frozenset(gone)).refusal(node.without(gone))
    return refusal.reasons if refusal is not None else None


def _violating(pods: Sequence[PodInfo], budgets: Sequence[Raw]) -> set[str]:
    """Pods whose removal would break a disruption budget, counted down in the given order."""
    left = [int(status_of(budget).get("disruptionsAllowed", 0)) for budget in budgets]
    found: set[str] = set()
    for other in pods:
        for number, budget in enumerate(budgets):
            if namespace_of(budget) != other.namespace or is_deleting(other.pod):
                continue
            selector = budget["spec"].get("selector")
            if not selector or not selector_matches(selector, labels_of(other.pod)):
                continue
            if other.name in (status_of(budget).get("disruptedPods") or {}):
                continue
            left[number] -= 1
            if left[number] < 0:
                found.add(other.uid)
    return found


def _started(info: PodInfo) -> float:
    return seconds(status_of(info.pod).get("startTime"))


def _cost(candidate: Candidate) -> tuple[int, int, int, int, float, str]:
    """What the real scheduler minimises, in its order."""
    priorities = [other.priority for other in candidate.victims]
    highest = max(priorities, default=0)
    latest = min((_started(other) for other in candidate.victims if other.priority == highest), default=0.0)
    total = sum(priority + 2**31 for priority in priorities)
    return candidate.violations, highest, total, len(priorities), -latest, candidate.node
