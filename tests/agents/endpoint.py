"""A chat endpoint over HTTP that answers, fails, hangs up, stalls or keeps silent as it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, str, bytes, dict[str, str]]


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    """A piece of a streamed completion."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def stream(*chunks: dict[str, Any], done: bool = True, **headers: str) -> Answer:
    """A streamed completion; the header `stalls` makes it stand still before its end."""
    body = b"".join(b"data: " + json.dumps(item).encode() + b"\n\n" for item in chunks)
    return 200, "text/event-stream", body + (b"data: [DONE]\n\n" if done else b""), headers


def failure(code: int, message: str = "no", **headers: str) -> Answer:
    """An error of the endpoint."""
    return code, "application/json", json.dumps({"error": {"message": message}}).encode(), headers


class Endpoint:
    """Answers requests one after the other from a script and keeps what it was asked."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers
        self.asked: list[dict[str, Any]] = []
        self.url = ""


SILENT = object()
"""An answer that never comes."""


@contextmanager
def endpoint(*answers: Any) -> Iterator[Endpoint]:
    """A server that answers so; None hangs up, the last answer is given again and again."""
    place = Endpoint(list(answers))
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            place.asked.append(json.loads(body))
            answer = place.answers[min(len(place.asked), len(place.answers)) - 1]
            if answer is None:
                self.connection.close()
                return
            if answer is SILENT:
                over.wait(30)
                return
            code, kind, data, headers = answer
            self.send_response(code)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data) + (10 if "stalls" in headers else 0)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
            if "stalls" in headers:
                over.wait(30)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    place.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield place
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def text(words: str, finish: str | None = "stop") -> Answer:
    """A whole answer in one piece."""
    return stream(chunk({"content": words}), *([chunk({}, finish)] if finish else []))


def call(name: str, arguments: str) -> Answer:
    """A tool call."""
    part = {"index": 0, "id": "a", "type": "function", "function": {"name": name, "arguments": arguments}}
    return stream(chunk({"tool_calls": [part]}), chunk({}, "tool_calls"))
