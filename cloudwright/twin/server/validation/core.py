"""Configuration, storage, nodes, quotas and ranges."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.server import quantity
from cloudwright.twin.server.errors import duplicate, forbidden_field, invalid, not_supported, required, too_long
from cloudwright.twin.server.validation import names
from cloudwright.twin.server.validation.basic import IMMUTABLE, NOT_NEGATIVE, Errors, each, one_of, selector
from cloudwright.twin.server.validation.containers import resource_name
from cloudwright.twin.server.validation.pods import template
from cloudwright.twin.server.validation.volumes import source

_LARGEST = 1024 * 1024
_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_CLAIM = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n"


def config_map(obj: Obj) -> Errors:
    """A config map."""
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    for key in data:
        yield from each(names.config_key, key, f"data[{key}]")
        if key in binary:
            yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    for key in binary:
        yield from each(names.config_key, key, f"binaryData[{key}]")
    if sum(map(len, data.values())) + sum(map(len, binary.values())) > _LARGEST:
        yield too_long("", _LARGEST)


def keeps_immutable(obj: Obj, old: Obj) -> Errors:
    """What is marked as immutable stays so."""
    if not old.get("immutable"):
        return
    if not obj.get("immutable"):
        yield forbidden_field("immutable", "field is immutable when `immutable` is set")
    for name in ("data", "binaryData"):
        if obj.get(name, {}) != old.get(name, {}):
            yield forbidden_field(name, "field is immutable when `immutable` is set")


_NEEDED = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def secret(obj: Obj) -> Errors:
    """A secret."""
    data, kind = obj.get("data") or {}, obj.get("type")
    for key in data:
        yield from each(names.config_key, key, f"data[{key}]")
    if kind == "kubernetes.io/service-account-token":
        account = "kubernetes.io/service-account.name"
        if not (obj["metadata"].get("annotations") or {}).get(account):
            yield required(f"metadata.annotations[{account}]")
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & data.keys():
        yield required("data[username]")
        yield required("data[password]")
    for key in _NEEDED.get(kind or "", ()):
        if key not in data:
            yield required(f"data[{key}]")
        elif key.startswith(".docker"):
            yield from _json_content(data[key], f"data[{key}]")


def _json_content(encoded: str, path: str) -> Errors:
    text = base64.b64decode(encoded).decode("utf-8", "replace")
    try:
        json.loads(text)
    except ValueError:
        why = (
            f"invalid character '{text[:1]}' looking for beginning of value" if text else "unexpected end of JSON input"
        )
        yield invalid(path, "<secret contents redacted>", why)


def secret_update(obj: Obj, old: Obj) -> Errors:
    """A secret's type never changes."""
    if obj.get("type") != old.get("type"):
        yield invalid("type", obj.get("type"), IMMUTABLE)
    yield from keeps_immutable(obj, old)


def claim(obj: Obj) -> Errors:
    """A persistent volume claim."""
    yield from claim_spec(obj.get("spec") or {}, "spec")


def claim_spec(spec: Mapping[str, Any], path: str) -> Errors:
    """A claim's spec."""
    modes = spec.get("accessModes") or ()
    if not modes:
        yield required(f"{path}.accessModes", "at least 1 access mode is required")
    yield from selector(spec.get("selector"), f"{path}.selector")
    yield from _modes(modes, f"{path}.accessModes")
    stored = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if stored is None:
        yield required(f"{path}.resources[storage]")
    elif quantity.parse(stored) <= 0:
        yield invalid(f"{path}.resources[storage]", stored, "must be greater than zero")
    name = spec.get("storageClassName")
    if name:
        yield from each(names.dns_subdomain, name, f"{path}.storageClassName")
    mode = spec.get("volumeMode")
    if mode not in (None, "Block", "Filesystem"):
        yield not_supported(f"{path}.volumeMode", mode, ("Block", "Filesystem"))


def _modes(modes: Any, path: str) -> Errors:
    for mode in modes:
        if mode not in _MODES:
            yield not_supported(path, mode, _MODES)
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        yield forbidden_field(path, "may not use ReadWriteOncePod with other access modes")


def claim_update(obj: Obj, old: Obj) -> Errors:
    """A claim's spec stays, but for growth and for being bound."""
    now, before = dict(obj.get("spec") or {}), dict(old.get("spec") or {})
    bound = (old.get("status") or {}).get("phase") == "Bound"
    if not before.get("volumeName"):
        before.pop("volumeName", None)
        now.pop("volumeName", None)
    if not before.get("storageClassName"):
        before.pop("storageClassName", None)
        now.pop("storageClassName", None)
    wanted, was = _storage(now), _storage(before)
    if bound:
        for spec in (now, before):
            spec.pop("resources", None)
            spec.pop("volumeAttributesClassName", None)
    if now != before:
        yield forbidden_field("spec", _CLAIM)
    elif bound and wanted and was and quantity.parse(wanted) < quantity.parse(was):
        yield forbidden_field("spec.resources.requests.storage", "field can not be less than status.capacity")


def _storage(spec: Mapping[str, Any]) -> str:
    return str(((spec.get("resources") or {}).get("requests") or {}).get("storage") or "")


_VOLUME_FIELDS = {
    "capacity",
    "accessModes",
    "claimRef",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "mountOptions",
    "volumeMode",
    "nodeAffinity",
    "volumeAttributesClassName",
}


def volume(obj: Obj) -> Errors:
    """A persistent volume."""
    spec = obj.get("spec") or {}
    modes, capacity = spec.get("accessModes") or (), spec.get("capacity")
    if not modes:
        yield required("spec.accessModes")
    yield from _modes(modes, "spec.accessModes")
    if not capacity:
        yield required("spec.capacity")
    if not capacity or "storage" not in capacity or len(capacity) > 1:
        yield not_supported("spec.capacity", capacity, ("storage",))
    policy = spec.get("persistentVolumeReclaimPolicy")
    if policy not in ("Delete", "Recycle", "Retain"):
        yield not_supported("spec.persistentVolumeReclaimPolicy", policy, ("Delete", "Recycle", "Retain"))
    kinds = [name for name in spec if name not in _VOLUME_FIELDS and spec[name] is not None]
    if not kinds:
        yield required("spec", "must specify a volume type")
    kinds.sort(key=lambda name: (name != "hostPath", name))
    for name in kinds[1:]:
        yield forbidden_field(f"spec.{name}", "may not specify more than 1 volume type")
    if kinds:
        yield from source(kinds[0], spec[kinds[0]], f"spec.{kinds[0]}")
    if (spec.get("hostPath") or {}).get("path") == "/" and policy == "Recycle":
        sentence = "may not be 'recycle' for a hostPath mount of '/'"
        yield forbidden_field("spec.persistentVolumeReclaimPolicy", sentence)


def volume_update(obj: Obj, old: Obj) -> Errors:
    """A volume's source never changes."""
    now, before = obj.get("spec") or {}, old.get("spec") or {}
    left = {name: value for name, value in now.items() if name not in _VOLUME_FIELDS}
    if left != {name: value for name, value in before.items() if name not in _VOLUME_FIELDS}:
        sentence = "spec.persistentvolumesource is immutable after creation\n"
        yield forbidden_field("spec.persistentvolumesource", sentence)
    if now.get("volumeMode") != before.get("volumeMode"):
        yield invalid("spec.volumeMode", now.get("volumeMode"), IMMUTABLE)


def node(obj: Obj) -> Errors:
    """A node."""
    spec = obj.get("spec") or {}
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(spec.get("taints") or ()):
        where = f"metadata.taints[{index}]"
        yield from each(names.qualified_name, taint.get("key", ""), f"{where}.key")
        yield from each(names.label_value, taint.get("value", ""), f"{where}.value")
        effect = taint.get("effect", "")
        yield from one_of(effect, ("NoSchedule", "PreferNoSchedule", "NoExecute"), f"{where}.effect")
        if (taint.get("key", ""), effect) in seen:
            shown = {
                "Key": taint["key"],
                "Value": taint.get("value", ""),
                "Effect": effect,
                "TimeAdded": taint.get("timeAdded"),
            }
            error = duplicate(where, shown)
            sentence = f"{error.body}: taints must be unique by key and effect pair"
            yield type(error)(error.field, error.reason, sentence)
        seen.add((taint.get("key", ""), effect))
    for index, network in enumerate(spec.get("podCIDRs") or ([spec["podCIDR"]] if spec.get("podCIDR") else [])):
        yield from each(names.cidr, network, f"spec.podCIDRs[{index}]")


_QUOTA = {
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
}
_WHOLE = {name for name in _QUOTA if name in ("pods", "services") or name.endswith(("s", "balancers"))} - {"limits.cpu"}
_SCOPES = ("Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity")
_POD_SCOPED = {
    "pods",
    "cpu",
    "memory",
    "requests.cpu",
    "requests.memory",
    "limits.cpu",
    "limits.memory",
    "ephemeral-storage",
}


def quota(obj: Obj) -> Errors:
    """A resource quota."""
    spec = obj.get("spec") or {}
    hard = spec.get("hard") or {}
    for name, value in hard.items():
        where = f"spec.hard[{name}]"
        standard = (
            name in _QUOTA
            or name.startswith(("hugepages-", "count/", "requests.hugepages-"))
            or ".storageclass." in name
        )
        yield from each(names.qualified_name, name, where)
        if "/" not in name and not standard:
            if not names.qualified_name(name):
                yield invalid(where, name, "must be a standard resource type or fully qualified")
            yield invalid(where, name, "must be a standard resource for quota")
        number = quantity.parse(value)
        if number < 0:
            yield invalid(where, value, NOT_NEGATIVE)
        elif (name in _WHOLE or name.startswith("count/")) and number != number.to_integral_value():
            yield invalid(where, value, "must be an integer")
    yield from _scopes(spec.get("scopes") or [], hard)


def _scopes(scopes: list[str], hard: Mapping[str, str]) -> Errors:
    for scope in scopes:
        if scope not in _SCOPES:
            yield invalid("spec.scopes", scopes, "unsupported scope")
            continue
        allowed = {"pods"} if scope == "BestEffort" else _POD_SCOPED
        if any(name not in allowed and not name.startswith("count/pods") for name in hard):
            yield invalid("spec.scopes", scopes, "unsupported scope applied to resource")
    for pair in ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"}):
        if pair <= set(scopes):
            yield invalid("spec.scopes", scopes, "conflicting scopes")


def limit_range(obj: Obj) -> Errors:
    """A limit range."""
    seen: set[str] = set()
    for index, limit in enumerate((obj.get("spec") or {}).get("limits") or ()):
        path, kind = f"spec.limits[{index}]", limit.get("type", "")
        if kind in seen:
            yield duplicate(f"{path}.type", kind)
        seen.add(kind)
        if kind == "Pod":
            for name in ("default", "defaultRequest"):
                if limit.get(name):
                    yield forbidden_field(f"{path}.{name}", "may not be specified when `type` is 'Pod'")
        keys = {
            key
            for part in ("min", "max", "default", "defaultRequest", "maxLimitRequestRatio")
            for key in limit.get(part) or {}
        }
        for key in sorted(keys):
            if kind == "Container":
                yield from resource_name(key, f"{path}.max[{key}]")
            yield from _limit(limit, key, path)


def _limit(limit: Mapping[str, Any], key: str, path: str) -> Errors:
    least, most = (limit.get("min") or {}).get(key), (limit.get("max") or {}).get(key)
    default, request = (limit.get("default") or {}).get(key), (limit.get("defaultRequest") or {}).get(key)
    ratio = (limit.get("maxLimitRequestRatio") or {}).get(key)

    def above(left: str | None, right: str | None) -> bool:
        return left is not None and right is not None and quantity.parse(left) > quantity.parse(right)

    if above(least, most):
        yield invalid(f"{path}.min[{key}]", least, f"min value {least} is greater than max value {most}")
    if above(least, request):
        sentence = f"min value {least} is greater than default request value {request}"
        yield invalid(f"{path}.defaultRequest[{key}]", request, sentence)
    if above(request, most):
        sentence = f"default request value {request} is greater than max value {most}"
        yield invalid(f"{path}.defaultRequest[{key}]", request, sentence)
    if above(request, default):
        sentence = f"default request value {request} is greater than default limit value {default}"
        yield invalid(f"{path}.defaultRequest[{key}]", request, sentence)
    if above(least, default):
        yield invalid(f"{path}.default[{key}]", least, f"min value {least} is greater than default value {default}")
    if above(default, most):
        yield invalid(f"{path}.default[{key}]", most, f"default value {default} is greater than max value {most}")
    if ratio is not None and quantity.parse(ratio) < 1:
        yield invalid(f"{path}.maxLimitRequestRatio[{key}]", ratio, f"ratio {ratio} is less than 1")


def pod_template(obj: Obj) -> Errors:
    """A pod template object."""
    yield from template(obj.get("template") or {}, "template")


def event(obj: Obj) -> Errors:
    """An event, as it is stored."""
    about = obj.get("involvedObject") or {}
    where = about.get("namespace", "")
    if (where or "default") != obj["metadata"].get("namespace"):
        yield invalid("involvedObject.namespace", where, "does not match event.namespace")
    if not obj.get("eventTime"):
        return
    if not obj.get("action"):
        yield required("action")
    for name in ("reportingComponent", "reportingInstance"):
        if not obj.get(name):
            yield required("reportingController" if name == "reportingComponent" else name)
    if not obj.get("reason"):
        yield required("reason")
    if obj.get("type") not in ("Normal", "Warning"):
        yield invalid("type", "", f"has invalid value: {obj.get('type', '')}")


def endpoints(obj: Obj) -> Errors:
    """Endpoints."""
    for index, subset in enumerate(obj.get("subsets") or ()):
        where = f"subsets[{index}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            yield required(where, "must specify `addresses` or `notReadyAddresses`")
        for part in ("addresses", "notReadyAddresses"):
            for position, address in enumerate(subset.get(part) or ()):
                here = f"{where}.{part}[{position}].ip"
                if names.ip_address(address.get("ip", "")):
                    yield invalid(here, address.get("ip", ""), "must be a valid IP address")
                yield from each(names.ip_address, address.get("ip", ""), here)
        for position, port in enumerate(subset.get("ports") or ()):
            for sentence in names.port_number(port.get("port", 0)):
                yield invalid(f"{where}.ports[{position}].port", port.get("port", 0), sentence)
