"""The gate: nothing is written without an exact, fresh, single-use yes."""

import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudwright.core.approval import Answer
from cloudwright.core.change import FieldChange, ObjectChange, Progress
from cloudwright.core.errors import (
    AlreadyDecided,
    ApprovalNeeded,
    CloudwrightError,
    Conflict,
    Drifted,
    Expired,
    Forbidden,
    InvalidArguments,
    NotFound,
    Refused,
)
from cloudwright.core.journal import EntryKind, Journal
from cloudwright.core.proposal import Provenance, Source, State, canonical, digest_of
from cloudwright.core.refs import ObjectRef, Place
from cloudwright.core.tool import Effect, ToolCall, Undo
from tests.core.fakes import ALICE, BOB, Bench, World, set_call

BY_USER = Provenance(source=Source.USER)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "journal.sqlite")


def proposed(bench: Bench, call: ToolCall | None = None) -> str:
    return bench.gate().propose(call or set_call(), bench.context(), ALICE, BY_USER).digest


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


def test_a_denial_is_final(bench: Bench) -> None:
    digest = proposed(bench)
    record = bench.gate().deny(digest, BOB, "not now")
    assert (record.state, record.reason) == (State.DENIED, "not now")
    for attempt in (lambda: bench.gate().approve(digest, ALICE), lambda: bench.gate().execute(digest, bench.context())):
        with pytest.raises(AlreadyDecided):
            attempt()
    assert bench.world.writes == []


def test_drift_of_a_touched_field_voids_the_change_and_says_what_moved(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    bench.world.values["cart"] = 7
    with pytest.raises(Drifted, match=r"value: was 1, now 7"):
        bench.gate().execute(digest, bench.context())
    bench.world.values["cart"] = 1
    with pytest.raises(AlreadyDecided):
        bench.gate().execute(digest, bench.context())
    assert bench.world.writes == []


def test_an_object_that_was_replaced_voids_the_change(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    bench.world.uids["cart"] = "another"
    with pytest.raises(Drifted, match="was replaced"):
        bench.gate().execute(digest, bench.context())


def test_a_change_elsewhere_does_not_void_it(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    bench.world.values["db"] = 99
    bench.gate().execute(digest, bench.context())
    assert bench.world.writes == [("cart", 3)]


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


def test_what_ran_and_failed_is_recorded_as_failed(bench: Bench) -> None:
    bench.world.complaint = "exit code 3"
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    assert bench.gate().execute(digest, bench.context()).result.failure == "exit code 3"
    assert bench.gate().ledger.record(digest).state is State.FAILED


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


def test_a_stricter_policy_at_execution_wins(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    bench.policy.answer = Answer.REFUSE
    with pytest.raises(Refused, match="Policy now says refuse"):
        bench.gate().execute(digest, bench.context())


@pytest.mark.parametrize(
    "change", [{"cluster": "c2"}, {"namespace": "prod"}, {"identity": "mallory"}, {"context": "other"}]
)
def test_an_approval_is_for_one_place(bench: Bench, change: dict[str, str]) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    elsewhere = bench.context(place=bench.context().place.model_copy(update=change))
    with pytest.raises(Refused, match="was proposed for"):
        bench.gate().execute(digest, elsewhere)
    assert bench.world.writes == []


def test_a_missing_permission_stops_before_the_preview(bench: Bench) -> None:
    bench.rights.lacking = ("alice may not patch values.",)
    with pytest.raises(Forbidden, match="may not patch"):
        bench.gate().propose(set_call(), bench.context(), ALICE, BY_USER)


def test_a_change_that_changes_nothing_is_not_recorded(bench: Bench) -> None:
    proposal = bench.gate().propose(set_call(value=1), bench.context(), ALICE, BY_USER)
    assert proposal.preview.changes == ()
    assert bench.gate().ledger.pending() == []


def test_a_failure_before_the_write_is_recorded_as_not_done(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    bench.world.fail_before_write = True
    with pytest.raises(Conflict):
        bench.gate().execute(digest, bench.context())
    record = bench.gate().ledger.record(digest)
    assert record.state is State.FAILED
    assert record.verification is not None
    assert record.verification.progress is Progress.NOT_DONE


def test_a_lost_answer_is_recorded_as_done_by_looking(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    bench.world.fail_after_write = True
    with pytest.raises(Conflict):
        bench.gate().execute(digest, bench.context())
    record = bench.gate().ledger.record(digest)
    assert record.verification is not None
    assert record.verification.progress is Progress.DONE


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


def test_two_threads_executing_the_same_approval_write_once(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    errors: list[BaseException] = []
    barrier = threading.Barrier(8)

    def go() -> None:
        barrier.wait()
        try:
            bench.gate().execute(digest, bench.context())
        except CloudwrightError as error:
            errors.append(error)

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bench.world.writes == [("cart", 3)]
    assert len(errors) == 7


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
CALLS = st.builds(
    ToolCall, tool=st.sampled_from(["a", "b"]), arguments=st.dictionaries(st.text(max_size=3), JSON, max_size=3)
)
PLACES = st.builds(
    Place, cluster=st.sampled_from("12"), namespace=st.sampled_from("ab"), identity=st.sampled_from("xy")
)
CHANGES = st.builds(
    ObjectChange,
    ref=st.builds(ObjectRef, kind=st.just("K"), name=st.sampled_from("mn"), uid=st.sampled_from(["", "1"])),
    action=st.sampled_from(["create", "update", "delete", "act"]),
    fields=st.builds(lambda one: (one,), st.builds(FieldChange, path=st.sampled_from("pq"), before=JSON, after=JSON)),
)
BOUND = st.tuples(CALLS, PLACES, st.builds(lambda one: (one,), CHANGES), st.sampled_from(["n1", "n2"]))


@settings(max_examples=300, deadline=None)
@given(BOUND, BOUND)
def test_the_digest_differs_exactly_when_something_bound_differs(
    one: tuple[ToolCall, Place, tuple[ObjectChange, ...], str],
    other: tuple[ToolCall, Place, tuple[ObjectChange, ...], str],
) -> None:
    same = canonical(list(one)) == canonical(list(other))
    assert (digest_of(*one) == digest_of(*other)) == same


STEPS = ["propose", "proposed", "execute", "intent", "ran", "outcome"]
VICTIM = """
import os, signal, sys, json
from pathlib import Path
from tests.core.fakes import ALICE, Bench, World, set_call
from cloudwright.core.proposal import Provenance, Source

directory, step = Path(sys.argv[1]), sys.argv[2]
class FileWorld(World):
    def write(self, name, value):
        with (directory / "writes").open("a") as file:
            file.write(f"{name}={value}\\n"); file.flush(); os.fsync(file.fileno())
        super().write(name, value)
def die(name):
    if name == step:
        os.kill(os.getpid(), signal.SIGKILL)
bench = Bench(directory / "journal.sqlite", world=FileWorld(), on_step=die)
context = bench.context()
gate = bench.gate()
object.__setattr__(context, "services", {World: bench.world})
digest = gate.propose(set_call(), context, ALICE, Provenance(source=Source.USER)).digest
gate.approve(digest, ALICE)
gate.execute(digest, context)
"""


class FileBackedWorld(World):
    """What the killed process left behind."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        path = directory / "writes"
        if path.exists():
            for line in path.read_text().split():
                name, value = line.split("=")
                self.writes.append((name, int(value)))
                self.values[name] = int(value)


@pytest.mark.parametrize("step", STEPS)
def test_kill_at_each_step_loses_nothing_and_repeats_nothing(tmp_path: Path, step: str) -> None:
    script = tmp_path / "victim.py"
    script.write_text(textwrap.dedent(VICTIM))
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), step],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert done.returncode == -9, done.stderr
    bench = Bench(tmp_path / "journal.sqlite", world=FileBackedWorld(tmp_path))
    gate = bench.gate()
    before = list(bench.world.writes)
    gate.recover(bench.context())
    records = gate.ledger.records()
    if step == "propose":
        assert records == []
        return
    (record,) = records
    expected = {
        "proposed": State.PENDING,
        "execute": State.APPROVED,
        "intent": State.FAILED,
        "ran": State.EXECUTED,
        "outcome": State.EXECUTED,
    }[step]
    assert record.state is expected
    assert bench.world.writes == before
    assert len(before) == (1 if step in ("ran", "outcome") else 0)
    if step in ("intent", "ran", "outcome"):
        with pytest.raises(AlreadyDecided):
            gate.execute(record.proposal.digest, bench.context())
        assert bench.world.writes == before


def test_recovery_leaves_a_running_execution_alone(bench: Bench) -> None:
    digest = proposed(bench)
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        from cloudwright.core.ledger import process_mark

        stat = Path(f"/proc/{sleeper.pid}/stat").read_text().rpartition(")")[2].split()[19]
        mark = {**process_mark(), "pid": sleeper.pid, "started": stat, "session": "-"}
        Journal(bench.path, now=bench.time).append(EntryKind.INTENT, digest, mark)
        assert bench.gate().recover(bench.context()) == []
    finally:
        sleeper.kill()
        sleeper.wait()
    (settled,) = bench.gate().recover(bench.context())
    assert settled.state is State.FAILED


def test_effects_are_ordered_by_severity() -> None:
    assert Effect.WRITE.at_least(Effect.GRANT) is Effect.GRANT
    assert Effect.DESTRUCTIVE.at_least(Effect.READ) is Effect.DESTRUCTIVE
