"""Any OpenAI-compatible endpoint; Chat Completions is all that it needs.

What an endpoint cannot do is found out by trying: usage in streams, streaming, tools. Without tools the model is asked
to write calls as JSON in its text.
"""

import contextlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import openai

from cloudwright.agents.model.chat import (
    Failure,
    Message,
    ModelCall,
    ModelError,
    Reply,
    ToolSpec,
    Usage,
    estimate_tokens,
)

_REPEATS = 12
_ECHO = re.compile(r"(?=\S)(.{4,120}?)\1{11,}.{0,120}$", re.DOTALL)
_CALL_IN_TEXT = re.compile(r"```(?:json|tool)?\s*(\{.*?\})\s*```|^\s*(\{.*\})\s*$", re.DOTALL)
_OVERFLOW = ("context_length", "context length", "maximum context", "too many tokens", "reduce the length", "too long")


@dataclass
class _Abilities:
    """What the endpoint is known to do; lost ones stay lost for the session."""

    stream: bool = True
    usage: bool = True
    tools: bool = True


@dataclass
class _Gathered:
    """A streamed answer as it grows."""

    text: list[str] = field(default_factory=list)
    calls: dict[int, dict[str, str]] = field(default_factory=dict)
    finish: str = ""
    refusal: str = ""
    usage: Any = None

    def joined(self) -> str:
        return "".join(self.text)


class _Sent(threading.local):
    """How many requests this thread has sent for the present reply, retries among them."""

    count = 0

    def note(self, _request: object) -> None:
        """One more."""
        self.count += 1


class OpenAIModel:
    """Implements `ChatModel` over one endpoint."""

    def __init__(
        self,
        name: str,
        *,
        base_url: str = "",
        api_key: str = "",
        context_tokens: int = 32_000,
        price_in: float = 0.0,
        price_out: float = 0.0,
        max_retries: int = 2,
    ) -> None:
        self.name = name
        self.context_tokens = context_tokens
        self._prices = (price_in, price_out)
        self._can = _Abilities()
        self._sent = _Sent()
        self._client = openai.OpenAI(
            base_url=base_url or None,
            api_key=api_key or "none",
            max_retries=max_retries,
            timeout=60.0,
            http_client=openai.DefaultHttpxClient(event_hooks={"request": [self._sent.note]}),
        )

    def reply(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        *,
        timeout: float,
        on_text: Callable[[str], None] | None = None,
    ) -> Reply:
        """One answer; an ability that the endpoint rejects is dropped and the request made again."""
        self._sent.count = 0
        try:
            return self._persist(messages, tools, timeout, on_text)
        except ModelError as error:
            error.usage = error.usage.model_copy(update={"requests": self._sent.count})
            raise

    def _persist(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        timeout: float,
        on_text: Callable[[str], None] | None,
    ) -> Reply:
        for _ in range(4):
            try:
                return self._ask(messages, tools, timeout, on_text)
            except openai.BadRequestError as error:
                if not self._give_up_an_ability(str(error)):
                    raise _translated(error) from error
            except openai.OpenAIError as error:
                raise _translated(error) from error
            except json.JSONDecodeError as error:
                raise ModelError(Failure.MALFORMED, "no valid JSON in the stream") from error
        raise ModelError(Failure.REJECTED)

    def _ask(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        timeout: float,
        on_text: Callable[[str], None] | None,
    ) -> Reply:
        body: dict[str, Any] = {"model": self.name, "messages": self._messages(messages, tools)}
        if tools and self._can.tools:
            body["tools"] = [_tool(tool) for tool in tools]
        got = _Gathered()
        try:
            try:
                if self._can.stream:
                    self._stream(body, timeout, got, on_text)
                else:
                    self._whole(body, timeout, got, on_text)
            except (openai.APIConnectionError, openai.APITimeoutError) as error:
                if got.text or got.calls:
                    raise ModelError(Failure.CUT, partial=got.joined()) from error
                raise
            return self._checked(got, messages, tools)
        except ModelError as error:
            error.usage = self._usage(got, messages, tools)
            raise

    def _stream(
        self, body: dict[str, Any], timeout: float, got: _Gathered, on_text: Callable[[str], None] | None
    ) -> None:
        more: dict[str, Any] = {"stream_options": {"include_usage": True}} if self._can.usage else {}
        end = time.monotonic() + timeout
        stream = self._client.chat.completions.create(**body, stream=True, timeout=timeout, **more)
        with contextlib.closing(stream):
            for chunk in stream:
                if time.monotonic() > end:  # the client's own limit is for each piece
                    raise ModelError(Failure.CUT, "it took too long", partial=got.joined())
                got.usage = getattr(chunk, "usage", None) or got.usage
                for choice in chunk.choices or ():
                    _add_delta(got, choice, on_text)

    def _whole(
        self, body: dict[str, Any], timeout: float, got: _Gathered, on_text: Callable[[str], None] | None
    ) -> None:
        answer = self._client.chat.completions.create(**body, timeout=timeout)
        got.usage = answer.usage
        for choice in answer.choices or ():
            message = choice.message
            got.finish = choice.finish_reason or "stop"
            got.refusal = getattr(message, "refusal", None) or ""
            if message.content:
                got.text.append(message.content)
                if on_text is not None:
                    on_text(message.content)
            for index, call in enumerate(message.tool_calls or ()):
                function = getattr(call, "function", None)
                if function is not None:
                    got.calls[index] = {"id": call.id, "name": function.name, "arguments": function.arguments or ""}

    def _checked(self, got: _Gathered, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Reply:
        text = got.joined()
        if got.refusal or got.finish == "content_filter":
            raise ModelError(Failure.REFUSAL, got.refusal[:200])
        if not got.finish:
            raise ModelError(Failure.CUT, partial=text)
        if _repeats(text):
            raise ModelError(Failure.REPETITION, partial=text[:2000])
        calls = tuple(
            ModelCall(id=call["id"] or f"call{index}", name=call["name"], arguments=call["arguments"])
            for index, call in sorted(got.calls.items())
        )
        if not calls and tools and not self._can.tools:
            text, calls = _calls_in_text(text, tools)
        if got.finish == "length" and not calls:
            raise ModelError(Failure.CUT, "it reached its length limit", partial=text)
        if not text.strip() and not calls:
            raise ModelError(Failure.EMPTY)
        return Reply(text=text, calls=calls, usage=self._usage(got, messages, tools))

    def _usage(self, got: _Gathered, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Usage:
        if got.usage is not None:
            asked, told = int(got.usage.prompt_tokens or 0), int(got.usage.completion_tokens or 0)
        else:
            size = sum(message.size for message in messages) + sum(tool.size for tool in tools)
            asked, told = estimate_tokens(size), estimate_tokens(len(got.joined()))
        cost = (asked * self._prices[0] + told * self._prices[1]) / 1_000_000
        return Usage(requests=self._sent.count, input_tokens=asked, output_tokens=told, cost=cost)

    def _give_up_an_ability(self, complaint: str) -> bool:
        """Drop what a 400 complains of; False where nothing is left to drop."""
        text = complaint.lower()
        if self._can.usage and "stream_options" in text:
            self._can.usage = False
        elif self._can.tools and "tool" in text:
            self._can.tools = False
        elif self._can.stream and "stream" in text:
            self._can.stream = False
        else:
            return False
        return True

    def _messages(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
        if self._can.tools or not tools:
            return [_message(message) for message in messages]
        listed = "\n".join(
            f"{tool.name}: {tool.description} Arguments: {json.dumps(tool.parameters)}" for tool in tools
        )
        manual = (
            'To use a tool, answer with nothing but one JSON object {"tool": NAME, "arguments": {…}}.'
            f" Otherwise answer in plain text. Tools:\n{listed}"
        )
        return [*_plain(messages[:1], manual), *_plain(messages[1:], "")]


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def _message(message: Message) -> dict[str, Any]:
    out: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.calls:
        out["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.calls
        ]
        out["content"] = message.content or None
    if message.role == "tool":
        out["tool_call_id"] = message.call_id
    return out


def _plain(messages: Sequence[Message], manual: str) -> Iterator[dict[str, Any]]:
    """Messages for an endpoint that knows no tools."""
    for message in messages:
        if message.role == "tool":
            yield {"role": "user", "content": f"Result of the tool:\n{message.content}"}
        elif message.calls:
            call = message.calls[0]
            yield {"role": "assistant", "content": json.dumps({"tool": call.name, "arguments": call.arguments})}
        else:
            yield {"role": message.role, "content": f"{message.content}\n{manual}".strip()}


def _add_delta(got: _Gathered, choice: Any, on_text: Callable[[str], None] | None) -> None:
    delta = choice.delta
    got.finish = choice.finish_reason or got.finish
    got.refusal += getattr(delta, "refusal", None) or ""
    if delta.content:
        got.text.append(delta.content)
        if on_text is not None:
            on_text(delta.content)
        if len(got.text) % 200 == 0 and _repeats(got.joined()):
            raise ModelError(Failure.REPETITION, partial=got.joined()[:2000])
    for part in delta.tool_calls or ():
        call = got.calls.setdefault(part.index, {"id": "", "name": "", "arguments": ""})
        call["id"] = part.id or call["id"]
        if part.function is not None:
            call["name"] += part.function.name or ""
            call["arguments"] += part.function.arguments or ""


def _repeats(text: str) -> bool:
    """Whether the end of a text says the same again and again."""
    if _ECHO.search(text[-1500:]):
        return True
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return len(lines) >= 2 * _REPEATS and len(set(lines[-2 * _REPEATS :])) <= 2


def _calls_in_text(text: str, tools: Sequence[ToolSpec]) -> tuple[str, tuple[ModelCall, ...]]:
    """A call that was written as JSON into the text, taken out of it."""
    found = _CALL_IN_TEXT.search(text)
    if found is None:
        return text, ()
    try:
        given = json.loads(found.group(1) or found.group(2))
    except json.JSONDecodeError:
        return text, ()
    name = given.get("tool") or given.get("name") if isinstance(given, dict) else None
    if name not in {tool.name for tool in tools}:
        return text, ()
    arguments = given.get("arguments") or given.get("parameters") or {}
    raw = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return text[: found.start()].strip(), (ModelCall(id="call0", name=str(name), arguments=raw),)


def _translated(error: openai.OpenAIError) -> ModelError:
    text = str(error)[:200]
    if isinstance(error, openai.APITimeoutError):
        return ModelError(Failure.TIME_OUT)
    if isinstance(error, openai.APIConnectionError):
        return ModelError(Failure.UNREACHABLE, str(error.__cause__ or error)[:200])
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return ModelError(Failure.CREDENTIALS)
    if isinstance(error, openai.RateLimitError):
        return ModelError(Failure.RATE_LIMIT, retry_after=_retry_after(error))
    if isinstance(error, openai.APIStatusError):
        if any(sign in text.lower() for sign in _OVERFLOW):
            return ModelError(Failure.OVERFLOW)
        return ModelError(Failure.SERVER if error.status_code >= 500 else Failure.REJECTED, text)
    return ModelError(Failure.MALFORMED, text)


def _retry_after(error: openai.APIStatusError) -> float:
    try:
        return float(error.response.headers.get("retry-after", "0"))
    except ValueError:
        return 0.0
