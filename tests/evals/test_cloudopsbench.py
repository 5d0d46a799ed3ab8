"""The adapter on texts of our own; on the benchmark's cases (COB_DATA) answers do not depend on any name."""

import base64
import json
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from cloudwright.core.errors import UsageError
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.pods import containers, template_containers
from cloudwright.diagnosis.view import ClusterView
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


SYSTEM = re.compile(r"kube-|kubernetes$|coredns|default$|system:|istio-ca|local-path|standard$|flannel|calico")
"""Names that Kubernetes and its usual parts give themselves."""
NAMED = (
    "Deployment", "StatefulSet", "DaemonSet", "Service", "ConfigMap", "Secret", "ServiceAccount", "Job", "StorageClass",
    "PersistentVolumeClaim", "PersistentVolume", "ResourceQuota", "Role", "RoleBinding", "CronJob",
)  # fmt: skip


def disguised(name: str) -> str:
    """Another name of the same shape: every letter is another one."""
    return "".join(chr(ord("a") + (ord(one) - ord("a") + 11) % 26) if "a" <= one <= "z" else one for one in name)


def image_paths(view: ClusterView) -> set[str]:
    """Repositories of all images without their registry's host."""
    found = set()
    for kind in ("Pod", "Deployment", "StatefulSet", "DaemonSet"):
        for item in view.of(kind):
            for one in [*template_containers(item), *containers(item)]:
                path = f.text(one.spec, "image").partition("@")[0]
                host, _, rest = path.partition("/")
                path = rest if rest and ("." in host or ":" in host) else path
                found.add(path.rpartition(":")[0] if ":" in path else path)
    return found - {""}


def renamed(case: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The case with every application, Service, configuration, volume, node, namespace and image under another name.

    What stays is what is not a name that somebody chose: ports, schemes of URLs, Java packages, registry hosts, the
    texts that public software logs, and the names that Kubernetes gives its own parts.
    """
    view = build_view(case)
    names = {case["namespace"], *(f.name(item) for item in view.of("Node"))}
    names |= {f.name(item) for kind in NAMED for item in view.of(kind)}
    table = {name: disguised(name) for name in names if len(name) > 2 and not SYSTEM.match(name)}
    shown = {name.upper().replace("-", "_"): new.upper().replace("-", "_") for name, new in table.items()}
    images = {path: disguised(path) for path in image_paths(view)}
    words = _pattern({**table, **shown})
    pulled = re.compile("|".join(rf"(?<![\w.-]){re.escape(one)}(?=[:@\"' ]|$)" for one in _longest(images)) or "(?!)")

    def chosen_anew(text: str) -> str:
        return words.sub(lambda match: table.get(match[0]) or shown[match[0]], text)

    def change(value: Any) -> Any:
        if isinstance(value, str):
            value = pulled.sub(lambda match: images[match[0]] if match[0] not in table else match[0], value)
            return ENCODED.sub(lambda match: _encoded(match[0], chosen_anew), chosen_anew(value))
        if isinstance(value, dict):
            return {change(key): change(item) for key, item in value.items()}
        return [change(item) for item in value] if isinstance(value, list) else value

    return change(case), table


ENCODED = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{8,}={0,2}(?![A-Za-z0-9+/=])")
"""What may be the base64 of a Secret's value."""


def _encoded(text: str, change: Callable[[str], str]) -> str:
    try:
        plain = base64.b64decode(text, validate=True).decode("ascii")
    except ValueError:
        return text
    return base64.b64encode(change(plain).encode()).decode() if change(plain) != plain else text


def _longest(names: Iterable[str]) -> list[str]:
    return sorted(names, key=len, reverse=True)


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    """The names as words of their own: not inside other words or Java packages, and not as the scheme of a URL."""
    before = r"(?<![A-Za-z0-9])(?<!com\.)(?<!org\.)(?<!net\.)(?<!io\.)(?<!alibaba\.)(?:"
    return re.compile(before + "|".join(map(re.escape, _longest(names))) + r")(?![A-Za-z0-9]|://)")


def answers(case: dict[str, Any], table: dict[str, str]) -> list[tuple[str, str]]:
    """Root cause and object of every entry, the object under its new name."""
    found = []
    for item in predict(case).entries:
        kind, _, name = item["fault_object"].partition("/")
        found.append((item["root_cause"], f"{kind}/{table.get(name, name)}"))
    return found


def chosen() -> list[Path]:
    """The cases of COB_DATA, or every COB_STEP-th of them."""
    return cases(Path(os.environ["COB_DATA"]))[:: int(os.environ.get("COB_STEP", "7"))]


@pytest.mark.skipif("COB_DATA" not in os.environ, reason="COB_DATA names no folder of Cloud-OpsBench cases")
def test_other_names_give_the_same_answers_on_the_benchmark() -> None:
    different = []
    for path in chosen():
        case = read_case(path)
        other, table = renamed(case)
        before, after = answers(case, table), answers(other, {})
        if before != after:
            different.append((path.parent.name, path.name, before, after))
    assert different == []


def test_no_chosen_name_is_left_after_renaming() -> None:
    case = synthetic()
    other, table = renamed(case)
    text = json.dumps(other)
    assert set(table) >= {"cellar", "winery", "rack-7"}
    assert [name for name in table if name in text] == []
    assert answers(case, table) == answers(other, {})
