"""The Prometheus HTTP API."""

import threading
from typing import Any

import pytest
from starlette.testclient import TestClient

from cloudwright.twin.clock import Clock
from cloudwright.twin.telemetry.http import PrometheusApi
from cloudwright.twin.telemetry.scrape import labelled
from cloudwright.twin.telemetry.series import SeriesStore

NOW = 5_000.0


@pytest.fixture
def client() -> TestClient:
    store = SeriesStore()
    for index in range(11):
        store.append(labelled("up", job="kubelet", instance="10.0.0.1:10250"), NOW - 300 + index * 30, 1.0)
        store.append(labelled("jobs_total", job="x"), NOW - 300 + index * 30, index * 30.0)
    return TestClient(PrometheusApi(store, Clock(NOW), threading.RLock()).app())


def data(client: TestClient, path: str, **parameters: Any) -> Any:
    answer = client.get(f"/api/v1/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "success"
    return answer.json()["data"]


def test_query_answers_vector_scalar_and_matrix(client: TestClient) -> None:
    assert data(client, "query", query="rate(jobs_total[2m])")["result"] == [
        {"metric": {"job": "x"}, "value": [NOW, "1"]}
    ]
    assert data(client, "query", query="1+1") == {"resultType": "scalar", "result": [NOW, "2"]}
    assert len(data(client, "query", query="up[1m]")["result"][0]["values"]) == 2


def test_query_range_by_get_and_post(client: TestClient) -> None:
    parameters = {"query": "sum(up)", "start": NOW - 120, "end": NOW, "step": "1m"}
    one = data(client, "query_range", **parameters)
    two = client.post("/api/v1/query_range", data=parameters).json()["data"]
    assert one == two
    assert [value for _, value in one["result"][0]["values"]] == ["1", "1", "1"]


def test_names_and_labels(client: TestClient) -> None:
    assert data(client, "label/__name__/values") == ["jobs_total", "up"]
    assert data(client, "labels", **{"match[]": "up"}) == ["__name__", "instance", "job"]
    assert data(client, "series", **{"match[]": "jobs_total"}) == [{"__name__": "jobs_total", "job": "x"}]
    assert data(client, "metadata")["jobs_total"][0]["type"] == "counter"


def test_targets_rules_and_alerts(client: TestClient) -> None:
    assert data(client, "targets")["activeTargets"][0]["health"] == "up"
    names = {rule["name"] for group in data(client, "rules")["groups"] for rule in group["rules"]}
    assert {"KubePodCrashLooping", "ServiceErrorRateHigh"} <= names
    assert data(client, "alerts") == {"alerts": []}


@pytest.mark.parametrize(
    ("path", "parameters", "part"),
    [
        ("query", {"query": "sum("}, "parse error"),
        ("query", {}, 'invalid parameter "query"'),
        ("query", {"query": "up", "time": "yesterday"}, "cannot parse"),
        ("query_range", {"query": "up", "start": "2", "end": "1", "step": "1"}, "end timestamp must not be before"),
        ("query_range", {"query": "up", "start": "0", "end": "100000", "step": "1"}, "exceeded maximum resolution"),
        ("query_range", {"query": "up[1m]", "start": "0", "end": "10", "step": "1"}, "invalid expression type"),
        ("series", {}, "no match"),
    ],
)
def test_bad_requests_are_told_why(client: TestClient, path: str, parameters: dict[str, str], part: str) -> None:
    answer = client.get(f"/api/v1/{path}", params=parameters)
    assert answer.status_code == 400
    assert part in answer.json()["error"]
