"""Words that people use loosely: "the web pod", a key without its ConfigMap, "anyway", "back to"."""

import pytest

from tests.agents.language.small import calls_of, understood


def test_logs_of_the_pod_of_a_workload_are_those_of_the_workload() -> None:
    assert calls_of("logs of the ledger pod") == [
        ("get_logs", {"kind": "deployment", "name": "ledger", "namespace": "blue"})
    ]


def test_to_restart_the_pod_of_a_workload_is_to_roll_it_out_anew() -> None:
    assert [tool for tool, _ in calls_of("restart the ledger pod")] == ["rollout_restart"]


def test_the_only_pod_of_a_workload_is_the_one_that_goes() -> None:
    ((tool, arguments),) = calls_of("delete the ledger pod so it comes up fresh")
    assert (tool, arguments["kind"], arguments["name"]) == ("delete_resource", "pod", "ledger-1")


def test_a_key_without_its_config_map_is_asked_about_with_those_that_have_it() -> None:
    (asked,) = [item.question for item in understood("set EUR to 4")]
    assert asked is not None
    assert [option.calls[0].arguments["name"] for option in asked.options] == ["rates"]


@pytest.mark.parametrize(
    "text", ["EUR in rates back to 4", "set EUR in rates to four", "set EUR in rates to 4 anyway", "rates: EUR=4"]
)
def test_a_value_of_a_key_is_set(text: str) -> None:
    assert [arguments["patch"] for tool, arguments in calls_of(text)] == [{"data": {"EUR": "4"}}]


def test_a_node_after_a_node_is_the_one_that_is_looked_at() -> None:
    assert [arguments["where"] for tool, arguments in calls_of("what runs on m-1")] == ["node = m-1"]
