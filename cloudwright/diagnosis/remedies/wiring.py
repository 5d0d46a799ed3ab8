"""Names and credentials that clients are given."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from cloudwright.core.finding import Remedy
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.config import last_change
from cloudwright.diagnosis.checks.make import near, patch_at, patch_container, restart, set_env
from cloudwright.diagnosis.dependencies import Reason, workload_errors
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.addresses import Address, addresses, service_name, with_usual_domain
from cloudwright.diagnosis.graph.endpoints import selected_workloads
from cloudwright.diagnosis.health import failing
from cloudwright.diagnosis.model import Cause
from cloudwright.diagnosis.pods import ports_of, references_of, replicas, template_containers, users_of
from cloudwright.diagnosis.view import TEMPLATE_PATHS, ClusterView

SQL_PORTS = frozenset({3306, 5432, 1433, 1521, 26257, 27017})
"""Servers that keep their users in their data: a restart changes nothing there."""
_PASSWORDS = ("pass", "pw", "secret", "token", "auth")


def known_host(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """The Service that was meant by a name that does not resolve: a near miss, or the one that offers the port."""
    for workload in (view.lookup(ref) for ref in (cause.object, *cause.affected)):
        for address in addresses(view, workload) if workload is not None else ():
            service = _meant(view, workload or {}, address)
            if service is None:
                continue
            yield from _readdressed(workload or {}, address, address.host, service)
            return


def offered_port(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """The only port of the Service in place of one that it does not have."""
    for workload in (view.lookup(ref) for ref in (cause.object, *cause.affected)):
        for address in addresses(view, workload) if workload is not None else ():
            spaces = frozenset(f.namespace(item) for item in view.of("Service"))
            target = service_name(address.host, f.namespace(workload), spaces)
            service = view.find("Service", target.namespace, target.service) if target else None
            offered = {f.integer(port, "port") for port in f.maps(service, "spec", "ports")}
            if not address.port or len(offered) != 1 or address.port in offered:
                continue
            was, port = f"{address.host}:{address.port}", f"{address.host}:{offered.pop()}"
            if was in address.value:
                yield from _readdressed(workload or {}, address, was, port)
                return


def _readdressed(workload: Object, address: Address, was: str, becomes: str) -> Iterator[Remedy]:
    """The place where an address is written, with another host or port."""
    title = f"Call {becomes} instead of {was}"
    if ".env[" in address.path and address.object is workload:
        container, _, rest = address.path.partition("containers[")[2].partition("]")
        name = rest.partition(".env[")[2].partition("]")[0]
        yield set_env(workload, container, name, address.value.replace(was, becomes), title)
    elif f.text(address.object, "kind") == "ConfigMap":
        key = address.path.removeprefix("data.")
        text = f.text(address.object, "data", key).replace(was, becomes)
        yield patch_at(address.object, title, ("data", key), text)


def meant_key(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """The key that must be meant, for variables that read one which the Secret or ConfigMap does not have."""
    for workload in (view.lookup(ref) for ref in (cause.object, *cause.affected)):
        for ref in references_of(view, workload) if workload is not None and workload["kind"] in TEMPLATE_PATHS else ():
            source = view.find(ref.kind, f.namespace(workload), ref.name)
            keys = list(f.mapping(source, "data"))
            container, _, rest = ref.path.partition("containers[")[2].partition("]")
            variable = rest.partition(".env[")[2].partition("]")[0]
            meant = [key for key in keys if key.lower() == ref.key.lower()] or (keys if len(keys) == 1 else [])
            if not ref.key or ref.key in keys or len(meant) != 1 or not variable or "init" in ref.path:
                continue
            which = "secretKeyRef" if ref.kind == "Secret" else "configMapKeyRef"
            content = {"env": [{"name": variable, "valueFrom": {which: {"name": ref.name, "key": meant[0]}}}]}
            title = f"Read key {meant[0]} of {ref.kind} {ref.name}, which has no {ref.key}"
            remedy = patch_container(workload or {}, container, title, content)
            if remedy is not None:
                yield remedy
            return


def _meant(view: ClusterView, workload: Object, address: Address) -> str | None:
    """Host name of the Service that an address must mean; None where the address is right or nobody can know."""
    namespace = f.namespace(workload)
    spaces = frozenset(f.namespace(item) for item in view.of("Service"))
    usual = with_usual_domain(address.host)
    target = service_name(usual or address.host, namespace, spaces)
    if usual:
        return usual if target and view.find("Service", target.namespace, target.service) is not None else None
    if target is None or not view.missing("Service", target.namespace, target.service):
        return None
    if target.namespace != namespace:
        here = view.find("Service", namespace, target.service) is not None
        return address.host.replace(f".{target.namespace}", f".{namespace}", 1) if here else None
    services = view.within("Service", namespace)
    names = [f.name(item) for item in services]
    similar = near(target.service, names) or [name for name in names if abbreviates(name, target.service)]
    if len(similar) == 1:
        return similar[0]
    offering = [
        f.name(item)
        for item in services
        if address.port and any(f.integer(port, "port") == address.port for port in f.maps(item, "spec", "ports"))
    ]
    close = [name for name in similar if name in offering] or ([] if similar else offering)
    return close[0] if len(close) == 1 else None


def abbreviates(one: str, other: str) -> bool:
    """Whether two names have the same words, some of them shortened: `orders-db` and `orders-database`."""
    pairs = list(zip(one.split("-"), other.split("-"), strict=False))
    same_length = one.count("-") == other.count("-")
    return same_length and any(a == b for a, b in pairs) and all(_short(a, b) or _short(b, a) for a, b in pairs)


def _short(short: str, long: str) -> bool:
    letters = iter(long)
    return len(short) >= 2 and short[0] == long[:1] and all(letter in letters for letter in short)


def fresh_credentials(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """A restart of those that hold an old value: of the client if others get in, else of a server that reads the same."""
    secret = view.lookup(cause.object)
    if secret is None or secret.get("kind") != "Secret":
        return
    users = [
        item for item in users_of(view, "Secret", f.namespace(secret), f.name(secret)) if replicas(item) or _cron(item)
    ]
    suffering = [item for item in (view.lookup(ref) for ref in cause.affected) if item is not None and item in users]
    for client in suffering:
        started = _oldest(view.pods_of(client))
        peers = [item for item in users if item is not client and not _serves(view, client, item)]
        # Without a change of the Secret between them, the one that gets in read the same value.
        before = max(filter(None, (started, last_change(secret))), default=None)
        later = [item for item in peers if _works(view, item) and before and (_newest(view, item) or before) > before]
        if later and not _cron(client) and _stale(started, secret):
            yield restart(
                client, f"Restart {f.name(client)}: {f.name(later[0])} started later, reads the same Secret and gets in"
            )
        server = next((item for item in users if item is not client and _serves(view, client, item)), None)
        if server is not None and not set(ports_of(server)) & SQL_PORTS:
            title = f"Restart {f.name(server)} so that it reads Secret {f.name(secret)} again, as {f.name(client)} did"
            yield restart(server, title).model_copy(update={"risk": "Clients lose their connections for a moment."})


def _stale(started: datetime | None, secret: Object) -> bool:
    """Whether Pods may hold another value than the Secret has now."""
    changed = last_change(secret)
    return changed is None or (started is not None and started < changed)


def _cron(item: Object) -> bool:
    return item.get("kind") == "CronJob"


def _works(view: ClusterView, item: Object) -> bool:
    rejected = any(error.reason is Reason.CREDENTIALS for error in workload_errors(view, item))
    return not rejected and not failing(view, item)


def _oldest(pods: Sequence[Object]) -> datetime | None:
    return min((at for pod in pods if (at := f.when(pod, "status", "startTime"))), default=None)


def _newest(view: ClusterView, item: Object) -> datetime | None:
    done = [pod for pod in view.pods_of(item) if f.text(pod, "status", "phase") in ("Running", "Succeeded")]
    return max((at for pod in done if (at := f.when(pod, "status", "startTime"))), default=None)


def _serves(view: ClusterView, client: Object, server: Object) -> bool:
    """Whether a client is configured to call a workload."""
    return any(item is server for item in _servers(view, client))


def _servers(view: ClusterView, client: Object) -> Iterator[Object]:
    spaces = frozenset(f.namespace(item) for item in view.of("Service"))
    for address in addresses(view, client):
        target = service_name(address.host, f.namespace(client), spaces)
        service = view.find("Service", target.namespace, target.service) if target else None
        yield from selected_workloads(view, service) if service is not None else ()


def shared_credentials(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """The client reads the password from the Secret that the server itself reads it from."""
    for client in (view.lookup(ref) for ref in cause.affected):
        if client is None or client.get("kind") == "Pod":
            continue
        mine = _password(client)
        servers = [item for item in _servers(view, client) if f.namespace(item) == f.namespace(client)]
        guarded = [item for item in servers if _password(item) is not None]
        for server in guarded:
            theirs = _password(server)
            if mine is None or theirs is None:
                continue
            container, variable, own = mine
            other = theirs[2]
            same = f.text(own, "name") == f.text(other, "name") or f.text(own, "key") != f.text(other, "key")
            many_users = bool(set(ports_of(server)) & SQL_PORTS)
            if same or many_users or not (cause.claim.startswith(f"{f.name(server)} rejects") or len(guarded) == 1):
                continue
            source = {"name": f.text(other, "name"), "key": f.text(other, "key")}
            content = {"env": [{"name": variable, "valueFrom": {"secretKeyRef": source}}]}
            title = f"Let {f.name(client)} read its password from Secret {source['name']}, as {f.name(server)} does"
            remedy = patch_container(client, container, title, content)
            if remedy is not None:
                yield remedy.model_copy(update={"risk": f"{f.name(client)} gets the password of {f.name(server)}."})
            return


def _password(workload: Object) -> tuple[str, str, Object] | None:
    """Container, variable and Secret key of the only password in a workload's environment."""
    found = []
    for item in template_containers(workload):
        for variable in f.maps(item.spec, "env"):
            ref = f.mapping(variable, "valueFrom", "secretKeyRef")
            words = f"{f.text(variable, 'name')} {f.text(ref, 'key')}".lower()
            if ref and any(word in words for word in _PASSWORDS):
                found.append((item.name, f.text(variable, "name"), ref))
    return found[0] if len(found) == 1 else None
