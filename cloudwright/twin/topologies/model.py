"""Topology files: their format, and the Kubernetes objects that they stand for."""

from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from cloudwright.twin.apps.model import Amount

Obj = dict[str, Any]


class TopologyError(Exception):
    """A topology file cannot be used; the text says where and why."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NodeSpec(_Data):
    """One node: CPU cores, bytes of memory and disk."""

    name: str
    cpu: float = 4
    memory: Amount = 16 * 2**30
    disk: Amount = 100 * 2**30
    arch: str = "amd64"
    labels: dict[str, str] = {}


class ExternalSpec(_Data):
    """A host outside the cluster."""

    name: str
    ip: str
    latency: float = 0.08


class NamespaceSpec(_Data):
    """A namespace to be created."""

    name: str
    labels: dict[str, str] = {}


class Storage(_Data):
    """A claim per replica, mounted at a path."""

    path: str
    size: str


class Autoscale(_Data):
    """An HPA on CPU utilisation."""

    min: int
    max: int
    cpu: int


class Workload(_Data):
    """A workload in short form: `container` is a container without its name, with `env` as a mapping.

    `before` are container fields of the previous revision. `service` is one service port.
    """

    name: str
    namespace: str = ""
    kind: str = "Deployment"
    replicas: int = 1
    component: str = "service"
    container: dict[str, Any]
    before: dict[str, Any] = {}
    volumes: tuple[dict[str, Any], ...] = ()
    service: dict[str, Any] | None = None
    storage: Storage | None = None
    autoscale: Autoscale | None = None
    schedule: str = ""
    full_size: bool = False


class Stage(_Data):
    """A copy of the stage workloads in a namespace."""

    namespace: str
    rate: float
    scale: float = 1.0


class Past(_Data):
    """How long the cluster has existed, and how long ago the last roll-out was (seconds)."""

    age: float = 0.0
    rollout: float = 0.0


class Topology(_Data):
    """A whole topology file."""

    name: str
    include: tuple[str, ...] = ()
    nodes: tuple[NodeSpec, ...] = ()
    externals: tuple[ExternalSpec, ...] = ()
    namespaces: tuple[NamespaceSpec, ...] = ()
    past: Past = Past()
    stages: tuple[Stage, ...] = ()
    stage_objects: tuple[dict[str, Any], ...] = ()
    stage_workloads: tuple[Workload, ...] = ()
    workloads: tuple[Workload, ...] = ()
    objects: tuple[dict[str, Any], ...] = ()


def load_topology(source: str | Path) -> Topology:
    """A topology by name (of those that come with the package) or by file.

    Raises:
        TopologyError: there is no such topology, or it is malformed.
    """
    try:
        if isinstance(source, Path) or "/" in source or source.endswith((".yaml", ".yml")):
            text = Path(source).read_text()
        else:
            text = (resources.files("cloudwright.twin.topologies") / f"{source}.yaml").read_text()
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return Topology.model_validate(yaml.load(text, Loader=loader))  # noqa: S506 - SafeLoader, in C
    except OSError as error:
        raise TopologyError(f"cannot read topology {source}: {error.strerror or error}") from error
    except yaml.YAMLError as error:
        raise TopologyError(f"topology {source} is no YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise TopologyError(f"topology {source}: {where}: {first['msg']}") from error


def objects_of(topology: Topology, *, before: bool = False) -> Iterator[Obj]:
    """All objects in order of creation; with `before` as they were at the previous revision."""
    for name in topology.include:
        yield from objects_of(load_topology(name), before=before)
    for namespace in topology.namespaces:
        yield {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": namespace.name, "labels": dict(namespace.labels)},
        }
    for stage in topology.stages:
        for template in topology.stage_objects:
            yield _placed(template, stage)
        for workload in topology.stage_workloads:
            size = 1.0 if workload.full_size else stage.scale
            replicas = max(1, round(workload.replicas * size))
            own = workload.model_copy(update={"namespace": stage.namespace, "replicas": replicas})
            for obj in workload_objects(own, before=before, account="shop-app"):
                yield _placed(obj, stage)
    for workload in topology.workloads:
        yield from workload_objects(workload, before=before)
    yield from (dict(obj) for obj in topology.objects)


def _placed(template: Mapping[str, Any], stage: Stage) -> Obj:
    values = {"{namespace}": stage.namespace, "{rate}": f"{stage.rate:g}"}
    obj: Obj = _replaced(template, values)
    obj["metadata"]["namespace"] = stage.namespace
    return obj


def _replaced(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return values.get(value, value.replace("{namespace}", values["{namespace}"]))
    if isinstance(value, Mapping):
        return {key: _replaced(each, values) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(each, values) for each in value]
    return value


def _env(values: Mapping[str, Any]) -> list[Obj]:
    entries: list[Obj] = []
    for name, value in values.items():
        if not isinstance(value, Mapping):
            entries.append({"name": name, "value": str(value)})
        elif "field" in value:
            entries.append({"name": name, "valueFrom": {"fieldRef": {"fieldPath": value["field"]}}})
        else:
            kind = "secret" if "secret" in value else "config"
            source = "secretKeyRef" if kind == "secret" else "configMapKeyRef"
            entries.append({"name": name, "valueFrom": {source: {"name": value[kind], "key": value["key"]}}})
    return entries


def workload_objects(workload: Workload, *, before: bool = False, account: str = "") -> Iterator[Obj]:
    """The workload, its service and its autoscaler."""
    labels = {
        "app.kubernetes.io/name": workload.name,
        "app.kubernetes.io/part-of": "shop" if account else workload.namespace,
        "app.kubernetes.io/component": workload.component,
    }
    selector = {"app.kubernetes.io/name": workload.name}
    meta = {"name": workload.name, "namespace": workload.namespace, "labels": labels}
    template = _template(workload, labels, account, before=before)
    yield from _services(workload, selector, meta)
    if workload.kind == "CronJob":
        template["spec"]["restartPolicy"] = "Never"
        job = {"spec": {"backoffLimit": 2, "template": template}}
        spec: Obj = {
            "schedule": workload.schedule,
            "concurrencyPolicy": "Forbid",
            "successfulJobsHistoryLimit": 2,
            "jobTemplate": job,
        }
        yield {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta, "spec": spec}
        return
    spec = {"selector": {"matchLabels": selector}, "template": template}
    if workload.kind != "DaemonSet":
        spec["replicas"] = workload.replicas
    if workload.kind == "StatefulSet":
        spec["serviceName"] = workload.name
        if workload.storage:
            claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": workload.storage.size}}}
            spec["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": claim}]
    yield {"apiVersion": "apps/v1", "kind": workload.kind, "metadata": meta, "spec": spec}
    if workload.autoscale:
        yield _autoscaler(workload, workload.autoscale)


def _services(workload: Workload, selector: Obj, meta: Obj) -> Iterator[Obj]:
    if workload.service is None:
        return
    port = {"name": "main", **workload.service}
    spec: Obj = {"selector": selector, "ports": [port]}
    yield {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}


def _template(workload: Workload, labels: Obj, account: str, *, before: bool) -> Obj:
    container = {"name": workload.name, **workload.container, **(workload.before if before else {})}
    if "env" in container:
        container["env"] = _env(container["env"])
    if workload.storage:
        mounts = [*container.get("volumeMounts", ()), {"name": "data", "mountPath": workload.storage.path}]
        container["volumeMounts"] = mounts
    spec: Obj = {"containers": [container]}
    if account:
        spec["serviceAccountName"] = account
    if workload.volumes:
        spec["volumes"] = [dict(volume) for volume in workload.volumes]
    return {"metadata": {"labels": labels}, "spec": spec}


def _autoscaler(workload: Workload, wanted: Autoscale) -> Obj:
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": wanted.cpu}},
    }
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": workload.name, "namespace": workload.namespace},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": workload.kind, "name": workload.name},
            "minReplicas": wanted.min,
            "maxReplicas": wanted.max,
            "metrics": [metric],
        },
    }
