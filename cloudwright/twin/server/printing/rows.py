"""Rows of the built-in kinds but pods: one function a kind, all columns, wide ones too."""

from collections.abc import Callable, Mapping
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.clock import parse_timestamp
from cloudwright.twin.server.printing import pods
from cloudwright.twin.server.printing.words import (
    NONE,
    UNKNOWN,
    UNSET,
    access_modes,
    boolean,
    human_duration,
    labels_text,
    layout_containers,
    listed,
    selector_text,
    since,
)

Row = Callable[[Obj, float], list[Any]]


def _name(obj: Obj) -> str:
    return str(obj["metadata"]["name"])


def _age(obj: Obj, now: float) -> str:
    return since(obj["metadata"].get("creationTimestamp"), now)


def _spec(obj: Obj) -> Mapping[str, Any]:
    found: Mapping[str, Any] = obj.get("spec") or {}
    return found


def _status(obj: Obj) -> Mapping[str, Any]:
    found: Mapping[str, Any] = obj.get("status") or {}
    return found


def _containers(template: Mapping[str, Any]) -> list[str]:
    return layout_containers((template.get("spec") or {}).get("containers") or ())


def _deployment(obj: Obj, now: float) -> list[Any]:
    spec, status = _spec(obj), _status(obj)
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}"
    counts = [status.get("updatedReplicas", 0), status.get("availableReplicas", 0)]
    return [_name(obj), ready, *counts, _age(obj, now), *_containers(spec["template"]), selector_text(spec["selector"])]


def _replica_set(obj: Obj, now: float) -> list[Any]:
    spec, status = _spec(obj), _status(obj)
    counts = [spec.get("replicas", 1), status.get("replicas", 0), status.get("readyReplicas", 0)]
    selector = spec.get("selector")
    shown = labels_text(selector) if obj["kind"] == "ReplicationController" else selector_text(selector)
    return [_name(obj), *counts, _age(obj, now), *_containers(spec.get("template") or {}), shown]


def _stateful_set(obj: Obj, now: float) -> list[Any]:
    spec, status = _spec(obj), _status(obj)
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}"
    return [_name(obj), ready, _age(obj, now), *_containers(spec["template"])]


def _daemon_set(obj: Obj, now: float) -> list[Any]:
    spec, status = _spec(obj), _status(obj)
    names = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    template = spec["template"]
    node = labels_text((template.get("spec") or {}).get("nodeSelector"))
    counts = [status.get(name, 0) for name in names]
    return [_name(obj), *counts, node, _age(obj, now), *_containers(template), selector_text(spec["selector"])]


def _job(obj: Obj, now: float) -> list[Any]:
    spec, status = _spec(obj), _status(obj)
    done, parallel = status.get("succeeded", 0), spec.get("parallelism", 0)
    if "completions" in spec:
        completions = f"{done}/{spec['completions']}"
    else:
        completions = f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"
    duration = ""
    if status.get("startTime"):
        end = parse_timestamp(status["completionTime"]) if status.get("completionTime") else now
        duration = human_duration(end - parse_timestamp(status["startTime"]))
    row = [_name(obj), _job_state(obj), completions, duration, _age(obj, now)]
    return [*row, *_containers(spec["template"]), selector_text(spec.get("selector"))]


def _job_state(obj: Obj) -> str:
    true = {each["type"] for each in _status(obj).get("conditions") or () if each["status"] == "True"}
    for name in ("Complete", "Failed"):
        if name in true:
            return name
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return next((name for name in ("Suspended", "FailureTarget", "SuccessCriteriaMet") if name in true), "Running")


def _cron_job(obj: Obj, now: float) -> list[Any]:
    spec, status = _spec(obj), _status(obj)
    last = since(status["lastScheduleTime"], now) if status.get("lastScheduleTime") else NONE
    job = spec["jobTemplate"].get("spec") or {}
    row = [_name(obj), spec["schedule"], spec.get("timeZone", NONE), boolean(spec.get("suspend"))]
    row += [len(status.get("active") or ()), last, _age(obj, now)]
    return [*row, *_containers(job.get("template") or {}), selector_text(job.get("selector"))]


def _service(obj: Obj, now: float) -> list[Any]:
    spec = _spec(obj)
    ports = ",".join(
        f"{p['port']}:{p['nodePort']}/{p['protocol']}" if p.get("nodePort") else f"{p['port']}/{p['protocol']}"
        for p in spec.get("ports") or ()
    )
    address = (spec.get("clusterIPs") or [NONE])[0]
    row = [_name(obj), spec.get("type", ""), address, _external(obj), ports or NONE, _age(obj, now)]
    return [*row, labels_text(spec.get("selector"))]


def _external(obj: Obj) -> str:
    spec = _spec(obj)
    given = list(spec.get("externalIPs") or ())
    match spec.get("type"):
        case "LoadBalancer":
            ingress = (_status(obj).get("loadBalancer") or {}).get("ingress") or ()
            found = sorted({each.get("ip") or each.get("hostname", "") for each in ingress})
            return ",".join([*found, *given]) or "<pending>"
        case "ExternalName":
            return str(spec.get("externalName", ""))
        case "ClusterIP" | "NodePort":
            return ",".join(given) or NONE
    return UNKNOWN


def _node(obj: Obj, now: float) -> list[Any]:
    status, labels = _status(obj), obj["metadata"].get("labels") or {}
    ready = next((each for each in status.get("conditions") or () if each["type"] == "Ready"), None)
    state = "Unknown" if ready is None else "Ready" if ready["status"] == "True" else "NotReady"
    if _spec(obj).get("unschedulable"):
        state += ",SchedulingDisabled"
    prefix = "node-role.kubernetes.io/"
    roles = {name.removeprefix(prefix) for name in labels if name.startswith(prefix) and name != prefix}
    if labels.get("kubernetes.io/role"):
        roles.add(labels["kubernetes.io/role"])
    info = status.get("nodeInfo") or {}
    addresses = {each["type"]: each["address"] for each in reversed(status.get("addresses") or [])}
    row = [_name(obj), state, ",".join(sorted(roles)) or NONE, _age(obj, now), info.get("kubeletVersion", "")]
    row += [addresses.get("InternalIP", NONE), addresses.get("ExternalIP", NONE)]
    return row + [info.get(name) or UNKNOWN for name in ("osImage", "kernelVersion", "containerRuntimeVersion")]


def _namespace(obj: Obj, now: float) -> list[Any]:
    return [_name(obj), _status(obj).get("phase", ""), _age(obj, now)]


def _secret(obj: Obj, now: float) -> list[Any]:
    return [_name(obj), obj.get("type", ""), len(obj.get("data") or {}), _age(obj, now)]


def _config_map(obj: Obj, now: float) -> list[Any]:
    return [_name(obj), len(obj.get("data") or {}) + len(obj.get("binaryData") or {}), _age(obj, now)]


def _account(obj: Obj, now: float) -> list[Any]:
    return [_name(obj), len(obj.get("secrets") or ()), _age(obj, now)]


def _claim(obj: Obj, now: float) -> list[Any]:
    spec, status = _spec(obj), _status(obj)
    bound = bool(spec.get("volumeName"))
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    row = [_name(obj), phase, spec.get("volumeName", "")]
    row += [(status.get("capacity") or {}).get("storage", "0") if bound else ""]
    row += [access_modes(status.get("accessModes")) if bound else "", _class(obj)]
    return [*row, spec.get("volumeAttributesClassName", UNSET), _age(obj, now), spec.get("volumeMode", UNSET)]


def _class(obj: Obj) -> str:
    annotations = obj["metadata"].get("annotations") or {}
    return str(annotations.get("volume.beta.kubernetes.io/storage-class") or _spec(obj).get("storageClassName", ""))


def _volume(obj: Obj, now: float) -> list[Any]:
    spec, status = _spec(obj), _status(obj)
    claim = spec.get("claimRef")
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    row = [_name(obj), (spec.get("capacity") or {}).get("storage", "0"), access_modes(spec.get("accessModes"))]
    row += [spec.get("persistentVolumeReclaimPolicy", ""), phase]
    row += [f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "", _class(obj)]
    row += [spec.get("volumeAttributesClassName", UNSET), status.get("reason", "")]
    return [*row, _age(obj, now), spec.get("volumeMode", UNSET)]


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
    return [*row, (obj.get("message") or "").strip(), first, count, _name(obj)]


def _endpoints(obj: Obj, now: float) -> list[Any]:
    items: list[str] = []
    for subset in obj.get("subsets") or ():
        addresses = subset.get("addresses") or ()
        if not subset.get("ports"):
            items += [each["ip"] for each in addresses]
        for port in subset.get("ports") or ():
            items += [f"{each['ip']}:{port['port']}" for each in addresses]
    return [_name(obj), listed(items, 3, len(items)) if obj.get("subsets") else NONE, _age(obj, now)]


def _endpoint_slice(obj: Obj, now: float) -> list[Any]:
    ports = [str(p["port"]) if p.get("port") is not None else p.get("name") or "*" for p in obj.get("ports") or ()]
    addresses = [address for each in obj.get("endpoints") or () for address in each["addresses"]]
    row = [_name(obj), obj["addressType"], listed(ports, 3, len(ports)), listed(addresses, 3, len(addresses))]
    return [*row, _age(obj, now)]


def _metric(spec: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    kind = spec["type"]
    part = kind[0].lower() + kind[1:]
    target, current = spec[part]["target"], (status.get(part) or {}).get("current") or {}
    head = f"{spec[part]['name']}: " if kind in ("Resource", "ContainerResource") else ""
    if target.get("averageValue") is not None:
        tail = " (avg)" if kind in ("External", "Object") else ""
        return f"{head}{current.get('averageValue', UNKNOWN)}/{target['averageValue']}{tail}"
    if not head:
        return f"{current.get('value', UNKNOWN)}/{target.get('value', '0')}"
    used, wanted = current.get("averageUtilization"), target.get("averageUtilization")
    return f"{head}{UNKNOWN if used is None else f'{used}%'}/{'<auto>' if wanted is None else f'{wanted}%'}"


def _autoscaler(obj: Obj, now: float) -> list[Any]:
    spec, status = _spec(obj), _status(obj)
    target = spec["scaleTargetRef"]
    current = status.get("currentMetrics") or []
    metrics = [
        _metric(each, current[i] if i < len(current) else {}) for i, each in enumerate(spec.get("metrics") or ())
    ]
    shown = listed(metrics, 2, len(metrics), ", ") if metrics else NONE
    row = [_name(obj), f"{target['kind']}/{target['name']}", shown, str(spec.get("minReplicas", UNSET))]
    return [*row, spec["maxReplicas"], status.get("currentReplicas", 0), _age(obj, now)]


def _ingress(obj: Obj, now: float) -> list[Any]:
    spec = _spec(obj)
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    found = (_status(obj).get("loadBalancer") or {}).get("ingress") or ()
    address = ",".join(sorted({each.get("ip") or each.get("hostname", "") for each in found}))
    ports = "80, 443" if spec.get("tls") else "80"
    shown = listed(hosts, 3, len(hosts)) if hosts else "*"
    return [_name(obj), spec.get("ingressClassName", NONE), shown, address, ports, _age(obj, now)]


def _ingress_class(obj: Obj, now: float) -> list[Any]:
    spec = _spec(obj)
    parameters = spec.get("parameters")
    shown = NONE
    if parameters:
        group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") else ""
        shown = f"{parameters['kind']}{group}/{parameters['name']}"
    return [_name(obj), spec.get("controller", ""), shown, _age(obj, now)]


def _network_policy(obj: Obj, now: float) -> list[Any]:
    return [_name(obj), selector_text(_spec(obj).get("podSelector") or {}), _age(obj, now)]


def _budget(obj: Obj, now: float) -> list[Any]:
    spec = _spec(obj)
    bounds = [str(spec.get(name, "N/A")) for name in ("minAvailable", "maxUnavailable")]
    return [_name(obj), *bounds, _status(obj).get("disruptionsAllowed", 0), _age(obj, now)]


def _binding(obj: Obj, now: float) -> list[Any]:
    named: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for each in obj.get("subjects") or ():
        prefix = f"{each.get('namespace', '')}/" if each["kind"] == "ServiceAccount" else ""
        named.setdefault(each["kind"], []).append(prefix + each["name"])
    role = f"{obj['roleRef']['kind']}/{obj['roleRef']['name']}"
    return [_name(obj), role, _age(obj, now), *(", ".join(named[k]) for k in ("User", "Group", "ServiceAccount"))]


def _created(obj: Obj, now: float) -> list[Any]:
    return [_name(obj), obj["metadata"].get("creationTimestamp")]


def _named(obj: Obj, now: float) -> list[Any]:
    return [_name(obj), _age(obj, now)]


def _quota(obj: Obj, now: float) -> list[Any]:
    status = _status(obj)
    used = status.get("used") or {}
    columns: tuple[list[str], list[str]] = ([], [])
    for name, hard in sorted((status.get("hard") or {}).items()):
        columns[name.startswith("limits.")].append(f"{name}: {used.get(name, '0')}/{hard}")
    return [_name(obj), ", ".join(columns[0]), ", ".join(columns[1]), _age(obj, now)]


def _storage_class(obj: Obj, now: float) -> list[Any]:
    annotations = obj["metadata"].get("annotations") or {}
    default = annotations.get("storageclass.kubernetes.io/is-default-class") == "true"
    row = [
        _name(obj) + (" (default)" if default else ""),
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy", "Delete"),
    ]
    return [*row, obj.get("volumeBindingMode", "Immediate"), bool(obj.get("allowVolumeExpansion")), _age(obj, now)]


def _priority_class(obj: Obj, now: float) -> list[Any]:
    value, default = obj.get("value", 0), bool(obj.get("globalDefault"))
    return [_name(obj), value, default, _age(obj, now), obj.get("preemptionPolicy", "")]


def _lease(obj: Obj, now: float) -> list[Any]:
    return [_name(obj), _spec(obj).get("holderIdentity", ""), _age(obj, now)]


def _revision(obj: Obj, now: float) -> list[Any]:
    owner = next((each for each in obj["metadata"].get("ownerReferences") or () if each.get("controller")), None)
    shown = NONE
    if owner:
        group = owner["apiVersion"].rpartition("/")[0]
        shown = f"{owner['kind'].lower()}{'.' + group if group else ''}/{owner['name']}"
    return [_name(obj), shown, obj.get("revision", 0), _age(obj, now)]


def _signing_request(obj: Obj, now: float) -> list[Any]:
    spec, status = _spec(obj), _status(obj)
    kinds = {each["type"] for each in status.get("conditions") or ()}
    state = "Denied" if "Denied" in kinds else "Approved" if "Approved" in kinds else "Pending"
    state += ",Failed" if "Failed" in kinds else ""
    state += ",Issued" if status.get("certificate") else ""
    wanted = human_duration(spec["expirationSeconds"]) if spec.get("expirationSeconds") else NONE
    return [_name(obj), _age(obj, now), spec.get("signerName", NONE), spec.get("username", ""), wanted, state]


def _webhooks(obj: Obj, now: float) -> list[Any]:
    return [_name(obj), len(obj.get("webhooks") or ()), _age(obj, now)]


def _policy(obj: Obj, now: float) -> list[Any]:
    spec = _spec(obj)
    kind = spec.get("paramKind")
    shown = f"{kind['apiVersion']}/{kind['kind']}" if kind else UNSET
    return [_name(obj), len(spec.get("validations") or ()), shown, _age(obj, now)]


def _policy_binding(obj: Obj, now: float) -> list[Any]:
    spec = _spec(obj)
    reference = spec.get("paramRef") or {}
    shown = f"{reference.get('namespace') or '*'}/{reference['name']}" if reference.get("name") else UNSET
    return [_name(obj), spec.get("policyName", ""), shown, _age(obj, now)]


def _csi_driver(obj: Obj, now: float) -> list[Any]:
    spec = _spec(obj)
    flags = [bool(spec.get(name)) for name in ("attachRequired", "podInfoOnMount", "storageCapacity")]
    requests = spec.get("tokenRequests")
    tokens = UNSET if requests is None else ",".join(each["audience"] for each in requests)
    modes = ",".join(spec.get("volumeLifecycleModes") or ()) or NONE
    return [_name(obj), *flags, tokens, bool(spec.get("requiresRepublish")), modes, _age(obj, now)]


def _csi_node(obj: Obj, now: float) -> list[Any]:
    return [_name(obj), len(_spec(obj).get("drivers") or ()), _age(obj, now)]


def _attachment(obj: Obj, now: float) -> list[Any]:
    spec = _spec(obj)
    volume = (spec.get("source") or {}).get("persistentVolumeName", "")
    attached = bool(_status(obj).get("attached"))
    return [_name(obj), spec.get("attacher", ""), volume, spec.get("nodeName", ""), attached, _age(obj, now)]


def _flow_schema(obj: Obj, now: float) -> list[Any]:
    spec = _spec(obj)
    method = (spec.get("distinguisherMethod") or {}).get("type", NONE)
    dangling = next((c["status"] for c in _status(obj).get("conditions") or () if c["type"] == "Dangling"), "?")
    level = spec["priorityLevelConfiguration"]["name"]
    return [_name(obj), level, spec.get("matchingPrecedence", 0), method, _age(obj, now), dangling]


def _priority_level(obj: Obj, now: float) -> list[Any]:
    spec = _spec(obj)
    limited = spec.get("limited") or {}
    queuing = (limited.get("limitResponse") or {}).get("queuing") or {}
    row = [_name(obj), spec.get("type", ""), limited.get("nominalConcurrencyShares", NONE)]
    return [*row, *(queuing.get(n, NONE) for n in ("queues", "handSize", "queueLengthLimit")), _age(obj, now)]


def _service_cidr(obj: Obj, now: float) -> list[Any]:
    return [_name(obj), ",".join(_spec(obj).get("cidrs") or ()), _age(obj, now)]


def _ip_address(obj: Obj, now: float) -> list[Any]:
    parent = _spec(obj).get("parentRef") or {}
    resource = parent.get("resource", "") + (f".{parent['group']}" if parent.get("group") else "")
    namespace = f"/{parent['namespace']}" if parent.get("namespace") else ""
    return [_name(obj), f"{resource}{namespace}/{parent.get('name', '')}" if parent else NONE, _age(obj, now)]


def _pod_template(obj: Obj, now: float) -> list[Any]:
    template = obj.get("template") or {}
    return [_name(obj), *_containers(template), labels_text((template.get("metadata") or {}).get("labels"))]


def _runtime_class(obj: Obj, now: float) -> list[Any]:
    return [_name(obj), obj.get("handler", ""), _age(obj, now)]


def _attributes_class(obj: Obj, now: float) -> list[Any]:
    return [_name(obj), obj.get("driverName", ""), _age(obj, now)]


def _resource_claim(obj: Obj, now: float) -> list[Any]:
    status = _status(obj)
    states = ["deleted"] if obj["metadata"].get("deletionTimestamp") else []
    states += ["allocated"] if status.get("allocation") else []
    states += ["reserved"] if status.get("reservedFor") else []
    return [_name(obj), ",".join(states) or "pending", _age(obj, now)]


def _resource_slice(obj: Obj, now: float) -> list[Any]:
    spec = _spec(obj)
    return [
        _name(obj),
        spec.get("nodeName", ""),
        spec.get("driver", ""),
        (spec.get("pool") or {}).get("name", ""),
        _age(obj, now),
    ]


def _api_service(obj: Obj, now: float) -> list[Any]:
    service = _spec(obj).get("service")
    shown = f"{service['namespace']}/{service['name']}" if service else "Local"
    condition = next((c for c in _status(obj).get("conditions") or () if c["type"] == "Available"), None)
    state = "Unknown" if condition is None else condition["status"]
    if condition and condition["status"] != "True" and condition.get("reason"):
        state += f" ({condition['reason']})"
    return [_name(obj), shown, state, _age(obj, now)]


ROWS: Mapping[tuple[str, str], Row] = {
    ("", "pods"): pods.row,
    ("", "replicationcontrollers"): _replica_set,
    ("", "services"): _service,
    ("", "nodes"): _node,
    ("", "namespaces"): _namespace,
    ("", "secrets"): _secret,
    ("", "configmaps"): _config_map,
    ("", "serviceaccounts"): _account,
    ("", "persistentvolumeclaims"): _claim,
    ("", "persistentvolumes"): _volume,
    ("", "events"): _event,
    ("", "endpoints"): _endpoints,
    ("", "resourcequotas"): _quota,
    ("", "limitranges"): _created,
    ("", "podtemplates"): _pod_template,
    ("apps", "deployments"): _deployment,
    ("apps", "replicasets"): _replica_set,
    ("apps", "statefulsets"): _stateful_set,
    ("apps", "daemonsets"): _daemon_set,
    ("apps", "controllerrevisions"): _revision,
    ("batch", "jobs"): _job,
    ("batch", "cronjobs"): _cron_job,
    ("autoscaling", "horizontalpodautoscalers"): _autoscaler,
    ("discovery.k8s.io", "endpointslices"): _endpoint_slice,
    ("networking.k8s.io", "ingresses"): _ingress,
    ("networking.k8s.io", "ingressclasses"): _ingress_class,
    ("networking.k8s.io", "networkpolicies"): _network_policy,
    ("networking.k8s.io", "servicecidrs"): _service_cidr,
    ("networking.k8s.io", "ipaddresses"): _ip_address,
    ("policy", "poddisruptionbudgets"): _budget,
    ("rbac.authorization.k8s.io", "roles"): _created,
    ("rbac.authorization.k8s.io", "clusterroles"): _created,
    ("rbac.authorization.k8s.io", "rolebindings"): _binding,
    ("rbac.authorization.k8s.io", "clusterrolebindings"): _binding,
    ("storage.k8s.io", "storageclasses"): _storage_class,
    ("storage.k8s.io", "csidrivers"): _csi_driver,
    ("storage.k8s.io", "csinodes"): _csi_node,
    ("storage.k8s.io", "csistoragecapacities"): _created,
    ("storage.k8s.io", "volumeattachments"): _attachment,
    ("storage.k8s.io", "volumeattributesclasses"): _attributes_class,
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
