"""Kubernetes quantities as plain numbers."""

from decimal import Decimal, InvalidOperation
from functools import lru_cache

_SUFFIXES = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}


@lru_cache(maxsize=4096)
def parse_quantity(text: str | int | float) -> float:
    """The value of a quantity in base units: cores for CPU, bytes for memory and storage.

    Raises:
        ValueError: the text is no quantity.
    """
    raw = str(text).strip()
    number = raw.rstrip("numkKMGTPEi") if not _is_plain(raw) else raw
    suffix = raw[len(number) :]
    try:
        return float(Decimal(number) * _SUFFIXES[suffix])
    except (InvalidOperation, KeyError) as error:
        raise ValueError(f"{raw!r} is no Kubernetes quantity") from error


def _is_plain(raw: str) -> bool:
    try:
        Decimal(raw)
    except InvalidOperation:
        return False
    return True


def format_bytes(value: float) -> str:
    """Bytes as the kubelet writes working sets: whole KiB."""
    return f"{int(value / 1024)}Ki"
