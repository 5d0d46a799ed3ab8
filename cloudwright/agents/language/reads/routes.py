"""How traffic finds its way: endpoints of Services, hosts and paths of Ingresses, ports."""

import re
from collections.abc import Iterator, Sequence

from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.frame import MOST_OBJECTS, Read
from cloudwright.agents.language.reads.relations import by_names
from cloudwright.agents.language.references import EVERYWHERE, World, namespace_in, objects_of
from cloudwright.agents.language.understanding import Named, Relation
from cloudwright.core.tool import ToolCall

_ENDPOINTS = "endpoints, endpoint, ep, eps, endpointslice, endpointslices, endpoint slice, endpoint slices, addresses behind, ips behind"
_ROUTED = (
    "path, paths, route, routes, routed, traffic, request, requests, url, urls, backend, visitor, visitors, goes, go, end up, ends up,"
    " land, lands, serve, serves, served, handle, handles, handled, hit, hits, host, hosts, hostname, domain, ingress, opens, behind, reach, svc, service, services, port"
)
_PATH = re.compile(r"/[\w./-]*\w[\w./-]*")
COLUMNS = (
    "hosts",
    "spec.rules[*].http.paths[*].path",
    "spec.rules[*].http.paths[*].backend.service.name",
    "spec.rules[*].http.paths[*].backend.service.port",
)
"""What tells where an Ingress sends its traffic."""


def _names_more(clause: Clause, paths: Sequence[str]) -> bool:
    """Whether something else is named than what the paths are taken for."""
    others = [mention for mention in clause.of("name") if clause.tokens[mention.start].raw not in paths]
    return any(item.ref.kind != "Ingress" for mention in others for item in mention.objects)


def endpoints(clause: Clause, world: World) -> Read | None:
    """The addresses behind named Services."""
    if not clause.has(_ENDPOINTS):
        return None
    services = objects_of(clause, world, ("Service",))[:MOST_OBJECTS]
    if not services:
        return None
    calls = tuple(
        call("list_resources", kind="endpointslices", namespace=item.ref.namespace,
             labels=f"kubernetes.io/service-name={item.ref.name}")
        for item in services
    )  # fmt: skip
    return Read(calls, tuple(item.ref for item in services), 0.95)


def _behind(ingresses: Sequence[Named], world: World) -> Iterator[ToolCall]:
    """The Services that Ingresses send traffic to, with their ports."""
    services = world.kind("Service")
    found = [other for item in ingresses for other in world.index.links.pointed_at(item, Relation.ROUTES)]
    mine = [item for item in found if item.ref.kind == "Service"]
    for place in dict.fromkeys(item.ref.namespace for item in mine):
        if services is not None:
            yield by_names(services, [item for item in mine if item.ref.namespace == place], place)


def hosts(clause: Clause, world: World) -> Read | None:
    """Where the traffic for a host, or for a path, goes."""
    known: dict[str, list[Named]] = {}
    for item in world.index.vocabulary.objects:
        for host in item.hosts:
            known.setdefault(host, []).append(item)
    for token in clause.tokens:
        host = re.sub(r"^\w+://", "", token.raw).partition("/")[0].lower()
        if host in known:
            spaces = {item.ref.namespace for item in known[host]}
            where = f'spec.rules[*].host contains "{host}"'
            place = spaces.pop() if len(spaces) == 1 else EVERYWHERE
            asked = call("list_resources", kind="ingresses", namespace=place, where=where, columns=[*COLUMNS])
            about = tuple(item.ref for item in known[host][:MOST_OBJECTS])
            return Read((asked, *_behind(known[host], world)), about, 0.9)
    paths = [
        token.raw
        for token in clause.tokens
        if _PATH.fullmatch(token.raw) or (token.quoted and _PATH.fullmatch(token.raw))
    ]
    if not paths or not known or not clause.has(_ROUTED) or _names_more(clause, paths):
        return None
    place = namespace_in(clause) or EVERYWHERE
    where = f'spec.rules[*].http.paths[*].path contains "{paths[0]}"'
    return Read((call("list_resources", kind="ingresses", namespace=place, where=where, columns=[*COLUMNS]),), (), 0.85)
