"""Labels of injected faults, and whether suspects name them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

WHOLE = {"effect_flipped": "Effect", "extra_deny": "Effect", "statement_dropped": "missing statement"}
Fault = tuple[int | None, str]


def element_of(fault: str) -> str:
    """The element of a fault type of the data."""
    if fault in WHOLE:
        return WHOLE[fault]
    return next((name for name in ("Action", "Resource", "Principal") if name.lower() in fault), "Condition")


def written(faults: Sequence[dict[str, Any]]) -> list[Fault]:
    """Statement and element of each fault as the label says."""
    return [(None if f["statement_index"] < 0 else f["statement_index"], element_of(f["type"])) for f in faults]


def standing(faults: Sequence[dict[str, Any]]) -> list[Fault]:
    """The same in terms of the faulty document: indexes were noted when each fault was made, and a statement dropped
    later moves those behind it, or takes its own faults along.
    """
    found: list[tuple[Fault, str]] = []
    for fault, place in zip(faults, written(faults), strict=True):
        if fault["type"] != "statement_dropped":
            found.append((place, fault["type"]))
            continue
        gone = int(fault["detail"].split()[1])
        added = ((gone, "Effect"), "extra_deny") in found
        found = [item for item in found if item[0][0] != gone]
        found = [((at - 1 if at is not None and at > gone else at, what), kind) for (at, what), kind in found]
        if not added:
            found.append((place, fault["type"]))
    return [place for place, _ in found]


def found_faults(faults: Sequence[Fault], named: Sequence[Fault]) -> Counter[str]:
    """Whether all faults are among the first suspects."""
    counts = Counter(n=1)
    for shown, which in ((len(faults), "as many suspects as faults"), (5, "five suspects")):
        head = named[:shown]
        counts[f"all statements, {which}"] += all(any(where == got for got, _ in head) for where, _ in faults)
        counts[f"all statements and elements, {which}"] += all(fault in head for fault in faults)
    return counts
