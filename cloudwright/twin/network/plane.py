"""The path of a connection: name, service, endpoint, policy, node, listener."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from cloudwright.twin.apps.files import FileError
from cloudwright.twin.apps.machine import Fleet, Sandbox
from cloudwright.twin.apps.net import Answer, Dial, Reply
from cloudwright.twin.apps.process import Process
from cloudwright.twin.network.dns import (
    CLUSTER_DOMAIN,
    CorefileError,
    ServerBlock,
    block_for,
    candidates,
    parse_corefile,
    resolver_of,
)
from cloudwright.twin.network.index import Key, RoutingIndex
from cloudwright.twin.network.policy import allowed

CLUSTER_DNS = "10.96.0.10"
NODE_RESOLVER = "169.254.169.253"


@dataclass
class External:
    """A host outside the cluster."""

    name: str
    ip: str
    latency: float = 0.08
    error_ratio: float = 0.0
    ports: tuple[int, ...] = (443, 80)


@dataclass(frozen=True)
class Route:
    """One way that connections to an address may take: a share of them, and where they end."""

    share: float
    dial: Dial


@dataclass
class _NodeView:
    services: dict[Key, Mapping[str, Any]]
    slices: dict[Key, dict[str, Mapping[str, Any]]]
    by_cluster_ip: dict[str, Key]


@dataclass
class Plane:
    """Implements `Network` over the fleet and the cluster's objects."""

    fleet: Fleet
    index: RoutingIndex
    externals: dict[str, External] = field(default_factory=dict)
    listeners: int = 0
    _views: dict[str, _NodeView] = field(default_factory=dict)
    _corefiles: "WeakKeyDictionary[Process, tuple[str, list[ServerBlock]]]" = field(default_factory=WeakKeyDictionary)
    _turn: int = 0
    _had_proxy: set[str] = field(default_factory=set)

    def epoch(self) -> tuple[int, int, int]:
        """Changes whenever the outcome of a connection may have changed."""
        return self.index.version, self.fleet.version, self.listeners

    def touch(self) -> None:
        """Tell that listeners or conditions changed."""
        self.listeners += 1

    # names

    def nameserver(self, client: Sandbox) -> str:
        """The first name server of the pod."""
        servers, _, _ = resolver_of(client.pod, CLUSTER_DNS)
        return servers[0] if servers else "127.0.0.1"

    def resolve(self, client: Sandbox, name: str) -> Answer:
        """Look a name up as the pod's C library would: literal, /etc/hosts, then the search list."""
        if _is_address(name):
            return Answer(name, (name,))
        if name in ("localhost", client.name):
            return Answer(name, ("127.0.0.1",))
        for alias in client.pod["spec"].get("hostAliases") or ():
            if name in (alias.get("hostnames") or ()):
                return Answer(name, (alias["ip"],))
        servers, search, ndots = resolver_of(client.pod, CLUSTER_DNS)
        if not servers:
            return Answer(name, problem="SERVFAIL")
        last = Answer(name, problem="NXDOMAIN")
        for candidate in candidates(name, search, ndots):
            last = self._query(client, servers[0], candidate)
            if last.addresses or last.problem == "timeout":
                return last
        return Answer(name, problem=last.problem)

    def _query(self, client: Sandbox, server: str, name: str) -> Answer:
        if server == NODE_RESOLVER:
            return self._outside(name)
        dial = self.dial(client, server, 53, "UDP")
        if dial.problem or dial.process is None:
            return Answer(name, problem="timeout")
        process = dial.process
        if process.app is None or process.app.role != "dns" or process.traffic.failure > 0.5:
            return Answer(name, problem="timeout")
        return self._answer(self.corefile(process), name)

    def corefile(self, process: Process) -> list[ServerBlock]:
        """What a CoreDNS process has loaded: its Corefile at the start, and later ones when it reloads well."""
        entry = process.files.get("/etc/coredns/Corefile")
        text = entry.content if entry is not None else ".:53 {\n whoami\n}"
        loaded = self._corefiles.get(process)
        if loaded is not None and (loaded[0] == text or not any("reload" in block.plugins for block in loaded[1])):
            return loaded[1]
        try:
            blocks = parse_corefile(text)
        except CorefileError as error:
            process.say(f"[ERROR] Restart failed: {error}")
            blocks = loaded[1] if loaded is not None else []
        if loaded is not None:
            process.say("[INFO] Reloading complete")
        self._corefiles[process] = (text, blocks)
        return blocks

    def _answer(self, blocks: list[ServerBlock], name: str) -> Answer:
        block = block_for(blocks, name)
        if block is None:
            return Answer(name, problem="SERVFAIL")
        for source, target in block.rewrites:
            name = target if name == source else name
        for template in block.templates:
            in_zone = not template.zone or name == template.zone or name.endswith("." + template.zone)
            if in_zone and re.search(template.pattern, name + "."):
                return Answer(name, problem=template.rcode if template.rcode != "NOERROR" else "NXDOMAIN")
        if name in block.hosts:
            return Answer(name, (block.hosts[name],))
        if any(name == zone or name.endswith("." + zone) for zone in block.kubernetes_zones):
            return self._cluster_name(name)
        if not block.forward:
            return Answer(name, problem="SERVFAIL")
        if any(_is_address(server) and server not in (NODE_RESOLVER, "8.8.8.8", "1.1.1.1") for server in block.forward):
            return Answer(name, problem="SERVFAIL")
        return self._outside(name)

    def _outside(self, name: str) -> Answer:
        external = self.externals.get(name)
        return Answer(name, (external.ip,)) if external else Answer(name, problem="NXDOMAIN")

    def _cluster_name(self, name: str) -> Answer:
        parts = name.removesuffix("." + CLUSTER_DOMAIN).split(".")
        if len(parts) < 3 or parts[-1] != "svc":
            return Answer(name, problem="NXDOMAIN")
        key = (parts[-2], parts[-3])
        service = self.index.services.get(key)
        if service is None:
            return Answer(name, problem="NXDOMAIN")
        spec = service["spec"]
        if spec.get("type") == "ExternalName":
            target = spec.get("externalName", "").rstrip(".")
            inner = self._cluster_name(target) if target.endswith(CLUSTER_DOMAIN) else self._outside(target)
            return Answer(name, inner.addresses, inner.problem, target)
        if spec.get("clusterIP") not in (None, "", "None"):
            return Answer(name, (spec["clusterIP"],))
        publish = bool(spec.get("publishNotReadyAddresses"))
        found = []
        for endpoint in self._endpoints(self.index.slices.get(key, {})):
            if len(parts) > 3 and endpoint.get("hostname") != parts[-4]:
                continue
            if publish or endpoint["conditions"].get("ready", True):
                found.extend(endpoint["addresses"])
        return Answer(name, tuple(found), "" if found else "NXDOMAIN")

    @staticmethod
    def _endpoints(slices: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        return [endpoint for entry in slices.values() for endpoint in entry.get("endpoints") or ()]

    # connections

    def dial(self, client: Sandbox | None, ip: str, port: int, protocol: str = "TCP") -> Dial:
        """One connection; several endpoints are taken in turn."""
        routes = self.routes(client, ip, port, protocol)
        self._turn += 1
        return routes[self._turn % len(routes)].dial

    def routes(self, client: Sandbox | None, ip: str, port: int, protocol: str = "TCP") -> list[Route]:
        """All ways that connections to `ip:port` take, with their shares (which sum to 1)."""
        if ip.startswith("127.") and client is not None:
            process = client.listener(port)
            return [Route(1.0, Dial(ip, port, "" if process else "refused", client, process))]
        view = self._view(client)
        key = view.by_cluster_ip.get(ip)
        if key is None:
            return [Route(1.0, self._direct(client, ip, port, protocol))]
        service = view.services.get(key)
        chosen = next(
            (
                entry
                for entry in (service["spec"].get("ports") or () if service else ())
                if entry["port"] == port and (entry.get("protocol") or "TCP") == protocol
            ),
            None,
        )
        if service is None or chosen is None:
            return [Route(1.0, Dial(ip, port, "timeout"))]
        targets = self._targets(client, service, chosen, view.slices.get(key, {}))
        if targets is None:
            return [Route(1.0, Dial(ip, port, "timeout"))]
        if not targets:
            return [Route(1.0, Dial(ip, port, "refused"))]
        if service["spec"].get("sessionAffinity") == "ClientIP" and client is not None:
            targets = [targets[sum(client.ip.encode()) % len(targets)]]
        share = 1.0 / len(targets)
        return [Route(share, self._direct(client, address, number, protocol)) for address, number in targets]

    def _targets(
        self,
        client: Sandbox | None,
        service: Mapping[str, Any],
        port: Mapping[str, Any],
        slices: Mapping[str, Mapping[str, Any]],
    ) -> list[tuple[str, int]] | None:
        """Ready endpoints of a service port; None when a local-only policy leaves none on this node."""
        found: list[tuple[str, int]] = []
        elsewhere = False
        local = service["spec"].get("internalTrafficPolicy") == "Local" and client is not None
        for entry in slices.values():
            number = next(
                (p["port"] for p in entry.get("ports") or () if (p.get("name") or "") == (port.get("name") or "")), None
            )
            if number is None:
                continue
            for endpoint in entry.get("endpoints") or ():
                if not (endpoint.get("conditions") or {}).get("ready", True):
                    continue
                if local and client is not None and endpoint.get("nodeName") != client.machine.name:
                    elsewhere = True
                    continue
                found.extend((address, int(number)) for address in endpoint["addresses"])
        return None if elsewhere and not found else found

    def _direct(self, client: Sandbox | None, ip: str, port: int, protocol: str) -> Dial:
        server, process = self.fleet.at(ip, port)
        if server is None and (external := self._external(ip)) is not None:
            blocked = client is not None and not allowed(self.index, client, None, ip, port, protocol)
            problem = "timeout" if blocked or port not in external.ports else ""
            return Dial(ip, port, problem, seconds=external.latency)
        if client is not None and (
            not allowed(self.index, client, server, ip, port, protocol) or self._cut(client, server)
        ):
            return Dial(ip, port, "timeout", server)
        if server is None:
            known = any(machine.address == ip for machine in self.fleet.machines.values())
            return Dial(ip, port, "refused" if known else "timeout")
        if process is None or process.listening[port].address.startswith("127."):
            return Dial(ip, port, "refused", server)
        return Dial(ip, port, "", server, process, 0.0004 + self.delay(client, server))

    def _external(self, ip: str) -> External | None:
        return next((entry for entry in self.externals.values() if entry.ip == ip), None)

    def _cut(self, client: Sandbox, server: Sandbox | None) -> bool:
        return server is not None and self.loss(client, server) >= 0.999

    def loss(self, client: Sandbox | None, server: Sandbox | None) -> float:
        """The share of packets lost between two pods."""
        kept = 1.0
        for edge in self.fleet.edges:
            if _touches(edge.source, client) and _touches(edge.target, server):
                kept *= 1.0 - edge.loss
        return 1.0 - kept

    def delay(self, client: Sandbox | None, server: Sandbox | None) -> float:
        """Added seconds per exchange between two pods."""
        return sum(e.delay for e in self.fleet.edges if _touches(e.source, client) and _touches(e.target, server))

    def _view(self, client: Sandbox | None) -> _NodeView:
        live = _NodeView(self.index.services, self.index.slices, self.index.by_cluster_ip)
        if client is None:
            return live
        node = client.machine.name
        if self._proxied(client):
            self._views.pop(node, None)
            return live
        if node not in self._had_proxy:
            return live
        if node not in self._views:
            self._views[node] = _NodeView(
                dict(live.services), {key: dict(value) for key, value in live.slices.items()}, dict(live.by_cluster_ip)
            )
        return self._views[node]

    def _proxied(self, client: Sandbox) -> bool:
        """Whether kube-proxy runs on the client's node (without one ever there, the node routes by itself)."""
        node = client.machine.name
        for sandbox in self.fleet.sandboxes.values():
            if sandbox.machine.name == node and sandbox.namespace == "kube-system":
                for process in sandbox.processes.values():
                    if process.base is not None and process.base.role == "proxy" and process.serving:
                        self._had_proxy.add(node)
                        return True
        return False

    # requests

    def fetch(self, client: Sandbox | None, url: str, timeout: float = 5.0, host: str = "") -> Reply:
        """GET a URL."""
        parts = urlsplit(url)
        name, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        addresses: tuple[str, ...] = (name,)
        if client is not None:
            answer = self.resolve(client, name)
            if not answer.addresses:
                problem = "dns-timeout" if answer.problem == "timeout" else answer.problem
                return Reply(problem=problem, seconds=min(timeout, 5.0) if problem == "dns-timeout" else 0.01)
            addresses = answer.addresses
        dial = self.dial(client, addresses[0], port)
        if dial.problem:
            return Reply(problem=dial.problem, seconds=timeout if dial.problem == "timeout" else 0.002)
        if dial.process is None:
            return Reply(200, "{}\n", seconds=dial.seconds)
        reply = respond(dial.process, parts.path or "/", dial.port)
        seconds = reply.seconds + dial.seconds
        if seconds > timeout:
            return Reply(problem="timeout", seconds=timeout)
        return Reply(reply.status, reply.body, reply.problem, seconds)


def respond(process: Process, path: str, port: int) -> Reply:
    """What a listening process answers to GET `path`."""
    listen = process.listening.get(port)
    app = process.app
    if listen is None or app is None or listen.protocol not in ("http", "grpc"):
        return Reply(problem="reset")
    latency = max(process.traffic.latency, app.work.seconds)
    if "DOCUMENT_ROOT" in process.env and process.base is not None and not process.base.binary:
        return _static(process, path)
    health = next((entry for entry in app.health if entry.path == path), None)
    if health is not None:
        failing = [name for name in health.calls if _fails(process, name)]
        status = 503 if failing else health.status
        body = f"{', '.join(failing)}: unavailable\n" if failing else "ok\n" if status < 400 else "not serving\n"
        return Reply(status, body, seconds=_health_seconds(process, latency))
    if app.health and path not in ("", "/", "/metrics") and not any(path.startswith("/" + api) for api in app.apis):
        return Reply(404, "404 page not found\n", seconds=latency)
    if process.traffic.failure > 0.5:
        cause = process.traffic.cause or app.error_message
        return Reply(500 if "error" in cause else 503, f'{{"error":"{cause}"}}\n', seconds=latency)
    return Reply(200, f'{{"service":"{app.name}","status":"ok"}}\n', seconds=latency)


def _health_seconds(process: Process, latency: float) -> float:
    """Health checks wait in the same queue as requests, without their calls."""
    return max(0.001, process.traffic.service if process.traffic.utilisation > 0.9 else min(latency, 0.005))


def _fails(process: Process, call: str) -> bool:
    state = process.traffic.calls.get(call)
    return state is not None and state.failure > 0.5


def _static(process: Process, path: str) -> Reply:
    root = process.env["DOCUMENT_ROOT"].rstrip("/")
    try:
        return Reply(
            200, process.files.read(root + (path if not path.endswith("/") else path + "index.html")), seconds=0.001
        )
    except FileError:
        return Reply(404, "<H1>404 Not Found</H1>\n", seconds=0.001)


def _touches(party: str, sandbox: Sandbox | None) -> bool:
    if not party:
        return True
    if sandbox is None:
        return False
    return party in (f"node/{sandbox.machine.name}", f"{sandbox.namespace}/{sandbox.app()}")


def _is_address(text: str) -> bool:
    return text.replace(".", "").isdigit() and text.count(".") == 3
