"""Every change tool does what its preview says on a real API server, and its undo takes it back."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudwright.core.change import Progress
from cloudwright.core.context import Context
from cloudwright.core.errors import Conflict, Forbidden, InvalidArguments, NotFound, ToolError, Unsupported
from cloudwright.core.tool import Effect, Irreversible, ToolCall
from cloudwright.tools.kubernetes.fields import spec_of
from cloudwright.tools.kubernetes.requests import find_kind
from tests.servers.apiserver import ControlPlane
from tests.servers.fixtures import eventually, open_session
from tests.tools.desk import Desk, fields_of

MERGE = "application/merge-patch+json"


@pytest.fixture
def desk(cluster: ControlPlane, context: Context, tmp_path: Path) -> Desk:
    return Desk(cluster, context, tmp_path)


def path(desk: Desk, resource: str, name: str, group: str = "/api/v1") -> str:
    return f"{group}/namespaces/{desk.namespace}/{resource}/{name}"


def web(desk: Desk) -> Any:
    return desk.get(path(desk, "deployments", "web", "/apis/apps/v1"))


WORKLOAD_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("scale_workload", {"name": "deploy/web", "replicas": 0}),
    ("set_image", {"name": "web", "container": "main", "image": "example/app:9"}),
    ("set_env", {"name": "web", "set": {"LEVEL": "debug"}}),
    ("set_resources", {"name": "web", "requests": {"cpu": "0.5"}, "limits": {"memory": "1Gi"}}),
    ("rollout_restart", {"name": "web"}),
    ("rollout_pause", {"name": "web"}),
    ("label_resource", {"kind": "deployment", "name": "web", "set": {"a.b/c": "d"}}),
    ("annotate_resource", {"kind": "Deployment", "name": "web", "set": {"note": "x y"}}),
    ("patch_resource", {"kind": "deployments.apps", "name": "web", "patch": {"spec": {"minReadySeconds": 7}}}),
    (
        "patch_resource",
        {
            "kind": "deploy",
            "name": "web",
            "type": "strategic",
            "patch": {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "example/side:1"}]}}}},
        },
    ),
    (
        "patch_resource",
        {
            "kind": "deploy",
            "name": "web",
            "type": "json",
            "patch": [{"op": "add", "path": "/spec/template/spec/nodeSelector", "value": {"a": "b"}}],
        },
    ),
]


@pytest.mark.parametrize(("tool", "arguments"), WORKLOAD_CALLS, ids=[name for name, _ in WORKLOAD_CALLS])
def test_a_workload_is_changed_as_previewed_once_and_restored(desk: Desk, tool: str, arguments: dict[str, Any]) -> None:
    desk.deployment()
    eventually(lambda: web(desk).get("status", {}).get("observedGeneration") == 1)
    before = _content(web(desk))
    mark = desk.cluster.audit.mark()
    proposal = desk.propose(tool, **arguments)
    assert desk.writes(mark) == []
    assert proposal.effect is Effect.WRITE
    assert fields_of(proposal)
    outcome = desk.execute(proposal)
    assert [request.verb for request in desk.writes(mark)] == ["patch"]
    assert outcome.verification.progress is Progress.DONE
    assert _content(web(desk)) != before
    desk.undo(outcome)
    assert _content(web(desk)) == before


def _content(obj: dict[str, Any]) -> dict[str, Any]:
    """Without what controllers write beside the change."""
    kept = spec_of(obj)
    notes = kept["metadata"].get("annotations") or {}
    kept["metadata"]["annotations"] = {key: value for key, value in notes.items() if "kubernetes.io/" not in key}
    return kept


def test_a_rollout_goes_back_to_the_revision_before(desk: Desk) -> None:
    desk.deployment()
    group = "/apis/apps/v1"
    sets = f"{group}/namespaces/{desk.namespace}/replicasets"
    desk.cluster.await_path(sets, lambda answer: len(answer["items"]) == 1)
    desk.change("set_image", name="web", image="example/app:broken")
    desk.cluster.await_path(sets, lambda answer: len(answer["items"]) == 2)
    proposal = desk.propose("rollout_undo", name="web")
    assert fields_of(proposal) == {"spec.template.spec.containers[main].image": ("example/app:broken", "example/app:1")}
    desk.execute(proposal)
    assert web(desk)["spec"]["template"]["spec"]["containers"][0]["image"] == "example/app:1"
    with pytest.raises(NotFound, match="no revision 77"):
        desk.propose("rollout_undo", name="web", to_revision=77)


def test_a_stateful_set_and_a_daemon_set_roll_back_too(desk: Desk) -> None:
    for kind, resource in (("StatefulSet", "statefulsets"), ("DaemonSet", "daemonsets")):
        template = {
            "metadata": {"labels": {"app": resource}},
            "spec": {"containers": [{"name": "main", "image": "example/app:1"}]},
        }
        spec: dict[str, Any] = {"selector": {"matchLabels": {"app": resource}}, "template": template}
        desk.cluster.create(
            {
                "apiVersion": "apps/v1",
                "kind": kind,
                "metadata": {"name": "data", "namespace": desk.namespace},
                "spec": spec | ({"serviceName": "data"} if kind == "StatefulSet" else {}),
            }
        )
        revisions = f"/apis/apps/v1/namespaces/{desk.namespace}/controllerrevisions?labelSelector=app%3D{resource}"
        desk.cluster.await_path(revisions, lambda answer: len(answer["items"]) == 1)
        desk.change("set_image", kind=kind, name="data", image="example/app:2")
        desk.cluster.await_path(revisions, lambda answer: len(answer["items"]) == 2)
        proposal = desk.propose("rollout_undo", kind=kind, name="data")
        assert fields_of(proposal) == {"spec.template.spec.containers[main].image": ("example/app:2", "example/app:1")}
        desk.execute(proposal)


def test_a_paused_rollout_is_resumed(desk: Desk) -> None:
    desk.deployment(paused=True)
    assert fields_of(desk.propose("rollout_resume", name="web")) == {"spec.paused": (True, "(absent)")}
    desk.change("rollout_resume", name="web")
    assert "paused" not in web(desk)["spec"]


def test_autoscaling_exposing_and_running_a_job_make_objects_that_undo_deletes(desk: Desk) -> None:
    desk.deployment()
    job = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "example/job:1"}]}}}
    desk.cluster.create(
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": "backup", "namespace": desk.namespace},
            "spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": job}},
        }
    )
    for tool, arguments, where in (
        ("autoscale_workload", {"name": "web", "max": 4}, "autoscaling/v2/namespaces/{}/horizontalpodautoscalers/web"),
        ("run_job_now", {"name": "backup"}, "batch/v1/namespaces/{}/jobs/backup-manual-1"),
    ):
        outcome = desk.change(tool, **arguments)
        assert outcome.verification.progress is Progress.DONE
        assert desk.get(f"/apis/{where.format(desk.namespace)}")
        desk.undo(outcome)
    exposed = desk.change("expose_workload", name="web", port=80, target_port=8080, type="NodePort")
    assert desk.get(path(desk, "services", "web"))["spec"]["selector"] == {"app": "web"}
    assert exposed.verification.progress is Progress.DONE
    desk.undo(exposed)


def test_apply_makes_changes_and_keeps_what_others_own(desk: Desk) -> None:
    desk.deployment()
    manifest = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"mode": "fast"}},
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "web"},
                "spec": {"minReadySeconds": 3},
            },
        ],
    }
    outcome = desk.change("apply_manifest", manifest=json.dumps(manifest))
    assert outcome.verification.progress is Progress.DONE
    assert web(desk)["spec"]["minReadySeconds"] == 3
    assert web(desk)["spec"]["replicas"] == 2
    manifest["items"][1]["spec"] = {"replicas": 9}  # type: ignore[index]
    with pytest.raises(Conflict, match="replicas"):
        desk.propose("apply_manifest", manifest=json.dumps(manifest))
    forced = desk.propose("apply_manifest", manifest=json.dumps(manifest), force=True)
    assert fields_of(forced)["spec.replicas"] == (2, 9)
    desk.undo(outcome)
    assert "minReadySeconds" not in web(desk)["spec"]


def test_a_namespace_and_what_is_in_it_are_applied_together(desk: Desk) -> None:
    name = f"{desk.namespace}-new"
    manifest = f"""
{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: {name}}}, data: {{x: "1"}}}}
---
{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}}}}}
"""
    proposal = desk.propose("apply_manifest", manifest=manifest)
    assert any("does not exist yet" in text for text in proposal.preview.warnings)
    outcome = desk.execute(proposal)
    assert outcome.verification.progress is Progress.DONE
    desk.change("delete_resource", kind="namespace", name=name)


def test_a_kind_that_was_just_defined_is_known_at_once(desk: Desk) -> None:
    group = f"{desk.namespace}.example.com"
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"looms.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "looms", "kind": "Loom"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        },
    }
    desk.gate.read(ToolCall(tool="list_resources", arguments={"kind": "pods"}), desk.context, desk.me)
    desk.change("apply_manifest", manifest=json.dumps(definition))
    found = find_kind("looms", desk.context)
    assert (found.kind, found.group) == ("Loom", group)
    desk.change("delete_resource", kind="customresourcedefinition", name=f"looms.{group}")


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ("a: [1", "line 1"),
        ("kind: Pod\nmetadata: {name: x}", "Document 1 of the manifest has no apiVersion"),
        ("{apiVersion: v1, kind: Pod, metadata: {generateName: x-}}", "no metadata.name"),
        ("{apiVersion: v1, kind: Podd, metadata: {name: x}}", "Podd"),
        ("- 1\n- 2", "no object but a list"),
        ("---\n", "holds no object"),
        ("{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod}]}", "Document 1, item 1"),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, dat: {}}", "dat"),
    ],
)
def test_a_bad_manifest_is_refused_with_its_place(desk: Desk, manifest: str, says: str) -> None:
    with pytest.raises((InvalidArguments, NotFound)) as caught:
        desk.propose("create_resource", manifest=manifest)
    assert says in str(caught.value)


def test_grants_are_told_from_writes_whatever_tool_makes_them(desk: Desk) -> None:
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "b"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "User", "name": "someone", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    listed = {"apiVersion": "v1", "kind": "List", "items": [binding]}
    for tool in ("create_resource", "apply_manifest"):
        assert desk.propose(tool, manifest=json.dumps(listed)).effect is Effect.GRANT
    desk.deployment()
    privileged = {"spec": {"template": {"spec": {"hostPID": True}}}}
    assert desk.propose("patch_resource", kind="deployment", name="web", patch=privileged).effect is Effect.GRANT
    finalizers = {"metadata": {"finalizers": ["example.io/x"]}}
    assert desk.propose("patch_resource", kind="deploy", name="web", patch=finalizers).effect is Effect.DESTRUCTIVE


def test_an_environment_with_a_secret_in_it_is_taken_back_unless_somebody_else_changed_it(desk: Desk) -> None:
    desk.deployment()
    secret = "s3cr3t-Value-77-of-nobody"
    outcome = desk.change("set_env", name="web", set={"DB_PASSWORD": secret, "MODE": "x"})
    assert secret not in outcome.proposal.model_dump_json()
    assert web(desk)["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] == secret
    desk.undo(outcome)
    assert "env" not in web(desk)["spec"]["template"]["spec"]["containers"][0]
    again = desk.change("set_env", name="web", set={"DB_PASSWORD": secret})
    new = [{"op": "replace", "path": "/spec/template/spec/containers/0/env/0/value", "value": "other"}]
    where = path(desk, "deployments", "web", "/apis/apps/v1")
    desk.cluster.request("PATCH", f"{where}?fieldManager=rival", new, "application/json-patch+json")
    with pytest.raises(Conflict, match="rival"):
        desk.undo(again)


def test_a_blast_radius_says_what_it_could_not_see(desk: Desk, tmp_path: Path) -> None:
    desk.deployment()
    group = "rbac.authorization.k8s.io"
    resources = ["deployments", "deployments/scale"]
    rule = {"apiGroups": ["apps"], "resources": resources, "verbs": ["get", "list", "patch"]}
    role = {"metadata": {"name": "scaler", "namespace": desk.namespace}, "rules": [rule]}
    reference = {"apiGroup": group, "kind": "Role", "name": "scaler"}
    binding = {
        "metadata": {"name": "scaler", "namespace": desk.namespace},
        "roleRef": reference,
        "subjects": [{"apiGroup": group, "kind": "User", "name": "jo"}],
    }
    for resource, body in (("roles", role), ("rolebindings", binding)):
        desk.cluster.request("POST", f"/apis/{group}/v1/namespaces/{desk.namespace}/{resource}", body)
    jo = Desk(desk.cluster, open_session(desk.cluster.kubeconfig, desk.namespace, as_user="jo"), tmp_path / "jo")
    proposal = jo.propose("scale_workload", name="web", replicas=0)
    assert any("services" in text and "cannot be listed" in text for text in proposal.preview.warnings)
    with pytest.raises(Forbidden, match="jo may not create services"):
        jo.propose("expose_workload", name="web", port=80)


def test_scaling_down_a_stateful_set_that_deletes_its_claims_is_destructive(desk: Desk) -> None:
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "db", "image": "x:1"}]}}
    desk.cluster.create(
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "db", "namespace": desk.namespace},
            "spec": {
                "replicas": 2,
                "serviceName": "db",
                "selector": {"matchLabels": {"app": "db"}},
                "template": template,
                "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"},
            },
        }
    )
    assert desk.propose("scale_workload", name="sts/db", replicas=0).effect is Effect.DESTRUCTIVE
    assert desk.propose("scale_workload", name="sts/db", replicas=3).effect is Effect.WRITE
    for subresource in ("", "scale"):
        patch = {"spec": {"replicas": 1}}
        found = desk.propose("patch_resource", kind="sts", name="db", patch=patch, subresource=subresource)
        assert found.effect is Effect.DESTRUCTIVE


def test_nodes_are_cordoned_tainted_and_put_back(desk: Desk) -> None:
    name = f"node-{desk.namespace[-6:]}"
    desk.cluster.add_node(name)
    before = desk.get(f"/api/v1/nodes/{name}")["spec"]
    for tool, arguments in (
        ("cordon_node", {"name": name}),
        ("taint_node", {"name": name, "set": ["dedicated=gpu:NoSchedule"]}),
    ):
        outcome = desk.change(tool, **arguments)
        assert outcome.verification.progress is Progress.DONE
        assert desk.get(f"/api/v1/nodes/{name}")["spec"] != before
        desk.undo(outcome)
        assert desk.get(f"/api/v1/nodes/{name}")["spec"] == before
    assert desk.propose("taint_node", name=name, set=["x:NoExecute"]).effect is Effect.DESTRUCTIVE
    with pytest.raises(NotFound, match="no taint"):
        desk.propose("taint_node", name=name, remove=["absent"])
    desk.change("cordon_node", name=name)
    desk.change("uncordon_node", name=name)
    assert desk.get(f"/api/v1/nodes/{name}")["spec"] == before
    desk.cluster.request("DELETE", f"/api/v1/nodes/{name}")


def running_pod(desk: Desk, name: str, node: str, **spec: Any) -> dict[str, Any]:
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": desk.namespace, "labels": {"app": name}},
        "spec": {"nodeName": node, "containers": [{"name": "main", "image": "example/app:1"}], **spec},
    }
    made: dict[str, Any] = desk.cluster.create(body)[0]
    desk.cluster.set_status(body, {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})
    return made


def test_a_drain_names_victims_and_what_never_comes_back_and_respects_budgets(desk: Desk) -> None:
    node = f"node-{desk.namespace[-6:]}"
    desk.cluster.add_node(node)
    running_pod(desk, "alone", node)
    with pytest.raises(InvalidArguments, match="alone"):
        desk.propose("drain_node", name=node)
    desk.cluster.create(
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "keep", "namespace": desk.namespace},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "alone"}}},
        }
    )
    budget = path(desk, "poddisruptionbudgets", "keep", "/apis/policy/v1")
    desk.cluster.await_path(budget, lambda found: found["status"].get("currentHealthy") == 1)
    mark = desk.cluster.audit.mark()
    proposal = desk.propose("drain_node", name=node, force=True, timeout_seconds=0)
    texts = [impact.text for impact in proposal.preview.blast_radius]
    assert any("for good, no controller" in text for text in texts)
    assert any("disruption budget" in text for text in texts)
    assert proposal.effect is Effect.DESTRUCTIVE
    assert isinstance(proposal.undo, Irreversible)
    assert desk.writes(mark) == []
    with pytest.raises(ToolError, match="disruption budget"):
        desk.execute(proposal)
    assert [request.verb for request in desk.writes(mark)] == ["patch"]
    desk.cluster.request("DELETE", budget)
    again = desk.propose("drain_node", name=node, force=True, timeout_seconds=0)
    outcome = desk.execute(again)
    assert outcome.verification.progress is Progress.DONE
    assert "still ending: alone" in outcome.result.render()
    desk.cluster.request("DELETE", path(desk, "pods", "alone") + "?gracePeriodSeconds=0")
    desk.cluster.request("DELETE", f"/api/v1/nodes/{node}")


def test_an_eviction_is_bound_to_the_very_pod(desk: Desk) -> None:
    running_pod(desk, "one", "sim-1")
    proposal = desk.propose("evict_pod", name="one")
    desk.cluster.request("DELETE", path(desk, "pods", "one") + "?gracePeriodSeconds=0")
    running_pod(desk, "one", "sim-1")
    with pytest.raises(Exception, match="replaced"):
        desk.execute(proposal)
    desk.change("evict_pod", name="one")
    assert desk.get(path(desk, "pods", "one"))["metadata"]["deletionTimestamp"]
    desk.cluster.request("DELETE", path(desk, "pods", "one") + "?gracePeriodSeconds=0")


def test_an_unnamed_container_among_several_is_asked_for(desk: Desk) -> None:
    containers = [{"name": "a", "image": "x:1"}, {"name": "b", "image": "y:1"}]
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}
    desk.deployment(template=template)
    with pytest.raises(InvalidArguments, match="2 containers"):
        desk.propose("set_image", name="web", image="z:1")
    with pytest.raises(NotFound) as caught:
        desk.propose("set_image", name="web", container="aa", image="z:1")
    assert "a" in caught.value.suggestions
    with pytest.raises(Unsupported):
        desk.propose("scale_workload", kind="daemonset", name="web", replicas=1)


quantity = st.sampled_from(["10m", "250m", "1", "64Mi", "1Gi"])
small_names = st.sampled_from(["a", "b.c/d", "x-1", "Y_2"])
config_data = st.dictionaries(st.sampled_from(["a", "b.conf", "c_d"]), st.text(max_size=6), max_size=3)
envs = st.lists(
    st.builds(lambda name, value: {"name": name, "value": value}, st.sampled_from("ABCD"), st.sampled_from("xyz")),
    max_size=4,
    unique_by=lambda item: item["name"],
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=envs, after=envs, labels=st.dictionaries(small_names, st.sampled_from(["", "1"]), max_size=2))
def test_undo_after_run_is_the_identity_on_environments_and_labels(
    desk: Desk, before: list[dict[str, str]], after: list[dict[str, str]], labels: dict[str, str]
) -> None:
    spec = {"containers": [{"name": "main", "image": "x:1", "env": before}]}
    desk.deployment("some", template={"metadata": {"labels": {"app": "some"}}, "spec": spec})
    where = path(desk, "deployments", "some", "/apis/apps/v1")
    try:
        eventually(lambda: desk.get(where).get("status", {}).get("observedGeneration") == 1)
        start = _content(desk.get(where))
        containers = [{"name": "main", "image": "x:1", "env": after}]
        patch = {"metadata": {"labels": labels}, "spec": {"template": {"spec": {"containers": containers}}}}
        proposal = desk.propose("patch_resource", kind="deployment", name="some", patch=patch)
        if proposal.preview.changes:
            outcome = desk.execute(proposal)
            assert outcome.verification.progress is Progress.DONE
            desk.undo(outcome)
        assert _content(desk.get(where)) == start
    finally:
        desk.cluster.request("DELETE", where)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=config_data, after=config_data)
def test_undo_after_run_is_the_identity_on_data(desk: Desk, before: dict[str, str], after: dict[str, str]) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "some", "namespace": desk.namespace}}
    desk.cluster.create({**body, "data": before})
    where = path(desk, "configmaps", "some")
    try:
        start = _content(desk.get(where))
        gone: dict[str, str | None] = {key: None for key in before if key not in after}
        proposal = desk.propose("patch_resource", kind="cm", name="some", patch={"data": {**gone, **after}})
        if proposal.preview.changes:
            desk.undo(desk.execute(proposal))
        assert _content(desk.get(where)) == start
    finally:
        desk.cluster.request("DELETE", where)
