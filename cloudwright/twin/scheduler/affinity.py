"""Affinity and anti-affinity between pods."""

from collections import Counter
from collections.abc import Iterable, Mapping

from cloudwright.twin.objects import Raw, selector_matches
from cloudwright.twin.scheduler.cluster import Cluster, NodeInfo, PodInfo

AFFINITY = "node(s) didn't match pod affinity rules"
ANTI_AFFINITY = "node(s) didn't match pod anti-affinity rules"
EXISTING = "node(s) didn't satisfy existing pods anti-affinity rules"

_Place = tuple[str, str]
"""(topology key, value)."""


class PodAffinity:
    """The places that attract or repel one pod, computed once a cycle."""

    def __init__(self, info: PodInfo, cluster: Cluster, excluded: frozenset[str] = frozenset()) -> None:
        self._info = info
        self._excluded = excluded
        self._cluster = cluster
        self._repelled = self._existing_rules()
        self._wanted = self._places(info.affinity, together=True) if info.affinity else Counter()
        self._unwanted = self._places(info.anti_affinity, together=False) if info.anti_affinity else Counter()
        self._alone = (
            bool(info.affinity) and not self._wanted and all(self._matches(term, info, info) for term in info.affinity)
        )

    def verdict(self, node: NodeInfo) -> str | None:
        """Why the node is not allowed, None when it is."""
        labels = node.labels
        if self._info.affinity:
            for term in self._info.affinity:
                key = term["topologyKey"]
                if key not in labels or not (self._wanted[(key, labels[key])] or self._alone):
                    return AFFINITY
        for term in self._info.anti_affinity:
            key = term["topologyKey"]
            if key in labels and self._unwanted[(key, labels[key])]:
                return ANTI_AFFINITY
        if self._repelled and any(self._repelled[(key, value)] for key, value in labels.items()):
            return EXISTING
        return None

    def _existing_rules(self) -> Counter[_Place]:
        found: Counter[_Place] = Counter()
        for other in self._cluster.repelling.values():
            if other.uid in self._excluded:
                continue
            home = self._cluster.nodes.get(other.node)
            for term in other.anti_affinity:
                if home is not None and term["topologyKey"] in home.labels and self._matches(term, other, self._info):
                    found[(term["topologyKey"], home.labels[term["topologyKey"]])] += 1
        return found

    def _places(self, terms: Iterable[Raw], *, together: bool) -> Counter[_Place]:
        """Where matching pods are; `together`: only pods that match every term count."""
        terms = tuple(terms)
        found: Counter[_Place] = Counter()
        for other in self._candidates(terms):
            if other.uid in self._excluded or other.uid == self._info.uid:
                continue
            home = self._cluster.nodes.get(other.node)
            if home is None:
                continue
            hits = [term for term in terms if self._matches(term, self._info, other)]
            if together and len(hits) < len(terms):
                continue
            for term in hits:
                key = term["topologyKey"]
                if key in home.labels:
                    found[(key, home.labels[key])] += 1
        return found

    def _candidates(self, terms: tuple[Raw, ...]) -> list[PodInfo]:
        own_namespace = all(not each.get("namespaces") and each.get("namespaceSelector") is None for each in terms)
        if not own_namespace:
            return list(self._cluster.placed.values())
        pods = self._cluster.pods.in_namespace(self._info.namespace)
        placed = self._cluster.placed
        return [placed[uid] for pod in pods if (uid := pod["metadata"]["uid"]) in placed]

    def _matches(self, term: Raw, owner: PodInfo, pod: PodInfo) -> bool:
        return in_namespaces(term, owner, pod.namespace, self._cluster) and selector_matches(
            term.get("labelSelector"), pod.labels
        )


def in_namespaces(term: Raw, owner: PodInfo, namespace: str, cluster: Cluster) -> bool:
    """Whether an affinity term looks at a namespace."""
    names, selector = term.get("namespaces") or (), term.get("namespaceSelector")
    if not names and selector is None:
        return namespace == owner.namespace
    return namespace in names or (
        selector is not None and selector_matches(selector, cluster.namespace_labels(namespace))
    )


def preference(info: PodInfo, cluster: Cluster) -> Mapping[_Place, int]:
    """Weights of places by the pod's preferred affinity and anti-affinity."""
    affinity = info.pod["spec"].get("affinity") or {}
    preferred = "preferredDuringSchedulingIgnoredDuringExecution"
    weights: Counter[_Place] = Counter()
    for part, sign in (("podAffinity", 1), ("podAntiAffinity", -1)):
        for each in (affinity.get(part) or {}).get(preferred) or ():
            term = each["podAffinityTerm"]
            for other in cluster.placed.values():
                home = cluster.nodes.get(other.node)
                if home is None or term["topologyKey"] not in home.labels:
                    continue
                if in_namespaces(term, info, other.namespace, cluster) and selector_matches(
                    term.get("labelSelector"), other.labels
                ):
                    weights[(term["topologyKey"], home.labels[term["topologyKey"]])] += sign * each["weight"]
    return weights
