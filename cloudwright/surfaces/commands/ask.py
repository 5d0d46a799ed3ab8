"""`cloudwright ask`: one request (or several lines of them), answered once."""

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from cloudwright.core.errors import ExitCode, UsageError
from cloudwright.surfaces.commands.options import (
    AsUser,
    BaseUrl,
    ContextName,
    Flags,
    Kubeconfig,
    ModelName,
    Namespace,
    NoModel,
    Output,
    ReadOnly,
    Timeout,
    YesToWrites,
)
from cloudwright.surfaces.commands.output import print_answer, read_text

if TYPE_CHECKING:
    from cloudwright.agents.answer import AskAnswer
    from cloudwright.surfaces.assistant import Assistant


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(ask)


def ask(
    request: Annotated[
        list[str] | None, typer.Argument(help="What you want to know or have done; @FILE or - for several lines.")
    ] = None,
    session: Annotated[str | None, typer.Option(help="Start or continue the session of this name.")] = None,
    model: ModelName = None,
    base_url: BaseUrl = None,
    no_model: NoModel = False,
    yes_to_writes: YesToWrites = False,
    kubeconfig: Kubeconfig = None,
    context: ContextName = None,
    namespace: Namespace = None,
    as_user: AsUser = None,
    timeout: Timeout = None,
    read_only: ReadOnly = None,
    output: Output = None,
) -> int:
    """Answer one request; several lines are one session. A change is previewed and waits for `cloudwright approve`."""
    requests = _requests(request)
    from cloudwright import settings
    from cloudwright.surfaces.assistant import open_assistant

    flags = Flags(
        kubeconfig, context, namespace, as_user, timeout, read_only, output, "" if no_model else model, base_url
    )
    effective = settings.load(flags.given())
    code = ExitCode.OK
    with open_assistant(effective, session or "", approve_writes=yes_to_writes) as assistant:
        for text in requests:
            answer = _turn(assistant, text)
            print_answer(answer, effective.settings.output, partial(as_text, answer))
            code = answer.exit_code if answer.exit_code is not ExitCode.OK else code
    return int(code)


def as_text(answer: "AskAnswer") -> str:
    """An answer for people: the text, what to choose from, what waits for a yes."""
    from cloudwright.core.proposal import State
    from cloudwright.surfaces import texts

    parts = [answer.answer]
    if answer.question is not None:
        parts += [f"  {number}. {option.label}" for number, option in enumerate(answer.question.options, 1)]
    for view in answer.proposals:
        if view.state in (State.PENDING, State.APPROVED):
            parts += [
                "",
                texts.proposal(view),
                "",
                f"Nothing was changed yet. `cloudwright approve {view.id}` does it.",
            ]
    return "\n".join(part for part in parts if part is not None).strip()


def _turn(assistant: "Assistant", text: str) -> "AskAnswer":
    """One request to its end; approvals are left to `cloudwright approve`, an open question takes the next line."""
    talk = assistant.conversation
    waiting = talk.waiting()
    if waiting is not None and waiting["kind"] == "question":
        waiting = talk.answer(text)
    else:
        while waiting is not None:
            waiting = talk.answer({"decision": "leave"})
        if talk.unfinished():
            waiting = talk.go_on()
        waiting = talk.ask(text)
    while waiting is not None and waiting["kind"] == "approval":
        waiting = talk.answer({"decision": "leave"})
    return assistant.answer(waiting)


def _requests(given: list[str] | None) -> list[str]:
    if given:
        joined = " ".join(given)
        text = read_text(joined) if joined == "-" or joined.startswith("@") else joined
    elif not sys.stdin.isatty():
        text = sys.stdin.read()
    else:
        raise UsageError("There is no request.", hint='Try: cloudwright ask "what is wrong?"')
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise UsageError("The request is empty.", hint='Try: cloudwright ask "what is wrong?"')
    return lines
