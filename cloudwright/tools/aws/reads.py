"""Reading who may do what in an AWS account, with the policy engine's answers."""

import json
from dataclasses import replace
from typing import Any

from pydantic import Field, JsonValue

from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments
from cloudwright.core.refs import Frozen
from cloudwright.core.result import Document
from cloudwright.core.tool import AnyTool, Permission, read_tool
from cloudwright.policies.iam.authorize import PolicySet, authorize
from cloudwright.policies.iam.denied import Denial, diagnose, parse_denial, smallest_grant
from cloudwright.policies.iam.document import MODERN, Policy, PolicyKind, policy_to_json
from cloudwright.policies.iam.errors import RequestError
from cloudwright.policies.iam.principals import caller
from cloudwright.policies.iam.report import authorization_json, diff_json
from cloudwright.policies.iam.request import Request, parse_request
from cloudwright.tools.aws import places
from cloudwright.tools.aws.client import AwsClient, wrapped
from cloudwright.tools.aws.places import Owner, decoded, parsed

NEW_POLICY = "cloudwright-grant"
"""Name of the inline policy for a principal that has none."""
OWNERS: dict[str, Owner] = {"role": "role", "session": "role", "user": "user"}


class PrincipalInput(Frozen):
    """A user, role or role session."""

    principal: str = Field(min_length=20, description="ARN")


class RequestInput(Frozen):
    """A request to decide."""

    principal: str = Field(min_length=20, description="ARN of who asks")
    action: str = Field(pattern=r"[\w-]+:\w+")
    resource: str = Field(min_length=1)
    context: dict[str, JsonValue] = Field(default_factory=dict, description="condition keys with their values")


class DenialInput(Frozen):
    """An access-denied message."""

    message: str = Field(min_length=5, description="the error text, or the output of sts decode-authorization-message")
    action: str = Field("", description="when the message does not name it")
    resource: str = Field("", description="when the message does not name it")
    principal: str = Field("", description="when the message does not name it")


def held_by(aws: AwsClient, principal: str, resource: str = "") -> tuple[PolicySet, dict[str, dict[str, JsonValue]]]:
    """All documents that bear on a principal (and on a bucket or role), and for each identity document how to write it
    again.

    Service control and resource control policies are not read: an organization's member cannot see them.
    """
    owner, name = owner_of(principal)
    slots: dict[str, dict[str, JsonValue]] = {}
    identity = list(_attached(aws, owner, name, slots))
    if owner == "user":
        with wrapped("iam:ListGroupsForUser"):
            groups = aws.service("iam").list_groups_for_user(UserName=name)["Groups"]
        for group in groups:
            identity += _attached(aws, "group", group["GroupName"], slots)
    return PolicySet(
        identity=tuple(identity),
        resource=resource_policies(aws, resource),
        boundary=_boundary(aws, owner, name),
        resource_account=account_of(resource),
    ), slots


def owner_of(principal: str) -> tuple[Owner, str]:
    """What holds a principal's policies, and its name.

    Raises:
        InvalidArguments: it is no user, role or role session.
    """
    who = caller(principal)
    owner = OWNERS.get(who.kind)
    if owner is None:
        raise InvalidArguments(f"{principal} is no user, role or role session.")
    return owner, who.role or principal.split(":", 5)[5].split("/")[-1]


def _pages(aws: AwsClient, operation: str, key: str, **arguments: Any) -> list[Any]:
    with wrapped(f"iam:{operation}"):
        pages = aws.service("iam").get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page[key]]


def _attached(aws: AwsClient, owner: Owner, name: str, slots: dict[str, dict[str, JsonValue]]) -> list[Policy]:
    title = owner.capitalize()
    out = []
    for policy in _pages(aws, f"list_{owner}_policies", "PolicyNames", **{f"{title}Name": name}):
        place = places.inline(aws, owner, name, policy)
        label = f"inline policy {policy} of {owner} {name}"
        raw = place.read()
        if raw is not None:
            out.append(parsed(raw, PolicyKind.IDENTITY, label))
            slots[label] = {"tool": "put_inline_policy", "owner": owner, "name": name, "policy": policy}
    for item in _pages(aws, f"list_attached_{owner}_policies", "AttachedPolicies", **{f"{title}Name": name}):
        raw = places.managed(aws, item["PolicyArn"]).read()
        if raw is not None:
            out.append(parsed(raw, PolicyKind.IDENTITY, item["PolicyArn"]))
            if caller(item["PolicyArn"]).account != "aws":
                slots[item["PolicyArn"]] = {"tool": "create_policy_version", "arn": item["PolicyArn"]}
    return out


def _boundary(aws: AwsClient, owner: Owner, name: str) -> Policy | None:
    with wrapped(f"iam:Get{owner.capitalize()}"):
        found = getattr(aws.service("iam"), f"get_{owner}")(**{f"{owner.capitalize()}Name": name})[owner.capitalize()]
    arn = found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    raw = places.managed(aws, arn).read() if arn else None
    return parsed(raw, PolicyKind.BOUNDARY, f"permissions boundary {arn}") if raw is not None else None


def resource_policies(aws: AwsClient, resource: str) -> tuple[Policy, ...]:
    """The policy of the bucket, role or key that an ARN is about, where there is one."""
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return ()
    if any(star in parts[5].split("/")[0] for star in "*?"):
        return ()
    if parts[2] == "s3" and parts[5]:
        place = places.bucket(aws, parts[5].split("/")[0])
        found = place.policy()
        return (found,) if found else ()
    if parts[2] == "iam" and parts[5].startswith("role/"):
        found = places.trust(aws, parts[5].split("/")[-1]).policy()
        return (found,) if found else ()
    if parts[2] == "kms" and parts[5].startswith("key/"):
        with wrapped("kms:GetKeyPolicy"):
            raw = aws.service("kms").get_key_policy(KeyId=resource, PolicyName="default")["Policy"]
        return (parsed(decoded(raw), PolicyKind.RESOURCE, f"policy of key {resource}"),)
    return ()


def account_of(resource: str) -> str:
    """The account that an ARN names; "" when it names none."""
    parts = resource.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[4].isdigit() else ""


_READ = Permission(system="aws", verb="iam:Get*")


@read_tool(
    permission=_READ,
    input=PrincipalInput,
    examples=({"principal": "arn:aws:iam::123456789012:role/app"},),
    utterances=(
        "which policies does {principal} have",
        "policies of {principal}",
        "show the policies of {principal}",
        "what is attached to {principal}",
        "list all policy documents of {principal}",
        "what is {principal} allowed to do",
    ),
)
def principal_policies(args: PrincipalInput, context: Context) -> Document:
    """All policy documents of a user or role: inline, attached, of its groups, and its permissions boundary."""
    held, _ = held_by(context.service(AwsClient), args.principal)
    content = [
        {"name": policy.name, "kind": policy.kind.value, "document": policy_to_json(policy)} for policy in held.all()
    ]
    return Document(content=json.loads(json.dumps(content)))


@read_tool(
    permission=_READ,
    input=RequestInput,
    examples=(
        {"principal": "arn:aws:iam::123456789012:role/app", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"},
    ),
    utterances=(
        "may {principal} do {action} on {resource}",
        "can {principal} call {action} on {resource}",
        "is {principal} allowed to {action} on {resource}",
        "does {principal} have {action} on {resource}",
        "check whether {principal} may {action} {resource}",
        "would {action} on {resource} by {principal} be allowed",
    ),
)
def can_principal(args: RequestInput, context: Context) -> Document:
    """Whether a user or role may make one request, with the statements that decide; from its policies and the
    resource's.
    """
    request = _request(args)
    held, _ = held_by(context.service(AwsClient), args.principal, args.resource)
    return Document(content=authorization_json(request, authorize(held, request)), notes=_NOTES)


_NOTES = ("Service control policies, resource control policies and session policies were not read.",)


def _request(args: RequestInput) -> Request:
    try:
        return parse_request(args.model_dump())
    except RequestError as error:
        raise InvalidArguments(error.message) from None


@read_tool(
    permission=_READ,
    input=DenialInput,
    examples=(
        {
            "message": "User: arn:aws:iam::123456789012:user/bob is not authorized "
            "to perform: s3:GetObject on resource: arn:aws:s3:::b/k"
        },
    ),
    utterances=(
        "why was this denied: {message}",
        "explain this access denied error: {message}",
        "which policy denies this: {message}",
        "what grant would fix {message}",
        "fix this IAM error: {message}",
        "{message}",
    ),
)
def explain_denied(args: DenialInput, context: Context) -> Document:
    """Find the policy that decided an AccessDenied error and the smallest grant that is proved to help, as a call to
    propose.
    """
    aws = context.service(AwsClient)
    denial = _read_denial(args, aws)
    request = denial.request()
    if not request.principal:
        raise InvalidArguments("The message does not say who was denied.", hint="Give principal.")
    held, slots = held_by(aws, request.principal, request.resource)
    found = diagnose(denial, held)
    content: dict[str, Any] = {
        **authorization_json(request, found.authorization),
        "explanation": found.explanation,
        "agrees_with_message": found.agrees,
        "message_names": denial.policy_type.value if denial.policy_type else None,
        "message_policy": denial.policy_arn or None,
        "grant": _grant(held, slots, request) if not found.authorization.outcome.allowed else None,
    }
    return Document(content=json.loads(json.dumps(content)), notes=_NOTES)


def _read_denial(args: DenialInput, aws: AwsClient) -> Denial:
    try:
        denial = parse_denial(args.message)
        if denial.encoded:
            with wrapped("sts:DecodeAuthorizationMessage"):
                decoded_text = aws.service("sts").decode_authorization_message(EncodedMessage=denial.encoded)
            denial = parse_denial(str(decoded_text["DecodedMessage"]))
        return Denial(
            principal=args.principal or denial.principal,
            action=args.action or denial.action,
            resource=args.resource or denial.resource,
            explicit=denial.explicit,
            policy_type=denial.policy_type,
            policy_arn=denial.policy_arn,
            context=denial.context,
        )
    except RequestError as error:
        raise InvalidArguments(error.message, hint=error.hint) from None


def _grant(held: PolicySet, slots: dict[str, dict[str, JsonValue]], request: Request) -> dict[str, Any]:
    """The grant in an inline policy of the principal itself, or a new one: groups and managed policies have others in
    them.
    """
    owner, name = owner_of(request.principal or "")
    own = {"tool": "put_inline_policy", "owner": owner, "name": name}
    mine = [policy for policy in held.identity if own.items() <= slots.get(policy.name, {}).items()]
    if mine:
        target, slot = mine[0], dict(slots[mine[0].name])
    else:
        label = f"new inline policy {NEW_POLICY} of {owner} {name}"
        target = Policy((), PolicyKind.IDENTITY, version=MODERN, name=label)
        slot = {**own, "policy": NEW_POLICY}
        held = replace(held, identity=(*held.identity, target))
    grant = smallest_grant(held, target, request)
    if not grant.helps:
        return {"helps": False, "reason": grant.reason}
    tool = slot.pop("tool")
    return {
        "helps": True,
        "changes": target.name,
        "call": {"tool": tool, "arguments": {**slot, "document": policy_to_json(grant.after)}},
        "access_gained": diff_json(grant.gained),
        "proof": list(grant.proof),
    }


AWS_READ_TOOLS: tuple[AnyTool, ...] = (principal_policies, can_principal, explain_denied)
