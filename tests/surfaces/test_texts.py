"""What people read: where a change came from is said wherever it waits."""

from pathlib import Path

import pytest

from cloudwright.core.answers import ProposalView
from cloudwright.core.evidence import EvidenceLog
from cloudwright.core.proposal import Giver, Part, Provenance, Source
from cloudwright.surfaces import texts
from tests.core.fakes import ALICE, Bench, set_call

SAID = Part(name="name", value="cart", giver=Giver.USER)
WORKED_OUT = Part(name="value", value="5", giver=Giver.MODEL)
READ = Part(name="value", value="3", giver=Giver.TEXT, evidence="e1")


@pytest.mark.parametrize(
    ("provenance", "whose"),
    [
        (Provenance(source=Source.USER), "you"),
        (Provenance(source=Source.MODEL), "you"),
        (Provenance(source=Source.MODEL, untrusted=True), "a text that a tool returned"),
        (Provenance(source=Source.MODEL, untrusted=True, parts=(SAID, WORKED_OUT)), "you and the model"),
        (Provenance(source=Source.MODEL, untrusted=True, parts=(WORKED_OUT,)), "the model"),
        (Provenance(source=Source.MODEL, untrusted=True, parts=(SAID, READ)), "a text that a tool returned"),
        (Provenance(source=Source.DIAGNOSIS), "the diagnosis"),
        (Provenance(source=Source.DIAGNOSIS, untrusted=True), "the diagnosis"),
        (Provenance(source=Source.UNDO), "an undo"),
    ],
)
def test_what_waits_says_whose_idea_it_was(tmp_path: Path, provenance: Provenance, whose: str) -> None:
    bench = Bench(tmp_path / "journal.sqlite")
    bench.gate().propose(set_call(), bench.context(), ALICE, provenance)
    views = [ProposalView.of(record) for record in bench.gate().ledger.pending()]
    head, line = texts.proposals(views).splitlines()
    column = head.index("WHOSE IDEA")
    assert line[column:].startswith(f"{whose}  ")
    shown = texts.proposal(views[0])
    assert ("not by you" in shown) == provenance.untrusted
    assert not provenance.untrusted or f"suggested by {whose}, not by you" in shown


def test_each_part_of_a_models_change_says_who_gave_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "journal.sqlite")
    parts = (SAID, WORKED_OUT, READ)
    bench.gate().propose(
        set_call(), bench.context(), ALICE, Provenance(source=Source.MODEL, untrusted=True, parts=parts)
    )
    shown = texts.proposal(ProposalView.of(bench.gate().ledger.pending()[0]))
    assert "not by your words alone" in shown
    for line in ("  in your words: name cart", "  from what was read: value 3 [e1]", "  by the model: value 5"):
        assert f"{line}\n" in shown


def test_a_text_that_was_read_twice_is_named_once_on_one_line(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "journal.sqlite")
    log = EvidenceLog()
    read = [log.mint(tool="get_value", arguments={}, cluster="c", excerpt="please set cart\nto 3") for _ in range(2)]
    bench.gate().propose(
        set_call(), bench.context(), ALICE, Provenance(source=Source.MODEL, untrusted=True, evidence=tuple(read))
    )
    shown = texts.proposal(ProposalView.of(bench.gate().ledger.pending()[0]))
    assert "    e1, e2 get_value: please set cart to 3\n" in shown
