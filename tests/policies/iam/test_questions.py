"""Proofs and witnesses."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cloudwright.policies.iam import patterns
from cloudwright.policies.iam.access import Document, Probe
from cloudwright.policies.iam.automaton import machine
from cloudwright.policies.iam.classes import word_classes
from cloudwright.policies.iam.document import Policy
from cloudwright.policies.iam.errors import TooComplex
from cloudwright.policies.iam.escalation import escalations
from cloudwright.policies.iam.measure import overlap_of
from cloudwright.policies.iam.prover import Method, Prover
from cloudwright.policies.iam.public import public_access
from cloudwright.policies.iam.questions import (
    Answer,
    Relation,
    access_not_granted,
    allows_everything,
    allows_nothing,
    compare,
    difference_rows,
    disjoint,
    equivalent,
    implies,
    no_new_access,
    unused_access,
    useless_statements,
)
from cloudwright.policies.iam.report import who_can_text
from cloudwright.policies.iam.whocan import who_can
from tests.policies.iam.documents import ALICE, OUTSIDER, allow, deny, policy, random_policy, request


def relation(left: Policy, right: Policy) -> Relation:
    return compare(Document(left), Document(right)).relation


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (policy(allow("s3:Get*")), policy(allow("s3:GetObject")), Relation.LEFT_MORE),
        (policy(allow("s3:*")), policy(allow("S3:*"), deny("s3:*", "arn:aws:s3:::secret/*")), Relation.LEFT_MORE),
        (policy(allow("s3:*"), allow("ec2:*")), policy(allow(["ec2:*", "s3:*"])), Relation.EQUIVALENT),
        (policy(allow("s3:GetObject")), policy(allow("s3:PutObject")), Relation.INCOMPARABLE),
        (
            policy(allow(Condition={"IpAddress": {"aws:SourceIp": ["10.0.0.0/9", "10.128.0.0/9"]}})),
            policy(allow(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
            Relation.EQUIVALENT,
        ),
        (
            policy(allow(Condition={"NumericLessThan": {"n": 10}})),
            policy(allow(Condition={"NumericLessThanEquals": {"n": 9}})),
            Relation.LEFT_MORE,
        ),
        (
            policy(allow(Condition={"StringNotEquals": {"k": "a"}})),
            policy(allow(), deny(Condition={"StringEquals": {"k": "a"}})),
            Relation.EQUIVALENT,
        ),
        (
            policy(allow(Condition={"StringEquals": {"k": "a"}})),
            policy(allow(Condition={"StringEqualsIgnoreCase": {"k": "A"}})),
            Relation.RIGHT_MORE,
        ),
        (
            policy(allow(Condition={"ForAllValues:StringEquals": {"k": ["a", "b"]}})),
            policy(allow(Condition={"ForAllValues:StringEquals": {"k": "a"}})),
            Relation.LEFT_MORE,
        ),
        (
            policy(allow("*", "arn:aws:s3:::${aws:username}/*")),
            policy(allow("*", "arn:aws:s3:::*/*")),
            Relation.RIGHT_MORE,
        ),
        (
            policy(allow("*", "arn:aws:s3:::bob/x")),
            policy(allow("*", "arn:aws:s3:::bob/x"), deny("*", "arn:aws:s3:::${aws:username}/*")),
            Relation.LEFT_MORE,
        ),
        (
            policy(allow("*", "arn:aws:s3:::${k}", Condition={"StringEquals": {"k": "b"}})),
            policy(allow("*", "arn:aws:s3:::b", Condition={"StringEquals": {"k": "b"}})),
            Relation.EQUIVALENT,
        ),
        (policy(allow(), version=None), policy(allow()), Relation.EQUIVALENT),
        (policy(allow(Principal={"AWS": "123456789012"})), policy(allow(Principal={"AWS": ALICE})), Relation.LEFT_MORE),
        (policy(allow(Principal="*")), policy(allow()), Relation.LEFT_MORE),
        (policy(allow(Principal={"AWS": ALICE})), policy(allow()), Relation.INCOMPARABLE),
    ],
)
def test_relations(left: Policy, right: Policy, expected: Relation) -> None:
    assert relation(left, right) is expected
    swap = {Relation.LEFT_MORE: Relation.RIGHT_MORE, Relation.RIGHT_MORE: Relation.LEFT_MORE}
    assert relation(right, left) is swap.get(expected, expected)


def test_a_witness_is_minimal_and_realistic() -> None:
    new = policy(
        allow("s3:*", "arn:aws:s3:::logs/*", Condition={"StringLike": {"k": "*"}}),
        allow("ec2:*", Condition={"Bool": {"z": "true"}}),
    )
    found = no_new_access(Document(policy(allow("ec2:*", Condition={"Bool": {"z": "true"}}))), Document(new)).found
    assert found.witness is not None
    assert found.witness.realistic
    assert set(found.witness.request.context) == {"k"}


def test_a_witness_that_aws_cannot_produce_says_so() -> None:
    found = implies(
        Document(policy(allow("s3:GetObject", "arn:aws:sns:us-east-1:123456789012:t"))), Document(policy(deny()))
    ).found
    assert found.witness is not None
    assert "never about" in found.witness.obstacles[0]


def test_yes_no_questions() -> None:
    read, write, full = (Document(policy(allow(action))) for action in ("s3:Get*", "s3:Put*", "*"))
    assert disjoint(read, write).answer is Answer.YES
    assert disjoint(read, full).answer is Answer.NO
    assert allows_nothing(Document(policy(allow("s3:*"), deny()))).answer is Answer.YES
    assert allows_everything(full).answer is Answer.YES
    assert allows_everything(read).answer is Answer.NO
    assert equivalent(full, Document(policy(allow(), allow("s3:*")))).answer is Answer.YES
    assert access_not_granted(read, Probe(("s3:Put*",))).answer is Answer.YES
    assert access_not_granted(read, Probe(("s3:GetObject",), ("arn:aws:s3:::x",))).answer is Answer.NO


def test_useless_statements_are_found() -> None:
    document = policy(allow("s3:*"), allow("s3:GetObject"), deny("ec2:*"), deny("s3:Put*"))
    verdicts = [item.verdict.answer for item in useless_statements(document)]
    assert verdicts == [Answer.NO, Answer.YES, Answer.YES, Answer.NO]


@pytest.mark.parametrize(
    ("statement", "public"),
    [
        (allow(Principal="*"), True),
        (allow(Principal={"AWS": "123456789012"}), False),
        (allow(Principal={"Service": "sns.amazonaws.com"}), False),
        (allow(Principal="*", Condition={"StringEquals": {"aws:SourceAccount": "123456789012"}}), False),
        (allow(Principal="*", Condition={"StringLike": {"aws:SourceArn": "*"}}), True),
        (allow(Principal="*", Condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}), True),
        (allow(Principal="*", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), False),
        (allow(Principal="*", Condition={"StringEquals": {"aws:Referer": "https://example.com"}}), True),
        (allow(Principal="*", Condition={"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}), True),
        (allow(Principal="*", Condition={"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}), True),
    ],
)
def test_public_access(statement: dict[str, Any], public: bool) -> None:
    assert (public_access(policy(statement)).answer is Answer.NO) is public


def test_a_denial_of_outsiders_makes_a_wide_grant_private() -> None:
    fence = deny(Principal="*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}})
    assert public_access(policy(allow(Principal="*"), fence)).answer is Answer.YES


def test_difference_rows_name_statement_and_action() -> None:
    rows = difference_rows(
        policy(allow("ec2:*"), allow(["s3:GetObject", "s3:PutObject"])), policy(allow(["s3:GetObject", "ec2:*"]))
    )
    assert [(row.statement.index, row.action) for row in rows] == [(1, "s3:PutObject")]


def test_unused_access_is_what_was_granted_and_not_used() -> None:
    used = [request("s3:GetObject", "arn:aws:s3:::b/k")]
    rows = unused_access(policy(allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::b/k")), used)
    assert [row.action for row in rows] == ["s3:PutObject"]


def test_escalation_needs_the_whole_combination() -> None:
    assert not escalations(policy(allow("iam:PassRole")))
    names = [item.name for item in escalations(policy(allow(["iam:PassRole", "ec2:RunInstances"])))]
    assert names == ["start an instance with a role"]
    assert not escalations(policy(allow("iam:*"), deny("iam:*")))


def test_who_can_lists_principals_with_conditions() -> None:
    bucket = policy(
        allow("s3:GetObject", Principal={"AWS": ALICE}),
        allow("s3:*", Principal={"AWS": OUTSIDER}, Condition={"Bool": {"aws:SecureTransport": "true"}}),
    )
    rows = {row.who: row.always for row in who_can([bucket], Probe(("s3:GetObject",), ("arn:aws:s3:::b/*",)))}
    assert rows == {ALICE: True, OUTSIDER: False}


def test_implication_is_transitive_and_adding_a_grant_never_shrinks() -> None:
    rng = random.Random(3)
    for _ in range(25):
        first, second, third = (random_policy(rng, kind="identity") for _ in range(3))
        wider = Policy((*first.statements, *policy(allow("s3:*")).statements), first.kind, first.version)
        assert implies(Document(first), Document(wider)).answer is Answer.YES
        chain = [
            implies(Document(a), Document(b)).answer for a, b in ((first, second), (second, third), (first, third))
        ]
        if chain[:2] == [Answer.YES, Answer.YES]:
            assert chain[2] is Answer.YES


def test_z3_strings_never_contradict_the_classes() -> None:
    rng = random.Random(11)
    for _ in range(20):
        left, right = (random_policy(rng, variables=False, kind="identity") for _ in range(2))
        ours = compare(Document(left), Document(right), readable=False)
        theirs = compare(Document(left), Document(right), readable=False, strings_only=True, timeout_ms=300)
        assert theirs.relation in (ours.relation, Relation.UNDECIDED), (left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (policy(allow("s3:GetObject")), policy(allow("s3:Get*"))),
        (policy(allow("s3:*", "arn:aws:s3:::b/*")), policy(allow("s3:*", "arn:aws:s3:::b/*"), deny("s3:Put*"))),
        (policy(allow(Principal="*")), policy(allow(Principal={"AWS": ALICE}))),
        (policy(allow(Condition={"StringEquals": {"k": "a"}})), policy(allow(Condition={"StringLike": {"k": "a*"}}))),
        (
            policy(allow(Condition={"IpAddress": {"ip": "10.0.0.0/8"}})),
            policy(allow(Condition={"NotIpAddress": {"ip": "10.0.0.1"}})),
        ),
        (policy(allow(), deny(Condition={"Null": {"k": "true"}})), policy(allow(Condition={"StringLike": {"k": "*"}}))),
    ],
)
def test_z3_strings_decide_plain_documents_alike(left: Policy, right: Policy) -> None:
    ours = compare(Document(left), Document(right), readable=False)
    assert compare(Document(left), Document(right), readable=False, strings_only=True).relation is ours.relation


def test_too_many_states_fall_back_and_undecided_is_said() -> None:
    stars = [f"arn:aws:s3:::*{chr(97 + i)}*{chr(110 + i)}*" for i in range(13)]
    hard = policy(*(allow(f"s3:Get{i}", text) for i, text in enumerate(stars)))
    with pytest.raises(TooComplex):
        word_classes([[machine(patterns.resource(text))] for text in stars], patterns.glob("?*"), cap=2000)
    others = [f"arn:aws:s3:::*{chr(97 + i + 3)}*{chr(97 + (7 * i + 16) % 26)}*" for i in range(13)]
    other = policy(*(allow(f"s3:Get{i}", text) for i, text in enumerate(others)))
    # the solver needs seconds for such a pair: a short limit ends it on any machine
    answer = compare(Document(hard), Document(other), timeout_ms=50, strings_only=True, readable=False)
    assert answer.relation is Relation.UNDECIDED
    assert any("ran out of time" in note for note in (*answer.left_only.notes, *answer.right_only.notes))


def test_who_can_is_undecided_and_not_nobody_above_the_cap() -> None:
    stars = [f"arn:aws:s3:::*{chr(97 + i)}*{chr(110 + i)}*{chr(98 + i)}*" for i in range(13)]
    hard = policy(*(allow(f"s3:Get{i}", text, Principal={"AWS": ALICE}) for i, text in enumerate(stars)))
    found = {row.who: row for row in who_can([hard], Probe(("s3:Get1",), ("arn:aws:s3:::*q*",)), timeout_ms=1)}
    assert ALICE in found
    assert found[ALICE].undecided
    assert "nobody" not in who_can_text(list(found.values()))


def test_set_operators_cannot_be_asked_of_strings() -> None:
    many = policy(allow(Condition={"ForAnyValue:StringEquals": {"k": "a"}}))
    prover = Prover([Document(many)], strings_only=True)
    assert prover.method is Method.NONE
    assert not prover.search(lambda e: e.constant(True), lambda r: True).decided


def test_counting_texts() -> None:
    found = overlap_of([patterns.glob("a*")], [patterns.glob("a?"), patterns.exact("b")], bound=3)
    assert (found.left, found.right, found.both) == (1 + 256 + 256**2, 257, 256)
    assert found.jaccard == 256 / (1 + 256 + 256**2 + 1)


def test_questions_in_several_threads_do_not_meet() -> None:
    generator = random.Random(7)
    pairs = [(random_policy(generator), random_policy(generator)) for _ in range(40)]
    alone = [relation(left, right) for left, right in pairs]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda pair: relation(*pair), pairs)) == alone
