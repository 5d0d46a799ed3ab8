"""Bodies in protobuf, as kubectl sends them."""

from typing import Any

import pytest

from cloudwright.twin.schema.types import find_kind
from cloudwright.twin.server.protobuf import decode
from tests.twin.server.client import Client


def field(number: int, *parts: bytes | str) -> bytes:
    """A field of bytes, text or a message."""
    data = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    tag = number << 3 | 2
    return bytes([tag & 0x7F | 0x80, tag >> 7] if tag > 0x7F else [tag]) + bytes([len(data)]) + data


def envelope(api_version: str, kind: str, body: bytes) -> bytes:
    """An enveloped object."""
    return b"k8s\x00" + field(1, field(1, api_version), field(2, kind)) + b"\x12" + bytes([len(body)]) + body


def pod_with(container: bytes = b"", volume: bytes = b"") -> dict[str, Any]:
    """The decoded spec of a pod with one container and one volume."""
    spec = field(1, volume) + field(2, field(1, "app") + container)
    found: dict[str, Any] = decode(envelope("v1", "Pod", field(1, field(1, "p")) + field(2, spec)), find_kind)["spec"]
    return found


def test_kubectl_creates_an_ingress() -> None:
    kubectl = bytes.fromhex(
        "6b3873000a1f0a146e6574776f726b696e672e6b38732e696f2f76311207496e677265737312440a150a016912001a04"
        "6c61623322002a00320038004200122"
        "71a250a03612e62121e0a1c0a1a0a012f120d220b0a03776562120"
        "40a0010501a065072656669781a020a001a002200"
    )
    client = Client()
    client.send("POST", "/api/v1/namespaces", {"metadata": {"name": "lab3"}})
    path = "/apis/networking.k8s.io/v1/namespaces/lab3/ingresses"
    made = client.send("POST", path, kubectl, content_type="application/vnd.kubernetes.protobuf")
    assert made.code == 201
    rule = made.obj["spec"]["rules"][0]
    assert (rule["host"], rule["http"]["paths"][0]["backend"]["service"]["name"]) == ("a.b", "web")


def test_probes_keep_their_handlers_and_their_numbers() -> None:
    probe = field(1, field(2, field(1, "/ready"))) + b"\x10\x05" + b"\x18\x02"
    found = pod_with(container=field(11, probe))["containers"][0]["readinessProbe"]
    assert found == {"httpGet": {"path": "/ready"}, "initialDelaySeconds": 5, "timeoutSeconds": 2}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (field(1, field(1, "/var")), {"hostPath": {"path": "/var"}}),
        (field(6, field(1, "keys")), {"secret": {"secretName": "keys"}}),
        (field(19, field(1, field(1, "settings"))), {"configMap": {"name": "settings"}}),
    ],
)
def test_volumes_keep_name_and_source(source: bytes, expected: dict[str, Any]) -> None:
    assert pod_with(volume=field(1, "v") + field(2, source))["volumes"] == [{"name": "v", **expected}]


def test_variables_keep_the_references_to_secrets() -> None:
    reference = field(1, field(1, "creds")) + field(2, "password")
    found = pod_with(container=field(7, field(1, "P") + field(3, field(4, reference))))["containers"][0]["env"]
    assert found == [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "creds", "key": "password"}}}]


def test_delete_options_are_not_taken_for_type_names() -> None:
    found = decode(envelope("v1", "DeleteOptions", b"\x08\x05"), find_kind)
    assert (found["kind"], found["gracePeriodSeconds"]) == ("DeleteOptions", 5)
