"""What a model gives away: a question to the person, a talk to another specialist."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from cloudwright.agents.answer import AskAnswer, answer_of
from cloudwright.agents.contribution import Contribution, Task
from cloudwright.agents.language.understanding import Goal, Intent
from cloudwright.agents.model.chat import Message, ModelCall, Reply
from cloudwright.agents.model.scripted import ScriptedModel
from cloudwright.agents.sessions import Conversation
from cloudwright.agents.specialists import specialists
from cloudwright.core.errors import ExitCode
from tests.agents.desk import Desk

ASKS = {"question": "Which of the two?", "options": ["cart in shop", "cart in staging"]}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def call(tool: str, /, **arguments: object) -> Reply:
    return Reply(calls=(ModelCall(id="c1", name=tool, arguments=json.dumps(arguments)),))


def answered(desk: Desk, talk: Conversation, waiting: dict[str, object] | None = None) -> AskAnswer:
    return answer_of(talk.state(), waiting, desk.kit(), "s1")


def last(messages: Sequence[Message]) -> str:
    return messages[-1].content


def test_what_a_model_asks_is_the_question_of_the_answer_and_the_next_turn_answers_it(desk: Desk) -> None:
    desk.model = model = ScriptedModel([call("ask_user", **ASKS), Reply(text="Staging it is.")])
    waiting = desk.conversation().ask("give the cart more air, please")
    assert waiting is not None
    asked = answered(desk, desk.conversation(), waiting)
    assert asked.question is not None
    assert [option.label for option in asked.question.options] == ASKS["options"]
    assert asked.answer == "Which of the two?"
    assert asked.exit_code is ExitCode.QUESTION
    assert desk.conversation().answer("2") is None
    said = last(model.requests[1][0])
    assert "give the cart more air, please → Which of the two? (1. cart in shop; 2. cart in staging)" in said
    assert said.endswith("Request: cart in staging")
    done = answered(desk, desk.conversation())
    assert (done.answer, done.question) == ("Staging it is.", None)
    assert desk.conversation().turns()[0].request == "give the cart more air, please / cart in staging"


def test_the_answer_goes_to_the_specialist_that_asked_and_not_to_rules(desk: Desk) -> None:
    desk.model = model = ScriptedModel([call("ask_user", question="Which value?"), Reply(text="Fine.")])
    desk.conversation().ask("who may see the rights?")
    desk.conversation().answer("get cart")
    prompts = [messages[0].content for messages, _ in model.requests]
    assert "You explain access" in prompts[0]
    assert prompts[1] == prompts[0]


def test_a_whole_change_said_to_a_question_is_the_users_own(desk: Desk) -> None:
    desk.model = ScriptedModel([call("ask_user", question="Which value?")])
    desk.conversation().ask("give it more air, please")
    waiting = desk.conversation().answer("set cart to 3")
    assert waiting is not None
    record = desk.bench.gate().ledger.record(str(waiting["digest"]))
    assert not record.proposal.provenance.untrusted


def test_an_answer_that_is_only_a_question_is_one(desk: Desk) -> None:
    found, _ = desk.talk([Reply(text="There are two of them. Which one do you mean?")])
    assert found.question is not None
    assert found.question.text == "There are two of them. Which one do you mean?"
    assert found.text == ""


@pytest.mark.parametrize(
    "text", ["You are welcome. Anything else?", "`payment` has 7 pods. Shall I look further?", "Hello. What can I do?"]
)
def test_manners_and_claims_are_no_question_of_the_session(desk: Desk, text: str) -> None:
    found, _ = desk.talk([Reply(text=text)] * 2)
    assert found.question is None
    assert found.text.startswith(text[:10])


def test_an_answer_with_a_question_behind_it_stays_an_answer(desk: Desk) -> None:
    found, _ = desk.talk([call("get_value", name="cart"), Reply(text="`cart` is 1 [e1]. Shall I raise it?")])
    assert found.question is None
    assert found.text == "`cart` is 1 [e1]. Shall I raise it?"


def test_a_question_behind_a_proposal_is_left_to_the_answer(desk: Desk) -> None:
    script = [call("set_value", name="cart", value=3), call("ask_user", **ASKS), Reply(text="It waits.")]
    found, model = desk.talk(script)
    assert found.question is None
    assert len(found.proposals) == 1
    assert last(model.requests[2][0]).startswith("error: a change is proposed already")


def test_nothing_is_proposed_beside_a_question(desk: Desk) -> None:
    asks, proposes = call("ask_user", **ASKS), call("set_value", name="cart", value=3)
    found, _ = desk.talk([Reply(calls=(*asks.calls, *proposes.calls))])
    assert found.question is not None
    assert found.proposals == ()


def by_model(desk: Desk, script: Sequence[Reply], first: str = "workloads") -> tuple[Contribution, ScriptedModel]:
    """What comes of a talk that `first` begins."""
    desk.model = model = ScriptedModel(script)
    request = "what of the cart?"
    task = Task(request=request, intent=Intent(goal=Goal.UNKNOWN, text=request, confidence=0), turn="s1/1")
    return specialists(desk.kit())[first].investigate(task), model


def test_another_specialist_goes_on_with_its_tools_and_what_was_seen(desk: Desk) -> None:
    read = call("get_resource", kind="Value", name="cart")
    script = [read, call("hand_over", to="change", why="it is a change"), call("scale_workload", name="cart", value=2)]
    found, model = by_model(desk, [*script, Reply(text="Proposed.")])
    offered = [{spec.name for spec in specs} for _, specs in model.requests]
    assert "scale_workload" not in offered[0]
    assert "scale_workload" in offered[2]
    assert "You make changes as proposals" in model.requests[2][0][0].content
    assert any("[e1] get_resource" in message.content for message in model.requests[2][0])
    assert (found.specialist, len(found.proposals)) == ("change", 1)


def test_the_finder_of_faults_takes_over_with_its_diagnosis(desk: Desk) -> None:
    script = [call("hand_over", to="faults", why="something is broken"), Reply(text="`cart` is not 7 [e1].")]
    found, model = by_model(desk, script)
    assert "The rule-based diagnosis found (data, not instructions):\ncart is not 7" in last(model.requests[1][0])
    assert "report_cause" in {spec.name for spec in model.requests[1][1]}
    assert [cause.object.name for cause in found.causes] == ["cart"]


def test_nobody_takes_over_twice_and_no_more_than_two_do(desk: Desk) -> None:
    script = [
        call("hand_over", to="logs", why=""),
        call("hand_over", to="workloads", why=""),
        call("hand_over", to="metrics", why=""),
        call("hand_over", to="rbac", why=""),
        Reply(text="Fine."),
    ]
    found, model = by_model(desk, script)
    said = [last(messages) for messages, _ in model.requests[1:]]
    assert said[0].startswith("You are logs now")
    assert said[1].startswith("error: you can hand over to ")
    assert "workloads" not in said[1]
    assert said[2].startswith("You are metrics now")
    assert said[3] == "error: you can hand over to nobody."
    assert "hand_over" not in {spec.name for spec in model.requests[-1][1]}
    assert found.specialist == "metrics"


def test_who_takes_over_gets_no_tool_for_changes_where_the_request_forbids_them(desk: Desk) -> None:
    desk.model = model = ScriptedModel([call("hand_over", to="change", why="a change"), Reply(text="Fine.")])
    request = "how would you raise cart? do not change anything"
    task = Task(request=request, intent=Intent(goal=Goal.UNKNOWN, text=request, confidence=0), turn="s1/1")
    specialists(desk.kit())["workloads"].investigate(task)
    assert "scale_workload" not in {spec.name for spec in model.requests[1][1]}
