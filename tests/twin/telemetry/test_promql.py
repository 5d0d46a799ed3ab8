"""PromQL over the series store: selectors, functions, aggregation, matching, errors."""

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwright.twin.telemetry.functions import extrapolated, histogram_quantile, quantile
from cloudwright.twin.telemetry.promql import Engine
from cloudwright.twin.telemetry.scrape import labelled
from cloudwright.twin.telemetry.series import SeriesStore
from cloudwright.twin.telemetry.vectors import QueryError, Sample

NOW = 10_000.0


@pytest.fixture
def engine() -> Engine:
    store = SeriesStore()
    for step in range(21):
        moment = NOW - 600 + step * 30
        for pod, speed in (("a", 2.0), ("b", 4.0)):
            for code, share in (("200", 0.9), ("500", 0.1)):
                store.append(
                    labelled("http_requests_total", pod=pod, code=code, service="web"),
                    moment,
                    speed * share * step * 30,
                )
        for bound, count in (("0.1", 50.0), ("0.5", 90.0), ("+Inf", 100.0)):
            store.append(labelled("latency_bucket", le=bound), moment, count * step)
        store.append(labelled("limit", pod="a", team="red"), moment, 4.0)
        store.append(labelled("limit", pod="b", team="blue"), moment, 4.0)
        store.append(labelled("up", job="x"), moment, 1.0)
    return Engine(store)


def value(engine: Engine, query: str) -> dict[str, float]:
    """Values by the joined label values."""
    result = engine.instant(query, NOW)
    assert isinstance(result, list)
    return {
        ",".join(v for k, v in sorted(s.labels.items()) if k != "__name__"): s.value
        for s in result
        if isinstance(s, Sample)
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('sum by (pod) (rate(http_requests_total{service="web"}[5m]))', {"a": 2.0, "b": 4.0}),
        ('sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))', {"": 0.1}),
        ("sum without (code, service) (increase(http_requests_total[5m]))", {"a": 600.0, "b": 1200.0}),
        ("topk(1, sum by (pod) (rate(http_requests_total[5m])))", {"b": 4.0}),
        ("histogram_quantile(0.5, rate(latency_bucket[5m]))", {"": 0.1}),
        ("histogram_quantile(0.7, rate(latency_bucket[5m]))", {"": 0.3}),
        ('absent(http_requests_total{pod="z"})', {"z": 1.0}),
        ("absent(up)", {}),
        ("count(http_requests_total) > bool 3", {"": 1.0}),
        ("limit == 5", {}),
        ("limit{pod='a'} + 1", {"a,red": 5.0}),
        ("up offset 5m", {"x": 1.0}),
        ("max_over_time(limit{pod='a'}[5m])", {"a,red": 4.0}),
        ("sum by (pod) (http_requests_total) unless on (pod) limit{team='red'}", {"b": 2400.0}),
        (
            "sum by (pod) (rate(http_requests_total[5m])) * on (pod) group_left (team) limit",
            {"a,red": 8.0, "b,blue": 16.0},
        ),
        ('label_replace(up, "short", "$1", "job", "(.).*")', {"x,x": 1.0}),
        ("avg(limit) by (team) * 2 ^ 2 - -1", {"red": 17.0, "blue": 17.0}),
        ("quantile(0.5, limit)", {"": 4.0}),
        ("clamp_max(limit{pod='a'}, 3)", {"a,red": 3.0}),
        ("max_over_time(sum(rate(http_requests_total[1m]))[5m:1m])", {"": 6.0}),
    ],
)
def test_query_gives_what_prometheus_would(engine: Engine, query: str, expected: dict[str, float]) -> None:
    assert value(engine, query) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("sum(", "parse error"),
        ("", "no expression found"),
        ('up{job=~"("}', "parse error"),
        ("limit * http_requests_total", ""),
        ("http_requests_total * on (service) limit", ""),
        ("limit + on (service) http_requests_total", "many-to-many"),
        ("double_exponential_smoothing(up[5m], 0.5, 0.5)", ""),
    ],
)
def test_bad_queries_are_refused_or_empty(engine: Engine, query: str, part: str) -> None:
    if part:
        with pytest.raises(QueryError, match=part):
            engine.instant(query, NOW)
        return
    with contextlib.suppress(QueryError):
        assert engine.instant(query, NOW) == []


def test_range_query_has_a_point_for_every_step(engine: Engine) -> None:
    rows = engine.range("sum(rate(http_requests_total[2m]))", NOW - 300, NOW, 60)
    assert [moment for moment, _ in rows[0][1]] == [NOW - 300 + 60 * i for i in range(6)]
    assert all(v == pytest.approx(6.0) for _, v in rows[0][1])


def test_a_vanished_series_is_stale_at_once() -> None:
    store = SeriesStore()
    store.append(labelled("up", job="x"), NOW, 1.0)
    store.end_scrape(NOW)
    store.end_scrape(NOW + 30)
    engine = Engine(store)
    assert engine.instant("up", NOW) != []
    assert engine.instant("up", NOW + 31) == []


def test_history_goes_on_backwards_at_the_same_rate() -> None:
    store = SeriesStore()
    for index in range(3):
        store.append(labelled("jobs_total"), NOW + index * 30, 100_000 + index * 90)
    store.age(NOW - 7200)
    engine = Engine(store)
    assert value(engine, "rate(jobs_total[1h] offset 30m)")[""] == pytest.approx(3.0, rel=0.1)
    assert engine.instant("jobs_total", NOW - 7300) == []


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=30))
def test_rate_is_never_negative(increments: list[float]) -> None:
    total, samples = 0.0, []
    for index, each in enumerate(increments):
        total = each if each < 10 else total + each
        samples.append((index * 15.0, total))
    rate = extrapolated(samples, -10, len(samples) * 15.0, counter=True, per_second=True)
    assert rate is not None
    assert rate >= 0


@given(st.floats(0, 1), st.lists(st.floats(0, 100), min_size=1, max_size=8))
def test_histogram_quantile_lies_within_the_buckets(q: float, counts: list[float]) -> None:
    cumulative, buckets = 0.0, []
    for index, count in enumerate(counts, 1):
        cumulative += count
        buckets.append((float(index), cumulative))
    buckets.append((math.inf, cumulative))
    result = histogram_quantile(q, buckets)
    assert math.isnan(result) or 0 <= result <= len(counts)


@given(st.floats(0, 1), st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_quantile_lies_between_minimum_and_maximum(q: float, values: list[float]) -> None:
    assert min(values) - 1e-6 <= quantile(q, values) <= max(values) + 1e-6
