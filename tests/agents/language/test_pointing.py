"""Words that point, switch, or take back: "the north one", "open it", "to 3, sorry, 4"."""

import json

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


class _Fixed(Words):
    """Words that were read before."""

    def __init__(self, known: Vocabulary) -> None:
        super().__init__()
        self._fixed = known

    def get(self, context: Context, changes: object = ()) -> Vocabulary:
        del context, changes
        return self._fixed


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


def calls_in(known: Vocabulary, text: str) -> list[ToolCall]:
    """The calls that a request is understood to be in a world."""
    found = RuleReader(TOOLS, _Fixed(known)).understand(text, Memory(), _CONTEXT)
    return [call for intent in found.intents for call in intent.calls]


def _read(text: str, memory: Memory | None = None) -> list[Intent]:
    return list(RuleReader(TOOLS, _Fixed(_WORLD)).understand(text, memory or Memory(), _CONTEXT).intents)


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


_LEDGER = deployment("ledger").ref


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("nah undo that", Goal.UNDO),
        ("nope, undo it", Goal.UNDO),
        ("argh, revert that", Goal.UNDO),
    ],
)
def test_undo_is_understood_behind_a_sound(text: str, tool: Goal) -> None:
    assert [intent.goal for intent in _read(text, Memory(changes=("c1",), objects=(_LEDGER,)))] == [tool]


def test_the_one_in_a_place_is_the_namesake_of_what_was_spoken_of() -> None:
    last = Memory(
        objects=(deployment("mailer").ref,),
        last_calls=(
            ToolCall(tool="rollout_restart", arguments={"name": "mailer", "kind": "deployment", "namespace": "blue"}),
        ),
    )
    ((name, place),) = [
        (call.arguments["name"], call.arguments["namespace"]) for call in _calls("fine. now the one in blue-test", last)
    ]
    assert (name, place) == ("mailer", "blue-test")


@pytest.mark.parametrize(
    "text",
    [
        "promote mailer from blue to blue-test",
        "mailer in blue-test should run the same version as the one in blue",
        "mailer in blue-test should have the same image as in blue",
    ],
)
def test_the_image_of_another_place_is_set(text: str) -> None:
    other = deployment("mailer").model_copy(update={"images": {"mailer": "example/mailer:2.0"}})
    objects = tuple(other if item.ref == other.ref else item for item in _WORLD.objects)
    reader = RuleReader(TOOLS, _Fixed(_WORLD.model_copy(update={"objects": objects})))
    found = [call for intent in reader.understand(text, Memory(), _CONTEXT).intents for call in intent.calls]
    assert [(call.arguments["namespace"], call.arguments["image"]) for call in found] == [
        ("blue-test", "example/mailer:2.0")
    ]


def test_the_kind_of_what_is_in_focus_means_it() -> None:
    memory = Memory(objects=(thing("Sluice", "south").ref,))
    ((name, patch),) = [
        (call.arguments["name"], call.arguments["patch"]) for call in _calls("set the sluice to open: true", memory)
    ]
    assert (name, patch) == ("south", {"spec": {"open": True}})


def test_it_is_a_row_of_the_list_and_never_what_owns_it_where_it_is_deleted() -> None:
    pod = ObjectRef(kind="Pod", name="ledger-1", namespace="blue", api_version="v1")
    listed = (ToolCall(tool="list_resources", arguments={"kind": "pods", "namespace": "blue"}),)
    one = _calls("delete it", Memory(objects=(_LEDGER,), listed=(pod,), last_calls=listed))
    assert [call.arguments["kind"] for call in one] == ["pod"]
    assert not _calls("delete it", Memory(objects=(_LEDGER,), last_calls=listed))


@pytest.mark.parametrize(
    "text",
    [
        "EUR 4 in rates, the bookkeepers hate small numbers",
        "set EUR in rates to 4 instead of 5",
        "EUR in rates should be 4, our finance team asked for it",
    ],
)
def test_an_aside_or_an_old_value_is_no_part_of_an_order(text: str) -> None:
    assert [call.arguments["patch"] for call in _calls(text)] == [{"data": {"EUR": "4"}}]


@pytest.mark.parametrize(
    "text",
    [
        "m-1 got a new disk and can take pods again",
        "m-1 is repaired, pods may run there again",
        "let pods be scheduled on m-1 again",
    ],
)
def test_a_node_that_can_take_pods_is_uncordoned(text: str) -> None:
    assert "uncordon_node" in [call.tool for call in _calls(text)]


def test_roles_are_bound_in_words() -> None:
    roles = (*_WORLD.objects, thing("Role", "cashier"))
    reader = RuleReader(TOOLS, _Fixed(_WORLD.model_copy(update={"objects": roles})))
    for text in ("give user night the role cashier in blue", "bind the role cashier to user night in blue"):
        ((call,),) = [intent.calls for intent in reader.understand(text, Memory(), _CONTEXT).intents]
        made = json.loads(str(call.arguments["manifest"]))
        assert (made["kind"], made["roleRef"]["name"], made["subjects"][0]["name"]) == (
            "RoleBinding",
            "cashier",
            "night",
        )
