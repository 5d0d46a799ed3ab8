"""Workloads are changed as previewed, once, and restored."""

from pathlib import Path
from typing import Any

import pytest

from cloudwright.core.change import Progress
from cloudwright.core.errors import Conflict, Forbidden, InvalidArguments, NotFound, Unsupported
from cloudwright.core.tool import Effect
from tests.servers.fixtures import eventually, open_session
from tests.tools.desk import Desk, fields_of
from tests.tools.served import content, path, web

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
    before = content(web(desk))
    mark = desk.cluster.audit.mark()
    proposal = desk.propose(tool, **arguments)
    assert desk.writes(mark) == []
    assert proposal.effect is Effect.WRITE
    assert fields_of(proposal)
    outcome = desk.execute(proposal)
    assert [request.verb for request in desk.writes(mark)] == ["patch"]
    assert outcome.verification.progress is Progress.DONE
    assert content(web(desk)) != before
    desk.undo(outcome)
    assert content(web(desk)) == before


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
