"""The decision over several policy types, in one account and across accounts.

Source: IAM User Guide, "Policy evaluation logic", "How a resource-based policy and a permissions boundary interact" and
"Cross-account policy evaluation logic".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from cloudwright.policies.iam.document import Effect, Policy, PolicyKind, PrincipalElement, Statement
from cloudwright.policies.iam.evaluate import applies
from cloudwright.policies.iam.logic import Logic, Truth
from cloudwright.policies.iam.principals import caller, element_matches, value_matches
from cloudwright.policies.iam.request import ANONYMOUS, Outcome, Request

T = TypeVar("T")
Applies = Callable[[Policy, Statement], T]


@dataclass(frozen=True)
class PolicySet:
    """Everything that bears on one principal and one resource.

    `scps` and `rcps` hold one tuple a level (root, organizational units, account): each level must allow.
    `resource_account`
    "" means the principal's own account. `resource_must_allow` is set for role trust policies and KMS key policies,
    where an
    identity policy alone grants nothing; `authorize` sets it by itself for trust policies and for kms actions.
    """

    identity: tuple[Policy, ...] = ()
    resource: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] = ()
    scps: tuple[tuple[Policy, ...], ...] = ()
    rcps: tuple[tuple[Policy, ...], ...] = ()
    endpoint: tuple[Policy, ...] = ()
    resource_account: str = ""
    resource_must_allow: bool = False
    exempt_from_scps: bool = False

    def all(self) -> tuple[Policy, ...]:
        """Every document."""
        levels = [policy for level in (*self.scps, *self.rcps) for policy in level]
        boundary = (self.boundary,) if self.boundary else ()
        return (*self.identity, *self.resource, *boundary, *self.session, *levels, *self.endpoint)


class Named(StrEnum):
    """How a resource policy statement names the caller; it decides which limits apply."""

    DIRECTLY = "by its own ARN"
    ROLE = "by its role"
    EVERYBODY = "as everybody"
    ACCOUNT = "by its account"
    NOT = "not at all"


def how_named(element: PrincipalElement | None, principal: str | None) -> Named:
    """The strongest way in which the element covers the caller."""
    if element is None:
        return Named.EVERYBODY
    if not element_matches(element, principal):
        return Named.NOT
    if element.negated:
        return Named.EVERYBODY
    who = caller(principal or ANONYMOUS)
    listed = [value for kind, value in element.values if value_matches(kind, value, who)]
    if who.text in listed and who.kind not in ("role", "account"):
        return Named.DIRECTLY
    if any(caller(value).kind == "role" for value in listed):
        return Named.ROLE
    return Named.EVERYBODY if "*" in listed else Named.ACCOUNT


def authorized(
    held: PolicySet, principal: str | None, logic: Logic[T], applies_to: Applies[T], *, kms: bool = False
) -> T:
    """The formula for "allowed" with a fixed principal; `applies_to` gives the formula of one statement."""

    def grants(policies: Sequence[Policy], *named: Named) -> T:
        return logic.any(
            applies_to(policy, statement)
            for policy in policies
            for statement in policy.statements
            if statement.effect is Effect.ALLOW and (not named or how_named(statement.principals, principal) in named)
        )

    def layers(levels: Sequence[Sequence[Policy]]) -> T:
        return logic.all([logic.constant(True), *(grants(level) for level in levels)])

    who = caller(principal or ANONYMOUS)
    denied = logic.any(
        applies_to(policy, statement)
        for policy in held.all()
        for statement in policy.statements
        if statement.effect is Effect.DENY
    )
    limits = layers(([[held.boundary]] if held.boundary else []) + ([held.session] if held.session else []))
    outer = logic.all(
        [
            layers(() if held.exempt_from_scps else held.scps),
            layers(held.rcps),
            layers([held.endpoint] if held.endpoint else []),
        ]
    )
    identity = logic.all([grants(held.identity), limits])
    anything = grants(held.resource)
    if who.kind in ("service", "anonymous", "other") and held.resource:
        allowed = anything
    elif held.resource_account and held.resource_account != who.account:
        allowed = logic.all([anything, identity])
    else:
        direct = grants(held.resource, Named.DIRECTLY)
        broad = logic.all([grants(held.resource, Named.ROLE, Named.EVERYBODY), limits])
        delegated = logic.all([identity, anything]) if held.resource_must_allow or kms or _trust(held) else identity
        allowed = logic.any([direct, broad, delegated])
    return logic.all([allowed, outer, logic.no(denied)])


def _trust(held: PolicySet) -> bool:
    return any(policy.kind is PolicyKind.TRUST for policy in held.resource)


@dataclass(frozen=True)
class Authorization:
    """A combined answer. `by` are the statements behind it: (policy, statement); `missing` says which grants lack."""

    outcome: Outcome
    by: tuple[tuple[Policy, Statement], ...]
    missing: tuple[str, ...] = ()


def authorize(held: PolicySet, request: Request) -> Authorization:
    """Decide a concrete request over all policy types."""

    def hit(policy: Policy, statement: Statement) -> bool:
        return applies(policy, statement, request)

    kms = request.action.lower().startswith("kms:") and bool(held.resource)
    matched = [
        (policy, statement) for policy in held.all() for statement in policy.statements if hit(policy, statement)
    ]
    denials = tuple(pair for pair in matched if pair[1].effect is Effect.DENY)
    if denials:
        return Authorization(Outcome.EXPLICIT_DENY, denials)
    if authorized(held, request.principal, Truth(), hit, kms=kms):
        return Authorization(Outcome.ALLOW, tuple(matched))
    return Authorization(Outcome.IMPLICIT_DENY, (), tuple(_missing(held, request, hit)))


def _missing(held: PolicySet, request: Request, hit: Callable[[Policy, Statement], bool]) -> list[str]:
    def allowed(policies: Sequence[Policy]) -> bool:
        return any(hit(policy, statement) for policy in policies for statement in policy.statements)

    out = []
    for name, levels in (("service control policy", held.scps), ("resource control policy", held.rcps)):
        out += [f"no {name} of level {n} allows it" for n, level in enumerate(levels, 1) if not allowed(level)]
    if held.identity and not allowed(held.identity):
        out.append("no identity policy allows it")
    if held.boundary and not allowed([held.boundary]):
        out.append("the permissions boundary does not allow it")
    if held.session and not allowed(held.session):
        out.append("no session policy allows it")
    if held.resource and not allowed(held.resource):
        out.append("no resource policy allows it")
    if held.endpoint and not allowed(held.endpoint):
        out.append("the VPC endpoint policy does not allow it")
    return out or ["no policy allows it"]
