"""What objects name: the links of a raw object, and who is related to whom along them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cloudwright.agents.language.understanding import Link, Named, Relation, Vocabulary
from cloudwright.tools.kubernetes import facts

_SELECTING = ("Service", "PodDisruptionBudget", "NetworkPolicy")
_CLUSTER_WIDE = frozenset(
    ("Node", "PersistentVolume", "StorageClass", "PriorityClass", "ClusterRole", "IngressClass", "Namespace")
)
Key = tuple[str, str, str]
"""Kind, namespace, name."""


def links_of(item: Mapping[str, Any]) -> Iterator[Link]:
    """What an object names by its specification: configuration, claims, accounts, backends, what it scales and grants."""
    own = str(facts.dig(item, "metadata", "namespace") or "")
    named = _NAMING.get(str(item.get("kind")), _workload)(item)
    for relation, kind, name, namespace in named:
        if name:
            place = "" if kind in _CLUSTER_WIDE else own if namespace is None else namespace
            yield Link(relation=relation, kind=kind, name=str(name), namespace=place)


_Named = Iterator[tuple[Relation, str, Any, str | None]]
"""Relation, kind, name, and the namespace where it is not the object's own."""


def _workload(item: Mapping[str, Any]) -> _Named:
    for kind, name in _used(facts.pod_spec(item)):
        yield Relation.USES, kind, name, None


def _ingress(item: Mapping[str, Any]) -> _Named:
    spec = item.get("spec") or {}
    for name in _backends(spec):
        yield Relation.ROUTES, "Service", name, None
    for entry in facts.maps(spec, "tls"):
        yield Relation.USES, "Secret", entry.get("secretName"), None
    yield Relation.USES, "IngressClass", spec.get("ingressClassName"), None


def _volume(item: Mapping[str, Any]) -> _Named:
    spec = item.get("spec") or {}
    yield Relation.USES, "PersistentVolume", spec.get("volumeName"), None
    yield Relation.USES, "StorageClass", spec.get("storageClassName"), None


def _autoscaler(item: Mapping[str, Any]) -> _Named:
    target = facts.dig(item, "spec", "scaleTargetRef") or {}
    yield Relation.SCALES, str(target.get("kind")), target.get("name"), None


def _binding(item: Mapping[str, Any]) -> _Named:
    role = item.get("roleRef") or {}
    yield Relation.GRANTS, str(role.get("kind")), role.get("name"), None
    for subject in facts.maps(item, "subjects"):
        yield Relation.GRANTS, str(subject.get("kind")), subject.get("name"), str(subject.get("namespace") or "")


_NAMING: Mapping[str, Callable[[Mapping[str, Any]], _Named]] = {
    "Ingress": _ingress,
    "PersistentVolumeClaim": _volume,
    "PersistentVolume": _volume,
    "HorizontalPodAutoscaler": _autoscaler,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
}


def _used(pod: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for volume in facts.maps(pod, "volumes"):
        sources = [volume, *facts.maps(volume, "projected", "sources")]
        for source in sources:
            yield "ConfigMap", facts.dig(source, "configMap", "name")
            yield "Secret", facts.dig(source, "secret", "secretName") or facts.dig(source, "secret", "name")
        yield "PersistentVolumeClaim", facts.dig(volume, "persistentVolumeClaim", "claimName")
    for group in ("initContainers", "containers"):
        for container in facts.maps(pod, group):
            for source in facts.maps(container, "envFrom"):
                yield "ConfigMap", facts.dig(source, "configMapRef", "name")
                yield "Secret", facts.dig(source, "secretRef", "name")
            for variable in facts.maps(container, "env"):
                yield "ConfigMap", facts.dig(variable, "valueFrom", "configMapKeyRef", "name")
                yield "Secret", facts.dig(variable, "valueFrom", "secretKeyRef", "name")
    for entry in facts.maps(pod, "imagePullSecrets"):
        yield "Secret", entry.get("name")
    yield "ServiceAccount", pod.get("serviceAccountName")
    yield "PriorityClass", pod.get("priorityClassName")


def _backends(spec: Mapping[str, Any]) -> Iterator[Any]:
    yield facts.dig(spec, "defaultBackend", "service", "name")
    for rule in facts.maps(spec, "rules"):
        for path in facts.maps(rule, "http", "paths"):
            yield facts.dig(path, "backend", "service", "name")


@dataclass(frozen=True)
class Links:
    """Who points at whom, over all objects of a vocabulary."""

    vocabulary: Vocabulary

    @cached_property
    def _objects(self) -> Mapping[Key, Named]:
        return {_key(item): item for item in self.vocabulary.objects}

    @cached_property
    def _forward(self) -> Mapping[Key, tuple[tuple[Relation, Key], ...]]:
        found: dict[Key, list[tuple[Relation, Key]]] = {key: [] for key in self._objects}
        for key, item in self._objects.items():
            found[key] += [(link.relation, (link.kind, link.namespace, link.name)) for link in item.links]
            if item.node:
                found[key].append((Relation.RUNS_ON, ("Node", "", item.node)))
            kind, _, name = item.owner.partition("/")
            owner = (kind, item.ref.namespace, name)
            if owner in found:
                found[owner].append((Relation.OWNS, key))
        for item in self.vocabulary.objects:
            if item.ref.kind in _SELECTING and item.selector:
                found[_key(item)] += [(Relation.ROUTES, _key(other)) for other in self._selected(item)]
        return {key: tuple(edges) for key, edges in found.items()}

    @cached_property
    def _backward(self) -> Mapping[Key, tuple[tuple[Relation, Key], ...]]:
        found: dict[Key, list[tuple[Relation, Key]]] = {}
        for key, edges in self._forward.items():
            for relation, other in edges:
                found.setdefault(other, []).append((relation, key))
        return {key: tuple(edges) for key, edges in found.items()}

    @cached_property
    def _labelled(self) -> Mapping[str, list[Named]]:
        """Pods and what makes them, by namespace."""
        found: dict[str, list[Named]] = {}
        for item in self.vocabulary.objects:
            if item.ref.kind == "Pod" or item.pod_labels:
                found.setdefault(item.ref.namespace, []).append(item)
        return found

    def _selected(self, item: Named) -> list[Named]:
        """Pods, and workloads by the labels that their pods get."""
        wanted = item.selector.items()
        return [
            other
            for other in self._labelled.get(item.ref.namespace, ())
            if all((other.pod_labels if other.pod_labels else other.labels).get(key) == value for key, value in wanted)
        ]

    def related(self, item: Named, kind: str) -> list[Named]:
        """The nearest objects of a kind that point at an object, or that it points at, over any number of steps."""
        return self._closest(item, kind, self._backward) or self._closest(item, kind, self._forward)

    def pointing_at(self, item: Named, relation: Relation) -> list[Named]:
        """Those that point at an object by a relation; what an owner of them points at too is left out."""
        found = [self._objects[key] for one, key in self._backward.get(_key(item), ()) if one is relation]
        owners = {(other.ref.kind, other.ref.name) for other in found}
        return [other for other in found if tuple(self._top(other).split("/", 1)) not in owners]

    def pointed_at(self, item: Named, relation: Relation) -> list[Named]:
        """Those that an object points at by a relation."""
        keys = [key for one, key in self._forward.get(_key(item), ()) if one is relation]
        return [self._objects[key] for key in keys if key in self._objects]

    def _top(self, item: Named) -> str:
        owner = item.owner
        for _ in range(3):
            kind, _, name = owner.partition("/")
            above = self._objects.get((kind, item.ref.namespace, name))
            if above is None or not above.owner:
                break
            owner = above.owner
        return owner

    def _closest(self, item: Named, kind: str, edges: Mapping[Key, tuple[tuple[Relation, Key], ...]]) -> list[Named]:
        level, seen = [_key(item)], {_key(item)}
        while level:
            following = dict.fromkeys(
                other
                for key in level
                for _, other in edges.get(key, ())
                if other not in seen and other in self._objects
            )
            hits = [self._objects[key] for key in following if key[0] == kind]
            if hits:
                return hits
            seen.update(following)
            level = list(following)
        return []


def _key(item: Named) -> Key:
    return item.ref.kind, item.ref.namespace, item.ref.name
