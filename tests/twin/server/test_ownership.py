"""Field ownership as kubectl meets it."""

import json
from typing import Any

import pytest

from tests.twin.server.client import Client

PATH = "/apis/apps/v1/namespaces/default/deployments"
CLIENT_SIDE = "kubectl-client-side-apply"


def deployment(image: str, replicas: int) -> dict[str, Any]:
    """A deployment as a manifest has it."""
    labels = {"app": "a"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": image}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    meta = {"name": "d", "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


@pytest.fixture
def client() -> Client:
    """A server with a deployment that kubectl has applied on the client's side."""
    made = Client()
    body = deployment("a:1", 1)
    body["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(body)}
    made.send("POST", PATH, body, query=f"fieldManager={CLIENT_SIDE}")
    return made


def managers(obj: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Manager, operation and subresource of each entry."""
    fields = obj["metadata"]["managedFields"]
    return [(each["manager"], each["operation"], each.get("subresource", "")) for each in fields]


def test_kubectl_goes_over_to_server_side_apply_without_conflict(client: Client) -> None:
    answer = client.patch(f"{PATH}/d", "apply", deployment("a:2", 2), query="fieldManager=kubectl")
    assert (answer.code, answer.obj["spec"]["replicas"]) == (200, 2)


def test_others_conflict_with_client_side_apply(client: Client) -> None:
    answer = client.patch(f"{PATH}/d", "apply", deployment("a:2", 2), query="fieldManager=ci")
    assert answer.code == 409
    fields = [cause["field"] for cause in answer.obj["details"]["causes"]]
    assert fields == [".spec.replicas", '.spec.template.spec.containers[name="a"].image']


def test_what_was_changed_since_still_conflicts(client: Client) -> None:
    client.patch(f"{PATH}/d", "merge", {"spec": {"replicas": 5}}, query="fieldManager=hand")
    answer = client.patch(f"{PATH}/d", "apply", deployment("a:2", 2), query="fieldManager=kubectl")
    assert [cause["field"] for cause in answer.obj["details"]["causes"]] == [".spec.replicas"]


def test_scaling_is_recorded_under_its_subresource(client: Client) -> None:
    client.patch(f"{PATH}/d/scale", "merge", {"spec": {"replicas": 7}}, query="fieldManager=kubectl")
    assert ("kubectl", "Update", "scale") in managers(client.send("GET", f"{PATH}/d").obj)


def test_a_client_may_rewrite_the_ownership_alone(client: Client) -> None:
    fields = client.send("GET", f"{PATH}/d").obj["metadata"]["managedFields"]
    renamed = [{**fields[0], "manager": "other", "operation": "Apply"}]
    patch = [{"op": "replace", "path": "/metadata/managedFields", "value": renamed}]
    client.patch(f"{PATH}/d", "json", patch)
    assert managers(client.send("GET", f"{PATH}/d").obj) == [("other", "Apply", "")]
