"""Nothing that a cluster keeps secret gets into what an investigation prints or saves, wherever it was written down."""

import base64
import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.surfaces.terminal import PROGRAM

PLANTED = {
    "secret": "Vt9-kQ2x-LmP4wZ81",
    "url": "hunter2Qx7!aLong",
    "argument": "s3cr3tArgumentValue",
    "config": "c0nfigMapPassw0rd",
    "token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzaG9wIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg",
    "log": "l0ggedPassw0rd99",
    "event": "ev3ntTokenValue77",
    "key": "AKIAIOSFODNN7ABCDEFG",
}
"""What was planted, by where."""


def meta(name: str, **more: Any) -> dict[str, Any]:
    made = {"name": name, "namespace": "shop", "uid": f"uid-{name}", "creationTimestamp": "2026-03-01T10:00:00Z"}
    return {**made, **more}


def workload(name: str, container: dict[str, Any], **spec: Any) -> list[dict[str, Any]]:
    """A Deployment and its Pod, which crashes."""
    labels = {"app": name}
    inner = {"containers": [{"name": "app", "image": "registry.example/app:1", **container}], **spec}
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": f"uid-{name}", "controller": True}
    ended = {
        "reason": "Error",
        "exitCode": 1,
        "finishedAt": "2026-03-01T11:59:40Z",
        "message": f"password={PLANTED['log']} rejected",
    }
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off"}
    state = {
        "name": "app",
        "ready": False,
        "restartCount": 4,
        "state": {"waiting": waiting},
        "lastState": {"terminated": ended},
    }
    before = {"name": "app", "image": "x", "env": [{"name": "DB_PASSWORD", "value": PLANTED["config"]}]}
    text = json.dumps({"password": PLANTED["config"], "spec": {"template": {"spec": {"containers": [before]}}}})
    applied = {"kubectl.kubernetes.io/last-applied-configuration": text}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(name, annotations=applied),
         "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": inner}}, "status": {}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {**meta(f"{name}-x"), "uid": f"uid-{name}-x", "labels": labels, "ownerReferences": [owner]},
         "spec": {**inner, "nodeName": "n1"}, "status": {"phase": "Running", "containerStatuses": [state], "conditions": [{"type": "Ready", "status": "False"}]}},
    ]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dump in which every finding has a secret near it."""
    url = f"postgres://shop:{PLANTED['url']}@orders-db:5999/orders"
    env = [{"name": "DB_URL", "value": url}, {"name": "AWS_SECRET_ACCESS_KEY", "value": PLANTED["key"]}]
    args = ["--verbose", f"--db-password={PLANTED['argument']}"]
    init = {"name": "wait", "image": "x", "command": ["sh", "-c", f"until psql --password={PLANTED['argument']} {url}"]}
    encoded = base64.b64encode(PLANTED["secret"].encode()).decode()
    ports = [{"port": 5432, "targetPort": 5432}]
    event = {
        "apiVersion": "v1", "kind": "Event", "metadata": meta("api.1"), "type": "Warning", "reason": "FailedMount", "count": 9,
        "message": f"MountVolume.SetUp failed: mount: password={PLANTED['event']} token: {PLANTED['token']} refused",
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "api-x", "uid": "uid-api-x"}, "lastTimestamp": "2026-03-01T11:59:50Z",
    }  # fmt: skip
    objects = [
        *workload("api", {"env": env, "args": args}, initContainers=[init]),
        {"apiVersion": "v1", "kind": "Secret", "metadata": meta("login"), "data": {"password": encoded, "url": base64.b64encode(url.encode()).decode()}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("settings"), "data": {"db.password": PLANTED["config"], "app.ini": f"[db]\npassword = {PLANTED['config']}\n"}},
        {"apiVersion": "v1", "kind": "Service", "metadata": meta("orders-db"), "spec": {"selector": {"app": "orders-db"}, "clusterIP": "10.96.0.9", "ports": ports}},
        event,
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("dump")
    (path / "objects.yaml").write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": objects}))
    lines = [
        f"connecting to {url}", f"Authorization: Bearer {PLANTED['token']}", f'FATAL: login failed, password="{PLANTED["log"]}"',
        f"dial tcp orders-db:5999: connect: connection refused (url {url})",
    ]  # fmt: skip
    (path / "shop" / "api-x").mkdir(parents=True)
    (path / "shop" / "api-x" / "app.log").write_text("\n".join(lines * 3))
    return path


def leaked(text: str) -> list[str]:
    """Where what is in a text was planted; base64 counts as well."""
    forms = {name: {value, base64.b64encode(value.encode()).decode()} for name, value in PLANTED.items()}
    return [name for name, values in forms.items() if any(value in text for value in values)]


@pytest.mark.parametrize("output", ["text", "json", "markdown", "html"])
def test_an_investigation_prints_no_secret(folder: Path, output: str) -> None:
    command = [str(PROGRAM), "investigate", "--from", str(folder), "--output", output]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 3, done.stderr
    assert "orders-db" in done.stdout, "what is no secret has to be there"
    assert leaked(done.stdout + done.stderr) == []


def test_a_saved_snapshot_holds_no_value_of_a_secret(folder: Path, tmp_path: Path) -> None:
    command = [str(PROGRAM), "snapshot", "--from", str(folder), str(tmp_path / "kept.json.gz")]
    subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    text = gzip.decompress((tmp_path / "kept.json.gz").read_bytes()).decode()
    assert leaked(text) == []
