"""Admission webhooks and aggregated APIs whose servers are gone or distrusted."""

import base64
import binascii
from collections.abc import Iterator
from datetime import timedelta

from cloudwright.core.finding import Finding, Severity
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.admission import rejections, webhook_ignore
from cloudwright.diagnosis.checks.make import finding
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.endpoints import backends, selected_workloads
from cloudwright.diagnosis.load.prune import certificate_facts
from cloudwright.diagnosis.view import ClusterView

SOON = timedelta(days=14)
REQUEST_LIMIT = 30
"""Seconds that the API server gives a request by default."""


def configurations(view: ClusterView) -> Iterator[Finding]:
    """Webhooks whose Service or endpoints are missing, whose CA runs out, or that can block too much."""
    for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        for item in view.of(kind):
            for hook in f.maps(item, "webhooks"):
                yield from _webhook(view, item, hook)
    yield from _timeouts(view)


def _webhook(view: ClusterView, item: Object, hook: Object) -> Iterator[Finding]:
    name = f.text(hook, "name")
    if any(f'failed calling webhook "{name}"' in one.message for one in rejections(view)):
        return
    service = f.mapping(hook, "clientConfig", "service")
    closed = f.text(hook, "failurePolicy") != "Ignore"
    space, target = f.text(service, "namespace"), f.text(service, "name")
    path = f"webhooks[{name}].clientConfig"
    if service and view.missing("Service", space, target):
        yield finding(
            view, "webhook-service-missing", item, f"Webhook {name} calls Service {target} in {space}, which does not exist", field=f"{path}.service",
            remedies=[webhook_ignore(item, name)] if closed else [], severity=None if closed else Severity.INFO,
        )  # fmt: skip
    elif service and (found := view.find("Service", space, target)) is not None:
        state = backends(view, found)
        if state.known and not state.ready:
            yield finding(
                view, "webhook-without-endpoints", item, f"Webhook {name} calls Service {target} in {space}, which has no ready endpoint", field=path,
                affected=[found, *selected_workloads(view, found)], remedies=[webhook_ignore(item, name)] if closed else [],
                severity=None if closed else Severity.INFO,
            )  # fmt: skip
    yield from _bundle(view, item, hook, name)


def _bundle(view: ClusterView, item: Object, hook: Object, name: str) -> Iterator[Finding]:
    bundle = f.text(hook, "clientConfig", "caBundle")
    try:
        facts = certificate_facts(base64.b64decode(bundle).decode()) if bundle else None
    except (binascii.Error, ValueError):
        facts = None
    end = f.when(facts, "notAfter") if facts else None
    if end is not None and end - view.collected_at < SOON:
        gone = end < view.collected_at
        yield finding(
            view, "webhook-certificate-expiring", item, f"The CA certificate of webhook {name} {'ran' if gone else 'runs'} out on {end:%Y-%m-%d}",
            field=f"webhooks[{name}].clientConfig.caBundle", severity=Severity.ERROR if gone else Severity.INFO,
        )  # fmt: skip


def _timeouts(view: ClusterView) -> Iterator[Finding]:
    """Webhooks that fail open one after the other can still use up a request's time."""
    hooks = [
        (item, hook)
        for kind in ("MutatingWebhookConfiguration",)
        for item in view.of(kind)
        for hook in f.maps(item, "webhooks")
        if on_pods(hook)
    ]
    dead = [(item, hook) for item, hook in hooks if _dead(view, hook)]
    total = sum(f.integer(hook, "timeoutSeconds", default=10) for _, hook in dead)
    if total >= REQUEST_LIMIT:
        item, _ = dead[0]
        yield finding(view, "webhook-timeouts-add-up", item, f"{len(dead)} webhooks without server wait {total} s one after the other; requests end after {REQUEST_LIMIT} s",
                      field="webhooks.timeoutSeconds", affected=[one for one, _ in dead])  # fmt: skip


def _dead(view: ClusterView, hook: Object) -> bool:
    service = f.mapping(hook, "clientConfig", "service")
    found = view.find("Service", f.text(service, "namespace"), f.text(service, "name"))
    return bool(service) and (found is None or not backends(view, found).ready)


def on_pods(hook: Object) -> bool:
    """Whether a webhook is asked about Pods."""
    return any({"pods", "*", "*/*"} & set(f.strings(rule, "resources")) for rule in f.maps(hook, "rules"))


def api_services(view: ClusterView) -> Iterator[Finding]:
    """Aggregated APIs that are not available."""
    for item in view.of("APIService"):
        state = f.condition(item, "Available")
        if f.text(state, "status") != "False":
            continue
        space, name = f.text(item, "spec", "service", "namespace"), f.text(item, "spec", "service", "name")
        service = view.find("Service", space, name)
        kind = "metrics-server-down" if f.text(item, "spec", "group") == "metrics.k8s.io" else "api-service-unavailable"
        yield finding(
            view, kind, item, f"The API {f.name(item)} is not available: {f.text(state, 'message')[:200]}", field="status.conditions[Available]",
            affected=[service, *selected_workloads(view, service)] if service else [],
        )  # fmt: skip
