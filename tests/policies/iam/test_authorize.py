"""Policy types together: each row is a documented rule."""

from dataclasses import replace
from typing import Any

import pytest

from cloudwright.policies.iam.access import Combined, Probe
from cloudwright.policies.iam.authorize import PolicySet, authorize
from cloudwright.policies.iam.document import PolicyKind
from cloudwright.policies.iam.request import Outcome
from cloudwright.policies.iam.whocan import effective
from tests.policies.iam.documents import ALICE, APP, OUTSIDER, SESSION, allow, deny, policy, request

READ = policy(allow("s3:Get*"))
ALL = policy(allow())
NOTHING = policy(allow("ec2:*"))


def bucket(principal: Any, **more: Any) -> PolicySet:
    return PolicySet(resource=(policy(allow("s3:GetObject", Principal=principal)),), **more)


@pytest.mark.parametrize(
    ("held", "principal", "expected"),
    [
        (PolicySet(identity=(READ,)), ALICE, Outcome.ALLOW),
        (PolicySet(identity=(READ,), boundary=NOTHING), ALICE, Outcome.IMPLICIT_DENY),
        (PolicySet(identity=(READ,), boundary=ALL, session=(NOTHING,)), SESSION, Outcome.IMPLICIT_DENY),
        (PolicySet(identity=(READ,), scps=((ALL,), (NOTHING,))), ALICE, Outcome.IMPLICIT_DENY),
        (PolicySet(identity=(READ,), scps=((NOTHING, ALL),)), ALICE, Outcome.ALLOW),
        (PolicySet(identity=(READ,), scps=((NOTHING,),), exempt_from_scps=True), ALICE, Outcome.ALLOW),
        (PolicySet(identity=(READ,), scps=((policy(allow(), deny("s3:*")),),)), ALICE, Outcome.EXPLICIT_DENY),
        (PolicySet(identity=(READ,), endpoint=(NOTHING,)), ALICE, Outcome.IMPLICIT_DENY),
        (bucket({"AWS": ALICE}), ALICE, Outcome.ALLOW),
        (bucket({"AWS": ALICE}, boundary=NOTHING), ALICE, Outcome.ALLOW),
        (bucket({"AWS": SESSION}, boundary=NOTHING, session=(NOTHING,)), SESSION, Outcome.ALLOW),
        (bucket({"AWS": APP}, boundary=NOTHING), SESSION, Outcome.IMPLICIT_DENY),
        (bucket({"AWS": APP}, session=(READ,)), SESSION, Outcome.ALLOW),
        (bucket({"AWS": "123456789012"}), ALICE, Outcome.IMPLICIT_DENY),
        (bucket({"AWS": "123456789012"}, identity=(READ,)), ALICE, Outcome.ALLOW),
        (bucket({"AWS": OUTSIDER}, resource_account="123456789012"), OUTSIDER, Outcome.IMPLICIT_DENY),
        (bucket({"AWS": OUTSIDER}, resource_account="123456789012", identity=(READ,)), OUTSIDER, Outcome.ALLOW),
        (PolicySet(identity=(READ,), resource_account="123456789012"), OUTSIDER, Outcome.IMPLICIT_DENY),
        (bucket("*"), None, Outcome.ALLOW),
        (bucket({"Service": "lambda.amazonaws.com"}), "lambda.amazonaws.com", Outcome.ALLOW),
        (bucket({"AWS": ALICE}, identity=(policy(deny("s3:*")),)), ALICE, Outcome.EXPLICIT_DENY),
    ],
)  # fmt: skip
def test_combination(held: PolicySet, principal: str | None, expected: Outcome) -> None:
    asked = request(principal=principal)
    assert authorize(held, asked).outcome is expected
    if principal is not None:
        found = effective(held, principal, Probe(("s3:GetObject",), ("arn:aws:s3:::b/k",)))
        assert (found.witness is not None) == expected.allowed
        assert Combined(held, principal).allows(asked) == expected.allowed


def test_a_key_policy_must_delegate_before_identity_policies_count() -> None:
    use = policy(allow("kms:Decrypt"))
    asked = request("kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/1", ALICE)
    closed = policy(allow("kms:*", Principal={"AWS": APP}))
    open_to_account = policy(allow("kms:*", Principal={"AWS": "arn:aws:iam::123456789012:root"}))
    assert not authorize(PolicySet(identity=(use,), resource=(closed,)), asked).outcome.allowed
    assert authorize(PolicySet(identity=(use,), resource=(open_to_account,)), asked).outcome.allowed


def test_a_role_is_assumed_only_with_its_trust() -> None:
    trust = policy(
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": OUTSIDER}}, kind=PolicyKind.TRUST
    )
    held = PolicySet(identity=(policy(allow("sts:AssumeRole")),), resource=(trust,))
    assert not authorize(held, request("sts:AssumeRole", APP, ALICE)).outcome.allowed
    cross = replace(held, resource_account="123456789012")
    assert authorize(cross, request("sts:AssumeRole", APP, OUTSIDER)).outcome.allowed


def test_what_is_missing_is_said() -> None:
    held = PolicySet(identity=(READ,), boundary=NOTHING, scps=((NOTHING,),))
    assert authorize(held, request(principal=ALICE)).missing == (
        "no service control policy of level 1 allows it", "the permissions boundary does not allow it",
    )  # fmt: skip
