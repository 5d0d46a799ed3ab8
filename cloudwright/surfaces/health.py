"""What `doctor` looks at, one check after the other; each says how to get what is missing."""

from collections.abc import Iterator, Sequence

from cloudwright.core.answers import Check
from cloudwright.core.catalog import Catalog
from cloudwright.core.context import Context
from cloudwright.core.errors import CloudwrightError
from cloudwright.core.journal import Journal
from cloudwright.core.tool import Permission
from cloudwright.policies.approval import load_rules
from cloudwright.settings import Effective
from cloudwright.surfaces.session import open_session, other_services
from cloudwright.tools.catalog import every_tool
from cloudwright.tools.kubernetes.access import AccessChecker
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.discovery import Discovery
from cloudwright.tools.prometheus import PrometheusClient

_WANTED = (
    ("read pods and their logs", (("list", "", "pods"), ("get", "", "pods/log"), ("list", "", "events"))),
    ("read workloads", (("list", "apps", "deployments"), ("list", "batch", "jobs"))),
    ("change workloads", (("patch", "apps", "deployments"), ("patch", "apps", "deployments/scale"))),
    ("see who may do what", (("list", "rbac.authorization.k8s.io", "rolebindings"),)),
    ("drain nodes", (("patch", "", "nodes"), ("create", "", "pods/eviction"))),
)


def checks(effective: Effective) -> Iterator[Check]:
    """All checks, in the order in which one depends on the other."""
    yield _journal(effective)
    yield _policy(effective)
    context = None
    try:
        context = open_session(effective).context
    except CloudwrightError as error:
        yield Check(name="cluster", status="failed", detail=error.message, remedy=error.hint)
    if context is not None:
        yield from _cluster(context)
    yield _prometheus(effective)
    yield _model(effective)
    yield Check(name="tools", status="ok", detail=f"{len(Catalog(every_tool()))} in the catalogue")


def _journal(effective: Effective) -> Check:
    path = effective.settings.journal_path
    try:
        report = Journal(path).verify()
    except CloudwrightError as error:
        return Check(name="journal", status="failed", detail=error.message, remedy=error.hint)
    if report.problems:
        return Check(
            name="journal", status="failed", detail="; ".join(report.problems), remedy="Somebody changed the record."
        )
    return Check(name="journal", status="ok", detail=f"{path}, {report.entries} entries, chain intact")


def _policy(effective: Effective) -> Check:
    from pathlib import Path

    source = effective.settings.approval_policy
    try:
        rules = load_rules(Path(source).expanduser() if source else None)
    except CloudwrightError as error:
        return Check(name="approval policy", status="failed", detail=error.message, remedy=error.hint)
    return Check(name="approval policy", status="ok", detail=f"{len(rules.rules)} rules ({source or 'the default'})")


def _cluster(context: Context) -> Iterator[Check]:
    client = context.service(KubernetesClient)
    place = context.place
    who = f"{place.impersonates} (impersonated by {place.identity})" if place.impersonates else place.identity
    try:
        version = str(client.get("/version").get("gitVersion"))
    except CloudwrightError as error:
        yield Check(name="cluster", status="failed", detail=error.message, remedy=error.hint)
        return
    yield Check(name="cluster", status="ok", detail=f"{version} at {place.server}, context {place.context or '-'}")
    yield Check(name="identity", status="ok", detail=f"{who}, namespace {place.namespace}")
    yield from _rights(context)
    yield _metrics(context)


def _rights(context: Context) -> Iterator[Check]:
    for purpose, wanted in _WANTED:
        permissions = [
            Permission(verb=verb, group=group, resource=resource, namespace=context.place.namespace)
            if resource != "nodes"
            else Permission(verb=verb, group=group, resource=resource)
            for verb, group, resource in wanted
        ]
        lacking: Sequence[str] = AccessChecker().missing(permissions, context)
        yield Check(
            name=f"may {purpose}",
            status="missing" if lacking else "ok",
            detail=f"lacks {len(lacking)} of {len(wanted)} rights" if lacking else "yes",
            remedy=lacking[0] if lacking else "",
        )


def _metrics(context: Context) -> Check:
    try:
        context.service(Discovery).find("pods.metrics.k8s.io")
    except CloudwrightError:
        return Check(
            name="resource metrics",
            status="missing",
            detail="the cluster does not serve metrics.k8s.io",
            remedy="Install metrics-server; until then there are no figures of present use.",
        )
    return Check(name="resource metrics", status="ok", detail="metrics.k8s.io is served")


def _prometheus(effective: Effective) -> Check:
    url = effective.settings.prometheus_url
    if not url:
        return Check(
            name="prometheus",
            status="missing",
            detail="no address is set",
            remedy="Set prometheus_url (or $CLOUDWRIGHT_PROMETHEUS_URL).",
        )
    client = other_services(effective.settings)[PrometheusClient]
    assert isinstance(client, PrometheusClient)
    try:
        return Check(name="prometheus", status="ok", detail=f"{client.ask('status/buildinfo').get('version')} at {url}")
    except CloudwrightError as error:
        return Check(name="prometheus", status="failed", detail=error.message, remedy=error.hint)


def _model(effective: Effective) -> Check:
    settings = effective.settings
    if not settings.model:
        return Check(
            name="model",
            status="missing",
            detail="none is set; questions are answered by rules",
            remedy="Set model and base_url (or $OPENAI_BASE_URL, $OPENAI_API_KEY).",
        )
    return Check(name="model", status="ok", detail=f"{settings.model} at {settings.base_url or 'the default endpoint'}")
