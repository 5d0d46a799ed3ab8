"""What changed, and when: rollouts, edits, scaling, node events."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.model import Sort, TimelineEntry
from cloudwright.diagnosis.view import ClusterView

RECENT = timedelta(hours=1)
_EVENTS: Mapping[str, Sort] = {
    "ScalingReplicaSet": "change", "SuccessfulRescale": "scale", "NodeNotReady": "node", "NodeReady": "node", "NodeNotSchedulable": "node",
    "NodeSchedulable": "node", "Rebooted": "node", "Starting": "node", "EvictionThresholdMet": "node", "Killing": "event", "BackOff": "event",
    "FailedScheduling": "event", "FailedCreate": "event", "Unhealthy": "event", "FailedMount": "event", "Failed": "event", "OOMKilling": "node",
    "TaintManagerEviction": "node", "Evicted": "node", "Preempted": "event", "DeploymentRollback": "change",
}  # fmt: skip
_WATCHED = ("ConfigMap", "Secret", "Service", "Deployment", "StatefulSet", "DaemonSet", "Ingress", "NetworkPolicy", "ResourceQuota",
            "LimitRange", "Role", "RoleBinding", "Namespace", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "HorizontalPodAutoscaler",
            "PersistentVolumeClaim", "StorageClass", "Node", "CronJob")  # fmt: skip


def last_edit(obj: Object) -> tuple[datetime, str] | None:
    """When somebody last edited an object (not its status), and with what."""
    edits = [
        (stamp, f.text(item, "manager"))
        for item in f.maps(obj, "metadata", "changes")
        if item.get("subresource") not in ("status", "scale")
        and (stamp := f.when(item, "time"))
        and not _machine(f.text(item, "manager"))
    ]
    return max(edits, default=None)


def _machine(manager: str) -> bool:
    return manager in ("kube-controller-manager", "kubelet", "kube-scheduler", "kube-apiserver") or manager.endswith(
        "-controller"
    )


def recently_changed(view: ClusterView, ref: ObjectRef, within: timedelta = RECENT) -> bool:
    """Whether an object was edited not long before the snapshot, and after it was made."""
    obj = view.lookup(ref)
    edit = last_edit(obj) if obj is not None else None
    created = f.when(obj, "metadata", "creationTimestamp") if obj is not None else None
    if edit is None:
        return False
    since = view.since(edit[0])
    return since is not None and since <= within and (created is None or edit[0] - created > timedelta(seconds=5))


def timeline(view: ClusterView, since: timedelta | None = None, limit: int = 200) -> list[TimelineEntry]:
    """Changes and telling events, newest last; at most the newest `limit`."""
    entries = [
        item for item in [*_changes(view), *_events(view)] if since is None or view.collected_at - item.at <= since
    ]
    return sorted(entries, key=lambda item: item.at)[-limit:]


def _changes(view: ClusterView) -> Iterator[TimelineEntry]:
    for kind in _WATCHED:
        for obj in view.of(kind):
            edit, created = last_edit(obj), f.when(obj, "metadata", "creationTimestamp")
            if edit is not None and (created is None or edit[0] - created > timedelta(seconds=2)):
                yield TimelineEntry(
                    at=edit[0],
                    object=view.ref(obj),
                    what=f"edited with {edit[1] or 'an unknown client'}",
                    sort="change",
                )
            elif created is not None and kind not in ("Node", "Namespace"):
                yield TimelineEntry(at=created, object=view.ref(obj), what="created", sort="change")
    for item in view.of("ReplicaSet"):
        made, above = f.when(item, "metadata", "creationTimestamp"), view.owner(item)
        number = f.integer(item, "metadata", "annotations", "deployment.kubernetes.io/revision")
        if made is not None and above is not None and number > 1:
            yield TimelineEntry(at=made, object=view.ref(above), what=f"rolled out revision {number}", sort="change")


def _events(view: ClusterView) -> Iterator[TimelineEntry]:
    for event in view.events_with(*_EVENTS):
        if event.last is None or (not event.warning and _EVENTS[event.reason] == "event"):
            continue
        ref = ObjectRef(kind=event.kind or "Event", name=event.name or "-", namespace=event.namespace, uid=event.uid)
        times = f" (x{event.count})" if event.count > 1 else ""
        yield TimelineEntry(
            at=event.last, object=ref, what=f"{event.reason}{times}: {event.message[:160]}", sort=_EVENTS[event.reason]
        )
