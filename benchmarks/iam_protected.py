"""What a repair must leave alone, as far as the requests tell, and whether it did."""

from collections.abc import Sequence

from cloudwright.policies.iam import patterns
from cloudwright.policies.iam.access import Document, Probe
from cloudwright.policies.iam.document import Policy
from cloudwright.policies.iam.prover import Prover
from cloudwright.policies.iam.request import Expectation


def protected(wanted: Sequence[Expectation]) -> Probe:
    """Everything on the resources that some request must not reach and none may: known from the requests alone."""
    reached = {item.request.resource for item in wanted if item.allow}
    kept = {item.request.resource for item in wanted if not item.allow} - reached
    return Probe(("*",), tuple(sorted(patterns.escape(text) for text in kept)) or ("none",))


def within_on(limits: Sequence[Policy], repaired: Policy, probe: Probe) -> bool:
    """Whether the repair allows nothing within the probe that none of the limits allows (proved)."""
    ours, others = Document(repaired), [Document(limit) for limit in limits]
    found = Prover([ours, *others, probe]).search(
        lambda e: e.all([ours.formula(e), *(e.no(other.formula(e)) for other in others), probe.formula(e)]),
        lambda request: (
            ours.allows(request) and not any(other.allows(request) for other in others) and probe.allows(request)
        ),
        readable=False,
    )
    return found.none_exists
