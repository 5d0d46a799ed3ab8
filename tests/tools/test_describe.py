"""What a description says of the parts of an object."""

from cloudwright.core.masking import SessionRedactor
from cloudwright.tools.kubernetes.describe import environment_lines, last_edit
from cloudwright.tools.kubernetes.values import moment


def test_references_to_secrets_are_told_and_values_are_masked() -> None:
    container = {
        "env": [
            {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "orders-db", "key": "password"}}},
            {"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "site", "key": "level", "optional": True}}},
            {"name": "API_TOKEN", "value": "hunter2-of-the-hill"},
        ]
    }
    masked = [SessionRedactor(b"k").value(line) for line in environment_lines(container)]
    assert masked[:2] == [
        "  env DB_PASSWORD from key password of Secret orders-db",
        "  env LEVEL from key level of ConfigMap site, if it is there",
    ]
    assert masked[2].startswith("  env API_TOKEN=[masked:")


def test_the_last_edit_is_told_with_its_editor_and_what_controllers_report_is_none() -> None:
    entries = [
        {"manager": "deployer", "operation": "Update", "time": "2026-01-05T10:00:00Z"},
        {"manager": "helm", "operation": "Apply", "time": "2026-01-04T10:00:00Z"},
        {"manager": "kubelet", "subresource": "status", "time": "2026-01-05T11:59:00Z"},
    ]
    now = moment("2026-01-05T12:00:00Z") or 0.0
    assert list(last_edit({"metadata": {"managedFields": entries}}, now)) == [
        "last edited: 2026-01-05T10:00:00Z (2h ago) by deployer"
    ]
    assert list(last_edit({"metadata": {}}, now)) == []
