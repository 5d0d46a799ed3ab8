"""What AWS rejects is rejected, in one sentence with statement and element."""

import random
from typing import Any

import pytest

from benchmarks.iam_fuzz import fuzz
from cloudwright.policies.iam.document import PolicyKind, policy_to_json
from cloudwright.policies.iam.errors import PolicyError
from cloudwright.policies.iam.parse import load_policy, parse_policy
from cloudwright.policies.iam.repair.salvage import salvage
from tests.policies.iam.documents import allow, random_policy


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([], "must be a JSON object"),
        ({"Statement": []}, "at least one statement"),
        ({"Version": "2020-01-01", "Statement": [allow()]}, "Version"),
        ({"Statement": [allow()], "Extra": 1}, 'unknown element "Extra"'),
        ({"Statement": [{**allow(), "Major": "*"}]}, 'unknown element "Major"'),
        ({"Statement": [{**allow(), "Effect": "Permit"}]}, "Effect: it must be"),
        ({"Statement": [{**allow(), "NotAction": "s3:*"}]}, "exclude each other"),
        ({"Statement": [{"Effect": "Allow", "Action": "*"}]}, "Resource or NotResource is missing"),
        ({"Statement": [{**allow(), "Resource": []}]}, "non-empty string"),
        ({"Statement": [allow("GetObject")]}, "is not an action"),
        ({"Statement": [allow(Condition={"StringEqual": {"a": "b"}})]}, "unknown condition operator"),
        ({"Statement": [allow(Condition={"NullIfExists": {"a": "true"}})]}, "unknown condition operator"),
        ({"Statement": [allow(Condition={"StringEquals": {"a": {"b": 1}}})]}, "must be a string, number, boolean"),
        ({"Statement": [allow(Condition={"Null": {"a": "maybe"}})]}, "Null takes"),
        ({"Statement": [allow(Principal="alice")]}, 'must be "*" or an object'),
        ({"Statement": [allow(Principal={"User": "x"})]}, "unknown principal type"),
        ({"Statement": [allow(Principal="*"), allow()]}, "needs Principal"),
        ({"Statement": [{**allow(), "Sid": "A"}, {**allow(), "Sid": "A"}]}, "used more than once"),
    ],
)
def test_rejects_with_one_clear_sentence(raw: Any, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(raw)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": 1, "a": 2}', "appears twice"),
        ("NaN", "NaN"),
        ('"\\ud800"', "surrogate"),
        ("1" * 5000, "not JSON"),
        (" " * 4_000_001, "characters"),
    ],
)
def test_hostile_text_is_one_sentence(text: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        load_policy(text)


def test_the_place_of_the_error_is_named() -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy({"Statement": [allow(), {**allow(), "Effect": "allow"}]})
    assert (caught.value.statement, caught.value.element) == (1, "Effect")


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        (PolicyKind.IDENTITY, allow(Principal="*")),
        (PolicyKind.SCP, allow(Principal="*")),
        (PolicyKind.RESOURCE, allow()),
        (PolicyKind.TRUST, allow("sts:AssumeRole", Principal="*")),
        (PolicyKind.RCP, allow("s3:GetObject", Principal="*")),
        (PolicyKind.RCP, {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Principal": {"AWS": "123456789012"}}),
    ],
)
def test_elements_must_fit_the_kind_of_policy(kind: PolicyKind, statement: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        parse_policy({"Statement": [statement]}, kind)


def test_writing_and_reading_again_gives_the_same_document() -> None:
    rng = random.Random(5)
    for _ in range(200):
        policy = random_policy(rng)
        assert parse_policy(policy_to_json(policy)) == policy


def test_a_rejected_document_is_salvaged_with_a_sentence_for_each_change() -> None:
    raw = {
        "Statement": [{**allow("s3:GetObject", Principal="*"), "Major": 1, "StringEquals": {"aws:SourceAccount": "1"}}]
    }
    policy, changes = salvage(raw)
    assert policy.statements[0].conditions[0].key == "aws:SourceAccount"
    assert changes == ("statement 1: unknown element 'Major' dropped", "statement 1: StringEquals moved into Condition")


def test_hostile_documents_neither_crash_nor_hang() -> None:
    assert "n=2000" in fuzz(2000, seed=7)


@pytest.mark.full
def test_a_hundred_thousand_hostile_documents() -> None:
    assert "n=100000" in fuzz(100_000, seed=8)
