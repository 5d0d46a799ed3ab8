"""OpenAPI documents and what clients read from them."""

import pytest

from tests.twin.server.client import Client

PATCH = "/apis/lab.example/v1/namespaces/{namespace}/gizmos/{name}"


@pytest.fixture
def client() -> Client:
    """A server with a custom kind."""
    made = Client()
    mode = {"type": "string", "enum": ["a", "b"], "description": "How."}
    spec = {"type": "object", "description": "What is wanted.", "properties": {"mode": mode}, "required": ["mode"]}
    schema = {"type": "object", "description": "A gizmo.", "properties": {"spec": spec}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": "Gizmo", "plural": "gizmos", "singular": "gizmo"}
    crd = {"group": "lab.example", "names": names, "scope": "Namespaced", "versions": [version]}
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    assert made.send("POST", path, {"metadata": {"name": "gizmos.lab.example"}, "spec": crd}).code == 201
    return made


def test_a_custom_kinds_schema_is_published_as_it_was_given(client: Client) -> None:
    document = client.send("GET", "/openapi/v3/apis/lab.example/v1").obj
    shown = document["components"]["schemas"]["example.lab.v1.Gizmo"]
    assert shown["description"] == "A gizmo."
    assert shown["properties"]["spec"]["properties"]["mode"]["enum"] == ["a", "b"]
    assert shown["properties"]["kind"]["description"]
    assert client.send("GET", "/openapi/v2").obj["definitions"]["example.lab.v1.Gizmo"]["description"] == "A gizmo."


def test_custom_kinds_offer_no_strategic_merge(client: Client) -> None:
    custom = client.send("GET", "/openapi/v3/apis/lab.example/v1").obj["paths"][PATCH]["patch"]["requestBody"]
    builtin = client.send("GET", "/openapi/v3/apis/apps/v1").obj["paths"]
    path = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    strategic = "application/strategic-merge-patch+json"
    assert strategic not in custom["content"]
    assert strategic in builtin[path]["patch"]["requestBody"]["content"]


def test_version_2_in_protobuf_is_a_document_of_its_own(client: Client) -> None:
    wanted = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    answer = client.send("GET", "/openapi/v2", accept=wanted)
    assert (answer.media, answer.encoded()[:5]) == (wanted.replace("@", "."), b"\x0a\x032.0")


def test_local_apis_and_components_are_healthy(client: Client) -> None:
    services = client.send("GET", "/apis/apiregistration.k8s.io/v1/apiservices").obj["items"]
    assert {each["status"]["conditions"][0]["reason"] for each in services} == {"Local"}
    components = client.send("GET", "/api/v1/componentstatuses").obj["items"]
    assert {each["conditions"][0]["status"] for each in components} == {"True"}
    table = client.send("GET", "/api/v1/componentstatuses", accept="application/json;as=Table;v=v1;g=meta.k8s.io").obj
    assert table["rows"][0]["cells"] == ["controller-manager", "Healthy", "ok", ""]
    remote = {"group": "x.example", "version": "v1", "service": {"name": "x", "namespace": "default"}}
    body = {"metadata": {"name": "v1.x.example"}, "spec": {**remote, "groupPriorityMinimum": 10, "versionPriority": 10}}
    made = client.send("POST", "/apis/apiregistration.k8s.io/v1/apiservices", body).obj
    assert made["status"]["conditions"][0]["status"] == "False"
