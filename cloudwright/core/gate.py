"""The gate: the only way in which a tool runs.

Reads run when the policy says `auto`. Everything else goes propose → approve → execute, three separate steps that may
happen in three processes; the journal carries them. Nothing is written before an intent is in the journal.
"""

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from pydantic import TypeAdapter

from cloudwright.core.approval import Answer, Approval, ApprovalPolicy, ApprovalRequest, Approver, Decision
from cloudwright.core.catalog import Catalog
from cloudwright.core.change import Preview
from cloudwright.core.consent import may_approve, needs_approvals
from cloudwright.core.context import Context
from cloudwright.core.errors import (
    ApprovalNeeded,
    Drifted,
    Forbidden,
    NotFound,
    Refused,
)
from cloudwright.core.execution import Execution, Observation, Outcome, as_mapping, observe
from cloudwright.core.journal import EntryKind, Journal, Transaction
from cloudwright.core.ledger import Ledger, record_of
from cloudwright.core.processes import process_mark
from cloudwright.core.proposal import Proposal, Provenance, Record, State, digest_of, moved
from cloudwright.core.redaction import Origin
from cloudwright.core.tool import AnyTool, Effect, Irreversible, Permission, Scope, ToolCall, Undo

APPROVAL_LASTS = timedelta(minutes=10)
PROPOSAL_LASTS = timedelta(hours=24)
SUPERSEDED = "superseded by"
"""How the reason of a void proposal begins whose place another one takes."""
_UNDO: TypeAdapter[Undo | Irreversible] = TypeAdapter(Undo | Irreversible)


class PermissionChecker(Protocol):
    """Asks the system itself (SelfSubjectAccessReview, IAM) whether the identity may."""

    def missing(self, permissions: Sequence[Permission], context: Context) -> Sequence[str]:
        """One sentence for every permission that is lacking (which verb on what, who could grant it)."""
        ...


class OriginReader(Protocol):
    """Reads the present value of the field that a placeholder came from; None when it is gone."""

    def __call__(self, origin: Origin, context: Context, /) -> str | None: ...


def _no_origin(_origin: Origin, _context: Context) -> str | None:
    return None


class Gate:
    """Runs tools of a catalogue under an approval policy, with every change in the journal.

    `on_step` is told the name of each step as it begins; crash tests stop the process there.
    """

    def __init__(
        self,
        catalog: Catalog,
        journal: Journal,
        policy: ApprovalPolicy,
        permissions: PermissionChecker,
        *,
        read_origin: OriginReader = _no_origin,
        approval_lasts: timedelta = APPROVAL_LASTS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_step: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self.catalog = catalog
        self.ledger = Ledger(journal, now)
        self._journal = journal
        self._policy = policy
        self._permissions = permissions
        self._read_origin = read_origin
        self._approval_lasts = approval_lasts
        self._now = now
        self._on_step = on_step
        self._execution = Execution(journal, now, on_step)

    def read(self, call: ToolCall, context: Context, approver: Approver) -> Observation:
        """Run a tool that changes nothing.

        Raises:
            ApprovalNeeded: the call would change something, or the policy wants a yes even for reading this.
            Refused: the policy forbids it.
            ToolError: the tool could not do it.
        """
        tool = self.catalog.get(call.tool)
        args = tool.parse(call.arguments)
        scope = tool.aims_at(args, context)
        if scope.effect is not Effect.READ:
            raise ApprovalNeeded(f"{tool.name} changes something ({scope.effect}) and must be proposed first.")
        decision = self._decide(tool, scope, context, approver)
        if decision.answer is Answer.REFUSE:
            raise Refused(f"Policy rule {decision.rule!r} refuses this read: {decision.reason or 'no rule allows it'}.")
        if decision.answer is not Answer.AUTO:
            raise ApprovalNeeded(f"Policy rule {decision.rule!r} wants a yes before this is read.")
        return observe(tool, call, tool.run(args, context), context)

    def propose(self, call: ToolCall, context: Context, proposer: Approver, provenance: Provenance) -> Proposal:
        """Validate, ask permission, preview, ask the policy, and put the proposal into the journal.

        A proposal whose preview has no changes is returned but not recorded: there is nothing to approve.

        Raises:
            InvalidArguments, NotFound and other ToolErrors: the call cannot be previewed.
            Forbidden: the identity lacks a right that the change needs.
        """
        self._on_step("propose")
        tool = self.catalog.get(call.tool)
        args = tool.parse(call.arguments)
        scope = tool.aims_at(args, context)
        lacking = self._permissions.missing(scope.permissions, context)
        if lacking:
            raise Forbidden(" ".join(lacking))
        preview, undo = self._preview(tool, args, context)
        mask = context.redactor
        masked_call = ToolCall(tool=call.tool, arguments=as_mapping(mask.value(dict(call.arguments))))
        masked_preview = _masked(preview, context)
        nonce = secrets.token_hex(8)
        now = self._now()
        proposal = Proposal(
            digest=digest_of(masked_call, context.place, masked_preview.changes, nonce),
            nonce=nonce,
            call=masked_call,
            effect=scope.effect,
            why_effect=scope.why,
            place=context.place,
            targets=scope.targets or tuple(change.ref for change in preview.changes),
            labels=dict(scope.labels or {}),
            permissions=scope.permissions,
            preview=masked_preview,
            undo=_UNDO.validate_python(mask.value(undo.model_dump(mode="json"))),
            decision=self._decide(tool, scope, context, proposer, provenance.doubt),
            origins=mask.origins(dict(masked_call.arguments)),
            provenance=provenance,
            proposed_by=proposer,
            created_at=now,
            expires_at=now + PROPOSAL_LASTS,
        )
        if preview.changes or tool.change is None:
            self._journal.append(EntryKind.PROPOSED, proposal.digest, proposal.model_dump(mode="json"))
        self._on_step("proposed")
        return proposal

    def approve(self, digest: str, approver: Approver, *, by_flag: bool = False) -> Record:
        """Record one explicit yes.

        Raises:
            NotFound: no proposal has this digest.
            Refused: the policy refuses the change, or a flag tries to answer what only a person may.
            AlreadyDecided, Expired: it is too late.
        """
        with self._journal.transaction() as transaction:
            record = self._open_record(transaction, digest)
            proposal = record.proposal
            may_approve(proposal, by_flag)
            now = self._now()
            if any(item.approver.identity == approver.identity for item in record.approvals):
                if len(record.approvals) < proposal.decision.answer.approvals:
                    raise ApprovalNeeded(
                        f"{approver.identity} has approved {proposal.id} already; a second identity must too."
                    )
                return record
            approval = Approval(
                digest=proposal.digest,
                approver=approver,
                at=now,
                expires_at=now + self._approval_lasts,
                by_flag=by_flag,
            )
            transaction.append(EntryKind.APPROVED, proposal.digest, approval.model_dump(mode="json"))
            return record_of(transaction.entries(proposal.digest), now)

    def deny(self, digest: str, approver: Approver, reason: str = "") -> Record:
        """Record a no; it is final.

        Raises:
            NotFound, AlreadyDecided, Expired: as for `approve`.
        """
        with self._journal.transaction() as transaction:
            record = self._open_record(transaction, digest)
            transaction.append(
                EntryKind.DENIED,
                record.proposal.digest,
                {"by": approver.model_dump(mode="json"), "reason": reason},
            )
            return record_of(transaction.entries(record.proposal.digest), self._now())

    def supersede(self, proposal: Proposal) -> list[Record]:
        """Void what still waits for a yes and whose place a new proposal takes; what is approved already is left, and
        what the policy refuses takes no place."""
        void: list[Record] = []
        if proposal.decision.answer is Answer.REFUSE:
            return void
        for earlier in self.ledger.pending():
            if earlier.state is not State.PENDING or not proposal.takes_the_place_of(earlier.proposal):
                continue
            with self._journal.transaction() as transaction:
                entries = transaction.entries(earlier.proposal.digest)
                if record_of(entries, self._now()).state is not State.PENDING:
                    continue
                moved = {"moved": [f"{SUPERSEDED} {proposal.id}"]}
                transaction.append(EntryKind.VOIDED, earlier.proposal.digest, moved)
                void.append(record_of(transaction.entries(earlier.proposal.digest), self._now()))
        return void

    def execute(self, digest: str, context: Context, *, original: ToolCall | None = None) -> Outcome:
        """Do exactly what was approved, once, if nothing that it touches has moved.

        `original` is the call with its secrets, where the process that proposed it still has them.

        Raises:
            ApprovalNeeded: approvals are missing. Drifted: something moved (the proposal is void then).
            AlreadyDecided, Expired, Refused: it may not run (any more).
            ToolError: it failed; the journal says how far it got.
        """
        self._on_step("execute")
        record = self.ledger.open_record(digest)
        proposal = record.proposal
        needs_approvals(record, self._now())
        self._same_place(proposal, context)
        tool = self.catalog.get(proposal.call.tool)

        def read(origin: Origin) -> str | None:
            return self._read_origin(origin, context)

        call = original or ToolCall(
            tool=tool.name,
            arguments=as_mapping(context.redactor.restore(dict(proposal.call.arguments), proposal.origins, read)),
        )
        args = tool.parse(call.arguments)
        try:
            scope = tool.aims_at(args, context)
            self._still_allowed(tool, scope, proposal, context)
            preview = self._check_drift(tool, args, proposal, context, call)
        except NotFound as error:
            raise self._void(proposal, (context.redactor.text(str(error)),)) from None
        self._claim(proposal, context)
        self._on_step("intent")
        return self._execution.run(tool, args, preview, proposal, context)

    def recover(self, context: Context) -> list[Record]:
        """Settle every execution that was begun and never finished, by looking at the world; nothing is repeated.

        Executions of other clusters, and those whose process still runs, are left alone.
        """
        settled = []
        for record in self.ledger.records():
            if record.state is not State.EXECUTING or record.proposal.place.cluster != context.place.cluster:
                continue
            if self.ledger.still_running(record.proposal.digest):
                continue
            settled.append(
                self._execution.settle(self.catalog.get(record.proposal.call.tool), record.proposal, context)
            )
        return settled

    def _open_record(self, transaction: Transaction, digest: str) -> Record:
        full = self.ledger.resolve(digest)
        return self.ledger.check_open(record_of(transaction.entries(full), self._now()))

    def _decide(self, tool: AnyTool, scope: Scope, context: Context, user: Approver, doubt: str = "") -> Decision:
        """What the policy says; what is not all the user's own (`doubt` says why) is never done unasked."""
        if context.read_only and scope.effect is not Effect.READ:
            return Decision(answer=Answer.REFUSE, rule="read-only", reason="this session may only read and preview")
        decision = self._policy.decide(
            ApprovalRequest(
                tool=tool.name,
                effect=scope.effect,
                targets=scope.targets,
                labels=dict(scope.labels or {}),
                place=context.place,
                user=user.identity,
                at=self._now(),
                untrusted=bool(doubt),
            )
        )
        if not doubt or scope.effect is Effect.READ:
            return decision
        strict = decision.answer if decision.answer.strictness > Answer.ALWAYS_ASK.strictness else Answer.ALWAYS_ASK
        return Decision(
            answer=strict, rule=decision.rule, reason="; ".join(part for part in (decision.reason, doubt) if part)
        )

    def _preview(self, tool: AnyTool, args: Any, context: Context) -> tuple[Preview, Undo | Irreversible]:
        if tool.change is None:
            return Preview(summary=f"{tool.name} only reads.", changes=()), Irreversible(reason="nothing is changed")
        preview = tool.change.preview(args, context)
        plan = tool.change.undo
        return preview, plan if isinstance(plan, Irreversible) else plan(args, preview, context)

    def _same_place(self, proposal: Proposal, context: Context) -> None:
        if proposal.place != context.place:
            raise Refused(
                f"{proposal.id} was proposed for {proposal.place}, but this is {context.place}.",
                hint="Approve it from the same context, namespace and identity, or propose it anew.",
            )

    def _still_allowed(self, tool: AnyTool, scope: Scope, proposal: Proposal, context: Context) -> None:
        decision = self._decide(tool, scope, context, proposal.proposed_by, proposal.provenance.doubt)
        if decision.answer.strictness > proposal.decision.answer.strictness or context.read_only:
            raise Refused(
                f"Policy now says {decision.answer} (rule {decision.rule!r}) where it said {proposal.decision.answer}."
                f" {decision.reason}".rstrip(),
                hint="Propose the change anew.",
            )
        if scope.effect.severity > proposal.effect.severity:
            raise Refused(f"The change has become more severe: {scope.effect}, proposed as {proposal.effect}.")

    def _check_drift(self, tool: AnyTool, args: Any, proposal: Proposal, context: Context, call: ToolCall) -> Preview:
        if tool.change is None:
            return proposal.preview
        preview = tool.change.preview(args, context)
        masked = _masked(preview, context)
        masked_call = ToolCall(tool=call.tool, arguments=as_mapping(context.redactor.value(dict(call.arguments))))
        if digest_of(masked_call, context.place, masked.changes, proposal.nonce) == proposal.digest:
            return preview
        lines = moved(proposal.preview.changes, masked.changes) or ("the change itself is another one now",)
        raise self._void(proposal, lines)

    def _void(self, proposal: Proposal, lines: tuple[str, ...]) -> Drifted:
        """Put into the journal that a proposal is void, and the error that says why.

        Raises:
            AlreadyDecided: another process has begun it; what moved may be its own doing.
        """
        with self._journal.transaction() as transaction:
            self.ledger.check_open(record_of(transaction.entries(proposal.digest), self._now()))
            transaction.append(EntryKind.VOIDED, proposal.digest, {"moved": list(lines)})
        told = "; ".join(line.rstrip(".") for line in lines)
        return Drifted(
            f"{proposal.id} is void, because what it touches moved since it was previewed: {told}.",
            moved=lines,
            hint="Propose it anew.",
        )

    def _claim(self, proposal: Proposal, context: Context) -> None:
        with self._journal.transaction() as transaction:
            record = self.ledger.check_open(record_of(transaction.entries(proposal.digest), self._now()))
            needs_approvals(record, self._now())
            transaction.append(
                EntryKind.INTENT,
                proposal.digest,
                {**process_mark(), "session": context.session},
            )


def _masked(preview: Preview, context: Context) -> Preview:
    return Preview.model_validate(context.redactor.value(preview.model_dump(mode="json")))
