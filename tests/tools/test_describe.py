"""What a description says of the parts of an object."""

from cloudwright.core.masking import SessionRedactor
from cloudwright.tools.kubernetes.describe import environment_lines


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
