"""The finite domain of one condition key: one representative value for every way its tests can turn out."""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from cloudwright.policies.iam import patterns
from cloudwright.policies.iam.automaton import Machine, machine
from cloudwright.policies.iam.classes import word_classes
from cloudwright.policies.iam.conditions import ValueTest, moment, network, number, text_pattern
from cloudwright.policies.iam.operators import TEXT_FAMILIES, Family

NON_EMPTY = patterns.glob("?*")


@dataclass(frozen=True)
class Cell:
    """One value (None: the key is absent) standing for all that the tests cannot tell from it; bit i: test i holds."""

    mask: int
    value: str | None


@dataclass(frozen=True)
class KeyCells:
    """The cells of a key. `exact` is False when families are mixed, so that a combination may be missing."""

    cells: tuple[Cell, ...]
    exact: bool = True


def key_cells(tests: Sequence[ValueTest], residuals: Sequence[Machine] = ()) -> KeyCells:
    """Cells of the *present* values of a key. Residual machines are extra tests that need no bit of their own.

    Raises TooComplex.
    """
    families = {test.family for test in tests}
    words = list(_words(tests, residuals)) if residuals or not families or families & TEXT_FAMILIES else []
    if families <= TEXT_FAMILIES:
        return KeyCells(tuple(Cell(mask & (1 << len(tests)) - 1, word) for mask, word in words))
    candidates = [word for _, word in words]
    for family in sorted(families - TEXT_FAMILIES):
        candidates += _candidates(family, [value for test in tests if test.family is family for value in test.values])
    cells: dict[tuple[int, str], Cell] = {}
    seen_words = {word for _, word in words}
    for value in dict.fromkeys(candidates):
        mask = sum(1 << i for i, test in enumerate(tests) if test.holds(value))
        cells.setdefault((mask, value if value in seen_words else ""), Cell(mask, value))
    return KeyCells(tuple(cells.values()), exact=len(families) == 1 and not residuals)


def _words(tests: Sequence[ValueTest], residuals: Sequence[Machine]) -> Iterator[tuple[int, str]]:
    groups: list[Iterable[Machine]] = [
        [machine(text_pattern(test.family, value)) for value in test.values] if test.family in TEXT_FAMILIES else []
        for test in tests
    ]
    groups += [[item] for item in residuals]
    for found in word_classes(groups, NON_EMPTY):
        yield found.mask, found.witness


def _candidates(family: Family, values: Sequence[str]) -> list[str]:
    if family is Family.BOOL:
        return ["true", "false"]
    if family is Family.IP:
        return list(_addresses(values))
    read, write = (number, _plain) if family is Family.NUMERIC else (moment, _iso)
    breaks = [found for found in map(read, values) if found is not None]
    return [write(point) for point in _points(breaks)]


def _points(breaks: Iterable[Decimal]) -> list[Decimal]:
    ordered = sorted(set(breaks))
    if not ordered:
        return [Decimal(0)]
    out = [ordered[0] - 1]
    for low, high in pairwise(ordered):
        whole = Decimal(int(low) + 1)
        out += [low, whole if low < whole < high else (low + high) / 2]
    return [*out, ordered[-1], ordered[-1] + 1]


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _iso(seconds: Decimal) -> str:
    if seconds != int(seconds):
        return _plain(seconds)
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(seconds))).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return _plain(seconds)


def _addresses(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        within = network(value)
        if within is None:
            continue
        whole = ipaddress.ip_network("0.0.0.0/0" if within.version == 4 else "::/0")
        first, last = int(within.network_address), int(within.broadcast_address)
        middle = first + 1 if last > first + 1 else first
        for point in (middle, first, last, first - 1, last + 1):
            if int(whole.network_address) <= point <= int(whole.broadcast_address):
                yield str(ipaddress.IPv4Address(point) if within.version == 4 else ipaddress.IPv6Address(point))
    yield "198.51.100.77"
    yield "2001:db8::77"
