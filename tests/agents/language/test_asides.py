"""What people say around an order: who wants it, what they expect to find, what they do not want to do."""

import json

import pytest

from tests.agents.language.small import VOCABULARY, deployment, thing
from tests.agents.language.test_pointing import calls_in

_WORLD = VOCABULARY.model_copy(
    update={"objects": (*VOCABULARY.objects, deployment("cms"), thing("ConfigMap", "old-rates", "blue-test"))}
)


@pytest.mark.parametrize(
    "text",
    [
        "The finance team wants its numbers again, please restart ledger.",
        "restart ledger, there should be nothing but the sidecar on it",
        "restart ledger now, don't wait for tonight's window",
        "I don't want to debug that on a Saturday, please restart ledger",
        "ok, I've seen enough. restart ledger",
        "the vendor says a restart clears it, restart ledger",
    ],
)
def test_what_is_said_around_an_order_leaves_it_as_it_is(text: str) -> None:
    done = [(call.tool, call.arguments["name"]) for call in calls_in(_WORLD, text) if call.tool.startswith("rollout")]
    assert done == [("rollout_restart", "ledger")]


@pytest.mark.parametrize(
    "text",
    [
        "restart ledger if there should be nothing on it",
        "do not wait if it hangs, restart ledger",
    ],
)
def test_a_condition_or_a_prohibition_is_asked_about(text: str) -> None:
    assert not [call for call in calls_in(_WORLD, text) if call.tool.startswith("rollout")]


def test_a_thing_that_runs_is_meant_by_its_name_where_a_short_word_for_a_kind_is_spelt_so() -> None:
    assert [call.arguments["name"] for call in calls_in(_WORLD, "restart cms")] == ["cms"]
    assert [call.arguments["kind"] for call in calls_in(VOCABULARY, "list cm in blue")] == ["configmaps"]


def test_every_name_has_the_place_that_stands_behind_it() -> None:
    found = calls_in(_WORLD, "the configmap dusty in blue and the configmap old-rates in blue-test can both be deleted")
    assert [(call.arguments["name"], call.arguments["namespace"]) for call in found] == [
        ("dusty", "blue"),
        ("old-rates", "blue-test"),
    ]


@pytest.mark.parametrize(
    ("text", "field", "name"),
    [
        ("create a poddisruptionbudget ledger-min for ledger with minAvailable 1", "minAvailable", "ledger-min"),
        ("add a poddisruptionbudget for the ledger pods, at most 1 unavailable", "maxUnavailable", "ledger-pdb"),
    ],
)
def test_a_disruption_budget_is_made_for_the_pods_of_a_workload(text: str, field: str, name: str) -> None:
    budgets = VOCABULARY.model_copy(update={"kinds": (*VOCABULARY.kinds, _PDB)})
    (call,) = calls_in(budgets, text)
    made = json.loads(str(call.arguments["manifest"]))
    assert (made["metadata"]["name"], made["spec"][field]) == (name, 1)
    assert made["spec"]["selector"] == {"matchLabels": {"app": "ledger"}}


_PDB = VOCABULARY.kinds[0].model_copy(
    update={
        "kind": "PodDisruptionBudget",
        "api_version": "policy/v1",
        "plural": "poddisruptionbudgets",
        "words": ("poddisruptionbudgets", "poddisruptionbudget", "pdb"),
    }
)


def test_a_quota_is_set_by_what_it_counts() -> None:
    (call,) = calls_in(_WORLD, "please raise the pod count in limits-of-blue to 25")
    assert call.arguments["patch"] == {"spec": {"hard": {"pods": "25"}}}


def test_two_amounts_are_one_order() -> None:
    text = "would you be so kind and set the cpu request of ledger to 150m and its memory request to 200Mi?"
    (call,) = calls_in(_WORLD, text)
    assert call.arguments["requests"] == {"cpu": "150m", "memory": "200Mi"}


def test_a_key_is_said_in_words_though_something_else_is_called_so() -> None:
    rates = thing("ConfigMap", "tariffs", keys=("DAY_RATE",))
    world = VOCABULARY.model_copy(update={"objects": (*VOCABULARY.objects, rates, deployment("rate"))})
    (call,) = calls_in(world, "change the day rate to 0.34 in the configmap tariffs")
    assert call.arguments["patch"] == {"data": {"DAY_RATE": "0.34"}}


def test_lines_of_a_log_are_looked_at_and_no_replicas() -> None:
    assert [call.tool for call in calls_in(_WORLD, "please give me the last 50 log lines of ledger")] == ["get_logs"]


@pytest.mark.parametrize(("text", "value"), [("set south to dry", True), ("mark south as not dry", False)])
def test_a_switch_is_set_by_its_word(text: str, value: bool) -> None:
    world = VOCABULARY.model_copy(
        update={"objects": (*VOCABULARY.objects, thing("Sluice", "south", settings={"dry": not value}))}
    )
    assert [call.arguments["patch"] for call in calls_in(world, text)] == [{"spec": {"dry": value}}]


@pytest.mark.parametrize(
    ("text", "patch"),
    [
        ("north: spec.flow=9", {"spec": {"flow": 9}}),
        ("the sluice north stops my boats. flow down to 3", {"spec": {"flow": 3}}),
        ("rates: EUR to 9. no restart", {"data": {"EUR": "9"}}),
    ],
)
def test_terse_notes_are_orders(text: str, patch: dict[str, object]) -> None:
    assert [call.arguments["patch"] for call in calls_in(_WORLD, text) if call.tool == "patch_resource"] == [patch]


def test_a_place_that_is_not_meant_is_left_alone() -> None:
    both = VOCABULARY.model_copy(update={"objects": (*VOCABULARY.objects, deployment("mailer", "blue-test"))})
    for text in ("restart mailer in blue, not the one in blue-test", "restart mailer in blue, not the test one"):
        assert [call.arguments["namespace"] for call in calls_in(both, text)] == ["blue"]


def test_a_name_of_several_words_is_no_namespace() -> None:
    world = VOCABULARY.model_copy(update={"objects": (*VOCABULARY.objects, deployment("blue-db"))})
    assert [call.arguments["name"] for call in calls_in(world, "bounce the blue db please")] == ["blue-db"]


def test_an_autoscaler_is_made_of_terse_bounds() -> None:
    (call,) = calls_in(_WORLD, "autoscale ledger: min 3 max 9 cpu 75%")
    assert (call.arguments["min"], call.arguments["max"], call.arguments["cpu_percent"]) == (3, 9, 75)


def test_a_list_in_two_places_is_two_lists() -> None:
    found = calls_in(VOCABULARY, "configmaps in blue and blue-test?")
    assert sorted(str(call.arguments["namespace"]) for call in found) == ["blue", "blue-test"]


@pytest.mark.parametrize(
    "text",
    [
        "what is the till-password in vault-login?",
        "password in vault-login, plain text",
        "print till-password of vault-login",
    ],
)
def test_a_key_of_a_named_secret_is_not_shown(text: str) -> None:
    secret = thing("Secret", "vault-login", keys=("till-password",))
    world = VOCABULARY.model_copy(update={"objects": (*VOCABULARY.objects, secret)})
    assert not calls_in(world, text)
    assert calls_in(world, "who uses the secret vault-login")


def test_the_only_pod_of_a_workload_goes_where_it_is_asked_for() -> None:
    ((kind, name),) = [
        (call.arguments["kind"], call.arguments["name"])
        for call in calls_in(_WORLD, "delete the pod of ledger so that it starts fresh")
    ]
    assert (kind, name) == ("pod", "ledger-1")


def test_a_whole_core_beside_memory_is_set_with_it() -> None:
    (call,) = calls_in(_WORLD, "ledger: bump memory limit to 1Gi and cpu to 1")
    assert call.arguments["limits"] == {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    "text",
    [
        "once the export of mailer is through, restart ledger",
        "when mailer has settled, scale ledger to 4",
        "if mailer is down then restart ledger",
        "from monday on, scale ledger to 4",
        "restart ledger, but wait with it until i give the go",
        "scale ledger to 4... no wait, don't, leave it as it is",
        "scale ledger to 4. hm, forget it",
        "restart, assuming the team signed off on it, ledger",
        "dry-run only: restart ledger",
        "preview: scale ledger to 4",
        "set the image of ledger to example/ledger",
        "set the max of the hpa of ledger to 8",
    ],
)
def test_what_holds_an_order_back_is_asked_about(text: str) -> None:
    assert not [call for call in calls_in(_WORLD, text) if call.tool.startswith(("scale", "roll", "set", "autoscale"))]


@pytest.mark.parametrize("text", ["restart ledger, don't wait", "once more: restart ledger", "restart ledger. no rush"])
def test_what_holds_nothing_back_is_done(text: str) -> None:
    assert [call.tool for call in calls_in(_WORLD, text)] == ["rollout_restart"]


@pytest.mark.parametrize(
    ("text", "tool", "arguments"),
    [
        ("put this on ledger:\nresources:\n  limits:\n    memory: 1Gi", "set_resources", {"limits": {"memory": "1Gi"}}),
        ("set this on ledger\nenv:\n- name: RATE_LIMIT\n  value: fast", "set_env", {"set": {"RATE_LIMIT": "fast"}}),
        ("scale ledger like this:\nreplicas: 3", "scale_workload", {"replicas": 3}),
    ],
)
def test_a_pasted_piece_of_a_manifest_is_said_in_words(text: str, tool: str, arguments: dict[str, object]) -> None:
    (call,) = calls_in(_WORLD, text)
    assert (call.tool, {key: call.arguments[key] for key in arguments}) == (tool, arguments)


@pytest.mark.parametrize(
    "text",
    [
        "restart ledger... actually scratch that, the auditors want to see it first",
        "restart ledger. kidding, somebody else is on it",
        "scale ledger to 4. oh, hands off, the night shift has it",
        "hypothetically: restart ledger. what stops working?",
        "suspend the deployment ledger",
    ],
)
def test_what_is_given_up_or_only_thought_of_is_asked_about(text: str) -> None:
    assert not [call for call in calls_in(_WORLD, text) if call.tool.startswith(("scale", "roll", "patch"))]


@pytest.mark.parametrize(
    "text",
    [
        "scale ledger to 4, marketing wants to go live",
        "scale ledger to 4, finance signed it off",
        "scale ledger to 4, otherwise we can never drain m-1",
        "scale ledger to 4, need it for half an hour",
        "scale ledger to 4, nothing behind it since spring",
        "too few for the fair, scale ledger to 4",
        "hm no wait, scale ledger to 4",
        "scale ledger to 4, somebody imported that by hand",
    ],
)
def test_what_anybody_does_or_wants_beside_an_order_is_no_part_of_it(text: str) -> None:
    assert [call.arguments["replicas"] for call in calls_in(_WORLD, text)] == [4]


@pytest.mark.parametrize(
    "text",
    [
        "scale ledger to 4, next monday morning",
        "scale ledger to 4, two more for mailer",
        "roll ledger back, two revisions please",
        "scale ledger to 4, only the night shift wants it though",
        "scale ledger to 4, marketing wants to wait",
    ],
)
def test_what_may_narrow_or_put_off_is_not_taken_for_an_aside(text: str) -> None:
    found = calls_in(_WORLD, text)
    assert not [call for call in found if call.tool == "scale_workload"]
    assert not [call for call in found if call.tool == "rollout_undo" and "to_revision" not in call.arguments]


def test_the_pod_that_ails_goes() -> None:
    pods = (
        thing("Pod", "mailer-1", labels={"app": "mailer"}, owner="Deployment/mailer", states=("ready",)),
        thing("Pod", "mailer-2", labels={"app": "mailer"}, owner="Deployment/mailer", states=("crashloopbackoff",)),
    )
    world = VOCABULARY.model_copy(update={"objects": (*VOCABULARY.objects, *pods)})
    (call,) = calls_in(world, "kill the crashing mailer pod")
    assert call.arguments["name"] == "mailer-2"


def test_a_sidecar_is_known_by_its_image() -> None:
    both = thing(
        "Deployment",
        "till",
        containers=("main", "ship"),
        images={"main": "example/till:2.0", "ship": "example/log-ship:0.6.0"},
    )
    world = VOCABULARY.model_copy(update={"objects": (*VOCABULARY.objects, both)})
    (call,) = calls_in(world, "bump the log-ship sidecar of till to 0.6.2")
    assert (call.arguments["container"], call.arguments["image"]) == ("ship", "example/log-ship:0.6.2")


def test_a_plan_before_a_question_orders_nothing() -> None:
    assert not [
        call
        for call in calls_in(_WORLD, "I want to drain m-1 tomorrow. would a pod get in the way?")
        if call.tool == "drain_node"
    ]


def test_an_order_in_a_noun_is_one() -> None:
    assert [call.tool for call in calls_in(_WORLD, "ledger hangs, do a rollout restart")][-1] == "rollout_restart"
