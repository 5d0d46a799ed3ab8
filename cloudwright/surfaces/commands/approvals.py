"""`pending`, `approve`, `deny`, `history`, `undo`: what waits for a yes, and what became of it."""

from pathlib import Path
from typing import Annotated

import typer

from cloudwright.core.errors import ExitCode, Refused
from cloudwright.surfaces.commands.options import AsUser, ContextName, Flags, Kubeconfig, Output, Timeout
from cloudwright.surfaces.commands.output import print_answer

Digest = Annotated[str, typer.Argument(help="Digest of the proposal, or its first six digits or more.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(pending)
    app.command()(approve)
    app.command()(deny)
    app.command()(history)
    app.command()(undo)


def pending(output: Output = None) -> None:
    """List the changes that wait for a yes, whoever proposed them."""
    from cloudwright import settings
    from cloudwright.core.answers import ProposalsAnswer, ProposalView
    from cloudwright.surfaces import texts
    from cloudwright.surfaces.session import open_gate

    effective = settings.load({"output": output} if output else {})
    records = open_gate(effective).ledger.pending()
    answer = ProposalsAnswer(proposals=tuple(ProposalView.of(record) for record in records))
    print_answer(answer, effective.settings.output, lambda: texts.proposals(answer.proposals))


def approve(
    digest: Digest,
    kubeconfig: Kubeconfig = None,
    context: ContextName = None,
    as_user: AsUser = None,
    timeout: Timeout = None,
    output: Output = None,
) -> int:
    """Say yes to exactly this change, and do it, once; refuses if what it touches has moved."""
    from cloudwright.surfaces.changes import approve_and_execute, settle
    from cloudwright.surfaces.reopen import session_for

    session, record = session_for(digest, Flags(kubeconfig, context, None, as_user, timeout, None, output))
    settle(session)
    return int(approve_and_execute(session, record.proposal.digest))


def deny(
    digest: Digest,
    why: Annotated[str, typer.Option("--why", help="Reason, kept in the journal.")] = "",
    output: Output = None,
) -> int:
    """Say no to this change, for good."""
    from cloudwright import settings
    from cloudwright.core.answers import ProposalAnswer, ProposalView
    from cloudwright.core.approval import Approver
    from cloudwright.surfaces.session import account, open_gate

    effective = settings.load({"output": output} if output else {})
    record = open_gate(effective).deny(digest, Approver(identity=account(), via="terminal"), why)
    print_answer(
        ProposalAnswer(proposal=ProposalView.of(record)),
        effective.settings.output,
        lambda: f"Denied {record.proposal.id}; nothing was changed.",
    )
    return int(ExitCode.OK)


def history(
    change: Annotated[str | None, typer.Argument(help="One change, by its id.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Check the journal's hash chain.")] = False,
    head: Annotated[str | None, typer.Option(help="A head printed by an earlier --verify: NUMBER:HASH.")] = None,
    output: Output = None,
) -> int:
    """Show what was done, by whom, why and with which evidence; --verify checks that nobody edited the record."""
    from cloudwright import settings
    from cloudwright.core.answers import ProposalAnswer, ProposalsAnswer, ProposalView
    from cloudwright.surfaces import texts
    from cloudwright.surfaces.session import open_gate

    effective = settings.load({"output": output} if output else {})
    wanted = effective.settings.output
    if verify or head:
        return _verify(effective.settings.journal_path, head, wanted)
    ledger = open_gate(effective).ledger
    if change is not None:
        view = ProposalView.of(ledger.record(change))
        print_answer(ProposalAnswer(proposal=view), wanted, lambda: texts.history_entry(view))
        return int(ExitCode.OK)
    answer = ProposalsAnswer(proposals=tuple(ProposalView.of(record) for record in ledger.records()))
    print_answer(answer, wanted, lambda: texts.proposals(answer.proposals))
    return int(ExitCode.OK)


def undo(
    change: Annotated[str, typer.Argument(help="Id of the change to take back.")],
    kubeconfig: Kubeconfig = None,
    context: ContextName = None,
    as_user: AsUser = None,
    timeout: Timeout = None,
    output: Output = None,
) -> int:
    """Take a change back, as a change of its own: previewed, approved, journalled."""
    from cloudwright.core.proposal import Source, State
    from cloudwright.core.tool import Irreversible
    from cloudwright.surfaces.changes import run_call
    from cloudwright.surfaces.reopen import session_for

    session, record = session_for(change, Flags(kubeconfig, context, None, as_user, timeout, None, output))
    name = record.proposal.id
    if record.state not in (State.EXECUTED, State.FAILED):
        raise Refused(f"{name} is {record.state}; only a change that was executed can be undone.")
    plan = record.undo or record.proposal.undo
    if isinstance(plan, Irreversible):
        raise Refused(f"{name} cannot be undone: {plan.reason}.")
    return int(run_call(session, plan.call, Source.UNDO, f"undo of {name}: {record.proposal.preview.summary}"))


def _verify(path: Path, head: str | None, output: str) -> int:
    from cloudwright.core.answers import ChainAnswer
    from cloudwright.core.journal import Head, Journal
    from cloudwright.surfaces import texts

    report = Journal(path).verify(Head.parse(head) if head else None)
    print_answer(ChainAnswer(report=report), output, lambda: texts.chain(report))
    return int(ExitCode.PROBLEMS if report.problems else ExitCode.OK)
