"""Effects are judged by what a request is and changes, never by names or flags, and never underestimated."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwright.core.tool import Effect
from cloudwright.tools.kubernetes.effects import Act, Judgement, judge, worst

RBAC = "rbac.authorization.k8s.io"


def pod(**spec: Any) -> dict[str, Any]:
    return {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}], **spec}}


def contained(**container: Any) -> dict[str, Any]:
    return pod(containers=[{"name": "c", "image": "i", **container}])


@pytest.mark.parametrize(
    ("act", "effect"),
    [
        (Act("get", "", "pods"), Effect.READ),
        (Act("create", "authorization.k8s.io", "selfsubjectaccessreviews"), Effect.READ),
        (Act("create", "", "configmaps", after={"data": {}}), Effect.WRITE),
        (Act("patch", "apps", "deployments", "scale"), Effect.WRITE),
        (Act("delete", "", "configmaps"), Effect.DESTRUCTIVE),
        (Act("deletecollection", "", "pods"), Effect.DESTRUCTIVE),
        (Act("create", "", "pods", "eviction"), Effect.DESTRUCTIVE),
        (Act("get", "", "pods", "exec"), Effect.DESTRUCTIVE),
        (Act("patch", "", "nodes", "status"), Effect.DESTRUCTIVE),
        (Act("create", "", "pods", "anything-new"), Effect.DESTRUCTIVE),
        (Act("connect", "", "pods"), Effect.DESTRUCTIVE),
        (Act("patch", RBAC, "roles", before={"rules": []}, after={"rules": []}), Effect.GRANT),
        (Act("delete", RBAC, "rolebindings"), Effect.GRANT),
        (Act("create", "", "serviceaccounts", "token"), Effect.GRANT),
        (Act("update", "certificates.k8s.io", "certificatesigningrequests", "approval"), Effect.GRANT),
        (Act("get", "", "nodes", "proxy"), Effect.GRANT),
        (Act("patch", "admissionregistration.k8s.io", "validatingwebhookconfigurations"), Effect.DESTRUCTIVE),
        (Act("create", "example.io", "widgets", after={"spec": {}}), Effect.DESTRUCTIVE),
        (Act("PATCH", "", "ConfigMaps", before={"data": {}}, after={"data": {"a": "b"}}), Effect.WRITE),
    ],
)
def test_an_effect_follows_from_verb_group_and_resource(act: Act, effect: Effect) -> None:
    found = judge(act)
    assert found.effect is effect
    assert found.why or effect in (Effect.READ, Effect.WRITE)


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        ({"finalizers": ["a"]}, {}, Effect.DESTRUCTIVE),
        ({}, {"finalizers": ["a"]}, Effect.DESTRUCTIVE),
        ({"ownerReferences": [{"uid": "1"}]}, {}, Effect.DESTRUCTIVE),
        ({"labels": {"a": "1"}}, {"labels": {"a": "2"}}, Effect.WRITE),
    ],
)
def test_metadata_that_deletes_is_destructive(before: dict[str, Any], after: dict[str, Any], effect: Effect) -> None:
    act = Act("patch", "", "configmaps", before={"metadata": before, "data": {}}, after={"metadata": after, "data": {}})
    assert judge(act).effect is effect


@pytest.mark.parametrize(
    "asked",
    [
        pod(hostNetwork=True),
        pod(hostPID=True),
        pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
        pod(serviceAccountName="admin"),
        pod(initContainers=[{"name": "i", "securityContext": {"privileged": True}}]),
        contained(securityContext={"privileged": True}),
        contained(securityContext={"capabilities": {"add": ["CAP_SYS_ADMIN"]}}),
        contained(securityContext={"procMount": "Unmasked"}),
        contained(securityContext={"seccompProfile": {"type": "Unconfined"}}),
        contained(ports=[{"containerPort": 1, "hostPort": 1}]),
        pod(securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}),
    ],
)
def test_a_pod_that_reaches_beyond_itself_is_a_grant_in_every_kind_that_holds_one(asked: dict[str, Any]) -> None:
    template = {"metadata": asked["metadata"], "spec": asked["spec"]}
    for group, resource, body in (
        ("", "pods", asked),
        ("apps", "deployments", {"spec": {"template": template}}),
        ("batch", "cronjobs", {"spec": {"jobTemplate": {"spec": {"template": template}}}}),
        ("argo.example", "rollouts", {"spec": {"workloads": [{"template": template}]}}),
    ):
        found = judge(Act("create", group, resource, after=body))
        assert found.effect is Effect.GRANT, resource
        assert found.why


def test_a_privilege_that_was_there_before_is_not_granted_again() -> None:
    old = {"spec": {"replicas": 1, "template": {"spec": pod(hostNetwork=True)["spec"]}}}
    new = {"spec": {**old["spec"], "replicas": 2}}
    assert judge(Act("patch", "apps", "deployments", before=old, after=new)).effect is Effect.WRITE


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        ("restricted", "baseline", Effect.GRANT),
        ("baseline", "privileged", Effect.GRANT),
        ("restricted", None, Effect.GRANT),
        ("restricted", "no-such-level", Effect.GRANT),
        ("baseline", "restricted", Effect.WRITE),
    ],
)
def test_loosening_pod_security_of_a_namespace_is_a_grant(old: str, new: str | None, effect: Effect) -> None:
    label = "pod-security.kubernetes.io/enforce"
    before = {"metadata": {"labels": {label: old}}}
    after = {"metadata": {"labels": {label: new} if new else {}}}
    assert judge(Act("patch", "", "namespaces", before=before, after=after, complete=True)).effect is effect


def test_a_secret_value_that_is_replaced_is_gone_for_good() -> None:
    old, new = {"data": {"a": "MQ=="}}, {"data": {"a": "Mg=="}}
    assert judge(Act("patch", "", "secrets", before=old, after=new)).effect is Effect.DESTRUCTIVE
    added = {"data": {"a": "MQ==", "b": "Mg=="}}
    assert judge(Act("patch", "", "secrets", before=old, after=added)).effect is Effect.WRITE


def test_the_effect_of_several_requests_is_the_most_severe_with_every_reason() -> None:
    found = worst([Judgement(Effect.WRITE), Judgement(Effect.GRANT, ("a",)), Judgement(Effect.DESTRUCTIVE, ("b",))])
    assert found == Judgement(Effect.GRANT, ("a", "b"))


@given(st.sampled_from(["create", "update", "patch", "delete", "deletecollection", "bind", ""]), st.text(), st.text())
def test_no_request_that_is_not_a_read_is_taken_for_one(verb: str, group: str, resource: str) -> None:
    found = judge(Act(verb, group, resource, after={"metadata": {}}))
    reviews = ("subjectaccessreviews", "subjectrulesreviews", "subjectreviews")
    assert found.effect is not Effect.READ or resource.lower().endswith(reviews)


def test_settings_that_make_controllers_delete_are_destructive() -> None:
    for kind, old, new in (
        ("Deployment", {"revisionHistoryLimit": 10}, {"revisionHistoryLimit": 1}),
        ("Job", {}, {"ttlSecondsAfterFinished": 0}),
        ("Job", {"suspend": False}, {"suspend": True}),
        ("StatefulSet", {"replicas": 3, **DELETING}, {"replicas": 1, **DELETING}),
        ("StatefulSet", {"replicas": 3}, {"replicas": 3, **DELETING}),
        ("Pod", {}, {"activeDeadlineSeconds": 1}),
    ):
        act = Act("patch", "apps", "x", before={"kind": kind, "spec": old}, after={"kind": kind, "spec": new})
        assert judge(act).effect is Effect.DESTRUCTIVE, (kind, new)
    growing = ({"kind": "StatefulSet", "spec": {"replicas": n, **DELETING}} for n in (1, 3))
    assert judge(Act("patch", "apps", "statefulsets", before=next(growing), after=next(growing))).effect is Effect.WRITE


DELETING = {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete", "whenDeleted": "Retain"}}
