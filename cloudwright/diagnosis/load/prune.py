"""Keeps of an object what diagnosis needs: no secret values, no bookkeeping; a certificate becomes its dates and names."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.load.applied import LAST_APPLIED, changed_since_applied

MASK = "<masked>"
_BOOKKEEPING = frozenset({"managedFields", "selfLink", "resourceVersion", "generateName"})
BIG_VALUE = 65_536
"""Longest ConfigMap value that is kept whole, in characters."""
_ADDRESS_KEY = re.compile(r"(host|port|addr|address|url|uri|endpoint|server|broker|dsn|service)s?$", re.I)
_SECRET_KEY = re.compile(r"(pass|passwd|password|secret|token|private|credential|api_?key|access_?key)", re.I)
_ADDRESS = re.compile(r"^(?:[a-z][a-z0-9+.-]*://)?(?:[^@/\s]*@)?([A-Za-z0-9._-]+(?::\d{1,5})?)(?:[/?,].*)?$")
_USERINFO = re.compile(r"(://)[^@/\s]+@")
CERTIFICATE = "cloudwright.certificate"
"""Key under which a Secret carries the facts of its certificate."""


def prune(obj: Mapping[str, Any]) -> Object:
    """A copy without managed-field values, last-applied text and secret values. Wrong types pass through.

    What was edited since it was applied is in `metadata.applied`; see `applied.changed_since_applied`.
    """
    found = dict(obj)
    metadata = f.mapping(obj, "metadata")
    if metadata:
        found["metadata"] = _metadata(obj, metadata)
    if obj.get("kind") == "Secret":
        _secret(found)
    elif obj.get("kind") == "ConfigMap":
        found["data"] = {
            key: value[:BIG_VALUE] if isinstance(value, str) else value for key, value in f.mapping(obj, "data").items()
        }
        found.pop("binaryData", None)
    return found


def _metadata(obj: Object, metadata: Object) -> dict[str, Any]:
    kept = {key: value for key, value in metadata.items() if key not in _BOOKKEEPING}
    annotations = f.mapping(metadata, "annotations")
    if LAST_APPLIED in annotations:
        kept["annotations"] = {key: value for key, value in annotations.items() if key != LAST_APPLIED}
        if changes := changed_since_applied(obj):
            kept["applied"] = changes
    managed = f.maps(metadata, "managedFields")
    if managed:
        kept["changes"] = [
            {key: item[key] for key in ("manager", "operation", "subresource", "time") if key in item}
            for item in managed
        ]
    return kept


def _secret(obj: dict[str, Any]) -> None:
    """Keys stay; of the values only addresses, certificate facts and registry names do."""
    data: dict[str, str] = {}
    for key, value in f.mapping(obj, "data").items():
        text = _decode(value)
        data[key] = _address(key, text)
        if key in ("tls.crt", "ca.crt") and text:
            facts = certificate_facts(text)
            if facts:
                obj.setdefault(CERTIFICATE, {})[key] = facts
        if key in (".dockerconfigjson", ".dockercfg"):
            obj["registries"] = _registries(text)
    for key, value in f.mapping(obj, "stringData").items():
        data[key] = _address(key, value if isinstance(value, str) else "")
    obj["data"] = data
    obj.pop("stringData", None)


def _decode(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    try:
        return base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""


def _address(key: str, text: str) -> str:
    """The value where its key says that it is an address and it looks like one; else the mask."""
    if not text:
        return ""
    if _SECRET_KEY.search(key) or not _ADDRESS_KEY.search(key) or len(text) > 200:
        return MASK
    match = _ADDRESS.match(text.strip())
    return _USERINFO.sub(r"\1", text.strip().split("?")[0]) if match else MASK


def _registries(text: str) -> list[str]:
    try:
        found = json.loads(text)
    except ValueError:
        return []
    auths = f.mapping(found, "auths") or f.mapping(found)
    return sorted(str(key) for key in auths)


def certificate_facts(pem: str) -> Object | None:
    """Validity and names of the first certificate of a PEM text; None where there is none."""
    try:
        found = x509.load_pem_x509_certificate(pem.encode())
        try:
            extension = found.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
            value = extension.value
            names = value.get_values_for_type(x509.DNSName) if isinstance(value, x509.SubjectAlternativeName) else []
        except x509.ExtensionNotFound:
            names = []
        return {
            "notBefore": found.not_valid_before_utc.isoformat(),
            "notAfter": found.not_valid_after_utc.isoformat(),
            "names": names,
            "subject": found.subject.rfc4514_string(),
        }
    except (ValueError, TypeError):
        return None
