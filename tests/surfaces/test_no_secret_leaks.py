"""The corpus of secrets planted all over a namespace on a real API server: no tool, file, screen or error shows one."""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from cloudwright.core.approval import Approver
from cloudwright.core.catalog import Catalog
from cloudwright.core.context import Context
from cloudwright.core.errors import CloudwrightError
from cloudwright.core.gate import Gate
from cloudwright.core.journal import Journal
from cloudwright.core.masking import SessionRedactor
from cloudwright.core.proposal import Provenance, Source
from cloudwright.core.store import DirectoryResultStore
from cloudwright.core.tool import ToolCall
from cloudwright.policies.approval import load_rules
from cloudwright.tools.catalog import every_tool
from cloudwright.tools.kubernetes.access import AccessChecker
from cloudwright.tools.kubernetes.session import connect
from tests.servers.apiserver import ControlPlane
from tests.surfaces.terminal import Terminal

_LINES = (Path(__file__).parents[1] / "corpora" / "secrets.jsonl").read_text().splitlines()
SECRETS: list[dict[str, Any]] = [entry for entry in map(json.loads, _LINES) if "id" in entry]
_LONG_LINE = 20


def secret_of(entry: Mapping[str, Any]) -> str:
    return "".join(entry["parts"])


def text_of(entry: Mapping[str, Any]) -> str:
    return str(entry["text"]).replace("{S}", secret_of(entry))


def needles(entry: Mapping[str, Any]) -> list[str]:
    """What must not show up: the secret; of one with several lines, every long line."""
    lines = secret_of(entry).splitlines()
    return lines if len(lines) == 1 else [line for line in lines if len(line) >= _LONG_LINE]


def leaked(output: str) -> list[str]:
    """Ids of the secrets in an output, as it stands or as the JSON strings in it."""
    plain = output.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")
    return [entry["id"] for entry in SECRETS if any(item in output or item in plain for item in needles(entry))]


def grouped(entries: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
    """Name → text, as many mappings as it takes for no name to be used twice in one."""
    groups: list[dict[str, str]] = []
    for entry in entries:
        name = str(entry["name"] or entry["id"]).replace(" ", "-")
        group = next((item for item in groups if name not in item), None)
        if group is None:
            group = {}
            groups.append(group)
        group[name] = text_of(entry)
    return groups


@dataclass
class Planted:
    """Objects in one namespace that hold the whole corpus."""

    namespace: str
    objects: list[dict[str, Any]] = field(default_factory=list)

    def add(self, kind: str, name: str, version: str = "v1", **body: Any) -> dict[str, Any]:
        metadata = {"name": name, "namespace": self.namespace, **body.pop("metadata", {})}
        self.objects.append({"apiVersion": version, "kind": kind, "metadata": metadata, **body})
        return self.objects[-1]

    def maps(self) -> None:
        flat = ("configmap", "kubeconfig", "url", "log", "error")
        for number, data in enumerate(grouped(at(*flat))):
            self.add("ConfigMap", f"settings-{number}", data=data)
        for number, notes in enumerate(grouped(at("annotation", "last_applied"))):
            self.add("ConfigMap", f"noted-{number}", metadata={"annotations": notes})
        for number, data in enumerate(grouped(at("secret_data"))):
            encoded = {key: value for key, value in data.items() if is_base64(value)}
            rest = {key: value for key, value in data.items() if key not in encoded}
            self.add("Secret", f"keys-{number}", data=encoded, stringData=rest)

    def workload(self) -> None:
        containers = [
            {
                "name": f"env-{number}",
                "image": "example/app:1",
                "env": [{"name": k, "value": v} for k, v in env.items()],
            }
            for number, env in enumerate(grouped(at("env")))
        ]
        arguments = [text_of(entry) for entry in at("command_line", "url")]
        containers.append({"name": "args", "image": "example/app:1", "command": ["/app"], "args": arguments})
        pod = {"metadata": {"labels": {"app": "leaky"}}, "spec": {"containers": containers}}
        spec = {"replicas": 1, "selector": {"matchLabels": {"app": "leaky"}}, "template": pod}
        self.add("Deployment", "leaky", "apps/v1", spec=spec)

    def events(self) -> None:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "leaky", "namespace": self.namespace}
        for number, entry in enumerate(at("event", "error", "log")):
            self.add(
                "Event",
                f"leaky.{number}",
                involvedObject=target,
                reason=f"Reason{number}",
                message=text_of(entry),
                type="Warning",
                firstTimestamp="2026-11-21T00:00:00Z",
                lastTimestamp="2026-11-21T00:00:00Z",
            )


def at(*places: str) -> list[dict[str, Any]]:
    """The entries of these places; the rest of the corpus is planted by the others."""
    return [entry for entry in SECRETS if entry["where"] in places]


def is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False


@pytest.fixture
def planted(cluster: ControlPlane, namespace: str) -> Planted:
    found = Planted(namespace)
    found.maps()
    found.workload()
    found.events()
    cluster.create(*found.objects)
    deployment = next(item for item in found.objects if item["kind"] == "Deployment")
    path = f"/api/v1/namespaces/{namespace}/pods?labelSelector=app%3Dleaky"
    pod = cluster.await_path(path, lambda answer: answer["items"])["items"][0]
    conditions = [
        {"type": f"Said{number}", "status": "False", "reason": "Failed", "message": text_of(entry)}
        for number, entry in enumerate(at("log", "error"))
    ]
    cluster.set_status({"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"]}, {"conditions": conditions})
    found.objects.append({"kind": "Pod", "metadata": pod["metadata"]})
    assert deployment["metadata"]["name"] == "leaky"
    return found


@dataclass
class Reader:
    """Runs calls through the gate in one process, and keeps all that anybody could see of them."""

    gate: Gate
    context: Context
    me: Approver
    _count: int = 0
    seen: dict[str, str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def read(self, tool: str, **arguments: Any) -> None:
        call = ToolCall(tool=tool, arguments=arguments)
        label = f"{tool} {json.dumps(arguments)}"
        try:
            found = self.gate.read(call, self._fresh(), self.me)
        except CloudwrightError as error:
            self.failed.append(f"{label}: {error}")
            self.seen[label] = f"{error} {error!r}"
            return
        texts = (found.result.model_dump_json(), found.result.render(1_000_000), found.evidence.model_dump_json())
        self.seen[label] = "\n".join(texts)

    def propose(self, tool: str, **arguments: Any) -> None:
        call = ToolCall(tool=tool, arguments=arguments)
        label = f"{tool} {sorted(arguments)} {len(self.seen)}"
        try:
            proposal = self.gate.propose(call, self._fresh(), self.me, Provenance(source=Source.USER))
            self.seen[label] = proposal.model_dump_json() + proposal.preview.diff()
        except CloudwrightError as error:
            self.seen[label] = f"{error} {error!r}"

    def _fresh(self) -> Context:
        """A session that has not learnt any secret from an earlier read."""
        self._count += 1
        return replace(self.context, redactor=SessionRedactor(b"leaks%d" % self._count))

    def leaks(self) -> dict[str, list[str]]:
        return {label[:120]: ids for label, text in self.seen.items() if (ids := leaked(text))}


@pytest.fixture
def reader(cluster: ControlPlane, namespace: str, tmp_path: Path) -> Reader:
    context = connect(
        str(cluster.kubeconfig),
        namespace=namespace,
        redactor=SessionRedactor(b"leaks" * 8),
        results=DirectoryResultStore(tmp_path / "results"),
        session="leaks",
    )
    gate = Gate(Catalog(every_tool()), Journal(tmp_path / "journal.sqlite"), load_rules(None), AccessChecker())
    return Reader(gate, context, Approver(identity="admin"))


def raw_strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "data" and value.get("kind") == "Secret":
                yield from (base64.b64decode(text).decode("utf-8", "replace") for text in item.values())
            yield from raw_strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from raw_strings(item)
    elif isinstance(value, str):
        yield value


def files_below(folder: Path) -> str:
    return "\n".join(path.read_bytes().decode("utf-8", "replace") for path in folder.rglob("*") if path.is_file())


def read_everything(reader: Reader, planted: Planted) -> None:
    """Every read that shows what was planted, in more than one form."""
    for item in planted.objects:
        if item["kind"] != "Event":
            reader.read("get_resource", kind=item["kind"], name=item["metadata"]["name"])
            reader.read("describe_resource", kind=item["kind"], name=item["metadata"]["name"])
    kinds = ("configmaps", "secrets", "deployments", "replicasets", "pods", "events")
    paths = ("data", "metadata.annotations", "spec.template.spec.containers", "spec.containers", "status.conditions")
    for kind in kinds:
        reader.read("list_resources", kind=kind, limit=500)
        for path in (*paths, "message"):
            reader.read("list_resources", kind=kind, limit=500, columns=["name", path])
    reader.read("list_resources", kind="events", limit=500, group_by=["message"])
    reader.read("list_events", limit=500)
    reader.read("list_events", kind="deployment", name="leaky", limit=500)
    for kind in ("deployment", "configmap", "secret"):
        reader.read("compare_resources", kind=kind, other_namespace="default", limit=500)
    reader.read("compare_resources", kind="configmap", name="settings-0", other_name="settings-1", limit=500)
    reader.read("compare_resources", kind="secret", name="keys-0", other_name="keys-1", limit=500)
    for tool in ("rollout_status", "rollout_history"):
        reader.read(tool, name="leaky")
    reader.read("rollout_history", name="leaky", revision=1)
    reader.read("owners", kind="deployment", name="leaky")
    reader.read("delete_impact", kind="deployment", name="leaky")
    reader.read("explain_field", kind="secret", path="data")
    reader.read("wait_for_condition", kind="deployment", name="leaky", until="Available", timeout="1s")
    reader.read("get_logs", name="leaky", kind="deployment")


def change_everything(reader: Reader, planted: Planted) -> None:
    """Previews that have a planted secret on the old side, and some on the new side."""
    for item in planted.objects:
        kind, name = item["kind"], item["metadata"]["name"]
        if kind in ("ConfigMap", "Secret", "Deployment"):
            reader.propose("delete_resource", kind=kind, name=name)
            reader.propose("label_resource", kind=kind, name=name, set={"seen": "yes"})
        if kind in ("ConfigMap", "Secret") and item.get("data"):
            gone = dict.fromkeys(item["data"])
            reader.propose("patch_resource", kind=kind, name=name, patch={"data": gone}, type="merge")
            moved = {**item, "metadata": {**item["metadata"], "name": f"{name}-copy"}}
            reader.propose("apply_manifest", manifest=json.dumps(moved))
            reader.propose("create_resource", manifest=json.dumps(moved))
    for entry in at("env"):
        reader.propose("set_env", name="leaky", container="args", set={entry["name"]: text_of(entry)})
    for entry in at("env")[::6]:
        bad = {"spec": {"replicas": text_of(entry), "progressDeadlineSeconds": text_of(entry)}}
        reader.propose("patch_resource", kind="deployment", name="leaky", patch=bad, type="merge")


def test_no_planted_secret_is_shown_or_kept(
    cluster: ControlPlane, planted: Planted, reader: Reader, tmp_path: Path
) -> None:
    stored = [
        cluster.request("GET", f"/{root}/namespaces/{planted.namespace}/{plural}")
        for root, plural in (
            ("api/v1", "configmaps"), ("api/v1", "secrets"), ("api/v1", "events"), ("apis/apps/v1", "deployments")
        )
    ]  # fmt: skip
    for answer, kind in zip(stored, ("ConfigMap", "Secret", "Event", "Deployment"), strict=True):
        for item in answer["items"]:
            item["kind"] = kind
    raw = "\n".join(raw_strings(stored))
    there = [entry["id"] for entry in SECRETS if all(item in raw for item in needles(entry))]
    assert len(there) == len(SECRETS) >= 250, sorted({entry["id"] for entry in SECRETS} - set(there))
    read_everything(reader, planted)
    reads = len(reader.seen)
    assert len(reader.failed) < reads / 3, reader.failed
    change_everything(reader, planted)
    assert reader.leaks() == {}
    kept = files_below(tmp_path)
    assert kept.count('"tool":"') > 50
    assert leaked(kept) == []


def test_the_screen_and_the_json_of_commands_show_none(planted: Planted, cluster: ControlPlane, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, cluster.kubeconfig, planted.namespace)
    run = ("tools", "run")
    typed = text_of(at("env")[0])
    commands = (
        (0, *run, "get_resource", "--kind", "deployment", "--name", "leaky"),
        (0, *run, "get_resource", "--kind", "deployment", "--name", "leaky", "--output", "json"),
        (0, *run, "list_resources", "--kind", "configmaps", "--columns", "name", "--columns", "data", "-o", "yaml"),
        (0, *run, "describe_resource", "--kind", "deployment", "--name", "leaky"),
        (4, *run, "delete_resource", "--kind", "deployment", "--name", "leaky", "--output", "json"),
        (4, *run, "set_env", "--name", "leaky", "--container", "args", "--set", json.dumps({"API_KEY": typed})),
        (2, *run, "patch_resource", "--kind", "deployment", "--name", "leaky", "--patch",
         json.dumps({"spec": {"replicas": typed}})),
        (0, "pending", "--output", "json"),
        (0, "history"),
    )  # fmt: skip
    for code, *command in commands:
        done = terminal.run(*map(str, command))
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        assert leaked(done.stdout + done.stderr) == [], command
    assert leaked(files_below(tmp_path)) == []
