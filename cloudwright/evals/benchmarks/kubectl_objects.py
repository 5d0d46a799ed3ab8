"""Turns `kubectl describe` text back into the API objects that it describes, as far as it shows them."""

import re
from collections.abc import Callable
from typing import Any

from cloudwright.evals.benchmarks.kubectl_pods import pod_spec
from cloudwright.evals.benchmarks.kubectl_text import (
    NOTHING,
    Node,
    columns,
    number,
    number_or_name,
    parse,
    section,
    table,
    time,
)

Dict = dict[str, Any]
_MODES = {"RWO": "ReadWriteOnce", "ROX": "ReadOnlyMany", "RWX": "ReadWriteMany", "RWOP": "ReadWriteOncePod"}


def describe(kind: str, api_version: str, text: str) -> Dict | None:
    """The object that a description shows; None where the text is no description."""
    root = parse(text)
    name = root.text("Name")
    if not name:
        return None
    metadata: Dict = {"name": name, "labels": root.pairs("Labels"), "annotations": root.pairs("Annotations", ":")}
    if namespace := root.text("Namespace"):
        metadata["namespace"] = namespace
    created = time(root.text("CreationTimestamp")) or (time(root.text("Start Time")) if kind == "Pod" else None)
    if created:
        metadata["creationTimestamp"] = created
    if deleted := next((item for item in root.children if item.key.startswith("Terminating")), None):
        metadata["deletionTimestamp"] = time(deleted.value.partition("(")[0]) or "unknown"
    if root.text("Status").startswith("Terminating"):
        metadata["deletionTimestamp"] = "unknown"
    if owner := root.text("Controlled By"):
        owner_kind, _, owner_name = owner.partition("/")
        metadata["ownerReferences"] = [{"kind": owner_kind, "name": owner_name, "controller": True}]
    obj: Dict = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
    if reader := _READERS.get(kind):
        reader(obj, root, text)
    return obj


def _conditions(text: str) -> list[Dict]:
    found = []
    for row in table(_deindent(section(text, "Conditions:"))):
        item = {"type": row.get("Type", ""), "status": row.get("Status", "")}
        item.update({key.lower(): row[key] for key in ("Reason", "Message") if row.get(key)})
        for key, target in (("LastHeartbeatTime", "lastHeartbeatTime"), ("LastTransitionTime", "lastTransitionTime")):
            if stamp := time(row.get(key, "")):
                item[target] = stamp
        found.append(item)
    return found


def _deindent(lines: list[str]) -> list[str]:
    return [line[2:] for line in lines]


def _pod(obj: Dict, root: Node, text: str) -> None:
    spec, status = pod_spec(root)
    if node := root.text("Node").partition("/")[0]:
        spec["nodeName"] = node
    state = root.text("Status").split(" ")[0]
    status["phase"] = "Running" if state == "Terminating" else state
    for key, field in (("Reason", "reason"), ("Message", "message"), ("IP", "podIP")):
        if value := root.text(key):
            status[field] = value
    status["conditions"] = _conditions(text)
    status["qosClass"] = root.text("QoS Class")
    obj["spec"], obj["status"] = spec, status


def _selector(text: str) -> Dict:
    return {"matchLabels": dict(item.split("=", 1) for item in text.split(",") if "=" in item)}


def _workload(obj: Dict, root: Node, text: str) -> None:
    template = root.child("Pod Template") or Node("", "", "")
    pods, _ = pod_spec(template)
    spec: Dict = {
        "template": {"metadata": {"labels": template.pairs("Labels")}, "spec": pods},
        "selector": _selector(root.text("Selector")),
    }
    status: Dict = {"conditions": _conditions(text)}
    line = root.text("Replicas")
    if counts := dict((word, int(count)) for count, word in re.findall(r"(\d+) (\w+)", line)):
        spec["replicas"] = counts.get("desired", 1)
        status["replicas"] = counts.get("total", counts.get("current", 0))
        status["updatedReplicas"] = counts.get("updated", 0)
        status["availableReplicas"] = counts.get("available", 0)
        status["unavailableReplicas"] = counts.get("unavailable", 0)
        if obj["kind"] == "Deployment":
            status["readyReplicas"] = counts.get("available", 0)
    running = re.match(r"(\d+) Running", root.text("Pods Status"))
    if obj["kind"] in ("ReplicaSet", "StatefulSet") and running:
        status["currentReplicas"] = int(running[1])
    obj["spec"], obj["status"] = spec, status


def _service(obj: Dict, root: Node, text: str) -> None:
    ports: list[Dict] = []
    for item in root.children:
        if item.key == "Port" and item.value not in NOTHING:
            cells = item.value.split()
            number_, _, protocol = cells[-1].partition("/")
            port: Dict = {"port": int(number_) if number_.isdigit() else 0, "protocol": protocol or "TCP"}
            if cells[0] != cells[-1] and cells[0] != "<unset>":
                port["name"] = cells[0]
            ports.append(port)
        elif item.key == "TargetPort" and ports:
            ports[-1]["targetPort"] = number_or_name(item.value.partition("/")[0])
        elif item.key == "NodePort" and ports:
            ports[-1]["nodePort"] = number(item.value.split()[-1])
    obj["spec"] = {
        "type": root.text("Type"),
        "clusterIP": root.text("IP"),
        "selector": dict(item.split("=", 1) for item in root.text("Selector").split(",") if "=" in item),
        "ports": ports,
        "sessionAffinity": root.text("Session Affinity"),
        "internalTrafficPolicy": root.text("Internal Traffic Policy"),
    }
    if external := root.text("External Name"):
        obj["spec"]["externalName"] = external


def _endpoints(obj: Dict, root: Node, text: str) -> None:
    subsets: list[Dict] = []
    for item in (root.child("Subsets") or Node("", "", "")).children:
        if item.key == "Addresses":
            subsets.append({"addresses": [], "notReadyAddresses": [], "ports": []})
        if not subsets:
            continue
        if item.key in ("Addresses", "NotReadyAddresses") and item.value not in NOTHING:
            target = "addresses" if item.key == "Addresses" else "notReadyAddresses"
            subsets[-1][target] = [{"ip": ip} for ip in item.value.split(",")]
        if item.key == "Ports":
            for line in item.children:
                cells = columns(line.raw)
                if len(cells) == 3 and cells[1].isdigit():
                    name = {} if cells[0] == "<unset>" else {"name": cells[0]}
                    subsets[-1]["ports"].append({"port": int(cells[1]), "protocol": cells[2], **name})
    obj["subsets"] = subsets


def _node(obj: Dict, root: Node, text: str) -> None:
    taints = []
    for line in root.values("Taints"):
        key, _, effect = line.rpartition(":")
        name, _, value = key.partition("=")
        taints.append({"key": name, "value": value, "effect": effect} if value else {"key": name, "effect": effect})
    info = root.child("System Info") or Node("", "", "")
    resources = {
        field: {item.key: item.value for item in (root.child(key) or Node("", "", "")).children}
        for key, field in (("Capacity", "capacity"), ("Allocatable", "allocatable"))
    }
    obj["spec"] = {"taints": taints, "unschedulable": root.text("Unschedulable") == "true"}
    obj["status"] = {
        "conditions": _conditions(text),
        **resources,
        "nodeInfo": {
            "kubeletVersion": info.text("Kubelet Version"),
            "architecture": info.text("Architecture"),
            "containerRuntimeVersion": info.text("Container Runtime Version"),
        },
    }


def _volume_claim(obj: Dict, root: Node, text: str) -> None:
    modes = [_MODES.get(item, item) for item in root.text("Access Modes").split(",") if item]
    obj["spec"] = {"volumeName": root.text("Volume")}
    if name := root.text("StorageClass"):
        obj["spec"]["storageClassName"] = name
    if modes:
        obj["spec"]["accessModes"] = modes
    obj["status"] = {"phase": root.text("Status").split(" ")[0], "accessModes": modes}
    if size := root.text("Capacity"):
        obj["status"]["capacity"] = {"storage": size}


def _volume(obj: Dict, root: Node, text: str) -> None:
    claim = root.text("Claim")
    obj["spec"] = {
        "storageClassName": root.text("StorageClass"),
        "accessModes": [_MODES.get(item, item) for item in root.text("Access Modes").split(",") if item],
        "capacity": {"storage": root.text("Capacity")},
        "persistentVolumeReclaimPolicy": root.text("Reclaim Policy"),
    }
    if "/" in claim:
        namespace, _, name = claim.partition("/")
        obj["spec"]["claimRef"] = {"namespace": namespace, "name": name}
    obj["status"] = {"phase": root.text("Status")}


def _quota(obj: Dict, root: Node, text: str) -> None:
    used, hard = {}, {}
    for line in text.split("\n"):
        cells = line.split()
        if len(cells) == 3 and cells[0] not in ("Resource", "--------") and not cells[0].endswith(":"):
            used[cells[0]], hard[cells[0]] = cells[1], cells[2]
    obj["spec"], obj["status"] = {"hard": hard}, {"hard": hard, "used": used}


def _secret(obj: Dict, root: Node, text: str) -> None:
    obj["type"] = root.text("Type")
    obj["data"] = {
        match[1]: "" for line in text.split("\n") if (match := re.match(r"([\w.-]+):\s+\d+ bytes$", line.strip()))
    }


def _config_map(obj: Dict, root: Node, text: str) -> None:
    data: dict[str, str] = {}
    lines = text.split("\n")
    start = next((index for index, line in enumerate(lines) if line.startswith("====")), len(lines))
    key, body = "", list[str]()
    for index in range(start + 1, len(lines)):
        line = lines[index]
        if line.startswith(("BinaryData", "Events:")):
            break
        if line.rstrip().endswith(":") and index + 1 < len(lines) and lines[index + 1] == "----":
            if key:
                data[key] = "\n".join(body).strip("\n")
            key, body = line.rstrip()[:-1], []
        elif line != "----":
            body.append(line)
    if key:
        data[key] = "\n".join(body).strip("\n")
    obj["data"] = data


def _account(obj: Dict, root: Node, text: str) -> None:
    obj["imagePullSecrets"] = [{"name": line.split(" ")[0]} for line in root.values("Image pull secrets")]


def _storage_class(obj: Dict, root: Node, text: str) -> None:
    obj["provisioner"] = root.text("Provisioner")
    obj["volumeBindingMode"] = root.text("VolumeBindingMode")
    if root.text("IsDefaultClass") == "Yes":
        obj["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] = "true"


def _namespace(obj: Dict, root: Node, text: str) -> None:
    obj["status"] = {"phase": root.text("Status")}


_READERS: dict[str, Callable[[Dict, Node, str], None]] = {
    "Pod": _pod,
    "Deployment": _workload,
    "ReplicaSet": _workload,
    "StatefulSet": _workload,
    "DaemonSet": _workload,
    "Job": _workload,
    "Service": _service,
    "Endpoints": _endpoints,
    "Node": _node,
    "PersistentVolumeClaim": _volume_claim,
    "PersistentVolume": _volume,
    "ResourceQuota": _quota,
    "Secret": _secret,
    "ConfigMap": _config_map,
    "ServiceAccount": _account,
    "StorageClass": _storage_class,
    "Namespace": _namespace,
}


def pods_of_node(node: str, text: str) -> list[Dict]:
    """Pods that a node's description lists, with nothing but their place and requests."""
    found = []
    for row in table(_deindent(section(text, "Non-terminated Pods:"))):
        wanted = {
            key: row.get(title, "0").split(" ")[0]
            for key, title in (("cpu", "CPU Requests"), ("memory", "Memory Requests"))
        }
        found.append({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": row.get("Name", ""), "namespace": row.get("Namespace", "")},
            "spec": {"nodeName": node, "containers": [{"name": "-", "resources": {"requests": wanted}}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        })  # fmt: skip
    return found
