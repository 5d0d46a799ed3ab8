"""Events: of a cluster, a namespace or one object, found by uid."""

import time
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field, JsonValue

from cloudwright.core.context import Context
from cloudwright.core.refs import ObjectRef
from cloudwright.core.result import Rows
from cloudwright.core.tool import Effect, Permission, Scope, read_tool
from cloudwright.tools.kubernetes import values
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.columns import COLUMNS
from cloudwright.tools.kubernetes.discovery import Discovery
from cloudwright.tools.kubernetes.facts import dig, last_seen
from cloudwright.tools.kubernetes.listing import (
    ALL,
    Strict,
    bounded,
    read_object,
    require_namespace,
)
from cloudwright.tools.kubernetes.requests import find_kind, namespace_for

_COLUMNS = tuple(column.name for column in COLUMNS["Event"])
_READ = Permission(verb="list", resource="events")


class EventsInput(Strict):
    """Which events."""

    namespace: Annotated[str, Field(description='default: the session\'s; "*" for all')] = ""
    kind: Annotated[str, Field(description="with name: events of this object alone", max_length=200)] = ""
    name: Annotated[str, Field(max_length=253)] = ""
    type: Annotated[str, Field(pattern="^(Normal|Warning)?$", description="Warning or Normal")] = ""
    reason: str = ""
    since: Annotated[str, Field(description="such as 30m")] = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 50


def _scope(args: EventsInput, context: Context) -> Scope:
    namespace = "" if args.namespace == ALL else args.namespace or context.place.namespace
    return Scope(Effect.READ, (_READ.model_copy(update={"namespace": namespace}),))


@read_tool(
    permission=_READ,
    input=EventsInput,
    scope=_scope,
    examples=({"type": "Warning", "since": "1h"}, {"kind": "pod", "name": "web-0"}),
    utterances=(
        "show events",
        "events in {namespace}",
        "what happened in namespace {namespace}",
        "warnings in {namespace} since {since}",
        "events of {kind} {name}",
        "what happened to {kind} {name}",
        "recent {type} events",
        "any {reason} events",
    ),
)
def list_events(args: EventsInput, context: Context) -> Rows:
    """Events, newest first, of a namespace, of all, or of one object (found by its uid)."""
    now = time.time()
    oldest = now - values.seconds(args.since, "since") if args.since else 0.0
    namespace = "" if args.namespace == ALL else args.namespace or context.place.namespace
    selector = {"type": args.type, "reason": args.reason}
    if args.kind and args.name:
        kind = find_kind(args.kind, context)
        namespace = namespace_for(kind, "" if args.namespace == ALL else args.namespace, context)
        item = read_object(kind, namespace, args.name, context)
        found: Iterable[Mapping[str, Any]] = events_of(kind.ref(item), context)
        found = (event for event in found if all(not want or event.get(key) == want for key, want in selector.items()))
    else:
        found = _all(namespace, selector, context)
    events = sorted((event for event in found if last_seen(event) >= oldest), key=last_seen, reverse=True)
    if not events and not args.name:
        require_namespace(context.service(Discovery).find("events"), namespace, context)
    return bounded(_COLUMNS, [row(event, now, context) for event in events], args.limit, context)


def events_of(ref: ObjectRef, context: Context) -> list[Mapping[str, Any]]:
    """Events of this very object: by uid, so that a namesake's are not among them. Oldest first.

    Events of nodes are in namespace default and name the node instead of its uid.
    """
    client = context.service(KubernetesClient)
    path = f"/api/v1/namespaces/{ref.namespace}/events" if ref.namespace else "/api/v1/events"
    wanted = f"involvedObject.name={ref.name},involvedObject.kind={ref.kind}"
    found = client.list(path, {"fieldSelector": wanted}, timeout=context.remaining(client.timeout))
    own = [event for event in found if dig(event, "involvedObject", "uid") in (ref.uid, "", None, ref.name)]
    return sorted(own, key=last_seen)


def _all(namespace: str, selector: Mapping[str, str], context: Context) -> Iterable[Mapping[str, Any]]:
    client = context.service(KubernetesClient)
    path = f"/api/v1/namespaces/{namespace}/events" if namespace else "/api/v1/events"
    fields = ",".join(f"{key}={value}" for key, value in selector.items() if value)
    params = {"fieldSelector": fields} if fields else {}
    return client.list(path, params, timeout=context.remaining(client.timeout))


def row(event: Mapping[str, Any], now: float, context: Context) -> tuple[JsonValue, ...]:
    """One row of an event table, masked."""
    cells = [column.cell(event, now) for column in COLUMNS["Event"]]
    return tuple(context.redactor.text(cell) if isinstance(cell, str) else cell for cell in cells)
