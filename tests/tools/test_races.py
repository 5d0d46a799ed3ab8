"""Others write at the same time: what is executed is still exactly what was approved, or nothing."""

import dataclasses
import threading

import pytest

from cloudwright.core.change import Progress
from cloudwright.core.errors import Conflict, Drifted, NotFound
from tests.tools.desk import AGENT, Desk

MERGE = "application/merge-patch+json"


def web(desk: Desk) -> str:
    return f"/apis/apps/v1/namespaces/{desk.namespace}/deployments/web"


def test_writes_elsewhere_in_the_object_do_not_stop_a_change(desk: Desk) -> None:
    desk.deployment()
    proposal = desk.propose("set_image", name="web", image="example/app:2")
    over = threading.Event()

    def others() -> None:
        number = 0
        while not over.wait(0.02):
            number += 1
            desk.cluster.request("PATCH", web(desk), {"metadata": {"annotations": {"tick": str(number)}}}, MERGE)

    writer = threading.Thread(target=others)
    writer.start()
    try:
        outcome = desk.execute(proposal)
    finally:
        over.set()
        writer.join()
    assert outcome.verification.progress is Progress.DONE
    assert desk.get(web(desk))["spec"]["template"]["spec"]["containers"][0]["image"] == "example/app:2"


def test_a_change_after_the_last_look_is_not_overwritten(desk: Desk) -> None:
    desk.deployment()
    tool = desk.gate.catalog.get("scale_workload")
    args = tool.parse({"name": "web", "replicas": 5})
    assert tool.change is not None
    approved = tool.change.preview(args, desk.context)
    desk.cluster.request("PATCH", web(desk), {"spec": {"replicas": 3}}, MERGE)
    mark = desk.cluster.audit.mark()
    with pytest.raises(Drifted, match="was 2, now 3"):
        tool.run(args, dataclasses.replace(desk.context, expected=approved))
    assert desk.writes(mark) == []


def test_previews_send_nothing_but_reads_reviews_and_dry_runs(desk: Desk) -> None:
    desk.deployment()
    mark = desk.cluster.audit.mark()
    desk.propose("scale_workload", name="web", replicas=3)
    desk.propose("set_image", name="web", image="b:1")
    desk.propose("delete_resource", kind="deployment", name="web", cascade="foreground")
    desk.propose("delete_resource", kind="namespace", name=desk.namespace)
    desk.propose("apply_manifest", manifest="{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: b}}")
    sent = [request for request in desk.cluster.audit.requests(mark) if request.agent.startswith(AGENT)]
    changing = [request for request in sent if request.verb not in ("get", "list", "watch") and not request.review]
    assert changing
    assert all(request.dry_run for request in changing), [str(request) for request in changing]
    assert desk.get(web(desk))["metadata"].get("deletionTimestamp") is None


def test_a_replaced_object_is_another_object(desk: Desk) -> None:
    desk.deployment()
    proposal = desk.propose("delete_resource", kind="deployment", name="web")
    desk.cluster.request("DELETE", web(desk))
    desk.deployment()
    with pytest.raises(Drifted, match="replaced"):
        desk.execute(proposal)
    assert desk.get(web(desk))["metadata"]["name"] == "web"


def test_undo_of_a_creation_spares_what_somebody_else_made_of_it(desk: Desk) -> None:
    manifest = "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {mode: fast}}"
    made = desk.change("create_resource", manifest=manifest)
    where = f"/api/v1/namespaces/{desk.namespace}/configmaps/settings"
    desk.cluster.request("PATCH", where + "?fieldManager=rival", {"data": {"mode": "slow"}}, MERGE)
    with pytest.raises(Conflict, match="rival"):
        desk.undo(made)
    desk.cluster.request("DELETE", where)
    with pytest.raises(NotFound):
        desk.undo(made)
