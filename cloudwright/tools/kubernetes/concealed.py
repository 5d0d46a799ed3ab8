"""Secret values in objects, replaced by what may be known of them: presence, length and a salted hash."""

import base64
import binascii
import copy
import json
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from cloudwright.core.masking.redactor import PLACEHOLDER
from cloudwright.core.redaction import Redactor

SECRET_OF_OURS = "(a secret value that this change set)"
"""Stands for a secret value in the arguments of an undo."""
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def conceal(obj: Mapping[str, Any], redactor: Redactor) -> dict[str, Any]:
    """A copy of the object in which no value of a Secret can be read; other kinds come back as they are.

    `stringData` is shown where the server keeps it, in `data`. Equal values have equal placeholders in one session, so
    that two states can still be compared.
    """
    if obj.get("kind") != "Secret" or obj.get("apiVersion", "v1") != "v1":
        return dict(obj)
    hidden = copy.deepcopy(dict(obj))
    data = {str(key): _mark(_decoded(value), redactor) for key, value in _items(obj.get("data"))}
    data |= {str(key): _mark(str(value), redactor) for key, value in _items(hidden.pop("stringData", None))}
    if data or "data" in obj:
        hidden["data"] = data
    annotations = (hidden.get("metadata") or {}).get("annotations")
    if isinstance(annotations, dict) and LAST_APPLIED in annotations:
        annotations[LAST_APPLIED] = redactor.learn(str(annotations[LAST_APPLIED]))
    return hidden


def is_concealed(value: JsonValue) -> bool:
    """Whether a value, or anything inside it, stands for a secret that is not known."""
    return PLACEHOLDER.search(json.dumps(value, ensure_ascii=False)) is not None


def _mark(plain: str, redactor: Redactor) -> str:
    return plain if PLACEHOLDER.fullmatch(plain) else redactor.learn(plain)


def _items(found: Any) -> list[tuple[Any, Any]]:
    return list(found.items()) if isinstance(found, Mapping) else []


def _decoded(value: Any) -> str:
    try:
        return base64.b64decode(str(value), validate=True).decode("utf-8", "backslashreplace")
    except (binascii.Error, ValueError):
        return str(value)
