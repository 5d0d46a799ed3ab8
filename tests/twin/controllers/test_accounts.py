"""Tokens in Secrets, aggregated roles, mirrored endpoints."""

from base64 import b64decode
from typing import Any

from cloudwright.twin.api import ENDPOINT_SLICES, ENDPOINTS, SECRETS, SERVICE_ACCOUNTS
from cloudwright.twin.controllers.accounts import CLUSTER_ROLES
from tests.twin.lab import make_world, names


def _meta(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "default", **more}


def test_a_token_secret_is_filled_and_goes_with_its_account() -> None:
    world = make_world(0)
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _meta("robot")}
    metadata = _meta("robot-token", annotations={"kubernetes.io/service-account.name": "robot"})
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token", "metadata": metadata}
    world.apply([account, secret])
    data = world.api.get(SECRETS, "robot-token", "default")["data"]
    assert b64decode(data["namespace"]) == b"default"
    assert b64decode(data["token"]).count(b".") == 2
    world.api.delete(SERVICE_ACCOUNTS, "robot", "default")
    world.settle()
    assert names(world, SECRETS) == []


def test_a_role_gathers_the_rules_of_those_it_selects() -> None:
    world = make_world(0)
    rule = {"apiGroups": ["example.com"], "resources": ["things"], "verbs": ["get"]}
    labels = {"aggregate": "yes"}
    part = {"kind": "ClusterRole", "metadata": {"name": "part", "labels": labels}, "rules": [rule]}
    whole = {"kind": "ClusterRole", "metadata": {"name": "whole"}, "rules": []}
    whole["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": labels}]}
    version = "rbac.authorization.k8s.io/v1"
    world.apply([{"apiVersion": version, **whole}, {"apiVersion": version, **part}])
    assert world.api.get(CLUSTER_ROLES, "whole")["rules"] == [rule]
    world.api.delete(CLUSTER_ROLES, "part")
    world.settle()
    assert not world.api.get(CLUSTER_ROLES, "whole").get("rules")


def test_endpoints_written_by_hand_become_slices() -> None:
    world = make_world(0)
    service = {"apiVersion": "v1", "kind": "Service", "metadata": _meta("db"), "spec": {"ports": [{"port": 5432}]}}
    subset = {"addresses": [{"ip": "192.0.2.7"}], "ports": [{"port": 5432}]}
    endpoints = {"apiVersion": "v1", "kind": "Endpoints", "metadata": _meta("db"), "subsets": [subset]}
    world.apply([service, endpoints])
    (slice_,) = world.api.cached(ENDPOINT_SLICES, "default")
    assert slice_["endpoints"][0]["addresses"] == ["192.0.2.7"]
    assert slice_["metadata"]["labels"]["kubernetes.io/service-name"] == "db"
    world.api.patch(ENDPOINTS, "db", "default", {"subsets": [{**subset, "addresses": [{"ip": "192.0.2.8"}]}]})
    world.settle()
    (slice_,) = world.api.cached(ENDPOINT_SLICES, "default")
    assert slice_["endpoints"][0]["addresses"] == ["192.0.2.8"]
    world.api.delete(ENDPOINTS, "db", "default")
    world.settle()
    assert world.api.cached(ENDPOINT_SLICES, "default") == []
