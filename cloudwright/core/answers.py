"""What commands print with `--output json`: one family of shapes, told apart by `kind`, under one `version`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field, JsonValue

from cloudwright.core.approval import Approval
from cloudwright.core.change import Impact, ObjectChange, Verification
from cloudwright.core.errors import CloudwrightError
from cloudwright.core.evidence import Evidence
from cloudwright.core.journal import ChainReport
from cloudwright.core.proposal import Proposal, Provenance, Record, State
from cloudwright.core.refs import Frozen, Place
from cloudwright.core.tool import AnyTool, Effect, Irreversible, ToolCall, Undo

SCHEMA_VERSION: Literal["1"] = "1"


class Answer(Frozen):
    """Base of every printed answer."""

    version: Literal["1"] = SCHEMA_VERSION


class ErrorAnswer(Answer):
    """Something went wrong; `type` is the name in the error tree."""

    kind: Literal["error"] = "error"
    type: str
    message: str
    hint: str
    exit_code: int

    @classmethod
    def of(cls, error: CloudwrightError) -> "ErrorAnswer":
        """The answer for this error."""
        return cls(type=type(error).__name__, message=error.message, hint=error.hint, exit_code=int(error.exit_code))


class ObjectView(Frozen):
    """One object as causes and symptoms name it."""

    kind: str
    namespace: str
    name: str


class CauseView(Frozen):
    """One cause: what is wrong, where it has to be edited, what shows it, whom it hurts and what would fix it.

    `kind` is that of the finding catalogue, `field` a path such as `spec.template.spec.containers[api].image`.
    `evidence` are ids of what was minted, or places in the snapshot where one read is all the evidence; `seen` is what
    stands there, as text; `chain` runs from the cause to what users feel.
    """

    kind: str
    claim: str
    object: ObjectView
    field: str
    confidence: float
    evidence: tuple[str, ...]
    seen: tuple[str, ...] = ()
    chain: tuple[str, ...]
    symptoms: tuple[ObjectView, ...]
    remedies: tuple["RemedyView", ...]


class RemedyView(Frozen):
    """One fix: its title, what it may harm, and the calls that make it, in order."""

    title: str
    risk: str
    calls: tuple[ToolCall, ...]


class RuledOut(Frozen):
    """Another explanation that was considered, and what speaks against it; `evidence` are ids of what was minted."""

    kind: str
    claim: str
    object: ObjectView
    why: str
    evidence: tuple[str, ...] = ()


class ProposalView(Frozen):
    """A change that waits, was done, or was stopped."""

    id: str
    digest: str
    tool: str
    arguments: Mapping[str, JsonValue]
    effect: Effect
    why_effect: str
    state: State
    policy: str
    rule: str
    policy_reason: str
    place: Place
    summary: str
    diff: str
    changes: tuple[ObjectChange, ...]
    blast_radius: tuple[Impact, ...]
    warnings: tuple[str, ...]
    undo: Undo | Irreversible
    provenance: Provenance
    proposed_by: str
    created_at: datetime
    expires_at: datetime
    approvals: tuple[Approval, ...] = ()
    decided_by: str = ""
    reason: str = ""
    outcome: str = ""
    verification: Verification | None = None
    finished_at: datetime | None = None

    @classmethod
    def of(cls, record: Record) -> "ProposalView":
        """The view of a record."""
        proposal = record.proposal
        return cls(
            id=proposal.id,
            digest=proposal.digest,
            tool=proposal.call.tool,
            arguments=proposal.call.arguments,
            effect=proposal.effect,
            why_effect=proposal.why_effect,
            state=record.state,
            policy=proposal.decision.answer,
            rule=proposal.decision.rule,
            policy_reason=proposal.decision.reason,
            place=proposal.place,
            summary=proposal.preview.summary,
            diff=proposal.preview.diff(),
            changes=proposal.preview.changes,
            blast_radius=proposal.preview.blast_radius,
            warnings=proposal.preview.warnings,
            undo=record.undo or proposal.undo,
            provenance=proposal.provenance,
            proposed_by=str(proposal.proposed_by),
            created_at=proposal.created_at,
            expires_at=proposal.expires_at,
            approvals=record.approvals,
            decided_by=str(record.decided_by or ""),
            reason=record.reason,
            outcome=record.summary,
            verification=record.verification,
            finished_at=record.finished_at,
        )

    @classmethod
    def of_proposal(cls, proposal: Proposal) -> "ProposalView":
        """The view of a proposal that nobody has decided on."""
        return cls.of(Record(proposal=proposal, state=State.PENDING))


class ToolResultAnswer(Answer):
    """What a read showed, with the evidence minted for it."""

    kind: Literal["tool_result"] = "tool_result"
    tool: str
    result: Mapping[str, Any]
    evidence: Evidence


class ProposalAnswer(Answer):
    """One proposal, and how to decide on it where it waits."""

    kind: Literal["proposal"] = "proposal"
    proposal: ProposalView
    hint: str = ""


class ProposalsAnswer(Answer):
    """Several proposals: what is pending, or the history; `settled` were left unfinished by a crash."""

    kind: Literal["proposals"] = "proposals"
    proposals: tuple[ProposalView, ...]
    settled: tuple[str, ...] = ()


class ChainAnswer(Answer):
    """The state of the journal's hash chain."""

    kind: Literal["journal_check"] = "journal_check"
    report: ChainReport


class ToolView(Frozen):
    """One tool of the catalogue."""

    name: str
    description: str
    effect: Effect
    permission: str
    input: Mapping[str, Any]
    examples: tuple[Mapping[str, JsonValue], ...]
    undo: str

    @classmethod
    def of(cls, tool: AnyTool) -> "ToolView":
        """The view of a tool."""
        undo = ""
        if tool.change is not None:
            plan = tool.change.undo
            undo = f"none: {plan.reason}" if isinstance(plan, Irreversible) else "restores what it changed"
        return cls(
            name=tool.name,
            description=tool.description,
            effect=tool.effect,
            permission=str(tool.permission),
            input=tool.schema(),
            examples=tool.examples,
            undo=undo,
        )


class CatalogAnswer(Answer):
    """The catalogue of tools, or one of them."""

    kind: Literal["tools"] = "tools"
    tools: tuple[ToolView, ...]


class Check(Frozen):
    """One line of `doctor`: what was looked at, what was found, and how to get what is missing."""

    name: str
    status: Literal["ok", "missing", "failed"]
    detail: str
    remedy: str = ""


class DoctorAnswer(Answer):
    """What works, what does not, and where the settings came from."""

    kind: Literal["doctor"] = "doctor"
    checks: tuple[Check, ...]
    settings: tuple["SettingView", ...]


class SettingView(Frozen):
    """One setting in force and where it came from."""

    name: str
    value: str
    source: str


class ConfigAnswer(Answer):
    """The settings in force."""

    kind: Literal["config"] = "config"
    settings: tuple[SettingView, ...]


class VersionAnswer(Answer):
    """Versions of the program and of what it stands on."""

    kind: Literal["version"] = "version"
    cloudwright: str
    python: str
    libraries: Mapping[str, str] = Field(default_factory=dict)
