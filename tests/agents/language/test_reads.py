"""Questions by class in a small world: fields, pods, images, quotas, rights, command lines, plans."""

from typing import Any

import pytest

from cloudwright.agents.language import moods
from cloudwright.agents.language.reads import read_of
from cloudwright.agents.language.reads.kubectl import typed_read
from cloudwright.agents.language.references import World
from cloudwright.agents.language.splitting import split
from cloudwright.agents.language.tagging import Tagger
from cloudwright.agents.language.understanding import Goal, Memory
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import ToolCall
from tests.agents.language.small import VOCABULARY, calls_of, thing, understood

_KEYDB = thing("Deployment", "hot-keys", images={"db": "registry.example/keydb:6.2"})
TAGGER = Tagger(VOCABULARY.model_copy(update={"objects": (*VOCABULARY.objects, _KEYDB)}))
WORLD = World(TAGGER.index, Memory(), "default")


def _columns(text: str) -> list[str]:
    ((tool, arguments),) = calls_of(text)
    assert tool == "list_resources", text
    return list(arguments["columns"])


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("how many cores and how much memory does m-1 have", ["status.capacity.cpu", "status.capacity.memory"]),
        ("on which port does the service books listen", ["ports", "spec.ports[*].targetPort"]),
        ("update strategy of ledger", ["spec.strategy.type"]),
        ("memory limit of ledger", ["spec.template.spec.containers[*].resources.limits.memory"]),
        ("kubelet versions", ["status.nodeInfo.kubeletVersion"]),
    ],
)
def test_fields_are_asked_for_one_or_several_at_once(text: str, columns: list[str]) -> None:
    assert _columns(text) == columns


@pytest.mark.parametrize("text", ["exit code of ledger", "how many restarts does ledger have", "restarts of ledger"])
def test_what_only_pods_tell_is_asked_of_the_pods_of_a_workload(text: str) -> None:
    ((_, arguments),) = calls_of(text)
    assert (arguments["kind"], arguments["labels"]) == ("pods", "app=ledger")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("which services expose port 8080", "(spec.ports[*].port = 8080 or spec.ports[*].targetPort = 8080 or"
         " spec.ports[*].nodePort = 8080)"),
        ("list sluices with paused=true", "spec.paused = true"),
        ("pods that aint ready", "not (ready or"),
        ("which pods were killed for using too much memory", "reason = OOMKilled"),
    ],
)  # fmt: skip
def test_lists_are_narrowed_by_images_ports_settings_and_states(text: str, where: str) -> None:
    assert any(str(arguments.get("where")).startswith(where) for _, arguments in calls_of(text)), calls_of(text)


def test_the_greatest_of_a_setting_comes_first() -> None:
    ((_, arguments),) = calls_of("which sluice has the highest flow")
    assert (arguments["sort"], arguments["limit"]) == ("-spec.flow", 1)


def test_a_sum_is_told_beside_the_list() -> None:
    (found,) = understood("sum of the flow of all sluices")
    assert "4" in found.say
    assert [call.tool for call in found.calls] == ["list_resources"]


@pytest.mark.parametrize(
    "text",
    ["how much quota is left in blue", "how many more pods fit into the quota of blue", "is the quota of blue used up"],
)
def test_quotas_are_shown_with_what_is_left(text: str) -> None:
    ((_, arguments),) = calls_of(text)
    assert arguments["kind"] == "resourcequotas"
    assert "left" in arguments["columns"]


@pytest.mark.parametrize(
    "text", ["who changed ledger last", "when was mailer last modified", "last change of the configmap rates"]
)
def test_who_wrote_an_object_is_in_its_managed_fields(text: str) -> None:
    tool, arguments = calls_of(text)[0]
    assert tool == "list_resources"
    assert "metadata.managedFields[*].manager" in arguments["columns"]


@pytest.mark.parametrize("text", ["if we edited rates, who would notice?", "consumers of the rates configmap"])
def test_what_uses_a_thing_is_named_by_many_nouns_and_suppositions(text: str) -> None:
    ((_, arguments),) = calls_of(text)
    assert arguments["where"] == "name = ledger"


@pytest.mark.parametrize(
    ("text", "planned"),
    [
        ("we want to delete the configmap rates", True),
        ("m-1 should be empty", True),
        ("ledger should have 3 replicas", False),
        ("could you please restart ledger", False),
        ("restart ledger", False),
    ],
)
def test_a_plan_or_an_expectation_is_told_from_an_order(text: str, planned: bool) -> None:
    (clause,) = split(TAGGER.tokens(text), TAGGER)
    assert moods.planned(clause) is planned


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("which keydb versions do we run", 'image matches "(^|/)keydb(:|@|$)"'),
        ("anything still on keydb 6", 'image matches "(^|/)keydb(:|@|$)" and image matches "keydb:v?6"'),
        ("deployments on the tag 6.2", 'image matches ":6\\.2(@|$)"'),
    ],
)
def test_images_are_meant_by_their_last_words_and_tags(text: str, where: str) -> None:
    (clause,) = split(TAGGER.tokens(text), TAGGER)
    read = read_of(clause, WORLD)
    assert read is not None
    assert read.calls[0].arguments["where"] == where


@pytest.mark.parametrize(
    ("text", "subject"),
    [("may jane delete pods in blue?", "jane"), ("can ops@example.com delete pods in blue", "ops@example.com")],
)
def test_rights_of_anybody_are_asked_of_the_server(text: str, subject: str) -> None:
    ((tool, arguments),) = calls_of(text)
    assert (tool, arguments["subject"], arguments["verb"]) == ("can_i", subject, "delete")


def test_a_yes_or_no_about_health_shows_what_it_rests_on() -> None:
    (found,) = understood("is ledger healthy?")
    assert found.goal is Goal.DIAGNOSE
    assert [dict(call.arguments)["fields"] for call in found.calls] == ["metadata.name=ledger"]


@pytest.mark.parametrize(
    ("line", "tool", "arguments"),
    [
        ("kubectl get pods -A", "list_resources", {"kind": "pods", "namespace": "*"}),
        ("k get deploy -n blue -l tier=edge", "list_resources",
         {"kind": "deployments", "namespace": "blue", "labels": "tier=edge"}),
        ("get pods -n blue", "list_resources", {"kind": "pods", "namespace": "blue"}),
        ("kubectl describe deploy/ledger", "describe_resource",
         {"kind": "deployment", "name": "ledger", "namespace": "blue"}),
        ("kubectl get cm rates -n blue -o yaml", "get_resource",
         {"kind": "configmap", "name": "rates", "namespace": "blue"}),
        ("kubectl logs deploy/ledger -n blue --tail=5 -p", "get_logs",
         {"kind": "deployment", "name": "ledger", "namespace": "blue", "tail": 5, "previous": True}),
        ("kubectl auth can-i delete pods --as jane -n blue", "can_i",
         {"verb": "delete", "resource": "pods", "namespace": "blue", "subject": "jane"}),
        ("kubectl rollout history deployment ledger", "rollout_history",
         {"kind": "deployment", "name": "ledger", "namespace": "blue"}),
        ("kubectl get pods -n blue | grep -v Running", "list_resources",
         {"kind": "pods", "namespace": "blue",
          "where": 'not (name matches "Running" or status matches "Running" or reason matches "Running")'}),
    ],
)  # fmt: skip
def test_command_lines_that_look_are_parsed_as_such(line: str, tool: str, arguments: dict[str, Any]) -> None:
    read = typed_read(line, WORLD)
    assert read is not None
    assert [(call.tool, dict(call.arguments)) for call in read.calls] == [(tool, arguments)]


@pytest.mark.parametrize(
    "line", ["kubectl delete pod x", "kubectl get", "kubectl get unicorns", "kubectl 'get", "get pods in blue"]
)
def test_what_is_no_command_that_looks_is_left_to_others(line: str) -> None:
    assert typed_read(line, WORLD) is None


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("which version did ledger run before", [("rollout_history", {})]),
        ("which nodes are tainted", [("list_resources", {"kind": "nodes", "where": "has spec.taints"})]),
        ("which deployments are autoscaled", [("list_resources", {"kind": "deployments", "where": "name = mailer"})]),
        ("which deployments are not autoscaled", [("list_resources", {"kind": "deployments", "namespace": "*"})]),
        ("which deployments mount configmaps", [("list_resources", {"kind": "deployments", "where": "name = ledger"})]),
        ("top 3 pods by restarts", [("list_resources", {"sort": "-restarts", "limit": 3})]),
        ("last 10m of logs of ledger", [("get_logs", {"since": "10m"})]),
        ("is there anything that uses dusty", [("describe_resource", {"name": "dusty"})]),
        ("nodes that are cordoned or have a taint",
         [("list_resources", {"kind": "nodes", "where": "(status matches SchedulingDisabled or has spec.taints)"})]),
    ],
)  # fmt: skip
def test_questions_by_class(text: str, calls: list[tuple[str, dict[str, Any]]]) -> None:
    made = calls_of(text)
    assert [tool for tool, _ in made] == [tool for tool, _ in calls], made
    for (_, arguments), (_, wanted) in zip(made, calls, strict=True):
        assert wanted.items() <= arguments.items(), made


def test_a_thing_that_is_spoken_of_leads_to_what_belongs_to_it() -> None:
    ledger = ObjectRef(kind="Deployment", name="ledger", namespace="blue", api_version="apps/v1")
    ((_, arguments),) = calls_of("which zone is that node in", Memory(objects=(ledger,)))
    assert arguments["fields"] == "metadata.name=m-1"


def test_which_of_those_lead_nowhere_narrows_the_last_list() -> None:
    last = ToolCall(tool="list_resources", arguments={"kind": "services", "namespace": "blue"})
    ((_, arguments),) = calls_of("which of these have no endpoints?", Memory(last_calls=(last,)))
    assert arguments["where"] == "name = lost"


@pytest.mark.parametrize(
    "text",
    [
        "how often did mailer restart?",
        "restart counter of the mailer pods please",
        "did mailer restart over night",
        "when was the last restart of mailer",
        "how many times has the mailer crashed",
    ],
)
def test_restarts_of_a_workload_are_shown_with_how_its_pods_ended(text: str) -> None:
    ((tool, arguments),) = calls_of(text)
    assert (tool, arguments["kind"], arguments["labels"]) == ("list_resources", "pods", "app=mailer")
    assert {"restarts", "ended"} <= set(arguments["columns"])
    assert "where" not in arguments


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("pods that restarted more than twice", "restarts > 2"),
        ("which pods have restarted at least once", "restarts >= 1"),
        ("pods restarted twice", "restarts = 2"),
        ("deployments with more than one container", "has spec.template.spec.containers[1]"),
        ("which deployments have at least 3 containers", "has spec.template.spec.containers[2]"),
        ("deployments with exactly two containers",
         "has spec.template.spec.containers[1] and no spec.template.spec.containers[2]"),
        ("deployments without a sidecar", "not (has spec.template.spec.containers[1])"),
        ("does any node carry a taint", "has spec.taints"),
        ("do we have tainted nodes", "has spec.taints"),
        ("nodes with the spot taint", '(spec.taints[*].key matches "(^|/)spot$" or spec.taints[*].value = spot)'),
        ("nodes tainted with NoExecute", "spec.taints[*].effect = NoExecute"),
        ("is any node closed for new pods", "status matches SchedulingDisabled"),
    ],
)  # fmt: skip
def test_lists_are_narrowed_by_how_often_and_how_many(text: str, where: str) -> None:
    ((tool, arguments),) = calls_of(text)
    assert (tool, arguments.get("where")) == ("list_resources", where)


def test_taints_and_ends_that_were_asked_for_are_shown() -> None:
    assert "spec.taints" in _columns("do any of the nodes have taints")
    assert "ended" in _columns("which pods were killed for memory")


@pytest.mark.parametrize(
    "text", ["what is broken in the blue namespace", "anything wrong in blue?", "is anything not working in blue"]
)
def test_what_is_broken_in_a_place_names_its_pods_that_are_not_ready(text: str) -> None:
    (found,) = understood(text)
    assert (found.goal, [ref.name for ref in found.about]) == (Goal.DIAGNOSE, ["blue"])
    assert [(call.arguments["kind"], call.arguments["namespace"]) for call in found.calls] == [("pods", "blue")]


@pytest.mark.parametrize("text", ["what keeps ledger from starting", "what is holding the ledger pods back"])
def test_what_keeps_a_thing_from_running_is_a_diagnosis(text: str) -> None:
    (found,) = understood(text)
    assert (found.goal, [ref.name for ref in found.about]) == (Goal.DIAGNOSE, ["ledger"])


def test_the_pods_there_are_those_of_the_node_that_was_spoken_of() -> None:
    node = ObjectRef(kind="Node", name="m-1", api_version="v1")
    for text in ("what is running there?", "which pods are there", "show me what lives on it"):
        ((_, arguments),) = calls_of(text, Memory(objects=(node,)))
        assert (arguments["kind"], arguments["where"]) == ("pods", "node = m-1"), text


@pytest.mark.parametrize(
    "text",
    ["which release of the books service do we have", "image of service books", "memory limit of the books service"],
)
def test_what_only_workloads_have_is_asked_of_those_behind_a_service(text: str) -> None:
    ((_, arguments),) = calls_of(text)
    assert (arguments["kind"], arguments["fields"]) == ("deployment", "metadata.name=ledger")


def test_which_pod_is_not_is_asked_of_the_thing_that_lacks_one() -> None:
    ((_, arguments),) = calls_of("ledger shows 1 of 2 ready, which pod is not")
    assert (arguments["labels"], arguments["where"]) == ("app=ledger", "not (ready or Completed or Succeeded)")


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("who has no memory limit", {"kind": "deployments",
                                     "where": "no spec.template.spec.containers[*].resources.limits.memory"}),
        ("how much memory does ledger request",
         {"columns": ["spec.template.spec.containers[*].resources.requests.memory"]}),
        ("what cpu and memory do the mailer pods request",
         {"fields": "metadata.name=mailer", "columns": ["spec.template.spec.containers[*].resources.requests"]}),
        ("was ledger killed for memory last night", {"kind": "pods", "columns": ["status", "restarts", "ended"]}),
        ("how many replicas does every deployment in blue have", {"kind": "deployments", "namespace": "blue"}),
        ("services of type LoadBalancer", {"kind": "services", "where": "type = LoadBalancer"}),
        ("pods restarted in the last 2 hours", {"kind": "pods", "where": "restarts > 0"}),
        ("pods on m-1 that are not running", {"kind": "pods", "where": "not (status = Running) and node = m-1"}),
        ("warnings in blue of the last half hour", {"namespace": "blue", "type": "Warning", "since": "30m"}),
    ],
)  # fmt: skip
def test_what_people_leave_out_is_found_in_the_rest(text: str, arguments: dict[str, Any]) -> None:
    made = calls_of(text)[0][1]
    assert arguments.items() <= made.items(), made
    assert "group_by" not in made


@pytest.mark.parametrize("text", ["is everything in blue green?", "anything on fire?", "did mailer crash lately"])
def test_a_question_of_health_shows_which_pods_it_rests_on(text: str) -> None:
    (found,) = understood(text)
    assert found.goal is Goal.DIAGNOSE
    assert {call.arguments["kind"] for call in found.calls} == {"pods"}


def test_what_is_asked_of_a_node_that_was_spoken_of_is_told_of_it_alone() -> None:
    node = Memory(objects=(ObjectRef(kind="Node", name="m-1", api_version="v1"),))
    assert calls_of("any taints on it?", node)[0][1]["columns"] == ["spec.taints"]
    assert calls_of("is it cordoned?", node) == [("describe_resource", {"kind": "node", "name": "m-1"})]


def test_a_place_is_compared_with_the_one_that_was_looked_at() -> None:
    last = ToolCall(tool="list_resources", arguments={"kind": "deployments", "namespace": "blue"})
    ((tool, arguments),) = calls_of("and compare that to blue-test", Memory(last_calls=(last,)))
    assert (tool, arguments["namespace"], arguments["other_namespace"]) == ("compare_resources", "blue", "blue-test")


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("which deployments run on m-1", {"kind": "pods", "where": "node = m-1"}),
        ("workloads that share node m-1", {"kind": "pods", "where": "node = m-1"}),
        ("pods whose image contains rc", {"kind": "pods", "where": "image contains rc"}),
        ("pods with more than 2 restarts, worst first", {"kind": "pods", "where": "restarts > 2", "sort": "-restarts"}),
        ("largest sluice", {"kind": "sluices", "sort": "-spec.flow", "limit": 1}),
        ("which service points nowhere", {"kind": "services", "where": "name = lost"}),
        ("is there room for one more pod in blue", {"kind": "resourcequotas", "namespace": "blue"}),
    ],
)
def test_lists_are_chosen_arranged_and_shown_as_they_are_asked_for(text: str, arguments: dict[str, Any]) -> None:
    made = calls_of(text)[0][1]
    assert arguments.items() <= made.items(), made


def test_a_setting_is_meant_by_its_opposite_too() -> None:
    gate = thing("Sluice", "south", settings={"open": False, "flow": 2})
    tagger = Tagger(VOCABULARY.model_copy(update={"objects": (*VOCABULARY.objects, gate)}))
    (clause,) = split(tagger.tokens("which sluices are closed"), tagger)
    read = read_of(clause, World(tagger.index, Memory(), "default"))
    assert read is not None
    assert read.calls[0].arguments["where"] == "spec.open = false"


def test_whether_one_thing_is_so_is_seen_on_the_thing_itself() -> None:
    assert calls_of("check whether the deployment ledger has both of its pods up") == [
        ("describe_resource", {"kind": "deployment", "name": "ledger", "namespace": "blue"})
    ]


@pytest.mark.parametrize(
    ("text", "tool", "arguments"),
    [
        ("last two events about ledger", "list_events", {"name": "ledger", "limit": 2}),
        ("what did the scheduler say about mailer", "list_events", {"name": "mailer"}),
        ("crash output of mailer", "get_logs", {"name": "mailer", "previous": True}),
        ("logs of ledger on m-1", "get_logs", {"kind": "pod", "name": "ledger-1"}),
        ("would the reboot of m-1 hurt anyone", "drain_impact", {"name": "m-1"}),
        ("list the nodes and their zones", "list_resources", {"columns": ["labels[topology.kubernetes.io/zone]"]}),
        ("show the nodes, their zone and whether they are cordoned", "list_resources",
         {"kind": "nodes", "columns": ["status", "labels[topology.kubernetes.io/zone]"]}),
        ("which one of the ledger pods is the oldest", "list_resources", {"sort": "-age", "limit": 1}),
        ("is mail-scaler at its max yet", "list_resources",
         {"columns": ["spec.maxReplicas", "status.currentReplicas"]}),
    ],
)  # fmt: skip
def test_questions_in_loose_words(text: str, tool: str, arguments: dict[str, Any]) -> None:
    ((made, given),) = calls_of(text)
    assert made == tool
    assert arguments.items() <= given.items(), given
