"""Findings: claims about objects that a checker can evaluate again."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from cloudwright.core.evidence import Citation
from cloudwright.core.refs import Frozen, ObjectRef
from cloudwright.core.tool import ToolCall


class Severity(StrEnum):
    """How much a finding matters, mildest first. `info` never makes a cluster "broken"."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 (info) to 3 (critical)."""
        return list(Severity).index(self)


class Operator(StrEnum):
    """Comparisons of a predicate."""

    EQUALS = "equals"
    NOT_EQUALS = "not equals"
    GREATER = "greater"
    LESS = "less"
    CONTAINS = "contains"
    MATCHES = "matches"
    EXISTS = "exists"
    ABSENT = "absent"


class Predicate(Frozen):
    """A fact over one object: `path` of `object` `operator` `value`. An empty path asks for the object itself."""

    object: ObjectRef
    path: str
    operator: Operator
    value: JsonValue = None

    def __str__(self) -> str:
        value = "" if self.operator in (Operator.EXISTS, Operator.ABSENT) else f" {self.value!r}"
        return f"{self.object} {self.path} {self.operator}{value}"


class Verdict(StrEnum):
    """What evaluating a predicate again gave."""

    VERIFIED = "verified"
    REFUTED = "refuted"
    NOT_CHECKABLE = "not checkable"


class Remedy(Frozen):
    """A fix as typed calls, in order. `risk` says in a few words what it may harm.

    Without calls it is an instruction: what a person has to find out, decide or do outside of the cluster.
    """

    title: str
    calls: tuple[ToolCall, ...]
    risk: str = ""

    @property
    def label(self) -> Literal["fix", "to do"]:
        """What the title is called where it is printed."""
        return "fix" if self.calls else "to do"


class Finding(Frozen):
    """A catalogue `kind`, a claim about the object that a person would edit (or make), and what shows it."""

    kind: str
    claim: str
    object: ObjectRef
    field: str = ""
    severity: Severity
    confidence: Annotated[float, Field(ge=0, le=1)]
    predicates: tuple[Predicate, ...] = ()
    evidence: Annotated[tuple[Citation, ...], Field(min_length=1)]
    remedies: tuple[Remedy, ...] = ()
    affected: tuple[ObjectRef, ...] = ()
    unseen: tuple[str, ...] = ()
    """What the check could not see, one sentence each."""
    origin: Literal["check", "model", "solver"] = "check"
