"""What people call the fields of objects, and where they are; `{pod}` stands for the pod specification of the kind."""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from cloudwright.agents.language import exact
from cloudwright.agents.language.lexicon import phrases
from cloudwright.agents.language.understanding import Vocabulary

_POD = {"Pod": "spec", "CronJob": "spec.jobTemplate.spec.template.spec"}
_CONTAINER = "{pod}.containers[*]"
_REPLICATED = ("Deployment", "StatefulSet", "DaemonSet")

FIELDS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("image, images, run version, container image, docker image, image tag, tag, version, image version, build, release",
     {"*": "image", "Node": "status.nodeInfo.kubeletVersion", "CustomResourceDefinition": "spec.versions[*].name"}),
    ("max replicas, maximum replicas, upper bound, upper limit, maximum, max, maxreplicas, ceiling",
     {"HorizontalPodAutoscaler": "spec.maxReplicas"}),
    ("min replicas, minimum replicas, lower bound, minimum, min, minreplicas, floor",
     {"HorizontalPodAutoscaler": "spec.minReplicas"}),
    ("replicas, replica, replica count, number of replicas, desired replicas, copies, instances, how many pods",
     {"*": "spec.replicas", "HorizontalPodAutoscaler": "status.currentReplicas", "DaemonSet": "status.desiredNumberScheduled"}),
    ("ready replicas", {"*": "status.readyReplicas"}),
    ("cpu limit, cpu limits, how much cpu, limit on cpu", {"*": f"{_CONTAINER}.resources.limits.cpu"}),
    ("memory limit, memory limits, how much memory, how much ram, mem limit, ram limit, limit on memory, memory cap",
     {"*": f"{_CONTAINER}.resources.limits.memory"}),
    ("cpu request, cpu requests, requested cpu", {"*": f"{_CONTAINER}.resources.requests.cpu"}),
    ("memory request, memory requests, mem request, requested memory, ram request",
     {"*": f"{_CONTAINER}.resources.requests.memory"}),
    ("limits, limit, resource limits", {"*": f"{_CONTAINER}.resources.limits", "LimitRange": "spec.limits"}),
    ("requests, request, resource requests", {"*": f"{_CONTAINER}.resources.requests"}),
    ("resources, resource settings, requests and limits", {"*": f"{_CONTAINER}.resources"}),
    ("schedule, how long until, how soon, cron expression, cron schedule, how often, timetable, next run, next execution, run next, runs next, when will, when does, when do, what time, at what time",
     {"CronJob": "spec.schedule,spec.timeZone,suspended,status.lastScheduleTime"}),
    ("duration, uptime, up since, running since, up for, how long, took, take to finish, start time, started, when did, finish time, completion time",
     {"Job": "status,status.startTime,status.completionTime", "Pod": "status.startTime",
      "CronJob": "status.lastScheduleTime,status.lastSuccessfulTime"}),
    ("time zone, timezone", {"CronJob": "spec.timeZone"}),
    ("concurrency policy", {"CronJob": "spec.concurrencyPolicy"}),
    ("last run, ever run, ran, succeeded, succeed, fired, run last, last fired, last triggered, last schedule, last scheduled, last ran, last time, last execution, last success, last successful run",
     {"CronJob": "status.lastScheduleTime,status.lastSuccessfulTime"}),
    ("service account, serviceaccount, sa", {"*": "{pod}.serviceAccountName"}),
    ("priority class, priority", {"*": "{pod}.priorityClassName"}),
    ("node selector, nodeselector", {"*": "{pod}.nodeSelector"}),
    ("tolerations, toleration", {"*": "{pod}.tolerations"}),
    ("affinity", {"*": "{pod}.affinity"}),
    ("grace period, termination grace period, take to stop, takes to stop, time to stop, shutdown time, take to shut down, take to terminate, stop time", {"*": "{pod}.terminationGracePeriodSeconds"}),
    ("volumes, volume, mounts", {"*": "{pod}.volumes", "PersistentVolumeClaim": "spec.volumeName"}),
    ("volume mounts, mount path, mount paths", {"*": f"{_CONTAINER}.volumeMounts"}),
    ("liveness probe, liveness, liveness check", {"*": f"{_CONTAINER}.livenessProbe"}),
    ("readiness probe, readiness, readiness check", {"*": f"{_CONTAINER}.readinessProbe"}),
    ("startup probe", {"*": f"{_CONTAINER}.startupProbe"}),
    ("probes, probe", {"*": f"{_CONTAINER}.readinessProbe"}),
    ("security context, user id, run as user, run as", {"*": "{pod}.securityContext"}),
    ("restart policy", {"*": "{pod}.restartPolicy"}),
    ("dns policy", {"*": "{pod}.dnsPolicy"}),
    ("history limit", {"CronJob": "spec.successfulJobsHistoryLimit", "*": "spec.revisionHistoryLimit"}),
    ("starting deadline", {"CronJob": "spec.startingDeadlineSeconds"}),
    ("deadline, progress deadline", {"Deployment": "spec.progressDeadlineSeconds", "Job": "spec.activeDeadlineSeconds"}),
    ("health check, health checks, healthcheck", {"*": f"{_CONTAINER}.livenessProbe"}),
    ("topology spread, spread", {"*": "{pod}.topologySpreadConstraints"}),
    ("pull policy, image pull policy", {"*": f"{_CONTAINER}.imagePullPolicy"}),
    ("pull secret, image pull secret, pull secrets", {"*": "{pod}.imagePullSecrets", "ServiceAccount": "imagePullSecrets"}),
    ("arguments, args", {"*": f"{_CONTAINER}.args"}),
    ("command, entrypoint", {"*": f"{_CONTAINER}.command"}),
    ("env, environment, environment variables, env vars, variables, env variables", {"*": f"{_CONTAINER}.env"}),
    ("containers, container names, container", {"*": "container"}),
    ("init containers, init container", {"*": "{pod}.initContainers[*].name"}),
    ("container port, container ports, containerport", {"*": f"{_CONTAINER}.ports[*].containerPort"}),
    ("target port, targetport", {"Service": "spec.ports[*].targetPort"}),
    ("node port, nodeport", {"Service": "spec.ports[*].nodePort"}),
    ("port, ports", {"Service": "ports,spec.ports[*].targetPort", "*": f"{_CONTAINER}.ports[*].containerPort"}),
    ("cluster ip, clusterip", {"Service": "spec.clusterIP"}),
    ("pod ip, ip address, ip, address, addresses", {"Pod": "status.podIP", "Service": "spec.clusterIP", "Node": "status.addresses[InternalIP].address"}),
    ("host, hostname, domain, hosts, hostnames, url", {"Ingress": "spec.rules[*].host", "Pod": "spec.nodeName"}),
    ("tls", {"Ingress": "spec.tls"}),
    ("ingress class, class", {"Ingress": "spec.ingressClassName"}),
    ("backend, backends, path, paths, route, routes, routing",
     {"Ingress": "spec.rules[*].host,spec.rules[*].http.paths[*].path,spec.rules[*].http.paths[*].backend.service.name"}),
    ("selector, label selector, pod selector",
     {"*": "spec.selector.matchLabels", "Service": "spec.selector", "NetworkPolicy": "spec.podSelector"}),
    ("type, kind", {"*": "type"}),
    ("strategy, update strategy, rollout strategy, deployment strategy",
     {"Deployment": "spec.strategy.type", "StatefulSet": "spec.updateStrategy.type", "DaemonSet": "spec.updateStrategy.type"}),
    ("storage class, storageclass, class", {"PersistentVolumeClaim": "spec.storageClassName", "PersistentVolume": "spec.storageClassName"}),
    ("capacity, size, storage, disk size, how big, how large, disk",
     {"PersistentVolumeClaim": "spec.resources.requests.storage", "PersistentVolume": "spec.capacity.storage", "Node": "status.capacity"}),
    ("access mode, access modes", {"PersistentVolumeClaim": "spec.accessModes", "PersistentVolume": "spec.accessModes"}),
    ("reclaim policy", {"PersistentVolume": "spec.persistentVolumeReclaimPolicy", "StorageClass": "reclaimPolicy"}),
    ("provisioner", {"StorageClass": "provisioner"}),
    ("allocatable", {"Node": "status.allocatable"}),
    ("kubelet version, kubelet, kubelet versions, node version, node versions", {"Node": "status.nodeInfo.kubeletVersion"}),
    ("kernel, kernel version", {"Node": "status.nodeInfo.kernelVersion"}),
    ("container runtime, runtime", {"Node": "status.nodeInfo.containerRuntimeVersion"}),
    ("os, operating system", {"Node": "status.nodeInfo.osImage"}),
    ("architecture, arch", {"Node": "status.nodeInfo.architecture"}),
    ("zone, availability zone", {"Node": "labels[topology.kubernetes.io/zone]"}),
    ("region", {"Node": "labels[topology.kubernetes.io/region]"}),
    ("taint, taints", {"Node": "spec.taints"}),
    ("conditions, condition", {"*": "status.conditions[*].type,status.conditions[*].status"}),
    ("pod cidr", {"Node": "spec.podCIDR"}),
    ("cpus, cores, cpu capacity, how many cpus, how many cores, cpu, cpu cores, how much cpu, vcpus", {"Node": "status.capacity.cpu"}),
    ("memory capacity, ram, memory, how much memory, how much ram", {"Node": "status.capacity.memory"}),
    ("how many pods, max pods, pod capacity", {"Node": "status.capacity.pods"}),
    ("allocatable cpu", {"Node": "status.allocatable.cpu"}),
    ("allocatable memory", {"Node": "status.allocatable.memory"}),
    ("allocatable pods", {"Node": "status.allocatable.pods"}),
    ("ephemeral storage", {"Node": "status.allocatable[ephemeral-storage],status.capacity[ephemeral-storage]"}),
    ("generation", {"*": "metadata.generation"}),
    ("capacity", {"Node": "status.capacity"}),
    ("age, how old, creation time, created", {"*": "created"}),
    ("restarts, restart count, restart counter, crash count, how often restarted, number of restarts", {"Pod": "restarts"}),
    ("qos, qos class", {"Pod": "qos"}),
    ("node", {"Pod": "node"}),
    ("owner, controller", {"*": "owner"}),
    ("uid", {"*": "uid"}),
    ("labels", {"*": "metadata.labels"}),
    ("annotations", {"*": "metadata.annotations"}),
    ("finalizers", {"*": "metadata.finalizers"}),
    ("target cpu, cpu target, cpu utilization, target utilization, cpu threshold",
     {"HorizontalPodAutoscaler": "spec.metrics[*].resource.target.averageUtilization"}),
    ("scale target, scaletargetref", {"HorizontalPodAutoscaler": "target"}),
    ("target, targets", {"HorizontalPodAutoscaler": "target,metrics"}),
    ("min available, minavailable, minimum available", {"PodDisruptionBudget": "spec.minAvailable"}),
    ("max unavailable, maxunavailable, maximum unavailable", {"PodDisruptionBudget": "spec.maxUnavailable", "Deployment": "spec.strategy.rollingUpdate.maxUnavailable"}),
    ("max surge, maxsurge", {"Deployment": "spec.strategy.rollingUpdate.maxSurge"}),
    ("allowed disruptions, disruptions allowed, allowed", {"PodDisruptionBudget": "status.disruptionsAllowed"}),
    ("backoff limit, backofflimit, retries, retry, how many times, attempts", {"Job": "spec.backoffLimit", "CronJob": "spec.jobTemplate.spec.backoffLimit"}),
    ("parallelism", {"Job": "spec.parallelism"}),
    ("completions", {"Job": "spec.completions"}),
    ("revision history limit", {"*": "spec.revisionHistoryLimit"}),
    ("min ready seconds", {"*": "spec.minReadySeconds"}),
    ("session affinity", {"Service": "spec.sessionAffinity"}),
    ("keys, contents, content, data, entries, settings", {"ConfigMap": "data", "Secret": "data"}),
    ("hard limits, hard, quota", {"ResourceQuota": "spec.hard"}),
    ("used, used up, usage, full, left, nearly used, exhausted", {"ResourceQuota": "spec.hard,status.used"}),
    ("role, role reference", {"RoleBinding": "role", "ClusterRoleBinding": "role"}),
    ("subjects, subject, members, bound to, granted to, who", {"RoleBinding": "subjects", "ClusterRoleBinding": "subjects"}),
    ("rules, allow, allows, grant, grants, rule, permissions, permit, permits, rights",
     {"Role": "rules[*].verbs,rules[*].resources,rules[*].apiGroups", "ClusterRole": "rules[*].verbs,rules[*].resources,rules[*].apiGroups",
      "Ingress": "spec.rules", "NetworkPolicy": "spec.podSelector,spec.ingress,spec.egress"}),
    ("block, blocks, deny, denies, forbid, forbids, let in, lets in, let out, lets out, let through, lets through, admit, admits, let into, come in, get in, ingress rules, egress rules",
     {"NetworkPolicy": "spec.podSelector,spec.ingress,spec.egress"}),
    ("exit code, exit codes, exit status, exitcode", {"Pod": "ended"}),
    ("last termination, termination reason, last state, terminated, last restart, last restarted, why restarted, reason",
     {"Pod": "restarts,ended"}),
    ("phase", {"*": "phase"}),
    ("status, state, health", {"*": "status", **dict.fromkeys(_REPLICATED, "status,ready,available,image"), "Pod": "status,ready,restarts,reason"}),
)  # fmt: skip
"""Phrases for a field, and its path by kind ("*": any other kind), or several with commas."""


_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
TEMPLATED = frozenset(("Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "CronJob", "Job"))
"""Kinds that have a pod specification."""


def spoken(path: str) -> tuple[str, ...]:
    """The words for a path of a setting, most telling first: its last two parts, its last part, in the singular too."""
    parts = [_CAMEL.sub(" ", part).lower() for part in path.split(".")]
    whole = (" ".join(parts[-2:]), " ".join(reversed(parts[-2:])), parts[-1])
    return tuple(dict.fromkeys((*whole, *(words[:-1] for words in whole if words.endswith("s")))))


def settings_of(kind: str, vocabulary: Vocabulary) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """What objects of a kind have as plain values: the words for each, its path, and the texts among its values."""
    found: dict[str, set[str]] = {}
    for item in vocabulary.objects:
        if item.ref.kind == kind:
            for path, value in item.settings.items():
                found.setdefault(path, set()).update([value] if isinstance(value, str) else ())
    for path, values in found.items():
        yield _CAMEL.sub(" ", path.rpartition(".")[2]).lower(), path, tuple(sorted(values))


def switches_of(kind: str, vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    """What is on or off for objects of a kind: the words and the path of each."""
    paths = {
        path: None
        for item in vocabulary.objects
        if item.ref.kind == kind
        for path, value in item.settings.items()
        if isinstance(value, bool)
    }
    for path in paths:
        yield _CAMEL.sub(" ", path.rpartition(".")[2]).lower(), path


def fields_of(kind: str) -> Iterator[tuple[str, str]]:
    """What people call the fields of a kind, and where they are."""
    for text, paths in FIELDS:
        template = paths.get(kind) or paths.get("*")
        if template is not None and ("{pod}" not in template or kind in TEMPLATED):
            for phrase in phrases(text):
                words, path = " ".join(phrase), path_of(template, kind)
                yield words, path
                yield f"{words}s", path
    for name, template in exact.spelt(kind):
        if "{pod}" not in template or kind in TEMPLATED:
            yield name, path_of(template, kind)


def own_fields_of(kind: str) -> Iterator[tuple[str, str]]:
    """The fields that this kind has and not just any kind."""
    for text, paths in FIELDS:
        if kind in paths:
            for phrase in phrases(text):
                yield " ".join(phrase), path_of(paths[kind], kind)
                yield f"{' '.join(phrase)}s", path_of(paths[kind], kind)
    for name, template in exact.spelt(kind):
        if kind in exact.owners()[name]:
            yield name, path_of(template, kind)


def whole() -> Iterator[tuple[str, str]]:
    """All phrases for fields, in the singular and the plural."""
    for text, _ in FIELDS:
        for phrase in phrases(text):
            words = " ".join(phrase)
            yield words, words
            yield f"{words}s", words
    yield from ((name, name) for name in exact.owners())


@cache
def owners_of(words: str) -> tuple[str, ...]:
    """The kinds that have a field of this name of their own; none where any kind may have it."""
    found: dict[str, None] = dict.fromkeys(exact.owners().get(words, ()))
    for text, paths in FIELDS:
        if tuple(words.removesuffix("s").split()) in phrases(text) or tuple(words.split()) in phrases(text):
            if "*" in paths:
                return ()
            found |= dict.fromkeys(paths)
    return tuple(found)


def names_field(word: str, kind: str) -> bool:
    """Whether a word is what people call a field of this kind, and of not just any kind."""
    return any(kind in paths and tuple(word.split()) in phrases(text) for text, paths in FIELDS)


def path_of(template: str, kind: str) -> str:
    """The path for a kind."""
    return template.replace("{pod}", _POD.get(kind, "spec.template.spec"))
