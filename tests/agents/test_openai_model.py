"""The OpenAI-compatible model against a real HTTP server that misbehaves in every way."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cloudwright.agents.model.chat import Failure, Message, ModelError, ToolSpec
from cloudwright.agents.model.openai_model import OpenAIModel

TOOL = ToolSpec(
    name="get", description="Get.", parameters={"type": "object", "properties": {"name": {"type": "string"}}}
)
ASK = [Message(role="system", content="s"), Message(role="user", content="u")]


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def stream(*chunks: dict[str, Any], done: bool = True) -> tuple[int, str, bytes, dict[str, str]]:
    body = b"".join(b"data: " + json.dumps(item).encode() + b"\n\n" for item in chunks)
    return 200, "text/event-stream", body + (b"data: [DONE]\n\n" if done else b""), {}


def failure(code: int, message: str = "no", **headers: str) -> tuple[int, str, bytes, dict[str, str]]:
    return code, "application/json", json.dumps({"error": {"message": message}}).encode(), headers


class Endpoint:
    """Answers requests one after the other from a script and keeps what it was asked."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers
        self.asked: list[dict[str, Any]] = []
        self.url = ""


@contextmanager
def endpoint(*answers: Any) -> Iterator[Endpoint]:
    place = Endpoint(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            place.asked.append(json.loads(body))
            answer = place.answers[min(len(place.asked), len(place.answers)) - 1]
            if answer is None:
                self.connection.close()
                return
            code, kind, data, headers = answer
            self.send_response(code)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data) + (10 if headers.get("cut") else 0)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    place.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield place
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


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
