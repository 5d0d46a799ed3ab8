"""Which resources are served: the built-in ones and those of custom resource definitions."""

from collections.abc import Iterable

from cloudwright.twin.api import Resource
from cloudwright.twin.schema.kinds import ResourceInfo, builtin


class Catalog:
    """Lookup of served resources. Custom ones come and go with their definitions."""

    def __init__(self) -> None:
        self._infos = {info.resource: info for info in builtin()}
        self._custom: dict[str, list[Resource]] = {}
        self.generation = 0

    def find(self, resource: Resource) -> ResourceInfo | None:
        """The resource, or None when it is not served."""
        return self._infos.get(resource)

    def all(self) -> Iterable[ResourceInfo]:
        """Everything that is served, in the order of discovery."""
        return self._infos.values()

    def by_kind(self, api_version: str, kind: str) -> ResourceInfo | None:
        """The resource of a kind, or None."""
        for info in self._infos.values():
            if info.kind == kind and info.resource.api_version == api_version:
                return info
        return None

    def by_group_resource(self, group: str, plural: str) -> ResourceInfo | None:
        """Any served version of a resource."""
        for resource, info in self._infos.items():
            if (resource.group, resource.plural) == (group, plural):
                return info
        return None

    def has_group(self, group: str) -> bool:
        """Whether anything is served under a group."""
        return any(resource.group == group for resource in self._infos)

    def set_custom(self, definition: str, infos: Iterable[ResourceInfo]) -> None:
        """Serve exactly these resources for a custom resource definition (none: stop serving it)."""
        for resource in self._custom.pop(definition, ()):
            self._infos.pop(resource, None)
        served = list(infos)
        if served:
            self._custom[definition] = [info.resource for info in served]
            self._infos.update({info.resource: info for info in served})
        self.generation += 1
