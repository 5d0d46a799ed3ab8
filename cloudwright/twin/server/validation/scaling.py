"""Rules of autoscalers and disruption budgets."""

from collections.abc import Mapping
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.server.errors import forbidden_field, invalid, not_supported, required
from cloudwright.twin.server.validation.basic import (
    Errors,
    at_most_hundred,
    int_or_percent,
    one_of,
    selector,
)

_METRICS = ("ContainerResource", "External", "Object", "Pods", "Resource")


def autoscaler(obj: Obj) -> Errors:
    """A horizontal pod autoscaler, in its stored version."""
    spec = obj.get("spec") or {}
    least, most = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    metrics = spec.get("metrics") or ()
    if least is not None and least < 1:
        yield invalid("spec.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        yield invalid("spec.maxReplicas", most, "must be greater than 0")
    if least is not None and most < least:
        yield invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    target = spec.get("scaleTargetRef") or {}
    for name in ("kind", "name"):
        if not target.get(name):
            yield required(f"spec.scaleTargetRef.{name}")
    version = target.get("apiVersion", "")
    if "/" not in version and target.get("kind") != "ReplicationController" and target.get("kind"):
        yield invalid("spec.scaleTargetRef.apiVersion", version, "apiVersion must specify API group")
    for index, metric in enumerate(metrics):
        yield from _metric(metric, f"spec.metrics[{index}]")
    if least == 0 and not any(metric.get("type") in ("Object", "External") for metric in metrics):
        sentence = "must specify at least one Object or External metric to support scaling to zero replicas"
        yield forbidden_field("spec.metrics", sentence)
    for name, rules in (spec.get("behavior") or {}).items():
        yield from _behavior(rules or {}, f"spec.behavior.{name}")


def _metric(metric: Mapping[str, Any], path: str) -> Errors:
    kind = metric.get("type", "")
    if not kind:
        yield required(f"{path}.type", "must specify a metric source type")
        return
    if kind not in _METRICS:
        yield not_supported(f"{path}.type", kind, _METRICS)
        return
    part = kind[0].lower() + kind[1:]
    source = metric.get(part)
    if source is None:
        yield required(f"{path}.{part}", "must populate information for the given metric source")
        return
    target = source.get("target") or {}
    used = target.get("averageUtilization")
    if used is not None and used < 1:
        yield invalid(f"{path}.{part}.target.averageUtilization", used, "must be greater than 0")
    if part == "resource" and not source.get("name"):
        yield required(f"{path}.{part}.name", "must specify a resource name")


def _behavior(rules: Mapping[str, Any], path: str) -> Errors:
    window = rules.get("stabilizationWindowSeconds")
    if window is not None:
        if window < 0:
            yield invalid(f"{path}.stabilizationWindowSeconds", window, "must be greater than or equal to zero")
        if window > 3600:
            yield invalid(f"{path}.stabilizationWindowSeconds", window, "must be less than or equal to 3600")
    for index, policy in enumerate(rules.get("policies") or ()):
        where = f"{path}.policies[{index}]"
        yield from one_of(policy.get("type"), ("Percent", "Pods"), f"{where}.type")
        for name in ("value", "periodSeconds"):
            if policy.get(name, 0) <= 0:
                yield invalid(f"{where}.{name}", policy.get(name, 0), "must be greater than zero")


def budget(obj: Obj) -> Errors:
    """A pod disruption budget."""
    spec = obj.get("spec") or {}
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        shown = {
            "MinAvailable": least,
            "Selector": spec.get("selector"),
            "MaxUnavailable": most,
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
        }
        yield invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set")
    for name, value in (("minAvailable", least), ("maxUnavailable", most)):
        if value is not None:
            yield from int_or_percent(value, f"spec.{name}")
            yield from at_most_hundred(value, f"spec.{name}")
    yield from selector(spec.get("selector"), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy not in (None, "AlwaysAllow", "IfHealthyBudget"):
        yield not_supported("spec.unhealthyPodEvictionPolicy", policy, ("AlwaysAllow", "IfHealthyBudget"))
