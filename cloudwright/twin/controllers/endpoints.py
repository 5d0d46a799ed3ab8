"""EndpointSlices and Endpoints: the addresses behind services."""

from collections.abc import Hashable, Sequence
from typing import Any

from cloudwright.twin.api import ENDPOINT_SLICES, ENDPOINTS, NODES, ApiStatusError
from cloudwright.twin.controllers.base import Context, Controller, ignore_not_found
from cloudwright.twin.controllers.endpoint_model import (
    Backend,
    Port,
    ServiceWatch,
    copied_labels,
    hostname_of,
    pod_reference,
)
from cloudwright.twin.controllers.informer import both
from cloudwright.twin.objects import (
    Raw,
    annotations_of,
    controller_reference,
    is_deleting,
    key_of,
    labels_of,
    name_of,
    namespace_of,
)
from cloudwright.twin.store import clone

SERVICE_NAME, MANAGED_BY = "kubernetes.io/service-name", "endpointslice.kubernetes.io/managed-by"
_MANAGER = "endpointslice-controller.k8s.io"
_TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time"
_ZONE = "topology.kubernetes.io/zone"
_SLICE_SIZE = 100


class EndpointSliceController(Controller):
    """Keeps slices of at most 100 endpoints with the same ports for every service that has a selector."""

    name = "endpointslice-controller"
    component = "endpoint-slice-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._watch = ServiceWatch(context, self.queue)
        self._slices, self._nodes = context.cache(ENDPOINT_SLICES), context.cache(NODES)
        self._slices.add_index("service", _service_index)
        self._slices.add_handler(self._on_slice)

    def _on_slice(self, old: Raw | None, new: Raw | None) -> None:
        for obj in both(old, new):
            for key in _service_index(obj):
                self.queue.add(key)

    def sync(self, key: Hashable) -> None:
        """Make the slices of one service fit."""
        assert isinstance(key, tuple)
        service = self._watch.services.get(*key)
        present = sorted(self._slices.by("service", key), key=name_of)
        if service is None or not service["spec"].get("selector") or service["spec"].get("type") == "ExternalName":
            if service is None:
                for each in present:
                    self._delete(each)
            return
        if is_deleting(service):
            return
        wanted = self._wanted(service)
        unused = list(present)
        missing: list[tuple[tuple[Port, ...], list[dict[str, Any]]]] = []
        for ports in sorted(wanted, key=repr):
            own = [each for each in present if _ports_of(each) == ports]
            for slice_, endpoints in _spread(wanted[ports], own):
                if slice_ is None:
                    missing.append((ports, endpoints))
                else:
                    unused.remove(slice_)
                    self._write(service, slice_, ports, endpoints)
        for ports, endpoints in missing:
            self._write(service, unused.pop(0) if unused else None, ports, endpoints)
        for each in unused:
            self._delete(each)

    def _wanted(self, service: Raw) -> dict[tuple[Port, ...], list[dict[str, Any]]]:
        groups: dict[tuple[Port, ...], list[dict[str, Any]]] = {}
        for backend in self._watch.backends(service):
            groups.setdefault(backend.ports, []).append(self._endpoint(service, backend))
        return groups or {(): []}

    def _endpoint(self, service: Raw, backend: Backend) -> dict[str, Any]:
        pod = backend.pod
        endpoint: dict[str, Any] = {
            "addresses": [backend.address],
            "conditions": {
                "ready": backend.ready,
                "serving": backend.serving,
                "terminating": backend.terminating,
            },
            "targetRef": pod_reference(pod),
        }
        node_name = pod["spec"].get("nodeName")
        if node_name:
            endpoint["nodeName"] = node_name
            node = self._nodes.get("", node_name)
            zone = labels_of(node).get(_ZONE) if node is not None else None
            if zone:
                endpoint["zone"] = zone
        hostname = hostname_of(service, pod)
        if hostname:
            endpoint["hostname"] = hostname
        return endpoint

    def _write(
        self, service: Raw, slice_: Raw | None, ports: tuple[Port, ...], endpoints: list[dict[str, Any]]
    ) -> None:
        family = (service["spec"].get("ipFamilies") or ["IPv4"])[0]
        labels = copied_labels(service, {SERVICE_NAME: name_of(service), MANAGED_BY: _MANAGER})
        content: dict[str, Any] = {
            "addressType": family,
            "endpoints": endpoints or None,
            "ports": [_port(each) for each in ports] or None,
        }
        if slice_ is not None:
            same = all(slice_.get(key) == value for key, value in content.items())
            if same and dict(labels_of(slice_)) == labels:
                return
            body = {**clone(slice_), **content}
            body["metadata"]["labels"] = labels
            body["metadata"]["annotations"] = {**annotations_of(slice_), _TRIGGER: self.clock.timestamp()}
            self.api.update(ENDPOINT_SLICES, body)
            return
        metadata = {
            "generateName": f"{name_of(service)}-",
            "namespace": namespace_of(service),
            "labels": labels,
            "annotations": {_TRIGGER: self.clock.timestamp()},
            "ownerReferences": [controller_reference(service, "v1", "Service")],
        }
        body = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata, **content}
        self.api.create(ENDPOINT_SLICES, body, namespace_of(service))

    def _delete(self, slice_: Raw) -> None:
        namespace, name = key_of(slice_)
        ignore_not_found(lambda: self.api.delete(ENDPOINT_SLICES, name, namespace))


class EndpointsController(Controller):
    """Keeps the old Endpoints object of every service that has a selector."""

    name = "endpoint-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._watch = ServiceWatch(context, self.queue)
        self._endpoints = context.cache(ENDPOINTS)
        self._endpoints.add_handler(self._on_endpoints)

    def _on_endpoints(self, old: Raw | None, new: Raw | None) -> None:
        for obj in both(old, new)[-1:]:
            self.queue.add(key_of(obj))

    def sync(self, key: Hashable) -> None:
        """Make the Endpoints of one service fit."""
        assert isinstance(key, tuple)
        namespace, name = key
        service = self._watch.services.get(namespace, name)
        present = self._endpoints.get(namespace, name)
        if service is None:
            if present is not None and "endpoints.kubernetes.io/managed-by" in labels_of(present):
                ignore_not_found(lambda: self.api.delete(ENDPOINTS, name, namespace))
            return
        if not service["spec"].get("selector") or is_deleting(service):
            return
        subsets = _subsets(service, self._watch.backends(service))
        labels = copied_labels(service, {"endpoints.kubernetes.io/managed-by": "endpoint-controller"})
        if present is not None and (present.get("subsets") or []) == subsets and dict(labels_of(present)) == labels:
            return
        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
        }
        body["metadata"]["annotations"] = {_TRIGGER: self.clock.timestamp()}
        if subsets:
            body["subsets"] = subsets
        if present is None:
            self._create(body, namespace)
            return
        body["metadata"] = {**clone(present["metadata"]), **body["metadata"]}
        self.api.update(ENDPOINTS, body)

    def _create(self, body: Raw, namespace: str) -> None:
        try:
            self.api.create(ENDPOINTS, body, namespace)
        except ApiStatusError as error:
            if error.reason != "AlreadyExists":
                raise


def _spread(endpoints: Sequence[dict[str, Any]], own: Sequence[Raw]) -> list[tuple[Raw | None, list[dict[str, Any]]]]:
    """Endpoints over the slices that are there, so that few slices change, and over new ones (None) for the rest."""
    left = {_endpoint_key(each): each for each in endpoints}
    chunks: list[tuple[Raw | None, list[dict[str, Any]]]] = []
    for present in own:
        kept = [left.pop(key) for each in present.get("endpoints") or () if (key := _endpoint_key(each)) in left]
        chunks.append((present, kept))
    rest = list(left.values())
    for _, kept in chunks:
        room = _SLICE_SIZE - len(kept)
        kept += rest[:room]
        rest = rest[room:]
    chunks = [chunk for chunk in chunks if chunk[1]] or chunks[:1]
    while rest or not chunks:
        chunks.append((None, rest[:_SLICE_SIZE]))
        rest = rest[_SLICE_SIZE:]
    return chunks


def _subsets(service: Raw, backends: Sequence[Backend]) -> list[dict[str, Any]]:
    groups: dict[tuple[Port, ...], dict[str, Any]] = {}
    for backend in backends:
        if backend.terminating and not service["spec"].get("publishNotReadyAddresses"):
            continue
        address: dict[str, Any] = {"ip": backend.address, "targetRef": pod_reference(backend.pod)}
        if backend.pod["spec"].get("nodeName"):
            address["nodeName"] = backend.pod["spec"]["nodeName"]
        hostname = hostname_of(service, backend.pod)
        if hostname:
            address["hostname"] = hostname
        subset = groups.setdefault(backend.ports, {"addresses": [], "notReadyAddresses": []})
        subset["addresses" if backend.ready else "notReadyAddresses"].append(address)
    found = []
    for ports in sorted(groups, key=repr):
        subset = {key: sorted(value, key=lambda each: each["ip"]) for key, value in groups[ports].items() if value}
        if ports:
            subset["ports"] = [_port(each) for each in sorted(ports, key=lambda each: each[0])]
            for port in subset["ports"]:
                if not port["name"]:
                    del port["name"]
        found.append(subset)
    return found


def _port(port: Port) -> dict[str, Any]:
    name, number, protocol, application = port
    body = {"name": name, "port": number, "protocol": protocol}
    return body | ({"appProtocol": application} if application else {})


def _ports_of(slice_: Raw) -> tuple[Port, ...]:
    return tuple(
        (each.get("name", ""), each.get("port"), each.get("protocol", "TCP"), each.get("appProtocol"))
        for each in slice_.get("ports") or ()
    )


def _endpoint_key(endpoint: Raw) -> tuple[str, str]:
    return endpoint["addresses"][0], (endpoint.get("targetRef") or {}).get("uid", "")


def _service_index(slice_: Raw) -> list[tuple[str, str]]:
    labels = labels_of(slice_)
    if labels.get(MANAGED_BY) != _MANAGER or SERVICE_NAME not in labels:
        return []
    return [(namespace_of(slice_), labels[SERVICE_NAME])]
