"""Whether a Pod or workload is failing, or merely busy starting, rolling out or ending."""

from datetime import timedelta
from typing import Any

from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.pods import Container, containers, deleting, finished, live_pods, phase, pod_ready, replicas
from cloudwright.diagnosis.view import YOUNG, ClusterView

BAD_WAITING = frozenset({
    "CrashLoopBackOff", "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
    "RegistryUnavailable", "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreCreateHookError",
    "PreStartHookError", "PostStartHookError", "ContainerCannotRun", "StartError",
})  # fmt: skip
"""Waiting reasons that do not pass by themselves."""
RECENT = timedelta(minutes=10)


def startup_allowance(pod: Object) -> timedelta:
    """How long this Pod may take to become ready before that counts: by its own probes, at least 20 seconds."""
    seconds = 0
    for item in containers(pod):
        startup, ready = f.mapping(item.spec, "startupProbe"), f.mapping(item.spec, "readinessProbe")
        budget = _budget(startup) if startup else 0
        first = (
            f.integer(ready, "initialDelaySeconds") + 2 * f.integer(ready, "periodSeconds", default=10) if ready else 0
        )
        seconds = max(seconds, budget + first)
    return max(YOUNG, timedelta(seconds=min(seconds, 1_800)))


def _budget(probe: Object) -> int:
    period, failures = f.integer(probe, "periodSeconds", default=10), f.integer(probe, "failureThreshold", default=3)
    return f.integer(probe, "initialDelaySeconds") + period * failures


def restarted_recently(view: ClusterView, item: Container, within: timedelta = RECENT) -> bool:
    """Whether a container ended abnormally not long ago."""
    last = f.mapping(item.status, "lastState", "terminated")
    if not item.restarts or not last:
        return False
    if f.integer(last, "exitCode") == 0 and f.text(last, "reason") in ("Completed", ""):
        return False
    since = view.since(f.when(last, "finishedAt"))
    return since is None or since <= within


def crash_looping(view: ClusterView, item: Container) -> bool:
    """In back-off, or ended abnormally at least twice and again not long ago."""
    if item.waiting == "CrashLoopBackOff":
        return True
    ended = f.mapping(item.status, "state", "terminated")
    if ended and f.integer(ended, "exitCode") != 0 and not finished(item.pod):
        return True
    return item.restarts >= 2 and (restarted_recently(view, item) or _ends_cleanly(view, item))


def _ends_cleanly(view: ClusterView, item: Container) -> bool:
    """A container that is restarted whenever it ends, and ends without error again and again."""
    if f.text(item.pod, "spec", "restartPolicy") not in ("", "Always") or (item.init and not item.sidecar):
        return False
    last = f.mapping(item.status, "state", "terminated") or f.mapping(item.status, "lastState", "terminated")
    lived, since = f.when(last, "startedAt"), view.since(f.when(last, "finishedAt"))
    ended = f.when(last, "finishedAt")
    short = lived is not None and ended is not None and ended - lived < timedelta(minutes=1)
    return short and since is not None and since <= RECENT


def well(pod: Object) -> bool:
    """Whether a Pod's status leaves nothing to ask: running, ready, never restarted, not being deleted."""
    status = f.mapping(pod, "status")
    if status.get("phase") != "Running" or deleting(pod) or not pod_ready(pod):
        return False
    states = [*f.maps(status, "containerStatuses"), *f.maps(status, "initContainerStatuses")]
    return all(
        item.get("ready") is True and item.get("restartCount") == 0 and "waiting" not in f.mapping(item, "state")
        for item in states
    )


def unwell_pods(view: ClusterView) -> tuple[Object, ...]:
    """All Pods but those that are `well`: the only ones that checks of failing Pods have to look at."""
    return view.once("unwell pods", lambda: tuple(pod for pod in view.of("Pod") if not well(pod)))


def pod_failing(view: ClusterView, pod: Object) -> bool:
    """Not ready (or crash looping) and not excused by its age."""
    if deleting(pod) or phase(pod) == "Succeeded":
        return False
    if phase(pod) == "Failed":
        return True
    items = containers(pod)
    if any(item.waiting in BAD_WAITING or crash_looping(view, item) for item in items):
        return True
    if pod_ready(pod):
        return False
    condition = f.condition(pod, "PodScheduled")
    if condition is not None and condition.get("status") == "False":
        return True
    return view.older(pod, startup_allowance(pod)) or bool(
        view.events_of(pod, "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox")
    )


def failing_pods(view: ClusterView, workload: Object) -> list[Object]:
    """The failing Pods of a workload, judged once per view."""
    bad = view.once("failing pods", lambda: frozenset(id(pod) for pod in unwell_pods(view) if pod_failing(view, pod)))
    return [pod for pod in view.pods_of(workload) if id(pod) in bad] if bad else []


def stable_since(view: ClusterView, workload: Object) -> bool:
    """Whether the controller has seen the present spec and the object is old enough to be judged."""
    generation, observed = (
        f.integer(workload, "metadata", "generation"),
        f.integer(workload, "status", "observedGeneration"),
    )
    if generation and observed and observed < generation:
        return False
    return view.older(workload)


def short_of(view: ClusterView, workload: Object) -> int:
    """How many replicas are missing from what is wanted (0 for kinds without replicas)."""
    kind = workload.get("kind")
    if kind == "DaemonSet":
        return max(
            0, f.integer(workload, "status", "desiredNumberScheduled") - f.integer(workload, "status", "numberReady")
        )
    if kind not in ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"):
        return 0
    ready: Any = f.get(workload, "status", "readyReplicas")
    if not isinstance(ready, int):
        pods = live_pods(view, workload)
        ready = sum(1 for pod in pods if pod_ready(pod)) if pods or "status" not in workload else 0
    return max(0, replicas(workload) - int(ready))


def failing(view: ClusterView, workload: Object) -> bool:
    """Whether a workload has failing Pods, or lacks Pods and is not just being rolled out."""
    if failing_pods(view, workload):
        return True
    if not stable_since(view, workload) or short_of(view, workload) == 0:
        return False
    return f.condition_is(workload, "ReplicaFailure", "True") or not live_pods(view, workload)
