"""Running a call for a person or a program: reads answer, changes are shown, asked about, executed and verified."""

import json
import sys

import typer

from cloudwright.core.answers import ProposalAnswer, ProposalView, ToolResultAnswer
from cloudwright.core.approval import Answer
from cloudwright.core.errors import ExitCode, GateError
from cloudwright.core.masking import PLACEHOLDER
from cloudwright.core.proposal import Proposal, Provenance, Record, Source, State
from cloudwright.core.tool import Effect, ToolCall
from cloudwright.surfaces import texts
from cloudwright.surfaces.commands.output import print_answer
from cloudwright.surfaces.session import Session


def run_call(session: Session, call: ToolCall, source: Source = Source.USER, why: str = "") -> ExitCode:
    """Run a read and print its result, or propose a change and go on with `decide`."""
    settle(session)
    tool = session.gate.catalog.get(call.tool)
    effect = tool.aims_at(tool.parse(call.arguments), session.context).effect
    if effect is Effect.READ:
        observation = session.gate.read(call, session.context, session.approver)
        answer = ToolResultAnswer(
            tool=call.tool, result=observation.result.model_dump(mode="json"), evidence=observation.evidence
        )
        print_answer(answer, session.effective.settings.output, observation.result.render)
        return ExitCode.FAILED if observation.result.failure else ExitCode.OK
    provenance = Provenance(source=source, session=session.context.session, why=why)
    proposal = session.gate.propose(call, session.context, session.approver, provenance)
    return decide(session, proposal, call)


def decide(session: Session, proposal: Proposal, original: ToolCall | None = None) -> ExitCode:
    """Show a proposal; execute it if the policy allows or the person at the terminal says yes."""
    output = session.effective.settings.output
    view = ProposalView.of_proposal(proposal)
    if not proposal.preview.changes:
        print_answer(
            ProposalAnswer(proposal=view, hint="Nothing would change."), output, lambda: "Nothing would change."
        )
        return ExitCode.OK
    answer = proposal.decision.answer
    interactive = output == "text" and sys.stdin.isatty() and sys.stdout.isatty()
    if answer is Answer.AUTO:
        return execute(session, proposal, original)
    if interactive:
        typer.echo(texts.proposal(view))
    if answer is Answer.REFUSE or not interactive:
        hint = _hint(proposal)
        print_answer(
            ProposalAnswer(proposal=view, hint=hint),
            output,
            lambda: hint if interactive else f"{texts.proposal(view)}\n\n{hint}",
        )
        return ExitCode.REFUSED if answer is Answer.REFUSE else ExitCode.APPROVAL_NEEDED
    if not _says_yes(proposal):
        session.gate.deny(proposal.digest, session.approver, "not approved at the prompt")
        typer.echo("Denied; nothing was changed.")
        return ExitCode.REFUSED
    return approve_and_execute(session, proposal.digest, original)


def approve_and_execute(session: Session, digest: str, original: ToolCall | None = None) -> ExitCode:
    """Record this person's yes and execute, if that is enough."""
    record = session.gate.approve(digest, session.approver)
    missing = record.proposal.decision.answer.approvals - len(record.approvals)
    if missing > 0:
        hint = f"A second identity must approve {record.proposal.id} too."
        print_answer(
            ProposalAnswer(proposal=ProposalView.of(record), hint=hint), session.effective.settings.output, lambda: hint
        )
        return ExitCode.APPROVAL_NEEDED
    if record.proposal.place != session.context.place:
        hint = f"Approved. {record.proposal.proposed_by} executes it with `cloudwright approve {record.proposal.id}`."
        print_answer(
            ProposalAnswer(proposal=ProposalView.of(record), hint=hint), session.effective.settings.output, lambda: hint
        )
        return ExitCode.APPROVAL_NEEDED
    return execute(session, record.proposal, original)


def execute(session: Session, proposal: Proposal, original: ToolCall | None = None) -> ExitCode:
    """Execute an approved proposal and print what came of it."""
    outcome = session.gate.execute(proposal.digest, session.context, original=original)
    record = session.gate.ledger.record(proposal.digest)
    answer = ProposalAnswer(proposal=ProposalView.of(record))
    print_answer(
        answer, session.effective.settings.output, lambda: texts.outcome(outcome.result.render(), answer.proposal)
    )
    return ExitCode.FAILED if record.state is State.FAILED else ExitCode.OK


def settle(session: Session) -> list[Record]:
    """Settle executions that a crash left open, and say so on stderr."""
    settled = session.gate.recover(session.context)
    for record in settled:
        typer.echo(f"Settled {record.proposal.id} ({record.proposal.preview.summary}): {record.summary}", err=True)
    return settled


def _hint(proposal: Proposal) -> str:
    if proposal.decision.answer is Answer.REFUSE:
        reason = f" ({proposal.decision.reason})" if proposal.decision.reason else ""
        return f"Refused by policy rule {proposal.decision.rule!r}{reason}; nothing was changed."
    name = proposal.id
    if has_unkept_secret(proposal):
        return (
            "Nothing was changed yet. This change holds a secret that you typed and that is not kept on disk, so"
            " `cloudwright approve` in another process cannot do it: run the same command in a terminal and say yes"
            f" there. `cloudwright deny {name}` drops this one."
        )
    return (
        f"Nothing was changed yet. `cloudwright approve {name}` does exactly this; `cloudwright deny {name}` drops it."
    )


def has_unkept_secret(proposal: Proposal) -> bool:
    """Whether the arguments hold a secret that only the proposing process knows: it can be read again from nowhere."""
    marks = PLACEHOLDER.findall(json.dumps(dict(proposal.call.arguments)))
    return any(mark not in proposal.origins for mark in marks)


def _says_yes(proposal: Proposal) -> bool:
    word = "yes" if proposal.effect is Effect.WRITE else proposal.digest[:6]
    try:
        given = typer.prompt(
            f"Type {word!r} to do exactly this; anything else is a no", default="no", show_default=False
        )
    except (typer.Abort, GateError):
        return False
    return str(given).strip() == word
