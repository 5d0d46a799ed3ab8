"""Old values that an order names beside the new ones: "instead of 3", "from 200 to 100", "not 1.5.2", "rather than warn"."""

from collections.abc import Iterator
from itertools import pairwise

from cloudwright.agents.language.assigned import COUNTED
from cloudwright.agents.language.clause import Clause, What
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.text import ARROWS, VERSION

VALUED: tuple[What, ...] = ("number", "quantity", "image", "percent", "time", "duration")
"""What may be the old one of two values."""
_OLD = ("instead of", "rather than", "and not", "not", "in place of", "was")
"""Before a value these name the old one."""
_RHYTHMS = listed("hourly, daily, nightly, weekly, monthly, yearly, weekdays, weekends")


def old_values(clause: Clause) -> Iterator[int]:
    """The tokens of old values, with the words that say that they are old."""
    yield from _ruled_out(clause)
    yield from _other_one(clause)
    yield from _from_old(clause)


def _other_one(clause: Clause) -> Iterator[int]:
    """ "restart x in blue, not the green one", "…, not the one in green": a place that is not meant."""
    for at, word in enumerate(clause.low[:-2]):
        if word != "not" or not at or clause.low[at + 1] != "the":
            continue
        end = next(
            (index + 1 for index in range(at + 2, min(at + 4, len(clause.low))) if clause.low[index] == "one"), 0
        )
        place = clause.at(end) if clause.low[end : end + 1] == ("in",) else None
        if not end and not place:
            continue
        behind = clause.at(end + 1) if clause.low[end : end + 1] == ("in",) else None
        yield from range(at, behind.end if behind is not None and behind.what == "namespace" else end)


def _ruled_out(clause: Clause) -> Iterator[int]:
    """The tokens of "instead of 3 members": an old value beside the new one of the same sort."""
    for phrase in _OLD:
        at = clause.find(phrase)
        if at <= 0:
            continue
        after = at + len(phrase.split())
        old = clause.at(after)
        if clause.low[after : after + 1] and clause.low[after] in _RHYTHMS and set(clause.low[:at]) & _RHYTHMS:
            yield from range(at, after + 1)
        if clause.tokens[after : after + 1] and VERSION.fullmatch(clause.tokens[after].raw) and _versions(clause, at):
            yield from range(at, after + 1)
        if old is None and _plain_old(clause, at, after):
            yield from range(at, after + 1)
        if old is None or old.what not in VALUED or old.start != after:
            continue
        new = [item for item in clause.of(*VALUED) if item.end <= at]
        if new and (new[-1].what == old.what or {new[-1].what, old.what} <= {"number", "time", "quantity"}):
            end = old.end
            while end < len(clause.low) and clause.low[end] in COUNTED:
                end += 1
            yield from range(at, end)


def _plain_old(clause: Clause, at: int, after: int) -> bool:
    """ "should be debug instead of warn": a plain word at the end, where a plain word is the new value."""
    new = clause.at(at - 1)
    last = after < len(clause.tokens) and all(token.mark for token in clause.tokens[after + 1 :])
    return (
        last
        and (new is None or new.what == "text")
        and clause.low[at - 2 : at - 1] in (("be",), ("to",), ("=",), ("on",))
    )


def _versions(clause: Clause, end: int) -> list[str]:
    """The versions before a token."""
    return [token.raw for token in clause.tokens[:end] if VERSION.fullmatch(token.raw)]


def _from_old(clause: Clause) -> Iterator[int]:
    """The tokens of "from 200" before "to 100"; two bounds of an autoscaler are both new."""
    for before, after in pairwise(clause.of("number", "quantity")):
        if after.start == before.end + 1 and clause.tokens[before.end].raw in ARROWS:
            yield from range(before.start, after.start)
    at = clause.find("from")
    if at < 0 or clause.has("autoscale, autoscaled, autoscaler, automatically, hpa, scale"):
        return
    to = next((index for index in range(at + 1, min(at + 5, len(clause.low) - 1)) if clause.low[index] == "to"), -1)
    if to > at + 1 and not any(
        mention.what in ("name", "namespace", "kind") for mention in clause.mentions if at < mention.start < to
    ):
        yield from range(at, to)
