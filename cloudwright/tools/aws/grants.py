"""Changes to policies: previewed as access gained and lost, undone by the document or version that was there before."""

from pydantic import Field, JsonValue

from cloudwright.core.change import FieldChange, ObjectChange, Preview, Progress, Verification
from cloudwright.core.context import Context
from cloudwright.core.errors import InvalidArguments
from cloudwright.core.refs import Frozen
from cloudwright.core.result import Changed
from cloudwright.core.tool import AnyTool, Change, Irreversible, Permission, ToolCall, Undo, grant_tool
from cloudwright.tools.aws import places
from cloudwright.tools.aws.client import AwsClient, wrapped
from cloudwright.tools.aws.places import Owner, Place
from cloudwright.tools.aws.writing import (
    VERSION,
    Json,
    apply,
    elsewhere,
    previous,
    removing,
    scope_by,
    semantic_preview,
    writing,
)


class InlinePolicy(Frozen):
    """An inline policy."""

    owner: Owner = Field(description="role, user or group")
    name: str = Field(min_length=1, description="name of the role, user or group")
    policy: str = Field(min_length=1, description="name of the inline policy")


class PutInline(InlinePolicy):
    """An inline policy and its new document."""

    document: dict[str, JsonValue]


class ManagedDocument(Frozen):
    """A customer managed policy and its new document."""

    arn: str = Field(min_length=20)
    document: dict[str, JsonValue]


class ManagedVersion(Frozen):
    """A version of a customer managed policy."""

    arn: str = Field(min_length=20)
    version: str = Field(pattern=r"v[0-9]+")


class BucketName(Frozen):
    """A bucket."""

    bucket: str = Field(min_length=3)


class BucketDocument(BucketName):
    """A bucket and its new policy."""

    document: dict[str, JsonValue]


class TrustDocument(Frozen):
    """A role and its new trust policy."""

    role: str = Field(min_length=1)
    document: dict[str, JsonValue]


def _inline(args: InlinePolicy, aws: AwsClient) -> Place:
    return places.inline(aws, args.owner, args.name, args.policy)


def _undo_inline(args: InlinePolicy, preview: Preview, context: Context) -> Undo:
    old = previous(preview)
    same: dict[str, JsonValue] = {"owner": args.owner, "name": args.name, "policy": args.policy}
    if old is None:
        return Undo(
            call=ToolCall(tool="delete_inline_policy", arguments=same), summary="delete the inline policy again"
        )
    call = ToolCall(tool="put_inline_policy", arguments={**same, "document": dict(old)})
    return Undo(call=call, summary="put the previous document back")


@grant_tool(
    permission=Permission(system="aws", verb="iam:PutRolePolicy"),
    input=PutInline,
    change=writing(_inline, _undo_inline, "write inline policy {policy} of {owner} {name}"),
    examples=({"owner": "role", "name": "app", "policy": "read-reports", "document": {"Statement": []}},),
    utterances=(
        "put inline policy {policy} on role {name}",
        "write inline policy {policy} of {owner} {name}",
        "set inline policy {policy} of {owner} {name} to {document}",
        "add inline policy {policy} to {owner} {name}",
        "give {owner} {name} the inline policy {policy}",
        "replace inline policy {policy} of {owner} {name}",
    ),
)
def put_inline_policy(args: PutInline, context: Context) -> Changed:
    """Write an inline policy of a role, user or group (iam PutRolePolicy, PutUserPolicy, PutGroupPolicy)."""
    return apply(_inline(args, context.service(AwsClient)), args.document, context)


@grant_tool(
    permission=Permission(system="aws", verb="iam:DeleteRolePolicy"),
    input=InlinePolicy,
    change=removing(_inline, _undo_inline, "delete inline policy {policy} of {owner} {name}"),
    examples=({"owner": "role", "name": "app", "policy": "read-reports"},),
    utterances=(
        "delete inline policy {policy} of role {name}",
        "remove inline policy {policy} from {owner} {name}",
        "drop inline policy {policy} of {owner} {name}",
        "take inline policy {policy} away from {owner} {name}",
        "delete policy {policy} of {owner} {name}",
        "get rid of inline policy {policy} of {owner} {name}",
    ),
)
def delete_inline_policy(args: InlinePolicy, context: Context) -> Changed:
    """Delete an inline policy of a role, user or group."""
    return apply(_inline(args, context.service(AwsClient)), None, context)


def _managed(args: ManagedDocument | ManagedVersion, aws: AwsClient) -> Place:
    return places.managed(aws, args.arn)


def _undo_version(args: ManagedDocument | ManagedVersion, preview: Preview, context: Context) -> Undo | Irreversible:
    before = next((f.before for c in preview.changes for f in c.fields if f.path == VERSION), None)
    if not isinstance(before, str):
        return Irreversible(reason="the preview names no previous version")
    call = ToolCall(tool="set_default_policy_version", arguments={"arn": args.arn, "version": before})
    return Undo(call=call, summary=f"make {before} the default version again")


@grant_tool(
    permission=Permission(system="aws", verb="iam:CreatePolicyVersion"),
    input=ManagedDocument,
    change=writing(_managed, _undo_version, "new default version of {arn}"),
    examples=({"arn": "arn:aws:iam::123456789012:policy/read-reports", "document": {"Statement": []}},),
    utterances=(
        "new version of policy {arn}",
        "create a version of policy {arn} with {document}",
        "change managed policy {arn} to {document}",
        "update the document of {arn}",
        "write {document} as the default version of {arn}",
        "replace managed policy {arn}",
    ),
)
def create_policy_version(args: ManagedDocument, context: Context) -> Changed:
    """Give a customer managed policy a new default version; the old version stays and can be made the default again."""
    return apply(_managed(args, context.service(AwsClient)), args.document, context)


def _version_document(args: ManagedVersion, aws: AwsClient) -> Json:
    with wrapped("iam:GetPolicyVersion"):
        found = aws.service("iam").get_policy_version(PolicyArn=args.arn, VersionId=args.version)
    return places.decoded(found["PolicyVersion"]["Document"])


def _version_preview(args: ManagedVersion, context: Context) -> Preview:
    aws = context.service(AwsClient)
    place = _managed(args, aws)
    present = place.version() if place.version else ""
    if present == args.version:
        return Preview(summary=f"{args.version} is the default version already", changes=())
    preview = semantic_preview(
        place, _version_document(args, aws), f"make {args.version} the default version of {args.arn}"
    )
    version = FieldChange(path=VERSION, before=present, after=args.version)
    fields = [field for change in preview.changes for field in change.fields if field.path != VERSION]
    change = ObjectChange(ref=place.ref, action="update", fields=(*fields, version))
    return preview.model_copy(update={"changes": (change,)})


def _version_progress(args: ManagedVersion, preview: Preview, context: Context) -> Verification:
    place = _managed(args, context.service(AwsClient))
    if moved := elsewhere(place, preview):
        return moved
    done = place.version is not None and place.version() == args.version
    return Verification(progress=Progress.DONE if done else Progress.NOT_DONE)


@grant_tool(
    permission=Permission(system="aws", verb="iam:SetDefaultPolicyVersion"),
    input=ManagedVersion,
    change=Change(_version_preview, _undo_version, _version_progress, scope_by(_managed)),
    examples=({"arn": "arn:aws:iam::123456789012:policy/read-reports", "version": "v1"},),
    utterances=(
        "make {version} the default version of {arn}",
        "set the default version of {arn} to {version}",
        "go back to {version} of policy {arn}",
        "roll policy {arn} back to {version}",
        "use {version} of {arn}",
        "switch {arn} to version {version}",
    ),
)
def set_default_policy_version(args: ManagedVersion, context: Context) -> Changed:
    """Make an existing version of a managed policy the one in force."""
    with wrapped("iam:SetDefaultPolicyVersion"):
        context.service(AwsClient).service("iam").set_default_policy_version(PolicyArn=args.arn, VersionId=args.version)
    return Changed(summary=f"{args.version} is the default version of {args.arn}")


def _bucket(args: BucketName, aws: AwsClient) -> Place:
    return places.bucket(aws, args.bucket)


def _undo_bucket(args: BucketName, preview: Preview, context: Context) -> Undo:
    old = previous(preview)
    if old is None:
        call = ToolCall(tool="delete_bucket_policy", arguments={"bucket": args.bucket})
        return Undo(call=call, summary="delete the bucket policy again")
    call = ToolCall(tool="put_bucket_policy", arguments={"bucket": args.bucket, "document": dict(old)})
    return Undo(call=call, summary="put the previous bucket policy back")


@grant_tool(
    permission=Permission(system="aws", verb="s3:PutBucketPolicy"),
    input=BucketDocument,
    change=writing(_bucket, _undo_bucket, "write the policy of bucket {bucket}"),
    examples=({"bucket": "reports", "document": {"Statement": []}},),
    utterances=(
        "put the policy of bucket {bucket}",
        "write the bucket policy of {bucket}",
        "set the bucket policy of {bucket} to {document}",
        "replace the policy of bucket {bucket}",
        "change the bucket policy of {bucket}",
        "give bucket {bucket} the policy {document}",
    ),
)
def put_bucket_policy(args: BucketDocument, context: Context) -> Changed:
    """Write the policy of an S3 bucket."""
    return apply(_bucket(args, context.service(AwsClient)), args.document, context)


@grant_tool(
    permission=Permission(system="aws", verb="s3:DeleteBucketPolicy"),
    input=BucketName,
    change=removing(_bucket, _undo_bucket, "delete the policy of bucket {bucket}"),
    examples=({"bucket": "reports"},),
    utterances=(
        "delete the policy of bucket {bucket}",
        "remove the bucket policy of {bucket}",
        "drop the bucket policy of {bucket}",
        "delete bucket policy {bucket}",
        "take the policy off bucket {bucket}",
        "get rid of the bucket policy of {bucket}",
    ),
)
def delete_bucket_policy(args: BucketName, context: Context) -> Changed:
    """Delete the policy of an S3 bucket."""
    return apply(_bucket(args, context.service(AwsClient)), None, context)


def _trust(args: TrustDocument, aws: AwsClient) -> Place:
    return places.trust(aws, args.role)


def _undo_trust(args: TrustDocument, preview: Preview, context: Context) -> Undo:
    old = previous(preview)
    if old is None:
        raise InvalidArguments(f"Role {args.role} had no trust policy.")
    call = ToolCall(tool="update_trust_policy", arguments={"role": args.role, "document": dict(old)})
    return Undo(call=call, summary="put the previous trust policy back")


@grant_tool(
    permission=Permission(system="aws", verb="iam:UpdateAssumeRolePolicy"),
    input=TrustDocument,
    change=writing(_trust, _undo_trust, "change who may assume role {role}"),
    examples=({"role": "app", "document": {"Statement": []}},),
    utterances=(
        "change who may assume role {role}",
        "update the trust policy of {role}",
        "set the trust policy of role {role} to {document}",
        "write the trust policy of role {role}",
        "replace the trust policy of {role}",
        "let {document} assume role {role}",
    ),
)
def update_trust_policy(args: TrustDocument, context: Context) -> Changed:
    """Change who may assume a role."""
    return apply(_trust(args, context.service(AwsClient)), args.document, context)


GRANT_TOOLS: tuple[AnyTool, ...] = (
    put_inline_policy, delete_inline_policy, create_policy_version, set_default_policy_version, put_bucket_policy,
    delete_bucket_policy, update_trust_policy,
)  # fmt: skip
