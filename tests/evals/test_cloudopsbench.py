"""The adapter on texts of our own; on the benchmark's cases (COB_DATA) answers do not depend on any name."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from cloudwright.core.errors import UsageError
from cloudwright.diagnosis import fields as f
from cloudwright.evals.benchmarks.cloudopsbench import build_view, read_case
from cloudwright.evals.benchmarks.cob_predict import cases, predict

POD = """Name:             {app}-6d9f-abcde
Namespace:        {space}
Service Account:  default
Node:             <none>
Labels:           app={app}
Status:           Pending
IP:               
Controlled By:    ReplicaSet/{app}-6d9f
Containers:
  server:
    Image:      registry.example/{app}:1
    Port:       8080/TCP
    Host Port:  0/TCP
    Requests:
      cpu:        100m
    Readiness:    http-get http://:8080/ready delay=5s timeout=1s period=10s #success=1 #failure=3
    Environment:
      OTHER_ADDR:  other:80
      TOKEN:       <set to the key 'token' in secret 'login'>  Optional: false
Conditions:
  Type           Status
  PodScheduled   False
Node-Selectors:  disk=ssd
Events:
  Type     Reason            Age                From               Message
  ----     ------            ----               ----               -------
  Warning  FailedScheduling  12s (x3 over 70s)  default-scheduler  0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.
"""  # noqa: E501, W291 (as kubectl prints it)
DEPLOYMENT = """Name:                   {app}
Namespace:              {space}
CreationTimestamp:      Fri, 14 Nov 2025 13:04:16 +0800
Selector:               app={app}
Replicas:               1 desired | 1 updated | 1 total | 0 available | 1 unavailable
Pod Template:
  Labels:  app={app}
  Containers:
   server:
    Image:      registry.example/{app}:1
    Port:       8080/TCP
  Node-Selectors:  disk=ssd
Conditions:
  Type           Status  Reason
  ----           ------  ------
  Available      False   MinimumReplicasUnavailable
"""
REPLICA_SET = DEPLOYMENT.replace("Name:                   {app}", "Name:                   {app}-6d9f").replace(
    "Selector:", "Controlled By:  Deployment/{app}\nSelector:"
)
NODE = """Name:               {node}
Labels:             disk=hdd
                    kubernetes.io/hostname={node}
Taints:             <none>
Unschedulable:      false
Lease:
  RenewTime:       Fri, 14 Nov 2025 13:06:16 +0800
Conditions:
  Type   Status  LastHeartbeatTime                 LastTransitionTime                Reason        Message
  ----   ------  -----------------                 ------------------                ------        -------
  Ready  True    Fri, 14 Nov 2025 13:06:12 +0800   Mon, 11 Aug 2025 15:49:09 +0800   KubeletReady  ok
Allocatable:
  cpu:     8
  memory:  15Gi
  pods:    110
"""


def synthetic(app: str = "cellar", space: str = "winery", node: str = "rack-7") -> dict[str, Any]:
    """A case in the benchmark's format with an unmatched node selector."""
    names = {"app": app, "space": space, "node": node}

    def call(kind: str, name: str, text: str) -> tuple[str, str]:
        arguments = json.dumps({"resource_type": kind, "name": name, "namespace": space}, separators=(",", ":"))
        return f"DescribeResource:{arguments}", text.format(**names)

    lists = {
        f'GetResources:{{"resource_type":"{kind}","name":"","namespace":"{space}"}}': ""
        for kind in ("services", "configmaps", "secrets", "statefulsets")
    }
    cache = dict(
        [
            call("pods", f"{app}-6d9f-abcde", POD),
            call("deployments", app, DEPLOYMENT),
            call("replicasets", f"{app}-6d9f", REPLICA_SET),
            call("nodes", node, NODE),
        ]
    )
    return {
        "uid": "case-1",
        "namespace": space,
        "query": "down",
        "tool_cache": {**cache, **lists, "GetAlerts": {}},
        "recent_logs": None,
    }


def test_descriptions_become_objects() -> None:
    view = build_view(synthetic())
    (pod,) = view.of("Pod")
    container = f.maps(pod, "spec", "containers")[0]
    assert f.get(container, "readinessProbe", "httpGet") == {"scheme": "HTTP", "port": 8080, "path": "/ready"}
    assert f.maps(container, "env")[1]["valueFrom"] == {
        "secretKeyRef": {"name": "login", "key": "token", "optional": False}
    }
    assert f.labels(pod, "spec", "nodeSelector") == {"disk": "ssd"}
    assert view.top(pod)["kind"] == "Deployment"
    (event,) = view.events_of(pod)
    assert (event.reason, event.count) == ("FailedScheduling", 3)
    assert view.missing("ConfigMap", "winery", "anything")
    assert not view.missing("Ingress", "winery", "anything"), "a list that was not taken proves nothing"


@pytest.mark.parametrize(
    "names", [("cellar", "winery", "rack-7"), ("a", "b", "c"), ("frontend-2", "prod", "ip-10-0-0-1")]
)
def test_the_answer_follows_the_names(names: tuple[str, str, str]) -> None:
    assert predict(synthetic(*names)).entries == (
        {
            "fault_taxonomy": "Scheduling_Fault",
            "fault_object": f"app/{names[0]}",
            "root_cause": "node_selector_mismatch",
        },
    )


def test_a_folder_without_cases_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no Cloud-OpsBench cases"):
        cases(tmp_path)


def renamed(case: dict[str, Any], names: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The case with every application, node, namespace and image name replaced by another of the same length."""
    table = {
        name: "".join(
            chr(ord("a") + (ord(letter) - ord("a") + 11) % 26) if letter.isalpha() and letter.islower() else letter
            for letter in name
        )
        for name in names
    }
    pattern = re.compile("|".join(re.escape(name) for name in sorted(table, key=len, reverse=True)))

    def change(value: Any) -> Any:
        if isinstance(value, str):
            return pattern.sub(lambda match: table[match[0]], value)
        if isinstance(value, dict):
            return {change(key): change(item) for key, item in value.items()}
        return [change(item) for item in value] if isinstance(value, list) else value

    return change(case), table


@pytest.mark.skipif("COB_DATA" not in os.environ, reason="COB_DATA names no folder of Cloud-OpsBench cases")
def test_other_names_give_the_same_answers_on_the_benchmark() -> None:
    data = Path(os.environ["COB_DATA"])
    paths = cases(data)[:: int(os.environ.get("COB_STEP", "7"))]
    for path in paths:
        case = read_case(path)
        view = build_view(case)
        names = {case["namespace"], *(f.name(item) for item in view.of("Node"))}
        names |= {f.name(item) for kind in ("Deployment", "StatefulSet", "Service") for item in view.of(kind)}
        kept = {name for name in names if len(name) > 3 and not re.search(r"mysql|rabbit|redis|nacos", name)}
        other, table = renamed(case, sorted(kept))
        before, after = predict(case).entries, predict(other).entries
        expected = [
            {
                **item,
                "fault_object": "/".join(
                    [
                        item["fault_object"].split("/")[0],
                        table.get(item["fault_object"].split("/")[1], item["fault_object"].split("/")[1]),
                    ]
                ),
            }
            for item in before
        ]
        assert [item["root_cause"] for item in after[:1]] == [item["root_cause"] for item in expected[:1]], path.name
        assert [item["fault_object"] for item in after[:1]] == [item["fault_object"] for item in expected[:1]], (
            path.name
        )
