"""Prometheus tools on a real Prometheus, and the summaries by themselves."""

import math
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwright.core.context import Context
from cloudwright.core.errors import (
    BadAnswer,
    InvalidArguments,
    NotFound,
    TimedOut,
    Unauthenticated,
    Unreachable,
    Unsupported,
)
from cloudwright.core.masking import SessionRedactor
from cloudwright.core.refs import Place
from cloudwright.core.result import Rows
from cloudwright.core.store import MemoryResultStore
from cloudwright.tools.prometheus import PrometheusClient, change_points, summarise
from cloudwright.tools.prometheus_tools import PROMETHEUS_TOOLS
from tests.servers.fake import Answer, FakeServer, closed_port
from tests.servers.fixtures import eventually
from tests.servers.prometheus import PrometheusServer, start

TOOLS = {tool.name: tool for tool in PROMETHEUS_TOOLS}
END = float(int(time.time()) - 3600)
TIMES = [END - 60 * (119 - index) for index in range(120)]
SHIFT = TIMES[80]
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
SERIES = {
    'latency_seconds{job="api",pod="web-0"}': [0.1 if at < SHIFT else 0.9 for at in TIMES],
    'latency_seconds{job="api",pod="web-1"}': [0.1 + 0.001 * (index % 2) for index in range(120)],
    'latency_seconds{job="api",pod="web-2"}': [math.nan] * 120,
    f'requests{{job="api",token="{JWT}"}}': [float(index) for index in range(120)],
}
RULES = [
    {
        "name": "shop",
        "rules": [
            {
                "alert": "TargetDown",
                "expr": "up == 0",
                "labels": {"severity": "page"},
                "annotations": {"summary": "it is down"},
            },
            {"record": "job:latency:max", "expr": "max by (job) (latency_seconds)"},
            {"alert": "Never", "expr": "vector(0) > 1"},
        ],
    }
]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    scrape = [{"job_name": "gone", "static_configs": [{"targets": [f"127.0.0.1:{closed_port()}"]}]}]
    yield from start(tmp_path_factory.mktemp("prometheus"), SERIES, TIMES, RULES, scrape)


def context_for(url: str, **options: Any) -> Context:
    services = {PrometheusClient: PrometheusClient(url, **options)}
    return Context(Place(), SessionRedactor(b"test" * 8), MemoryResultStore(), services)


def run(tool: str, url: str, /, **arguments: Any) -> Rows:
    found: Rows = TOOLS[tool].run(TOOLS[tool].parse(arguments), context_for(url))
    return found


def test_instant_queries_give_the_largest_first(prometheus: PrometheusServer) -> None:
    rows = run("prometheus_query", prometheus.url, query="latency_seconds", at=str(END))
    assert [row[0] for row in rows.rows][:2] == [
        'latency_seconds{job="api",pod="web-0"}',
        'latency_seconds{job="api",pod="web-1"}',
    ]
    assert rows.rows[0][1] == 0.9
    assert run("prometheus_query", prometheus.url, query="1 + 1").rows == (("2",),)
    nothing = run("prometheus_query", prometheus.url, query="no_such_metric")
    assert nothing.rows == ()
    assert "No series fits" in nothing.notes[0]
    assert "prometheus_" not in nothing.notes[0]


def test_ranges_are_summarised_and_shifts_are_found(prometheus: PrometheusServer) -> None:
    times = {"start": str(TIMES[0]), "end": str(END), "step": "60s"}
    rows = run("prometheus_range", prometheus.url, query="latency_seconds", **times)
    first = dict(zip(rows.columns, rows.rows[0], strict=True))
    assert first["series"] == 'latency_seconds{job="api",pod="web-0"}'
    assert (first["last"], first["min"], first["max"], first["points"]) == (0.9, 0.1, 0.9, 120)
    assert first["mean"] == pytest.approx(sum(SERIES['latency_seconds{job="api",pod="web-0"}']) / 120, rel=1e-5)
    assert str(first["level shifts (UTC)"]).startswith(time.strftime("%m-%d %H:%M:%S", time.gmtime(SHIFT)))
    assert rows.rows[1][5] is None
    assert rows.total == 2


def test_labels_that_hold_secrets_are_masked(prometheus: PrometheusServer) -> None:
    text = run("prometheus_query", prometheus.url, query="requests", at=str(END)).render()
    assert "eyJhbGci" not in text
    assert "masked" in text


def test_series_labels_and_metadata(prometheus: PrometheusServer) -> None:
    assert run("prometheus_series", prometheus.url, match="latency_seconds", since="4h").total == 3
    names = run("prometheus_labels", prometheus.url)
    assert ("pod",) in names.rows
    assert run("prometheus_labels", prometheus.url, label="pod").rows == (("web-0",), ("web-1",), ("web-2",))
    with pytest.raises(NotFound):
        run("prometheus_labels", prometheus.url, label="nope")
    assert run("prometheus_metadata", prometheus.url, search="no such thing").rows == ()


def test_alerts_rules_and_targets(prometheus: PrometheusServer) -> None:
    eventually(lambda: run("prometheus_alerts", prometheus.url, state="firing").total == 1, 30)
    alert = run("prometheus_alerts", prometheus.url).rows[0]
    assert alert[:2] == ("firing", "TargetDown")
    assert "severity=page" in str(alert[3])
    assert alert[4] == "it is down"
    rules = run("prometheus_rules", prometheus.url)
    assert {row[2] for row in rules.rows} == {"TargetDown", "job:latency:max", "Never"}
    down = run("prometheus_targets", prometheus.url, state="down")
    assert down.rows[0][1] == "gone"
    assert "refused" in str(down.rows[0][3])


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("prometheus_query", {"query": "sum("}, "cannot read this query"),
        ("prometheus_query", {"query": "up[5m]"}, "gives ranges"),
        ("prometheus_range", {"query": "up", "start": "soon"}, "no duration"),
        ("prometheus_range", {"query": "up", "start": "10m", "end": "1h"}, "ends before it begins"),
        ("prometheus_range", {"query": "up", "start": "30d", "step": "1s"}, "more than"),
        ("prometheus_labels", {"label": "a/b"}, "cannot be the name"),
        ("prometheus_series", {"match": "{"}, "cannot read"),
    ],
)
def test_bad_queries(prometheus: PrometheusServer, tool: str, arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidArguments) as caught:
        run(tool, prometheus.url, **arguments)
    assert says in str(caught.value)


def test_unreachable() -> None:
    with pytest.raises(Unreachable):
        run("prometheus_query", f"http://127.0.0.1:{closed_port()}", query="up")
    with pytest.raises(InvalidArguments):
        PrometheusClient("prometheus:9090")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(401), Unauthenticated),
        (Answer(404, (b"nope",)), Unsupported),
        (Answer(200, (b"<html>",)), BadAnswer),
        (Answer(200, (b'{"status": "error"}',)), BadAnswer),
        (Answer(302, (b"",), {"Location": "http://127.0.0.1:1"}), BadAnswer),
        (Answer(200, (b"{",), length=100, stalls=True), TimedOut),
    ],
)
def test_servers_that_are_no_prometheus(answer: Answer, kind: type[Exception]) -> None:
    with FakeServer(lambda method, path: answer) as server:
        context = context_for(server.url, timeout=0.4)
        with pytest.raises(kind):
            TOOLS["prometheus_query"].run(TOOLS["prometheus_query"].parse({"query": "up"}), context)


def test_level_shifts_are_found_where_they_are() -> None:
    draw = random.Random(20261121)
    found = 0
    for _ in range(100):
        place = draw.randrange(20, 100)
        values = [(float(i), draw.gauss(10 if i < place else 15, 1.0)) for i in range(120)]
        shifts = change_points(values)
        assert shifts
        found += abs(shifts[0][0] - place) <= 2
    assert found >= 95


def test_noise_has_few_level_shifts() -> None:
    draw = random.Random(20261121)
    noisy = sum(bool(change_points([(float(i), draw.gauss(10, 1.0)) for i in range(120)])) for _ in range(200))
    assert noisy <= 4


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=60))
def test_summaries_lie_between_their_extremes(numbers: list[float]) -> None:
    summary = summarise({}, [(float(at), value) for at, value in enumerate(numbers)])
    good = [value for value in numbers if math.isfinite(value)]
    if not good or summary is None:
        assert (summary is None) == (not good)
        return
    assert (summary.low, summary.high, summary.last, summary.points) == (min(good), max(good), good[-1], len(good))
    assert len(summary.changes) <= 3
