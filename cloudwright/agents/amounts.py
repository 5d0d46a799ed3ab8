"""Whether an amount in a sentence is one that a text shows in another unit, or with more digits."""

import re

_UNITS: dict[str, tuple[tuple[str, float], ...]] = {
    "": (("bytes", 1), ("seconds", 1), ("share", 1)),
    "%": (("share", 0.01),),
    "ms": (("seconds", 0.001),),
    "s": (("seconds", 1),),
    "m": (("seconds", 60), ("share", 0.001)),  # minutes, or thousandths of a core
    "min": (("seconds", 60),),
    "h": (("seconds", 3600),),
    "d": (("seconds", 86400),),
    **{unit: (("bytes", 1000**power),) for unit, power in {"B": 0, "k": 1, "M": 2, "G": 3, "T": 4}.items()},
    **{f"{unit}B": (("bytes", 1000**power),) for unit, power in {"k": 1, "K": 1, "M": 2, "G": 3, "T": 4}.items()},
    **{f"{unit}i{tail}": (("bytes", 1024**power),) for power, unit in enumerate("KMGT", 1) for tail in ("", "B")},
}
_AMOUNT = re.compile(
    r"(?<![\w.-])(\d+(?:[.,]\d+)?(?:e[+-]?\d+)?)\s?(" + "|".join(sorted(_UNITS, key=len, reverse=True)) + r")(?![\w%])"
)


def shows(text: str, amount: str) -> bool:
    """Whether `text` holds a number that `amount` ("126 MB", "4.7", "12 %") is, rounded or cut to the digits it has.

    A whole number without a unit is a count: it is never rounded to.
    """
    match = _AMOUNT.fullmatch(amount.strip())
    if match is None or not (match[2] or "." in match[1]):
        return False
    wanted = float(match[1].replace(",", "."))
    digits = len(re.split(r"[.,]", match[1])[1]) if re.search(r"[.,]", match[1]) else 0
    for family, factor in _UNITS[match[2]]:
        slack = 10**-digits * factor
        for found in _AMOUNT.finditer(text):
            shown = float(found[1].replace(",", "."))
            if any(of == family and abs(shown * unit - wanted * factor) < slack for of, unit in _UNITS[found[2]]):
                return True
    return False
