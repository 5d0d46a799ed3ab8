"""Writes the list of known differences; run by `scripts/twin_conformance.py report --accept`."""

from collections.abc import Iterable
from pathlib import Path

KNOWN = Path(__file__).parent / "known_differences.txt"


def write(names: Iterable[str]) -> None:
    """One step id a line, sorted."""
    KNOWN.write_text("".join(f"{name}\n" for name in sorted(names)))
