"""Containers: ports, environment, mounts, probes, resources, security."""

from collections.abc import Iterable, Mapping
from typing import Any

from cloudwright.twin.server import quantity
from cloudwright.twin.server.errors import (
    FieldError,
    duplicate,
    forbidden_field,
    invalid,
    not_found_field,
    not_supported,
    required,
)
from cloudwright.twin.server.validation import names
from cloudwright.twin.server.validation.basic import NOT_NEGATIVE, Errors, each, not_negative, one_of
from cloudwright.twin.server.validation.volumes import relative

Container = Mapping[str, Any]
_STANDARD = {"cpu", "memory", "ephemeral-storage"}
_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
    "metadata.annotations",
    "metadata.labels",
)
_SECURITY = (
    "Capabilities",
    "Privileged",
    "SELinuxOptions",
    "WindowsOptions",
    "RunAsUser",
    "RunAsGroup",
    "RunAsNonRoot",
    "ReadOnlyRootFilesystem",
    "AllowPrivilegeEscalation",
    "ProcMount",
    "SeccompProfile",
    "AppArmorProfile",
)
USER_RANGE = "must be between 0 and 2147483647, inclusive"


def all_containers(spec: Mapping[str, Any], path: str, volumes: set[str]) -> Errors:
    """Containers and init containers of a pod."""
    mains = spec.get("containers") or ()
    if not mains:
        yield required(f"{path}.containers")
    seen: set[str] = set()
    host_ports: set[str] = set()
    for index, container in enumerate(mains):
        where = f"{path}.containers[{index}]"
        yield from _named(container, where, seen)
        yield from one_container(container, where, volumes, host=bool(spec.get("hostNetwork")))
        yield from _host_ports(container, where, host_ports)
    for index, container in enumerate(spec.get("initContainers") or ()):
        where = f"{path}.initContainers[{index}]"
        yield from _named(container, where, seen)
        yield from one_container(container, where, volumes, host=bool(spec.get("hostNetwork")))
        yield from _init(container, where)


def _named(container: Container, path: str, seen: set[str]) -> Errors:
    name = container.get("name", "")
    if not name:
        yield required(f"{path}.name")
    else:
        yield from each(names.dns_label, name, f"{path}.name")
    if name and name in seen:
        yield duplicate(f"{path}.name", name)
    seen.add(name)


def _init(container: Container, path: str) -> Errors:
    if container.get("restartPolicy") == "Always":
        return
    for name in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(name) is not None:
            yield forbidden_field(f"{path}.{name}", "may not be set for init containers without restartPolicy=Always")


def one_container(container: Container, path: str, volumes: set[str], *, host: bool = False) -> Errors:
    """Everything of one container but its name."""
    if not container.get("image"):
        yield required(f"{path}.image")
    elif container["image"] != container["image"].strip():
        yield invalid(f"{path}.image", container["image"], "must not have leading or trailing whitespace")
    lifecycle = container.get("lifecycle") or {}
    for name in ("postStart", "preStop"):
        if lifecycle.get(name) is not None:
            yield from handler(lifecycle[name], f"{path}.lifecycle.{name}")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(name) is not None:
            yield from probe(container[name], f"{path}.{name}", once=name != "readinessProbe")
    policies = ("File", "FallbackToLogsOnError")
    yield from one_of(container.get("terminationMessagePolicy"), policies, f"{path}.terminationMessagePolicy")
    yield from ports(container.get("ports") or (), f"{path}.ports", host=host)
    yield from environment(container.get("env") or (), f"{path}.env")
    yield from mounts(container.get("volumeMounts") or (), f"{path}.volumeMounts", volumes)
    yield from one_of(container.get("imagePullPolicy"), ("Always", "IfNotPresent", "Never"), f"{path}.imagePullPolicy")
    yield from resources(container.get("resources") or {}, f"{path}.resources")
    yield from security(container.get("securityContext") or {}, f"{path}.securityContext")


def ports(given: Iterable[Mapping[str, Any]], path: str, *, host: bool = False) -> Errors:
    """Container ports."""
    seen: set[str] = set()
    for index, port in enumerate(given):
        where = f"{path}[{index}]"
        name = port.get("name")
        if name:
            yield from each(names.port_name, name, f"{where}.name")
            if name in seen:
                yield duplicate(f"{where}.name", name)
            seen.add(name)
        number = port.get("containerPort", 0)
        if not number:
            yield required(f"{where}.containerPort")
        else:
            for sentence in names.port_number(number):
                yield invalid(f"{where}.containerPort", number, sentence)
        host_port = port.get("hostPort")
        if host_port:
            for sentence in names.port_number(host_port):
                yield invalid(f"{where}.hostPort", host_port, sentence)
            if host and host_port != number:
                yield invalid(f"{where}.hostPort", host_port, "must match `containerPort` when `hostNetwork` is true")
        yield from one_of(port.get("protocol"), ("SCTP", "TCP", "UDP"), f"{where}.protocol")


def _host_ports(container: Container, path: str, seen: set[str]) -> Errors:
    for index, port in enumerate(container.get("ports") or ()):
        if port.get("hostPort"):
            identity = f"{port.get('protocol')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if identity in seen:
                yield duplicate(f"{path}.ports[{index}].hostPort", identity)
            seen.add(identity)


def environment(given: Iterable[Mapping[str, Any]], path: str) -> Errors:
    """Environment variables."""
    for index, variable in enumerate(given):
        where = f"{path}[{index}]"
        name = variable.get("name", "")
        if not name:
            yield required(f"{where}.name")
        else:
            yield from each(names.environment_name, name, f"{where}.name")
        if variable.get("valueFrom") is not None:
            yield from _value_from(variable, f"{where}.valueFrom")


def _value_from(variable: Mapping[str, Any], path: str) -> Errors:
    given = variable["valueFrom"]
    kinds = [name for name in ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef") if given.get(name)]
    for name in kinds:
        yield from _REFERENCES[name](given[name], f"{path}.{name}")
    if not kinds:
        yield invalid(
            path,
            "",
            "must specify one of: `configMapKeyRef`, `fieldRef`, `fileKeyRef`, `resourceFieldRef` or `secretKeyRef`",
        )
    elif variable.get("value"):
        yield invalid(path, "", "may not be specified when `value` is not empty")
    elif len(kinds) > 1:
        yield invalid(path, "", "may not have more than one field specified at a time")


def _field_reference(given: Mapping[str, Any], path: str) -> Errors:
    field = given.get("fieldPath", "")
    if not field:
        yield required(f"{path}.fieldPath")
    elif field not in _FIELDS and not field.startswith(("metadata.labels['", "metadata.annotations['")):
        yield invalid(f"{path}.fieldPath", field, f"error converting fieldPath: field label not supported: {field}")


def _key_reference(given: Mapping[str, Any], path: str) -> Errors:
    if not given.get("key"):
        yield required(f"{path}.key")
    else:
        yield from each(names.config_key, given["key"], f"{path}.key")


def _resource_reference(given: Mapping[str, Any], path: str) -> Errors:
    if not given.get("resource"):
        yield required(f"{path}.resource")


_REFERENCES = {
    "fieldRef": _field_reference,
    "resourceFieldRef": _resource_reference,
    "configMapKeyRef": _key_reference,
    "secretKeyRef": _key_reference,
}


def mounts(given: Iterable[Mapping[str, Any]], path: str, volumes: set[str]) -> Errors:
    """Volume mounts."""
    seen: set[str] = set()
    for index, mount in enumerate(given):
        where = f"{path}[{index}]"
        name, target = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield required(f"{where}.name")
        elif name not in volumes:
            yield not_found_field(f"{where}.name", name)
        if not target:
            yield required(f"{where}.mountPath")
        if target and target in seen:
            yield invalid(f"{where}.mountPath", target, "must be unique")
        seen.add(target)
        if mount.get("subPath"):
            yield from relative(mount["subPath"], f"{path}.subPath")


def handler(given: Mapping[str, Any], path: str) -> Errors:
    """What a probe or hook does: exactly one thing."""
    kinds = [name for name in ("exec", "httpGet", "tcpSocket", "grpc", "sleep") if given.get(name) is not None]
    for index, name in enumerate(kinds):
        if index:
            yield forbidden_field(f"{path}.{name}", "may not specify more than 1 handler type")
        else:
            yield from _action(name, given[name], f"{path}.{name}")
    if not kinds:
        yield required(path, "must specify a handler type")


def _action(kind: str, given: Mapping[str, Any], path: str) -> Errors:
    if kind == "exec":
        if not given.get("command"):
            yield required(f"{path}.command")
        return
    if kind == "sleep":
        return
    if kind == "httpGet" and not given.get("path"):
        yield required(f"{path}.path")
    port = given.get("port", 0)
    check = names.port_name if isinstance(port, str) and kind != "grpc" else names.port_number
    for sentence in check(port):
        yield invalid(f"{path}.port", port, sentence)
    if kind == "httpGet":
        yield from one_of(given.get("scheme"), ("HTTP", "HTTPS"), f"{path}.scheme")


def probe(given: Mapping[str, Any], path: str, *, once: bool) -> Errors:
    """A probe; liveness and startup succeed by one success."""
    yield from handler(given, path)
    fields = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
    yield from not_negative(given, path, *fields)
    if once and given.get("successThreshold", 1) != 1:
        yield invalid(f"{path}.successThreshold", given["successThreshold"], "must be 1")


def resource_name(name: str, path: str) -> Errors:
    """A resource that containers can ask for."""
    standard = name in _STANDARD or name.startswith("hugepages-")
    yield from each(names.qualified_name, name, path)
    if "/" not in name and not standard:
        yield invalid(path, name, "must be a standard resource type or fully qualified")
        yield invalid(path, name, "must be a standard resource for containers")


def resources(given: Mapping[str, Any], path: str) -> Errors:
    """Requests and limits."""
    requests, limits = given.get("requests") or {}, given.get("limits") or {}
    for part, amounts in (("limits", limits), ("requests", requests)):
        for name, value in amounts.items():
            where = f"{path}.{part}[{name}]"
            yield from resource_name(name, where)
            if quantity.parse(value) < 0:
                yield invalid(where, value, NOT_NEGATIVE)
    for name, value in requests.items():
        limit = limits.get(name)
        if limit is not None and quantity.parse(value) > quantity.parse(limit):
            yield invalid(f"{path}.requests", value, f"must be less than or equal to {name} limit of {limit}")
        elif limit is None and "/" in name:
            yield required(f"{path}.limits", "Limit must be set for non overcommitable resources")


def _internal(context: Mapping[str, Any]) -> dict[str, Any]:
    """A security context as the server's own type prints it."""
    lower = {name.lower(): value for name, value in context.items()}
    return {name: lower.get(name.lower()) for name in _SECURITY}


def security(context: Mapping[str, Any], path: str) -> Errors:
    """A container's security context."""
    if not context:
        return
    for name in ("runAsUser", "runAsGroup"):
        if context.get(name, 0) < 0:
            yield invalid(f"{path}.{name}", context[name], USER_RANGE)
    if context.get("allowPrivilegeEscalation") is False:
        text = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        if context.get("privileged"):
            yield invalid(path, _internal(context), text)
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            text = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            yield invalid(path, _internal(context), text)
    mount = context.get("procMount")
    if mount not in (None, "Default", "Unmasked"):
        yield not_supported(f"{path}.procMount", mount, ("Default", "Unmasked"))


def problems(errors: Errors) -> list[FieldError]:
    """All errors of a check."""
    return list(errors)
