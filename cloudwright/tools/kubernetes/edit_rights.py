"""Giving a right under RBAC: a role that allows exactly this, and its binding."""

import re

from pydantic import Field

from cloudwright.core.change import Impact
from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments, NotFound, ToolError
from cloudwright.core.refs import Frozen
from cloudwright.core.result import Changed
from cloudwright.core.tool import Permission, grant_tool
from cloudwright.tools.kubernetes.change import Plan, Planned
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.rbac import GROUP, Subject, covers, what_can
from cloudwright.tools.kubernetes.requests import Json, Request, find_kind
from cloudwright.tools.kubernetes.rights import parse_subject, permission_of, read_rbac

_LONGEST_NAME = 63
_CREATING = ("create", "deletecollection")


class GrantAccess(Frozen):
    """One right for one subject."""

    subject: str = Field(description="user, Group:name, or ServiceAccount:namespace/name")
    verbs: tuple[str, ...] = Field(min_length=1, max_length=10)
    resource: str = Field(description="kind, or pods/log", max_length=300)
    namespace: str = Field("", description='default: the session\'s; "*" for all')
    names: tuple[str, ...] = Field((), description="only objects of these names")


def _grant(args: GrantAccess, context: Context) -> Plan:
    subject = parse_subject(args.subject)
    if "*" in (*args.verbs, args.resource):
        raise InvalidArguments("grant_access gives named rights, not all of them.", hint="Name verbs and a kind.")
    broad = [verb for verb in args.verbs if args.names and verb in _CREATING]
    if broad:
        raise InvalidArguments(f"{', '.join(broad)} cannot be limited to names.", hint="Leave out names or the verb.")
    rights = [permission_of(verb, args.resource, args.namespace, "", context) for verb in args.verbs]
    what = f"{', '.join(right.verb for right in rights)} {rights[0].resource}"
    what += f" ({', '.join(args.names)})" if args.names else ""
    where = rights[0].namespace
    summary = f"let {subject} {what} {f'in {where}' if where else 'in the whole cluster'}"
    if _has_all(subject, rights, args.names, context):
        return Plan((), summary)
    role, binding = ("Role", "RoleBinding") if where else ("ClusterRole", "ClusterRoleBinding")
    name = _name(subject, rights, args.names)
    rule: Json = {
        "apiGroups": [rights[0].group],
        "resources": [rights[0].resource],
        "verbs": [right.verb for right in rights],
    } | ({"resourceNames": list(args.names)} if args.names else {})
    bound = {"roleRef": {"apiGroup": GROUP, "kind": role, "name": name}, "subjects": [_entry(subject)]}
    requests = (_create(role, name, where, {"rules": [rule]}, context), _create(binding, name, where, bound, context))
    return Plan(requests, summary, impacts=_unborn(subject, context))


def _has_all(subject: Subject, rights: list[Permission], names: tuple[str, ...], context: Context) -> bool:
    """Whether roles that may be read give the subject each of these already."""
    try:
        rbac = read_rbac(context.service(KubernetesClient), rights[0].namespace)
    except ToolError:
        return False
    held = what_can(rbac, subject, namespace=rights[0].namespace)
    wanted = [right.model_copy(update={"name": name}) for right in rights for name in names or ("",)]
    return all(any(covers(grant.rule, right) and (names or not grant.names) for grant in held) for right in wanted)


def _name(subject: Subject, rights: list[Permission], names: tuple[str, ...]) -> str:
    words = [subject.name, *(right.verb for right in rights), rights[0].resource, *names]
    return re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")[:_LONGEST_NAME].strip("-")


def _entry(subject: Subject) -> Json:
    if subject.kind == "ServiceAccount":
        return {"kind": "ServiceAccount", "name": subject.name, "namespace": subject.namespace}
    return {"apiGroup": GROUP, "kind": subject.kind, "name": subject.name}


def _create(kind: str, name: str, namespace: str, content: Json, context: Context) -> Request:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    body = {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": metadata, **content}
    return Request("create", find_kind(f"{kind}.{GROUP}", context), name, namespace, body=body)


def _unborn(subject: Subject, context: Context) -> tuple[Impact, ...]:
    """RBAC takes any subject, so a service account that is not there is said."""
    if subject.kind != "ServiceAccount":
        return ()
    accounts = find_kind("serviceaccounts", context)
    try:
        context.service(KubernetesClient).get(accounts.path(subject.namespace, subject.name))
    except NotFound:
        return (Impact(level="warning", text=f"{subject} does not exist; whoever makes it gets this right."),)
    return ()


granting = Planned(_grant)


@grant_tool(
    permission=Permission(verb="create", group=GROUP, resource="rolebindings"),
    input=GrantAccess,
    change=granting.change,
    examples=(
        {"subject": "ServiceAccount:ci/deployer", "verbs": ["get"], "resource": "pods/log"},
        {"subject": "Group:support", "verbs": ["get", "list"], "resource": "events", "namespace": "*"},
    ),
    utterances=(
        "allow {subject} to {verbs} {resource}",
        "allow {subject} to {verbs} {resource} in {namespace}",
        "let {subject} {verbs} {resource} in {namespace}",
        "give {subject} the right to {verbs} {resource}",
        "grant {subject} {verbs} on {resource} in {namespace}",
        "permit {subject} to {verbs} {resource}",
    ),
)
def grant_access(args: GrantAccess, context: Context) -> Changed:
    """Give a subject named rights on one kind: a new role with exactly these, and its binding."""
    return granting.run(args, context)


RIGHTS_TOOLS = (grant_access,)
