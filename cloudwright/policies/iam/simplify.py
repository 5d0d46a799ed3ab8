"""The same access in fewer and shorter statements; each step is proved, or not taken."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from cloudwright.policies.iam import patterns
from cloudwright.policies.iam.access import Document
from cloudwright.policies.iam.document import Patterns, Policy, Statement
from cloudwright.policies.iam.localize import without
from cloudwright.policies.iam.prover import TIMEOUT_MS
from cloudwright.policies.iam.questions import Answer, Comparison, Relation, compare, useless_statements

MAX_STATEMENTS = 60


def simplify(policy: Policy, *, timeout_ms: int = TIMEOUT_MS) -> tuple[Policy, Comparison]:
    """A document proved equivalent, and the proof. Large documents (over MAX_STATEMENTS) are only merged."""
    shorter = _covered_patterns(_merged(policy))
    if len(shorter.statements) <= MAX_STATEMENTS:
        shorter = _without_useless(shorter, timeout_ms)
    proof = compare(Document(policy), Document(shorter), timeout_ms=timeout_ms)
    if proof.relation is Relation.EQUIVALENT:
        return shorter, proof
    return policy, compare(Document(policy), Document(policy), timeout_ms=timeout_ms)


def _covered_patterns(policy: Policy) -> Policy:
    """Drop listed patterns that a wider one of the same list covers as text."""
    statements = []
    for item in policy.statements:
        actions = Patterns(tuple(_widest(item.actions.values, action=True)), item.actions.negated)
        resources = item.resources
        if resources is not None:
            resources = Patterns(tuple(_widest(resources.values, action=False)), resources.negated)
        statements.append(replace(item, actions=actions, resources=resources))
    return replace(policy, statements=tuple(statements))


def _widest(values: tuple[str, ...], *, action: bool) -> Iterator[str]:
    seen = list(dict.fromkeys(values))
    for value in seen:
        if not any(other != value and _covers(other, value, action=action) for other in seen):
            yield value


def _covers(wide: str, narrow: str, *, action: bool) -> bool:
    if "${" in wide or ("*" not in wide and "?" not in wide):
        return False
    if wide == "*":
        return True
    if "*" in narrow.removesuffix("*") or "?" in narrow:
        return False
    stem = narrow.removesuffix("*")
    compiled = patterns.action(wide) if action else patterns.resource(wide)
    text = stem.lower() if action else stem
    return (compiled.matches(text) and wide.endswith("*")) if narrow.endswith("*") else compiled.matches(text)


def _merged(policy: Policy) -> Policy:
    """Join statements that differ in their actions alone, then those that differ in their resources alone."""
    by_action = _join(policy.statements, "actions")
    joined = _join(by_action, "resources")
    return replace(policy, statements=tuple(replace(item, index=i) for i, item in enumerate(joined)))


def _join(statements: tuple[Statement, ...], element: Literal["actions", "resources"]) -> tuple[Statement, ...]:
    groups: dict[Statement, dict[str, None]] = {}
    for item in statements:
        part = item.actions if element == "actions" else item.resources
        if part is None or part.negated:
            groups[item] = {}
            continue
        groups.setdefault(_with(replace(item, index=0, sid=""), element, ("*",)), {}).update(dict.fromkeys(part.values))
    return tuple(_with(key, element, tuple(values)) if values else key for key, values in groups.items())


def _with(statement: Statement, element: Literal["actions", "resources"], values: tuple[str, ...]) -> Statement:
    if element == "actions":
        return replace(statement, actions=Patterns(values))
    return replace(statement, resources=Patterns(values))


def _without_useless(policy: Policy, timeout_ms: int) -> Policy:
    while len(policy.statements) > 1:
        useless = [
            item.statement
            for item in useless_statements(policy, timeout_ms=timeout_ms)
            if item.verdict.answer is Answer.YES
        ]
        if not useless:
            break
        policy = without(policy, useless[-1].index)
    return policy
