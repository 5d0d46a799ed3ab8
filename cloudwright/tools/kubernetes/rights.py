"""Who may do what: asked of the server for oneself, read from RBAC for others."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

from pydantic import Field, JsonValue

from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments, ToolError
from cloudwright.core.result import Document, Rows
from cloudwright.core.tool import NO_PERMISSION, Effect, Permission, Scope, read_tool
from cloudwright.tools.kubernetes import rbac as rbac_rules
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.discovery import Discovery
from cloudwright.tools.kubernetes.errors import Denied
from cloudwright.tools.kubernetes.facts import dig
from cloudwright.tools.kubernetes.listing import ALL, Strict, bounded
from cloudwright.tools.kubernetes.rbac import GROUP, Rbac, Subject, granters

_ROOT = f"/apis/{GROUP}/v1"
_AUTHORIZATION = "/apis/authorization.k8s.io/v1"
_SHOWN_GRANTERS = 4
_EXPLAIN_SECONDS = 5.0
_READ_RBAC = Permission(verb="list", group=GROUP, resource="clusterrolebindings")

_VIRTUAL = {
    "users": "",
    "groups": "",
    "uids": "authentication.k8s.io",
    "userextras": "authentication.k8s.io",
    "signers": "certificates.k8s.io",
}
"""Resources that only rules speak of: the server stores no such objects."""

Resource = Annotated[str, Field(description="kind, pods/exec, or a URL path", max_length=300)]


class CanIInput(Strict):
    """One right."""

    verb: Annotated[str, Field(max_length=60)]
    resource: Resource
    namespace: Annotated[str, Field(description='default: the session\'s; "*" for all')] = ""
    name: str = ""
    subject: Annotated[str, Field(description="another user, Group:name, or ServiceAccount:namespace/name")] = ""


class WhoCanInput(Strict):
    """One right."""

    verb: Annotated[str, Field(max_length=60)]
    resource: Resource
    namespace: Annotated[str, Field(description='default: the session\'s; "*" for all')] = ""
    name: str = ""


class WhatCanInput(Strict):
    """One subject; default: oneself."""

    subject: Annotated[str, Field(description="user, Group:name, or ServiceAccount:namespace/name")] = ""
    groups: tuple[str, ...] = ()
    namespace: Annotated[str, Field(description="default: everywhere, for oneself the session's")] = ""


def permission_of(verb: str, resource: str, namespace: str, name: str, context: Context) -> Permission:
    """A right in RBAC's words, from any name of a kind.

    Raises:
        NotFound: no such kind.
    """
    if resource.startswith("/"):
        return Permission(verb=verb.lower(), resource=resource)
    where = "" if namespace == ALL else namespace or context.place.namespace
    if resource == "*":
        return Permission(verb=verb.lower(), group="*", resource="*", namespace=where, name=name)
    word, _, subresource = resource.partition("/")
    if word.lower() in _VIRTUAL:
        virtual = f"{word.lower()}/{subresource}" if subresource else word.lower()
        return Permission(verb=verb.lower(), group=_VIRTUAL[word.lower()], resource=virtual, name=name)
    kind = context.service(Discovery).find(word)
    plural = f"{kind.plural}/{subresource}" if subresource else kind.plural
    return Permission(
        verb=verb.lower(),
        group=kind.group,
        resource=plural,
        namespace=where if kind.namespaced else "",
        name=name,
    )


@read_tool(
    permission=NO_PERMISSION,
    input=CanIInput,
    examples=({"verb": "delete", "resource": "pods"}, {"verb": "get", "resource": "secrets", "subject": "alice"}),
    utterances=(
        "can I {verb} {resource}",
        "can I {verb} {resource} in {namespace}",
        "am I allowed to {verb} {resource}",
        "may {subject} {verb} {resource} in {namespace}",
        "do I have the right to {verb} {resource} {name}",
        "is {subject} able to {verb} {resource}",
    ),
)
def can_i(args: CanIInput, context: Context) -> Document:
    """Whether I (or another subject) may do something, as the server decides."""
    permission = permission_of(args.verb, args.resource, args.namespace, args.name, context)
    client = context.service(KubernetesClient)
    spec = _attributes(permission)
    kind = "SelfSubjectAccessReview"
    who = context.place.impersonates or context.place.identity
    if args.subject:
        kind = "SubjectAccessReview"
        subject = parse_subject(args.subject)
        who = str(subject)
        spec |= _identity(subject)
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
    status = client.request("POST", f"{_AUTHORIZATION}/{kind.lower()}s", body=body).get("status") or {}
    allowed = bool(status.get("allowed"))
    content: dict[str, JsonValue] = {"allowed": allowed, "who": who, "what": str(permission)}
    for key in ("reason", "evaluationError"):
        if status.get(key):
            content[key] = str(status[key])
    summary = f"{'Yes' if allowed else 'No'}: {who} may {'' if allowed else 'not '}{permission}."
    summary += f" ({status['reason']})" if status.get("reason") else ""
    notes = () if allowed else _instead(permission, parse_subject(args.subject) if args.subject else None, context)
    return Document(content=content, summary=summary, total=1, shown=1, notes=notes)


def _instead(denied: Permission, subject: Subject | None, context: Context) -> tuple[str, ...]:
    """What is near a right that is lacking: what the subject may do there, and who could give it."""
    client = context.service(KubernetesClient).plainly(_EXPLAIN_SECONDS)
    try:
        rbac = read_rbac(client, denied.namespace)
    except ToolError:
        return ("Why is not known: roles and bindings may not be read.",)
    notes = list(rbac.gaps)
    if subject is not None:
        base = denied.resource.partition("/")[0]
        grants = rbac_rules.what_can(rbac, subject, namespace=denied.namespace)
        near = [grant for grant in grants if any(_speaks_of(name, base) for name in grant.rule.get("resources") or ())]
        held = [
            f"{', '.join(grant.rule.get('verbs') or ())} {_rule(grant.rule)[1]} ({grant.binding})" for grant in near
        ]
        notes.append(f"It may: {'; '.join(held)}." if held else f"No role gives it anything on {base}.")
    notes.append(_granters(rbac, denied))
    return tuple(notes)


def _speaks_of(pattern: str, resource: str) -> bool:
    return pattern in ("*", resource) or pattern.startswith(f"{resource}/")


def _attributes(permission: Permission) -> dict[str, Any]:
    if permission.resource.startswith("/"):
        return {"nonResourceAttributes": {"path": permission.resource, "verb": permission.verb}}
    resource, _, subresource = permission.resource.partition("/")
    found = {
        "verb": permission.verb,
        "group": permission.group,
        "resource": resource,
        "subresource": subresource,
        "namespace": permission.namespace,
        "name": permission.name,
    }
    return {"resourceAttributes": {key: value for key, value in found.items() if value}}


def parse_subject(text: str) -> Subject:
    """ "alice", "User:alice", "Group:admins", "ServiceAccount:ns/name", "system:serviceaccount:ns:name".

    Raises:
        InvalidArguments: a service account without a namespace.
    """
    if text.startswith("system:serviceaccount:"):
        namespace, _, name = text.removeprefix("system:serviceaccount:").partition(":")
        return Subject("ServiceAccount", name, namespace)
    kind, colon, name = text.partition(":")
    if not colon or kind.lower() not in ("user", "group", "serviceaccount", "sa"):
        return Subject("User", text)
    if kind.lower() in ("serviceaccount", "sa"):
        namespace, slash, account = name.partition("/")
        if not slash:
            raise InvalidArguments(f"{text!r} lacks a namespace.", hint="Write it like ServiceAccount:team-a/builder.")
        return Subject("ServiceAccount", account, namespace)
    return Subject(kind.capitalize(), name)


def _identity(subject: Subject) -> dict[str, Any]:
    if subject.kind == "Group":
        return {"groups": [subject.name, "system:authenticated"]}
    groups = sorted(item.name for item in subject.implied() if item.kind == "Group")
    if subject.kind == "ServiceAccount":
        return {"user": f"system:serviceaccount:{subject.namespace}:{subject.name}", "groups": groups}
    return {"user": subject.name, "groups": groups}


@read_tool(
    permission=_READ_RBAC,
    input=WhoCanInput,
    scope=lambda args, context: Scope(Effect.READ, _rbac_permissions(args.namespace, context)),
    examples=({"verb": "delete", "resource": "secrets"},),
    utterances=(
        "who can {verb} {resource}",
        "who can {verb} {resource} in {namespace}",
        "who is allowed to {verb} {resource}",
        "which subjects may {verb} {resource} {name}",
        "who has the right to {verb} {resource} in {namespace}",
        "list everyone able to {verb} {resource}",
    ),
)
def who_can(args: WhoCanInput, context: Context) -> Rows:
    """Who may do something, and the binding that grants it."""
    permission = permission_of(args.verb, args.resource, args.namespace, args.name, context)
    rbac = read_rbac(context.service(KubernetesClient), permission.namespace)
    found = rbac_rules.who_can(rbac, permission)
    rows: list[tuple[JsonValue, ...]] = [
        (
            grant.subject.kind,
            f"{grant.subject.namespace}/{grant.subject.name}" if grant.subject.namespace else grant.subject.name,
            grant.binding,
            grant.role + (f" (only {', '.join(grant.names)})" if grant.names else ""),
            grant.namespace or "(cluster)",
        )
        for grant in found
    ]
    columns = ("kind", "subject", "binding", "role", "namespace")
    notes = (*rbac.gaps, f"asked: {permission}", "webhook and node authorizers are not in RBAC")
    return bounded(columns, rows, 100, context, notes=notes)


@read_tool(
    permission=NO_PERMISSION,
    input=WhatCanInput,
    examples=({}, {"subject": "ServiceAccount:team-a/builder"}),
    utterances=(
        "what can I do",
        "what can {subject} do",
        "what may {subject} do in {namespace}",
        "list the rights of {subject}",
        "which permissions does {subject} have",
        "effective rights of {subject} in {namespace}",
        "what am I allowed to do in {namespace}",
    ),
)
def what_can(args: WhatCanInput, context: Context) -> Rows:
    """The effective rights of a subject, and through which binding it has them."""
    columns = ("namespace", "verbs", "resources", "through")
    if not args.subject:
        return bounded(columns, _own_rules(args.namespace, context), 200, context)
    subject = parse_subject(args.subject)
    rbac = read_rbac(context.service(KubernetesClient), args.namespace)
    found = rbac_rules.what_can(rbac, subject, args.groups, args.namespace or None)
    found.sort(key=lambda grant: grant.subject.name.startswith("system:"))  # last what all have that log in
    rows: list[tuple[JsonValue, ...]] = [
        (grant.namespace or "(all)", *_rule(grant.rule), f"{grant.binding} → {grant.role}") for grant in found
    ]
    return bounded(columns, rows, 200, context, notes=rbac.gaps)


def _own_rules(namespace: str, context: Context) -> list[tuple[JsonValue, ...]]:
    where = namespace or context.place.namespace or "default"
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": where},
    }
    client = context.service(KubernetesClient)
    status = client.request("POST", f"{_AUTHORIZATION}/selfsubjectrulesreviews", body=body).get("status") or {}
    rules = [*(status.get("resourceRules") or ()), *(status.get("nonResourceRules") or ())]
    return [(where, *_rule(rule), "the server's own answer") for rule in rules]


def _rule(rule: Mapping[str, Any]) -> tuple[JsonValue, ...]:
    groups = rule.get("apiGroups") or [""]
    resources = [
        f"{resource}.{group}" if group else resource for group in groups for resource in rule.get("resources") or ()
    ]
    what = [*resources, *(rule.get("nonResourceURLs") or ())]
    names = rule.get("resourceNames") or ()
    return ",".join(rule.get("verbs") or ()), ",".join(what) + (f" (only {', '.join(names)})" if names else "")


def _rbac_permissions(namespace: str, context: Context) -> tuple[Permission, ...]:
    where = "" if namespace == ALL else namespace or context.place.namespace
    wanted = [_READ_RBAC, _READ_RBAC.model_copy(update={"resource": "clusterroles"})]
    wanted += [
        _READ_RBAC.model_copy(update={"resource": name, "namespace": where}) for name in ("roles", "rolebindings")
    ]
    return tuple(wanted)


def read_rbac(client: KubernetesClient, namespace: str = "") -> Rbac:
    """Roles and bindings, of one namespace or of all. What may not be read is a gap.

    Raises:
        ToolError: nothing at all can be read.
    """
    below = f"/namespaces/{namespace}" if namespace and namespace != ALL else ""
    paths = {
        "clusterroles": f"{_ROOT}/clusterroles",
        "clusterrolebindings": f"{_ROOT}/clusterrolebindings",
        "roles": f"{_ROOT}{below}/roles",
        "rolebindings": f"{_ROOT}{below}/rolebindings",
    }
    found: dict[str, list[Mapping[str, Any]]] = {}
    errors: dict[str, ToolError] = {}

    def read(name: str) -> None:
        try:
            found[name] = list(client.list(paths[name]))
        except ToolError as error:
            errors[name] = error

    with ThreadPoolExecutor(len(paths)) as pool:
        list(pool.map(read, paths))
    if not found:
        raise errors["clusterrolebindings"]
    return Rbac(
        cluster_roles={str(dig(item, "metadata", "name")): item for item in found.get("clusterroles", ())},
        roles={
            (str(dig(item, "metadata", "namespace")), str(dig(item, "metadata", "name"))): item
            for item in found.get("roles", ())
        },
        cluster_bindings=tuple(found.get("clusterrolebindings", ())),
        bindings=tuple(found.get("rolebindings", ())),
        gaps=tuple(f"{name} cannot be read: {error.message}" for name, error in sorted(errors.items())),
    )


def who_could_grant(client: KubernetesClient, denied: Denied) -> str:
    """A hint for somebody who was forbidden something: who could grant it, if RBAC may be read."""
    try:
        rbac = read_rbac(client.plainly(_EXPLAIN_SECONDS), denied.permission.namespace)
    except ToolError:
        return "Ask somebody who may write role bindings here; this identity may not read who that is."
    return _granters(rbac, denied.permission)


def _granters(rbac: Rbac, permission: Permission) -> str:
    subjects = granters(rbac, permission)
    if not subjects:
        return "Nobody that RBAC names could grant it; ask whoever runs the cluster."
    shown = ", ".join(str(subject) for subject in subjects[:_SHOWN_GRANTERS])
    more = len(subjects) - _SHOWN_GRANTERS
    return f"These could grant it: {shown}" + (f" and {more} more." if more > 0 else ".")
