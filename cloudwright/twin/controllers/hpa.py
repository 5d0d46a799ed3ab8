"""Horizontal autoscaling (autoscaling/v2) on the resource metrics of pods."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from cloudwright.twin.api import DEPLOYMENTS, PODS, REPLICA_SETS, STATEFUL_SETS, ApiStatusError, Resource
from cloudwright.twin.controllers import hpa_rules as rules
from cloudwright.twin.controllers.base import Context, Controller
from cloudwright.twin.events import reference_to
from cloudwright.twin.objects import (
    Raw,
    is_deleting,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    selector_matches,
    status_of,
)
from cloudwright.twin.server.quantity import parse, render_decimal
from cloudwright.twin.store import clone

AUTOSCALERS = Resource("autoscaling", "v2", "horizontalpodautoscalers")
_TARGETS = {"Deployment": DEPLOYMENTS, "ReplicaSet": REPLICA_SETS, "StatefulSet": STATEFUL_SETS}


@dataclass(frozen=True)
class _Computed:
    replicas: int
    name: str
    status: dict[str, Any]


class _Failed(Exception):
    """No metric gives a count; the text is the event's message."""


class HorizontalPodAutoscalerController(Controller):
    """Every 15 seconds: compare use with targets and set the scale of the target."""

    name = "horizontal-pod-autoscaler"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._autoscalers, self._pods = context.cache(AUTOSCALERS), context.cache(PODS)
        self._targets = {kind: context.cache(resource) for kind, resource in _TARGETS.items()}
        self._memory: dict[tuple[str, str], rules.Memory] = {}
        options = context.options
        self._timing = rules.Timing(options.hpa_cpu_initialization, options.hpa_initial_readiness)
        self._autoscalers.add_handler(self._on_autoscaler)

    def _on_autoscaler(self, old: Raw | None, new: Raw | None) -> None:
        if new is None:
            assert old is not None
            self._memory.pop(key_of(old), None)
        elif old is None:
            self.queue.add_after(key_of(new), self.context.options.hpa_period)
        elif old["spec"] != new["spec"]:
            self.queue.add(key_of(new))

    def sync(self, key: Hashable) -> None:
        """Scale one target."""
        assert isinstance(key, tuple)
        cached = self._autoscalers.get(*key)
        if cached is None or is_deleting(cached):
            return
        self.queue.add_after(key, self.context.options.hpa_period)
        autoscaler = clone(cached)
        try:
            self._reconcile(autoscaler, self._memory.setdefault(key, rules.Memory()))
        except _Failed as error:
            self.events.warning(_about(autoscaler), "FailedComputeMetricsReplicas", str(error))
        if status_of(autoscaler) != status_of(cached):
            self.api.update(AUTOSCALERS, autoscaler, subresource="status")

    def _reconcile(self, autoscaler: dict[str, Any], memory: rules.Memory) -> None:
        spec, status = autoscaler["spec"], autoscaler.setdefault("status", {})
        if autoscaler["metadata"].get("generation"):
            status["observedGeneration"] = autoscaler["metadata"]["generation"]
        target = self._target(autoscaler)
        if target is None:
            return
        current = int(target["spec"].get("replicas", 1))
        low, high = spec.get("minReplicas", 1), spec["maxReplicas"]
        status["currentReplicas"] = int(status_of(target).get("replicas", 0))
        memory.recommendations = memory.recommendations or [(self.clock.now(), current)]
        if current == 0 and low != 0:
            words = ("False", "ScalingDisabled", "scaling is disabled since the replica count of the target is zero")
            self._condition(autoscaler, "ScalingActive", *words)
            status["desiredReplicas"] = 0
            return
        if current > high:
            desired, reason = high, "Current number of replicas above Spec.MaxReplicas"
        elif current < low:
            desired, reason = low, "Current number of replicas below Spec.MinReplicas"
        else:
            desired, reason = self._from_metrics(autoscaler, target, memory, current, low, high)
        if desired != current:
            self._rescale(autoscaler, target, memory, current, desired, reason)
        status["desiredReplicas"] = desired

    def _target(self, autoscaler: dict[str, Any]) -> Raw | None:
        reference = autoscaler["spec"]["scaleTargetRef"]
        cache = self._targets.get(reference["kind"])
        found = cache.get(namespace_of(autoscaler), reference["name"]) if cache is not None else None
        if found is None:
            group = str(reference.get("apiVersion", "apps/v1")).rpartition("/")[0]
            plural = f"{reference['kind'].lower()}s" + (f".{group}" if group else "")
            why = f'{plural} "{reference["name"]}" not found'
            self.events.warning(_about(autoscaler), "FailedGetScale", why)
            text = f"the HPA controller was unable to get the target's current scale: {why}"
            self._condition(autoscaler, "AbleToScale", "False", "FailedGetScale", text)
            return None
        text = "the HPA controller was able to get the target's current scale"
        self._condition(autoscaler, "AbleToScale", "True", "SucceededGetScale", text)
        return found

    def _from_metrics(
        self, autoscaler: dict[str, Any], target: Raw, memory: rules.Memory, current: int, low: int, high: int
    ) -> tuple[int, str]:
        best = self._compute(autoscaler, target, current)
        reason = f"{best.name} above target" if best.replicas > current else "All metrics below target"
        now, window = self.clock.now(), self.context.options.hpa_downscale_window
        behavior = autoscaler["spec"].get("behavior")
        if behavior is None:
            limited = rules.normalize(memory, current, best.replicas, low, high, now, window)
        else:
            limited = rules.normalize_by_behavior(memory, behavior, current, best.replicas, low, high, now, window)
        self._condition(autoscaler, "AbleToScale", "True", *limited.able)
        held = "True" if limited.limited else "False"
        self._condition(autoscaler, "ScalingLimited", held, limited.reason, limited.message)
        return limited.replicas, reason

    def _compute(self, autoscaler: dict[str, Any], target: Raw, current: int) -> _Computed:
        metrics = autoscaler["spec"].get("metrics") or ()
        statuses: list[dict[str, Any]] = []
        invalid = 0
        best: _Computed | None = None
        first: tuple[str, str, str] | None = None
        for metric in metrics:
            try:
                computed = self._measure(autoscaler, target, metric, current)
            except rules.NoMetric as error:
                reason, prefix = _failure_words(metric)
                self.events.warning(_about(autoscaler), reason, str(error))
                first = first or (reason, str(error), prefix)
                statuses.append({"type": ""})
                invalid += 1
                continue
            statuses.append(computed.status)
            if best is None or computed.replicas > best.replicas:
                best = computed
        autoscaler["status"]["currentMetrics"] = statuses or None
        if best is None or (invalid and best.replicas < current):
            reason, text, prefix = first or ("FailedGetResourceMetric", "no metrics", "")
            message = f"the HPA was unable to compute the replica count: {text}"
            self._condition(autoscaler, "ScalingActive", "False", reason, message)
            total = f"{invalid} invalid out of {len(metrics)}"
            raise _Failed(f"invalid metrics ({total}), first error is: {prefix}{text}")
        text = f"the HPA was able to successfully calculate a replica count from {best.name}"
        self._condition(autoscaler, "ScalingActive", "True", "ValidMetricFound", text)
        return best

    def _measure(self, autoscaler: Raw, target: Raw, metric: Raw, current: int) -> _Computed:
        kind = metric["type"]
        if kind not in ("Resource", "ContainerResource"):
            raise rules.NoMetric(_unavailable(autoscaler, metric))
        source = metric["resource" if kind == "Resource" else "containerResource"]
        resource, container, wanted = source["name"], source.get("container", ""), source["target"]
        use_of_requests = "averageUtilization" in wanted
        measure = "utilization" if use_of_requests else "usage"
        pods = self._pods_of(target)
        now = self.clock.now()
        try:
            names = {name_of(pod) for pod in pods}
            try:
                use = rules.samples(self.context.metrics(), resource, namespace_of(target), names, container)
            except rules.NoMetric as error:
                raise rules.NoMetric(f"unable to get metrics for resource {resource}: {error}") from error
            if use_of_requests:
                goal = wanted["averageUtilization"]
                found = rules.from_utilization(current, goal, resource, pods, use, container, self._timing, now)
            else:
                average = int(parse(wanted["averageValue"]) * 1000)
                found = rules.from_average(current, average, resource, pods, use, self._timing, now)
        except rules.NoMetric as error:
            raise rules.NoMetric(f"failed to get {resource} {measure}: {error}") from error
        middle = "container resource" if container else "resource"
        name = f"{resource} {middle} utilization (percentage of request)" if use_of_requests else f"{resource} resource"
        value: dict[str, Any] = {"averageValue": _quantity(resource, found.average)}
        if found.utilization is not None:
            value["averageUtilization"] = found.utilization
        part = {"name": resource, "current": value} | ({"container": container} if container else {})
        status = {"type": kind, "resource" if kind == "Resource" else "containerResource": part}
        return _Computed(found.replicas, name, status)

    def _pods_of(self, target: Raw) -> list[Raw]:
        selector = target["spec"].get("selector")
        return [
            pod for pod in self._pods.in_namespace(namespace_of(target)) if selector_matches(selector, labels_of(pod))
        ]

    def _rescale(
        self, autoscaler: dict[str, Any], target: Raw, memory: rules.Memory, current: int, desired: int, reason: str
    ) -> None:
        about = _about(autoscaler)
        metadata = {"name": name_of(target), "namespace": namespace_of(target)}
        body = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": metadata, "spec": {"replicas": desired}}
        resource = _TARGETS[autoscaler["spec"]["scaleTargetRef"]["kind"]]
        try:
            self.api.update(resource, body, subresource="scale")
        except ApiStatusError as error:
            words = f"New size: {desired}; reason: {reason}; error: {error.message}"
            self.events.warning(about, "FailedRescale", words)
            text = f"the HPA controller was unable to update the target scale: {error.message}"
            self._condition(autoscaler, "AbleToScale", "False", "FailedUpdateScale", text)
            return
        text = f"the HPA controller was able to update the target scale to {desired}"
        self._condition(autoscaler, "AbleToScale", "True", "SucceededRescale", text)
        self.events.normal(about, "SuccessfulRescale", f"New size: {desired}; reason: {reason}")
        now = self.clock.now()
        memory.changes = [each for each in memory.changes if each[0] > now - 1800] + [(now, desired - current)]
        autoscaler["status"]["lastScaleTime"] = self.clock.timestamp()

    def _condition(self, autoscaler: dict[str, Any], kind: str, status: str, reason: str, message: str) -> None:
        conditions = autoscaler.setdefault("status", {}).get("conditions") or []
        present = next((each for each in conditions if each["type"] == kind), None)
        if present is None:
            present = {"type": kind}
            conditions = [*conditions, present]
        if present.get("status") != status:
            present["lastTransitionTime"] = self.clock.timestamp()
        present |= {"status": status, "reason": reason, "message": message}
        autoscaler["status"]["conditions"] = conditions


def _about(autoscaler: Raw) -> dict[str, Any]:
    return reference_to(autoscaler, api_version="autoscaling/v2", kind="HorizontalPodAutoscaler")


def _quantity(resource: str, milli: int) -> str:
    return f"{milli}m" if resource == "cpu" and milli % 1000 else render_decimal(parse(f"{milli}m"))


def _failure_words(metric: Raw) -> tuple[str, str]:
    kind = metric["type"]
    if kind == "Resource":
        return "FailedGetResourceMetric", f"failed to get {metric['resource']['name']} resource metric value: "
    if kind == "ContainerResource":
        container = metric["containerResource"]["container"]
        return "FailedGetContainerResourceMetric", f"failed to get {container} container metric value: "
    if kind == "External":
        name = metric["external"]["metric"]["name"]
        return "FailedGetExternalMetric", f"failed to get {name} external metric value: "
    return f"FailedGet{kind}Metric", f"failed to get {kind.lower()} metric value: "


def _unavailable(autoscaler: Raw, metric: Raw) -> str:
    """Custom and external metrics need an adapter that this cluster does not have."""
    if metric["type"] == "External":
        name = metric["external"]["metric"]["name"]
        where = f"{namespace_of(autoscaler)}/{name}/nil"
        why = "no external metrics API (external.metrics.k8s.io) registered"
        return f"unable to get external metric {where}: unable to fetch metrics from external metrics API: {why}"
    source = metric["pods"] if metric["type"] == "Pods" else metric["object"]
    name = source["metric"]["name"]
    why = "no custom metrics API (custom.metrics.k8s.io) registered"
    return f"unable to get metric {name}: unable to fetch metrics from custom metrics API: {why}"
