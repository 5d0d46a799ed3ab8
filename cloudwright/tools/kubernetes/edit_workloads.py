"""Changes to workloads: scale, image, environment, resources, rollouts, autoscaling, exposing, running a job now."""

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from pydantic import Field
from rapidfuzz import fuzz, process

from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments, NotFound, Unsupported
from cloudwright.core.refs import Frozen
from cloudwright.core.result import Changed
from cloudwright.core.tool import Permission, write_tool
from cloudwright.tools.kubernetes.change import Plan, Planned
from cloudwright.tools.kubernetes.client import MERGE_PATCH, KubernetesClient
from cloudwright.tools.kubernetes.discovery import ResourceType
from cloudwright.tools.kubernetes.facts import dig
from cloudwright.tools.kubernetes.objects import matches, name_of
from cloudwright.tools.kubernetes.requests import Json, Request, find_kind, live, namespace_for
from cloudwright.tools.kubernetes.values import quantity

_RESTART = "cloudwright.io/restarted-after-generation"
_TEMPLATED = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod")
_PATCH_WORKLOADS = Permission(verb="patch", group="apps", resource="deployments")


class Workload(Frozen):
    """One workload."""

    name: str = Field(description="its name, or kind/name")
    kind: str = Field("deployment", description="deployment, statefulset, daemonset, cronjob …")
    namespace: str = Field("", description="default: the session's")

    def find(self, context: Context) -> tuple[ResourceType, str, str]:
        """Its kind on this server, namespace and name."""
        word, slash, rest = self.name.partition("/")
        kind = find_kind(word if slash else self.kind, context)
        return kind, namespace_for(kind, self.namespace, context), rest if slash else self.name


class Container(Workload):
    """One container of a workload."""

    container: str = Field("", description="needed where there are several")


class Scale(Workload):
    """How many copies of a workload should run."""

    replicas: int = Field(ge=0, le=100_000)


class SetImage(Container):
    """A container's new image."""

    image: str = Field(min_length=1, pattern=r"^\S+$")


class SetEnv(Container):
    """Environment variables to set and to remove."""

    set: Mapping[str, str] = Field(default_factory=dict)
    remove: tuple[str, ...] = ()


class SetResources(Container):
    """Requests and limits to set; an empty string removes one."""

    requests: Mapping[str, str] = Field(default_factory=dict, description='such as {"cpu": "100m", "memory": "64Mi"}')
    limits: Mapping[str, str] = Field(default_factory=dict)


class Undo(Workload):
    """Which revision to go back to."""

    to_revision: int = Field(0, ge=0, description="0: the one before the present")


class Autoscale(Workload):
    """Bounds and target of a HorizontalPodAutoscaler."""

    max: int = Field(ge=1)
    min: int = Field(1, ge=1)
    cpu_percent: int = Field(80, ge=1, description="target share of the requested CPU")


class Expose(Workload):
    """A Service for a workload's pods."""

    port: int = Field(ge=1, le=65535)
    target_port: int | None = Field(None, ge=1, le=65535, description="default: port")
    service: str = Field("", description="its name; default: the workload's")
    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"


class RunJob(Frozen):
    """A CronJob to run once now."""

    name: str
    namespace: str = ""


def edited(workload: Workload, context: Context, edit: Callable[[Json], Json], summary: str) -> Plan:
    """A plan that edits one workload; `{}` in the summary stands for it."""
    kind, namespace, name = workload.find(context)
    request = Request("edit", kind, name, namespace, edit=edit)
    return Plan((request,), summary.format(request.ref))


def template_of(obj: Json) -> Json:
    """The pod template of a workload, to be changed in place.

    Raises:
        Unsupported: this kind has none.
    """
    if obj.get("kind") == "Pod":
        return obj
    holder = obj.get("spec") or {}
    if obj.get("kind") == "CronJob":
        holder = dig(holder, "jobTemplate", "spec") or {}
    found = holder.get("template") if isinstance(holder, dict) else None
    if not isinstance(found, dict):
        raise Unsupported(f"{obj.get('kind')} {name_of(obj)} has no pod template.")
    return found


def container_of(obj: Json, wanted: str) -> Json:
    """A container of a workload, to be changed in place; the only one where no name is given.

    Raises:
        NotFound: none has this name. InvalidArguments: there are several and none is named.
    """
    spec = template_of(obj).get("spec") or {}
    main = [item for item in spec.get("containers") or [] if isinstance(item, dict)]
    every = [*main, *(item for item in spec.get("initContainers") or [] if isinstance(item, dict))]
    names = [str(item.get("name")) for item in every]
    if not wanted:
        if len(main) == 1:
            return main[0]
        raise InvalidArguments(
            f"{obj.get('kind')} {name_of(obj)} has {len(main)} containers.",
            hint=f"Name one of {', '.join(str(item.get('name')) for item in main)}.",
        )
    found = next((item for item in every if item.get("name") == wanted), None)
    if found is None:
        near = [match[0] for match in process.extract(wanted, names, scorer=fuzz.WRatio, limit=3, score_cutoff=50)]
        raise NotFound(f"{obj.get('kind')} {name_of(obj)} has no container {wanted!r}.", suggestions=near or names)
    return found


def _scale(args: Scale, context: Context) -> Plan:
    kind, namespace, name = args.find(context)
    if "scale" not in kind.subresources:
        raise Unsupported(f"A {kind.kind} cannot be scaled.", hint="Deployments, StatefulSets and ReplicaSets can.")
    request = Request(
        "patch",
        kind,
        name,
        namespace,
        body={"spec": {"replicas": args.replicas}},
        patch=MERGE_PATCH,
        subresource="scale",
    )
    return Plan((request,), f"scale {request.ref} to {args.replicas}")


scaling = Planned(_scale)


@write_tool(
    permission=Permission(verb="patch", group="apps", resource="deployments/scale"),
    input=Scale,
    preview=scaling.preview,
    undo=scaling.undo,
    progress=scaling.progress,
    scope=scaling.scope,
    examples=({"name": "web", "replicas": 3}, {"kind": "statefulset", "name": "db", "replicas": 0}),
    utterances=(
        "scale {name} to {replicas}",
        "scale {kind} {name} to {replicas} replicas",
        "run {replicas} copies of {name}",
        "set replicas of {name} to {replicas}",
        "I want {replicas} pods of {name} in {namespace}",
        "scale {name} in {namespace} up to {replicas}",
        "scale {name} down to {replicas}",
        "change the number of {name} instances to {replicas}",
    ),
)
def scale_workload(args: Scale, context: Context) -> Changed:
    """Set how many replicas of a workload run."""
    return scaling.run(args, context)


def _image(args: SetImage, context: Context) -> Plan:
    def edit(obj: Json) -> Json:
        container_of(obj, args.container)["image"] = args.image
        return obj

    which = f"container {args.container} of {{}}" if args.container else "{}"
    return edited(args, context, edit, f"set the image of {which} to {_braces(args.image)}")


def _braces(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


imaging = Planned(_image)


@write_tool(
    permission=_PATCH_WORKLOADS,
    input=SetImage,
    preview=imaging.preview,
    undo=imaging.undo,
    progress=imaging.progress,
    scope=imaging.scope,
    examples=({"name": "web", "image": "registry.local/web:1.2"},),
    utterances=(
        "set image of {name} to {image}",
        "set the image of container {container} in {name} to {image}",
        "deploy {image} to {name}",
        "update {name} to {image}",
        "use image {image} for {kind} {name}",
        "change {name} in {namespace} to image {image}",
        "upgrade {name} to version {image}",
    ),
)
def set_image(args: SetImage, context: Context) -> Changed:
    """Set the image of a container of a workload."""
    return imaging.run(args, context)


def _env(args: SetEnv, context: Context) -> Plan:
    if not args.set and not args.remove:
        raise InvalidArguments("set_env: nothing to set and nothing to remove.")

    def edit(obj: Json) -> Json:
        container = container_of(obj, args.container)
        kept = [item for item in container.get("env") or [] if item.get("name") not in args.remove]
        _absent(args.remove, [str(item.get("name")) for item in container.get("env") or []], obj)
        for name, value in args.set.items():
            found = next((item for item in kept if item.get("name") == name), None)
            if found is None:
                kept.append({"name": name, "value": value})
            else:
                found.pop("valueFrom", None)
                found["value"] = value
        container["env"] = kept
        if not kept:
            del container["env"]
        return obj

    words = [f"set {', '.join(args.set)}"] if args.set else []
    words += [f"remove {', '.join(args.remove)}"] if args.remove else []
    return edited(args, context, edit, f"{_braces(' and '.join(words))} in the environment of {{}}")


def _absent(wanted: Iterable[str], present: list[str], obj: Json) -> None:
    for name in wanted:
        if name not in present:
            near = [match[0] for match in process.extract(name, present, scorer=fuzz.WRatio, limit=3, score_cutoff=50)]
            raise NotFound(f"{obj.get('kind')} {name_of(obj)} has no environment variable {name}.", suggestions=near)


environment = Planned(_env)


@write_tool(
    permission=_PATCH_WORKLOADS,
    input=SetEnv,
    preview=environment.preview,
    undo=environment.undo,
    progress=environment.progress,
    scope=environment.scope,
    examples=({"name": "web", "set": {"LOG_LEVEL": "debug"}}, {"name": "web", "remove": ["DEBUG"]}),
    utterances=(
        "set env {set} on {name}",
        "set environment variable {set} in {kind} {name}",
        "add {set} to the environment of {name}",
        "remove env {remove} from {name}",
        "unset {remove} in {name}",
        "change env var {set} of container {container} in {name}",
    ),
)
def set_env(args: SetEnv, context: Context) -> Changed:
    """Set and remove environment variables of a container of a workload."""
    return environment.run(args, context)


def _resources(args: SetResources, context: Context) -> Plan:
    if not args.requests and not args.limits:
        raise InvalidArguments("set_resources: give requests or limits.")
    for name, amount in [*args.requests.items(), *args.limits.items()]:
        if amount and quantity(amount) is None:
            raise InvalidArguments(
                f"set_resources: {amount!r} is no quantity for {name}.", hint='Such as "250m" or "1Gi".'
            )

    def edit(obj: Json) -> Json:
        container = container_of(obj, args.container)
        resources = container.setdefault("resources", {})
        for part, wanted in (("requests", args.requests), ("limits", args.limits)):
            merged = {**(resources.get(part) or {}), **wanted}
            resources[part] = {name: amount for name, amount in merged.items() if amount}
            if not resources[part]:
                del resources[part]
        return obj

    parts = [
        f"{part} {_pairs(wanted)}" for part, wanted in (("requests", args.requests), ("limits", args.limits)) if wanted
    ]
    return edited(args, context, edit, f"set {_braces(' and '.join(parts))} of {{}}")


def _pairs(wanted: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={amount or '(none)'}" for name, amount in wanted.items())


sizing = Planned(_resources)


@write_tool(
    permission=_PATCH_WORKLOADS,
    input=SetResources,
    preview=sizing.preview,
    undo=sizing.undo,
    progress=sizing.progress,
    scope=sizing.scope,
    examples=({"name": "web", "limits": {"memory": "256Mi"}},),
    utterances=(
        "set limits {limits} on {name}",
        "set requests {requests} for {name}",
        "give {name} limits of {limits}",
        "raise the memory limit of {name} to {limits}",
        "set resources of container {container} in {name} to requests {requests} and limits {limits}",
        "change cpu request of {kind} {name} to {requests}",
    ),
)
def set_resources(args: SetResources, context: Context) -> Changed:
    """Set resource requests and limits of a container of a workload."""
    return sizing.run(args, context)


def _restart(args: Workload, context: Context) -> Plan:
    def edit(obj: Json) -> Json:
        if obj.get("kind") not in ("Deployment", "StatefulSet", "DaemonSet"):
            raise Unsupported(f"A {obj.get('kind')} cannot be restarted.", hint="Delete its pods one by one instead.")
        if dig(obj, "spec", "paused"):
            raise Unsupported(f"{name_of(obj)} is paused.", hint="Resume it first (rollout_resume).")
        annotations = template_of(obj).setdefault("metadata", {}).setdefault("annotations", {})
        # The generation, not the time: the approved change must be the one that is made, whenever it is.
        annotations[_RESTART] = str(dig(obj, "metadata", "generation"))
        return obj

    return edited(args, context, edit, "restart the pods of {}")


restarting = Planned(_restart)


@write_tool(
    permission=_PATCH_WORKLOADS,
    input=Workload,
    preview=restarting.preview,
    undo=restarting.undo,
    progress=restarting.progress,
    scope=restarting.scope,
    examples=({"name": "web"}, {"kind": "daemonset", "name": "agent", "namespace": "kube-system"}),
    utterances=(
        "restart {name}",
        "restart {kind} {name}",
        "rollout restart {name}",
        "bounce {name} in {namespace}",
        "restart all pods of {name}",
        "do a rolling restart of {kind} {name}",
        "recreate the pods of {name}",
    ),
)
def rollout_restart(args: Workload, context: Context) -> Changed:
    """Replace the pods of a workload by its update strategy."""
    return restarting.run(args, context)


def _rollback(args: Undo, context: Context) -> Plan:
    kind, namespace, name = args.find(context)
    present = live(kind, namespace, name, context)
    if dig(present, "spec", "paused"):
        raise Unsupported(f"{kind.kind} {name} is paused.", hint="Resume it first (rollout_resume).")
    revision, template = _revision(present, args.to_revision, context)

    def edit(obj: Json) -> Json:
        obj["spec"]["template"] = copy.deepcopy(template)
        return obj

    return edited(args, context, edit, f"roll {{}} back to revision {revision}")


def _revision(obj: Json, wanted: int, context: Context) -> tuple[int, Json]:
    """Number and pod template of the revision to go back to."""
    history = _history(obj, context)
    present = max(history) if history else 0
    if len(history) < 2 and not wanted:
        raise NotFound(f"{obj.get('kind')} {name_of(obj)} has no earlier revision.")
    number = wanted or max(item for item in history if item != present)
    if number not in history:
        known = ", ".join(str(item) for item in sorted(history))
        raise NotFound(f"{obj.get('kind')} {name_of(obj)} has no revision {number}.", hint=f"There are {known}.")
    return number, history[number]


def _history(obj: Json, context: Context) -> dict[int, Json]:
    kind = str(obj.get("kind"))
    if kind == "Deployment":
        found = _owned(obj, "replicasets.apps", context)
        return {
            int(dig(item, "metadata", "annotations", _REVISION) or 0): _clean(item["spec"]["template"])
            for item in found
        }
    if kind in ("StatefulSet", "DaemonSet"):
        found = _owned(obj, "controllerrevisions.apps", context)
        return {
            int(item.get("revision") or 0): _without_directives(dig(item, "data", "spec", "template")) for item in found
        }
    raise Unsupported(f"A {kind} has no rollout history.", hint="Deployments, StatefulSets and DaemonSets have.")


_REVISION = "deployment.kubernetes.io/revision"


def _owned(obj: Json, kind: str, context: Context) -> list[Json]:
    found = find_kind(kind, context)
    items = context.service(KubernetesClient).list(found.path(str(dig(obj, "metadata", "namespace") or "")))
    uid = dig(obj, "metadata", "uid")
    return [item for item in items if any(o.get("uid") == uid for o in dig(item, "metadata", "ownerReferences") or [])]


def _clean(template: Json) -> Json:
    kept = copy.deepcopy(template)
    dig(kept, "metadata", "labels").pop("pod-template-hash", None)
    return kept


def _without_directives(template: Any) -> Json:
    """The template in a ControllerRevision, which is kept as a strategic merge patch."""
    return {key: value for key, value in (template or {}).items() if not key.startswith("$")}


rolling_back = Planned(_rollback)


@write_tool(
    permission=_PATCH_WORKLOADS,
    input=Undo,
    preview=rolling_back.preview,
    undo=rolling_back.undo,
    progress=rolling_back.progress,
    scope=rolling_back.scope,
    examples=({"name": "web"}, {"name": "web", "to_revision": 2}),
    utterances=(
        "roll back {name}",
        "undo the rollout of {name}",
        "roll back {kind} {name} to revision {to_revision}",
        "go back to the previous version of {name}",
        "revert {name} in {namespace} to its last revision",
        "rollout undo {name} to {to_revision}",
    ),
)
def rollout_undo(args: Undo, context: Context) -> Changed:
    """Go back to an earlier revision of a Deployment, StatefulSet or DaemonSet."""
    return rolling_back.run(args, context)


def _paused(wanted: bool) -> Callable[[Workload, Context], Plan]:
    def plan(args: Workload, context: Context) -> Plan:
        def edit(obj: Json) -> Json:
            if obj.get("kind") != "Deployment":
                raise Unsupported(f"A {obj.get('kind')} cannot be paused; only Deployments can.")
            if bool(obj["spec"].get("paused")) != wanted:
                obj["spec"].pop("paused", None)
                if wanted:
                    obj["spec"]["paused"] = True
            return obj

        return edited(args, context, edit, f"{'pause' if wanted else 'resume'} the rollout of {{}}")

    return plan


pausing, resuming = Planned(_paused(True)), Planned(_paused(False))


@write_tool(
    permission=_PATCH_WORKLOADS,
    input=Workload,
    preview=pausing.preview,
    undo=pausing.undo,
    progress=pausing.progress,
    scope=pausing.scope,
    examples=({"name": "web"},),
    utterances=(
        "pause the rollout of {name}",
        "pause {name}",
        "stop rolling out {name}",
        "hold the deployment of {name}",
        "freeze the rollout of {name} in {namespace}",
        "rollout pause {name}",
    ),
)
def rollout_pause(args: Workload, context: Context) -> Changed:
    """Stop a Deployment from rolling out changes until it is resumed."""
    return pausing.run(args, context)


@write_tool(
    permission=_PATCH_WORKLOADS,
    input=Workload,
    preview=resuming.preview,
    undo=resuming.undo,
    progress=resuming.progress,
    scope=resuming.scope,
    examples=({"name": "web"},),
    utterances=(
        "resume the rollout of {name}",
        "resume {name}",
        "continue rolling out {name}",
        "unpause {name}",
        "unfreeze the rollout of {name} in {namespace}",
        "rollout resume {name}",
    ),
)
def rollout_resume(args: Workload, context: Context) -> Changed:
    """Let a paused Deployment roll out again."""
    return resuming.run(args, context)


def _autoscale(args: Autoscale, context: Context) -> Plan:
    if args.min > args.max:
        raise InvalidArguments(f"autoscale_workload: min {args.min} is more than max {args.max}.")
    kind, namespace, name = args.find(context)
    live(kind, namespace, name, context)
    scaler = find_kind("horizontalpodautoscalers.autoscaling", context)
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}}
    metric["resource"]["target"]["averageUtilization"] = args.cpu_percent  # type: ignore[index]
    spec: Json = {
        "scaleTargetRef": {"apiVersion": kind.api_version, "kind": kind.kind, "name": name},
        "minReplicas": args.min,
        "maxReplicas": args.max,
    }
    spec |= {"targetCPUUtilizationPercentage": args.cpu_percent} if scaler.version == "v1" else {"metrics": [metric]}
    body = {
        "apiVersion": scaler.api_version,
        "kind": scaler.kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
    request = Request("apply", scaler, name, namespace, body=body)
    return Plan((request,), f"autoscale {kind.kind} {name} in {namespace} between {args.min} and {args.max}")


autoscaling = Planned(_autoscale)


@write_tool(
    permission=Permission(verb="patch", group="autoscaling", resource="horizontalpodautoscalers"),
    input=Autoscale,
    preview=autoscaling.preview,
    undo=autoscaling.undo,
    progress=autoscaling.progress,
    scope=autoscaling.scope,
    examples=({"name": "web", "min": 2, "max": 10, "cpu_percent": 70},),
    utterances=(
        "autoscale {name} between {min} and {max}",
        "autoscale {kind} {name} from {min} to {max} replicas at {cpu_percent} percent cpu",
        "add an autoscaler to {name} with at most {max} replicas",
        "let {name} scale between {min} and {max} pods",
        "create an hpa for {name} max {max}",
        "scale {name} automatically up to {max}",
    ),
)
def autoscale_workload(args: Autoscale, context: Context) -> Changed:
    """Make or change the HorizontalPodAutoscaler of a workload (CPU)."""
    return autoscaling.run(args, context)


def _expose(args: Expose, context: Context) -> Plan:
    kind, namespace, name = args.find(context)
    present = live(kind, namespace, name, context)
    labels = (
        dig(present, "metadata", "labels") if kind.kind == "Pod" else dig(template_of(present), "metadata", "labels")
    )
    selector = dig(present, "spec", "selector", "matchLabels") or labels
    if not selector or not matches({"matchLabels": selector}, labels or {}):
        raise Unsupported(f"{kind.kind} {name} has no labels that a Service could select by.")
    service = find_kind("services", context)
    port = {"port": args.port, "targetPort": args.target_port or args.port, "protocol": args.protocol}
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": args.service or name, "namespace": namespace},
        "spec": {"type": args.type, "selector": selector, "ports": [port]},
    }
    request = Request("create", service, args.service or name, namespace, body=body)
    return Plan((request,), f"expose {kind.kind} {name} as {request.ref} on port {args.port}")


exposing = Planned(_expose)


@write_tool(
    permission=Permission(verb="create", resource="services"),
    input=Expose,
    preview=exposing.preview,
    undo=exposing.undo,
    progress=exposing.progress,
    scope=exposing.scope,
    examples=({"name": "web", "port": 80, "target_port": 8080},),
    utterances=(
        "expose {name} on port {port}",
        "expose {kind} {name} on {port} to {target_port}",
        "create a service for {name} on port {port}",
        "make {name} reachable on port {port}",
        "expose {name} in {namespace} as {service} on port {port}",
        "create a {type} service for {name} on port {port}",
    ),
)
def expose_workload(args: Expose, context: Context) -> Changed:
    """Make a Service for the pods of a workload."""
    return exposing.run(args, context)


def _run_job(args: RunJob, context: Context) -> Plan:
    cron, jobs = find_kind("cronjobs.batch", context), find_kind("jobs.batch", context)
    namespace = namespace_for(cron, args.namespace, context)
    present = live(cron, namespace, args.name, context)
    taken = {name_of(item) for item in context.service(KubernetesClient).list(jobs.path(namespace))}
    stem = args.name[:50].rstrip("-.")
    name = next(name for number in range(1, len(taken) + 2) if (name := f"{stem}-manual-{number}") not in taken)
    template = dig(present, "spec", "jobTemplate") or {}
    metadata = template.get("metadata") or {}
    owner = {
        "apiVersion": cron.api_version,
        "kind": cron.kind,
        "name": args.name,
        "uid": dig(present, "metadata", "uid"),
    }
    body = {
        "apiVersion": jobs.api_version,
        "kind": jobs.kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": metadata.get("labels") or {},
            "annotations": {**(metadata.get("annotations") or {}), "cronjob.kubernetes.io/instantiate": "manual"},
            "ownerReferences": [owner],
        },
        "spec": template.get("spec"),
    }
    return Plan((Request("create", jobs, name, namespace, body=body),), f"run CronJob {args.name} in {namespace} now")


running = Planned(_run_job)


@write_tool(
    permission=Permission(verb="create", group="batch", resource="jobs"),
    input=RunJob,
    preview=running.preview,
    undo=running.undo,
    progress=running.progress,
    scope=running.scope,
    examples=({"name": "backup"},),
    utterances=(
        "run cronjob {name} now",
        "trigger {name}",
        "start the job {name} in {namespace} once",
        "run {name} immediately",
        "kick off cronjob {name}",
        "create a job from cronjob {name}",
    ),
)
def run_job_now(args: RunJob, context: Context) -> Changed:
    """Run a CronJob once, now."""
    return running.run(args, context)


WORKLOAD_TOOLS = (
    scale_workload,
    set_image,
    set_env,
    set_resources,
    rollout_restart,
    rollout_undo,
    rollout_pause,
    rollout_resume,
    autoscale_workload,
    expose_workload,
    run_job_now,
)
