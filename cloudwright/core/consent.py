"""When a yes counts, and when there are enough of them."""

from datetime import datetime

from cloudwright.core.approval import Answer
from cloudwright.core.errors import ApprovalNeeded, Expired, Refused
from cloudwright.core.proposal import Proposal, Record
from cloudwright.core.tool import Effect


def may_approve(proposal: Proposal, by_flag: bool) -> None:
    """Check that a yes to this proposal counts.

    Raises:
        Refused: the policy refuses the change. ApprovalNeeded: a flag tries to answer what only a person may.
    """
    answer = proposal.decision.answer
    if answer is Answer.REFUSE:
        reason = f": {proposal.decision.reason}" if proposal.decision.reason else ""
        raise Refused(f"Policy rule {proposal.decision.rule!r} refuses {proposal.id}{reason}.")
    if not by_flag:
        return
    if answer not in (Answer.ASK, Answer.AUTO) or proposal.effect is not Effect.WRITE:
        raise ApprovalNeeded(
            f"{proposal.id} ({proposal.effect}, policy: {answer}) needs a person; a flag approves undoable writes only."
        )
    if proposal.provenance.untrusted:
        raise ApprovalNeeded(f"{proposal.id} needs a person: {proposal.provenance.doubt}; a flag never approves that.")


def needs_approvals(record: Record, now: datetime) -> None:
    """Check that enough approvals are there and fresh.

    Raises:
        ApprovalNeeded: some are missing. Expired: some are too old. Refused: the policy refuses the change.
    """
    needed = record.proposal.decision.answer.approvals
    if record.proposal.decision.answer is Answer.REFUSE:
        raise Refused(f"Policy rule {record.proposal.decision.rule!r} refuses {record.proposal.id}.")
    fresh = [item for item in record.approvals if item.expires_at > now]
    if len(fresh) >= needed:
        return
    if len(record.approvals) >= needed:
        raise Expired(f"The approval of {record.proposal.id} has expired.", hint="Propose the change anew.")
    raise ApprovalNeeded(
        f"{record.proposal.id} has {len(fresh)} of {needed} approvals.",
        hint=f"`cloudwright approve {record.proposal.id}`"
        + (" by a second identity." if needed == 2 and fresh else "."),
    )
