"""Pods that leave and join their Services again and again without ever being restarted."""

from collections.abc import Iterator
from datetime import timedelta

from cloudwright.core.finding import Finding, Remedy
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import finding, patch_container
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.observations import Event
from cloudwright.diagnosis.pods import Container, container_path, containers, deleting
from cloudwright.diagnosis.view import ClusterView

_SETTLED = timedelta(minutes=10)
"""Age from which a Pod's readiness should no longer change."""
_LATELY = timedelta(minutes=3)
_MANY = 6
_CONTINUOUS = 0.8
"""Share of the probes in a time that fail where readiness is simply lost."""
_TIMED_OUT = ("context deadline exceeded", "Client.Timeout", "timed out", "i/o timeout")


def readiness(view: ClusterView) -> Iterator[Finding]:
    """Readiness probes that have failed often in a long time, not all through, and whose Pod has just changed again."""
    seen: set[int] = set()
    for event in view.events_with("Unhealthy"):
        pod = view.find("Pod", event.namespace, event.name) if event.kind == "Pod" else None
        if (
            pod is None
            or deleting(pod)
            or not event.message.startswith("Readiness probe failed")
            or id(view.top(pod)) in seen
        ):
            continue
        item = _container(pod, event)
        if item is not None and not item.restarts and _flaps(view, pod, item, event):
            seen.add(id(view.top(pod)))
            yield _finding(view, pod, item, event)


def _container(pod: Object, event: Event) -> Container | None:
    probed = [item for item in containers(pod) if f.mapping(item.spec, "readinessProbe")]
    named = [item for item in probed if item.name == event.container]
    return next(iter(named or (probed if len(probed) == 1 else [])), None)


def _flaps(view: ClusterView, pod: Object, item: Container, event: Event) -> bool:
    late, changed = view.since(event.last), view.since(f.when(f.condition(pod, "Ready"), "lastTransitionTime"))
    started = f.when(item.status, "state", "running", "startedAt")
    if event.first is None or event.last is None or started is None or late is None or changed is None:
        return False
    probe = f.mapping(item.spec, "readinessProbe")
    period = f.integer(probe, "periodSeconds", default=10)
    span = (event.last - event.first).total_seconds()
    return (
        event.count >= _MANY
        and view.older(pod, _SETTLED)
        and event.first - started > timedelta(minutes=1)
        and max(late, changed) <= _LATELY
        and event.count <= _CONTINUOUS * span / period
    )


def _finding(view: ClusterView, pod: Object, item: Container, event: Event) -> Finding:
    top, seconds = view.top(pod), f.integer(item.spec, "readinessProbe", "timeoutSeconds", default=1)
    path = container_path(top, item, "readinessProbe")
    remedies: list[Remedy | None] = []
    if any(words in event.message for words in _TIMED_OUT):
        path, more = f"{path}.timeoutSeconds", max(5, 2 * seconds)
        title = f"Give the readiness probe of {item.name} {more} s instead of {seconds} s"
        remedies = [patch_container(top, item.name, title, {"readinessProbe": {"timeoutSeconds": more}})]
    minutes = int(((event.last or view.collected_at) - (event.first or view.collected_at)).total_seconds() // 60)
    return finding(
        view, "readiness-flapping", top,
        f"Pod {f.name(pod)} leaves and joins its Services again and again: its readiness probe failed {event.count} times in {minutes} min and passed in "
        f"between, without a restart: {event.message[:160]}", field=path, cites=[view.cite_event(event)], affected=[pod], remedies=remedies,
    )  # fmt: skip
