"""What plugins have in common."""

from cloudwright.twin.api import Obj
from cloudwright.twin.schema.kinds import ResourceInfo
from cloudwright.twin.server.request import Request

PODS = ("", "pods")


def key(info: ResourceInfo) -> tuple[str, str]:
    """Group and plural."""
    return info.resource.group, info.resource.plural


def creates(request: Request, *keys: tuple[str, str]) -> bool:
    """Whether the request creates an object of one of the kinds."""
    return request.verb == "create" and not request.subresource and key(request.info) in keys


class Plugin:
    """A plugin that does nothing; subclasses override what they need."""

    def mutate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """See `Admission.mutate`."""

    def validate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """See `Admission.validate`."""
