"""The object graph: who owns, selects, mounts, binds, routes to, runs on, limits and calls whom."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.addresses import addresses, service_name
from cloudwright.diagnosis.graph.endpoints import selected_workloads
from cloudwright.diagnosis.pods import references_of, template_labels
from cloudwright.diagnosis.view import ClusterView, kind_key

Key = tuple[str, str, str]
"""Kind, namespace, name."""


class Relation(StrEnum):
    """What an edge means; `source RELATION target`."""

    OWNS = "owns"
    SELECTS = "selects"
    USES = "uses"
    BINDS = "binds"
    ROUTES = "routes to"
    RUNS_ON = "runs on"
    RUNS_AS = "runs as"
    GRANTS = "grants"
    SCALES = "scales"
    LIMITS = "limits"
    CALLS = "calls"


UPSTREAM = frozenset({Relation.OWNS, Relation.SCALES, Relation.LIMITS, Relation.GRANTS})
"""Relations in which the source is the one that breaks the target; in the others a broken target breaks the source."""


@dataclass(frozen=True)
class Edge:
    """One relation, with the field that states it."""

    source: Key
    relation: Relation
    target: Key
    detail: str = ""


def key_of(ref: ObjectRef) -> Key:
    """The graph key of a reference."""
    return ref.kind, ref.namespace, ref.name


def key(view: ClusterView, obj: Object) -> Key:
    """The graph key of an object."""
    return kind_key(obj), f.namespace(obj), f.name(obj)


class Graph:
    """Edges with both directions indexed. Build one with `build`."""

    def __init__(self, edges: Iterator[Edge]) -> None:
        self.out: dict[Key, list[Edge]] = defaultdict(list)
        self.into: dict[Key, list[Edge]] = defaultdict(list)
        seen: set[tuple[Key, Relation, Key]] = set()
        for edge in edges:
            mark = (edge.source, edge.relation, edge.target)
            if mark not in seen and edge.source != edge.target:
                seen.add(mark)
                self.out[edge.source].append(edge)
                self.into[edge.target].append(edge)

    @property
    def edges(self) -> list[Edge]:
        """All edges."""
        return [edge for items in self.out.values() for edge in items]

    def related(self, node: Key, relation: Relation) -> list[Key]:
        """Targets of a relation."""
        return [edge.target for edge in self.out.get(node, ()) if edge.relation is relation]

    def relating(self, node: Key, relation: Relation) -> list[Key]:
        """Sources of a relation."""
        return [edge.source for edge in self.into.get(node, ()) if edge.relation is relation]

    def victims(self, node: Key) -> Iterator[tuple[Key, Edge]]:
        """Objects that break directly when this one does."""
        for edge in self.out.get(node, ()):
            if edge.relation in UPSTREAM:
                yield edge.target, edge
        for edge in self.into.get(node, ()):
            if edge.relation not in UPSTREAM:
                yield edge.source, edge

    def impact(self, start: Key, depth: int = 8) -> Mapping[Key, tuple[int, Edge | None]]:
        """Everything that a broken object can break: distance and the edge it is reached by."""
        found: dict[Key, tuple[int, Edge | None]] = {start: (0, None)}
        queue = deque([start])
        while queue:
            node = queue.popleft()
            distance = found[node][0]
            if distance >= depth:
                continue
            for victim, edge in self.victims(node):
                if victim not in found:
                    found[victim] = (distance + 1, edge)
                    queue.append(victim)
        return found

    def path(self, start: Key, goal: Key) -> list[Key]:
        """The chain from a broken object to one that suffers; empty where there is none."""
        reach = self.impact(start)
        if goal not in reach:
            return []
        chain = [goal]
        while chain[-1] != start:
            edge = reach[chain[-1]][1]
            if edge is None:
                break
            chain.append(edge.source if edge.target == chain[-1] else edge.target)
        return chain[::-1]

    def neighbours(self, nodes: set[Key], hops: int = 1) -> set[Key]:
        """These nodes and all within some hops, in either direction."""
        found = set(nodes)
        for _ in range(hops):
            for node in list(found):
                found |= {edge.target for edge in self.out.get(node, ())}
                found |= {edge.source for edge in self.into.get(node, ())}
        return found


def build(view: ClusterView) -> Graph:
    """The graph of a snapshot, on the level of workloads; Pods hang below their workload."""
    return Graph(_edges(view))


def graph_of(view: ClusterView) -> Graph:
    """The graph, built once per view."""
    found = view.__dict__.get("_graph")
    if not isinstance(found, Graph):
        found = build(view)
        view.__dict__["_graph"] = found
    return found


def _edges(view: ClusterView) -> Iterator[Edge]:
    yield from _ownership(view)
    yield from _pods(view)
    yield from _services(view)
    yield from _routes(view)
    yield from _gateway_routes(view)
    yield from _configuration(view)
    yield from _storage(view)
    yield from _control(view)
    yield from _grants(view)
    yield from _calls(view)


def _ownership(view: ClusterView) -> Iterator[Edge]:
    for kind in ("ReplicaSet", "Job", "Deployment", "StatefulSet", "DaemonSet"):
        for item in view.of(kind):
            above = view.owner(item)
            if above is not None:
                yield Edge(key(view, above), Relation.OWNS, key(view, item))


def _pods(view: ClusterView) -> Iterator[Edge]:
    for pod in view.of("Pod"):
        node = f.text(pod, "spec", "nodeName")
        own = key(view, pod)
        above = view.owner(pod)
        if above is not None and above.get("kind") != "Node":
            yield Edge(key(view, above), Relation.OWNS, own)
        if node:
            yield Edge(own, Relation.RUNS_ON, ("Node", "", node))
            top = view.top(pod)
            if top is not pod:
                yield Edge(key(view, top), Relation.RUNS_ON, ("Node", "", node))


def _services(view: ClusterView) -> Iterator[Edge]:
    for service in view.of("Service"):
        for item in selected_workloads(view, service):
            yield Edge(key(view, service), Relation.SELECTS, key(view, item), "spec.selector")


def _routes(view: ClusterView) -> Iterator[Edge]:
    for ingress in view.of("Ingress"):
        own, namespace = key(view, ingress), f.namespace(ingress)
        for rule in f.maps(ingress, "spec", "rules"):
            for path in f.maps(rule, "http", "paths"):
                name = f.text(path, "backend", "service", "name")
                if name:
                    yield Edge(own, Relation.ROUTES, ("Service", namespace, name), f.text(rule, "host"))
        if name := f.text(ingress, "spec", "defaultBackend", "service", "name"):
            yield Edge(own, Relation.ROUTES, ("Service", namespace, name))
        for tls in f.maps(ingress, "spec", "tls"):
            if name := f.text(tls, "secretName"):
                yield Edge(own, Relation.USES, ("Secret", namespace, name), "spec.tls")


def _gateway_routes(view: ClusterView) -> Iterator[Edge]:
    for kind in ("HTTPRoute", "GRPCRoute", "TCPRoute"):
        for route in view.of(kind):
            namespace = f.namespace(route)
            for rule in f.maps(route, "spec", "rules"):
                for ref in f.maps(rule, "backendRefs"):
                    target = ("Service", f.text(ref, "namespace") or namespace, f.text(ref, "name"))
                    yield Edge(key(view, route), Relation.ROUTES, target)
            for ref in f.maps(route, "spec", "parentRefs"):
                parent = ("Gateway", f.text(ref, "namespace") or namespace, f.text(ref, "name"))
                yield Edge(key(view, route), Relation.USES, parent)


def _configuration(view: ClusterView) -> Iterator[Edge]:
    for item in view.workloads:
        own, namespace = key(view, item), f.namespace(item)
        for ref in references_of(view, item):
            relation = Relation.RUNS_AS if ref.kind == "ServiceAccount" else Relation.USES
            yield Edge(own, relation, (ref.kind, namespace, ref.name), ref.path)
        for claim in f.maps(item, "spec", "volumeClaimTemplates"):
            for index in range(min(f.integer(item, "spec", "replicas", default=1), 50)):
                name = f"{f.name(claim)}-{f.name(item)}-{index}"
                yield Edge(own, Relation.USES, ("PersistentVolumeClaim", namespace, name), "spec.volumeClaimTemplates")


def _storage(view: ClusterView) -> Iterator[Edge]:
    for claim in view.of("PersistentVolumeClaim"):
        if volume := f.text(claim, "spec", "volumeName"):
            yield Edge(key(view, claim), Relation.BINDS, ("PersistentVolume", "", volume), "spec.volumeName")
        if name := f.text(claim, "spec", "storageClassName"):
            yield Edge(key(view, claim), Relation.USES, ("StorageClass", "", name), "spec.storageClassName")


def _control(view: ClusterView) -> Iterator[Edge]:
    for item in view.of("HorizontalPodAutoscaler"):
        target = f.mapping(item, "spec", "scaleTargetRef")
        where = (f.text(target, "kind"), f.namespace(item), f.text(target, "name"))
        yield Edge(key(view, item), Relation.SCALES, where, "spec.scaleTargetRef")
    for kind, path in (("PodDisruptionBudget", ("spec", "selector")), ("NetworkPolicy", ("spec", "podSelector"))):
        for item in view.of(kind):
            for workload in view.workloads_in(f.namespace(item)):
                if f.matches(f.get(item, *path), template_labels(workload)):
                    yield Edge(key(view, item), Relation.LIMITS, key(view, workload), ".".join(path))


def _grants(view: ClusterView) -> Iterator[Edge]:
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for item in view.of(kind):
            role = (f.text(item, "roleRef", "kind"), f.namespace(item), f.text(item, "roleRef", "name"))
            if role[0] == "ClusterRole":
                role = (role[0], "", role[2])
            yield Edge(role, Relation.GRANTS, key(view, item))
            for subject in f.maps(item, "subjects"):
                if subject.get("kind") == "ServiceAccount":
                    space = f.text(subject, "namespace") or f.namespace(item)
                    account = ("ServiceAccount", space, f.text(subject, "name"))
                    yield Edge(key(view, item), Relation.GRANTS, account)


def _calls(view: ClusterView) -> Iterator[Edge]:
    namespaces = frozenset(f.namespace(item) for item in view.of("Service")) | (view.namespaces or frozenset())
    for item in view.workloads:
        if item.get("kind") == "Pod" and not f.maps(item, "spec", "containers"):
            continue
        own, namespace = key(view, item), f.namespace(item)
        for address in addresses(view, item):
            target = service_name(address.host, namespace, namespaces)
            if target is None:
                continue
            service = view.find("Service", target.namespace, target.service)
            if service is not None:
                yield Edge(own, Relation.CALLS, key(view, service), address.path)
    for call in view.observations.calls:
        yield Edge(key_of(call.client), Relation.CALLS, key_of(call.server), call.source)
