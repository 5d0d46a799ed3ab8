"""What the server accepts, kind by kind, in its words."""

from cloudwright.twin.api import Obj
from cloudwright.twin.schema.kinds import ResourceInfo
from cloudwright.twin.server.errors import FieldError


def validate_create(info: ResourceInfo, obj: Obj) -> list[FieldError]:
    """What is wrong with a new object."""
    return []


def validate_update(info: ResourceInfo, obj: Obj, old: Obj, subresource: str = "") -> list[FieldError]:
    """What is wrong with a changed object."""
    return []
