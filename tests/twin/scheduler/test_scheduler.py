"""What the comparison with the real scheduler does not reach: choices, order, waiting."""

from collections import Counter
from typing import Any

from cloudwright.twin.api import NODES, PODS
from cloudwright.twin.world import World
from tests.twin.differential.manifests import Manifest, budget, claim, deployment, pod, priority_class, storage_class
from tests.twin.lab import add_node, events, in_namespace, kubelets, make_world, names


def _place(world: World, name: str) -> str:
    found: Any = world.api.get(PODS, name, "default")
    return str(found["spec"].get("nodeName", ""))


def _apply(world: World, *manifests: Manifest) -> None:
    scoped = ("PriorityClass", "StorageClass", "PersistentVolume")
    world.apply([each if each["kind"] in scoped else in_namespace(each) for each in manifests])


def test_important_pods_go_first() -> None:
    world = make_world(0)
    _apply(world, priority_class("high", 1000))
    with world.lock:
        for name, more in (("low", {}), ("high", {"priorityClassName": "high"})):
            world.api.create(PODS, in_namespace(pod(name, cpu="3", **more)), "default")
        add_node(world, "node-1")
        world.settle()
    world.step(15)
    assert (_place(world, "high"), _place(world, "low")) == ("node-1", "")


def test_the_least_loaded_node_is_taken() -> None:
    world = make_world(2)
    _apply(world, pod("first", cpu="3", memory="12Gi"))
    _apply(world, pod("second", cpu="100m"), pod("third", cpu="100m"))
    assert _place(world, "second") != _place(world, "first")
    assert _place(world, "third") != _place(world, "first")


def test_preemption_spares_pods_with_a_disruption_budget() -> None:
    world = make_world(2)
    _apply(world, priority_class("high", 1000))
    for name in ("guarded", "free"):
        _apply(world, pod(name, cpu="3"))
    _apply(world, budget("guarded", minAvailable=1))
    world.step(10)
    place = _place(world, "free")
    _apply(world, pod("important", cpu="3", priorityClassName="high"))
    world.step(10)
    assert _place(world, "important") == place
    assert names(world, PODS) == ["guarded", "important"]
    assert events(world, "Preempted")[0].endswith(f"on node {place}")


def test_preemption_takes_the_fewest_and_least_important() -> None:
    world = make_world(2)
    _apply(world, priority_class("low", 10), priority_class("middle", 100), priority_class("high", 1000))
    pins: dict[str, Any] = {each: {"nodeSelector": {"kubernetes.io/hostname": each}} for each in ("node-1", "node-2")}
    _apply(world, pod("middle", cpu="3", priorityClassName="middle", **pins["node-1"]))
    _apply(world, pod("low-1", cpu="1500m", priorityClassName="low", **pins["node-2"]))
    _apply(world, pod("low-2", cpu="1500m", priorityClassName="low", **pins["node-2"]))
    world.step(10)
    _apply(world, pod("important", cpu="2", priorityClassName="high"))
    world.step(10)
    assert _place(world, "important") == "node-2"
    assert "middle" in names(world, PODS)
    assert len(names(world, PODS)) == 3


def test_room_that_was_made_is_kept_for_the_one_it_was_made_for() -> None:
    world = make_world(1)
    kubelets(world).silent.add("node-1")
    _apply(world, priority_class("high", 1000), pod("victim", cpu="3"))
    _apply(world, pod("important", cpu="3", priorityClassName="high"), pod("small", cpu="2"))
    world.step(5)
    assert _place(world, "small") == ""
    kubelets(world).silent.clear()
    world.api.delete(PODS, "victim", "default", grace_period=0)
    world.step(15)
    assert (_place(world, "important"), _place(world, "small")) == ("node-1", "")


def test_a_pod_that_failed_waits_for_a_reason_to_try_again() -> None:
    world = make_world(1)
    _apply(world, pod("big", cpu="8"))
    world.step(200)
    assert len(events(world, "FailedScheduling")) == 1
    add_node(world, "large", cpu="16")
    world.step(11)
    assert _place(world, "big") == "large"


def test_a_deleted_pod_frees_its_place_only_when_it_is_gone() -> None:
    world = make_world(1)
    _apply(world, pod("old", cpu="3"))
    world.step(5)
    kubelets(world).silent.add("node-1")
    world.api.delete(PODS, "old", "default")
    _apply(world, pod("new", cpu="3"))
    world.step(20)
    assert _place(world, "new") == ""
    world.api.delete(PODS, "old", "default", grace_period=0)
    world.step(11)
    assert _place(world, "new") == "node-1"


def test_zones_are_balanced_without_being_asked() -> None:
    world = make_world(0)
    for number in range(6):
        add_node(world, f"node-{number}", labels={"topology.kubernetes.io/zone": f"zone-{number % 3}"})
    _apply(world, deployment(replicas=9))
    zones = {each["metadata"]["name"]: each["metadata"]["labels"] for each in world.api.cached(NODES)}
    counts = Counter(zones[each["spec"]["nodeName"]]["topology.kubernetes.io/zone"] for each in world.api.cached(PODS))
    assert sorted(counts.values()) == [3, 3, 3]


def test_preferences_count() -> None:
    world = make_world(3)
    world.api.patch(NODES, "node-2", None, {"metadata": {"labels": {"disk": "fast"}}})
    wish = {"weight": 100, "preference": {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}}
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [wish]}}
    _apply(world, pod("picky", affinity=affinity))
    assert _place(world, "picky") == "node-2"
    taint = {"key": "old", "effect": "PreferNoSchedule"}
    world.api.patch(NODES, "node-2", None, {"spec": {"taints": [taint]}})
    _apply(world, pod("plain"))
    assert _place(world, "plain") != "node-2"


def test_a_pod_that_waits_for_its_volume_holds_its_place() -> None:
    world = make_world(1)
    _apply(world, storage_class("slow", "example.com/nobody", "WaitForFirstConsumer"), claim(class_name="slow"))
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    _apply(world, pod("first", cpu="3", volumes=volumes), pod("second", cpu="3"))
    world.step(60)
    assert (_place(world, "first"), _place(world, "second")) == ("", "")
    world.step(600)
    assert _place(world, "second") == "node-1"
    assert any("binding volumes" in each for each in events(world, "FailedScheduling"))


def test_many_nodes_are_looked_at_in_turn() -> None:
    world = make_world(0)
    for number in range(150):
        add_node(world, f"node-{number:03}", cpu="1")
    _apply(world, deployment(replicas=150, cpu="600m"))
    places = Counter(each["spec"].get("nodeName") for each in world.api.cached(PODS))
    assert len(places) == 150
    assert set(places.values()) == {1}
