"""Words that point, switch, or take back: "the north one", "open it", "to 3, sorry, 4"."""

import pytest

from cloudwright.agents.language.reader import RuleReader
from cloudwright.agents.language.understanding import Goal, Intent, Memory, Vocabulary
from cloudwright.agents.language.vocabulary import Words
from cloudwright.core.context import Context
from cloudwright.core.masking import SessionRedactor
from cloudwright.core.refs import ObjectRef, Place
from cloudwright.core.store import MemoryResultStore
from cloudwright.core.tool import ToolCall
from tests.agents.language.small import TOOLS, VOCABULARY, deployment, thing


class _Known(Words):
    """Words that were read before."""

    def get(self, context: Context, changes: object = ()) -> Vocabulary:
        del context, changes
        return _WORLD


_WORLD = VOCABULARY.model_copy(
    update={
        "objects": (
            *VOCABULARY.objects,
            thing("Sluice", "south", settings={"open": False, "flow": 4}),
            thing("Sluice", "west", "blue-test", settings={"open": True, "flow": 6}),
            deployment("flow"),
            deployment("mailer", "blue-test"),
        )
    }
)
_CONTEXT = Context(Place(namespace="default"), SessionRedactor(b"key"), MemoryResultStore())
_SLUICES = Memory(last_calls=(ToolCall(tool="list_resources", arguments={"kind": "sluices", "namespace": "*"}),))


def _read(text: str, memory: Memory | None = None) -> list[Intent]:
    return list(RuleReader(TOOLS, _Known()).understand(text, memory or Memory(), _CONTEXT).intents)


def _calls(text: str, memory: Memory | None = None) -> list[ToolCall]:
    return [call for intent in _read(text, memory) for call in intent.calls]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("open the south sluice", True),
        ("close south", False),
        ("please turn open off for south", False),
        ("south: open should be true", True),
        ("reopen south", True),
    ],
)
def test_a_setting_is_switched_by_its_word(text: str, value: bool) -> None:
    assert [call.arguments["patch"] for call in _calls(text)] == [{"spec": {"open": value}}]


def test_it_is_asked_about_where_several_that_were_listed_could_be_switched() -> None:
    rows = tuple(item.ref for item in _WORLD.objects if item.ref.kind == "Sluice")
    (asked,) = [intent.question for intent in _read("close it", _SLUICES.model_copy(update={"listed": rows}))]
    assert asked is None or len(asked.options) > 1
    assert not _calls("restart it", Memory(listed=(deployment("ledger").ref, deployment("mailer").ref)))


@pytest.mark.parametrize("text", ["set the flow of the west one to 9", "set the flow of the one in blue-test to 9"])
def test_one_of_what_was_listed_is_meant_by_what_tells_it_apart(text: str) -> None:
    ((name, patch),) = [(call.arguments["name"], call.arguments["patch"]) for call in _calls(text, _SLUICES)]
    assert (name, patch) == ("west", {"spec": {"flow": 9}})


def test_its_setting_is_no_object_of_that_name() -> None:
    found = _calls("south got a new gate, set its flow to 9")
    assert [call.arguments["patch"] for call in found if call.tool == "patch_resource"] == [{"spec": {"flow": 9}}]


def test_there_is_where_the_last_thing_was() -> None:
    memory = Memory(objects=(ObjectRef(kind="Deployment", name="basket", namespace="blue-test"),))
    assert [call.arguments["namespace"] for call in _calls("restart mailer there", memory)] == ["blue-test"]


@pytest.mark.parametrize(
    "text",
    [
        "scale ledger to 3, sorry, I mean 4",
        "scale mailer, no wait, ledger to 4",
        "ledger to 3 replicas. no, 4",
        "scale ledger in blue-test, sorry, blue to 4",
    ],
)
def test_what_a_sentence_takes_back_is_not_done(text: str) -> None:
    ((name, replicas),) = [(call.arguments["name"], call.arguments["replicas"]) for call in _calls(text)]
    assert (name, replicas) == ("ledger", 4)


@pytest.mark.parametrize(
    "text",
    [
        "holiday weekend ahead: scale ledger to 4",
        "we want to drain faster tonight, so scale ledger to 4",
        "marketing campaign coming up, scale ledger to 4",
    ],
)
def test_what_only_leads_to_an_order_is_no_part_of_it(text: str) -> None:
    assert [call.arguments["replicas"] for call in _calls(text)] == [4]


@pytest.mark.parametrize(
    "text", ["tomorrow morning: scale ledger to 4", "if it hangs, so scale ledger to 4", "not yet: scale ledger to 4"]
)
def test_a_condition_before_an_order_is_asked_about(text: str) -> None:
    assert not [call for call in _calls(text) if call.tool == "scale_workload"]


def test_a_value_beside_fix_it_is_the_order() -> None:
    shown = Memory(
        objects=(ObjectRef(kind="ConfigMap", name="rates", namespace="blue", api_version="v1"),),
        last_calls=(
            ToolCall(
                tool="get_resource",
                arguments={"kind": "configmap", "name": "rates", "namespace": "blue", "path": "data[EUR]"},
            ),
        ),
    )
    found = [intent for intent in _read("that's wrong, should be 5, fix it", shown) if intent.goal is Goal.CALLS]
    assert [call.arguments["patch"] for intent in found for call in intent.calls] == [{"data": {"EUR": "5"}}]


def test_all_of_a_kind_in_a_place_but_some_are_named_one_by_one() -> None:
    found = _calls("restart all deployments in blue except ledger and flow")
    assert [(call.tool, call.arguments["name"]) for call in found] == [("rollout_restart", "mailer")]
    assert not _calls("delete all deployments in blue except ledger")
    assert not [call for call in _calls("restart everything in blue but ledger") if call.arguments["name"] == "ledger"]


@pytest.mark.parametrize(
    ("text", "revision"),
    [
        ("ledger: put the previous one back", None),
        ("roll ledger back to revision 3", 3),
        ("roll ledger back to 3", 3),
    ],
)
def test_one_is_no_revision_where_it_stands_for_the_release(text: str, revision: int | None) -> None:
    assert [(call.tool, call.arguments.get("to_revision")) for call in _calls(text)] == [("rollout_undo", revision)]
