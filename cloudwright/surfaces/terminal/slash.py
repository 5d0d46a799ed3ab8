"""The commands of the chat that begin with a slash."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cloudwright.agents.model.chat import Usage
from cloudwright.agents.sessions import new_name, sessions
from cloudwright.core.answers import ProposalView, ToolView
from cloudwright.core.errors import CloudwrightError, UsageError
from cloudwright.surfaces import texts
from cloudwright.surfaces.assistant import Assistant, reopened
from cloudwright.surfaces.terminal.painting import Painter


@dataclass
class Desk:
    """What a command may look at and change: the assistant on its session, the screen, settings to open anew with."""

    assistant: Assistant
    painter: Painter
    reopen: dict[str, str]
    """Settings that ask for another connection or model; the chat opens anew when there are any."""
    usage: Usage = field(default_factory=Usage)
    leave: bool = False


@dataclass(frozen=True)
class Slash:
    """One command."""

    name: str
    help: str
    run: Callable[[Desk, str], str | None]
    """Takes the words after the command; a returned text is asked as a request."""


def _help(desk: Desk, _words: str) -> None:
    desk.painter.say("Ask in plain language, for example: what is wrong?  why is cart failing?  scale cart to 3")
    for item in SLASHES:
        desk.painter.say(f"  /{item.name:<10} {item.help}")


def _tools(desk: Desk, words: str) -> None:
    catalog = desk.assistant.kit.gate.catalog
    views = [ToolView.of(catalog.get(words))] if words else [ToolView.of(tool) for tool in catalog]
    desk.painter.say(texts.tool(views[0]) if words else texts.catalog(views))


def _evidence(desk: Desk, words: str) -> None:
    log = desk.assistant.kit.context.evidence
    log.restore(desk.assistant.conversation.evidence())
    if not words:
        rows = [
            f"{item.id}  {item.taken_at:%H:%M:%S}  {item.tool} {json.dumps(dict(item.arguments))}" for item in log.all()
        ]
        desk.painter.say("\n".join(rows) or "none yet")
        return
    item = log.get(words if words.startswith("e") else f"e{words}")
    if item is None:
        raise UsageError(f"There is no evidence {words}.", hint="/evidence lists what there is.")
    desk.painter.say(
        f"{item.id}: {item.tool} {json.dumps(dict(item.arguments))} at {texts.when(item.taken_at)}", "bold"
    )
    desk.painter.say(item.excerpt)


def _history(desk: Desk, words: str) -> None:
    ledger = desk.assistant.kit.gate.ledger
    if words:
        desk.painter.say(texts.history_entry(ProposalView.of(ledger.record(words))))
        return
    mine = [item for item in ledger.records() if item.proposal.provenance.session == desk.assistant.conversation.name]
    desk.painter.say(texts.proposals([ProposalView.of(item) for item in mine]))


def _undo(_desk: Desk, words: str) -> str:
    return f"undo {words}".strip()


def _place(setting: str) -> Callable[[Desk, str], None]:
    def run(desk: Desk, words: str) -> None:
        if words:
            desk.reopen[setting] = words
        else:
            desk.painter.say(str(desk.assistant.kit.context.place))

    return run


def _model(desk: Desk, words: str) -> None:
    if words:
        desk.reopen["model"] = "" if words in ("none", "off") else words
        return
    model = desk.assistant.kit.model
    desk.painter.say(model.name if model else "none: questions are answered by rules")


def _sessions(desk: Desk, words: str) -> None:
    if words:
        desk.assistant = reopened(desk.assistant, words)
        desk.reopen["session"] = words
        return
    for view in sessions(desk.assistant.graph, desk.assistant.saver):
        mark = "*" if view.name == desk.assistant.conversation.name else " "
        waits = "  (waits for you)" if view.waiting else ""
        desk.painter.say(f"{mark} {view.name}  {view.turns} turns  {view.first}{waits}")


def _fork(desk: Desk, words: str) -> None:
    talk = desk.assistant.conversation
    turn = int(words) if words.isdigit() else len(talk.turns())
    name = new_name()
    talk.fork(turn, name)
    desk.reopen["session"] = name
    desk.painter.say(f"Forked after turn {turn} into session {name}.")


def _cost(desk: Desk, _words: str) -> None:
    used = desk.usage
    money = f", cost {used.cost:.4f}" if used.cost else ""
    desk.painter.say(f"{used.requests} model requests, {used.input_tokens} tokens in, {used.output_tokens} out{money}")


def _export(desk: Desk, words: str) -> None:
    path = Path(words or f"cloudwright-{desk.assistant.conversation.name}.md")
    try:
        path.write_text(desk.assistant.conversation.markdown())
    except OSError as error:
        raise CloudwrightError(f"{path} cannot be written: {error.strerror}.") from None
    desk.painter.say(f"Written to {path}.")


def _quit(desk: Desk, _words: str) -> None:
    desk.leave = True


SLASHES: tuple[Slash, ...] = (
    Slash("help", "this list", _help),
    Slash("tools", "the catalogue, or one tool: /tools scale_workload", _tools),
    Slash("evidence", "what was seen, or one piece of it: /evidence 3", _evidence),
    Slash("history", "changes of this session, or one: /history ID", _history),
    Slash("undo", "take the last change back, or one: /undo ID", _undo),
    Slash("context", "where we are, or go elsewhere: /context NAME", _place("context")),
    Slash("namespace", "where we are, or go elsewhere: /namespace NAME", _place("namespace")),
    Slash("model", "which model, or another: /model NAME, /model none", _model),
    Slash("sessions", "kept sessions, or open one: /sessions NAME", _sessions),
    Slash("fork", "a new session from here, or from a turn: /fork 2", _fork),
    Slash("cost", "tokens and money of this session", _cost),
    Slash("export", "the conversation as Markdown: /export FILE", _export),
    Slash("quit", "leave; the session is kept", _quit),
)


def run(desk: Desk, line: str) -> str | None:
    """Run one slash command; a returned text is asked as a request.

    Raises:
        UsageError: there is no such command.
    """
    name, _, words = line[1:].partition(" ")
    found = next((item for item in SLASHES if item.name == name), None)
    if found is None:
        raise UsageError(f"There is no command /{name}.", hint="/help lists them.")
    return found.run(desk, words.strip())
