"""Defaulting: what a field gets when a client leaves it out, by type."""

from collections.abc import Callable
from functools import cache
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.schema.types import Field, Struct, struct
from cloudwright.twin.store import clone

_CORE, _APPS, _BATCH = "io.k8s.api.core.v1.", "io.k8s.api.apps.v1.", "io.k8s.api.batch.v1."
_ADMISSION, _NETWORK, _RBAC = (
    "io.k8s.api.admissionregistration.v1.",
    "io.k8s.api.networking.v1.",
    "io.k8s.api.rbac.v1.",
)
_STORAGE, _FLOW, _SCALING = "io.k8s.api.storage.v1.", "io.k8s.api.flowcontrol.v1.", "io.k8s.api.autoscaling.v2."
_EXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."
_WEBHOOK: Obj = {
    "failurePolicy": "Fail",
    "matchPolicy": "Equivalent",
    "namespaceSelector": {},
    "objectSelector": {},
    "timeoutSeconds": 10,
}

CONSTANT: dict[str, Obj] = {
    _CORE + "PodSpec": {
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
        "schedulerName": "default-scheduler",
    },
    _CORE + "Probe": {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3},
    _CORE + "HTTPGetAction": {"path": "/", "scheme": "HTTP"},
    _CORE + "SecretVolumeSource": {"defaultMode": 420},
    _CORE + "ConfigMapVolumeSource": {"defaultMode": 420},
    _CORE + "DownwardAPIVolumeSource": {"defaultMode": 420},
    _CORE + "ProjectedVolumeSource": {"defaultMode": 420},
    _CORE + "ServiceAccountTokenProjection": {"expirationSeconds": 3600},
    _CORE + "HostPathVolumeSource": {"type": ""},
    _CORE + "GRPCAction": {"service": ""},
    _CORE + "ObjectFieldSelector": {"apiVersion": "v1"},
    _CORE + "ContainerPort": {"protocol": "TCP"},
    _CORE + "EndpointPort": {"protocol": "TCP"},
    _CORE + "Secret": {"type": "Opaque"},
    _CORE + "PersistentVolumeSpec": {"persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem"},
    _CORE + "PersistentVolumeStatus": {"phase": "Pending"},
    _CORE + "PersistentVolumeClaimSpec": {"volumeMode": "Filesystem"},
    _CORE + "PersistentVolumeClaimStatus": {"phase": "Pending"},
    _CORE + "NamespaceStatus": {"phase": "Active"},
    _CORE + "ReplicationControllerSpec": {"replicas": 1},
    _CORE + "ISCSIVolumeSource": {"iscsiInterface": "default"},
    _CORE + "RBDVolumeSource": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    _CORE + "AzureDiskVolumeSource": {
        "cachingMode": "ReadWrite",
        "fsType": "ext4",
        "readOnly": False,
        "kind": "Shared",
    },
    _APPS + "DeploymentSpec": {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600},
    _APPS + "DeploymentStrategy": {"type": "RollingUpdate"},
    _APPS + "DaemonSetSpec": {"revisionHistoryLimit": 10},
    _APPS + "DaemonSetUpdateStrategy": {"type": "RollingUpdate"},
    _APPS + "StatefulSetSpec": {
        "podManagementPolicy": "OrderedReady",
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "persistentVolumeClaimRetentionPolicy": {},
    },
    _APPS + "StatefulSetPersistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    _APPS + "ReplicaSetSpec": {"replicas": 1},
    _BATCH + "CronJobSpec": {
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    },
    _BATCH + "PodFailurePolicyOnPodConditionsPattern": {"status": "True"},
    _SCALING + "HorizontalPodAutoscalerSpec": {"minReplicas": 1},
    _NETWORK + "NetworkPolicyPort": {"protocol": "TCP"},
    _NETWORK + "IngressClassParametersReference": {"scope": "Cluster"},
    _RBAC + "RoleRef": {"apiGroup": "rbac.authorization.k8s.io"},
    _STORAGE + "StorageClass": {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
    _STORAGE + "CSIDriverSpec": {
        "attachRequired": True,
        "podInfoOnMount": False,
        "storageCapacity": False,
        "fsGroupPolicy": "ReadWriteOnceWithFSType",
        "volumeLifecycleModes": ["Persistent"],
        "requiresRepublish": False,
        "seLinuxMount": False,
    },
    "io.k8s.api.discovery.v1.EndpointPort": {"name": "", "protocol": "TCP"},
    "io.k8s.api.scheduling.v1.PriorityClass": {"preemptionPolicy": "PreemptLowerPriority"},
    _ADMISSION + "ValidatingWebhook": _WEBHOOK,
    _ADMISSION + "MutatingWebhook": {**_WEBHOOK, "reinvocationPolicy": "Never"},
    _ADMISSION + "RuleWithOperations": {"scope": "*"},
    _ADMISSION + "NamedRuleWithOperations": {"scope": "*"},
    _ADMISSION + "ServiceReference": {"port": 443},
    _ADMISSION + "ValidatingAdmissionPolicySpec": {"failurePolicy": "Fail"},
    _ADMISSION + "MatchResources": {"matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {}},
    _FLOW + "FlowSchemaSpec": {"matchingPrecedence": 1000},
    _FLOW + "ExemptPriorityLevelConfiguration": {"nominalConcurrencyShares": 0, "lendablePercent": 0},
    _FLOW + "LimitedPriorityLevelConfiguration": {"nominalConcurrencyShares": 30, "lendablePercent": 0},
    _FLOW + "QueuingConfiguration": {"handSize": 8, "queues": 64, "queueLengthLimit": 50},
    _EXTENSIONS + "CustomResourceDefinitionSpec": {"conversion": {"strategy": "None"}},
}


def _image_policy(reference: str) -> str:
    name = reference.partition("@")[0]
    last = name.rpartition("/")[2]
    tagged, digest = ":" in last, "@" in reference
    tag = last.rpartition(":")[2] if tagged else ("" if digest else "latest")
    return "Always" if tag == "latest" else "IfNotPresent"


def _container(obj: Obj) -> None:
    if not obj.get("imagePullPolicy"):
        obj["imagePullPolicy"] = _image_policy(obj.get("image", ""))
    obj.setdefault("terminationMessagePath", "/dev/termination-log")
    obj.setdefault("terminationMessagePolicy", "File")


def _volume(obj: Obj) -> None:
    if not any(value is not None for name, value in obj.items() if name != "name"):
        obj["emptyDir"] = {}
    image = obj.get("image")
    if image is not None and not image.get("pullPolicy"):
        image["pullPolicy"] = _image_policy(image.get("reference", ""))


def _pod(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    for container in containers:
        resources = container.get("resources") or {}
        if resources.get("limits"):
            resources["requests"] = {**resources["limits"], **resources.get("requests", {})}
    spec.setdefault("enableServiceLinks", True)
    if spec.get("hostNetwork"):
        for container in containers:
            for port in container.get("ports") or ():
                port.setdefault("hostPort", port["containerPort"])


def _service(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("sessionAffinity", "None")
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        given = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
        if given.get("timeoutSeconds") is None:
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": 10800}}
    kind = spec.setdefault("type", "ClusterIP")
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)
    external = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and spec.get("externalIPs"))
    if external:
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind in ("NodePort", "LoadBalancer", "ClusterIP"):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def _namespace(obj: Obj) -> None:
    metadata = obj["metadata"]
    if metadata.get("name"):
        metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = metadata["name"]


def _node_status(obj: Obj) -> None:
    if obj.get("capacity") and not obj.get("allocatable"):
        obj["allocatable"] = dict(obj["capacity"])


def _limit_item(obj: Obj) -> None:
    if obj.get("type") != "Container":
        return
    default = {**obj.get("max", {}), **obj.get("default", {})}
    request = {**obj.get("min", {}), **default, **obj.get("defaultRequest", {})}
    for name, value in (("default", default), ("defaultRequest", request)):
        if value:
            obj[name] = value


def _replication_controller(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if labels:
        if not spec.get("selector"):
            spec["selector"] = dict(labels)
        if not obj["metadata"].get("labels"):
            obj["metadata"]["labels"] = dict(labels)


def _deployment_strategy(obj: Obj) -> None:
    if obj.get("type", "RollingUpdate") == "RollingUpdate":
        rolling = obj.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")


def _daemon_strategy(obj: Obj) -> None:
    if obj.get("type", "RollingUpdate") == "RollingUpdate":
        rolling = obj.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)


def _stateful_strategy(obj: Obj) -> None:
    if not obj.get("type"):
        obj["type"] = "RollingUpdate"
        obj.setdefault("rollingUpdate", {})
    if obj["type"] == "RollingUpdate" and obj.get("rollingUpdate") is not None:
        obj["rollingUpdate"].setdefault("partition", 0)


def _stateful_set(obj: Obj) -> None:
    for claim in obj.get("spec", {}).get("volumeClaimTemplates") or ():
        claim.setdefault("apiVersion", "v1")
        claim.setdefault("kind", "PersistentVolumeClaim")


def _daemon_set(obj: Obj) -> None:
    annotations = obj["metadata"].get("annotations") or {}
    obj["metadata"]["annotations"] = {"deprecated.daemonset.template.generation": "0", **annotations}


def _job(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if labels and not obj["metadata"].get("labels"):
        obj["metadata"]["labels"] = dict(labels)
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 2147483647 if "backoffLimitPerIndex" in spec else 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("podReplacementPolicy", "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed")
    spec.setdefault("manualSelector", False)


def _scaling_rules(given: Any, stabilization: int | None, policies: list[Obj]) -> Obj:
    result: Obj = {"selectPolicy": "Max", "policies": policies}
    if stabilization is not None:
        result["stabilizationWindowSeconds"] = stabilization
    return {**result, **{name: value for name, value in (given or {}).items() if value is not None}}


def _autoscaler(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if behavior is not None:
        percent = {"type": "Percent", "value": 100, "periodSeconds": 15}
        pods = {"type": "Pods", "value": 4, "periodSeconds": 15}
        behavior["scaleUp"] = _scaling_rules(behavior.get("scaleUp"), 0, [pods, percent])
        behavior["scaleDown"] = _scaling_rules(behavior.get("scaleDown"), None, [dict(percent)])


def _network_policy(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _subject(obj: Obj) -> None:
    if not obj.get("apiGroup") and obj.get("kind") in ("User", "Group"):
        obj["apiGroup"] = "rbac.authorization.k8s.io"


def _crd_names(obj: Obj) -> None:
    kind = obj.get("kind", "")
    if not obj.get("singular"):
        obj["singular"] = kind.lower()
    if not obj.get("listKind") and kind:
        obj["listKind"] = kind + "List"


def _crd_webhook(obj: Obj) -> None:
    service = (obj.get("clientConfig") or {}).get("service")
    if service is not None:
        service.setdefault("port", 443)


DERIVED: dict[str, Callable[[Obj], None]] = {
    _CORE + "Container": _container,
    _CORE + "EphemeralContainer": _container,
    _CORE + "Volume": _volume,
    _CORE + "Pod": _pod,
    _CORE + "Service": _service,
    _CORE + "Namespace": _namespace,
    _CORE + "NodeStatus": _node_status,
    _CORE + "LimitRangeItem": _limit_item,
    _CORE + "ReplicationController": _replication_controller,
    _APPS + "DeploymentStrategy": _deployment_strategy,
    _APPS + "DaemonSetUpdateStrategy": _daemon_strategy,
    _APPS + "StatefulSetUpdateStrategy": _stateful_strategy,
    _APPS + "StatefulSet": _stateful_set,
    _APPS + "DaemonSet": _daemon_set,
    _BATCH + "Job": _job,
    _SCALING + "HorizontalPodAutoscaler": _autoscaler,
    _NETWORK + "NetworkPolicy": _network_policy,
    _RBAC + "Subject": _subject,
    _EXTENSIONS + "CustomResourceDefinitionNames": _crd_names,
    _EXTENSIONS + "WebhookConversion": _crd_webhook,
}


@cache
def _own(name: str) -> Obj:
    return CONSTANT.get(name, {})


@cache
def _concerned(name: str) -> tuple[Field, ...]:
    """Fields of a type below which something has a default."""
    return tuple(field for field in struct(name).fields.values() if _reaches(field, frozenset((name,))))


def _target(field: Field) -> str:
    kind = field.type
    while kind.item is not None:
        kind = kind.item
    return kind.ref if kind.kind == "struct" else ""


def _reaches(field: Field, seen: frozenset[str]) -> bool:
    name = _target(field)
    if not name or name in seen:
        return False
    if name in CONSTANT or name in DERIVED:
        return True
    return any(_reaches(each, seen | {name}) for each in struct(name).fields.values())


def apply(kind: Struct, obj: Obj) -> None:
    """Set the defaults of a type in a decoded object, in place."""
    for name, value in _own(kind.name).items():
        if obj.get(name) in (None, "", 0) and not (name in obj and kind.fields[name].pointer):
            obj[name] = clone(value)
    derived = DERIVED.get(kind.name)
    if derived:
        derived(obj)
    for field in _concerned(kind.name):
        value = obj.get(field.name)
        if value is not None:
            _descend(field, value)


def _descend(field: Field, value: Any) -> None:
    kind = field.type
    if kind.kind == "struct":
        apply(kind.struct, value)
    elif kind.item is not None and kind.item.kind == "struct":
        for each in value.values() if kind.kind == "map" else value:
            apply(kind.item.struct, each)
