"""Who owns, mounts, uses, routes to or scales whom."""

from pydantic import JsonValue

from cloudwright.agents.language import aspects
from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.frame import Read, columns_of, on, plural_kind
from cloudwright.agents.language.references import EVERYWHERE, World, namespace_in, objects_of, selector_text
from cloudwright.agents.language.understanding import Named


def owners(clause: Clause, world: World) -> Read | None:
    """What made an object, and what it made."""
    if not clause.has(
        "owns, owner, owned by, owners, controls, controller, belongs to, belong to, come from, comes from,"
        " created by, managed by, manages, parent, what made, owner chain, spawned, part of, behind pod"
    ):
        return None
    objects = objects_of(clause, world)
    return on("owners", objects, 0.9) if objects and not plural_kind(clause) else None


_CONFIG_PATHS = {
    "ConfigMap": ("{p}.volumes[*].configMap.name", "{p}.containers[*].envFrom[*].configMapRef.name",
                  "{p}.containers[*].env[*].valueFrom.configMapKeyRef.name", "{p}.initContainers[*].envFrom[*].configMapRef.name",
                  "{p}.volumes[*].projected.sources[*].configMap.name"),
    "Secret": ("{p}.volumes[*].secret.secretName", "{p}.containers[*].envFrom[*].secretRef.name",
               "{p}.containers[*].env[*].valueFrom.secretKeyRef.name", "{p}.imagePullSecrets[*].name",
               "{p}.volumes[*].projected.sources[*].secret.name"),
    "PersistentVolumeClaim": ("{p}.volumes[*].persistentVolumeClaim.claimName",),
    "ServiceAccount": ("{p}.serviceAccountName",),
    "PriorityClass": ("{p}.priorityClassName",),
}  # fmt: skip


_USES = (
    "use, uses, using, mount, mounts, mounting, reference, references, referencing, consume, consumes,"
    " depends on, depend on, read, reads, refer to, refers to, mounted, used, relies on, rely on, referenced,"
    " attached, need, needs, load, loads"
)


def relations(clause: Clause, world: World) -> Read | None:
    """Who mounts or uses something, who routes to whom, what runs where."""
    return (
        _unbacked(clause, world)
        or _routes(clause, world)
        or _users(clause, world)
        or _mounted_by(clause, world)
        or _scaled(clause, world)
    )


def _users(clause: Clause, world: World) -> Read | None:
    """Workloads and pods that use a ConfigMap, Secret, claim or service account."""
    if not clause.has(_USES):
        return None
    used = objects_of(clause, world, tuple(_CONFIG_PATHS)) if clause.of("name", "pronoun") else []
    if any(item.kind and item.kind.kind == "StorageClass" for item in clause.of("kind")):
        return None
    if not used or not (
        clause.has(
            "which, what, who, list, show, find, pods, workloads, deployments, anything, anyone, is, where,"
            " everything, where is"
        )
        or clause.of("kind")
    ):
        return None
    item = used[0]
    asked = [
        m.kind
        for m in clause.of("kind")
        if m.kind is not None and m.kind.kind in ("Pod", "Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job")
    ]
    kinds = [kind.kind for kind in asked] or ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Pod"]
    calls = []
    for kind in kinds:
        place = aspects.path_of("{pod}", kind)
        tests = " or ".join(f"{path.replace('{p}', place)} = {item.ref.name}" for path in _CONFIG_PATHS[item.ref.kind])
        extra = " and no owner" if kind == "Pod" and not asked else ""
        calls.append(
            call(
                "list_resources",
                kind=kind.lower(),
                namespace=item.ref.namespace or EVERYWHERE,
                where=f"({tests}){extra}",
            )
        )
    return Read(tuple(calls), (item.ref,))


def _mounted_by(clause: Clause, world: World) -> Read | None:
    """ConfigMaps, Secrets and claims that a workload uses."""
    asked = [m.kind for m in clause.of("kind") if m.kind is not None and m.kind.kind in _CONFIG_PATHS]
    if not asked or not clause.has(_USES):
        return None
    objects = objects_of(clause, world, ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod"))
    if not objects:
        return None
    item = objects[0]
    place = aspects.path_of("{pod}", item.ref.kind)
    columns: list[JsonValue] = [path.replace("{p}", place) for path in _CONFIG_PATHS[asked[0].kind]]
    return Read((columns_of(item, columns),), (item.ref,))


_ROUTES = (
    "routes, point at, points at, pointing at, pointing to, directs, lead to, fronting, route, routed, behind,"
    " points to, point to, reaches, reach, sends traffic, send traffic, traffic, exposes, expose, exposed,"
    " selects, select, serves, fronts, backs, backing, backed, in front of, endpoints, forwards,"
    " load balances, goes to, go to, leads to, lead to, targets, selected, serve"
)


def _unbacked(clause: Clause, world: World) -> Read | None:
    """Services that select no pod."""
    asked = any(item.kind and item.kind.kind == "Service" for item in clause.of("kind"))
    if not asked or not clause.has(
        "no endpoints, without endpoints, no pods, without pods, no backend, without backends, no backends,"
        " nothing behind, no matching pods, match no pods, select no pods, selects no pods, select nothing,"
        " selects nothing, match nothing, matches nothing, no endpoint, any endpoints, no one behind,"
        " nobody behind, empty endpoints, any pods"
    ):
        return None
    everything = world.index.vocabulary.objects
    place = namespace_in(clause)
    found = [
        item for item in everything
        if item.ref.kind == "Service" and item.selector and (not place or place in (EVERYWHERE, item.ref.namespace))
        and not any(
            other.ref.kind == "Pod" and other.ref.namespace == item.ref.namespace
            and all(other.labels.get(key) == value for key, value in item.selector.items())
            for other in everything
        )
    ]  # fmt: skip
    if not found:
        return None
    test = " or ".join(f"name = {item.ref.name}" for item in found)
    spaces = {item.ref.namespace for item in found}
    where = spaces.pop() if len(spaces) == 1 else EVERYWHERE
    return Read(
        (call("list_resources", kind="service", namespace=where, where=test),), tuple(item.ref for item in found)
    )


def _routes(clause: Clause, world: World) -> Read | None:
    if not clause.has(_ROUTES):
        return None
    kinds = [m.kind.kind for m in clause.of("kind") if m.kind is not None]
    named = [item for mention in clause.of("name") for item in mention.objects]
    place = namespace_in(clause)
    if place and place != EVERYWHERE:
        named = [item for item in named if item.ref.namespace in (place, "")]
    services = [item for item in named if item.ref.kind == "Service"]
    ingresses = [item for item in named if item.ref.kind == "Ingress"]
    wants_ingress = "Ingress" in kinds
    if wants_ingress and services and not (ingresses and not services):
        names = sorted({item.ref.name for item in services})
        test = " or ".join(f"spec.rules[*].http.paths[*].backend.service.name = {name}" for name in names)
        return Read(
            (
                call(
                    "list_resources",
                    kind="ingress",
                    namespace=services[0].ref.namespace,
                    where=test,
                    columns=["hosts", "spec.rules[*].http.paths[*].backend.service.name"],
                ),
            ),
            (services[0].ref,),
        )
    if ingresses and wants_ingress:
        item = ingresses[0]
        return Read(
            (
                columns_of(
                    item,
                    ["hosts", "spec.rules[*].http.paths[*].path", "spec.rules[*].http.paths[*].backend.service.name"],
                ),
            ),
            (item.ref,),
        )
    asks_service = "Service" in kinds and clause.has(
        "which service, what service, which services, what services, services, service does, service that, service for"
    )
    workloads = [item for item in named if item.ref.kind in ("Deployment", "StatefulSet", "DaemonSet", "Pod")]
    if asks_service and workloads and not clause.has("behind"):
        return _services_of(workloads[0], world)
    if services:
        item = services[0]
        if not item.selector:
            return on("describe_resource", [item])
        return Read(
            (
                call(
                    "list_resources",
                    kind="pod",
                    namespace=item.ref.namespace,
                    labels=selector_text(dict(item.selector)),
                ),
            ),
            (item.ref,),
        )
    if workloads and (wants_ingress or "Service" in kinds or clause.has("exposed, traffic, reach")):
        return _services_of(workloads[0], world)
    return None


def _services_of(item: Named, world: World) -> Read | None:
    """The Services whose selector fits a workload's pods, and what leads to them."""
    labels = dict(item.pod_labels or item.labels)
    found = [
        other for other in world.index.vocabulary.objects
        if other.ref.kind == "Service" and other.ref.namespace == item.ref.namespace and other.selector
        and all(labels.get(key) == value for key, value in other.selector.items())
    ]  # fmt: skip
    if not found:
        return Read(
            (call("list_resources", kind="service", namespace=item.ref.namespace, columns=["selector"]),),
            (item.ref,),
            0.7,
        )
    test = " or ".join(f"name = {other.ref.name}" for other in found)
    return Read(
        (call("list_resources", kind="service", namespace=item.ref.namespace, where=test),),
        (item.ref, *(o.ref for o in found)),
    )


def _scaled(clause: Clause, world: World) -> Read | None:
    """The autoscaler of a workload."""
    kinds = [m.kind.kind for m in clause.of("kind") if m.kind is not None]
    if "HorizontalPodAutoscaler" not in kinds and not clause.has("autoscaled, autoscaling, scaled automatically"):
        return None
    for item in objects_of(clause, world):
        found = [
            o
            for o in world.index.vocabulary.objects
            if o.target == f"{item.ref.kind}/{item.ref.name}" and o.ref.namespace == item.ref.namespace
        ]
        if found:
            return Read(
                (
                    call(
                        "list_resources",
                        kind="hpa",
                        namespace=item.ref.namespace,
                        where=" or ".join(f"name = {o.ref.name}" for o in found),
                    ),
                ),
                (found[0].ref,),
            )
    return None
