"""The decision of one document, by the rules of the IAM User Guide."""

from typing import Any

import pytest

from cloudwright.policies.iam.document import PolicyKind
from cloudwright.policies.iam.evaluate import evaluate, outcome
from cloudwright.policies.iam.request import Outcome
from tests.policies.iam.documents import ALICE, APP, OUTSIDER, SESSION, allow, deny, policy, request


def test_explicit_deny_wins_over_allow_and_nothing_is_implicit_deny() -> None:
    both = policy(allow("s3:*"), deny("s3:GetObject"))
    assert outcome(both, request()) is Outcome.EXPLICIT_DENY
    assert outcome(both, request("s3:PutObject")) is Outcome.ALLOW
    assert outcome(both, request("ec2:RunInstances")) is Outcome.IMPLICIT_DENY


def test_the_reason_names_statement_element_and_key() -> None:
    document = policy(allow("s3:Put*", "arn:aws:s3:::c/*", Condition={"Bool": {"aws:SecureTransport": "true"}}))
    found = evaluate(document, request(aws__SecureTransport="false")).matches[0]
    assert [part.value for part in found.failing] == ["Action", "Resource", "Condition"]
    assert found.failing_clauses[0].key == "aws:SecureTransport"


@pytest.mark.parametrize(
    ("pattern", "action", "matches"),
    [
        ("s3:get*", "S3:GetObject", True),
        ("*", "a:b", True),
        ("s3:*", "s3express:CreateBucket", False),
        ("s3:?etObject", "s3:GetObject", True),
        ("s3:GetObject", "s3:GetObjectAcl", False),
    ],
)
def test_actions_ignore_case(pattern: str, action: str, matches: bool) -> None:
    assert outcome(policy(allow(pattern)), request(action)).allowed is matches


@pytest.mark.parametrize(
    ("pattern", "resource", "matches"),
    [
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/x/y", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::B/x", False),
        ("arn:aws:s3:::b*", "arn:aws:s3:::b:c", True),
        ("arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:us-east-1:1:instance/i", True),
        ("arn:aws:ec2:us-*-1:*:x", "arn:aws:ec2:us-a:b-1:1:x", False),
        ("arn:aws:*:x", "arn:aws:s3:::x", True),
        ("*" * 400, "arn:aws:s3:::" + "a" * 400, True),
        ("arn:aws:s3:::" + "*a" * 60, "arn:aws:s3:::" + "a" * 5000 + "b", False),
    ],
)
def test_resource_wildcards(pattern: str, resource: str, matches: bool) -> None:
    assert outcome(policy(allow("*", pattern)), request(resource=resource)).allowed is matches


def test_not_elements_invert_the_whole_list() -> None:
    document = policy({"Effect": "Allow", "NotAction": ["iam:*", "s3:Get*"], "NotResource": ["arn:aws:s3:::b/*"]})
    assert outcome(document, request("s3:PutObject", "arn:aws:s3:::c")).allowed
    assert not outcome(document, request("s3:PutObject", "arn:aws:s3:::b/x")).allowed
    assert not outcome(document, request("s3:GetObject", "arn:aws:s3:::c")).allowed


@pytest.mark.parametrize(
    ("principal", "caller", "matches"),
    [
        ("*", OUTSIDER, True),
        ("*", None, True),
        ({"AWS": "*"}, "lambda.amazonaws.com", True),
        ({"AWS": "123456789012"}, ALICE, True),
        ({"AWS": "arn:aws:iam::123456789012:root"}, SESSION, True),
        ({"AWS": "123456789012"}, OUTSIDER, False),
        ({"AWS": APP}, SESSION, True),
        ({"AWS": SESSION}, APP, False),
        ({"AWS": "arn:aws:iam::123456789012:user/*"}, ALICE, False),
        ({"Service": "lambda.amazonaws.com"}, "lambda.amazonaws.com", True),
        ({"Service": "lambda.amazonaws.com"}, "ec2.amazonaws.com", False),
        ({"AWS": "AIDAEXAMPLEUSERID1234"}, "AIDAEXAMPLEUSERID1234", False),
        ({"Federated": "cognito-identity.amazonaws.com"}, "cognito-identity.amazonaws.com", True),
    ],
)
def test_principals(principal: Any, caller: str | None, matches: bool) -> None:
    assert outcome(policy(allow(Principal=principal)), request(principal=caller)).allowed is matches


@pytest.mark.parametrize(
    ("operator", "value", "given", "holds"),
    [
        ("StringEquals", "a*", "a*", True),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", "a", None, False),
        ("StringNotEquals", "a", None, True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringEqualsIfExists", "a", None, True),
        ("StringEqualsIfExists", "a", "b", False),
        ("StringEqualsIgnoreCase", "ABC", "abc", True),
        ("StringLike", "a?c*", "abcd", True),
        ("StringNotLike", "a*", "b", True),
        ("NumericEquals", 10, "10.0", True),
        ("NumericLessThan", 10, "9", True),
        ("NumericLessThan", 10, "x", False),
        ("NumericGreaterThanEquals", "2.5", "2.5", True),
        ("NumericNotEquals", 1, None, True),
        ("DateLessThan", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", True),
        ("DateGreaterThan", "1700000000", "2026-01-01", True),
        ("Bool", True, "TRUE", True),
        ("Bool", "true", "false", False),
        ("BoolIfExists", "true", None, True),
        ("IpAddress", "10.0.0.0/8", "10.9.8.7", True),
        ("IpAddress", "10.0.0.1", "10.0.0.2", False),
        ("IpAddress", "2001:db8::/32", "2001:db8::1", True),
        ("IpAddress", "0.0.0.0/0", "2001:db8::1", False),
        ("NotIpAddress", "10.0.0.0/8", None, True),
        ("NotIpAddress", "10.0.0.0/8", "10.0.0.1", False),
        ("ArnLike", "arn:aws:sns:*:1:t*", "arn:aws:sns:eu:1:topic", True),
        ("ArnLike", "arn:aws:*:1:t", "arn:aws:sns:eu:1:t", False),
        ("ArnEquals", "arn:aws:s3:::b*", "no arn", False),
        ("ArnNotLike", "arn:aws:s3:::b*", "no arn", True),
        ("BinaryEquals", "QUJD", "QUJD", True),
        ("Null", "true", None, True),
        ("Null", "false", None, False),
        ("Null", "false", "x", True),
        ("ForAllValues:StringEquals", ["a", "b"], None, True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", ["a", "b"], ["b", "a"], True),
        ("ForAnyValue:StringEquals", ["a", "b"], None, False),
        ("ForAnyValue:StringEquals", ["a"], ["c", "a"], True),
        ("ForAnyValue:StringNotEquals", ["a"], ["a", "c"], True),
        ("ForAllValues:StringNotEquals", ["a"], ["a", "c"], False),
        ("ForAnyValue:StringEqualsIfExists", ["a"], None, True),
        ("ForAllValues:StringEquals", ["a"], [], True),
    ],
)
def test_condition_operators(operator: str, value: Any, given: Any, holds: bool) -> None:
    document = policy(allow(Condition={operator: {"My:Key": value}}))
    context = {} if given is None else {"my__KEY": tuple(given) if isinstance(given, list) else given}
    assert outcome(document, request(**context)).allowed is holds


def test_operators_and_keys_are_joined_by_and() -> None:
    document = policy(allow(Condition={"StringEquals": {"a:x": "1", "a:y": "2"}, "Bool": {"a:z": "true"}}))
    assert outcome(document, request(a__x="1", a__y="2", a__z="true")).allowed
    assert not outcome(document, request(a__x="1", a__y="3", a__z="true")).allowed
    assert not outcome(document, request(a__x="1", a__y="2", a__z="false")).allowed


@pytest.mark.parametrize(
    ("version", "resource", "context", "holds"),
    [
        ("2012-10-17", "arn:aws:s3:::home/alice", {"aws__username": "alice"}, True),
        ("2012-10-17", "arn:aws:s3:::home/bob", {"aws__username": "alice"}, False),
        ("2012-10-17", "arn:aws:s3:::home/x", {}, False),
        ("2008-10-17", "arn:aws:s3:::home/alice", {"aws__username": "alice"}, False),
        (None, "arn:aws:s3:::home/${aws:username}", {}, True),
        ("2012-10-17", "arn:aws:s3:::home/x", {"aws__username": "*"}, False),
        ("2012-10-17", "arn:aws:s3:::home/*", {"aws__username": "*"}, True),
    ],
)
def test_variables_by_version(version: str | None, resource: str, context: dict[str, str], holds: bool) -> None:
    document = policy(allow("*", "arn:aws:s3:::home/${aws:username}"), version=version)
    assert outcome(document, request(resource=resource, **context)).allowed is holds


@pytest.mark.parametrize(
    ("text", "value", "context", "holds"),
    [
        ("${aws:x, 'none'}", "none", {}, True),
        ("${aws:x, 'none'}", "none", {"aws__x": "y"}, False),
        ("a${*}b", "a*b", {}, True),
        ("a${*}b", "axb", {}, False),
        ("${$}{x}", "${x}", {}, True),
        ("${?}*", "?tail", {}, True),
    ],
)
def test_defaults_and_literal_wildcards(text: str, value: str, context: dict[str, str], holds: bool) -> None:
    document = policy(allow(Condition={"StringLike": {"v": text}}))
    assert outcome(document, request(v=value, **context)).allowed is holds


def test_a_trust_policy_has_no_resource() -> None:
    document = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}})
    assert document.kind is PolicyKind.TRUST
    assert outcome(document, request("sts:AssumeRole", APP, "ec2.amazonaws.com")).allowed
