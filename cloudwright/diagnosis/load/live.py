"""A view of a live cluster: one paged list per kind, pruned page by page; logs are fetched when a check asks."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cloudwright.core.context import Context
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.health import failing_pods
from cloudwright.diagnosis.load.prune import prune
from cloudwright.diagnosis.observations import LogText, Observations
from cloudwright.diagnosis.pausing import collector_paused
from cloudwright.diagnosis.pods import containers, references_of
from cloudwright.diagnosis.timeline import recently_changed
from cloudwright.diagnosis.view import ClusterView, index_objects
from cloudwright.tools.kubernetes.discovery import Discovery
from cloudwright.tools.kubernetes.snapshot import LogReader, Snapshot, take

KINDS: Sequence[str] = (
    "pods", "services", "configmaps", "secrets", "serviceaccounts", "persistentvolumeclaims", "persistentvolumes", "nodes", "namespaces",
    "resourcequotas", "limitranges", "events", "deployments.apps", "replicasets.apps", "statefulsets.apps", "daemonsets.apps",
    "controllerrevisions.apps", "jobs.batch", "cronjobs.batch", "endpointslices.discovery.k8s.io", "ingresses.networking.k8s.io", "ingressclasses.networking.k8s.io",
    "networkpolicies.networking.k8s.io", "horizontalpodautoscalers.autoscaling", "poddisruptionbudgets.policy", "storageclasses.storage.k8s.io",
    "roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io", "validatingwebhookconfigurations.admissionregistration.k8s.io",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io", "apiservices.apiregistration.k8s.io", "leases.coordination.k8s.io",
)  # fmt: skip
"""Kinds of Kubernetes itself that checks read."""
MAX_LOGS = 80
"""Containers whose logs one investigation reads at most."""
LOG_LINES = 200


class LiveLogs:
    """Logs on demand: of failing Pods always, of healthy ones while the budget lasts. Implements `Logs`."""

    def __init__(self, context: Context, allow: frozenset[tuple[str, str]] | None = None) -> None:
        self.reader = LogReader(context, lines=LOG_LINES, budget=MAX_LOGS)
        self.allow = allow

    def of_pod(self, namespace: str, pod: str, container: str, *, previous: bool = False) -> LogText | None:
        """The newest lines; None where the Pod is not among those that may be asked, or has none."""
        if self.allow is not None and (namespace, pod) not in self.allow:
            return None
        lines = self.reader.read(namespace, pod, container, previous=previous)
        return None if lines is None else LogText(namespace, pod, container, lines, previous)

    def of_workload(self, namespace: str, workload: str) -> Sequence[LogText]:
        """Nothing: the API knows logs of containers only."""
        return ()


def load(context: Context, *, namespaces: Sequence[str] = (), logs: bool = True) -> ClusterView:
    """Read a cluster.

    Partial rights are tolerated: what cannot be listed is a gap of the view.

    Args:
        context: the session.
        namespaces: only these (and cluster-scoped objects); () for all.
        logs: whether checks may fetch logs.

    Raises:
        ToolError: the server cannot be asked at all.
    """
    kinds = [*KINDS, *_custom_kinds(context)]
    with collector_paused():
        snapshot = take(context, kinds, namespaces=namespaces, prune=reduce_object)
        view = _view(context, snapshot, namespaces)
    if not logs:
        return view
    reader = LiveLogs(context, _worth_reading(view))
    _prefetch(view, reader)
    return replace(view, observations=Observations(logs=reader))


def _custom_kinds(context: Context) -> list[str]:
    """Custom kinds whose conditions may matter, by the API groups that the server offers."""
    known = context.service(Discovery).types()
    return [
        item.qualified for item in known
        if "." in item.group and not item.group.endswith(".k8s.io") and "list" in item.verbs
    ] + [item.qualified for item in known if item.group == "gateway.networking.k8s.io" and "list" in item.verbs]  # fmt: skip


def _view(context: Context, snapshot: Snapshot, namespaces: Sequence[str]) -> ClusterView:
    objects: list[Object] = []
    complete: set[str] = set()
    for item in snapshot.lists:
        kind = (
            item.kind.kind
            if "." not in item.kind.group or item.kind.group.endswith(".k8s.io")
            else f"{item.kind.kind}.{item.kind.group}"
        )
        if item.whole:
            complete.add(kind)
        version = f"{item.kind.group}/{item.kind.version}" if item.kind.group else item.kind.version
        objects.extend(_typed(one, item.kind.kind, version) for one in item.objects)
    return ClusterView(
        objects=index_objects(objects),
        collected_at=datetime.fromtimestamp(snapshot.finished, UTC),
        complete=frozenset(complete),
        namespaces=frozenset(namespaces) if namespaces else None,
        gaps=snapshot.gaps,
        origin=f"{context.place.cluster}/{context.place.context}",
    )


def _typed(obj: Object, kind: str, version: str) -> Object:
    """Items of a list may come without kind and version."""
    return obj if obj.get("kind") and obj.get("apiVersion") else {**obj, "kind": kind, "apiVersion": version}


_DROP_STATUS = frozenset(
    {
        "images",
        "volumesInUse",
        "volumesAttached",
        "daemonEndpoints",
        "runtimeHandlers",
        "features",
        "podIPs",
        "hostIPs",
        "hostIP",
    }
)
_DROP_POD = frozenset(
    {"terminationMessagePath", "terminationMessagePolicy", "enableServiceLinks", "preemptionPolicy", "priority"}
)


ROUTINE = frozenset({"Scheduled", "Pulling", "Pulled", "Created", "Started"})
"""Reasons of Normal events that say of a Pod what its status says better. In a big cluster most events are such."""


def reduce_object(obj: Mapping[str, Any]) -> Object | None:
    """What the view keeps of an object as it comes from a list."""
    kind = obj.get("kind")
    if kind == "Event":
        return _event(obj)
    if kind == "ReplicaSet" and not f.integer(obj, "spec", "replicas") and not f.integer(obj, "status", "replicas"):
        number = f.text(obj, "metadata", "annotations", "deployment.kubernetes.io/revision")
        if not number:
            return None
    kept = dict(prune(obj))
    status = kept.get("status")
    if isinstance(status, Mapping):
        kept["status"] = {key: value for key, value in status.items() if key not in _DROP_STATUS}
    if kind == "Pod" and isinstance(kept.get("spec"), Mapping):
        kept["spec"] = {key: value for key, value in kept["spec"].items() if key not in _DROP_POD}
    return kept


def _event(obj: Mapping[str, Any]) -> Object | None:
    """An event without its bookkeeping; None for routine ones."""
    about = f.mapping(obj, "involvedObject") or f.mapping(obj, "regarding")
    if obj.get("type") == "Normal" and f.text(obj, "reason") in ROUTINE and about.get("kind") == "Pod":
        return None
    kept = {key: value for key, value in obj.items() if key not in ("reportingInstance", "action", "managedFields")}
    kept["metadata"] = {key: value for key, value in f.mapping(obj, "metadata").items() if key in _EVENT_METADATA}
    return kept


_EVENT_METADATA = frozenset({"name", "namespace", "uid", "creationTimestamp"})


def _worth_reading(view: ClusterView) -> frozenset[tuple[str, str]]:
    """Failing Pods first (two of a workload), then one Pod of each other workload, those whose configuration was edited
    not long ago first, while there is budget."""
    chosen: list[tuple[str, str]] = []
    calm: list[tuple[bool, str, str]] = []
    for item in view.workloads:
        bad = failing_pods(view, item)
        chosen += [(f.namespace(pod), f.name(pod)) for pod in bad[:2]]
        if not bad and not f.namespace(item).startswith("kube-"):
            calm += [(not _edited(view, item), f.namespace(pod), f.name(pod)) for pod in view.pods_of(item)[:1]]
    rest = [(space, name) for _, space, name in sorted(calm)]
    return frozenset([*chosen, *rest[: max(MAX_LOGS - len(chosen), 10)]])


def _edited(view: ClusterView, workload: Object) -> bool:
    refs = [view.find(ref.kind, f.namespace(workload), ref.name) for ref in references_of(view, workload)]
    return any(item is not None and recently_changed(view, view.ref(item)) for item in [workload, *refs])


def _prefetch(view: ClusterView, logs: LiveLogs) -> None:
    """Fetch in parallel what the checks will ask for one after the other."""
    wanted = []
    for namespace, name in sorted(logs.allow or ()):
        pod = view.find("Pod", namespace, name)
        for item in containers(pod) if pod is not None else ():
            if item.running or item.terminated:
                wanted.append((namespace, name, item.name, False))
            if item.restarts:
                wanted.append((namespace, name, item.name, True))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: logs.of_pod(one[0], one[1], one[2], previous=one[3]), wanted[:MAX_LOGS]))
