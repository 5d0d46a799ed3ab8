"""What a chat model is to us: messages and tools in, text and calls out, and one family of failures."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal, Protocol

from cloudwright.core.errors import CloudwrightError
from cloudwright.core.refs import Frozen


class ModelCall(Frozen):
    """A tool call as the model wrote it; `arguments` is its raw JSON text and may be malformed."""

    id: str
    name: str
    arguments: str


class Message(Frozen):
    """One message. `calls` belong to the assistant, `call_id` names the call that a tool message answers."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    calls: tuple[ModelCall, ...] = ()
    call_id: str = ""

    @property
    def size(self) -> int:
        """Characters."""
        return len(self.content) + sum(len(call.name) + len(call.arguments) for call in self.calls)


class ToolSpec(Frozen):
    """A tool as a model sees it."""

    name: str
    description: str
    parameters: Mapping[str, Any]

    @property
    def size(self) -> int:
        """Characters."""
        return len(self.name) + len(self.description) + len(str(self.parameters))


class Usage(Frozen):
    """Tokens and requests; `cost` in the unit of the configured prices."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            requests=self.requests + other.requests,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost=self.cost + other.cost,
        )

    @property
    def tokens(self) -> int:
        """Both directions together."""
        return self.input_tokens + self.output_tokens


class Reply(Frozen):
    """One answer of a model: text, calls, or both."""

    text: str = ""
    calls: tuple[ModelCall, ...] = ()
    usage: Usage = Usage()


class Failure(StrEnum):
    """How a model can fail us."""

    CREDENTIALS = "the endpoint does not accept the key"
    RATE_LIMIT = "the endpoint asks for a pause"
    SERVER = "the endpoint failed"
    UNREACHABLE = "the endpoint cannot be reached"
    TIME_OUT = "the endpoint took too long"
    CUT = "the answer was cut off"
    MALFORMED = "the answer cannot be read"
    OVERFLOW = "the conversation is too long for the model"
    REFUSAL = "the model declined to answer"
    EMPTY = "the model answered nothing"
    REPETITION = "the model repeats itself"
    REJECTED = "the endpoint rejects the request"


class ModelError(CloudwrightError):
    """A model could not answer; `partial` is what came before it broke, `usage` what the attempt cost."""

    def __init__(
        self,
        failure: Failure,
        detail: str = "",
        *,
        partial: str = "",
        retry_after: float = 0.0,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(f"The model gave no answer: {failure}{f' ({detail})' if detail else ''}.")
        self.failure = failure
        self.partial = partial
        self.retry_after = retry_after
        self.usage = usage or Usage(requests=1)


class ChatModel(Protocol):
    """A chat model with tools."""

    @property
    def name(self) -> str:
        """The name that people know it by."""
        ...

    @property
    def context_tokens(self) -> int:
        """How many tokens a request may have."""
        ...

    def reply(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        *,
        timeout: float,
        on_text: Callable[[str], None] | None = None,
    ) -> Reply:
        """One answer; `on_text` is told pieces of text as they arrive.

        Raises:
            ModelError: after the retries that make sense.
        """
        ...


def estimate_tokens(size: int) -> int:
    """Tokens of so many characters, by the usual rule of four."""
    return (size + 3) // 4
