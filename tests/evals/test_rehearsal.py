"""Rehearsing a change in a twin of a live cluster."""

import json
from pathlib import Path
from typing import Any

import pytest

from cloudwright.evals.commands.rehearse import from_cluster
from cloudwright.evals.faults.site import KINDS
from cloudwright.evals.hosting import Hosted
from cloudwright.evals.rehearsal import bare, rehearse
from cloudwright.twin.topologies.start import start
from tests.servers.apiserver import ControlPlane

TAKEN = ("node", "serviceaccount", "configmap", "secret", "service", "deployment", "statefulset")


@pytest.fixture(scope="module")
def objects() -> list[dict[str, Any]]:
    api = start("shop", history=False).world.api
    found: list[dict[str, Any]] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}]
    for kind in TAKEN:
        for obj in api.cached(KINDS[kind], None if kind == "node" else "shop"):
            taken = bare(obj)
            if taken is not None:
                found.append(dict(taken))
    return found


def deployment(**container: Any) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": "web"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "web", "image": "nginx:1.29", **container}]},
    }
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": spec,
    }


def test_values_of_secrets_stay_behind(objects: list[dict[str, Any]]) -> None:
    secrets = [obj for obj in objects if obj["kind"] == "Secret"]
    assert secrets
    assert all(value == "" for obj in secrets for value in obj["data"].values())


def test_a_change_that_fits_goes_through(objects: list[dict[str, Any]]) -> None:
    report = rehearse(objects, [deployment()])
    assert report.before.ready["shop/checkout"] == (2, 2)
    assert report.after.ready["shop/web"] == (2, 2)
    assert report.lines() == ["The change goes through: everything that was ready is ready again."]


def test_a_change_that_no_node_can_hold_is_told(objects: list[dict[str, Any]]) -> None:
    report = rehearse(objects, [deployment(resources={"requests": {"memory": "900Gi"}})])
    assert any("stays unscheduled" in line and "Insufficient memory" in line for line in report.lines())


def test_what_the_cluster_has_is_changed_whoever_set_it(objects: list[dict[str, Any]]) -> None:
    change = deployment(resources={"requests": {"cpu": "90"}})
    change["metadata"]["name"] = "frontend"
    labels = {"app.kubernetes.io/name": "frontend"}
    change["spec"]["selector"] = {"matchLabels": labels}
    change["spec"]["template"]["metadata"]["labels"] = labels
    report = rehearse(objects, [change])
    assert not report.refused
    assert any("shop/frontend" in line and "Insufficient cpu" in line for line in report.lines())


def test_a_quota_that_forbids_it_is_told(objects: list[dict[str, Any]]) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "compute", "namespace": "shop"},
        "spec": {"hard": {"pods": "3"}},
    }
    report = rehearse(objects, [quota, deployment()])
    assert any("exceeded quota: compute" in line for line in report.lines())


def test_an_object_the_server_refuses_is_told(objects: list[dict[str, Any]]) -> None:
    wrong = deployment()
    wrong["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    assert "selector" in rehearse(objects, [wrong]).refused


QUOTA = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: compute, namespace: %s}\nspec: {hard: {pods: '0'}}\n"


def test_a_served_twin_is_taken_over_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change = tmp_path / "change.yaml"
    change.write_text(QUOTA % "shop" + "---\n" + json.dumps(deployment()))
    with Hosted(start("shop", history=False)) as hosted:
        assert from_cluster(["shop"], change, str(hosted.kubeconfig), None) == 0
    said = capsys.readouterr().out
    assert "exceeded quota: compute" in said
    assert "Not modelled:" in said


@pytest.mark.cluster
def test_a_real_control_plane_is_taken_over_by_the_command(
    cluster: ControlPlane, namespace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = deployment()
    wanted["metadata"]["namespace"] = namespace
    change = tmp_path / "change.yaml"
    change.write_text(QUOTA % namespace + "---\n" + json.dumps(wanted))
    assert from_cluster([namespace], change, str(cluster.kubeconfig), None) == 0
    assert "exceeded quota: compute" in capsys.readouterr().out
