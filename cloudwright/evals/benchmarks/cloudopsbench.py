"""Cloud-OpsBench: a frozen snapshot of tool output per case becomes a ClusterView; a diagnosis becomes a prediction.

Benchmark: Y. Wang et al., arXiv 2603.00468. Only what its ten tools return is read: neither path, label, provenance
nor the metrics files.
"""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from cloudwright.core.errors import UsageError
from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.load.prune import prune
from cloudwright.diagnosis.observations import (
    Anomaly,
    CallEdge,
    ConnectionTest,
    LogText,
    NodeService,
    Observations,
    StoredLogs,
)
from cloudwright.diagnosis.view import ClusterView, index_objects
from cloudwright.evals.benchmarks import cob_signals, kubectl_objects, kubectl_text

Dict = dict[str, Any]
KINDS: Mapping[str, tuple[str, str]] = {
    "pods": ("Pod", "v1"),
    "services": ("Service", "v1"),
    "deployments": ("Deployment", "apps/v1"),
    "statefulsets": ("StatefulSet", "apps/v1"),
    "daemonsets": ("DaemonSet", "apps/v1"),
    "replicasets": ("ReplicaSet", "apps/v1"),
    "jobs": ("Job", "batch/v1"),
    "cronjobs": ("CronJob", "batch/v1"),
    "configmaps": ("ConfigMap", "v1"),
    "secrets": ("Secret", "v1"),
    "persistentvolumeclaims": ("PersistentVolumeClaim", "v1"),
    "persistentvolumes": ("PersistentVolume", "v1"),
    "serviceaccounts": ("ServiceAccount", "v1"),
    "endpoints": ("Endpoints", "v1"),
    "ingresses": ("Ingress", "networking.k8s.io/v1"),
    "networkpolicies": ("NetworkPolicy", "networking.k8s.io/v1"),
    "resourcequota": ("ResourceQuota", "v1"),
    "resourcequotas": ("ResourceQuota", "v1"),
    "limitranges": ("LimitRange", "v1"),
    "nodes": ("Node", "v1"),
    "namespaces": ("Namespace", "v1"),
    "rolebindings": ("RoleBinding", "rbac.authorization.k8s.io/v1"),
    "roles": ("Role", "rbac.authorization.k8s.io/v1"),
    "storageclasses": ("StorageClass", "storage.k8s.io/v1"),
    "horizontalpodautoscalers": ("HorizontalPodAutoscaler", "autoscaling/v2"),
}
HIDDEN_POD_FIELDS = (
    "affinity", "topologySpreadConstraints", "securityContext", "imagePullSecrets", "dnsPolicy", "dnsConfig",
    "hostAliases", "schedulerName", "hostNetwork", "terminationGracePeriodSeconds", "automountServiceAccountToken",
)  # fmt: skip
"""Fields of a pod spec that `kubectl describe` does not show; they are read from the applied manifests."""
HIDDEN_CONTAINER_FIELDS = ("securityContext", "imagePullPolicy", "lifecycle")
HIDDEN_FIELDS = {
    "PersistentVolumeClaim": ("resources", "selector", "accessModes", "storageClassName", "volumeName", "volumeMode"),
    "PersistentVolume": ("nodeAffinity", "hostPath", "nfs", "csi", "local"),
}
LOG_LINES = 50
"""Lines that the benchmark's GetRecentLogs returns."""

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # libyaml is optional
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]


def read_case(path: Path) -> Dict:
    """One case file.

    Raises:
        UsageError: it is no gzipped JSON object with a tool cache.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            case = json.load(stream)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is no gzipped JSON file: {error}.") from None
    if not isinstance(case, dict) or not isinstance(case.get("tool_cache"), dict):
        raise UsageError(f"{path} has no tool_cache: it is no Cloud-OpsBench case.")
    return case


def build_view(case: Mapping[str, Any]) -> ClusterView:
    """The snapshot that the case's tools show."""
    return _Builder(case).view()


class _Builder:
    def __init__(self, case: Mapping[str, Any]) -> None:
        self.case = case
        self.namespace = f.text(case, "namespace")
        self.objects: dict[tuple[str, str, str], Dict] = {}
        self.complete: set[str] = set()
        self.events: list[Dict] = []
        self.calls = [_parse_key(key, value) for key, value in case["tool_cache"].items()]
        self.described: set[tuple[str, str]] = set()
        self.now = datetime(2000, 1, 1, tzinfo=UTC)

    def view(self) -> ClusterView:
        self._clock()
        for tool, arguments, output in self.calls:
            if tool == "DescribeResource" and isinstance(output, str):
                self._describe(arguments, output)
        for tool, arguments, output in self.calls:
            if tool == "GetResources" and isinstance(output, str):
                self._resources(arguments, output)
            elif tool == "GetAppYAML" and isinstance(output, str):
                self._manifests(output)
        objects = [prune(item) for item in [*self.objects.values(), *self.events]]
        return ClusterView(
            objects=index_objects(objects),
            collected_at=self.now,
            observations=self._observations(),
            complete=frozenset(self.complete),
            namespaces=frozenset({self.namespace}),
            origin=f.text(self.case, "uid"),
        )

    def _clock(self) -> None:
        """The snapshot's time: the newest moment that any node's heartbeat or container start shows."""
        for tool, arguments, output in self.calls:
            if tool != "DescribeResource" or arguments.get("resource_type") not in ("nodes", "pods"):
                continue
            for stamp in re.findall(r"(?:RenewTime|Started):\s+(\w{3}, .*)", output if isinstance(output, str) else ""):
                if found := kubectl_text.moment(stamp.strip()):
                    self.now = max(self.now, found)

    def _describe(self, arguments: Dict, output: str) -> None:
        found = KINDS.get(str(arguments.get("resource_type")))
        obj = kubectl_objects.describe(*found, output) if found else None
        if obj is None:
            return
        self._add(obj)
        self.described.add((obj["kind"], obj["metadata"]["name"]))
        for line in kubectl_text.events(output):
            self._event(obj["kind"], obj["metadata"]["name"], line)
        if obj["kind"] == "Node":
            for pod in kubectl_objects.pods_of_node(obj["metadata"]["name"], output):
                self.objects.setdefault(_key(pod), pod)

    def _event(self, kind: str, name: str, line: kubectl_text.EventLine) -> None:
        namespace = "" if kind in ("Node", "PersistentVolume", "StorageClass", "Namespace") else self.namespace
        self.events.append({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{name}.{len(self.events)}", "namespace": namespace or "default"},
            "involvedObject": {"kind": kind, "name": name, "namespace": namespace},
            "reason": line.reason,
            "message": line.message,
            "type": "Warning" if line.warning else "Normal",
            "count": line.count,
            "firstTimestamp": (self.now - line.first_age).isoformat(),
            "lastTimestamp": (self.now - line.age).isoformat(),
            "source": {"component": line.source},
        })  # fmt: skip

    def _resources(self, arguments: Dict, output: str) -> None:
        kind = str(arguments.get("resource_type"))
        if kind == "events":
            return self._event_list(output)
        found = KINDS.get(kind)
        if found is None or (arguments.get("namespace") or self.namespace) != self.namespace:
            return None
        if arguments.get("output_yaml"):
            for document in _documents(output):
                self._replace(document)
        elif not arguments.get("name") and not arguments.get("output_wide") and not arguments.get("show_labels"):
            if not output.startswith("Error"):
                self.complete.add(found[0])
            self._rows(found, output)
        return None

    def _rows(self, kind: tuple[str, str], output: str) -> None:
        for row in kubectl_text.table(output.split("\n")):
            cluster_scoped = kind[0] in ("Node", "PersistentVolume", "StorageClass", "Namespace")
            metadata = {"name": row.get("NAME", "")} | ({} if cluster_scoped else {"namespace": self.namespace})
            key = _key({"kind": kind[0], "metadata": metadata})
            if key not in self.objects and row.get("NAME"):
                self.objects[key] = {"apiVersion": kind[1], "kind": kind[0], "metadata": metadata}

    def _event_list(self, output: str) -> None:
        lower = {kind.lower(): kind for kind, _ in KINDS.values()}
        for line in output.split("\n"):
            cells = line.split(None, 4)
            if len(cells) < 5 or "/" not in cells[3]:
                continue
            kind, _, name = cells[3].partition("/")
            full = lower.get(kind)
            if full is None or (full, name) in self.described:
                continue
            age = kubectl_text.duration(cells[0])
            if age is None:
                continue
            self._event(full, name, kubectl_text.EventLine(cells[1] == "Warning", cells[2], age, age, 1, "", cells[4]))

    def _manifests(self, output: str) -> None:
        for document in _documents(output):
            document["metadata"] = dict(f.mapping(document, "metadata"))
            if document["kind"] not in ("PersistentVolume", "StorageClass"):
                document["metadata"].setdefault("namespace", self.namespace)
            live = self.objects.get(_key(document))
            if live is not None and "uid" not in live["metadata"]:
                _reveal(live, document)

    def _add(self, obj: Dict) -> None:
        self.objects[_key(obj)] = obj

    def _replace(self, document: Dict) -> None:
        key = _key(document)
        before = self.objects.get(key, {})
        if not f.mapping(document, "status") and "status" in before:
            document["status"] = before["status"]
        self.objects[key] = document

    def _observations(self) -> Observations:
        cache = {(tool, json.dumps(arguments)): output for tool, arguments, output in self.calls}
        calls: list[CallEdge] = []
        services: list[NodeService] = []
        tests: list[ConnectionTest] = []
        anomalies: list[Anomaly] = []
        for tool, arguments, output in self.calls:
            match tool:
                case "GetServiceDependencies":
                    calls += cob_signals.edges(self._app, output)
                case "CheckNodeServiceStatus":
                    services.append(cob_signals.node_service(arguments, str(output)))
                case "CheckServiceConnectivity":
                    tests += cob_signals.connection_tests(arguments, str(output))
                case "GetAlerts":
                    anomalies += cob_signals.anomalies(self._app, output)
        del cache
        return Observations(
            logs=StoredLogs(list(self._logs())),
            anomalies=tuple(anomalies),
            node_services=tuple(services),
            connections=tuple(tests),
            calls=tuple(calls),
        )

    def _app(self, name: str) -> ObjectRef:
        for kind in ("Deployment", "StatefulSet", "DaemonSet", "Service"):
            if (kind, self.namespace, name) in self.objects:
                return ObjectRef(kind=kind, name=name, namespace=self.namespace)
        return ObjectRef(kind="Service", name=name, namespace=self.namespace)

    def _logs(self) -> Iterator[LogText]:
        for source, lines in f.mapping(self.case, "recent_logs").items():
            app, _, part = source.partition(".")
            kept = tuple(str(line) for line in lines or ())[-LOG_LINES:]
            container = part if part not in ("", "previous") else ""
            yield LogText(self.namespace, "", container, kept, part == "previous", workload=app)
        for tool, arguments, output in self.calls:
            if tool == "GetErrorLogs":
                for container, lines in cob_signals.error_lines(output):
                    yield LogText(
                        self.namespace, "", container, tuple(lines), workload=str(arguments.get("service_name", ""))
                    )


def _parse_key(key: str, output: Any) -> tuple[str, Dict, Any]:
    tool, _, arguments = key.partition(":")
    try:
        found = json.loads(arguments or "{}")
    except ValueError:
        found = {}
    return tool, found if isinstance(found, dict) else {}, output


def _key(obj: Mapping[str, Any]) -> tuple[str, str, str]:
    return f.text(obj, "kind"), f.namespace(obj), f.name(obj)


def _documents(text: str) -> Iterator[Dict]:
    try:
        for document in yaml.load_all(text, Loader=_Loader):
            if isinstance(document, dict) and document.get("kind") and isinstance(document.get("metadata"), dict):
                yield document
    except yaml.YAMLError:
        return


def _reveal(live: Dict, declared: Mapping[str, Any]) -> None:
    """Add to a described object the fields of its manifest that descriptions do not show."""
    kind = f.text(live, "kind")
    for field in HIDDEN_FIELDS.get(kind, ()):
        value = f.get(declared, "spec", field)
        if value is not None and not f.get(live, "spec", field):
            live.setdefault("spec", {})[field] = value
    spec, wanted = f.get(live, "spec", "template", "spec"), f.mapping(declared, "spec", "template", "spec")
    if not isinstance(spec, dict):
        return
    for field in HIDDEN_POD_FIELDS:
        if field in wanted and field not in spec:
            spec[field] = wanted[field]
    manifest = {f.text(item, "name"): item for item in f.maps(wanted, "containers")}
    for container in spec.get("containers", []):
        for field in HIDDEN_CONTAINER_FIELDS:
            if field in manifest.get(container["name"], {}):
                container[field] = manifest[container["name"]][field]
