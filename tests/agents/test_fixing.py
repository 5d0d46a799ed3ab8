"""An order to repair what is named is followed, where a model found the cause and proposed nothing."""

import json
from pathlib import Path

import pytest

from cloudwright.agents.model.chat import ModelCall, Reply
from cloudwright.agents.model.scripted import ScriptedModel, Step
from cloudwright.core.proposal import Source
from tests.agents.desk import Desk

HANDS_OVER = Reply(
    calls=(ModelCall(id="c1", name="hand_over", arguments='{"to": "faults", "why": "a fault"}'),),
)
TOLD = Reply(text="Value cart is not 7 [e1].")


def proposals(path: Path, request: str, *first: Step) -> list[tuple[Source, object]]:
    desk = Desk(path, model=ScriptedModel([*first, HANDS_OVER, TOLD, TOLD]))
    desk.conversation().ask(request)
    return [
        (record.proposal.provenance.source, record.proposal.call.arguments.get("value"))
        for record in desk.bench.gate().ledger.records()
    ]


@pytest.mark.parametrize("request_", ["fix the value of cart please", "please repair cart, it is wrong"])
def test_the_remedy_of_what_is_ordered_to_be_repaired_is_proposed(tmp_path: Path, request_: str) -> None:
    assert proposals(tmp_path, request_) == [(Source.DIAGNOSIS, 7)]


@pytest.mark.parametrize(
    "request_",
    [
        "fix the value of db please",
        "fix the value of cart, but just tell me how and change nothing",
        "how would you fix the value of cart?",
        "restart the value of cart please",
    ],
)
def test_nothing_is_proposed_for_what_is_not_named_not_ordered_or_forbidden(tmp_path: Path, request_: str) -> None:
    assert proposals(tmp_path, request_) == []


def test_what_the_model_proposes_itself_is_all_that_is_proposed(tmp_path: Path) -> None:
    wanted = json.dumps({"name": "cart", "value": 8})
    own = Reply(calls=(ModelCall(id="c2", name="scale_workload", arguments=wanted),))
    assert proposals(tmp_path, "fix the value of cart please", own) == [(Source.MODEL, 8)]
