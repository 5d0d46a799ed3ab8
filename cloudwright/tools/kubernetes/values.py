"""Quantities, durations and times as Kubernetes and people write them, and paths into raw objects."""

import functools
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from cloudwright.core.errors import InvalidArguments

_SUFFIXES = {
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "": 1.0,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
    "Ei": 2.0**60,
}
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(n|u|m|k|Ki|Mi|Gi|Ti|Pi|Ei|M|G|T|P|E)?")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w|y)", re.I)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_WORDS = {
    "second": "s", "seconds": "s", "sec": "s", "secs": "s", "minute": "m", "minutes": "m", "min": "m", "mins": "m",
    "hour": "h", "hours": "h", "hr": "h", "hrs": "h", "day": "d", "days": "d", "week": "w", "weeks": "w",
    "year": "y", "years": "y",
}  # fmt: skip


@functools.lru_cache(maxsize=4096)
def quantity(text: str) -> float | None:
    """A Kubernetes quantity ("250m", "1.5Gi", "2e3") as a number in its base unit; None if it is none."""
    found = _QUANTITY.fullmatch(text.strip())
    return float(found[1]) * _SUFFIXES[found[2] or ""] if found else None


def duration(text: str) -> float | None:
    """Seconds of "90s", "2h30m", "3 days"; None if it is no duration."""
    words = re.sub(r"[a-zA-Z]+", lambda found: _WORDS.get(found[0].lower(), found[0]), text.strip())
    if not words or _DURATION.sub("", words).strip():
        return None
    parts = _DURATION.findall(words)
    return sum(float(number) * _UNITS[unit.lower()] for number, unit in parts) if parts else None


def seconds(text: str, what: str) -> float:
    """The duration in `text`.

    Raises:
        InvalidArguments: it is none.
    """
    found = duration(text)
    if found is None:
        raise InvalidArguments(f"{what}: {text!r} is no duration.", hint='Write it like "90s", "2h30m" or "3d".')
    return found


@functools.lru_cache(maxsize=8192)
def moment(text: str) -> float | None:
    """Unix time of an RFC 3339 time; None if it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def age(now: float, text: Any) -> float | None:
    """Seconds between an RFC 3339 time and `now`."""
    then = moment(text) if isinstance(text, str) else None
    return None if then is None else max(0.0, now - then)


def short_duration(value: float) -> str:
    """Seconds as people write ages: "45s", "12m", "3h20m", "5d4h", "210d"."""
    whole = int(value)
    for limit, unit, next_limit, next_unit, detail in (
        (86400, "d", 3600, "h", 10 * 86400),
        (3600, "h", 60, "m", 10 * 3600),
        (60, "m", 1, "s", 600),
    ):
        if whole >= limit:
            rest = whole % limit // next_limit
            return f"{whole // limit}{unit}" + (f"{rest}{next_unit}" if rest and whole < detail else "")
    return f"{whole}s"


def bytes_text(value: float) -> str:
    """Bytes with a binary suffix: "512Mi"."""
    for suffix in ("Ti", "Gi", "Mi", "Ki"):
        size = _SUFFIXES[suffix]
        if value >= size:
            number = value / size
            return f"{number:.1f}{suffix}" if number < 10 and number != int(number) else f"{number:.0f}{suffix}"
    return f"{value:.0f}"


def cores_text(value: float) -> str:
    """CPU cores as millicores: "250m"."""
    return f"{round(value * 1000)}m"


def walk(value: Any, tokens: tuple[str, ...], key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value at a path of map keys and list elements, with the name that speaks for it.

    That name is the last map key on the way; for the `value` of a `{"name": …, "value": …}` it is the `name`.

    A list is entered by index, by "*", or by the `name`, `type` or `key` of its elements; a key that is applied to a
    list means that key of all of its elements.
    """
    if not tokens:
        yield key, value
        return
    head, rest = tokens[0], tokens[1:]
    if isinstance(value, Mapping):
        if head == "*":
            for name, item in value.items():
                yield from walk(item, rest, str(name))
        elif head in value:
            named = str(value.get("name") or head) if head == "value" else head
            yield from walk(value[head], rest, named)
    elif isinstance(value, list):
        yield from _walk_list(value, head, rest, tokens, key)


def _walk_list(
    items: list[Any], head: str, rest: tuple[str, ...], tokens: tuple[str, ...], key: str
) -> Iterator[tuple[str, Any]]:
    if head == "*":
        for item in items:
            yield from walk(item, rest, key)
        return
    if head.lstrip("-").isdigit() and -len(items) <= int(head) < len(items):
        yield from walk(items[int(head)], rest, key)
        return
    named = [item for item in items if isinstance(item, Mapping) and head in _keys(item)]
    for item in named:
        yield from walk(item, rest, key)
    if not named:
        for item in items:
            yield from walk(item, tokens, key)


def _keys(item: Mapping[str, Any]) -> tuple[Any, ...]:
    return (item.get("name"), item.get("type"), item.get("key"))
