"""Why a Pod fits on no node: the scheduler's filters, evaluated on the snapshot.

The filters are those of kube-scheduler's default plugins (NodeUnschedulable, TaintToleration, NodeAffinity,
NodeResourcesFit, NodePorts, InterPodAffinity, PodTopologySpread, VolumeBinding).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.pods import containers, finished, requests
from cloudwright.diagnosis.view import ClusterView, template_of


class Filter(StrEnum):
    """What can keep a Pod off a node."""

    CORDON = "cordoned"
    NOT_READY = "not ready"
    TAINT = "taint"
    NODE_NAME = "node name"
    SELECTOR = "node selector"
    AFFINITY = "node affinity"
    CPU = "cpu"
    MEMORY = "memory"
    PODS = "pods"
    RESOURCE = "resource"
    HOST_PORT = "host port"
    ANTI_AFFINITY = "pod anti-affinity"
    POD_AFFINITY = "pod affinity"
    SPREAD = "topology spread"
    VOLUME = "volume node affinity"


CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
UNREADY_TAINTS = frozenset({
    "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/memory-pressure", "node.kubernetes.io/pid-pressure", "node.kubernetes.io/network-unavailable",
    "node.cloudprovider.kubernetes.io/uninitialized", "node.kubernetes.io/out-of-service",
})  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What keeps a Pod off one node; `details` say more for each filter."""

    node: Object
    filters: frozenset[Filter]
    details: Mapping[Filter, str]


def pod_spec_of(view: ClusterView, pod: Object) -> Object:
    """The Pod's spec, with what a description of it may lack filled in from its workload."""
    spec = f.mapping(pod, "spec")
    template = f.mapping(template_of(view.top(pod)), "spec")
    extra = {
        key: template[key] for key in ("affinity", "topologySpreadConstraints") if key in template and key not in spec
    }
    return {**spec, **extra} if extra else spec


def verdicts(view: ClusterView, pod: Object) -> list[Verdict]:
    """The filters that each node fails for this Pod."""
    spec = pod_spec_of(view, pod)
    wanted = requests(pod)
    spread = _blocked_domains(view, pod, spec)
    return [_verdict(view, pod, spec, wanted, node, spread) for node in view.of("Node")]


def _verdict(
    view: ClusterView, pod: Object, spec: Object, wanted: Mapping[str, float], node: Object, spread: "_Domains"
) -> Verdict:
    found: dict[Filter, str] = {}
    # The kubelet keeps this label up to date even where somebody removed it by hand.
    on = {"kubernetes.io/hostname": f.name(node), **f.labels(node, "metadata", "labels")}
    if f.get(node, "spec", "unschedulable") is True and not tolerates(
        spec, {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    ):
        found[Filter.CORDON] = "spec.unschedulable"
    for taint in f.maps(node, "spec", "taints"):
        key = f.text(taint, "key")
        if (
            taint.get("effect") not in ("NoSchedule", "NoExecute")
            or key == "node.kubernetes.io/unschedulable"
            or tolerates(spec, taint)
        ):
            continue
        found.setdefault(
            Filter.NOT_READY if key in UNREADY_TAINTS else Filter.TAINT,
            key + (f"={taint['value']}" if taint.get("value") else ""),
        )
    wrong = [f"{key}={value}" for key, value in f.mapping(spec, "nodeSelector").items() if on.get(key) != value]
    if wrong:
        found[Filter.SELECTOR] = ", ".join(wrong)
    required = f.get(spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    if required is not None and not _node_terms(required, node):
        found[Filter.AFFINITY] = "required node affinity"
    found.update(dict(_resources(view, wanted, node)))
    if detail := _host_ports(view, pod, node):
        found[Filter.HOST_PORT] = detail
    for name, (key, values) in spread.items():
        if on.get(key) in values or (name is not Filter.ANTI_AFFINITY and key not in on):
            found[name] = key
    if detail := _volumes(view, pod, node):
        found[Filter.VOLUME] = detail
    return Verdict(node, frozenset(found), found)


def tolerates(spec: Object, taint: Object) -> bool:
    for item in f.maps(spec, "tolerations"):
        key, effect = f.text(item, "key"), f.text(item, "effect")
        if key and key != f.text(taint, "key"):
            continue
        if effect and effect != f.text(taint, "effect"):
            continue
        if item.get("operator") == "Exists" or f.text(item, "value") == f.text(taint, "value"):
            return True
    return False


def _node_terms(required: Object, node: Object) -> bool:
    on = f.labels(node, "metadata", "labels")
    by_field = {"metadata.name": f.name(node)}
    for term in f.maps(required, "nodeSelectorTerms"):
        expressions, by_name = f.maps(term, "matchExpressions"), f.maps(term, "matchFields")
        if not expressions and not by_name:
            continue
        if f.matches({"matchExpressions": expressions}, on) and f.matches({"matchExpressions": by_name}, by_field):
            return True
    return False


def used(view: ClusterView, node: str) -> Counter[str]:
    """Requests of the Pods on a node."""
    cache: dict[str, Counter[str]] = view.__dict__.setdefault("_used_by_node", {})
    if node not in cache:
        total: Counter[str] = Counter()
        for pod in view.pods_on(node):
            if not finished(pod):
                total.update(requests(pod))
                total["pods"] += 1
        cache[node] = total
    return cache[node]


def _resources(view: ClusterView, wanted: Mapping[str, float], node: Object) -> Iterator[tuple[Filter, str]]:
    room = f.mapping(node, "status", "allocatable") or f.mapping(node, "status", "capacity")
    if not room:
        return
    taken = used(view, f.name(node))
    if f.amount(room, "pods") and taken["pods"] + 1 > f.amount(room, "pods"):
        yield Filter.PODS, f"{taken['pods']:.0f} of {f.amount(room, 'pods'):.0f} pods"
    for key, value in wanted.items():
        free = f.amount(room, key) - taken[key]
        if value <= 0 or value <= free:
            continue
        name = {"cpu": Filter.CPU, "memory": Filter.MEMORY}.get(key, Filter.RESOURCE)
        show = f.cores if key == "cpu" else f.size
        yield name, f"{key}: wants {show(value)}, {show(max(free, 0))} free of {show(f.amount(room, key))}"


def host_ports(pod: Object) -> set[tuple[int, str]]:
    """Host ports that a Pod binds."""
    return {
        (f.integer(port, "hostPort"), f.text(port, "protocol") or "TCP")
        for item in containers(pod) for port in f.maps(item.spec, "ports") if f.integer(port, "hostPort")
    }  # fmt: skip


def _host_ports(view: ClusterView, pod: Object, node: Object) -> str:
    wanted = host_ports(pod)
    if not wanted:
        return ""
    for other in view.pods_on(f.name(node)):
        shared = wanted & host_ports(other)
        if shared and not finished(other):
            return f"{min(shared)[0]} is taken by Pod {f.name(other)} in {f.namespace(other)}"
    return ""


_Domains = Mapping[Filter, tuple[str, frozenset[str]]]


def _blocked_domains(view: ClusterView, pod: Object, spec: Object) -> _Domains:
    """Topology key and the blocked values, for each inter-pod filter that this Pod has."""
    found: dict[Filter, tuple[str, frozenset[str]]] = {}
    nodes = {f.name(node): f.labels(node, "metadata", "labels") for node in view.of("Node")}
    own = f.labels(pod, "metadata", "labels")
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    for term in f.maps(spec, "affinity", "podAntiAffinity", required):
        key = f.text(term, "topologyKey")
        found[Filter.ANTI_AFFINITY] = key, frozenset(_domains(view, pod, term, key, nodes))
    for term in f.maps(spec, "affinity", "podAffinity", required):
        key = f.text(term, "topologyKey")
        good = set(_domains(view, pod, term, key, nodes))
        if not good and f.matches(term.get("labelSelector"), own) and not _namespaced(term, pod):
            continue
        everywhere = {labels[key] for labels in nodes.values() if key in labels}
        found[Filter.POD_AFFINITY] = key, frozenset(everywhere - good)
    for rule in f.maps(spec, "topologySpreadConstraints"):
        if rule.get("whenUnsatisfiable") == "ScheduleAnyway":
            continue
        key = f.text(rule, "topologyKey")
        counts: Counter[str] = Counter({labels[key]: 0 for labels in nodes.values() if key in labels})
        counts.update(_domains(view, pod, rule, key, nodes))
        if not counts:
            found[Filter.SPREAD] = key, frozenset()
            continue
        least, skew = min(counts.values()), max(f.integer(rule, "maxSkew", default=1), 1)
        blocked = frozenset(value for value, count in counts.items() if count + 1 - least > skew)
        if blocked:
            found[Filter.SPREAD] = key, blocked
    return found


def _namespaced(term: Object, pod: Object) -> bool:
    spaces = f.strings(term, "namespaces")
    return bool(spaces) and f.namespace(pod) not in spaces


def _domains(
    view: ClusterView, pod: Object, term: Object, key: str, nodes: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    """Topology values of the nodes that run matching Pods, one for each Pod."""
    spaces = f.strings(term, "namespaces") or [f.namespace(pod)]
    if "namespaceSelector" in term:
        spaces = sorted({f.namespace(item) for item in view.of("Pod")})
    for space in spaces:
        for other in view.within("Pod", space):
            node = f.text(other, "spec", "nodeName")
            if other is pod or finished(other) or not node:
                continue
            value = nodes.get(node, {}).get(key)
            if value is not None and f.matches(term.get("labelSelector"), f.labels(other, "metadata", "labels")):
                yield value


def _volumes(view: ClusterView, pod: Object, node: Object) -> str:
    for volume in f.maps(pod, "spec", "volumes"):
        claim = view.find(
            "PersistentVolumeClaim", f.namespace(pod), f.text(volume, "persistentVolumeClaim", "claimName")
        )
        if claim is None:
            continue
        bound = view.find("PersistentVolume", "", f.text(claim, "spec", "volumeName"))
        required = f.get(bound, "spec", "nodeAffinity", "required")
        if bound is not None and required and not _node_terms(required, node):
            return f"PersistentVolume {f.name(bound)} is not reachable from this node"
    return ""


@dataclass(frozen=True)
class Diagnosis:
    """The filter whose change admits the Pod to the most nodes, what it keeps out, and every node's verdict."""

    decisive: Filter | None
    admits: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    together: tuple[Filter, ...] = ()
    """Filters that have to change together, where no single one suffices."""

    def table(self) -> str:
        """Filters with the number of nodes they remove, as the scheduler writes it."""
        count: Counter[str] = Counter(item for one in self.verdicts for item in one.filters)
        return ", ".join(f"{name} removes {number}" for name, number in count.most_common())


_ORDER = [Filter.SELECTOR, Filter.AFFINITY, Filter.ANTI_AFFINITY, Filter.POD_AFFINITY, Filter.SPREAD, Filter.HOST_PORT,
          Filter.VOLUME, Filter.MEMORY, Filter.CPU, Filter.RESOURCE, Filter.TAINT, Filter.CORDON, Filter.NOT_READY, Filter.PODS]  # fmt: skip


def diagnose(view: ClusterView, pod: Object) -> Diagnosis:
    """Which single change would let the Pod be placed; where none would, the smallest set that does for some node."""
    found = verdicts(view, pod)
    single: dict[Filter, list[str]] = defaultdict(list)
    for one in found:
        if len(one.filters) == 1:
            single[next(iter(one.filters))].append(f.name(one.node))
    if intended := _intended(found):
        # A selector that fits some node says where the Pod is meant to be; relaxing it would not be a repair.
        single = {name: [node for node in names if node in intended] for name, names in single.items()}
        single = defaultdict(list, {name: names for name, names in single.items() if names})
    if single:
        workers = {f.name(one.node) for one in found if not _control_plane(one.node)}
        best = max(single, key=lambda item: (len(workers & set(single[item])), len(single[item]), -_ORDER.index(item)))
        return Diagnosis(best, tuple(single[best]), tuple(found))
    blocked = [one for one in found if one.filters and (not intended or f.name(one.node) in intended)]
    if any(not one.filters for one in found) or not blocked:
        return Diagnosis(None, (), tuple(found))
    closest = min(blocked, key=lambda one: (len(one.filters), _control_plane(one.node)))
    count: Counter[Filter] = Counter(item for one in found if not _control_plane(one.node) for item in one.filters)
    first = sorted(closest.filters, key=lambda item: (-count[item], _ORDER.index(item)))
    return Diagnosis(first[0], (f.name(closest.node),), tuple(found), tuple(first))


def _intended(found: list[Verdict]) -> set[str]:
    """Nodes that the Pod's selector and required affinity name, if they rule out others."""
    names = {f.name(one.node) for one in found if not {Filter.SELECTOR, Filter.AFFINITY} & one.filters}
    return names if 0 < len(names) < len(found) else set()


def _control_plane(node: Object) -> bool:
    on = f.labels(node, "metadata", "labels")
    return any(key in on for key in CONTROL_PLANE) or on.get("kubernetes.io/role") in ("master", "control-plane")
