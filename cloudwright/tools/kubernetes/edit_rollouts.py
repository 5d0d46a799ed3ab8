"""Changes to rollouts: restart, undo, pause, resume."""

import copy
from collections.abc import Callable
from typing import Any

from pydantic import Field

from cloudwright.core.context import Context
from cloudwright.core.errors import NotFound, Unsupported
from cloudwright.core.result import Changed
from cloudwright.core.tool import Permission, write_tool
from cloudwright.tools.kubernetes.change import Plan, Planned
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.facts import dig
from cloudwright.tools.kubernetes.objects import name_of
from cloudwright.tools.kubernetes.requests import Json, find_kind, live
from cloudwright.tools.kubernetes.targets import Whole, Workload, edited, template_of

_RESTART = "cloudwright.io/restarted-after-generation"
_PATCH_WORKLOADS = Permission(verb="patch", group="apps", resource="deployments")


class Undo(Workload):
    """Which revision to go back to."""

    to_revision: Whole = Field(0, ge=0, description="0: the one before the present")


def _restart(args: Workload, context: Context) -> Plan:
    def edit(obj: Json) -> Json:
        if obj.get("kind") not in ("Deployment", "StatefulSet", "DaemonSet"):
            raise Unsupported(f"A {obj.get('kind')} cannot be restarted.", hint="Delete its pods one by one instead.")
        if dig(obj, "spec", "paused"):
            raise Unsupported(f"{name_of(obj)} is paused.", hint="Resume it first (rollout_resume).")
        annotations = template_of(obj).setdefault("metadata", {}).setdefault("annotations", {})
        # The generation, not the time: the approved change must be the one that is made, whenever it is.
        annotations[_RESTART] = str(dig(obj, "metadata", "generation"))
        return obj

    return edited(args, context, edit, "restart the pods of {}")


restarting = Planned(_restart)


@write_tool(
    permission=_PATCH_WORKLOADS,
    input=Workload,
    change=restarting.change,
    examples=({"name": "web"}, {"kind": "daemonset", "name": "agent", "namespace": "kube-system"}),
    utterances=(
        "restart {name}",
        "restart {kind} {name}",
        "rollout restart {name}",
        "bounce {name} in {namespace}",
        "restart all pods of {name}",
        "do a rolling restart of {kind} {name}",
        "recreate the pods of {name}",
    ),
)
def rollout_restart(args: Workload, context: Context) -> Changed:
    """Replace the pods of a workload by its update strategy."""
    return restarting.run(args, context)


def _rollback(args: Undo, context: Context) -> Plan:
    kind, namespace, name = args.find(context)
    present = live(kind, namespace, name, context)
    if dig(present, "spec", "paused"):
        raise Unsupported(f"{kind.kind} {name} is paused.", hint="Resume it first (rollout_resume).")
    revision, template = _revision(present, args.to_revision, context)

    def edit(obj: Json) -> Json:
        obj["spec"]["template"] = copy.deepcopy(template)
        return obj

    return edited(args, context, edit, f"roll {{}} back to revision {revision}")


def _revision(obj: Json, wanted: int, context: Context) -> tuple[int, Json]:
    """Number and pod template of the revision to go back to."""
    history = _history(obj, context)
    present = max(history) if history else 0
    if len(history) < 2 and not wanted:
        raise NotFound(f"{obj.get('kind')} {name_of(obj)} cannot be rolled back: it has no earlier revision.")
    number = wanted or max(item for item in history if item != present)
    if number not in history:
        known = ", ".join(str(item) for item in sorted(history))
        raise NotFound(f"{obj.get('kind')} {name_of(obj)} has no revision {number}.", hint=f"There are {known}.")
    return number, history[number]


def _history(obj: Json, context: Context) -> dict[int, Json]:
    kind = str(obj.get("kind"))
    if kind == "Deployment":
        found = _owned(obj, "replicasets.apps", context)
        return {
            int(dig(item, "metadata", "annotations", _REVISION) or 0): _clean(item["spec"]["template"])
            for item in found
        }
    if kind in ("StatefulSet", "DaemonSet"):
        found = _owned(obj, "controllerrevisions.apps", context)
        return {
            int(item.get("revision") or 0): _without_directives(dig(item, "data", "spec", "template")) for item in found
        }
    raise Unsupported(f"A {kind} has no rollout history.", hint="Deployments, StatefulSets and DaemonSets have.")


_REVISION = "deployment.kubernetes.io/revision"


def _owned(obj: Json, kind: str, context: Context) -> list[Json]:
    found = find_kind(kind, context)
    items = context.service(KubernetesClient).list(found.path(str(dig(obj, "metadata", "namespace") or "")))
    uid = dig(obj, "metadata", "uid")
    return [item for item in items if any(o.get("uid") == uid for o in dig(item, "metadata", "ownerReferences") or [])]


def _clean(template: Json) -> Json:
    kept = copy.deepcopy(template)
    dig(kept, "metadata", "labels").pop("pod-template-hash", None)
    return kept


def _without_directives(template: Any) -> Json:
    """The template in a ControllerRevision, which is kept as a strategic merge patch."""
    return {key: value for key, value in (template or {}).items() if not key.startswith("$")}


rolling_back = Planned(_rollback)


@write_tool(
    permission=_PATCH_WORKLOADS,
    input=Undo,
    change=rolling_back.change,
    examples=({"name": "web"}, {"name": "web", "to_revision": 2}),
    utterances=(
        "roll back {name}",
        "undo the rollout of {name}",
        "roll back {kind} {name} to revision {to_revision}",
        "go back to the previous version of {name}",
        "revert {name} in {namespace} to its last revision",
        "rollout undo {name} to {to_revision}",
    ),
)
def rollout_undo(args: Undo, context: Context) -> Changed:
    """Go back to an earlier revision of a Deployment, StatefulSet or DaemonSet."""
    return rolling_back.run(args, context)


def _paused(wanted: bool) -> Callable[[Workload, Context], Plan]:
    def plan(args: Workload, context: Context) -> Plan:
        def edit(obj: Json) -> Json:
            if obj.get("kind") != "Deployment":
                raise Unsupported(f"A {obj.get('kind')} cannot be paused; only Deployments can.")
            if bool(obj["spec"].get("paused")) != wanted:
                obj["spec"].pop("paused", None)
                if wanted:
                    obj["spec"]["paused"] = True
            return obj

        return edited(args, context, edit, f"{'pause' if wanted else 'resume'} the rollout of {{}}")

    return plan


pausing, resuming = Planned(_paused(True)), Planned(_paused(False))


@write_tool(
    permission=_PATCH_WORKLOADS,
    input=Workload,
    change=pausing.change,
    examples=({"name": "web"},),
    utterances=(
        "pause the rollout of {name}",
        "pause {name}",
        "stop rolling out {name}",
        "hold the deployment of {name}",
        "freeze the rollout of {name} in {namespace}",
        "rollout pause {name}",
    ),
)
def rollout_pause(args: Workload, context: Context) -> Changed:
    """Stop a Deployment from rolling out changes until it is resumed."""
    return pausing.run(args, context)


@write_tool(
    permission=_PATCH_WORKLOADS,
    input=Workload,
    change=resuming.change,
    examples=({"name": "web"},),
    utterances=(
        "resume the rollout of {name}",
        "resume {name}",
        "continue rolling out {name}",
        "unpause {name}",
        "unfreeze the rollout of {name} in {namespace}",
        "rollout resume {name}",
    ),
)
def rollout_resume(args: Workload, context: Context) -> Changed:
    """Let a paused Deployment roll out again."""
    return resuming.run(args, context)


ROLLOUT_TOOLS = (rollout_restart, rollout_undo, rollout_pause, rollout_resume)
