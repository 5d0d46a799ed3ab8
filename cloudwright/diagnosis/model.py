"""The result of an investigation: causes first, each with its chain, symptoms, evidence and remedies."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from cloudwright.core.evidence import Citation
from cloudwright.core.finding import Finding, Predicate, Remedy, Severity
from cloudwright.core.refs import Frozen, ObjectRef


class Link(Frozen):
    """One step from a cause to what users feel."""

    object: ObjectRef
    text: str


class Alternative(Frozen):
    """Another explanation that was considered."""

    kind: str
    claim: str
    object: ObjectRef
    reason: str


class Cause(Frozen):
    """A root cause. `object` is the one to edit (or to make); `symptoms` are the objects that suffer from it."""

    kind: str
    title: str
    claim: str
    object: ObjectRef
    field: str
    severity: Severity
    confidence: float
    evidence: tuple[Citation, ...]
    predicates: tuple[Predicate, ...] = ()
    chain: tuple[Link, ...] = ()
    symptoms: tuple[ObjectRef, ...] = ()
    explains: tuple[str, ...] = ()
    """Claims of the findings that this cause explains."""
    affected: tuple[ObjectRef, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    unseen: tuple[str, ...] = ()
    score: float = Field(default=0, exclude=True)


Sort = Literal["change", "event", "node", "scale"]


class TimelineEntry(Frozen):
    """A change or event that may matter."""

    at: datetime
    object: ObjectRef
    what: str
    sort: Sort


class Stats(Frozen):
    """How much was looked at."""

    objects: int
    findings: int
    checks: int
    seconds: float
    snapshot: str
    collected_at: datetime


class Investigation(Frozen):
    """What is wrong, why, and what would fix it."""

    verdict: Literal["fault", "no fault found", "not enough evidence"]
    summary: str
    causes: tuple[Cause, ...]
    notes: tuple[Finding, ...] = ()
    """Findings that are advice or make no difference now."""
    ruled_out: tuple[Alternative, ...] = ()
    gaps: tuple[str, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    stats: Stats
    extra: dict[str, JsonValue] = Field(default_factory=dict)
