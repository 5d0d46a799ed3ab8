"""Quantities: "500m", "1Gi", "1e3". Values are exact decimals."""

import re
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

PATTERN = r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
_FORM = re.compile(r"^([+-]?)(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?$")
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BY_POWER = {power: suffix for suffix, power in _DECIMAL.items()}


def _parts(text: str) -> tuple[Decimal, str]:
    match = _FORM.match(text)
    if not match:
        raise ValueError(f"quantities must match the regular expression '{PATTERN}'")
    sign, digits, suffix = match.groups()
    suffix = suffix or ""
    number = Decimal(sign + digits)
    if suffix in _BINARY:
        return number * 1024 ** _BINARY[suffix], suffix
    if suffix in _DECIMAL:
        return number.scaleb(_DECIMAL[suffix]), suffix
    return number.scaleb(int(suffix[1:])), suffix


@lru_cache(maxsize=4096)
def parse(text: str) -> Decimal:
    """The value of a quantity.

    Raises:
        ValueError: the text is no quantity.
    """
    value, _ = _parts(text)
    return value.quantize(Decimal("1e-9"), rounding=ROUND_CEILING) if value != value.to_integral_value() else value


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """The form in which the server stores and shows a quantity.

    Raises:
        ValueError: the text is no quantity.
    """
    value, suffix = _parts(text)
    value = parse(text)
    if suffix in _BINARY and abs(value) >= 1024 and value == value.to_integral_value():
        return render_binary(int(value))
    if suffix[:1] in ("e", "E") and len(suffix) > 1:
        return _render(value, exponent_form=True)
    return render_decimal(value)


def render_binary(value: int) -> str:
    """A whole number with the largest binary suffix that leaves it whole."""
    power = 0
    while value and value % 1024 == 0 and power < 6:
        value //= 1024
        power += 1
    return f"{value}{['', *_BINARY][power]}"


def render_decimal(value: Decimal) -> str:
    """A number with the largest decimal suffix that leaves it whole."""
    return _render(value, exponent_form=False)


def _render(value: Decimal, *, exponent_form: bool) -> str:
    if value == 0:
        return "0"
    for power in range(18, -10, -3):
        scaled = value.scaleb(-power)
        if scaled == scaled.to_integral_value():
            if exponent_form:
                return f"{int(scaled)}e{power}" if power else str(int(scaled))
            return f"{int(scaled)}{_BY_POWER[power]}"
    return f"{int(value.scaleb(9).to_integral_value(rounding=ROUND_CEILING))}n"
