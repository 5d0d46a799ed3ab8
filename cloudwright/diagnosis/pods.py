"""What Pods and pod templates say, in the terms that checks need."""

from collections.abc import Iterator
from dataclasses import dataclass

from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.view import ClusterView, spec_path, template_of


@dataclass(frozen=True)
class Container:
    """A container of a Pod (or a template, then without status)."""

    pod: Object
    spec: Object
    status: Object
    init: bool

    @property
    def name(self) -> str:
        """Its name."""
        return f.text(self.spec, "name")

    @property
    def sidecar(self) -> bool:
        """Whether it is a native sidecar (an init container that restarts always)."""
        return self.init and f.text(self.spec, "restartPolicy") == "Always"

    @property
    def waiting(self) -> str:
        """Reason for which it waits."""
        return f.text(self.status, "state", "waiting", "reason")

    @property
    def waiting_message(self) -> str:
        """Message of the waiting state."""
        return f.text(self.status, "state", "waiting", "message")

    @property
    def terminated(self) -> Object:
        """The termination that matters: the present one, else the last one."""
        return f.mapping(self.status, "state", "terminated") or f.mapping(self.status, "lastState", "terminated")

    @property
    def restarts(self) -> int:
        """Restart count."""
        return f.integer(self.status, "restartCount")

    @property
    def ready(self) -> bool:
        """Whether the status says so."""
        return self.status.get("ready") is True

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return bool(f.get(self.status, "state", "running") is not None)


_NO_STATUS: Object = {}


def containers(pod: Object) -> list[Container]:
    """All containers of a Pod or template, init containers first, with their status."""
    found: list[Container] = []
    for key, status_key, init in (
        ("initContainers", "initContainerStatuses", True),
        ("containers", "containerStatuses", False),
    ):
        specs = f.maps(pod, "spec", key)
        if specs:
            statuses = {f.text(item, "name"): item for item in f.maps(pod, "status", status_key)}
            found += [Container(pod, item, statuses.get(f.text(item, "name"), _NO_STATUS), init) for item in specs]
    return found


def container_path(workload: Object, container: Container, *rest: str) -> str:
    """Field path of a container in its workload, as in `spec.template.spec.containers[api].image`."""
    group = "initContainers" if container.init else "containers"
    return ".".join((f"{spec_path(workload)}.{group}[{container.name}]", *rest))


def pod_ready(pod: Object) -> bool:
    """Whether the Ready condition is True."""
    return f.condition_is(pod, "Ready", "True")


def phase(pod: Object) -> str:
    """`status.phase`."""
    return f.text(pod, "status", "phase")


def finished(pod: Object) -> bool:
    """Whether the Pod has ended."""
    return phase(pod) in ("Succeeded", "Failed")


def deleting(obj: Object) -> bool:
    """Whether deletion was asked for."""
    return bool(f.get(obj, "metadata", "deletionTimestamp"))


def live_pods(view: ClusterView, workload: Object) -> list[Object]:
    """Pods of a workload that neither ended nor are being deleted."""
    return [pod for pod in view.pods_of(workload) if not finished(pod) and not deleting(pod)]


def pod_spec(workload: Object) -> Object:
    """The pod spec of a workload (or Pod)."""
    return f.mapping(template_of(workload), "spec")


def template_labels(workload: Object) -> dict[str, str]:
    """Labels that the workload's Pods get."""
    return f.labels(template_of(workload), "metadata", "labels")


def template_containers(workload: Object) -> list[Container]:
    """Containers of the workload's template, without status."""
    template = template_of(workload)
    return [
        Container(template, item, _NO_STATUS, init)
        for key, init in (("initContainers", True), ("containers", False))
        for item in f.maps(template, "spec", key)
    ]


def main_containers(workload: Object) -> list[Container]:
    """Containers that serve: all but the init containers that end."""
    return [item for item in template_containers(workload) if not item.init or item.sidecar]


def replicas(workload: Object) -> int:
    """Desired replicas; 1 where the field is absent."""
    value = f.get(workload, "spec", "replicas")
    return value if isinstance(value, int) and not isinstance(value, bool) else 1


def requests(pod_or_template: Object) -> dict[str, float]:
    """What the scheduler counts for a Pod: the larger of the sum of its containers and any init container, plus
    overhead (KEP-753: native sidecars count with the sum)."""
    total: dict[str, float] = {}
    peak: dict[str, float] = {}
    for item in containers(pod_or_template):
        wanted = _requested(item.spec)
        if item.init and not item.sidecar:
            for key, value in wanted.items():
                peak[key] = max(peak.get(key, 0.0), value + total.get(key, 0.0))
        else:
            for key, value in wanted.items():
                total[key] = total.get(key, 0.0) + value
    for key, value in f.mapping(pod_or_template, "spec", "overhead").items():
        total[key] = total.get(key, 0.0) + (f.quantity(value) or 0.0)
    return {key: max(total.get(key, 0.0), peak.get(key, 0.0)) for key in {*total, *peak}}


def _requested(spec: Object) -> dict[str, float]:
    limits, wanted = f.mapping(spec, "resources", "limits"), f.mapping(spec, "resources", "requests")
    keys = [key for key in {*limits, *wanted} if isinstance(key, str)]
    return {key: f.amount(wanted, key) or f.amount(limits, key) for key in keys}


@dataclass(frozen=True)
class Reference:
    """A reference of a pod template to an object of its namespace."""

    kind: str
    name: str
    path: str
    optional: bool
    key: str = ""
    at_start: bool = True
    """Whether Pods cannot start without it."""


def references(workload: Object) -> Iterator[Reference]:
    """ConfigMaps, Secrets, claims, ServiceAccount and pull secrets that a workload's Pods refer to."""
    spec, base = pod_spec(workload), spec_path(workload)
    for item in template_containers(workload):
        yield from _environment(item, container_path(workload, item))
    for volume in f.maps(spec, "volumes"):
        yield from _volume(volume, f"{base}.volumes[{f.text(volume, 'name')}]")
    account = f.text(spec, "serviceAccountName") or f.text(spec, "serviceAccount")
    if account:
        yield Reference("ServiceAccount", account, f"{base}.serviceAccountName", False)
    for item_ in f.maps(spec, "imagePullSecrets"):
        yield Reference("Secret", f.text(item_, "name"), f"{base}.imagePullSecrets", False, at_start=False)


def references_of(view: ClusterView, workload: Object) -> tuple[Reference, ...]:
    """The references of a workload of the view, read once."""
    return view.once(("references", id(workload)), lambda: tuple(references(workload)))


def users_of(view: ClusterView, kind: str, namespace: str, name: str) -> list[Object]:
    """Top workloads whose Pods refer to an object."""
    return view.once("users of objects", lambda: _users(view)).get((kind, namespace, name), [])


def _users(view: ClusterView) -> dict[tuple[str, str, str], list[Object]]:
    index: dict[tuple[str, str, str], list[Object]] = {}
    for item in view.workloads:
        for kind, name in dict.fromkeys((ref.kind, ref.name) for ref in references_of(view, item)):
            index.setdefault((kind, f.namespace(item), name), []).append(item)
    return index


def _environment(item: Container, path: str) -> Iterator[Reference]:
    for source in f.maps(item.spec, "envFrom"):
        for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if ref := f.mapping(source, key):
                yield Reference(kind, f.text(ref, "name"), f"{path}.envFrom", ref.get("optional") is True)
    for variable in f.maps(item.spec, "env"):
        for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            if ref := f.mapping(variable, "valueFrom", key):
                where = f"{path}.env[{f.text(variable, 'name')}].valueFrom.{key}"
                yield Reference(kind, f.text(ref, "name"), where, ref.get("optional") is True, f.text(ref, "key"))


def _volume(volume: Object, path: str) -> Iterator[Reference]:
    if ref := f.mapping(volume, "persistentVolumeClaim"):
        yield Reference(
            "PersistentVolumeClaim", f.text(ref, "claimName"), f"{path}.persistentVolumeClaim.claimName", False
        )
    sources = [(volume, path)]
    sources += [(item, f"{path}.projected") for item in f.maps(volume, "projected", "sources")]
    for source, where in sources:
        for key, kind, field in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
            ref = f.mapping(source, key)
            wanted = f.text(ref, field) or f.text(ref, "name")
            if not wanted:
                continue
            optional = ref.get("optional") is True
            yield Reference(kind, wanted, f"{where}.{key}.{field}", optional)
            for item in f.maps(ref, "items"):
                yield Reference(kind, wanted, f"{where}.{key}.items", optional, f.text(item, "key"))


def ports_of(workload: Object) -> dict[int, str]:
    """Declared container ports of the serving containers, number to name."""
    found: dict[int, str] = {}
    for item in main_containers(workload):
        for port in f.maps(item.spec, "ports"):
            found[f.integer(port, "containerPort")] = f.text(port, "name")
    found.pop(0, None)
    return found
