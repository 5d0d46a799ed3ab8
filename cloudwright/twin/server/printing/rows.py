"""Rows of the built-in kinds but pods: one function a kind, all columns, wide ones too."""

from collections.abc import Mapping
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.server.printing import pods
from cloudwright.twin.server.printing.cells import Row, age_of, name_of, spec_of, status_of
from cloudwright.twin.server.printing.networks import NETWORKS
from cloudwright.twin.server.printing.storage import STORAGE
from cloudwright.twin.server.printing.words import (
    NONE,
    UNKNOWN,
    UNSET,
    human_duration,
    since,
)
from cloudwright.twin.server.printing.workloads import WORKLOADS


def _node(obj: Obj, now: float) -> list[Any]:
    status, labels = status_of(obj), obj["metadata"].get("labels") or {}
    ready = next((each for each in status.get("conditions") or () if each["type"] == "Ready"), None)
    state = "Unknown" if ready is None else "Ready" if ready["status"] == "True" else "NotReady"
    if spec_of(obj).get("unschedulable"):
        state += ",SchedulingDisabled"
    prefix = "node-role.kubernetes.io/"
    roles = {name.removeprefix(prefix) for name in labels if name.startswith(prefix) and name != prefix}
    if labels.get("kubernetes.io/role"):
        roles.add(labels["kubernetes.io/role"])
    info = status.get("nodeInfo") or {}
    addresses = {each["type"]: each["address"] for each in reversed(status.get("addresses") or [])}
    row = [name_of(obj), state, ",".join(sorted(roles)) or NONE, age_of(obj, now), info.get("kubeletVersion", "")]
    row += [addresses.get("InternalIP", NONE), addresses.get("ExternalIP", NONE)]
    return row + [info.get(name) or UNKNOWN for name in ("osImage", "kernelVersion", "containerRuntimeVersion")]


def _component(obj: Obj, now: float) -> list[Any]:
    found: Mapping[str, Any] = next((each for each in obj.get("conditions") or () if each["type"] == "Healthy"), {})
    state = {"True": "Healthy", "False": "Unhealthy"}.get(found.get("status", ""), "Unknown")
    return [name_of(obj), state, found.get("message", ""), found.get("error", "")]


def _namespace(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), status_of(obj).get("phase", ""), age_of(obj, now)]


def _secret(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), obj.get("type", ""), len(obj.get("data") or {}), age_of(obj, now)]


def _config_map(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), len(obj.get("data") or {}) + len(obj.get("binaryData") or {}), age_of(obj, now)]


def _account(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), len(obj.get("secrets") or ()), age_of(obj, now)]


def _event(obj: Obj, now: float) -> list[Any]:
    first = since(obj.get("firstTimestamp") or obj.get("eventTime"), now)
    last = since(obj["lastTimestamp"], now) if obj.get("lastTimestamp") else first
    series = obj.get("series")
    count = obj.get("count", 0) or 1
    if series:
        last, count = since(series.get("lastObservedTime"), now), series.get("count", 0)
    about, source = obj.get("involvedObject") or {}, obj.get("source") or {}
    target = about.get("kind", "").lower() + (f"/{about['name']}" if about.get("name") else "")
    component = source.get("component") or obj.get("reportingComponent", "")
    host = source.get("host") or obj.get("reportingInstance", "")
    shown = f"{component}, {host}" if host else component
    row = [last, obj.get("type", ""), obj.get("reason", ""), target, about.get("fieldPath", ""), shown]
    return [*row, (obj.get("message") or "").strip(), first, count, name_of(obj)]


def _binding(obj: Obj, now: float) -> list[Any]:
    named: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for each in obj.get("subjects") or ():
        prefix = f"{each.get('namespace', '')}/" if each["kind"] == "ServiceAccount" else ""
        named.setdefault(each["kind"], []).append(prefix + each["name"])
    role = f"{obj['roleRef']['kind']}/{obj['roleRef']['name']}"
    return [name_of(obj), role, age_of(obj, now), *(", ".join(named[k]) for k in ("User", "Group", "ServiceAccount"))]


def _created(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), obj["metadata"].get("creationTimestamp")]


def _named(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), age_of(obj, now)]


def _quota(obj: Obj, now: float) -> list[Any]:
    status = status_of(obj)
    used = status.get("used") or {}
    columns: tuple[list[str], list[str]] = ([], [])
    for name, hard in sorted((status.get("hard") or {}).items()):
        columns[name.startswith("limits.")].append(f"{name}: {used.get(name, '0')}/{hard}")
    return [name_of(obj), ", ".join(columns[0]), ", ".join(columns[1]), age_of(obj, now)]


def _priority_class(obj: Obj, now: float) -> list[Any]:
    value, default = obj.get("value", 0), bool(obj.get("globalDefault"))
    return [name_of(obj), value, default, age_of(obj, now), obj.get("preemptionPolicy", "")]


def _lease(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), spec_of(obj).get("holderIdentity", ""), age_of(obj, now)]


def _signing_request(obj: Obj, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    kinds = {each["type"] for each in status.get("conditions") or ()}
    state = "Denied" if "Denied" in kinds else "Approved" if "Approved" in kinds else "Pending"
    state += ",Failed" if "Failed" in kinds else ""
    state += ",Issued" if status.get("certificate") else ""
    wanted = human_duration(spec["expirationSeconds"]) if spec.get("expirationSeconds") else NONE
    return [name_of(obj), age_of(obj, now), spec.get("signerName", NONE), spec.get("username", ""), wanted, state]


def _webhooks(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), len(obj.get("webhooks") or ()), age_of(obj, now)]


def _policy(obj: Obj, now: float) -> list[Any]:
    spec = spec_of(obj)
    kind = spec.get("paramKind")
    shown = f"{kind['apiVersion']}/{kind['kind']}" if kind else UNSET
    return [name_of(obj), len(spec.get("validations") or ()), shown, age_of(obj, now)]


def _policy_binding(obj: Obj, now: float) -> list[Any]:
    spec = spec_of(obj)
    reference = spec.get("paramRef") or {}
    shown = f"{reference.get('namespace') or '*'}/{reference['name']}" if reference.get("name") else UNSET
    return [name_of(obj), spec.get("policyName", ""), shown, age_of(obj, now)]


def _flow_schema(obj: Obj, now: float) -> list[Any]:
    spec = spec_of(obj)
    method = (spec.get("distinguisherMethod") or {}).get("type", NONE)
    dangling = next((c["status"] for c in status_of(obj).get("conditions") or () if c["type"] == "Dangling"), "?")
    level = spec["priorityLevelConfiguration"]["name"]
    return [name_of(obj), level, spec.get("matchingPrecedence", 0), method, age_of(obj, now), dangling]


def _priority_level(obj: Obj, now: float) -> list[Any]:
    spec = spec_of(obj)
    limited = spec.get("limited") or {}
    queuing = (limited.get("limitResponse") or {}).get("queuing") or {}
    row = [name_of(obj), spec.get("type", ""), limited.get("nominalConcurrencyShares", NONE)]
    return [*row, *(queuing.get(n, NONE) for n in ("queues", "handSize", "queueLengthLimit")), age_of(obj, now)]


def _runtime_class(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), obj.get("handler", ""), age_of(obj, now)]


def _resource_claim(obj: Obj, now: float) -> list[Any]:
    status = status_of(obj)
    states = ["deleted"] if obj["metadata"].get("deletionTimestamp") else []
    states += ["allocated"] if status.get("allocation") else []
    states += ["reserved"] if status.get("reservedFor") else []
    return [name_of(obj), ",".join(states) or "pending", age_of(obj, now)]


def _resource_slice(obj: Obj, now: float) -> list[Any]:
    spec = spec_of(obj)
    return [
        name_of(obj),
        spec.get("nodeName", ""),
        spec.get("driver", ""),
        (spec.get("pool") or {}).get("name", ""),
        age_of(obj, now),
    ]


def _api_service(obj: Obj, now: float) -> list[Any]:
    service = spec_of(obj).get("service")
    shown = f"{service['namespace']}/{service['name']}" if service else "Local"
    condition = next((c for c in status_of(obj).get("conditions") or () if c["type"] == "Available"), None)
    state = "Unknown" if condition is None else condition["status"]
    if condition and condition["status"] != "True" and condition.get("reason"):
        state += f" ({condition['reason']})"
    return [name_of(obj), shown, state, age_of(obj, now)]


ROWS: Mapping[tuple[str, str], Row] = {
    **STORAGE,
    **NETWORKS,
    **WORKLOADS,
    ("", "pods"): pods.row,
    ("", "nodes"): _node,
    ("", "componentstatuses"): _component,
    ("", "namespaces"): _namespace,
    ("", "secrets"): _secret,
    ("", "configmaps"): _config_map,
    ("", "serviceaccounts"): _account,
    ("", "events"): _event,
    ("", "resourcequotas"): _quota,
    ("", "limitranges"): _created,
    ("rbac.authorization.k8s.io", "roles"): _created,
    ("rbac.authorization.k8s.io", "clusterroles"): _created,
    ("rbac.authorization.k8s.io", "rolebindings"): _binding,
    ("rbac.authorization.k8s.io", "clusterrolebindings"): _binding,
    ("storage.k8s.io", "csistoragecapacities"): _created,
    ("scheduling.k8s.io", "priorityclasses"): _priority_class,
    ("coordination.k8s.io", "leases"): _lease,
    ("certificates.k8s.io", "certificatesigningrequests"): _signing_request,
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"): _webhooks,
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"): _webhooks,
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"): _policy,
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"): _policy_binding,
    ("flowcontrol.apiserver.k8s.io", "flowschemas"): _flow_schema,
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"): _priority_level,
    ("node.k8s.io", "runtimeclasses"): _runtime_class,
    ("resource.k8s.io", "resourceclaims"): _resource_claim,
    ("resource.k8s.io", "resourceslices"): _resource_slice,
    ("apiregistration.k8s.io", "apiservices"): _api_service,
    ("apiextensions.k8s.io", "customresourcedefinitions"): _created,
}
DEFAULT_ROW: Row = _named
