"""What a model says of causes: added, replaced, withdrawn or doubted, and never without a look at the evidence."""

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies
from pydantic import BaseModel

from cloudwright.agents.answer import AskAnswer, answer_of
from cloudwright.agents.concluding import KIND
from cloudwright.agents.contribution import Contribution
from cloudwright.agents.graph import build
from cloudwright.agents.model.chat import Failure, ModelCall, ModelError, Reply
from cloudwright.agents.model.scripted import ScriptedModel, Step
from cloudwright.agents.sessions import Conversation
from cloudwright.core.answers import CauseView, ObjectView, ProposalsAnswer, RemedyView
from cloudwright.diagnosis.answer import InvestigationAnswer
from tests.agents.desk import Desk, NoCause

DB = {"claim": "db is at 5", "kind": "Value", "name": "db", "field": "value", "value": 5, "evidence": ["e1"]}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def known(name: str, confidence: float = 0.9) -> CauseView:
    return CauseView(
        kind="wrong-value",
        claim=f"{name} is wrong",
        object=ObjectView(kind="Value", namespace="shop", name=name),
        field="value",
        confidence=confidence,
        evidence=("e1",),
        chain=(),
        symptoms=(ObjectView(kind="Value", namespace="shop", name=f"{name}-user"),),
        remedies=(),
    )


def calls(*wanted: tuple[str, Mapping[str, object]]) -> Reply:
    return Reply(
        calls=tuple(
            ModelCall(id=f"c{number}", name=name, arguments=json.dumps(arguments))
            for number, (name, arguments) in enumerate(wanted)
        )
    )


def read(name: str) -> Reply:
    return calls(("get_value", {"name": name}))


def concluded(desk: Desk, tool: str, **arguments: object) -> tuple[Contribution, str]:
    """What comes of one conclusion after `cart` was read, where rules named cart and web; and what is told."""
    script = [read("cart"), calls((tool, arguments)), Reply(text="Done.")]
    found, model = desk.talk(script, reports=True, known=(known("cart"), known("web")))
    return found, model.requests[2][0][-1].content


def test_a_cause_whose_value_stands_there_takes_the_place_of_the_one_it_explains_better(desk: Desk) -> None:
    found, told = concluded(desk, "report_cause", **DB, replaces=[1])
    assert told == "recorded; the cluster shows it [e2]."
    assert [cause.claim for cause in found.causes] == ["db is at 5", "web is wrong"]
    assert [ref.name for ref in found.causes[0].symptoms] == ["cart-user"]
    (gone,) = found.ruled_out
    assert (gone.claim, gone.why, gone.evidence) == (
        "cart is wrong",
        "explained better by: db is at 5",
        ("e1", "e2"),
    )


def test_a_cause_that_was_not_shown_leaves_the_other_beside_it_with_the_doubt(desk: Desk) -> None:
    found, told = concluded(desk, "report_cause", **{**DB, "value": None}, replaces=[1])
    assert "cause 1 stays as doubted" in told
    assert [cause.claim for cause in found.causes] == ["web is wrong", "db is at 5", "cart is wrong"]
    assert found.causes[2].confidence == 0.5
    assert found.ruled_out == ()
    assert found.notes == (
        "The model doubts a cause that the rules found (cart is wrong): it would rather be explained by: db is at 5",
    )


def test_another_field_of_the_same_object_replaces_without_more_ado(desk: Desk) -> None:
    other = known("cart").model_copy(update={"field": "limit"})
    report = {**DB, "name": "cart", "value": None, "replaces": [1]}
    script = [read("cart"), calls(("report_cause", report)), Reply(text="Done.")]
    found, _ = desk.talk(script, reports=True, known=(other,))
    assert [(cause.kind, cause.field) for cause in found.causes] == [(KIND, "value")]


def test_a_report_of_what_a_cause_says_already_confirms_it(desk: Desk) -> None:
    report = {**DB, "name": "cart", "value": 1, "confidence": 0.95}
    found, told = concluded(desk, "report_cause", **report, replaces=[2])
    assert told == "recorded: cause 1 of the diagnosis says so already [e2]."
    (cause,) = found.causes
    assert (cause.kind, cause.evidence, cause.confidence) == ("wrong-value", ("e1", "e2"), 0.95)
    assert [ref.name for ref in cause.symptoms] == ["cart-user", "web-user"]
    assert [item.claim for item in found.ruled_out] == ["web is wrong"]


def test_a_report_that_replaces_a_cause_of_its_own_field_says_it_in_its_own_words(desk: Desk) -> None:
    report = {**DB, "claim": "cart was never set", "name": "cart", "value": 1, "chain": ["readers see 1"]}
    found, told = concluded(desk, "report_cause", **report, replaces=[1])
    assert told == "recorded in the place of cause 1; the cluster shows it [e2]."
    cause = found.causes[0]
    assert (cause.kind, cause.claim, cause.chain) == ("wrong-value", "cart was never set", ("readers see 1",))
    assert (cause.evidence, cause.seen) == (("e1", "e2"), ("cart is wrong",))
    assert [ref.name for ref in cause.symptoms] == ["cart-user"]
    assert [item.claim for item in found.causes] == ["cart was never set", "web is wrong"]
    assert found.ruled_out == ()


def test_what_takes_the_place_of_a_cause_is_as_sure_as_the_model_and_at_the_field_that_it_names(desk: Desk) -> None:
    report = {**DB, "claim": "cart was never set", "name": "cart", "value": 1, "confidence": 0.6}
    found, _ = concluded(desk, "report_cause", **report, replaces=[1])
    assert [(cause.claim, cause.confidence, cause.field) for cause in found.causes[:1]] == [
        ("cart was never set", 0.6, "value")
    ]


def test_a_cause_without_a_field_withdraws_the_one_it_replaces_and_keeps_what_mends_its_object(desk: Desk) -> None:
    remedy = RemedyView(title="Roll cart back", risk="", calls=())
    rules = (
        known("cart", 0.98).model_copy(update={"remedies": (remedy,), "seen": ("cart fails",)}),
        known("web").model_copy(update={"remedies": (RemedyView(title="Roll web back", risk="", calls=()),)}),
    )
    report = {**DB, "claim": "cart was changed", "name": "cart", "field": "", "value": None, "confidence": 0.6}
    script = [read("cart"), calls(("report_cause", {**report, "replaces": [1, 2]})), Reply(text="Done.")]
    found, _ = desk.talk(script, reports=True, known=rules)
    cause = found.causes[0]
    assert (cause.kind, cause.claim, cause.field, cause.confidence, cause.seen) == (
        KIND,
        "cart was changed",
        "",
        0.6,
        (),
    )
    assert cause.remedies == (remedy,)
    assert "cart is wrong" in [item.claim for item in found.ruled_out]


def test_what_could_not_be_read_back_does_not_speak_for_a_rule(desk: Desk) -> None:
    vault = known("cart").model_copy(update={"object": ObjectView(kind="Vault", namespace="", name="cart")})
    report = {**DB, "claim": "cart was never set", "kind": "Vault", "name": "cart", "value": 1, "replaces": [1]}
    script = [read("cart"), calls(("report_cause", report)), Reply(text="Done.")]
    found, _ = desk.talk(script, reports=True, known=(vault,))
    assert [cause.claim for cause in found.causes] == ["cart is wrong"]


def test_a_refuted_report_replaces_nothing(desk: Desk) -> None:
    found, told = concluded(desk, "report_cause", **{**DB, "value": 9}, replaces=[1])
    assert told.startswith("refuted, not recorded")
    assert [cause.claim for cause in found.causes] == ["cart is wrong", "web is wrong"]


def test_a_part_of_a_field_is_no_other_cause(desk: Desk) -> None:
    whole = known("cart").model_copy(update={"field": ""})
    report = {**DB, "name": "cart", "value": 1}
    script = [read("cart"), calls(("report_cause", report)), Reply(text="Done.")]
    found, _ = desk.talk(script, reports=True, known=(whole,))
    assert [(cause.kind, cause.field) for cause in found.causes] == [("wrong-value", "value")]


@pytest.mark.parametrize(
    ("arguments", "told", "left", "ruled_out"),
    [
        ({"causes": [1], "why": "The value of cart is 1", "evidence": ["e1"]}, "is withdrawn", ["web"], 1),
        ({"causes": [2], "why": "The value is 1", "evidence": ["e1"]}, "stays, with your doubt", ["cart", "web"], 0),
        ({"causes": [1], "why": "Nothing fails", "evidence": ["e1"]}, "stays, with your doubt", ["web", "cart"], 0),
        ({"causes": [1], "why": "The value of cart is 42", "evidence": ["e1"]}, "not recorded: ", ["cart", "web"], 0),
        (
            {"causes": [1], "why": "It is fine", "evidence": ["e7"]},
            "nothing minted the evidence e7",
            ["cart", "web"],
            0,
        ),
        ({"causes": [1, 2], "why": "The value of cart is 1", "evidence": ["e1"]}, "cause 2 stays", ["web"], 1),
        ({"causes": [3], "why": "It is fine", "evidence": ["e1"]}, "has no cause 3; it names 2", ["cart", "web"], 0),
        ({"causes": [1]}, "refute_cause expects causes (array, required)", ["cart", "web"], 0),
    ],
)
def test_a_cause_goes_only_where_evidence_about_it_holds_every_word_against_it(
    desk: Desk, arguments: dict[str, object], told: str, left: list[str], ruled_out: int
) -> None:
    found, said = concluded(desk, "refute_cause", **arguments)
    assert told in said
    assert [cause.object.name for cause in found.causes] == left
    assert len(found.ruled_out) == ruled_out


def test_what_is_read_side_by_side_is_numbered_in_the_order_of_the_calls(desk: Desk) -> None:
    names = ["cart", "db", "web", "cart", "nobody", "db"]
    found, model = desk.talk([calls(*(("get_value", {"name": name}) for name in names)), Reply(text="Done.")])
    seen = [view.evidence for view in found.calls if view.evidence]
    assert seen == [f"e{number}" for number in range(1, len(seen) + 1)]
    told = [message.content.split("]")[0][1:] for message in model.requests[1][0] if message.content.startswith("[e")]
    assert told == seen


def test_a_report_may_cite_what_is_read_in_the_same_breath(desk: Desk) -> None:
    script = [calls(("report_cause", DB), ("get_value", {"name": "db"})), Reply(text="Done.")]
    found, _ = desk.talk(script, reports=True)
    assert [cause.claim for cause in found.causes] == ["db is at 5"]


def look(*names: str) -> Reply:
    return calls(*(("get_resource", {"kind": "Value", "name": name}) for name in names))


SCRIPTS: dict[str, list[Step]] = {
    "an answer": [Reply(text="cart is not 7 [e1].")],
    "a cause added": [look("db"), calls(("report_cause", {**DB, "evidence": ["e2"]})), Reply(text="`db` is 5 [e2].")],
    "a cause replaced": [
        look("db"), calls(("report_cause", {**DB, "evidence": ["e2"], "replaces": [1]})), Reply(text="`db` is 5 [e2]."),
    ],
    "a cause withdrawn": [
        look("cart"),
        calls(("refute_cause", {"causes": [1], "why": "The Value cart is 1", "evidence": ["e2"]})),
        Reply(text="Nothing is wrong with it."),
    ],
    "several reads": [look("cart", "db"), Reply(text="`cart` is 1 and `db` is 5 [e2, e3].")],
    "a failure": [look("cart"), ModelError(Failure.CUT, partial="`cart` is 1 [e2].")],
    "a refuted answer": [Reply(text="`cart` is 42 [e1]."), Reply(text="`cart` is 42 [e1].")],
}  # fmt: skip


def turns(desk: Desk, script: list[Step], *requests: str) -> list[AskAnswer]:
    desk.model = ScriptedModel(script)
    kit = desk.kit()
    talk = Conversation(build(kit, desk.saver), "s1")
    answers = []
    for request in requests:
        talk.ask(request)
        answers.append(answer_of(talk.state(), talk.waiting(), kit, talk.name))
    return answers


def cited(answer: AskAnswer) -> set[str]:
    """Every id that stands anywhere in what is printed, the evidence itself left out."""
    told = answer.model_dump(mode="json", exclude={"evidence"})
    fields = [told["answer"], *(call["evidence"] for call in told["calls"])]
    fields += [mark for item in (*told["causes"], *told["ruled_out"]) for mark in item["evidence"]]
    return {name for text in fields for name in re.findall(r"\be\d+\b", text)}


@pytest.mark.parametrize("name", SCRIPTS)
def test_everything_that_an_answer_cites_is_in_its_evidence(desk: Desk, name: str) -> None:
    for answer in turns(desk, SCRIPTS[name], "why cart", "get cart"):
        there = [item.id for item in answer.evidence]
        assert cited(answer) <= set(there)
        assert {mark for cause in answer.causes for mark in cause.evidence} <= set(there)
        assert there == sorted(there)


STEPS = (
    look("cart"), look("db", "cart"), look("nobody"), calls(("no_such_tool", {})),
    calls(("report_cause", {**DB, "replaces": [1]})), calls(("report_cause", {**DB, "name": "nobody"})),
    calls(("report_cause", {**DB, "evidence": ["e2", "e3"]}), ("get_resource", {"kind": "Value", "name": "db"})),
    calls(("refute_cause", {"causes": [1], "why": "The Value cart is 1", "evidence": ["e2"]})),
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    steps=strategies.lists(strategies.sampled_from(STEPS), max_size=4),
    ids=strategies.lists(strategies.integers(1, 6), min_size=1, max_size=3),
)
def test_whatever_a_model_does_what_is_cited_is_there(steps: list[Reply], ids: list[int]) -> None:
    said = Reply(text=f"Nothing is known [{', '.join(f'e{number}' for number in ids)}].")
    with tempfile.TemporaryDirectory() as folder:
        (answer,) = turns(Desk(Path(folder)), [*steps, said, said], "why cart")
    there = [item.id for item in answer.evidence]
    assert cited(answer) <= set(there)
    assert there == [f"e{number}" for number in range(1, 20) if f"e{number}" in there]


def test_the_text_is_the_models_answer_and_the_causes_in_short(desk: Desk) -> None:
    (answer,) = turns(desk, SCRIPTS["an answer"], "why cart")
    assert answer.answer == (
        "cart is not 7 [e1].\n\nCauses:\n1. cart is not 7 (to edit: Value cart in shop, value; 90%) [e1]"
    )


def test_without_causes_there_is_no_list_of_them(desk: Desk) -> None:
    desk.diagnoser = NoCause()
    (answer,) = turns(desk, [Reply(text="All is well.")], "why cart")
    assert answer.answer == "All is well."


def test_a_new_process_goes_on_counting_where_the_old_one_stopped(desk: Desk) -> None:
    turns(desk, SCRIPTS["several reads"], "why cart")
    talk = desk.conversation()
    assert [item.id for item in talk.evidence()] == ["e1", "e2", "e3"]


@pytest.mark.parametrize(
    ("field", "other", "where"),
    [
        ("causes", InvestigationAnswer, "causes"),
        ("ruled_out", InvestigationAnswer, "ruled_out"),
        ("gaps", InvestigationAnswer, "gaps"),
        ("proposals", ProposalsAnswer, "proposals"),
    ],
)
def test_answers_have_the_shapes_that_other_commands_print(field: str, other: type[BaseModel], where: str) -> None:
    mine, theirs = AskAnswer.model_fields[field].annotation, other.model_fields[where].annotation
    assert mine == theirs


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_a_model_driven_turn_prints_reads_as_what_it_is(desk: Desk, name: str) -> None:
    (answer,) = turns(desk, SCRIPTS[name], "why cart")
    assert AskAnswer.model_validate_json(answer.model_dump_json()) == answer
