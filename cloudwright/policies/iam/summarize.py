"""Summaries: rows that are proved to say exactly what the document says, each with an example."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cloudwright.policies.iam import patterns
from cloudwright.policies.iam.access import Document, Encoding, Formula
from cloudwright.policies.iam.document import Effect, Policy, Statement
from cloudwright.policies.iam.errors import TooComplex
from cloudwright.policies.iam.evaluate import applies, outcome
from cloudwright.policies.iam.generalize import common_pattern
from cloudwright.policies.iam.measure import overlap_of
from cloudwright.policies.iam.prover import TIMEOUT_MS, Found, Prover
from cloudwright.policies.iam.questions import Relation, compare
from cloudwright.policies.iam.request import Request
from cloudwright.policies.iam.rows import Row, policy_rows
from cloudwright.policies.iam.simplify import simplify


@dataclass(frozen=True)
class SummaryRow:
    """A row with an example: allowed through it, or denied by it alone.

    `found` without witness: nothing passes through it.
    """

    row: Row
    found: Found


@dataclass(frozen=True)
class Summary:
    """Rows for a document.

    `exact` is proved; otherwise `jaccard` compares the resource languages (None: not computable).
    """

    rows: tuple[SummaryRow, ...]
    policy: Policy
    exact: bool
    relation: Relation
    jaccard: float | None = None


def summarize(policy: Policy, *, max_rows: int | None = None, timeout_ms: int = TIMEOUT_MS) -> Summary:
    """Exact rows, as few as simplification finds.

    With `max_rows`, rows are joined and widened until there are no more.
    """
    short, proof = simplify(policy, timeout_ms=timeout_ms)
    relation = proof.relation
    if max_rows is not None and len(short.statements) > max_rows:
        short = widened(short, max_rows)
        relation = compare(Document(policy), Document(short), timeout_ms=timeout_ms, readable=False).relation
    exact = relation is Relation.EQUIVALENT
    prover = Prover([Document(short)], timeout_ms=timeout_ms)
    rows = tuple(SummaryRow(row, _example(prover, short, row.statement)) for row in policy_rows(short))
    return Summary(rows, short, exact, relation, 1.0 if exact else _jaccard(policy, short))


def _example(prover: Prover, policy: Policy, statement: Statement) -> Found:
    rest = replace(policy, statements=tuple(item for item in policy.statements if item is not statement))

    def formula(e: Encoding) -> Formula:
        if statement.effect is Effect.ALLOW:
            return e.all([e.statement(policy, statement), e.allows(policy)])
        return e.all([e.statement(policy, statement), e.allows(rest)])

    def confirm(request: Request) -> bool:
        allowed = outcome(policy, request).allowed
        if statement.effect is Effect.ALLOW:
            return allowed and applies(policy, statement, request)
        return not allowed and outcome(rest, request).allowed

    return prover.search(formula, confirm)


def widened(policy: Policy, rows: int) -> Policy:
    """Join the Allow statements that are most alike until at most `rows` statements are left (Deny statements stay)."""
    statements = list(policy.statements)
    while len(statements) > rows:
        pairs = [
            (i, j)
            for i, left in enumerate(statements)
            for j, right in enumerate(statements[:i])
            if _joinable(left, right)
        ]
        if not pairs:
            break
        i, j = max(pairs, key=lambda pair: _likeness(statements[pair[0]], statements[pair[1]]))
        statements[j] = _joined(statements[j], statements[i])
        del statements[i]
    return replace(policy, statements=tuple(replace(item, index=n) for n, item in enumerate(statements)))


def _joinable(left: Statement, right: Statement) -> bool:
    same = left.effect is right.effect is Effect.ALLOW and left.principals == right.principals
    plain = not (left.actions.negated or right.actions.negated)
    both = left.resources is not None and right.resources is not None
    return (
        same
        and plain
        and both
        and not (left.resources and left.resources.negated)
        and not (right.resources and right.resources.negated)
    )


def _likeness(left: Statement, right: Statement) -> int:
    shared = set(left.actions.values) & set(right.actions.values)
    texts = set(left.resources.values if left.resources else ()) & set(
        right.resources.values if right.resources else ()
    )
    return len(shared) + 3 * len(texts) + (left.conditions == right.conditions)


def _joined(left: Statement, right: Statement) -> Statement:
    actions = tuple(dict.fromkeys([*left.actions.values, *right.actions.values]))
    listed = [*(left.resources.values if left.resources else ()), *(right.resources.values if right.resources else ())]
    resources = tuple(dict.fromkeys(listed))
    if len(resources) > 3 and "*" not in resources:
        resources = (common_pattern(resources),)
    conditions = tuple(clause for clause in left.conditions if clause in right.conditions)
    return replace(
        left,
        sid="",
        actions=replace(left.actions, values=actions),
        resources=replace(left.resources, values=resources) if left.resources else None,
        conditions=conditions,
    )


def _jaccard(left: Policy, right: Policy) -> float | None:
    try:
        return overlap_of(_granted_resources(left), _granted_resources(right)).jaccard
    except TooComplex:
        return None


def _granted_resources(policy: Policy) -> Sequence[patterns.Pattern]:
    values = [value for item in policy.statements if item.effect is Effect.ALLOW and item.resources is not None
              for value in (("*",) if item.resources.negated else item.resources.values)]  # fmt: skip
    return [patterns.resource(value) for value in dict.fromkeys(values)]
