"""How far a rollout is, and which revisions a workload had."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field, JsonValue

from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments, NotFound
from cloudwright.core.result import Document, Rows
from cloudwright.core.tool import read_tool
from cloudwright.tools.kubernetes import facts, fields
from cloudwright.tools.kubernetes.facts import dig, maps, number
from cloudwright.tools.kubernetes.listing import (
    ANY_GET,
    Name,
    Namespace,
    Strict,
    bounded,
    get_scope,
    present,
    read_object,
)
from cloudwright.tools.kubernetes.owners import children
from cloudwright.tools.kubernetes.requests import find_kind, namespace_for

REVISION = "deployment.kubernetes.io/revision"
CHANGE_CAUSE = "kubernetes.io/change-cause"
_OWN_LABELS = ("labels.pod-template-hash", "labels.controller-revision-hash")
"""Ends of paths that differ in every revision."""
_KINDS = ("Deployment", "StatefulSet", "DaemonSet")

Object = Mapping[str, Any]


class RolloutInput(Strict):
    """One workload."""

    kind: Annotated[str, Field(description="deployment, statefulset or daemonset", max_length=200)] = "deployment"
    name: Name
    namespace: Namespace = ""


class HistoryInput(RolloutInput):
    """One workload, and which revision to show whole."""

    revision: Annotated[int | None, Field(description="only what changed in this one", ge=0)] = None


def _workload(args: RolloutInput, context: Context) -> tuple[Any, Object]:
    kind = find_kind(args.kind, context)
    if kind.kind not in _KINDS:
        raise InvalidArguments(f"{kind.kind} has no rollouts.", hint=f"Only {', '.join(_KINDS)} have.")
    return kind, read_object(kind, namespace_for(kind, args.namespace, context), args.name, context)


@read_tool(
    permission=ANY_GET,
    input=RolloutInput,
    scope=get_scope,
    examples=({"name": "web"},),
    utterances=(
        "rollout status of {name}",
        "is the rollout of {kind} {name} done",
        "how far is the deployment of {name}",
        "did {kind} {name} roll out in {namespace}",
        "status of the rollout of {name}",
        "is {name} still rolling out",
    ),
)
def rollout_status(args: RolloutInput, context: Context) -> Document:
    """Whether the rollout of a workload is done, goes on, is paused or stuck."""
    kind, item = _workload(args, context)
    state, text = progress(item)
    content: dict[str, JsonValue] = {
        "state": state,
        "text": text,
        "wanted": int(facts.desired(item) or 0),
        "updated": int(number(item, "updatedReplicas", "updatedNumberScheduled")),
        "ready": int(number(item, "readyReplicas", "numberReady")),
        "available": int(number(item, "availableReplicas", "numberAvailable")),
    }
    trouble = [
        f"{entry.get('type')}={entry.get('status')}: {context.redactor.text(str(entry.get('message') or ''))}"
        for entry in maps(item, "status", "conditions")
        if entry.get("status") != ("False" if entry.get("type") == "ReplicaFailure" else "True")
    ]
    if trouble:
        content["conditions"] = list(trouble)
    counts = ", ".join(f"{content[key]} {key}" for key in ("updated", "ready", "available"))
    summary = f"{kind.ref(item)}: {text} {content['wanted']} wanted, {counts}."
    return Document(ref=kind.ref(item), content=content, summary="\n".join([summary, *trouble]), total=1, shown=1)


def progress(item: Object) -> tuple[str, str]:
    """State of a rollout ("done", "progressing", "paused", "stuck", "manual") and a sentence, as kubectl reckons."""
    if int(dig(item, "metadata", "generation") or 0) > number(item, "observedGeneration"):
        return "progressing", "The controller has not seen the latest change yet."
    judge: Mapping[str, Callable[[Object], tuple[str, str]]] = {
        "Deployment": _deployment,
        "StatefulSet": _stateful_set,
        "DaemonSet": _daemon_set,
    }
    return judge[str(item.get("kind"))](item)


def _deployment(item: Object) -> tuple[str, str]:
    wanted = int(facts.desired(item) or 0)
    total, updated = int(number(item, "replicas")), int(number(item, "updatedReplicas"))
    available = int(number(item, "availableReplicas"))
    if facts.condition(item, "Progressing").get("reason") == "ProgressDeadlineExceeded":
        return "stuck", f"It exceeded its progress deadline with {updated} of {wanted} pods updated."
    if dig(item, "spec", "paused"):
        return "paused", f"It is paused with {updated} of {wanted} pods updated."
    if updated < wanted:
        return "progressing", f"{updated} of {wanted} new pods have been made."
    if total > updated:
        return "progressing", f"{total - updated} old pods are still to end."
    if available < updated:
        return "progressing", f"{available} of {updated} new pods are available."
    return "done", f"All {wanted} pods are updated and available."


def _stateful_set(item: Object) -> tuple[str, str]:
    wanted = int(facts.desired(item) or 0)
    if dig(item, "spec", "updateStrategy", "type") == "OnDelete":
        return "manual", "Its strategy is OnDelete: pods are updated when somebody deletes them."
    ready, updated = int(number(item, "readyReplicas")), int(number(item, "updatedReplicas"))
    partition = int(dig(item, "spec", "updateStrategy", "rollingUpdate", "partition") or 0)
    if partition and updated < max(0, wanted - partition):
        return "progressing", f"{updated} of {wanted - partition} pods above the partition are updated."
    if ready < wanted:
        return "progressing", f"{ready} of {wanted} pods are ready."
    if partition:
        return "done", f"The {max(0, wanted - partition)} pods above the partition are updated."
    if dig(item, "status", "updateRevision") != dig(item, "status", "currentRevision"):
        return "progressing", f"{updated} of {wanted} pods are updated."
    return "done", f"All {wanted} pods are updated and ready."


def _daemon_set(item: Object) -> tuple[str, str]:
    if dig(item, "spec", "updateStrategy", "type") == "OnDelete":
        return "manual", "Its strategy is OnDelete: pods are updated when somebody deletes them."
    wanted = int(number(item, "desiredNumberScheduled"))
    updated, available = int(number(item, "updatedNumberScheduled")), int(number(item, "numberAvailable"))
    if updated < wanted:
        return "progressing", f"{updated} of {wanted} pods are updated."
    if available < wanted:
        return "progressing", f"{available} of {wanted} pods are available."
    return "done", f"All {wanted} pods are updated and available."


@read_tool(
    permission=ANY_GET,
    input=HistoryInput,
    scope=get_scope,
    examples=({"name": "web"},),
    utterances=(
        "rollout history of {name}",
        "which revisions did {kind} {name} have",
        "show revision {revision} of {name}",
        "what changed in the rollouts of {name}",
        "earlier versions of {kind} {name} in {namespace}",
        "history of deployment {name}",
    ),
)
def rollout_history(args: HistoryInput, context: Context) -> Rows | Document:
    """The revisions of a workload, with images and the fields that each changed; or the changes of one."""
    kind, item = _workload(args, context)
    found = revisions(item, context)
    if args.revision is not None:
        if args.revision not in found:
            raise NotFound(
                f"{kind.kind} {args.name} has no revision {args.revision}.",
                hint=f"It has {', '.join(map(str, sorted(found)))}.",
            )
        return Document(ref=kind.ref(item), content=_revision(args.revision, found, context), total=1, shown=1)
    current = _current(item, found)
    rows: list[tuple[JsonValue, ...]] = []
    for revision, owner in sorted(found.items(), reverse=True):
        template = _pod_template(owner)
        images = ",".join(str(entry.get("image")) for entry in maps(template, "spec", "containers"))
        rows.append(
            (
                revision,
                "current" if revision == current else None,
                dig(owner, "metadata", "creationTimestamp"),
                images,
                context.redactor.text(str(dig(owner, "metadata", "annotations", CHANGE_CAUSE) or "")) or None,
                str(dig(owner, "metadata", "name")),
                ", ".join(path for path, _, _ in _changes(revision, found, context)) or None,
            )
        )
    return bounded(
        ("revision", "current", "created", "images", "change-cause", "kept-in", "changed"), rows, 50, context
    )


def revisions(item: Object, context: Context) -> dict[int, Object]:
    """The objects that keep a workload's revisions (ReplicaSets or ControllerRevisions), by revision number."""
    kind = find_kind(f"{item.get('apiVersion')} {item.get('kind')}", context)
    found: dict[int, Object] = {}
    for child_kind, child in children(kind.ref(item), context):
        if child_kind.kind == "ReplicaSet":
            text = str(dig(child, "metadata", "annotations", REVISION) or "")
            if text.isdigit():
                found[int(text)] = child
        elif child_kind.kind == "ControllerRevision":
            found[int(child.get("revision") or 0)] = child
    return found


def _current(item: Object, found: Mapping[int, Object]) -> int:
    if item.get("kind") == "Deployment":
        text = str(dig(item, "metadata", "annotations", REVISION) or "")
        return int(text) if text.isdigit() else -1
    name = dig(item, "status", "updateRevision")
    if name:
        return next((number for number, child in found.items() if dig(child, "metadata", "name") == name), -1)
    return max(found, default=-1)


def _pod_template(owner: Object) -> Object:
    found = dig(owner, "spec", "template") or dig(owner, "data", "spec", "template")
    return found if isinstance(found, Mapping) else {}


def _revision(revision: int, found: Mapping[int, Object], context: Context) -> dict[str, JsonValue]:
    """One revision: what it changed against the one before it that is kept, and its whole pod template."""
    before = _before(revision, found)
    content: dict[str, JsonValue] = {"revision": revision}
    if before is not None:
        changes = _changes(revision, found, context)
        content["changed since revision"] = before
        content["changes"] = {path: {"before": old, "after": new} for path, old, new in changes}
    return content | {"template": _template(found[revision], context)}


def _changes(revision: int, found: Mapping[int, Object], context: Context) -> list[tuple[str, JsonValue, JsonValue]]:
    """Field, value before and value after, masked; nothing for the oldest revision that is kept."""
    before = _before(revision, found)
    if before is None:
        return []
    old, new = ({"template": _template(found[number], context)} for number in (before, revision))
    return [
        (f"spec.{change.path}", change.before, change.after)
        for change in fields.diff(old, new)
        if not change.path.endswith(_OWN_LABELS)
    ]


def _before(revision: int, found: Mapping[int, Object]) -> int | None:
    return max((number for number in found if number < revision), default=None)


def _template(owner: Object, context: Context) -> JsonValue:
    kept = {"kind": owner.get("kind"), "metadata": dig(owner, "metadata"), "template": _pod_template(owner)}
    return present(kept, context)["template"]
