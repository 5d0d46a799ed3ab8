"""Approvals: who gives them, for what, for how long, and what no flag approves."""

import pytest

from cloudwright.core.approval import Answer
from cloudwright.core.errors import (
    AlreadyDecided,
    ApprovalNeeded,
    Expired,
    Refused,
)
from cloudwright.core.proposal import Provenance, Source, State
from cloudwright.core.tool import ToolCall
from tests.core.fakes import ALICE, BOB, Bench, proposed, set_call


def test_a_denial_is_final(bench: Bench) -> None:
    digest = proposed(bench)
    record = bench.gate().deny(digest, BOB, "not now")
    assert (record.state, record.reason) == (State.DENIED, "not now")
    for attempt in (lambda: bench.gate().approve(digest, ALICE), lambda: bench.gate().execute(digest, bench.context())):
        with pytest.raises(AlreadyDecided):
            attempt()
    assert bench.world.writes == []


def test_an_approval_expires_after_ten_minutes(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    bench.time.pass_minutes(10.1)
    with pytest.raises(Expired):
        bench.gate().execute(digest, bench.context())
    assert bench.world.writes == []


def test_an_approval_counts_until_it_expires(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    bench.time.pass_minutes(9.9)
    bench.gate().execute(digest, bench.context())
    assert bench.world.writes == [("cart", 3)]


def test_two_persons_are_two_identities(bench: Bench) -> None:
    bench.policy.answer = Answer.TWO_PERSON
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    with pytest.raises(ApprovalNeeded, match="second identity"):
        bench.gate().approve(digest, ALICE)
    with pytest.raises(ApprovalNeeded, match="1 of 2"):
        bench.gate().execute(digest, bench.context())
    bench.gate().approve(digest, BOB)
    bench.gate().execute(digest, bench.context())
    assert bench.world.writes == [("cart", 3)]


@pytest.mark.parametrize("answer", [Answer.ALWAYS_ASK, Answer.TWO_PERSON, Answer.REFUSE])
def test_a_flag_answers_ask_alone(bench: Bench, answer: Answer) -> None:
    bench.policy.answer = answer
    digest = proposed(bench)
    with pytest.raises((ApprovalNeeded, Refused)):
        bench.gate().approve(digest, ALICE, by_flag=True)


def test_a_flag_approves_an_undoable_write(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE, by_flag=True)
    bench.gate().execute(digest, bench.context())
    assert bench.world.writes == [("cart", 3)]


def test_a_flag_never_approves_a_destructive_change(bench: Bench) -> None:
    digest = proposed(bench, ToolCall(tool="drop_value", arguments={"name": "cart"}))
    with pytest.raises(ApprovalNeeded, match="needs a person"):
        bench.gate().approve(digest, ALICE, by_flag=True)


@pytest.mark.parametrize("answer", [Answer.AUTO, Answer.ASK])
def test_what_untrusted_text_suggests_always_asks_a_person(bench: Bench, answer: Answer) -> None:
    bench.policy.answer = answer
    untrusted = Provenance(source=Source.MODEL, untrusted=True)
    digest = bench.gate().propose(set_call(), bench.context(), ALICE, untrusted).digest
    with pytest.raises(ApprovalNeeded):
        bench.gate().approve(digest, ALICE, by_flag=True)
    with pytest.raises(ApprovalNeeded):
        bench.gate().execute(digest, bench.context())
    assert bench.world.writes == []


@pytest.mark.parametrize("answer", list(Answer))
def test_whose_idea_it_was_is_said_beside_the_policys_own_reason(bench: Bench, answer: Answer) -> None:
    bench.policy.answer, bench.policy.reason = answer, "it is Friday"
    untrusted = Provenance(source=Source.MODEL, untrusted=True)
    decision = bench.gate().propose(set_call(), bench.context(), ALICE, untrusted).decision
    assert decision.reason == "it is Friday; what was read suggested this change, not the user's own words"
    assert decision.answer.strictness >= Answer.ALWAYS_ASK.strictness


def test_a_stricter_policy_at_execution_wins(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    bench.policy.answer = Answer.REFUSE
    with pytest.raises(Refused, match="Policy now says refuse"):
        bench.gate().execute(digest, bench.context())
