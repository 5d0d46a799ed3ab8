"""The supervisor without a model: reading, asking back, approving, denying, undoing, resuming, forking."""

import json
from pathlib import Path

import pytest

from cloudwright.agents.answer import AskAnswer, answer_of
from cloudwright.agents.model.chat import Failure, ModelCall, ModelError, Reply
from cloudwright.agents.model.scripted import ScriptedModel
from cloudwright.agents.sessions import Conversation
from cloudwright.core.errors import ExitCode, NotFound
from cloudwright.core.proposal import State
from tests.agents.desk import Desk, NoCause


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_read_answers_with_its_evidence(desk: Desk) -> None:
    talk = desk.conversation()
    assert talk.ask("get cart") is None
    answer = talk.turns()[0].answer
    assert '"value": 1' in answer
    assert "[e1]" in answer


def test_several_intents_are_answered_in_one_turn(desk: Desk) -> None:
    talk = desk.conversation()
    talk.ask("get cart and get db")
    assert '"value": 1' in talk.turns()[0].answer
    assert '"value": 5' in talk.turns()[0].answer


def test_a_change_waits_for_an_explicit_yes(desk: Desk) -> None:
    talk = desk.conversation()
    waits = talk.ask("set cart to 3")
    assert waits is not None
    assert waits["kind"] == "approval"
    assert desk.world.writes == []
    assert talk.answer({"decision": "approve"}) is None
    assert desk.world.writes == [("cart", 3)]
    assert "Checked in the cluster: done" in talk.turns()[0].answer


@pytest.mark.parametrize(
    "answer", [{"decision": "deny", "reason": "no"}, {"decision": "leave"}, {}, "yes", True, None, ["approve"]]
)
def test_anything_but_an_explicit_yes_changes_nothing(desk: Desk, answer: object) -> None:
    talk = desk.conversation()
    talk.ask("set cart to 3")
    talk.answer(answer)
    assert desk.world.writes == []


def test_a_question_is_asked_only_where_it_matters_and_its_answer_goes_on(desk: Desk) -> None:
    talk = desk.conversation()
    waits = talk.ask("set 4")
    assert waits is not None
    assert waits["question"]["options"][1]["label"] == "db"
    waits = talk.answer("db")
    assert waits is not None
    assert waits["kind"] == "approval"
    talk.answer({"decision": "approve"})
    assert desk.world.writes == [("db", 4)]


def test_another_request_instead_of_an_answer_is_a_new_request(desk: Desk) -> None:
    talk = desk.conversation()
    talk.ask("set 4")
    assert talk.answer("get cart") is None
    assert '"value": 1' in talk.turns()[0].answer


def test_pronouns_refer_to_what_was_last_spoken_of(desk: Desk) -> None:
    talk = desk.conversation()
    talk.ask("get db")
    talk.ask("set it to 9")
    talk.answer({"decision": "approve"})
    assert desk.world.writes == [("db", 9)]


def test_undo_takes_the_last_change_back(desk: Desk) -> None:
    talk = desk.conversation()
    talk.ask("set cart to 3")
    talk.answer({"decision": "approve"})
    talk.ask("undo")
    talk.answer({"decision": "approve"})
    assert desk.world.values["cart"] == 1


def test_fix_proposes_what_the_diagnosis_found_and_no_flag_approves_it(desk: Desk) -> None:
    desk.approve_writes = True
    talk = desk.conversation()
    talk.ask("why cart")
    waits = talk.ask("fix it")
    assert waits is not None
    assert desk.world.writes == []
    record = desk.bench.gate().ledger.record(waits["digest"])
    assert record.proposal.provenance.untrusted
    talk.answer({"decision": "approve"})
    assert desk.world.writes == [("cart", 7)]


def test_the_flag_approves_what_the_user_asked_for_in_own_words(desk: Desk) -> None:
    desk.approve_writes = True
    talk = desk.conversation()
    assert talk.ask("set cart to 3") is None
    assert desk.world.writes == [("cart", 3)]


def test_the_flag_does_not_approve_what_the_request_only_points_at(desk: Desk) -> None:
    desk.approve_writes = True
    talk = desk.conversation()
    talk.ask("get cart")
    assert talk.ask("set it to 3") is not None
    assert desk.world.writes == []


def test_the_flag_never_approves_a_destructive_change(desk: Desk) -> None:
    desk.approve_writes = True
    assert desk.conversation().ask("drop cart") is not None
    assert desk.world.writes == []


def test_what_is_not_understood_offers_the_closest(desk: Desk) -> None:
    talk = desk.conversation()
    talk.ask("make me a sandwich")
    assert "get a value" in talk.turns()[0].answer


def test_a_new_process_goes_on_where_the_old_one_stopped(desk: Desk) -> None:
    desk.conversation().ask("set cart to 3")
    talk = desk.conversation()
    assert talk.waiting() is not None
    talk.answer({"decision": "approve"})
    assert desk.world.writes == [("cart", 3)]


def test_a_fork_begins_at_the_turn_and_leaves_the_original_alone(desk: Desk) -> None:
    talk = desk.conversation()
    talk.ask("get cart")
    talk.ask("get db")
    other = talk.fork(1, "s2")
    assert [turn.request for turn in other.turns()] == ["get cart"]
    other.ask("set it to 8")
    other.answer({"decision": "approve"})
    assert desk.world.writes == [("cart", 8)]
    assert len(talk.turns()) == 2
    with pytest.raises(NotFound):
        talk.fork(7, "s3")


def test_a_change_that_drifted_is_refused_and_said(desk: Desk) -> None:
    talk = desk.conversation()
    talk.ask("set cart to 3")
    desk.world.values["cart"] = 2
    talk.answer({"decision": "approve"})
    assert desk.world.writes == []
    assert "moved" in talk.turns()[0].answer


def answered(desk: Desk, talk: Conversation) -> AskAnswer:
    return answer_of(talk.state(), talk.waiting(), desk.kit(), talk.name)


def test_a_change_that_waits_or_was_denied_is_an_answer(desk: Desk) -> None:
    talk = desk.conversation()
    talk.ask("set cart to 3")
    talk.answer({"decision": "leave"})
    assert "waiting for a yes: set cart to 3" in answered(desk, talk).answer
    talk.ask("set db to 3")
    talk.answer({"decision": "deny", "reason": "too late"})
    assert answered(desk, talk).answer == "Denied (too late), nothing was changed: set db to 3."


def test_a_question_does_not_repeat_the_answer_before_it(desk: Desk) -> None:
    talk = desk.conversation()
    talk.ask("get cart")
    assert talk.ask("set 4") is not None
    assert talk.state()["answer"] == ""


def test_a_change_that_was_edited_is_not_told_as_denied(desk: Desk) -> None:
    talk = desk.conversation()
    talk.ask("set cart to 3")
    talk.answer({"decision": "edit", "arguments": {"name": "cart", "value": 4}})
    talk.answer({"decision": "approve"})
    assert desk.world.writes == [("cart", 4)]
    assert "Denied" not in answered(desk, talk).answer


def test_a_turn_in_which_every_read_failed_is_a_failure(desk: Desk) -> None:
    talk = desk.conversation()
    talk.ask("get cart")
    assert answered(desk, talk).exit_code is ExitCode.OK
    talk.ask("get nobody")
    assert answered(desk, talk).exit_code is ExitCode.FAILED


def test_a_cause_that_only_the_model_finds_is_the_answer(desk: Desk) -> None:
    desk.diagnoser = NoCause()
    report = {"claim": "db is at 5", "kind": "Value", "name": "db", "field": "value", "value": 5, "evidence": ["e1"]}
    read = call("get_resource", '{"kind": "Value", "name": "db"}')
    script = [read, call("report_cause", json.dumps(report)), Reply(text="`db` is 9 [e1].")]
    desk.model = ScriptedModel([*script, script[-1]])
    talk = desk.conversation()
    talk.ask("why cart")
    found = answered(desk, talk)
    assert [(cause.claim, cause.object.name, cause.field) for cause in found.causes] == [("db is at 5", "db", "value")]
    assert "No fault found" not in found.answer
    assert "1. db is at 5 (to edit: Value db in shop, value; 80%) [e1, e2]" in found.answer
    assert found.usage.requests == 4


def test_without_a_rule_for_the_fix_the_model_may_propose_one(desk: Desk) -> None:
    desk.diagnoser = NoCause()
    desk.approve_writes = True
    desk.model = ScriptedModel([call("scale_workload", '{"name": "cart", "value": 2}'), Reply(text="")])
    waits = desk.conversation().ask("fix it")
    assert waits is not None
    record = desk.bench.gate().ledger.record(waits["digest"])
    assert record.proposal.provenance.untrusted
    assert desk.world.writes == []


def call(name: str, arguments: str) -> Reply:
    return Reply(calls=(ModelCall(id="c1", name=name, arguments=arguments),))


@pytest.mark.parametrize("failure", list(Failure))
def test_every_failure_of_the_model_leaves_an_answer_and_the_session(desk: Desk, failure: Failure) -> None:
    desk.model = ScriptedModel([ModelError(failure)] * 4)
    talk = desk.conversation()
    assert talk.ask("why cart") is None
    assert "cart is not 7" in talk.turns()[0].answer
    assert str(failure) in talk.turns()[0].answer
    talk.ask("get db")
    assert '"value": 5' in talk.turns()[1].answer


def test_a_change_to_what_is_so_already_is_said_once(desk: Desk) -> None:
    talk = desk.conversation()
    assert talk.ask("set cart to 1") is None
    assert talk.turns()[0].answer == "Nothing to do: set cart to 1 is already so."


def test_a_later_word_on_the_same_field_voids_the_change_that_waits_and_says_so(desk: Desk) -> None:
    talk = desk.conversation()
    talk.ask("set cart to 8")
    talk.answer({"decision": "leave"})
    talk.ask("set db to 6")
    talk.answer({"decision": "leave"})
    waiting = talk.ask("set cart to 4")
    assert "Void now, superseded by" in answer_of(talk.state(), waiting, desk.kit(), "s1").answer
    talk.answer({"decision": "leave"})
    ledger = desk.bench.gate().ledger
    cart, db, new = ledger.records()
    assert [cart.state, db.state, new.state] == [State.VOID, State.PENDING, State.PENDING]
    assert f"Void now, superseded by {new.proposal.id}: set cart to 8 ({cart.proposal.id})." in talk.turns()[2].answer
    assert "Void now" not in talk.turns()[1].answer


def test_of_two_changes_of_one_field_in_one_turn_the_later_is_asked_about(desk: Desk) -> None:
    talk = desk.conversation()
    talk.ask("set cart to 8 and set cart to 4")
    assert talk.answer({"decision": "approve"}) is None
    assert desk.world.writes == [("cart", 4)]


def test_approving_what_cannot_be_found_any_more_ends_void_and_refused(desk: Desk) -> None:
    talk = desk.conversation()
    talk.ask("drop cart")
    desk.world.gone = "There is no value cart any more."
    waiting = talk.answer({"decision": "approve"})
    answer = answer_of(talk.state(), waiting, desk.kit(), "s1")
    assert (answer.exit_code, answer.proposals[0].state) == (ExitCode.REFUSED, State.VOID)
    assert "is void, because what it touches moved" in talk.turns()[0].answer
