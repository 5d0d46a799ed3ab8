"""Stages of deployment: "in prod", "on staging", "not prod" choose among objects of one name."""

from typing import Any

import pytest

from cloudwright.agents.language.deciding import correction, intent_of
from cloudwright.agents.language.references import World
from cloudwright.agents.language.splitting import split
from cloudwright.agents.language.tagging import Tagger
from cloudwright.agents.language.understanding import Intent, Memory, Vocabulary
from cloudwright.agents.language.utterances import Utterances
from cloudwright.core.tool import ToolCall
from tests.agents.language.small import TOOLS, VOCABULARY, deployment, kind, thing
from tests.agents.language.test_pointing import calls_in

_TAGGER = Tagger(
    Vocabulary(
        namespace="default",
        namespaces=("default", "pay", "pay-staging", "hall"),
        kinds=(*VOCABULARY.kinds, kind("CronJob", "cronjobs", "cj")),
        objects=(
            deployment("api", "pay"),
            deployment("api", "pay-staging"),
            deployment("desk", "hall"),
            thing("ConfigMap", "flags", "pay", keys=("CHAT",)),
            thing("ConfigMap", "flags", "pay-staging", keys=("CHAT",)),
            thing("CronJob", "close", "pay"),
            thing("CronJob", "sweep", "hall"),
            thing("Namespace", "pay", "", labels={"env": "prod"}),
            thing("Namespace", "hall", "", labels={"env": "prod"}),
            thing("Namespace", "pay-staging", "", labels={"env": "staging"}),
        ),
    )
)
_UTTERANCES = Utterances(TOOLS)


def _intents(text: str) -> list[Intent]:
    world = World(_TAGGER.index, Memory(), "default")
    return [intent_of(clause, world, _UTTERANCES, TOOLS) for clause in split(_TAGGER.tokens(text), _TAGGER)]


def _places(text: str) -> set[str]:
    """The namespaces of what is done without a question."""
    return {str(call.arguments.get("namespace")) for item in _intents(text) if not item.question for call in item.calls}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("restart the api in prod", "pay"),
        ("restart api in production please", "pay"),
        ("bounce the live api", "pay"),
        ("restart api in staging, not prod", "pay-staging"),
        ("set CHAT to off in flags, production only", "pay"),
        ("image of api in prod", "pay"),
    ],
)
def test_a_stage_chooses_among_objects_of_one_name(text: str, place: str) -> None:
    assert _places(text) == {place}


@pytest.mark.parametrize("text", ["restart desk in staging", "restart desk, not prod", "restart api"])
def test_a_stage_that_does_not_fit_and_none_where_one_is_needed_are_asked_about(text: str) -> None:
    assert any(item.question for item in _intents(text))
    assert not _places(text)


def test_an_order_for_a_kind_alone_asks_with_all_that_there_are() -> None:
    (asked,) = [item.question for item in _intents("delete the cronjob") if item.question]
    assert [option.calls[0].arguments["name"] for option in asked.options] == ["close", "sweep"]


_PATCH = ToolCall(
    tool="patch_resource",
    arguments={"kind": "configmap", "name": "flags", "namespace": "pay", "patch": {"data": {"CHAT": "21"}}},
)


@pytest.mark.parametrize(("text", "value"), [("no sorry, 20", "20"), ("actually 7", "7")])
def test_the_value_that_was_set_last_is_corrected(text: str, value: str) -> None:
    world = World(_TAGGER.index, Memory(last_calls=(_PATCH,)), "default")
    found = correction(_TAGGER.clause(_TAGGER.tokens(text)), world, TOOLS)
    assert found is not None
    assert found.calls[0].arguments["patch"] == {"data": {"CHAT": value}}


def test_other_words_correct_nothing() -> None:
    world = World(_TAGGER.index, Memory(last_calls=(_PATCH,)), "default")
    assert correction(_TAGGER.clause(_TAGGER.tokens("no, restart 20 of them")), world, TOOLS) is None


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("which image has api in pay", ["image"]),
        ("replicas of api in pay", ["spec.replicas", "ready", "available"]),
    ],
)
@pytest.mark.parametrize(
    "other", ["which in pay-staging", "and in staging?", "which one in pay-staging", "what about staging"]
)
def test_a_question_for_one_place_is_asked_again_for_another(text: str, columns: list[str], other: str) -> None:
    first = _intents(text)
    memory = Memory(objects=first[0].about, last_calls=first[0].calls)
    world = World(_TAGGER.index, memory, "default")
    (clause,) = split(_TAGGER.tokens(other), _TAGGER)
    (call,) = intent_of(clause, world, _UTTERANCES, TOOLS).calls
    assert (call.arguments["namespace"], call.arguments["columns"]) == ("pay-staging", columns)


def test_a_key_in_two_places_is_shown_of_both() -> None:
    assert _places("what is CHAT in flags, in pay and in pay-staging") == {"pay", "pay-staging"}


def test_production_is_the_place_that_has_another_stage_beside_it() -> None:
    unmarked = _TAGGER.index.vocabulary.model_copy(
        update={"objects": tuple(item for item in _TAGGER.index.vocabulary.objects if item.ref.kind != "Namespace")}
    )
    assert Tagger(unmarked).index.environments["prod"] == {"pay"}
    assert Tagger(unmarked).index.environments["staging"] == {"pay-staging"}


def test_two_stages_that_are_joined_are_both_looked_at() -> None:
    assert _places("image of api on prod and pay-staging") == {"pay", "pay-staging"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("image of desk and the memory limit of mailer", [("desk", "image"), ("mailer", ".limits.memory")]),
        ("desk fails. which exit code and what did it print when it died",
         [("app=desk", "ended"), ("desk", "previous"), ("desk", "terminated.message")]),
        ("desk crashes - which exit code, and what was its last log line", [("app=desk", "ended"), ("desk", "tail")]),
        ("last words of desk", [("desk", "previous"), ("app=desk", "lastState.terminated.message")]),
        ("did desk say anything before it crashed",
         [("desk", "previous"), ("app=desk", "lastState.terminated.message")]),
    ],
)  # fmt: skip
def test_two_facts_of_two_things_are_two_questions(text: str, wanted: list[tuple[str, str]]) -> None:
    known = VOCABULARY.model_copy(update={"objects": (*VOCABULARY.objects, deployment("desk"))})
    found = [str(dict(call.arguments)) for call in calls_in(known, text)]
    assert len(found) == len(wanted), found
    assert all(name in text and part in text for text, (name, part) in zip(found, wanted, strict=True)), found


@pytest.mark.parametrize(
    "text",
    ["what is the max dose of zorbafen for grownups", "which zyglot has the highest frobnik", "min kraal of blorks"],
)
def test_a_question_outside_of_the_cluster_is_not_taken_for_one_about_it(text: str) -> None:
    assert [intent for intent in _intents(text) if intent.calls] == []


@pytest.mark.parametrize(
    ("text", "tool", "part"),
    [
        ("how much is a euro? it should be in the rates configmap", "get_resource", "rates"),
        ("what do we charge. I think that's kept in rates", "get_resource", "rates"),
        ("we reboot m-1 tonight, which pods would have to move?", "drain_impact", "m-1"),
        ("what must go elsewhere when m-1 is drained?", "drain_impact", "m-1"),
        ("what is running on m-1, the vendor wants to pull its plug", "list_resources", "'where': 'node = m-1'"),
        ("which pods in blue are not ready, my boss is asking", "list_resources", "not (ready"),
        ("mailer shows 1/2, which container isn't ready", "list_resources", "containerStatuses[*].ready"),
        ("who is talking to the mailer pods", "list_resources", "mailer"),
    ],
)
def test_what_is_said_around_a_question_orders_and_narrows_nothing(text: str, tool: str, part: str) -> None:
    found = calls_in(VOCABULARY, text)
    assert found[-1].tool == tool, found
    assert part in str(dict(found[-1].arguments)), found


_DESK = VOCABULARY.model_copy(
    update={
        "kinds": (*VOCABULARY.kinds, kind("CronJob", "cronjobs", "cj"), kind("Job", "jobs")),
        "objects": (
            *VOCABULARY.objects,
            thing("Sluice", "weir", settings={"keeper": "ann", "flow": 3}),
            deployment("keeper-roster"),
            thing("ConfigMap", "fees", keys=("DAY_FEE", "NIGHT_FEE")),
            thing("CronJob", "sweep"),
            thing("Role", "gatekeeper"),
        ),
    }
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("who is the keeper for weir", [{"fields": "metadata.name=weir", "columns": ["spec.keeper"]}]),
        ("the value of the day fee in fees?", [{"name": "fees", "path": "data[DAY_FEE]"}]),
        ("sweep: schedule and concurrency policy", [{"fields": "metadata.name=sweep"}]),
        ("did anybody touch mailer today", [{"fields": "metadata.name=mailer"}]),
        ("where runs mailer", [{"kind": "pod", "labels": "app=mailer", "columns": ["node", "status"]}]),
        ("how many deployments are there and how many are not ready",
         [{"group_by": ["kind"]}, {"where": "not ready", "group_by": ["kind"]}]),
        ("which workloads have no limits", [{"where": "no spec.template.spec.containers[*].resources.limits"}]),
        ("do any pods run as root", [{"kind": "pods", "namespace": "*"}]),
        ("can gatekeeper delete sluices", [{"fields": "metadata.name=gatekeeper", "columns": [
            "rules[*].verbs", "rules[*].resources", "rules[*].apiGroups"]}]),
        ("pods without a node", [{"where": "no spec.nodeName"}]),
        ("jobs that took longer than 2 hours", [{"kind": "jobs", "namespace": "*"}]),
    ],
)  # fmt: skip
def test_words_of_tired_people_are_questions(text: str, wanted: list[dict[str, Any]]) -> None:
    found = [dict(call.arguments) for call in calls_in(_DESK, text)]
    assert len(found) >= len(wanted), found
    assert all(part.items() <= call.items() for part, call in zip(wanted, found, strict=False)), found
