"""The cluster at a glance, and results that were kept."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, JsonValue

from cloudwright.core.context import Context
from cloudwright.core.errors import ToolError
from cloudwright.core.result import Document, Rows
from cloudwright.core.tool import NO_PERMISSION, read_tool
from cloudwright.tools.kubernetes import facts, tables
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.discovery import Discovery
from cloudwright.tools.kubernetes.errors import clock_sentence
from cloudwright.tools.kubernetes.facts import Fact, dig
from cloudwright.tools.kubernetes.filter_text import parse_filter
from cloudwright.tools.kubernetes.filters import compile_filter
from cloudwright.tools.kubernetes.listing import Strict
from cloudwright.tools.kubernetes.place import notice

_SKEWED_SECONDS = 60.0


class NoInput(Strict):
    """Nothing."""


class QueryInput(Strict):
    """A kept result, and what of it."""

    handle: Annotated[str, Field(description="as the result names it, such as r5d0c2a9f")]
    where: Annotated[str, Field(description="filter on columns, e.g. restarts > 3 and node = n1")] = ""
    columns: tuple[str, ...] = ()
    sort: Annotated[str, Field(description="column; - before it: descending")] = ""
    group_by: Annotated[tuple[str, ...], Field(description="count by these columns")] = ()
    offset: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 50


@read_tool(
    permission=NO_PERMISSION,
    input=NoInput,
    examples=({},),
    utterances=(
        "cluster info",
        "what cluster is this",
        "which version does the cluster run",
        "is the cluster healthy",
        "who am I and where",
        "give me an overview of the cluster",
    ),
)
def cluster_info(args: NoInput, context: Context) -> Document:
    """Version, health, nodes, identity and gaps of the cluster."""
    client, known = context.service(KubernetesClient), context.service(Discovery)
    version = client.get("/version")
    notes: list[str] = []
    content: dict[str, JsonValue] = {
        "server": client.server,
        "version": str(version.get("gitVersion") or ""),
        "cluster": context.place.cluster,
        "context": context.place.context,
        "namespace": context.place.namespace,
        "identity": context.place.impersonates or context.place.identity,
        "health": _health(client),
    }
    for name, path in (("nodes", "/api/v1/nodes"), ("namespaces", "/api/v1/namespaces")):
        try:
            content[name] = _counted(list(client.list(path)))
        except ToolError as error:
            notes.append(f"{name} cannot be read: {error.message}")
    kinds = [kind for kind in known.types() if kind.preferred]
    content["kinds"] = len(kinds)
    content["metrics"] = any(kind.group == "metrics.k8s.io" for kind in kinds)
    if known.missing:
        notes.append(f"API groups that do not answer: {', '.join(known.missing)}")
    if client.clock_skew is not None and abs(client.clock_skew) > _SKEWED_SECONDS:
        notes.append(clock_sentence(client.clock_skew))
    told = notice(client)
    if told:
        notes.append(told)
    return Document(content=content, notes=tuple(notes), total=1, shown=1)


def _health(client: KubernetesClient) -> JsonValue:
    try:
        return client.get_bytes("/readyz").decode("utf-8", "replace").strip()
    except ToolError as error:
        return f"not ready: {error.message}"


def _counted(items: list[Mapping[str, Any]]) -> JsonValue:
    counts: dict[str, JsonValue] = {"total": len(items)}
    for status, count in Counter(facts.status(item) or "unknown" for item in items).items():
        counts[status] = count
    versions = sorted({str(found) for item in items if (found := dig(item, "status", "nodeInfo", "kubeletVersion"))})
    if versions:
        counts["kubelets"] = ", ".join(versions)
    return counts


@read_tool(
    permission=NO_PERMISSION,
    input=QueryInput,
    examples=({"handle": "r5d0c2a9f", "where": "restarts > 3", "sort": "-restarts"},),
    utterances=(
        "show more of {handle}",
        "the next rows of {handle} from {offset}",
        "filter {handle} by {where}",
        "sort {handle} by {sort}",
        "group {handle} by {group_by}",
        "how many rows of {handle} have {where}",
    ),
)
def query_result(args: QueryInput, context: Context) -> Rows:
    """Page, filter, sort or group a result that was kept, without asking the cluster again."""
    kept = context.results.get(args.handle)
    columns, rows = kept.columns, list(kept.rows)
    if args.where:
        rows = [row for row, fits in zip(rows, _fits(args.where, columns, rows), strict=True) if fits]
    if args.group_by:
        columns, grouped = tables.group_rows(rows, columns, args.group_by)
        rows = list(grouped)
    if args.sort:
        rows = list(tables.sort_rows(rows, columns, args.sort))
    if args.columns and not args.group_by:
        places = tables.known_columns(columns, args.columns)
        columns = tuple(columns[place] for place in places)
        rows = [tuple(row[place] for place in places) for row in rows]
    page = tuple(rows[args.offset : args.offset + args.limit])
    return Rows(columns=columns, rows=page, total=len(rows), shown=len(page), handle=args.handle)


def _fits(where: str, columns: tuple[str, ...], rows: list[tuple[JsonValue, ...]]) -> list[bool]:
    def reader(name: str) -> Fact:
        index = tables.position(columns, name)
        return lambda item, now: [] if item["row"][index] in (None, "") else [item["row"][index]]

    fits = compile_filter(parse_filter(where, reader), reader)
    return [fits({"row": row}, 0.0) for row in rows]
