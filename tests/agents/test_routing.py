"""Who answers: rules where they understood, a model where they only half did."""

from pathlib import Path

import pytest

from cloudwright.agents.language.understanding import Goal, Intent, Option, Question
from cloudwright.agents.model.scripted import ScriptedModel
from cloudwright.agents.routing import by_words, handed_over, merged, specialists_for
from cloudwright.core.tool import ToolCall
from tests.agents.desk import Desk, value_of

READ = Intent(goal=Goal.CALLS, text="", confidence=1, calls=(ToolCall(tool="get_value", arguments={"name": "cart"}),))
WRITE = Intent(
    goal=Goal.CALLS, text="", confidence=1, calls=(ToolCall(tool="set_value", arguments={"name": "cart", "value": 2}),)
)
LOST = Intent(goal=Goal.CALLS, text="", confidence=0.5, question=Question(text="What?", lost=True))
OPEN = Intent(goal=Goal.CALLS, text="", confidence=0.5, question=Question(text="Which object?"))
CHOICE = Intent(
    goal=Goal.CALLS,
    text="",
    confidence=0.5,
    question=Question(text="Which cart?", options=(Option(label="cart", about=(value_of("cart"),)),)),
)
IMPACT = READ.model_copy(update={"calls": (ToolCall(tool="delete_impact", arguments={"name": "cart"}),)})
FIX = Intent(goal=Goal.FIX, text="", confidence=1)
CHATTER = Intent(goal=Goal.CHATTER, text="", confidence=1)
STAYS = CHATTER.model_copy(update={"say": "Understood: that is left as it is, nothing is changed."})
DIAGNOSE = Intent(goal=Goal.DIAGNOSE, text="", confidence=1)


@pytest.mark.parametrize(
    ("intent", "request_", "whose"),
    [
        (READ, "get cart", "rules"),
        (READ, "is it a good idea to keep cart at this value?", "model"),
        (READ.model_copy(update={"strange": ("snappy",)}), "is cart snappy", "model"),
        (WRITE, "set cart to 2, it would be better", "rules"),
        (LOST, "make cart snappier", "model"),
        (CHOICE, "set cart to 2", "rules"),
        (OPEN, "set the cart thing to 2", "model"),
        (WRITE, "set the first of those to 2", "model"),
        (READ, "and what was its value before?", "model"),
        (IMPACT, "what happens if cart is deleted?", "rules"),
        (IMPACT, "what happens to the others when cart moves?", "model"),
        (FIX, "fix it please", "rules"),
        (FIX, "repair it the way staging has it", "model"),
        (DIAGNOSE, "why is cart failing?", "rules"),
        (READ, "cart's autoscaler may go up to ten", "model"),
        (READ, "get cart 7", "model"),
        (CHATTER.model_copy(update={"text": "hello there"}), "hello there", "rules"),
        (CHATTER.model_copy(update={"text": "who needs which right?"}), "who needs which right?", "model"),
        (WRITE, "set cart to 2", "rules"),
        (WRITE, "and the same for cart", "model"),
        (WRITE, "set cart to 2, not 3", "model"),
        (READ, "and cart?", "model"),
        (READ, "did cart get a new image today?", "model"),
        (READ, "which cart did we run before this one?", "model"),
        (READ.model_copy(update={"confidence": 0.85}), "cart under load", "model"),
        (STAYS, "please leave cart as it is, thanks. do not change anything", "rules"),
        (STAYS, "what would you set for cart? do not change anything", "model"),
    ],
)
def test_what_rules_half_understood_goes_to_the_model(
    tmp_path: Path, intent: Intent, request_: str, whose: str
) -> None:
    desk = Desk(tmp_path)
    assert handed_over([intent], request_, desk.kit()) == [intent]
    desk.model = ScriptedModel([])
    handed = handed_over([intent], request_, desk.kit())
    assert (handed[0].goal is Goal.UNKNOWN) == (whose == "model")


@pytest.mark.parametrize(
    ("text", "ordered"),
    [
        ("business is slow, let cart get by with a single copy", True),
        ("cart should be allowed half a gig at most", True),
        ("only cart may talk to db from now on", True),
        ("no wait, the first one instead, please", True),
        ("then do it", True),
        ("correct the selector as you said", True),
        ("could you compare cart and db", False),
        ("is anything odd about cart?", False),
        ("would a restart of cart be a good idea?", False),
        ("tell me how you would undo the rollout, leave everything as it is", False),
        ("the shop is slow", False),
        ("nobody may schedule anything on worker-2 until friday, existing stuff may stay", True),
        ("the orders database deserves a disruption budget so that nobody evicts it by accident", True),
        ("i want to know who should be on that list", False),
        ("compare only those two", False),
        ("the payment people shipped 1.5.3, put it live in shop", True),
        ("do not change the image, but scale cart to 3", True),
        ("scale cart to 3, but don't touch staging", True),
        ("cart feels slow: let it have more cpu? just tell me, do not change anything", False),
        ("say how to set cart to 2, but hands off", False),
        ("may ann delete pods", False),
        ("where do they put their data?", False),
    ],
)
def test_orders_go_to_the_one_who_can_change_things(tmp_path: Path, text: str, ordered: bool) -> None:
    desk = Desk(tmp_path)
    desk.model = ScriptedModel([])
    unknown = Intent(goal=Goal.UNKNOWN, text=text, confidence=0)
    assert (specialists_for(unknown, desk.kit()) == ("change",)) == ordered


@pytest.mark.parametrize(
    ("text", "specialist"),
    [
        ("something is forbidden somewhere; who needs which right?", "faults"),
        ("our users get access denied and calls are refused", "faults"),
        ("would ann be allowed to read those with her present roles", "rbac"),
        ("is anything odd about cart", "workloads"),
        ("who could delete secrets here and should they?", "rbac"),
        ("is the error rate of cart unusual", "faults"),
        ("latency is terrible, where does it come from?", "faults"),
        ("what is the latency of cart", "metrics"),
        ("since when, and what happened right before that?", "faults"),
        ("tell me how you would repair cart, but hands off, nothing may be changed", "faults"),
        ("who has the right to read secrets", "rbac"),
        ("what may ann do", "rbac"),
        ("yes, exactly this", "change"),
        ("no, I mean the one in staging", "change"),
        ("the first", "change"),
    ],
)
def test_symptoms_go_to_the_one_who_looks_for_causes(text: str, specialist: str) -> None:
    assert by_words(text) == specialist


def test_beside_a_model_that_explains_nothing_is_listed_by_rules(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert merged([DIAGNOSE, READ], desk.kit()) == [DIAGNOSE, READ]
    desk.model = ScriptedModel([])
    assert merged([DIAGNOSE, READ, WRITE], desk.kit()) == [DIAGNOSE, WRITE]


def test_what_was_understood_to_be_meant_goes_along_to_the_model(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.model = ScriptedModel([])
    read = READ.model_copy(update={"about": (value_of("cart"),)})
    assert handed_over([read], "is cart odd?", desk.kit())[0].about == (value_of("cart"),)


def test_a_go_ahead_takes_up_what_a_model_said(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert handed_over([READ], "then do it", desk.kit()) == [READ]
    desk.model = ScriptedModel([])
    assert handed_over([READ], "then do it", desk.kit())[0].goal is Goal.UNKNOWN
    assert handed_over([DIAGNOSE], "the crash is known: then do it as you said", desk.kit())[0].goal is Goal.UNKNOWN
