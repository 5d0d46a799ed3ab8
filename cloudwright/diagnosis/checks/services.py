"""Services that lead nowhere or astray: selectors, endpoints, types, traffic policies."""

from collections.abc import Iterator
from datetime import timedelta

from cloudwright.core.finding import Finding, Operator, Remedy, Severity
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.calling import callers, names
from cloudwright.diagnosis.checks.make import finding, near, patch, patch_at
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.addresses import service_name
from cloudwright.diagnosis.graph.endpoints import backends, selected_pods, selected_workloads, selector, target_port
from cloudwright.diagnosis.health import failing_pods
from cloudwright.diagnosis.pods import (
    live_pods,
    main_containers,
    pod_ready,
    ports_of,
    replicas,
    template_labels,
)
from cloudwright.diagnosis.view import ClusterView

GRACE = timedelta(seconds=20)


def selectors(view: ClusterView) -> Iterator[Finding]:
    """Services whose selector matches no Pod template, with the label that nearly fits."""
    for service in view.of("Service"):
        wanted = selector(service)
        if not wanted or f.text(service, "spec", "type") == "ExternalName" or not view.older(service, GRACE):
            continue
        if selected_workloads(view, service) or selected_pods(view, service):
            continue
        yield _selector(view, service, wanted)


def _selector(view: ClusterView, service: Object, wanted: dict[str, str]) -> Finding:
    close = _nearest(view, service, wanted)
    used = bool(callers(view, service)) or _routed(view, service)
    remedies: list[Remedy | None] = []
    hint = ""
    if close is not None:
        labels = template_labels(close) or f.labels(close, "metadata", "labels")
        change = {key: labels.get(key) for key in wanted if labels.get(key) != wanted[key]}
        fixed = {key: value for key, value in change.items() if value is not None}
        hint = f"; {close.get('kind')} {f.name(close)} nearly matches: " + ", ".join(
            f"{key} is {labels.get(key, 'absent')} there, {wanted[key]} here" for key in change
        )
        remedies.append(
            patch_at(
                service,
                f"Select the Pods of {f.name(close)}",
                ("spec", "selector"),
                {**dict.fromkeys(set(change) - set(fixed)), **fixed},
            )
        )
    severity = None if close is not None or used else Severity.INFO
    return finding(
        view, "service-selector-mismatch", service, f"Service {f.name(service)} selects {_show(wanted)}, which no Pod has{hint}",
        field="spec.selector", facts=[(service, f"spec.selector[{key}]", Operator.EQUALS, value) for key, value in wanted.items()],
        cites=[view.cite(service, "spec.selector", _show(wanted)), *([view.cite(close, "spec.template.metadata.labels")] if close else [])],
        remedies=remedies, affected=callers(view, service), severity=severity,
        confidence=0.95 if close is not None else 0.6,
    )  # fmt: skip


def _show(wanted: dict[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in wanted.items())


def _nearest(view: ClusterView, service: Object, wanted: dict[str, str]) -> Object | None:
    """The workload that misses the selector by one label, or is called like the Service and misses."""
    best: tuple[int, Object] | None = None
    name = f.name(service)
    ports = {target_port(port) for port in f.maps(service, "spec", "ports")}
    for item in view.workloads_in(f.namespace(service)):
        if item.get("kind") in ("Job", "CronJob"):
            continue
        labels = template_labels(item) or f.labels(item, "metadata", "labels")
        missed = [key for key, value in wanted.items() if labels.get(key) != value]
        shared = len(wanted) - len(missed)
        score = 4 * shared + 5 * (f.name(item) == name) + 3 * bool(ports & set(ports_of(item)))
        score += sum(3 for key in missed if key in labels and near(wanted[key], [labels[key]]))
        score += sum(1 for key in missed if near(key, [one for one in labels if labels[one] == wanted[key]], 4))
        others = [
            one
            for one in view.within("Service", f.namespace(service))
            if one is not service and f.selects(selector(one), labels)
        ]
        score -= 4 * bool(others)
        if score >= 4 and (best is None or score > best[0]):
            best = score, item
    return best[1] if best else None


def _routed(view: ClusterView, service: Object) -> bool:
    name, space = f.name(service), f.namespace(service)
    for ingress in view.within("Ingress", space):
        if any(
            text == name for path, text in f.walk_strings(f.mapping(ingress, "spec")) if path.endswith("service.name")
        ):
            return True
    return f.text(service, "spec", "type") in ("LoadBalancer", "NodePort")


def endpoints(view: ClusterView) -> Iterator[Finding]:
    """Services without a ready endpoint although Pods should be there: a symptom of the Pods' trouble."""
    for service in view.of("Service"):
        workloads = selected_workloads(view, service)
        if not workloads or not view.older(service, GRACE):
            continue
        state = backends(view, service)
        if not state.known or state.ready:
            continue
        wanted = [item for item in workloads if "replicas" not in f.mapping(item, "spec") or replicas(item) > 0]
        hurt = [item for item in wanted if failing_pods(view, item) or not live_pods(view, item)]
        if hurt:
            yield finding(
                view, "service-without-endpoints", service, f"Service {f.name(service)} has no ready endpoint", field="spec.selector",
                affected=[*hurt, *callers(view, service)],
            )  # fmt: skip
        elif (
            wanted
            and all(pod_ready(pod) for item in wanted for pod in live_pods(view, item))
            and any(live_pods(view, item) for item in wanted)
            and all(view.older(pod, GRACE) for item in wanted for pod in live_pods(view, item))
        ):
            yield finding(
                view, "endpoints-not-published", service, f"Service {f.name(service)} has ready Pods but no endpoint: the endpoint controller does not keep up",
                affected=wanted,
            )  # fmt: skip


def without_selector(view: ClusterView) -> Iterator[Finding]:
    """Services that nobody maintains endpoints for and that have none, although others call them."""
    for service in view.of("Service"):
        if selector(service) or f.text(service, "spec", "type") == "ExternalName" or not view.older(service, GRACE):
            continue
        state = backends(view, service)
        users = callers(view, service)
        if not state.known or state.ready or not users:
            continue
        twin = next((item for item in view.workloads_in(f.namespace(service)) if f.name(item) == f.name(service)), None)
        labels = f.labels(twin, "spec", "selector", "matchLabels") if twin is not None else {}
        remedy = (
            patch_at(service, f"Select the Pods of {f.name(service)}", ("spec", "selector"), labels) if labels else None
        )
        yield finding(
            view, "service-selector-missing", service, f"Service {f.name(service)} has no selector and no endpoint, and {names(users)} call it",
            field="spec.selector", facts=[(service, "spec.selector", Operator.ABSENT, None)], affected=users, remedies=[remedy],
            severity=None if twin is not None else Severity.WARNING,
        )  # fmt: skip


def policies(view: ClusterView) -> Iterator[Finding]:
    """Traffic policies that keep callers on other nodes out, broad selectors, load balancers without address."""
    for service in view.of("Service"):
        yield from _local_only(view, service)
        yield from _broad(view, service)
        if (
            f.text(service, "spec", "type") == "LoadBalancer"
            and not f.maps(service, "status", "loadBalancer", "ingress")
            and view.older(service, timedelta(minutes=5))
        ):
            events = view.events_of(service, "SyncLoadBalancerFailed", "EnsuringLoadBalancer")
            bad = [item for item in events if item.warning]
            yield finding(
                view, "load-balancer-pending", service, f"Service {f.name(service)} has no external address yet" + (f": {bad[-1].message[:160]}" if bad else ""),
                field="status.loadBalancer", cites=[view.cite_event(bad[-1])] if bad else [], severity=None if bad else Severity.INFO,
            )  # fmt: skip


def _local_only(view: ClusterView, service: Object) -> Iterator[Finding]:
    if f.text(service, "spec", "internalTrafficPolicy") != "Local":
        return
    homes = {f.text(pod, "spec", "nodeName") for pod in selected_pods(view, service) if pod_ready(pod)}
    away = [
        item
        for item in callers(view, service)
        if any(f.text(pod, "spec", "nodeName") not in homes for pod in live_pods(view, item))
    ]
    if away and homes:
        yield finding(
            view, "service-local-only", service, f"Service {f.name(service)} serves only callers on its own nodes ({', '.join(sorted(homes))}), and {names(away)} run elsewhere",
            field="spec.internalTrafficPolicy", facts=[(service, "spec.internalTrafficPolicy", Operator.EQUALS, "Local")],
            remedies=[patch_at(service, "Serve the whole cluster", ("spec", "internalTrafficPolicy"), "Cluster")], affected=away,
        )  # fmt: skip


def _broad(view: ClusterView, service: Object) -> Iterator[Finding]:
    """One Service over Pods of several unrelated workloads that do not share a port."""
    items = [
        item
        for item in selected_workloads(view, service)
        if item.get("kind") not in ("Job", "CronJob") and replicas(item) > 0
    ]
    if len(items) < 2:
        return
    target = {target_port(port) for port in f.maps(service, "spec", "ports")}
    serving = [item for item in items if target & (set(ports_of(item)) | set(ports_of(item).values()))]
    odd = [item for item in items if item not in serving]
    same = [item for item in items if f.name(item) == f.name(service)]
    images = {
        tuple(
            (
                f.text(one.spec, "image").partition("@")[0].rpartition(":")[0],
                *f.strings(one.spec, "command"),
                *f.strings(one.spec, "args"),
            )
            for one in main_containers(item)
        )
        for item in items
    }
    if len(images) < 2 or not (
        (odd and serving) or (same and len(items) > len(same) and _own_service(view, items, service))
    ):
        return
    strangers = [item for item in items if item not in same] if same else odd
    home = same or serving
    unique = {
        key: value
        for key, value in template_labels(home[0]).items()
        if all(template_labels(item).get(key) != value for item in strangers)
    }
    remedy = (
        patch(service, f"Select only {f.name(home[0])}", {"spec": {"selector": unique}}, merge="merge")
        if unique
        else None
    )
    yield finding(
        view, "service-selector-too-broad", service, f"Service {f.name(service)} also selects the Pods of {names(strangers)}: part of its traffic goes astray",
        field="spec.selector", remedies=[remedy], affected=[*home, *callers(view, service)],
    )  # fmt: skip


def _own_service(view: ClusterView, items: list[Object], service: Object) -> bool:
    """Whether the other workloads have Services of their own, so that sharing is no design."""
    for item in items:
        if f.name(item) == f.name(service):
            continue
        own = [
            one
            for one in view.within("Service", f.namespace(item))
            if one is not service and f.selects(selector(one), template_labels(item))
        ]
        if own:
            return True
    return False


def odd_types(view: ClusterView) -> Iterator[Finding]:
    """ExternalName Services that shadow workloads; headless Services that callers use with another port."""
    for service in view.of("Service"):
        name = f.text(service, "spec", "externalName")
        if f.text(service, "spec", "type") != "ExternalName":
            continue
        target = service_name(name, f.namespace(service), frozenset(f.namespace(item) for item in view.of("Service")))
        if target is not None and target.explicit and view.missing("Service", target.namespace, target.service):
            yield finding(
                view,
                "external-name-unknown",
                service,
                f"Service {f.name(service)} points to {name}, which does not exist",
                field="spec.externalName",
                affected=callers(view, service),
            )
            continue
        twin = next(
            (
                item
                for item in view.workloads_in(f.namespace(service))
                if f.name(item) == f.name(service) and ports_of(item)
            ),
            None,
        )
        if twin is not None and (target is None or not target.explicit):
            yield finding(
                view, "external-name-shadows-workload", service, f"Service {f.name(service)} is an alias of {name}, although {twin.get('kind')} {f.name(twin)} would serve it",
                field="spec.type", affected=[twin, *callers(view, service)],
            )  # fmt: skip
