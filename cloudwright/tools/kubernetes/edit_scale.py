"""Changes to how many pods run and who reaches them: scale, autoscale, expose, run a job now."""

from typing import Literal

from pydantic import Field

from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments, Unsupported
from cloudwright.core.refs import Frozen
from cloudwright.core.result import Changed
from cloudwright.core.tool import Permission, write_tool
from cloudwright.tools.kubernetes.change import Plan, Planned
from cloudwright.tools.kubernetes.client import MERGE_PATCH, KubernetesClient
from cloudwright.tools.kubernetes.facts import dig
from cloudwright.tools.kubernetes.objects import matches, name_of
from cloudwright.tools.kubernetes.requests import Json, Request, find_kind, live, namespace_for
from cloudwright.tools.kubernetes.targets import Whole, Workload, template_of


class Scale(Workload):
    """How many copies of a workload should run."""

    replicas: Whole = Field(ge=0, le=100_000)


class Autoscale(Workload):
    """Bounds and target of a HorizontalPodAutoscaler."""

    max: Whole = Field(ge=1)
    min: Whole = Field(1, ge=1)
    cpu_percent: Whole = Field(80, ge=1, description="target share of the requested CPU")


class Expose(Workload):
    """A Service for a workload's pods."""

    port: Whole = Field(ge=1, le=65535)
    target_port: Whole | None = Field(None, ge=1, le=65535, description="default: port")
    service: str = Field("", description="its name; default: the workload's")
    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"


class RunJob(Frozen):
    """A CronJob to run once now."""

    name: str
    namespace: str = ""


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
    change=scaling.change,
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


def _autoscale(args: Autoscale, context: Context) -> Plan:
    if args.min > args.max:
        raise InvalidArguments(f"autoscale_workload: min {args.min} is more than max {args.max}.")
    kind, namespace, name = args.find(context)
    live(kind, namespace, name, context)
    scaler = find_kind("horizontalpodautoscalers.autoscaling", context)
    target = {"type": "Utilization", "averageUtilization": args.cpu_percent}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
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
    change=autoscaling.change,
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
    change=exposing.change,
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
    change=running.change,
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


SCALE_TOOLS = (scale_workload, autoscale_workload, expose_workload, run_job_now)
