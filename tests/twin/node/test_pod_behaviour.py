"""The simulated kubelet against recordings of a real one (scripts/record_pod_behaviour.py makes them)."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudwright.twin.api import CONFIG_MAPS, SECRETS
from tests.twin.node.behaviour import NAMESPACE, build, compact, supporting_objects
from tests.twin.node.harness import Bench

HERE = Path(__file__).parent
MANIFESTS = {entry["name"]: entry for entry in yaml.safe_load((HERE / "pod_manifests.yaml").read_text())}
RECORDED = json.loads((HERE / "pod_behaviour.json").read_text())
SCHEDULED_ELSEWHERE = {"unschedulable", "too-large"}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Any]:
    bench = Bench()
    resources = {"config_map": CONFIG_MAPS, "secret": SECRETS}
    for kind, obj in supporting_objects():
        data = {"data": {"user": "dQ=="}} if kind == "secret" else {}
        bench.api.create(resources[kind], {**obj, **data}, NAMESPACE)
    for name in RECORDED:
        if name not in SCHEDULED_ELSEWHERE:
            bench.pod(build(MANIFESTS[name], "registry.local/busybox:1"))
    bench.run(72)
    return {
        name: compact(bench.get(name), list(bench.events())) for name in RECORDED if name not in SCHEDULED_ELSEWHERE
    }


def of_kubelet(events: list[str]) -> list[str]:
    return [event for event in events if " Scheduled " not in event and " Pulled " not in event]


@pytest.mark.parametrize("name", sorted(set(RECORDED) - SCHEDULED_ELSEWHERE))
def test_pod_ends_up_as_on_a_real_node(name: str, outcomes: dict[str, Any]) -> None:
    expected, actual = dict(RECORDED[name]), dict(outcomes[name])
    expected["events"], actual["events"] = of_kubelet(expected["events"]), of_kubelet(actual["events"])
    assert actual == expected
