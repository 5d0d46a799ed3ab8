"""An object in words: its facts, conditions, containers, owners and events, joined by uid."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from cloudwright.core.context import Context
from cloudwright.core.errors import ToolError
from cloudwright.core.result import Lines
from cloudwright.core.tool import Permission, Scope, read_tool
from cloudwright.tools.kubernetes import facts, values
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.columns import COLUMNS, scalar
from cloudwright.tools.kubernetes.discovery import ResourceType
from cloudwright.tools.kubernetes.events import events_of
from cloudwright.tools.kubernetes.facts import dig, last_seen, maps, times_seen
from cloudwright.tools.kubernetes.listing import ANY_GET, Kind, Name, Namespace, Strict, get_scope, present, read_object
from cloudwright.tools.kubernetes.objects import name_of
from cloudwright.tools.kubernetes.owners import chain, children
from cloudwright.tools.kubernetes.placement import requested
from cloudwright.tools.kubernetes.quantities import text
from cloudwright.tools.kubernetes.requests import find_kind, namespace_for

_EVENTS = 15
_LONGEST_VALUE = 300
_INJECTED = "kube-api-access-"
"""Begins the name of the volume that every pod gets for its service account."""


class DescribeInput(Strict):
    """One object."""

    kind: Kind
    name: Name
    namespace: Namespace = ""


def _scope(args: DescribeInput, context: Context) -> Scope:
    scope = get_scope(args, context)
    events = Permission(verb="list", resource="events", namespace=scope.permissions[0].namespace)
    pods = [Permission(verb="list", resource="pods")] if find_kind(args.kind, context).kind == "Node" else []
    return Scope(scope.effect, (*scope.permissions, events, *pods), scope.targets)


@read_tool(
    permission=ANY_GET,
    input=DescribeInput,
    scope=_scope,
    examples=({"kind": "pod", "name": "web-0"},),
    utterances=(
        "describe {kind} {name}",
        "describe {kind} {name} in {namespace}",
        "tell me about {kind} {name}",
        "what is going on with {kind} {name}",
        "details of {kind} {name}",
        "what state is {kind} {name} in",
    ),
)
def describe_resource(args: DescribeInput, context: Context) -> Lines:
    """One object with its conditions, containers, owners and events."""
    kind = find_kind(args.kind, context)
    namespace = namespace_for(kind, args.namespace, context)
    item = read_object(kind, namespace, args.name, context)
    now = time.time()
    shown = present(item, context)
    lines = [
        *_head(shown, kind, now),
        *last_edit(item, now),
        *_own_fields(shown, kind, now),
        *_conditions(shown, now),
        *_pod_lines(shown, now),
        *_owner_lines(item, context),
        *_child_lines(item, kind, context),
        *(_node_lines(item, context) if kind.kind == "Node" else ()),
        *_event_lines(item, kind, context, now),
    ]
    masked = tuple(context.redactor.text(line) for line in lines)
    return Lines(lines=masked, total=len(masked), shown=len(masked))


def _head(item: Mapping[str, Any], kind: ResourceType, now: float) -> Iterator[str]:
    metadata = item.get("metadata") or {}
    age = facts.age(item, now)
    yield f"{kind.kind} {metadata.get('name')}" + (f" in {metadata['namespace']}" if metadata.get("namespace") else "")
    status = facts.status(item)
    if status:
        yield f"status: {status}"
    if age is not None:
        yield f"age: {values.short_duration(age)} (since {metadata.get('creationTimestamp')})"
    if metadata.get("deletionTimestamp"):
        held = ", ".join(metadata.get("finalizers") or ()) or "nothing but its grace period"
        yield f"being deleted since {metadata['deletionTimestamp']}; held by {held}"
    for key in ("labels", "annotations"):
        found = metadata.get(key) or {}
        if found:
            yield f"{key}: " + ", ".join(f"{name}={_short(value)}" for name, value in sorted(found.items()))


def last_edit(item: Mapping[str, Any], now: float) -> Iterator[str]:
    """Who edited a raw object last, and when; what controllers write into its status is no edit."""
    edits = [entry for entry in maps(item, "metadata", "managedFields") if entry.get("subresource") != "status"]
    last = max(edits, key=lambda entry: str(entry.get("time") or ""), default={})
    since = values.age(now, last.get("time"))
    if since is not None:
        yield f"last edited: {last['time']} ({values.short_duration(since)} ago) by {last.get('manager')}"


def _own_fields(item: Mapping[str, Any], kind: ResourceType, now: float) -> Iterator[str]:
    for column in COLUMNS.get(kind.kind, ()):
        value = column.cell(item, now)
        if column.name not in ("status", "age") and value not in (None, ""):
            yield f"{column.name}: {value}"
    if kind.kind in ("ConfigMap", "Secret"):
        for key, value in sorted((item.get("data") or {}).items()):
            yield f"data {key}: {_short(value)}"
    elif kind.kind not in COLUMNS:
        for section in ("spec", "status"):
            for key, value in (item.get(section) or {}).items():
                if key != "conditions":
                    yield f"{section}.{key}: {_short(scalar(value))}"


def _conditions(item: Mapping[str, Any], now: float) -> Iterator[str]:
    for entry in maps(item, "status", "conditions"):
        since = values.age(now, entry.get("lastTransitionTime"))
        text = f"condition {entry.get('type')}={entry.get('status')}"
        if entry.get("reason"):
            text += f" {entry['reason']}"
        if entry.get("message"):
            text += f": {_short(entry['message'])}"
        yield text + (f" (for {values.short_duration(since)})" if since is not None else "")


def _pod_lines(item: Mapping[str, Any], now: float) -> Iterator[str]:
    if not facts.pod_spec(item):
        return
    statuses = {entry.get("name"): entry for entry in facts.container_statuses(item)}
    for container in facts.containers(item):
        yield f"container {container.get('name')}: image {container.get('image')}"
        yield from _status_lines(statuses.get(container.get("name")), now)
        for key in ("requests", "limits"):
            found = dig(container, "resources", key)
            if found:
                yield f"  {key}: {scalar(found)}"
        for key in ("livenessProbe", "readinessProbe", "startupProbe"):
            if container.get(key):
                yield f"  {key}: {_short(scalar(container[key]))}"
        yield from environment_lines(container)
    yield from _spec_lines(facts.pod_spec(item))


def _status_lines(entry: Mapping[str, Any] | None, now: float) -> Iterator[str]:
    if entry is None:
        return
    ready = "ready" if entry.get("ready") else "not ready"
    yield f"  {ready}, {entry.get('restartCount', 0)} restarts, {_state(entry.get('state'), now)}"
    if entry.get("lastState"):
        yield f"  before: {_state(entry['lastState'], now)}"


def _spec_lines(spec: Mapping[str, Any]) -> Iterator[str]:
    for entry in maps(spec, "volumes"):
        if str(entry.get("name")).startswith(_INJECTED):
            continue
        source = {key: value for key, value in entry.items() if key != "name"}
        yield f"volume {entry.get('name')}: {_short(scalar(source))}"
    for entry in maps(spec, "tolerations"):
        if not str(entry.get("key") or "").startswith("node.kubernetes.io/"):
            yield f"toleration: {scalar(entry)}"
    for key in ("nodeSelector", "serviceAccountName", "priorityClassName"):
        if spec.get(key):
            yield f"{key}: {scalar(spec[key])}"


def environment_lines(container: Mapping[str, Any]) -> Iterator[str]:
    """The variables of a container and where they come from."""
    for entry in maps(container, "env"):
        source = entry.get("valueFrom")
        yield f"  env {entry.get('name')}" + (
            f"={_short(entry.get('value', ''))}" if source is None else f" from {_source(source)}"
        )
    for entry in maps(container, "envFrom"):
        yield f"  env from {_short(scalar(entry))}"


def _source(source: Mapping[str, Any]) -> str:
    """Where a variable comes from; a reference written as NAME=VALUE would be taken for a secret value."""
    for key, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
        found = source.get(key)
        if isinstance(found, Mapping):
            optional = ", if it is there" if found.get("optional") else ""
            return f"key {found.get('key')} of {kind} {found.get('name')}{optional}"
    return _short(scalar(source))


def _state(state: Any, now: float) -> str:
    for word, entry in (state or {}).items():
        if not isinstance(entry, Mapping):
            continue
        parts = [word]
        if entry.get("reason"):
            parts.append(str(entry["reason"]))
        if "exitCode" in entry:
            parts.append(f"exit code {entry['exitCode']}")
        since = values.age(now, entry.get("finishedAt") or entry.get("startedAt"))
        if since is not None:
            parts.append(
                f"{values.short_duration(since)} ago" if "exitCode" in entry else f"for {values.short_duration(since)}"
            )
        if entry.get("message"):
            parts.append(_short(entry["message"]))
        return ", ".join(parts)
    return "state unknown"


def _owner_lines(item: Mapping[str, Any], context: Context) -> Iterator[str]:
    for owner in chain(item, context):
        yield f"owned by {owner.ref.kind} {owner.ref.name}" + (f" ({owner.why})" if owner.why else "")


def _child_lines(item: Mapping[str, Any], kind: ResourceType, context: Context) -> Iterator[str]:
    made = [(child_kind, child) for child_kind, child in children(kind.ref(item), context)]
    for child_kind, child in made[:20]:
        yield f"owns {child_kind.kind} {dig(child, 'metadata', 'name')}: {facts.status(child) or 'there'}"
    if len(made) > 20:
        yield f"owns {len(made) - 20} more"


def _node_lines(item: Mapping[str, Any], context: Context) -> Iterator[str]:
    """What the pods of a node ask for, of what it can give: whether more would fit."""
    client = context.service(KubernetesClient)
    chosen = {"fieldSelector": f"spec.nodeName={name_of(item)}"}
    try:
        pods = list(client.list("/api/v1/pods", chosen, timeout=context.remaining(client.timeout)))
    except ToolError as error:
        yield f"its pods cannot be read: {error}"
        return
    for name, (asked, whole) in sorted(requested(item, pods).items()):
        if asked or name in ("cpu", "memory"):
            free = text(name, max(0.0, whole - asked))
            yield f"requested {name}: {text(name, asked)} of {text(name, whole)} allocatable, {free} free"


def _event_lines(item: Mapping[str, Any], kind: ResourceType, context: Context, now: float) -> Iterator[str]:
    try:
        events = events_of(kind.ref(item), context)
    except ToolError as error:
        yield f"events cannot be read: {error}"
        return
    yield f"events: {len(events)}" if events else "events: none"
    for event in events[-_EVENTS:]:
        ago = values.short_duration(max(0.0, now - last_seen(event)))
        times = f" x{times_seen(event)}" if times_seen(event) > 1 else ""
        said = context.redactor.text(str(event.get("message") or ""))  # whole: a cut or joined line hides what it holds
        yield f"  {ago} ago {event.get('type')} {event.get('reason')}{times}: {_short(said)}"


def _short(value: Any) -> str:
    text = " ".join(str("" if value is None else value).split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}… ({len(text)} characters)"
