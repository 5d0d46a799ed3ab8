"""Workloads that are evicted, scaled to nothing, paused, stuck or on their way out."""

import re
from collections.abc import Iterator
from datetime import timedelta

from cloudwright.core.finding import Finding, Operator, Severity
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.calling import callers
from cloudwright.diagnosis.checks.make import (
    finding,
    previous_template,
    resume,
    scale,
    undo,
)
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.endpoints import services_of
from cloudwright.diagnosis.health import (
    failing,
    failing_pods,
    short_of,
    stable_since,
    unwell_pods,
)
from cloudwright.diagnosis.pods import (
    replicas,
)
from cloudwright.diagnosis.view import ClusterView, spec_path

INTENT = re.compile(
    r"scale[-_. ]?(to|down|zero)|zero|paus|suspend|disabled?|intention|maintenance|decommission|asleep|hibernat|parked|stopped|off-?hours|keda|idle",
    re.I,
)


def evictions(view: ClusterView) -> Iterator[Finding]:
    """Pods that a node evicted, by what it lacked."""
    groups: dict[tuple[int, str], list[Object]] = {}
    tops: dict[int, Object] = {}
    for pod in unwell_pods(view):
        if f.text(pod, "status", "reason") == "Evicted" and view.older(pod, timedelta(0)):
            top = view.top(pod)
            tops[id(top)] = top
            message = f.text(pod, "status", "message")
            what = (
                "ephemeral-storage"
                if re.search(r"ephemeral|emptyDir|disk|imagefs|nodefs", message, re.I)
                else "memory"
                if "memory" in message.lower()
                else "node"
            )
            groups.setdefault((id(top), what), []).append(pod)
    for (mark, _), pods in groups.items():
        top, pod = tops[mark], max(pods, key=lambda item: f.text(item, "metadata", "creationTimestamp"))
        since = view.since(f.when(pod, "status", "startTime") or f.when(pod, "metadata", "creationTimestamp"))
        message = f.text(pod, "status", "message")
        over = re.search(
            r"exceeds the (?:total )?limit|exceeds the limit|exceeded its (?:local )?ephemeral|exceeded.*limit", message
        )
        kind = "evicted-own-limit" if over else "evicted-node-pressure"
        container = (re.search(r"[Cc]ontainer (\S+)", message) or ["", ""])[1]
        current = failing_pods(view, top) and (since is None or since < timedelta(hours=1))
        yield finding(
            view, kind, top, f"{len(pods)} Pods were evicted: {message[:200]}",
            field=f"{spec_path(top)}.{_overflowed(message)}" if over else f"{spec_path(top)}.containers[{container}].resources",
            cites=[view.cite(pod, "status.message", message)], affected=pods, severity=None if current else Severity.INFO,
        )  # fmt: skip


def _overflowed(message: str) -> str:
    """The field of the pod spec that limits what an evicted Pod used too much of."""
    volume = re.search(r"EmptyDir volume \"([\w.-]+)\"", message)
    if volume:
        return f"volumes[{volume[1]}].emptyDir.sizeLimit"
    container = (re.search(r"[Cc]ontainer (\S+)", message) or ["", ""])[1]
    return f"containers[{container}].resources.limits.ephemeral-storage"


def scaled_to_zero(view: ClusterView) -> Iterator[Finding]:
    """Workloads without replicas that others still call."""
    for kind in ("Deployment", "StatefulSet"):
        for item in view.of(kind):
            if replicas(item) != 0 or view.owner(item) is not None:
                continue
            users = [caller for service in services_of(view, item) for caller in callers(view, service)]
            users += _observed_callers(view, item)
            users = [one for one in users if one is not item and replicas(one) != 0]
            events = [
                event
                for event in view.events_of(item, "ScalingReplicaSet", "SuccessfulDelete")
                if "to 0" in event.message or "from" in event.message
            ]
            refused = _refused(view, item)
            intended = _intended(view, item)
            severity = Severity.INFO if intended or not (users or refused or events) else None
            before = next(
                (int(match[1]) for event in reversed(events) if (match := re.search(r"from (\d+)", event.message))), 1
            )
            yield finding(
                view, "scaled-to-zero", item,
                f"{kind} {f.name(item)} is scaled to 0 replicas" + (f", and {', '.join(sorted({f.name(one) for one in users})[:4])} still call it" if users else "")
                + ("; this looks intended" if intended else ""),
                field="spec.replicas", facts=[(item, "spec.replicas", Operator.EQUALS, 0)],
                cites=[view.cite(item, "spec.replicas", "0"), *(view.cite_event(event) for event in events[-1:])],
                remedies=[scale(item, max(before, 1), f"Scale {f.name(item)} back to {max(before, 1)}")], affected=[*services_of(view, item), *users],
                severity=severity, confidence=0.95 if refused or users else 0.6,
            )  # fmt: skip


def _observed_callers(view: ClusterView, item: Object) -> list[Object]:
    own = view.ref(item)
    found = [
        view.lookup(call.client)
        for call in view.observations.calls
        if (call.server.kind, call.server.name, call.server.namespace) == (own.kind, own.name, own.namespace)
    ]
    return [one for one in found if one is not None]


def _refused(view: ClusterView, item: Object) -> bool:
    names = {(f.namespace(one), f.name(one)) for one in services_of(view, item)}
    return any(not test.ok and (test.namespace, test.service) in names for test in view.observations.connections)


def _intended(view: ClusterView, item: Object) -> bool:
    """Whether an annotation or label says that this is meant (or an autoscaler that scales to zero owns it)."""
    marks = {**f.labels(item, "metadata", "annotations"), **f.labels(item, "metadata", "labels")}
    for key, value in marks.items():
        if key.startswith(("deployment.kubernetes.io/", "kubectl.kubernetes.io/", "pod-template", "meta.helm.sh/")):
            continue
        if (INTENT.search(key) and value.lower() not in ("false", "no", "off")) or (
            INTENT.search(value) and not key.startswith("app")
        ):
            return True
    return any(
        f.text(one, "spec", "scaleTargetRef", "name") == f.name(item) and f.namespace(one) == f.namespace(item)
        for one in view.of("ScaledObject.keda.sh")
    )


def rollouts(view: ClusterView) -> Iterator[Finding]:
    """Paused, stuck and self-destructing rollouts; rollouts whose new Pods lack something the old ones had."""
    for item in view.of("Deployment"):
        if view.owner(item) is not None:
            continue
        wanted, updated = replicas(item), f.integer(item, "status", "updatedReplicas")
        if f.get(item, "spec", "paused") is True and stable_since(view, item):
            pending = updated < wanted
            yield finding(
                view, "rollout-paused", item, f"The rollout of {f.name(item)} is paused" + (f" with {updated} of {wanted} Pods on the new revision" if pending else ""),
                field="spec.paused", facts=[(item, "spec.paused", Operator.EQUALS, True)], remedies=[resume(item)],
                severity=None if pending else Severity.INFO,
            )  # fmt: skip
        strategy = f.mapping(item, "spec", "strategy", "rollingUpdate")
        if (
            str(strategy.get("maxUnavailable")) == "100%"
            and failing_pods(view, item)
            and not f.integer(item, "status", "readyReplicas")
            and previous_template(view, item) is not None
        ):
            yield finding(
                view, "rollout-without-safety", item, f"The rollout strategy of {f.name(item)} let all old Pods go before new ones were ready (maxUnavailable 100%)",
                field="spec.strategy.rollingUpdate.maxUnavailable", affected=failing_pods(view, item),
            )  # fmt: skip
        progressing = f.condition(item, "Progressing")
        if (
            f.text(progressing, "reason") == "ProgressDeadlineExceeded"
            and short_of(view, item) + max(0, wanted - updated) > 0
        ):
            yield finding(
                view, "rollout-stuck", item, f"The rollout of {f.name(item)} has exceeded its deadline: {f.text(progressing, 'message')[:160]}",
                field="status.conditions[Progressing]", remedies=[undo(view, item)], affected=failing_pods(view, item),
            )  # fmt: skip


def unavailable(view: ClusterView) -> Iterator[Finding]:
    """Workloads with fewer ready Pods than wanted: a symptom that something else should explain."""
    for item in view.workloads:
        if item.get("kind") in ("Job", "CronJob"):
            continue
        bad = failing_pods(view, item)
        if item.get("kind") == "Pod":
            if bad:
                yield finding(
                    view,
                    "workload-unavailable",
                    item,
                    f"Pod {f.name(item)} is not ready",
                    field="status.conditions[Ready]",
                )
            continue
        missing = short_of(view, item)
        if not missing or not stable_since(view, item) or not failing(view, item):
            continue
        yield finding(
            view, "workload-unavailable", item, f"{item.get('kind')} {f.name(item)} lacks {missing} ready Pods",
            field="status.readyReplicas", affected=bad, remedies=[undo(view, item)],
        )  # fmt: skip


def stuck_deletions(view: ClusterView) -> Iterator[Finding]:
    """Objects that have been terminating for longer than they may."""
    for key in view.objects:
        if key == "Event":
            continue
        for item in view.of(key):
            stamp = f.when(item, "metadata", "deletionTimestamp")
            waited = view.since(stamp)
            if stamp is None or waited is None:
                continue
            allowed = timedelta(
                seconds=60
                + f.integer(item, "metadata", "deletionGracePeriodSeconds", default=0 if key != "Pod" else 30)
            )
            if waited < allowed:
                continue
            yield _stuck(view, key, item, waited)


def _stuck(view: ClusterView, key: str, item: Object, waited: timedelta) -> Finding:
    finalizers = f.strings(item, "metadata", "finalizers")
    minutes = int(waited.total_seconds() // 60)
    if key == "Namespace":
        messages = [
            f.text(one, "message") for one in f.maps(item, "status", "conditions") if one.get("status") == "True"
        ]
        return finding(view, "namespace-stuck-terminating", item, f"Namespace {f.name(item)} has been terminating for {minutes} min: {'; '.join(messages)[:300]}",
                       field="status.conditions", cites=[view.cite(item, "status.conditions", "; ".join(messages))])  # fmt: skip
    why = (
        f"finalizers {', '.join(finalizers)} are not removed"
        if finalizers
        else "its node does not confirm that it ended"
    )
    return finding(
        view, "stuck-terminating", item, f"{item.get('kind')} {f.name(item)} has been terminating for {minutes} min: {why}",
        field="metadata.finalizers" if finalizers else "metadata.deletionTimestamp", affected=[view.top(item)],
    )  # fmt: skip


def stateful_sets(view: ClusterView) -> Iterator[Finding]:
    """StatefulSets whose headless Service does not exist."""
    for item in view.of("StatefulSet"):
        name = f.text(item, "spec", "serviceName")
        if name and view.missing("Service", f.namespace(item), name):
            yield finding(
                view, "stateful-set-service-missing", item, f"StatefulSet {f.name(item)} names Service {name}, which does not exist: its Pods have no stable names",
                field="spec.serviceName", facts=[(item, "spec.serviceName", Operator.EQUALS, name)], severity=None if failing(view, item) else Severity.INFO,
            )  # fmt: skip


def stalled_controllers(view: ClusterView) -> Iterator[Finding]:
    """Deployments that nobody has reacted to for a minute: the controller manager does not work."""
    stalled = []
    for item in view.of("Deployment"):
        generation, observed = (
            f.integer(item, "metadata", "generation"),
            f.integer(item, "status", "observedGeneration"),
        )
        made = not f.mapping(item, "status") and view.older(item, timedelta(minutes=1))
        stamps = [f.when(one, "time") for one in f.maps(item, "metadata", "changes")]
        edit = max((stamp for stamp in stamps if stamp), default=None)
        behind = (
            generation > observed > 0 and edit is not None and (view.since(edit) or timedelta()) > timedelta(minutes=1)
        )
        if (made and "spec" in item and f.text(item, "metadata", "uid")) or behind:
            stalled.append(item)
    if stalled:
        yield finding(
            view, "controllers-stalled", stalled[0], f"{len(stalled)} Deployments were edited and nothing has reacted for a minute: the controllers do not work",
            field="status.observedGeneration", affected=stalled,
        )  # fmt: skip
