"""Assembling the assistant: session, reader, diagnoser, model and graph; used by `ask` and the chat alike."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from cloudwright.agents.answer import AskAnswer, answer_of
from cloudwright.agents.budget import Limits
from cloudwright.agents.cloud_reader import CloudReader, NoWords
from cloudwright.agents.diagnosing import LiveDiagnoser
from cloudwright.agents.graph import Graph, build
from cloudwright.agents.kit import Event, Kit
from cloudwright.agents.language.reader import RuleReader
from cloudwright.agents.model.chat import ChatModel
from cloudwright.agents.sessions import Conversation, Saver, checkpointer, new_name
from cloudwright.core.catalog import Catalog
from cloudwright.core.context import Context
from cloudwright.settings import Effective, Settings
from cloudwright.surfaces.session import CLOUD, open_any
from cloudwright.tools.catalog import cluster_tools


@dataclass(frozen=True)
class Assistant:
    """A running assistant on one session."""

    kit: Kit
    graph: Graph
    saver: Saver
    conversation: Conversation

    def answer(self, waiting: dict[str, Any] | None) -> AskAnswer:
        """The present turn as an answer."""
        return answer_of(self.conversation.state(), waiting, self.kit, self.conversation.name)


@contextmanager
def open_assistant(
    effective: Effective,
    name: str = "",
    *,
    approve_writes: bool = False,
    tell: Callable[[Event], None] = lambda _event: None,
) -> Iterator[Assistant]:
    """Connect, assemble, and open (or begin) the session of this name.

    Raises:
        CloudwrightError: no cluster can be reached, or a setting cannot be used.
    """
    settings = effective.settings
    name = name or new_name()
    session = open_any(effective, name)
    session.gate.recover(session.context)
    kit = Kit(
        gate=session.gate,
        context=session.context,
        approver=session.approver,
        reader=reader_for(session.context),
        diagnoser=LiveDiagnoser(),
        model=model_of(settings),
        limits=Limits(settings.max_steps, settings.max_seconds, settings.max_tokens, settings.max_cost),
        approve_writes=approve_writes,
        tell=tell,
    )
    with checkpointer(settings.checkpoints, settings.state_path) as saver:
        graph = build(kit, saver)
        conversation = Conversation(graph, name)
        kit.context.evidence.restore(conversation.evidence())
        yield Assistant(kit, graph, saver, conversation)


def reader_for(context: Context) -> CloudReader:
    """The reader of requests: what is about an AWS account comes first, the rest is read against the cluster."""
    alone = context.place.server == CLOUD
    return CloudReader(RuleReader(Catalog(cluster_tools()), NoWords() if alone else None), alone=alone)


def reopened(assistant: Assistant, name: str) -> Assistant:
    """The same process on another session."""
    return replace(assistant, conversation=Conversation(assistant.graph, name))


def model_of(settings: Settings) -> ChatModel | None:
    """The model that the settings name, or None; nothing of any model library is imported without one."""
    if not settings.model:
        return None
    from cloudwright.agents.model.openai_model import OpenAIModel

    return OpenAIModel(
        settings.model,
        base_url=settings.base_url,
        api_key=settings.api_key,
        price_in=settings.price_in,
        price_out=settings.price_out,
    )
