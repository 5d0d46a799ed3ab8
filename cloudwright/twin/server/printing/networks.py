"""Rows of services and what leads to them."""

from collections.abc import Mapping
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.server.printing.cells import Row, age_of, name_of, spec_of, status_of
from cloudwright.twin.server.printing.words import (
    NONE,
    UNKNOWN,
    labels_text,
    listed,
    selector_text,
)


def _service(obj: Obj, now: float) -> list[Any]:
    spec = spec_of(obj)
    ports = ",".join(
        f"{p['port']}:{p['nodePort']}/{p['protocol']}" if p.get("nodePort") else f"{p['port']}/{p['protocol']}"
        for p in spec.get("ports") or ()
    )
    address = (spec.get("clusterIPs") or [NONE])[0]
    row = [name_of(obj), spec.get("type", ""), address, _external(obj), ports or NONE, age_of(obj, now)]
    return [*row, labels_text(spec.get("selector"))]


def _external(obj: Obj) -> str:
    spec = spec_of(obj)
    given = list(spec.get("externalIPs") or ())
    match spec.get("type"):
        case "LoadBalancer":
            ingress = (status_of(obj).get("loadBalancer") or {}).get("ingress") or ()
            found = sorted({each.get("ip") or each.get("hostname", "") for each in ingress})
            return ",".join([*found, *given]) or "<pending>"
        case "ExternalName":
            return str(spec.get("externalName", ""))
        case "ClusterIP" | "NodePort":
            return ",".join(given) or NONE
    return UNKNOWN


def _endpoints(obj: Obj, now: float) -> list[Any]:
    items: list[str] = []
    for subset in obj.get("subsets") or ():
        addresses = subset.get("addresses") or ()
        if not subset.get("ports"):
            items += [each["ip"] for each in addresses]
        for port in subset.get("ports") or ():
            items += [f"{each['ip']}:{port['port']}" for each in addresses]
    return [name_of(obj), listed(items, 3, len(items)) if obj.get("subsets") else NONE, age_of(obj, now)]


def _endpoint_slice(obj: Obj, now: float) -> list[Any]:
    ports = [str(p["port"]) if p.get("port") is not None else p.get("name") or "*" for p in obj.get("ports") or ()]
    addresses = [address for each in obj.get("endpoints") or () for address in each["addresses"]]
    row = [name_of(obj), obj["addressType"], listed(ports, 3, len(ports)), listed(addresses, 3, len(addresses))]
    return [*row, age_of(obj, now)]


def _ingress(obj: Obj, now: float) -> list[Any]:
    spec = spec_of(obj)
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    found = (status_of(obj).get("loadBalancer") or {}).get("ingress") or ()
    address = ",".join(sorted({each.get("ip") or each.get("hostname", "") for each in found}))
    ports = "80, 443" if spec.get("tls") else "80"
    shown = listed(hosts, 3, len(hosts)) if hosts else "*"
    return [name_of(obj), spec.get("ingressClassName", NONE), shown, address, ports, age_of(obj, now)]


def _ingress_class(obj: Obj, now: float) -> list[Any]:
    spec = spec_of(obj)
    parameters = spec.get("parameters")
    shown = NONE
    if parameters:
        group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") else ""
        shown = f"{parameters['kind']}{group}/{parameters['name']}"
    return [name_of(obj), spec.get("controller", ""), shown, age_of(obj, now)]


def _network_policy(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), selector_text(spec_of(obj).get("podSelector") or {}), age_of(obj, now)]


def _service_cidr(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), ",".join(spec_of(obj).get("cidrs") or ()), age_of(obj, now)]


def _ip_address(obj: Obj, now: float) -> list[Any]:
    parent = spec_of(obj).get("parentRef") or {}
    resource = parent.get("resource", "") + (f".{parent['group']}" if parent.get("group") else "")
    namespace = f"/{parent['namespace']}" if parent.get("namespace") else ""
    return [name_of(obj), f"{resource}{namespace}/{parent.get('name', '')}" if parent else NONE, age_of(obj, now)]


NETWORKS: Mapping[tuple[str, str], Row] = {
    ("", "services"): _service,
    ("", "endpoints"): _endpoints,
    ("discovery.k8s.io", "endpointslices"): _endpoint_slice,
    ("networking.k8s.io", "ingresses"): _ingress,
    ("networking.k8s.io", "ingressclasses"): _ingress_class,
    ("networking.k8s.io", "networkpolicies"): _network_policy,
    ("networking.k8s.io", "servicecidrs"): _service_cidr,
    ("networking.k8s.io", "ipaddresses"): _ip_address,
}
