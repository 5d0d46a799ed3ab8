"""What belongs to an object: events, owners, revisions, what it became, how it differs from another."""

import threading
from typing import Any

import pytest

from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments, NotFound, TimedOut
from cloudwright.core.result import Document, Rows
from tests.servers.apiserver import ControlPlane
from tests.servers.fixtures import eventually
from tests.tools.reading import SECRET, cells, config, deployment, pod, run


def test_events_are_joined_by_uid_and_not_by_name(cluster: ControlPlane, context: Context, namespace: str) -> None:
    made = cluster.create(pod("web-0", namespace))[0]
    for number, uid in enumerate((made["metadata"]["uid"], "00000000-0000-0000-0000-000000000000")):
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"e{number}", "namespace": namespace},
            "involvedObject": {"kind": "Pod", "name": "web-0", "namespace": namespace, "uid": uid},
            "reason": f"Reason{number}",
            "message": f"password={SECRET}",
            "type": "Warning",
            "count": 3,
            "lastTimestamp": "2026-01-01T00:00:00Z",
        }
        cluster.create(event)
    rows: Rows = run("list_events", context, kind="pod", name="web-0", type="Warning")
    assert [reason for reason in cells(rows, "reason") if reason.startswith("Reason")] == ["Reason0"]
    text = run("describe_resource", context, kind="pod", name="web-0").render()
    assert "Reason0 x3" in text
    assert "Reason1" not in text
    assert SECRET not in text


def test_owners_up_and_down(cluster: ControlPlane, context: Context, namespace: str) -> None:
    cluster.create(deployment("web", namespace, replicas=2))
    eventually(lambda: len(run("list_resources", context, kind="pods").rows) == 2)
    name = run("list_resources", context, kind="pods").rows[0][0]
    up: Rows = run("owners", context, kind="pod", name=name)
    assert [str(kind).strip() for kind in cells(up, "kind")] == ["Deployment", "ReplicaSet", "Pod"]
    down: Rows = run("owners", context, kind="deploy", name="web")
    assert [str(kind).strip() for kind in cells(down, "kind")] == ["Deployment", "ReplicaSet", "Pod", "Pod"]
    assert "owned by Deployment web" in run("describe_resource", context, kind="pod", name=name).render()


def test_rollout_history_and_status(cluster: ControlPlane, context: Context, namespace: str) -> None:
    cluster.create(deployment("web", namespace))
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    cluster.await_path(path, lambda item: (item.get("status") or {}).get("replicas") == 1)
    template = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "registry.local/app:2"}]}}}}
    cluster.request("PATCH", path, template, "application/strategic-merge-patch+json")
    eventually(lambda: len(run("rollout_history", context, name="web").rows) == 2)
    rows: Rows = run("rollout_history", context, name="web")
    assert [(row[0], row[1], row[3]) for row in rows.rows] == [
        (2, "current", "registry.local/app:2"),
        (1, None, "registry.local/app:1"),
    ]
    status: Document = run("rollout_status", context, name="web")
    assert isinstance(status.content, dict)
    assert status.content["state"] == "progressing"
    assert [row[6] for row in rows.rows] == ["spec.template.spec.containers[main].image", None]
    assert "registry.local/app:1" in run("rollout_history", context, name="web", revision=1).render()
    second: Document = run("rollout_history", context, name="web", revision=2)
    assert isinstance(second.content, dict)
    assert second.content["changes"] == {
        "spec.template.spec.containers[main].image": {"before": "registry.local/app:1", "after": "registry.local/app:2"}
    }
    with pytest.raises(NotFound) as caught:
        run("rollout_history", context, name="web", revision=9)
    assert "It has 1, 2." in str(caught.value)


def test_waiting_ends_when_it_is_so_deleted_or_late(cluster: ControlPlane, context: Context, namespace: str) -> None:
    item = cluster.create(pod("web-0", namespace))[0]
    with pytest.raises(TimedOut):
        run("wait_for_condition", context, kind="pod", name="web-0", until="Ready", timeout="500ms")
    ready = {"conditions": [{"type": "Ready", "status": "True"}], "phase": "Running"}
    later(lambda: cluster.set_status(item, ready))
    met: Document = run("wait_for_condition", context, kind="pod", name="web-0", until="Ready", timeout="20s")
    assert isinstance(met.content, dict)
    assert met.content["met"] is True
    later(lambda: cluster.request("DELETE", f"/api/v1/namespaces/{namespace}/pods/web-0?gracePeriodSeconds=0"))
    gone: Document = run("wait_for_condition", context, kind="pod", name="web-0", until="deleted", timeout="20s")
    assert isinstance(gone.content, dict)
    assert gone.content["status"] == "deleted"


def later(act: Any) -> None:
    """Do it in another thread, a moment from now."""
    threading.Timer(0.3, act).start()


def test_comparing_names_each_field(cluster: ControlPlane, context: Context, namespace: str) -> None:
    other = cluster.new_namespace(f"{namespace[:40]}-b")
    cluster.create(deployment("web", namespace), deployment("web", other, image="registry.local/app:2", replicas=3))
    cluster.create(
        config("only-here", namespace, a="1"), config("both", namespace, a="1"), config("both", other, a="1")
    )
    rows: Rows = run("compare_resources", context, other_namespace=other)
    found = {(row[0], row[1]): row[2:] for row in rows.rows}
    assert found["Deployment/web", "spec.replicas"] == ("1", "3")
    image = found["Deployment/web", "spec.template.spec.containers[main].image"]
    assert image == ("registry.local/app:1", "registry.local/app:2")
    assert found["ConfigMap/only-here", "(whole object)"] == ("there", "absent")
    assert not any(key[0] == "ConfigMap/both" for key in found)
    with pytest.raises(InvalidArguments):
        run("compare_resources", context, kind="cm")
