"""Role-based access control over the stored roles and bindings."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cloudwright.twin.server.request import User
from cloudwright.twin.store import Kind, Store

_RBAC = "rbac.authorization.k8s.io"
Rule = Mapping[str, Any]


@dataclass(frozen=True)
class Attributes:
    """What somebody wants to do: on a resource, or (with `path`) on a URL."""

    user: User
    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


@dataclass(frozen=True)
class Decision:
    """Whether it is allowed, and why."""

    allowed: bool
    reason: str = ""


class Authorizer:
    """Grants what roles and bindings grant; `system:masters` may do everything."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.enabled = True

    def decide(self, attributes: Attributes) -> Decision:
        """Whether the attributes are allowed."""
        if not self.enabled or "system:masters" in attributes.user.groups:
            return Decision(True)
        for rule, reason in self.rules(attributes.user, attributes.namespace):
            if allows(rule, attributes):
                return Decision(True, reason)
        return Decision(False)

    def rules(self, user: User, namespace: str) -> Iterator[tuple[Rule, str]]:
        """Every rule that a user has in a namespace ("" for cluster scope), with the binding that grants it."""
        yield from self._bound(user, (_RBAC, "clusterrolebindings"), "")
        if namespace:
            yield from self._bound(user, (_RBAC, "rolebindings"), namespace)

    def _bound(self, user: User, kind: Kind, namespace: str) -> Iterator[tuple[Rule, str]]:
        cluster = not namespace
        for binding in self._store.objects(kind, namespace if namespace else None):
            where = binding["metadata"].get("namespace", "")
            subject = next((each for each in binding.get("subjects") or () if _is(each, user, where)), None)
            if subject is None:
                continue
            reference = binding["roleRef"]
            label = binding["metadata"]["name"] + (f"/{where}" if where else "")
            word = "ClusterRoleBinding" if cluster else "RoleBinding"
            of = f'{word} "{label}" of {reference["kind"]} "{reference["name"]}"'
            reason = f"RBAC: allowed by {of} to {_shown(subject, where)}"
            for rule in self.role_rules(reference, where):
                yield rule, reason

    def role_rules(self, reference: Mapping[str, Any], namespace: str) -> Iterable[Rule]:
        """The rules of the role that a binding refers to (none when it does not exist)."""
        if reference["kind"] == "ClusterRole":
            role = self._store.get((_RBAC, "clusterroles"), "", reference["name"])
        else:
            role = self._store.get((_RBAC, "roles"), namespace, reference["name"])
        return (role or {}).get("rules") or ()


def _is(subject: Mapping[str, Any], user: User, namespace: str) -> bool:
    match subject.get("kind"):
        case "User":
            return bool(subject["name"] == user.name)
        case "Group":
            return subject["name"] in user.groups
        case "ServiceAccount":
            where = subject.get("namespace") or namespace
            return user.name == f"system:serviceaccount:{where}:{subject['name']}"
    return False


def _shown(subject: Mapping[str, Any], namespace: str) -> str:
    if subject["kind"] == "ServiceAccount":
        return f'ServiceAccount "{subject["name"]}/{subject.get("namespace") or namespace}"'
    return f'{subject["kind"]} "{subject["name"]}"'


def allows(rule: Rule, attributes: Attributes) -> bool:
    """Whether one rule grants the attributes."""
    verbs = rule.get("verbs") or ()
    if "*" not in verbs and attributes.verb not in verbs:
        return False
    if attributes.path:
        return any(_path_matches(url, attributes.path) for url in rule.get("nonResourceURLs") or ())
    groups = rule.get("apiGroups") or ()
    if "*" not in groups and attributes.group not in groups:
        return False
    names = rule.get("resourceNames") or ()
    if names and attributes.name not in names:
        return False
    return _resource_matches(rule.get("resources") or (), attributes)


def _resource_matches(resources: Iterable[str], attributes: Attributes) -> bool:
    sub = attributes.subresource
    combined = f"{attributes.resource}/{sub}" if sub else attributes.resource
    return any(each in ("*", combined) or (sub and each == f"*/{sub}") for each in resources)


def _path_matches(url: str, path: str) -> bool:
    return url in ("*", path) or (url.endswith("*") and path.startswith(url.rstrip("*")))


def forbidden_text(attributes: Attributes) -> str:
    """The refusal, without the object it is about."""
    user = attributes.user.name
    if attributes.path:
        return f'User "{user}" cannot {attributes.verb} path "{attributes.path}"'
    resource = f"{attributes.resource}/{attributes.subresource}" if attributes.subresource else attributes.resource
    text = f'User "{user}" cannot {attributes.verb} resource "{resource}" in API group "{attributes.group}"'
    return (
        f'{text} in the namespace "{attributes.namespace}"' if attributes.namespace else f"{text} at the cluster scope"
    )
