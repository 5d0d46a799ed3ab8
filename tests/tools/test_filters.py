"""Filters mean what a brute-force evaluation of their typed form says."""

import contextlib
import operator
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwright.core.errors import InvalidArguments
from cloudwright.tools.kubernetes import facts, values
from cloudwright.tools.kubernetes.filter_text import parse_filter
from cloudwright.tools.kubernetes.filters import All, Any_, Compare, Filter, Not, Op, compile_filter

ENDED = {"terminated": {"exitCode": 2, "reason": "Error"}}
KILLED = {"terminated": {"signal": 9, "exitCode": 137}}
NOW = 1_800_000_000.0
NAMES = ("web-0", "web-1", "db-0", "cache")
NODES = ("n1", "n2", "")
IMAGES = ("nginx:1.25", "nginx:1.27", "redis:7", "registry.local/app:2")
REASONS = ("CrashLoopBackOff", "ImagePullBackOff", "")


def stamp(age: int) -> str:
    return datetime.fromtimestamp(NOW - age, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@st.composite
def pods(draw: st.DrawFn) -> dict[str, Any]:
    images = draw(st.lists(st.sampled_from(IMAGES), min_size=1, max_size=3))
    reason = draw(st.sampled_from(REASONS))
    ready = draw(st.booleans())
    state = {"waiting": {"reason": reason}} if reason else {"running": {}}
    labels = draw(st.dictionaries(st.sampled_from(("app", "tier")), st.sampled_from(("web", "db")), max_size=2))
    pod: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": draw(st.sampled_from(NAMES)),
            "namespace": draw(st.sampled_from(("a", "b"))),
            "creationTimestamp": stamp(draw(st.integers(0, 10_000))),
            "labels": draw(st.sampled_from((labels, labels or None))),
        },
        "spec": {"containers": [{"name": f"c{i}", "image": image} for i, image in enumerate(images)]},
        "status": {
            "phase": draw(st.sampled_from(("Running", "Pending", "Failed"))),
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": draw(
                st.one_of(
                    st.none(),
                    st.just([{"name": "c0", "ready": ready, "restartCount": draw(st.integers(0, 9)), "state": state}]),
                )
            ),
        },
    }
    node = draw(st.sampled_from(NODES))
    if node:
        pod["spec"]["nodeName"] = node
    return pod


ORDERING = (Op.GT, Op.GE, Op.LT, Op.LE)
CHOICES: tuple[tuple[str, tuple[Op, ...], tuple[Any, ...]], ...] = (
    ("restarts", (Op.EQ, Op.NE, *ORDERING), tuple("0123456789")),
    ("age", ORDERING, ("30s", "10m", "2h")),
    ("name", (Op.EQ, Op.NE), NAMES),
    ("name", (Op.IN,), (("web-0", "db-0"), ("cache",))),
    ("node", (Op.EQ, Op.NE, Op.EXISTS), ("n1", "n2")),
    ("image", (Op.MATCHES,), ("nginx", r"1\.2[0-6]", "^redis")),
    ("image", (Op.CONTAINS,), ("NGINX", "local")),
    ("status", (Op.EQ,), ("Running", "crashloopbackoff")),
    ("ready", (Op.EQ,), ("true", "false")),
    ("label app", (Op.EQ, Op.NE, Op.EXISTS), ("web",)),
)
COMPARES = st.one_of(
    *(
        st.builds(Compare, field=st.just(field), op=st.sampled_from(ops), value=st.sampled_from(values))
        for field, ops, values in CHOICES
    )
)
FILTERS: st.SearchStrategy[Filter] = st.recursive(
    COMPARES,
    lambda inner: st.one_of(
        st.builds(Not, of=inner),
        st.builds(All, of=st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Any_, of=st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


def brute(tree: Filter, pod: Mapping[str, Any]) -> bool:
    """The meaning of a filter, written down a second time without any of the program's field readers."""
    if isinstance(tree, Not):
        return not brute(tree.of, pod)
    if isinstance(tree, All):
        return all([brute(part, pod) for part in tree.of])
    if isinstance(tree, Any_):
        return any([brute(part, pod) for part in tree.of])
    found = field(tree.field, pod)
    if tree.op is Op.NE:
        return not any(fits(Op.EQ, value, tree) for value in found)
    return any(fits(tree.op, value, tree) for value in found)


def field(name: str, pod: Mapping[str, Any]) -> list[Any]:
    statuses = pod["status"]["containerStatuses"] or []
    if name == "restarts":
        return [sum(entry["restartCount"] for entry in statuses)]
    if name == "age":
        return [NOW - (values.moment(pod["metadata"]["creationTimestamp"]) or 0)]
    if name == "name":
        return [pod["metadata"]["name"]]
    if name == "node":
        return [pod["spec"]["nodeName"]] if "nodeName" in pod["spec"] else []
    if name == "image":
        return [container["image"] for container in pod["spec"]["containers"]]
    if name == "status":
        waiting = [entry["state"]["waiting"]["reason"] for entry in statuses if "waiting" in entry["state"]]
        return [waiting[0] if waiting else pod["status"]["phase"]]
    if name == "ready":
        return [pod["status"]["conditions"][0]["status"] == "True"]
    labels = pod["metadata"]["labels"] or {}
    return [labels["app"]] if "app" in labels else []


SECONDS = {"30s": 30, "10m": 600, "2h": 7200}
ORDERS = {Op.GT: operator.gt, Op.GE: operator.ge, Op.LT: operator.lt, Op.LE: operator.le}


def fits(op: Op, value: Any, compare: Compare) -> bool:
    wanted = compare.value
    if op is Op.EXISTS:
        return True
    if op is Op.IN:
        return value in wanted
    assert isinstance(wanted, str)
    if op in ORDERS:
        return bool(ORDERS[op](value, SECONDS.get(wanted, 0) if compare.field == "age" else int(wanted)))
    if op is Op.MATCHES:
        return re.search(wanted, value) is not None
    if op is Op.CONTAINS:
        return wanted.lower() in value.lower()
    return str(value).lower() == wanted.lower()


def written(tree: Filter) -> str:
    """The filter in the text form, every part in parentheses."""
    if isinstance(tree, Not):
        return f"not ({written(tree.of)})"
    if isinstance(tree, All | Any_):
        return (" and " if isinstance(tree, All) else " or ").join(f"({written(part)})" for part in tree.of)
    if tree.op is Op.EXISTS:
        return f"has {tree.field}"
    if tree.op is Op.IN:
        return f"{tree.field} in ({', '.join(tree.value)})"
    return f"{tree.field} {tree.op} '{tree.value}'"


@given(tree=FILTERS, pod=pods())
def test_filters_equal_a_brute_force_evaluation(tree: Filter, pod: dict[str, Any]) -> None:
    assert compile_filter(tree)(pod, NOW) == brute(tree, pod)


@given(tree=FILTERS, pod=pods())
def test_the_text_form_means_the_same_as_the_typed_form(tree: Filter, pod: dict[str, Any]) -> None:
    assert compile_filter(parse_filter(written(tree)))(pod, NOW) == brute(tree, pod)


@given(st.text(max_size=80))
def test_any_text_is_a_filter_or_a_clear_refusal(text: str) -> None:
    with contextlib.suppress(InvalidArguments):
        compile_filter(parse_filter(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("not Running and restarts > 3", ["crash"]),
        ("Running", ["good"]),
        ("older than 1h", ["crash"]),
        ("younger than 10 minutes", ["good"]),
        ("on node n1, image matches nginx:1\\.2[0-9]", ["good"]),
        ("CrashLoopBackOff or Pending", ["crash"]),
        ("image contains redis", ["crash"]),
        ("not ready", ["crash"]),
        ("label app = web and not label canary", ["good"]),
        ("labels[app.kubernetes.io/part-of] = shop", ["crash"]),
        ("no label app", ["crash"]),
        ("owner = ReplicaSet/db-5d", ["crash"]),
        ("owned by db-5d", ["crash"]),
        ("spec.containers[*].resources.limits.memory >= 1Gi", ["crash"]),
        ("spec.containers.resources.limits.memory < 1Gi", ["good"]),
        ("status in (CrashLoopBackOff, Error)", ["crash"]),
        ("namespace != kube-system", ["good", "crash"]),
        ("name matches ^go and (restarts = 0 or restarts > 100)", ["good"]),
        ("reason = OOMKilled", ["crash"]),
        ("", ["good", "crash"]),
    ],
)
def test_examples(text: str, expected: list[str]) -> None:
    good = {
        "kind": "Pod",
        "metadata": {"name": "good", "namespace": "a", "labels": {"app": "web"}, "creationTimestamp": stamp(100)},
        "spec": {
            "nodeName": "n1",
            "containers": [{"name": "c", "image": "nginx:1.27", "resources": {"limits": {"memory": "512Mi"}}}],
        },
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }
    crash = {
        "kind": "Pod",
        "metadata": {
            "name": "crash",
            "namespace": "b",
            "labels": {"app.kubernetes.io/part-of": "shop"},
            "creationTimestamp": stamp(8000),
            "ownerReferences": [{"kind": "ReplicaSet", "name": "db-5d", "controller": True}],
        },
        "spec": {"containers": [{"name": "c", "image": "redis:7", "resources": {"limits": {"memory": "2Gi"}}}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "False"}],
            "containerStatuses": [
                {
                    "name": "c",
                    "restartCount": 7,
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}},
                }
            ],
        },
    }
    fits_text = compile_filter(parse_filter(text))
    assert [pod["metadata"]["name"] for pod in (good, crash) if fits_text(pod, NOW)] == expected


POD = {
    "kind": "Pod",
    "metadata": {"name": "p", "creationTimestamp": stamp(330)},
    "spec": {"containers": [{"name": "a"}, {"name": "b"}]},
    "status": {
        "conditions": [{"type": "Ready", "status": "False"}],
        "containerStatuses": [{"name": "a", "ready": True}, {"name": "b", "ready": False}],
    },
}
SCALER = {"kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}, "status": {"currentReplicas": 4}}
EVENT = {"kind": "Event", "metadata": {"name": "e"}, "reason": "BackOff", "type": "Warning"}
SLICE = {"kind": "EndpointSlice", "metadata": {"name": "s"}, "endpoints": [{"addresses": ["10.0.0.1"]}]}


@pytest.mark.parametrize(
    ("item", "text", "holds"),
    [
        (POD, "ready = 1/2", True),
        (POD, "ready = 0/2", False),
        (POD, "ready in (0/2, 1/2)", True),
        (POD, "ready != 1/2", False),
        (POD, "ready != 2/2", True),
        (POD, "ready != true", True),
        (POD, "ready < 1", False),
        (POD, "ready < 2", True),
        (POD, "ready = 1", True),
        (POD, "ready matches ^1/", True),
        (POD, "ready matches ^1$", False),
        (POD, "age = 5m30s", True),
        (POD, "age = 4m", False),
        (POD, "age < 5m", False),
        (SCALER, "replicas = 4", True),
        (SCALER, "replicas < 4", False),
        (SCALER, "replicas <= 4", True),
        (EVENT, "reason = BackOff", True),
        (EVENT, "reason != BackOff", False),
        (EVENT, "reason = Scheduled", False),
        (SLICE, "ready contains 10.0.0.1", True),
    ],
)
def test_what_a_table_shows_of_a_field_can_be_compared_with(item: dict[str, Any], text: str, holds: bool) -> None:
    assert compile_filter(parse_filter(text))(item, NOW) is holds


@pytest.mark.parametrize(
    ("pod", "status"),
    [
        ({"status": {"phase": "Running"}, "metadata": {"deletionTimestamp": "x"}}, "Terminating"),
        ({"status": {"phase": "Failed", "reason": "Evicted"}}, "Evicted"),
        (
            {
                "spec": {"initContainers": [{"name": "i"}, {"name": "j"}]},
                "status": {"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"running": {}}}]},
            },
            "Init:0/2",
        ),
        (
            {
                "spec": {"initContainers": [{"name": "i"}]},
                "status": {
                    "phase": "Pending",
                    "initContainerStatuses": [
                        {"name": "i", "state": {"terminated": {"exitCode": 2, "reason": "Error"}}}
                    ],
                },
            },
            "Init:Error",
        ),
        (
            {"status": {"phase": "Failed", "containerStatuses": [{"state": {"terminated": {"exitCode": 3}}}]}},
            "ExitCode:3",
        ),
        (
            {
                "status": {
                    "phase": "Failed",
                    "containerStatuses": [{"state": {"terminated": {"signal": 9, "exitCode": 137}}}],
                }
            },
            "Signal:9",
        ),
        ({"status": None}, "Unknown"),
        ({"status": {"phase": "Pending", "containerStatuses": None, "conditions": None}}, "Pending"),
    ],
)
def test_pod_status_is_what_kubectl_prints(pod: dict[str, Any], status: str) -> None:
    assert facts.status({"kind": "Pod", **pod}) == status


@given(st.floats(0, 4e9, allow_nan=False))
def test_short_durations_can_be_read_again(seconds: float) -> None:
    text = values.short_duration(seconds)
    again = values.duration(text)
    assert again is not None
    assert abs(again - seconds) <= max(1.0, 0.11 * seconds)
