"""The places where AWS keeps policy documents, read and written alike."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

from cloudwright.core.errors import Conflict, InvalidArguments, NotFound
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import Permission
from cloudwright.policies.iam.document import Policy, PolicyKind
from cloudwright.policies.iam.errors import PolicyError
from cloudwright.policies.iam.parse import load_json, parse_policy
from cloudwright.tools.aws.client import AwsClient, wrapped

Owner = Literal["role", "user", "group"]
MOST_VERSIONS = 5


@dataclass(frozen=True)
class Place:
    """One document's place.

    `read` gives None when there is none; `version` is the default version of a managed policy.
    """

    ref: ObjectRef
    kind: PolicyKind
    permission: Permission
    read: Callable[[], Mapping[str, Any] | None]
    write: Callable[[str], Any]
    delete: Callable[[], Any] | None = None
    version: Callable[[], str] | None = None

    def policy(self) -> Policy | None:
        """The present document, parsed; None when there is none. Raises InvalidArguments when it cannot be read."""
        raw = self.read()
        return None if raw is None else parsed(raw, self.kind, str(self.ref))


def parsed(raw: Any, kind: PolicyKind, name: str) -> Policy:
    """A document of a known kind.

    Raises:
        InvalidArguments: AWS would reject it; says where and why.
    """
    try:
        return parse_policy(raw, kind, name)
    except PolicyError as error:
        raise InvalidArguments(f"{name}: {error}.") from None


def decoded(text: Any) -> Mapping[str, Any]:
    """A document as boto3 returns it: a mapping, JSON text, or URL-encoded JSON text."""
    if isinstance(text, Mapping):
        return text
    plain = str(text)
    found = load_json(unquote(plain) if plain.startswith("%7B") else plain)
    return found if isinstance(found, Mapping) else {}


def _needs(action: str, resource: str) -> Permission:
    return Permission(system="aws", verb=action, resource=resource)


def _or_none(read: Callable[[], Mapping[str, Any]], what: str) -> Mapping[str, Any] | None:
    try:
        with wrapped(what):
            return read()
    except NotFound:
        return None


def inline(aws: AwsClient, owner: Owner, name: str, policy: str) -> Place:
    """An inline policy of a role, user or group."""
    iam, title = aws.service("iam"), owner.capitalize()
    names = {f"{title}Name": name, "PolicyName": policy}
    get, put, delete = (getattr(iam, f"{verb}_{owner}_policy") for verb in ("get", "put", "delete"))

    def write(text: str) -> None:
        with wrapped(f"iam:Put{title}Policy"):
            put(**names, PolicyDocument=text)

    def remove() -> None:
        with wrapped(f"iam:Delete{title}Policy"):
            delete(**names)

    return Place(
        ref=ObjectRef(kind=f"{title}Policy", name=f"{name}/{policy}", namespace=aws.account),
        kind=PolicyKind.IDENTITY,
        permission=_needs(f"iam:Put{title}Policy", f"arn:aws:iam::{aws.account}:{owner}/{name}"),
        read=lambda: _or_none(lambda: decoded(get(**names)["PolicyDocument"]), f"iam:Get{title}Policy"),
        write=write,
        delete=remove,
    )


def managed(aws: AwsClient, arn: str) -> Place:
    """A customer managed policy: writing makes a new default version."""
    iam = aws.service("iam")

    def default() -> str:
        with wrapped("iam:GetPolicy"):
            return str(iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"])

    def read() -> Mapping[str, Any]:
        with wrapped("iam:GetPolicyVersion"):
            return decoded(iam.get_policy_version(PolicyArn=arn, VersionId=default())["PolicyVersion"]["Document"])

    def write(text: str) -> None:
        with wrapped("iam:CreatePolicyVersion"):
            if len(iam.list_policy_versions(PolicyArn=arn)["Versions"]) >= MOST_VERSIONS:
                raise Conflict(
                    f"{arn} has {MOST_VERSIONS} versions already.", hint="Delete one that is not in use first."
                )
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)

    return Place(
        ref=ObjectRef(kind="Policy", name=arn, namespace=aws.account),
        kind=PolicyKind.IDENTITY,
        permission=_needs("iam:CreatePolicyVersion", arn),
        read=read,
        write=write,
        version=default,
    )


def bucket(aws: AwsClient, name: str) -> Place:
    """The policy of a bucket."""
    s3 = aws.service("s3")

    def write(text: str) -> None:
        with wrapped("s3:PutBucketPolicy"):
            s3.put_bucket_policy(Bucket=name, Policy=text)

    def remove() -> None:
        with wrapped("s3:DeleteBucketPolicy"):
            s3.delete_bucket_policy(Bucket=name)

    return Place(
        ref=ObjectRef(kind="BucketPolicy", name=name, namespace=aws.account),
        kind=PolicyKind.RESOURCE,
        permission=_needs("s3:PutBucketPolicy", f"arn:aws:s3:::{name}"),
        read=lambda: _or_none(lambda: decoded(s3.get_bucket_policy(Bucket=name)["Policy"]), "s3:GetBucketPolicy"),
        write=write,
        delete=remove,
    )


def trust(aws: AwsClient, role: str) -> Place:
    """The trust policy of a role."""
    iam = aws.service("iam")

    def read() -> Mapping[str, Any]:
        with wrapped("iam:GetRole"):
            return decoded(iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])

    def write(text: str) -> None:
        with wrapped("iam:UpdateAssumeRolePolicy"):
            iam.update_assume_role_policy(RoleName=role, PolicyDocument=text)

    return Place(
        ref=ObjectRef(kind="TrustPolicy", name=role, namespace=aws.account),
        kind=PolicyKind.TRUST,
        permission=_needs("iam:UpdateAssumeRolePolicy", f"arn:aws:iam::{aws.account}:role/{role}"),
        read=read,
        write=write,
    )


def text_of(raw: Mapping[str, Any]) -> str:
    """A document as AWS takes it."""
    return json.dumps(raw, ensure_ascii=False, separators=(",", ":"))
