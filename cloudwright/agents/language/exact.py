"""Fields by the very names that the API gives them: "terminationGracePeriodSeconds of x", "resources.limits", "restartCount"."""

import re
from collections.abc import Iterator, Mapping
from functools import cache

_POD = "{pod}"
_CONTAINER = "{pod}.containers[*]"
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")

_PLACES: tuple[tuple[str, str, str], ...] = (
    ("*", _POD, "terminationGracePeriodSeconds nodeSelector tolerations affinity securityContext serviceAccountName serviceAccount restartPolicy dnsPolicy"
     " dnsConfig hostNetwork hostPID hostIPC hostAliases priorityClassName runtimeClassName schedulerName imagePullSecrets initContainers"
     " topologySpreadConstraints automountServiceAccountToken enableServiceLinks shareProcessNamespace activeDeadlineSeconds preemptionPolicy volumes"),
    ("*", _CONTAINER, "livenessProbe readinessProbe startupProbe resources imagePullPolicy volumeMounts envFrom env args command lifecycle workingDir"
     " terminationMessagePath terminationMessagePolicy volumeDevices image"),
    ("*", "{pod}.containers[*].ports[*]", "containerPort hostPort"),
    ("*", f"{_CONTAINER}.volumeMounts[*]", "mountPath subPath"),
    ("*", f"{_CONTAINER}.securityContext", "readOnlyRootFilesystem allowPrivilegeEscalation privileged capabilities"),
    ("*", f"{_CONTAINER}.resources", "limits requests"),
    ("Deployment StatefulSet DaemonSet", "spec", "template"),
    ("Deployment", "spec", "revisionHistoryLimit progressDeadlineSeconds minReadySeconds paused strategy selector replicas"),
    ("Deployment", "spec.strategy.rollingUpdate", "maxSurge maxUnavailable"),
    ("StatefulSet", "spec", "revisionHistoryLimit minReadySeconds podManagementPolicy updateStrategy volumeClaimTemplates"
     " persistentVolumeClaimRetentionPolicy selector replicas"),
    ("StatefulSet", "spec.updateStrategy.rollingUpdate", "partition"),
    ("StatefulSet", "spec", "serviceName"),
    ("StatefulSet", "status", "currentRevision updateRevision collisionCount currentReplicas"),
    ("DaemonSet", "spec", "revisionHistoryLimit minReadySeconds updateStrategy selector"),
    ("DaemonSet", "spec.updateStrategy.rollingUpdate", "maxSurge maxUnavailable"),
    ("DaemonSet", "status", "desiredNumberScheduled currentNumberScheduled numberReady numberAvailable numberUnavailable numberMisscheduled"
     " updatedNumberScheduled"),
    ("Deployment StatefulSet ReplicaSet", "status", "readyReplicas availableReplicas updatedReplicas unavailableReplicas observedGeneration"),
    ("CronJob", "spec", "concurrencyPolicy startingDeadlineSeconds successfulJobsHistoryLimit failedJobsHistoryLimit timeZone suspend schedule"),
    ("CronJob", "status", "lastScheduleTime lastSuccessfulTime"),
    ("CronJob", "spec.jobTemplate.spec", "backoffLimit parallelism completions ttlSecondsAfterFinished podFailurePolicy completionMode"),
    ("Job", "spec", "backoffLimit parallelism completions ttlSecondsAfterFinished activeDeadlineSeconds podFailurePolicy completionMode"),
    ("Job", "status", "startTime completionTime"),
    ("Service", "spec", "clusterIP clusterIPs externalIPs externalName externalTrafficPolicy internalTrafficPolicy sessionAffinity loadBalancerIP"
     " loadBalancerClass ipFamilies ipFamilyPolicy publishNotReadyAddresses healthCheckNodePort loadBalancerSourceRanges"),
    ("Service", "spec.ports[*]", "targetPort nodePort appProtocol"),
    ("Ingress", "spec", "ingressClassName defaultBackend tls"),
    ("Ingress", "spec.tls[*]", "secretName"),
    ("Ingress", "spec.rules[*].http.paths[*]", "pathType"),
    ("PersistentVolumeClaim", "spec", "storageClassName accessModes volumeMode volumeName dataSource"),
    ("PersistentVolume", "spec", "storageClassName accessModes volumeMode persistentVolumeReclaimPolicy claimRef nodeAffinity mountOptions"),
    ("StorageClass", "", "reclaimPolicy volumeBindingMode allowVolumeExpansion provisioner mountOptions"),
    ("HorizontalPodAutoscaler", "spec", "minReplicas maxReplicas scaleTargetRef metrics behavior"),
    ("HorizontalPodAutoscaler", "spec.metrics[*].resource.target", "averageUtilization averageValue"),
    ("HorizontalPodAutoscaler", "status", "currentReplicas desiredReplicas currentMetrics lastScaleTime"),
    ("PodDisruptionBudget", "spec", "minAvailable maxUnavailable unhealthyPodEvictionPolicy selector"),
    ("PodDisruptionBudget", "status", "disruptionsAllowed currentHealthy desiredHealthy expectedPods disruptedPods"),
    ("NetworkPolicy", "spec", "podSelector policyTypes ingress egress"),
    ("Node", "status", "allocatable capacity nodeInfo addresses volumesInUse volumesAttached"),
    ("Node", "status.nodeInfo", "kubeletVersion kernelVersion osImage containerRuntimeVersion machineID bootID systemUUID operatingSystem"),
    ("Node", "spec", "podCIDR podCIDRs providerID taints unschedulable"),
    ("Pod", "status", "podIP podIPs hostIP qosClass startTime nominatedNodeName containerStatuses initContainerStatuses"),
    ("Pod", "spec", "nodeName priority"),
    ("ServiceAccount", "", "automountServiceAccountToken imagePullSecrets secrets"),
    ("RoleBinding ClusterRoleBinding", "", "roleRef subjects"),
    ("PriorityClass", "", "globalDefault preemptionPolicy value"),
    ("ResourceQuota", "spec", "hard scopes scopeSelector"),
    ("*", "status.conditions[*]", "lastTransitionTime lastHeartbeatTime lastUpdateTime lastProbeTime"),
    ("*", "metadata", "ownerReferences creationTimestamp deletionTimestamp resourceVersion generateName generation finalizers labels annotations"
     " managedFields"),
)  # fmt: skip
"""Kinds, where their fields are, and the fields there; `{pod}` stands for the pod specification of the kind."""

_OF_PROBES: Mapping[str, str] = {
    "periodSeconds": "periodSeconds", "failureThreshold": "failureThreshold", "successThreshold": "successThreshold",
    "initialDelaySeconds": "initialDelaySeconds", "timeoutSeconds": "timeoutSeconds", "httpGet": "httpGet", "tcpSocket": "tcpSocket",
    "httpHeaders": "httpGet.httpHeaders",
}  # fmt: skip
_RENAMED: Mapping[str, tuple[str, str]] = {
    "restartCount": ("Pod", "restarts"), "lastState": ("Pod", "restarts,ended"), "lastTerminationState": ("Pod", "restarts,ended"), "exitCode": ("Pod", "ended"), "imageID": ("Pod", "status.containerStatuses[*].imageID"),
    "containerID": ("Pod", "status.containerStatuses[*].containerID"), "runAsUser": ("*", f"{_POD}.securityContext.runAsUser,{_CONTAINER}.securityContext.runAsUser"),
    "runAsNonRoot": ("*", f"{_POD}.securityContext.runAsNonRoot,{_CONTAINER}.securityContext.runAsNonRoot"), "fsGroup": ("*", f"{_POD}.securityContext.fsGroup"),
    "runAsGroup": ("*", f"{_POD}.securityContext.runAsGroup,{_CONTAINER}.securityContext.runAsGroup"),
    "seccompProfile": ("*", f"{_POD}.securityContext.seccompProfile,{_CONTAINER}.securityContext.seccompProfile"),
    "ephemeral-storage": ("Node", "status.allocatable[ephemeral-storage],status.capacity[ephemeral-storage]"),
}  # fmt: skip
_DOTTED = re.compile(r"\{?\$?\.?([A-Za-z][\w-]*(?:\[[^\]]*\])*(?:\.[A-Za-z][\w-]*(?:\[[^\]]*\])*)+)\}?")
"""A path as it is written for jsonpath: ".spec.template.spec.containers[0].image"."""
_ROOTS = ("spec", "status", "metadata", "data", "rules")


@cache
def names_of(kind: str) -> Mapping[str, str]:
    """The fields of a kind by their names in the API: name → path, with `{pod}` where it is in a pod specification."""
    found: dict[str, str] = {}
    for kinds, place, names in _PLACES:
        if kind in kinds.split() or kinds == "*":
            found = {name: f"{place}.{name}".lstrip(".") for name in names.split()} | found
    for kinds, place, names in _PLACES:
        if kind in kinds.split():
            found |= {name: f"{place}.{name}".lstrip(".") for name in names.split()}
    for name, path in _OF_PROBES.items():
        found[name] = ",".join(f"{_CONTAINER}.{probe}.{path}" for probe in _PROBES[:2])
    found |= {name: path for name, (owner, path) in _RENAMED.items() if owner in (kind, "*")}
    return found


def spelt(kind: str) -> Iterator[tuple[str, str]]:
    """Names of the API that nobody takes for a word, in small letters, with their templates."""
    return ((name.lower(), path) for name, path in names_of(kind).items() if not name.islower() or "-" in name)


@cache
def owners() -> Mapping[str, tuple[str, ...]]:
    """The kinds that have a field of a name, in small letters; none where any kind may have it."""
    found: dict[str, dict[str, None]] = {}
    rows = [(kinds, name) for kinds, _, names in _PLACES for name in names.split()]
    rows += [(kind, name) for name, (kind, _) in _RENAMED.items()] + [("*", name) for name in _OF_PROBES]
    for kinds, name in rows:
        if not name.islower() or "-" in name:
            found.setdefault(name.lower(), {}).update(dict.fromkeys(kinds.split()))
    return {name: () if "*" in kinds else tuple(kinds) for name, kinds in found.items()}


def written(word: str, kind: str) -> str:
    """The template of a dotted path that is written out for a kind; "" where it is none.

    It may begin at the object, at its specification, in its pods or in their containers: "spec.replicas",
    "strategy.rollingUpdate", "resources.limits.cpu".
    """
    match = _DOTTED.fullmatch(word)
    if match is None:
        return ""
    path = re.sub(r"\[\]|\[\d+\]", "[*]", match[1])
    first, _, rest = path.partition(".")
    if first in _ROOTS:
        return path
    known = {name.lower(): found for name, found in names_of(kind).items()}
    last = known.get(path.rpartition(".")[2].lower(), "")
    if "," in last and path.rpartition(".")[2] in _RENAMED:
        return last
    base = known.get(re.sub(r"\[.*", "", first).lower(), "")
    return f"{base}.{rest}" if base and "," not in base else ""


def inside_probe(path: str, word: str) -> str:
    """Where a setting of a probe is: "path", "port", "periodSeconds"; "" where the word names none."""
    return {name.lower(): f"{path}.{part}" for name, part in _IN_PROBE.items()}.get(word, "")


_IN_PROBE = {**_OF_PROBES, "path": "httpGet.path", "port": "httpGet.port", "scheme": "httpGet.scheme", "period": "periodSeconds", "interval": "periodSeconds",
             "timeout": "timeoutSeconds", "threshold": "failureThreshold", "delay": "initialDelaySeconds", "failures": "failureThreshold", "endpoint": "httpGet.path",
             "url": "httpGet.path", "command": "exec.command", "command line": "exec.command"}  # fmt: skip
