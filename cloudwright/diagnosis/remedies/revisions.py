"""Going back to the revision that did not have the fault."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from cloudwright.core.finding import Remedy
from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import patch_template, previous_template, resume, revision, undo
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.health import failing
from cloudwright.diagnosis.model import Cause
from cloudwright.diagnosis.timeline import RECENT
from cloudwright.diagnosis.view import TEMPLATE_PATHS, ClusterView, template_of

MANY = 3
"""More workloads than this are not rolled back for one cause."""
ABSENT = frozenset({"ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim", "PriorityClass", "RuntimeClass", "StorageClass"})  # fmt: skip
"""Kinds whose absence is a fault of the workload if the revision before did not need them."""
KEEPS = frozenset({"rollout-paused", "scaled-to-zero", "credentials-stale", "configuration-stale", "container-port-conflict"})  # fmt: skip
"""Kinds that have nothing to do with the revision, or whose check has judged the revisions already."""


def restored(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """Rolling back the workloads whose newest revision brought in what is wrong."""
    if cause.kind in KEEPS:
        return
    target = view.lookup(cause.object)
    if target is not None and f.get(target, "spec", "paused") is True:
        # Its Pods are not of the template that stands there now, and what is paused cannot be rolled back.
        yield resume(target)
    elif target is not None and f.text(target, "kind") == "CronJob":
        yield from _as_the_last_success(view, target)
    elif target is not None and f.text(target, "kind") in TEMPLATE_PATHS:
        if _brought(view, target, cause.field):
            yield from _back(view, [target])
    elif cause.object.kind in ABSENT:
        users = [item for item in _workloads(view, cause.affected) if _newly_named(view, item, cause.object.name)]
        if users and len(users) == len([item for item in _workloads(view, cause.affected) if failing(view, item)]):
            yield from _back(view, users)


def _as_the_last_success(view: ClusterView, cron: Object) -> Iterator[Remedy]:
    """The containers of a CronJob as the last Job that succeeded had them."""
    done = [item for item in view.children(cron, "Job") if f.condition_is(item, "Complete", "True")]
    if not done:
        return
    last = max(done, key=lambda item: f.text(item, "metadata", "creationTimestamp"))
    before = {f.text(item, "name"): item for item in f.maps(template_of(last), "spec", "containers")}
    changed: list[dict[str, Any]] = []
    for item in f.maps(template_of(cron), "spec", "containers"):
        old = before.get(f.text(item, "name"))
        keys = [key for key in {*item, *(old or {})} if old is not None and item.get(key) != old.get(key)]
        if old is not None and keys:
            changed.append({"name": f.text(item, "name"), **{key: old.get(key) for key in sorted(keys)}})
    if changed:
        remedy = patch_template(
            cron, f"Run what Job {f.name(last)} ran, the last that succeeded", {"containers": changed}
        )
        if remedy is not None:
            yield remedy


def last_resort(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """Rolling back a workload whose newest revision has never been complete, whatever exactly is wrong with it."""
    target = view.lookup(cause.object)
    if cause.kind in KEEPS or target is None or not _unfinished(target) or f.get(target, "spec", "paused") is True:
        return
    yield from _back(view, [target])


def _back(view: ClusterView, workloads: Sequence[Object]) -> Iterator[Remedy]:
    single = [undo(view, item) for item in workloads[:MANY]]
    made = [item for item in single if item is not None]
    if not made or len(made) < len(workloads):
        return
    if len(made) == 1:
        yield made[0]
        return
    names = ", ".join(f.name(item) for item in workloads)
    yield Remedy(
        title=f"Roll {names} back to their previous revisions",
        calls=tuple(call for item in made for call in item.calls),
    )


def _workloads(view: ClusterView, refs: Sequence[ObjectRef]) -> list[Object]:
    found = [view.lookup(ref) for ref in refs]
    return [item for item in found if item is not None and item.get("kind") in TEMPLATE_PATHS and item["kind"] != "Pod"]


def _brought(view: ClusterView, workload: Object, field: str) -> bool:
    """Whether the newest revision changed the field, or, where the field is the same, never came up."""
    before = previous_template(view, workload)
    if before is None:
        return False
    parts = _inside(workload, field)
    if not parts:
        return _unfinished(workload)
    if at(template_of(workload), parts) != at(before, parts) or _unfinished(workload):
        return True
    return "Probe" in field and _rolled_out(view, workload, RECENT)


def _rolled_out(view: ClusterView, workload: Object, within: timedelta) -> bool:
    """Whether the present revision is no older than this: a probe that it did not change is not what broke it."""
    sets = view.children(workload, "ReplicaSet")
    newest = max(sets, key=revision, default=None)
    age = view.age(newest) if newest is not None else None
    return age is not None and age <= within and revision(workload) == revision(newest or {})


def _unfinished(workload: Object) -> bool:
    """Whether the rollout of the present revision has never been complete."""
    if workload.get("kind") == "Deployment":
        reason = f.text(f.condition(workload, "Progressing"), "reason")
        return bool(reason) and reason != "NewReplicaSetAvailable"
    if workload.get("kind") == "StatefulSet":
        current, newest = (f.text(workload, "status", key) for key in ("currentRevision", "updateRevision"))
        return bool(newest) and current != newest
    return False


def _newly_named(view: ClusterView, workload: Object, name: str) -> bool:
    before = previous_template(view, workload)
    return before is not None and f'"{name}"' not in json.dumps(before, default=str)


def _inside(workload: Object, field: str) -> list[str]:
    """The parts of a field's path below the pod template; [] for fields elsewhere."""
    base = ".".join(TEMPLATE_PATHS.get(f.text(workload, "kind"), ()))
    if not base or not field.startswith(f"{base}."):
        return []
    return split(field.removeprefix(f"{base}."))


def split(path: str) -> list[str]:
    """Parts of a path such as `spec.containers[api].image`: names and, in brackets, keys of list entries."""
    parts: list[str] = []
    for piece in path.replace("]", "").split("["):
        if parts and "." in piece and path.count(f"[{piece}]"):
            parts.append(piece)
        else:
            parts += [part for part in piece.split(".") if part]
    return parts


def at(obj: Any, parts: Sequence[str]) -> Any:
    """The value at a path; entries of lists are found by name or number."""
    for part in parts:
        if isinstance(obj, list):
            named = [item for item in obj if isinstance(item, dict) and part in (item.get("name"), item.get("key"))]
            obj = named if len(named) > 1 else next(iter(named), obj[int(part)] if _place(part, obj) else None)
        else:
            obj = f.get(obj, part)
    return obj


def _place(part: str, items: list[Any]) -> bool:
    return part.isdigit() and int(part) < len(items)
