"""Nodes are cordoned, tainted and drained; Pods are evicted."""

from typing import Any

import pytest

from cloudwright.core.change import Progress
from cloudwright.core.errors import InvalidArguments, NotFound, ToolError
from cloudwright.core.tool import Effect, Irreversible
from cloudwright.tools.kubernetes.quantities import number, text
from tests.tools.desk import Desk
from tests.tools.reading import run
from tests.tools.served import path


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


def test_a_node_is_described_with_what_its_pods_ask_for_and_what_is_free(desk: Desk) -> None:
    node = f"node-{desk.namespace[-6:]}"
    desk.cluster.add_node(node)
    asks = {"requests": {"cpu": "300m", "memory": "64Mi"}}
    containers = [{"name": "main", "image": "example/app:1", "resources": asks}]
    for name in ("one", "two"):
        running_pod(desk, name, node, containers=containers)
    room = desk.get(f"/api/v1/nodes/{node}")["status"]["allocatable"]
    whole = number(room["cpu"])
    described = run("describe_resource", desk.context, kind="node", name=node).render()
    assert f"requested cpu: 600m of {text('cpu', whole)} allocatable, {text('cpu', whole - 0.6)} free" in described
    assert f"requested memory: 128Mi of {text('memory', number(room['memory']))} allocatable" in described
    assert "requested pods: 2 of" in described
    for name in ("one", "two"):
        desk.cluster.request("DELETE", path(desk, "pods", name) + "?gracePeriodSeconds=0")
    desk.cluster.request("DELETE", f"/api/v1/nodes/{node}")
