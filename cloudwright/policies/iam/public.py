"""Public access: can somebody outside every named account use it, whatever they put in keys that do not identify them?

A condition protects only when it pins an identity or a network to a value without a leading star. The outsider's own
value
of such a key is taken to be none of the pinned ones.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import replace

from cloudwright.policies.iam.access import Document, Encoding, Formula
from cloudwright.policies.iam.conditions import clause_holds, network
from cloudwright.policies.iam.document import Clause, Policy
from cloudwright.policies.iam.operators import OPERATORS, Family
from cloudwright.policies.iam.principals import caller, element_matches
from cloudwright.policies.iam.prover import TIMEOUT_MS, Prover
from cloudwright.policies.iam.questions import Answer, Verdict
from cloudwright.policies.iam.request import ANONYMOUS, Request

TRUST_KEYS = frozenset(
    key.lower()
    for key in (
        "aws:SourceArn",
        "aws:SourceAccount",
        "aws:SourceOrgID",
        "aws:SourceOrgPaths",
        "aws:PrincipalArn",
        "aws:PrincipalAccount",
        "aws:PrincipalOrgID",
        "aws:PrincipalOrgPaths",
        "aws:SourceVpc",
        "aws:SourceVpce",
        "aws:SourceIp",
        "aws:VpcSourceIp",
        "aws:userid",
        "aws:username",
        "aws:PrincipalServiceName",
        "kms:CallerAccount",
        "kms:ViaService",
        "s3:DataAccessPointAccount",
        "s3:DataAccessPointArn",
        "sts:ExternalId",
        "lambda:FunctionUrlAuthType",
        "lambda:EventSourceToken",
        "sns:Endpoint",
    )
)
WIDEST_NETWORK = {4: 8, 6: 32}


def pins(clause: Clause) -> bool:
    """Whether the clause's values name somebody: a trust key, and no value that begins with a star or is a huge
    network.
    """
    operator = OPERATORS[clause.operator]
    if clause.key.lower() not in TRUST_KEYS or operator.family is Family.NULL or not clause.values:
        return False
    return all(_narrow(operator.family, value) for value in clause.values)


def _narrow(family: Family, value: str) -> bool:
    if family is Family.IP:
        within = network(value)
        return within is not None and within.prefixlen >= WIDEST_NETWORK[within.version]
    return not value.startswith("*") and value != ""


def _pinning(policy: Policy) -> Iterator[Clause]:
    for statement in policy.statements:
        for clause in statement.conditions:
            if pins(clause):
                yield Clause(_positive(clause.operator), clause.key, clause.values)


def _positive(operator: str) -> str:
    return operator.replace("Not", "")


def outsiders(policy: Policy) -> tuple[str, ...]:
    """An anonymous caller and a user of an account that the policy does not name."""
    named = {caller(value).account for s in policy.statements if s.principals for _, value in s.principals.values}
    accounts = (f"{digit * 6}{other * 6}" for digit, other in ("98", "97", "96", "95", "94", "93"))
    outside = next((account for account in accounts if account not in named), "919191919191")
    return (ANONYMOUS, f"arn:aws:iam::{outside}:user/outsider")


def public_access(policy: Policy, *, timeout_ms: int = TIMEOUT_MS) -> Verdict:
    """NO (with a witness) when outsiders get in; YES means "not public". Identity policies are never public."""
    who = outsiders(policy)
    prover = Prover([_Outsiders(policy, who)], timeout_ms=timeout_ms)
    subject = _Outsiders(policy, who)
    found = prover.search(subject.formula, subject.allows)
    return Verdict.when_empty(found)


def is_public(policy: Policy) -> bool:
    """Whether public access is proved (undecided counts as public, to be safe)."""
    return policy.has_principals and public_access(policy).answer is not Answer.YES


def new_public_access(old: Policy, new: Policy, *, timeout_ms: int = TIMEOUT_MS) -> Verdict:
    """YES when outsiders may do nothing under `new` that they may not do under `old`; NO comes with a witness."""
    named = replace(new, statements=(*old.statements, *new.statements))
    who = outsiders(named)
    before, after = _Outsiders(old, who), _Outsiders(new, who)
    prover = Prover([before, after], timeout_ms=timeout_ms)
    found = prover.search(
        lambda e: e.all([after.formula(e), e.no(before.formula(e))]),
        lambda request: after.allows(request) and not before.allows(request),
        readable=False,
    )
    return Verdict.when_empty(found)


class _Outsiders:
    """What outsiders may do without an identity or network that the policy pins."""

    def __init__(self, policy: Policy, who: tuple[str, ...]) -> None:
        self.document = Document(policy)
        self.policy = policy
        self.principals = who if policy.has_principals else ()
        self.pinned = tuple(dict.fromkeys(_pinning(policy)))

    @property
    def policies(self) -> tuple[Policy, ...]:
        """The document."""
        return (self.policy,)

    def formula(self, encoding: Encoding) -> Formula:
        """Allowed for an outsider, with no pinned value."""
        if not self.principals:
            return encoding.constant(False)
        who = encoding.any(encoding.caller(name) for name in self.principals)
        free = [encoding.no(encoding.clause(self.policy, clause)) for clause in self.pinned]
        return encoding.all([who, *free, encoding.allows(self.policy)])

    def allows(self, request: Request) -> bool:
        """Allowed for an outsider, with no pinned value."""
        pinned = any(clause_holds(item, request, substitutes=self.policy.substitutes) for item in self.pinned)
        return request.principal in self.principals and not pinned and self.document.allows(request)


def public_statements(policy: Policy) -> list[int]:
    """Indexes of the Allow statements that name everybody and pin nobody: where to look when access is public."""
    return [
        item.index
        for item in policy.statements
        if item.effect == "Allow"
        and item.principals is not None
        and element_matches(item.principals, ANONYMOUS)
        and not any(pins(clause) and not OPERATORS[clause.operator].negated for clause in item.conditions)
    ]


def broad_network(text: str) -> bool:
    """Whether a CIDR covers so much that it restricts nobody."""
    within = network(text)
    return (
        isinstance(within, ipaddress.IPv4Network | ipaddress.IPv6Network)
        and within.prefixlen < WIDEST_NETWORK[within.version]
    )
