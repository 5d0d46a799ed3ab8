"""Volumes that do not attach, mount or grow, and storage classes."""

import re
from collections.abc import Iterator

from cloudwright.core.finding import Finding, Severity
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import finding
from cloudwright.diagnosis.checks.storage import default_classes, of_class, users_of_claim
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.observations import Event
from cloudwright.diagnosis.pods import live_pods, references_of, replicas
from cloudwright.diagnosis.view import ClusterView, spec_path


def mounts(view: ClusterView) -> Iterator[Finding]:
    """Volumes that cannot be attached or mounted."""
    for event in _current(view, "FailedAttachVolume"):
        pod = view.find("Pod", event.namespace, event.name)
        if pod is None:
            continue
        top = view.top(pod)
        if "Multi-Attach" in event.message:
            claim = _shared_claim(view, top)
            yield finding(
                view, "volume-multi-attach", top,
                "A volume that only one node may use is wanted on two: " + event.message[:160],
                field=f"{spec_path(top)}.volumes" if claim else "spec.replicas", cites=[view.cite_event(event)], affected=[pod, *([claim] if claim else [])],
            )  # fmt: skip
        else:
            yield finding(
                view,
                "volume-attach-failed",
                top,
                f"A volume cannot be attached: {event.message[:200]}",
                field=f"{spec_path(top)}.volumes",
                cites=[view.cite_event(event)],
                affected=[pod],
            )
    for event in _current(view, "FailedMount"):
        pod = view.find("Pod", event.namespace, event.name)
        if pod is None or re.search(
            r"\"?[\w.-]+\"? not found|references non-existent|timed out waiting for the condition|couldn't find key",
            event.message,
        ):
            continue
        top = view.top(pod)
        kind = (
            "volume-path-missing"
            if re.search(r"hostPath type check failed|no such file or directory|does not exist", event.message)
            else "volume-mount-failed"
        )
        if re.search(r"permission denied|access denied", event.message, re.I):
            kind = "volume-permission-denied"
        yield finding(
            view,
            kind,
            top,
            f"A volume cannot be mounted: {event.message[:200]}",
            field=f"{spec_path(top)}.volumes",
            cites=[view.cite_event(event)],
            affected=[pod],
        )


def _current(view: ClusterView, reason: str) -> list[Event]:
    """Newest event of this reason per workload, of Pods that have not started yet."""
    found: dict[str, Event] = {}
    for event in view.events_with(reason):
        pod = view.find("Pod", event.namespace, event.name)
        if (
            pod is None
            or (event.uid and f.uid(pod) and event.uid != f.uid(pod))
            or f.condition_is(pod, "Ready", "True")
        ):
            continue
        if any(
            f.get(item, "state", "running") is not None
            or f.get(item, "state", "terminated")
            or f.integer(item, "restartCount")
            for item in f.maps(pod, "status", "containerStatuses")
        ):
            continue
        found[str(view.ref(view.top(pod)))] = event
    return list(found.values())


def _shared_claim(view: ClusterView, top: Object) -> Object | None:
    for ref in references_of(view, top):
        claim = (
            view.find("PersistentVolumeClaim", f.namespace(top), ref.name)
            if ref.kind == "PersistentVolumeClaim"
            else None
        )
        if claim is not None and "ReadWriteOnce" in f.strings(claim, "spec", "accessModes"):
            return claim
    return None


def shared_claims(view: ClusterView) -> Iterator[Finding]:
    """Several replicas (or workloads) on one ReadWriteOnce claim: fine on one node, stuck on two."""
    for item in view.of("Deployment"):
        claim = _shared_claim(view, item)
        if claim is None or replicas(item) < 2:
            continue
        nodes = {f.text(pod, "spec", "nodeName") for pod in live_pods(view, item)} - {""}
        stuck = [pod for pod in live_pods(view, item) if view.events_of(pod, "FailedAttachVolume", "FailedMount")]
        if not stuck:
            yield finding(
                view, "claim-shared-by-replicas", item,
                f"{replicas(item)} replicas share claim {f.name(claim)}, which only one node may use at a time ({len(nodes)} nodes now)",
                field="spec.replicas", affected=[claim],
            )  # fmt: skip


def volumes_and_classes(view: ClusterView) -> Iterator[Finding]:
    """Failed volumes, several default classes, StatefulSets whose class is absent."""
    for volume in view.of("PersistentVolume"):
        if f.text(volume, "status", "phase") == "Failed":
            yield finding(
                view,
                "volume-failed",
                volume,
                f"PersistentVolume {f.name(volume)} failed: {f.text(volume, 'status', 'message')[:160]}",
                field="status.phase",
            )
    defaults = default_classes(view)
    if len(defaults) > 1:
        names = ", ".join(f.name(item) for item in defaults)
        yield finding(
            view,
            "default-storage-classes",
            defaults[-1],
            f"{len(defaults)} storage classes are the default ({names})",
            field="metadata.annotations",
            affected=defaults,
        )
    for item in view.of("StatefulSet"):
        for template in f.maps(item, "spec", "volumeClaimTemplates"):
            name = f.text(template, "spec", "storageClassName")
            if name and view.missing("StorageClass", "", name) and not of_class(view, name):
                made = [
                    claim
                    for claim in view.within("PersistentVolumeClaim", f.namespace(item))
                    if f.name(claim).startswith(f"{f.name(template)}-{f.name(item)}-")
                ]
                if not made:
                    yield finding(
                        view, "claim-storage-class-missing", item, f"Storage class {name} of StatefulSet {f.name(item)} does not exist",
                        field="spec.volumeClaimTemplates", severity=Severity.WARNING,
                    )  # fmt: skip


def full_volumes(view: ClusterView) -> Iterator[Finding]:
    """Resizes that are stuck."""
    for claim in view.of("PersistentVolumeClaim"):
        events = view.events_of(claim, "VolumeResizeFailed", "FileSystemResizeFailed")
        asked, have = (
            f.amount(claim, "spec", "resources", "requests", "storage"),
            f.amount(claim, "status", "capacity", "storage"),
        )
        if events and asked > have > 0:
            yield finding(
                view, "volume-resize-failed", claim, f"Claim {f.name(claim)} cannot grow to {f.size(asked)}: {events[-1].message[:160]}",
                field="spec.resources.requests.storage", cites=[view.cite_event(events[-1])], affected=users_of_claim(view, claim),
            )  # fmt: skip
