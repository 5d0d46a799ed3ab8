"""The Pod of a `kubectl describe` text, or the template of one: containers, probes, environment, volumes."""

import re
from typing import Any

from cloudwright.evals.benchmarks.kubectl_text import NOTHING, Node, columns, number, number_or_name, time

Dict = dict[str, Any]
_KEY_REF = re.compile(r"<set to the key '([^']*)' in (secret|config map) '([^']*)'>")
_PROBE_OPTION = re.compile(r"(delay|timeout|period)=(\d+)s|#(success|failure)=(\d+)")
_HTTP = re.compile(r"(https?)://([^:/]*):([^/]*)(/.*)?$")


def pod_spec(node: Node) -> tuple[Dict, Dict]:
    """Spec and status of a Pod, as far as its description shows them."""
    spec: Dict = {}
    status: Dict = {}
    spec["containers"], status["containerStatuses"] = _containers(node.child("Containers"))
    spec["initContainers"], status["initContainerStatuses"] = _containers(node.child("Init Containers"))
    spec["volumes"] = _volumes(node.child("Volumes"))
    if account := node.text("Service Account"):
        spec["serviceAccountName"] = account
    if selector := node.pairs("Node-Selectors"):
        spec["nodeSelector"] = selector
    spec["tolerations"] = [item for item in map(_toleration, node.values("Tolerations")) if item]
    return spec, status


def _containers(node: Node | None) -> tuple[list[Dict], list[Dict]]:
    specs, statuses = [], []
    for item in node.children if node else []:
        spec, status = _container(item)
        specs.append(spec)
        if status:
            statuses.append(status)
    return specs, statuses


def _container(node: Node) -> tuple[Dict, Dict]:
    spec: Dict = {"name": node.key, "image": node.text("Image")}
    ports = [
        item for item in re.split(r",\s*", node.text("Port") or node.text("Ports")) if item and item not in NOTHING
    ]
    hosts = re.split(r",\s*", node.text("Host Port") or node.text("Host Ports"))
    if ports:
        spec["ports"] = [_port(item, hosts[index] if index < len(hosts) else "") for index, item in enumerate(ports)]
    for key, field in (("Command", "command"), ("Args", "args")):
        if found := [item.raw for item in (node.child(key) or Node("", "", "")).children]:
            spec[field] = found
    resources = {
        field: {item.key: item.value for item in (node.child(key) or Node("", "", "")).children if item.value}
        for key, field in (("Limits", "limits"), ("Requests", "requests"))
    }
    spec["resources"] = {key: value for key, value in resources.items() if value}
    for key, field in (("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")):
        if line := node.text(key):
            spec[field] = _probe(line)
    spec["env"] = [_variable(item) for item in (node.child("Environment") or Node("", "", "")).children]
    sources = [_source(item.raw) for item in (node.child("Environment Variables from") or Node("", "", "")).children]
    spec["envFrom"] = [item for item in sources if item]
    spec["volumeMounts"] = [
        {"mountPath": match[1], "name": match[2], "readOnly": "ro" in match[3]}
        for item in (node.child("Mounts") or Node("", "", "")).children
        if (match := re.match(r"(\S+) from (\S+) \(([^)]*)\)", item.raw))
    ]
    return spec, _status(node)


def _port(item: str, host: str) -> Dict:
    found: Dict = {"containerPort": number(item), "protocol": item.partition("/")[2] or "TCP"}
    if number(host):
        found["hostPort"] = number(host)
    return found


def _status(node: Node) -> Dict:
    if node.child("State") is None and node.child("Ready") is None:
        return {}
    return {
        "name": node.key,
        "image": node.text("Image"),
        "imageID": node.text("Image ID"),
        "ready": node.text("Ready") == "True",
        "restartCount": number(node.text("Restart Count")),
        "state": _state(node.child("State")),
        "lastState": _state(node.child("Last State")),
    }


def _state(node: Node | None) -> Dict:
    if node is None:
        return {}
    match node.value:
        case "Running":
            return {"running": {"startedAt": time(node.text("Started"))}}
        case "Waiting":
            return {"waiting": {"reason": node.text("Reason"), "message": node.text("Message")}}
        case "Terminated":
            ended: Dict = {
                "reason": node.text("Reason"),
                "message": node.text("Message"),
                "exitCode": number(node.text("Exit Code")),
                "startedAt": time(node.text("Started")),
                "finishedAt": time(node.text("Finished")),
            }
            return {"terminated": {key: value for key, value in ended.items() if value not in ("", None)}}
    return {}


def _probe(line: str) -> Dict:
    found: Dict = {}
    names = {"delay": "initialDelaySeconds", "timeout": "timeoutSeconds", "period": "periodSeconds",
             "success": "successThreshold", "failure": "failureThreshold"}  # fmt: skip
    for match in _PROBE_OPTION.finditer(line):
        found[names[match[1] or match[3]]] = int(match[2] or match[4])
    action, _, rest = line.partition(" ")
    target = rest.split("  delay=")[0].split(" delay=")[0].strip()
    if action == "grpc":
        found["grpc"] = {"port": number(target.rpartition(":")[2])}
        if service := target.rpartition(":")[2].partition("/")[2]:
            found["grpc"]["service"] = service
    elif action == "tcp-socket":
        found["tcpSocket"] = {"port": number_or_name(target.rpartition(":")[2])}
    elif action == "http-get" and (address := _HTTP.match(target)):
        found["httpGet"] = {"scheme": address[1].upper(), "port": number_or_name(address[3]), "path": address[4] or "/"}
    elif action == "exec":
        found["exec"] = {"command": target.strip("[]").split(" ")}
    return found


def _variable(node: Node) -> Dict:
    value = "\n".join([node.value, *(item.raw for item in node.children)]).strip()
    if match := _KEY_REF.search(value):
        key = "secretKeyRef" if match[2] == "secret" else "configMapKeyRef"
        optional = "Optional: true" in value
        return {"name": node.key, "valueFrom": {key: {"name": match[3], "key": match[1], "optional": optional}}}
    if field := re.search(r"\(v\d+:([^)]*)\)$", value):
        return {"name": node.key, "valueFrom": {"fieldRef": {"fieldPath": field[1]}}}
    return {"name": node.key, "value": value}


def _source(line: str) -> Dict | None:
    cells = columns(line)
    if len(cells) < 2:
        return None
    key = "secretRef" if cells[1].startswith("Secret") else "configMapRef"
    return {key: {"name": cells[0], "optional": "Optional: true" in line}}


def _volumes(node: Node | None) -> list[Dict]:
    found = []
    for item in node.children if node else []:
        volume: Dict = {"name": item.key}
        kind = item.text("Type").split(" ")[0]
        optional = item.text("Optional") == "true"
        match kind:
            case "PersistentVolumeClaim":
                volume["persistentVolumeClaim"] = {"claimName": item.text("ClaimName")}
            case "Secret":
                volume["secret"] = {"secretName": item.text("SecretName"), "optional": optional}
            case "ConfigMap":
                volume["configMap"] = {"name": item.text("Name"), "optional": optional}
            case "HostPath":
                volume["hostPath"] = {"path": item.text("Path"), "type": item.text("HostPathType")}
            case "EmptyDir":
                volume["emptyDir"] = {}
        found.append(volume)
    return found


def _toleration(line: str) -> Dict | None:
    head = line.split(" ")[0]
    found: Dict = {}
    key, _, effect = head.rpartition(":") if ":" in head else (head, "", "")
    name, _, value = key.partition("=")
    if not name and "op=Exists" not in line:
        return None
    found["key"], found["operator"] = name, "Exists" if "op=Exists" in line or not value else "Equal"
    if value:
        found["value"] = value
    if effect:
        found["effect"] = effect
    return found
