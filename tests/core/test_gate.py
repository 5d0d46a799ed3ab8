"""The gate: nothing is changed without a proposal, a yes, and one execution."""

import pytest

from cloudwright.core.approval import Answer
from cloudwright.core.change import Progress
from cloudwright.core.errors import (
    AlreadyDecided,
    ApprovalNeeded,
    CloudwrightError,
    Forbidden,
    InvalidArguments,
    NotFound,
    Refused,
)
from cloudwright.core.tool import Effect, ToolCall, Undo
from tests.core.fakes import ALICE, BOB, BY_USER, Bench, proposed, set_call


def test_a_read_answers_masked_and_mints_evidence(bench: Bench) -> None:
    context = bench.context()
    seen = bench.gate().read(ToolCall(tool="get_value", arguments={"name": "cart"}), context, ALICE)
    assert seen.evidence.id == "e1"
    assert context.evidence.get("e1") == seen.evidence
    assert "hunter2" not in seen.evidence.excerpt
    assert "[masked:" in seen.result.render()


def test_a_change_cannot_be_run_as_a_read(bench: Bench) -> None:
    with pytest.raises(ApprovalNeeded):
        bench.gate().read(set_call(), bench.context(), ALICE)
    assert bench.world.writes == []


def test_proposing_writes_nothing(bench: Bench) -> None:
    proposed(bench)
    assert bench.world.writes == []


def test_executing_without_a_yes_is_refused(bench: Bench) -> None:
    digest = proposed(bench)
    with pytest.raises(ApprovalNeeded):
        bench.gate().execute(digest, bench.context())
    assert bench.world.writes == []


def test_an_approved_change_is_done_once_verified_and_can_be_undone(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest[:12], ALICE)
    outcome = bench.gate().execute(digest, bench.context())
    assert bench.world.writes == [("cart", 3)]
    assert outcome.verification.progress is Progress.DONE
    assert outcome.undo == Undo(
        call=ToolCall(tool="set_value", arguments={"name": "cart", "value": 1}), summary="set cart back to 1"
    )
    with pytest.raises(AlreadyDecided):
        bench.gate().execute(digest, bench.context())
    with pytest.raises(AlreadyDecided):
        bench.gate().approve(digest, BOB)
    assert bench.world.writes == [("cart", 3)]


def test_read_only_previews_and_refuses_to_execute(bench: Bench) -> None:
    proposal = bench.gate().propose(set_call(), bench.context(read_only=True), ALICE, BY_USER)
    assert proposal.decision.answer is Answer.REFUSE
    with pytest.raises(Refused):
        bench.gate().approve(proposal.digest, ALICE)
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    with pytest.raises(Refused):
        bench.gate().execute(digest, bench.context(read_only=True))
    assert bench.world.writes == []


def test_a_missing_permission_stops_before_the_preview(bench: Bench) -> None:
    bench.rights.lacking = ("alice may not patch values.",)
    with pytest.raises(Forbidden, match="may not patch"):
        bench.gate().propose(set_call(), bench.context(), ALICE, BY_USER)


def test_a_change_that_changes_nothing_is_not_recorded(bench: Bench) -> None:
    proposal = bench.gate().propose(set_call(value=1), bench.context(), ALICE, BY_USER)
    assert proposal.preview.changes == ()
    assert bench.gate().ledger.pending() == []


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (ToolCall(tool="set_valu", arguments={}), NotFound),
        (ToolCall(tool="set_value", arguments={"name": "cart"}), InvalidArguments),
        (ToolCall(tool="set_value", arguments={"name": "cart", "value": "many"}), InvalidArguments),
    ],
)
def test_bad_calls_are_one_clear_sentence(bench: Bench, call: ToolCall, error: type[CloudwrightError]) -> None:
    with pytest.raises(error) as caught:
        bench.gate().propose(call, bench.context(), ALICE, BY_USER)
    assert "\n" not in caught.value.message


def test_secrets_do_not_reach_the_journal(bench: Bench) -> None:
    call = set_call(note="password=correct-horse-battery")
    digest = proposed(bench, call)
    assert b"correct-horse" not in bench.path.read_bytes()
    with pytest.raises(ApprovalNeeded):
        bench.gate().execute(digest, bench.context())


def test_a_typed_secret_fails_closed_in_another_process(bench: Bench) -> None:
    digest = proposed(bench, set_call(note="password=correct-horse-battery"))
    bench.gate().approve(digest, ALICE)
    with pytest.raises(Refused, match="never saw it"):
        bench.gate().execute(digest, bench.context())
    assert bench.world.writes == []


def test_a_typed_secret_is_used_by_the_process_that_knows_it(bench: Bench) -> None:
    context, call = bench.context(), set_call(note="password=correct-horse-battery")
    digest = bench.gate().propose(call, context, ALICE, BY_USER).digest
    bench.gate().approve(digest, ALICE)
    bench.gate().execute(digest, context)
    assert bench.world.writes == [("cart", 3)]


def test_effects_are_ordered_by_severity() -> None:
    assert Effect.WRITE.at_least(Effect.GRANT) is Effect.GRANT
    assert Effect.DESTRUCTIVE.at_least(Effect.READ) is Effect.DESTRUCTIVE
