"""From findings to causes: what explains what, along the graph.

A finding explains another if the other's object lies downstream of it (see `Graph.impact`) and its kind is nearer to
the root (`catalog.Tier`). What is explained is folded under its nearest explanation; the rest are causes, ranked.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cloudwright.core.finding import Finding, Severity
from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.catalog import CATALOG, Tier
from cloudwright.diagnosis.graph.graph import Edge, Graph, Key, graph_of, key_of
from cloudwright.diagnosis.health import failing
from cloudwright.diagnosis.model import Alternative, Cause, Link
from cloudwright.diagnosis.timeline import recently_changed
from cloudwright.diagnosis.view import ClusterView

Reach = Mapping[Key, tuple[int, Edge | None]]

ABSORBS: Mapping[str, frozenset[str]] = {
    "image-pull-secret-missing": frozenset({"image-pull-unauthorized"}),
    "image-pull-secret-type": frozenset({"image-pull-unauthorized"}),
    "image-pull-secret-registry": frozenset({"image-pull-unauthorized"}),
    "oom-killed": frozenset({"application-out-of-memory"}),
    "config-map-key-missing": frozenset({"setting-missing"}),
    "secret-key-missing": frozenset({"setting-missing"}),
    "quota-exceeded-services": frozenset({"service-missing", "address-unknown"}),
    "quota-exceeded-storage": frozenset({"claim-missing"}),
    "service-selector-mismatch": frozenset({"webhook-without-endpoints"}),
    "scaled-to-zero": frozenset(
        {"webhook-without-endpoints", "cluster-dns-down", "metrics-server-down", "api-service-unavailable"}
    ),
    "cluster-dns-down": frozenset({"outside-name-unknown", "address-unknown"}),
    "cluster-dns-rule": frozenset({"outside-name-unknown", "address-unknown"}),
    "dns-policy-wrong": frozenset({"address-unknown", "outside-name-unknown"}),
    "dns-server-wrong": frozenset({"address-unknown", "outside-name-unknown"}),
    "network-policy-blocks-dns": frozenset({"address-unknown", "outside-name-unknown"}),
    "autoscaler-no-requests": frozenset({"autoscaler-no-metrics"}),
    "metrics-server-down": frozenset({"autoscaler-no-metrics", "api-service-unavailable"}),
    "api-service-unavailable": frozenset({"namespace-stuck-terminating"}),
    "service-missing": frozenset({"webhook-service-missing", "external-name-unknown"}),
    "certificate-expired": frozenset({"tls-certificate-expired-seen"}),
    "configuration-broken": frozenset(
        {"oom-killed", "slow-start-without-startup-probe", "liveness-probe-too-aggressive"}
    ),
    "node-conntrack-full": frozenset({"node-problem"}),
    "node-packet-loss": frozenset({"node-network-latency", "slow-responses"}),
    "node-network-latency": frozenset({"slow-responses"}),
    "kubelet-stopped": frozenset({"node-not-ready", "node-network-latency"}),
    "container-runtime-stopped": frozenset({"kubelet-stopped", "node-not-ready"}),
    "controller-manager-stopped": frozenset({"endpoints-not-published", "controllers-stalled", "scheduler-silent"}),
    "claim-storage-class-missing": frozenset({"no-default-storage-class"}),
    "rollout-without-safety": frozenset(),
    "admission-rewrites-pods": frozenset(
        {"oom-killed", "image-not-found", "command-not-found", "insufficient-cpu", "insufficient-memory"}
    ),
    "limit-range-default-too-low": frozenset({"oom-killed", "admission-rewrites-pods"}),
    "node-name-pinned": frozenset({"kubelet-refuses-pod", "node-not-ready"}),
    "etcd-space-exceeded": frozenset({"pods-refused"}),
    "cron-blocked": frozenset({"cron-missed", "cron-piling-up"}),
    "service-selector-missing": frozenset({"service-port-mismatch"}),
    "service-port-name-unknown": frozenset({"endpoints-not-published"}),
}
"""Kinds that explain others of their own tier on the same or a downstream object."""


@dataclass(frozen=True)
class _Node:
    finding: Finding
    tier: Tier
    reach: Reach
    """What the object and those that it is known to affect can break."""
    own: Reach
    """What the object alone can break."""


def rank(view: ClusterView, findings: Sequence[Finding]) -> tuple[list[Cause], list[Finding], list[Alternative]]:
    """Causes best first, findings that are notes, and explanations that were ruled out."""
    notes = [item for item in findings if CATALOG[item.kind].tier is Tier.ADVICE or item.severity is Severity.INFO]
    serious = [
        item for item in findings if not (CATALOG[item.kind].tier is Tier.ADVICE or item.severity is Severity.INFO)
    ]
    nodes = [_node(view, item) for item in _merged(serious)]
    parents = _fold(nodes)
    children: dict[int, list[int]] = defaultdict(list)
    for child, parent in parents.items():
        children[_root(parents, parent)].append(child)
    causes = [_cause(view, nodes, index, children[index]) for index in range(len(nodes)) if index not in parents]
    causes.sort(key=lambda item: (-item.score, str(item.object)))
    ruled_out = [
        Alternative(
            kind=nodes[child].finding.kind, claim=nodes[child].finding.claim, object=nodes[child].finding.object,
            reason=f"explained by {CATALOG[nodes[_root(parents, child)].finding.kind].title.lower()} ({nodes[_root(parents, child)].finding.object})",
        )
        for child in parents if nodes[child].tier is not Tier.SYMPTOM
    ]  # fmt: skip
    return _with_alternatives(causes), notes, ruled_out


def _merged(findings: Sequence[Finding]) -> list[Finding]:
    """Findings that say the same of the same field, merged."""
    found: dict[tuple[str, str, str], Finding] = {}
    for item in findings:
        mark = (item.kind, str(item.object), item.field if item.kind.startswith(("quota", "webhook")) else "")
        before = found.get(mark)
        if before is None:
            found[mark] = item
        else:
            best = max(before, item, key=lambda one: (one.severity.rank, one.confidence, len(one.remedies)))
            victims = tuple(dict.fromkeys([*before.affected, *item.affected]))
            found[mark] = best.model_copy(
                update={
                    "affected": victims,
                    "evidence": best.evidence + tuple(e for e in item.evidence if e not in best.evidence)[:2],
                }
            )
    return list(found.values())


def _node(view: ClusterView, finding: Finding) -> _Node:
    graph = graph_of(view)
    own = key_of(finding.object)
    alone = graph.impact(own)
    reach: dict[Key, tuple[int, Edge | None]] = dict(alone)
    for victim in finding.affected:
        for where, (distance, edge) in graph.impact(key_of(victim)).items():
            if where not in reach or reach[where][0] > distance + 1:
                reach[where] = distance + 1, edge
    reach[own] = 0, None
    return _Node(finding, CATALOG[finding.kind].tier, reach, alone)


def _fold(nodes: list[_Node]) -> dict[int, int]:
    """Parent of every finding that another one explains."""
    parents: dict[int, int] = {}
    order = sorted(range(len(nodes)), key=lambda index: -nodes[index].tier)
    for child in order:
        options = [(_distance(nodes[parent], nodes[child]), parent) for parent in range(len(nodes)) if parent != child]
        valid = [(distance, parent) for distance, parent in options if distance is not None]
        if not valid:
            continue
        best = min(valid, key=lambda item: (item[0], nodes[item[1]].tier, -_weight(nodes[item[1]].finding), item[1]))[1]
        if not _cyclic(parents, child, best):
            parents[child] = best
    return parents


def _may_absorb(parent: Finding, child: Finding) -> bool:
    """A setting that broke one of its readers does not explain what another reader suffers from."""
    return parent.kind != "configuration-broken" or child.object in parent.affected


def _distance(parent: _Node, child: _Node) -> int | None:
    """How far below the parent the child lies; None where the parent does not explain it."""
    where = key_of(child.finding.object)
    if where not in parent.reach:
        return None
    distance = parent.reach[where][0]
    if distance and parent.finding.kind in LOCAL and child.finding.kind != "requests-failing":
        return None
    if (
        parent.finding.kind == "edited-again-and-again"
        and distance == 1
        and child.finding.object in parent.finding.affected
    ):
        return distance
    if child.finding.kind in ABSORBS.get(parent.finding.kind, ()) and _may_absorb(parent.finding, child.finding):
        return distance
    if parent.tier >= child.tier:
        return _same_tier(parent, child, distance)
    if distance == 0 and parent.tier is Tier.CONDITION and child.tier is Tier.SYMPTOM:
        return 0
    return distance


LOCAL = frozenset(
    {
        "cpu-throttled",
        "memory-near-limit",
        "slow-responses",
        "rollout-without-safety",
        "stuck-terminating",
        "cron-last-failed",
        "evicted-node-pressure",
    }
)
"""Conditions that explain symptoms of their own object only (how slow things spread is judged by their metrics)."""


def _same_tier(parent: _Node, child: _Node, distance: int) -> int | None:
    """Within a tier, only what lies strictly upstream explains; never a fault another fault."""
    if parent.tier != child.tier or parent.tier is Tier.FAULT or child.finding.kind in LOCAL:
        return None
    if distance == 0:
        stronger = _weight(parent.finding) > _weight(child.finding)
        return 0 if stronger else None
    return distance if key_of(parent.finding.object) not in child.own else None


def _weight(finding: Finding) -> float:
    return CATALOG[finding.kind].specificity + finding.confidence


def _cyclic(parents: Mapping[int, int], child: int, parent: int) -> bool:
    while parent in parents:
        parent = parents[parent]
        if parent == child:
            return True
    return parent == child


def _root(parents: Mapping[int, int], index: int) -> int:
    while index in parents:
        index = parents[index]
    return index


def _cause(view: ClusterView, nodes: list[_Node], index: int, explained: list[int]) -> Cause:
    node, finding = nodes[index], nodes[index].finding
    kind = CATALOG[finding.kind]
    below = sorted(explained, key=lambda child: node.reach.get(key_of(nodes[child].finding.object), (9, None))[0])
    suffering = list(dict.fromkeys([*finding.affected, *(nodes[child].finding.object for child in below)]))
    suffering = [item for item in suffering if item != finding.object]
    hurt = _hurts(view, finding, [nodes[child].finding for child in below])
    confidence = min(
        0.99,
        finding.confidence * (1.0 if hurt or finding.severity.rank >= Severity.ERROR.rank else 0.7)
        + 0.02 * min(len(below), 4),
    )
    return Cause(
        kind=finding.kind,
        title=kind.title,
        claim=finding.claim,
        object=finding.object,
        field=finding.field,
        severity=finding.severity,
        confidence=round(confidence, 2),
        evidence=finding.evidence,
        predicates=finding.predicates,
        chain=_chain(view, node, [nodes[child].finding for child in below]),
        symptoms=tuple(suffering[:40]),
        explains=tuple(dict.fromkeys(nodes[child].finding.claim for child in below))[:20],
        affected=finding.affected,
        remedies=finding.remedies,
        unseen=finding.unseen,
        score=_score(view, node, len(below), hurt),
    )


def _hurts(view: ClusterView, finding: Finding, below: Sequence[Finding]) -> bool:
    if below:
        return True
    objects = [view.lookup(item) for item in (finding.object, *finding.affected[:20])]
    return any(
        item is not None and f.text(item, "kind") not in ("Pod", "Job") and failing(view, item) for item in objects
    )


_TIER_SCORE = {Tier.FAULT: 3.0, Tier.CONDITION: 2.0, Tier.SYMPTOM: 1.0, Tier.ADVICE: 0.0}
_SEVERITY_SCORE = {Severity.CRITICAL: 0.7, Severity.ERROR: 0.5, Severity.WARNING: -0.5, Severity.INFO: -2.0}


def _score(view: ClusterView, node: _Node, explained: int, hurt: bool) -> float:
    finding = node.finding
    return (
        _TIER_SCORE[node.tier]
        + CATALOG[finding.kind].specificity
        + finding.confidence
        + _SEVERITY_SCORE[finding.severity]
        + 0.3 * math.log2(1 + explained)
        + (1.0 if hurt else 0.0)
        + (0.2 if recently_changed(view, finding.object) else 0.0)
    )


def _chain(view: ClusterView, node: _Node, below: Sequence[Finding]) -> tuple[Link, ...]:
    """The cause, and on the way to the farthest symptom one link per object, with what is wrong there."""
    links = [Link(object=node.finding.object, text=node.finding.claim)]
    if not below:
        return tuple(links)
    graph: Graph = graph_of(view)
    said = {key_of(item.object): item for item in reversed(below)}
    farthest = max(below, key=lambda item: node.reach.get(key_of(item.object), (0, None))[0])
    path = graph.path(key_of(node.finding.object), key_of(farthest.object))
    for where in path[1:] or [key_of(item.object) for item in below[:3]]:
        obj = view.find(*where)
        ref = view.ref(obj) if obj is not None else ObjectRef(kind=where[0], namespace=where[1], name=where[2])
        told = said.get(where)
        text = told.claim if told is not None else f"{ref.kind} {ref.name} depends on it"
        if ref != links[-1].object or told is not None:
            links.append(Link(object=ref, text=text))
    return tuple(links)


def _with_alternatives(causes: list[Cause]) -> list[Cause]:
    """Other causes on the same objects are each other's alternatives."""
    result = []
    for item in causes:
        mine = {item.object, *item.affected}
        others = [
            Alternative(kind=one.kind, claim=one.claim, object=one.object, reason=f"less likely (score {one.score:.1f} against {item.score:.1f})")
            for one in causes if one is not item and one.score < item.score and ({one.object, *one.affected} & mine)
        ]  # fmt: skip
        result.append(item.model_copy(update={"alternatives": tuple(others[:3])}))
    return result
