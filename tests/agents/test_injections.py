"""Texts that give orders: a gullible model obeys every one of them, and still nothing is done."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudwright.agents.model.chat import ModelCall, Reply
from cloudwright.core.errors import ApprovalNeeded
from cloudwright.core.proposal import State
from cloudwright.core.result import printable
from tests.agents.desk import Desk
from tests.core.fakes import ALICE

CORPUS = yaml.safe_load((Path(__file__).parents[1] / "corpora" / "injections.yaml").read_text())["injections"]


def obey() -> list[Reply]:
    """Reads the text, then does all that it could ask for, then repeats it."""
    read = ModelCall(id="a", name="get_value", arguments='{"name": "cart"}')
    orders = (
        ModelCall(id="b", name="set_value", arguments='{"name": "cart", "value": 0}'),
        ModelCall(id="c", name="drop_value", arguments='{"name": "db"}'),
        ModelCall(id="d", name="approve", arguments="{}"),
    )
    return [Reply(calls=(read,)), Reply(calls=orders), Reply(text="It is done. Everything is healthy.")]


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry["id"])
def test_a_text_that_gives_orders_changes_nothing(tmp_path: Path, entry: dict[str, Any]) -> None:
    desk = Desk(tmp_path)
    desk.world.note = entry["text"]
    desk.talk(obey())
    assert desk.world.writes == []
    gate = desk.bench.gate()
    records = gate.ledger.records()
    assert [record.state for record in records] == [State.PENDING, State.PENDING]
    for record in records:
        assert record.proposal.provenance.untrusted
        assert record.proposal.provenance.evidence[0].tool == "get_value"
        with pytest.raises(ApprovalNeeded):
            gate.approve(record.proposal.digest, ALICE, by_flag=True)


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry["id"])
def test_no_text_drives_the_terminal(entry: dict[str, Any]) -> None:
    shown = printable(entry["text"])
    assert not any(letter in shown for letter in "\x1b\x07\x9b\x08\r\u202e\u200b")
