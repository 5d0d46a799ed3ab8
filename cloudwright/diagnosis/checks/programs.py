"""What programs say of themselves: files, space, memory, settings, certificates, protocols."""

import re
from collections.abc import Iterator

from cloudwright.core.finding import Finding, Remedy, Severity
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.complaints import Complaint, cite, complaints
from cloudwright.diagnosis.checks.make import finding, patch_template, previous_container, undo
from cloudwright.diagnosis.dependencies import Reason
from cloudwright.diagnosis.health import failing_pods
from cloudwright.diagnosis.pods import template_containers
from cloudwright.diagnosis.view import ClusterView, spec_path

_OWN = {
    Reason.TLS_EXPIRED: ("tls-certificate-expired-seen", "is shown an expired certificate"),
    Reason.TLS_UNTRUSTED: ("tls-certificate-untrusted", "does not trust the certificate it is shown"),
    Reason.TLS_NAME: ("tls-certificate-other-name", "is shown a certificate for another name"),
    Reason.TLS: ("tls-handshake-failing", "cannot agree on TLS"),
    Reason.PROTOCOL: ("protocol-mismatch", "is spoken to in another protocol than it speaks"),
    Reason.UNIMPLEMENTED: (
        "wrong-program-serves",
        "calls a method that the server does not have: another program answers there",
    ),
    Reason.RATE_LIMITED: ("dependency-rate-limits", "is rate limited by a server"),
    Reason.API_MISSING: ("api-version-missing", "asks for an API that the server does not have"),
    Reason.PORT_DENIED: ("port-permission-denied", "may not listen on its port"),
    Reason.FILE_DENIED: ("file-permission-denied", "may not open a file"),
    Reason.FILE_MISSING: ("file-missing", "misses a file"),
    Reason.FILE_READ_ONLY: ("file-system-read-only", "cannot write to a read-only file system"),
    Reason.NO_SPACE: ("volume-full", "has no space left on a device"),
    Reason.TOO_MANY_FILES: ("too-many-open-files", "has too many files open"),
    Reason.OUT_OF_MEMORY: ("application-out-of-memory", "runs out of memory"),
    Reason.EXEC_FORMAT: ("image-architecture-mismatch", "is built for another architecture"),
    Reason.SETTING_MISSING: ("setting-missing", "misses a setting"),
    Reason.SETTING_INVALID: ("setting-invalid", "is given a setting that it cannot read"),
}
_QUIET = frozenset(
    {
        Reason.FILE_MISSING,
        Reason.UNIMPLEMENTED,
        Reason.SETTING_INVALID,
        Reason.RATE_LIMITED,
        Reason.TLS,
        Reason.PROTOCOL,
        Reason.SETTING_MISSING,
    }
)


def programs(view: ClusterView) -> Iterator[Finding]:
    """What programs say of themselves: files, space, memory, settings, certificates, protocols."""
    done: set[tuple[int, Reason]] = set()
    for item in complaints(view):
        reason = item.error.reason
        if reason not in _OWN or (id(item.client), reason) in done or (not item.hurt and reason in _QUIET):
            continue
        done.add((id(item.client), reason))
        kind, what = _OWN[reason]
        if reason is Reason.FILE_DENIED:
            kind = "volume-permission-denied" if _on_volume(view, item) else kind
        detail = f" ({item.error.detail})" if item.error.detail else ""
        field, remedies = _own_field(view, item)
        yield finding(
            view, kind, item.client, f"{f.name(item.client)} {what}{detail}: {item.error.quote[:160]}", field=field,
            cites=[cite(view, item)], affected=[item.client, *failing_pods(view, item.client)], remedies=remedies,
            severity=None if item.hurt else Severity.WARNING,
        )  # fmt: skip


def _on_volume(view: ClusterView, item: Complaint) -> bool:
    """Whether the container has a writable volume that the file can be on."""
    mounts = [f.text(mount, "mountPath") for one in template_containers(item.client) for mount in f.maps(one.spec, "volumeMounts")
              if not f.text(mount, "mountPath").startswith("/var/run/secrets")]  # fmt: skip
    path = item.error.detail
    return any(path.startswith(mount) for mount in mounts) if path.startswith("/") else bool(mounts)


_OPTION = re.compile(r"(?:unknown|unrecognized|unrecognised|illegal|invalid) (?:flag|option|arguments?)", re.I)


def _setting_field(view: ClusterView, item: Complaint, container: str) -> str:
    """Where a setting comes from: what the last rollout changed, else the command line for options, else env."""
    now = next((one.spec for one in template_containers(item.client) if one.name == container), {})
    before = previous_container(view, item.client, container)
    changed = [key for key in _SOURCES if before is not None and before.get(key) != now.get(key)]
    if changed:
        return changed[0]
    if _OPTION.search(item.error.quote):
        return "args" if now.get("args") else "command"
    return "env"


_SOURCES = ("command", "args", "env", "envFrom")


def _own_field(view: ClusterView, item: Complaint) -> tuple[str, list[Remedy | None]]:
    base = spec_path(item.client)
    if item.error.reason is Reason.FILE_DENIED and item.client.get("kind") not in ("Pod", "Job"):
        user = f.get(item.client, "spec", "template", "spec", "securityContext", "runAsUser")
        group = user if isinstance(user, int) else 1000
        return f"{base}.securityContext", [
            undo(view, item.client),
            patch_template(item.client, f"Give volumes to group {group}", {"securityContext": {"fsGroup": group}}),
        ]
    if item.error.reason in (Reason.SETTING_MISSING, Reason.SETTING_INVALID):
        container = item.error.log.container
        field = f"{base}.containers[{container}].{_setting_field(view, item, container)}" if container else base
        return field, [undo(view, item.client)]
    return "", [undo(view, item.client)]
