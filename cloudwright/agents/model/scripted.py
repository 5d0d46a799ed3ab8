"""A model that replays: for tests, demonstrations and recorded conversations."""

from collections.abc import Callable, Sequence

from cloudwright.agents.model.chat import Message, ModelError, Reply, ToolSpec, Usage, estimate_tokens

Step = Reply | ModelError | Callable[[Sequence[Message], Sequence[ToolSpec]], Reply]


class ScriptedModel:
    """Implements `ChatModel` by giving the replies (or raising the errors) of a script, one a request.

    `requests` keeps what was asked, so that a test can look at it.

    Raises:
        IndexError: more was asked than the script has.
    """

    def __init__(self, script: Sequence[Step], *, name: str = "scripted", context_tokens: int = 32_000) -> None:
        self.name = name
        self.context_tokens = context_tokens
        self.requests: list[tuple[tuple[Message, ...], tuple[ToolSpec, ...]]] = []
        self._script = list(script)

    def reply(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        *,
        timeout: float,
        on_text: Callable[[str], None] | None = None,
    ) -> Reply:
        """The next step of the script."""
        step = self._script[len(self.requests)]
        self.requests.append((tuple(messages), tuple(tools)))
        if isinstance(step, ModelError):
            raise step
        reply = step if isinstance(step, Reply) else step(messages, tools)
        if on_text is not None and reply.text:
            on_text(reply.text)
        size = sum(message.size for message in messages) + sum(tool.size for tool in tools)
        used = Usage(requests=1, input_tokens=estimate_tokens(size), output_tokens=estimate_tokens(len(reply.text)))
        return reply.model_copy(update={"usage": used})
