"""Autoscalers that cannot decide or have nothing to decide, and disruption budgets that block."""

from collections.abc import Iterator
from datetime import timedelta

from cloudwright.core.finding import Finding, Operator, Remedy, Severity
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import finding, near, patch_at, patch_container
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.pods import container_path, live_pods, main_containers, replicas, template_labels
from cloudwright.diagnosis.timeline import recently_changed
from cloudwright.diagnosis.view import ClusterView


def autoscalers(view: ClusterView) -> Iterator[Finding]:
    """HorizontalPodAutoscalers and KEDA ScaledObjects."""
    for item in [*view.of("HorizontalPodAutoscaler"), *view.of("ScaledObject.keda.sh")]:
        target = f.mapping(item, "spec", "scaleTargetRef")
        kind, name = f.text(target, "kind") or "Deployment", f.text(target, "name")
        workload = view.find(kind, f.namespace(item), name)
        if workload is None:
            if view.missing(kind, f.namespace(item), name):
                known = (f.name(one) for one in view.within(kind, f.namespace(item)))
                close = near(name, known)
                remedies = (
                    [patch_at(item, f"Scale {close[0]}", ("spec", "scaleTargetRef", "name"), close[0])] if close else []
                )
                yield finding(view, "autoscaler-target-missing", item, f"Autoscaler {f.name(item)} scales {kind} {name}, which does not exist"
                              + (f"; there is {close[0]}" if close else ""), field="spec.scaleTargetRef.name", remedies=remedies)  # fmt: skip
            continue
        yield from _requests(view, item, workload)
        yield from _state(view, item, workload)
        yield from _bounds(view, item, workload)


def _requests(view: ClusterView, item: Object, workload: Object) -> Iterator[Finding]:
    wanted = set()
    for metric in f.maps(item, "spec", "metrics"):
        source = f.mapping(metric, "resource") or f.mapping(metric, "containerResource")
        if f.text(source, "target", "type") == "Utilization" or "averageUtilization" in f.mapping(source, "target"):
            wanted.add((f.text(source, "name"), f.text(source, "container")))
    if f.integer(item, "spec", "targetCPUUtilizationPercentage"):
        wanted.add(("cpu", ""))
    for resource, only in sorted(wanted):
        for one in main_containers(workload):
            have = f.get(one.spec, "resources", "requests", resource) or f.get(
                one.spec, "resources", "limits", resource
            )
            if have is not None or (only and one.name != only):
                continue
            value = "100m" if resource == "cpu" else "128Mi"
            yield finding(
                view, "autoscaler-no-requests", workload, f"Autoscaler {f.name(item)} needs the {resource} request of container {one.name}, which has none",
                field=container_path(workload, one, f"resources.requests.{resource}"), affected=[item],
                facts=[(workload, container_path(workload, one, f"resources.requests.{resource}"), Operator.ABSENT, None)],
                remedies=[patch_container(workload, one.name, f"Request {value} of {resource}", {"resources": {"requests": {resource: value}}})],
                severity=None if view.older(item, timedelta(seconds=15)) else Severity.INFO,
            )  # fmt: skip
            return


def _state(view: ClusterView, item: Object, workload: Object) -> Iterator[Finding]:
    active, able, limited = (f.condition(item, one) for one in ("ScalingActive", "AbleToScale", "ScalingLimited"))
    if (
        f.text(active, "status") == "False"
        and f.text(active, "reason") != "ScalingDisabled"
        and view.older(item, timedelta(seconds=90))
    ):
        yield finding(view, "autoscaler-no-metrics", item, f"Autoscaler {f.name(item)} cannot compute a replica count: {f.text(active, 'message')[:200]}",
                      field="status.conditions[ScalingActive]", affected=[workload])  # fmt: skip
    elif f.text(able, "status") == "False" and f.text(able, "reason") != "BackoffDownscale":
        yield finding(
            view,
            "autoscaler-no-metrics",
            item,
            f"Autoscaler {f.name(item)} cannot scale: {f.text(able, 'message')[:200]}",
            field="status.conditions[AbleToScale]",
            affected=[workload],
        )
    if f.text(limited, "status") == "True" and f.text(limited, "reason") == "TooManyReplicas":
        yield finding(
            view,
            "autoscaler-at-maximum",
            item,
            f"Autoscaler {f.name(item)} would run more than its maximum of {f.integer(item, 'spec', 'maxReplicas')} replicas",
            field="spec.maxReplicas",
        )


def _bounds(view: ClusterView, item: Object, workload: Object) -> Iterator[Finding]:
    low, high = f.integer(item, "spec", "minReplicas", default=1), f.integer(item, "spec", "maxReplicas")
    for metric in f.maps(item, "spec", "metrics"):
        target = f.integer(metric, "resource", "target", "averageUtilization")
        current = f.integer(item, "status", "currentReplicas")
        if 0 < target <= 5 and high > 1:
            yield finding(
                view, "autoscaler-misconfigured", item, f"Autoscaler {f.name(item)} aims at {target} % utilization and runs {current} of at most {high} replicas",
                field="spec.metrics", affected=[workload], severity=Severity.ERROR if current >= high else Severity.WARNING,
                remedies=[_usual_target(item)],
            )  # fmt: skip
            return
    if high and low == high and high > 1:
        yield finding(
            view,
            "autoscaler-misconfigured",
            item,
            f"Autoscaler {f.name(item)} has equal bounds ({high}): it can decide nothing",
            field="spec.maxReplicas",
            severity=Severity.INFO,
        )


USUAL_TARGET = 80
"""Per cent of CPU requests that Kubernetes aims at where an autoscaler names no metric."""


def _usual_target(item: Object) -> Remedy:
    metrics = [dict(metric) for metric in f.maps(item, "spec", "metrics")]
    for metric in metrics:
        if 0 < f.integer(metric, "resource", "target", "averageUtilization") <= 5:
            resource = f.mapping(metric, "resource")
            metric["resource"] = {**resource, "target": {"type": "Utilization", "averageUtilization": USUAL_TARGET}}
    return patch_at(
        item, f"Aim at {USUAL_TARGET} %, which is what Kubernetes takes where nothing is said", ("spec", "metrics"), metrics,
        risk="Fewer replicas carry the same load.",
    )  # fmt: skip


def metrics_api(view: ClusterView) -> Iterator[Finding]:
    """Autoscalers that all lack metrics although no API object says why."""
    if any(f.text(item, "spec", "group") == "metrics.k8s.io" for item in view.of("APIService")):
        return
    blind = [item for item in view.of("HorizontalPodAutoscaler") if "unable to fetch metrics from resource metrics API" in f.text(f.condition(item, "ScalingActive"), "message")
             or "the server could not find the requested resource" in f.text(f.condition(item, "ScalingActive"), "message")]  # fmt: skip
    if blind and view.knows("APIService"):
        yield finding(
            view,
            "metrics-server-down",
            blind[0],
            "No server offers resource metrics (metrics.k8s.io), which autoscalers need",
            field="status.conditions[ScalingActive]",
            affected=blind,
        )


def disruption_budgets(view: ClusterView) -> Iterator[Finding]:
    """Budgets that allow no disruption, overlap, or keep a drain waiting."""
    draining = [node for node in view.of("Node") if f.get(node, "spec", "unschedulable") is True]
    for item in view.of("PodDisruptionBudget"):
        subjects = [
            one
            for one in view.workloads_in(f.namespace(item))
            if f.matches(f.get(item, "spec", "selector"), template_labels(one))
        ]
        allowed, healthy = (
            f.integer(item, "status", "disruptionsAllowed", default=1),
            f.integer(item, "status", "currentHealthy"),
        )
        expected = f.integer(item, "status", "expectedPods")
        if not subjects or allowed > 0 or not expected or healthy < f.integer(item, "status", "desiredHealthy"):
            continue
        pods = [pod for one in subjects for pod in live_pods(view, one)]
        held = [node for node in draining if any(f.text(pod, "spec", "nodeName") == f.name(node) for pod in pods)]
        bound = "minAvailable" if "minAvailable" in f.mapping(item, "spec") else "maxUnavailable"
        text = f"Disruption budget {f.name(item)} allows no eviction although all {healthy} Pods are healthy ({bound} {f.get(item, 'spec', bound)}, {sum(replicas(one) for one in subjects)} replicas)"
        if held:
            yield finding(
                view, "disruption-budget-stuck", item, f"{text}, and node {f.name(held[0])} is being drained", field=f"spec.{bound}", affected=[*subjects, *held],
                remedies=[_one_less(item, bound, expected)], severity=_drain_severity(view, held),
            )  # fmt: skip
        else:
            yield _blocking(view, item, text, bound, expected, subjects)
    yield from _overlaps(view)


def _one_less(item: Object, bound: str, expected: int) -> Remedy:
    """One Pod may go at a time."""
    value = max(expected - 1, 0) if bound == "minAvailable" else 1
    return patch_at(item, f"Set {bound} to {value}", ("spec", bound), value, risk="One Pod may be evicted at a time.")


def _blocking(
    view: ClusterView, item: Object, text: str, bound: str, expected: int, subjects: list[Object]
) -> Finding:  # fmt: skip
    """Advice while it has always been so (one replica allows nothing else); an edit that made it so is a mistake."""
    if expected < 2 or not recently_changed(view, view.ref(item)):
        return finding(view, "disruption-budget-blocks", item, text, field=f"spec.{bound}", affected=subjects)
    return finding(
        view, "disruption-budget-stuck", item, f"{text}, since it was edited: the next drain of a node will hang", field=f"spec.{bound}",
        affected=subjects, remedies=[_one_less(item, bound, expected)],
    )  # fmt: skip


def _drain_severity(view: ClusterView, held: list[Object]) -> Severity | None:
    refused = [
        event
        for event in view.warnings
        if "disruption budget" in event.message or event.reason in ("EvictionBlocked", "FailedDraining")
    ]
    return Severity.ERROR if refused else Severity.INFO if not held else None


def _overlaps(view: ClusterView) -> Iterator[Finding]:
    for workload in view.workloads:
        if workload.get("kind") not in ("Deployment", "StatefulSet"):
            continue
        found = [
            item
            for item in view.within("PodDisruptionBudget", f.namespace(workload))
            if f.matches(f.get(item, "spec", "selector"), template_labels(workload))
        ]
        if len(found) > 1:
            yield finding(
                view,
                "disruption-budgets-overlap",
                found[-1],
                f"{len(found)} disruption budgets cover the Pods of {f.name(workload)}: none of them can be evicted",
                field="spec.selector",
                affected=[workload, *found],
            )
