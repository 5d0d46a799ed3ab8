"""Listing and reading objects of any kind."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from rapidfuzz import fuzz, process

from cloudwright.core.context import Context
from cloudwright.core.errors import NotFound, ToolError
from cloudwright.core.refs import ObjectRef
from cloudwright.core.result import Document, Rows
from cloudwright.core.tool import Effect, Permission, Scope, read_tool
from cloudwright.tools.kubernetes import tables
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.columns import scalar
from cloudwright.tools.kubernetes.concealed import conceal
from cloudwright.tools.kubernetes.discovery import Discovery, ResourceType
from cloudwright.tools.kubernetes.facts import dig
from cloudwright.tools.kubernetes.filter_text import parse_filter
from cloudwright.tools.kubernetes.filters import All, compile_filter, field_reader, masking_reader
from cloudwright.tools.kubernetes.place import notice
from cloudwright.tools.kubernetes.requests import find_kind, live, namespace_for

_NEAR = 20
ALL = "*"
"""Stands for all namespaces."""

Kind = Annotated[str, Field(description="kind, plural or short name", max_length=200)]
Name = Annotated[str, Field(description="exact name", max_length=253)]
Namespace = Annotated[str, Field(description="default: the session's", max_length=253)]


class Strict(BaseModel):
    """Base of the inputs: unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class ListInput(Strict):
    """Which objects, and how to show them."""

    kind: Kind
    namespace: Annotated[str, Field(description='default: the session\'s; "*" for all')] = ""
    labels: Annotated[str, Field(description="label selector")] = ""
    fields: Annotated[str, Field(description="field selector")] = ""
    where: Annotated[
        str, Field(description="filter, e.g. not Running and restarts > 3; older than 2h; image matches x; on node n")
    ] = ""
    columns: Annotated[tuple[str, ...], Field(description="fields or paths instead of the usual ones")] = ()
    sort: Annotated[str, Field(description="field; - before it: descending")] = ""
    group_by: Annotated[tuple[str, ...], Field(description="count by these fields instead of listing")] = ()
    limit: Annotated[int, Field(ge=1, le=1000, description="rows shown")] = 50


class GetInput(Strict):
    """One object."""

    kind: Kind
    name: Name
    namespace: Namespace = ""
    path: Annotated[str, Field(description="only this field, e.g. spec.template")] = ""


def reading(verb: str, kind: ResourceType, namespace: str, name: str = "", subresource: str = "") -> Permission:
    """The right to read a kind."""
    resource = f"{kind.plural}/{subresource}" if subresource else kind.plural
    return Permission(verb=verb, group=kind.group, resource=resource, namespace=namespace, name=name)


def where_of(kind: ResourceType, namespace: str, context: Context) -> str:
    """The namespace of a list: "" for all of them."""
    return "" if namespace == ALL else namespace_for(kind, namespace, context)


def list_scope(args: ListInput, context: Context) -> Scope:
    """What a list needs."""
    kind = find_kind(args.kind, context)
    return Scope(Effect.READ, (reading("list", kind, where_of(kind, args.namespace, context)),))


def get_scope(args: Any, context: Context) -> Scope:
    """What reading one object needs; for inputs with kind, name and namespace."""
    kind = find_kind(args.kind, context)
    namespace = namespace_for(kind, args.namespace, context)
    target = ObjectRef(kind=kind.kind, name=args.name, namespace=namespace, api_version=kind.api_version)
    return Scope(Effect.READ, (reading("get", kind, namespace, args.name),), (target,))


ANY_LIST = Permission(verb="list", resource="*", group="*")
ANY_GET = Permission(verb="get", resource="*", group="*")


@read_tool(
    permission=ANY_LIST,
    input=ListInput,
    scope=list_scope,
    examples=(
        {"kind": "pods", "where": "not Running and restarts > 3", "sort": "-restarts"},
        {"kind": "deploy", "namespace": "*", "group_by": ["namespace"]},
    ),
    utterances=(
        "list {kind}",
        "list {kind} in {namespace}",
        "show all {kind} in namespace {namespace}",
        "which {kind} are {where}",
        "what {kind} are there in {namespace}",
        "how many {kind} are {where}",
        "get {kind} with label {labels}",
        "show {kind} sorted by {sort}",
        "count {kind} by {group_by}",
        "{kind} in all namespaces",
    ),
)
def list_resources(args: ListInput, context: Context) -> Rows:
    """List, filter, sort, count or group objects of any kind."""
    kind = find_kind(args.kind, context)
    namespace = where_of(kind, args.namespace, context)
    if args.group_by:
        return _grouped(args, kind, namespace, context)
    reader = masking_reader(context.redactor)
    wanted, strange = tables.known_fields(kind.kind, args.columns, reader)
    columns = tables.columns_for(kind.kind, wanted, namespaced=kind.namespaced and not namespace, reader=reader)
    newest_first = "last" if kind.kind == "Event" and not args.columns else ""
    table = tables.TableBuilder(columns, args.sort or newest_first, context.redactor)
    for item in select(args, kind, namespace, context, now=table.now):
        metadata = item.get("metadata") or {}
        table.add(item, (metadata.get("name"), metadata.get("namespace"), metadata.get("uid")))
    rows, keys = table.finish()
    if not rows:
        require_namespace(kind, namespace, context)
    names = tuple(column.name for column in columns)
    found = bounded(names, rows, args.limit, context, refs=_refs(kind, keys[: args.limit]), notes=strange)
    return found if rows else found.model_copy(update={"empty": _nothing(args, kind, namespace)})


def _nothing(args: ListInput, kind: ResourceType, namespace: str) -> str:
    """What was looked for and is not there, in words."""
    place = f" in {namespace}" if namespace else " in any namespace" if kind.namespaced else ""
    selectors = [("labels", args.labels), ("fields", args.fields), ("where", args.where)]
    given = " and ".join(f"{name} {text}" for name, text in selectors if text)
    return f"No {kind.plural}{place}" + (f" with {given}." if given else ".")


def select(
    args: ListInput, kind: ResourceType, namespace: str, context: Context, *, now: float | None = None
) -> Iterator[Mapping[str, Any]]:
    """The objects that fit the selectors and the filter, one by one; of Secrets only what may be seen."""
    reader = masking_reader(context.redactor)
    tree = parse_filter(args.where, reader)
    fits = compile_filter(tree, reader)
    secret = kind.kind == "Secret" and not kind.group
    everything = tree == All()
    client = context.service(KubernetesClient)
    params = {key: value for key, value in (("labelSelector", args.labels), ("fieldSelector", args.fields)) if value}
    at = time.time() if now is None else now
    for page in client.pages(kind.path(namespace), params, timeout=context.remaining(client.timeout)):
        for raw in page.items:
            item = conceal(raw, context.redactor) if secret else raw
            if everything or fits(item, at):
                yield item


def bounded(
    columns: tuple[str, ...],
    rows: "list[tuple[JsonValue, ...]]",
    limit: int,
    context: Context,
    *,
    refs: tuple[ObjectRef, ...] = (),
    notes: tuple[str, ...] = (),
) -> Rows:
    """The first rows; the whole is kept in the result store if there are more. Cells are masked already."""
    told = notice(context.service(KubernetesClient)) if KubernetesClient in context.services else ""
    notes = (*notes, told) if told else notes
    if len(rows) <= limit:
        return Rows(columns=columns, rows=tuple(rows), refs=refs, total=len(rows), shown=len(rows), notes=notes)
    handle = context.results.put(Rows(columns=columns, rows=tuple(rows), total=len(rows), shown=len(rows)))
    return Rows(
        columns=columns,
        rows=tuple(rows[:limit]),
        refs=refs,
        total=len(rows),
        shown=limit,
        handle=handle,
        notes=notes,
    )


def _grouped(args: ListInput, kind: ResourceType, namespace: str, context: Context) -> Rows:
    readers = [masking_reader(context.redactor)(name) for name in args.group_by]
    counts: Counter[tuple[JsonValue, ...]] = Counter()
    now = time.time()
    for item in select(args, kind, namespace, context, now=now):
        found = [reader(item, now) for reader in readers]
        counts[tuple(scalar(value[0] if value else None) for value in found)] += 1
    if not counts:
        require_namespace(kind, namespace, context)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], [tables.sort_key(cell) for cell in pair[0]]))
    mask = context.redactor.text
    rows: list[tuple[JsonValue, ...]] = [
        (*(mask(cell) if isinstance(cell, str) else cell for cell in group), count) for group, count in ordered
    ]
    notes = (f"{sum(counts.values())} {kind.plural} in all",)
    return bounded((*args.group_by, "count"), rows, args.limit, context, notes=notes)


def _refs(kind: ResourceType, keys: "list[tuple[str, str, str]]") -> tuple[ObjectRef, ...]:
    return tuple(
        ObjectRef(kind=kind.kind, name=name, namespace=namespace or "", api_version=kind.api_version, uid=uid or "")
        for name, namespace, uid in keys
    )


def require_namespace(kind: ResourceType, namespace: str, context: Context) -> None:
    """An empty list of a namespace that is not there is a mistake of the name.

    Raises:
        NotFound: the namespace does not exist; near misses are suggested.
    """
    if not kind.namespaced or not namespace:
        return
    client = context.service(KubernetesClient)
    try:
        client.get(f"/api/v1/namespaces/{namespace}")
    except NotFound:
        raise NotFound(
            f"There is no namespace {namespace!r}.", suggestions=_near_namespaces(client, namespace)
        ) from None
    except ToolError:
        return  # it may not be read; the list itself was allowed


def _near_namespaces(client: KubernetesClient, name: str) -> list[str]:
    try:
        names = [str(item["metadata"]["name"]) for item in client.list("/api/v1/namespaces")]
    except ToolError:
        return []
    return [match[0] for match in process.extract(name, names, scorer=fuzz.ratio, limit=3, score_cutoff=50)]


@read_tool(
    permission=ANY_GET,
    input=GetInput,
    scope=get_scope,
    examples=({"kind": "deployment", "name": "web"}, {"kind": "pod", "name": "web-0", "path": "spec.containers"}),
    utterances=(
        "get {kind} {name}",
        "show me {kind} {name} in {namespace}",
        "print the yaml of {kind} {name}",
        "what is {path} of {kind} {name}",
        "manifest of {kind} {name}",
        "the whole {kind} called {name}",
    ),
)
def get_resource(args: GetInput, context: Context) -> Document:
    """One object as it is, or one field of it. Secret values are replaced by length and hash."""
    kind = find_kind(args.kind, context)
    namespace = namespace_for(kind, args.namespace, context)
    item = read_object(kind, namespace, args.name, context)
    content: JsonValue = present(item, context, managed=_MANAGED in args.path)
    if args.path:
        found = [value for value in field_reader(args.path)(_mapping(content), time.time())]
        if not found:
            raise NotFound(f"{kind.kind} {args.name} has no field {args.path}.", hint=_beside(content, args.path))
        whole = dig(content, *args.path.split("."))
        content = whole if isinstance(whole, list) else found[0] if len(found) == 1 else list(found)
    return Document(ref=kind.ref(item), content=content, total=1, shown=1)


def _beside(content: JsonValue, path: str) -> str:
    """Which fields there are where the path leaves the object; "" where there are none."""
    for step in path.split("."):
        inner = dig(content, step)
        if inner is None:
            break
        content = inner
    names = list(content)[:_NEAR] if isinstance(content, dict) else []
    return f"There {'is' if len(names) == 1 else 'are'} {', '.join(names)}." if names else ""


def read_object(kind: ResourceType, namespace: str, name: str, context: Context) -> dict[str, Any]:
    """The raw object.

    Raises:
        NotFound: no such object, or no such namespace; near misses are suggested.
    """
    try:
        return live(kind, namespace, name, context)
    except NotFound as error:
        if not error.suggestions:
            require_namespace(kind, namespace, context)
        raise


def present(item: Mapping[str, Any], context: Context, *, managed: bool = False) -> dict[str, JsonValue]:
    """An object for showing: without last-applied text and, unless they are asked for, managed fields; secrets masked,
    kind first."""
    shown = conceal(item, context.redactor)
    metadata = {key: value for key, value in (shown.get("metadata") or {}).items() if managed or key != _MANAGED}
    annotations = metadata.get("annotations")
    if isinstance(annotations, Mapping):
        kept = {key: value for key, value in annotations.items() if key != LAST_APPLIED}
        metadata["annotations"] = kept
        if not kept:
            del metadata["annotations"]
    ordered = {"apiVersion": shown.get("apiVersion"), "kind": shown.get("kind"), **shown, "metadata": metadata}
    return _mapping(context.redactor.value(ordered))


_MANAGED = "managedFields"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def _mapping(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def discovery(context: Context) -> Discovery:
    """The session's knowledge of kinds."""
    return context.service(Discovery)
