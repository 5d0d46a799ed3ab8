"""Reading a masked value again from the object that it came from."""

from typing import Any

from cloudwright.core.context import Context
from cloudwright.core.errors import ToolError
from cloudwright.core.redaction import Origin
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.discovery import Discovery


def read_origin(origin: Origin, context: Context) -> str | None:
    """The present text at this place, or None if the object, its uid or the field is not what it was."""
    try:
        kind = context.service(Discovery).of(origin.ref.api_version, origin.ref.kind)
        found: Any = context.service(KubernetesClient).get(kind.path(origin.ref.namespace, origin.ref.name))
    except ToolError:
        return None
    if origin.ref.uid and (found.get("metadata") or {}).get("uid") != origin.ref.uid:
        return None
    for step in origin.path:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            return None
    return found if isinstance(found, str) else None
