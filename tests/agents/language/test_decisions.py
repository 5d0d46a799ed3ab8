"""A plain yes or no to the change that waits."""

import pytest

from cloudwright.agents.language.answering import answer
from cloudwright.agents.language.smalltalk import special
from cloudwright.agents.language.splitting import split
from cloudwright.agents.language.tagging import Tagger
from cloudwright.agents.language.understanding import Goal, Memory, Option, Question
from tests.agents.language.small import VOCABULARY


@pytest.mark.parametrize(
    ("text", "approves"),
    [
        ("yes, exactly this", True),
        ("exactly", True),
        ("yes, that one", True),
        ("not exactly", False),
        ("exactly what was that?", False),
    ],
)
def test_only_plain_words_decide(text: str, approves: bool) -> None:
    tagger = Tagger(VOCABULARY)
    found = [special(clause, Memory(pending=("p1",))) for clause in split(tagger.tokens(text), tagger)]
    assert (len(found) == 1 and found[0] is not None and found[0].goal is Goal.APPROVE) == approves


@pytest.mark.parametrize(
    "text", ["hold on, leave it as it is", "hm wait, leave that alone", "forget it", "on second thoughts no"]
)
def test_what_takes_it_back_denies_what_waits(text: str) -> None:
    tagger = Tagger(VOCABULARY)
    found = special(tagger.clause(tagger.tokens(text)), Memory(pending=("p1",)))
    assert found is not None
    assert found.goal is Goal.DENY


@pytest.mark.parametrize("text", ["no, leave it", "oh, forget it then", "never mind, thanks", "hm, rather not"])
def test_a_question_is_let_go(text: str) -> None:
    tagger = Tagger(VOCABULARY)
    asked = Question(text="Shall I?", options=(Option(label="restart it"),))
    found = answer(asked, tagger.clause(tagger.tokens(text)), text)
    assert found is not None
    assert (found.goal, found.say) == (Goal.CHATTER, "Left as it is; nothing is changed.")
