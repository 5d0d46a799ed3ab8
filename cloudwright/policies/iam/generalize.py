"""Patterns from examples: what several texts have in common, and the least edit that makes a pattern match a text."""

from collections.abc import Sequence
from functools import lru_cache

from cloudwright.policies.iam.patterns import ARN_COLONS

_BOUNDARIES = "/:-_."


def common_pattern(values: Sequence[str]) -> str:
    """The narrowest natural pattern over all values: part by part for ARNs, a shared beginning with a star
    otherwise.
    """
    distinct = sorted(set(values))
    if len(distinct) == 1:
        return distinct[0]
    split = [value.split(":", ARN_COLONS) for value in distinct]
    if any(len(parts) != ARN_COLONS + 1 for parts in split):
        return _shared(distinct)
    parts = [column[0] if len(set(column)) == 1 else "*" for column in zip(*split, strict=True)]
    parts[ARN_COLONS] = _shared([item[ARN_COLONS] for item in split])
    return ":".join(parts)


def _shared(values: Sequence[str]) -> str:
    if len(set(values)) == 1:
        return values[0]
    shortest = min(values, key=len)
    length = next((i for i in range(len(shortest)) if any(value[i] != shortest[i] for value in values)), len(shortest))
    if length < len(shortest) or length == 0:
        while length and shortest[length - 1] not in _BOUNDARIES:
            length -= 1
    return shortest[:length] + "*"


@lru_cache(maxsize=16384)
def adapt(pattern: str, value: str) -> tuple[int, str]:
    """The least number of letters to change in `pattern` (stars stretch for free) so that it matches `value`, and the
    result.
    """
    rows, columns = len(pattern) + 1, len(value) + 1
    costs = [[0] * columns for _ in range(rows)]
    for j in range(1, columns):
        costs[0][j] = j
    for i in range(1, rows):
        star = pattern[i - 1] == "*"
        costs[i][0] = costs[i - 1][0] + (not star)
        for j in range(1, columns):
            same = pattern[i - 1] in (value[j - 1], "?")
            if star:
                costs[i][j] = min(costs[i - 1][j], costs[i][j - 1])
            else:
                costs[i][j] = min(costs[i - 1][j - 1] + (not same), costs[i - 1][j] + 1, costs[i][j - 1] + 1)
    return costs[-1][-1], _trace(pattern, value, costs)


def _trace(pattern: str, value: str, costs: list[list[int]]) -> str:
    out: list[str] = []
    i, j = len(pattern), len(value)
    while i or j:
        star = i > 0 and pattern[i - 1] == "*"
        if star and j and costs[i][j] == costs[i][j - 1]:
            j -= 1
        elif star and costs[i][j] == costs[i - 1][j]:
            out.append("*")
            i -= 1
        elif i and j and costs[i][j] == costs[i - 1][j - 1] + (pattern[i - 1] not in (value[j - 1], "?")):
            out.append(pattern[i - 1] if pattern[i - 1] == "?" else value[j - 1])
            i, j = i - 1, j - 1
        elif j and costs[i][j] == costs[i][j - 1] + 1:
            out.append(value[j - 1])
            j -= 1
        else:
            i -= 1
    return "".join(reversed(out))
