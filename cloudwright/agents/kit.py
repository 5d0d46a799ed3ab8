"""Everything that the nodes of the graph work with and that no checkpoint holds: clients, gate, model, callbacks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cloudwright.agents.budget import Limits
from cloudwright.agents.language.understanding import Memory, Understanding
from cloudwright.agents.model.chat import ChatModel
from cloudwright.core.answers import CauseView, RuledOut
from cloudwright.core.approval import Approver
from cloudwright.core.context import Context
from cloudwright.core.gate import Gate
from cloudwright.core.refs import Frozen, ObjectRef
from cloudwright.core.tool import ToolCall


class Event(Frozen):
    """Something that a person may want to see while it happens.

    `tool` begins or ends a call (`text` is its summary), `text` is a piece of an answer, `note` a plain sentence.
    """

    kind: str
    text: str
    tool: str = ""
    done: bool = False


class Reader(Protocol):
    """Understands requests: `agents.language` by rules, over the cluster's own words."""

    def understand(self, request: str, memory: Memory, context: Context) -> Understanding:
        """What the request asks for."""
        ...

    def names(self, context: Context) -> Sequence[str]:
        """Names of live objects, for completion; whatever is known without asking the cluster."""
        ...


class Diagnosed(Frozen):
    """What a diagnosis found, as answers show it, with the text for people."""

    text: str
    causes: tuple[CauseView, ...] = ()
    elsewhere: tuple[CauseView, ...] = ()
    """What else is broken, where nothing was found at the objects that were asked about."""
    ruled_out: tuple[RuledOut, ...] = ()
    gaps: tuple[str, ...] = ()
    evidence: str = ""
    """Id of the snapshot's evidence."""


class Diagnoser(Protocol):
    """Finds causes without a model."""

    def diagnose(self, about: tuple[ObjectRef, ...], context: Context) -> Diagnosed:
        """Causes of what ails these objects (or anything, where none are given)."""
        ...


def _ignore(_event: Event) -> None:
    return None


@dataclass(frozen=True)
class Kit:
    """The parts of one process; made by a surface and handed to the graph.

    `approve_writes` answers `ask` for undoable writes that the user's own words ask for, and nothing else.
    """

    gate: Gate
    context: Context
    approver: Approver
    reader: Reader
    diagnoser: Diagnoser
    model: ChatModel | None = None
    limits: Limits = field(default_factory=Limits)
    approve_writes: bool = False
    tell: Callable[[Event], None] = _ignore
    originals: dict[str, ToolCall] = field(default_factory=dict)
    """Digest → the call with its secrets, for this process alone."""
