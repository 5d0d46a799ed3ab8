"""From a URL path to what it addresses."""

from dataclasses import dataclass

from cloudwright.twin.api import Resource

_METHODS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
NAMESPACE_PARTS = ("status", "finalize")


@dataclass(frozen=True)
class Target:
    """A resource path. `name` and `subresource` may be empty; `watch` is the deprecated /watch/ prefix."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""
    watch: bool = False


def parse(path: str) -> Target | None:
    """The resource that a path addresses, or None when it is no resource path."""
    parts = [part for part in path.split("/") if part]
    if len(parts) >= 3 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    watch = rest[0] == "watch" and len(rest) > 1
    if watch:
        rest = rest[1:]
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and not (rest[2] in NAMESPACE_PARTS and len(rest) == 3):
        namespace, rest = rest[1], rest[2:]
    padded = [*rest, "", ""]
    resource = Resource(group, version, padded[0])
    return Target(resource, namespace, padded[1], padded[2], "/".join(rest[3:]), watch)


def verb_of(method: str, target: Target, *, watching: bool) -> str:
    """The verb as RBAC and the audit log name it."""
    verb = _METHODS.get(method, method.lower())
    if verb == "get" and (watching or target.watch):
        return "watch"
    if verb == "get" and not target.name:
        return "list"
    if verb == "delete" and not target.name:
        return "deletecollection"
    return verb
