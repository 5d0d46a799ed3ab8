"""One HTTP request and its answer, without the wire."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudwright.twin.api import ApiStatusError
from cloudwright.twin.server.errors import status_of
from cloudwright.twin.server.request import Request
from cloudwright.twin.server.watching import Watch


@dataclass
class Call:
    """One HTTP request. Header names are lower case; `certificate` is the verified client certificate's content."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    certificate: Mapping[str, Any] | None = None
    source: str = "127.0.0.1"

    @property
    def uri(self) -> str:
        """Path and query."""
        return self.path + (f"?{self.query}" if self.query else "")

    def header(self, name: str) -> str:
        """The first header of a name, or ""."""
        return next((value for key, value in self.headers if key == name), "")


@dataclass
class Answer:
    """What goes back: JSON (`obj`), text, bytes of a `media` type, a watch, or a request that needs a stream."""

    code: int = 200
    obj: Any = None
    text: str | None = None
    raw: bytes = b""
    media: str = ""
    warnings: list[str] = field(default_factory=list)
    watch: Watch | None = None
    timeout: float = 0
    stream: Request | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The body."""
        if self.media:
            return self.raw
        if self.text is not None:
            return self.text.encode()
        return json.dumps(self.obj, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def failure(error: ApiStatusError) -> Answer:
    """An error as an answer."""
    answer = Answer(error.code, status_of(error))
    retry = error.details.get("retryAfterSeconds")
    if retry:
        answer.headers["Retry-After"] = str(retry)
    return answer
