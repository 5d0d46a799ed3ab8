"""Which of the nodes that can take a pod is best: the default profile's scores, weighted and summed."""

import hashlib
import math
from collections.abc import Sequence

from cloudwright.twin.placement import PREFER_NO_SCHEDULE, taints_of, term_matches, tolerates, tolerations_of
from cloudwright.twin.scheduler.affinity import preference
from cloudwright.twin.scheduler.cluster import Cluster, NodeInfo, PodInfo
from cloudwright.twin.scheduler.spread import soft_counts

_TAINTS, _NODE_AFFINITY, _SPREAD, _POD_AFFINITY = 3, 2, 2, 2


def best_node(info: PodInfo, nodes: Sequence[NodeInfo], cluster: Cluster) -> NodeInfo:
    """The node with the highest score; a tie is broken by a hash of pod and node, so that runs repeat."""
    if len(nodes) == 1:
        return nodes[0]
    scores = [_room(info, node) for node in nodes]
    for weight, more in (
        (_TAINTS, _taint_scores(info, nodes)),
        (_NODE_AFFINITY, _node_affinity_scores(info, nodes)),
        (_SPREAD, _spread_scores(info, nodes, cluster)),
        (_POD_AFFINITY, _pod_affinity_scores(info, nodes, cluster)),
    ):
        if more is not None:
            scores = [score + weight * extra for score, extra in zip(scores, more, strict=True)]
    top = max(scores)
    tied = [node for node, score in zip(nodes, scores, strict=True) if score == top]
    return min(tied, key=lambda node: hashlib.blake2b(f"{info.uid}/{node.name}".encode(), digest_size=8).digest())


def _room(info: PodInfo, node: NodeInfo) -> int:
    """LeastAllocated and BalancedAllocation over CPU and memory, each 0 to 100."""
    cpu, memory = node.allocatable.get("cpu", 0), node.allocatable.get("memory", 0)
    if not cpu or not memory:
        return 0
    used_cpu, used_memory = node.score_cpu + info.score_cpu, node.score_memory + info.score_memory
    least = (max(0, cpu - used_cpu) * 100 // cpu + max(0, memory - used_memory) * 100 // memory) // 2
    asked_cpu = node.requested.get("cpu", 0) + info.requests.get("cpu", 0)
    asked_memory = node.requested.get("memory", 0) + info.requests.get("memory", 0)
    deviation = abs(min(1.0, asked_cpu / cpu) - min(1.0, asked_memory / memory)) / 2
    return least + int((1 - deviation) * 100)


def _taint_scores(info: PodInfo, nodes: Sequence[NodeInfo]) -> list[int] | None:
    tolerations = tolerations_of(info.pod)
    bad = [
        sum(
            taint.get("effect") == PREFER_NO_SCHEDULE and not any(tolerates(each, taint) for each in tolerations)
            for taint in taints_of(node.node)
        )
        for node in nodes
    ]
    most = max(bad)
    return [100 - 100 * each // most for each in bad] if most else None


def _node_affinity_scores(info: PodInfo, nodes: Sequence[NodeInfo]) -> list[int] | None:
    affinity = (info.pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    preferred = affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
    if not preferred:
        return None
    sums = [sum(each["weight"] for each in preferred if term_matches(each["preference"], node.node)) for node in nodes]
    most = max(sums)
    return [100 * each // most for each in sums] if most else None


def _spread_scores(info: PodInfo, nodes: Sequence[NodeInfo], cluster: Cluster) -> list[int] | None:
    constraints = soft_counts(info, cluster)
    if not constraints:
        return None
    costs = [0.0] * len(nodes)
    for key, counts in constraints:
        values = [node.labels.get(key) for node in nodes]
        weight = math.log(len({value for value in values if value is not None}) + 2)
        for number, value in enumerate(values):
            if value is not None:
                costs[number] += counts.get(value, 0) * weight
    most, fewest = max(costs), min(costs)
    if most == 0:
        return None
    return [int(100 * (most + fewest - cost) / most) for cost in costs]


def _pod_affinity_scores(info: PodInfo, nodes: Sequence[NodeInfo], cluster: Cluster) -> list[int] | None:
    affinity = info.pod["spec"].get("affinity") or {}
    if not ("podAffinity" in affinity or "podAntiAffinity" in affinity):
        return None
    weights = preference(info, cluster)
    if not weights:
        return None
    sums = [sum(weights.get(pair, 0) for pair in node.labels.items()) for node in nodes]
    most, fewest = max(sums), min(sums)
    return [100 * (each - fewest) // (most - fewest) for each in sums] if most > fewest else None
