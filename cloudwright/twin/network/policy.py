"""NetworkPolicy: which pod may open a connection to which pod and port."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from cloudwright.twin.apps.machine import Sandbox
from cloudwright.twin.network.index import RoutingIndex
from cloudwright.twin.objects import selector_matches

Policy = Mapping[str, Any]


def allowed(index: RoutingIndex, client: Sandbox, server: Sandbox | None, ip: str, port: int, protocol: str) -> bool:
    """Whether policies let `client` reach `ip:port` (behind it `server`, when that is a pod).

    Host-network pods are not subject to policies, as with the common network plug-ins.
    """
    if server is client:
        return True
    if not client.host_network and not _egress(index, client, server, ip, port, protocol):
        return False
    if server is None or server.host_network:
        return True
    return _ingress(index, client, server, port, protocol)


def _selecting(index: RoutingIndex, sandbox: Sandbox, direction: str) -> list[Policy]:
    found = []
    for policy in index.policies.get(sandbox.namespace, {}).values():
        spec = policy["spec"]
        types = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
        if direction in types and selector_matches(spec.get("podSelector") or {}, sandbox.labels):
            found.append(policy)
    return found


def _ingress(index: RoutingIndex, client: Sandbox, server: Sandbox, port: int, protocol: str) -> bool:
    policies = _selecting(index, server, "Ingress")
    if not policies:
        return True
    return any(
        _peers(index, rule.get("from"), policy, client, client.ip) and _ports(rule.get("ports"), server, port, protocol)
        for policy in policies
        for rule in policy["spec"].get("ingress") or ()
    )


def _egress(index: RoutingIndex, client: Sandbox, server: Sandbox | None, ip: str, port: int, protocol: str) -> bool:
    policies = _selecting(index, client, "Egress")
    if not policies:
        return True
    return any(
        _peers(index, rule.get("to"), policy, server, ip) and _ports(rule.get("ports"), server, port, protocol)
        for policy in policies
        for rule in policy["spec"].get("egress") or ()
    )


def _peers(index: RoutingIndex, peers: Iterable[Any] | None, policy: Policy, other: Sandbox | None, ip: str) -> bool:
    if not peers:
        return True
    return any(_peer(index, peer, policy["metadata"]["namespace"], other, ip) for peer in peers)


def _peer(index: RoutingIndex, peer: Mapping[str, Any], namespace: str, other: Sandbox | None, ip: str) -> bool:
    if block := peer.get("ipBlock"):
        address = ipaddress.ip_address(ip)
        return address in ipaddress.ip_network(block["cidr"]) and not any(
            address in ipaddress.ip_network(hole) for hole in block.get("except") or ()
        )
    if other is None or other.host_network:
        return False
    if "namespaceSelector" in peer:
        if not selector_matches(peer["namespaceSelector"], index.namespace_labels(other.namespace)):
            return False
    elif other.namespace != namespace:
        return False
    return "podSelector" not in peer or selector_matches(peer["podSelector"], other.labels)


def _ports(ports: Iterable[Mapping[str, Any]] | None, server: Sandbox | None, port: int, protocol: str) -> bool:
    if not ports:
        return True
    return any(_port(entry, server, port, protocol) for entry in ports)


def _port(entry: Mapping[str, Any], server: Sandbox | None, port: int, protocol: str) -> bool:
    if (entry.get("protocol") or "TCP") != protocol:
        return False
    wanted = entry.get("port")
    if wanted is None:
        return True
    if isinstance(wanted, str):
        named = container_port(server.pod, wanted) if server is not None else None
        return named == port
    return int(wanted) <= port <= int(entry.get("endPort") or wanted)


def container_port(pod: Mapping[str, Any], name: str) -> int | None:
    """The number of a named container port."""
    for container in (*pod["spec"].get("containers", ()), *(pod["spec"].get("initContainers") or ())):
        for entry in container.get("ports") or ():
            if entry.get("name") == name:
                return int(entry["containerPort"])
    return None
