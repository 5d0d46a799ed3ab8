"""What a person does who trusts the diagnosis: approve the first remedy of the first causes, and do no more."""

from enum import StrEnum

from cloudwright.core.errors import CloudwrightError, NotFound
from cloudwright.core.finding import Severity
from cloudwright.core.proposal import Provenance, Source
from cloudwright.core.refs import Frozen
from cloudwright.core.tool import Effect, ToolCall
from cloudwright.diagnosis.model import Cause, Investigation
from cloudwright.surfaces.session import Session


class Outcome(StrEnum):
    """How far an approved remedy came."""

    DONE = "done"
    ASKED = "asked"
    """The diagnosis says what a person has to find out or decide, and proposes no change."""
    REFUSED = "refused"
    """The gate or the server did not accept the change."""
    NOTHING = "nothing"
    """There is no cause, or one without any remedy."""


class Repair(Frozen):
    """What was done about an investigation, in words, and the effects that the gate saw."""

    outcome: Outcome
    said: str
    effects: tuple[Effect, ...] = ()
    silent: tuple[str, ...] = ()
    """Remedies that cannot be undone or give rights and do not say what they risk (going back to a revision aside)."""


def approve_first(session: Session, result: Investigation, causes: int = 1) -> Repair:
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
                done = _approve(session, call, cause)
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


def _approve(session: Session, call: ToolCall, cause: Cause) -> list[Effect]:
    """Effects of what was done: none where the world is already as the call wants it."""
    why = Provenance(source=Source.DIAGNOSIS, session=session.context.session, why=cause.claim)
    try:
        proposal = session.gate.propose(call, session.context, session.approver, why)
    except NotFound:
        if call.tool != "delete_resource":
            raise
        return []
    if not proposal.preview.changes:
        return []
    if proposal.decision.answer.approvals:
        session.gate.approve(proposal.digest, session.approver)
    session.gate.execute(proposal.digest, session.context, original=call)
    return [proposal.effect]


def _named(cause: Cause) -> str:
    return f"{cause.kind} {cause.object.kind}/{cause.object.name}"
