"""Remedies of ranked causes: best first, with the steps that make them take effect, or else an instruction.

The order is: what the revision before had, where that revision did not have the fault; what was last applied, where it
was edited since; what a check computed; what can be computed from the rest of the cluster; and where only a person can
know the value, what to find out.
"""

from collections.abc import Iterator, Sequence

from cloudwright.core.finding import Remedy
from cloudwright.diagnosis.checks.admission import rejections
from cloudwright.diagnosis.model import Cause
from cloudwright.diagnosis.remedies.applied import as_applied
from cloudwright.diagnosis.remedies.computed import Rank, computed
from cloudwright.diagnosis.remedies.instructions import instruction
from cloudwright.diagnosis.remedies.revisions import last_resort, restored
from cloudwright.diagnosis.remedies.steps import with_replacements, with_rereads, with_retries, with_risks
from cloudwright.diagnosis.view import ClusterView


def completed(view: ClusterView, causes: Sequence[Cause]) -> tuple[list[Cause], list[str]]:
    """The causes with remedies that can be approved as they stand (an instruction where there is none), and gaps."""
    made: list[Cause] = []
    gaps: list[str] = []
    for cause in causes:
        try:
            made.append(cause.model_copy(update={"remedies": tuple(_remedies(view, cause))}))
        except Exception as error:  # noqa: BLE001 - like a failing check, it must not stop the rest
            made.append(cause)
            gaps.append(f"The remedies of {cause.kind} failed: {type(error).__name__}: {error}")
    return made, gaps


def _remedies(view: ClusterView, cause: Cause) -> list[Remedy]:
    found: dict[str, Remedy] = {}
    for remedy in _candidates(view, cause):
        mark = "|".join(call.model_dump_json() for call in remedy.calls)
        found.setdefault(mark, remedy)
    refused = [item.workload for item in rejections(view)]
    rereading = [with_rereads(view, with_risks(view, item), cause) for item in found.values()]
    made = [with_retries(view, with_replacements(view, item), cause, refused) for item in rereading]
    if not made:
        asked = instruction(view, cause)
        return [asked] if asked is not None else []
    return made


def _candidates(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    yield from computed(view, cause, Rank.FIRST)
    yield from restored(view, cause)
    yield from as_applied(view, cause)
    yield from computed(view, cause, Rank.BEFORE_CHECKS)
    yield from cause.remedies
    yield from computed(view, cause, Rank.AFTER_CHECKS)
    yield from last_resort(view, cause)
