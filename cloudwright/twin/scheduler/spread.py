"""Topology spread constraints."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudwright.twin.objects import Raw, controller_of, is_deleting, labels_match, labels_of, selector_matches
from cloudwright.twin.placement import (
    NO_EXECUTE,
    NO_SCHEDULE,
    matches_node,
    taints_of,
    tolerations_of,
    untolerated_taint,
)
from cloudwright.twin.scheduler.cluster import Cluster, NodeInfo, PodInfo

MISMATCH = "node(s) didn't match pod topology spread constraints"
MISSING = MISMATCH + " (missing required label)"
_HOSTNAME, _ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"


@dataclass
class _Constraint:
    key: str
    max_skew: int
    own: int
    minimum: int
    counts: Counter[str]


class TopologySpread:
    """Hard constraints of one pod, with the present counts."""

    def __init__(self, info: PodInfo, cluster: Cluster, excluded: frozenset[str] = frozenset()) -> None:
        raw = [
            each
            for each in info.pod["spec"].get("topologySpreadConstraints") or ()
            if each.get("whenUnsatisfiable", "DoNotSchedule") == "DoNotSchedule"
        ]
        self._constraints = [self._build(each, raw, info, cluster, excluded) for each in raw]

    def _build(
        self, raw: Raw, everything: list[Any], info: PodInfo, cluster: Cluster, excluded: frozenset[str]
    ) -> _Constraint:
        selector = spread_selector(raw, info)
        key = raw["topologyKey"]
        keys = [each["topologyKey"] for each in everything]
        eligible = {
            node.name: node.labels[key]
            for node in cluster.nodes.values()
            if all(each in node.labels for each in keys) and _counts_node(raw, info, node)
        }
        counts: Counter[str] = Counter(dict.fromkeys(eligible.values(), 0))
        for pod in cluster.pods.in_namespace(info.namespace):
            uid = pod["metadata"]["uid"]
            node = cluster.placed[uid].node if uid in cluster.placed and uid not in excluded else ""
            if node in eligible and not is_deleting(pod) and selector_matches(selector, labels_of(pod)):
                counts[eligible[node]] += 1
        minimum = min(counts.values(), default=0)
        if len(counts) < raw.get("minDomains", 1):
            minimum = 0
        own = int(selector_matches(selector, info.labels))
        return _Constraint(key, raw["maxSkew"], own, minimum, counts)

    def verdict(self, node: NodeInfo) -> tuple[str, bool] | None:
        """(why the node is not allowed, whether that could change by preemption), None when it is allowed."""
        for each in self._constraints:
            value = node.labels.get(each.key)
            if value is None:
                return MISSING, False
            if each.counts[value] + each.own - each.minimum > each.max_skew:
                return MISMATCH, True
        return None


def spread_selector(raw: Raw, info: PodInfo) -> dict[str, Any]:
    """A constraint's selector with the values of its `matchLabelKeys`."""
    selector = dict(raw.get("labelSelector") or {})
    extra = {key: info.labels[key] for key in raw.get("matchLabelKeys") or () if key in info.labels}
    return {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), **extra}} if extra else selector


def _counts_node(raw: Raw, info: PodInfo, node: NodeInfo) -> bool:
    if raw.get("nodeAffinityPolicy", "Honor") == "Honor" and not matches_node(info.pod, node.node):
        return False
    if raw.get("nodeTaintsPolicy", "Ignore") == "Honor":
        taint = untolerated_taint(taints_of(node.node), tolerations_of(info.pod), (NO_SCHEDULE, NO_EXECUTE))
        return taint is None
    return True


def soft_counts(info: PodInfo, cluster: Cluster) -> list[tuple[str, Mapping[str, int]]]:
    """For scoring: (topology key, pods by value) of the soft constraints, or of siblings by host and zone."""
    raw = [
        each
        for each in info.pod["spec"].get("topologySpreadConstraints") or ()
        if each.get("whenUnsatisfiable") == "ScheduleAnyway"
    ]
    if raw:
        pods = cluster.pods.in_namespace(info.namespace)
        return [
            (
                each["topologyKey"],
                _by_value(each["topologyKey"], [p for p in pods if _selected(each, info, p)], cluster),
            )
            for each in raw
        ]
    if info.pod["spec"].get("topologySpreadConstraints"):
        return []
    siblings = _siblings(info, cluster)
    return [(key, _by_value(key, siblings, cluster)) for key in (_HOSTNAME, _ZONE)]


def _siblings(info: PodInfo, cluster: Cluster) -> list[Raw]:
    """The pods of the same ReplicaSet or StatefulSet, else those behind the same services."""
    owner = controller_of(info.pod)
    if owner is not None and owner["kind"] in ("ReplicaSet", "StatefulSet", "ReplicationController"):
        return cluster.pods.controlled_by(owner["uid"])
    wanted: dict[str, str] = {}
    for service in cluster.services.in_namespace(info.namespace):
        if labels_match(service["spec"].get("selector"), info.labels):
            wanted |= service["spec"]["selector"]
    return cluster.pods.selected(info.namespace, wanted) if wanted else []


def _selected(raw: Raw, info: PodInfo, pod: Raw) -> bool:
    return not is_deleting(pod) and selector_matches(spread_selector(raw, info), labels_of(pod))


def _by_value(key: str, pods: list[Raw], cluster: Cluster) -> Mapping[str, int]:
    counts: Counter[str] = Counter()
    for pod in pods:
        placed = cluster.placed.get(pod["metadata"]["uid"])
        home = cluster.nodes.get(placed.node) if placed is not None else None
        if home is not None and key in home.labels:
            counts[home.labels[key]] += 1
    return counts
