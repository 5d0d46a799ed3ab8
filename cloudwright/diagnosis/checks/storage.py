"""Volume claims that do not bind."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from cloudwright.core.finding import Finding, Operator, Remedy
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import absent, finding, near, patch_at
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.pods import deleting, live_pods, users_of
from cloudwright.diagnosis.view import ClusterView

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


_NO_PROVISIONER = "kubernetes.io/no-provisioner"


def users_of_claim(view: ClusterView, claim: Object) -> list[Object]:
    """Workloads and Pods that mount a claim."""
    name, namespace = f.name(claim), f.namespace(claim)
    found = list(users_of(view, "PersistentVolumeClaim", namespace, name))
    for item in view.within("StatefulSet", namespace):
        if any(
            name.startswith(f"{f.name(template)}-{f.name(item)}-")
            for template in f.maps(item, "spec", "volumeClaimTemplates")
        ):
            found.append(item)
    return found


def claims(view: ClusterView) -> Iterator[Finding]:
    """Claims that are pending or lost."""
    for claim in view.of("PersistentVolumeClaim"):
        phase = f.text(claim, "status", "phase")
        if phase == "Lost":
            yield finding(view, "claim-lost", claim, f"Claim {f.name(claim)} has lost its volume {f.text(claim, 'spec', 'volumeName')}",
                          field="spec.volumeName", affected=users_of_claim(view, claim))  # fmt: skip
        elif phase == "Pending" and not deleting(claim) and view.older(claim, timedelta(seconds=2)):
            found = _pending(view, claim)
            if found is not None:
                yield found


def _pending(view: ClusterView, claim: Object) -> Finding | None:
    users = users_of_claim(view, claim)
    name = f.text(claim, "spec", "storageClassName")
    storage = view.find("StorageClass", "", name) if name else None
    failed = view.events_of(claim, "ProvisioningFailed")
    wanted = f.text(claim, "spec", "volumeName")
    if wanted:
        return _named_volume(view, claim, wanted, users)
    if storage is not None and f.text(storage, "volumeBindingMode") == "WaitForFirstConsumer" and not failed:
        waiting = [pod for item in users for pod in live_pods(view, item)]
        if not waiting:
            return None
    if name and view.missing("StorageClass", "", name) and not of_class(view, name):
        return _no_class(view, claim, name, users)
    dynamic = storage is not None and f.text(storage, "provisioner") not in ("", _NO_PROVISIONER)
    if dynamic and failed:
        return finding(
            view, "provisioning-failed", claim, f"The provisioner cannot make a volume: {failed[-1].message[:200]}",
            field="spec.storageClassName", cites=[view.cite_event(failed[-1])], affected=users,
        )  # fmt: skip
    static = _static(view, claim, users)
    if static is not None:
        return static
    if (
        name == ""
        and "storageClassName" not in f.mapping(claim, "spec")
        and not default_classes(view)
        and view.knows("StorageClass")
    ):
        return finding(
            view, "no-default-storage-class", claim, f"Claim {f.name(claim)} names no storage class and the cluster has no default one",
            field="spec.storageClassName", affected=users,
        )  # fmt: skip
    events = view.events_of(claim)
    if dynamic and not events and not view.older(claim, timedelta(minutes=1)):
        return None
    return finding(
        view, "claim-pending", claim, f"Claim {f.name(claim)} waits for a volume" + (f": {events[-1].message[:160]}" if events else ""),
        cites=[view.cite_event(events[-1])] if events else [], affected=users,
    )  # fmt: skip


def of_class(view: ClusterView, name: str) -> list[Object]:
    """Volumes of a storage class."""
    return [item for item in view.of("PersistentVolume") if f.text(item, "spec", "storageClassName") == name]


def default_classes(view: ClusterView) -> list[Object]:
    """Storage classes that are marked as the default."""
    return [
        item for item in view.of("StorageClass") if f.text(item, "metadata", "annotations", DEFAULT_CLASS) == "true"
    ]


def _no_class(view: ClusterView, claim: Object, name: str, users: list[Object]) -> Finding:
    classes = [f.name(item) for item in view.of("StorageClass")]
    fitting = [
        item
        for item in view.of("PersistentVolume")
        if _misfits(claim, item) <= {"class"} and f.text(item, "status", "phase") == "Available"
    ]
    if fitting:
        other = f.text(fitting[0], "spec", "storageClassName") or '""'
        hint = f"; PersistentVolume {f.name(fitting[0])} would fit but for its class {other}"
    else:
        hint = f"; the classes are {', '.join(classes)}" if classes else "; the cluster has none"
    close = near(name, classes)
    template = _template_owner(view, claim)
    return finding(
        view, "claim-storage-class-missing", template or claim, f"Storage class {name} of claim {f.name(claim)} does not exist{hint}",
        field="spec.volumeClaimTemplates" if template else "spec.storageClassName",
        facts=[(absent("StorageClass", "", name), "", Operator.ABSENT, None)],
        cites=[view.cite(claim, "spec.storageClassName", name), *(view.cite_event(item) for item in view.events_of(claim)[-1:])],
        affected=[claim, *users] if template else users, unseen=[f"Did you mean class {close[0]}?"] if close else [],
    )  # fmt: skip


def _template_owner(view: ClusterView, claim: Object) -> Object | None:
    """The StatefulSet whose template made this claim."""
    for item in view.within("StatefulSet", f.namespace(claim)):
        for template in f.maps(item, "spec", "volumeClaimTemplates"):
            if f.name(claim).startswith(f"{f.name(template)}-{f.name(item)}-"):
                return item
    return None


def _named_volume(view: ClusterView, claim: Object, wanted: str, users: list[Object]) -> Finding | None:
    volume = view.find("PersistentVolume", "", wanted)
    if volume is None:
        if not view.knows("PersistentVolume"):
            return None
        return finding(
            view,
            "volume-missing",
            claim,
            f"Claim {f.name(claim)} asks for volume {wanted}, which does not exist",
            field="spec.volumeName",
            affected=users,
        )
    misfits = _misfits(claim, volume)
    return _misfit(view, claim, volume, misfits, users) if misfits else None


@dataclass(frozen=True)
class _Candidate:
    volume: Object
    misfits: frozenset[str]


def _static(view: ClusterView, claim: Object, users: list[Object]) -> Finding | None:
    """The volume that comes closest to a claim, and what keeps them apart."""
    candidates = [_Candidate(item, frozenset(_misfits(claim, item))) for item in view.of("PersistentVolume")]
    candidates = [item for item in candidates if item.misfits and not _foreign(item)]
    if not candidates:
        return None
    best = min(
        candidates,
        key=lambda item: (
            len(item.misfits),
            "claimed" in item.misfits,
            "released" in item.misfits,
            not _kindred(claim, item.volume),
        ),
    )
    if len(best.misfits) > 2:
        return None
    return _misfit(view, claim, best.volume, set(best.misfits), users)


def _foreign(item: _Candidate) -> bool:
    """Volumes of other classes that were provisioned for somebody else say nothing about this claim."""
    return "class" in item.misfits and bool({"claimed", "released"} & item.misfits)


def _kindred(claim: Object, volume: Object) -> bool:
    stem = re.split(r"[-_.]", f.name(claim))[0]
    return f.name(volume).startswith(stem)


def _misfits(claim: Object, volume: Object) -> set[str]:
    found = set()
    spec, held = f.mapping(claim, "spec"), f.mapping(volume, "spec", "claimRef")
    mine = held and f.text(held, "name") == f.name(claim) and f.text(held, "namespace") == f.namespace(claim)
    if held and not mine:
        found.add("released" if f.text(volume, "status", "phase") in ("Released", "Failed") else "claimed")
    elif mine and f.text(volume, "status", "phase") in ("Released", "Failed"):
        found.add("released")
    if (f.text(spec, "storageClassName") or "") != (f.text(volume, "spec", "storageClassName") or ""):
        found.add("class")
    if not set(f.strings(spec, "accessModes")) <= set(f.strings(volume, "spec", "accessModes")):
        found.add("modes")
    if f.amount(spec, "resources", "requests", "storage") > f.amount(volume, "spec", "capacity", "storage"):
        found.add("capacity")
    if not f.matches(f.get(spec, "selector"), f.labels(volume, "metadata", "labels")):
        found.add("selector")
    if (f.text(spec, "volumeMode") or "Filesystem") != (f.text(volume, "spec", "volumeMode") or "Filesystem"):
        found.add("mode")
    return found


_MISFITS: tuple[tuple[str, str, str], ...] = (
    ("selector", "claim-selector-mismatch", "spec.selector"),
    ("capacity", "claim-capacity-mismatch", "spec.resources.requests.storage"),
    ("modes", "claim-access-mode-mismatch", "spec.accessModes"),
    ("class", "claim-storage-class-mismatch", "spec.storageClassName"),
    ("mode", "claim-volume-mode-mismatch", "spec.volumeMode"),
    ("released", "volume-released", "spec.claimRef"),
    ("claimed", "volume-already-claimed", "spec.volumeName"),
)


def _misfit(view: ClusterView, claim: Object, volume: Object, misfits: set[str], users: list[Object]) -> Finding:
    name, kind, field = next(item for item in _MISFITS if item[0] in misfits)
    spec, has = f.mapping(claim, "spec"), f.mapping(volume, "spec")
    holder = f.mapping(volume, "spec", "claimRef")
    texts = {
        "selector": f"selects {_show(f.get(spec, 'selector'))}, the volume is labelled {_show(f.labels(volume, 'metadata', 'labels'))}",
        "capacity": f"asks for {f.text(spec, 'resources', 'requests', 'storage')}, the volume has {f.text(has, 'capacity', 'storage')}",
        "modes": f"asks for {', '.join(f.strings(spec, 'accessModes'))}, the volume offers {', '.join(f.strings(has, 'accessModes'))}",
        "class": f"is of class {f.text(spec, 'storageClassName') or '(none)'}, the volume of {f.text(has, 'storageClassName') or '(none)'}",
        "mode": "asks for another volume mode than the volume has",
        "released": f"could use the volume, but it is still reserved for the deleted claim {f.text(holder, 'namespace')}/{f.text(holder, 'name')}",
        "claimed": f"could use the volume, but it is bound to claim {f.text(holder, 'namespace')}/{f.text(holder, 'name')}",
    }
    remedies: list[Remedy | None] = []
    target = claim
    if name == "released":
        target = volume
        remedies.append(
            patch_at(
                volume,
                f"Free volume {f.name(volume)} for new claims",
                ("spec", "claimRef"),
                None,
                risk="Data of the deleted claim becomes visible to the next one.",
            )
        )
    elif name == "selector":
        wanted = f.labels(spec, "selector", "matchLabels")
        remedies.append(
            patch_at(volume, f"Label volume {f.name(volume)} as the claim selects", ("metadata", "labels"), wanted)
        )
    return finding(
        view, kind, target, f"Claim {f.name(claim)} {texts[name]} (PersistentVolume {f.name(volume)})", field=field,
        cites=[view.cite(claim, field), view.cite(volume, "spec"), *(view.cite_event(item) for item in view.events_of(claim)[-1:])],
        remedies=remedies, affected=[*([claim] if target is volume else []), *users],
    )  # fmt: skip


def _show(value: object) -> str:
    if isinstance(value, dict):
        inner = value.get("matchLabels") if "matchLabels" in value else value
        return (
            ", ".join(f"{key}={item}" for key, item in inner.items())
            if isinstance(inner, dict) and inner
            else "nothing"
        )
    return "nothing" if value is None else str(value)
