"""The OpenAI-compatible model against a real HTTP server that misbehaves in every way."""

import json
import time
from typing import Any

import pytest

from cloudwright.agents.model.chat import Failure, Message, ModelError, ToolSpec
from cloudwright.agents.model.openai_model import OpenAIModel
from tests.agents.endpoint import SILENT, Endpoint, chunk, endpoint, failure, stream

TOOL = ToolSpec(
    name="get", description="Get.", parameters={"type": "object", "properties": {"name": {"type": "string"}}}
)
ASK = [Message(role="system", content="s"), Message(role="user", content="u")]


def model(place: Endpoint) -> OpenAIModel:
    return OpenAIModel("m", base_url=place.url, api_key="k", max_retries=0, price_in=1_000_000)


def test_text_streams_and_usage_is_counted() -> None:
    used = {**chunk({}, None), "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}}
    heard: list[str] = []
    with endpoint(stream(chunk({"content": "Hel"}), chunk({"content": "lo"}), chunk({}, "stop"), used)) as place:
        reply = model(place).reply(ASK, [], timeout=5, on_text=heard.append)
    assert (reply.text, heard) == ("Hello", ["Hel", "lo"])
    assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.cost) == (7, 2, 7.0)


def test_calls_are_put_together_from_pieces() -> None:
    first = {"index": 0, "id": "a", "type": "function", "function": {"name": "get", "arguments": '{"na'}}
    second = {"index": 0, "function": {"arguments": 'me": "x"}'}}
    other = {"index": 1, "id": "b", "type": "function", "function": {"name": "get", "arguments": "{}"}}
    answer = stream(chunk({"tool_calls": [first]}), chunk({"tool_calls": [second, other]}), chunk({}, "tool_calls"))
    with endpoint(answer) as place:
        reply = model(place).reply(ASK, [TOOL], timeout=5)
    assert [(call.id, call.arguments) for call in reply.calls] == [("a", '{"name": "x"}'), ("b", "{}")]
    assert place.asked[0]["tools"][0]["function"]["name"] == "get"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (failure(401), Failure.CREDENTIALS),
        (failure(403), Failure.CREDENTIALS),
        (failure(429, **{"retry-after": "3"}), Failure.RATE_LIMIT),
        (failure(500), Failure.SERVER),
        (failure(503), Failure.SERVER),
        (failure(404), Failure.REJECTED),
        (failure(400, "maximum context length is 8192 tokens"), Failure.OVERFLOW),
        (None, Failure.UNREACHABLE),
        (stream(chunk({"content": "half"}), done=False), Failure.CUT),
        (stream(chunk({"content": "half"})), Failure.CUT),
        (stream(chunk({"content": "half"}), chunk({}, "length")), Failure.CUT),
        (stream(chunk({}, "stop")), Failure.EMPTY),
        (stream(chunk({"content": "  "}), chunk({}, "stop")), Failure.EMPTY),
        (stream(chunk({"refusal": "I cannot help"}), chunk({}, "stop")), Failure.REFUSAL),
        (stream(chunk({}, "content_filter")), Failure.REFUSAL),
        (stream(chunk({"content": "again and again. " * 400}), chunk({}, "stop")), Failure.REPETITION),
        ((200, "text/event-stream", b"data: {broken\n\n", {}), Failure.MALFORMED),
    ],
)
def test_every_failure_is_one_of_the_family(answer: Any, expected: Failure) -> None:
    with endpoint(answer) as place, pytest.raises(ModelError) as caught:
        model(place).reply(ASK, [], timeout=5)
    assert caught.value.failure is expected


def test_a_pause_that_the_endpoint_asks_for_is_known() -> None:
    with endpoint(failure(429, **{"retry-after": "3"})) as place, pytest.raises(ModelError) as caught:
        model(place).reply(ASK, [], timeout=5)
    assert caught.value.retry_after == 3


def test_what_arrived_before_a_cut_is_kept() -> None:
    with endpoint(stream(chunk({"content": "half"}))) as place, pytest.raises(ModelError) as caught:
        model(place).reply(ASK, [], timeout=5)
    assert caught.value.partial == "half"


def test_failures_that_pass_are_retried() -> None:
    good = stream(chunk({"content": "ok"}), chunk({}, "stop"))
    with endpoint(failure(500), good) as place:
        patient = OpenAIModel("m", base_url=place.url, api_key="k", max_retries=2)
        assert patient.reply(ASK, [], timeout=5).text == "ok"


def test_requests_that_failed_are_counted_too() -> None:
    good = stream(chunk({"content": "ok"}), chunk({}, "stop"))
    with endpoint(failure(500), failure(400, "unknown field stream_options"), good) as place:
        patient = OpenAIModel("m", base_url=place.url, api_key="k", max_retries=2)
        assert patient.reply(ASK, [], timeout=5).usage.requests == 3
        place.answers = [failure(500)]
        with pytest.raises(ModelError) as caught:
            patient.reply(ASK, [], timeout=5)
    assert caught.value.usage.requests == 3


def test_what_a_broken_answer_cost_is_known() -> None:
    with endpoint(stream(chunk({"content": "half an answer"}))) as place, pytest.raises(ModelError) as caught:
        model(place).reply(ASK, [], timeout=5)
    assert caught.value.usage.requests == 1
    assert caught.value.usage.output_tokens > 0


def test_an_endpoint_without_usage_in_streams_is_asked_without() -> None:
    good = stream(chunk({"content": "ok"}), chunk({}, "stop"))
    with endpoint(failure(400, "unknown field stream_options"), good) as place:
        reply = model(place).reply(ASK, [], timeout=5)
    assert reply.text == "ok"
    assert "stream_options" not in place.asked[1]
    assert reply.usage.input_tokens > 0


def test_an_endpoint_without_tools_gets_them_in_words_and_writes_calls_as_json() -> None:
    good = stream(chunk({"content": '{"tool": "get", "arguments": {"name": "x"}}'}), chunk({}, "stop"))
    with endpoint(failure(400, "tools are not supported"), good) as place:
        reply = model(place).reply(ASK, [TOOL], timeout=5)
    assert reply.calls[0].name == "get"
    assert json.loads(reply.calls[0].arguments) == {"name": "x"}
    assert "tools" not in place.asked[1]
    assert "get: Get." in place.asked[1]["messages"][0]["content"]


def test_a_model_that_keeps_silent_is_left_in_time() -> None:
    with endpoint(SILENT) as place, pytest.raises(ModelError) as caught:
        model(place).reply(ASK, [], timeout=0.3)
    assert caught.value.failure is Failure.TIME_OUT


def test_a_stream_that_stalls_keeps_what_came() -> None:
    with (
        endpoint(stream(chunk({"content": "half"}), done=False, stalls="yes")) as place,
        pytest.raises(ModelError) as caught,
    ):
        model(place).reply(ASK, [], timeout=0.5)
    assert (caught.value.failure, caught.value.partial) == (Failure.CUT, "half")


def test_a_stream_that_only_trickles_ends_in_time() -> None:
    pieces = [chunk({"content": f"word {number} "}) for number in range(50)]
    with endpoint(stream(*pieces, chunk({}, "stop"))) as place, pytest.raises(ModelError) as caught:
        model(place).reply(ASK, [], timeout=1, on_text=lambda _piece: time.sleep(0.2))
    assert (caught.value.failure, caught.value.partial[:6]) == (Failure.CUT, "word 0")
