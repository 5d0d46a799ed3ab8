"""Rights that are missing where they are needed, and bindings and roles that grant nothing or too much."""

import re
from collections.abc import Iterator

from cloudwright.core.finding import Finding, Operator, Remedy
from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import absent, create, finding, near, patch_at
from cloudwright.diagnosis.dependencies import Reason, workload_errors
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.pods import pod_spec
from cloudwright.diagnosis.view import ClusterView

_FORBIDDEN = re.compile(
    r"(?P<resource>[\w.]+)(?: \\?\"(?P<name>[^\"\\]*)\\?\")? is forbidden: User \\?\"system:serviceaccount:(?P<space>[\w.-]+):(?P<account>[\w.-]+)\\?\" "
    r"cannot (?P<verb>\w+) resource \\?\"(?P<kind>[\w./-]+)\\?\" in API group \\?\"(?P<group>[\w.-]*)\\?\"(?: in the namespace \\?\"(?P<in>[\w.-]+)\\?\"| at the cluster scope)?"
)
_EVERYBODY = frozenset({"system:anonymous", "system:unauthenticated", "system:authenticated"})


def forbidden(view: ClusterView) -> Iterator[Finding]:
    """What the API server forbade a program, by its logs and by events, with the Role or binding that should allow it."""
    done: set[tuple[str, ...]] = set()
    for text, source, uid in _texts(view):
        match = _FORBIDDEN.search(text) or _FORBIDDEN.search(_spelled_out(view, text, source))
        if match is None:
            continue
        mark = (match["space"], match["account"], match["verb"], match["kind"], match["group"], match["in"] or "")
        if mark not in done:
            done.add(mark)
            yield _missing(view, match, source, text, uid)


_SHORT = re.compile(
    r"cannot (?P<verb>get|list|watch|create|update|patch|delete) (?P<kind>[a-z]+) in (?:the )?(?:namespace )?(?P<in>[\w-]+)"
)
_GROUPS = {
    "deployments": "apps",
    "replicasets": "apps",
    "statefulsets": "apps",
    "daemonsets": "apps",
    "jobs": "batch",
    "cronjobs": "batch",
    "ingresses": "networking.k8s.io",
}


def _spelled_out(view: ClusterView, text: str, source: Object | None) -> str:
    """A program's own words for a refusal, in the words of the API server."""
    match = _SHORT.search(text)
    if match is None or source is None:
        return ""
    account = f.text(pod_spec(source), "serviceAccountName") or "default"
    user, group = f"system:serviceaccount:{f.namespace(source)}:{account}", _GROUPS.get(match["kind"], "")
    return f'{match["kind"]} is forbidden: User "{user}" cannot {match["verb"]} resource "{match["kind"]}" in API group "{group}" in the namespace "{match["in"]}"'


def _texts(view: ClusterView) -> Iterator[tuple[str, Object | None, str]]:
    for item in view.workloads:
        for error in workload_errors(view, item):
            if error.reason is Reason.FORBIDDEN and (error.position > 0.5 or error.log.previous):
                yield error.quote, item, f.uid(item)
    for event in view.warnings:
        if "is forbidden: User" in event.message:
            yield event.message, view.find(event.kind, event.namespace, event.name), event.uid


def _missing(view: ClusterView, match: re.Match[str], source: Object | None, text: str, uid: str) -> Finding:
    space, account, scope = match["space"], match["account"], match["in"] or ""
    bindings = [
        (item, role)
        for item, role in _bindings(view, space, account)
        if not scope or item.get("kind") == "ClusterRoleBinding" or f.namespace(item) == scope
    ]
    kind = match["kind"].split("/")[0]
    target: Object | ObjectRef
    field, remedies = "rules", list[Remedy | None]()
    near_binding = _near_binding(view, account, space, scope)
    lost = [item for item, role in bindings if role is None]
    if lost:
        target, field = lost[0], "roleRef.name"
    elif bindings:
        best = max(
            (role for _, role in bindings if role is not None),
            key=lambda role: _closeness(role, match["group"], kind, match["verb"]),
        )
        target = best
        remedies = [_grant(best, match["group"], match["kind"], match["verb"])]
    elif near_binding is not None:
        target, field = near_binding, "subjects"
        subjects = [{"kind": "ServiceAccount", "name": account, "namespace": space}]
        remedies = [patch_at(near_binding, f"Bind ServiceAccount {account} in {space}", ("subjects",), subjects)]
    else:
        role = _unbound(view, scope or space, match["group"], kind, match["verb"])
        target = absent("RoleBinding", scope or space, f.name(role) if role is not None else account)
        field = ""
        if role is not None:
            remedies = [_bind(role, account, space)]
    where = f"in namespace {scope}" if scope else "in the whole cluster"
    users = [
        item
        for item in view.workloads_in(space)
        if (f.text(pod_spec(item), "serviceAccountName") or "default") == account
    ]
    return finding(
        view, "rights-missing", target, f"ServiceAccount {account} in {space} may not {match['verb']} {match['kind']}{'.' + match['group'] if match['group'] else ''} {where}",
        field=field, cites=[view.quote(text, "log", uid)], remedies=remedies, affected=[*users, *([source] if source is not None else [])],
    )  # fmt: skip


def _bindings(view: ClusterView, space: str, account: str) -> Iterator[tuple[Object, Object | None]]:
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for item in view.of(kind):
            for subject in f.maps(item, "subjects"):
                mine = (
                    subject.get("kind") == "ServiceAccount"
                    and f.text(subject, "name") == account
                    and (f.text(subject, "namespace") or f.namespace(item)) == space
                )
                if mine:
                    yield item, _role(view, item)


def _role(view: ClusterView, binding: Object) -> Object | None:
    return view.find(f.text(binding, "roleRef", "kind"), f.namespace(binding), f.text(binding, "roleRef", "name"))


def _closeness(role: Object, group: str, resource: str, verb: str) -> int:
    """How near a role comes to granting a right: same resource counts most."""
    best = 0
    for rule in f.maps(role, "rules"):
        score = (
            4 * (resource in f.strings(rule, "resources"))
            + 2 * (group in f.strings(rule, "apiGroups"))
            + (verb in f.strings(rule, "verbs"))
        )
        score += 2 * bool(near(resource, f.strings(rule, "resources")))
        best = max(best, score)
    return best


def _grant(role: Object, group: str, resource: str, verb: str) -> Remedy:
    rules = [dict(rule) for rule in f.maps(role, "rules")]
    rules.append({"apiGroups": [group], "resources": [resource], "verbs": [verb]})
    return patch_at(
        role,
        f"Allow {verb} on {resource}",
        ("rules",),
        rules,
        risk="More rights for everybody who is bound to the role.",
    )


def _unbound(view: ClusterView, space: str, group: str, resource: str, verb: str) -> Object | None:
    """A Role of the namespace that would grant the right and that nothing binds."""
    bound = {f.text(item, "roleRef", "name") for item in view.within("RoleBinding", space)}
    for item in view.within("Role", space):
        if f.name(item) not in bound and _closeness(item, group, resource, verb) >= 7:
            return item
    return None


def _bind(role: Object, account: str, space: str) -> Remedy:
    name = f.name(role)
    manifest = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": f.namespace(role)},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": space}],
    }
    return create(manifest, f"Bind Role {name} to ServiceAccount {account}", "The account gets the rights of the role.")


def _near_binding(view: ClusterView, account: str, space: str, scope: str) -> Object | None:
    """A binding that was probably meant for this account: same name in another namespace, or a near miss."""
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for item in view.of(kind):
            if kind == "RoleBinding" and f.namespace(item) != (scope or space):
                continue
            for subject in f.maps(item, "subjects"):
                name = f.text(subject, "name")
                if (
                    subject.get("kind") == "ServiceAccount"
                    and (name == account or near(account, [name]))
                    and view.missing("ServiceAccount", f.text(subject, "namespace") or f.namespace(item), name)
                ):
                    return item
    return None


def bindings(view: ClusterView) -> Iterator[Finding]:
    """Bindings to absent roles and accounts, and to everybody."""
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for item in view.of(kind):
            role_kind, role_name = f.text(item, "roleRef", "kind"), f.text(item, "roleRef", "name")
            if not f.text(item, "roleRef", "name"):
                continue
            system = f.name(item).startswith("system:") or f.namespace(item).startswith("kube-")
            if view.missing(role_kind, f.namespace(item), role_name) and not system:
                yield finding(view, "binding-role-missing", item, f"{kind} {f.name(item)} binds {role_kind} {role_name}, which does not exist", field="roleRef.name",
                              facts=[(item, "roleRef.name", Operator.EQUALS, role_name)])  # fmt: skip
            for subject in f.maps(item, "subjects"):
                yield from _subject(view, item, subject, system)


def _subject(view: ClusterView, item: Object, subject: Object, system: bool) -> Iterator[Finding]:
    name, space = f.text(subject, "name"), f.text(subject, "namespace") or f.namespace(item)
    if subject.get("kind") == "ServiceAccount" and not system and view.missing("ServiceAccount", space, name):
        yield finding(
            view,
            "binding-subject-missing",
            item,
            f"{item.get('kind')} {f.name(item)} is for ServiceAccount {name} in {space}, which does not exist",
            field="subjects",
        )
    if subject.get("kind") == "ServiceAccount" and name == "default" and not system and not space.startswith("kube-"):
        yield finding(
            view, "default-account-has-rights", item,
            f"{item.get('kind')} {f.name(item)} gives the default ServiceAccount of {space} the rights of {f.text(item, 'roleRef', 'name')}: "
            "every Pod that names no account has them; give the program that needs them an account of its own", field="subjects",
        )  # fmt: skip
    if name in _EVERYBODY and not system and not f.text(item, "roleRef", "name").startswith("system:"):
        yield finding(
            view,
            "binding-anonymous",
            item,
            f"{item.get('kind')} {f.name(item)} gives {name} the rights of {f.text(item, 'roleRef', 'name')}",
            field="subjects",
        )
    if (
        subject.get("kind") == "ServiceAccount"
        and item.get("kind") == "ClusterRoleBinding"
        and f.text(item, "roleRef", "name") == "cluster-admin"
        and not space.startswith("kube-")
    ):
        yield finding(
            view, "account-cluster-admin", item, f"ServiceAccount {name} in {space} is cluster-admin", field="roleRef"
        )


def roles(view: ClusterView) -> Iterator[Finding]:
    """Roles with wildcards or with the rights to grant themselves more: advice."""
    for kind in ("Role", "ClusterRole"):
        for item in view.of(kind):
            name = f.name(item)
            if (
                name.startswith(("system:", "kubeadm:"))
                or name in ("cluster-admin", "admin", "edit", "view")
                or f.namespace(item).startswith("kube-")
            ):
                continue
            rules = f.maps(item, "rules")
            if any("*" in f.strings(rule, "verbs") and "*" in f.strings(rule, "resources") for rule in rules):
                yield finding(
                    view, "role-wildcard", item, f"{kind} {name} grants every verb on every resource", field="rules"
                )
            elif any({"escalate", "bind", "impersonate"} & set(f.strings(rule, "verbs")) for rule in rules):
                yield finding(
                    view, "role-escalates", item, f"{kind} {name} grants escalate, bind or impersonate", field="rules"
                )


_ARN = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/.+")


def cloud_identities(view: ClusterView) -> Iterator[Finding]:
    """ServiceAccounts whose cloud role annotation cannot be right."""
    for item in view.of("ServiceAccount"):
        notes = f.labels(item, "metadata", "annotations")
        role = notes.get("eks.amazonaws.com/role-arn")
        if role is not None and not _ARN.fullmatch(role):
            yield finding(
                view,
                "cloud-identity-mismatch",
                item,
                f"ServiceAccount {f.name(item)} names the role {role}, which is no role ARN",
                field="metadata.annotations[eks.amazonaws.com/role-arn]",
            )
