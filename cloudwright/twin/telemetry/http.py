"""The Prometheus HTTP API (v1) over the series store."""

import math
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloudwright.twin.clock import Clock, parse_timestamp
from cloudwright.twin.telemetry.promql import Engine, parse
from cloudwright.twin.telemetry.rules import Alert, alerts, rules
from cloudwright.twin.telemetry.series import Series, SeriesStore, is_counter
from cloudwright.twin.telemetry.vectors import QueryError, Sample

Parameters = Mapping[str, list[str]]
_DURATION = re.compile(r"(\d+)(ms|s|m|h|d|w|y)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}


def number(value: float) -> str:
    """A sample value as Prometheus writes it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def time_of(text: str, name: str) -> float:
    """A time parameter: seconds since the epoch or RFC 3339.

    Raises:
        QueryError: it is neither.
    """
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return parse_timestamp(text)
    except ValueError:
        raise QueryError(f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp') from None


def duration_of(text: str, name: str) -> float:
    """A duration parameter: seconds or "1h30m".

    Raises:
        QueryError: it is neither.
    """
    try:
        return float(text)
    except ValueError:
        pass
    if not re.fullmatch(rf"(?:{_DURATION.pattern})+", text):
        raise QueryError(f'invalid parameter "{name}": cannot parse "{text}" to a valid duration')
    return sum(int(amount) * _UNITS[unit] for amount, unit in _DURATION.findall(text))


class PrometheusApi:
    """Handlers of the API; `lock` is held while they read."""

    def __init__(self, store: SeriesStore, clock: Clock, lock: AbstractContextManager[Any]) -> None:
        self._store = store
        self._clock = clock
        self._lock = lock
        self.engine = Engine(store)

    def app(self) -> Starlette:
        """The ASGI application; mount it where a Prometheus would be."""
        handlers: dict[str, Callable[[Parameters, Request], Any]] = {
            "/api/v1/query": self.query,
            "/api/v1/query_range": self.query_range,
            "/api/v1/series": self.series,
            "/api/v1/labels": self.labels,
            "/api/v1/label/{name}/values": self.label_values,
            "/api/v1/metadata": self.metadata,
            "/api/v1/rules": self.rules,
            "/api/v1/alerts": self.alerts,
            "/api/v1/targets": self.targets,
            "/api/v1/status/buildinfo": self.buildinfo,
        }
        routes = [Route(path, self._endpoint(handler), methods=["GET", "POST"]) for path, handler in handlers.items()]
        routes += [Route(path, _healthy, methods=["GET"]) for path in ("/-/healthy", "/-/ready")]
        return Starlette(routes=routes)

    def _endpoint(self, handler: Callable[[Parameters, Request], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            body = (await request.body()).decode("utf-8", "replace") if request.method == "POST" else ""
            parameters: dict[str, list[str]] = {}
            for name, value in [*request.query_params.multi_items(), *parse_qsl(body)]:
                parameters.setdefault(name, []).append(value)
            return await run_in_threadpool(self._answer, handler, parameters, request)

        return endpoint

    def _answer(
        self, handler: Callable[[Parameters, Request], Any], parameters: Parameters, request: Request
    ) -> Response:
        try:
            with self._lock:
                data = handler(parameters, request)
        except QueryError as error:
            body = {"status": "error", "errorType": error.kind, "error": str(error)}
            return JSONResponse(body, 422 if error.kind == "execution" else 400)
        return JSONResponse({"status": "success", "data": data})

    def query(self, parameters: Parameters, request: Request) -> Any:
        """`query`: an instant query."""
        moment = time_of(parameters["time"][0], "time") if "time" in parameters else self._clock.now()
        value = self.engine.instant(_one(parameters, "query"), moment)
        if isinstance(value, float):
            return {"resultType": "scalar", "result": [moment, number(value)]}
        if isinstance(value, str):
            return {"resultType": "string", "result": [moment, value]}
        if value and not isinstance(value[0], Sample):
            return {
                "resultType": "matrix",
                "result": [_row(*entry) for entry in value if not isinstance(entry, Sample)],
            }
        rows = [{"metric": s.labels, "value": [moment, number(s.value)]} for s in value if isinstance(s, Sample)]
        return {"resultType": "vector", "result": rows}

    def query_range(self, parameters: Parameters, request: Request) -> Any:
        """`query_range`: a query at every step of a range."""
        start, end = time_of(_one(parameters, "start"), "start"), time_of(_one(parameters, "end"), "end")
        step = duration_of(_one(parameters, "step"), "step")
        rows = self.engine.range(_one(parameters, "query"), start, end, step)
        return {"resultType": "matrix", "result": [_row(labels, points) for labels, points in rows]}

    def _matching(self, parameters: Parameters, *, required: bool) -> list[Series]:
        selectors = parameters.get("match[]") or []
        if required and not selectors:
            raise QueryError("no match[] parameter provided")
        start = time_of(parameters["start"][0], "start") if "start" in parameters else -math.inf
        end = time_of(parameters["end"][0], "end") if "end" in parameters else math.inf
        if selectors:
            found = {id(s): s for text in selectors for s in self.engine.select(parse(text))}
            chosen = list(found.values())
        else:
            chosen = list(self._store.all())
        return [s for s in chosen if s.times and s.times[0] <= end and s.times[-1] >= start]

    def series(self, parameters: Parameters, request: Request) -> Any:
        """`series`: label sets that match."""
        return [dict(series.labels) for series in self._matching(parameters, required=True)]

    def labels(self, parameters: Parameters, request: Request) -> Any:
        """`labels`: all label names."""
        return sorted({name for series in self._matching(parameters, required=False) for name, _ in series.labels})

    def label_values(self, parameters: Parameters, request: Request) -> Any:
        """`label/NAME/values`."""
        name = request.path_params["name"]
        found = (dict(series.labels).get(name) for series in self._matching(parameters, required=False))
        return sorted({value for value in found if value is not None})

    def metadata(self, parameters: Parameters, request: Request) -> Any:
        """`metadata`: type of each metric."""
        wanted = parameters.get("metric")
        names = [name for name in self._store.names() if not wanted or name in wanted]
        kinds = {
            name: "histogram" if name.endswith("_bucket") else "counter" if is_counter(name) else "gauge"
            for name in names
        }
        return {name: [{"type": kind, "help": "", "unit": ""}] for name, kind in kinds.items()}

    def rules(self, parameters: Parameters, request: Request) -> Any:
        """`rules`: alerting rules with their alerts."""
        active = alerts(self.engine, self._clock.now())
        groups: dict[str, list[dict[str, Any]]] = {}
        for rule in rules():
            mine = [alert for alert in active if alert.rule is rule]
            state = "firing" if any(a.firing for a in mine) else "pending" if mine else "inactive"
            groups.setdefault(rule.group, []).append(
                {
                    "type": "alerting",
                    "name": rule.name,
                    "query": rule.expression,
                    "duration": rule.hold,
                    "labels": {"severity": rule.severity},
                    "annotations": {"summary": rule.summary},
                    "alerts": [_alert(alert) for alert in mine],
                    "state": state,
                    "health": "ok",
                }
            )
        return {
            "groups": [
                {"name": name, "file": "rules.yaml", "interval": 30, "rules": rows} for name, rows in groups.items()
            ]
        }

    def alerts(self, parameters: Parameters, request: Request) -> Any:
        """`alerts`: pending and firing alerts."""
        return {"alerts": [_alert(alert) for alert in alerts(self.engine, self._clock.now())]}

    def targets(self, parameters: Parameters, request: Request) -> Any:
        """`targets`: the kubelets that are scraped."""
        active = []
        for series in self._store.select("up", ()):
            labels = {name: value for name, value in series.labels if name != "__name__"}
            healthy = series.values[-1] == 1.0
            active.append(
                {
                    "labels": labels,
                    "discoveredLabels": {},
                    "scrapePool": labels.get("job", ""),
                    "scrapeUrl": f"https://{labels.get('instance', '')}/metrics",
                    "health": "up" if healthy else "down",
                    "lastError": "" if healthy else "context deadline exceeded",
                    "lastScrape": _stamp(series.times[-1]),
                }
            )
        return {"activeTargets": active, "droppedTargets": []}

    def buildinfo(self, parameters: Parameters, request: Request) -> Any:
        """`status/buildinfo`."""
        return {"version": "3.5.0", "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""}


def _one(parameters: Parameters, name: str) -> str:
    values = parameters.get(name)
    if not values:
        raise QueryError(f'invalid parameter "{name}": cannot parse "" to a valid value')
    return values[0]


def _row(labels: dict[str, str], points: list[tuple[float, float]]) -> dict[str, Any]:
    return {"metric": labels, "values": [[moment, number(value)] for moment, value in points]}


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "labels": {"alertname": alert.rule.name, "severity": alert.rule.severity, **alert.labels},
        "annotations": {"summary": alert.rule.summary},
        "state": "firing" if alert.firing else "pending",
        "activeAt": _stamp(alert.since),
        "value": number(alert.value),
    }


async def _healthy(request: Request) -> Response:
    return Response("Prometheus Server is Healthy.\n")
