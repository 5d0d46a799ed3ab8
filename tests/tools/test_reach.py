"""Reaching into real pods, and moving them: exec, copy, port-forward, evict, a rollout that breaks and goes back."""

import os
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudwright.core.change import Progress
from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments, NotFound, Unsupported
from cloudwright.core.tool import Effect, ToolCall
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.port_forward import close_tunnels
from tests.servers.fixtures import eventually, open_session
from tests.tools.desk import User

IMAGE = os.environ.get("TEST_PODS_IMAGE", "registry.local/busybox:1")
SERVE = "mkdir -p /www; echo hello > /www/index.html; exec httpd -f -p 8080 -h /www"


@pytest.fixture(scope="module")
def shop(pods: Path) -> Iterator[Context]:
    """A namespace with a web server of two replicas."""
    name = f"reach-{uuid.uuid4().hex[:6]}"
    session = open_session(pods, name)
    client = session.service(KubernetesClient)
    client.request("POST", "/api/v1/namespaces", body={"metadata": {"name": name}})
    container = {
        "name": "main",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", SERVE],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
    }
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
    }
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    client.request("POST", f"/apis/apps/v1/namespaces/{name}/deployments", body=body)
    eventually(lambda: len(ready_pods(session)) == 2, 90)
    yield session
    client.request("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def user(shop: Context, tmp_path: Path) -> User:
    return User(shop, tmp_path / "journal")


def ready_pods(context: Context) -> list[dict[str, Any]]:
    """The ready pods that are not going."""
    client = context.service(KubernetesClient)
    found = client.list(f"/api/v1/namespaces/{context.place.namespace}/pods", {"labelSelector": "app=web"})
    return [
        pod
        for pod in found
        if not pod["metadata"].get("deletionTimestamp")
        and any(item["type"] == "Ready" and item["status"] == "True" for item in pod["status"].get("conditions") or [])
    ]


def a_pod(user: User) -> str:
    return str(ready_pods(user.context)[0]["metadata"]["name"])


def look(user: User, name: str, *command: str) -> str:
    tool = user.gate.catalog.get("exec_read_only")
    return str(tool.run(tool.parse({"name": name, "command": list(command)}), user.context).render())


def test_a_program_that_only_looks_runs_at_once_and_any_other_asks(user: User) -> None:
    pod = a_pod(user)
    assert "index.html" in look(user, pod, "ls", "/www")
    assert "exit code 1" in look(user, pod, "cat", "/no/such/file")
    with pytest.raises(InvalidArguments, match="exec_command"):
        look(user, pod, "sh", "-c", "id")


def test_arguments_reach_the_program_one_by_one_with_no_shell_between(user: User) -> None:
    proposal = user.propose("exec_command", name=a_pod(user), command=["echo", "$HOME; id", "a  b", "*"])
    assert proposal.effect is Effect.DESTRUCTIVE
    assert "$HOME; id a  b *" in user.execute(proposal).result.render()
    failed = user.change("exec_command", name=a_pod(user), command=["sh", "-c", "echo no >&2; exit 3"])
    assert "exit code 3" in failed.result.render()
    assert "stderr: no" in failed.result.render()
    assert failed.result.failure == "exit code 3"
    looked = user.gate.read(
        ToolCall(tool="exec_read_only", arguments={"name": a_pod(user), "command": ["ls", "/nowhere"]}),
        user.context,
        user.me,
    )
    assert looked.result.failure.startswith("exit code")


def test_files_go_in_and_come_out_unchanged(user: User, tmp_path: Path) -> None:
    pod = a_pod(user)
    folder = tmp_path / "box"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "data.bin").write_bytes(bytes(range(256)) * 4000)
    user.change("copy_to_pod", name=pod, source=str(folder), destination="/www")
    user.change("copy_from_pod", name=pod, source="/www/box", destination=str(tmp_path / "back"))
    assert (tmp_path / "back" / "inner" / "data.bin").read_bytes() == bytes(range(256)) * 4000
    with pytest.raises(InvalidArguments, match="exists already"):
        user.propose("copy_from_pod", name=pod, source="/www/box", destination=str(tmp_path / "back"))
    with pytest.raises(NotFound, match="absent"):
        user.change("copy_from_pod", name=pod, source="/absent", destination=str(tmp_path / "other"))


def test_what_is_copied_is_what_was_approved(user: User, tmp_path: Path) -> None:
    source = tmp_path / "fix.conf"
    source.write_text("good")
    proposal = user.propose("copy_to_pod", name=a_pod(user), source=str(source), destination="/www")
    source.write_text("evil")
    with pytest.raises(Exception, match="content"):
        user.execute(proposal)


def test_a_tunnel_carries_several_connections_and_closes(user: User) -> None:
    outcome = user.change("port_forward", name=a_pod(user), port=8080, seconds=60)
    port = outcome.result.model_dump()["data"]["local_port"]
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        for _ in range(3):
            with direct.open(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                assert answer.read() == b"hello\n"
    finally:
        close_tunnels()

    def closed() -> bool:
        try:
            direct.open(f"http://127.0.0.1:{port}/", timeout=1).close()
        except OSError:
            return True
        return False

    eventually(closed, 10)


def test_a_container_that_does_not_run_cannot_be_reached(user: User) -> None:
    client = user.context.service(KubernetesClient)
    containers = [{"name": "c", "image": "registry.invalid/none:1"}]
    body = {"metadata": {"name": "stuck"}, "spec": {"containers": containers}}
    client.request("POST", f"/api/v1/namespaces/{user.namespace}/pods", body=body)
    with pytest.raises(Unsupported, match="not running"):
        user.propose("exec_command", name="stuck", command=["true"])


def test_a_broken_rollout_goes_back_and_an_evicted_pod_is_replaced(user: User) -> None:
    user.change("set_image", name="web", image="registry.invalid/none:2")
    eventually(lambda: len(user_pods(user)) == 3)
    back = user.propose("rollout_undo", name="web")
    assert any("1 pod of Deployment web" in impact.text for impact in back.preview.blast_radius)
    assert user.execute(back).verification.progress is Progress.DONE
    eventually(lambda: len(ready_pods(user.context)) == 2 == len(user_pods(user)))
    victim = a_pod(user)
    assert user.change("evict_pod", name=victim).verification.progress is Progress.DONE
    eventually(lambda: len(ready_pods(user.context)) == 2 and victim not in user_pods(user))


def user_pods(user: User) -> list[str]:
    client = user.context.service(KubernetesClient)
    found = client.list(f"/api/v1/namespaces/{user.namespace}/pods", {"labelSelector": "app=web"})
    return [pod["metadata"]["name"] for pod in found if not pod["metadata"].get("deletionTimestamp")]
