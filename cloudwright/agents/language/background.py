"""An order without what only surrounds it: reasons, circumstances, the old value, what shall stay as it is.

"pier-2's disk looks dodgy, cordon it", "scale x to 3, the sale starts tomorrow", "set y to 20 instead of 15",
"switch x off but keep the Deployment": nothing of that changes what is ordered, as long as it holds no word that could.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from cloudwright.agents.language.circumstances import (
    AROUND,
    CHANGING,
    CIRCUMSTANCES,
    COLOURS,
    FEASTS,
    FINITE,
    LATER,
    NARROWING,
    OPENERS,
    REST,
    SMALL_TIMES,
    STATES,
    SUBJECTS,
)
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.lexicon import BECOMES, listed, phrases
from cloudwright.agents.language.old_values import VALUED, old_values
from cloudwright.agents.language.remarks import (
    FOR_A_WHILE,
    HARMLESS,
    aside,
    circumstance,
    expects,
    granted,
    put_off,
    unwilling,
    upcoming,
    waits,
    wishes,
)
from cloudwright.agents.language.text import VARIABLE, VERSION
from cloudwright.agents.language.verbs import looks, opening, verbs

_MARKS = (",", ";", ".", "(", ")", "!", ":")


def plain(clause: Clause) -> Clause:
    """The clause without its background; the clause itself where nothing of it is background, or nothing else is left."""
    gone: set[int] = set(old_values(clause))
    segments = list(_segments(clause))
    for start, end in segments:
        if _is_background(clause, start, end) and not gone >= set(range(start, end)):
            gone.update(range(start, end))
    gone.update(_coloured(clause))
    gone.update(_purpose(clause))
    rest = [index for index in range(len(clause.tokens)) if index not in gone and not clause.tokens[index].mark]
    if not gone or not rest:
        return clause
    return without(clause, gone)


def without(clause: Clause, gone: set[int]) -> Clause:
    """The clause without some of its tokens, and without the mentions that they belong to."""
    kept = [index for index in range(len(clause.tokens)) if index not in gone]
    place = {old: new for new, old in enumerate(kept)}
    mentions = tuple(
        replace(mention, start=place[mention.start], end=place[mention.end - 1] + 1)
        for mention in clause.mentions
        if not gone & set(range(mention.start, mention.end))
    )
    return Clause(tuple(clause.tokens[index] for index in kept), mentions, clause.question)


def tells(clause: Clause) -> bool:
    """Whether a whole clause only tells something that changes no order beside it."""
    return bool(clause.tokens) and _is_background(clause, 0, len(clause.tokens))


def _looks_around(clause: Clause, following: Clause) -> bool:
    """ "the data desk needs to look around in reader: create … there": where, before an order that says "there"."""
    start = opening(clause)
    ordering = any(verb.start == start and verb.form == "base" for verb in verbs(clause))
    places = all(mention.what == "namespace" for mention in clause.mentions)
    return "there" in following.low and places and not ordering and not set(clause.low) & (CHANGING | LATER)


def leads_to(clause: Clause, following: Clause | None) -> bool:
    """Whether a clause before an order only says why: "holiday weekend ahead: …", "we want to drain faster, so …"."""
    if following is None or clause.question or "\x00" in clause.low:
        return False
    words = set(clause.low)
    if _looks_around(clause, following):
        return True
    if following.low[:1] in (("so",), ("please",), ("pls",), ("hence",), ("therefore",)):
        return not words & (CHANGING - {"want", "wants", "should", "must"}) and not _forbids(clause.low)
    start = opening(clause)
    ordering = any(verb.start == start and verb.form == "base" for verb in verbs(clause))
    heading = all(item.what == "duration" for item in clause.mentions) and not ordering and not words & looks()
    later = bool(words & LATER) and len(words - LATER - SMALL_TIMES) < 2
    return heading and not later and not words & (CHANGING | _STOPPING) and not _forbids(clause.low)


_STOPPING = listed(
    "no, not, never, wait, nope, stop, later, soon, once, next, preview, simulate, simulation, dry-run, dryrun, dry, draft, example, plan, note,"
    " reminder, todo, idea, quote, diff, theory, hypothetically, theoretically, imagine, assume, suppose, supposing"
)


def keeps(clause: Clause) -> bool:
    """Whether a whole clause only says that something stays as it is, without naming it: "but keep the Deployment around"."""
    return _says_stay(clause.low) and not clause.of("name", *VALUED, "pair")


def only_states(clause: Clause) -> bool:
    """Whether a clause says of one object in what state it is, and speaks of nothing besides it: "job x is done"."""
    names = clause.of("name")
    if (
        len(names) != 1
        or not FINITE & set(clause.low)
        or any(mention.what in VALUED and mention.what != "duration" for mention in clause.mentions)
    ):
        return False
    return all(
        clause.at(index) is not None
        or token.mark
        or token.low in STATES | FINITE | {"the", "this", "that", "ok", "s", "'s", "by", "now"}
        for index, token in enumerate(clause.tokens)
        if not token.quoted
    ) and not any(token.quoted for token in clause.tokens)


def _segments(clause: Clause) -> Iterator[tuple[int, int]]:
    """Runs of tokens between marks; an opener of a reason, "but keep" and "until" begin one of their own."""
    edges = sorted({0, *_edges(clause), len(clause.tokens)})
    for start, stop in pairwise(edges):
        end = stop
        while end > start and clause.tokens[end - 1].mark:
            end -= 1
        if start < end:
            yield start, end


def _edges(clause: Clause) -> Iterator[int]:
    """Where a part begins that may be background."""
    yield from (index + 1 for index, token in enumerate(clause.tokens) if token.mark and token.raw in _MARKS)
    for phrase in phrases(OPENERS):
        at = clause.find(" ".join(phrase))
        if at > 0 and not (phrase[0] == "as" and "same" in clause.low[:at]):
            yield at
    for at, word in enumerate(clause.low[:-1]):
        keeps_on = word in ("but", "and") and clause.low[at + 1] in ("keep", "leave")
        until = word == "until" and at > 0 and clause.low[at - 1] not in ("wait", "not", "only")
        if keeps_on or until:
            yield at


def _is_background(clause: Clause, start: int, end: int) -> bool:
    low = clause.low[start:end]
    mentions = [item for item in clause.mentions if start <= item.start < end]
    others = [item for item in clause.mentions if not start <= item.start < end]
    spared = _spares(clause, start, end) or unwilling(clause, start, end) or (start > 0 and low[:3] == FOR_A_WHILE)
    if spared or _stays(low, mentions, others) or waits(low) or expects(low, mentions):
        return True
    if low[0] == "until" and start > 0 and not set(low[1:]) & CHANGING:
        return all(item.what not in (*VALUED, "pair") or item.what == "time" for item in mentions)
    if low[-1] in ("anyway", "anyhow") and not _orders(clause, start, end) and not _forbids(low):
        return _left_over(mentions, others)
    if low[0] in ("otherwise", "else") and start > 0:
        return _left_over(mentions, others)
    if (
        wishes(low)
        or set(low) & (CHANGING - granted(low, mentions, start))
        or "\x00" in low
        or _orders(clause, start, end)
        or _forbids(low)
    ):
        return False
    if _opened(low):
        return _left_over(mentions, others)
    if _wanted(clause, start, end):
        return False
    if start > 0 and any(item.what == "name" for item in others) and _says_state(clause, start, end):
        return True
    if _matters(clause, start, mentions, others) or _counted(clause, low, mentions) or put_off(low):
        return False
    told = len(low) > 1 and (low[0] in SUBJECTS or bool(set(low[1:]) & FINITE) or aside(low, mentions, start))
    return told or (start > 0 and (circumstance(low) or upcoming(clause, start, end)))


def _says_state(clause: Clause, start: int, end: int) -> bool:
    """Whether a part says of one object in what state it is."""
    return only_states(without(clause, {*range(start), *range(end, len(clause.tokens))}))


def _matters(clause: Clause, start: int, mentions: list[Mention], others: list[Mention]) -> bool:
    """Whether something is mentioned that an order may be about."""
    near = [item for item in mentions if item.near and any(other.what in ("name", "pronoun") for other in others)]
    return any(
        item.what not in HARMLESS and item not in near and not _besides(clause, item, start, others)
        for item in mentions
        if not (item.what == "namespace" and item.start == start and start > 0)
    )


def _besides(clause: Clause, mention: Mention, start: int, others: list[Mention]) -> bool:
    """Whether a name is part of what a sentence beside "pause it" tells of: "the feed supplier has maintenance"."""
    told = start > 0 and clause.low[start] in ("the", "our", "their") and mention.what == "name"
    return told and any(item.what == "pronoun" for item in others) and not any(item.what == "name" for item in others)


_TOLD = (
    ("is",),
    ("was",),
    ("has",),
    ("had",),
    ("keeps",),
    ("crashes",),
    ("fails",),
    ("leaks",),
    ("broke",),
    ("does",),
    ("did",),
)
"""Behind a version these say in what state it is."""


def _wanted(clause: Clause, start: int, end: int) -> bool:
    """Whether a version, a variable or a wish stands in a part: it may be what is ordered."""
    low = " ".join(clause.low[start:end])
    values = any(
        (VERSION.fullmatch(clause.tokens[at].raw) or VARIABLE.fullmatch(clause.tokens[at].raw))
        and clause.low[at + 1 : at + 2] not in _TOLD
        for at in range(start, end)
    )
    return values or any(f" {' '.join(phrase)} " in f" {low} " for phrase in phrases(BECOMES))


def _purpose(clause: Clause) -> Iterator[int]:
    """The tokens of "for the newsletter", "because of the sale": what an order is made for."""
    for at, word in enumerate(clause.low[1:], 1):
        if word not in ("for", "of", "during", "over") or (word == "of" and clause.low[at - 1] != "because"):
            continue
        for end in range(at + 2, min(at + 5, len(clause.low) + 1)):
            if any(clause.at(index) is not None for index in range(at, end)):
                break
            if clause.low[end - 1] in CIRCUMSTANCES - NARROWING or " ".join(clause.low[at + 1 : end]) in FEASTS:
                yield from range(at - (word == "of"), end)


_COUNTED = listed("replica, replicas, pod, pods, copy, copies, instance, instances, members, workers")


def _counted(clause: Clause, low: tuple[str, ...], mentions: list[Mention]) -> bool:
    """Whether a number of replicas is said: that is a value."""
    if "single" in low or "another" in low:
        return True
    return any(item.what == "number" and set(clause.low[item.end : item.end + 2]) & _COUNTED for item in mentions)


def _orders(clause: Clause, start: int, end: int) -> bool:
    """Whether words begin with a verb that orders something or with one that looks."""
    part = Clause(clause.tokens[start:end])
    at = opening(part)
    if at >= len(part.low):
        return True
    if start > 0 and part.low[0] in ("i", "we") and part.low[at] in looks():
        return False  # "…, i need to see what it does": what the order is for
    if part.low[at] == "new" and set(part.low[at + 1 : at + 4]) & FINITE:
        return False
    return part.low[at] in looks() or any(verb.start == at and verb.form in ("base", "ing") for verb in verbs(part))


def _spares(clause: Clause, start: int, end: int) -> bool:
    """ "…, but do not delete it": the order is another one, and nothing else is spoken of."""
    words = [word for word in clause.low[start:end] if word not in ("but", "and", "please", "just")]
    inside = [item for item in clause.mentions if start <= item.start < end]
    if words[:2] != ["do", "not"] or any(item.what not in ("pronoun", "kind") for item in inside):
        return False
    forbidden = {family for verb in verbs(Clause(clause.tokens[start:end])) for family in verb.families}
    rest = Clause((*clause.tokens[:start], *clause.tokens[end:]))
    wanted = {family for verb in verbs(rest) for family in verb.families}
    return bool(forbidden and wanted) and not forbidden & wanted


def _opened(low: tuple[str, ...]) -> bool:
    return any(low[: len(phrase)] == phrase for phrase in phrases(OPENERS))


def _left_over(mentions: list[Mention], others: list[Mention]) -> bool:
    """Whether the order keeps what it is about when a reason goes: names and values may only be said besides."""
    if any(item.what in ("quantity", "image", "pair", "file", "path", "text") for item in mentions):
        return False
    if any(item.what == "number" for item in mentions) and not any(item.what in VALUED for item in others):
        return False
    named = any(item.what in ("name", "namespace") for item in mentions)
    return not named or any(item.what in ("name", "pronoun") for item in others)


def _forbids(low: tuple[str, ...]) -> bool:
    """ "do not …", "we do not want …": not of a state but of what is done."""
    if "not" not in low and "never" not in low:
        return False
    at = low.index("not") if "not" in low else low.index("never")
    before = low[:at]
    if (
        not before
        or before[0] in ("do", "does", "please", "and", "or")
        or (
            before[-1:] == ("do",)
            and low[at + 1 : at + 2]
            and low[at + 1] not in ("need", "use", "know", "work", "care", "see", "have")
        )
    ):
        return not any(
            " ".join(low[index : index + 2]) in ("not need", "not use", "not have", "not work", "not know")
            for index in range(len(low) - 1)
        )
    return bool({"should", "must", "shall", "want", "may", "needs"} & set(before))


def _stays(low: tuple[str, ...], mentions: list[Mention], others: list[Mention]) -> bool:
    """ "but keep the Deployment around", "leave the rest alone", "whatever runs there stays"."""
    if not _says_stay(low):
        return False
    own = {item.text for item in mentions if item.what == "name"}
    values = [item for item in mentions if item.what in (*VALUED, "pair")]
    return (
        not values
        and not own & {item.text for item in others if item.what == "name"}
        and any(item.what in ("name", "pronoun") for item in others)
    )


def _says_stay(low: tuple[str, ...]) -> bool:
    words = [word for word in low if word not in ("but", "and", "please", "just", ",")]
    if not words:
        return False
    if words[0] in ("keep", "leave") and (_ends(words, AROUND) or bool(REST & set(words)) or words[-1] == "ones"):
        return True
    if words[0] == "let" and words[-1] in ("be", "alone", "untouched"):
        return True
    return words[-1] in ("stays", "stay", "remains", "remain") and bool(
        (REST | {"pods", "workloads", "running"}) & set(words)
    )


def _ends(words: list[str], endings: frozenset[str]) -> bool:
    text = " ".join(words)
    return any(text.endswith(f" {ending}") for ending in endings)


def _coloured(clause: Clause) -> Iterator[int]:
    for phrase in phrases(COLOURS):
        at = clause.find(" ".join(phrase))
        while at >= 0:
            yield from range(at, at + len(phrase))
            at = clause.find(" ".join(phrase), at + 1)
