"""Privileges that a pod template asks for, wherever it is in an object.

The list is the baseline level of the Pod Security Standards, plus the identity that the pod runs as.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cloudwright.core.tool import Effect

_BASELINE_CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
        "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    }
)  # fmt: skip
_SAFE_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_syncookies",
    }
)  # fmt: skip
_SAFE_SELINUX = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
_CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")
_APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
_SAFE_APPARMOR = ("runtime/default", "localhost/")
_IDENTITY = "runs as ServiceAccount "


def new_privileges(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[Effect, str]]:
    """Privileges in `after` that `before` does not have, in words."""
    had = set(privileges(before))
    return [(Effect.GRANT, text) for text in dict.fromkeys(privileges(after)) if text not in had]


def privileges(obj: Any) -> Iterator[str]:
    """Every privilege that pod specs anywhere inside the object ask for, in words."""
    if isinstance(obj, Mapping):
        if isinstance(obj.get("containers"), list):
            yield from _of_pod(obj)
        yield from _of_annotations(obj.get("annotations"))
        for value in obj.values():
            yield from privileges(value)
    elif isinstance(obj, list):
        for item in obj:
            yield from privileges(item)


def _of_pod(spec: Mapping[str, Any]) -> Iterator[str]:
    for flag in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(flag):
            yield f"shares the node's {flag.removeprefix('host')} namespace ({flag})"
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account and account != "default":
        yield f"{_IDENTITY}{account}"
    for volume in _maps(spec.get("volumes")):
        if "hostPath" in volume:
            path = volume["hostPath"].get("path") if isinstance(volume["hostPath"], Mapping) else volume["hostPath"]
            yield f"mounts the node's {path} (hostPath)"
    yield from _of_security_context("the pod", spec.get("securityContext"))
    for name in _CONTAINER_LISTS:
        for container in _maps(spec.get(name)):
            yield from _of_container(container)


def _of_container(container: Mapping[str, Any]) -> Iterator[str]:
    who = f"container {container.get('name')}"
    yield from _of_security_context(who, container.get("securityContext"))
    for port in _maps(container.get("ports")):
        if port.get("hostPort"):
            yield f"{who} takes port {port['hostPort']} of the node (hostPort)"


def _of_security_context(who: str, context: Any) -> Iterator[str]:
    if not isinstance(context, Mapping):
        return
    if context.get("privileged"):
        yield f"{who} is privileged: it has the node's rights"
    capabilities = context.get("capabilities")
    added = capabilities.get("add") or () if isinstance(capabilities, Mapping) else ()
    strong = [str(item) for item in added if str(item).upper().removeprefix("CAP_") not in _BASELINE_CAPABILITIES]
    if strong:
        yield f"{who} gets the capabilities {', '.join(strong)}"
    if str(context.get("procMount") or "Default") != "Default":
        yield f"{who} sees an unmasked /proc"
    for name in ("seccompProfile", "appArmorProfile"):
        profile = context.get(name)
        if isinstance(profile, Mapping) and profile.get("type") == "Unconfined":
            yield f"{who} runs without {name.removesuffix('Profile')} limits"
    yield from _of_options(who, context)


def _of_options(who: str, context: Mapping[str, Any]) -> Iterator[str]:
    selinux = context.get("seLinuxOptions")
    if isinstance(selinux, Mapping):
        custom = selinux.get("type", "") not in _SAFE_SELINUX or selinux.get("user") or selinux.get("role")
        if custom:
            yield f"{who} has custom SELinux options"
    windows = context.get("windowsOptions")
    if isinstance(windows, Mapping) and windows.get("hostProcess"):
        yield f"{who} is a Windows host process"
    unsafe = [str(item.get("name")) for item in _maps(context.get("sysctls")) if item.get("name") not in _SAFE_SYSCTLS]
    if unsafe:
        yield f"{who} sets the kernel parameters {', '.join(unsafe)}"


def _of_annotations(annotations: Any) -> Iterator[str]:
    if not isinstance(annotations, Mapping):
        return
    for key, value in annotations.items():
        if str(key).startswith(_APPARMOR_ANNOTATION) and not str(value).startswith(_SAFE_APPARMOR):
            yield f"container {str(key).removeprefix(_APPARMOR_ANNOTATION)} runs without AppArmor limits"


def _maps(items: Any) -> list[Mapping[str, Any]]:
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
