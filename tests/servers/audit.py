"""The audit log of a test server: what was really asked of it, by whom, with which result."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_REVIEWS = frozenset({"authorization.k8s.io", "authentication.k8s.io"})
_CONNECTS = frozenset({"exec", "attach", "portforward", "proxy"})


@dataclass(frozen=True)
class Request:
    """One request as the server recorded it."""

    verb: str
    user: str
    impersonated: str
    agent: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    uri: str
    code: int
    body: Any = field(default=None, compare=False)

    @property
    def dry_run(self) -> bool:
        """Whether the server was told to keep nothing; of a DELETE with a body it reads the body alone."""
        if self.verb == "delete" and isinstance(self.body, dict):
            return "All" in (self.body.get("dryRun") or [])
        return "All" in parse_qs(urlsplit(self.uri).query).get("dryRun", [])

    @property
    def review(self) -> bool:
        """Whether it only asks for rights or identity; these are POSTs that keep nothing."""
        return self.group in _REVIEWS and self.resource.endswith("reviews")

    @property
    def connects(self) -> bool:
        """Whether it opens a stream into a pod."""
        return self.subresource in _CONNECTS

    @property
    def writes(self) -> bool:
        """Whether it changed the cluster, or reached into a pod."""
        kept = self.verb in WRITES and not self.dry_run and not self.review
        return (kept or self.connects) and self.code < 400

    def __str__(self) -> str:
        what = "/".join(part for part in (self.resource, self.subresource) if part)
        return f"{self.verb} {what} {self.namespace}/{self.name} {self.code}"


class AuditLog:
    """Reads an API server's audit log.

    Args:
        path: the log, in JSON lines.
        touch: sends one harmless request with the query it is given, to see that the log has caught up.
    """

    def __init__(self, path: Path, touch: Callable[[str], None]) -> None:
        self._path = path
        self._touch = touch
        self._marks = 0

    def mark(self) -> int:
        """Now, as a place in the log. Every request that was answered before is before it."""
        self._marks += 1
        sign = f"mark-{id(self)}-{self._marks}"
        start = self._path.stat().st_size if self._path.exists() else 0
        self._touch(sign)
        for _ in range(10_000):
            position = self._find(sign, start)
            if position is not None:
                return position
        raise TimeoutError("the audit log does not show a request that was answered")

    def requests(self, since: int = 0, until: int | None = None) -> list[Request]:
        """All requests between two marks (default: until now), the marks themselves left out."""
        end = self.mark() if until is None else until
        return [request for request in self._read(since, end) if "cloudwright-mark=" not in request.uri]

    def writes(self, since: int = 0, until: int | None = None, *, user: str = "", agent: str = "") -> list[Request]:
        """Requests that changed something: of one user, or with one user agent's beginning, or of all."""
        return [
            request
            for request in self.requests(since, until)
            if request.writes
            and (not user or user in (request.user, request.impersonated))
            and request.agent.startswith(agent)
        ]

    def _find(self, sign: str, start: int) -> int | None:
        with self._path.open("rb") as log:
            log.seek(start)
            for line in iter(log.readline, b""):
                if sign.encode() in line and line.endswith(b"\n"):
                    return log.tell()
        return None

    def _read(self, since: int, until: int) -> Iterator[Request]:
        with self._path.open("rb") as log:
            log.seek(since)
            while log.tell() < until:
                yield _request(json.loads(log.readline()))


def _request(entry: dict[str, Any]) -> Request:
    ref = entry.get("objectRef") or {}
    return Request(
        verb=entry.get("verb", ""),
        user=(entry.get("user") or {}).get("username", ""),
        impersonated=(entry.get("impersonatedUser") or {}).get("username", ""),
        agent=entry.get("userAgent", ""),
        group=ref.get("apiGroup", ""),
        resource=ref.get("resource", ""),
        subresource=ref.get("subresource", ""),
        namespace=ref.get("namespace", ""),
        name=ref.get("name", ""),
        uri=entry.get("requestURI", ""),
        code=(entry.get("responseStatus") or {}).get("code", 0),
        body=entry.get("requestObject"),
    )
