"""Negations and comparisons with a number near a word."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from cloudwright.agents.language.background import without
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.lexicon import listed, phrases
from cloudwright.agents.language.references import ROLLING, World

_NEGATIONS = listed(
    "neither, not, no, without, never, isn't, aren't, lacking, lack, lacks, non, n't, missing, nor, short, nobody, nothing, hardly"
)


_MORE = (
    "more than",
    "over",
    "above",
    "greater than",
    "exceeding",
    ">",
    "bigger than",
    "larger than",
    "higher than",
    "beyond",
)


_LEAST = ("at least", ">=", "or more", "minimum of", "no less than", "no fewer than")


_LESS = ("less than", "under", "below", "fewer than", "<", "smaller than", "lower than")


_MOST = ("at most", "<=", "up to", "no more than", "or fewer", "or less")


_EXACT = ("exactly", "precisely", "=", "==", "only", "just")


def negated(clause: Clause, at: int, reach: int = 3) -> bool:
    """Whether a negation stands shortly before a word."""
    for index in range(at - 1, -1, -1):
        word, mention = clause.low[index], clause.at(index)
        if word in _NEGATIONS:
            clause.used.add(index)
            return True
        passed = word in _PASSED and (mention is None or mention.what in ("all", "pronoun", "kind"))
        reach -= 0 if passed else 1
        if word in (",", "and", "but", "or", "with") or reach <= 0 or (mention is not None and not passed):
            return False
    return False


_PASSED = listed(
    "all, their, its, of, replicas, replica, have, has, having, every, each, been, be, fully, yet, any, the, instances, copies"
)
"""Words between a negation and what it denies: "do not have all their replicas available"."""


def unless_negated(clause: Clause, at: int, expression: str) -> str:
    """A filter, or its opposite where a negation stands before the word that it comes from."""
    return f"not ({expression})" if negated(clause, at, 4) else expression


def bound_near(clause: Clause, at: int, reach: int = 5) -> tuple[str, Mention] | None:
    """A comparison with a number near a word: the sign and the number."""
    numbers = [item for item in clause.of("number", "quantity", "percent") if abs(item.start - at) <= reach]
    if not numbers:
        return None
    number = min(numbers, key=lambda item: abs(item.start - at))
    before = " ".join(clause.low[max(0, number.start - 3) : number.start])
    after = " ".join(clause.low[number.end : number.end + 2])
    sign = "="
    for words, meaning in ((("!=",), "!="), (_LEAST, ">="), (_MOST, "<="), (_MORE, ">"), (_LESS, "<"), (_EXACT, "=")):
        if any(re.search(rf"(?:^|\s){re.escape(word)}$", before) or after.startswith(word) for word in words):
            sign = meaning
            clause.use_words(*words)
            break
    clause.use(number)
    return sign, number


_OFTEN: Mapping[str, int] = {"once": 1, "twice": 2, "thrice": 3}


def how_often(clause: Clause) -> tuple[str, int] | None:
    """A bound said as an adverb: "more than twice", "at least once"."""
    for word, times in _OFTEN.items():
        at = clause.find(word)
        before = " ".join(clause.low[max(0, at - 3) : at])
        for words, sign in ((_LEAST, ">="), (_MOST, "<="), (_MORE, ">"), (_LESS, "<"), (_EXACT, "=")):
            if at >= 0 and any(re.search(rf"(?:^|\s){re.escape(phrase)}$", before) for phrase in words):
                clause.use_words(*words, word)
                return sign, times
        if at >= 0 and times > 1:
            clause.use_words(word)
            return "=", times
    return None


_EXCLUDING = (
    "except, excluding, except for, apart from, other than, but not, besides, without, leaving out, ignoring, minus"
)


def excluded(clause: Clause) -> bool:
    """Whether the first named object is only named to be left out."""
    names = clause.of("name")
    starts = list(_excluding(clause))
    return bool(names and starts) and min(starts) < names[0].start


def _excluding(clause: Clause) -> Iterator[int]:
    """Where words stand that leave out what follows; "but" does behind a word for all."""
    yield from (at for phrase in phrases(_EXCLUDING) if (at := clause.find(" ".join(phrase))) >= 0)
    if clause.has("everything, all, every, each, anything, everyone") and (at := clause.find("but")) > 0:
        yield at


_MOST_BUT = 20


def all_but(clause: Clause, world: World) -> Clause | None:
    """ "all deployments in shop but x": the clause with the others named; None where a kind or a place is not said.

    At most 20 objects are meant so.
    """
    start = min(_excluding(clause))
    spared = clause.of("name")
    kinds = [item for item in clause.of("kind", "workload") if item.plural or clause.has("every, each, all")]
    place = [item.text for item in clause.of("namespace") if not item.near]
    if len(kinds) != 1 or len(place) != 1 or kinds[0].end > start or any(item.near for item in spared):
        return None
    wanted = (kinds[0].kind.kind,) if kinds[0].kind is not None else ROLLING
    left = {item.ref for mention in spared for item in mention.objects}
    rest = [
        item
        for item in world.index.vocabulary.objects
        if item.ref.kind in wanted and item.ref.namespace == place[0] and item.ref not in left and not item.owner
    ]
    if not 0 < len(rest) <= _MOST_BUT or spared[0].start < start:
        return None
    bare = without(clause, set(range(start, spared[-1].end)))
    named = [Mention("name", kinds[0].start, kinds[0].end, item.ref.name, objects=(item,)) for item in rest]
    kept = [item for item in bare.mentions if item.what not in ("name", "all", "kind", "workload")]
    told = replace(bare, mentions=tuple(sorted((*kept, *named), key=lambda item: item.start)), used=set())
    told.use_words("all, every, each, the, of, and")
    return told


_MORE_OF = frozenset(("more", "additional", "extra", "another"))
_LESS_OF = frozenset(("less", "fewer", "off"))


def difference(clause: Clause, mention: Mention, families: frozenset[str]) -> int:
    """1 if an amount is to be added to what is there, -1 if it is to be taken away, 0 if it is the new amount itself."""
    before = clause.low[mention.start - 1] if mention.start else ""
    after = set(clause.low[mention.end : mention.end + 2])
    if after & _LESS_OF:
        return -1
    if after & _MORE_OF or before in _MORE_OF:
        return 1
    if before == "by":
        return -1 if "down" in families else 1
    return 1 if "add" in families and before != "to" else 0


def contrary(families: frozenset[str], present: float, wanted: float) -> str:
    """What is odd about a new amount: lower although it was to be raised, or the other way round; "" where nothing is."""
    if "up" in families and "down" not in families and wanted < present:
        return "less"
    if "down" in families and "up" not in families and wanted > present:
        return "more"
    return ""
