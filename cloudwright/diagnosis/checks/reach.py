"""Servers that clients cannot reach: wrong ports and names at the client, or trouble at the server."""

from collections.abc import Iterator

from cloudwright.core.finding import Finding, Remedy, Severity
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.complaints import Complaint, cite, complaints
from cloudwright.diagnosis.checks.make import finding, near, patch_at, undo
from cloudwright.diagnosis.checks.paths import LOST, path_failing
from cloudwright.diagnosis.dependencies import NETWORK, Reason
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.addresses import Address, addresses, service_name
from cloudwright.diagnosis.graph.endpoints import backends, selected_workloads
from cloudwright.diagnosis.health import failing
from cloudwright.diagnosis.pods import ports_of, replicas
from cloudwright.diagnosis.timeline import recently_changed
from cloudwright.diagnosis.view import ClusterView

SQL_PORTS = frozenset({3306, 5432, 1433, 1521, 26257, 27017})
"""Ports of databases proper, as against caches and brokers."""


def unreachable(view: ClusterView) -> Iterator[Finding]:
    """Servers that clients cannot reach: a wrong port or name at the client, or trouble at the server."""
    done: set[tuple[int, str, str]] = set()
    for item in complaints(view):
        if item.error.reason not in NETWORK:
            continue
        mark = (id(item.client), item.server, "port" if item.error.reason is not Reason.NAME_UNKNOWN else "name")
        if mark in done:
            continue
        found = _name(view, item) if item.error.reason is Reason.NAME_UNKNOWN else _connection(view, item)
        if found is not None:
            done.add(mark)
            yield found


def _connection(view: ClusterView, item: Complaint) -> Finding | None:
    if item.service is None:
        return _outside(view, item)
    port = item.error.port or (item.address.port if item.address else 0)
    offered = {f.integer(entry, "port") for entry in f.maps(item.service, "spec", "ports")}
    if f.text(item.service, "spec", "clusterIP") == "None":
        offered |= {number for workload in selected_workloads(view, item.service) for number in ports_of(workload)}
    behind = {f.integer(entry, "targetPort") for entry in f.maps(item.service, "spec", "ports")}
    if port and offered and port not in offered | behind:
        return _wrong_port(view, item, port, offered)
    state = backends(view, item.service)
    served = selected_workloads(view, item.service)
    empty = state.known and not state.ready
    sick = empty or any(failing(view, one) or replicas(one) == 0 for one in served)
    if not sick and not item.hurt:
        return None
    if not sick and served and item.error.reason in LOST and not _others_fail(view, item):
        return path_failing(view, item.client, served[0], item.error.reason, [cite(view, item)], None)
    return finding(
        view, "dependency-unreachable", item.service, f"{f.name(item.client)} cannot reach {f.name(item.service)}: {item.error.reason}",
        cites=[cite(view, item)], affected=[item.client], confidence=0.7 if sick else 0.4, severity=None if sick else Severity.WARNING,
    )  # fmt: skip


def _others_fail(view: ClusterView, item: Complaint) -> bool:
    """Whether somebody else does not reach the same Service."""
    mine = (one for one in complaints(view) if one.service is item.service and one.error.reason in NETWORK)
    return any(one.client is not item.client for one in mine)


def _wrong_port(view: ClusterView, item: Complaint, port: int, offered: set[int]) -> Finding:
    address = item.address
    source = address.object if address is not None else item.client
    remedies: list[Remedy | None] = []
    if address is not None and source.get("kind") in ("ConfigMap",) and address.path.startswith("data."):
        key = address.path.removeprefix("data.")
        remedies.append(
            patch_at(
                source, f"Use port {min(offered)}", ("data", key), address.value.replace(str(port), str(min(offered)))
            )
        )
    return finding(
        view, _port_kind(item.service or {}), source, f"{f.name(item.client)} calls {f.name(item.service or {})} on port {port}, which it does not offer "
        f"({', '.join(map(str, sorted(offered)))})", field=address.path if address else "",
        cites=[cite(view, item), *([view.cite(source, address.path, address.value)] if address else [])],
        remedies=[*remedies, undo(view, item.client)], affected=[item.client],
    )  # fmt: skip


def _port_kind(service: Object) -> str:
    offered = {f.integer(entry, "port") for entry in f.maps(service, "spec", "ports")}
    return "database-wrong-port" if offered & SQL_PORTS else "dependency-wrong-port"


def configured_ports(view: ClusterView) -> Iterator[Finding]:
    """Configured addresses whose port the Service does not offer, also when no log says so."""
    spaces = frozenset(f.namespace(item) for item in view.of("Service"))
    for client in view.workloads:
        if client.get("kind") == "Pod" and not failing(view, client):
            continue
        for address in addresses(view, client):
            target = service_name(address.host, f.namespace(client), spaces)
            service = view.find("Service", target.namespace, target.service) if target else None
            if (
                service is None
                or not address.port
                or f.text(service, "spec", "clusterIP") == "None"
                or f.text(service, "spec", "type") == "ExternalName"
            ):
                continue
            offered = {f.integer(entry, "port") for entry in f.maps(service, "spec", "ports")}
            if not offered or address.port in offered:
                continue
            hurt = failing(view, client) or any(
                _about(item, service, address) for item in complaints(view) if item.client is client
            )
            others = [item for item in addresses(view, client) if item.host == address.host and item.port in offered]
            if others and not hurt:
                continue
            if (
                recently_changed(view, view.ref(service))
                and not recently_changed(view, view.ref(address.object))
                and len(offered) == 1
            ):
                entry = f.maps(service, "spec", "ports")[0]
                ports = [{**entry, "port": address.port}]
                yield finding(
                    view, "service-port-changed", service,
                    f"Service {f.name(service)} was edited and offers port {min(offered)}, while {f.name(client)} still calls port {address.port}",
                    field=f"spec.ports[{f.text(entry, 'name') or min(offered)}].port", affected=[client], severity=None if hurt else Severity.WARNING,
                    cites=[view.cite(service, "spec.ports", str(min(offered))), view.cite(address.object, address.path, address.value)],
                    remedies=[patch_at(service, f"Offer port {address.port} again", ("spec", "ports"), ports)],
                )  # fmt: skip
                continue
            yield finding(
                view, _port_kind(service), address.object,
                f"{client.get('kind')} {f.name(client)} is configured to call {f.name(service)} on port {address.port}, which it does not offer ({', '.join(map(str, sorted(offered)))})",
                field=address.path, cites=[view.cite(address.object, address.path, address.value), view.cite(service, "spec.ports")],
                affected=[client], remedies=[undo(view, client)], severity=None if hurt else Severity.WARNING,
            )  # fmt: skip


def _about(item: Complaint, service: Object, address: Address) -> bool:
    return item.service is service or item.error.host == address.host or item.error.port == address.port


def _name(view: ClusterView, item: Complaint) -> Finding | None:
    """A name that does not resolve: absent Services are another check's; here it exists, or is of the outside."""
    host = item.error.host
    if item.service is None:
        if item.target is not None and view.knows("Service", item.target.namespace):
            return _unknown_name(view, item) if item.hurt else None
        if not host:
            return _name_unnamed(view, item) if item.hurt else None
        if not item.hurt and item.address is None:
            return None
        return finding(
            view,
            "outside-name-unknown",
            item.address.object if item.address else item.client,
            f"{f.name(item.client)} cannot resolve {host}",
            cites=[cite(view, item)],
            affected=[item.client],
            field=item.address.path if item.address else "",
        )
    spec = f.mapping(item.client, "spec", "template", "spec")
    return finding(
        view, "name-resolution-failing", item.client, f"{f.name(item.client)} cannot resolve {host}, although Service {f.name(item.service)} exists",
        cites=[cite(view, item), view.cite(item.service, "metadata.name")], affected=[item.client],
        field="spec.template.spec.dnsPolicy" if f.text(spec, "dnsPolicy") not in ("", "ClusterFirst") or f.mapping(spec, "dnsConfig") else "",
        severity=None if item.hurt else Severity.WARNING,
    )  # fmt: skip


def _name_unnamed(view: ClusterView, item: Complaint) -> Finding:
    return finding(
        view,
        "name-resolution-failing",
        item.client,
        f"{f.name(item.client)} cannot resolve a name: {item.error.quote[:160]}",
        cites=[cite(view, item)],
        affected=[item.client],
    )


def _unknown_name(view: ClusterView, item: Complaint) -> Finding | None:
    """A name in the log that no configuration holds (else the check of configured names reports it)."""
    target = item.target
    if target is None or item.address is not None:
        return None
    close = near(target.service, (f.name(one) for one in view.within("Service", target.namespace)))
    return finding(
        view, "address-unknown", item.client, f"{f.name(item.client)} calls {item.error.host}, and no Service {target.service} exists in namespace {target.namespace}"
        + (f"; there is {close[0]}" if close else ""), cites=[cite(view, item)], affected=[item.client],
    )  # fmt: skip


def _outside(view: ClusterView, item: Complaint) -> Finding | None:
    if not item.hurt:
        return None
    host = f"{item.error.host}:{item.error.port}" if item.error.host else "a server"
    return finding(
        view, "outside-unreachable", item.client, f"{f.name(item.client)} cannot reach {host}: {item.error.reason}", cites=[cite(view, item)],
        affected=[item.client], confidence=0.5, field=item.address.path if item.address else "",
    )  # fmt: skip
