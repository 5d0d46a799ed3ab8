"""Rollouts go back, are paused and resumed."""

from typing import Any

import pytest

from cloudwright.core.errors import Drifted, NotFound
from cloudwright.core.proposal import State
from tests.tools.desk import Desk, fields_of
from tests.tools.served import web


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


def test_a_rollback_whose_revision_is_gone_when_it_is_approved_is_void(desk: Desk) -> None:
    desk.deployment()
    sets = f"/apis/apps/v1/namespaces/{desk.namespace}/replicasets"
    desk.cluster.await_path(sets, lambda answer: len(answer["items"]) == 1)
    first = desk.get(sets)["items"][0]["metadata"]["name"]
    desk.change("set_image", name="web", image="example/app:broken")
    desk.cluster.await_path(sets, lambda answer: len(answer["items"]) == 2)
    proposal = desk.propose("rollout_undo", name="web", to_revision=1)
    desk.cluster.request("DELETE", f"{sets}/{first}")
    desk.cluster.await_path(sets, lambda answer: len(answer["items"]) == 1)
    with pytest.raises(Drifted, match="is void"):
        desk.execute(proposal)
    assert desk.gate.ledger.record(proposal.digest).state is State.VOID
