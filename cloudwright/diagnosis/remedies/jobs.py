"""Jobs that are made anew: one that has failed does not start again."""

from collections.abc import Iterator
from typing import Any

from cloudwright.core.finding import Remedy
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import create, delete, patch_at
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.model import Cause
from cloudwright.diagnosis.view import ClusterView

LONGER = 10
"""Times the deadline that was too short."""
_MADE_BY_THE_CONTROLLER = ("controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name")  # fmt: skip


def longer_deadline(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """More time for a Job that met its deadline; for the CronJob where one makes it."""
    target = view.lookup(cause.object)
    if target is None:
        return
    cron = target.get("kind") == "CronJob"
    path = ("spec", "jobTemplate", "spec", "activeDeadlineSeconds") if cron else ("spec", "activeDeadlineSeconds")
    seconds = f.integer(target, *path) * LONGER
    if not seconds:
        return
    if cron:
        yield patch_at(target, f"Give Jobs of {f.name(target)} {seconds} s", path, seconds)
    elif view.owner(target) is None:
        calls = (*delete(target, "", "").calls, *create(_anew(target, {"activeDeadlineSeconds": seconds}), "").calls)
        risk = "What the first attempt wrote stays; its log and status go."
        yield Remedy(title=f"Make Job {f.name(target)} anew with {seconds} s", calls=calls, risk=risk)


def _anew(job: Object, change: dict[str, Any]) -> dict[str, Any]:
    """The manifest of a Job without what its controller wrote into it."""
    spec = {key: value for key, value in f.mapping(job, "spec").items() if key not in ("selector", "template")}
    template = dict(f.mapping(job, "spec", "template"))
    labels = {k: v for k, v in f.labels(template, "metadata", "labels").items() if k not in _MADE_BY_THE_CONTROLLER}
    own = {k: v for k, v in f.labels(job, "metadata", "labels").items() if k not in _MADE_BY_THE_CONTROLLER}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f.name(job), "namespace": f.namespace(job), "labels": own},
        "spec": {**spec, "template": {**template, "metadata": {"labels": labels}}, **change},
    }
