"""Lint, summaries, synthesis, denials."""

import json
from typing import Any

import pytest

from cloudwright.policies.iam.access import Document, Probe
from cloudwright.policies.iam.authorize import PolicySet
from cloudwright.policies.iam.denied import diagnose, parse_denial, smallest_grant
from cloudwright.policies.iam.document import Policy, PolicyKind
from cloudwright.policies.iam.errors import RequestError
from cloudwright.policies.iam.evaluate import outcome
from cloudwright.policies.iam.lint import RULES, Severity, lint
from cloudwright.policies.iam.questions import Relation, access_not_granted, compare
from cloudwright.policies.iam.request import Outcome
from cloudwright.policies.iam.rows import load_rows
from cloudwright.policies.iam.sarif import sarif, statement_lines
from cloudwright.policies.iam.summarize import summarize
from cloudwright.policies.iam.synthesize import Reading, write_from_events, write_from_intent, write_from_rows
from tests.policies.iam.documents import ALICE, allow, deny, policy, request


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (policy(allow("s3:GetObjects")), "unknown-action"),
        (policy(allow("s4:*")), "unknown-service"),
        (policy(allow("s3:GetObject", "bucket/key")), "resource-not-arn"),
        (policy(allow("s3:GetObject", "arn:aws:s3::12:b/*")), "resource-bad-account"),
        (policy(allow("s3:GetObject", "arn:aws:s3:::bucket")), "resource-mismatch"),
        (policy(allow(["s3:GetObject", "s3:ListBucket"], "arn:aws:s3:::bucket")), "resource-partial-mismatch"),
        (
            policy(allow(["ec2:DescribeInstances", "ec2:StopInstances"], "arn:aws:ec2:*:*:instance/*")),
            "needs-star-resource",
        ),
        (policy(allow(Principal={"AWS": "bob"})), "principal-not-valid"),
        (policy(allow(Principal={"AWS": "arn:aws:iam::123456789012:user/*"})), "principal-wildcard"),
        (policy(allow(), version=None), "old-version"),
        (policy(allow("*", "arn:aws:s3:::${aws:username}"), version=None), "variable-not-substituted"),
        (policy(allow("s3:ListBucket", Condition={"StringEquals": {"s3:prefx": "a"}})), "unknown-condition-key"),
        (policy(allow(Condition={"StringEquals": {"aws:username": "a*"}})), "star-in-equals"),
        (policy(allow(Condition={"IpAddress": {"aws:SourceIp": "300.1.1.1"}})), "bad-condition-value"),
        (
            policy(allow("s3:ListBucket", Condition={"ForAnyValue:StringEquals": {"s3:prefix": "a"}})),
            "set-operator-on-single",
        ),
        (policy(allow(Condition={"ForAllValues:StringEquals": {"aws:TagKeys": "a"}})), "for-all-values-allow"),
        (policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), "not-action-allow"),
        (policy({**allow(), "NotPrincipal": {"AWS": ALICE}}), "not-principal-allow"),
        (policy({**deny(), "NotPrincipal": {"AWS": ALICE}}), "not-principal-deny"),
        (policy(allow()), "full-access"),
        (policy(allow("s3:*")), "service-star"),
        (policy(allow(Condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})), "broad-network"),
        (policy(allow(Principal="*")), "public-access"),
        (policy(allow("iam:AttachRolePolicy")), "privilege-escalation"),
        (policy(allow("s3:*"), allow("s3:Get*")), "useless-statement"),
        (policy(*(allow(f"s3:GetObject{i}", f"arn:aws:s3:::bucket-{i}/*") for i in range(80))), "too-long"),
    ],
)
def test_each_rule_finds_its_case(document: Policy, rule: str) -> None:
    assert rule in {item.rule for item in lint(document)}


def test_a_sound_document_has_no_findings() -> None:
    good = policy(allow("s3:GetObject", "arn:aws:s3:::reports/*"), allow("s3:ListBucket", "arn:aws:s3:::reports"))
    assert lint(good) == []


def test_sarif_points_at_the_line_of_the_statement() -> None:
    text = (
        '{\n "Version": "2012-10-17",\n "Statement": [\n  {"Effect": '
        '"Allow", "Action": "*", "Resource": "*"},\n  {"Effect": "Deny",\n "Action": "a:b", "Resource": "*"}\n ]\n}'
    )
    assert statement_lines(text) == {0: 4, 1: 5}
    findings = lint(policy(allow(), deny("a:b")))
    log = sarif({"p.json": findings}, {"p.json": text})
    results = log["runs"][0]["results"]
    assert len(results) == len(findings)
    assert {item["ruleId"] for item in results} <= set(RULES)
    lines = {item["locations"][0]["physicalLocation"]["region"]["startLine"] for item in results}
    assert lines <= {1, 4, 5}
    assert {item["level"] for item in results} <= {severity.value for severity in Severity}
    for name, uri in (("my policy.json", "my%20policy.json"), ("-", "stdin")):
        first = sarif({name: findings}, {})["runs"][0]["results"][0]
        assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_a_summary_is_short_and_exact() -> None:
    document = policy(
        allow("s3:Get*", "arn:aws:s3:::b/*"),
        allow("s3:GetObject", "arn:aws:s3:::b/*"),
        allow("s3:PutObject", "arn:aws:s3:::b/*"),
        deny("ec2:*"),
    )
    summary = summarize(document)
    assert [str(item.row) for item in summary.rows] == [
        "the holder of the policy may s3:Get*, s3:PutObject on arn:aws:s3:::b/*"
    ]
    assert summary.exact
    assert summary.rows[0].found.witness is not None


def test_a_forced_summary_is_measured() -> None:
    document = policy(*(allow(f"s3:Get{i}*", f"arn:aws:s3:::team-{i}/*") for i in range(5)))
    summary = summarize(document, max_rows=1)
    assert len(summary.rows) == 1
    assert not summary.exact
    assert summary.relation is Relation.RIGHT_MORE
    assert summary.jaccard is not None
    assert 0 < summary.jaccard < 1


ROWS = """
kind: resource
rows:
  - may: [s3:GetObject, s3:GetObjectVersion]
    resources: arn:aws:s3:::reports/*
    who: [arn:aws:iam::123456789012:user/alice, lambda.amazonaws.com]
  - may_not: "s3:*"
    resources: "*"
    who: "*"
    when:
      Bool: {aws:SecureTransport: "false"}
"""


def test_rows_become_a_proved_policy_and_come_back() -> None:
    made = write_from_rows(ROWS)
    assert made.proved
    assert made.policy is not None
    assert made.policy.kind is PolicyKind.RESOURCE
    assert outcome(made.policy, request(resource="arn:aws:s3:::reports/x", principal=ALICE)).allowed
    again = load_rows(json.dumps({"kind": "resource", "rows": [row.to_json() for row in made.rows]}))
    assert compare(Document(again), Document(made.policy)).relation is Relation.EQUIVALENT


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rows: [", "not YAML"),
        ("rows: []", "non-empty list"),
        ("kind: nobody\nrows: [{may: a:b}]", "'kind' must be one of"),
        ("rows: [{may: s3:GetObject, may_not: s3:GetObject, resources: '*'}]", "exactly one of"),
        ("rows: [{may: s3:GetObject, onn: '*'}]", "unknown key"),
        ("rows: [{may: s3:GetObject}]", "row 1: Resource"),
        ("rows: [{may: s3:GetObject, resources: '*', when: {Nope: {a: b}}}]", "unknown condition operator"),
    ],
)
def test_wrong_rows_are_one_sentence(text: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        load_rows(text)


def test_observed_calls_become_the_least_policy() -> None:
    event = {
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "requestParameters": {"bucketName": "b", "key": "k"},
    }
    other = {"eventSource": "ec2.amazonaws.com", "eventName": "DescribeInstances"}
    unknown = {"eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin"}
    made = write_from_events([{"Records": [event, other, unknown]}])
    assert made.proved
    assert made.policy is not None
    expected = policy(allow("s3:GetObject", "arn:aws:s3:::b/k"), allow("ec2:DescribeInstances"))
    assert compare(Document(made.policy), Document(expected)).relation is Relation.EQUIVALENT
    assert any("ConsoleLogin" in note for note in made.notes)


def test_an_intent_is_read_as_rows_or_asked_about() -> None:
    answers = iter(
        [
            "rows: [",
            "rows: [{may: 's3:*', resources: '*'}]",
            "rows: [{may: s3:GetObject, resources: 'arn:aws:s3:::b/*'}]",
        ]
    )
    told: list[Any] = []

    def read(intent: str, problems: Any, round: int) -> Reading:
        told.append(list(problems))
        return Reading(next(answers))

    made = write_from_intent("read b", read, [(request("s3:PutObject", "arn:aws:s3:::b/k"), False)])
    assert made.proved
    assert made.rounds == 3
    assert "not YAML" in told[1][0]
    assert "must not be" in told[2][0]
    asked = write_from_intent("read it", lambda *_: Reading("", ("Which bucket?",)))
    assert asked.questions == ("Which bucket?",)
    assert asked.policy is None


REASON = "because no identity-based policy allows the s3:GetObject action"
WHO = "arn:aws:iam::123456789012:user/bob"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f'User: {WHO} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k" {REASON}',
            {
                "principal": WHO,
                "action": "s3:GetObject",
                "resource": "arn:aws:s3:::b/k",
                "explicit": False,
                "policy_type": PolicyKind.IDENTITY,
            },
        ),
        (
            f"An error occurred (AccessDenied) when calling the GetObject "
            f"operation: User: {WHO} is not authorized to perform: s3:GetObject on resource: "
            '"arn:aws:s3:::b/k" with an explicit deny in a resource-based policy',
            {"explicit": True, "policy_type": PolicyKind.RESOURCE},
        ),
        (
            f"User: {WHO} is not authorized to perform: "
            f"codecommit:ListRepositories with an explicit deny in a service control policy: "
            "arn:aws:organizations::1:policy/o-1/service_control_policy/p-1",
            {
                "action": "codecommit:ListRepositories",
                "resource": None,
                "policy_type": PolicyKind.SCP,
                "policy_arn": "arn:aws:organizations::1:policy/o-1/service_control_policy/p-1",
            },
        ),
        (
            f"User: {WHO} is not authorized to perform: ec2:CreateTags on "
            f"resource: * because no permissions boundary allows the ec2:CreateTags action",
            {"resource": "*", "policy_type": PolicyKind.BOUNDARY},
        ),
        (
            f"User: {WHO} is not authorized to perform: sqs:SendMessage "
            f"on resource: arn:aws:sqs:us-east-1:1:q because no session policy allows the sqs:SendMessage action",
            {"policy_type": PolicyKind.SESSION, "resource": "arn:aws:sqs:us-east-1:1:q"},
        ),
        (
            f"User: {WHO} is not authorized to perform: s3:ListBucket "
            f"because no VPC endpoint policy allows the s3:ListBucket action",
            {"endpoint_policy": True, "explicit": False},
        ),
        (
            f"User: {WHO} is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::1:role/r",
            {"explicit": None, "policy_type": None},
        ),
        (
            f"User: {WHO} is not authorized to perform: kms:Decrypt on "
            "the resource associated with this ciphertext because no resource-based policy "
            "allows the kms:Decrypt action",
            {"resource": None},
        ),
        (
            "An error occurred (UnauthorizedOperation) when calling the "
            "RunInstances operation: You are not authorized to perform this operation. "
            "Encoded authorization failure message: aB-9_x",
            {"action": "ec2:RunInstances", "encoded": "aB-9_x"},
        ),
        ("An error occurred (AccessDenied) when calling the GetObject operation: Access Denied", {"action": None}),
        (f"User: {WHO} is not authorized to access this resource", {"principal": WHO, "action": None}),
    ],
)
def test_denial_messages_are_read(text: str, expected: dict[str, Any]) -> None:
    denial = parse_denial(text)
    assert {key: getattr(denial, key) for key in expected} == expected


def test_a_decoded_message_gives_the_context() -> None:
    decoded = {
        "allowed": False,
        "explicitDeny": True,
        "context": {
            "principal": {"id": "AIDA", "arn": WHO},
            "action": "ec2:RunInstances",
            "resource": "arn:aws:ec2:us-east-1:1:instance/*",
            "conditions": {"items": [{"key": "ec2:Tenancy", "values": {"items": [{"value": "default"}]}}]},
        },
    }
    denial = parse_denial(json.dumps({"DecodedMessage": json.dumps(decoded)}))
    assert denial.request().context == {"ec2:Tenancy": "default"}
    assert denial.explicit


@pytest.mark.parametrize("text", ["Throttling: rate exceeded", "{}", '{"context": 1}'])
def test_other_text_is_no_denial(text: str) -> None:
    with pytest.raises(RequestError):
        parse_denial(text)


def test_the_smallest_grant_is_bounded_and_helps() -> None:
    own = policy(allow("s3:ListBucket", "arn:aws:s3:::b"))
    asked = request("s3:GetObject", "arn:aws:s3:::b/k*", WHO)
    grant = smallest_grant(PolicySet(identity=(own,)), own, asked)
    assert grant.helps
    assert outcome(grant.after, asked).allowed
    assert not outcome(grant.after, request("s3:GetObject", "arn:aws:s3:::b/kx", WHO)).allowed
    assert access_not_granted(Document(grant.after), Probe(("s3:PutObject",))).answer == "yes"
    assert len(grant.proof) == 2


def test_a_grant_that_cannot_help_is_not_proposed() -> None:
    own = policy(allow("s3:ListBucket"))
    asked = request("s3:GetObject", "arn:aws:s3:::b/k", WHO)
    walled = smallest_grant(PolicySet(identity=(own,), boundary=policy(allow("ec2:*"))), own, asked)
    assert not walled.helps
    assert "permissions boundary" in walled.reason
    denied = smallest_grant(PolicySet(identity=(own, policy(deny("s3:Get*")))), own, asked)
    assert not denied.helps
    assert "denies it" in denied.reason


def test_a_diagnosis_says_whether_it_agrees_with_the_message() -> None:
    own = policy(allow("s3:*"), deny("s3:GetObject"))
    found = diagnose(
        parse_denial(f"User: {WHO} is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::b/k {REASON}"),
        PolicySet(identity=(own,)),
    )
    assert found.authorization.outcome is Outcome.EXPLICIT_DENY
    assert not found.agrees
