"""What `ask` gives back: the family of answers, in the same shapes as `investigate`."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from cloudwright.agents.contribution import CallView, Contribution
from cloudwright.agents.grounding import CITATION
from cloudwright.agents.kit import Kit
from cloudwright.agents.language.understanding import Question
from cloudwright.agents.model.chat import Usage
from cloudwright.core.answers import Answer, CauseView, ProposalView, RuledOut
from cloudwright.core.errors import ExitCode
from cloudwright.core.evidence import IDS, Evidence
from cloudwright.core.proposal import State as Stands


class AskAnswer(Answer):
    """The outcome of one turn. `question` is what has to be answered first, `proposals` what waits or was decided."""

    kind: Literal["ask"] = "ask"
    answer: str
    question: Question | None = None
    evidence: tuple[Evidence, ...] = ()
    causes: tuple[CauseView, ...] = ()
    proposals: tuple[ProposalView, ...] = ()
    executed: tuple[ProposalView, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()
    gaps: tuple[str, ...] = ()
    calls: tuple[CallView, ...] = ()
    usage: Usage = Usage()
    session: str

    @property
    def exit_code(self) -> ExitCode:
        """6: it asks back; 4: something waits for approval; 5: a change was refused; 1: one, or every read, failed."""
        states = {item.state for item in self.proposals}
        if self.question is not None:
            return ExitCode.QUESTION
        if any(item.state is Stands.PENDING and item.policy == "refuse" for item in self.proposals):
            return ExitCode.REFUSED
        if states & {Stands.PENDING, Stands.APPROVED}:
            return ExitCode.APPROVAL_NEEDED
        if states & {Stands.DENIED, Stands.VOID}:
            return ExitCode.REFUSED
        nothing_worked = bool(self.calls) and all(call.error for call in self.calls)
        return ExitCode.FAILED if Stands.FAILED in states or nothing_worked else ExitCode.OK


def answer_of(state: dict[str, Any], waiting: dict[str, Any] | None, kit: Kit, session: str) -> AskAnswer:
    """The answer of the present turn, finished or waiting."""
    found = [Contribution.model_validate(item) for item in state.get("found", ())]
    views = [ProposalView.of(kit.gate.ledger.record(digest)) for digest in state.get("proposals", ())]
    question = None
    text = str(state.get("answer", ""))
    if waiting is not None and waiting["kind"] == "question":
        question = Question.model_validate(waiting["question"])
        text = "\n\n".join(part for part in (text, question.text) if part)
    return AskAnswer(
        answer=text,
        question=question,
        evidence=_cited(text, found, kit),
        causes=tuple(cause for item in found for cause in item.causes),
        proposals=tuple(views),
        executed=tuple(view for view in views if view.state is Stands.EXECUTED),
        ruled_out=tuple(item for one in found for item in one.ruled_out),
        gaps=_distinct(gap for one in found for gap in one.gaps),
        calls=tuple(call for one in found for call in one.calls),
        usage=Usage.model_validate(state.get("usage") or {}),
        session=session,
    )


def _cited(text: str, found: Sequence[Contribution], kit: Kit) -> tuple[Evidence, ...]:
    """Everything that the answer cites anywhere, and every call's own evidence, in the order in which it was minted."""
    ids = {call.evidence for item in found for call in item.calls}
    ids |= {name for group in CITATION.findall(text) for name in IDS.findall(group)}
    for item in found:
        ids |= {mark for cause in item.causes for mark in cause.evidence}
        ids |= {mark for ruled in item.ruled_out for mark in ruled.evidence}
    return tuple(item for item in kit.context.evidence.all() if item.id in ids)


def _distinct(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
