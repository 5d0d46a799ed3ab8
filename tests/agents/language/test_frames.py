"""Frames over a small world: relations in both directions, states, ellipsis, reasons, settings, rights, follow-ups."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudwright.agents.language.understanding import Goal, Link, Memory, Relation
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import ToolCall
from tests.agents.language.small import VOCABULARY, calls_of, kind, thing, understood


def _listed(text: str, memory: Memory | None = None) -> dict[str, Any]:
    """The arguments of the one list that a request is."""
    (tool, arguments), *rest = calls_of(text, memory)
    assert (tool, rest) == ("list_resources", []), text
    return arguments


@pytest.mark.parametrize(
    ("text", "kind", "test"),
    [
        ("which deployments use the configmap rates", "deployments", "name = ledger"),
        ("which configmaps does ledger mount", "configmaps", "name = rates"),
        ("which services route to ledger", "services", "name = books"),
        ("which autoscaler scales mailer", "horizontalpodautoscalers", "name = mail-scaler"),
        ("which deployment does the autoscaler mail-scaler scale", "deployments", "name = mailer"),
        ("which services have no endpoints", "services", "name = lost"),
        ("which configmaps are unused", "configmaps", "name = dusty"),
        ("deployments with an autoscaler", "deployments", "name = mailer"),
    ],
)
def test_relations_are_followed_in_either_direction(text: str, kind: str, test: str) -> None:
    arguments = _listed(text)
    assert (arguments["kind"], arguments["where"]) == (kind, test)


def test_pods_behind_a_service_are_listed_by_its_selector() -> None:
    assert _listed("which pods are behind the service books") == {
        "kind": "pods", "namespace": "blue", "labels": "app=ledger",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("which sluices are paused", "spec.paused = true"),
        ("sluices with a flow over 3", "spec.flow > 3"),
        ("which deployments are not ready", "not ready"),
        ("has anything been OOM killed?", "reason = OOMKilled"),
        ("deployments without a liveness probe", "no spec.template.spec.containers[*].livenessProbe"),
    ],
)
def test_states_and_settings_narrow_a_list(text: str, where: str) -> None:
    assert _listed(text)["where"] == where


def test_what_is_named_after_except_is_left_out() -> None:
    assert _listed("deployments in blue except mailer")["where"] == "not (name = mailer)"


def test_a_key_and_a_value_of_the_cluster_are_a_label() -> None:
    assert _listed("which namespaces belong to team finance")["labels"] == "team=finance"


def test_a_part_of_a_namespace_names_it_where_only_one_has_it() -> None:
    assert _listed("deployments in test")["namespace"] == "blue-test"


def test_a_name_and_its_value_begin_an_order_of_their_own() -> None:
    made = [
        (arguments["name"], arguments["replicas"]) for _, arguments in calls_of("scale ledger to 3 and mailer to 4")
    ]
    assert made == [("ledger", 3), ("mailer", 4)]


@pytest.mark.parametrize(
    "text",
    [
        "delete the configmap dusty, we do not need it any more",
        "delete the configmap dusty because nobody uses it",
        "delete the configmap dusty so that the namespace is clean",
    ],
)
def test_a_reason_changes_nothing_of_an_order(text: str) -> None:
    assert calls_of(text) == [("delete_resource", {"kind": "configmap", "name": "dusty", "namespace": "blue"})]


@pytest.mark.parametrize(
    "text",
    [
        "delete the configmap dusty, but not today",
        "delete the configmap dusty, we do not want it deleted before friday",
        "restart ledger because it is slow, unless somebody uses it",
    ],
)
def test_what_takes_an_order_back_is_no_reason(text: str) -> None:
    assert all(intent.question is not None or not intent.calls for intent in understood(text))


def test_an_object_that_is_alone_of_its_kind_is_meant_by_its_description() -> None:
    assert calls_of("raise the pod quota of blue to 30") == [
        ("patch_resource", {"kind": "resourcequota", "name": "limits-of-blue", "namespace": "blue",
                            "patch": {"spec": {"hard": {"pods": "30"}}}}),
    ]  # fmt: skip


def test_a_difference_is_computed_from_the_present_setting() -> None:
    ((_, arguments),) = calls_of("increase the flow of sluice north by 2")
    assert arguments["patch"] == {"spec": {"flow": 6}}


@pytest.mark.parametrize(
    "text",
    [
        "who can delete pods in blue",
        "list the subjects that may remove pods in blue",
        "pod deletion in blue: who has the right?",
        "which accounts have delete on pods in blue",
        "who may tear down pods in blue",
    ],
)
def test_rights_are_asked_for_in_many_words(text: str) -> None:
    assert calls_of(text) == [("who_can", {"verb": "delete", "resource": "pods", "namespace": "blue"})]


def test_a_follow_up_narrows_what_was_listed() -> None:
    last = ToolCall(tool="list_resources", arguments={"kind": "deployments", "namespace": "blue"})
    memory = Memory(last_calls=(last,))
    assert _listed("which of them has the most replicas?", memory)["sort"] == "-replicas"
    assert _listed("which ones are not ready", memory) == {
        "kind": "deployments", "namespace": "blue", "where": "not ready",
    }  # fmt: skip


def test_it_is_asked_about_where_the_last_answer_was_about_two() -> None:
    one, other = (
        ObjectRef(kind="Deployment", name=name, namespace="blue", api_version="apps/v1")
        for name in ("ledger", "mailer")
    )
    last = ToolCall(
        tool="compare_resources",
        arguments={"kind": "deployment", "name": "ledger", "namespace": "blue", "other_name": "mailer"},
    )
    (found,) = understood("restart it", Memory(objects=(one, other), last_calls=(last,)))
    assert found.question is not None
    assert not found.calls


@pytest.mark.parametrize("text", ["can you scale things?", "how do I scale a deployment?"])
def test_what_can_be_done_is_explained(text: str) -> None:
    assert [intent.goal for intent in understood(text)] == [Goal.EXPLAIN]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("mailer no longer needs the BATCH env variable, please drop it", True),
        ("ledger is broken, delete it", True),
        ("delete ledger", False),
    ],
)
def test_deleting_it_after_words_that_ordered_nothing_is_asked_about(text: str, asked: bool) -> None:
    found = understood(text)
    deletes = [call for intent in found for call in intent.calls if call.tool == "delete_resource"]
    assert (not deletes) == asked
    assert any(intent.question for intent in found) == asked


@pytest.mark.parametrize("text", ["give ledger more memory", "make ledger bigger", "write a quota for blue"])
def test_what_would_have_to_be_guessed_is_asked_about(text: str) -> None:
    (found,) = understood(text)
    assert found.question is not None
    assert not found.calls


@pytest.mark.parametrize(
    ("text", "replicas"),
    [
        ("take one replica off ledger", 1),
        ("add two replicas to ledger", 4),
        ("scale ledger down by one", 1),
        ("triple ledger", 6),
        ("ledger could use 2 more pods", 4),
        ("make sure ledger has 5 replicas", 5),
    ],
)
def test_a_number_is_a_difference_where_the_words_say_so(text: str, replicas: int) -> None:
    ((tool, arguments),) = calls_of(text)
    assert (tool, arguments["replicas"]) == ("scale_workload", replicas)


@pytest.mark.parametrize("text", ["add 64Mi of memory to ledger", "increase the memory of ledger by 64Mi"])
def test_an_amount_is_added_to_the_present_one(text: str) -> None:
    ((tool, arguments),) = calls_of(text)
    assert (tool, arguments["limits"]) == ("set_resources", {"memory": "192Mi"})


@pytest.mark.parametrize(
    "text",
    [
        "raise ledger to 1 replica",
        "lower the memory of ledger to 1Gi",
        "delete the pod of mailer",
        "kill one ledger pod",
        "remove the limits of ledger",
    ],
)
def test_what_goes_another_way_than_its_words_is_asked_about(text: str) -> None:
    (found,) = understood(text)
    assert found.question is not None
    assert not found.calls


_WORDS = (
    "scale restart delete show which what why is are the of in to and not without can who how many pods deployments "
    "services configmap ledger mailer books rates blue m-1 north 3 two 128Mi LOG_LEVEL=debug it them one more label "
    "tier=edge by if , . ? : image memory limit add set undo events logs all except paused ready node quota please "
    "should have a first second "
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(_WORDS.split()), min_size=1, max_size=9))
def test_any_words_are_understood_somehow(words: list[str]) -> None:
    for intent in understood(" ".join(words)):
        assert intent.question is None or not intent.calls


_SCALERS = ToolCall(
    tool="list_resources",
    arguments={"kind": "horizontalpodautoscalers", "namespace": "blue", "where": "(name = other)"},
)
_SLUICES = ToolCall(tool="list_resources", arguments={"kind": "sluices", "namespace": "blue"})
_CORES = ToolCall(
    tool="list_resources",
    arguments={"kind": "node", "fields": "metadata.name=m-2", "columns": ["status.capacity.cpu"]},
)
_IMAGE = ToolCall(
    tool="list_resources",
    arguments={"kind": "deployment", "namespace": "blue", "fields": "metadata.name=mailer", "columns": ["image"]},
)


@pytest.mark.parametrize(
    ("last", "text", "wanted"),
    [
        (_SCALERS, "and mailer?", {"where": "name = mail-scaler", "namespace": "blue"}),
        (_SCALERS, "what about the mailer one", {"where": "name = mail-scaler"}),
        (_SLUICES, "only the paused ones", {"kind": "sluices", "where": "spec.paused = true"}),
        (_SLUICES, "just those that are not paused please", {"kind": "sluices", "where": "not (spec.paused = true)"}),
        (_CORES, "and m1?", {"fields": "metadata.name=rack-m1", "columns": ["status.capacity.cpu"]}),
        (_SCALERS.model_copy(update={"arguments": {**_SCALERS.arguments, "namespace": "green"}}),
         "and the one in blue", {"where": "name = mail-scaler", "namespace": "blue"}),
        (_SLUICES.model_copy(update={"arguments": {**_SLUICES.arguments, "where": "spec.paused = true"}}),
         "and in blue-test", {"where": "spec.paused = true", "namespace": "blue-test"}),
        (_IMAGE, "what in blue-test", {"namespace": "blue-test", "columns": ["image"]}),
        (_IMAGE, "and which one is being tried in blue-test?", {"namespace": "blue-test", "columns": ["image"]}),
    ],
)  # fmt: skip
def test_a_follow_up_asks_the_same_of_something_else(last: ToolCall, text: str, wanted: dict[str, str]) -> None:
    known = VOCABULARY.model_copy(update={"objects": (*VOCABULARY.objects, thing("Node", "rack-m1", ""))})
    ((_, arguments),) = calls_of(text, Memory(last_calls=(last,)), known)
    assert wanted.items() <= arguments.items(), arguments


_ROOM = VOCABULARY.model_copy(
    update={
        "kinds": (*VOCABULARY.kinds, kind("CronJob", "cronjobs", "cj"), kind("Ingress", "ingresses")),
        "objects": (
            *VOCABULARY.objects,
            thing("Deployment", "old-keys", images={"db": "registry.example/keydb:5.9.1"}, replicas=2),
            thing("Deployment", "new-keys", images={"db": "registry.example/keydb:6.2"}, replicas=1),
            thing("CronJob", "sweep"),
            thing("Sluice", "south", settings={"delayMinutes": 4}),
            thing(
                "Ingress",
                "front",
                links=(Link(relation=Relation.ROUTES, kind="Service", name="books", namespace="blue"),),
            ),
        ),
    }
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("which deployments in blue run a version below 6",
         {"where": "name = ledger or name = mailer or name = old-keys"}),
        ("any keydb older than 6.0?", {"where": "name = old-keys"}),
        ("is there a tag newer than 6 in blue", {}),
        ("how many failed jobs does sweep keep", {"columns": [
            "spec.successfulJobsHistoryLimit", "spec.failedJobsHistoryLimit",
            "spec.jobTemplate.spec.ttlSecondsAfterFinished"]}),
        ("most frequent events in blue", {"kind": "events", "sort": "-count"}),
        ("who has a limit over 1Gi", {"where": "spec.template.spec.containers[*].resources.limits.memory > 1Gi"}),
        ("sluices with a delay over 3", {"where": "spec.delayMinutes > 3"}),
        ("which node is the fullest", {"kind": "pods", "group_by": ["node"]}),
        ("does ledger run in one zone only", {"kind": "pods", "labels": "app=ledger"}),
        ("mailer memory: limit and request?", {"fields": "metadata.name=mailer"}),
        ("anything older than 90 days in blue", {"where": "older than 90d"}),
    ],
)  # fmt: skip
def test_amounts_and_versions_are_compared_and_counted(text: str, wanted: dict[str, Any]) -> None:
    found = calls_of(text, known=_ROOM)
    assert not wanted or wanted.items() <= found[0][1].items(), found


def test_what_containers_may_use_is_added_up_over_replicas() -> None:
    (found,) = understood("total of the memory limits in blue")
    assert "512" in found.say, found.say


@pytest.mark.parametrize(
    ("text", "kind", "where"),
    [
        ("which deployments got a new image today", "replicasets", "age < 1d"),
        ("what was rolled out in blue within the last 2 hours", "replicasets", "age < 2h"),
        ("which configmaps were edited since yesterday", "configmaps", None),
    ],
)
def test_what_was_changed_lately_is_told_by_what_it_made_or_who_wrote_it(
    text: str, kind: str, where: str | None
) -> None:
    found = [arguments for tool, arguments in calls_of(text) if tool == "list_resources"]
    assert [(arguments["kind"], arguments.get("where")) for arguments in found] == [(kind, where)]


def test_without_a_restart_is_none_at_all() -> None:
    found = [arguments["where"] for _, arguments in calls_of("which pods have run without a single restart")]
    assert found == ["restarts = 0"]


@pytest.mark.parametrize(
    "text",
    ["which deployments do not have all their replicas available", "deployments that don't have all replicas ready"],
)
def test_a_negation_reaches_what_it_denies(text: str) -> None:
    assert [arguments["where"] for _, arguments in calls_of(text)] == ["not ready"]
