"""Waiting until an object is as somebody wants it, by watching it."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments, NotFound, TimedOut, ToolError
from cloudwright.core.result import Document
from cloudwright.core.tool import Effect, Scope, read_tool
from cloudwright.tools.kubernetes import facts, rollouts, values
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.discovery import ResourceType
from cloudwright.tools.kubernetes.errors import ContinueExpired
from cloudwright.tools.kubernetes.filter_text import parse_filter
from cloudwright.tools.kubernetes.filters import compile_filter
from cloudwright.tools.kubernetes.listing import ANY_GET, Kind, Name, Namespace, Strict, get_scope, read_object, reading
from cloudwright.tools.kubernetes.requests import find_kind, namespace_for

_LONGEST = 600.0
Object = Mapping[str, Any]


class WaitInput(Strict):
    """One object, and what it is to become."""

    kind: Kind
    name: Name
    namespace: Namespace = ""
    until: Annotated[
        str, Field(description='"deleted", "rolled out", a condition (Ready, Available=False), or a filter as in lists')
    ] = "Ready"
    timeout: Annotated[str, Field(description="such as 90s; at most 10m")] = "60s"


def _scope(args: WaitInput, context: Context) -> Scope:
    found = get_scope(args, context)
    kind = find_kind(args.kind, context)
    watch = reading("watch", kind, found.permissions[0].namespace, args.name)
    return Scope(Effect.READ, (*found.permissions, watch), found.targets)


@read_tool(
    permission=ANY_GET,
    input=WaitInput,
    scope=_scope,
    examples=({"kind": "deployment", "name": "web", "until": "rolled out", "timeout": "2m"},),
    utterances=(
        "wait until {kind} {name} is {until}",
        "wait for {kind} {name} to be {until}",
        "wait {timeout} for {kind} {name}",
        "tell me when {kind} {name} in {namespace} is {until}",
        "wait until {kind} {name} is deleted",
        "block until {kind} {name} has rolled out",
    ),
)
def wait_for_condition(args: WaitInput, context: Context) -> Document:
    """Wait until an object meets a condition, is deleted or has rolled out."""
    kind = find_kind(args.kind, context)
    namespace = namespace_for(kind, args.namespace, context)
    seconds = min(values.seconds(args.timeout, "timeout"), _LONGEST, context.remaining(_LONGEST))
    gone = args.until.strip().lower() in ("deleted", "delete", "gone")
    holds = (lambda item: False) if gone else goal(args.until, kind)
    started = time.monotonic()
    last = _watch(kind, namespace, args.name, holds, gone, started + seconds, context)
    took = round(time.monotonic() - started, 1)
    if last is None:
        return Document(content={"met": True, "until": args.until, "seconds": took, "status": "deleted"})
    return Document(
        ref=kind.ref(last),
        content={"met": True, "until": args.until, "seconds": took, "status": facts.status(last)},
        total=1,
        shown=1,
    )


def goal(until: str, kind: ResourceType) -> Callable[[Object], bool]:
    """What an object is waited for.

    Raises:
        InvalidArguments: it cannot be understood.
    """
    text = until.strip()
    if text.lower() in ("rolled out", "rolled-out", "rollout"):
        if kind.kind not in ("Deployment", "StatefulSet", "DaemonSet"):
            raise InvalidArguments(f"{kind.kind} does not roll out.", hint="Wait for a condition or a filter.")
        return lambda item: rollouts.progress(item)[0] == "done"
    word, _, wanted = text.removeprefix("condition=").partition("=")
    if word.isalnum() and word[:1].isupper() and (not wanted or wanted.capitalize() in ("True", "False", "Unknown")):
        status = wanted.capitalize() or "True"

        def met(item: Object) -> bool:
            found = facts.condition(item, word)
            if not found:
                return not wanted and facts.status(item).lower() == word.lower()
            return bool(found.get("status") == status) and _observed(item, found)

        return met
    fits = compile_filter(parse_filter(text))
    return lambda item: fits(item, time.time())


def _observed(item: Object, condition: Object) -> bool:
    """Whether a condition speaks of the latest specification, where that can be told."""
    seen = condition.get("observedGeneration") or facts.dig(item, "status", "observedGeneration")
    generation = facts.dig(item, "metadata", "generation")
    return seen is None or generation is None or int(seen) >= int(generation)


def _watch(
    kind: ResourceType,
    namespace: str,
    name: str,
    holds: Callable[[Object], bool],
    gone: bool,
    end: float,
    context: Context,
) -> Object | None:
    """The object as soon as it holds; None when it is deleted and that was waited for."""
    while True:
        try:
            item: Object = read_object(kind, namespace, name, context)
        except NotFound:
            if gone:
                return None
            raise
        if holds(item):
            return item
        for later in _versions(kind, namespace, item, end, context):
            item = later
            if facts.dig(item, "metadata", "deleted"):
                if gone:
                    return None
                raise NotFound(f"{kind.kind} {name} was deleted while it was waited for.")
            if holds(item):
                return item
        if time.monotonic() >= end:
            raise _late(item, kind, name)


def _versions(kind: ResourceType, namespace: str, item: Object, end: float, context: Context) -> Iterator[Object]:
    """Later states of an object, until the watch or the time ends; a deleted one has `metadata.deleted`."""
    metadata = item.get("metadata") or {}
    params = {
        "fieldSelector": f"metadata.name={metadata.get('name')}",
        "resourceVersion": str(metadata.get("resourceVersion") or ""),
    }
    left = end - time.monotonic()
    if left <= 0:
        return
    try:
        for event in context.service(KubernetesClient).watch(kind.path(namespace), params, timeout=left):
            found = event.get("object") or {}
            if event.get("type") == "ERROR":
                return  # the version is too old; the caller reads anew
            if event.get("type") == "DELETED" and facts.dig(found, "metadata", "uid") == metadata.get("uid"):
                yield {**found, "metadata": {**(found.get("metadata") or {}), "deleted": True}}
            elif event.get("type") in ("ADDED", "MODIFIED"):
                yield found
    except (ContinueExpired, TimedOut):
        return


def _late(item: Object, kind: ResourceType, name: str) -> ToolError:
    why = [
        f"{entry.get('type')}={entry.get('status')} {entry.get('reason') or ''}".strip()
        for entry in facts.maps(item, "status", "conditions")
        if entry.get("status") != "True"
    ]
    state = facts.status(item) or "without a status"
    more = f" ({'; '.join(why)})" if why else ""
    return TimedOut(f"{kind.kind} {name} is not there yet: it is {state}{more}.", hint="Wait longer, or describe it.")
