"""PodSecurity: the Pod Security Standards by namespace label.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.server.admission.base import PODS, Plugin, key
from cloudwright.twin.server.errors import forbidden
from cloudwright.twin.server.request import Request
from cloudwright.twin.store import Store

_LABEL = "pod-security.kubernetes.io/"
_CAPABILITIES = {
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
}
_SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
}
_VOLUMES = {
    "configMap",
    "downwardAPI",
    "emptyDir",
    "projected",
    "secret",
    "persistentVolumeClaim",
    "ephemeral",
    "csi",
    "image",
}
_TEMPLATES = {
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("apps", "daemonsets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
    ("", "replicationcontrollers"),
    ("", "podtemplates"),
}
Violation = tuple[str, str]


def _all(spec: Obj) -> Iterator[Mapping[str, Any]]:
    for name in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(name) or ()


def _context(container: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = container.get("securityContext") or {}
    return found


def _quote(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _named(names: list[str]) -> str:
    return f"container{'s' * (len(names) != 1)} {_quote(names)}"


def _host_namespaces(spec: Obj) -> Iterator[Violation]:
    used = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    if used:
        yield "host namespaces", ", ".join(used)


def _host_paths(spec: Obj) -> Iterator[Violation]:
    names = [volume["name"] for volume in spec.get("volumes") or () if volume.get("hostPath") is not None]
    if names:
        yield "hostPath volumes", f"volume{'s' * (len(names) != 1)} {_quote(names)}"


def _host_ports(spec: Obj) -> Iterator[Violation]:
    names, ports = [], set()
    for container in _all(spec):
        used = [str(port["hostPort"]) for port in container.get("ports") or () if port.get("hostPort")]
        if used:
            names.append(container["name"])
            ports.update(used)
    if names:
        plural = "s" * (len(ports) != 1)
        yield (
            "hostPort",
            f"{_named(names)} {'uses' if len(names) == 1 else 'use'} hostPort{plural} {', '.join(sorted(ports))}",
        )


def _privileged(spec: Obj) -> Iterator[Violation]:
    names = [each["name"] for each in _all(spec) if _context(each).get("privileged")]
    if names:
        yield "privileged", f"{_named(names)} must not set securityContext.privileged=true"


def _baseline_capabilities(spec: Obj) -> Iterator[Violation]:
    names, added = [], set()
    for container in _all(spec):
        bad = {c for c in (_context(container).get("capabilities") or {}).get("add") or () if c not in _CAPABILITIES}
        if bad:
            names.append(container["name"])
            added |= bad
    if names:
        detail = f"{_named(names)} must not include {_quote(sorted(added))} in securityContext.capabilities.add"
        yield "non-default capabilities", detail


def _proc_mount(spec: Obj) -> Iterator[Violation]:
    bad = {
        each["name"]: _context(each)["procMount"]
        for each in _all(spec)
        if _context(each).get("procMount", "Default") != "Default"
    }
    if bad:
        yield (
            "procMount",
            f"{_named(list(bad))} must not set securityContext.procMount to {_quote(sorted(set(bad.values())))}",
        )


def _sysctls(spec: Obj) -> Iterator[Violation]:
    given = (spec.get("securityContext") or {}).get("sysctls") or ()
    bad = [each["name"] for each in given if each["name"] not in _SYSCTLS]
    if bad:
        yield "forbidden sysctls", ", ".join(bad)


def _seccomp_type(context: Mapping[str, Any]) -> str | None:
    found = (context.get("seccompProfile") or {}).get("type")
    return str(found) if found is not None else None


def _seccomp_baseline(spec: Obj) -> Iterator[Violation]:
    setters = []
    if _seccomp_type(spec.get("securityContext") or {}) == "Unconfined":
        setters.append("pod")
    names = [each["name"] for each in _all(spec) if _seccomp_type(_context(each)) == "Unconfined"]
    if names:
        setters.append(_named(names))
    if setters:
        detail = f'{" and ".join(setters)} must not set securityContext.seccompProfile.type to "Unconfined"'
        yield "seccompProfile", detail


def _escalation(spec: Obj) -> Iterator[Violation]:
    names = [each["name"] for each in _all(spec) if _context(each).get("allowPrivilegeEscalation") is not False]
    if names:
        detail = f"{_named(names)} must set securityContext.allowPrivilegeEscalation=false"
        yield "allowPrivilegeEscalation != false", detail


def _restricted_capabilities(spec: Obj) -> Iterator[Violation]:
    missing, adding, added = [], [], set()
    for container in _all(spec):
        capabilities = _context(container).get("capabilities") or {}
        if "ALL" not in (capabilities.get("drop") or ()):
            missing.append(container["name"])
        bad = {c for c in capabilities.get("add") or () if c != "NET_BIND_SERVICE"}
        if bad:
            adding.append(container["name"])
            added |= bad
    details = []
    if missing:
        details.append(f'{_named(missing)} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        details.append(f"{_named(adding)} must not include {_quote(sorted(added))} in securityContext.capabilities.add")
    if details:
        yield "unrestricted capabilities", "; ".join(details)


def _restricted_volumes(spec: Obj) -> Iterator[Violation]:
    names, kinds = [], set()
    for volume in spec.get("volumes") or ():
        kind = next((name for name in volume if name != "name"), "")
        if kind and kind not in _VOLUMES:
            names.append(volume["name"])
            kinds.add(kind)
    if names:
        verb = "uses" if len(names) == 1 else "use"
        plural = "s" * (len(kinds) != 1)
        volumes = f"volume{'s' * (len(names) != 1)} {_quote(names)}"
        yield "restricted volume types", f"{volumes} {verb} restricted volume type{plural} {_quote(sorted(kinds))}"


def _non_root(spec: Obj) -> Iterator[Violation]:
    pod = (spec.get("securityContext") or {}).get("runAsNonRoot")
    explicit = [each["name"] for each in _all(spec) if _context(each).get("runAsNonRoot") is False]
    implicit = [each["name"] for each in _all(spec) if _context(each).get("runAsNonRoot") is None and not pod]
    setters = (["pod"] if pod is False else []) + ([_named(explicit)] if explicit else [])
    if setters:
        yield "runAsNonRoot != true", f"{' and '.join(setters)} must not set securityContext.runAsNonRoot=false"
    elif implicit:
        yield "runAsNonRoot != true", f"pod or {_named(implicit)} must set securityContext.runAsNonRoot=true"


def _run_as_root(spec: Obj) -> Iterator[Violation]:
    setters = ["pod"] if (spec.get("securityContext") or {}).get("runAsUser") == 0 else []
    names = [each["name"] for each in _all(spec) if _context(each).get("runAsUser") == 0]
    if names:
        setters.append(_named(names))
    if setters:
        yield "runAsUser=0", f"{' and '.join(setters)} must not set runAsUser=0"


def _seccomp_restricted(spec: Obj) -> Iterator[Violation]:
    pod = _seccomp_type(spec.get("securityContext") or {})
    good = ("RuntimeDefault", "Localhost")
    explicit = {each["name"]: _seccomp_type(_context(each)) for each in _all(spec)}
    bad = [name for name, kind in explicit.items() if kind is not None and kind not in good]
    if bad or (pod is not None and pod not in good):
        setters = (["pod"] if pod not in (None, *good) else []) + ([_named(bad)] if bad else [])
        values = sorted({explicit[name] or "" for name in bad} | ({pod} if pod and pod not in good else set()))
        detail = f"{' and '.join(setters)} must not set securityContext.seccompProfile.type to {_quote(values)}"
        yield "seccompProfile", detail
        return
    implicit = [name for name, kind in explicit.items() if kind is None and pod is None]
    if implicit:
        wanted = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
        yield "seccompProfile", f"pod or {_named(implicit)} {wanted}"


Check = Callable[[Obj], Iterator[Violation]]
_SHARED: tuple[Check, ...] = (_host_namespaces, _host_paths, _host_ports, _privileged, _proc_mount, _sysctls)
BASELINE: tuple[Check, ...] = (_baseline_capabilities, *_SHARED, _seccomp_baseline)
RESTRICTED: tuple[Check, ...] = (
    *_SHARED,
    _escalation,
    _restricted_capabilities,
    _restricted_volumes,
    _non_root,
    _run_as_root,
    _seccomp_restricted,
)


def violations(level: str, spec: Obj) -> str:
    """What a pod spec does that a level forbids, as one text ("" when nothing)."""
    checks = {"baseline": BASELINE, "restricted": RESTRICTED}.get(level, ())
    return ", ".join(f"{reason} ({detail})" for check in checks for reason, detail in check(spec))


def _policy(namespace: Obj | None, mode: str) -> tuple[str, str]:
    labels = ((namespace or {}).get("metadata") or {}).get("labels") or {}
    level = labels.get(_LABEL + mode, "privileged")
    return level, f"{level}:{labels.get(_LABEL + mode + '-version', 'latest')}"


class PodSecurity(Plugin):
    """Enforces on pods; warns on pods and on the templates of workloads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def validate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Check a pod or template that is written."""
        if obj is None or request.subresource or request.verb not in ("create", "update", "patch"):
            return
        kind = key(request.info)
        if kind == PODS and (old is None or obj["spec"] != old["spec"]):
            self._pod(request, obj)
        elif kind in _TEMPLATES:
            self._warn(request, _template(obj))

    def _pod(self, request: Request, pod: Obj) -> None:
        namespace = self._store.get(("", "namespaces"), "", request.namespace)
        level, shown = _policy(namespace, "enforce")
        problems = violations(level, pod["spec"])
        if problems:
            why = f'violates PodSecurity "{shown}": {problems}'
            raise forbidden(request.info, pod["metadata"].get("name", ""), why)
        self._warn(request, pod["spec"])

    def _warn(self, request: Request, spec: Obj) -> None:
        namespace = self._store.get(("", "namespaces"), "", request.namespace)
        level, shown = _policy(namespace, "warn")
        problems = violations(level, spec) if spec else ""
        if problems:
            request.warnings.append(f'would violate PodSecurity "{shown}": {problems}')


def _template(obj: Obj) -> Obj:
    spec = obj.get("spec") or {}
    if "jobTemplate" in spec:
        spec = spec["jobTemplate"].get("spec") or {}
    template = spec.get("template") or obj.get("template") or {}
    found: Obj = template.get("spec") or {}
    return found
