"""Words that people use loosely: "the web pod", a key without its ConfigMap, "anyway", "back to"."""

from typing import Any

import pytest

from cloudwright.agents.language.reads import read_of
from cloudwright.agents.language.references import World
from cloudwright.agents.language.splitting import split
from cloudwright.agents.language.tagging import Tagger
from cloudwright.agents.language.understanding import Goal, Memory
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import ToolCall
from tests.agents.language.small import VOCABULARY, calls_of, thing, understood
from tests.agents.language.test_pointing import calls_in

_TAGGER = Tagger(VOCABULARY)


def test_logs_of_the_pod_of_a_workload_are_those_of_the_workload() -> None:
    assert calls_of("logs of the ledger pod") == [
        ("get_logs", {"kind": "deployment", "name": "ledger", "namespace": "blue"})
    ]


def test_to_restart_the_pod_of_a_workload_is_to_roll_it_out_anew() -> None:
    assert [tool for tool, _ in calls_of("restart the ledger pod")] == ["rollout_restart"]


def test_the_only_pod_of_a_workload_is_the_one_that_goes() -> None:
    ((tool, arguments),) = calls_of("delete the ledger pod so it comes up fresh")
    assert (tool, arguments["kind"], arguments["name"]) == ("delete_resource", "pod", "ledger-1")


def test_a_key_without_its_config_map_is_asked_about_with_those_that_have_it() -> None:
    (asked,) = [item.question for item in understood("set EUR to 4")]
    assert asked is not None
    assert [option.calls[0].arguments["name"] for option in asked.options] == ["rates"]


@pytest.mark.parametrize(
    "text", ["EUR in rates back to 4", "set EUR in rates to four", "set EUR in rates to 4 anyway", "rates: EUR=4"]
)
def test_a_value_of_a_key_is_set(text: str) -> None:
    assert [arguments["patch"] for tool, arguments in calls_of(text)] == [{"data": {"EUR": "4"}}]


def test_a_node_after_a_node_is_the_one_that_is_looked_at() -> None:
    assert [arguments["where"] for tool, arguments in calls_of("what runs on m-1")] == ["node = m-1"]


@pytest.mark.parametrize(
    ("text", "tool", "wanted"),
    [
        ("what stops us from draining m-1", "drain_impact", {"name": "m-1"}),
        (
            "the auditors want a list of all images in blue",
            "list_resources",
            {"namespace": "blue", "group_by": ["image"]},
        ),
        ("who can read rates", "who_can", {"verb": "get", "resource": "configmaps", "name": "rates"}),
        ("who may edit the configmap rates", "who_can", {"verb": "update", "resource": "configmaps"}),
        ("are there pods that nobody owns", "list_resources", {"kind": "pods", "where": "no owner"}),
        ("last lines of mailer before its last crash", "get_logs", {"name": "mailer", "previous": True}),
        ("what does rates say about EUR", "get_resource", {"path": "data[EUR]"}),
        ("show me everything in blue that isnt up", "list_resources", {"namespace": "blue", "where": "not ready"}),
    ],
)
def test_what_is_asked_for_is_told_from_how_it_is_said(text: str, tool: str, wanted: dict[str, Any]) -> None:
    made, arguments = calls_of(text)[0]
    assert made == tool
    assert wanted.items() <= arguments.items(), arguments


def test_something_fishy_is_looked_into() -> None:
    (found,) = understood("anything fishy in blue?")
    assert (found.goal, [ref.name for ref in found.about]) == (Goal.DIAGNOSE, ["blue"])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("which node lacks the ledger", {"kind": "nodes", "where": "name != m-1"}),
        ("on which nodes is ledger not running", {"kind": "nodes", "where": "name != m-1"}),
        ("how many replicas may mailer grow to", {"fields": "metadata.name=mail-scaler"}),
        ("the last three deployments", {"kind": "deployments", "sort": "age", "limit": 3}),
        ("pods in Error or CrashLoopBackOff",
         {"where": '(status matches CrashLoopBackOff or status matches "Error")'}),
    ],
)  # fmt: skip
def test_lists_of_what_is_not_there_or_was_there_last(text: str, wanted: dict[str, Any]) -> None:
    arguments = calls_of(text)[0][1]
    assert wanted.items() <= arguments.items(), arguments


def test_which_ones_are_not_are_the_others_of_the_last_list() -> None:
    last = ToolCall(tool="list_resources", arguments={"kind": "pods", "namespace": "blue", "where": "ready"})
    ((_, arguments),) = calls_of("which ones are not", Memory(last_calls=(last,)))
    assert arguments["where"] == "not (ready)"


def test_a_bare_why_is_about_what_was_spoken_of() -> None:
    ledger = ObjectRef(kind="Deployment", name="ledger", namespace="blue", api_version="apps/v1")
    (found,) = understood("and why?", Memory(objects=(ledger,)))
    assert (found.goal, found.about) == (Goal.DIAGNOSE, (ledger,))


def test_the_value_of_a_setting_alone_chooses_objects_of_a_custom_kind() -> None:
    gates = (thing("Sluice", "east", settings={"bank": "port"}), thing("Sluice", "west", settings={"bank": "lee"}))
    tagger = Tagger(VOCABULARY.model_copy(update={"objects": (*VOCABULARY.objects, *gates)}))
    (clause,) = split(tagger.tokens("which sluices are at the lee"), tagger)
    read = read_of(clause, World(tagger.index, Memory(), "default"))
    assert read is not None
    assert read.calls[0].arguments["where"] == "spec.bank = lee"


def test_the_lines_that_are_asked_for_are_filtered() -> None:
    ((_, arguments),) = calls_of("logs of mailer, only lines with refused")
    assert arguments["include"] == "refused"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("pods that are neither running nor completed",
         {"where": 'not (status matches "Completed|Succeeded|Complete") and not (status = Running)'}),
        ("which node has the most restarts", {"kind": "pods", "sort": "-restarts"}),
        ("pods still using latest", {"where": 'image matches "(:latest$|^[^:]+$)"'}),
    ],
)  # fmt: skip
def test_words_that_mislead_beside_others(text: str, wanted: dict[str, Any]) -> None:
    arguments = calls_of(text)[0][1]
    assert wanted.items() <= arguments.items(), arguments


def test_the_restarts_of_each_pod_are_shown_of_all_of_them() -> None:
    ((_, arguments),) = calls_of("restart count of every pod in blue")
    assert "where" not in arguments


@pytest.mark.parametrize(
    ("text", "tools"),
    [
        ("have ledger scaled to 4", ["scale_workload"]),
        ("do a restart of ledger", ["rollout_restart"]),
        ("have any pods restarted", ["list_resources"]),
        ("do the nodes have taints", ["list_resources"]),
        ("is there anything that blocks a drain of m-1", ["drain_impact"]),
    ],
)
def test_what_begins_like_a_question_with_have_or_do_may_order_something(text: str, tools: list[str]) -> None:
    assert [tool for tool, _ in calls_of(text)] == tools


def test_what_others_want_done_is_no_wish_to_see_something() -> None:
    (found,) = understood("the boss wants all deployments in blue restarted")
    assert found.question is not None


def test_what_belongs_to_a_thing_is_a_wish_of_its_own() -> None:
    clauses = split(_TAGGER.tokens("status of m-1 please, and its pods"), _TAGGER)
    assert [clause.text for clause in clauses] == ["status of m-1 please", "and its pods"]


def test_pods_on_the_same_node_are_shown_with_their_nodes() -> None:
    made = calls_of("are ledger and mailer on the same node")
    assert [arguments["labels"] for _, arguments in made] == ["app=ledger", "app=mailer"]
    assert all("node" in arguments["columns"] for _, arguments in made)


def test_this_cluster_is_everywhere_and_no_thing_that_was_spoken_of() -> None:
    ((_, arguments),) = calls_of("who restarts the most in this cluster")
    assert (arguments["kind"], arguments["sort"]) == ("pods", "-restarts")


_TEMPLATE = "spec.template.spec"
_ACCOUNT = f"{_TEMPLATE}.serviceAccountName"
_LEVELS = ("", ".containers[*]")
_PROBE = f"{_TEMPLATE}.containers[*].readinessProbe"


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("terminationGracePeriodSeconds of ledger?", [f"{_TEMPLATE}.terminationGracePeriodSeconds"]),
        ("ledger: readinessProbe - path, periodSeconds", [f"{_PROBE}.httpGet.path", f"{_PROBE}.periodSeconds"]),
        ("minReadySeconds, maxSurge on ledger", ["spec.minReadySeconds", "spec.strategy.rollingUpdate.maxSurge"]),
        (".spec.template.spec.containers[0].image of mailer", [f"{_TEMPLATE}.containers[*].image"]),
        ("resources.limits.cpu of mailer", [f"{_TEMPLATE}.containers[*].resources.limits.cpu"]),
        ("allocatable cpu/mem on m-1", ["status.allocatable.cpu", "status.allocatable.memory"]),
        ("mail-scaler: min/max", ["spec.minReplicas", "spec.maxReplicas", "status.currentReplicas"]),
    ],
)  # fmt: skip
def test_fields_are_known_by_the_names_of_the_api(text: str, columns: list[str]) -> None:
    ((_, arguments),) = calls_of(text)
    assert arguments["columns"] == columns


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("top 2 restartCount, all ns", {"kind": "pods", "namespace": "*", "sort": "-restarts", "limit": 2}),
        ("pods w/ restartCount > 5 in any ns", {"kind": "pods", "namespace": "*", "where": "restarts > 5"}),
        ("containers OOMKilled in any ns?", {"kind": "pods", "namespace": "*", "where": "reason = OOMKilled"}),
        ("taints per node", {"kind": "nodes", "columns": ["spec.taints"]}),
    ],
)
def test_terse_notes_list_what_they_name(text: str, arguments: dict[str, Any]) -> None:
    ((tool, found),) = calls_of(text)
    assert tool == "list_resources"
    assert {key: found.get(key) for key in arguments} == arguments


def test_what_stands_behind_an_arrow_is_asked_for() -> None:
    assert [tool for tool, _ in calls_of("books -> which pods")] == ["list_resources"]


@pytest.mark.parametrize("behind", ["which pod is that?", "where does this come from", "whose container is it"])
def test_a_question_behind_a_pasted_message_is_about_what_the_message_tells_of(behind: str) -> None:
    (found,) = calls_in(VOCABULARY, f'Failed to pull image "registry.example/sums:2.1": not found\n\n{behind}')
    assert found.arguments["kind"] == "pods"
    assert found.arguments["where"] == 'status matches ImagePull and image contains "registry.example/sums:2.1"'


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("deployments with imagePullPolicy Never", f"{_TEMPLATE}.containers[*].imagePullPolicy = Never"),
        ("deployments where restartPolicy != OnFailure", f"{_TEMPLATE}.restartPolicy != OnFailure"),
        ("deployments w/o resources.limits.cpu", f"no {_TEMPLATE}.containers[*].resources.limits.cpu"),
        ("deployments where readyReplicas < replicas", "not ready"),
        ("pods Pending > 15m", "status = Pending and older than 15m"),
        ("pods with fsGroup 2000", "spec.securityContext.fsGroup = 2000"),
    ],
)
def test_names_of_the_api_are_compared_with_values(text: str, where: str) -> None:
    assert [arguments.get("where") for _, arguments in calls_of(text)] == [where]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("image, replicas, sa: ledger", ["image", "spec.replicas", "ready", "available", _ACCOUNT]),
        ("capacity vs allocatable, m-1", ["status.capacity", "status.allocatable"]),
        ("labels + taints of m-1", ["metadata.labels", "spec.taints"]),
        ("allocatable.pods per node", ["status.allocatable.pods"]),
        ("svc books: clusterIP, port -> targetPort", ["spec.clusterIP", "ports", "spec.ports[*].targetPort"]),
        ("securityContext.runAsGroup on mailer", [f"{_TEMPLATE}{part}.securityContext.runAsGroup" for part in _LEVELS]),
    ],
)
def test_a_row_of_fields_is_shown_whole(text: str, columns: list[str]) -> None:
    ((_, arguments),) = calls_of(text)
    assert arguments["columns"] == columns


def test_what_is_counted_for_each_owner_is_grouped_by_it() -> None:
    assert [arguments["group_by"] for _, arguments in calls_of("pod count per deploy")] == [["owner"]]
    assert [arguments["group_by"] for _, arguments in calls_of("count pods per ns")] == [["namespace"]]


def test_the_one_elsewhere_is_the_only_one_of_its_kind_there_whatever_its_name() -> None:
    known = VOCABULARY.model_copy(update={"objects": (*VOCABULARY.objects, thing("Service", "till", "blue-test"))})
    before = ToolCall(
        tool="list_resources",
        arguments={"kind": "service", "namespace": "blue", "fields": "metadata.name=books", "columns": ["ports"]},
    )
    focus = ObjectRef(kind="Service", name="books", namespace="blue", api_version="v1")
    ((_, arguments),) = calls_of("same in blue-test", Memory(objects=(focus,), last_calls=(before,)), known)
    assert (arguments["namespace"], arguments["fields"]) == ("blue-test", "metadata.name=till")


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("deployments with >3 replicas", {"kind": "deployments", "where": "replicas > 3"}),
        ("ns w/o quota", {"kind": "namespaces", "where": "name = default or name = blue-test"}),
        ("which namespaces have no sluice", {"kind": "namespaces", "where": "name = default or name = blue-test"}),
        ("cm rates -> which deployments use it", {"kind": "deployments", "where": "name = ledger"}),
    ],
)
def test_short_forms_of_lists(text: str, arguments: dict[str, Any]) -> None:
    (found,) = calls_in(VOCABULARY, text)
    assert {key: found.arguments.get(key) for key in arguments} == arguments


def test_a_name_of_the_api_alone_is_asked_of_all_that_have_it() -> None:
    found = calls_in(VOCABULARY, "terminationGracePeriodSeconds > 30")
    assert {call.arguments["where"] for call in found} == {f"{_TEMPLATE}.terminationGracePeriodSeconds > 30"}


def test_a_field_named_as_the_api_does_is_set_where_it_is() -> None:
    (found,) = calls_in(VOCABULARY, "set terminationGracePeriodSeconds of ledger to 60")
    assert found.arguments["patch"] == {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 60}}}}
    (found,) = calls_in(VOCABULARY, "set maxSurge of ledger to 2")
    assert found.arguments["patch"] == {"spec": {"strategy": {"rollingUpdate": {"maxSurge": 2}}}}
    assert calls_in(VOCABULARY, "set hostPort of ledger to 60") == []


def test_events_of_one_type_are_read_as_english_behind_a_flag() -> None:
    ((tool, arguments),) = [
        (call.tool, dict(call.arguments)) for call in calls_in(VOCABULARY, "events Warning -n blue")
    ]
    assert (tool, arguments) == ("list_events", {"namespace": "blue", "type": "Warning"})


def test_a_field_with_what_it_shall_become_is_an_order() -> None:
    (found,) = calls_in(VOCABULARY, "mailer: image tag 1.0.1 -> 1.0.2")
    assert (found.tool, found.arguments["image"]) == ("set_image", "example/mailer:1.0.2")
