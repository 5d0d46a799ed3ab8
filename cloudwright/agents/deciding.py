"""Propose, decide, execute: the three steps of a change as nodes of the graph use them."""

from collections.abc import Iterator, Sequence

from cloudwright.agents import calls
from cloudwright.agents.contribution import Contribution, Task
from cloudwright.agents.fixing import ordered
from cloudwright.agents.kit import Event, Kit
from cloudwright.agents.language.understanding import Goal, Intent, Memory
from cloudwright.agents.provenance import names_its_targets
from cloudwright.agents.state import Json, State
from cloudwright.core.answers import CauseView
from cloudwright.core.approval import Answer
from cloudwright.core.errors import AlreadyDecided, ApprovalNeeded, CloudwrightError, GateError
from cloudwright.core.gate import SUPERSEDED
from cloudwright.core.proposal import Proposal, Source
from cloudwright.core.proposal import State as Stands
from cloudwright.core.tool import Irreversible, ToolCall, Undo
from cloudwright.tools.kubernetes.errors import Rejected

_FIXES = 3
EDITED = "edited into"
"""How the reason of a change begins that another one replaces."""


def propose(state: State, found: Sequence[Contribution], tasks: Sequence[Task], kit: Kit) -> State:
    """Queue what specialists proposed, what requests, undos and fixes want; a failure becomes a sentence."""
    digests = [digest for item in found for digest in item.proposals]
    failed: list[str] = []
    for task in tasks:
        if task.intent.goal in (Goal.APPROVE, Goal.DENY):
            digest, said = _by_words(task.intent.goal, state, kit)
            digests += [digest] if digest else []
            failed += [said] if said else []
            continue
        try:
            wanted = _wanted(task, found, kit)
        except CloudwrightError as error:
            failed.append(calls.explain(error, kit))
            continue
        for call, source, why in wanted:
            try:
                proposal = calls.propose(call, task, kit, source, why)
            except CloudwrightError as error:
                failed.append(_not_proposed(error, kit))
                continue
            if proposal.preview.changes and proposal.decision.answer is Answer.REFUSE:
                failed.append(_refused(proposal))
            elif proposal.preview.changes:
                kit.gate.supersede(proposal)
                digests.append(proposal.digest)
            else:
                failed.append(_already(proposal))
    queue = [item for item in dict.fromkeys(digests) if kit.gate.ledger.record(item).state is not Stands.VOID]
    said = "\n\n".join(part for part in (state.get("answer", ""), *_superseded(queue, kit)) if part)
    return {"queue": queue, "proposals": queue, "failed": failed, "answer": said}


def _superseded(digests: Sequence[str], kit: Kit) -> Iterator[str]:
    """A sentence for every earlier change whose place one of these took."""
    new = {f"{SUPERSEDED} {kit.gate.ledger.record(digest).proposal.id}" for digest in digests}
    for record in kit.gate.ledger.records() if new else ():
        if record.state is Stands.VOID and record.reason in new:
            yield f"Void now, {record.reason}: {record.proposal.preview.summary} ({record.proposal.id})."


def _not_proposed(error: CloudwrightError, kit: Kit) -> str:
    """Why there is nothing to approve; what the server refuses in its dry run is said to be refused."""
    why = calls.explain(error, kit)
    return f"The API server refuses this, so nothing is changed: {why}" if isinstance(error, Rejected) else why


def _by_words(goal: Goal, state: State, kit: Kit) -> tuple[str, str]:
    """A plain yes or no to the only change that waits in this session: its digest if it may run now, and a sentence.

    Nothing but the session's last turn can have left it waiting, and that turn showed its diff.
    """
    shown = Memory.model_validate(state.get("memory") or {}).pending
    waiting = [item for item in kit.gate.ledger.pending() if item.proposal.id in shown]
    if not waiting:
        return "", "Nothing waits for a decision."
    if len(waiting) > 1:
        names = "; ".join(f"{item.proposal.id}: {item.proposal.preview.summary}" for item in waiting)
        return "", f"Several changes wait ({names}). Say which one, or decide on them one by one."
    digest = waiting[0].proposal.digest
    try:
        if goal is Goal.DENY:
            kit.gate.deny(digest, kit.approver, "by the user's word")
            return "", f"Denied: {waiting[0].proposal.preview.summary}."
        record = kit.gate.approve(digest, kit.approver)
    except CloudwrightError as error:
        return "", calls.explain(error, kit)
    if record.state is Stands.APPROVED:
        return digest, ""
    return "", f"{record.proposal.id} waits for a second person's approval."


def _already(proposal: Proposal) -> str:
    """What is said of a change that would change nothing; some previews say so themselves."""
    summary = proposal.preview.summary
    return summary if summary.startswith("Nothing") else f"{summary}: nothing would change, it is so already."


def _refused(proposal: Proposal) -> str:
    reason = f" ({proposal.decision.reason})" if proposal.decision.reason else ""
    return f"Refused by policy rule {proposal.decision.rule!r}{reason}: {proposal.preview.summary}."


def _wanted(task: Task, found: Sequence[Contribution], kit: Kit) -> list[tuple[ToolCall, Source, str]]:
    if task.intent.goal is Goal.CALLS:
        changes = [call for item in found for call in item.changes if call in task.intent.calls]
        return [(call, Source.USER, "") for call in _once(changes)]
    if task.intent.goal is Goal.UNDO:
        return [_undo(task.intent.change, kit)]
    fixes = task.intent.goal is Goal.FIX
    causes = [cause for item in found for cause in item.causes] if fixes else ordered(task, found)
    return [(call, Source.DIAGNOSIS, cause.claim) for cause in causes[:_FIXES] for call in _first_remedy(cause)]


def _once(wanted: Sequence[ToolCall]) -> list[ToolCall]:
    out: list[ToolCall] = []
    for call in wanted:
        if call not in out:
            out.append(call)
    return out


def _first_remedy(cause: CauseView) -> tuple[ToolCall, ...]:
    return cause.remedies[0].calls if cause.remedies else ()


def _undo(change: str, kit: Kit) -> tuple[ToolCall, Source, str]:
    executed = [item for item in kit.gate.ledger.records() if item.state is Stands.EXECUTED]
    mine = [item for item in executed if item.proposal.provenance.session == kit.context.session]
    record = kit.gate.ledger.record(change) if change else (mine[-1] if mine else None)
    if record is None:
        raise GateError("Nothing was changed in this session, so there is nothing to undo.")
    plan = record.undo or record.proposal.undo
    if isinstance(plan, Irreversible):
        raise GateError(f"{record.proposal.preview.summary} cannot be undone: {plan.reason}.")
    assert isinstance(plan, Undo)
    return plan.call, Source.UNDO, f"undo of {record.proposal.id}: {record.proposal.preview.summary}"


def needs_nobody(digest: str, kit: Kit) -> bool:
    """Whether this change may run without asking: policy says auto, or it is approved, or the flag may answer:
    only for what the request itself names."""
    record = kit.gate.ledger.record(digest)
    if record.state is Stands.APPROVED or record.proposal.decision.answer is Answer.AUTO:
        return True
    if not kit.approve_writes or record.state is not Stands.PENDING or not names_its_targets(record.proposal):
        return False
    try:
        return kit.gate.approve(digest, kit.approver, by_flag=True).state is Stands.APPROVED
    except GateError:
        return False


def decide(state: State, digest: str, answer: Json, kit: Kit) -> State:
    """Take a person's decision: `approve`, `deny` (with `reason`), `edit` (with `arguments`: the old change is denied
    and the edited one waits in its place) or `leave`; anything but an explicit yes is no yes.

    The gate records it; deciding again after a crash finds it recorded.
    """
    choice = str(answer.get("decision", "leave"))
    rest = state["queue"][1:]
    failed = list(state.get("failed", ()))
    try:
        if choice == "approve":
            record = kit.gate.approve(digest, kit.approver)
            if record.state is Stands.APPROVED:
                return {"decision": {"approved": True}}
            failed.append(f"{record.proposal.id} waits for a second person's approval.")
        elif choice == "deny":
            kit.gate.deny(digest, kit.approver, str(answer.get("reason", "")))
        elif choice == "edit":
            edited = _edited(state, digest, answer, kit)
            shown = [*state.get("proposals", ())]
            shown += [edited] if edited not in shown else []
            return {"queue": [edited, *rest], "decision": {"approved": False}, "proposals": shown}
    except AlreadyDecided:
        if choice == "approve":
            return {"decision": {"approved": True}}
    except ApprovalNeeded as error:
        failed.append(error.message)
    except CloudwrightError as error:
        failed.append(calls.explain(error, kit))
    return {"queue": rest, "decision": {"approved": False}, "failed": failed}


def _edited(state: State, digest: str, answer: Json, kit: Kit) -> str:
    """Propose the same tool with arguments that the person wrote, then deny the change that it replaces.

    Arguments that were left as they are make no new change."""
    old = kit.gate.ledger.record(digest).proposal
    call = ToolCall(tool=old.call.tool, arguments=answer.get("arguments") or {})
    if call.arguments == old.call.arguments:
        return digest
    intent = Intent(goal=Goal.CALLS, text=state["request"], confidence=1, calls=(call,))
    task = Task(request=state["request"], intent=intent, turn=old.provenance.turn)
    proposal = calls.propose(call, task, kit, Source.USER, f"edited from {old.id}")
    if not proposal.preview.changes:
        raise GateError(_already(proposal))
    kit.gate.deny(digest, kit.approver, f"{EDITED} {proposal.id}")
    return proposal.digest


def execute(state: State, digest: str, kit: Kit) -> State:
    """Execute the approved change; after a crash the journal (and a look at the world) tells what came of it."""
    rest = state["queue"][1:]
    executed = list(state.get("executed", ()))
    failed = list(state.get("failed", ()))
    kit.gate.recover(kit.context)
    record = kit.gate.ledger.record(digest)
    if record.state not in (Stands.EXECUTED, Stands.FAILED):
        kit.tell(Event(kind="tool", tool=record.proposal.call.tool, text=record.proposal.preview.summary))
        try:
            kit.gate.execute(digest, kit.context, original=kit.originals.get(digest))
        except CloudwrightError as error:
            failed.append(calls.explain(error, kit))
        record = kit.gate.ledger.record(digest)
        kit.tell(Event(kind="tool", tool=record.proposal.call.tool, text=record.state.value, done=True))
    if record.state in (Stands.EXECUTED, Stands.FAILED):
        executed.append({"digest": digest, "ok": record.state is Stands.EXECUTED})
    return {"queue": rest, "executed": executed, "failed": failed, "decision": {}}
