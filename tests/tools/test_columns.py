"""What tables show of each kind, from raw objects."""

from typing import Any

import pytest

from cloudwright.tools.kubernetes import facts, tables
from cloudwright.tools.kubernetes.columns import COLUMNS, selector_text
from cloudwright.tools.kubernetes.filters import field_reader
from cloudwright.tools.kubernetes.values import moment

NOW = moment("2026-01-05T12:00:00Z") or 0.0


def shown(item: dict[str, Any]) -> dict[str, Any]:
    return {column.name: column.cell(item, NOW) for column in COLUMNS[item["kind"]] if column.name != "age"}


def test_events_say_when_why_to_whom_and_what() -> None:
    event = {
        "kind": "Event",
        "type": "Warning",
        "reason": "BackOff",
        "involvedObject": {"kind": "Pod", "name": "web-0"},
        "lastTimestamp": "2026-01-05T11:55:00Z",
        "count": 7,
        "message": "Back-off restarting failed container",
    }
    assert shown(event) == {
        "last": "5m ago",
        "count": 7,
        "type": "Warning",
        "reason": "BackOff",
        "object": "Pod/web-0",
        "message": "Back-off restarting failed container",
    }


def test_events_of_the_newer_group_are_read_too() -> None:
    event = {
        "kind": "Event",
        "reason": "Scheduled",
        "regarding": {"kind": "Pod", "name": "web-1"},
        "eventTime": "2026-01-05T10:00:00.000000Z",
        "series": {"count": 3, "lastObservedTime": "2026-01-05T11:59:00.000000Z"},
        "note": "assigned",
    }
    row = shown(event)
    assert (row["last"], row["count"], row["object"], row["message"]) == ("1m ago", 3, "Pod/web-1", "assigned")


def test_slices_tell_ready_addresses_from_others() -> None:
    item = {
        "kind": "EndpointSlice",
        "metadata": {"labels": {"kubernetes.io/service-name": "web"}},
        "ports": [{"name": "http", "port": 8080}, {"port": 9090}],
        "endpoints": [
            {"addresses": ["10.0.0.1"], "conditions": {"ready": True}, "targetRef": {"kind": "Pod", "name": "web-0"}},
            {"addresses": ["10.0.0.2"], "conditions": {"ready": False}},
            {"addresses": ["10.0.0.3"], "conditions": {}},
        ],
    }
    assert shown(item) == {
        "service": "web",
        "ports": "http:8080,9090",
        "ready": "10.0.0.1 (web-0),10.0.0.3",
        "not-ready": "10.0.0.2",
    }


def test_endpoints_tell_the_same() -> None:
    subsets = [{"addresses": [{"ip": "10.0.0.1"}], "notReadyAddresses": [{"ip": "10.0.0.2"}], "ports": [{"port": 80}]}]
    assert shown({"kind": "Endpoints", "subsets": subsets}) == {
        "ports": "80",
        "ready": "10.0.0.1",
        "not-ready": "10.0.0.2",
    }


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        ({}, "(everything)"),
        ({"matchLabels": {"app": "web"}}, "app=web"),
        ({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]}]}, "tier in (a,b)"),
        ({"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "x", "operator": "Exists"}]}, "a=b, x exists"),
        (None, ""),
    ],
)
def test_selectors_in_words(selector: Any, text: str) -> None:
    assert selector_text(selector) == text


@pytest.mark.parametrize(
    ("spec", "ways"),
    [
        ({"podSelector": {}}, ("denied", "open")),
        ({"podSelector": {}, "policyTypes": ["Egress"]}, ("open", "denied")),
        ({"podSelector": {}, "ingress": [{}]}, ("all allowed", "open")),
        ({"podSelector": {}, "ingress": [{"from": []}, {"ports": [{"port": 1}]}]}, ("2 rules", "open")),
        ({"podSelector": {}, "egress": [{"ports": [{"port": 53}]}]}, ("denied", "1 rules")),
    ],
)
def test_network_policies_tell_what_they_shut(spec: dict[str, Any], ways: tuple[str, str]) -> None:
    row = shown({"kind": "NetworkPolicy", "spec": spec})
    assert (row["pod-selector"], row["ingress"], row["egress"]) == ("(everything)", *ways)


@pytest.mark.parametrize(
    ("kind", "spec", "status", "text"),
    [
        ("ReplicaSet", {"replicas": 0}, {}, "Scaled to 0"),
        ("Deployment", {"replicas": 0}, {"readyReplicas": 1}, "Ready"),
        ("Deployment", {"replicas": 2}, {"readyReplicas": 1}, "NotReady:1/2"),
        ("Deployment", {}, {"readyReplicas": 1}, "Ready"),
        ("DaemonSet", {}, {"desiredNumberScheduled": 0}, "No node fits"),
    ],
)
def test_the_status_of_a_workload(kind: str, spec: dict[str, Any], status: dict[str, Any], text: str) -> None:
    assert facts.status({"kind": kind, "spec": spec, "status": status}) == text


def test_subjects_of_a_binding_are_told_with_their_namespace() -> None:
    item = {
        "kind": "RoleBinding",
        "roleRef": {"kind": "Role", "name": "reader"},
        "subjects": [
            {"kind": "ServiceAccount", "name": "app", "namespace": "default"},
            {"kind": "Group", "name": "ops"},
        ],
    }
    assert shown(item)["subjects"] == "ServiceAccount:default/app,Group:ops"


def test_a_column_that_does_not_exist_is_told_and_the_others_stay() -> None:
    known, strange = tables.known_fields("Job", ("duration", "failed", "spec.parallelism"), field_reader)
    assert known == ("failed", "spec.parallelism")
    assert len(strange) == 1
    assert strange[0].startswith("There is no column 'duration'.")


def test_counts_of_replicas_are_whole_numbers() -> None:
    item = {"kind": "Deployment", "spec": {"replicas": 3}, "status": {"availableReplicas": 1}}
    row = [tables.field_column(name).cell(item, NOW) for name in ("replicas", "available", "unavailable")]
    assert [repr(cell) for cell in row] == ["3", "1", "2"]
