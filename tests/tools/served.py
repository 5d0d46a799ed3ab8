"""Objects as the server has them after a change."""

from typing import Any

from cloudwright.tools.kubernetes.fields import spec_of
from tests.tools.desk import Desk


def path(desk: Desk, resource: str, name: str, group: str = "/api/v1") -> str:
    return f"{group}/namespaces/{desk.namespace}/{resource}/{name}"


def web(desk: Desk) -> Any:
    return desk.get(path(desk, "deployments", "web", "/apis/apps/v1"))


def content(obj: dict[str, Any]) -> dict[str, Any]:
    """Without what controllers write beside the change."""
    kept = spec_of(obj)
    notes = kept["metadata"].get("annotations") or {}
    kept["metadata"]["annotations"] = {key: value for key, value in notes.items() if "kubernetes.io/" not in key}
    return kept
