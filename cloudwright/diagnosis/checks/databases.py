"""Errors that data stores give, and whose setting they come from."""

import re
from collections.abc import Iterator

from cloudwright.core.finding import Finding, Remedy, Severity
from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.calling import callers
from cloudwright.diagnosis.checks.complaints import DATABASE, Complaint, cite, complaints, is_store, pod_at, store_ports
from cloudwright.diagnosis.checks.config import last_change
from cloudwright.diagnosis.checks.make import finding, restart
from cloudwright.diagnosis.dependencies import LogError, Reason, read_line, workload_logs
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.addresses import addresses, service_name
from cloudwright.diagnosis.graph.endpoints import selected_workloads, services_of
from cloudwright.diagnosis.health import failing, failing_pods
from cloudwright.diagnosis.pods import references_of
from cloudwright.diagnosis.view import ClusterView


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
                pod = pod_at(view, match[1] or match[2]) if match else None
                if pod is None or parsed is None or not failing(view, view.top(pod)):
                    continue
                error = LogError(parsed[0], "", 0, line.strip()[:400], 1, 1.0, text, parsed[3])
                service = next(iter(services_of(view, server)), None)
                yield Complaint(view.top(pod), error, service, None, None, hurt=True)


def _store_name(view: ClusterView, item: Complaint) -> str:
    served = selected_workloads(view, item.service) if item.service else []
    return f.name(served[0]) if served else item.server


_STORE_KINDS = {
    Reason.READ_ONLY: ("database-read-only", "is in read-only mode: writes are refused"),
    Reason.TOO_MANY_CONNECTIONS: ("database-connections-exhausted", "has no connection left"),
    Reason.POOL_EXHAUSTED: ("connection-pool-exhausted", "gives no connection from the pool in time"),
    Reason.DATABASE_MISSING: ("database-object-missing", "lacks a database or table"),
    Reason.LOCKED: ("database-locked", "holds locks that others wait for"),
    Reason.STORE_FULL: ("store-memory-full", "has reached its own memory limit and takes no more"),
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
        cites=[cite(view, item) for item in items[:3]], affected=clients, confidence=0.9 if store is not None else 0.6,
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
            if service is None or not store_ports(view, client, address):
                continue
            for item in selected_workloads(view, service):
                if id(item) not in seen:
                    seen.add(id(item))
                    yield item


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
            field="data" if target is not client and not stale else "", cites=[cite(view, mine)], remedies=remedies,
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
