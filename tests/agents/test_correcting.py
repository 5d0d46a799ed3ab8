"""What becomes of an answer that goes back for correction: what was accepted of it is kept."""

from pathlib import Path

import pytest

from cloudwright.agents.model.chat import Failure, ModelCall, ModelError, Reply
from cloudwright.agents.model.scripted import Step
from tests.agents.desk import Desk

FIRST = "The value of `cart` is 1 [e1]. `cart` has 42 readers [e1]. The limit is normal, and nothing else is odd."


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def read() -> Reply:
    return Reply(calls=(ModelCall(id="c1", name="get_value", arguments='{"name": "cart"}'),))


WITHOUT = FIRST.replace(" `cart` has 42 readers [e1].", "")
RIGHT = "The readers of `cart` are not shown [e1]."
SPLICED = FIRST.replace("`cart` has 42 readers [e1].", RIGHT)
WHOLE = "The value of `cart` is 1 [e1]. The limit is normal; nothing else is."


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (RIGHT, SPLICED),
        (f"Here is the corrected sentence:\n{RIGHT}", SPLICED),
        (f"{RIGHT} The limit is normal, and nothing else is odd.", SPLICED),
        ("`cart` has 43 readers [e1].", WITHOUT),
        (WHOLE, WHOLE),
    ],
)
def test_a_correction_alone_takes_its_place_in_the_answer(desk: Desk, reply: str, answer: str) -> None:
    found, _ = desk.talk([read(), Reply(text=FIRST), Reply(text=reply)])
    assert found.text == answer


def test_corrections_of_several_sentences_go_where_they_belong(desk: Desk) -> None:
    first = "`cart` has 42 readers [e1]. The value of `cart` is 1 [e1], as it was read. `cart` has 77 writers [e1]."
    reply = "Of readers nothing is shown. Of writers nothing is shown. Nor of editors."
    found, _ = desk.talk([read(), Reply(text=first), Reply(text=reply)])
    assert found.text == (
        "Of readers nothing is shown. The value of `cart` is 1 [e1], as it was read. Of writers nothing is shown."
        " Nor of editors."
    )


@pytest.mark.parametrize("end", [ModelError(Failure.EMPTY), ModelError(Failure.CUT, partial="The")])
def test_a_failed_correction_leaves_what_stands_of_the_first_answer(desk: Desk, end: Step) -> None:
    found, _ = desk.talk([read(), Reply(text=FIRST), end])
    assert found.text == WITHOUT
    assert not found.broken


def test_a_limit_during_a_correction_leaves_what_stands_of_the_first_answer(desk: Desk) -> None:
    found, _ = desk.talk([read(), Reply(text=FIRST), read()], steps=3)
    assert found.text == WITHOUT
    assert not found.broken
