"""What a deletion takes along, what it breaks and what holds it up. Pure functions over lists of objects."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cloudwright.core.change import Impact
from cloudwright.core.refs import ObjectRef
from cloudwright.tools.kubernetes.facts import dig
from cloudwright.tools.kubernetes.moved import OWNED_KINDS, PODS, SERVICES, Json, Moved, World
from cloudwright.tools.kubernetes.objects import (
    finished,
    labels_of,
    matches,
    name_of,
    names,
    pod_template,
    ready,
    ref_of,
)


def deletion(item: Moved, world: World) -> Iterator[Impact]:
    """What garbage collection takes along, finalizers, and what the kind of the deleted object means."""
    if item.action != "delete":
        return
    finalizers = dig(item.before, "metadata", "finalizers") or []
    if finalizers:
        yield Impact(
            level="warning", text=f"{item.ref} stays until {', '.join(finalizers)} is done with it (finalizers)."
        )
    taken = owned(item.before, world)
    if taken and item.propagation == "Orphan":
        yield Impact(level="warning", text=f"{len(taken)} owned objects stay without an owner: {_counts(taken)}.")
    elif taken:
        yield Impact(
            level="danger",
            text=f"Garbage collection takes along {_counts(taken)}.",
            refs=tuple(ref_of(obj) for obj in taken[:50]),
        )
    yield from (_DELETED[item.ref.kind](item, world) if item.ref.kind in _DELETED else ())


def owned(obj: Json, world: World) -> list[Json]:
    """Everything that garbage collection deletes with an object, level by level.

    Only the kinds that controllers usually make are looked through.
    """
    namespace = str(dig(obj, "metadata", "namespace") or "")
    found: list[Json] = []
    seen = {str(dig(obj, "metadata", "uid") or "")}
    frontier = seen
    while frontier:
        level = [
            item
            for kind in OWNED_KINDS
            for item in world.items(kind, namespace) or []
            if str(dig(item, "metadata", "uid")) not in seen and _only_owned_by(item, frontier | seen)
        ]
        frontier = {str(dig(item, "metadata", "uid")) for item in level}
        seen = seen | frontier
        found += level
    return found


def _only_owned_by(item: Json, uids: set[str]) -> bool:
    owners = dig(item, "metadata", "ownerReferences") or []
    return bool(owners) and all(owner.get("uid") in uids for owner in owners)


def _counts(items: Sequence[Json]) -> str:
    counts: dict[str, int] = {}
    for item in items:
        kind = str(item.get("kind") or "object")
        counts[kind] = counts.get(kind, 0) + 1
    return ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counts.items())


def _stopped(moved: Sequence[Moved], world: World) -> list[Json]:
    """The running pods that the deletions end, garbage collection included."""
    found: dict[Any, Json] = {}
    for item in moved:
        if item.action == "delete":
            gone = [item.before, *([] if item.propagation == "Orphan" else owned(item.before, world))]
            found |= {dig(obj, "metadata", "uid"): obj for obj in gone if obj.get("kind") == "Pod"}
    return [pod for pod in found.values() if not finished(pod)]


def lost_endpoints(moved: Sequence[Moved], world: World) -> Iterator[Impact]:
    """Services with fewer ready endpoints after all deletions together."""
    stopped = _stopped(moved, world)
    uids = {dig(pod, "metadata", "uid") for pod in stopped}
    namespaces = dict.fromkeys(str(dig(pod, "metadata", "namespace") or "") for pod in stopped)
    for namespace in namespaces:
        endpoints = [pod for pod in world.items(PODS, namespace) or [] if ready(pod)]
        for service in world.items(SERVICES, namespace) or []:
            selector = {"matchLabels": dig(service, "spec", "selector") or {}}
            selected = [pod for pod in endpoints if selector["matchLabels"] and matches(selector, labels_of(pod))]
            left = [pod for pod in selected if dig(pod, "metadata", "uid") not in uids]
            if len(left) < len(selected):
                which = f"{name_of(service)} in {namespace}" if len(namespaces) > 1 else name_of(service)
                yield Impact(
                    level="warning" if left else "danger",
                    text=f"Service {which} goes from {len(selected)} to {len(left)} ready endpoints.",
                    refs=(ref_of(service),),
                )


def _deleted_namespace(item: Moved, world: World) -> Iterator[Impact]:
    counts: dict[str, int] = {}
    for kind in world.namespaced_kinds():
        held = world.items(kind, item.ref.name) or []
        if held and not kind.startswith("events"):
            counts[kind] = len(held)
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items(), key=lambda pair: -pair[1]))
    yield Impact(level="danger", text=f"Everything in {item.ref.name} is deleted: {listed or 'it holds nothing'}.")


def _deleted_claim(item: Moved, world: World) -> Iterator[Impact]:
    users = _mounting(item, world, "persistentVolumeClaim", "claimName")
    if users:
        yield Impact(level="warning", text=f"{item.ref} stays while pods use it: {names(users)}.")
    volume = str(dig(item.before, "spec", "volumeName") or "")
    for found in world.items("persistentvolumes", "") or []:
        if name_of(found) == volume and dig(found, "spec", "persistentVolumeReclaimPolicy") == "Delete":
            yield Impact(level="danger", text=f"The data of volume {volume} is destroyed (reclaim policy Delete).")


def _deleted_config(item: Moved, world: World) -> Iterator[Impact]:
    users = referring(item.ref, world)
    if users:
        yield Impact(
            level="danger", text=f"{_counts(users)} use {item.ref} ({names(users)}); new pods of them will not start."
        )


def _deleted_account(item: Moved, world: World) -> Iterator[Impact]:
    pods = world.items(PODS, item.ref.namespace) or []
    users = [pod for pod in pods if (dig(pod, "spec", "serviceAccountName") or "default") == item.ref.name]
    if users:
        yield Impact(level="danger", text=f"{len(users)} pods run as {item.ref} and lose their rights: {names(users)}.")


def _deleted_node(item: Moved, world: World) -> Iterator[Impact]:
    pods = [pod for pod in world.items(PODS, "") or [] if dig(pod, "spec", "nodeName") == item.ref.name]
    yield Impact(level="danger", text=f"{len(pods)} pods on {item.ref} are lost: {names(pods)}.")


def _deleted_definition(item: Moved, world: World) -> Iterator[Impact]:
    spec = dig(item.before, "spec") or {}
    plural = f"{dig(spec, 'names', 'plural')}.{spec.get('group')}"
    held = world.items(plural, "") or []
    yield Impact(level="danger", text=f"{len(held)} objects of {plural} are deleted with their kind: {names(held)}.")


_DELETED: Mapping[str, Callable[[Moved, World], Iterator[Impact]]] = {
    "Namespace": _deleted_namespace,
    "PersistentVolumeClaim": _deleted_claim,
    "ConfigMap": _deleted_config,
    "Secret": _deleted_config,
    "ServiceAccount": _deleted_account,
    "Node": _deleted_node,
    "CustomResourceDefinition": _deleted_definition,
}


def _mounting(item: Moved, world: World, source: str, key: str) -> list[Json]:
    pods = world.items(PODS, item.ref.namespace) or []
    return [
        pod
        for pod in pods
        if not finished(pod)
        and any(dig(volume, source, key) == item.ref.name for volume in dig(pod, "spec", "volumes") or [])
    ]


def referring(ref: ObjectRef, world: World) -> list[Json]:
    """Workloads whose pod template uses a ConfigMap or Secret, and pods that belong to none."""
    kinds = ("deployments.apps", "statefulsets.apps", "daemonsets.apps", "cronjobs.batch", "jobs.batch", PODS)
    found = []
    for kind in kinds:
        for obj in world.items(kind, ref.namespace) or []:
            loose = not dig(obj, "metadata", "ownerReferences")
            if loose and ref.name in references(pod_template(obj).get("spec"), ref.kind):
                found.append(obj)
    return found


_REFERENCE_KEYS: Mapping[str, Mapping[str, str]] = {
    "ConfigMap": {"configMap": "name", "configMapRef": "name", "configMapKeyRef": "name"},
    "Secret": {"secret": "secretName", "secretRef": "name", "secretKeyRef": "name", "imagePullSecrets": "name"},
}


def references(value: Any, kind: str) -> set[str]:
    """Names of ConfigMaps or Secrets that a pod spec needs."""
    found: set[str] = set()
    if isinstance(value, Mapping):
        for key, inner in value.items():
            wanted = _REFERENCE_KEYS[kind].get(key)
            for holder in inner if isinstance(inner, list) else [inner]:
                if wanted and isinstance(holder, Mapping):
                    found |= {str(holder[name]) for name in (wanted, "name") if name in holder}
            found |= references(inner, kind)
    elif isinstance(value, list):
        for item in value:
            found |= references(item, kind)
    return found
