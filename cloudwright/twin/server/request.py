"""A request to the API after routing, and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudwright.twin.api import Obj, PatchType
from cloudwright.twin.schema.kinds import ResourceInfo


@dataclass(frozen=True)
class User:
    """Who asks."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


ADMIN = User("system:admin", ("system:masters", "system:authenticated"))
_CONTROLLERS = "system:serviceaccount:kube-system:"
_PROGRAMS = {"system:kube-scheduler": "kube-scheduler", "system:node-agent": "kubelet"}
ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))


@dataclass
class Options:
    """Query parameters and `DeleteOptions`, decoded."""

    dry_run: bool = False
    field_manager: str = ""
    field_validation: str = "Warn"
    force: bool = False
    label_selector: str = ""
    field_selector: str = ""
    limit: int = 0
    continue_token: str = ""
    resource_version: str | None = None
    resource_version_match: str = ""
    propagation: str | None = None
    orphan_dependents: bool | None = None
    grace_period: int | None = None
    precondition_uid: str | None = None
    precondition_version: str | None = None


@dataclass
class Request:
    """One request on a resource. `verb` as RBAC names it; `subresource` "" for the object itself.

    `actor` is who really asks, when somebody is impersonated; `internal` requests come from the world's own parts.
    `owned_through` is the subresource under which ownership of fields is recorded, where it is another.
    """

    verb: str
    info: ResourceInfo
    namespace: str
    name: str = ""
    subresource: str = ""
    body: Any = None
    user: User = ADMIN
    options: Options = field(default_factory=Options)
    patch_type: PatchType | None = None
    user_agent: str = ""
    duplicates: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    audit: dict[str, Any] = field(default_factory=dict)
    path: str = ""
    internal: bool = False
    actor: User | None = None
    owned_through: str = ""

    @property
    def manager(self) -> str:
        """Who is recorded as owner of the written fields."""
        if self.internal and not self.options.field_manager:
            name = self.user.name
            return _PROGRAMS.get(name) or ("kube-controller-manager" if name.startswith(_CONTROLLERS) else name)
        return self.options.field_manager or self.user_agent.split("/")[0] or "unknown"


@dataclass
class Response:
    """The answer: an object (or a `Status`), with its HTTP code."""

    obj: Obj
    code: int = 200
