"""Whether an amount in a sentence is one that a text shows in another unit, or with more digits, or that follows."""

import re
from collections.abc import Iterable
from itertools import permutations

_UNITS: dict[str, tuple[tuple[str, float], ...]] = {
    "": (("bytes", 1), ("seconds", 1), ("share", 1)),
    "%": (("share", 0.01),),
    "ms": (("seconds", 0.001),),
    "s": (("seconds", 1),),
    "m": (("seconds", 60), ("share", 0.001)),  # minutes, or thousandths of a core
    "n": (("share", 1e-9),),
    "u": (("share", 1e-6),),
    "min": (("seconds", 60),),
    "bytes": (("bytes", 1),),
    "h": (("seconds", 3600),),
    "d": (("seconds", 86400),),
    **{unit: (("bytes", 1000**power),) for unit, power in {"B": 0, "k": 1, "M": 2, "G": 3, "T": 4}.items()},
    **{f"{unit}B": (("bytes", 1000**power),) for unit, power in {"k": 1, "K": 1, "M": 2, "G": 3, "T": 4}.items()},
    **{f"{unit}i{tail}": (("bytes", 1024**power),) for power, unit in enumerate("KMGT", 1) for tail in ("", "B")},
}
_AMOUNT = re.compile(
    r"(?<![\w.-])(\d+(?:[.,]\d+)?(?:e[+-]?\d+)?)\s?(" + "|".join(sorted(_UNITS, key=len, reverse=True)) + r")(?![\w%])"
)

_FLOAT = 1e-6
"""What floating point may add to a comparison."""


def shows(text: str, amount: str) -> bool:
    """Whether `text` holds a number that `amount` ("126 MB", "4.7", "12 %") is, rounded or cut to the digits it has.

    A whole number without a unit is a count: it is never rounded to.
    """
    wanted = _measured(amount)
    if wanted is None:
        return False
    shown = [(family, value) for found in _AMOUNT.finditer(text) for family, value in _values(found)]
    return any(of == family and _is(each, value, slack) for family, each, slack in wanted for of, value in shown)


def follows(amount: str, known: Iterable[str]) -> bool:
    """Whether `amount`, which has a unit, is the sum, the difference or the share of two amounts with units of one
    kind among `known`, rounded or cut to the digits it has."""
    wanted = _measured(amount)
    if wanted is None:
        return False
    found = (_AMOUNT.fullmatch(word.strip()) for word in known)
    values = {pair for match in found if match and match[2] and match[0] != amount for pair in _values(match)}
    for (family, one), (other_family, other) in permutations(values, 2):
        if family != other_family:
            continue
        made = [(family, one - other), (family, one + other), *([("share", one / other)] if other else [])]
        if any(of == each and _is(at, value, slack) for of, value in made for each, at, slack in wanted):
            return True
    return False


def _is(said: float, value: float, slack: float) -> bool:
    """Whether `said` is a value rounded, or cut, to digits that are worth `slack`."""
    return -0.5 * slack * (1 + _FLOAT) <= value - said < slack * (1 - _FLOAT)


def _measured(amount: str) -> list[tuple[str, float, float]] | None:
    """Every reading of an amount: its family, its value and the slack that its digits leave; None for a count."""
    match = _AMOUNT.fullmatch(amount.strip())
    if match is None or not (match[2] or "." in match[1]):
        return None
    digits = len(re.split(r"[.,]", match[1])[1]) if re.search(r"[.,]", match[1]) else 0
    factors = dict(_UNITS[match[2]])
    return [(family, value, 10**-digits * factors[family]) for family, value in _values(match)]


def _values(match: re.Match[str]) -> list[tuple[str, float]]:
    number = float(match[1].replace(",", "."))
    return [(family, number * factor) for family, factor in _UNITS[match[2]]]
