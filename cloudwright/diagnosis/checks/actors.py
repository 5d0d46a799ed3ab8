"""Somebody who works against the state that is wanted: jobs that change it back, counts set against an autoscaler."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from cloudwright.core.finding import Finding, Severity
from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import API_VERSIONS, absent, finding, patch_at
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.health import failing
from cloudwright.diagnosis.pods import replicas, template_containers
from cloudwright.diagnosis.timeline import last_edit
from cloudwright.diagnosis.view import ClusterView

_CHANGES = re.compile(
    r"\b(?:kubectl|oc)\b[^\n;&|]*?\b(delete|patch|scale|set|replace|apply|edit|rollout|cordon|drain|taint|label|annotate)\b([^\n;&|]*)"
)
_KINDS = {
    "deployment": "Deployment", "deploy": "Deployment", "statefulset": "StatefulSet", "sts": "StatefulSet",
    "daemonset": "DaemonSet", "ds": "DaemonSet", "service": "Service", "svc": "Service", "configmap": "ConfigMap",
    "cm": "ConfigMap", "secret": "Secret", "horizontalpodautoscaler": "HorizontalPodAutoscaler",
    "hpa": "HorizontalPodAutoscaler", "ingress": "Ingress", "ing": "Ingress", "networkpolicy": "NetworkPolicy",
    "netpol": "NetworkPolicy", "persistentvolumeclaim": "PersistentVolumeClaim", "pvc": "PersistentVolumeClaim",
}  # fmt: skip
_TARGET = re.compile(r"\b([a-z]+)(?:\.apps)?[ /]+([a-z0-9][a-z0-9.-]*)")
_ALTERNATIONS = 2
"""How often a workload must have come back to each of two templates."""
_ACTIVE = timedelta(hours=2)


def recurring(view: ClusterView) -> Iterator[Finding]:
    """CronJobs that change an object which is in trouble, and workloads that go to and fro between two templates."""
    known: set[ObjectRef] = set()
    for cron in view.of("CronJob"):
        if f.get(cron, "spec", "suspend") is True or not _ran_lately(view, cron):
            continue
        for verb, target, ref in _targets(view, cron):
            trouble = _trouble(view, cron, verb, target, ref)
            if trouble:
                known.add(ref)
                yield finding(
                    view, "edited-again-and-again", cron,
                    f"CronJob {f.name(cron)} runs `{verb}` on {ref.kind} {ref.name} ({f.text(cron, 'spec', 'schedule')}), which {trouble}: a repair lasts "
                    "until its next run", field="spec.suspend", affected=[ref],
                    cites=[view.cite(cron, "spec.jobTemplate.spec.template.spec.containers", verb)],
                    remedies=[patch_at(cron, f"Suspend CronJob {f.name(cron)}", ("spec", "suspend"), True, risk="What else it does is not done either.")],
                )  # fmt: skip
    for workload in view.of("Deployment"):
        if view.ref(workload) not in known:
            yield from _alternating(view, workload)


def _ran_lately(view: ClusterView, cron: Object) -> bool:
    since = view.since(f.when(cron, "status", "lastScheduleTime"))
    return since is not None and since <= _ACTIVE


def _targets(view: ClusterView, cron: Object) -> Iterator[tuple[str, Object | None, ObjectRef]]:
    """What the commands of a CronJob change by name: the verb, the object if it is there, and its reference."""
    for item in template_containers(cron):
        text = " ".join([*f.strings(item.spec, "command"), *f.strings(item.spec, "args")])
        for match in _CHANGES.finditer(text):
            space = re.search(r"(?:-n|--namespace)[ =]([a-z0-9-]+)", match[0])
            namespace = space[1] if space else f.namespace(cron)
            for word, name in _TARGET.findall(match[2]):
                kind = _KINDS.get(word) or _KINDS.get(word.removesuffix("s")) or _KINDS.get(word.removesuffix("es"))
                if kind is not None:
                    target = view.find(kind, namespace, name)
                    yield match[1], target, view.ref(target) if target is not None else absent(kind, namespace, name)


def _trouble(view: ClusterView, cron: Object, verb: str, target: Object | None, ref: ObjectRef) -> str:
    """What is wrong with the object since the last run; "" where nothing is."""
    if target is None:
        needed = verb == "delete" and ref.kind in API_VERSIONS and view.missing(ref.kind, ref.namespace, ref.name)
        return "does not exist" if needed else ""
    if verb in ("rollout", "label", "annotate"):
        return ""
    edit, ran = last_edit(target), f.when(cron, "status", "lastScheduleTime")
    if verb != "scale" and (edit is None or ran is None or edit[0] < ran - timedelta(seconds=5)):
        return ""
    if target.get("kind") in ("Deployment", "StatefulSet", "DaemonSet"):
        if verb == "scale" and replicas(target) == 0:
            return "has no replicas"
        return "is failing" if failing(view, target) else ""
    return ""


def _alternating(view: ClusterView, workload: Object) -> Iterator[Finding]:
    """The Deployment controller notes the revisions that each template has been: several for two of them may be a fight.

    How long ago they were is not noted, so it makes a difference only where the workload is in trouble now.
    """
    back = {
        f.name(item): len([part for part in f.text(item, "metadata", "annotations", _HISTORY).split(",") if part])
        for item in view.children(workload, "ReplicaSet")
    }
    often = sorted((count for count in back.values() if count >= _ALTERNATIONS), reverse=True)
    newest = max(
        (at for item in view.children(workload, "ReplicaSet") if (at := f.when(item, "metadata", "creationTimestamp"))),
        default=None,
    )
    edit = last_edit(workload)
    since = view.since(edit[0] if edit else newest)
    if len(often) < 2 or since is None or since > _ACTIVE:
        return
    who = f", last by {edit[1]} at {edit[0]:%H:%M}" if edit else ""
    yield finding(
        view, "edited-again-and-again", workload,
        f"Deployment {f.name(workload)} goes to and fro between two templates ({often[0]} and {often[1]} times{who}): two programs or people overwrite each other",
        field="spec.template", cites=[view.cite(item, f"metadata.annotations[{_HISTORY}]", f.text(item, "metadata", "annotations", _HISTORY))
                                      for item in view.children(workload, "ReplicaSet") if back[f.name(item)] >= _ALTERNATIONS][:2],
        severity=None if failing(view, workload) else Severity.INFO, confidence=0.8,
    )  # fmt: skip


_HISTORY = "deployment.kubernetes.io/revision-history"


def overruled(view: ClusterView) -> Iterator[Finding]:
    """Autoscalers that have to decide the same again because somebody applies another number of replicas."""
    for item in view.of("HorizontalPodAutoscaler"):
        target = f.mapping(item, "spec", "scaleTargetRef")
        workload = view.find(f.text(target, "kind") or "Deployment", f.namespace(item), f.text(target, "name"))
        if workload is None or f.integer(item, "spec", "maxReplicas") <= f.integer(
            item, "spec", "minReplicas", default=1
        ):
            continue
        decided: dict[str, int] = {}
        for event in view.events_of(item, "SuccessfulRescale"):
            if (size := re.match(r"New size: (\d+)", event.message)) and _is_recent(view, event.last):
                decided[size[1]] = decided.get(size[1], 0) + event.count
        edit = last_edit(workload)
        if len(decided) != 1 or max(decided.values()) < 3 or edit is None or not _is_recent(view, edit[0]):
            continue
        ((size_, times),) = decided.items()
        fixed = any(
            f.strings(change, "path") == ["spec", "replicas"] for change in f.maps(workload, "metadata", "applied")
        )
        yield finding(
            view, "autoscaler-overruled", workload,
            f"Autoscaler {f.name(item)} has set {f.name(workload)} to {size_} replicas {times} times, and never to fewer: {edit[1]} sets it back "
            f"(last at {edit[0]:%H:%M})" + ("; what it applies states spec.replicas" if fixed else ""),
            field="spec.replicas", affected=[item], cites=[view.cite_event(event) for event in view.events_of(item, "SuccessfulRescale")[-2:]],
        )  # fmt: skip


def _is_recent(view: ClusterView, moment: datetime | None) -> bool:
    since = view.since(moment)
    return since is not None and since <= _ACTIVE
