"""The question that a repair answers, and what an answer is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from cloudwright.policies.iam.access import Probe
from cloudwright.policies.iam.document import Policy
from cloudwright.policies.iam.questions import DiffRow
from cloudwright.policies.iam.request import Expectation, Request


@dataclass(frozen=True)
class RepairTask:
    """A policy, what it must allow and deny, and what limits the repair.

    `protected` actions and resources must stay denied as a whole (proved). `bound` is a document that the repair must
    not
    exceed (proved). `intent` is prose for the model; the rules do not read it.
    """

    policy: Policy
    expectations: tuple[Expectation, ...]
    protected: tuple[Probe, ...] = ()
    bound: Policy | None = None
    intent: str = ""


class RepairStatus(StrEnum):
    """How it ended."""

    ALREADY_RIGHT = "already right"
    REPAIRED = "repaired"
    CONTRADICTORY = "contradictory requirements"
    IMPOSSIBLE = "no repair found"


class RepairMethod(StrEnum):
    """Where the accepted policy came from."""

    NONE = "none"
    EDITS = "undo-type edits"
    MODEL = "model proposal"
    ENUMERATION = "enumeration of the requests"


@dataclass(frozen=True)
class Contradiction:
    """Requirements that no policy can meet together, with the reason."""

    requests: tuple[Request, ...]
    reason: str

    def __str__(self) -> str:
        return f"{self.reason}: " + " / ".join(str(request) for request in self.requests)


@dataclass(frozen=True)
class RepairResult:
    """The answer.

    `over_fitted` marks policies that only list the requests. `rejected` says why proposals were not taken.
    """

    status: RepairStatus
    policy: Policy | None
    method: RepairMethod = RepairMethod.NONE
    edits: tuple[str, ...] = ()
    over_fitted: bool = False
    lost: tuple[DiffRow, ...] = ()
    gained: tuple[DiffRow, ...] = ()
    text_diff: str = ""
    proof: tuple[str, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    rejected: tuple[str, ...] = ()
    model_rounds: int = 0


@dataclass(frozen=True)
class ProposalRequest:
    """What a model is given in one round; everything is plain text or JSON."""

    intent: str
    policy: Mapping[str, Any]
    must_allow: Sequence[Mapping[str, Any]]
    must_deny: Sequence[Mapping[str, Any]]
    suspects: Sequence[str]
    problems: Sequence[str]
    round: int


@dataclass(frozen=True)
class Proposal:
    """What a model answers: a whole document."""

    policy: Mapping[str, Any]
    note: str = ""


class Proposer(Protocol):
    """The model seam. An implementation may raise ValueError when the model's answer cannot be read."""

    def __call__(self, request: ProposalRequest) -> Proposal:
        """One proposal."""


@dataclass(frozen=True)
class RepairLimits:
    """Processor seconds for the search over edits, rounds of the model, time for each solver call."""

    search_s: float = 2.0
    model_rounds: int = 3
    solver_ms: int = 10_000
