"""What one specialist brings home."""

from collections.abc import Mapping
from typing import Protocol

from pydantic import JsonValue

from cloudwright.agents.language.understanding import Intent, Question
from cloudwright.agents.model.chat import Usage
from cloudwright.core.answers import CauseView, RuledOut
from cloudwright.core.refs import Frozen, ObjectRef
from cloudwright.core.tool import ToolCall


class Task(Frozen):
    """One thing to look into: the user's words, what was understood of them, and what earlier turns said."""

    request: str
    intent: Intent
    history: tuple[str, ...] = ()
    """Earlier turns in short, oldest first; evidence ids and what was decided are kept."""
    user_words: tuple[str, ...] = ()
    """Everything the user said in this session, for telling the user's ideas from those of texts."""
    turn: str = ""
    """Names this turn; a change proposed twice in it (after a crash) is one proposal."""


class CallView(Frozen):
    """One tool call that was made, with the evidence or the error that came of it.

    `failure` is the error's name in the error tree, such as NotFound.
    """

    tool: str
    arguments: Mapping[str, JsonValue]
    evidence: str = ""
    error: str = ""
    failure: str = ""
    seconds: float = 0.0


class Contribution(Frozen):
    """What a specialist found: text that cites evidence as `[e3]`, causes, wanted changes, what it could not see.

    `changes` are calls still to be proposed; `proposals` digests of those that the specialist proposed itself; `broken`
    says that the text is what came before a failure; `question` is what the person has to answer first.
    """

    specialist: str
    text: str = ""
    broken: bool = False
    question: Question | None = None
    causes: tuple[CauseView, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()
    gaps: tuple[str, ...] = ()
    calls: tuple[CallView, ...] = ()
    changes: tuple[ToolCall, ...] = ()
    proposals: tuple[str, ...] = ()
    objects: tuple[ObjectRef, ...] = ()
    listed: tuple[ObjectRef, ...] = ()
    usage: Usage = Usage()
    notes: tuple[str, ...] = ()


class Specialist(Protocol):
    """One expert. A model loop, a rule procedure and a solver look alike to the supervisor."""

    @property
    def name(self) -> str:
        """A word."""
        ...

    @property
    def handles(self) -> str:
        """One sentence: what to ask it. The supervisor routes by it."""
        ...

    def investigate(self, task: Task) -> Contribution:
        """Look into it. Never raises for what a tool or model could not do: that is a gap."""
        ...
