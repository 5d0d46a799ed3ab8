"""Reads on a cluster that really runs pods."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudwright.core.context import Context
from cloudwright.core.errors import NotFound, TimedOut
from cloudwright.core.result import Document, Lines, Rows
from cloudwright.core.tool import AnyTool
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.reads import READ_TOOLS
from cloudwright.tools.kubernetes.snapshot import LogReader, take
from tests.servers.fixtures import eventually, open_session

TOOLS = {tool.name: tool for tool in READ_TOOLS}
IMAGE = os.environ.get("TEST_PODS_IMAGE", "registry.local/busybox:1")
PASSWORD = "correct-horse-battery"
SCRIPT = (
    'i=0; while true; do i=$((i+1)); echo "line $i"; [ $((i%5)) = 0 ] && echo "ERROR line $i"; '
    f'echo "password={PASSWORD}"; sleep 0.1; done'
)
KEY = "\n".join(
    ["-----BEGIN RSA PRIVATE KEY-----", *["MIIEowIBAAKCAQEA" + "x" * 48] * 4, "-----END RSA PRIVATE KEY-----"]
)


def run(tool: str, context: Context, **arguments: Any) -> Any:
    found: AnyTool = TOOLS[tool]
    return found.run(found.parse(arguments), context)


def deployment(name: str, command: str, replicas: int = 1, image: str = IMAGE) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", command],
        "resources": {"requests": {"cpu": "1m", "memory": "4Mi"}, "limits": {"memory": "64Mi"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
            },
        },
    }


@pytest.fixture(scope="module")
def shop(pods: Path) -> Iterator[Context]:
    """A namespace with one deployment that works, one that crashes, one without an image, one that logs a key."""
    name = f"reads-{uuid.uuid4().hex[:6]}"
    session = open_session(pods, name)
    client = session.service(KubernetesClient)
    client.request("POST", "/api/v1/namespaces", body={"metadata": {"name": name}})
    for item in (
        deployment("web", SCRIPT, replicas=2),
        deployment("crash", "echo starting; exit 3"),
        deployment("pull", "true", image="registry.invalid/none:1"),
        deployment("leak", f"printf '%s\\n' '{KEY}'; echo after; sleep 1000".replace("\n", "' '")),
    ):
        client.request("POST", f"/apis/apps/v1/namespaces/{name}/deployments", body=item)
    run("wait_for_condition", session, kind="deploy", name="web", until="rolled out", timeout="90s")
    run("wait_for_condition", session, kind="deploy", name="leak", until="rolled out", timeout="90s")
    yield session
    client.request("DELETE", f"/api/v1/namespaces/{name}")


def test_status_words_are_those_of_the_real_pods(shop: Context) -> None:
    def crashing() -> bool:
        rows = run("list_resources", shop, kind="pods", where="restarts > 0 and not Running", columns=["status"]).rows
        return any("crash" in str(row[0]) and row[1] in ("CrashLoopBackOff", "Error") for row in rows)

    def pulling() -> bool:
        return bool(run("list_resources", shop, kind="pods", where="ImagePullBackOff").rows)

    eventually(crashing, 60)
    eventually(pulling, 60)
    running: Rows = run("list_resources", shop, kind="pods", where="Running and owner matches web", group_by=["status"])
    assert running.rows == (("Running", 2),)


def test_logs_of_a_workload_are_merged_by_time_filtered_and_masked(shop: Context) -> None:
    lines: Lines = run("get_logs", shop, kind="deploy", name="web", tail=40, timestamps=True)
    assert len(lines.lines) == 40
    times = [line.split(" | ")[1].split(" ")[0] for line in lines.lines]
    assert times == sorted(times)
    assert len({line.split("/")[0] for line in lines.lines}) == 2
    assert PASSWORD not in "\n".join(lines.lines)
    errors: Lines = run("get_logs", shop, kind="deploy", name="web", include="^error", tail=3)
    assert errors.lines
    assert all("ERROR line" in line for line in errors.lines)


def test_a_key_in_a_log_is_masked_whatever_is_filtered(shop: Context) -> None:
    for arguments in ({}, {"exclude": "BEGIN"}, {"include": "MIIE"}, {"tail": 4}):
        shown = run("get_logs", shop, kind="deploy", name="leak", **arguments).render()
        assert "MIIEowIBAAKCAQEA" not in shown
    assert "after" in run("get_logs", shop, kind="deploy", name="leak").render()


def test_absent_logs_are_explained(shop: Context) -> None:
    quiet = run("get_logs", shop, kind="deploy", name="web", include="never printed").render()
    assert "Nothing was printed matching 'never printed' by web-" in quiet
    with pytest.raises(NotFound) as caught:
        run("get_logs", shop, kind="deploy", name="pull")
    assert "waiting to start" in str(caught.value)
    name = run("list_resources", shop, kind="pods", where="owner matches web").rows[0][0]
    with pytest.raises(NotFound) as other:
        run("get_logs", shop, name=name, container="nope")
    assert "It has main" in str(other.value)


def test_describe_joins_state_owners_and_events(shop: Context) -> None:
    name = run("list_resources", shop, kind="pods", where="owner matches crash").rows[0][0]
    text = run("describe_resource", shop, kind="pod", name=name).render()
    assert "exit code 3" in text
    assert "owned by Deployment crash" in text
    assert "Started container main" in text


def test_metrics_are_measured(shop: Context) -> None:
    eventually(lambda: any(row[3] for row in run("top_pods", shop).rows), 90)
    rows: Rows = run("top_pods", shop)
    memory = rows.columns.index("memory")
    assert all(str(row[memory]).endswith(("Ki", "Mi")) for row in rows.rows)
    nodes: Rows = run("top_nodes", shop)
    assert any(str(row[2]).endswith("%") for row in nodes.rows)


def test_rollouts_and_waiting(shop: Context) -> None:
    done: Document = run("rollout_status", shop, name="web")
    assert isinstance(done.content, dict)
    assert done.content["state"] == "done"
    with pytest.raises(TimedOut) as caught:
        run("wait_for_condition", shop, kind="deploy", name="pull", until="rolled out", timeout="1s")
    assert "is not there yet" in str(caught.value)


def test_impact_of_a_drain_names_the_services_and_what_finds_no_home(shop: Context) -> None:
    name = run("list_resources", shop, kind="pods", where="owner matches web", columns=["node"]).rows[0][1]
    text = run("drain_impact", shop, name=name).render()
    assert "Evicts " in text


def test_a_snapshot_has_the_objects_and_its_logs_are_bounded(shop: Context) -> None:
    snapshot = take(shop, ["pods", "deployments", "events", "nodes", "no-such-kind"], namespaces=[shop.place.namespace])
    assert {item["metadata"]["name"] for item in snapshot.of("deployments.apps")} == {"web", "crash", "pull", "leak"}
    assert any("no-such-kind" in gap for gap in snapshot.gaps)
    reader = LogReader(shop, lines=5)
    pod = next(item for item in snapshot.of("pods") if item["metadata"]["name"].startswith("web"))
    lines = reader.read(shop.place.namespace, pod["metadata"]["name"], "main")
    assert lines is not None
    assert 1 <= len(lines) <= 5
    assert reader.read(shop.place.namespace, "absent", "main") is None
    assert reader.gaps
