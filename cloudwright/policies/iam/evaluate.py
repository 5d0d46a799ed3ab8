"""The concrete decision of one document, with the whole reason: which statement, which element, which key."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cloudwright.policies.iam import patterns
from cloudwright.policies.iam.conditions import clause_holds
from cloudwright.policies.iam.document import Clause, Effect, Patterns, Policy, Statement
from cloudwright.policies.iam.principals import element_matches
from cloudwright.policies.iam.request import Outcome, Request
from cloudwright.policies.iam.variables import substitute


class Part(StrEnum):
    """The parts of a statement that a request must fit."""

    PRINCIPAL = "Principal"
    ACTION = "Action"
    RESOURCE = "Resource"
    CONDITION = "Condition"


@dataclass(frozen=True)
class Match:
    """How one statement meets one request."""

    statement: Statement
    failing: tuple[Part, ...]
    failing_clauses: tuple[Clause, ...]

    @property
    def matches(self) -> bool:
        """Whether the statement applies."""
        return not self.failing


@dataclass(frozen=True)
class Decision:
    """An answer with the statements behind it."""

    outcome: Outcome
    matches: tuple[Match, ...]

    @property
    def deciding(self) -> tuple[Statement, ...]:
        """The statements that made the answer: the denials, or else the grants."""
        wanted = Effect.DENY if self.outcome is Outcome.EXPLICIT_DENY else Effect.ALLOW
        return tuple(m.statement for m in self.matches if m.matches and m.statement.effect is wanted)


def action_matches(element: Patterns, action: str) -> bool:
    """Action or NotAction against a request; case does not matter."""
    lowered = action.lower()
    return any(patterns.action(value).matches(lowered) for value in element.values) != element.negated


def resource_matches(element: Patterns | None, request: Request, *, substitutes: bool) -> bool:
    """Resource or NotResource against a request. None (trust policies) fits everything."""
    if element is None:
        return True
    for value in element.values:
        replaced = substitute(value, request.single) if substitutes else value
        if replaced is not None and patterns.resource(replaced).matches(request.resource):
            return not element.negated
    return element.negated


def match(policy: Policy, statement: Statement, request: Request) -> Match:
    """Compare every part of a statement, also after one has failed."""
    failing = []
    if statement.principals is not None and not element_matches(statement.principals, request.principal):
        failing.append(Part.PRINCIPAL)
    if not action_matches(statement.actions, request.action):
        failing.append(Part.ACTION)
    if not resource_matches(statement.resources, request, substitutes=policy.substitutes):
        failing.append(Part.RESOURCE)
    clauses = tuple(
        clause for clause in statement.conditions if not clause_holds(clause, request, substitutes=policy.substitutes)
    )
    if clauses:
        failing.append(Part.CONDITION)
    return Match(statement, tuple(failing), clauses)


def applies(policy: Policy, statement: Statement, request: Request) -> bool:
    """Whether the statement matches; stops at the first part that does not."""
    return (
        action_matches(statement.actions, request.action)
        and (statement.principals is None or element_matches(statement.principals, request.principal))
        and resource_matches(statement.resources, request, substitutes=policy.substitutes)
        and all(clause_holds(clause, request, substitutes=policy.substitutes) for clause in statement.conditions)
    )


def outcome(policy: Policy, request: Request) -> Outcome:
    """The answer alone: explicit deny, else allow, else implicit deny."""
    result = Outcome.IMPLICIT_DENY
    for statement in policy.statements:
        if result is Outcome.ALLOW and statement.effect is Effect.ALLOW:
            continue
        if applies(policy, statement, request):
            if statement.effect is Effect.DENY:
                return Outcome.EXPLICIT_DENY
            result = Outcome.ALLOW
    return result


def evaluate(policy: Policy, request: Request) -> Decision:
    """The answer with every statement's reason."""
    matches = tuple(match(policy, statement, request) for statement in policy.statements)
    return Decision(combine([(m.statement.effect, m.matches) for m in matches]), matches)


def combine(effects: Sequence[tuple[Effect, bool]]) -> Outcome:
    """Deny over allow over nothing."""
    if any(effect is Effect.DENY and matched for effect, matched in effects):
        return Outcome.EXPLICIT_DENY
    if any(effect is Effect.ALLOW and matched for effect, matched in effects):
        return Outcome.ALLOW
    return Outcome.IMPLICIT_DENY
