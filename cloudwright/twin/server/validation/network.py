"""Services, ingresses, network policies, endpoint slices."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.server.errors import duplicate, forbidden_field, invalid, not_supported, required
from cloudwright.twin.server.validation import names
from cloudwright.twin.server.validation.basic import IMMUTABLE, Errors, each, labels, one_of, selector

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")


def service(obj: Obj) -> Errors:
    """A service."""
    spec = obj.get("spec") or {}
    kind = spec.get("type")
    ports = spec.get("ports") or ()
    headless = spec.get("clusterIP") == "None"
    if kind not in _TYPES:
        yield not_supported("spec.type", kind, _TYPES)
    if kind == "ExternalName":
        if not spec.get("externalName"):
            yield required("spec.externalName")
        else:
            yield from each(names.dns_subdomain, spec["externalName"].rstrip("."), "spec.externalName")
    elif not ports and not headless:
        yield required("spec.ports")
    yield from _service_ports(ports, kind)
    yield from labels(spec.get("selector") or {}, "spec.selector")
    if spec.get("sessionAffinity") not in ("ClientIP", "None"):
        yield not_supported("spec.sessionAffinity", spec.get("sessionAffinity"), ("ClientIP", "None"))
    for index, address in enumerate(spec.get("clusterIPs") or ()):
        if address != "None":
            yield from each(names.ip_address, address, f"spec.clusterIPs[{index}]")
    yield from _traffic(spec)


def _service_ports(ports: Any, kind: str | None) -> Errors:
    seen_names: set[str] = set()
    seen: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        path = f"spec.ports[{index}]"
        name = port.get("name", "")
        if len(ports) > 1 and not name:
            yield required(f"{path}.name")
        elif name:
            yield from each(names.dns_label, name, f"{path}.name")
            if name in seen_names:
                yield duplicate(f"{path}.name", name)
            seen_names.add(name)
        number, target = port.get("port", 0), port.get("targetPort", 0)
        for sentence in names.port_number(number):
            yield invalid(f"{path}.port", number, sentence)
        yield from one_of(port.get("protocol"), ("SCTP", "TCP", "UDP"), f"{path}.protocol")
        for sentence in (names.port_name if isinstance(target, str) else names.port_number)(target):
            yield invalid(f"{path}.targetPort", target, sentence)
        if port.get("nodePort") and kind == "ClusterIP":
            yield forbidden_field(f"{path}.nodePort", "may not be used when `type` is 'ClusterIP'")
        identity = (port.get("protocol", ""), number)
        if identity in seen:
            shown = {
                "Name": "",
                "Protocol": identity[0],
                "AppProtocol": None,
                "Port": number,
                "TargetPort": 0,
                "NodePort": 0,
            }
            yield duplicate(path, shown)
        seen.add(identity)


def _traffic(spec: Mapping[str, Any]) -> Errors:
    policy = spec.get("externalTrafficPolicy")
    if policy is None:
        return
    external = spec.get("type") in ("NodePort", "LoadBalancer") or spec.get("externalIPs")
    if not external:
        sentence = "may only be set for externally-accessible services"
        yield invalid("spec.externalTrafficPolicy", policy, sentence)
    elif policy not in ("Cluster", "Local"):
        yield not_supported("spec.externalTrafficPolicy", policy, ("Cluster", "Local"))


def service_update(obj: Obj, old: Obj) -> Errors:
    """A service keeps its address."""
    now, before = obj.get("spec") or {}, old.get("spec") or {}
    if "ExternalName" in (now.get("type"), before.get("type")):
        return
    if before.get("clusterIP") and now.get("clusterIP") != before["clusterIP"]:
        yield invalid("spec.clusterIPs[0]", now.get("clusterIPs"), "may not change once set")


def ingress(obj: Obj) -> Errors:
    """An ingress."""
    spec = obj.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield invalid("spec", None, "either `defaultBackend` or `rules` must be specified")
    if spec.get("defaultBackend") is not None:
        yield from _backend(spec["defaultBackend"], "spec.defaultBackend")
    for index, rule in enumerate(spec.get("rules") or ()):
        yield from _rule(rule, f"spec.rules[{index}]")
    for index, tls in enumerate(spec.get("tls") or ()):
        for position, host in enumerate(tls.get("hosts") or ()):
            check = names.wildcard_subdomain if "*" in host else names.dns_subdomain
            yield from each(check, host, f"spec.tls[{index}].hosts[{position}]")
    name = spec.get("ingressClassName")
    if name:
        yield from each(names.dns_subdomain, name, "spec.ingressClassName")


def _rule(rule: Mapping[str, Any], path: str) -> Errors:
    host = rule.get("host")
    if host:
        if not names.ip_address(host):
            yield invalid(f"{path}.host", host, "must be a DNS name, not an IP address")
        yield from (
            each(names.wildcard_subdomain if "*" in host else names.dns_subdomain, host, f"{path}.host")
            if names.ip_address(host)
            else iter(())
        )
    http = rule.get("http")
    if http is None:
        return
    if not http.get("paths"):
        yield required(f"{path}.http.paths")
    for index, entry in enumerate(http.get("paths") or ()):
        where = f"{path}.http.paths[{index}]"
        kind, target = entry.get("pathType"), entry.get("path", "")
        if not kind:
            yield required(f"{where}.pathType", "pathType must be specified")
        elif kind not in ("Exact", "ImplementationSpecific", "Prefix"):
            yield not_supported(f"{where}.pathType", kind, ("Exact", "ImplementationSpecific", "Prefix"))
        elif kind != "ImplementationSpecific" and not target.startswith("/"):
            yield invalid(f"{where}.path", target, "must be an absolute path")
        yield from _backend(entry.get("backend") or {}, f"{where}.backend")


def _backend(backend: Mapping[str, Any], path: str) -> Errors:
    given = backend.get("service")
    if given is None and backend.get("resource") is None:
        yield (
            required(path, "must specify a service or resource backend")
            if False
            else required(f"{path}", "a backend must be specified")
        )
        return
    if given is None:
        return
    if not given.get("name"):
        yield required(f"{path}.service.name")
    else:
        yield from each(names.dns_1035, given["name"], f"{path}.service.name")
    port = given.get("port") or {}
    if port.get("name") and port.get("number"):
        yield invalid(path, None, "cannot set both port name & port number")
    elif not port.get("name"):
        for sentence in names.port_number(port.get("number", 0)):
            yield invalid(f"{path}.service.port.number", port.get("number", 0), sentence)


def ingress_class(obj: Obj) -> Errors:
    """An ingress class."""
    controller = (obj.get("spec") or {}).get("controller", "")
    if controller and "/" not in controller:
        sentence = 'must be a domain-prefixed path (such as "acme.io/foo")'
        yield invalid("spec.controller", controller, sentence)


def ingress_class_update(obj: Obj, old: Obj) -> Errors:
    """The controller stays."""
    now, before = (obj.get("spec") or {}).get("controller"), (old.get("spec") or {}).get("controller")
    if now != before:
        yield invalid("spec.controller", now, IMMUTABLE)


def network_policy(obj: Obj) -> Errors:
    """A network policy."""
    spec = obj.get("spec") or {}
    yield from selector(spec.get("podSelector"), "spec.podSelector")
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            path = f"spec.{direction}[{index}]"
            for position, port in enumerate(rule.get("ports") or ()):
                yield from _policy_port(port, f"{path}.ports[{position}]")
            for position, peer in enumerate(rule.get(side) or ()):
                yield from _peer(peer, f"{path}.{side}[{position}]")
    for index, kind in enumerate(spec.get("policyTypes") or ()):
        if kind not in ("Ingress", "Egress"):
            yield not_supported(f"spec.policyTypes[{index}]", kind, ("Ingress", "Egress"))


def _policy_port(port: Mapping[str, Any], path: str) -> Errors:
    if port.get("protocol") not in (None, "TCP", "UDP", "SCTP"):
        yield not_supported(f"{path}.protocol", port["protocol"], ("TCP", "UDP", "SCTP"))
    number, end = port.get("port"), port.get("endPort")
    if isinstance(number, str):
        for sentence in names.port_name(number):
            yield invalid(f"{path}.port", number, sentence)
    elif number is not None:
        for sentence in names.port_number(number):
            yield invalid(f"{path}.port", number, sentence)
        if end is not None and end < number:
            yield invalid(f"{path}.endPort", number, "must be greater than or equal to `port`")


def _peer(peer: Mapping[str, Any], path: str) -> Errors:
    given = [name for name in ("podSelector", "namespaceSelector", "ipBlock") if peer.get(name) is not None]
    if not given:
        yield required(path, "must specify a peer")
    elif "ipBlock" in given and len(given) > 1:
        yield forbidden_field(path, "may not specify both ipBlock and another peer")
    elif "ipBlock" in given:
        yield from _block(peer["ipBlock"], f"{path}.ipBlock")
    for name in ("podSelector", "namespaceSelector"):
        yield from selector(peer.get(name), f"{path}.{name}")


def _block(block: Mapping[str, Any], path: str) -> Errors:
    text = block.get("cidr", "")
    if not text:
        yield required(f"{path}.cidr")
        return
    if names.cidr(text):
        yield from each(names.cidr, text, f"{path}.cidr")
        return
    network = ipaddress.ip_network(text, strict=False)
    for index, entry in enumerate(block.get("except") or ()):
        where = f"{path}.except[{index}]"
        if names.cidr(entry):
            yield from each(names.cidr, entry, where)
            continue
        inner = ipaddress.ip_network(entry, strict=False)
        if inner == network or not _within(inner, network):
            yield invalid(where, entry, "must be a strict subset of `cidr`")


def _within(inner: Network, outer: Network) -> bool:
    if isinstance(inner, ipaddress.IPv4Network):
        return isinstance(outer, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, ipaddress.IPv6Network) and inner.subnet_of(outer)


def endpoint_slice(obj: Obj) -> Errors:
    """An endpoint slice."""
    kind = obj.get("addressType")
    if not kind:
        yield required("addressType")
        return
    if kind not in ("FQDN", "IPv4", "IPv6"):
        yield not_supported("addressType", kind, ("FQDN", "IPv4", "IPv6"))
        return
    for index, endpoint in enumerate(obj.get("endpoints") or ()):
        addresses = endpoint.get("addresses") or ()
        if not addresses:
            yield required(f"endpoints[{index}].addresses", "must contain at least 1 address")
        check = names.dns_subdomain if kind == "FQDN" else names.ip_address
        for position, address in enumerate(addresses):
            yield from each(check, address, f"endpoints[{index}].addresses[{position}]")


def endpoint_slice_update(obj: Obj, old: Obj) -> Errors:
    """The address type stays."""
    if obj.get("addressType") != old.get("addressType"):
        yield invalid("addressType", obj.get("addressType"), IMMUTABLE)
