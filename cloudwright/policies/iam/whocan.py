"""Who can do something on something: for each document, which principals, and what they need for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cloudwright.policies.iam.access import Access, Combined, Document, Encoding, Formula, Probe
from cloudwright.policies.iam.authorize import PolicySet, authorize
from cloudwright.policies.iam.document import Policy
from cloudwright.policies.iam.prover import TIMEOUT_MS, Found, Prover
from cloudwright.policies.iam.request import Request


@dataclass(frozen=True)
class WhoCan:
    """One answer.

    `always` is proved: every probed request by this principal is allowed. `undecided` when a proof ran out of time.
    """

    who: str
    policy: Policy
    example: Found
    always: bool
    undecided: bool = False


def who_can(policies: Sequence[Policy], probe: Probe, *, timeout_ms: int = TIMEOUT_MS) -> list[WhoCan]:
    """Each document by itself: the principals it names (or "holder of NAME") that it allows some probed request."""
    return [row for policy in policies for row in _of_document(policy, probe, timeout_ms)]


@dataclass(frozen=True)
class _Naming(Document):
    """A document whose listed principals are each asked about, although the document treats some of them alike."""

    @property
    def principals(self) -> tuple[str, ...]:
        """Every principal that a statement lists."""
        elements = [item.principals for item in self.policy.statements if item.principals is not None]
        return tuple(dict.fromkeys(value for element in elements for _, value in element.values if value != "*"))


def _of_document(policy: Policy, probe: Probe, timeout_ms: int) -> list[WhoCan]:
    access = _Naming(policy)
    prover = Prover([access], extra=[probe.policy], timeout_ms=timeout_ms)
    if not policy.has_principals:
        row = _row(prover, access, probe, None, f"holder of {policy.name or 'the policy'}", policy)
        return [row] if row else []
    names = prover.callers
    rows = [
        _row(prover, access, probe, name, "everybody (anonymous)" if name == "*" else name, policy) for name in names
    ]
    return [row for row in rows if row]


def _row(prover: Prover, access: Access, probe: Probe, name: str | None, who: str, policy: Policy) -> WhoCan | None:
    def pinned(e: Encoding) -> Formula:
        return e.all([probe.formula(e), *([e.caller(name)] if name else [])])

    def same(request: Request) -> bool:
        return probe.allows(request) and (name is None or request.principal == name)

    example = prover.search(
        lambda e: e.all([pinned(e), access.formula(e)]), lambda request: same(request) and access.allows(request)
    )
    if example.none_exists:
        return None
    gap = prover.search(
        lambda e: e.all([pinned(e), e.no(access.formula(e))]),
        lambda request: same(request) and not access.allows(request),
        readable=False,
    )
    return WhoCan(
        who, policy, example, always=gap.none_exists and example.witness is not None, undecided=not example.decided
    )


def who_can_together(held: PolicySet, principal: str, probe: Probe, *, timeout_ms: int = TIMEOUT_MS) -> WhoCan | None:
    """Whether one principal may make some probed request under all its policies together; None when it may not
    (proved).

    `policy` is the document that allows the example.
    """
    documents = held.all()
    if not documents:
        return None
    access = Combined(held, principal)
    prover = Prover([access], extra=[probe.policy], timeout_ms=timeout_ms)
    row = _row(prover, access, probe, principal, principal, documents[0])
    if row is None or row.example.witness is None:
        return row
    deciding = authorize(held, row.example.witness.request).by
    return replace(row, policy=deciding[0][0]) if deciding else row


def effective(held: PolicySet, principal: str | None, probe: Probe, *, timeout_ms: int = TIMEOUT_MS) -> Found:
    """A probed request that the principal may make under all policy types together; `none_exists` when there is
    none.
    """
    access = Combined(held, principal)
    return Prover([access], extra=[probe.policy], timeout_ms=timeout_ms).search(
        lambda e: e.all([probe.formula(e), access.formula(e)]),
        lambda request: probe.allows(request) and access.allows(request),
    )
