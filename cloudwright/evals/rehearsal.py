"""A live cluster's objects in a twin, so that a change can be tried before it is made.

What is taken over: nodes, workloads, configuration, services, quotas, policies and admission of some namespaces.
Values of Secrets stay behind. What containers do is not known: each is taken to start, to listen on its declared ports,
to answer its probes, and to keep running.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudwright.core.context import Context
from cloudwright.core.errors import ToolError
from cloudwright.tools.kubernetes.snapshot import take
from cloudwright.twin.api import DEPLOYMENTS, ENDPOINT_SLICES, EVENTS, NODES, PODS, Api, ApiStatusError, Obj, PatchType
from cloudwright.twin.apps.machine import Machine
from cloudwright.twin.apps.model import AppModel, Health, Listen
from cloudwright.twin.apps.quantity import parse_quantity
from cloudwright.twin.apps.registry import ImageSpec, Registry, parse_reference
from cloudwright.twin.apps.runner import ModelCatalog, bundled_models, bundled_registry
from cloudwright.twin.estate import Estate, EstateOptions
from cloudwright.twin.objects import condition_of, is_finished, is_ready, labels_of
from cloudwright.twin.world import World

NOT_MODELLED = (
    "what the containers' programs really do, need and consume (they start, listen on their declared ports, answer"
    " their probes and keep running)",
    "values of Secrets (keys are there, values are empty)",
    "admission webhooks, admission policies and custom resources of the live cluster",
    "storage back ends (claims are provisioned at once), load balancers, the network plug-in",
    "the present load, and therefore autoscaling",
)
KINDS = (
    "namespaces", "nodes", "priorityclasses.scheduling.k8s.io", "storageclasses.storage.k8s.io", "resourcequotas",
    "limitranges", "serviceaccounts", "configmaps", "secrets", "roles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io", "networkpolicies.networking.k8s.io", "poddisruptionbudgets.policy",
    "persistentvolumeclaims", "services", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch",
    "cronjobs.batch", "pods",
)  # fmt: skip
_SETTLE = 240.0
_OWN = {"default", "kube-system", "kube-public", "kube-node-lease"}
_DROPPED = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink", "ownerReferences")
_LATE = {"ResourceQuota"}


@dataclass(frozen=True)
class State:
    """What is compared before and after a change, by "namespace/name"."""

    ready: dict[str, tuple[int, int]]
    pending: dict[str, str]
    endpoints: dict[str, int]
    warnings: frozenset[str]


@dataclass(frozen=True)
class Report:
    """What a change would do. `refused` is the server's answer when it does not even accept it."""

    refused: str
    before: State
    after: State
    skipped: tuple[str, ...]

    def lines(self) -> list[str]:
        """The differences in sentences."""
        if self.refused:
            return [f"The server refuses it: {self.refused}"]
        found = []
        for name, (ready, wanted) in self.after.ready.items():
            if ready < wanted:
                was = self.before.ready.get(name)
                before = f" (before: {was[0]} of {was[1]})" if was else ""
                found.append(f"{name}: {ready} of {wanted} up to date and ready{before}")
        for name, why in self.after.pending.items():
            if name not in self.before.pending:
                found.append(f"{name} stays unscheduled: {why}")
        for name, count in self.after.endpoints.items():
            if count != self.before.endpoints.get(name, count):
                found.append(f"service {name}: {self.before.endpoints[name]} endpoints become {count}")
        found += sorted(self.after.warnings - self.before.warnings)
        return found or ["The change goes through: everything that was ready is ready again."]


def capture(context: Context, namespaces: Sequence[str]) -> tuple[list[Obj], tuple[str, ...]]:
    """Objects of a live cluster for a twin, and what could not be read."""
    snapshot = take(context, KINDS, namespaces=namespaces, prune=bare)
    order = {name: index for index, name in enumerate(KINDS)}
    lists = sorted(snapshot.lists, key=lambda found: order.get(found.kind.qualified, len(order)))
    objects = []
    for found in lists:
        for obj in found.objects:
            group = found.kind.group
            version = f"{group}/{found.kind.version}" if group else found.kind.version
            objects.append({"apiVersion": version, "kind": found.kind.kind, **obj})
    return objects, snapshot.gaps


def bare(obj: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """An object as somebody would create it; None for what controllers make."""
    meta = obj["metadata"]
    if any(owner.get("controller") for owner in meta.get("ownerReferences") or ()):
        return None
    bare: Obj = {key: value for key, value in obj.items() if key not in ("status", "metadata")}
    bare["metadata"] = {key: value for key, value in meta.items() if key not in _DROPPED}
    if "capacity" in (obj.get("status") or {}) and "podCIDR" in str(obj.get("spec")):
        bare["status"] = {"capacity": obj["status"]["capacity"]}
    return _without_values(bare)


def _without_values(obj: Obj) -> Obj:
    """Keep the keys of a Secret and leave its values; free what the server allots."""
    if "data" in obj and ("type" in obj or "stringData" in obj):
        obj = {**obj, "type": "Opaque", "data": dict.fromkeys(obj["data"] or {}, "")}
        obj.pop("stringData", None)
    spec = obj.get("spec")
    if isinstance(spec, dict):
        kept = {
            key: value
            for key, value in spec.items()
            if key not in ("clusterIPs", "volumeName", "nodeName", "podCIDR", "podCIDRs")
        }
        if kept.get("clusterIP") not in (None, "None", ""):
            kept.pop("clusterIP")
        obj = {**obj, "spec": kept}
    return obj


def _machines(objects: Iterable[Obj]) -> Iterable[tuple[Machine, Obj]]:
    for index, node in enumerate(obj for obj in objects if obj["kind"] == "Node"):
        capacity = (node.get("status") or {}).get("capacity") or {}
        machine = Machine(
            name=node["metadata"]["name"],
            address=f"10.0.{index // 200}.{11 + index % 200}",
            pod_cidr=f"10.{244 + index // 250}.{1 + index % 250}.0/24",
            cpu=parse_quantity(capacity.get("cpu", 4)),
            memory=parse_quantity(capacity.get("memory", "16Gi")),
            disk=parse_quantity(capacity.get("ephemeral-storage", "100Gi")),
            max_pods=int(parse_quantity(capacity.get("pods", 110))),
            labels=dict(node["metadata"].get("labels") or {}),
        )
        yield machine, node


def _templates(objects: Iterable[Obj]) -> Iterable[Mapping[str, Any]]:
    for obj in objects:
        spec = obj.get("spec") or {}
        if obj["kind"] == "Pod":
            yield spec
        template = spec.get("template") or ((spec.get("jobTemplate") or {}).get("spec") or {}).get("template")
        if isinstance(template, dict) and "containers" in (template.get("spec") or {}):
            yield template["spec"]


def assume(objects: Sequence[Obj]) -> tuple[ModelCatalog, Registry]:
    """Models and images for all containers: they listen where they say and answer their probes."""
    catalog, registry = bundled_models(), Registry(bundled_registry())
    models = dict(catalog.models)
    for spec in _templates(objects):
        for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
            reference = parse_reference(container["image"])
            name = f"assumed:{reference}"
            init = container in (spec.get("initContainers") or ()) and container.get("restartPolicy") != "Always"
            models[name] = _widened(models.get(name), name, container, init)
            entry = (models[name].binary,)
            registry.assumed[str(reference)] = ImageSpec(app=name, entrypoint=entry)
    return ModelCatalog(models), registry


def _widened(present: AppModel | None, name: str, container: Mapping[str, Any], init: bool) -> AppModel:
    """A model that also fits one more container of the same image."""
    ports = {listen.port: listen for listen in (present.listens if present else ())}
    for entry in container.get("ports") or ():
        if entry.get("protocol", "TCP") == "TCP":
            number = int(entry["containerPort"])
            ports[number] = Listen(port=number, name=entry.get("name") or "http")
    paths = {health.path: health for health in (present.health if present else ())}
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        action = (container.get(kind) or {}).get("httpGet") or {}
        if action:
            path = "/" + str(action.get("path") or "/").lstrip("/")
            paths[path] = Health(path=path)
    command = tuple(container.get("command") or ())[:1]
    aliases = {*(present.aliases if present else ()), *command}
    batch = {"seconds": 1.0} if init else None
    return AppModel.model_validate(
        {
            "name": name,
            "binary": "/assumed/program",
            "aliases": tuple(sorted(aliases)),
            "listens": tuple(ports.values()),
            "health": tuple(paths.values()),
            "batch": batch,
            "role": "batch" if init else "server",
        }
    )


def rebuild(objects: Sequence[Obj]) -> tuple[World, tuple[str, ...]]:
    """A world with these objects at rest, and what the twin did not take."""
    catalog, registry = assume(objects)

    def make(world: World) -> Estate:
        options = EstateOptions(telemetry=False, catalog=catalog, registry=registry)
        estate = Estate(world.api_for("system:node-agent"), world.clock, options)
        world.metrics = estate
        return estate

    world = World.create(agents={"estate": make})
    estate = world.agents["estate"]
    assert isinstance(estate, Estate)
    for machine, node in _machines(objects):
        estate.agent.add_machine(machine)
        spec = {key: node["spec"][key] for key in ("taints", "unschedulable") if key in (node.get("spec") or {})}
        world.api.patch(NODES, machine.name, None, {"spec": spec})
    skipped = []
    late = [obj for obj in objects if obj["kind"] in _LATE]
    for obj in [*(obj for obj in objects if obj["kind"] not in (*_LATE, "Node")), *late]:
        if obj["kind"] == "Namespace" and obj["metadata"]["name"] in _OWN:
            continue
        try:
            world.apply([obj])
        except (ApiStatusError, ValueError) as error:
            if getattr(error, "reason", "") != "AlreadyExists":
                skipped.append(
                    f"{obj['kind']} {obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}: {error}"
                )
    world.step(_SETTLE)
    return world, tuple(skipped)


def rehearse(objects: Sequence[Obj], change: Sequence[Obj]) -> Report:
    """Apply a change in a twin of these objects and compare.

    Raises:
        ToolError: the change is no list of objects.
    """
    if not all(isinstance(obj, Mapping) and "kind" in obj and "metadata" in obj for obj in change):
        raise ToolError("The change must be Kubernetes objects with apiVersion, kind and metadata.")
    world, skipped = rebuild([*objects])
    estate = world.agents["estate"]
    assert isinstance(estate, Estate)
    more, registry = assume([*objects, *change])
    estate.context.runner.catalog = more
    estate.registry.assumed.update(registry.assumed)
    before = observe(world.api)
    try:
        for obj in change:
            _apply(world, obj)
    except ApiStatusError as error:
        return Report(error.message, before, before, skipped)
    world.step(_SETTLE)
    return Report("", before, observe(world.api), skipped)


def _apply(world: World, obj: Mapping[str, Any]) -> None:
    info = world.server.catalog.by_kind(obj["apiVersion"], obj["kind"])
    if info is None:
        raise ApiStatusError(404, "NotFound", f"{obj['apiVersion']} {obj['kind']} is not served by the twin")
    namespace = obj["metadata"].get("namespace", "default") if info.namespaced else None
    world.api.patch(info.resource, obj["metadata"]["name"], namespace, dict(obj), type=PatchType.APPLY)
    world.settle()


def observe(api: Api) -> State:
    """The compared state of a world."""
    ready = {}
    for obj in api.cached(DEPLOYMENTS):
        status = obj.get("status") or {}
        total, updated, available = (int(status.get(f"{n}eplicas") or 0) for n in ("r", "updatedR", "availableR"))
        ready[_name(obj)] = (max(0, updated + available - total), int(obj["spec"].get("replicas", 1)))
    pending = {}
    for pod in api.cached(PODS):
        scheduled = condition_of(pod, "PodScheduled")
        if not is_finished(pod) and not is_ready(pod) and scheduled and scheduled["status"] == "False":
            pending[_name(pod)] = str(scheduled.get("message") or "")
    endpoints: dict[str, int] = {}
    for each in api.cached(ENDPOINT_SLICES):
        service = f"{each['metadata']['namespace']}/{labels_of(each).get('kubernetes.io/service-name', '')}"
        count = sum(bool((e.get("conditions") or {}).get("ready", True)) for e in each.get("endpoints") or ())
        endpoints[service] = endpoints.get(service, 0) + count
    warnings = {
        f"{event['involvedObject']['kind']} {event['involvedObject'].get('namespace', '')}/"
        f"{_stem(event['involvedObject']['name'])}: {event['message']}"
        for event in api.cached(EVENTS)
        if event.get("type") == "Warning"
        and event.get("reason") in ("FailedCreate", "FailedMount", "Failed", "ProvisioningFailed")
    }
    return State(ready, pending, endpoints, frozenset(warnings))


def _name(obj: Mapping[str, Any]) -> str:
    return f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"


def _stem(name: str) -> str:
    """A pod's name without its random end, so that the same trouble of two pods is one."""
    head, _, tail = name.rpartition("-")
    return head if head and len(tail) == 5 else name
