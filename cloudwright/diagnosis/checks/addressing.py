"""Names that workloads are configured to call and that no Service has."""

from collections.abc import Iterator

from cloudwright.core.finding import Finding, Operator, Remedy, Severity
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.calling import callers, names
from cloudwright.diagnosis.checks.make import absent, create, finding, near, set_env
from cloudwright.diagnosis.dependencies import workload_errors, workload_logs
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.addresses import addresses, service_name, with_usual_domain
from cloudwright.diagnosis.graph.endpoints import selector
from cloudwright.diagnosis.health import failing_pods
from cloudwright.diagnosis.pods import (
    containers,
    ports_of,
    template_labels,
)
from cloudwright.diagnosis.view import ClusterView


def missing_services(view: ClusterView) -> Iterator[Finding]:
    """Names that workloads are configured to call and that no Service has."""
    spaces = frozenset(f.namespace(item) for item in view.of("Service")) | (view.namespaces or frozenset())
    found: dict[tuple[str, str], list[tuple[Object, Object, str, str]]] = {}
    for item in view.workloads:
        for address in addresses(view, item):
            target = service_name(address.host, f.namespace(item), spaces)
            if target is None or not view.missing("Service", target.namespace, target.service):
                continue
            plausible = (
                target.explicit
                or address.port
                or near(target.service, (f.name(one) for one in view.within("Service", target.namespace)))
            )
            if plausible and not _local_name(item, address.host):
                found.setdefault((target.namespace, target.service), []).append(
                    (item, address.object, address.path, address.value)
                )
    for (space, name), users in found.items():
        yield _missing_service(view, space, name, users)


def mistyped_domains(view: ClusterView) -> Iterator[Finding]:
    """Names of Services that exist, under a cluster domain that is mistyped."""
    for item in view.workloads:
        for address in addresses(view, item):
            meant = with_usual_domain(address.host)
            target = service_name(meant, f.namespace(item), frozenset()) if meant else None
            if target is None or view.find("Service", target.namespace, target.service) is None:
                continue
            domain = address.host.partition(".svc.")[2]
            yield finding(
                view, "address-unknown", address.object,
                f"{item.get('kind')} {f.name(item)} is configured to call {address.host}: Service {target.service} exists, and the cluster's domain is not {domain}",
                field=address.path, cites=[view.cite(address.object, address.path, address.value)], affected=[item],
                severity=None if _stumbles(view, item) or _complaints(view, target.service) else Severity.WARNING,
            )  # fmt: skip


def _local_name(item: Object, host: str) -> bool:
    """Names that the Pod itself knows: its host aliases."""
    spec = f.mapping(item, "spec", "template", "spec") or f.mapping(item, "spec")
    return any(host in f.strings(alias, "hostnames") for alias in f.maps(spec, "hostAliases"))


def _missing_service(view: ClusterView, space: str, name: str, users: list[tuple[Object, Object, str, str]]) -> Finding:
    known = [f.name(item) for item in view.within("Service", space)]
    orphan = _orphan(view, space, name)
    close = [item for item in near(name, known) if not _already_used(view, space, item, users)] or near(name, known)
    clients = [item[0] for item in users]
    hurt = any(_stumbles(view, item) for item in clients) or _complaints(view, name)
    if orphan is not None:
        ports = ports_of(orphan)
        number = next(
            (port for _, _, _, value in users for port in ports if f":{port}" in value), next(iter(ports), 80)
        )
        labels = f.labels(orphan, "spec", "selector", "matchLabels") or template_labels(orphan)
        manifest = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": space},
                    "spec": {"selector": labels, "ports": [{"port": _wanted_port(users) or number, "targetPort": number}]}}  # fmt: skip
        return finding(
            view, "service-missing", absent("Service", space, name),
            f"Service {name} does not exist in namespace {space}; {names(clients)} call it and {orphan.get('kind')} {f.name(orphan)} would serve it",
            facts=[(absent("Service", space, name), "", Operator.ABSENT, None)], cites=[view.cite(users[0][1], users[0][2], users[0][3])],
            remedies=[create(manifest, f"Create Service {name}")], affected=[*clients, orphan],
        )  # fmt: skip
    client, source, path, value = users[0]
    remedies: list[Remedy | None] = []
    if close and source is client:
        remedies.append(_point_at(client, path, value, name, close[0]))
    return finding(
        view, "address-unknown", source, f"{client.get('kind')} {f.name(client)} is configured to call {name}, and no such Service exists in namespace {space}"
        + (f"; there is {close[0]}" if close else ""), field=path,
        facts=[(absent("Service", space, name), "", Operator.ABSENT, None)], cites=[view.cite(source, path, value)],
        remedies=remedies, affected=clients, severity=None if hurt else (Severity.WARNING if close else Severity.INFO),
        confidence=0.9 if hurt or close else 0.4,
    )  # fmt: skip


def _point_at(client: Object, path: str, value: str, wrong: str, right: str) -> Remedy | None:
    container, variable = (
        path.partition("containers[")[2].partition("]")[0],
        path.partition("env[")[2].partition("]")[0],
    )
    if not container or not variable:
        return None
    return set_env(client, container, variable, value.replace(wrong, right, 1), f"Call {right}")


def _wanted_port(users: list[tuple[Object, Object, str, str]]) -> int:
    for *_, value in users:
        tail = value.rpartition(":")[2].split("/")[0]
        if tail.isdigit() and 0 < int(tail) < 65_536:
            return int(tail)
    schemes = (value.partition("://")[0] for *_, value in users)
    return next((_USUAL_PORTS[scheme] for scheme in schemes if scheme in _USUAL_PORTS), 0)


_USUAL_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


def _orphan(view: ClusterView, space: str, name: str) -> Object | None:
    """A workload called like the missing Service that no other Service selects."""
    for item in view.workloads_in(space):
        if item.get("kind") in ("Job", "CronJob", "Pod") or not ports_of(item):
            continue
        labels = template_labels(item)
        served = any(f.selects(selector(one), labels) for one in view.within("Service", space))
        if not served and (f.name(item) == name or name in labels.values()):
            return item
    return None


def _already_used(view: ClusterView, space: str, name: str, users: list[tuple[Object, Object, str, str]]) -> bool:
    service = view.find("Service", space, name)
    return service is not None and any(item[0] in callers(view, service) for item in users)


def _stumbles(view: ClusterView, client: Object) -> bool:
    """Whether a workload's program (not its image or placement) fails, and there is no log that could say why."""
    ended = [
        item
        for pod in failing_pods(view, client)
        for item in containers(pod)
        if item.terminated or (item.init and item.running)
    ]
    return bool(ended) and not any(True for _ in workload_logs(view, client))


def _complaints(view: ClusterView, name: str) -> bool:
    """Whether any program complains that this name does not resolve or answer."""
    names: set[str] | None = view.__dict__.get("_complained_names")
    if names is None:
        names = {
            item.host.split(".")[0]
            for client in view.workloads
            for item in workload_errors(view, client)
            if item.host and item.position > 0.25
        }
        view.__dict__["_complained_names"] = names
    return name in names
