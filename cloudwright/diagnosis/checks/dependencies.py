"""What programs complain about in their logs, joined to the objects that they complain about."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cloudwright.core.evidence import Citation
from cloudwright.core.finding import Finding, Remedy, Severity
from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.config import last_change
from cloudwright.diagnosis.checks.make import finding, near, patch_at, patch_template, restart, undo
from cloudwright.diagnosis.checks.services import callers
from cloudwright.diagnosis.dependencies import NETWORK, LogError, Reason, read_line, workload_errors, workload_logs
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.addresses import Address, Target, addresses, service_name
from cloudwright.diagnosis.graph.endpoints import backends, selected_workloads, services_of
from cloudwright.diagnosis.health import failing, failing_pods
from cloudwright.diagnosis.pods import ports_of, references_of, replicas, template_containers
from cloudwright.diagnosis.timeline import recently_changed
from cloudwright.diagnosis.view import ClusterView, spec_path

DATABASE = frozenset({Reason.CREDENTIALS, Reason.NOT_AUTHORIZED, Reason.READ_ONLY, Reason.TOO_MANY_CONNECTIONS, Reason.DATABASE_MISSING,
                      Reason.LOCKED, Reason.POOL_EXHAUSTED})  # fmt: skip
"""Reasons that only a data store (or broker) gives."""
DATABASE_PORTS = frozenset({3306, 5432, 6379, 27017, 5672, 9092, 1433, 1521, 9042, 9200, 11211, 4222, 2379, 26257})
DATABASE_WORDS = (
    "mysql",
    "maria",
    "postgres",
    "pgsql",
    "redis",
    "valkey",
    "mongo",
    "rabbit",
    "amqp",
    "kafka",
    "sql",
    "cassandra",
    "elastic",
    "db",
)


BROKER_WORDS = ("rabbit", "amqp", "kafka", "nats", "activemq", "pulsar")
SQL_PORTS = frozenset({3306, 5432, 1433, 1521, 26257, 27017})
"""Ports of databases proper, as against caches and brokers."""


@dataclass(frozen=True)
class Complaint:
    """An error of a client that counts, and the server that it is about, as far as that is known."""

    client: Object
    error: LogError
    service: Object | None
    target: Target | None
    address: Address | None
    hurt: bool

    @property
    def server(self) -> str:
        """Name of the server."""
        if self.service is not None:
            return f.name(self.service)
        return self.target.service if self.target else self.error.host


def complaints(view: ClusterView) -> list[Complaint]:
    """The errors of all workloads that count, made once per view."""
    cached = view.__dict__.get("_complaints")
    if cached is None:
        cached = view.__dict__["_complaints"] = list(_complaints(view))
    return list(cached)


def _complaints(view: ClusterView) -> Iterator[Complaint]:
    spaces = frozenset(f.namespace(item) for item in view.of("Service")) | (view.namespaces or frozenset())
    for client in view.workloads:
        errors = workload_errors(view, client)
        if not errors:
            continue
        hurt = failing(view, client)
        wired = addresses(view, client)
        for error in errors:
            if not _counts(error, hurt):
                continue
            target = service_name(error.host, f.namespace(client), spaces) if error.host else None
            address = _address(error, wired, target)
            if target is None and address is not None:
                target = service_name(address.host, f.namespace(client), spaces)
            service = view.find("Service", target.namespace, target.service) if target else _by_ip(view, error.host)
            yield Complaint(client, error, service, target, address, hurt)


def _counts(error: LogError, hurt: bool) -> bool:
    """Errors of a failing program count; those of a healthy one only if they go on at the end of its log."""
    if hurt:
        return True
    return error.count >= 3 and error.position >= 0.75


def _by_ip(view: ClusterView, host: str) -> Object | None:
    if not host or not host.replace(".", "").isdigit():
        return None
    cache: dict[str, Object] = view.__dict__.setdefault("_services_by_ip", {})
    if not cache:
        for item in view.of("Service"):
            cache[f.text(item, "spec", "clusterIP") or "-"] = item
    return cache.get(host)


def _address(error: LogError, wired: list[Address], target: Target | None) -> Address | None:
    """The configured address that an error is about: by host, else the only database among them."""
    if error.host:
        short = error.host.split(".")[0]
        exact = [item for item in wired if item.host == error.host or item.host.split(".")[0] == short]
        return next((item for item in exact if not error.port or item.port in (0, error.port)), next(iter(exact), None))
    if error.reason in DATABASE or error.reason in (Reason.REFUSED, Reason.RESET, Reason.TIMEOUT):
        stores = [item for item in wired if _is_store(item, error)]
        stores = [item for item in stores if not any(word in _text(item) for word in BROKER_WORDS)]
        hosts = {item.host for item in stores}
        if len(hosts) == 1:
            return next((item for item in stores if item.port), stores[0])
    return None


def _text(item: Address) -> str:
    return f"{item.host} {item.key} {item.value}".lower()


def _is_store(item: Address, error: LogError) -> bool:
    text = _text(item)
    named = [word for word in DATABASE_WORDS if word in error.quote.lower()]
    if named and any(word in text for word in named):
        return True
    if error.reason in DATABASE or any(word in error.quote.lower() for word in ("jdbc", "sql", "connection pool")):
        return item.port in DATABASE_PORTS or any(word in text for word in DATABASE_WORDS)
    return False


def databases(view: ClusterView) -> Iterator[Finding]:
    """Errors that a data store gives: the store's own state if several clients agree, a client's setting if not."""
    groups: dict[tuple[Reason, str], list[Complaint]] = {}
    for item in [*complaints(view), *_denials(view)]:
        if item.error.reason in DATABASE and not (
            item.error.reason is Reason.CREDENTIALS and is_store(view, item.client)
        ):
            groups.setdefault((item.error.reason, _store_name(view, item)), []).append(item)
    for reason, name in [mark for mark in groups if not mark[1]]:
        named = [mark for mark in groups if mark[0] is reason and mark[1]]
        if len(named) == 1:
            groups[named[0]] += groups.pop((reason, name))
    for (reason, _), items in groups.items():
        yield from _database(view, reason, items)


def is_store(view: ClusterView, workload: Object) -> bool:
    """Whether a workload is a data store, by the ports it declares or its Services offer."""
    offered = set(ports_of(workload)) | {
        f.integer(port, "port") for service in services_of(view, workload) for port in f.maps(service, "spec", "ports")
    }
    return bool(offered & DATABASE_PORTS)


_CLIENT_ADDRESS = re.compile(r"'@'?(\d+\.\d+\.\d+\.\d+)|(?:host|client|from)[= ]\"?(\d+\.\d+\.\d+\.\d+)")


def _denials(view: ClusterView) -> Iterator[Complaint]:
    """What data stores log of clients they turn away, joined by the address of a Pod that is there now."""
    for server in view.workloads:
        if not is_store(view, server):
            continue
        for text in workload_logs(view, server):
            for line in text.lines:
                parsed = read_line(line)
                match = _CLIENT_ADDRESS.search(line) if parsed and parsed[0] is Reason.CREDENTIALS else None
                pod = _pod_at(view, match[1] or match[2]) if match else None
                if pod is None or parsed is None or not failing(view, view.top(pod)):
                    continue
                error = LogError(parsed[0], "", 0, line.strip()[:400], 1, 1.0, text, parsed[3])
                service = next(iter(services_of(view, server)), None)
                yield Complaint(view.top(pod), error, service, None, None, hurt=True)


def _pod_at(view: ClusterView, address: str) -> Object | None:
    pods = view.once("pods by address", lambda: {f.text(pod, "status", "podIP"): pod for pod in view.of("Pod")})
    return pods.get(address)


def _store_name(view: ClusterView, item: Complaint) -> str:
    served = selected_workloads(view, item.service) if item.service else []
    return f.name(served[0]) if served else item.server


_STORE_KINDS = {
    Reason.READ_ONLY: ("database-read-only", "is in read-only mode: writes are refused"),
    Reason.TOO_MANY_CONNECTIONS: ("database-connections-exhausted", "has no connection left"),
    Reason.POOL_EXHAUSTED: ("connection-pool-exhausted", "gives no connection from the pool in time"),
    Reason.DATABASE_MISSING: ("database-object-missing", "lacks a database or table"),
    Reason.LOCKED: ("database-locked", "holds locks that others wait for"),
    Reason.NOT_AUTHORIZED: ("database-not-authorized", "denies an operation to the user"),
}


def _database(view: ClusterView, reason: Reason, items: list[Complaint]) -> Iterator[Finding]:
    first = items[0]
    clients = list({id(item.client): item.client for item in items}.values())
    if reason is Reason.CREDENTIALS:
        yield from _credentials(view, items, clients)
        return
    kind, what = _STORE_KINDS[reason]
    if (
        not any(item.hurt for item in items)
        and reason in (Reason.LOCKED, Reason.POOL_EXHAUSTED)
        and not _alarmed(view, clients)
    ):
        return
    store = _store(view, first, clients)
    target: Object | ObjectRef = store if store is not None else clients[0]
    name = f.name(store) if store is not None else first.server or "The data store"
    yield finding(
        view, kind, target, f"{name} {what} ({', '.join(sorted(f.name(item) for item in clients)[:4])} say so)",
        cites=[_cite(view, item) for item in items[:3]], affected=clients, confidence=0.9 if store is not None else 0.6,
    )  # fmt: skip


def _alarmed(view: ClusterView, clients: list[Object]) -> bool:
    names = {(f.text(item, "kind"), f.name(item)) for item in clients}
    return any((item.subject.kind, item.subject.name) in names for item in view.observations.anomalies)


def _store(view: ClusterView, first: Complaint, clients: list[Object]) -> Object | None:
    """The workload behind the complained-about Service; a store that complains of itself is its own."""
    if first.service is not None:
        served = [
            item for item in selected_workloads(view, first.service) if item.get("kind") not in ("Job", "CronJob")
        ]
        if served:
            return served[0]
    shared = list(_stores(view, clients))
    return shared[0] if len(shared) == 1 else None


def _stores(view: ClusterView, clients: list[Object]) -> Iterator[Object]:
    """Data stores that these clients are wired to, each once."""
    spaces = frozenset(f.namespace(item) for item in view.of("Service"))
    seen: set[int] = set()
    for client in clients:
        for address in addresses(view, client):
            target = service_name(address.host, f.namespace(client), spaces)
            service = view.find("Service", target.namespace, target.service) if target else None
            text = f"{address.host} {address.key}".lower()
            if service is None or not (address.port in DATABASE_PORTS or any(word in text for word in DATABASE_WORDS)):
                continue
            for item in selected_workloads(view, service):
                if id(item) not in seen:
                    seen.add(id(item))
                    yield item


def _cite(view: ClusterView, item: Complaint) -> Citation:
    pod = view.find("Pod", f.namespace(item.client), item.error.log.pod)
    return view.quote(
        item.error.quote,
        f"log of {item.error.log.pod or f.name(item.client)}",
        f.uid(pod) if pod else f.uid(item.client),
    )


def _credentials(view: ClusterView, items: list[Complaint], clients: list[Object]) -> Iterator[Finding]:
    """A store that rejects one client of several: the client's secret is wrong; rejects all: the store's is."""
    first = items[0]
    store = _store(view, first, clients)
    clients = [item for item in clients if item is not store]
    if not clients:
        return
    hurt = [item for item in clients if failing(view, item)]
    peers = _peers(view, store, clients)
    for client in hurt or clients:
        mine = next(item for item in items if item.client is client)
        source = _credential_source(view, client, mine)
        stale = _stale(view, client, source)
        target: Object = client if source is None else source
        remedies: list[Remedy | None] = (
            [restart(client, f"Restart {f.name(client)}, so that it reads the changed Secret")] if stale else []
        )
        claim = f"{f.name(store) if store else mine.server or 'The server'} rejects the credentials of {f.name(client)}"
        if stale:
            claim += "; its Pods are older than the last change of the Secret"
        elif peers:
            claim += f", while {', '.join(f.name(item) for item in peers[:3])} get in"
        yield finding(
            view, "credentials-stale" if stale else "credentials-rejected", client if stale else target, claim,
            field="data" if target is not client and not stale else "", cites=[_cite(view, mine)], remedies=remedies,
            affected=[client, *failing_pods(view, client)], severity=None if hurt else Severity.WARNING,
        )  # fmt: skip


def _peers(view: ClusterView, store: Object | None, clients: list[Object]) -> list[Object]:
    if store is None:
        return []
    names = {id(item) for item in clients}
    users = [
        item
        for service in view.within("Service", f.namespace(store))
        if store in selected_workloads(view, service)
        for item in callers(view, service)
    ]
    return [item for item in users if id(item) not in names and item is not store and not failing(view, item)]


def _credential_source(view: ClusterView, client: Object, mine: Complaint) -> Object | None:
    """The Secret (or ConfigMap) that gives the address is taken to give the password, if it is not shared."""
    secrets: list[Object] = []
    for ref in references_of(view, client):
        source = view.find(ref.kind, f.namespace(client), ref.name) if ref.kind == "Secret" else None
        if source is not None and all(item is not source for item in secrets):
            keys = " ".join(str(item) for item in f.mapping(source, "data")).lower()
            if any(word in keys for word in ("pass", "user", "auth", "token", "secret", "url", "dsn")):
                secrets.append(source)
    if mine.address is not None and any(item is mine.address.object for item in secrets):
        return mine.address.object
    return secrets[0] if len(secrets) == 1 else None


def _stale(view: ClusterView, client: Object, source: Object | None) -> bool:
    changed = last_change(source) if source is not None else None
    starts = [f.when(pod, "status", "startTime") for pod in view.pods_of(client)]
    return changed is not None and bool(starts) and all(start is not None and start < changed for start in starts)


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
    if port and offered and port not in offered:
        return _wrong_port(view, item, port, offered)
    state = backends(view, item.service)
    served = selected_workloads(view, item.service)
    empty = state.known and not state.ready
    sick = empty or any(failing(view, one) or replicas(one) == 0 for one in served)
    if not sick and not item.hurt:
        return None
    return finding(
        view, "dependency-unreachable", item.service, f"{f.name(item.client)} cannot reach {f.name(item.service)}: {item.error.reason}",
        cites=[_cite(view, item)], affected=[item.client], confidence=0.7 if sick else 0.4, severity=None if sick else Severity.WARNING,
    )  # fmt: skip


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
        cites=[_cite(view, item), *([view.cite(source, address.path, address.value)] if address else [])],
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
            cites=[_cite(view, item)],
            affected=[item.client],
            field=item.address.path if item.address else "",
        )
    spec = f.mapping(item.client, "spec", "template", "spec")
    return finding(
        view, "name-resolution-failing", item.client, f"{f.name(item.client)} cannot resolve {host}, although Service {f.name(item.service)} exists",
        cites=[_cite(view, item), view.cite(item.service, "metadata.name")], affected=[item.client],
        field="spec.template.spec.dnsPolicy" if f.text(spec, "dnsPolicy") not in ("", "ClusterFirst") or f.mapping(spec, "dnsConfig") else "",
        severity=None if item.hurt else Severity.WARNING,
    )  # fmt: skip


def _name_unnamed(view: ClusterView, item: Complaint) -> Finding:
    return finding(
        view,
        "name-resolution-failing",
        item.client,
        f"{f.name(item.client)} cannot resolve a name: {item.error.quote[:160]}",
        cites=[_cite(view, item)],
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
        + (f"; there is {close[0]}" if close else ""), cites=[_cite(view, item)], affected=[item.client],
    )  # fmt: skip


def _outside(view: ClusterView, item: Complaint) -> Finding | None:
    if not item.hurt:
        return None
    host = f"{item.error.host}:{item.error.port}" if item.error.host else "a server"
    return finding(
        view, "outside-unreachable", item.client, f"{f.name(item.client)} cannot reach {host}: {item.error.reason}", cites=[_cite(view, item)],
        affected=[item.client], confidence=0.5, field=item.address.path if item.address else "",
    )  # fmt: skip


_OWN = {
    Reason.TLS_EXPIRED: ("tls-certificate-expired-seen", "is shown an expired certificate"),
    Reason.TLS_UNTRUSTED: ("tls-certificate-untrusted", "does not trust the certificate it is shown"),
    Reason.TLS_NAME: ("tls-certificate-other-name", "is shown a certificate for another name"),
    Reason.TLS: ("tls-handshake-failing", "cannot agree on TLS"),
    Reason.PROTOCOL: ("protocol-mismatch", "is spoken to in another protocol than it speaks"),
    Reason.UNIMPLEMENTED: (
        "wrong-program-serves",
        "calls a method that the server does not have: another program answers there",
    ),
    Reason.RATE_LIMITED: ("dependency-rate-limits", "is rate limited by a server"),
    Reason.FILE_DENIED: ("file-permission-denied", "may not open a file"),
    Reason.FILE_MISSING: ("file-missing", "misses a file"),
    Reason.FILE_READ_ONLY: ("file-system-read-only", "cannot write to a read-only file system"),
    Reason.NO_SPACE: ("volume-full", "has no space left on a device"),
    Reason.TOO_MANY_FILES: ("too-many-open-files", "has too many files open"),
    Reason.OUT_OF_MEMORY: ("application-out-of-memory", "runs out of memory"),
    Reason.EXEC_FORMAT: ("image-architecture-mismatch", "is built for another architecture"),
    Reason.SETTING_MISSING: ("setting-missing", "misses a setting"),
    Reason.SETTING_INVALID: ("setting-invalid", "is given a setting that it cannot read"),
}
_QUIET = frozenset(
    {
        Reason.FILE_MISSING,
        Reason.UNIMPLEMENTED,
        Reason.SETTING_INVALID,
        Reason.RATE_LIMITED,
        Reason.TLS,
        Reason.PROTOCOL,
        Reason.SETTING_MISSING,
    }
)


def programs(view: ClusterView) -> Iterator[Finding]:
    """What programs say of themselves: files, space, memory, settings, certificates, protocols."""
    done: set[tuple[int, Reason]] = set()
    for item in complaints(view):
        reason = item.error.reason
        if reason not in _OWN or (id(item.client), reason) in done or (not item.hurt and reason in _QUIET):
            continue
        done.add((id(item.client), reason))
        kind, what = _OWN[reason]
        if reason is Reason.FILE_DENIED:
            kind = "volume-permission-denied" if _on_volume(view, item) else kind
        detail = f" ({item.error.detail})" if item.error.detail else ""
        field, remedies = _own_field(view, item)
        yield finding(
            view, kind, item.client, f"{f.name(item.client)} {what}{detail}: {item.error.quote[:160]}", field=field,
            cites=[_cite(view, item)], affected=[item.client, *failing_pods(view, item.client)], remedies=remedies,
            severity=None if item.hurt else Severity.WARNING,
        )  # fmt: skip


def _on_volume(view: ClusterView, item: Complaint) -> bool:
    """Whether the container has a writable volume that the file can be on."""
    mounts = [f.text(mount, "mountPath") for one in template_containers(item.client) for mount in f.maps(one.spec, "volumeMounts")
              if not f.text(mount, "mountPath").startswith("/var/run/secrets")]  # fmt: skip
    path = item.error.detail
    return any(path.startswith(mount) for mount in mounts) if path.startswith("/") else bool(mounts)


def _own_field(view: ClusterView, item: Complaint) -> tuple[str, list[Remedy | None]]:
    base = spec_path(item.client)
    if item.error.reason is Reason.FILE_DENIED and item.client.get("kind") not in ("Pod", "Job"):
        user = f.get(item.client, "spec", "template", "spec", "securityContext", "runAsUser")
        group = user if isinstance(user, int) else 1000
        return f"{base}.securityContext", [
            undo(view, item.client),
            patch_template(item.client, f"Give volumes to group {group}", {"securityContext": {"fsGroup": group}}),
        ]
    if item.error.reason in (Reason.SETTING_MISSING, Reason.SETTING_INVALID):
        container = item.error.log.container
        return f"{base}.containers[{container}].env" if container else base, [undo(view, item.client)]
    return "", [undo(view, item.client)]
