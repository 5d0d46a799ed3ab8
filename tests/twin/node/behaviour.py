"""What of a pod's fate is compared between kubelets: states, reasons, exit codes, conditions and events."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

NAMESPACE = "behaviour"


def supporting_objects() -> Iterator[tuple[str, dict[str, Any]]]:
    """Objects that the manifests refer to."""
    yield (
        "config_map",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"color": "red"}},
    )
    yield (
        "secret",
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "credentials"}, "stringData": {"user": "u"}},
    )


def build(entry: Mapping[str, Any], image: str) -> dict[str, Any]:
    """The pod of a manifest entry."""
    spec = dict(entry["spec"])
    for part in ("initContainers", "containers"):
        if part in spec:
            spec[part] = [{"image": image, "imagePullPolicy": "IfNotPresent", **each} for each in spec[part]]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": entry["name"]}, "spec": spec}


def compact(pod: Mapping[str, Any], events: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The compared view of a pod."""
    status = pod.get("status") or {}
    return {
        "phase": status.get("phase"),
        "reason": status.get("reason"),
        "conditions": {each["type"]: [each["status"], each.get("reason")] for each in status.get("conditions") or ()},
        "init": {each["name"]: _container(each) for each in status.get("initContainerStatuses") or ()},
        "containers": {each["name"]: _container(each) for each in status.get("containerStatuses") or ()},
        "events": sorted(
            {
                f"{each['type']} {each['reason']} {_plain(each.get('message') or '')}"
                for each in events
                if each["involvedObject"].get("uid") == pod["metadata"]["uid"]
            }
        ),
    }


def _container(status: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "state": _state(status.get("state") or {}),
        "last": _state(status.get("lastState") or {}),
        "ready": status["ready"],
        "started": status.get("started"),
        "restarted": status["restartCount"] > 0,
    }


def _state(state: Mapping[str, Any]) -> str:
    for kind, details in state.items():
        if details is not None:
            code = f" {details['exitCode']}" if "exitCode" in details else ""
            return f"{kind} {details.get('reason') or ''}{code}".strip()
    return ""


def _plain(message: str) -> str:
    message = re.sub(r"\([0-9a-f-]{36}\)", "(UID)", message)
    message = re.sub(r"\d+\.\d+\.\d+\.\d+(:\d+->)?", "IP", message)
    message = re.sub(r"in [\d.]+m?s \([\d.]+m?s including waiting\). Image size: \d+ bytes", "in TIME", message)
    return re.sub(r'"kube-api-access-\w+"', '"kube-api-access"', message)
