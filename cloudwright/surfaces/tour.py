"""A guided tour: an exchange that is played without a person, for pipes, documentation and first looks."""

from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from cloudwright import settings
from cloudwright.agents.answer import AskAnswer
from cloudwright.agents.language.understanding import Question
from cloudwright.core.answers import ProposalView
from cloudwright.surfaces import texts
from cloudwright.surfaces.assistant import Assistant, open_assistant
from cloudwright.surfaces.terminal.painting import Painter

APPROVE = {"decision": "approve"}
LEAVE = {"decision": "leave"}


def tour(flags: dict[str, Any], requests: Sequence[str], file: TextIO | None = None) -> None:
    """Ask these requests one after the other and approve the first change of each.

    After the first answer, `{cause}` in a request stands for the object that the diagnosis named first.

    Raises:
        CloudwrightError: the cluster cannot be reached.
    """
    painter = Painter(file, width=110)
    effective = settings.load(flags)
    with open_assistant(effective) as assistant:
        painter.say(f"{assistant.kit.context.place}; no person, no model: a guided tour.")
        cause = ""
        for request in requests:
            if "{cause}" in request and not cause:
                continue
            answer = _play(assistant, request.replace("{cause}", cause), painter)
            cause = cause or next((item.object.name for item in answer.causes), "")


def _play(assistant: Assistant, request: str, painter: Painter) -> AskAnswer:
    """One request with everything that a person would see."""
    painter.say(f"\n> {request}", "bold")
    talk = assistant.conversation
    waiting = talk.ask(request)
    shown = ""
    approved = False
    while waiting is not None:
        shown = _news(assistant, painter, shown)
        if waiting["kind"] == "question":
            waiting = talk.answer(_first(waiting, painter))
            continue
        view = ProposalView.of(assistant.kit.gate.ledger.record(waiting["digest"]))
        for line in _lines(view):
            painter.say(line)
        painter.say("[approve / deny / deny and say why / edit / show more]  " + ("leave" if approved else "approve"))
        waiting = talk.answer(LEAVE if approved else APPROVE)
        approved = True
    _news(assistant, painter, shown)
    return assistant.answer(None)


def _lines(view: ProposalView) -> Iterator[str]:
    yield ""
    yield from texts.proposal(view).splitlines()


def _first(waiting: dict[str, Any], painter: Painter) -> str:
    question = Question.model_validate(waiting["question"])
    painter.say(question.text)
    answer = question.options[0].label if question.options else "never mind"
    painter.say(f"? {answer}")
    return answer


def _news(assistant: Assistant, painter: Painter, shown: str) -> str:
    answer = str(assistant.conversation.state().get("answer", ""))
    news = answer[len(shown) :] if answer.startswith(shown) else answer
    if news.strip():
        painter.answer(news.strip("\n"))
    return answer
