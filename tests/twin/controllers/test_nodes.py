"""Nodes fall silent, pods leave, nodes come back."""

from typing import Any

import pytest

from cloudwright.twin.api import NODES, PODS, ApiStatusError
from cloudwright.twin.world import World
from tests.twin.differential.manifests import deployment, pod, workload
from tests.twin.lab import add_node, events, in_namespace, kubelets, make_world, names, report_ready


def _node(world: World, name: str = "node-1") -> Any:
    return world.api.cached_one(NODES, name)


def _condition(obj: Any, kind: str = "Ready") -> Any:
    return next(each for each in obj["status"]["conditions"] if each["type"] == kind)


def test_silent_node_becomes_unknown_and_tainted_after_the_grace_period() -> None:
    world = make_world()
    world.step(60)
    kubelets(world).silent.add("node-1")
    world.step(49)
    assert _condition(_node(world))["status"] == "True"
    world.step(15)
    ready = _condition(_node(world))
    assert (ready["status"], ready["reason"]) == ("Unknown", "NodeStatusUnknown")
    assert ready["message"] == "Kubelet stopped posting node status."
    taints = {(each["key"], each["effect"]) for each in _node(world)["spec"]["taints"]}
    key = "node.kubernetes.io/unreachable"
    assert taints == {(key, "NoSchedule"), (key, "NoExecute")}
    assert events(world, "NodeNotReady")[0] == "Node node-1 status is now: NodeNotReady"


def test_pods_of_a_silent_node_are_unready_at_once_and_deleted_after_five_minutes() -> None:
    world = make_world()
    world.apply([in_namespace(deployment(replicas=3))])
    world.step(60)
    lost = next(each for each in world.api.cached(PODS) if each["spec"]["nodeName"] == "node-1")
    kubelets(world).silent.add("node-1")
    world.step(70)
    assert _condition(world.api.get(PODS, lost["metadata"]["name"], "default"))["status"] == "False"
    world.step(270)
    assert len(names(world, PODS)) == 3
    world.step(40)
    gone = world.api.get(PODS, lost["metadata"]["name"], "default")
    assert "deletionTimestamp" in gone["metadata"]
    assert _condition(gone, "DisruptionTarget")["reason"] == "DeletionByTaintManager"
    running = [each for each in world.api.cached(PODS) if each["spec"]["nodeName"] != "node-1"]
    assert len(running) == 3
    assert events(world, "TaintManagerEviction") == [f"Marking for deletion Pod default/{lost['metadata']['name']}"]


def test_node_that_comes_back_in_time_keeps_its_pods() -> None:
    world = make_world()
    world.apply([in_namespace(deployment(replicas=3))])
    world.step(60)
    before = names(world, PODS)
    kubelets(world).silent.add("node-1")
    world.step(120)
    kubelets(world).silent.clear()
    report_ready(world, "node-1")
    world.step(600)
    assert names(world, PODS) == before
    assert "taints" not in _node(world)["spec"]
    assert events(world, "TaintManagerEviction")[0].startswith("Cancelling deletion of Pod default/web-")


def test_daemon_pods_stay_on_a_silent_node() -> None:
    world = make_world()
    world.apply([in_namespace(workload("DaemonSet", "agent"))])
    world.step(60)
    kubelets(world).silent.add("node-1")
    world.step(900)
    assert len(names(world, PODS)) == 3
    assert all("deletionTimestamp" not in each["metadata"] for each in world.api.cached(PODS))


def test_cordon_and_pressure_are_taints() -> None:
    world = make_world(1)
    world.api.patch(NODES, "node-1", None, {"spec": {"unschedulable": True}})
    world.settle()
    assert [each["key"] for each in _node(world)["spec"]["taints"]] == ["node.kubernetes.io/unschedulable"]
    pressure = {"type": "MemoryPressure", "status": "True"}
    conditions = [*_node(world)["status"]["conditions"], pressure]
    world.api.patch(NODES, "node-1", None, {"status": {"conditions": conditions}}, subresource="status")
    world.api.patch(NODES, "node-1", None, {"spec": {"unschedulable": None}})
    world.settle()
    assert [each["key"] for each in _node(world)["spec"]["taints"]] == ["node.kubernetes.io/memory-pressure"]


def test_pods_of_a_deleted_node_are_collected() -> None:
    world = make_world(1)
    world.apply([in_namespace(pod("alone"))])
    world.step(10)
    world.api.delete(NODES, "node-1")
    world.step(30)
    assert names(world, PODS) == ["alone"]
    world.step(20)
    assert names(world, PODS) == []
    assert events(world, "RemovingNode") == ["Node node-1 event: Removing Node node-1 from Controller"]


def test_toleration_seconds_decide_when_a_pod_leaves() -> None:
    world = make_world(1)
    hasty = {"key": "maintenance", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 30}
    stays = {"key": "maintenance", "operator": "Exists", "effect": "NoExecute"}
    world.apply([in_namespace(pod("hasty", tolerations=[hasty])), in_namespace(pod("stays", tolerations=[stays]))])
    world.apply([in_namespace(pod("plain"))])
    world.step(10)
    taint = {"key": "maintenance", "effect": "NoExecute"}
    world.api.patch(NODES, "node-1", None, {"spec": {"taints": [taint]}})
    world.step(5)
    assert names(world, PODS) == ["hasty", "stays"]
    world.step(30)
    assert names(world, PODS) == ["stays"]


def test_nodes_are_told_how_long_to_cache() -> None:
    world = make_world(1)
    assert _node(world)["metadata"]["annotations"]["node.alpha.kubernetes.io/ttl"] == "0"


def test_a_pod_bound_to_an_unknown_node_does_not_outlive_it() -> None:
    world = make_world(1)
    world.apply([in_namespace(pod("lost", nodeName="nowhere"))])
    world.step(60)
    with pytest.raises(ApiStatusError, match="not found"):
        world.api.get(PODS, "lost", "default")
    add_node(world, "nowhere")
    world.settle()
    assert names(world, PODS) == []
