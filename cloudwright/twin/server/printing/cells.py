"""What the rows of many kinds share."""

from collections.abc import Callable, Mapping
from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.server.printing.words import (
    layout_containers,
    since,
)

Row = Callable[[Obj, float], list[Any]]


def name_of(obj: Obj) -> str:
    """The object's name."""
    return str(obj["metadata"]["name"])


def age_of(obj: Obj, now: float) -> str:
    """How old the object is, as a table shows it."""
    return since(obj["metadata"].get("creationTimestamp"), now)


def spec_of(obj: Obj) -> Mapping[str, Any]:
    """The object's spec ({} when it has none)."""
    found: Mapping[str, Any] = obj.get("spec") or {}
    return found


def status_of(obj: Obj) -> Mapping[str, Any]:
    """The object's status ({} when it has none)."""
    found: Mapping[str, Any] = obj.get("status") or {}
    return found


def containers_of(template: Mapping[str, Any]) -> list[str]:
    """Cells of the containers of a template: names, images."""
    return layout_containers((template.get("spec") or {}).get("containers") or ())
