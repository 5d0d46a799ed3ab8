"""What is shown of each kind in a table: its columns, computed from raw objects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from cloudwright.tools.kubernetes import facts, quantities, values
from cloudwright.tools.kubernetes.facts import dig, maps

Object = Mapping[str, Any]
Cell = Callable[[Object, float], JsonValue]
"""A JSON scalar from an object and the present (Unix time)."""


@dataclass(frozen=True)
class Column:
    """One column. `sort` gives what it is ordered by, where the shown text does not sort (ages, "2/3")."""

    name: str
    cell: Cell
    sort: Cell | None = None


def _column(name: str, *keys: str) -> Column:
    return Column(name, lambda item, now: scalar(dig(item, *keys)))


def scalar(value: Any) -> JsonValue:
    """A value in one cell: scalars as they are, lists and maps as short text."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list):
        return ",".join(str(scalar(item)) for item in value)
    if isinstance(value, Mapping):
        return ",".join(f"{key}={scalar(item)}" for key, item in value.items())
    return str(value)


def _ready_text(item: Object, now: float) -> JsonValue:
    if item.get("kind") == "Pod":
        done, wanted = facts.ready_count(item)
        return f"{done}/{wanted}"
    wanted_replicas = facts.desired(item)
    if wanted_replicas is None:
        return None
    return f"{facts.number(item, 'readyReplicas', 'numberReady'):.0f}/{wanted_replicas:.0f}"


def _ready_sort(item: Object, now: float) -> JsonValue:
    text = _ready_text(item, now)
    return int(text.partition("/")[0]) if isinstance(text, str) else None


def _age_text(item: Object, now: float) -> JsonValue:
    found = facts.age(item, now)
    return None if found is None else values.short_duration(found)


def _ports(item: Object, now: float) -> JsonValue:
    shown = []
    for port in maps(item, "spec", "ports"):
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        shown.append(f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}")
    return ",".join(shown)


def _hosts(item: Object, now: float) -> JsonValue:
    return ",".join(str(rule.get("host") or "*") for rule in maps(item, "spec", "rules"))


def _hpa_targets(item: Object, now: float) -> JsonValue:
    current = {dig(m, "resource", "name"): m for m in maps(item, "status", "currentMetrics") if m.get("resource")}
    shown = []
    for metric in maps(item, "spec", "metrics"):
        name = dig(metric, "resource", "name")
        target = dig(metric, "resource", "target", "averageUtilization")
        if name and target is not None:
            now_at = dig(current.get(name), "resource", "current", "averageUtilization")
            shown.append(f"{name}: {'unknown' if now_at is None else f'{now_at}%'}/{target}%")
        else:
            shown.append(str(metric.get("type") or "?"))
    return ",".join(shown)


def _pdb_allowed(item: Object, now: float) -> JsonValue:
    return scalar(dig(item, "status", "disruptionsAllowed"))


def _roles(item: Object, now: float) -> JsonValue:
    prefix = "node-role.kubernetes.io/"
    labels = dig(item, "metadata", "labels") or {}
    return ",".join(sorted(key.removeprefix(prefix) for key in labels if key.startswith(prefix)))


def _keys(item: Object, now: float) -> JsonValue:
    found = {**(item.get("data") or {}), **(item.get("binaryData") or {})}
    return len(found)


def _images(item: Object, now: float) -> JsonValue:
    return ",".join(str(entry.get("image")) for entry in facts.containers(item))


def _fact(name: str) -> Cell:
    reader = facts.FACTS[name]

    def cell(item: Object, now: float) -> JsonValue:
        found = reader(item, now)
        return scalar(found[0]) if found else None

    return cell


def _event_object(item: Object) -> str:
    about = item.get("involvedObject") or item.get("regarding") or {}
    return f"{about.get('kind')}/{about.get('name')}"


def _since_seen(item: Object, now: float) -> JsonValue:
    seen = facts.last_seen(item)
    return max(0.0, now - seen) if seen else None


def _last(item: Object, now: float) -> JsonValue:
    seen = facts.last_seen(item)
    return f"{values.short_duration(max(0.0, now - seen))} ago" if seen else None


def _endpoints(item: Object, ready: bool) -> str:
    """The addresses of a slice that are ready, or that are not; each with the pod behind it."""
    shown = []
    for entry in maps(item, "endpoints"):
        if (dig(entry, "conditions", "ready") is not False) is ready:
            name = dig(entry, "targetRef", "name")
            shown += [f"{address} ({name})" if name else str(address) for address in entry.get("addresses") or ()]
    return ",".join(shown)


def _subset(item: Object, key: str) -> str:
    return ",".join(str(entry.get("ip")) for subset in maps(item, "subsets") for entry in maps(subset, key))


def _slice_ports(item: Object) -> str:
    ports = maps(item, "ports") + [port for subset in maps(item, "subsets") for port in maps(subset, "ports")]
    return ",".join(f"{port.get('name') or ''}:{port.get('port')}".lstrip(":") for port in ports)


def selector_text(selector: Any) -> str:
    """A label selector in words: `app=web, tier in (a,b)`; an empty one selects everything."""
    if not isinstance(selector, Mapping):
        return ""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for entry in maps(selector, "matchExpressions"):
        wanted = f" ({','.join(map(str, entry['values']))})" if entry.get("values") else ""
        parts.append(f"{entry.get('key')} {str(entry.get('operator')).lower()}{wanted}")
    return ", ".join(parts) or "(everything)"


def _rules(item: Object, way: str) -> str:
    """How many rules a network policy has for one way; none of that way means that all of it is denied."""
    kind = way.capitalize()
    types = dig(item, "spec", "policyTypes") or ["Ingress", *(["Egress"] if dig(item, "spec", "egress") else [])]
    if kind not in types:
        return "open"
    rules = maps(item, "spec", way)
    if not rules:
        return "denied"
    return "all allowed" if any(not rule for rule in rules) else f"{len(rules)} rules"


NAME = _column("name", "metadata", "name")
NAMESPACE = _column("namespace", "metadata", "namespace")
AGE = Column("age", _age_text, lambda item, now: facts.age(item, now))
STATUS = Column("status", lambda item, now: facts.status(item))
READY = Column("ready", _ready_text, _ready_sort)
RESTARTS = Column("restarts", lambda item, now: facts.restarts(item))
NODE = _column("node", "spec", "nodeName")
_UP_TO_DATE = Column(
    "up-to-date", lambda item, now: int(facts.number(item, "updatedReplicas", "updatedNumberScheduled"))
)
_AVAILABLE = Column("available", lambda item, now: int(facts.number(item, "availableReplicas", "numberAvailable")))
IMAGES = Column("images", _images)

COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "Pod": (READY, STATUS, RESTARTS, AGE, NODE),
    "Deployment": (READY, _UP_TO_DATE, _AVAILABLE, AGE, IMAGES),
    "StatefulSet": (READY, AGE, IMAGES),
    "DaemonSet": (READY, _UP_TO_DATE, _AVAILABLE, AGE, IMAGES),
    "ReplicaSet": (READY, Column("owner", _fact("owner")), AGE, IMAGES),
    "ReplicationController": (READY, AGE, IMAGES),
    "Job": (
        STATUS,
        Column("succeeded", lambda item, now: int(facts.number(item, "succeeded"))),
        Column("failed", lambda item, now: int(facts.number(item, "failed"))),
        Column("owner", _fact("owner")),
        AGE,
    ),
    "CronJob": (
        _column("schedule", "spec", "schedule"),
        Column("suspended", _fact("suspended")),
        Column("active", lambda item, now: len(maps(item, "status", "active"))),
        _column("last", "status", "lastScheduleTime"),
        AGE,
    ),
    "Service": (
        _column("type", "spec", "type"),
        _column("cluster-ip", "spec", "clusterIP"),
        Column("ports", _ports),
        _column("selector", "spec", "selector"),
        AGE,
    ),
    "Ingress": (_column("class", "spec", "ingressClassName"), Column("hosts", _hosts), AGE),
    "Node": (STATUS, Column("roles", _roles), AGE, _column("version", "status", "nodeInfo", "kubeletVersion")),
    "Namespace": (STATUS, AGE),
    "ConfigMap": (Column("keys", _keys), AGE),
    "Secret": (_column("type", "type"), Column("keys", _keys), AGE),
    "PersistentVolumeClaim": (
        STATUS,
        _column("volume", "spec", "volumeName"),
        _column("capacity", "status", "capacity", "storage"),
        _column("class", "spec", "storageClassName"),
        AGE,
    ),
    "PersistentVolume": (
        STATUS,
        _column("capacity", "spec", "capacity", "storage"),
        _column("reclaim", "spec", "persistentVolumeReclaimPolicy"),
        Column("claim", lambda item, now: _claim(item)),
        _column("class", "spec", "storageClassName"),
        AGE,
    ),
    "HorizontalPodAutoscaler": (
        Column("target", lambda item, now: _target(item)),
        Column("metrics", _hpa_targets),
        _column("min", "spec", "minReplicas"),
        _column("max", "spec", "maxReplicas"),
        _column("replicas", "status", "currentReplicas"),
        AGE,
    ),
    "PodDisruptionBudget": (
        _column("min-available", "spec", "minAvailable"),
        _column("max-unavailable", "spec", "maxUnavailable"),
        Column("allowed", _pdb_allowed),
        AGE,
    ),
    "ServiceAccount": (AGE,),
    "ResourceQuota": (
        _column("used", "status", "used"),
        _column("hard", "status", "hard"),
        Column("left", lambda item, now: _left(item)),
        AGE,
    ),
    "NetworkPolicy": (
        Column("pod-selector", lambda item, now: selector_text(dig(item, "spec", "podSelector"))),
        Column("ingress", lambda item, now: _rules(item, "ingress")),
        Column("egress", lambda item, now: _rules(item, "egress")),
        AGE,
    ),
    "Event": (
        Column("last", _last, _since_seen),
        Column("count", lambda item, now: facts.times_seen(item)),
        _column("type", "type"),
        _column("reason", "reason"),
        Column("object", lambda item, now: _event_object(item)),
        Column("message", lambda item, now: str(item.get("message") or item.get("note") or "").strip()),
    ),
    "EndpointSlice": (
        Column("service", lambda item, now: scalar(dig(item, "metadata", "labels", "kubernetes.io/service-name"))),
        Column("ports", lambda item, now: _slice_ports(item)),
        Column("ready", lambda item, now: _endpoints(item, True)),
        Column("not-ready", lambda item, now: _endpoints(item, False)),
        AGE,
    ),
    "Endpoints": (
        Column("ports", lambda item, now: _slice_ports(item)),
        Column("ready", lambda item, now: _subset(item, "addresses")),
        Column("not-ready", lambda item, now: _subset(item, "notReadyAddresses")),
        AGE,
    ),
    "Role": (Column("rules", lambda item, now: len(maps(item, "rules"))), AGE),
    "ClusterRole": (Column("rules", lambda item, now: len(maps(item, "rules"))), AGE),
    "RoleBinding": (
        Column("role", lambda item, now: _role(item)),
        Column("subjects", lambda item, now: _who(item)),
        AGE,
    ),
    "ClusterRoleBinding": (
        Column("role", lambda item, now: _role(item)),
        Column("subjects", lambda item, now: _who(item)),
        AGE,
    ),
}
"""What is shown of each kind after name and namespace, unless other columns are asked for."""

DEFAULT_COLUMNS = (STATUS, AGE)


def _left(item: Object) -> JsonValue:
    """What a quota still allows of each resource, in the units of its limit: cores, bytes, pieces."""
    hard, used = (dig(item, "status", key) or {} for key in ("hard", "used"))
    left = {name: quantities.number(limit) - quantities.number(used.get(name, 0)) for name, limit in hard.items()}
    return scalar({name: quantities.text(name, amount) for name, amount in left.items()})


def _claim(item: Object) -> str:
    name = dig(item, "spec", "claimRef", "name")
    return f"{dig(item, 'spec', 'claimRef', 'namespace')}/{name}" if name else ""


def _target(item: Object) -> str:
    return f"{dig(item, 'spec', 'scaleTargetRef', 'kind')}/{dig(item, 'spec', 'scaleTargetRef', 'name')}"


def _role(item: Object) -> str:
    return f"{dig(item, 'roleRef', 'kind')}/{dig(item, 'roleRef', 'name')}"


def _who(item: Object) -> str:
    return ",".join(
        f"{subject.get('kind')}:{'/'.join(str(subject[key]) for key in ('namespace', 'name') if subject.get(key))}"
        for subject in maps(item, "subjects")
    )
