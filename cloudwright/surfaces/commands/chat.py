"""`cloudwright` and `cloudwright chat`: the conversation in a terminal."""

import sys
from typing import Annotated, Any

import typer

from cloudwright.core.errors import UsageError
from cloudwright.surfaces.commands.options import (
    AsUser,
    BaseUrl,
    ContextName,
    Flags,
    Kubeconfig,
    ModelName,
    Namespace,
    NoModel,
    ReadOnly,
    Timeout,
    YesToWrites,
)


def register(app: typer.Typer) -> None:
    """Add the command of this module, and make it what runs when no command is given."""
    app.command("chat")(chat)
    app.callback(invoke_without_command=True)(default)


def default(ctx: typer.Context) -> None:
    """An assistant for people who run clouds: it finds out what is wrong, shows the evidence, and makes the change
    that you approve. Without a command it opens a chat.
    """
    if ctx.invoked_subcommand is None:
        open_chat({}, "", False)


def chat(
    resume: Annotated[
        str, typer.Option("--resume", help="Go on with the session of this name ('last' for the newest).")
    ] = "",
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
) -> None:
    """Talk in plain language; the session is kept and can be resumed."""
    flags = Flags(
        kubeconfig, context, namespace, as_user, timeout, read_only, None, "" if no_model else model, base_url
    )
    open_chat(flags.given(), resume, yes_to_writes)


def open_chat(flags: dict[str, Any], name: str, approve_writes: bool, greeting: str = "") -> None:
    """Open the chat.

    Raises:
        UsageError: there is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("A chat needs a terminal.", hint='In a pipe use `cloudwright ask "…"` or `cloudwright ask -`.')
    from cloudwright.surfaces.terminal.chat import chat as run

    run(flags, name, approve_writes=approve_writes, greeting=greeting)
