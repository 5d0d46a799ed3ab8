"""Orders as people type them: without a verb, between reasons, with the old value, as a question, of a part."""

from typing import Any

import pytest

from cloudwright.agents.language.background import keeps
from cloudwright.agents.language.carrying import carried
from cloudwright.agents.language.splitting import split
from cloudwright.agents.language.tagging import Tagger
from cloudwright.agents.language.understanding import Memory
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import ToolCall
from tests.agents.language.small import VOCABULARY, calls_of, understood

_LEDGER = {"name": "ledger", "kind": "deployment", "namespace": "blue"}


@pytest.mark.parametrize(
    ("text", "tool", "more"),
    [
        ("ledger to 4 pls", "scale_workload", {"replicas": 4}),
        ("ledger: 4 replicas", "scale_workload", {"replicas": 4}),
        ("ledger x4", "scale_workload", {"replicas": 4}),
        ("4 ledgers please", "scale_workload", {"replicas": 4}),
        ("ledger -> 2.0.1", "set_image", {"image": "example/ledger:2.0.1"}),
        ("release: ledger to 2.0.1", "set_image", {"image": "example/ledger:2.0.1"}),
        ("ledger memory limit 1Gi", "set_resources", {"limits": {"memory": "1Gi"}}),
        ("ledger: LOG_LEVEL=debug", "set_env", {"set": {"LOG_LEVEL": "debug"}}),
    ],
)
def test_a_name_and_its_value_are_an_order(text: str, tool: str, more: dict[str, Any]) -> None:
    assert calls_of(text) == [(tool, {**_LEDGER, **more})]


@pytest.mark.parametrize(
    "text", ["ledger to mailer", "ledger 4?", "errors of ledger: 4", "ledger was at 4", "ledger since 4"]
)
def test_a_name_beside_a_number_is_no_order_by_itself(text: str) -> None:
    assert all(tool in ("describe_resource", "list_resources", "get_logs") for tool, _ in calls_of(text))


@pytest.mark.parametrize(
    "text",
    [
        "scale ledger to 4, the sale starts tomorrow",
        "the sale starts at noon, ledger should have 4 replicas",
        "scale ledger to 4, it cannot be helped and the alert is annoying",
        "scale ledger to 4 instead of 2",
        "scale ledger to 4, quiet season is over",
        "scale ledger to 4 for the newsletter",
        "scale ledger to 4 from now on, i need to see what it does",
        "could ledger be scaled to 4?",
        "scale ledger to 4, big day tomorrow",
        "scale ledger to 4, disk swap in 20 min",
        "scale ledger to 4, but do not restart it",
        "scale ledger to 4, nobody uses the rest anyway",
    ],
)
def test_what_surrounds_an_order_changes_nothing_of_it(text: str) -> None:
    assert [call for call in calls_of(text) if call[0] != "describe_resource"] == [
        ("scale_workload", {**_LEDGER, "replicas": 4})
    ]


@pytest.mark.parametrize(
    "text",
    [
        "scale ledger to 4 tomorrow",
        "at noon scale ledger to 4",
        "scale ledger to 4, it can wait until tonight",
        "scale ledger to 4, the maintenance window is tonight",
        "scale ledger to 4, but not the canary",
        "scale ledger to 4, only if it is slow",
        "scale ledger to 4, for the gold customers first",
        "restart everything except ledger",
        "can ledger be deleted?",
        "scale ledger to 4, no, leave it",
        "should ledger be restarted",
        "stop the restart of ledger",
        "memory of ledger over 1Gi",
        "ledger was scaled to 4 by someone",
        "ledger restarted 4 times",
        "restart ledger in an hour",
        "remind me to restart ledger",
        "restart ledger, at night",
        "scale ledger to 4, every night",
        "scale ledger to 4, next monday morning",
        "scale ledger to 4, but do not scale it",
    ],
)
def test_what_may_change_an_order_makes_it_no_call(text: str) -> None:
    changes = [call for intent in understood(text) if intent.question is None for call in intent.calls]
    assert all(call.tool in ("describe_resource", "delete_impact", "list_resources", "top_pods") for call in changes)


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("but keep the deployment around", True),
        ("leave the rest alone", True),
        ("keep it at 3", False),
        ("leave ledger alone", False),
        ("keep 3 replicas", False),
    ],
)
def test_words_that_keep_the_rest_change_nothing(text: str, stays: bool) -> None:
    tagger = Tagger(VOCABULARY)
    assert keeps(tagger.clause(tagger.tokens(text))) is stays


def test_a_part_that_was_stated_is_what_it_means() -> None:
    tagger = Tagger(VOCABULARY)
    before, order = split(tagger.tokens("ledger no longer needs the BATCH env variable, please drop it"), tagger)
    assert carried(before, order, tagger).text == "please drop BATCH env variable of ledger"


def test_a_follow_up_changes_what_is_in_focus() -> None:
    rates = ObjectRef(kind="ConfigMap", name="rates", namespace="blue", api_version="v1")
    last = ToolCall(tool="describe_resource", arguments={"kind": "configmap", "name": "rates", "namespace": "blue"})
    ((tool, arguments),) = calls_of("EUR should be 1.2", Memory(objects=(rates,), last_calls=(last,)))
    assert (tool, arguments["patch"]) == ("patch_resource", {"data": {"EUR": "1.2"}})


def test_an_ordinal_without_a_list_means_nothing() -> None:
    ledger = ObjectRef(kind="Deployment", name="ledger", namespace="blue", api_version="apps/v1")
    (found,) = understood("delete the first one", Memory(objects=(ledger,)))
    assert not found.calls


@pytest.mark.parametrize(("text", "replicas"), [("actually 5", 5), ("no, make that 5", 5), ("sorry, 5 replicas", 5)])
def test_the_last_change_is_corrected_by_its_value(text: str, replicas: int) -> None:
    last = ToolCall(tool="scale_workload", arguments={**_LEDGER, "replicas": 3})
    found = [intent for intent in understood(text, Memory(last_calls=(last,))) if intent.calls]
    assert [dict(intent.calls[0].arguments) for intent in found] == [{**_LEDGER, "replicas": replicas}]


def test_a_bare_number_after_a_change_corrects_nothing() -> None:
    last = ToolCall(tool="scale_workload", arguments={**_LEDGER, "replicas": 3})
    assert not [intent for intent in understood("5", Memory(last_calls=(last,))) if intent.calls]


@pytest.mark.parametrize(
    "text", ["restart ledger, mailer", "restart both: ledger, mailer", "restart all two: ledger and mailer"]
)
def test_every_object_of_a_list_is_meant(text: str) -> None:
    assert [arguments["name"] for _, arguments in calls_of(text)] == ["ledger", "mailer"]


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("remove it again", ToolCall(tool="set_env", arguments={**_LEDGER, "set": {"THEME": "dark"}})),
        ("delete it", ToolCall(tool="set_resources", arguments={**_LEDGER, "limits": {"memory": "1Gi"}})),
        ("remove it", ToolCall(tool="list_resources", arguments={"kind": "deployment", "columns": ["env[THEME]"]})),
    ],
)
def test_an_object_is_never_deleted_where_a_part_of_it_was_spoken_of(text: str, last: ToolCall) -> None:
    ledger = ObjectRef(kind="Deployment", name="ledger", namespace="blue", api_version="apps/v1")
    found = understood(text, Memory(objects=(ledger,), last_calls=(last,)))
    assert not [call for intent in found for call in intent.calls if call.tool == "delete_resource"]


def test_values_between_names_are_not_shared() -> None:
    assert [
        (arguments["name"], arguments["set"]) for _, arguments in calls_of("label ledger tier=a and mailer tier=b")
    ] == [
        ("ledger", {"tier": "a"}),
        ("mailer", {"tier": "b"}),
    ]
    (found,) = understood("set A_B=1 on ledger and C_D=2 on mailer")
    assert not found.calls


def test_an_amount_of_cores_beside_memory_is_set_with_it() -> None:
    ((_, arguments),) = calls_of("ledger: limits memory 2Gi, cpu 1")
    assert arguments["limits"] == {"memory": "2Gi", "cpu": "1"}


def test_every_name_keeps_its_own_place() -> None:
    found = [
        (arguments["name"], arguments["namespace"])
        for _, arguments in calls_of("restart ledger in blue and basket in blue-test")
    ]
    assert found == [("ledger", "blue"), ("basket", "blue-test")]
