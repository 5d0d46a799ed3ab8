"""What programs complain about in their logs, joined to the Services that they complain about."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cloudwright.core.evidence import Citation
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.dependencies import NETWORK, LogError, Reason, workload_errors
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.addresses import Address, Target, addresses, service_name
from cloudwright.diagnosis.graph.endpoints import selected_workloads, services_of
from cloudwright.diagnosis.health import failing
from cloudwright.diagnosis.pods import ports_of
from cloudwright.diagnosis.view import ClusterView

DATABASE = frozenset({Reason.CREDENTIALS, Reason.NOT_AUTHORIZED, Reason.READ_ONLY, Reason.TOO_MANY_CONNECTIONS, Reason.DATABASE_MISSING,
                      Reason.LOCKED, Reason.POOL_EXHAUSTED, Reason.STORE_FULL})  # fmt: skip
"""Reasons that only a data store (or broker) gives."""
PRODUCTS: Mapping[int, tuple[str, ...]] = {
    3306: ("mysql", "maria"), 5432: ("postgres", "pgsql", "psycopg"), 6379: ("redis", "valkey", "jedis", "lettuce"),
    27017: ("mongo",), 5672: ("rabbit", "amqp"), 9092: ("kafka",), 1433: ("sqlserver", "mssql"), 1521: ("oracle",),
    9042: ("cassandra",), 9200: ("elastic", "opensearch"), 11211: ("memcache",), 4222: ("nats",), 2379: ("etcd",),
    26257: ("cockroach",), 61616: ("activemq",), 6650: ("pulsar",),
}  # fmt: skip
"""Well-known ports of data stores and brokers, and the words by which their client libraries and URLs name them."""
BROKERS = frozenset({5672, 9092, 4222, 61616, 6650})
UNKNOWN = 0
"""Stands for the port of a store whose product is not known."""
_ANY_STORE = ("sql", "database", "db")


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
            if not _counts(error, hurt) or _overcome(error, errors):
                continue
            target = service_name(error.host, f.namespace(client), spaces) if error.host else None
            address = _address(view, client, error, wired, target)
            if target is None and address is not None:
                target = service_name(address.host, f.namespace(client), spaces)
            service = view.find("Service", target.namespace, target.service) if target else _by_ip(view, error.host)
            yield Complaint(client, error, service, target, address, hurt)


def _counts(error: LogError, hurt: bool) -> bool:
    """Errors of a failing program count; those of a healthy one only if they go on at the end of its log."""
    if hurt:
        return True
    return error.count >= 3 and error.position >= 0.75


_MANY_LINES = 20
"""Lines of a log from which its beginning is history."""


def _overcome(error: LogError, others: Sequence[LogError]) -> bool:
    """Whether a connection failed only at the beginning of a log that goes on, and ends with another complaint."""
    if error.reason not in NETWORK or error.position >= 0.5 or len(error.log.lines) < _MANY_LINES:
        return False
    return any(
        item.position >= 0.9 and item.count >= 3 and item.log.container == error.log.container for item in others
    )


def _by_ip(view: ClusterView, host: str) -> Object | None:
    """The Service with this address, or the first one that stands for the Pod with it."""
    if not host or not host.replace(".", "").isdigit():
        return None
    services = view.once(
        "services by address", lambda: {f.text(item, "spec", "clusterIP"): item for item in view.of("Service")}
    )
    if host in services:
        return services[host]
    pod = pod_at(view, host)
    return next(iter(services_of(view, view.top(pod))), None) if pod is not None else None


def pod_at(view: ClusterView, address: str) -> Object | None:
    """The Pod that has this address now."""
    return view.once("pods by address", lambda: {f.text(pod, "status", "podIP"): pod for pod in view.of("Pod")}).get(
        address
    )


def _address(
    view: ClusterView, client: Object, error: LogError, wired: list[Address], target: Target | None
) -> Address | None:
    """The configured address that an error is about: by host, else the only database among them."""
    if error.host:
        short = error.host.split(".")[0]
        exact = [item for item in wired if item.host == error.host or item.host.split(".")[0] == short]
        return next((item for item in exact if not error.port or item.port in (0, error.port)), next(iter(exact), None))
    said = {item.host: item for item in wired if _says(error.quote, item.host.split(".")[0])}
    if error.reason in DATABASE:
        # What a server passes on of its own store's errors is not its own.
        said = {host: item for host, item in said.items() if store_ports(view, client, item)}
    if len(said) == 1:
        return next(iter(said.values()))
    if error.reason in DATABASE or error.reason in (Reason.REFUSED, Reason.RESET, Reason.TIMEOUT):
        offers = [(item, store_ports(view, client, item)) for item in wired]
        stores = [item for item, ports in offers if not ports & BROKERS and _is_about(error, ports)]
        if len({item.host for item in stores}) == 1:
            return next((item for item in stores if item.port), stores[0])
    return None


def _says(line: str, name: str) -> bool:
    """Whether a line names a host, and not only as a part of another word."""
    return len(name) >= 3 and re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", line) is not None


def store_ports(view: ClusterView, client: Object, address: Address) -> frozenset[int]:
    """The well-known ports of the products that an address leads to; empty where it leads to no data store or broker.

    What the Service behind it offers and its Pods listen on tells more than any name: the address itself may be wrong.
    """
    spaces = view.once("service namespaces", lambda: frozenset(f.namespace(item) for item in view.of("Service")))
    target = service_name(address.host, f.namespace(client), spaces)
    service = view.find("Service", target.namespace, target.service) if target else None
    ports = {address.port}
    if service is not None:
        ports |= {f.integer(entry, "port") for entry in f.maps(service, "spec", "ports")}
        ports |= {number for item in selected_workloads(view, service) for number in ports_of(item)}
    text = f"{address.host} {address.key} {address.value}".lower()
    found = {port for port, words in PRODUCTS.items() if port in ports or any(word in text for word in words)}
    return frozenset(found or ({UNKNOWN} if any(word in text for word in _ANY_STORE) else ()))


def _is_about(error: LogError, offered: frozenset[int]) -> bool:
    """Whether an error that names no host can be about a store with these ports."""
    quote = error.quote.lower()
    named = {port for port, words in PRODUCTS.items() if any(word in quote for word in words)}
    if named & offered:
        return True
    generic = error.reason in DATABASE or any(word in quote for word in ("jdbc", "sql", "connection pool"))
    return bool(offered) and generic


def is_store(view: ClusterView, workload: Object) -> bool:
    """Whether a workload is a data store, by the ports it declares or its Services offer."""
    offered = set(ports_of(workload)) | {
        f.integer(port, "port") for service in services_of(view, workload) for port in f.maps(service, "spec", "ports")
    }
    return bool(offered & PRODUCTS.keys())


def cite(view: ClusterView, item: Complaint) -> Citation:
    """The line of the log."""
    pod = view.find("Pod", f.namespace(item.client), item.error.log.pod)
    return view.quote(
        item.error.quote,
        f"log of {item.error.log.pod or f.name(item.client)}",
        f.uid(pod) if pod else f.uid(item.client),
    )
