"""Owners and dependents."""

from typing import Any

from cloudwright.twin.api import CONFIG_MAPS, NAMESPACES, PODS, SERVICE_ACCOUNTS, Resource
from cloudwright.twin.world import World
from tests.twin.differential.manifests import deployment, pod
from tests.twin.lab import in_namespace, make_world, names


def _map(name: str, *owners: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    body = {"name": name, "namespace": "default", "ownerReferences": list(owners), **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": body}


def _owner(world: World, name: str, *, block: bool = False) -> dict[str, Any]:
    uid = world.api.get(CONFIG_MAPS, name, "default")["metadata"]["uid"]
    return {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid, "blockOwnerDeletion": block}


def _maps(world: World) -> list[str]:
    return [each for each in names(world, CONFIG_MAPS) if each != "kube-root-ca.crt"]


def test_an_owner_that_never_was_takes_its_dependent_along() -> None:
    world = make_world(1)
    ghost = {"apiVersion": "v1", "kind": "ConfigMap", "name": "ghost", "uid": "0b6d2f1e-0000-4000-8000-000000000000"}
    world.apply([_map("child", ghost)])
    assert _maps(world) == []


def test_a_dependent_stays_as_long_as_one_owner_is_there() -> None:
    world = make_world(1)
    world.apply([_map("one"), _map("two")])
    world.apply([_map("child", _owner(world, "one"), _owner(world, "two"))])
    world.api.delete(CONFIG_MAPS, "one", "default")
    world.settle()
    child = world.api.get(CONFIG_MAPS, "child", "default")
    assert [each["name"] for each in child["metadata"]["ownerReferences"]] == ["two"]
    world.api.delete(CONFIG_MAPS, "two", "default")
    world.settle()
    assert _maps(world) == []


def test_foreground_deletion_waits_for_blocking_dependents_only() -> None:
    world = make_world(1)
    world.apply([_map("owner")])
    held = {"finalizers": ["example.com/hold"]}
    world.apply([_map("blocks", _owner(world, "owner", block=True), **held)])
    world.apply([_map("trails", _owner(world, "owner"), **held)])
    world.api.delete(CONFIG_MAPS, "owner", "default", propagation="Foreground")
    world.settle()
    assert _maps(world) == ["blocks", "owner", "trails"]
    world.api.patch(CONFIG_MAPS, "blocks", "default", {"metadata": {"finalizers": None}})
    world.settle()
    assert _maps(world) == ["trails"]


def test_dependents_of_custom_resources_are_collected() -> None:
    world = make_world(1)
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spelled = {"plural": "things", "singular": "thing", "kind": "Thing"}
    spec = {"group": "example.com", "scope": "Namespaced", "names": spelled, "versions": [version]}
    definition = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}
    world.apply([{**definition, "metadata": {"name": "things.example.com"}}])
    things = Resource("example.com", "v1", "things")
    thing = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "it", "namespace": "default"}}
    made = world.api.create(things, thing, "default")
    owner = {"apiVersion": "example.com/v1", "kind": "Thing", "name": "it", "uid": made["metadata"]["uid"]}
    world.apply([_map("child", owner)])
    assert _maps(world) == ["child"]
    world.api.delete(things, "it", "default")
    world.settle()
    assert _maps(world) == []


def test_a_deleted_namespace_goes_with_all_it_holds() -> None:
    world = make_world(1)
    world.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}])
    assert names(world, SERVICE_ACCOUNTS, "shop") == ["default"]
    world.apply([in_namespace(deployment(), "shop"), in_namespace(pod("alone"), "shop")])
    world.step(10)
    world.api.delete(NAMESPACES, "shop")
    world.step(60)
    assert "shop" not in names(world, NAMESPACES, None)
    assert names(world, PODS, "shop") == []
