"""What a repair must satisfy, and which requirements cannot be met by any policy."""

from collections.abc import Iterator

from cloudwright.policies.iam.access import Document
from cloudwright.policies.iam.document import Policy
from cloudwright.policies.iam.evaluate import outcome
from cloudwright.policies.iam.localize import part_input
from cloudwright.policies.iam.plausibility import Element
from cloudwright.policies.iam.prover import Found, Prover
from cloudwright.policies.iam.public import is_public, new_public_access
from cloudwright.policies.iam.questions import Answer, access_not_granted, implies
from cloudwright.policies.iam.repair.task import Contradiction, RepairLimits, RepairTask
from cloudwright.policies.iam.request import Request


def problems(task: RepairTask, policy: Policy, limits: RepairLimits) -> list[str]:
    """Why the policy is not an acceptable repair, with counterexamples; empty when it is proved to be one."""
    out = []
    for item in task.expectations:
        if outcome(policy, item.request).allowed != item.allow:
            out.append(
                f"{'denied' if item.allow else 'allowed'}, but must be "
                f"{'allowed' if item.allow else 'denied'}: {item.request}"
            )
    for probe in task.protected:
        verdict = access_not_granted(Document(policy), probe, timeout_ms=limits.solver_ms)
        if verdict.answer is not Answer.YES:
            example = verdict.found.witness or "undecided"
            out.append(f"{', '.join(probe.actions)} on {', '.join(probe.resources)} is protected, but: {example}")
    if task.bound is not None:
        verdict = implies(Document(policy), Document(task.bound), timeout_ms=limits.solver_ms)
        if verdict.answer is not Answer.YES:
            out.append(f"it allows more than the upper bound, e.g. {verdict.found.witness or 'undecided'}")
    return out


def opens_to_public(task: RepairTask, policy: Policy) -> bool:
    """Whether outsiders may do something that the input did not let them do (undecided counts as yes, to be safe)."""
    return is_public(policy) and new_public_access(task.policy, policy).answer is not Answer.YES


def grows_less(old: Policy, one: Policy, other: Policy, limits: RepairLimits) -> bool:
    """Whether `one` adds to the old document a proper part of what `other` adds (proved)."""
    before, left, right = Document(old), Document(one), Document(other)
    prover = Prover([before, left, right], timeout_ms=limits.solver_ms)

    def added_by(this: Document, that: Document) -> Found:
        return prover.search(
            lambda e: e.all([this.formula(e), e.no(before.formula(e)), e.no(that.formula(e))]),
            lambda request: this.allows(request) and not before.allows(request) and not that.allows(request),
            readable=False,
        )

    return added_by(left, right).none_exists and added_by(right, left).witness is not None


def contradictions(task: RepairTask) -> list[Contradiction]:
    """Pairs that no document can tell apart and that have both labels; allowed requests that a limit forbids."""
    return [*_twins(task), *_forbidden(task)]


def _twins(task: RepairTask) -> Iterator[Contradiction]:
    seen: dict[object, tuple[Request, bool]] = {}
    named = task.policy.kind.has_principal
    parts = [part for part in (Element.ACTION, Element.RESOURCE, Element.CONDITION)]
    for item in task.expectations:
        key = tuple(part_input(item.request, part) for part in parts)
        key = (*key, item.request.principal if named else None)
        known = seen.setdefault(key, (item.request, item.allow))
        if known[1] != item.allow:
            reason = "must be allowed and must be denied, and no document can tell the requests apart"
            yield Contradiction((known[0], item.request) if known[0] != item.request else (item.request,), reason)


def _forbidden(task: RepairTask) -> Iterator[Contradiction]:
    for item in task.expectations:
        if not item.allow:
            continue
        if any(probe.allows(item.request) for probe in task.protected):
            yield Contradiction((item.request,), "must be allowed, but is in the protected set")
        if task.bound is not None and not outcome(task.bound, item.request).allowed:
            yield Contradiction((item.request,), "must be allowed, but the upper bound does not allow it")
