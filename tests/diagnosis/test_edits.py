"""What an edit broke is found at what was edited, and set right there."""

from typing import Any

import pytest

from cloudwright.core.finding import Severity
from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.model import Cause
from cloudwright.diagnosis.view import ClusterView
from tests.diagnosis.samples.base import crashing, edited, env, owned, state
from tests.diagnosis.world import (
    Dict,
    ago,
    container,
    deployment,
    event,
    log,
    node,
    pod,
    service,
    slices,
    thing,
    view,
    waiting,
)

MOUNT: Dict = {"volumeMounts": [{"name": "flags", "mountPath": "/etc/flags"}]}
VOLUME = {"volumes": [{"name": "flags", "configMap": {"name": "flags"}}]}
DECLINED = ["ERROR charge declined: invalid token"] * 20


def causes(found: ClusterView) -> list[Cause]:
    result = investigate(found)
    assert result.gaps == ()
    return [item for item in result.causes if item.severity is not Severity.INFO]


def patched(cause: Cause) -> Any:
    return cause.remedies[0].calls[0].arguments["patch"]


def switched(text: str, seconds: float = 300, started: float = 3000, name: str = "payment") -> ClusterView:
    """A program that goes on complaining, and flags that were edited some seconds ago."""
    owner = deployment(name, container(**MOUNT), spec=VOLUME)
    one = pod(owner, age=started)
    one["status"]["startTime"] = ago(started)
    other = deployment("other", container(**MOUNT), spec=VOLUME)
    flags = edited("ConfigMap", "flags", seconds, data={"flags.yaml": text})
    return view(owner, one, other, pod(other), flags, node(), logs=[log(owner, *DECLINED)])


def test_a_switch_that_was_turned_under_a_running_program_is_turned_back() -> None:
    (cause,) = causes(switched('adFailure: "on"\npaymentFailure: "on"\n'))
    assert (cause.kind, cause.object.kind, cause.field) == ("configuration-broken", "ConfigMap", "data.flags.yaml")
    assert patched(cause) == {"data": {"flags.yaml": 'adFailure: "on"\npaymentFailure: "off"\n'}}
    assert cause.remedies[0].risk


def test_a_setting_that_is_no_switch_is_asked_about() -> None:
    (cause,) = causes(switched("payment.mode: strange\n"))
    assert "payment.mode is strange" in cause.claim
    assert cause.remedies[0].calls == ()


@pytest.mark.parametrize(
    "found",
    [
        switched("searchFailure: on\n"),
        switched("paymentFailure: on\n", seconds=80_000),
        switched("paymentFailure: on\n", started=200),
    ],
    ids=["of another program", "long ago", "before the program started"],
)
def test_an_edit_that_has_nothing_to_do_with_it_is_not_blamed(found: ClusterView) -> None:
    assert "configuration-broken" not in {item.kind for item in causes(found)}


def renamed(seconds: float, *keys: str) -> ClusterView:
    """A Secret that lacks the key which a Deployment reads."""
    ref = {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}}
    web = deployment("web", container(env=[ref]), ready=0)
    secret = edited("Secret", "login", seconds, data=dict.fromkeys(keys, "eA=="))
    return view(web, state(web, "CreateContainerConfigError", "couldn't find key password in Secret shop/login"), secret, node())  # fmt: skip


def test_a_renamed_key_is_the_secrets_and_comes_back_by_a_copy() -> None:
    (cause,) = causes(renamed(100, "pass"))
    assert (cause.object.kind, cause.field) == ("Secret", "data.password")
    assert patched(cause) == [{"op": "copy", "from": "/data/pass", "path": "/data/password"}]
    assert cause.remedies[0].risk


def test_a_key_that_was_never_there_is_the_readers_mistake() -> None:
    (cause,) = causes(renamed(80_000, "passwort"))
    assert cause.object.kind == "Deployment"


def test_of_several_unread_keys_none_is_copied() -> None:
    (cause,) = causes(renamed(100, "alpha", "beta"))
    assert all("copy" not in str(call.arguments) for item in cause.remedies for call in item.calls)


def budget(replicas: int, seconds: float) -> ClusterView:
    """A disruption budget that asks for all replicas and was edited some seconds ago."""
    web = deployment("web", replicas=replicas)
    status = {"disruptionsAllowed": 0, "currentHealthy": replicas, "desiredHealthy": replicas, "expectedPods": replicas}
    spec = {"minAvailable": replicas, "selector": {"matchLabels": {"app": "web"}}}
    item = edited("PodDisruptionBudget", "web", seconds, version="policy/v1", spec=spec, status=status)
    return view(web, *(pod(web, str(number)) for number in range(replicas)), item, node())


def test_a_budget_that_an_edit_made_block_every_drain_is_relaxed() -> None:
    (cause,) = causes(budget(3, 100))
    assert (cause.kind, cause.object.kind, cause.field) == ("disruption-budget-stuck", "PodDisruptionBudget", "spec.minAvailable")  # fmt: skip
    assert patched(cause) == {"spec": {"minAvailable": 2}}


@pytest.mark.parametrize("found", [budget(1, 100), budget(3, 80_000)], ids=["one replica", "always so"])
def test_a_budget_that_cannot_or_was_meant_to_be_otherwise_is_advice(found: ClusterView) -> None:
    assert causes(found) == []


def test_a_workload_that_goes_to_and_fro_between_two_templates_is_fought_over() -> None:
    web = {**deployment("web", ready=0), "metadata": {**edited("Deployment", "web", 60)["metadata"]}}
    sets = [
        owned(web, "ReplicaSet", f"web-{number}", metadata={"annotations": {"deployment.kubernetes.io/revision-history": history}}, spec={}, status={})
        for number, history in enumerate(("1,3,5", "2,4"))
    ]  # fmt: skip
    cause = causes(view(web, crashing(web), *sets, node()))[0]
    assert (cause.kind, cause.object.name) == ("edited-again-and-again", "web")
    assert "kubectl-edit" in cause.claim
    once = [{**item, "metadata": {**item["metadata"], "annotations": {}}} for item in sets]
    assert "edited-again-and-again" not in {item.kind for item in causes(view(web, crashing(web), *once, node()))}
    assert causes(view(web, pod(web), *sets, node())) == []


def test_a_cron_job_that_deletes_what_others_need_is_suspended_first() -> None:
    api = deployment("api", env("WEB_URL", "http://web:80"), ready=0)
    spec = {"containers": [container(command=["kubectl", "delete", "svc", "web", "--ignore-not-found"])]}
    cron = thing(
        "CronJob", "cleaner", version="batch/v1", status={"lastScheduleTime": ago(60)},
        spec={"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": spec}}}},
    )  # fmt: skip
    web = deployment("web")
    said = log(api, "dial tcp: lookup web on 10.0.0.2:53: no such host", previous=True)
    found = view(api, crashing(api), web, pod(web), cron, node(), logs=[said])
    (cause,) = causes(found)
    assert (cause.kind, cause.object.name) == ("edited-again-and-again", "cleaner")
    assert patched(cause) == {"spec": {"suspend": True}}


def test_the_beginning_of_a_log_that_goes_on_is_history() -> None:
    api = deployment("api", env("WEB_URL", "http://web:80"), ready=0)
    cache = deployment("cache", container(image="redis:7", port=6379))
    first = "call to web failed: dial tcp: lookup web on 10.0.0.2:53: i/o timeout"
    now = ["call to cache failed: OOM command not allowed when used memory > 'maxmemory'."] * 30
    api["spec"]["template"]["spec"]["containers"][0]["env"].append({"name": "CACHE", "value": "redis://cache:6379"})
    web = deployment("web")
    there = (web, pod(web), service("web"), slices("web", "10.0.0.9"))
    store = (cache, pod(cache), service("cache", 6379, 6379), slices("cache", "10.0.0.5"))
    sick = pod(api, ready=False)
    found = causes(view(api, sick, *there, *store, node(), logs=[log(api, first, *now)]))
    assert [(item.kind, item.object.name) for item in found] == [("store-memory-full", "cache")]


def store(kind: str, image: str, port: int, line: str, **more: Any) -> Cause:
    """The cause where a client crashes over what its store says."""
    client = deployment("api", env("DB_URL", f"{kind}://data:{port}/x"), ready=0)
    data = deployment("data", container(image=image, port=port, **more))
    there = (data, pod(data), service("data", port, port), slices("data", "10.0.0.5"))
    (cause,) = causes(view(client, crashing(client), *there, node(), logs=[log(client, "starting", line, previous=True)]))  # fmt: skip
    return cause


def test_settings_of_a_store_are_changed_by_its_own_program_in_its_own_pod() -> None:
    full = store("redis", "redis:7", 6379, "OOM command not allowed when used memory > 'maxmemory'.", env=[{"name": "REDIS_PASSWORD", "value": "x"}], resources={"limits": {"memory": "64Mi"}})  # fmt: skip
    (call,) = full.remedies[0].calls
    assert (call.tool, call.arguments["name"], call.arguments["container"]) == ("exec_command", "data-x", "app")
    assert call.arguments["command"] == ["sh", "-c", 'redis-cli -a "$REDIS_PASSWORD" config set maxmemory 48mb']  # fmt: skip
    read_only = store("postgres", "postgres:16", 5432, "ERROR: cannot execute INSERT in a read-only transaction")
    assert [call.arguments["command"][-1] for call in read_only.remedies[0].calls] == [
        "ALTER SYSTEM SET default_transaction_read_only = off", "SELECT pg_reload_conf()"]  # fmt: skip
    many = store("postgres", "postgres:16", 5432, "FATAL: sorry, too many clients already", env=[{"name": "POSTGRES_USER", "value": "root"}])  # fmt: skip
    assert [call.tool for call in many.remedies[0].calls] == ["exec_command", "rollout_restart"]
    assert many.remedies[0].calls[0].arguments["command"][:3] == ["psql", "-U", "root"]
    assert all(item.remedies[0].risk for item in (full, read_only, many))


def test_a_store_of_another_make_or_with_a_limit_on_its_command_line_is_asked_about() -> None:
    stated = store("postgres", "postgres:16", 5432, "FATAL: sorry, too many clients already", args=["-c", "max_connections=5"])  # fmt: skip
    assert stated.remedies[0].calls == ()
    mysql = store("mysql", "mysql:8", 3306, "ERROR: cannot execute statement in a READ ONLY transaction: --read-only")
    assert mysql.remedies[0].calls == ()


def test_a_pod_whose_volume_is_on_a_node_that_is_down_waits_for_that_node() -> None:
    data = {
        **deployment("data", spec={"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}]}, ready=0)
    }
    terms = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["n1"]}]}]
    volume = thing("PersistentVolume", "pv", "", spec={"nodeAffinity": {"required": {"nodeSelectorTerms": terms}}, "capacity": {"storage": "1Gi"}, "claimRef": {"name": "d", "namespace": "shop"}}, status={"phase": "Bound"})  # fmt: skip
    claim = thing("PersistentVolumeClaim", "d", spec={"volumeName": "pv", "resources": {"requests": {"storage": "1Gi"}}}, status={"phase": "Bound"})  # fmt: skip
    words = "0/2 nodes are available: 1 node(s) had volume node affinity conflict, 1 node(s) had untolerated taint"
    status = {"phase": "Pending", "containerStatuses": [waiting("app", "")], "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words}]}  # fmt: skip
    one = pod(data, ready=False, node="", status=status)
    gone = {"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}
    found = causes(
        view(
            data,
            one,
            event(one, "FailedScheduling", words),
            volume,
            claim,
            node(ready="Unknown", taints=[gone]),
            node("n2"),
        )
    )
    assert [item.object.kind for item in found] == ["Node"]
    assert "volume-node-affinity-conflict" not in {item.kind for item in found}


def test_a_mistyped_cluster_domain_is_spelled_right_where_it_is_written_and_comes_before_an_old_failed_job() -> None:
    there = (deployment("web"), pod(deployment("web")), service("web"), slices("web", "10.0.0.9"))
    api = deployment("api", env("WEB_URL", "http://web.shop.svc.cluster.locl:80/"))
    failed = {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": ago(300)}]}  # fmt: skip
    job = thing("Job", "old", version="batch/v1", spec={"template": {"spec": {"containers": [container()]}}}, status=failed)  # fmt: skip
    said = ["ERROR bad address 'web.shop.svc.cluster.locl'"] * 20
    found = causes(view(api, pod(api), *there, job, node(), logs=[log(api, *said)]))
    assert [(item.kind, item.object.name) for item in found] == [("address-unknown", "api"), ("job-failed", "old")]
    assert found[0].remedies[0].calls[0].arguments["set"] == {"WEB_URL": "http://web.shop.svc.cluster.local:80/"}
