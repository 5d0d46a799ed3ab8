"""Files that people have: kubectl's dump and lists, must-gather folders, own snapshots; made by a real kubectl where there is one."""

import gzip
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudwright.core.errors import UsageError
from cloudwright.core.masking import SessionRedactor
from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.load import folder
from cloudwright.diagnosis.load.save import save
from tests.diagnosis.samples.base import crashing
from tests.diagnosis.world import container, deployment, log, node, pod, service, thing, view
from tests.servers.apiserver import ControlPlane

Dict = dict[str, Any]
LINE = "fatal: environment variable API_KEY is not set"
WEB = deployment("web", ready=0)
OBJECTS = [WEB, crashing(WEB), node()]


def put(path: Path, content: object) -> None:
    """A file with this text, or these objects."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        path.write_text(content)
    elif path.suffix == ".json":
        path.write_text(json.dumps(content, indent=1))
    else:
        path.write_text(yaml.safe_dump(content))


def listed(kind: str, *items: Dict) -> Dict:
    """A list as kubectl writes it with the kind left out of its items."""
    bare = [{key: value for key, value in item.items() if key not in ("kind", "apiVersion")} for item in items]
    version = items[0]["apiVersion"] if items else "v1"
    return {"apiVersion": version, "kind": f"{kind}List", "items": bare}


def dumped(lines: str) -> str:
    """A log as `cluster-info dump` frames it."""
    return f"==== START logs for container app of pod shop/web-x ====\n{lines}\n==== END logs for container app of pod shop/web-x ====\n"


def first(path: Path) -> tuple[str, str]:
    """Kind and object of the first cause."""
    cause = investigate(folder.load(path)).causes[0]
    return cause.kind, cause.object.name


def test_a_dump_written_to_a_folder(tmp_path: Path) -> None:
    put(tmp_path / "nodes.json", listed("Node", node()))
    put(tmp_path / "shop" / "pods.json", listed("Pod", OBJECTS[1]))
    put(tmp_path / "shop" / "deployments.json", listed("Deployment", WEB))
    put(tmp_path / "shop" / "web-x" / "logs.txt", dumped(LINE))
    assert first(tmp_path) == ("setting-missing", "web")


def test_a_dump_written_to_one_file(tmp_path: Path) -> None:
    lists = [listed("Node", node()), listed("Pod", OBJECTS[1]), listed("Deployment", WEB)]
    text = "\n".join(json.dumps(item, indent=4) for item in lists)
    put(tmp_path / "dump.txt", text + "\n" + dumped(LINE))
    assert first(tmp_path / "dump.txt") == ("setting-missing", "web")


def test_a_must_gather(tmp_path: Path) -> None:
    root = tmp_path / "must-gather.local.1" / "quay-io-image"
    put(root / "cluster-scoped-resources" / "core" / "nodes" / "n1.yaml", node())
    put(root / "namespaces" / "shop" / "core" / "pods.yaml", listed("Pod", OBJECTS[1]))
    put(root / "namespaces" / "shop" / "apps" / "deployments.yaml", listed("Deployment", WEB))
    put(
        root / "namespaces" / "shop" / "pods" / "web-x" / "app" / "app" / "logs" / "previous.log", f"starting\n{LINE}\n"
    )
    put(root / "event-filter.html", "<html></html>")
    assert first(tmp_path) == ("setting-missing", "web")


def test_lists_of_get_and_compressed_files(tmp_path: Path) -> None:
    both = {"apiVersion": "v1", "kind": "List", "items": [deployment("web"), service("web", selector={"app": "wbe"})]}
    put(tmp_path / "all.yaml", both)
    (tmp_path / "pods.yaml.gz").write_bytes(gzip.compress(yaml.safe_dump(pod(deployment("web"))).encode()))
    assert first(tmp_path) == ("service-selector-mismatch", "web")


def test_a_snapshot_comes_back_as_it_was(tmp_path: Path) -> None:
    saved = view(*OBJECTS, logs=[log(WEB, LINE, previous=True)])
    save(saved, tmp_path / "snapshot.json.gz", SessionRedactor(b"0" * 32))
    again = folder.load(tmp_path / "snapshot.json.gz")
    assert (again.id, again.complete, again.collected_at) == (saved.id, saved.complete, saved.collected_at)
    assert first(tmp_path / "snapshot.json.gz") == ("setting-missing", "web")


def test_secret_values_of_files_are_not_kept(tmp_path: Path) -> None:
    put(
        tmp_path / "secret.yaml",
        thing("Secret", "login", data={"password": "aHVudGVyMg=="}, stringData={"token": "hunter2"}),
    )
    kept = folder.load(tmp_path).of("Secret")[0]
    assert "hunter2" not in json.dumps(kept)
    assert "aHVudGVyMg==" not in json.dumps(kept)


def test_what_cannot_be_read_is_a_gap(tmp_path: Path) -> None:
    put(tmp_path / "web.yaml", deployment("web", container()))
    put(tmp_path / "torn.json", '{"kind": "Pod", "metadata": {"na')
    gaps = folder.load(tmp_path).gaps
    assert len(gaps) == 1
    assert gaps[0].startswith("torn.json cannot be read")


@pytest.mark.parametrize("content", ["", "just words", "a: 1"])
def test_nothing_of_kubernetes_is_one_sentence(tmp_path: Path, content: str) -> None:
    put(tmp_path / "notes.yaml", content)
    with pytest.raises(UsageError, match="is a Kubernetes object"):
        folder.load(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        folder.load(tmp_path / "gone")


def kubectl(cluster: ControlPlane, *words: str) -> str:
    """What the real kubectl prints."""
    program = Path(os.environ["KUBEBUILDER_ASSETS"]) / "kubectl"
    if not program.exists():
        pytest.skip("KUBEBUILDER_ASSETS has no kubectl")
    command = [str(program), "--kubeconfig", str(cluster.kubeconfig), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.fixture
def mistaken(cluster: ControlPlane, namespace: str) -> str:
    """A namespace whose Service names a port that its Pods do not have; they run."""
    web = deployment("web", space=namespace)
    wrong = service("web", target="htp", space=namespace)
    made = [{**item, "metadata": {"name": "web", "namespace": namespace}} for item in (web, wrong)]
    made[1]["spec"] = {key: value for key, value in wrong["spec"].items() if key != "clusterIP"}
    del made[0]["status"]
    cluster.create(*made)
    path = f"/api/v1/namespaces/{namespace}/pods"
    found = cluster.await_path(path, lambda answer: len(answer["items"]) == 1)
    running = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "PodScheduled", "status": "True"}],
    }
    cluster.set_status({"kind": "Pod", "apiVersion": "v1", "metadata": found["items"][0]["metadata"]}, running)
    cluster.await_path(
        f"/apis/apps/v1/namespaces/{namespace}/deployments/web", lambda one: one["status"].get("readyReplicas")
    )
    return namespace


def causes_of(path: Path, namespace: str) -> list[tuple[str, str]]:
    """What is found in one namespace of files."""
    return [(one.kind, one.object.name) for one in investigate(folder.load(path), namespaces=[namespace]).causes]


def test_a_dump_of_the_real_kubectl_in_a_folder(cluster: ControlPlane, mistaken: str, tmp_path: Path) -> None:
    kubectl(cluster, "cluster-info", "dump", f"--namespaces={mistaken}", f"--output-directory={tmp_path}")
    assert causes_of(tmp_path, mistaken) == [("service-port-name-unknown", "web")]


def test_a_dump_of_the_real_kubectl_in_one_file(cluster: ControlPlane, mistaken: str, tmp_path: Path) -> None:
    put(tmp_path / "dump.txt", kubectl(cluster, "cluster-info", "dump", f"--namespaces={mistaken}"))
    assert causes_of(tmp_path / "dump.txt", mistaken) == [("service-port-name-unknown", "web")]


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_list_of_the_real_kubectl(cluster: ControlPlane, mistaken: str, tmp_path: Path, form: str) -> None:
    put(tmp_path / f"all.{form}", kubectl(cluster, "get", "deployments,services,pods,nodes,events", "-A", "-o", form))
    assert causes_of(tmp_path, mistaken) == [("service-port-name-unknown", "web")]
