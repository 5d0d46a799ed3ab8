"""Questions about access, each answered with a proof or a witness, or "undecided"."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from cloudwright.policies.iam.access import Access, Document, Encoding, Formula, Probe
from cloudwright.policies.iam.document import Effect, Policy, Statement
from cloudwright.policies.iam.evaluate import applies, outcome
from cloudwright.policies.iam.prover import TIMEOUT_MS, Found, Method, Prover
from cloudwright.policies.iam.request import Request


class Answer(StrEnum):
    """Three answers; the third is never hidden."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Verdict:
    """An answer to a yes/no question; `found` holds the witness against it when it is no."""

    answer: Answer
    found: Found

    @classmethod
    def when_empty(cls, found: Found) -> "Verdict":
        """Yes when nothing was found."""
        if not found.decided:
            return cls(Answer.UNDECIDED, found)
        return cls(Answer.YES if found.witness is None else Answer.NO, found)


class Relation(StrEnum):
    """How two documents compare."""

    EQUIVALENT = "equivalent"
    LEFT_MORE = "the first is more permissive"
    RIGHT_MORE = "the second is more permissive"
    INCOMPARABLE = "incomparable"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Comparison:
    """Both directions: requests that only the left allows, and requests that only the right allows."""

    relation: Relation
    left_only: Found
    right_only: Found


def _difference(prover: Prover, left: Access, right: Access, *, readable: bool = True) -> Found:
    return prover.search(
        lambda e: e.all([left.formula(e), e.no(right.formula(e))]),
        lambda request: left.allows(request) and not right.allows(request),
        readable=readable,
    )


def implies(left: Access, right: Access, *, timeout_ms: int = TIMEOUT_MS) -> Verdict:
    """Whether everything that `left` allows is allowed by `right`; the witness is allowed by `left` alone."""
    return Verdict.when_empty(_difference(Prover([left, right], timeout_ms=timeout_ms), left, right))


def compare(
    left: Access, right: Access, *, timeout_ms: int = TIMEOUT_MS, strings_only: bool = False, readable: bool = True
) -> Comparison:
    """Both directions at once."""
    mixed = (
        isinstance(left, Document)
        and isinstance(right, Document)
        and (left.policy.has_principals != right.policy.has_principals)
    )
    if mixed:
        left, right = _Attached(left), _Attached(right)
    prover = Prover([left, right], timeout_ms=timeout_ms, strings_only=strings_only, mixed=mixed)
    left_only = _difference(prover, left, right, readable=readable)
    right_only = _difference(prover, right, left, readable=readable)
    return Comparison(_relation(left_only, right_only), left_only, right_only)


def _relation(left_only: Found, right_only: Found) -> Relation:
    if not (left_only.decided and right_only.decided):
        both = left_only.witness is not None and right_only.witness is not None
        return Relation.INCOMPARABLE if both else Relation.UNDECIDED
    by_difference = {
        (False, False): Relation.EQUIVALENT, (True, False): Relation.LEFT_MORE,
        (False, True): Relation.RIGHT_MORE, (True, True): Relation.INCOMPARABLE,
    }  # fmt: skip
    return by_difference[left_only.witness is not None, right_only.witness is not None]


@dataclass(frozen=True)
class _Attached:
    """A document next to one of the other type: identity policies speak only about the unnamed identity that holds
    them.
    """

    document: Access

    @property
    def policies(self) -> tuple[Policy, ...]:
        return self.document.policies

    @property
    def principals(self) -> tuple[str, ...]:
        return self.document.principals

    def formula(self, encoding: Encoding) -> Formula:
        return self.document.formula(encoding)

    def allows(self, request: Request) -> bool:
        ours = request.principal is None or self.policies[0].has_principals
        return ours and self.document.allows(request)


def equivalent(left: Access, right: Access, *, timeout_ms: int = TIMEOUT_MS) -> Verdict:
    """Whether both allow the same requests; the witness separates them."""
    prover = Prover([left, right], timeout_ms=timeout_ms)
    first = _difference(prover, left, right)
    return Verdict.when_empty(first if not first.none_exists else _difference(prover, right, left))


def disjoint(left: Access, right: Access, *, timeout_ms: int = TIMEOUT_MS) -> Verdict:
    """Whether no request is allowed by both."""
    found = Prover([left, right], timeout_ms=timeout_ms).search(
        lambda e: e.all([left.formula(e), right.formula(e)]),
        lambda request: left.allows(request) and right.allows(request),
    )
    return Verdict.when_empty(found)


def allows_nothing(access: Access, *, timeout_ms: int = TIMEOUT_MS) -> Verdict:
    """Whether no request at all is allowed."""
    return Verdict.when_empty(Prover([access], timeout_ms=timeout_ms).search(access.formula, access.allows))


def allows_everything(access: Access, *, timeout_ms: int = TIMEOUT_MS) -> Verdict:
    """Whether every request is allowed; the witness is one that is not."""
    found = Prover([access], timeout_ms=timeout_ms).search(
        lambda e: e.no(access.formula(e)), lambda request: not access.allows(request)
    )
    return Verdict.when_empty(found)


def no_new_access(old: Access, new: Access, *, timeout_ms: int = TIMEOUT_MS) -> Verdict:
    """Whether `new` allows nothing that `old` does not."""
    return implies(new, old, timeout_ms=timeout_ms)


def access_not_granted(access: Access, probe: Probe, *, timeout_ms: int = TIMEOUT_MS) -> Verdict:
    """Whether none of the probed actions is allowed on any of the probed resources."""
    return disjoint(access, probe, timeout_ms=timeout_ms)


@dataclass(frozen=True)
class StatementVerdict:
    """A verdict about one statement."""

    statement: Statement
    verdict: Verdict


def useless_statements(policy: Policy, *, timeout_ms: int = TIMEOUT_MS) -> list[StatementVerdict]:
    """For every statement, whether taking it out changes nothing that this document allows (or explicitly denies what
    it allows).
    """
    prover = Prover([Document(policy)], timeout_ms=timeout_ms)
    return [
        StatementVerdict(item, Verdict.when_empty(_contribution(prover, policy, item))) for item in policy.statements
    ]


def _contribution(prover: Prover, policy: Policy, statement: Statement) -> Found:
    rest = replace(policy, statements=tuple(item for item in policy.statements if item is not statement))

    def formula(e: Encoding) -> Formula:
        same = [e.statement(policy, item) for item in rest.statements if item.effect is statement.effect]
        other = [e.statement(policy, item) for item in rest.statements if item.effect is not statement.effect]
        versus = e.any(other) if statement.effect is Effect.DENY else e.no(e.any(other))
        return e.all([e.statement(policy, statement), e.no(e.any(same)), versus])

    return prover.search(formula, lambda request: outcome(policy, request).allowed != outcome(rest, request).allowed)


@dataclass(frozen=True)
class DiffRow:
    """Access that one document gives and another does not: through which statement and action pattern, with an
    example.
    """

    statement: Statement
    action: str
    found: Found


def difference_rows(left: Policy, right: Policy, *, timeout_ms: int = TIMEOUT_MS) -> list[DiffRow]:
    """What `left` allows and `right` does not, by statement and action pattern of `left`.

    Undecided rows have no witness.
    """
    probes = {value: Probe((value,)) for statement in left.statements for value in statement.actions.values}
    prover = Prover(
        [Document(left), Document(right)], extra=[probe.policy for probe in probes.values()], timeout_ms=timeout_ms
    )
    return list(_rows(prover, left, right, probes))


def _rows(prover: Prover, left: Policy, right: Policy, probes: dict[str, Probe]) -> Iterator[DiffRow]:
    for statement in left.statements:
        if statement.effect is not Effect.ALLOW:
            continue
        whole = _through(prover, left, right, statement, None)
        if whole.none_exists:
            continue
        if statement.actions.negated or len(statement.actions.values) == 1 or whole.method is Method.NONE:
            label = ("all but " if statement.actions.negated else "") + ", ".join(statement.actions.values)
            yield DiffRow(statement, label, whole)
            continue
        for value in dict.fromkeys(statement.actions.values):
            found = _through(prover, left, right, statement, probes[value])
            if not found.none_exists:
                yield DiffRow(statement, value, found)


def _through(prover: Prover, left: Policy, right: Policy, statement: Statement, probe: Probe | None) -> Found:
    def formula(e: Encoding) -> Formula:
        narrowed = [probe.formula(e)] if probe else []
        return e.all([*narrowed, e.statement(left, statement), e.allows(left), e.no(e.allows(right))])

    def confirm(request: Request) -> bool:
        return (
            applies(left, statement, request) and outcome(left, request).allowed and not outcome(right, request).allowed
            and (probe is None or probe.allows(request))
        )  # fmt: skip

    return prover.search(formula, confirm)


def unused_access(policy: Policy, used: Sequence[Request], *, timeout_ms: int = TIMEOUT_MS) -> list[DiffRow]:
    """The least-privilege difference: what the policy allows beyond the used actions on the used resources."""
    pairs = {(request.action, request.resource) for request in used}
    statements = tuple(
        Statement(
            i,
            Effect.ALLOW,
            Probe((action,)).policy.statements[0].actions,
            Probe(("*",), (resource,)).policy.statements[0].resources,
        )
        for i, (action, resource) in enumerate(sorted(pairs))
    )
    needed = replace(Probe(("x:y",)).policy, statements=statements)
    return difference_rows(policy, needed, timeout_ms=timeout_ms)
