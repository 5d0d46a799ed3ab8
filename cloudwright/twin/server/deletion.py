"""When and how an object goes: grace, finalizers, preconditions, and what is answered."""

from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.clock import Clock, parse_timestamp
from cloudwright.twin.schema.kinds import ResourceInfo
from cloudwright.twin.server.errors import (
    StatusError,
    quoted,
)


def grace_period(info: ResourceInfo, old: Obj, asked: int | None) -> int:
    """Seconds that a deleted object is given: bound pods alone have some."""
    if info.storage != ("", "pods"):
        return 0
    spec, phase = old["spec"], (old.get("status") or {}).get("phase")
    if not spec.get("nodeName") or phase in ("Succeeded", "Failed"):
        return 0
    grace = spec.get("terminationGracePeriodSeconds", 30) if asked is None else asked
    return 1 if grace < 0 else int(grace)


def mark_deleted(clock: Clock, info: ResourceInfo, obj: Obj, options: Any, grace: int) -> bool:
    """Set the deletion fields in place; returns whether the object stays for now."""
    metadata = obj["metadata"]
    finalizers = _propagation_finalizers(
        metadata.get("finalizers") or [], options, "Orphan" if info.storage in ORPHANS else None
    )
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)
    namespace = info.storage == ("", "namespaces") and (obj.get("spec") or {}).get("finalizers")
    pending = metadata.get("deletionTimestamp")
    if pending:
        left = metadata.get("deletionGracePeriodSeconds") or 0
        if left and options.grace_period is not None and grace < left:
            start = parse_timestamp(pending) - left
            due = max(start + grace, clock.now())
            metadata["deletionTimestamp"] = _stamp(due)
            metadata["deletionGracePeriodSeconds"] = left = grace
        return bool(left or finalizers or namespace)
    if not (grace or finalizers or namespace):
        return False
    metadata["deletionTimestamp"] = _stamp(clock.now() + grace)
    if not namespace:
        metadata["deletionGracePeriodSeconds"] = grace
    if metadata.get("generation"):
        metadata["generation"] += 1
    if namespace:
        obj["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}
    return True


def deleted_answer(info: ResourceInfo, last: Obj) -> Obj:
    """What a finished deletion answers: the object for some kinds, else a Status."""
    if (info.resource.group, info.resource.plural) in RETURN_DELETED:
        return last
    metadata = last["metadata"]
    details = {
        "name": metadata["name"],
        "group": info.resource.group,
        "kind": info.resource.plural,
        "uid": metadata["uid"],
    }
    details = {name: value for name, value in details.items() if value}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


ORPHANS = {("batch", "jobs"), ("", "replicationcontrollers")}


RETURN_DELETED = {
    ("", "pods"),
    ("", "services"),
    ("", "serviceaccounts"),
    ("", "persistentvolumes"),
    ("", "persistentvolumeclaims"),
    ("", "podtemplates"),
    ("", "resourcequotas"),
    ("", "namespaces"),
    ("storage.k8s.io", "storageclasses"),
    ("storage.k8s.io", "csidrivers"),
    ("storage.k8s.io", "csinodes"),
    ("storage.k8s.io", "volumeattachments"),
    ("storage.k8s.io", "volumeattributesclasses"),
    ("resource.k8s.io", "resourceclaims"),
    ("resource.k8s.io", "resourceclaimtemplates"),
    ("resource.k8s.io", "resourceslices"),
    ("resource.k8s.io", "deviceclasses"),
}


def delete_conflict(info: ResourceInfo, name: str, why: str) -> StatusError:
    """409 for a precondition of a deletion that does not hold."""
    group = info.resource.group
    kind = info.resource.plural if info.storage == ("", "namespaces") else info.kind
    group = refusal_group(info)
    subject = f"{kind}.{group}" if group else kind
    details = {key: value for key, value in (("name", name), ("group", group), ("kind", kind)) if value}
    return StatusError(409, "Conflict", f"Operation cannot be fulfilled on {subject} {quoted(name)}: {why}", details)


def _propagation_finalizers(present: list[str], options: Any, default: str | None = None) -> list[str]:
    policy = options.propagation or default
    if options.propagation is None and options.orphan_dependents is not None:
        policy = "Orphan" if options.orphan_dependents else "Background"
    if policy is None:
        return list(present)
    kept = [each for each in present if each not in ("orphan", "foregroundDeletion")]
    if policy == "Orphan":
        kept.append("orphan")
    elif policy == "Foreground":
        kept.append("foregroundDeletion")
    return kept


def _stamp(moment: float) -> str:
    return Clock(moment).timestamp()


def refusal_group(info: ResourceInfo) -> str:
    """The group that a refusal names: events are those of the core group."""
    return "" if info.resource.plural == "events" else info.resource.group
