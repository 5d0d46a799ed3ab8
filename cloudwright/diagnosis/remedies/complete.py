"""Remedies of ranked causes: best first, with the steps that make them take effect, or else an instruction.

The order is: what the revision before had, where that revision did not have the fault; what a check computed; what can
be computed from the rest of the cluster; and where only a person can know the value, what to find out.
"""

from collections.abc import Iterator, Sequence

from cloudwright.core.finding import Remedy
from cloudwright.diagnosis.checks.admission import rejections
from cloudwright.diagnosis.model import Cause
from cloudwright.diagnosis.remedies.computed import computed
from cloudwright.diagnosis.remedies.instructions import instruction
from cloudwright.diagnosis.remedies.revisions import last_resort, restored
from cloudwright.diagnosis.remedies.steps import with_replacements, with_retries
from cloudwright.diagnosis.view import ClusterView


def completed(view: ClusterView, causes: Sequence[Cause]) -> list[Cause]:
    """The causes with remedies that can be approved as they stand; an instruction where there is none."""
    return [cause.model_copy(update={"remedies": tuple(_remedies(view, cause))}) for cause in causes]


def _remedies(view: ClusterView, cause: Cause) -> list[Remedy]:
    found: dict[str, Remedy] = {}
    for remedy in _candidates(view, cause):
        mark = "|".join(call.model_dump_json() for call in remedy.calls)
        found.setdefault(mark, remedy)
    refused = [item.workload for item in rejections(view)]
    made = [with_retries(view, with_replacements(view, item), cause, refused) for item in found.values()]
    if not made:
        asked = instruction(view, cause)
        return [asked] if asked is not None else []
    return made


def _candidates(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    yield from restored(view, cause)
    known = list(computed(view, cause))
    yield from (item.remedy for item in known if item.before_checks)
    yield from cause.remedies
    yield from (item.remedy for item in known if not item.before_checks)
    yield from last_resort(view, cause)
