"""Remedies are put in order, completed, or replaced by a question."""

from typing import Any

import pytest

from cloudwright.core.finding import Remedy
from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.model import Cause
from cloudwright.diagnosis.remedies.revisions import at, split
from cloudwright.diagnosis.remedies.wiring import abbreviates
from cloudwright.diagnosis.view import ClusterView
from tests.diagnosis.cases import faults
from tests.diagnosis.world import (  # fmt: skip
    Dict,
    ago,
    container,
    deployment,
    event,
    log,
    meta,
    node,
    pod,
    service,
    slices,
    thing,
    view,
    waiting,
)

PULL = "failed to resolve reference: registry.example/web:2: not found"


def first(found: ClusterView) -> Cause:
    result = investigate(found)
    assert result.gaps == ()
    return result.causes[0]


def owned(kind: str, name: str, owner: Dict, **body: Any) -> Dict:
    ref = {"apiVersion": "apps/v1", "kind": owner["kind"], "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"], "controller": True}  # fmt: skip
    metadata = meta(name, uid=f"uid-{name}", ownerReferences=[ref], **body.pop("metadata", {}))
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, **body}


def stateful(image: str, **status: str) -> Dict:
    item = deployment("store", container(image=image), ready=0)
    return {**item, "kind": "StatefulSet", "status": {**item["status"], **status}}


def tools(remedy: Remedy) -> list[str]:
    return [call.tool for call in remedy.calls]


def test_a_stateful_set_goes_back_to_its_revision_before_and_loses_its_broken_pod() -> None:
    store = stateful("registry.example/store:2", currentRevision="store-1", updateRevision="store-2")
    old = stateful("registry.example/store:1")["spec"]["template"]
    revisions = [
        owned("ControllerRevision", f"store-{number}", store, revision=number, data={"spec": {"template": template}})
        for number, template in ((1, old), (2, store["spec"]["template"]))
    ]
    broken = pod(store, "0", ready=False, status={"phase": "Pending", "containerStatuses": [waiting("app", "ImagePullBackOff", PULL)]})  # fmt: skip
    remedy = first(view(store, *revisions, broken, node())).remedies[0]
    assert tools(remedy) == ["rollout_undo", "delete_resource"]
    assert remedy.calls[0].arguments["to_revision"] == 1
    assert remedy.calls[1].arguments["name"] == "store-0"
    assert remedy.risk


def test_a_probe_that_the_newest_revision_did_not_change_is_not_edited_first() -> None:
    probe: Dict = {"readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}}}
    web = deployment("web", container(image="registry.example/web:2", **probe), ready=0)
    web["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "2"}
    before = deployment("web", container(image="registry.example/web:1", **probe))
    sets = [
        owned("ReplicaSet", f"web-{number}", web, spec=body["spec"], status={}, metadata={"annotations": {"deployment.kubernetes.io/revision": str(number)}, "age": age})
        for number, body, age in ((1, before, 90_000), (2, web, 300))
    ]  # fmt: skip
    bad = pod(web, ready=False)
    told = event(bad, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404", count=20)
    cause = first(view(web, *sets, bad, told, node()))
    assert cause.kind == "readiness-probe-wrong-path"
    assert tools(cause.remedies[0]) == ["rollout_undo"]


def test_a_deleted_config_map_is_asked_for_with_its_keys() -> None:
    env = [{"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "level"}}}]
    web = deployment("web", container(env=env), ready=0)
    bad = pod(web, ready=False, status={"phase": "Pending", "containerStatuses": [waiting("app", "CreateContainerConfigError", 'configmap "settings" not found')]})  # fmt: skip
    remedy = first(view(web, bad, node())).remedies[0]
    assert (remedy.calls, remedy.label) == ((), "to do")
    assert "settings" in remedy.title
    assert "level" in remedy.title


def test_a_claim_that_was_never_bound_is_made_anew_with_the_default_class() -> None:
    volume = {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]}
    web = deployment("web", container(), ready=0, spec=volume)
    spec = {"storageClassName": "fast", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = thing("PersistentVolumeClaim", "data", spec=spec, status={"phase": "Pending"})
    default = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
    kind = thing("StorageClass", "standard", "", "storage.k8s.io/v1", metadata=default)
    told = event(claim, "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found')
    bad = pod(web, ready=False, node="", status={"phase": "Pending", "containerStatuses": []})
    remedy = first(view(web, claim, kind, told, bad, node())).remedies[0]
    assert tools(remedy) == ["delete_resource", "create_resource"]
    assert "storageClassName: standard" in str(remedy.calls[1].arguments["manifest"])
    bound = {**claim, "spec": {**spec, "volumeName": "pv-1"}, "status": {"phase": "Bound"}}
    again = [r for c in investigate(view(web, bound, kind, told, bad, node())).causes for r in c.remedies]
    assert not [item for item in again if "delete_resource" in tools(item)], "a bound claim holds data"


def test_a_policy_gets_the_label_that_the_callers_carry() -> None:
    store, web = deployment("store", container(port=6379)), deployment("web", container(env=[{"name": "STORE_ADDR", "value": "store:6379"}]))  # fmt: skip
    for item in (store, web):
        item["spec"]["template"]["metadata"]["labels"]["team"] = "shop"
    peers = [{"podSelector": {"matchLabels": {"team": "webshop"}}}]
    policy = thing("NetworkPolicy", "stores", version="networking.k8s.io/v1", spec={"podSelector": {"matchLabels": {"app": "store"}}, "policyTypes": ["Ingress"], "ingress": [{"from": peers}]})  # fmt: skip
    lines = ["ERROR dial tcp store:6379: i/o timeout"] * 6
    found = view(store, web, pod(store), pod(web), service("store", 6379, 6379), slices("store", "10.0.0.9"), policy, node(), logs=[log(web, *lines)])  # fmt: skip
    remedy = first(found).remedies[0]
    assert remedy.calls[0].arguments["patch"] == {"spec": {"ingress": [{"from": [{"podSelector": {"matchLabels": {"team": "shop"}}}]}]}}  # fmt: skip


def test_refused_pods_are_asked_for_again_once_they_are_let_in() -> None:
    limits: Dict = {"resources": {"limits": {"memory": "320Mi"}}}
    web = deployment("web", container(**limits), ready=0)
    made = owned("ReplicaSet", "web-1", web, spec=web["spec"], status={"replicas": 0}, metadata={"age": 3000})
    rule = thing("LimitRange", "sizes", spec={"limits": [{"type": "Container", "max": {"memory": "128Mi"}}]}, metadata={"age": 100})  # fmt: skip
    told = event(made, "FailedCreate", 'Error creating: pods "web-x" is forbidden: maximum memory usage per Container is 128Mi, but limit is 320Mi')  # fmt: skip
    remedy = first(view(web, made, rule, told, node())).remedies[0]
    assert tools(remedy) == ["patch_resource", "rollout_restart"]
    assert remedy.calls[0].arguments["patch"] == {"spec": {"limits": [{"type": "Container", "max": {"memory": "320Mi"}}]}}  # fmt: skip


def test_a_cron_job_runs_again_what_its_last_success_ran() -> None:
    def template(command: str) -> Dict:
        return {"spec": {"template": {"spec": {"containers": [container("report", command=[command])]}}}}

    cron = thing("CronJob", "report", version="batch/v1", spec={"schedule": "* * * * *", "jobTemplate": template("reprot")})  # fmt: skip
    good = owned("Job", "report-1", cron, **template("report"), status={"conditions": [{"type": "Complete", "status": "True"}]})  # fmt: skip
    bad = owned("Job", "report-2", cron, **template("reprot"), status={"failed": 2, "conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": ago(60)}]}, metadata={"age": 100})  # fmt: skip
    remedy = first(view(cron, good, bad, node())).remedies[0]
    (call,) = remedy.calls
    assert (call.tool, call.arguments["name"]) == ("patch_resource", "report")
    assert "'command': ['report']" in str(call.arguments["patch"])


def test_what_is_deleted_or_replaced_says_its_risk() -> None:
    for name, found, _ in faults():
        for cause in investigate(found).causes:
            for remedy in cause.remedies:
                if "delete_resource" in tools(remedy):
                    assert remedy.risk, (name, remedy.title)


def test_every_fault_has_a_remedy_or_a_question() -> None:
    bare = [name for name, found, expected in faults() if expected and not investigate(found).causes[0].remedies]
    assert bare == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("orders-db", "orders-database", True),
        ("orders-db", "orders-api", False),
        ("cart", "cart-store", False),
        ("web", "payment", False),
    ],
)
def test_names_whose_words_are_shortened_mean_the_same(one: str, other: str, same: bool) -> None:
    assert abbreviates(one, other) is same


def test_paths_find_entries_by_name_and_keep_dots_in_keys() -> None:
    assert split("spec.containers[api].image") == ["spec", "containers", "api", "image"]
    assert split("metadata.labels[app.example/name]") == ["metadata", "labels", "app.example/name"]
    assert (
        at({"spec": {"containers": [{"name": "api", "image": "a:1"}]}}, ["spec", "containers", "api", "image"]) == "a:1"
    )
    assert at({"items": ["a", "b"]}, ["items", "1"]) == "b"
