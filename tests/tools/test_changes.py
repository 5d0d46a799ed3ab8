"""Changes on a real API server: previews write nothing, an approved change writes what was previewed, once."""

from pathlib import Path

import pytest

from cloudwright.core.change import ABSENT, Progress
from cloudwright.core.errors import Conflict, Drifted, InvalidArguments, NotFound, Refused
from cloudwright.core.tool import Effect, Irreversible
from tests.servers.apiserver import ControlPlane
from tests.tools.desk import Desk, fields_of


def web(desk: Desk, name: str = "web") -> str:
    return f"/apis/apps/v1/namespaces/{desk.namespace}/deployments/{name}"


def test_scale_is_previewed_without_a_write_and_done_once(desk: Desk) -> None:
    desk.deployment()
    mark = desk.cluster.audit.mark()
    proposal = desk.propose("scale_workload", name="web", replicas=5)
    assert fields_of(proposal) == {"spec.replicas": (2, 5)}
    assert desk.writes(mark) == []
    outcome = desk.execute(proposal)
    assert [str(request) for request in desk.writes(mark)] == [f"patch deployments/scale {desk.namespace}/web 200"]
    assert desk.get(web(desk))["spec"]["replicas"] == 5
    assert outcome.verification.progress is Progress.DONE


def test_undo_restores_the_replicas(desk: Desk) -> None:
    desk.deployment()
    outcome = desk.change("scale_workload", name="web", replicas=5)
    undone = desk.undo(outcome)
    assert desk.get(web(desk))["spec"]["replicas"] == 2
    assert undone.verification.progress is Progress.DONE


def test_undo_names_who_changed_the_field_since(desk: Desk) -> None:
    desk.deployment()
    outcome = desk.change("scale_workload", name="web", replicas=5)
    desk.cluster.request("PATCH", web(desk) + "?fieldManager=somebody-else", {"spec": {"replicas": 7}}, MERGE)
    with pytest.raises(Conflict, match="somebody-else"):
        desk.undo(outcome)
    assert desk.get(web(desk))["spec"]["replicas"] == 7


def test_a_changed_field_voids_the_approval_and_a_status_update_does_not(desk: Desk) -> None:
    made = desk.deployment()
    proposal = desk.propose("scale_workload", name="web", replicas=5)
    desk.cluster.set_status(made, {"observedGeneration": 1, "conditions": []})
    desk.execute(proposal)
    second = desk.propose("scale_workload", name="web", replicas=6)
    desk.cluster.request("PATCH", web(desk), {"spec": {"replicas": 9}}, MERGE)
    mark = desk.cluster.audit.mark()
    with pytest.raises(Drifted, match=r"spec\.replicas: was 5, now 9"):
        desk.execute(second)
    assert desk.writes(mark) == []


def test_nothing_is_proposed_when_nothing_would_change(desk: Desk) -> None:
    desk.deployment()
    assert desk.propose("scale_workload", name="web", replicas=2).preview.changes == ()


def test_set_image_touches_one_field_and_says_which_pods_restart(desk: Desk) -> None:
    desk.deployment()
    desk.cluster.await_path(f"/api/v1/namespaces/{desk.namespace}/pods", lambda answer: len(answer["items"]) == 2)
    proposal = desk.propose("set_image", name="web", image="example/app:2")
    assert fields_of(proposal) == {"spec.template.spec.containers[main].image": ("example/app:1", "example/app:2")}
    assert any("2 pods" in impact.text for impact in proposal.preview.blast_radius)
    outcome = desk.execute(proposal)
    desk.undo(outcome)
    template = desk.get(web(desk))["spec"]["template"]
    assert template["spec"]["containers"][0]["image"] == "example/app:1"


def test_an_unknown_name_suggests_one_that_exists(desk: Desk) -> None:
    desk.deployment("frontend")
    with pytest.raises(NotFound) as caught:
        desk.propose("scale_workload", name="fronted", replicas=1)
    assert caught.value.suggestions == ("frontend",)


def test_an_unknown_field_is_named(desk: Desk) -> None:
    desk.deployment()
    with pytest.raises(InvalidArguments, match="replcas"):
        desk.propose("patch_resource", kind="deployment", name="web", patch={"spec": {"replcas": 3}})
    with pytest.raises(InvalidArguments, match="replcas"):
        desk.propose(
            "apply_manifest",
            manifest="{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replcas: 3}}",
        )


def test_labels_are_set_and_taken_back(desk: Desk) -> None:
    desk.deployment()
    outcome = desk.change("label_resource", kind="deploy", name="web", set={"team/x": "shop"})
    assert desk.get(web(desk))["metadata"]["labels"] == {"team/x": "shop"}
    desk.undo(outcome)
    assert "labels" not in desk.get(web(desk))["metadata"]


def test_delete_previews_what_garbage_collection_takes_and_writes_only_when_approved(desk: Desk) -> None:
    desk.deployment()
    pods = f"/api/v1/namespaces/{desk.namespace}/pods"
    desk.cluster.await_path(pods, lambda answer: len(answer["items"]) == 2)
    mark = desk.cluster.audit.mark()
    proposal = desk.propose("delete_resource", kind="deployment", name="web")
    assert proposal.effect is Effect.DESTRUCTIVE
    assert isinstance(proposal.undo, Irreversible)
    assert any("1 ReplicaSet, 2 Pods" in impact.text for impact in proposal.preview.blast_radius)
    assert desk.writes(mark) == []
    assert desk.get(web(desk))["metadata"]["name"] == "web"
    desk.execute(proposal)
    assert [request.verb for request in desk.writes(mark)] == ["delete"]


def test_a_created_object_is_deleted_by_undo(desk: Desk) -> None:
    manifest = "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {mode: fast}}"
    proposal = desk.propose("create_resource", manifest=manifest)
    assert fields_of(proposal) == {"data.mode": (ABSENT, "fast")}
    outcome = desk.execute(proposal)
    assert outcome.verification.progress is Progress.DONE
    desk.undo(outcome)
    with pytest.raises(Exception, match="404"):
        desk.get(f"/api/v1/namespaces/{desk.namespace}/configmaps/settings")


def test_a_new_secret_value_cannot_be_undone_and_is_never_shown(desk: Desk) -> None:
    manifest = "{apiVersion: v1, kind: Secret, metadata: {name: key}, stringData: {password: hunter2hunter2}}"
    first = desk.propose("create_resource", manifest=manifest)
    assert "hunter2" not in first.model_dump_json()
    assert list(fields_of(first)) == ["data.password"]
    desk.gate.approve(first.digest, desk.me)
    desk.gate.execute(first.digest, desk.context)
    second = desk.propose(
        "patch_resource", kind="secret", name="key", patch={"stringData": {"password": "correct-horse-battery"}}
    )
    assert second.effect is Effect.DESTRUCTIVE
    assert isinstance(second.undo, Irreversible)
    assert "hunter2" not in second.model_dump_json()
    assert "correct-horse" not in second.model_dump_json()
    outcome = desk.execute(second)
    assert outcome.verification.progress is Progress.DONE


def test_a_read_only_session_previews_and_never_writes(cluster: ControlPlane, namespace: str, tmp_path: Path) -> None:
    from tests.servers.fixtures import open_session

    desk = Desk(cluster, open_session(cluster.kubeconfig, namespace, read_only=True), tmp_path)
    desk.deployment()
    mark = desk.cluster.audit.mark()
    proposal = desk.propose("scale_workload", name="web", replicas=5)
    assert fields_of(proposal) == {"spec.replicas": (2, 5)}
    with pytest.raises(Refused):
        desk.execute(proposal)
    tool = desk.gate.catalog.get("scale_workload")
    with pytest.raises(Refused):
        tool.run(tool.parse({"name": "web", "replicas": 5}), desk.context)
    assert desk.writes(mark) == []


MERGE = "application/merge-patch+json"
