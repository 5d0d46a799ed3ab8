"""What patches refuse, in the server's words."""

import pytest

from cloudwright.twin.server.patches import go_shown
from tests.twin.server.client import Client

PATH = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


@pytest.fixture
def client() -> Client:
    """A server with a config map and a deployment."""
    made = Client()
    made.send("POST", PATH, {"metadata": {"name": "m"}, "data": {"a": "b"}})
    labels = {"app": "a"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    made.send("POST", DEPLOYMENTS, {"metadata": {"name": "d"}, "spec": spec})
    return made


@pytest.mark.parametrize("path", ["/data/zz", "/nope", "/metadata/labels/x", "/data/zz/y"])
def test_what_is_not_there_cannot_be_removed(client: Client, path: str) -> None:
    answer = client.patch(f"{PATH}/m", "json", [{"op": "remove", "path": path}])
    assert (answer.code, answer.obj["reason"]) == (422, "Invalid")


def test_replacing_what_is_not_there_adds_it(client: Client) -> None:
    answer = client.patch(f"{PATH}/m", "json", [{"op": "replace", "path": "/data/z", "value": "1"}])
    assert answer.obj["data"] == {"a": "b", "z": "1"}


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"minReadySeconds": "x"}, "unrecognized type: int32"),
        ({"paused": 1}, "unrecognized type: bool"),
        ({"template": {"spec": {"dnsPolicy": True}}}, "unrecognized type: string"),
        ({"selector": "x"}, "cannot restore struct from: string"),
        ({"template": {"spec": {"dnsPolicy": 3}}}, "cannot convert int64 to v1.DNSPolicy"),
    ],
)
def test_a_strategic_patch_of_the_wrong_type_is_shown(client: Client, spec: dict[str, object], why: str) -> None:
    answer = client.patch(f"{DEPLOYMENTS}/d", "strategic-merge", {"spec": spec})
    assert answer.code == 422
    cause = f'Invalid value: "{go_shown({"spec": spec})}": {why}'
    assert answer.obj["details"]["causes"] == [{"reason": "FieldValueInvalid", "message": cause, "field": "patch"}]


def test_values_are_shown_as_go_prints_them() -> None:
    assert go_shown({"b": [1, True, None], "a": {"x": "y"}}) == "map[a:map[x:y] b:[1 true <nil>]]"
