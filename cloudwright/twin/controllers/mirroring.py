"""EndpointSlices of Endpoints that somebody wrote by hand for a service without a selector."""

from collections.abc import Hashable
from typing import Any

from cloudwright.twin.api import ENDPOINT_SLICES, ENDPOINTS, SERVICES
from cloudwright.twin.controllers.base import Context, Controller, ignore_not_found
from cloudwright.twin.controllers.endpoints import MANAGED_BY, SERVICE_NAME
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

_MANAGER = "endpointslicemirroring-controller.k8s.io"
_SKIP = "endpointslice.kubernetes.io/skip-mirror"
_LEADER = "control-plane.alpha.kubernetes.io/leader"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class EndpointSliceMirroringController(Controller):
    """One slice a subset."""

    name = "endpointslicemirroring-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._services, self._endpoints = context.cache(SERVICES), context.cache(ENDPOINTS)
        self._slices = context.cache(ENDPOINT_SLICES)
        self._slices.add_index("mirrored", _mirror_index)
        for cache in (self._services, self._endpoints):
            cache.add_handler(self._on_change)

    def _on_change(self, old: Raw | None, new: Raw | None) -> None:
        for obj in both(old, new)[-1:]:
            self.queue.add(key_of(obj))

    def sync(self, key: Hashable) -> None:
        """Mirror one Endpoints object."""
        assert isinstance(key, tuple)
        service, endpoints = self._services.get(*key), self._endpoints.get(*key)
        present = sorted(self._slices.by("mirrored", key), key=name_of)
        wanted: list[dict[str, Any]] = []
        if service is not None and endpoints is not None and _is_mirrored(service, endpoints):
            wanted = [_content(subset) for subset in endpoints.get("subsets") or ()]
        assert endpoints is not None or not wanted
        for number, content in enumerate(wanted):
            slice_ = present[number] if number < len(present) else None
            self._write(endpoints or {}, slice_, content)
        for each in present[len(wanted) :]:
            self._delete(each)

    def _write(self, endpoints: Raw, slice_: Raw | None, content: dict[str, Any]) -> None:
        labels = {**labels_of(endpoints), SERVICE_NAME: name_of(endpoints), MANAGED_BY: _MANAGER}
        if slice_ is not None:
            if any(slice_.get(part) != value for part, value in content.items()):
                body = {**clone(slice_), **content}
                body["metadata"]["labels"] = labels
                self.api.update(ENDPOINT_SLICES, body)
            return
        kept = {key: value for key, value in annotations_of(endpoints).items() if key != _LAST_APPLIED}
        metadata = {
            "generateName": f"{name_of(endpoints)}-",
            "namespace": namespace_of(endpoints),
            "labels": labels,
            "ownerReferences": [controller_reference(endpoints, "v1", "Endpoints")],
        }
        if kept:
            metadata["annotations"] = kept
        body = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata, **content}
        self.api.create(ENDPOINT_SLICES, body, namespace_of(endpoints))

    def _delete(self, slice_: Raw) -> None:
        namespace, name = key_of(slice_)
        ignore_not_found(lambda: self.api.delete(ENDPOINT_SLICES, name, namespace))


def _is_mirrored(service: Raw, endpoints: Raw) -> bool:
    if service["spec"].get("selector") or is_deleting(endpoints) or is_deleting(service):
        return False
    return _SKIP not in labels_of(endpoints) and _LEADER not in annotations_of(endpoints)


def _content(subset: Raw) -> dict[str, Any]:
    addresses = [(each, True) for each in subset.get("addresses") or ()]
    addresses += [(each, False) for each in subset.get("notReadyAddresses") or ()]
    ports = [{"name": "", "protocol": "TCP", **clone(each)} for each in subset.get("ports") or ()]
    family = "IPv6" if addresses and ":" in addresses[0][0]["ip"] else "IPv4"
    return {"addressType": family, "endpoints": [_endpoint(*each) for each in addresses], "ports": ports}


def _endpoint(address: Raw, ready: bool) -> dict[str, Any]:
    endpoint: dict[str, Any] = {"addresses": [address["ip"]], "conditions": {"ready": ready}}
    for part in ("hostname", "nodeName", "targetRef"):
        if part in address:
            endpoint[part] = address[part]
    return endpoint


def _mirror_index(slice_: Raw) -> list[tuple[str, str]]:
    labels = labels_of(slice_)
    if labels.get(MANAGED_BY) != _MANAGER or SERVICE_NAME not in labels:
        return []
    return [(namespace_of(slice_), labels[SERVICE_NAME])]
