"""A Prometheus server: its HTTP API, and series as summaries."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloudwright.core.errors import (
    BadAnswer,
    Forbidden,
    InvalidArguments,
    TimedOut,
    Unauthenticated,
    Unreachable,
    Unsupported,
)

if TYPE_CHECKING:
    import requests

_CHANGES = 3
_LARGEST = 64 * 1024 * 1024

Json = dict[str, Any]


class PrometheusClient:
    """The HTTP API of one Prometheus (or of what speaks its API). Thread-safe.

    Every method raises `Unreachable`, `TimedOut`, `Unauthenticated`, `Forbidden`, `InvalidArguments` (a query that
    cannot be read), `Unsupported` or `BadAnswer`.

    Args:
        url: of the server, with a path prefix if it has one.
        headers: sent with every request, such as Authorization or X-Scope-OrgID.
        timeout: seconds for one request.
        verify: whether to check certificates, or the file of a certificate authority.
    """

    def __init__(
        self, url: str, *, headers: Mapping[str, str] | None = None, timeout: float = 30.0, verify: bool | str = True
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise InvalidArguments(f"{url!r} is no address of a Prometheus.", hint="Write it like http://host:9090.")
        self.url = url.rstrip("/")
        self.timeout = timeout
        import requests  # takes a sixth of a second, which the catalogue must not cost

        self._session = requests.Session()
        self._session.headers.update(headers or {})
        self._session.verify = verify

    def query(self, promql: str, at: float | None = None, *, timeout: float | None = None) -> Json:
        """An instant query; `data` of the answer: `resultType` and `result`."""
        data: Json = self.ask("query", {"query": promql, **({} if at is None else {"time": at})}, timeout=timeout)
        return data

    def query_range(self, promql: str, start: float, end: float, step: float, *, timeout: float | None = None) -> Json:
        """A range query, by Unix times and a step in seconds."""
        params = {"query": promql, "start": start, "end": end, "step": step}
        data: Json = self.ask("query_range", params, timeout=timeout)
        return data

    def ask(self, path: str, params: Mapping[str, Any] | None = None, *, timeout: float | None = None) -> Any:
        """`data` of the answer of `/api/v1/PATH`."""
        import requests

        seconds = self.timeout if timeout is None else timeout
        try:
            with self._session.get(
                f"{self.url}/api/v1/{path}",
                params=params,
                timeout=(min(5.0, seconds), seconds),
                stream=True,
                allow_redirects=False,
            ) as answer:
                return self._read(answer, path, time.monotonic() + seconds)
        except requests.Timeout:
            raise TimedOut(f"Prometheus at {self.url} did not answer in time.", hint="Ask for less.") from None
        except requests.ConnectionError as error:
            if "Read timed out" in str(error):  # how requests tells a silence in the middle of an answer
                raise TimedOut(f"Prometheus at {self.url} began to answer but stopped.", hint="Ask for less.") from None
            raise self._unreachable(error) from None
        except requests.RequestException as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: Exception) -> Unreachable:
        return Unreachable(
            f"Prometheus at {self.url} cannot be reached ({type(error).__name__}).", hint="Check its address."
        )

    def _read(self, answer: "requests.Response", path: str, end: float) -> Any:
        pieces: list[bytes] = []
        size = 0
        for piece in answer.iter_content(1 << 16):
            pieces.append(piece)
            size += len(piece)
            if size > _LARGEST:
                raise BadAnswer(f"The answer of Prometheus to {path} is larger than 64 MB.", hint="Narrow the query.")
            if time.monotonic() > end:
                raise TimedOut(f"Prometheus at {self.url} began to answer but did not finish.", hint="Ask for less.")
        body = _parsed(b"".join(pieces))
        if answer.status_code == 200 and body.get("status") == "success":
            return body.get("data")
        raise _refusal(answer.status_code, body, self.url, path)


def _parsed(raw: bytes) -> Json:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _refusal(
    code: int, body: Json, url: str, path: str
) -> InvalidArguments | Unauthenticated | Forbidden | Unsupported | TimedOut | BadAnswer:
    message = " ".join(str(body.get("error") or "").split())[:400]
    if code == 401:
        return Unauthenticated(f"Prometheus at {url} does not accept these credentials.")
    if code == 403:
        return Forbidden(f"Prometheus at {url} forbids {path}. {message}".strip())
    if code in (404, 405):
        return Unsupported(f"{url} offers no /api/v1/{path}.", hint="Is this address a Prometheus?")
    if code in (400, 422):
        kind = "cannot read this query" if body.get("errorType") == "bad_data" else "cannot run this query"
        return InvalidArguments(f"Prometheus {kind}: {message}.")
    if code == 503 and body.get("errorType") == "timeout":
        return TimedOut(f"Prometheus gave up on this query: {message}.", hint="Ask for less.")
    return BadAnswer(f"{url} answers {path} with {code}: {message or 'nothing that Prometheus would say'}.")


@dataclass(frozen=True)
class Summary:
    """One series in a few numbers. `changes` are moments (Unix time) where its level shifts, strongest first."""

    labels: Mapping[str, str]
    points: int
    first: float
    last: float
    low: float
    high: float
    mean: float
    changes: tuple[tuple[float, float, float], ...] = ()
    """(when, mean before, mean after)."""


def summarise(labels: Mapping[str, str], values: Sequence[tuple[float, float]]) -> Summary | None:
    """A series of (Unix time, value) as a summary; None if it has no number in it."""
    good = [(at, value) for at, value in values if math.isfinite(value)]
    if not good:
        return None
    numbers = [value for _, value in good]
    return Summary(
        labels=labels,
        points=len(good),
        first=numbers[0],
        last=numbers[-1],
        low=min(numbers),
        high=max(numbers),
        mean=sum(number / len(numbers) for number in numbers),
        changes=change_points(good),
    )


def change_points(
    values: Sequence[tuple[float, float]], most: int = _CHANGES
) -> tuple[tuple[float, float, float], ...]:
    """Where the level of a series shifts, by binary segmentation of least squares.

    A split counts when it takes away at least a third of its segment's squared error, when the means differ by more
    than three standard errors of their difference, and when both sides have at least three points (Scott and Knott
    1974, with a penalty for each split). Returns (time of the first point after the shift, mean before, mean after).
    """
    numbers = [value for _, value in values]
    sums, squares = [0.0], [0.0]
    for value in numbers:
        sums.append(sums[-1] + value)
        squares.append(squares[-1] + value * value)
    splits: list[int] = []
    segments = [(0, len(numbers))]
    while segments and len(splits) < most:
        found = [(split, segment) for segment in segments if (split := _best_split(sums, squares, *segment))]
        if not found:
            break
        (place, _), (start, end) = max(found, key=lambda item: item[0][1])
        splits.append(place)
        segments.remove((start, end))
        segments += [(start, place), (place, end)]
    borders = sorted([0, *splits, len(numbers)])
    shifts = []
    for left, middle, right in zip(borders, borders[1:], borders[2:], strict=False):
        before = (sums[middle] - sums[left]) / (middle - left)
        after = (sums[right] - sums[middle]) / (right - middle)
        shifts.append((values[middle][0], before, after))
    return tuple(sorted(shifts, key=lambda shift: -abs(shift[2] - shift[1])))


def _best_split(
    sums: Sequence[float], squares: Sequence[float], start: int, end: int, least: int = 3
) -> tuple[int, float] | None:
    """The split that takes away most squared error, and how much; None if none is worth it."""

    def error(left: int, right: int) -> float:
        total = sums[right] - sums[left]
        return max(0.0, squares[right] - squares[left] - total * total / (right - left))

    if end - start < 2 * least:
        return None
    whole = error(start, end)
    place = min(range(start + least, end - least + 1), key=lambda at: error(start, at) + error(at, end))
    rest = error(start, place) + error(place, end)
    n, left, right = end - start, place - start, end - place
    shift = abs((sums[place] - sums[start]) / left - (sums[end] - sums[place]) / right)
    spread = math.sqrt(rest / (n - 2) * (1 / left + 1 / right)) if n > 2 else 0.0
    scale = 1e-9 * max(abs(sums[end] - sums[start]) / n, 1e-12)
    if whole - rest < whole / 3 or shift <= 3 * spread or shift <= scale:
        return None
    return place, whole - rest
