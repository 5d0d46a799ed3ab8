"""The one way in which Kubernetes tools change things: a plan of typed requests, previewed, run, verified, undone.

A tool only says which requests it would send (`Plan`). Everything else is here and the same for all tools: the preview
is the server's dry run of these requests, the run is the same requests bound to the state that was previewed, progress
is a comparison of each previewed field with the world, and undo restores the previous values.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, JsonValue

from cloudwright.core.change import Impact, ObjectChange, Preview, Progress, Verification
from cloudwright.core.context import Context
from cloudwright.core.errors import Conflict, Drifted, NotFound, Refused, ToolError
from cloudwright.core.proposal import moved
from cloudwright.core.refs import ObjectRef
from cloudwright.core.result import Changed
from cloudwright.core.tool import Change, Effect, Irreversible, Scope, ToolCall, Undo
from cloudwright.tools.kubernetes import blast, fields
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.concealed import SECRET_OF_OURS, conceal, is_concealed
from cloudwright.tools.kubernetes.discovery import Discovery
from cloudwright.tools.kubernetes.effects import Judgement, judge, loses_claims, worst
from cloudwright.tools.kubernetes.errors import DisruptionRefused
from cloudwright.tools.kubernetes.moved import Moved
from cloudwright.tools.kubernetes.requests import Prepared, Request, act_of, live, prepare
from cloudwright.tools.kubernetes.world import ClusterWorld

Input = TypeVar("Input", bound=BaseModel)
_ATTEMPTS = 8
_EVICTION_PAUSE = 1.0
_DEFINING = ("apiextensions.k8s.io", "apiregistration.k8s.io")
"""Groups whose objects define kinds."""
_UNSEEN = Judgement(Effect.DESTRUCTIVE, ("the server's dry run failed, so what it does is not known",))


@dataclass(frozen=True)
class Plan:
    """What a call would send, in this order.

    `summary` is one sentence in the future tense's stead: "scale Deployment web in shop to 3". `impacts` and
    `judgements` are what only the tool knows; `irreversible` says why there is no way back, if there is none.
    """

    requests: tuple[Request, ...]
    summary: str
    impacts: tuple[Impact, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    irreversible: str = ""
    after_run: Callable[[Context], str] | None = None
    """Waits for what the requests set off; returns a sentence about it."""


class Planned(Generic[Input]):
    """The parts of a tool that follow from its plan."""

    def __init__(self, plan: Callable[[Input, Context], Plan]) -> None:
        self._plan = plan
        self.change = Change(self.preview, self.undo, self.progress, self.scope)

    def scope(self, args: Input, context: Context) -> Scope:
        """Effect, rights and targets; the effect is that of what would change, not of what the tool is called."""
        plan = self._plan(args, context)
        try:
            prepared = _prepare_all(plan, context)
            judgements = [judge(item.act) for item in prepared]
            judgements += [_of_scale(item, context) for item in prepared if item.request.subresource == "scale"]
            labels = _common_labels(prepared)
        except ToolError:
            # The preview says what is wrong; until then the judgement is by what is asked for alone.
            judgements = [_UNSEEN, *(judge(act_of(request)) for request in plan.requests)]
            labels = None
        found = worst([Judgement(Effect.READ), *plan.judgements, *judgements])
        return Scope(
            effect=found.effect,
            permissions=tuple(dict.fromkeys(item for request in plan.requests for item in request.permissions)),
            targets=tuple(request.ref for request in plan.requests),
            labels=labels,
            why=found.why,
        )

    def preview(self, args: Input, context: Context) -> Preview:
        """The server's dry run as fields that change, with what else would feel it."""
        client = context.service(KubernetesClient)
        plan = self._plan(args, context)
        seen = set(client.warnings)
        prepared = _prepare_all(plan, context)
        changing = [item for item in prepared if item.change is not None]
        blocked = (
            Impact(level="danger", text=item.blocked, refs=(item.request.ref,)) for item in prepared if item.blocked
        )
        world = ClusterWorld(context)
        impacts = (*plan.impacts, *blocked, *blast.radius([_moved(item) for item in changing], world))
        warnings = [text for text in client.warnings if text not in seen]
        warnings += [item.unseen + "." for item in prepared if item.unseen]
        if world.unseen:
            unseen = ", ".join(dict.fromkeys(world.unseen))
            warnings.append(f"Who else feels this is not fully known: {unseen} cannot be listed by this identity.")
        summary = plan.summary if changing else f"Nothing to do: {plan.summary} is already so."
        return Preview(summary=summary, changes=_changes(prepared), blast_radius=impacts, warnings=tuple(warnings))

    def run(self, args: Input, context: Context) -> Changed:
        """Send the requests, if they still do what was approved, and nothing else.

        Raises:
            Refused: the session is read-only.
            Drifted: what is touched is no longer as it was previewed.
            ToolError: the server refused; the message says what was done before.
        """
        if context.read_only:
            raise Refused("This session is read-only: previews and nothing else.")
        plan = self._plan(args, context)
        prepared = _prepare_all(plan, context)
        if context.expected is not None:
            _as_expected(context.expected.changes, _changes(prepared))
        done: list[ObjectRef] = []
        for item in prepared:
            if item.change is None:
                continue
            try:
                done.append(_execute(item, context))
            except ToolError as error:
                raise _after(done, error) from None
        said = plan.after_run(context) if plan.after_run else ""
        return Changed(summary=f"Done: {plan.summary}.{' ' + said if said else ''}", refs=tuple(done))

    def undo(self, args: Input, preview: Preview, context: Context) -> Undo | Irreversible:
        """The call that restores every changed field, or the reason why there is none."""
        plan = self._plan(args, context)
        if plan.irreversible:
            return Irreversible(reason=plan.irreversible)
        return undo_of(preview, context)

    def progress(self, args: Input, preview: Preview, context: Context) -> Verification:
        """How many of the previewed changes stand in the world now."""
        return verify(preview.changes, context)


def _of_scale(item: Prepared, context: Context) -> Judgement:
    """What scaling does to data, which a Scale alone does not tell."""
    request = item.request
    workload = live(request.kind, request.namespace, request.name, context)
    if loses_claims(workload, (item.after.get("spec") or {}).get("replicas")):
        return Judgement(Effect.DESTRUCTIVE, ("the claims of the pods that go are deleted with their data",))
    return Judgement(Effect.READ)


def undo_of(preview: Preview, context: Context) -> Undo | Irreversible:
    """A `restore_fields` call that takes the previewed changes back, in the opposite order."""
    objects: list[JsonValue] = []
    for change in reversed(preview.changes):
        if change.action in ("delete", "act"):
            return Irreversible(reason=f"{change.ref} does not come back as it was")
        lost = [item.path for item in change.fields if _is_secret(item.path, item.before, context)]
        if lost and change.action == "update":
            return Irreversible(
                reason=f"the previous value of {', '.join(lost)} of {change.ref} is secret and is not kept"
            )
        objects.append(_restoring(change, context))
    if not objects:
        return Irreversible(reason="nothing changes")
    call = ToolCall(tool="restore_fields", arguments={"objects": objects})
    return Undo(call=call, summary="; ".join(_undo_words(change) for change in reversed(preview.changes)))


def verify(changes: Sequence[ObjectChange], context: Context) -> Verification:
    """Compare each previewed field with the world."""
    stands: list[bool] = []
    details: list[str] = []
    for change in changes:
        if change.action == "act":
            return Verification(progress=Progress.UNKNOWN, details=("what was done there leaves no trace to look at",))
        stands.extend(_stands(change, context, details))
    if all(stands):
        return Verification(progress=Progress.DONE, details=tuple(details))
    if not any(stands):
        return Verification(progress=Progress.NOT_DONE, details=tuple(details))
    return Verification(progress=Progress.PARTLY, details=tuple(details))


def _prepare_all(plan: Plan, context: Context) -> list[Prepared]:
    created = frozenset(
        request.name
        for request in plan.requests
        if request.kind.kind == "Namespace" and request.verb in ("create", "apply")
    )
    missing = (
        frozenset(name for name in created if not _exists(name, context)) if len(plan.requests) > 1 else frozenset()
    )
    return [prepare(request, context, new_namespaces=missing) for request in plan.requests]


def _exists(namespace: str, context: Context) -> bool:
    try:
        context.service(KubernetesClient).get(context.service(Discovery).of("v1", "Namespace").path("", namespace))
    except NotFound:
        return False
    return True


def _changes(prepared: Sequence[Prepared]) -> tuple[ObjectChange, ...]:
    return tuple(item.change for item in prepared if item.change is not None)


def _moved(item: Prepared) -> Moved:
    assert item.change is not None
    return Moved(item.change.ref, item.before, item.after, item.change.action, item.request.propagation)


def _as_expected(expected: tuple[ObjectChange, ...], found: tuple[ObjectChange, ...]) -> None:
    if expected == found:
        return
    lines = moved(expected, found) or ("the change itself is another one now",)
    raise Drifted(f"What this touches moved just now: {'; '.join(lines)}.", moved=lines, hint="Propose it anew.")


def _execute(item: Prepared, context: Context) -> ObjectRef:
    """Send one request. A version conflict means that somebody wrote in between: look again, and go on only if what
    this change touches is as it was."""
    change = item.change
    assert change is not None
    client = context.service(KubernetesClient)
    end = time.monotonic() + item.request.patience
    for _attempt in range(_ATTEMPTS):
        try:
            answer = _send(item, client, end)
        except Conflict:
            again = prepare(item.request, context)
            _as_expected((change,), _changes([again]))
            if again.wire == item.wire:
                raise
            item = again
            continue
        if change.ref.api_version.partition("/")[0] in _DEFINING:
            context.service(Discovery).expect_change()
        uid = change.ref.uid or str((answer.get("metadata") or {}).get("uid", ""))
        return change.ref.model_copy(update={"uid": uid})
    raise Conflict(f"{item.request.ref} is written by others all the time; nothing was changed.", hint="Try again.")


def _send(item: Prepared, client: KubernetesClient, end: float) -> Mapping[str, Any]:
    """Send a request; an eviction that a disruption budget forbids for now is tried again until `end`."""
    while True:
        try:
            return item.wire.send(client, dry_run=False)
        except DisruptionRefused:
            if time.monotonic() >= end:
                raise
            time.sleep(_EVICTION_PAUSE)
        except NotFound:
            if item.request.verb != "evict":
                raise
            return {}  # it ended by itself


def _after(done: Sequence[ObjectRef], error: ToolError) -> ToolError:
    if not done:
        return error
    names = ", ".join(str(ref) for ref in done)
    return ToolError(f"Stopped after {len(done)} changed ({names}): {error.message}", hint=error.hint)


def _common_labels(prepared: Sequence[Prepared]) -> Mapping[str, str] | None:
    found = [dict(((item.before or item.after).get("metadata") or {}).get("labels") or {}) for item in prepared]
    if not found:
        return None
    return {key: value for key, value in found[0].items() if all(labels.get(key) == value for labels in found)}


def _is_secret(path: str, value: JsonValue, context: Context) -> bool:
    """Whether masking would hide the value, or anything in it, at this path."""
    name = next(token for token in reversed(fields.split(path)) if token != fields.ORDER)
    return is_concealed(value) or context.redactor.value({name: value}) != {name: value}


def _restoring(change: ObjectChange, context: Context) -> JsonValue:
    ref = change.ref
    restored: list[JsonValue] = [
        {
            "path": item.path,
            "expect": SECRET_OF_OURS if _is_secret(item.path, item.after, context) else item.after,
            "restore": item.before,
        }
        for item in change.fields
    ]
    found: dict[str, JsonValue] = {"api_version": ref.api_version, "kind": ref.kind, "name": ref.name}
    if ref.namespace:
        found["namespace"] = ref.namespace
    found |= {"created": True} if change.action == "create" else {"uid": ref.uid}
    found["fields"] = restored
    return found


def _undo_words(change: ObjectChange) -> str:
    if change.action == "create":
        return f"delete {change.ref}"
    return f"restore {', '.join(item.path for item in change.fields)} of {change.ref}"


def _stands(change: ObjectChange, context: Context, details: list[str]) -> list[bool]:
    ref = change.ref
    kind = context.service(Discovery).of(ref.api_version, ref.kind)
    try:
        present = context.service(KubernetesClient).get(kind.path(ref.namespace, ref.name))
    except NotFound:
        if change.action != "delete":
            details.append(f"{ref} does not exist")
        return [change.action == "delete"]
    metadata = present.get("metadata") or {}
    if change.action == "delete":
        return [_deleted(change, metadata, details)]
    if ref.uid and metadata.get("uid") != ref.uid:
        details.append(f"{ref} was deleted and made again")
        return [False]
    shown = conceal(present, context.redactor)
    stands = []
    for item in change.fields:
        value = fields.read(shown, fields.split(item.path))
        holds = fields.holds(value, item.after)
        if not holds:
            masked = context.redactor.value(value)
            holds = fields.holds(masked, item.after)
        stands.append(holds)
        if not holds:
            details.append(f"{ref} {item.path} is {value!r}, not {item.after!r}")
    return stands or [True]


def _deleted(change: ObjectChange, metadata: Mapping[str, JsonValue], details: list[str]) -> bool:
    if metadata.get("uid") != change.ref.uid:
        details.append(f"{change.ref} is gone; another object has its name now")
        return True
    if not metadata.get("deletionTimestamp"):
        details.append(f"{change.ref} is still there")
        return False
    waits = metadata.get("finalizers")
    details.append(f"{change.ref} is being deleted" + (f" and waits for {waits}" if waits else ""))
    return True
