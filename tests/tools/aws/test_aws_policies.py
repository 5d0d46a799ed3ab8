"""IAM tools against moto with real boto3; the gate, the semantic preview, undo by version, and IAM enforcement."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

from cloudwright.core.approval import Answer, ApprovalRequest, Approver, Decision
from cloudwright.core.catalog import Catalog
from cloudwright.core.context import Context
from cloudwright.core.errors import Drifted, Forbidden, InvalidArguments, NotFound
from cloudwright.core.gate import Gate
from cloudwright.core.journal import Journal
from cloudwright.core.masking import SessionRedactor
from cloudwright.core.proposal import Provenance, Source
from cloudwright.core.refs import Place
from cloudwright.core.store import MemoryResultStore
from cloudwright.core.tool import Effect, ToolCall, Undo
from cloudwright.tools.aws.client import AwsClient
from cloudwright.tools.aws.grants import GRANT_TOOLS
from cloudwright.tools.aws.reads import AWS_READ_TOOLS, explain_denied

PROVENANCE = Provenance(source=Source.USER)
ALICE = Approver(identity="alice", account="alice")
READ = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}],
}
MORE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::reports/*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsClient]:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = AwsClient(boto3.Session())
        client.service("iam").create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(TRUST))
        client.service("s3").create_bucket(Bucket="reports")
        yield client


class AskAlways:
    """Every change needs one yes."""

    def decide(self, request: ApprovalRequest) -> Decision:
        """Reads run, the rest asks."""
        return Decision(answer=Answer.AUTO if request.effect is Effect.READ else Answer.ASK, rule="test")


class NothingMissing:
    """All permissions are there."""

    def missing(self, permissions: Any, context: Context) -> list[str]:
        """None is missing."""
        return []


def context_of(aws: AwsClient) -> Context:
    place = Place(cluster=aws.account, server="aws", identity=aws.identity)
    return Context(
        place=place, redactor=SessionRedactor(key=b"test" * 8), results=MemoryResultStore(), services={AwsClient: aws}
    )


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    catalog = Catalog([*AWS_READ_TOOLS, *GRANT_TOOLS])
    return Gate(catalog, Journal(tmp_path / "journal.db"), AskAlways(), NothingMissing())


def carry_out(gate: Gate, aws: AwsClient, call: ToolCall) -> Any:
    context = context_of(aws)
    proposal = gate.propose(call, context, ALICE, PROVENANCE)
    gate.approve(proposal.digest, ALICE)
    return proposal, gate.execute(proposal.digest, context)


def inline(aws: AwsClient) -> Any:
    return aws.service("iam").get_role_policy(RoleName="app", PolicyName="p")["PolicyDocument"]


def put(document: Any) -> ToolCall:
    return ToolCall(
        tool="put_inline_policy", arguments={"owner": "role", "name": "app", "policy": "p", "document": document}
    )


def test_every_grant_tool_declares_itself_a_grant() -> None:
    assert {tool.effect for tool in GRANT_TOOLS} == {Effect.GRANT}
    assert all(tool.change is not None for tool in GRANT_TOOLS)
    for tool in (*GRANT_TOOLS, *AWS_READ_TOOLS):
        for example in tool.examples:
            tool.parse(example)


def test_an_inline_policy_is_previewed_as_access_written_and_taken_back(aws: AwsClient, gate: Gate) -> None:
    _, first = carry_out(gate, aws, put(READ))
    assert inline(aws) == READ
    proposal, second = carry_out(gate, aws, put(MORE))
    texts = [impact.text for impact in proposal.preview.blast_radius]
    assert any(text.startswith("gains s3:*") for text in texts)
    assert not any(text.startswith("loses") for text in texts)
    assert second.verification.progress == "done"
    carry_out(gate, aws, second.undo.call)
    assert inline(aws) == READ
    carry_out(gate, aws, first.undo.call)
    with pytest.raises(aws.service("iam").exceptions.NoSuchEntityException):
        inline(aws)


def test_a_document_that_changed_meanwhile_is_not_overwritten(aws: AwsClient, gate: Gate) -> None:
    carry_out(gate, aws, put(READ))
    context = context_of(aws)
    proposal = gate.propose(put(MORE), context, ALICE, PROVENANCE)
    gate.approve(proposal.digest, ALICE)
    aws.service("iam").put_role_policy(
        RoleName="app", PolicyName="p", PolicyDocument=json.dumps(READ).replace("GetObject", "PutObject")
    )
    with pytest.raises(Drifted):
        gate.execute(proposal.digest, context)


def test_a_managed_policy_is_undone_by_version(aws: AwsClient, gate: Gate) -> None:
    iam = aws.service("iam")
    arn = iam.create_policy(PolicyName="read-reports", PolicyDocument=json.dumps(READ))["Policy"]["Arn"]
    _, outcome = carry_out(gate, aws, ToolCall(tool="create_policy_version", arguments={"arn": arn, "document": MORE}))
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
    assert isinstance(outcome.undo, Undo)
    assert outcome.undo.call.arguments["version"] == "v1"
    carry_out(gate, aws, outcome.undo.call)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v1"


def test_a_bucket_policy_that_opens_the_bucket_is_a_danger(aws: AwsClient, gate: Gate) -> None:
    public = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}
        ],
    }
    proposal, outcome = carry_out(
        gate, aws, ToolCall(tool="put_bucket_policy", arguments={"bucket": "reports", "document": public})
    )
    assert proposal.preview.blast_radius[0].level == "danger"
    assert json.loads(aws.service("s3").get_bucket_policy(Bucket="reports")["Policy"]) == public
    carry_out(gate, aws, outcome.undo.call)
    with pytest.raises(aws.service("s3").exceptions.ClientError):
        aws.service("s3").get_bucket_policy(Bucket="reports")


def test_a_trust_policy_is_changed_and_taken_back(aws: AwsClient, gate: Gate) -> None:
    wider = json.loads(json.dumps(TRUST).replace("ec2.amazonaws.com", "lambda.amazonaws.com"))
    _, outcome = carry_out(
        gate, aws, ToolCall(tool="update_trust_policy", arguments={"role": "app", "document": wider})
    )
    role = aws.service("iam").get_role
    assert role(RoleName="app")["Role"]["AssumeRolePolicyDocument"] == wider
    carry_out(gate, aws, outcome.undo.call)
    assert role(RoleName="app")["Role"]["AssumeRolePolicyDocument"] == TRUST


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (put({"Statement": [{"Effect": "Permit"}]}), InvalidArguments),
        (ToolCall(tool="delete_inline_policy", arguments={"owner": "role", "name": "app", "policy": "none"}), NotFound),
        (
            ToolCall(
                tool="create_policy_version",
                arguments={"arn": "arn:aws:iam::123456789012:policy/none", "document": READ},
            ),
            NotFound,
        ),
    ],
)
def test_bad_calls_stop_at_the_preview(aws: AwsClient, gate: Gate, call: ToolCall, error: type[Exception]) -> None:
    with pytest.raises(error):
        gate.propose(call, context_of(aws), ALICE, PROVENANCE)


@pytest.fixture
def bob(aws: AwsClient) -> AwsClient:
    """A user whom moto's own IAM check binds from now on."""
    iam = aws.service("iam")
    iam.create_user(UserName="bob")
    iam.put_user_policy(UserName="bob", PolicyName="own", PolicyDocument=json.dumps(READ))
    key = iam.create_access_key(UserName="bob")["AccessKey"]
    session = boto3.Session(
        aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"], region_name="us-east-1"
    )
    return AwsClient(session)


def test_from_a_real_denial_to_a_grant_that_helps(aws: AwsClient, bob: AwsClient, gate: Gate) -> None:
    ec2 = bob.service("ec2")
    with pytest.raises(ec2.exceptions.ClientError) as denied:
        enforced(ec2.describe_instances)
    named = {"action": "ec2:DescribeInstances", "resource": "*", "principal": user_arn(aws)}
    args = explain_denied.parse({"message": str(denied.value), **named})
    content: Any = explain_denied.run(args, context_of(aws)).content
    assert content["decision"] == "implicit_deny"
    assert content["grant"]["helps"]
    assert "nothing is allowed in addition" in content["grant"]["proof"][1]
    carry_out(gate, aws, ToolCall(**content["grant"]["call"]))
    assert enforced(ec2.describe_instances)["Reservations"] == []


def user_arn(aws: AwsClient) -> str:
    return str(aws.service("iam").get_user(UserName="bob")["User"]["Arn"])


def enforced(call: Callable[[], Any]) -> Any:
    """Run a call while moto checks every action against IAM policies."""
    return set_initial_no_auth_action_count(0)(call)()


def test_tools_say_which_right_is_missing(bob: AwsClient, gate: Gate) -> None:
    context = context_of(bob)
    with pytest.raises(Forbidden):
        enforced(lambda: gate.propose(put(MORE), context, ALICE, PROVENANCE))
