"""Repairs that take no more than the requests call for."""

from typing import Any

import pytest

from cloudwright.policies.iam.access import Document
from cloudwright.policies.iam.document import Policy
from cloudwright.policies.iam.localize import localize
from cloudwright.policies.iam.plausibility import Element
from cloudwright.policies.iam.questions import Relation, compare
from cloudwright.policies.iam.repair.confine import confined
from cloudwright.policies.iam.repair.engine import repair
from cloudwright.policies.iam.repair.search import Judge, edits_for
from cloudwright.policies.iam.repair.task import RepairMethod, RepairTask
from cloudwright.policies.iam.request import Expectation, Request
from tests.policies.iam.documents import ALICE, APP, OUTSIDER, allow, policy, request

QUEUE = "arn:aws:sqs:us-east-1:1:q"
SECRET = "arn:aws:sqs:us-east-1:1:secret"
CLIENT = "arn:aws:iot:us-east-1:1:client"
TOPIC = "arn:aws:iot:us-east-1:1:topic"
LOGS = "arn:aws:s3:::logs"


def wanted(allowed: list[Request], denied: list[Request]) -> tuple[Expectation, ...]:
    return (*(Expectation(item, True) for item in allowed), *(Expectation(item, False) for item in denied))


def keys(*values: str, **more: Any) -> dict[str, Any]:
    return {"dynamodb__LeadingKeys": values, **more}


CASES = {
    "a star that reaches what only denied requests name is narrowed with the edit": (
        policy(allow("sqs:*")),
        wanted([request("sqs:SendMessage", QUEUE)], [request("sqs:PurgeQueue", SECRET)]),
        policy(allow("sqs:SendMessage", QUEUE)),
    ),
    "a star stays where an action takes no resource": (
        policy(allow(["sqs:*", "iam:GetAccountSummary"])),
        wanted([request("sqs:SendMessage", QUEUE)], [request("sqs:PurgeQueue", SECRET)]),
        policy(allow(["sqs:SendMessage", "iam:GetAccountSummary"])),
    ),
    "a star stays where nothing is shown to be out of bounds": (
        policy(allow("sqs:*")),
        wanted([request("sqs:SendMessage", QUEUE)], [request("sqs:PurgeQueue", QUEUE)]),
        policy(allow("sqs:SendMessage")),
    ),
    "a star stays where only a condition was missing": (
        policy(allow("sqs:SendMessage")),
        wanted([request("sqs:SendMessage", QUEUE, k="a")], [request("sqs:SendMessage", SECRET, k="b")]),
        policy(allow("sqs:SendMessage", Condition={"StringEquals": {"k": "a"}})),
    ),
    "a pattern that names something is what its author meant": (
        policy(allow("sqs:*", "arn:aws:sqs:us-east-1:1:*q")),
        wanted([request("sqs:SendMessage", f"{QUEUE}q")], [request("sqs:PurgeQueue", f"{QUEUE}xq")]),
        policy(allow("sqs:SendMessage", f"{QUEUE}q")),
    ),
    "what other grants allow anyway is not added again": (
        policy(allow(["s3:GetObject", "s3:*"], f"{LOGS}/*"), allow("s3:ListBucket", f"{LOGS}*")),
        wanted(
            [request("s3:GetObject", f"{LOGS}/a"), request("s3:ListBucket", f"{LOGS}/a")],
            [request("s3:DeleteObject", f"{LOGS}/a"), request("s3:PutObject", f"{LOGS}/a")],
        ),
        policy(allow("s3:GetObject", f"{LOGS}/*"), allow("s3:ListBucket", f"{LOGS}*")),
    ),
    "an action that does not exist makes room for the one that was meant": (
        policy(allow(["iam:DeleteUser", "iam:GetUsers", "iam:*"])),
        wanted([request("iam:ListUsers", "*")], [request("iam:CreateUser", "*"), request("iam:GetRole", "*")]),
        policy(allow(["iam:DeleteUser", "iam:ListUsers"])),
    ),
    "a condition on a list that some requests lack asks for all of its members": (
        policy(allow("dynamodb:UpdateItem", "*")),
        wanted(
            [request("dynamodb:UpdateItem", "*", **keys("mine")), request("dynamodb:UpdateItem", "*")],
            [request("dynamodb:UpdateItem", "*", **keys("theirs"))],
        ),
        policy(
            allow("dynamodb:UpdateItem", "*", Condition={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "mine"}})
        ),
    ),
    "a condition on a value that some requests lack holds without it": (
        policy(allow("s3:GetObject", "*")),
        wanted([request(k="mine"), request()], [request(k="theirs")]),
        policy(allow("s3:GetObject", "*", Condition={"StringEqualsIfExists": {"k": "mine"}})),
    ),
    "callers are named, not their account": (
        policy(allow("s3:GetObject", f"{LOGS}/*", Principal="*")),
        wanted(
            [request(resource=f"{LOGS}/a", principal=ALICE), request(resource=f"{LOGS}/a", principal=APP)],
            [request(resource=f"{LOGS}/a", principal=OUTSIDER)],
        ),
        policy(allow("s3:GetObject", f"{LOGS}/*", Principal={"AWS": [ALICE, APP]})),
    ),
    "a new grant carries the conditions of the others when the requests meet them": (
        policy(allow("s3:PutObject", f"{LOGS}/*", Condition={"StringEquals": {"aws:SourceOrgID": "o-1"}})),
        wanted(
            [
                request("s3:PutObject", f"{LOGS}/a", aws__SourceOrgID="o-1"),
                request("sqs:SendMessage", QUEUE, aws__SourceOrgID="o-1"),
            ],
            [request("sqs:PurgeQueue", QUEUE, aws__SourceOrgID="o-1")],
        ),
        policy(
            allow("s3:PutObject", f"{LOGS}/*", Condition={"StringEquals": {"aws:SourceOrgID": "o-1"}}),
            allow("sqs:SendMessage", QUEUE, Condition={"StringEquals": {"aws:SourceOrgID": "o-1"}}),
        ),
    ),
}


@pytest.mark.parametrize(("faulty", "requests", "expected"), CASES.values(), ids=list(CASES))
def test_the_smallest_grant(faulty: Policy, requests: tuple[Expectation, ...], expected: Policy) -> None:
    result = repair(RepairTask(faulty, requests))
    assert result.method is RepairMethod.EDITS
    assert result.policy is not None
    found = compare(Document(result.policy), Document(expected))
    assert found.relation is Relation.EQUIVALENT, (result.edits, found)


def test_a_grant_that_a_repair_made_and_no_request_needs_goes() -> None:
    before = policy(allow("s3:GetObject", f"{LOGS}/*"), allow("sqs:SendMessage", QUEUE))
    requests = wanted([request("s3:GetObject", f"{LOGS}/a")], [request("sqs:SendMessage", QUEUE)])
    wider = policy(allow("s3:GetObject", f"{LOGS}/*"), allow("sqs:PurgeQueue", QUEUE))
    narrower = policy(
        allow("s3:GetObject", f"{LOGS}/*"), allow("sqs:SendMessage", QUEUE, Condition={"StringEquals": {"k": "a"}})
    )
    left, notes = confined(before, wider, requests)
    assert len(left.statements) == 1
    assert "no request needs it" in notes[0]
    assert confined(before, narrower, requests) == (narrower, ())


def test_combinations_that_an_edit_adds_and_nobody_asks_for_are_counted() -> None:
    judge = Judge(wanted([request("iot:Connect", f"{CLIENT}/a"), request("iot:Publish", f"{TOPIC}/x")], []))
    before = policy(allow("iot:*"))
    mixed = policy(allow(["iot:Connect", "iot:Publish"], [f"{CLIENT}/*", f"{TOPIC}/*"]))
    apart = policy(allow("iot:Publish", f"{TOPIC}/*"))
    assert judge.newly_mixed(before, mixed, 0) == 2
    assert judge.newly_mixed(before, apart, 0) == 0
    assert judge.newly_mixed(mixed, mixed, 0) == 0


def test_a_grant_may_be_left_to_do_its_own_duty() -> None:
    faulty = policy(allow("iot:Connect", f"{CLIENT}-old/*"), allow("iot:*"))
    allowed = [request("iot:Connect", f"{CLIENT}/a"), request("iot:Publish", f"{TOPIC}/x")]
    requests = wanted(allowed, [request(f"iot:{name}", f"{TOPIC}/x") for name in ("UpdateThing", "DeletePolicy")])
    action = next(item for item in localize(faulty, requests) if item.element is Element.ACTION)
    made = {edit.policy.statements[1].actions.values for edit in edits_for(faulty, action, requests)}
    assert {("iot:Connect", "iot:Publish"), ("iot:Publish",)} <= made
