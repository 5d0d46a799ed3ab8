"""Faults that leave every Pod ready: what clients go on complaining about where nothing else is found."""

import re
from collections.abc import Iterator

from cloudwright.core.finding import Finding, Remedy
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import finding, revision, undo
from cloudwright.diagnosis.checks.paths import LOST, path_failing
from cloudwright.diagnosis.dependencies import Reason, read_line, workload_logs
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.addresses import addresses, service_name
from cloudwright.diagnosis.graph.endpoints import selected_workloads
from cloudwright.diagnosis.timeline import RECENT
from cloudwright.diagnosis.view import ClusterView

_ERROR = re.compile(r"\b(error|fatal|critical|panic|exception|fail(?:ed|ure|ing)?)\b", re.I)
TAIL = 20
"""Lines at the end of a log that count."""
PERSISTENT = 5
"""Of these, how many must be errors."""


def failing_calls(view: ClusterView) -> Iterator[Finding]:
    """The deepest workload that clients keep complaining about by its name.

    Meant for views in which no other cause is found: a complaint alone does not say whose fault it is. What was rolled
    out last is suspected first.
    """
    lines = {id(item): found for item in view.workloads if (found := persistent_errors(view, item))}
    edges = {
        id(item): [server for server in _servers(view, item) if server is not item and _named(server, lines[id(item)])]
        for item in view.workloads
        if id(item) in lines
    }
    for client in view.workloads:
        for server in edges.get(id(client), ()):
            if not edges.get(id(server)):
                alone = sum(any(one is server for one in called) for called in edges.values()) == 1
                yield (_lost(view, client, server, lines) if alone else None) or _finding(view, client, server, lines)


def persistent_errors(view: ClusterView, item: Object) -> list[str]:
    """Error lines that go on at the end of a workload's logs."""
    for log in workload_logs(view, item):
        tail = [line for line in list(log.lines)[-TAIL:] if line.strip()]
        found = [line for line in tail if _ERROR.search(line)]
        if not log.previous and len(found) >= PERSISTENT and _ERROR.search(" ".join(tail[-2:])):
            return found
    return []


def _servers(view: ClusterView, client: Object) -> Iterator[Object]:
    spaces = frozenset(f.namespace(item) for item in view.of("Service"))
    seen: set[int] = set()
    for address in addresses(view, client):
        target = service_name(address.host, f.namespace(client), spaces)
        service = view.find("Service", target.namespace, target.service) if target else None
        for item in selected_workloads(view, service) if service is not None else ():
            if id(item) not in seen:
                seen.add(id(item))
                yield item


def _named(server: Object, lines: list[str]) -> bool:
    return sum(_names(server, line) for line in lines) >= PERSISTENT


def _names(server: Object, line: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(f.name(server))}(?![\w-])", line) is not None


def _lost(view: ClusterView, client: Object, server: Object, lines: dict[int, list[str]]) -> Finding | None:
    """Calls that only time out, while the server has nothing to complain about and neither was rolled out lately."""
    if lines.get(id(server)) or _rolled_out(view, server) or _rolled_out(view, client):
        return None
    said = [line for line in lines[id(client)] if _names(server, line)]
    reasons: list[Reason] = [parsed[0] for line in said if (parsed := read_line(line))]
    if len(reasons) < len(said) or not LOST.issuperset(reasons):
        return None
    return path_failing(view, client, server, reasons[-1], [view.quote(said[-1].strip(), "log", f.uid(client))], None)


def _finding(view: ClusterView, client: Object, server: Object, lines: dict[int, list[str]]) -> Finding:
    own = lines.get(id(server), [])
    suspects = [item for item in (server, client) if _rolled_out(view, item)]
    target = suspects[0] if suspects and not (own and suspects[0] is client) else server
    said = (own or lines[id(client)])[-1]
    remedies: list[Remedy | None] = [undo(view, target)] if target in suspects else []
    news = ", which was rolled out not long ago" if remedies else ""
    return finding(
        view, "requests-failing", target, f"Calls of {f.name(client)} to {f.name(server)} keep failing{news}: {f.headline(said)[:200]}",
        cites=[view.quote(said.strip(), "log", f.uid(server if own else client))], affected=[client, server],
        remedies=remedies, confidence=0.6 if remedies else 0.4,
    )  # fmt: skip


def _rolled_out(view: ClusterView, item: Object) -> bool:
    """Whether a workload has a revision before, and its present one is recent."""
    sets = [one for one in view.children(item, "ReplicaSet") if revision(one) == revision(item)]
    age = view.age(sets[0]) if sets else None
    return age is not None and age <= RECENT and undo(view, item) is not None
