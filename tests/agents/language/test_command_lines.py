"""Command lines of kubectl: what they change, what is asked about, and what is none of them."""

from typing import Any

import pytest

from cloudwright.agents.language.commandline import command_change
from cloudwright.agents.language.references import World
from cloudwright.agents.language.tagging import Tagger
from cloudwright.agents.language.understanding import Intent, Memory
from tests.agents.language.small import VOCABULARY

_WORLD = World(Tagger(VOCABULARY).index, Memory(), "default")
_LEDGER = {"name": "ledger", "kind": "deployment", "namespace": "blue"}


def _read(text: str) -> Intent | None:
    return command_change(text, _WORLD)


def _calls(text: str) -> list[tuple[str, dict[str, Any]]]:
    found = _read(text)
    assert found is not None, text
    assert found.question is None, found.question
    return [(call.tool, dict(call.arguments)) for call in found.calls]


@pytest.mark.parametrize(
    ("text", "tool", "arguments"),
    [
        ("kubectl scale deploy ledger --replicas=3 -n blue", "scale_workload", {**_LEDGER, "replicas": 3}),
        ("please run kubectl scale deploy/ledger --replicas 3, thanks", "scale_workload", {**_LEDGER, "replicas": 3}),
        ("k -n blue rollout restart deploy/ledger", "rollout_restart", _LEDGER),
        ("kubectl rollout undo deploy/ledger --to-revision=2", "rollout_undo", {**_LEDGER, "to_revision": 2}),
        (
            "oc set image deployment/ledger ledger=example/ledger:2.0",
            "set_image",
            {**_LEDGER, "image": "example/ledger:2.0"},
        ),
        ("kubectl set env deploy/ledger A=1 B-", "set_env", {**_LEDGER, "set": {"A": "1"}, "remove": ["B"]}),
        (
            "kubectl set resources deploy ledger --limits=cpu=1,memory=1Gi",
            "set_resources",
            {**_LEDGER, "limits": {"cpu": "1", "memory": "1Gi"}},
        ),
        (
            "kubectl label deploy ledger tier=back old-",
            "label_resource",
            {**_LEDGER, "set": {"tier": "back"}, "remove": ["old"]},
        ),
        ("kubectl cordon m-1", "cordon_node", {"name": "m-1"}),
        (
            "kubectl drain node/m-1 --ignore-daemonsets --delete-emptydir-data",
            "drain_node",
            {"name": "m-1", "delete_emptydir_data": True},
        ),
        (
            "kubectl taint nodes m-1 a=b:NoSchedule c-",
            "taint_node",
            {"name": "m-1", "set": ["a=b:NoSchedule"], "remove": ["c"]},
        ),
        (
            "kubectl delete cm dusty -n blue",
            "delete_resource",
            {"kind": "configmap", "name": "dusty", "namespace": "blue"},
        ),
        (
            "kubectl autoscale deploy ledger --min=2 --max=5 --cpu-percent=70",
            "autoscale_workload",
            {**_LEDGER, "min": 2, "max": 5, "cpu_percent": 70},
        ),
        (
            "kubectl expose deploy ledger --port=80 --target-port=8080",
            "expose_workload",
            {**_LEDGER, "port": 80, "target_port": 8080},
        ),
        (
            """kubectl patch deploy ledger -p '{"spec": {"paused": true}}'""",
            "patch_resource",
            {**_LEDGER, "patch": {"spec": {"paused": True}}, "type": "strategic"},
        ),
        (
            "kubectl exec ledger-1 -- rm /tmp/x",
            "exec_command",
            {"name": "ledger-1", "namespace": "blue", "command": ["rm", "/tmp/x"]},
        ),
    ],
)
def test_a_command_line_is_the_call_that_it_means(text: str, tool: str, arguments: dict[str, Any]) -> None:
    assert _calls(text) == [(tool, arguments)]


def test_several_lines_are_several_calls_in_order() -> None:
    found = _calls("kubectl cordon m-1 && kubectl scale deploy ledger mailer --replicas=1 -n blue")
    assert [tool for tool, _ in found] == ["cordon_node", "scale_workload", "scale_workload"]


@pytest.mark.parametrize(
    "text",
    [
        "kubectl scale deploy --all --replicas=0 -n blue",
        "kubectl delete pods -l app=ledger",
        "kubectl delete ns blue",
        "kubectl scale deploy ledger",
        "kubectl scale deploy absent --replicas=2",
        "kubectl scale deploy ledger --replicas=2 -n blue-test",
        "kubectl scale deploy ledger --replicas=2 --dry-run=client",
        "kubectl delete deploy ledger if nobody uses it",
        "kubectl apply -f absent.yaml",
    ],
)
def test_what_is_wide_unknown_or_missing_is_asked_about(text: str) -> None:
    found = _read(text)
    assert found is not None
    assert found.question is not None
    assert not found.calls


@pytest.mark.parametrize(
    "text", ["kubectl get pods -n blue", "k restart ledger", "restart ledger", "kubectl logs ledger"]
)
def test_what_changes_nothing_by_its_verb_is_left_to_the_frames(text: str) -> None:
    assert _read(text) is None
