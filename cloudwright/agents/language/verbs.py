"""Which families of verbs a clause uses, in which form, and whether it orders something."""

from dataclasses import dataclass
from functools import cache

from cloudwright.agents.language import lexicon
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed, phrases


@dataclass(frozen=True)
class Verb:
    """One verb of a clause. A word may belong to several families."""

    start: int
    end: int
    families: frozenset[str]
    form: str

    @property
    def text_length(self) -> int:
        """Tokens that it takes."""
        return self.end - self.start


@cache
def _table() -> dict[str, list[tuple[tuple[str, ...], str, str]]]:
    """First word form → (following words, family, form)."""
    table: dict[str, list[tuple[tuple[str, ...], str, str]]] = {}
    for family, text in lexicon.ACTIONS.items():
        for phrase in phrases(text):
            for word, form in lexicon.inflections(phrase[0]).items():
                table.setdefault(word, []).append((phrase[1:], family, form))
    return table


@cache
def looks() -> frozenset[str]:
    """Words that only look."""
    return frozenset(phrase[0] for phrase in phrases(lexicon.LOOKS) if len(phrase) == 1)


def verbs(clause: Clause) -> list[Verb]:
    """The verbs of the clause outside of names; phrases may have the object in between ("take X out of rotation")."""
    found: list[Verb] = []
    inside = 0
    for at, word in enumerate(clause.low):
        mention = clause.at(at)
        if at < inside or (
            mention is not None
            and mention.what in ("name", "namespace", "pair", "file", "image", "text")
            and (at or mention.what != "name")
        ):
            continue
        matches = [
            (end, family, form, used)
            for rest, family, form in _table().get(word, ())
            if (end := _matches(clause, at, rest)) is not None
            for used in [len(rest) + 1]
        ]
        if not matches:
            continue
        longest = max(used for *_, used in matches)
        best = [item for item in matches if item[3] == longest]
        families = frozenset(family for _, family, _, _ in best) | (
            frozenset(family for _, family, _, _ in matches) if longest == 1 else frozenset()
        )
        forms = [form for _, _, form, _ in best]
        end = max(end for end, *_ in best)
        inside = end if end - at == longest else at + 1  # words of a phrase are no verbs of their own
        found.append(Verb(at, end, families, "base" if "base" in forms else forms[0]))
    return found


_PARTS = listed("key, schedule, label, variable, env, annotation, taint, entry, limit, toleration, finalizer")
"""Words for what a phrase may take between its words besides an object: "take the footer key out of x"."""


_THEM = ("it", "them", "that", "this")


def _matches(clause: Clause, at: int, rest: tuple[str, ...]) -> int | None:
    """Where a phrase ends whose first word stands here; its object (a name, a pronoun, up to 4 words) may stand between."""
    low = clause.low
    if not rest:
        return at + 1
    for gap in range(6):
        start = at + 1 + gap
        if tuple(low[start : start + len(rest)]) == rest and not _leads_to_place(clause, start + len(rest)):
            between = range(at + 1, start)
            if gap == 0 or any(
                low[index] in _PARTS
                or low[index] in _THEM
                or ((mention := clause.at(index)) is not None and mention.what in ("name", "pronoun", "kind"))
                for index in between
            ):
                return start + len(rest)
    return None


def _leads_to_place(clause: Clause, end: int) -> bool:
    """Whether the last word of a phrase is the "in" of a place: "roll x in staging" is not "roll in"."""
    mention = clause.at(end)
    return mention is not None and mention.what == "namespace" and clause.low[end - 1] in ("in", "on", "from")


@cache
def _openers() -> tuple[tuple[str, ...], ...]:
    return tuple(sorted(phrases(lexicon.POLITE), key=len, reverse=True))


def opening(clause: Clause) -> int:
    """Where the clause really begins: after greetings and polite words."""
    low = clause.low
    at = 0
    moved = True
    while moved and at < len(low):
        moved = False
        if clause.tokens[at].mark:
            at, moved = at + 1, True
            continue
        for phrase in _openers():
            if low[at : at + len(phrase)] == phrase:
                at, moved = at + len(phrase), True
                break
    return at


_TELLING = ("we", "they", "i", "people", "users", "customers")
"""Behind these a verb tells what somebody does: "delete it, we start that from scratch"."""
_ENDING = listed(
    "restart, cordon, uncordon, drain, suspend, resume, pause, delete, reboot, redeploy, unsuspend, unpause"
)
"""Verbs that order something behind its name, too: "grafana restart pls"."""


def _last(clause: Clause, found: list[Verb]) -> Verb | None:
    """The one word that is said besides what is named, where it is such a verb."""
    said = [
        at
        for at, token in enumerate(clause.tokens)
        if not token.mark and clause.at(at) is None and token.low not in _SMALL_TALK
    ]
    if clause.question or len(said) != 1 or clause.low[said[0]] not in _ENDING or not clause.of("name"):
        return None
    return next((verb for verb in found if verb.start == said[0]), None)


_SMALL_TALK = frozenset(lexicon.FILLERS.split())
_PLACES = listed("in, on, for, from, at, within, inside, under")
"""Words with which a place stands before an order: "in staging, restart x"."""


def ordered(clause: Clause) -> list[Verb]:
    """The verbs by which the clause orders something: imperatives, polite requests, and wishes ("X needs a restart")."""
    found = verbs(clause)
    start = opening(clause)
    first = [verb for verb in found if verb.start == start and verb.form in ("base", "ing")]
    if first:
        wishes = clause.low[start] in ("get", "have", "want", "need", "see")
        others = (verb for verb in found if verb.start != start and (wishes or verb.form == "base"))
        return first + [verb for verb in others if wishes or clause.low[verb.start - 1] not in _TELLING]
    helped = next((at for at, word in enumerate(clause.low) if word in ("be", "get")), -1)
    if clause.low[:1] and clause.low[0] in ("can", "could") and helped > 0:
        return [verb for verb in found if verb.start > helped]
    colon = clause.low.index(":") if ":" in clause.low else -1
    if colon > 0 and any(verb.start == colon + 1 and verb.form == "base" for verb in found):
        return [verb for verb in found if verb.start > colon]
    if last := _last(clause, found):
        return [last]
    wish = min((at for phrase in phrases(lexicon.DESIRE) if (at := clause.find(" ".join(phrase))) >= 0), default=-1)
    if wish >= 0:
        return [verb for verb in found if verb.start > wish]
    if clause.low[start : start + 1] and clause.low[start] in _PLACES:
        return [verb for verb in found if verb.form == "base"]
    return []
