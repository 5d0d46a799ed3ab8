"""What the audit log holds."""

import json
from typing import Any

import pytest

from tests.twin.server.client import Client


def events(client: Client, method: str, path: str, query: str = "") -> list[dict[str, Any]]:
    """What one request leaves in the log."""
    lines: list[str] = []
    client.gateway.audit.sinks[:] = [lines.append]
    answer = client.send(method, path, query=query)
    if answer.watch is not None:
        answer.watch.close()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("path", ["/api", "/apis/apps/v1", "/openapi/v3/apis/apps/v1", "/version", "/nowhere"])
def test_paths_that_are_no_resources_are_recorded(path: str) -> None:
    (event,) = events(Client(), "GET", path, "timeout=32s")
    assert (event["verb"], event["requestURI"]) == ("get", f"{path}?timeout=32s")
    assert "objectRef" not in event
    assert event["responseStatus"]["code"] == (404 if path == "/nowhere" else 200)


def test_a_resource_that_is_not_served_is_recorded() -> None:
    (event,) = events(Client(), "GET", "/apis/nope.example/v1/things")
    assert event["objectRef"] == {"resource": "things", "apiGroup": "nope.example", "apiVersion": "v1"}
    assert event["responseStatus"]["code"] == 404


def test_a_watch_is_recorded_when_it_starts() -> None:
    (event,) = events(Client(), "GET", "/api/v1/namespaces/default/pods", "watch=1")
    assert (event["verb"], event["stage"], event["level"]) == ("watch", "ResponseStarted", "Metadata")


def test_exec_is_recorded_as_a_switch_of_protocols() -> None:
    client = Client()
    path = "/api/v1/namespaces/default"
    client.send("POST", f"{path}/serviceaccounts", {"metadata": {"name": "default"}})
    client.send(
        "POST", f"{path}/pods", {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    )
    (event,) = events(client, "GET", f"{path}/pods/p/exec", "command=ls")
    assert (event["objectRef"]["subresource"], event["responseStatus"]["code"]) == ("exec", 101)


def test_listening_changes_no_uid() -> None:
    listened, alone = Client(), Client()
    events(listened, "GET", "/api")
    body = {"metadata": {"name": "m"}}
    path = "/api/v1/namespaces/default/configmaps"
    uids = {each.send("POST", path, body).obj["metadata"]["uid"] for each in (listened, alone)}
    assert len(uids) == 1
