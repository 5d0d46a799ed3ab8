"""Certificates that have run out, will soon, or were not issued."""

from collections.abc import Iterator
from datetime import timedelta

from cloudwright.core.finding import Finding, Operator
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import finding
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.load.prune import CERTIFICATE
from cloudwright.diagnosis.pods import users_of
from cloudwright.diagnosis.view import ClusterView

SOON = timedelta(days=7)


def secrets(view: ClusterView) -> Iterator[Finding]:
    """TLS Secrets in use whose certificate is not valid now."""
    for secret in view.of("Secret"):
        facts = f.mapping(secret, CERTIFICATE, "tls.crt")
        end, start = f.when(facts, "notAfter"), f.when(facts, "notBefore")
        if end is None:
            continue
        users = _users(view, secret)
        if end <= view.collected_at:
            yield finding(
                view, "certificate-expired", secret, f"The certificate in Secret {f.name(secret)} expired on {end:%Y-%m-%d %H:%M}", field="data[tls.crt]",
                facts=[(secret, "data[tls.crt]", Operator.EXISTS, None)], cites=[view.cite(secret, "data[tls.crt]", f"notAfter {end.isoformat()}")], affected=users,
            )  # fmt: skip
        elif start is not None and start > view.collected_at + timedelta(minutes=5):
            yield finding(
                view,
                "certificate-not-yet-valid",
                secret,
                f"The certificate in Secret {f.name(secret)} is valid from {start:%Y-%m-%d %H:%M} only",
                field="data[tls.crt]",
                affected=users,
            )
        elif end - view.collected_at < SOON:
            yield finding(
                view,
                "certificate-expiring",
                secret,
                f"The certificate in Secret {f.name(secret)} expires on {end:%Y-%m-%d %H:%M}",
                field="data[tls.crt]",
                affected=users,
            )


def _users(view: ClusterView, secret: Object) -> list[Object]:
    name, namespace = f.name(secret), f.namespace(secret)
    return users_of(view, "Secret", namespace, name) + [
        item
        for item in view.within("Ingress", namespace)
        if any(f.text(tls, "secretName") == name for tls in f.maps(item, "spec", "tls"))
    ]


def issued(view: ClusterView) -> Iterator[Finding]:
    """cert-manager Certificates and signing requests that are not ready."""
    for item in view.of("Certificate.cert-manager.io"):
        state = f.condition(item, "Ready")
        if f.text(state, "status") == "False" and view.older(item, timedelta(minutes=2)):
            secret = view.find("Secret", f.namespace(item), f.text(item, "spec", "secretName"))
            yield finding(view, "certificate-not-issued", item, f"Certificate {f.name(item)} is not ready: {f.text(state, 'message')[:200]}", field="status.conditions[Ready]",
                          affected=[secret] if secret else [])  # fmt: skip
