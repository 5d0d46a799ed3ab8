"""Sessions: kept in checkpoints, listed, resumed, forked at any turn, exported."""

import json
import os
import re
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.types import Command, StateSnapshot

from cloudwright.agents.graph import Graph
from cloudwright.agents.reporting import short
from cloudwright.core.errors import ConfigError, NotFound, UsageError
from cloudwright.core.evidence import Evidence
from cloudwright.core.refs import Frozen

Saver = BaseCheckpointSaver[Any]
"""Where checkpoints are kept."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class Turn(Frozen):
    """One exchange of a session, as exported."""

    request: str
    answer: str


class SessionView(Frozen):
    """One kept session: how many turns, how it began, and whether it waits for a decision."""

    name: str
    turns: int
    first: str
    waiting: bool


@contextmanager
def checkpointer(place: str, directory: Path) -> Iterator[Saver]:
    """Where sessions are kept: a PostgreSQL address, or a SQLite file in the directory.

    Raises:
        ConfigError: the place cannot be used.
    """
    os.environ["LANGSMITH_TRACING"] = os.environ["LANGCHAIN_TRACING_V2"] = "false"
    if place:
        with _postgres(place) as saver:
            yield saver
        return
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(directory / "sessions.sqlite", check_same_thread=False, timeout=30)
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(f"Sessions cannot be kept in {directory}: {error}.") from None
    try:
        saver = SqliteSaver(connection)
        saver.setup()
        yield saver
    finally:
        connection.close()


@contextmanager
def _postgres(address: str) -> Iterator[Saver]:
    try:
        from langgraph.checkpoint.postgres import PostgresSaver
        from psycopg import OperationalError
    except ImportError:
        raise ConfigError(
            "Sessions in PostgreSQL need an extra package.", hint="pip install 'cloudwright[postgres]'"
        ) from None
    try:
        with PostgresSaver.from_conn_string(address) as saver:
            saver.setup()
            yield saver
    except OperationalError as error:
        first = str(error).splitlines()[0]
        raise ConfigError(f"The database for sessions cannot be reached: {first}.") from None


def new_name() -> str:
    """A name for a new session."""
    return secrets.token_hex(4)


def checked_name(name: str) -> str:
    """The name, if it may name a session.

    Raises:
        UsageError: it has other characters than letters, digits, dot, dash and underscore, or is too long.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot name a session.", hint="Use letters, digits, dots, dashes and underscores.")
    return name


class Conversation:
    """One session on the graph."""

    def __init__(self, graph: Graph, name: str) -> None:
        self._graph = graph
        self.name = checked_name(name)

    @property
    def config(self) -> RunnableConfig:
        """What langgraph knows the session by."""
        return {"configurable": {"thread_id": self.name}, "recursion_limit": 200}

    def state(self) -> dict[str, Any]:
        """The state as of now; empty for a new session."""
        return dict(self._graph.get_state(self.config).values)

    def waiting(self) -> dict[str, Any] | None:
        """What the session waits for: a question or an approval, or None."""
        snapshot = self._graph.get_state(self.config)
        found = [item.value for item in snapshot.interrupts]
        return dict(found[0]) if found else None

    def unfinished(self) -> bool:
        """Whether a crash stopped the session in the middle of a turn."""
        snapshot = self._graph.get_state(self.config)
        return bool(snapshot.next) and not snapshot.interrupts

    def ask(self, request: str) -> dict[str, Any] | None:
        """Begin a turn; returns what the session now waits for, or None when the turn is over."""
        self._graph.invoke({"request": request}, self.config, durability="sync")
        return self.waiting()

    def answer(self, value: object) -> dict[str, Any] | None:
        """Give what the session waits for: an answer to a question, or a decision; any JSON value.

        It travels as text, because langgraph gives dicts and None a meaning of their own.
        """
        self._graph.invoke(Command(resume=json.dumps(value)), self.config, durability="sync")
        return self.waiting()

    def go_on(self) -> dict[str, Any] | None:
        """Finish a turn that a crash stopped; finished steps are not repeated."""
        self._graph.invoke(None, self.config, durability="sync")
        return self.waiting()

    def fork(self, turn: int, name: str) -> "Conversation":
        """A new session that begins as this one was after `turn` turns (0: empty).

        Raises:
            NotFound: the session never had so many turns.
        """
        snapshot = self._after(turn)
        other = Conversation(self._graph, name)
        if snapshot is not None:
            self._graph.update_state(other.config, snapshot.values, as_node="finish")
        return other

    def _after(self, turn: int) -> StateSnapshot | None:
        if turn == 0:
            return None
        for snapshot in self._graph.get_state_history(self.config):
            if not snapshot.next and len(snapshot.values.get("turns", ())) == turn:
                return snapshot
        raise NotFound(f"Session {self.name} has no turn {turn}.")

    def evidence(self) -> tuple[Evidence, ...]:
        """What was seen up to the last step that was kept, oldest first."""
        return tuple(Evidence.model_validate(item) for item in self.state().get("evidence", ()))

    def turns(self) -> tuple[Turn, ...]:
        """The finished turns, oldest first."""
        return tuple(Turn(request=turn["request"], answer=turn["answer"]) for turn in self.state().get("turns", ()))

    def markdown(self) -> str:
        """The conversation as a document."""
        parts = [f"# Session {self.name}"]
        for turn in self.turns():
            parts += [f"## {turn.request}", turn.answer]
        return "\n\n".join(parts) + "\n"


def sessions(graph: Graph, saver: Saver) -> list[SessionView]:
    """All kept sessions, by name."""
    names = sorted({str(item.config["configurable"]["thread_id"]) for item in saver.list(None)})
    views = []
    for name in names:
        snapshot = graph.get_state({"configurable": {"thread_id": name}})
        turns = snapshot.values.get("turns", ())
        first = short(turns[0])[2:80] if turns else str(snapshot.values.get("request", ""))[:78]
        views.append(SessionView(name=name, turns=len(turns), first=first, waiting=bool(snapshot.interrupts)))
    return views
