"""The tools on a Prometheus server: queries, series, labels, metadata, rules, alerts, targets."""

import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, JsonValue

from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments, NotFound
from cloudwright.core.result import Rows
from cloudwright.core.tool import NO_PERMISSION, AnyTool, read_tool
from cloudwright.tools.kubernetes import values
from cloudwright.tools.kubernetes.listing import Strict
from cloudwright.tools.prometheus import PrometheusClient, Summary, summarise

_POINTS = 250
_MOST_POINTS = 11_000


class QueryInput(Strict):
    """An instant query."""

    query: Annotated[str, Field(description="PromQL", min_length=1, max_length=4000)]
    at: Annotated[str, Field(description="time, or how long ago (10m); default: now")] = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 30


class RangeInput(Strict):
    """A range query."""

    query: Annotated[str, Field(description="PromQL", min_length=1, max_length=4000)]
    start: Annotated[str, Field(description="time, or how long ago")] = "1h"
    end: Annotated[str, Field(description="time, or how long ago; default: now")] = ""
    step: Annotated[str, Field(description="such as 30s; default: to get about 250 points")] = ""
    top: Annotated[int, Field(ge=1, le=200, description="series shown, by how much they change")] = 15


class SeriesInput(Strict):
    """Which series."""

    match: Annotated[str, Field(description='selector, e.g. up{job="api"}', min_length=1, max_length=2000)]
    since: str = "1h"
    limit: Annotated[int, Field(ge=1, le=1000)] = 50


class LabelsInput(Strict):
    """Which labels."""

    label: Annotated[str, Field(description="values of this one; default: names of all")] = ""
    match: Annotated[str, Field(description="only of these series", max_length=2000)] = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class MetadataInput(Strict):
    """Which metrics."""

    metric: Annotated[str, Field(description="exact name; default: all")] = ""
    search: Annotated[str, Field(description="part of a name or description")] = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 50


class StateInput(Strict):
    """Which of them."""

    state: Annotated[str, Field(description="firing, pending, inactive; up, down")] = ""
    search: str = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 50


def _client(context: Context) -> PrometheusClient:
    return context.service(PrometheusClient)


def _time(text: str, default: float, what: str) -> float:
    """A Unix time from one, from RFC 3339, or from how long ago it was."""
    if not text:
        return default
    if text.replace(".", "", 1).isdigit() and len(text) >= 9:
        return float(text)
    then = values.moment(text)
    return then if then is not None else time.time() - values.seconds(text, what)


def _bounded(
    columns: tuple[str, ...],
    rows: list[tuple[JsonValue, ...]],
    limit: int,
    context: Context,
    notes: tuple[str, ...] = (),
) -> Rows:
    masked = [tuple(context.redactor.text(c) if isinstance(c, str) else c for c in row) for row in rows]
    if len(masked) <= limit:
        return Rows(columns=columns, rows=tuple(masked), total=len(masked), shown=len(masked), notes=notes)
    handle = context.results.put(Rows(columns=columns, rows=tuple(masked), total=len(masked), shown=len(masked)))
    return Rows(columns=columns, rows=tuple(masked[:limit]), total=len(masked), shown=limit, handle=handle, notes=notes)


def series_text(labels: Mapping[str, str]) -> str:
    """A series as PromQL writes it."""
    inner = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()) if key != "__name__")
    name = labels.get("__name__", "")
    return f"{name}{{{inner}}}" if inner or not name else name


def _number(value: float) -> JsonValue:
    if not math.isfinite(value):
        return str(value)
    return int(value) if value == int(value) and abs(value) < 1e15 else float(f"{value:.6g}")


@read_tool(
    permission=NO_PERMISSION,
    input=QueryInput,
    examples=({"query": "sum by (job) (up)"},),
    utterances=(
        "prometheus query {query}",
        "run promql {query}",
        "what is {query} now",
        "evaluate {query} at {at}",
        "value of {query}",
        "query prometheus for {query}",
    ),
)
def prometheus_query(args: QueryInput, context: Context) -> Rows:
    """An instant PromQL query; the largest values first."""
    client = _client(context)
    data = client.query(args.query, _time(args.at, time.time(), "at"), timeout=context.remaining(client.timeout)) or {}
    kind, result = data.get("resultType"), data.get("result") or []
    if kind in ("scalar", "string"):
        return _bounded(("value",), [(str(result[1]),)], 1, context)
    if kind == "matrix":
        raise InvalidArguments(
            "This query gives ranges.", hint="Take a function over the range, such as rate(name[5m])."
        )
    found = [(entry.get("metric") or {}, float(entry["value"][1])) for entry in result if "value" in entry]
    found.sort(key=lambda pair: -pair[1] if math.isfinite(pair[1]) else math.inf)
    rows: list[tuple[JsonValue, ...]] = [(series_text(labels), _number(value)) for labels, value in found]
    notes = () if rows else ("No series fits: no metric has this name, or no series these labels.",)
    return _bounded(("series", "value"), rows, args.limit, context, notes)


@read_tool(
    permission=NO_PERMISSION,
    input=RangeInput,
    examples=({"query": "rate(http_requests_total[5m])", "start": "6h"},),
    utterances=(
        "how did {query} change since {start}",
        "trend of {query} over the last {start}",
        "prometheus range query {query} from {start} to {end}",
        "graph {query} since {start}",
        "when did {query} change",
        "history of {query} over {start}",
    ),
)
def prometheus_range(args: RangeInput, context: Context) -> Rows:
    """A PromQL query over time, each series summarised: last, min, max, mean and when its level shifted."""
    now = time.time()
    end = _time(args.end, now, "end")
    start = _time(args.start, now - 3600, "start")
    if start >= end:
        raise InvalidArguments("The range ends before it begins.", hint="Give start and end as times or how long ago.")
    step = values.seconds(args.step, "step") if args.step else max(1.0, math.ceil((end - start) / _POINTS))
    if (end - start) / step > _MOST_POINTS:
        raise InvalidArguments(f"A step of {args.step} gives more than {_MOST_POINTS} points a series.")
    client = _client(context)
    data = client.query_range(args.query, start, end, step, timeout=context.remaining(client.timeout)) or {}
    found = [
        summary
        for entry in data.get("result") or []
        if (
            summary := summarise(
                entry.get("metric") or {}, [(float(at), float(value)) for at, value in entry.get("values") or []]
            )
        )
    ]
    found.sort(key=lambda summary: (-_movement(summary), -abs(summary.last)))
    rows: list[tuple[JsonValue, ...]] = [
        (
            series_text(summary.labels),
            *(_number(value) for value in (summary.last, summary.low, summary.high, summary.mean)),
            "; ".join(f"{_clock(at)}: {_number(before)} → {_number(after)}" for at, before, after in summary.changes)
            or None,
            summary.points,
        )
        for summary in found
    ]
    columns = ("series", "last", "min", "max", "mean", "level shifts (UTC)", "points")
    notes = (f"{_clock(start)} to {_clock(end)} UTC, step {step:g} s",)
    return _bounded(columns, rows, args.top, context, notes)


def _movement(summary: Summary) -> float:
    """How much a series moves, on its own scale."""
    if summary.changes:
        _, before, after = summary.changes[0]
        return 1.0 + abs(after - before) / max(abs(before), abs(after), 1e-12)
    return (summary.high - summary.low) / max(abs(summary.high), abs(summary.low), 1e-12)


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%m-%d %H:%M:%S")


@read_tool(
    permission=NO_PERMISSION,
    input=SeriesInput,
    examples=({"match": 'up{job="api"}'},),
    utterances=(
        "which series match {match}",
        "list series of {match}",
        "prometheus series {match}",
        "what labels does {match} have",
        "series of {match} since {since}",
        "is there a metric {match}",
    ),
)
def prometheus_series(args: SeriesInput, context: Context) -> Rows:
    """The series that a selector matches."""
    client, now = _client(context), time.time()
    params = {"match[]": args.match, "start": now - values.seconds(args.since, "since"), "end": now}
    found = client.ask("series", params, timeout=context.remaining(client.timeout)) or []
    return _bounded(("series",), [(series_text(labels),) for labels in found], args.limit, context)


@read_tool(
    permission=NO_PERMISSION,
    input=LabelsInput,
    examples=({"label": "job"},),
    utterances=(
        "which labels does prometheus have",
        "values of label {label}",
        "prometheus labels of {match}",
        "what values has {label}",
        "list the {label} labels",
        "label names in prometheus",
    ),
)
def prometheus_labels(args: LabelsInput, context: Context) -> Rows:
    """Names of labels, or the values of one."""
    client = _client(context)
    params = {"match[]": args.match} if args.match else {}
    if args.label and not args.label.replace("_", "").isalnum():
        raise InvalidArguments(f"{args.label!r} cannot be the name of a label.")
    path = f"label/{args.label}/values" if args.label else "labels"
    found = client.ask(path, params, timeout=context.remaining(client.timeout)) or []
    if args.label and not found and not args.match:
        raise NotFound(f"No series has a label {args.label!r}.", hint="Without `label` the names are listed.")
    return _bounded((args.label or "label",), [(str(item),) for item in found], args.limit, context)


@read_tool(
    permission=NO_PERMISSION,
    input=MetadataInput,
    examples=({"search": "memory"},),
    utterances=(
        "which metrics are there",
        "what does metric {metric} mean",
        "metrics about {search}",
        "find a metric for {search}",
        "type of metric {metric}",
        "search prometheus metrics for {search}",
    ),
)
def prometheus_metadata(args: MetadataInput, context: Context) -> Rows:
    """Type and description of metrics."""
    client = _client(context)
    params = {"metric": args.metric} if args.metric else {}
    data = client.ask("metadata", params, timeout=context.remaining(client.timeout)) or {}
    low = args.search.lower()
    rows: list[tuple[JsonValue, ...]] = [
        (name, str(entries[0].get("type")), str(entries[0].get("help")))
        for name, entries in sorted(data.items())
        if entries and (not low or low in name.lower() or low in str(entries[0].get("help")).lower())
    ]
    return _bounded(("metric", "type", "help"), rows, args.limit, context)


@read_tool(
    permission=NO_PERMISSION,
    input=StateInput,
    examples=({"state": "firing"},),
    utterances=(
        "which alerts are firing",
        "show {state} alerts",
        "prometheus alerts",
        "are there alerts about {search}",
        "what is alerting",
        "active alerts for {search}",
    ),
)
def prometheus_alerts(args: StateInput, context: Context) -> Rows:
    """Alerts that are pending or firing, the oldest first."""
    client = _client(context)
    data = client.ask("alerts", timeout=context.remaining(client.timeout)) or {}
    found = sorted(data.get("alerts") or [], key=lambda alert: str(alert.get("activeAt")))
    rows: list[tuple[JsonValue, ...]] = [
        (
            str(alert.get("state")),
            str((alert.get("labels") or {}).get("alertname")),
            str(alert.get("activeAt"))[:19],
            ",".join(f"{key}={value}" for key, value in sorted(alert["labels"].items()) if key != "alertname"),
            next((str(text) for text in (alert.get("annotations") or {}).values()), None),
        )
        for alert in found
    ]
    return _bounded(("state", "alert", "since", "labels", "text"), _chosen(rows, args), args.limit, context)


@read_tool(
    permission=NO_PERMISSION,
    input=StateInput,
    examples=({"search": "latency"},),
    utterances=(
        "which alerting rules are there",
        "prometheus rules about {search}",
        "show rules that are {state}",
        "what is the expression of alert {search}",
        "recording rules",
        "list the rules of prometheus",
    ),
)
def prometheus_rules(args: StateInput, context: Context) -> Rows:
    """Alerting and recording rules, their state and health."""
    client = _client(context)
    data = client.ask("rules", timeout=context.remaining(client.timeout)) or {}
    rows: list[tuple[JsonValue, ...]] = [
        (
            str(rule.get("state") or rule.get("health")),
            str(rule.get("type")),
            str(rule.get("name")),
            str(rule.get("query")),
            str(rule.get("lastError") or "") or None,
            str(group.get("name")),
        )
        for group in data.get("groups") or []
        for rule in group.get("rules") or []
    ]
    return _bounded(("state", "type", "name", "query", "error", "group"), _chosen(rows, args), args.limit, context)


@read_tool(
    permission=NO_PERMISSION,
    input=StateInput,
    examples=({"state": "down"},),
    utterances=(
        "which targets are down",
        "prometheus targets",
        "is {search} scraped",
        "show targets that are {state}",
        "scrape errors of {search}",
        "what does prometheus scrape",
    ),
)
def prometheus_targets(args: StateInput, context: Context) -> Rows:
    """What is scraped, whether it answers, and its last error."""
    client = _client(context)
    data = client.ask("targets", {"state": "active"}, timeout=context.remaining(client.timeout)) or {}
    rows: list[tuple[JsonValue, ...]] = [
        (
            str(target.get("health")),
            str((target.get("labels") or {}).get("job")),
            str(target.get("scrapeUrl")),
            str(target.get("lastError") or "") or None,
            str(target.get("lastScrape"))[:19],
        )
        for target in data.get("activeTargets") or []
    ]
    return _bounded(("health", "job", "url", "error", "last"), _chosen(rows, args), args.limit, context)


def _chosen(rows: list[tuple[JsonValue, ...]], args: StateInput) -> list[tuple[JsonValue, ...]]:
    """Rows whose first cell is the state and some cell has the text."""
    low = args.search.lower()
    return [
        row
        for row in rows
        if (not args.state or row[0] == args.state.lower())
        and (not low or any(low in str(cell).lower() for cell in row))
    ]


PROMETHEUS_TOOLS: tuple[AnyTool, ...] = (
    prometheus_query,
    prometheus_range,
    prometheus_series,
    prometheus_labels,
    prometheus_metadata,
    prometheus_alerts,
    prometheus_rules,
    prometheus_targets,
)
