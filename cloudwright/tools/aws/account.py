"""Questions over all users and roles of an account."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments
from cloudwright.core.refs import Frozen
from cloudwright.core.result import Rows
from cloudwright.core.tool import AnyTool, Permission, read_tool
from cloudwright.policies.iam.access import Probe
from cloudwright.policies.iam.authorize import PolicySet
from cloudwright.policies.iam.document import Policy, PolicyKind
from cloudwright.policies.iam.principals import caller
from cloudwright.policies.iam.whocan import WhoCan, who_can, who_can_together
from cloudwright.tools.aws.client import AwsClient, wrapped
from cloudwright.tools.aws.places import decoded, parsed
from cloudwright.tools.aws.reads import account_of, resource_policies

MOST_ASKED = 2000  # each is a proof of some milliseconds


class AccessQuestion(Frozen):
    """An action on a resource."""

    action: str = Field(pattern=r"[\w-]+:[\w*?]+", description="IAM action, wildcards allowed")
    resource: str = Field("*", min_length=1, description="ARN, wildcards allowed")


@dataclass
class Account:
    """All users and roles of an account with the documents that bear on them. `unread` says what could not be used."""

    holders: dict[str, PolicySet] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)


def read_account(aws: AwsClient) -> Account:
    """Every user and role with inline, attached and group policies and its permissions boundary; one paginated read.

    Raises:
        ToolError: the account's details may not be read.
    """
    with wrapped("iam:GetAccountAuthorizationDetails"):
        pages = list(aws.service("iam").get_paginator("get_account_authorization_details").paginate())
    found = Account()
    managed = {item["Arn"]: _default(item) for page in pages for item in page.get("Policies", ())}
    groups = {item["GroupName"]: item for page in pages for item in page.get("GroupDetailList", ())}
    reader = _Documents(managed, found.unread)
    for page in pages:
        for role in page.get("RoleDetailList", ()):
            documents = reader.of(role, "RolePolicyList", f"role {role['RoleName']}")
            found.holders[role["Arn"]] = PolicySet(identity=documents, boundary=reader.boundary(role))
        for user in page.get("UserDetailList", ()):
            documents = reader.of(user, "UserPolicyList", f"user {user['UserName']}")
            for name in user.get("GroupList", ()):
                documents += reader.of(groups.get(name, {}), "GroupPolicyList", f"group {name}")
            found.holders[user["Arn"]] = PolicySet(identity=documents, boundary=reader.boundary(user))
    return found


def _default(policy: Mapping[str, Any]) -> Any:
    versions = policy.get("PolicyVersionList", ())
    return next((version.get("Document") for version in versions if version.get("IsDefaultVersion")), None)


@dataclass(frozen=True)
class _Documents:
    """Parses documents; one that cannot be parsed is named, not guessed."""

    managed: Mapping[str, Any]
    unread: list[str]

    def of(self, owner: Mapping[str, Any], inline: str, title: str) -> tuple[Policy, ...]:
        own = [(f"inline policy {item['PolicyName']} of {title}", item["PolicyDocument"])
               for item in owner.get(inline, ())]  # fmt: skip
        attached = [(item["PolicyArn"], self.managed.get(item["PolicyArn"]))
                    for item in owner.get("AttachedManagedPolicies", ())]  # fmt: skip
        return tuple(self._parsed((*own, *attached), PolicyKind.IDENTITY))

    def boundary(self, owner: Mapping[str, Any]) -> Policy | None:
        arn = owner.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        found = self._parsed([(arn, self.managed.get(arn))], PolicyKind.BOUNDARY) if arn else iter(())
        return next(found, None)

    def _parsed(self, items: Any, kind: PolicyKind) -> Iterator[Policy]:
        for name, raw in items:
            try:
                if raw is None:
                    raise InvalidArguments(f"{name}: the document was not returned.")
                yield parsed(decoded(raw), kind, name)
            except InvalidArguments as error:
                self.unread.append(f"Not taken into account: {error.message}")


@read_tool(
    permission=Permission(system="aws", verb="iam:GetAccountAuthorizationDetails"),
    input=AccessQuestion,
    examples=({"action": "s3:GetObject", "resource": "arn:aws:s3:::reports/*"},),
    utterances=(
        "who can {action} on {resource}",
        "who may {action} {resource}",
        "who is allowed to {action} on {resource}",
        "which users and roles can {action} on {resource}",
        "which principals may call {action} on {resource}",
        "list everybody who can {action} {resource}",
    ),
)
def who_can_call(args: AccessQuestion, context: Context) -> Rows:
    """Which users and roles of the AWS account may do an action on a resource, proved over all their policies."""
    aws = context.service(AwsClient)
    account = read_account(aws)
    probe = Probe((args.action,), (args.resource,))
    shared = resource_policies(aws, args.resource)
    rows: list[WhoCan] = []
    for arn, held in list(account.holders.items())[:MOST_ASKED]:
        together = PolicySet(held.identity, shared, held.boundary, resource_account=account_of(args.resource))
        row = who_can_together(together, arn, probe)
        rows += [row] if row else []
    rows += [row for row in who_can(shared, probe) if row.who not in account.holders and _outside(row.who, aws)]
    return Rows(
        columns=("who", "how", "by", "example"),
        rows=tuple(
            (row.who, _how(row), row.policy.name or row.policy.kind.value, str(row.example.witness or ""))
            for row in rows
        ),
        total=len(rows),
        shown=len(rows),
        notes=(
            asked(len(account.holders), args),
            "Service control policies, resource control policies and session policies were not read.",
            *account.unread,
        ),
    )


def asked(number: int, args: AccessQuestion) -> str:
    """How many were asked; where that is not all of them, it says so."""
    about = f"about {args.action} on {args.resource}"
    if number <= MOST_ASKED:
        return f"{number} users and roles were asked {about}."
    return f"Only the first {MOST_ASKED} of {number} users and roles were asked {about}: others may be able to as well."


def _how(row: WhoCan) -> str:
    return "undecided" if row.undecided else "always" if row.always else "for some requests"


def _outside(who: str, aws: AwsClient) -> bool:
    """Whether a principal of a resource policy is nobody of the account's own users and roles."""
    found = caller(who)
    return found.account != aws.account or found.kind not in ("user", "role", "session", "account")


ACCOUNT_TOOLS: tuple[AnyTool, ...] = (who_can_call,)
