"""What questions are asked about: the access that a document, or several together, give."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from cloudwright.policies.iam.authorize import PolicySet, authorize, authorized
from cloudwright.policies.iam.document import Clause, Effect, Patterns, Policy, PolicyKind, Statement
from cloudwright.policies.iam.evaluate import outcome
from cloudwright.policies.iam.request import Request

Formula = Any  # z3 has no types


class Encoding(Protocol):
    """What formulas are built with: the class engine (`encode.Encoder`) or z3 strings (`strings.StringEncoder`)."""

    def constant(self, value: bool) -> Formula:
        """True or false."""

    def any(self, formulas: Iterable[Formula]) -> Formula:
        """Disjunction."""

    def all(self, formulas: Iterable[Formula]) -> Formula:
        """Conjunction."""

    def no(self, formula: Formula) -> Formula:
        """Negation."""

    def caller(self, principal: str) -> Formula:
        """The request comes from this principal."""

    def statement(self, policy: Policy, statement: Statement) -> Formula:
        """The statement applies."""

    def clause(self, policy: Policy, clause: Clause) -> Formula:
        """The condition clause holds; the clause must be one that the encoding was built with."""

    def allows(self, policy: Policy) -> Formula:
        """The document alone allows."""

    def find(self, formula: Formula) -> Request | bool | None:
        """A request, False (there is none) or None (undecided)."""


class Access(Protocol):
    """A set of requests, symbolically and concretely."""

    @property
    def policies(self) -> tuple[Policy, ...]:
        """The documents that the formula mentions."""

    @property
    def principals(self) -> tuple[str, ...]:
        """Principals that the formula names."""

    def formula(self, encoding: Encoding) -> Formula:
        """The requests as a formula."""

    def allows(self, request: Request) -> bool:
        """Whether a concrete request is among them."""


@dataclass(frozen=True)
class Document:
    """One document alone."""

    policy: Policy

    @property
    def policies(self) -> tuple[Policy, ...]:
        """The document."""
        return (self.policy,)

    @property
    def principals(self) -> tuple[str, ...]:
        """None."""
        return ()

    def formula(self, encoding: Encoding) -> Formula:
        """Allowed by the document."""
        return encoding.allows(self.policy)

    def allows(self, request: Request) -> bool:
        """Allowed by the document."""
        return outcome(self.policy, request).allowed


_KMS = Policy((Statement(0, Effect.ALLOW, Patterns(("kms:*",)), Patterns(("*",))),), PolicyKind.IDENTITY)


@dataclass(frozen=True)
class Combined:
    """What one principal may do under all the policy types."""

    held: PolicySet
    principal: str | None = None

    @property
    def policies(self) -> tuple[Policy, ...]:
        """All documents."""
        return (*self.held.all(), _KMS) if self.held.resource else self.held.all()

    @property
    def principals(self) -> tuple[str, ...]:
        """The principal, when resource policies can name it."""
        return (self.principal,) if self.principal else ()

    def formula(self, encoding: Encoding) -> Formula:
        """Allowed by the combination, for this principal."""
        who = [encoding.caller(self.principal)] if self.principal else []
        plain: Formula = authorized(self.held, self.principal, encoding, encoding.statement)
        if not self.held.resource:
            return encoding.all([*who, plain])
        about_kms = encoding.statement(_KMS, _KMS.statements[0])
        kms: Formula = authorized(self.held, self.principal, encoding, encoding.statement, kms=True)
        either = encoding.any([encoding.all([about_kms, kms]), encoding.all([encoding.no(about_kms), plain])])
        return encoding.all([*who, either])

    def allows(self, request: Request) -> bool:
        """Allowed by the combination."""
        same = self.principal is None or request.principal == self.principal
        return same and authorize(self.held, request).outcome.allowed


@dataclass(frozen=True)
class Probe:
    """Requests that fit some actions and resources (patterns), whoever asks."""

    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)

    @property
    def policy(self) -> Policy:
        """The requests as a document that allows just them."""
        statement = Statement(0, Effect.ALLOW, Patterns(self.actions), Patterns(self.resources))
        return Policy((statement,), PolicyKind.IDENTITY)

    @property
    def policies(self) -> tuple[Policy, ...]:
        """The document."""
        return (self.policy,)

    @property
    def principals(self) -> tuple[str, ...]:
        """None."""
        return ()

    def formula(self, encoding: Encoding) -> Formula:
        """The request fits."""
        policy = self.policy
        return encoding.statement(policy, policy.statements[0])

    def allows(self, request: Request) -> bool:
        """The request fits."""
        return outcome(self.policy, request).allowed
