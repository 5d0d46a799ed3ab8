"""Volumes that are made on demand."""

from cloudwright.twin.api import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, STATEFUL_SETS
from tests.twin.differential.manifests import Manifest, claim, pod, storage_class, workload
from tests.twin.lab import events, in_namespace, make_world, names

_DRIVER = "rancher.io/local-path"


def _user(name: str = "app") -> Manifest:
    return in_namespace(pod(name, volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]))


def test_immediate_class_provisions_and_reclaims() -> None:
    world = make_world()
    world.apply([storage_class("fast", _DRIVER), in_namespace(claim(class_name="fast"))])
    world.step(5)
    bound = world.api.get(PERSISTENT_VOLUME_CLAIMS, "data", "default")
    assert bound["status"]["phase"] == "Bound"
    assert bound["spec"]["volumeName"] == f"pvc-{bound['metadata']['uid']}"
    assert events(world, "ProvisioningSucceeded") == [f"Successfully provisioned volume {bound['spec']['volumeName']}"]
    world.api.delete(PERSISTENT_VOLUME_CLAIMS, "data", "default")
    world.step(5)
    assert names(world, PERSISTENT_VOLUMES, None) == []


def test_first_consumer_decides_where_the_volume_is() -> None:
    world = make_world()
    world.apply([storage_class("local", _DRIVER, "WaitForFirstConsumer"), in_namespace(claim(class_name="local"))])
    world.step(20)
    assert events(world, "WaitForFirstConsumer") == ["waiting for first consumer to be created before binding"]
    world.apply([_user()])
    world.step(10)
    node = world.api.get(PODS, "app", "default")["spec"]["nodeName"]
    volume = world.api.cached(PERSISTENT_VOLUMES)[0]
    term = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]
    assert term["matchExpressions"][0]["values"] == [node]


def test_unknown_provisioner_leaves_the_claim_pending() -> None:
    world = make_world()
    world.apply([storage_class("dead", "example.com/nobody"), in_namespace(claim(class_name="dead")), _user()])
    world.step(60)
    assert world.api.get(PERSISTENT_VOLUME_CLAIMS, "data", "default")["status"]["phase"] == "Pending"
    assert "example.com/nobody" in events(world, "ExternalProvisioning")[0]
    assert "nodeName" not in world.api.get(PODS, "app", "default")["spec"]


def test_lost_volume_is_noticed() -> None:
    world = make_world()
    world.apply([storage_class("fast", _DRIVER), in_namespace(claim(class_name="fast"))])
    world.step(5)
    name = names(world, PERSISTENT_VOLUMES, None)[0]
    world.api.patch(PERSISTENT_VOLUMES, name, None, {"metadata": {"finalizers": None}})
    world.api.delete(PERSISTENT_VOLUMES, name)
    world.step(5)
    assert world.api.get(PERSISTENT_VOLUME_CLAIMS, "data", "default")["status"]["phase"] == "Lost"
    assert events(world, "ClaimLost") == ["Bound claim has lost its PersistentVolume. Data on the volume is lost!"]


def test_claims_of_a_stateful_set_come_and_go_with_its_policy() -> None:
    world = make_world()
    world.apply([storage_class("local", _DRIVER, "WaitForFirstConsumer")])
    template = {"metadata": {"name": "data"}, "spec": claim(class_name="local")["spec"]}
    policy = {"whenScaled": "Delete", "whenDeleted": "Delete"}
    spec = {"replicas": 2, "serviceName": "db", "volumeClaimTemplates": [template]}
    world.apply([in_namespace(workload("StatefulSet", "db", spec | {"persistentVolumeClaimRetentionPolicy": policy}))])
    world.step(30)
    assert names(world, PERSISTENT_VOLUME_CLAIMS) == ["data-db-0", "data-db-1"]
    from_spec = {"spec": {"replicas": 1}}
    world.api.patch(STATEFUL_SETS, "db", "default", from_spec)
    world.step(30)
    assert names(world, PERSISTENT_VOLUME_CLAIMS) == ["data-db-0"]
    world.api.delete(STATEFUL_SETS, "db", "default")
    world.step(30)
    assert names(world, PERSISTENT_VOLUME_CLAIMS) == []


def test_claims_grow_where_the_class_allows_it() -> None:
    world = make_world()
    world.apply([{**storage_class("fast", _DRIVER), "allowVolumeExpansion": True}])
    world.apply([in_namespace(claim(class_name="fast"))])
    world.step(5)
    patch = {"spec": {"resources": {"requests": {"storage": "3Gi"}}}}
    world.api.patch(PERSISTENT_VOLUME_CLAIMS, "data", "default", patch)
    world.step(5)
    grown = world.api.get(PERSISTENT_VOLUME_CLAIMS, "data", "default")
    assert grown["status"]["capacity"] == {"storage": "3Gi"}
