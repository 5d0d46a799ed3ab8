"""What monitoring would see: kube-state-metrics, cAdvisor, node and request metrics, sampled into the series store."""

from collections.abc import Iterator, Mapping
from typing import Any

from cloudwright.twin.api import (
    CRON_JOBS,
    DAEMON_SETS,
    DEPLOYMENTS,
    JOBS,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    STATEFUL_SETS,
    Api,
    Resource,
)
from cloudwright.twin.apps.machine import Fleet, Sandbox
from cloudwright.twin.apps.process import Process
from cloudwright.twin.apps.quantity import parse_quantity
from cloudwright.twin.clock import Clock, parse_timestamp
from cloudwright.twin.node.eviction import disk_used, memory_used
from cloudwright.twin.telemetry.series import Labels, SeriesStore

INTERVAL = 30.0
HPAS = Resource("autoscaling", "v2", "horizontalpodautoscalers")
QUOTAS = Resource("", "v1", "resourcequotas")
_PHASES = ("Pending", "Running", "Succeeded", "Failed", "Unknown")
_CFS_PERIODS = 10.0

Reading = tuple[Labels, float]


def labelled(name: str, **labels: str) -> Labels:
    """Labels in the store's form."""
    return tuple(sorted((("__name__", name), *labels.items())))


class Scraper:
    """Samples everything each thirty seconds of virtual time."""

    def __init__(self, api: Api, fleet: Fleet, clock: Clock, store: SeriesStore) -> None:
        self._api = api
        self._fleet = fleet
        self._clock = clock
        self.store = store
        self._closed = False
        clock.after(INTERVAL, self._tick)

    def close(self) -> None:
        """Stop the timer."""
        self._closed = True

    def _tick(self) -> None:
        if self._closed:
            return
        self.scrape()
        self._clock.after(INTERVAL, self._tick)

    def scrape(self) -> None:
        """Take one sample of everything."""
        now = self._clock.now()
        for labels, value in self.readings():
            self.store.append(labels, now, value)
        self.store.end_scrape(now)

    def readings(self) -> Iterator[Reading]:
        """Every present reading."""
        for pod in self._api.cached(PODS):
            yield from _pod(pod)
        yield from self._workloads()
        yield from self._cluster()
        for sandbox in self._fleet.sandboxes.values():
            for process in sandbox.processes.values():
                if process.running:
                    yield from _container(sandbox, process)
                    yield from _requests(sandbox, process)
            yield from _volumes(sandbox)
        yield from self._machines()

    def _workloads(self) -> Iterator[Reading]:
        for obj in self._api.cached(DEPLOYMENTS):
            yield from _deployment(obj)
        for obj in self._api.cached(STATEFUL_SETS):
            where = _where(obj, "statefulset")
            yield labelled("kube_statefulset_replicas", **where), float(obj["spec"].get("replicas", 1))
            status = obj.get("status") or {}
            yield labelled("kube_statefulset_status_replicas_ready", **where), float(status.get("readyReplicas") or 0)
        for obj in self._api.cached(DAEMON_SETS):
            where, status = _where(obj, "daemonset"), obj.get("status") or {}
            yield (
                labelled("kube_daemonset_status_desired_number_scheduled", **where),
                float(status.get("desiredNumberScheduled") or 0),
            )
            yield labelled("kube_daemonset_status_number_ready", **where), float(status.get("numberReady") or 0)
        for obj in self._api.cached(JOBS):
            where, status = _where(obj, "job_name"), obj.get("status") or {}
            for field in ("active", "succeeded", "failed"):
                yield labelled(f"kube_job_status_{field}", **where), float(status.get(field) or 0)
        for obj in self._api.cached(CRON_JOBS):
            where = _where(obj, "cronjob")
            yield labelled("kube_cronjob_spec_suspend", **where), float(bool(obj["spec"].get("suspend")))
            last = (obj.get("status") or {}).get("lastScheduleTime")
            if last:
                yield labelled("kube_cronjob_status_last_schedule_time", **where), parse_timestamp(last)

    def _cluster(self) -> Iterator[Reading]:
        for node in self._api.cached(NODES):
            name = node["metadata"]["name"]
            for each in (node.get("status") or {}).get("conditions") or ():
                for status in ("true", "false", "unknown"):
                    where = {"node": name, "condition": each["type"], "status": status}
                    yield labelled("kube_node_status_condition", **where), float(each["status"].lower() == status)
            yield labelled("kube_node_spec_unschedulable", node=name), float(bool(node["spec"].get("unschedulable")))
            for resource, value in ((node.get("status") or {}).get("allocatable") or {}).items():
                if resource in ("cpu", "memory", "pods"):
                    unit = {"cpu": "core", "memory": "byte", "pods": "integer"}[resource]
                    yield (
                        labelled("kube_node_status_allocatable", node=name, resource=resource, unit=unit),
                        parse_quantity(value),
                    )
        for claim in self._api.cached(PERSISTENT_VOLUME_CLAIMS):
            where = _where(claim, "persistentvolumeclaim")
            for phase in ("Pending", "Bound", "Lost"):
                present = (claim.get("status") or {}).get("phase")
                yield labelled("kube_persistentvolumeclaim_status_phase", **where, phase=phase), float(present == phase)
        yield from self._policies()

    def _policies(self) -> Iterator[Reading]:
        for hpa in self._api.cached(HPAS):
            where, status = _where(hpa, "horizontalpodautoscaler"), hpa.get("status") or {}
            yield labelled("kube_horizontalpodautoscaler_spec_max_replicas", **where), float(hpa["spec"]["maxReplicas"])
            yield (
                labelled("kube_horizontalpodautoscaler_spec_min_replicas", **where),
                float(hpa["spec"].get("minReplicas", 1)),
            )
            yield (
                labelled("kube_horizontalpodautoscaler_status_current_replicas", **where),
                float(status.get("currentReplicas") or 0),
            )
            yield (
                labelled("kube_horizontalpodautoscaler_status_desired_replicas", **where),
                float(status.get("desiredReplicas") or 0),
            )
        for quota in self._api.cached(QUOTAS):
            where, status = _where(quota, "resourcequota"), quota.get("status") or {}
            for kind in ("hard", "used"):
                for resource, value in (status.get(kind) or {}).items():
                    yield labelled("kube_resourcequota", **where, resource=resource, type=kind), parse_quantity(value)

    def _machines(self) -> Iterator[Reading]:
        for machine in self._fleet.machines.values():
            mine = [s for s in self._fleet.sandboxes.values() if s.machine is machine]
            used = memory_used(machine, mine)
            where = {"instance": f"{machine.address}:9100", "node": machine.name, "job": "node-exporter"}
            yield labelled("node_memory_MemTotal_bytes", **where), machine.memory
            yield labelled("node_memory_MemAvailable_bytes", **where), max(0.0, machine.memory - used)
            cpu = machine.system_cpu + sum(p.cpu for s in mine for p in s.processes.values())
            yield labelled("node_load1", **where), cpu
            disk = {**where, "mountpoint": "/", "fstype": "ext4"}
            yield labelled("node_filesystem_size_bytes", **disk), machine.disk
            yield labelled("node_filesystem_avail_bytes", **disk), max(0.0, machine.disk - disk_used(machine, mine))
            up = {"job": "kubelet", "node": machine.name, "instance": f"{machine.address}:10250"}
            yield labelled("up", **up), float(machine.kubelet_running)


def _where(obj: Mapping[str, Any], kind: str) -> dict[str, str]:
    return {"namespace": obj["metadata"].get("namespace", ""), kind: obj["metadata"]["name"]}


def _deployment(obj: Mapping[str, Any]) -> Iterator[Reading]:
    where, status = _where(obj, "deployment"), obj.get("status") or {}
    yield labelled("kube_deployment_spec_replicas", **where), float(obj["spec"].get("replicas", 1))
    yield labelled("kube_deployment_spec_paused", **where), float(bool(obj["spec"].get("paused")))
    for field, source in (
        ("kube_deployment_status_replicas", "replicas"),
        ("kube_deployment_status_replicas_available", "availableReplicas"),
        ("kube_deployment_status_replicas_unavailable", "unavailableReplicas"),
        ("kube_deployment_status_replicas_updated", "updatedReplicas"),
        ("kube_deployment_status_observed_generation", "observedGeneration"),
    ):
        yield labelled(field, **where), float(status.get(source) or 0)
    yield labelled("kube_deployment_metadata_generation", **where), float(obj["metadata"].get("generation") or 0)


def _pod(pod: Mapping[str, Any]) -> Iterator[Reading]:
    where, status = _where(pod, "pod"), pod.get("status") or {}
    owner: Mapping[str, Any] = next(iter(pod["metadata"].get("ownerReferences") or ()), {})
    info = {
        "node": pod["spec"].get("nodeName") or "",
        "pod_ip": status.get("podIP") or "",
        "created_by_kind": owner.get("kind") or "",
        "created_by_name": owner.get("name") or "",
    }
    yield labelled("kube_pod_info", **where, **info), 1.0
    for phase in _PHASES:
        yield labelled("kube_pod_status_phase", **where, phase=phase), float(status.get("phase") == phase)
    ready = next((c["status"] for c in status.get("conditions") or () if c["type"] == "Ready"), "False")
    for text in ("true", "false", "unknown"):
        yield labelled("kube_pod_status_ready", **where, condition=text), float(ready.lower() == text)
    if status.get("reason"):
        yield labelled("kube_pod_status_reason", **where, reason=status["reason"]), 1.0
    for each in status.get("containerStatuses") or ():
        yield from _container_status(each, where)
    for container in pod["spec"].get("containers") or ():
        for kind in ("requests", "limits"):
            for resource, value in ((container.get("resources") or {}).get(kind) or {}).items():
                unit = "core" if resource == "cpu" else "byte"
                yield (
                    labelled(
                        f"kube_pod_container_resource_{kind}",
                        **where,
                        container=container["name"],
                        resource=resource,
                        unit=unit,
                    ),
                    parse_quantity(value),
                )


def _container_status(each: Mapping[str, Any], where: Mapping[str, str]) -> Iterator[Reading]:
    here = {**where, "container": each["name"]}
    yield labelled("kube_pod_container_status_restarts_total", **here), float(each.get("restartCount") or 0)
    yield labelled("kube_pod_container_status_ready", **here), float(bool(each.get("ready")))
    state = each.get("state") or {}
    yield labelled("kube_pod_container_status_running", **here), float("running" in state)
    if "waiting" in state:
        yield (
            labelled("kube_pod_container_status_waiting_reason", **here, reason=state["waiting"].get("reason", "")),
            1.0,
        )
    if "terminated" in state:
        yield (
            labelled(
                "kube_pod_container_status_terminated_reason", **here, reason=state["terminated"].get("reason", "")
            ),
            1.0,
        )
    last = (each.get("lastState") or {}).get("terminated")
    if last:
        yield labelled("kube_pod_container_status_last_terminated_reason", **here, reason=last.get("reason", "")), 1.0
        yield labelled("kube_pod_container_status_last_terminated_exitcode", **here), float(last["exitCode"])


def _container(sandbox: Sandbox, process: Process) -> Iterator[Reading]:
    where = {
        "namespace": sandbox.namespace,
        "pod": sandbox.name,
        "container": process.container,
        "node": sandbox.machine.name,
    }
    yield labelled("container_cpu_usage_seconds_total", **where), process.cpu_total
    yield labelled("container_memory_working_set_bytes", **where), float(process.memory)
    yield labelled("container_memory_rss", **where), process.memory * 0.93
    age = max(0.0, process.clock.now() - process.started_at)
    if process.limits.cpu:
        yield labelled("container_cpu_cfs_periods_total", **where), age * _CFS_PERIODS
        yield labelled("container_cpu_cfs_throttled_periods_total", **where), process.throttled_total * _CFS_PERIODS
        yield labelled("container_spec_cpu_quota", **where), process.limits.cpu * 1e5
    if process.limits.memory:
        yield labelled("container_spec_memory_limit_bytes", **where), process.limits.memory


def _requests(sandbox: Sandbox, process: Process) -> Iterator[Reading]:
    if not process.counters:
        return
    where = {"namespace": sandbox.namespace, "pod": sandbox.name, "service": sandbox.app()}
    for key, value in process.counters.items():
        if key[0] == "requests":
            yield labelled("http_requests_total", **where, code=key[1]), value
        elif key[0] == "bucket":
            yield labelled("http_request_duration_seconds_bucket", **where, le=key[1]), value
            if key[1] == "+Inf":
                yield labelled("http_request_duration_seconds_count", **where), value
        elif key[0] == "latency_sum":
            yield labelled("http_request_duration_seconds_sum", **where), value
        elif key[0] == "calls":
            yield labelled("http_client_requests_total", **where, peer=key[1], outcome=key[2]), value
    for name, state in process.traffic.calls.items():
        yield labelled("http_client_request_duration_seconds", **where, peer=name), state.latency


def _volumes(sandbox: Sandbox) -> Iterator[Reading]:
    for volume in sandbox.volumes.values():
        if volume.kind == "persistentVolumeClaim" and volume.capacity:
            where = {
                "namespace": sandbox.namespace,
                "persistentvolumeclaim": volume.claim,
                "node": sandbox.machine.name,
            }
            yield labelled("kubelet_volume_stats_used_bytes", **where), float(volume.used())
            yield labelled("kubelet_volume_stats_capacity_bytes", **where), volume.capacity
            yield labelled("kubelet_volume_stats_available_bytes", **where), volume.free()
