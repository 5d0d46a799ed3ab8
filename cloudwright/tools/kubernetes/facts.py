"""What people call the fields of an object (status, restarts, age, image, node, owner …), computed from raw JSON.

The status of a pod follows what kubectl prints. Every function takes objects of unknown or old servers: absent and null
fields are normal.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cloudwright.tools.kubernetes import values

Object = Mapping[str, Any]
Fact = Callable[[Object, float], list[Any]]
"""From an object and the present (Unix time) to the values that the field has; none if it is absent."""

_TEMPLATES = {
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "PodTemplate": ("template", "spec"),
}
_TEMPLATE = ("spec", "template", "spec")
_CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")
_STATUS_LISTS = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")


def dig(item: Any, *keys: str) -> Any:
    """The value at nested keys, or None."""
    for key in keys:
        if not isinstance(item, Mapping):
            return None
        item = item.get(key)
    return item


def maps(item: Any, *keys: str) -> list[Object]:
    """The maps in the list at nested keys."""
    found = dig(item, *keys)
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []


def pod_spec(item: Object) -> Object:
    """The pod specification of a pod or of what makes pods; {} for other kinds."""
    found = dig(item, *_TEMPLATES.get(str(item.get("kind")), _TEMPLATE))
    return found if isinstance(found, Mapping) else {}


def containers(item: Object) -> Iterator[Object]:
    """Containers of a pod or template: init, ordinary, ephemeral."""
    spec = pod_spec(item)
    for key in _CONTAINER_LISTS:
        yield from maps(spec, key)


def container_statuses(pod: Object) -> Iterator[Object]:
    """Statuses of a pod's containers: init, ordinary, ephemeral."""
    for key in _STATUS_LISTS:
        yield from maps(pod, "status", key)


def condition(item: Object, kind: str) -> Object:
    """The condition of this type, or {}."""
    return next((entry for entry in maps(item, "status", "conditions") if entry.get("type") == kind), {})


def status(item: Object) -> str:
    """The status in a word or two: a pod's as kubectl prints it, "Ready", "2/3 ready", "Complete", a phase …; or ""."""
    if dig(item, "metadata", "deletionTimestamp") and item.get("kind") != "Pod":
        return "Terminating"
    special = _STATUS.get(str(item.get("kind")))
    if special is not None:
        return special(item)
    phase = dig(item, "status", "phase")
    if isinstance(phase, str) and phase:
        return phase
    for kind in ("Ready", "Available", "Established"):
        found = condition(item, kind).get("status")
        if found is not None:
            return kind if found == "True" else f"Not{kind}"
    return ""


def pod_status(pod: Object) -> str:
    """The STATUS column of `kubectl get pods`."""
    reason = str(dig(pod, "status", "reason") or dig(pod, "status", "phase") or "Unknown")
    initializing = _init_status(pod)
    reason = initializing or _running_status(pod, reason)
    if dig(pod, "metadata", "deletionTimestamp"):
        return "Unknown" if dig(pod, "status", "reason") == "NodeLost" else "Terminating"
    return reason


def _init_status(pod: Object) -> str:
    specs = {entry.get("name"): entry for entry in maps(pod, "spec", "initContainers")}
    statuses = maps(pod, "status", "initContainerStatuses")
    for index, entry in enumerate(statuses):
        state = dig(entry, "state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting")
        if isinstance(terminated, Mapping) and terminated.get("exitCode") == 0:
            continue
        if dig(specs.get(entry.get("name")), "restartPolicy") == "Always" and entry.get("started"):
            continue
        if isinstance(terminated, Mapping):
            return "Init:" + _end(terminated)
        if isinstance(waiting, Mapping) and waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{index}/{len(specs) or len(statuses)}"
    return ""


def _running_status(pod: Object, reason: str) -> str:
    running = False
    for entry in reversed(maps(pod, "status", "containerStatuses")):
        state = dig(entry, "state") or {}
        waiting, terminated = state.get("waiting"), state.get("terminated")
        if isinstance(waiting, Mapping) and waiting.get("reason"):
            reason = str(waiting["reason"])
        elif isinstance(terminated, Mapping):
            reason = _end(terminated)
        elif entry.get("ready") and state.get("running") is not None:
            running = True
    if reason == "Completed" and running:
        return "Running" if condition(pod, "Ready").get("status") == "True" else "NotReady"
    return reason


def _end(terminated: Object) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _node_status(node: Object) -> str:
    found = condition(node, "Ready").get("status")
    word = {"True": "Ready", "False": "NotReady"}.get(str(found), "Unknown")
    return word + (",SchedulingDisabled" if dig(node, "spec", "unschedulable") else "")


def _job_status(job: Object) -> str:
    for kind, word in (
        ("Complete", "Complete"),
        ("Failed", "Failed"),
        ("FailureTarget", "FailureTarget"),
        ("SuccessCriteriaMet", "SuccessCriteriaMet"),
        ("Suspended", "Suspended"),
    ):
        if condition(job, kind).get("status") == "True":
            return word
    return "Running"


def _workload_status(item: Object) -> str:
    wanted, ready = desired(item), number(item, "readyReplicas", "numberReady")
    if wanted is None:
        return ""
    if not wanted and not ready:
        return "No node fits" if item.get("kind") == "DaemonSet" else "Scaled to 0"
    return "Ready" if ready >= wanted else f"NotReady:{ready:g}/{wanted:g}"


_STATUS: Mapping[str, Callable[[Object], str]] = {
    "Pod": pod_status,
    "Node": _node_status,
    "Job": _job_status,
    "CronJob": lambda item: "Suspended" if dig(item, "spec", "suspend") else "Active",
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "ReplicaSet", "DaemonSet", "ReplicationController"), _workload_status
    ),
}


def desired(item: Object) -> float | None:
    """How many pods a workload wants; None for kinds that want none."""
    if item.get("kind") == "DaemonSet":
        return number(item, "desiredNumberScheduled")
    if item.get("kind") in ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"):
        found = dig(item, "spec", "replicas")
        return 1.0 if found is None else float(found)
    found = dig(item, "spec", "replicas")
    return float(found) if isinstance(found, int | float) else None


def number(item: Object, *keys: str) -> float:
    """The first of these counters in the status; 0 when it is absent."""
    for key in keys:
        found = dig(item, "status", key)
        if isinstance(found, int | float):
            return float(found)
    return 0.0


def ready(item: Object) -> bool | None:
    """Whether all its containers, replicas or its Ready condition are; None where that has no sense."""
    kind = item.get("kind")
    if kind == "Pod":
        return condition(item, "Ready").get("status") == "True"
    wanted = desired(item) if kind not in ("CronJob", "Job") else None
    if wanted is not None:
        return number(item, "readyReplicas", "numberReady") >= wanted
    found = condition(item, "Ready").get("status")
    return None if found is None else found == "True"


def ready_count(pod: Object) -> tuple[int, int]:
    """Ready and all containers of a pod, sidecars among them, as kubectl counts."""
    sidecars = {
        entry.get("name") for entry in maps(pod, "spec", "initContainers") if entry.get("restartPolicy") == "Always"
    }
    counted = [*maps(pod, "status", "containerStatuses")]
    counted += [entry for entry in maps(pod, "status", "initContainerStatuses") if entry.get("name") in sidecars]
    return sum(bool(entry.get("ready")) for entry in counted), len(maps(pod, "spec", "containers")) + len(sidecars)


def restarts(pod: Object) -> int:
    """Restarts of all containers of a pod."""
    return sum(int(entry.get("restartCount") or 0) for entry in container_statuses(pod))


def owner(item: Object) -> str:
    """Kind and name of the controlling owner ("ReplicaSet/web-5d"), else of the first owner, else ""."""
    owners = maps(item, "metadata", "ownerReferences")
    chosen = next((entry for entry in owners if entry.get("controller")), owners[0] if owners else None)
    return f"{chosen.get('kind')}/{chosen.get('name')}" if chosen else ""


def reasons(item: Object) -> list[str]:
    """Reasons of waiting and ended containers and of conditions that are not as they should be."""
    found = []
    for entry in container_statuses(item):
        for key in ("state", "lastState"):
            for state in ("waiting", "terminated"):
                found.append(dig(entry, key, state, "reason"))
    found += [entry.get("reason") for entry in maps(item, "status", "conditions") if entry.get("status") != "True"]
    found.append(dig(item, "status", "reason"))
    return list(dict.fromkeys(str(reason) for reason in found if reason))


def endings(item: Object) -> list[str]:
    """How the containers of a Pod ended last, in words: "web: exit code 137, OOMKilled, 2026-01-02T03:04:05Z"."""
    found = []
    for entry in container_statuses(item):
        ended = dig(entry, "state", "terminated") or dig(entry, "lastState", "terminated")
        if isinstance(ended, Mapping):
            parts = [f"exit code {ended.get('exitCode')}", ended.get("reason"), ended.get("finishedAt")]
            found.append(f"{entry.get('name')}: {', '.join(str(part) for part in parts if part)}")
    return found


def age(item: Object, now: float) -> float | None:
    """Seconds since it was created."""
    return values.age(now, dig(item, "metadata", "creationTimestamp"))


def last_seen(event: Object) -> float:
    """When an event was last seen (Unix time); 0 if it does not say."""
    for found in (
        dig(event, "series", "lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("eventTime"),
        event.get("firstTimestamp"),
        dig(event, "metadata", "creationTimestamp"),
    ):
        then = values.moment(found) if isinstance(found, str) else None
        if then is not None:
            return then
    return 0.0


def times_seen(event: Object) -> int:
    """How often an event was seen."""
    return int(dig(event, "series", "count") or event.get("count") or 1)


def _one(value: Any) -> list[Any]:
    return [] if value is None or value == "" else [value]


def _at(*keys: str) -> Fact:
    return lambda item, now: _one(dig(item, *keys))


def _names(item: Object, now: float) -> list[Any]:
    name = owner(item)
    return [name, name.partition("/")[2], name.partition("/")[0]] if name else []


def _desired(item: Object, now: float) -> list[Any]:
    wanted = desired(item)
    return [] if wanted is None else [int(wanted)]


def _available(item: Object, now: float) -> list[Any]:
    return [] if desired(item) is None else [int(number(item, "availableReplicas", "numberAvailable"))]


def _unavailable(item: Object, now: float) -> list[Any]:
    return [max(0, wanted - there) for wanted, there in zip(_desired(item, now), _available(item, now), strict=True)]


FACTS: Mapping[str, Fact] = {
    "name": _at("metadata", "name"),
    "namespace": _at("metadata", "namespace"),
    "kind": _at("kind"),
    "uid": _at("metadata", "uid"),
    "created": _at("metadata", "creationTimestamp"),
    "age": lambda item, now: _one(age(item, now)),
    "status": lambda item, now: _one(status(item)),
    "phase": _at("status", "phase"),
    "ready": lambda item, now: _one(ready(item)),
    "restarts": lambda item, now: [restarts(item)] if item.get("kind") == "Pod" else [],
    "reason": lambda item, now: list(reasons(item)),
    "ended": lambda item, now: list(endings(item)),
    "node": _at("spec", "nodeName"),
    "ip": lambda item, now: _one(dig(item, "status", "podIP") or dig(item, "spec", "clusterIP")),
    "image": lambda item, now: [entry["image"] for entry in containers(item) if entry.get("image")],
    "container": lambda item, now: [entry["name"] for entry in containers(item) if entry.get("name")],
    "owner": _names,
    "replicas": _desired,
    "available": _available,
    "unavailable": _unavailable,
    "qos": _at("status", "qosClass"),
    "type": lambda item, now: _one(dig(item, "spec", "type") or item.get("type")),
    "serviceaccount": lambda item, now: _one(pod_spec(item).get("serviceAccountName")),
    "priority": lambda item, now: _one(pod_spec(item).get("priorityClassName")),
    "suspended": lambda item, now: [bool(dig(item, "spec", "suspend"))],
    "terminating": lambda item, now: [bool(dig(item, "metadata", "deletionTimestamp"))],
}
"""Field names that need no path. `age` is in seconds, `replicas` what is wanted."""

ALIASES: Mapping[str, str] = {
    "images": "image", "restart": "restarts", "restartcount": "restarts", "ns": "namespace", "host": "node",
    "nodename": "node", "sa": "serviceaccount", "controller": "owner", "state": "status", "reasons": "reason",
    "containers": "container", "qosclass": "qos", "desired": "replicas", "creationtimestamp": "created",
}  # fmt: skip
