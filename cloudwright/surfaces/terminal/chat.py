"""The chat loop: read a line, work on it, show the answer, take decisions; until the person leaves."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory

from cloudwright import settings
from cloudwright.agents.language.understanding import Question
from cloudwright.agents.sessions import new_name
from cloudwright.core.answers import ProposalView
from cloudwright.core.errors import CloudwrightError
from cloudwright.settings import Effective
from cloudwright.surfaces.assistant import Assistant, open_assistant
from cloudwright.surfaces.terminal import menu, slash
from cloudwright.surfaces.terminal.completion import ChatCompleter
from cloudwright.surfaces.terminal.painting import Painter
from cloudwright.surfaces.terminal.progress import Progress
from cloudwright.tools.kubernetes.port_forward import close_tunnels


def chat(flags: dict[str, Any], name: str = "", *, approve_writes: bool = False, greeting: str = "") -> None:
    """Run the chat until the person leaves; tunnels that it opened end with it.

    `flags` are settings that were given on the command line.

    Raises:
        CloudwrightError: the cluster cannot be reached at the start.
    """
    try:
        _serve(flags, name, approve_writes, greeting)
    finally:
        close_tunnels()


def _serve(flags: dict[str, Any], name: str, approve_writes: bool, greeting: str) -> None:
    painter = Painter()
    progress = Progress(painter.console)
    name = name or new_name()
    while name:
        effective = settings.load(flags)
        with open_assistant(effective, name, approve_writes=approve_writes, tell=progress.tell) as assistant:
            room = Room(assistant, painter, progress, effective)
            room.run(greeting)
            greeting = ""
            asked = dict(room.desk.reopen)
            name = "" if room.desk.leave else asked.pop("session", assistant.conversation.name)
            flags = {**flags, **asked}


class Room:
    """One connection's worth of chat."""

    def __init__(self, assistant: Assistant, painter: Painter, progress: Progress, effective: Effective) -> None:
        self.desk = slash.Desk(assistant, painter, {})
        self._painter = painter
        self._progress = progress
        state = effective.settings.state_path
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._prompt: PromptSession[str] = PromptSession(
            history=FileHistory(str(Path(state) / "history.txt")),
            completer=ChatCompleter(self._names),
            complete_while_typing=False,
            enable_history_search=True,
        )

    def run(self, greeting: str) -> None:
        """Serve lines until the person leaves or wants another connection."""
        self._greet(greeting)
        self._guard(self._take_up)
        while not self.desk.leave and not self.desk.reopen:
            try:
                line = self._prompt.prompt(self._label()).strip()
            except KeyboardInterrupt:
                continue
            except EOFError:
                self.desk.leave = True
                return
            if line:
                self._guard(partial(self._line, line))

    def _line(self, line: str) -> None:
        if line.startswith("/"):
            request = slash.run(self.desk, line)
            if request is None:
                return
            line = request
        talk = self.desk.assistant.conversation
        with self._progress.shown():
            waiting = talk.ask(line)
        self._serve(waiting)

    def _serve(self, waiting: dict[str, Any] | None) -> None:
        """Take decisions until the turn is over, then show its end."""
        talk = self.desk.assistant.conversation
        shown = ""
        while waiting is not None:
            shown = self._show_news(shown)
            given = self._decision(waiting)
            with self._progress.shown():
                waiting = talk.answer(given)
        self._show_news(shown)
        self.desk.usage += self.desk.assistant.answer(None).usage

    def _show_news(self, shown: str) -> str:
        """Print what the answer has gained since it was last shown."""
        answer = str(self.desk.assistant.conversation.state().get("answer", ""))
        news = answer[len(shown) :] if answer.startswith(shown) else answer
        if news.strip():
            self._painter.answer(news.strip("\n"))
        return answer

    def _decision(self, waiting: dict[str, Any]) -> object:
        if waiting["kind"] == "question":
            return menu.choose(Question.model_validate(waiting["question"]), self._painter, self._ask)
        record = self.desk.assistant.kit.gate.ledger.record(waiting["digest"])
        return menu.decide(ProposalView.of(record), self._painter, self._ask)

    def _ask(self, label: str, default: str) -> str:
        return PromptSession[str]().prompt(label, default=default)

    def _take_up(self) -> None:
        """Go on where an earlier process stopped."""
        talk = self.desk.assistant.conversation
        if talk.unfinished():
            self._painter.say("Going on where this session stopped.")
            with self._progress.shown():
                waiting = talk.go_on()
            self._serve(waiting)
        elif (waiting := talk.waiting()) is not None:
            self._painter.say("This session waits for you.")
            self._serve(waiting)

    def _guard(self, work: Callable[[], None]) -> None:
        """Run a piece of work; Ctrl-C and errors end it and keep the session."""
        try:
            work()
        except KeyboardInterrupt:
            self._painter.say("Stopped. The session is kept.", "yellow")
        except EOFError:
            self._painter.say("Left waiting.", "yellow")
        except CloudwrightError as error:
            self._painter.say(str(error), "red")

    def _greet(self, greeting: str) -> None:
        kit = self.desk.assistant.kit
        if greeting:
            self._painter.say(greeting)
        model = kit.model.name if kit.model else "no model (rules and checks answer)"
        self._painter.say(f"{kit.context.place}; {model}; session {self.desk.assistant.conversation.name}.", "dim")
        self._painter.say("Ask away; /help lists commands, Ctrl-D leaves.", "dim")

    def _label(self) -> FormattedText:
        place = self.desk.assistant.kit.context.place
        return FormattedText([("ansicyan", f"{place.context or 'cluster'}/{place.namespace}"), ("", "> ")])

    def _names(self) -> Iterable[str]:
        kit = self.desk.assistant.kit
        return kit.reader.names(kit.context)
