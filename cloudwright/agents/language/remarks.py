"""Remarks beside an order: what happens around it, what somebody does, wants, expects or does not want."""

from itertools import pairwise

from cloudwright.agents.language.circumstances import (
    CIRCUMSTANCES,
    DOING,
    LATER,
    SMALL_TIMES,
    SUBJECTS,
    TIMES,
    WHEN_DONE,
)
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.old_values import VALUED
from cloudwright.agents.language.verbs import verbs

HARMLESS = ("pronoun", "kind", "workload", "all", "time", "duration", "number", "percent", "ordinal")

_SHORT = 4

FOR_A_WHILE = ("need", "it", "for")
""" "…, need it for half an hour"."""

_I_DO_NOT = ("i", "do", "not", "want")

_LEADING = listed(
    "in, on, with, without, for, by, at, using, via, from, to, as, all, every, each, both, any, of, and, then, gracefully, slowly, quickly, force,"
    " tag, version, image, key, value, set, label, latest, single, per"
)

_ALIKE = listed("other, others, same, rest, too, also, as, well, ones, another, replicas, pods, copies")


def circumstance(low: tuple[str, ...]) -> bool:
    """ "…, too much traffic": a noun phrase for why; "…, every night" says when."""
    return low[-1] in CIRCUMSTANCES and not set(low) & LATER and not (low[-1] in TIMES and low[0] in SMALL_TIMES)


def upcoming(clause: Clause, start: int, end: int) -> bool:
    """ "…, big day tomorrow", "…, disk swap in 20 min": what is going to happen, not when the order shall be done."""
    last = clause.at(end - 1)
    soon = last is not None and last.what == "duration" and clause.low[last.start - 1] == "in"
    if not soon and clause.low[end - 1] not in LATER:
        return False
    first = last.start - 1 if soon and last is not None else end - 1
    return len([word for word in clause.low[start:first] if word not in LATER | WHEN_DONE | SMALL_TIMES]) > 1


def put_off(low: tuple[str, ...]) -> bool:
    """Whether words speak of a later time for what is ordered, and not only of a need that is over."""
    pairs = {f"{one} {other}" for one, other in pairwise(low)}
    unneeded = bool(pairs & {"not need", "not use", "nobody needs", "nobody uses"})
    later = bool(set(low) & LATER and set(low) & (WHEN_DONE if len(low) <= _SHORT else DOING))
    return later and not unneeded


def aside(low: tuple[str, ...], mentions: list[Mention], start: int) -> bool:
    """ "…, the doctors hate paging", "…, finance signed it off": somebody does something that no word of ours knows."""
    plain = all(
        mention.what in ("pronoun", "kind", "workload")
        or mention.near
        or (mention.what == "namespace" and mention.start == start)  # "…, finance signed it off": the team
        for mention in mentions
    )
    return start > 0 and low[0] not in _LEADING and len(low) > 2 and plain and not set(low) & (_ALIKE | LATER)


def granted(low: tuple[str, ...], mentions: list[Mention], start: int) -> frozenset[str]:
    """Words that change nothing where a part has no value: "…, marketing wants to go live", "…, it only burns cpu"."""
    if start == 0 or any(
        mention.what in (*VALUED, "pair", "name", "namespace") and not mention.near for mention in mentions
    ):
        return frozenset()
    wanting = (
        frozenset(("want", "wants")) if low[0] not in ("i", "we", "you", "please") and "to" in low else frozenset()
    )
    return wanting | (frozenset(("only",)) if low[0] in SUBJECTS and low[1:2] == ("only",) else frozenset())


def waits(low: tuple[str, ...]) -> bool:
    """ "…, don't wait for tonight's run": an order is done now anyway."""
    return low[:3] == ("do", "not", "wait") and not {"if", "unless"} & set(low)


def expects(low: tuple[str, ...], mentions: list[Mention]) -> bool:
    """ "…, there should be nothing but the daemonset on it": what somebody expects to find, without a value."""
    return low[:3] in (("there", "should", "be"), ("there", "must", "be")) and all(
        item.what in HARMLESS and item.what != "number" for item in mentions
    )


def unwilling(clause: Clause, start: int, end: int) -> bool:
    """ "I do not want to debug that on a Saturday, please …": what somebody does not want to do besides the order."""
    low = clause.low[start:end]
    behind = clause.low[end : end + 3]
    if low[1:4] != _I_DO_NOT[1:] or low[0] not in ("i", "we"):
        return False
    forbidden = {
        family for verb in verbs(Clause(clause.tokens[start + len(_I_DO_NOT) : end])) for family in verb.families
    }
    wanted = {family for verb in verbs(Clause(clause.tokens[end:])) for family in verb.families}
    named = any(item.what not in HARMLESS for item in clause.mentions if start <= item.start < end)
    return bool({"please", "so", "just"} & set(behind)) and not named and not forbidden & wanted


def wishes(low: tuple[str, ...]) -> bool:
    """Whether somebody wants a thing that is pointed at: "we need it back"."""
    at = next(
        (at for at, pair in enumerate(pairwise(low)) if pair[0] in ("need", "needs") and pair[1] in ("it", "them")), -1
    )
    wanted = at >= 0 and low[at + 2 : at + 3] not in (("for",), ("to",), ("because",), ("since",))
    return wanted and not set(low) & {"not", "nobody", "no", "never", "hardly"}
