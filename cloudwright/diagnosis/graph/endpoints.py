"""What stands behind a Service: endpoints, the pods it selects, and which container ports they declare."""

from dataclasses import dataclass

from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.view import ClusterView


@dataclass(frozen=True)
class Backends:
    """Addresses behind a Service by readiness. `known` is False where no endpoints object was seen."""

    ready: tuple[str, ...]
    not_ready: tuple[str, ...]
    ports: tuple[int, ...]
    known: bool


def backends(view: ClusterView, service: Object) -> Backends:
    """From EndpointSlices, else from the older Endpoints."""
    namespace, name = f.namespace(service), f.name(service)
    ready: list[str] = []
    waiting: list[str] = []
    ports: list[int] = []
    slices = _slices(view).get((namespace, name), [])
    for item in slices:
        ports += [f.integer(port, "port") for port in f.maps(item, "ports")]
        for endpoint in f.maps(item, "endpoints"):
            # An absent condition means "yes" (API convention of discovery.k8s.io/v1).
            up = f.get(endpoint, "conditions", "ready") is not False
            (ready if up else waiting).extend(f.strings(endpoint, "addresses"))
    if slices or view.knows("EndpointSlice", namespace):
        return Backends(tuple(ready), tuple(waiting), tuple(ports), known=True)
    old = view.find("Endpoints", namespace, name)
    for subset in f.maps(old, "subsets") if old else ():
        ports += [f.integer(port, "port") for port in f.maps(subset, "ports")]
        ready += [f.text(item, "ip") for item in f.maps(subset, "addresses")]
        waiting += [f.text(item, "ip") for item in f.maps(subset, "notReadyAddresses")]
    known = old is not None or view.knows("Endpoints", namespace)
    return Backends(tuple(ready), tuple(waiting), tuple(ports), known)


def _slices(view: ClusterView) -> dict[tuple[str, str], list[Object]]:
    return view.once("slices of services", lambda: _by_service(view))


def _by_service(view: ClusterView) -> dict[tuple[str, str], list[Object]]:
    found: dict[tuple[str, str], list[Object]] = {}
    for item in view.of("EndpointSlice"):
        name = f.text(item, "metadata", "labels", "kubernetes.io/service-name")
        found.setdefault((f.namespace(item), name), []).append(item)
    return found


def target_port(entry: Object) -> int | str:
    """Number or name of the container port that an entry of `spec.ports` leads to; its own port where it says none."""
    value = entry.get("targetPort")
    return value if isinstance(value, int | str) and value != "" else f.integer(entry, "port")


def selector(service: Object) -> dict[str, str]:
    """The Service's selector; empty for Services without one."""
    return f.labels(service, "spec", "selector")


def selected_pods(view: ClusterView, service: Object) -> list[Object]:
    """Pods that the Service selects."""
    return view.pods_selected(f.namespace(service), selector(service))


def selected_workloads(view: ClusterView, service: Object) -> list[Object]:
    """Workloads whose pods the Service selects: by their templates (also when they have no Pod just now), else by the
    labels of their Pods (which operators set on the leader alone)."""
    wanted = selector(service)
    found = view.workloads_selected(f.namespace(service), wanted)
    if not found:
        found = list({id(top): top for top in map(view.top, selected_pods(view, service))}.values())
    return found


def services_of(view: ClusterView, workload: Object) -> list[Object]:
    """Services that select a workload's pods."""
    cache: dict[int, list[Object]] = view.__dict__.setdefault("_services_of_workloads", {})
    if not cache:
        cache[0] = []
        for service in view.of("Service"):
            for item in selected_workloads(view, service):
                cache.setdefault(id(item), []).append(service)
    return cache.get(id(workload), [])
