"""What the server hands out: cluster IPs and node ports of services."""

import ipaddress
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.server.errors import FieldError, invalid, invalid_object
from cloudwright.twin.server.meta import Identities
from cloudwright.twin.server.request import Request
from cloudwright.twin.store import Store, StoreEvent

SERVICE_RANGE = "10.96.0.0/16"
NODE_PORTS = range(30000, 32768)
_SERVICES = ("", "services")


class Allocator:
    """Gives each service its address and ports, and takes them back."""

    def __init__(self, store: Store, identities: Identities) -> None:
        self._store = store
        self._identities = identities
        self._network = ipaddress.ip_network(SERVICE_RANGE)
        self._addresses: dict[str, int] = {}
        self._ports: dict[int, int] = {}
        self._next = 0
        for service in store.objects(_SERVICES):
            self._count(service, 1)
        store.subscribe(_SERVICES, self._changed)

    def _changed(self, event: StoreEvent) -> None:
        if event.previous is not None:
            self._count(event.previous, -1)
        if event.type != "DELETED":
            self._count(event.obj, 1)

    def _count(self, service: Obj, by: int) -> None:
        spec = service.get("spec") or {}
        for address in spec.get("clusterIPs") or ():
            self._addresses[address] = self._addresses.get(address, 0) + by
        for port in _node_ports(spec):
            self._ports[port] = self._ports.get(port, 0) + by

    def prepare(self, request: Request, obj: Obj, old: Obj | None) -> None:
        """Complete a service that is written, in place.

        Raises:
            StatusError: 422, a wanted address or port is taken or outside the range.
        """
        if request.info.storage != _SERVICES or request.subresource == "status":
            return
        spec = obj.get("spec")
        if not spec or not isinstance(spec, dict):
            return
        before = (old or {}).get("spec") or {}
        self._addresses_of(request, obj, spec, before)
        if spec.get("type") in ("NodePort", "LoadBalancer"):
            if spec.get("type") == "NodePort" or spec.get("allocateLoadBalancerNodePorts", True):
                self._ports_of(request, obj, spec, before)
        elif before.get("type") in ("NodePort", "LoadBalancer"):
            _drop_node_ports(spec, before)

    def _addresses_of(self, request: Request, obj: Obj, spec: Obj, before: Obj) -> None:
        if spec.get("type") == "ExternalName":
            for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"):
                if before.get("type") not in (None, "ExternalName"):
                    spec.pop(name, None)
            return
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if before.get("type") not in (None, "ExternalName") and not spec.get(name) and name in before:
                spec[name] = before[name]
        wanted = spec.get("clusterIP") or (spec.get("clusterIPs") or [""])[0]
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        if not wanted:
            wanted = self._free_address(obj["metadata"])
        elif wanted != "None" and wanted not in (before.get("clusterIPs") or ()):
            self._claim_address(request, obj, wanted)
        spec["clusterIP"], spec["clusterIPs"] = wanted, [wanted]

    def _claim_address(self, request: Request, obj: Obj, wanted: str) -> None:
        try:
            inside = ipaddress.ip_address(wanted) in self._network
        except ValueError:
            return  # validation says it
        if not inside:
            detail = f"failed to allocate IP {wanted}: the provided IP ({wanted}) is not in the valid range. "
            detail += f"The range of valid IPs is {SERVICE_RANGE}"
            self._refuse(obj, [invalid("spec.clusterIPs", [wanted], detail)])
        if self._addresses.get(wanted):
            detail = f"failed to allocate IP {wanted}: provided IP is already allocated"
            self._refuse(obj, [invalid("spec.clusterIPs", [wanted], detail)])

    def _refuse(self, obj: Obj, errors: list[FieldError]) -> None:
        raise invalid_object("", "Service", obj["metadata"].get("name", ""), errors)

    def _free_address(self, metadata: Obj) -> str:
        size = self._network.num_addresses
        while True:
            self._next = self._next * 31 % size + 257
            candidate = str(self._network[self._next % (size - 512) + 256])
            if not self._addresses.get(candidate):
                self._addresses[candidate] = 0
                return candidate

    def _ports_of(self, request: Request, obj: Obj, spec: Obj, before: Obj) -> None:
        known = {(p.get("port"), p.get("protocol")): p.get("nodePort") for p in before.get("ports") or ()}
        kept = set(_node_ports(before))
        taken: set[int] = set()
        for index, port in enumerate(spec.get("ports") or ()):
            wanted = port.get("nodePort") or known.get((port.get("port"), port.get("protocol")))
            if not wanted:
                wanted = self._free_port(taken)
            elif wanted not in kept:
                self._claim_port(obj, index, wanted, port)
            port["nodePort"] = wanted
            taken.add(wanted)

    def _claim_port(self, obj: Obj, index: int, wanted: int, port: Obj) -> None:
        path = f"spec.ports[{index}].nodePort"
        if wanted not in NODE_PORTS:
            detail = (
                f"provided port is not in the valid range. The range of valid ports is {NODE_PORTS[0]}-{NODE_PORTS[-1]}"
            )
            self._refuse(obj, [invalid(path, wanted, detail)])
        if self._ports.get(wanted):
            self._refuse(obj, [invalid(path, wanted, "provided port is already allocated")])

    def _free_port(self, taken: set[int]) -> int:
        candidate = NODE_PORTS[0] + 86 + (len(self._ports) * 617) % (len(NODE_PORTS) - 86)
        while self._ports.get(candidate) or candidate in taken:
            candidate = NODE_PORTS[0] + (candidate - NODE_PORTS[0] + 1) % len(NODE_PORTS)
        self._ports.setdefault(candidate, 0)
        return candidate


def _node_ports(spec: Any) -> list[int]:
    return [port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")]


def _drop_node_ports(spec: Obj, before: Obj) -> None:
    known = {(p.get("port"), p.get("protocol")): p.get("nodePort") for p in before.get("ports") or ()}
    for port in spec.get("ports") or ():
        if port.get("nodePort") == known.get((port.get("port"), port.get("protocol"))):
            port.pop("nodePort", None)
    if spec.get("externalTrafficPolicy") == before.get("externalTrafficPolicy"):
        spec.pop("externalTrafficPolicy", None)
