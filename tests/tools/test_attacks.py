"""The attack corpus, each case as a typed call through the gate on a real API server, judged by its audit log.

Every case runs twice: with all arguments as they are spelled, and with those that the tool does not know left out, so
that a refusal of an unknown argument is not the only defence.
"""

import base64
import itertools
import json
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudwright.core.errors import CloudwrightError
from cloudwright.core.tool import Effect, ToolCall
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.discovery import Discovery
from tests.servers.apiserver import ControlPlane, assets
from tests.servers.fixtures import NO_SERVERS, open_session
from tests.tools.desk import Desk

CORPUS: Mapping[str, Any] = yaml.safe_load((Path(__file__).parents[1] / "corpora" / "attacks.yaml").read_text())
TOOLS = {
    "get": "get_resource",
    "list": "list_resources",
    "logs": "get_logs",
    "wait": "wait_for_condition",
    "diff": "compare_resources",
    "explain": "explain_field",
    "create": "create_resource",
    "apply": "apply_manifest",
    "patch": "patch_resource",
    "label": "label_resource",
    "annotate": "annotate_resource",
    "delete": "delete_resource",
    "scale": "scale_workload",
    "set_image": "set_image",
    "rollout_undo": "rollout_undo",
    "rollout_restart": "rollout_restart",
    "rollout_pause": "rollout_pause",
    "evict": "evict_pod",
    "drain": "drain_node",
    "taint": "taint_node",
    "exec": "exec_command",
    "port_forward": "port_forward",
}
RENAMED = {
    "delete": {"grace_period_seconds": "grace_seconds", "propagation_policy": "cascade"},
    "drain": {"grace_period_seconds": "grace_seconds"},
    "exec": {"argv": "command"},
    "apply": {"force_conflicts": "force"},
    "list": {"label_selector": "labels", "field_selector": "fields", "filter": "where", "sort_by": "sort"},
    "logs": {"label_selector": "labels"},
    "wait": {"condition": "until"},
    "port_forward": {"lifetime_seconds": "seconds"},
}
WITHOUT_KIND = {"apply", "create", "exec", "port_forward", "evict", "drain", "taint", "cp"}


def call_of(case: Mapping[str, Any]) -> ToolCall:
    """The tool with the meaning of the verb, and the nearest parameters."""
    verb = case["verb"]
    given = dict(case.get("arguments") or {})
    tool = TOOLS.get(verb, "")
    if verb == "cp":
        tool = "copy_from_pod" if given.pop("direction", "from") == "from" else "copy_to_pod"
    arguments: dict[str, Any] = {RENAMED.get(verb, {}).get(key, key): value for key, value in given.items()}
    if verb not in WITHOUT_KIND:
        resource = case.get("resource")
        arguments["kind"] = "no" if resource is False else resource  # YAML reads the short name of nodes as a boolean
    if verb not in ("apply", "create"):
        arguments |= {key: case[key] for key in ("name",) if key in case}
    if "namespace" in case:
        arguments["namespace"] = case["namespace"]
    return ToolCall(tool=tool, arguments=_reshaped(verb, arguments))


def _reshaped(verb: str, arguments: dict[str, Any]) -> dict[str, Any]:
    if verb in ("apply", "create") and "manifest" in arguments and not isinstance(arguments["manifest"], str):
        manifest = arguments["manifest"]
        documents = manifest if isinstance(manifest, list) else [manifest]
        arguments["manifest"] = "\n---\n".join(json.dumps(document) for document in documents)
    if verb in ("label", "annotate"):
        pairs = arguments.pop("labels" if verb == "label" else "annotations", {})
        arguments["set"] = {key: value for key, value in pairs.items() if value is not None}
        arguments["remove"] = [key for key, value in pairs.items() if value is None]
    if verb == "taint" and "key" in arguments:
        arguments["set"] = [f"{arguments.pop('key')}={arguments.pop('value', '')}:{arguments.pop('effect', '')}"]
    if verb == "port_forward" and arguments.get("ports"):
        local, _, remote = str(arguments.pop("ports")[0]).partition(":")
        arguments |= {"local_port": int(local), "port": int(remote or local)}
    if verb == "delete" and "cascade" in arguments:
        arguments["cascade"] = str(arguments["cascade"]).lower()
    if verb == "list" and isinstance(arguments.get("group_by"), str):
        arguments["group_by"] = [arguments["group_by"]]
    return arguments


@dataclass
class Verdict:
    """What one run of a case came to."""

    refused: str = ""
    effect: Effect | None = None
    shown: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)


class Range:
    """A cluster with the corpus' fixture, shared by all cases; nothing that they do may change it."""

    def __init__(self, cluster: ControlPlane, folder: Path) -> None:
        self.cluster = cluster
        self._folder = folder
        self._numbers = itertools.count()
        self.context = open_session(cluster.kubeconfig, "prod")
        client, discovery = self.context.service(KubernetesClient), self.context.service(Discovery)
        for manifest in CORPUS["fixture"]:
            kind = discovery.of(manifest["apiVersion"], manifest["kind"])
            namespace = manifest["metadata"].get("namespace", "")
            if namespace:
                cluster.await_path(f"/api/v1/namespaces/{namespace}/serviceaccounts/default")
            client.request("POST", kind.path(namespace), body=manifest)
        self._run_pod()

    def _run_pod(self) -> None:
        container = {"name": "app", "image": "x", "imageID": "x", "ready": True, "restartCount": 0}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api-0", "namespace": "prod"}}
        self.cluster.set_status(
            pod,
            {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{**container, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}],
            },
        )

    def attack(self, call: ToolCall) -> Verdict:
        """Try a call as far as it goes without anybody's approval."""
        verdict = Verdict()
        folder = self._folder / str(next(self._numbers))
        desk = Desk(self.cluster, self.context, folder)
        mark = self.cluster.audit.mark()
        try:
            tool = desk.gate.catalog.get(call.tool)
            scope = tool.aims_at(tool.parse(call.arguments), self.context)
            verdict.effect = scope.effect
            verdict.shown.append(f"{scope.why} {scope.targets} {scope.labels}")
            if scope.effect is Effect.READ:
                verdict.shown.append(desk.gate.read(call, self.context, desk.me).result.render())
            else:
                proposal = desk.propose(call.tool, **call.arguments)
                verdict.effect = proposal.effect
                verdict.shown += [proposal.model_dump_json(), proposal.preview.diff()]
        except CloudwrightError as error:
            verdict.refused = str(error) or type(error).__name__
            verdict.shown.append(verdict.refused)
        verdict.shown += [path.read_bytes().decode("latin-1") for path in folder.rglob("journal.db*")]
        verdict.writes = [str(request) for request in self.cluster.audit.writes(mark, agent="cloudwright/")]
        return verdict


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Range]:
    programs = assets()
    if programs is None:
        pytest.skip(NO_SERVERS)
    with ControlPlane(programs, tmp_path_factory.mktemp("attacked"), nodes=0) as plane:
        plane.add_node("node-1")
        yield Range(plane, tmp_path_factory.mktemp("journals"))


def leaks(verdict: Verdict) -> list[str]:
    """The canaries that show in anything that the program put out."""
    shown = "\n".join(verdict.shown)
    found = []
    for canary in CORPUS["canaries"]:
        forms = {canary, urllib.parse.quote(canary, safe=""), *_base64_cores(canary)}
        if any(form in shown for form in forms):
            found.append(canary)
    return found


def _base64_cores(text: str) -> Iterator[str]:
    """The middle of the text in base64, at each of the three alignments."""
    for shift in range(3):
        encoded = base64.b64encode(b"." * shift + text.encode()).decode()
        yield encoded[4:-4]


def sharpened(call: ToolCall, known: frozenset[str]) -> ToolCall:
    """The call without the arguments that its tool does not know."""
    return ToolCall(tool=call.tool, arguments={key: value for key, value in call.arguments.items() if key in known})


def problems(case: Mapping[str, Any], verdict: Verdict, *, as_spelled: bool) -> list[str]:
    """What is wrong with the way in which a case went."""
    found = [f"wrote {verdict.writes}"] if verdict.writes else []
    found += [f"showed {canary}" for canary in leaks(verdict)]
    expect = case["expect"]
    if verdict.refused:
        return found
    if expect.get("refused") and as_spelled:
        found.append(f"was not refused but {verdict.effect}")
    least = expect.get("min_effect")
    if least and verdict.effect is not None and verdict.effect.severity < Effect(least).severity:
        found.append(f"was taken for {verdict.effect}, at least {least} was due ({expect['reason']})")
    return found


def _cases(name: str) -> list[Any]:
    """All cases in the full run, every fifth in the ordinary one."""
    return [
        pytest.param(case, id=case["id"], marks=() if at % 5 == 0 else pytest.mark.full)
        for at, case in enumerate(CORPUS[name])
    ]


@pytest.mark.cluster
@pytest.mark.parametrize("case", _cases("attacks"))
def test_an_attack_writes_nothing_shows_no_secret_and_is_not_underestimated(
    attacked: Range, case: dict[str, Any]
) -> None:
    call = call_of(case)
    found = problems(case, attacked.attack(call), as_spelled=True)
    catalog = Desk(attacked.cluster, attacked.context, attacked._folder / "catalog").gate.catalog
    if call.tool in catalog:
        known = frozenset(catalog.get(call.tool).input.model_fields)
        sharp = sharpened(call, known)
        if sharp != call:
            found += [f"without unknown arguments: {text}" for text in _sharp(attacked, case, sharp)]
    if case["verb"] == "exec":
        milder = ToolCall(tool="exec_read_only", arguments=call.arguments)
        found += [f"as a read: {text}" for text in problems(case, attacked.attack(milder), as_spelled=True)]
    assert found == []


def _sharp(attacked: Range, case: Mapping[str, Any], call: ToolCall) -> list[str]:
    return problems(case, attacked.attack(call), as_spelled=False)


@pytest.mark.cluster
@pytest.mark.parametrize("case", _cases("controls"))
def test_a_harmless_read_is_answered_without_asking(attacked: Range, case: dict[str, Any]) -> None:
    call = call_of(case)
    if call.tool == "exec_command":
        call = ToolCall(tool="exec_read_only", arguments=call.arguments)
    if call.tool == "explain_field":
        kind, _, path = str(call.arguments["kind"]).partition(".")
        call = ToolCall(tool=call.tool, arguments={"kind": kind, "path": path})
    if call.arguments.pop("all_namespaces", False) if isinstance(call.arguments, dict) else False:
        call = ToolCall(tool=call.tool, arguments={**call.arguments, "namespace": "*"})
    verdict = attacked.attack(call)
    assert verdict.effect is Effect.READ
    assert leaks(verdict) == []
    if case["verb"] != "exec":  # nothing runs in the pods of this cluster
        assert verdict.refused == ""
    if "must_show" in case["expect"]:
        assert case["expect"]["must_show"] in "\n".join(verdict.shown)
