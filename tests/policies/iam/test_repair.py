"""Localization and repair."""

from collections.abc import Sequence

import pytest

from cloudwright.policies.iam.access import Document, Probe
from cloudwright.policies.iam.document import Policy, policy_to_json
from cloudwright.policies.iam.evaluate import outcome
from cloudwright.policies.iam.localize import localize
from cloudwright.policies.iam.plausibility import Element
from cloudwright.policies.iam.public import new_public_access
from cloudwright.policies.iam.questions import Answer, Relation, compare
from cloudwright.policies.iam.repair.check import grows_less
from cloudwright.policies.iam.repair.diagnose import all_faults
from cloudwright.policies.iam.repair.engine import repair
from cloudwright.policies.iam.repair.task import (
    Proposal,
    ProposalRequest,
    RepairLimits,
    RepairMethod,
    RepairStatus,
    RepairTask,
)
from cloudwright.policies.iam.request import Expectation, Request
from tests.policies.iam.documents import ALICE, OUTSIDER, allow, deny, policy, request

LOGS = "arn:aws:s3:::logs"


def wanted(allowed: Sequence[Request], denied: Sequence[Request] = ()) -> tuple[Expectation, ...]:
    return (*(Expectation(item, True) for item in allowed), *(Expectation(item, False) for item in denied))


CASES = [
    (
        "missing action",
        policy(allow("s3:GetObject", f"{LOGS}/*")),
        policy(allow(["s3:GetObject", "s3:PutObject"], f"{LOGS}/*")),
        wanted([request("s3:PutObject", f"{LOGS}/a"), request("s3:GetObject", f"{LOGS}/a")]),
        Element.ACTION,
    ),
    (
        "widened action",
        policy(allow(["s3:PutObject", "s3:*"], f"{LOGS}/*")),
        policy(allow(["s3:PutObject", "s3:GetObject"], f"{LOGS}/*")),
        wanted(
            [request("s3:GetObject", f"{LOGS}/a")],
            [request("s3:DeleteObject", f"{LOGS}/a"), request("s3:PutObjectAcl", f"{LOGS}/b")],
        ),
        Element.ACTION,
    ),
    (
        "lost suffix",
        policy(allow("s3:GetObject", LOGS)),
        policy(allow("s3:GetObject", f"{LOGS}/*")),
        wanted(
            [request("s3:GetObject", f"{LOGS}/a"), request("s3:GetObject", f"{LOGS}/b/c")],
            [request("s3:GetObject", LOGS)],
        ),
        Element.RESOURCE,
    ),
    (
        "renamed resource",
        policy(allow("s3:GetObject", "arn:aws:s3:::old-logs/*")),
        policy(allow("s3:GetObject", f"{LOGS}/*")),
        wanted([request("s3:GetObject", f"{LOGS}/a")], [request("s3:GetObject", "arn:aws:s3:::old-logs/a")]),
        Element.RESOURCE,
    ),
    (
        "negated operator",
        policy(allow("s3:GetObject", Condition={"StringNotEquals": {"k": "a"}})),
        policy(allow("s3:GetObject", Condition={"StringEquals": {"k": "a"}})),
        wanted([request(k="a")], [request(k="b"), request()]),
        Element.CONDITION,
    ),
    (
        "dropped condition",
        policy(allow("s3:GetObject", f"{LOGS}/*")),
        policy(allow("s3:GetObject", f"{LOGS}/*", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.9"}})),
        wanted(
            [request(resource=f"{LOGS}/a", aws__SourceIp="203.0.113.9")],
            [request(resource=f"{LOGS}/a", aws__SourceIp="198.51.100.7"), request(resource=f"{LOGS}/a")],
        ),
        Element.CONDITION,
    ),
    (
        "equals with a star",
        policy(allow("s3:ListBucket", Condition={"StringEquals": {"s3:prefix": "home/*"}})),
        policy(allow("s3:ListBucket", Condition={"StringLike": {"s3:prefix": "home/*"}})),
        wanted(
            [request("s3:ListBucket", LOGS, s3__prefix="home/a"), request("s3:ListBucket", LOGS, s3__prefix="home/b")],
            [request("s3:ListBucket", LOGS, s3__prefix="etc")],
        ),
        Element.CONDITION,
    ),
    (
        "widened principal",
        policy(allow("s3:GetObject", f"{LOGS}/*", Principal="*")),
        policy(allow("s3:GetObject", f"{LOGS}/*", Principal={"AWS": ALICE})),
        wanted([request(resource=f"{LOGS}/a", principal=ALICE)], [request(resource=f"{LOGS}/a", principal=OUTSIDER)]),
        Element.PRINCIPAL,
    ),
    (
        "flipped effect",
        policy(deny("s3:GetObject", f"{LOGS}/*")),
        policy(allow("s3:GetObject", f"{LOGS}/*")),
        wanted([request(resource=f"{LOGS}/a"), request(resource=f"{LOGS}/b")], [request("s3:PutObject", f"{LOGS}/a")]),
        Element.EFFECT,
    ),
    (
        "extra denial",
        policy(allow("s3:*"), deny("s3:ListBucket")),
        policy(allow("s3:*")),
        wanted([request("s3:ListBucket", LOGS), request("s3:ListBucket", "arn:aws:s3:::x")]),
        Element.EFFECT,
    ),
]


@pytest.mark.parametrize(
    ("faulty", "truth", "requests", "element"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_known_fault_is_named_and_undone(
    faulty: Policy, truth: Policy, requests: tuple[Expectation, ...], element: Element
) -> None:
    assert localize(faulty, requests)[0].element is element
    result = repair(RepairTask(faulty, requests))
    assert result.method is RepairMethod.EDITS
    assert result.policy is not None
    assert compare(Document(result.policy), Document(truth)).relation is Relation.EQUIVALENT
    assert result.text_diff
    assert result.lost or result.gained


def test_two_faults_are_both_named_and_undone() -> None:
    faulty = policy(allow("s3:GetObject", "arn:aws:s3:::old-logs/*"), allow(["sqs:SendMessage", "sqs:*"], "*"))
    requests = wanted(
        [request("s3:GetObject", f"{LOGS}/a"), request("sqs:SendMessage", "arn:aws:sqs:us-east-1:1:q")],
        [request("s3:GetObject", "arn:aws:s3:::old-logs/a"), request("sqs:DeleteQueue", "arn:aws:sqs:us-east-1:1:q")],
    )
    assert {(item.statement, item.element) for item in all_faults(faulty, requests, 2)} == {
        (0, Element.RESOURCE),
        (1, Element.ACTION),
    }
    result = repair(RepairTask(faulty, requests))
    truth = policy(allow("s3:GetObject", f"{LOGS}/*"), allow("sqs:SendMessage", "*"))
    assert result.policy is not None
    assert compare(Document(result.policy), Document(truth)).relation is Relation.EQUIVALENT


def test_nothing_is_changed_when_all_is_right() -> None:
    result = repair(RepairTask(policy(allow("s3:GetObject")), wanted([request()])))
    assert result.status is RepairStatus.ALREADY_RIGHT
    assert not localize(policy(allow("s3:GetObject")), wanted([request()]))


def test_contradictions_are_proved_and_named() -> None:
    same = repair(RepairTask(policy(allow()), wanted([request("s3:getobject")], [request("S3:GetObject")])))
    assert same.status is RepairStatus.CONTRADICTORY
    assert "no document can tell the requests apart" in str(same.contradictions[0])
    other_principal = wanted([request(principal=ALICE)], [request(principal=OUTSIDER)])
    assert repair(RepairTask(policy(allow()), other_principal)).status is RepairStatus.CONTRADICTORY
    protected = repair(RepairTask(policy(allow()), wanted([request()]), protected=(Probe(("s3:*",)),)))
    assert protected.status is RepairStatus.CONTRADICTORY


def test_protected_access_and_the_upper_bound_hold() -> None:
    faulty = policy(allow("s3:ListBucket", f"{LOGS}/*"))
    requests = wanted([request("s3:GetObject", f"{LOGS}/a"), request("s3:GetObject", f"{LOGS}/b")])
    guard = Probe(("s3:*",), ("arn:aws:s3:::secret/*",))
    bound = policy(allow(["s3:GetObject", "s3:ListBucket"], f"{LOGS}/*"))
    result = repair(RepairTask(faulty, requests, (guard,), bound))
    assert result.policy is not None
    assert compare(Document(result.policy), Document(bound)).relation in (Relation.EQUIVALENT, Relation.RIGHT_MORE)
    assert any("upper bound" in line for line in result.proof)


def test_enumeration_is_the_last_resort_and_is_marked() -> None:
    odd = [request("s3:GetObject", f"arn:aws:s3:::{name}", k=name) for name in ("a*", "b", "c${x}")]
    denied = [request("s3:GetObject", f"arn:aws:s3:::{name}") for name in ("ab", "bb", "cx")] + [
        request("s3:GetObject", "arn:aws:s3:::b")
    ]
    result = repair(RepairTask(policy(deny()), wanted(odd, denied)))
    assert result.policy is not None
    assert all(outcome(result.policy, item).allowed for item in odd)
    assert not any(outcome(result.policy, item).allowed for item in denied)
    assert result.over_fitted == (result.method is RepairMethod.ENUMERATION)


class ScriptedModel:
    """Answers in order, and keeps what it was asked."""

    def __init__(self, *answers: Policy | ValueError) -> None:
        self.answers = list(answers)
        self.asked: list[ProposalRequest] = []

    def __call__(self, request: ProposalRequest) -> Proposal:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, ValueError):
            raise answer
        return Proposal(policy_to_json(answer), "as asked")


def hard_task() -> RepairTask:
    """Nothing that the edits can do within no time."""
    return RepairTask(
        policy(deny()),
        wanted([request("s3:GetObject", "arn:aws:s3:::b/a")], [request("s3:GetObject", "arn:aws:s3:::c/a")]),
    )


def test_a_model_is_told_its_mistakes_and_accepted_only_with_proof() -> None:
    model = ScriptedModel(
        policy(allow("s3:*")), ValueError("no JSON"), policy(allow("s3:GetObject", "arn:aws:s3:::b/*"))
    )
    result = repair(hard_task(), propose=model, limits=RepairLimits(search_s=-1))
    assert (result.method, result.model_rounds) == (RepairMethod.MODEL, 3)
    assert "must be denied" in model.asked[1].problems[0]
    assert "no JSON" in model.asked[2].problems[0]
    stubborn = ScriptedModel(*(policy(allow("s3:*")) for _ in range(3)))
    assert repair(hard_task(), propose=stubborn, limits=RepairLimits(search_s=-1)).method is RepairMethod.ENUMERATION


def test_a_repair_opens_nothing_new_to_the_public() -> None:
    faulty = policy(allow("s3:GetObject", "arn:aws:s3:::old-logs/*", Principal="*"))
    requests = wanted(
        [request(resource=f"{LOGS}/a", principal=ALICE), request(resource=f"{LOGS}/b", principal=ALICE)],
        [request(resource="arn:aws:s3:::old-logs/a", principal=ALICE)],
    )
    result = repair(RepairTask(faulty, requests))
    assert result.method is RepairMethod.EDITS
    assert result.policy is not None
    assert new_public_access(faulty, result.policy).answer is Answer.YES
    assert "no new public access" in result.proof
    moved = policy(allow("s3:GetObject", f"{LOGS}/*", Principal="*"))
    assert new_public_access(faulty, moved).answer is Answer.NO


def test_of_two_repairs_the_one_that_adds_a_part_of_the_other_grows_less() -> None:
    old, limits = policy(allow("s3:GetObject", f"{LOGS}/a")), RepairLimits()
    one = policy(allow("s3:GetObject", f"{LOGS}/*"))
    other = policy(allow("s3:GetObject", [f"{LOGS}/*", "arn:aws:s3:::b"]))
    assert grows_less(old, one, other, limits)
    assert not grows_less(old, other, one, limits)
    assert not grows_less(old, one, one, limits)


def test_denying_the_requests_one_by_one_is_not_preferred_to_a_narrower_grant() -> None:
    faulty = policy(allow("sqs:*"), deny("sqs:SendMessage"))
    requests = wanted(
        [request("sqs:SendMessage", "arn:aws:sqs:us-east-1:1:q"), request("sqs:ReceiveMessage", "*")],
        [
            request(f"sqs:{name}", "arn:aws:sqs:us-east-1:1:q")
            for name in ("DeleteQueue", "PurgeQueue", "AddPermission")
        ],
    )
    result = repair(RepairTask(faulty, requests))
    assert result.policy is not None
    assert not outcome(result.policy, request("sqs:CreateQueue", "*")).allowed


def test_what_is_wrong_after_the_first_undo_is_localized_again() -> None:
    faulty = policy(allow("iot:*", "arn:aws:iot:us-east-1:1:client/a"))
    requests = wanted(
        [
            request("iot:Connect", "arn:aws:iot:us-east-1:1:client/a"),
            request("s3:GetObject", f"{LOGS}/a"),
            request("s3:GetObject", f"{LOGS}/b"),
        ],
        [request(f"iot:{name}", "arn:aws:iot:us-east-1:1:client/a") for name in ("AttachPolicy", "SearchIndex")],
    )
    named = [(item.statement, item.element) for item in all_faults(faulty, requests, 2)]
    assert named == [(0, Element.ACTION), (None, Element.MISSING)]
