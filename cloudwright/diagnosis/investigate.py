"""The procedure: view → findings → causes → Investigation. No model, no I/O beyond the view's own logs."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from cloudwright.core.finding import Finding, Severity
from cloudwright.diagnosis.causes import rank
from cloudwright.diagnosis.checks.quiet import failing_calls
from cloudwright.diagnosis.checks.table import CHECKS, Check, run
from cloudwright.diagnosis.model import Alternative, Cause, Investigation, Stats, TimelineEntry
from cloudwright.diagnosis.pausing import collector_paused
from cloudwright.diagnosis.remedies.complete import completed
from cloudwright.diagnosis.timeline import timeline
from cloudwright.diagnosis.view import ClusterView


def investigate(
    view: ClusterView,
    *,
    namespaces: Sequence[str] = (),
    since: timedelta | None = None,
    checks: Sequence[Check] = CHECKS,
) -> Investigation:
    """What is wrong with this cluster, why, and what would fix it.

    `namespaces` limits what is reported (causes that lie elsewhere but hurt them stay); `since` limits the timeline.
    """
    started = time.perf_counter()
    with collector_paused():
        outcome = run(view, checks)
        causes, notes, ruled_out = rank(view, outcome.findings)
        if not _serious(causes):
            outcome = outcome.and_then(run(view, (failing_calls,)))
            causes, notes, ruled_out = rank(view, outcome.findings)
    if namespaces:
        wanted = set(namespaces)
        causes = [item for item in causes if _concerns(item, wanted)]
        notes = [item for item in notes if item.object.namespace in wanted]
    causes, failed = completed(view, causes)
    gaps = [*view.gaps, *outcome.gaps, *failed]
    entries = timeline(view, since)
    ruled_out += _innocent_changes(causes, entries)
    return Investigation(
        verdict=_verdict(view, causes, gaps),
        summary=_summary(view, causes, gaps),
        causes=tuple(causes),
        notes=tuple(sorted(notes, key=lambda item: -item.severity.rank)),
        ruled_out=tuple(ruled_out[:40]),
        gaps=tuple(gaps),
        timeline=tuple(entries),
        stats=Stats(
            objects=view.total, findings=len(outcome.findings), checks=len(checks),
            seconds=round(time.perf_counter() - started, 4), snapshot=view.id, collected_at=view.collected_at,
        ),
    )  # fmt: skip


def _serious(causes: Sequence[Cause]) -> bool:
    return any(item.severity is not Severity.INFO for item in causes)


def _concerns(cause: Cause, wanted: set[str]) -> bool:
    return any(item.namespace in wanted for item in (cause.object, *cause.symptoms, *cause.affected))


def _verdict(
    view: ClusterView, causes: Sequence[Cause], gaps: Sequence[str]
) -> Literal["fault", "no fault found", "not enough evidence"]:
    if _serious(causes):
        return "fault"
    blind = not view.of("Pod") and not any(kind in view.complete for kind in ("Pod", "Deployment"))
    return "not enough evidence" if blind else "no fault found"


def _summary(view: ClusterView, causes: Sequence[Cause], gaps: Sequence[str]) -> str:
    serious = [item for item in causes if item.severity is not Severity.INFO]
    if serious:
        more = (
            f" There are {len(serious) - 1} more causes."
            if len(serious) > 2
            else " There is one more cause."
            if len(serious) == 2
            else ""
        )
        return f"{serious[0].claim}.{more}"
    if _verdict(view, causes, gaps) == "not enough evidence":
        return "Neither Pods nor workloads could be read, so nothing can be said."
    return f"No fault found in {view.total} objects." + (f" {len(gaps)} things could not be seen." if gaps else "")


def _innocent_changes(causes: Sequence[Cause], entries: Sequence[TimelineEntry]) -> list[Alternative]:
    """Recent rollouts that no cause has to do with."""
    guilty = {(ref.kind, ref.namespace, ref.name) for item in causes for ref in (item.object, *item.affected)}
    found: dict[tuple[str, str, str], Alternative] = {}
    for entry in entries:
        where = (entry.object.kind, entry.object.namespace, entry.object.name)
        if causes and entry.sort == "change" and where not in guilty and "rolled out" in entry.what:
            found[where] = Alternative(
                kind="recent-change",
                claim=f"{entry.object} was {entry.what}",
                object=entry.object,
                reason="its Pods are healthy and no finding touches it",
            )
    return list(found.values())[-5:]


def broken(investigation: Investigation) -> bool:
    """Whether something is wrong (exit code 3)."""
    return investigation.verdict == "fault"


def all_findings(view: ClusterView) -> tuple[Finding, ...]:
    """The findings of every check, unranked."""
    return run(view).findings
