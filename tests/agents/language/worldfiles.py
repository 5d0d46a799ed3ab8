"""What a world is made of: manifests, nodes and pod statuses, from files or from a topology, under other names."""

import datetime
import re
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from cloudwright.twin.topologies.model import load_topology, objects_of

Json = dict[str, Any]


def rename(text: str, renames: dict[str, str]) -> str:
    """Renaming of whole words and of their plurals, in one pass."""
    if not renames:
        return text
    pattern = re.compile(
        r"(?<!\w)(" + "|".join(sorted(map(re.escape, renames), key=len, reverse=True)) + r")(?=s?(?!\w))"
    )
    return pattern.sub(lambda found: renames[found[1]], text)


def documents(text: str) -> Iterator[Json]:
    for document in yaml.safe_load_all(text):
        if document:
            yield document


def topology(setup: Json) -> tuple[Iterable[Json], list[Json], list[Json]]:
    """Manifests, nodes and pod statuses of a topology of the twin; `setup.sick` names the pods that are not ready."""
    manifests = [item for item in objects_of(load_topology(setup["topology"])) if item["kind"] != "APIService"]
    manifests += setup.get("more", [])
    sick = setup.get("sick", {})
    pods = []
    for item in manifests:
        space, name = item["metadata"].get("namespace", ""), item["metadata"]["name"]
        if item["kind"] in ("Deployment", "StatefulSet", "DaemonSet"):
            count = item["spec"].get("replicas", 3 if item["kind"] == "DaemonSet" else 1)
            container = item["spec"]["template"]["spec"]["containers"][0]
            states = [_pod_status(container, sick.get(f"{space}/{name}", ""), number) for number in range(count)]
            pods.append({"kind": item["kind"], "namespace": space, "name": name, "status": states})
    return manifests, [_ready_node(name, setup) for name in ("node-1", "node-2", "node-3")], pods


def _now(minutes: float = 0) -> str:
    return (datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ready_node(name: str, setup: Json) -> Json:
    zone = {"node-1": "zone-a", "node-2": "zone-b", "node-3": "zone-c"}[name]
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "topology.kubernetes.io/zone": zone}
    amounts = {"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "ok",
        "lastHeartbeatTime": _now(),
        "lastTransitionTime": _now(60),
    }
    spec = {"unschedulable": True} if name in setup.get("cordoned", ()) else {}
    return {
        "manifest": {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": spec},
        "status": {
            "capacity": amounts,
            "allocatable": amounts,
            "conditions": [ready],
            "nodeInfo": {
                "kubeletVersion": "v1.34.4",
                "machineID": "",
                "systemUUID": "",
                "bootID": "",
                "kernelVersion": "6.1",
                "osImage": "Test OS",
                "containerRuntimeVersion": "containerd://2.0",
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    }


def _pod_status(container: Json, sick: str, number: int) -> Json:
    name, image = container["name"], container["image"]
    base: Json = {"name": name, "image": image, "imageID": "", "restartCount": 0}
    if not sick or (sick.endswith("-first") and number):
        state = {**base, "ready": True, "started": True, "state": {"running": {"startedAt": _now(50)}}}
        conditions = "True"
    elif sick.startswith("crash"):
        ended = {"exitCode": 1, "reason": "Error", "startedAt": _now(3), "finishedAt": _now(2)}
        state = {**base, "ready": False, "started": False, "restartCount": 7 + number, "lastState": {"terminated": ended},  # noqa: E501
                 "state": {"waiting": {"reason": "CrashLoopBackOff", "message": f"back-off 5m0s restarting failed container={name}"}}}  # fmt: skip  # noqa: E501
        conditions = "False"
    else:
        state = {**base, "ready": False, "started": False,
                 "state": {"waiting": {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image}": not found'}}}  # fmt: skip  # noqa: E501
        conditions = "False"
    return {
        "phase": "Running" if conditions == "True" or sick.startswith("crash") else "Pending",
        "podIP": f"10.1.{sum(name.encode()) % 250}.{number + 10}",
        "startTime": _now(55),
        "containerStatuses": [state],
        "conditions": [
            {
                "type": kind,
                "status": conditions,
                "lastTransitionTime": _now(50),
                **({} if conditions == "True" else {"reason": "ContainersNotReady"}),
            }
            for kind in ("Ready", "ContainersReady")
        ]
        + [
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": _now(55)},
            {"type": "Initialized", "status": "True", "lastTransitionTime": _now(54)},
        ],
    }
