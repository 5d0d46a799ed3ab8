"""Nobody grants more than they have: the check of roles and bindings."""

from collections.abc import Iterable, Iterator

from cloudwright.twin.api import Obj
from cloudwright.twin.server.admission.base import Plugin, key
from cloudwright.twin.server.errors import forbidden
from cloudwright.twin.server.rbac import Attributes, Authorizer, Rule, allows
from cloudwright.twin.server.request import Request, User

_GROUP = "rbac.authorization.k8s.io"
_NOBODY = User("")
_ROLES = {(_GROUP, "roles"), (_GROUP, "clusterroles")}
_BINDINGS = {(_GROUP, "rolebindings"), (_GROUP, "clusterrolebindings")}


class Escalation(Plugin):
    """Refuses roles and bindings that give permissions which the user does not hold."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    def mutate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Check a role or binding that is written."""
        if obj is None or "system:masters" in request.user.groups or request.internal:
            return
        if key(request.info) in _ROLES:
            if not self._may(request, "escalate", request.name) and (
                old is None or obj.get("rules") != old.get("rules")
            ):
                self._check(request, obj.get("rules") or ())
        elif key(request.info) in _BINDINGS:
            reference = obj["roleRef"]
            if not self._may(request, "bind", reference["name"], reference["kind"]):
                self._check(request, self._authorizer.role_rules(reference, request.namespace))

    def _may(self, request: Request, verb: str, name: str, kind: str = "") -> bool:
        plural = (kind.lower() + "s") if kind else request.info.resource.plural
        attributes = Attributes(request.user, verb, _GROUP, "v1", plural, namespace=request.namespace, name=name)
        return self._authorizer.decide(attributes).allowed

    def _check(self, request: Request, rules: Iterable[Rule]) -> None:
        held = [rule for rule, _ in self._authorizer.rules(request.user, request.namespace)]
        missing = [rule for rule in _atoms(rules) if not any(_covers(each, rule) for each in held)]
        if not missing:
            return
        groups = " ".join(f'"{group}"' for group in request.user.groups)
        shown = "\n".join(sorted(_shown(rule) for rule in _compact(missing)))
        why = (
            f'user "{request.user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not currently '
            f"held:\n{shown}"
        )
        raise forbidden(request.info, request.name, why)


def _atoms(rules: Iterable[Rule]) -> Iterator[Obj]:
    for rule in rules:
        for verb in rule.get("verbs") or ():
            for url in rule.get("nonResourceURLs") or ():
                yield {"nonResourceURLs": [url], "verbs": [verb]}
            for group in rule.get("apiGroups") or ():
                for resource in rule.get("resources") or ():
                    for name in rule.get("resourceNames") or ("",):
                        atom: Obj = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                        yield {**atom, "resourceNames": [name]} if name else atom


def _covers(held: Rule, atom: Obj) -> bool:
    from_user = Attributes(
        _NOBODY,
        atom["verbs"][0],
        (atom.get("apiGroups") or [""])[0],
        "",
        *(_split((atom.get("resources") or [""])[0])),
        name=(atom.get("resourceNames") or [""])[0],
        path=(atom.get("nonResourceURLs") or [""])[0],
    )
    return allows(held, from_user)


def _split(resource: str) -> tuple[str, str]:
    head, _, tail = resource.partition("/")
    return head, tail


def _compact(atoms: list[Obj]) -> list[Obj]:
    merged: dict[str, Obj] = {}
    for atom in atoms:
        identity = str({name: value for name, value in atom.items() if name != "verbs"})
        present = merged.setdefault(identity, {**atom, "verbs": []})
        if atom["verbs"][0] not in present["verbs"]:
            present["verbs"].append(atom["verbs"][0])
    return list(merged.values())


def _shown(rule: Obj) -> str:
    names = {"nonResourceURLs": "NonResourceURLs", "apiGroups": "APIGroups", "resources": "Resources"}
    names |= {"resourceNames": "ResourceNames", "verbs": "Verbs"}
    parts = [f"{label}:[{', '.join(_quote(v) for v in rule[name])}]" for name, label in names.items() if rule.get(name)]
    return "{" + ", ".join(parts) + "}"


def _quote(text: str) -> str:
    return f'"{text}"'
