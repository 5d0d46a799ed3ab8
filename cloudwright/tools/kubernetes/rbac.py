"""Who may do what under Kubernetes RBAC, computed from roles and bindings alone."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cloudwright.core.tool import Permission
from cloudwright.tools.kubernetes.facts import dig, maps

GROUP = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class Subject:
    """A user, a group or a service account (with its namespace)."""

    kind: str
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    def implied(self, groups: Iterable[str] = ()) -> frozenset["Subject"]:
        """The subjects whose rights this one has: itself and the groups that it is in."""
        found = {self, *(Subject("Group", group) for group in groups), Subject("Group", "system:authenticated")}
        if self.kind == "ServiceAccount":
            found |= {
                Subject("Group", "system:serviceaccounts"),
                Subject("Group", f"system:serviceaccounts:{self.namespace}"),
                Subject("User", f"system:serviceaccount:{self.namespace}:{self.name}"),
            }
        if self == Subject("User", "system:anonymous"):
            found -= {Subject("Group", "system:authenticated")}
            found |= {Subject("Group", "system:unauthenticated")}
        return frozenset(found)


@dataclass(frozen=True)
class Grant:
    """One rule that a subject has, and through what. `namespace` is "" for the whole cluster."""

    subject: Subject
    rule: Mapping[str, Any]
    binding: str
    role: str
    namespace: str

    @property
    def names(self) -> tuple[str, ...]:
        """The object names that the rule is limited to; () for all."""
        return tuple(self.rule.get("resourceNames") or ())


@dataclass(frozen=True)
class Rbac:
    """Roles and bindings of a cluster, or of what could be read of it (`gaps` says what could not)."""

    cluster_roles: Mapping[str, Mapping[str, Any]]
    roles: Mapping[tuple[str, str], Mapping[str, Any]]
    cluster_bindings: tuple[Mapping[str, Any], ...]
    bindings: tuple[Mapping[str, Any], ...]
    gaps: tuple[str, ...] = ()

    def grants(self, namespace: str | None = None) -> Iterator[Grant]:
        """Every rule of every subject.

        Args:
            namespace: what holds in this namespace, "" for what holds everywhere; None: all there is.
        """
        for binding in self.cluster_bindings:
            yield from self._of(binding, "")
        for binding in self.bindings:
            where = str(dig(binding, "metadata", "namespace"))
            if namespace is None or (namespace and where == namespace):
                yield from self._of(binding, where)

    def _of(self, binding: Mapping[str, Any], namespace: str) -> Iterator[Grant]:
        kind, name = str(dig(binding, "roleRef", "kind")), str(dig(binding, "roleRef", "name"))
        role = self.cluster_roles.get(name) if kind == "ClusterRole" else self.roles.get((namespace, name))
        title = f"{binding.get('kind')} {dig(binding, 'metadata', 'name')}"
        for entry in maps(binding, "subjects"):
            where = str(entry.get("namespace") or "") if entry.get("kind") == "ServiceAccount" else ""
            subject = Subject(str(entry.get("kind")), str(entry.get("name")), where)
            for rule in maps(role, "rules"):
                yield Grant(subject, rule, title, f"{kind} {name}", namespace)


def covers(rule: Mapping[str, Any], permission: Permission) -> bool:
    """Whether a rule allows this, at least for some object names if the permission names none."""
    if not _has(rule.get("verbs"), permission.verb):
        return False
    if permission.resource.startswith("/"):
        return any(_url(pattern, permission.resource) for pattern in rule.get("nonResourceURLs") or ())
    if not _has(rule.get("apiGroups"), permission.group):
        return False
    if not any(_resource(pattern, permission.resource) for pattern in rule.get("resources") or ()):
        return False
    names = rule.get("resourceNames") or ()
    if not names:
        return True
    return permission.name in names if permission.name else permission.verb not in ("create", "deletecollection")


def who_can(rbac: Rbac, permission: Permission) -> list[Grant]:
    """The grants that allow this, one a subject and binding."""
    found: dict[tuple[Subject, str, str], Grant] = {}
    for grant in rbac.grants(permission.namespace):
        if covers(grant.rule, permission):
            key = (grant.subject, grant.binding, grant.namespace)
            if key not in found or (found[key].names and not grant.names):
                found[key] = grant
    return list(found.values())


def what_can(rbac: Rbac, subject: Subject, groups: Iterable[str] = (), namespace: str | None = None) -> list[Grant]:
    """The grants of a subject, through its groups too."""
    implied = subject.implied(groups)
    return [grant for grant in rbac.grants(namespace) if grant.subject in implied]


def granters(rbac: Rbac, permission: Permission) -> list[Subject]:
    """Who could give this right to somebody in this place.

    That takes writing role bindings there, and either having the right or being allowed to bind or escalate past it.
    """
    bindings = "rolebindings" if permission.namespace else "clusterrolebindings"

    def allowed(verb: str, resource: str) -> set[Subject]:
        wanted = Permission(verb=verb, group=GROUP, resource=resource, namespace=permission.namespace)
        return {grant.subject for grant in who_can(rbac, wanted) if not grant.names}

    writers = allowed("create", bindings) | allowed("update", bindings) | allowed("patch", bindings)
    roles = "roles" if permission.namespace else "clusterroles"
    free = allowed("bind", "clusterroles") | allowed("escalate", roles)
    having = {grant.subject for grant in who_can(rbac, permission) if not grant.names}
    return sorted(writers & (free | having), key=lambda subject: (_order(subject), str(subject)))


def _order(subject: Subject) -> int:
    """People before machines."""
    if subject.kind == "ServiceAccount":
        return 2
    return 1 if subject.name.startswith("system:") and subject.name != "system:masters" else 0


def _has(allowed: Any, wanted: str) -> bool:
    return bool(allowed) and ("*" in allowed or wanted in allowed)


def _resource(pattern: str, resource: str) -> bool:
    if pattern in ("*", resource):
        return True
    _, _, subresource = resource.partition("/")
    return bool(subresource) and pattern == f"*/{subresource}"


def _url(pattern: str, path: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern[:-1]))
