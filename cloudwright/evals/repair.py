"""What a person does who trusts the diagnosis: approve the first remedy of the first causes, and do no more."""

from enum import StrEnum
from typing import Protocol

from cloudwright.core.approval import Approver
from cloudwright.core.context import Context
from cloudwright.core.errors import CloudwrightError, NotFound
from cloudwright.core.finding import Severity
from cloudwright.core.gate import Gate
from cloudwright.core.proposal import Provenance, Source
from cloudwright.core.refs import Frozen
from cloudwright.core.tool import Effect, ToolCall
from cloudwright.diagnosis.model import Cause, Investigation


class Outcome(StrEnum):
    """How far an approved remedy came."""

    DONE = "done"
    ASKED = "asked"
    """The diagnosis says what a person has to find out or decide, and proposes no change."""
    REFUSED = "refused"
    """The gate or the server did not accept the change."""
    NOTHING = "nothing"
    """There is no cause, or one without any remedy."""


class Hands(Protocol):
    """What acts: a gate, where, and as whom."""

    @property
    def gate(self) -> Gate:
        """Through which every change goes."""

    @property
    def context(self) -> Context:
        """The cluster and the identity."""

    @property
    def approver(self) -> Approver:
        """Who says yes."""


class Repair(Frozen):
    """What was done about an investigation, in words, and the effects that the gate saw."""

    outcome: Outcome
    said: str
    effects: tuple[Effect, ...] = ()
    silent: tuple[str, ...] = ()
    """Remedies that cannot be undone or give rights and do not say what they risk (going back to a revision aside)."""


def approve_first(hands: Hands, result: Investigation, causes: int = 1) -> Repair:
    """Propose, approve and execute the first remedy of each of the first `causes` causes above info."""
    serious = [item for item in result.causes if item.severity is not Severity.INFO]
    chosen = [item for item in serious[:causes] if item.remedies]
    if not chosen:
        return Repair(outcome=Outcome.NOTHING, said="; ".join(_named(item) for item in serious[:3]) or "no cause")
    effects: list[Effect] = []
    said: list[str] = []
    silent: list[str] = []
    made: list[ToolCall] = []
    asked = False
    for cause in chosen:
        remedy = cause.remedies[0]
        said.append(f"{_named(cause)}: {remedy.title}")
        asked = asked or not remedy.calls
        for call in remedy.calls:
            if call in made:
                continue
            made.append(call)
            try:
                done = _approve(hands, call, cause)
            except CloudwrightError as error:
                refused = f"{said[-1]}: {call.tool}: {error}"
                return Repair(outcome=Outcome.REFUSED, said=refused, effects=tuple(effects))
            effects += done
            if {Effect.DESTRUCTIVE, Effect.GRANT} & set(done) and not remedy.risk and call.tool != "rollout_undo":
                silent.append(remedy.title)
    if not effects and not asked:
        return Repair(outcome=Outcome.REFUSED, said=f"{'; '.join(said)}: nothing would change")
    outcome = Outcome.ASKED if asked else Outcome.DONE
    return Repair(outcome=outcome, said="; ".join(said), effects=tuple(effects), silent=tuple(silent))


def _approve(hands: Hands, call: ToolCall, cause: Cause) -> list[Effect]:
    """Effects of what was done: none where the world is already as the call wants it."""
    why = Provenance(source=Source.DIAGNOSIS, session=hands.context.session, why=cause.claim)
    try:
        proposal = hands.gate.propose(call, hands.context, hands.approver, why)
    except NotFound:
        if call.tool != "delete_resource":
            raise
        return []
    if not proposal.preview.changes:
        return []
    if proposal.decision.answer.approvals:
        hands.gate.approve(proposal.digest, hands.approver)
    hands.gate.execute(proposal.digest, hands.context, original=call)
    return [proposal.effect]


def _named(cause: Cause) -> str:
    return f"{cause.kind} {cause.object.kind}/{cause.object.name}"
