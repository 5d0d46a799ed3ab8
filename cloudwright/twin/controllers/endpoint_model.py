"""Which pods stand behind a service, on which ports: shared by EndpointSlices and Endpoints."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudwright.twin.api import PODS, SERVICES
from cloudwright.twin.controllers.base import Context, WorkQueue
from cloudwright.twin.controllers.informer import both
from cloudwright.twin.objects import (
    Key,
    Raw,
    is_deleting,
    is_finished,
    is_ready,
    key_of,
    labels_match,
    labels_of,
    name_of,
    namespace_of,
    status_of,
    uid_of,
)

Port = tuple[str, int | None, str, str | None]
"""(name, number, protocol, application protocol)."""


@dataclass(frozen=True)
class Backend:
    """A pod that a service selects and that has an address."""

    pod: Raw
    address: str
    ports: tuple[Port, ...]
    ready: bool
    serving: bool
    terminating: bool


class ServiceWatch:
    """Queues the services that a change of a service or of a pod touches."""

    def __init__(self, context: Context, queue: WorkQueue) -> None:
        self._queue = queue
        self.services, self.pods = context.cache(SERVICES), context.cache(PODS)
        self.pods.index_labels()
        self.services.add_handler(self._on_service)
        self.pods.add_handler(self._on_pod)

    def _on_service(self, old: Raw | None, new: Raw | None) -> None:
        for obj in both(old, new)[-1:]:
            self._queue.add(key_of(obj))

    def _on_pod(self, old: Raw | None, new: Raw | None) -> None:
        if old is not None and new is not None and _visible(old) == _visible(new):
            return
        found: dict[Key, None] = {}
        for pod in both(old, new):
            for service in self.services.in_namespace(namespace_of(pod)):
                if labels_match(service["spec"].get("selector"), labels_of(pod)):
                    found[key_of(service)] = None
        for key in found:
            self._queue.add(key)

    def backends(self, service: Raw) -> list[Backend]:
        """The service's pods with their target ports, ordered by name."""
        selector = service["spec"].get("selector") or {}
        pods = sorted(self.pods.selected(namespace_of(service), selector), key=name_of)
        return [
            Backend(pod, address, target_ports(service, pod), *readiness(service, pod))
            for pod in pods
            if not is_finished(pod) and (address := pod_address(service, pod))
        ]


def readiness(service: Raw, pod: Raw) -> tuple[bool, bool, bool]:
    """(ready, serving, terminating) of an endpoint."""
    serving, terminating = is_ready(pod), is_deleting(pod)
    return bool(service["spec"].get("publishNotReadyAddresses")) or (serving and not terminating), serving, terminating


def pod_address(service: Raw, pod: Raw) -> str:
    """The pod's address in the service's (first) family, "" when it has none yet."""
    family = (service["spec"].get("ipFamilies") or ["IPv4"])[0]
    addresses = [each["ip"] for each in status_of(pod).get("podIPs") or ()] or [status_of(pod).get("podIP") or ""]
    for address in filter(None, addresses):
        if ipaddress.ip_address(address).version == (6 if family == "IPv6" else 4):
            return str(address)
    return ""


def target_ports(service: Raw, pod: Raw) -> tuple[Port, ...]:
    """The pod's ports that serve the service's ports; a name that no container declares is left out."""
    found: list[Port] = []
    ports: Iterable[Raw] = service["spec"].get("ports") or ()
    for port in ports:
        number = _resolve(port, pod)
        if number is not None:
            found.append((port.get("name", ""), number, port.get("protocol", "TCP"), port.get("appProtocol")))
    return tuple(found)


def _resolve(port: Raw, pod: Raw) -> int | None:
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target if target else int(port["port"])
    sidecars = [each for each in pod["spec"].get("initContainers") or () if each.get("restartPolicy") == "Always"]
    for container in [*(pod["spec"].get("containers") or ()), *sidecars]:
        for each in container.get("ports") or ():
            if each.get("name") == target and each.get("protocol", "TCP") == port.get("protocol", "TCP"):
                return int(each["containerPort"])
    return None


def hostname_of(service: Raw, pod: Raw) -> str:
    """The endpoint's host name, when the pod is named within the service's subdomain."""
    spec = pod["spec"]
    return str(spec.get("hostname", "")) if spec.get("subdomain") == name_of(service) else ""


def pod_reference(pod: Raw) -> dict[str, Any]:
    """The `targetRef` of an endpoint."""
    return {"kind": "Pod", "namespace": namespace_of(pod), "name": name_of(pod), "uid": uid_of(pod)}


def is_headless(service: Raw) -> bool:
    """Whether the service has no address of its own."""
    return bool(service["spec"].get("clusterIP") == "None")


def copied_labels(service: Raw, extra: Mapping[str, str]) -> dict[str, str]:
    """The service's labels as its endpoints carry them."""
    labels = dict(labels_of(service))
    labels.pop("service.kubernetes.io/headless", None)
    if is_headless(service):
        labels["service.kubernetes.io/headless"] = ""
    return {**labels, **extra}


def _visible(pod: Raw) -> Sequence[Any]:
    status = status_of(pod)
    return (
        labels_of(pod),
        status.get("podIP"),
        status.get("phase"),
        is_ready(pod),
        is_deleting(pod),
        pod["spec"].get("nodeName"),
    )
