"""Whether a clause orders, asks, supposes, tells of the past, forbids, or wants advice."""

import re
from functools import cache

from cloudwright.agents.language import lexicon
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed, phrases
from cloudwright.agents.language.text import ARROWS, VARIABLE
from cloudwright.agents.language.verbs import Verb, looks, opening, verbs


def looks_only(clause: Clause) -> bool:
    """Whether the clause begins with a word that only looks."""
    start = opening(clause)
    if start >= len(clause.low):
        return True
    if clause.has("rid of"):
        return False  # whoever wants to be rid of a thing does not look at it
    if _named_first(clause, start):
        return False
    word = clause.low[start]
    first = [verb for verb in verbs(clause) if verb.start == start]
    if word == "rollout" and clause.low[start + 1 : start + 2] in (("history",), ("status",)):
        return True
    if word == "give" and clause.low[start + 1 : start + 2] in (("me",), ("us",)):
        return not clause.of("number") or clause.has("log, logs, lines, log lines, events, names, list")
    return (
        word in looks()
        and not (
            first
            and word
            in ("give", "bring", "get", "run", "top", "pull", "draw", "follow", "name", "help", "report", "present")
        )
    ) or word in ("logs", "log", "events", "top")


def _named_first(clause: Clause, start: int) -> bool:
    """ "search LOG_LEVEL to debug": a name that is a verb, too, before what is set of it."""
    mention = clause.at(start)
    following = clause.tokens[start + 1 : start + 2]
    return (
        mention is not None
        and mention.what == "name"
        and any(VARIABLE.fullmatch(token.raw) or token.raw in (":", "=", *ARROWS) for token in following)
    )


@cache
def _phrases(text: str) -> tuple[str, ...]:
    return tuple(sorted((" ".join(phrase) for phrase in phrases(text)), key=len, reverse=True))


def hypothetical(clause: Clause) -> bool:
    """Whether it only asks what would happen."""
    return (
        (
            bool(_SUPPOSED.search(" ".join(clause.low)))
            and (clause.question or clause.low[0] == "would" or bool(_QUESTIONS & set(clause.low)))
        )
        or clause.has(lexicon.HYPOTHETICAL)
        or bool(clause.low[:1] and clause.low[0] in ("if", "suppose", "imagine", "assuming"))
        or (clause.has("safely") and clause.has("can"))
    )


_SUPPOSED = re.compile(
    r"\b(?:if|when|once|were) (?:we|i|you|someone|somebody|anyone|they|one) \w+|\bwould (?!you\b)\w+ing\b"
    r"|\b(?:what|anything|something)(?: that)?(?: would)? (?:keep|stop|prevent|block)s? (?:us |me |you |anyone |anybody )?(?:from )?(?:a |the )?(?:drain|delet|evict|reboot)\w*"
    r"|\bwould (?:a|an|the) (?:drain|reboot|restart|removal|deletion|outage|loss|failure|upgrade)\b"
)
"""Something that nobody has done yet: "who would suffer if we drained x"."""


def how_to(clause: Clause) -> bool:
    """Whether it asks how something is done."""
    if clause.of("name") and clause.has("command does, command do, command is, command of"):
        return False  # what it runs, not how something is done
    return clause.has(lexicon.HOW_TO) or (
        clause.has("explain, describe, know, teach") and clause.has("how, way") and not clause.has(_AMOUNTS)
    )


_AMOUNTS = "how many, how much, how big, how old, how long, how often, how large, how full, how far"


def capability(clause: Clause) -> bool:
    """Whether it asks what can be done at all, of nothing in particular: "can you scale things?"."""
    aimed = clause.of(
        "name", "pronoun", "namespace", "number", "quantity", "image", "pair", "file", "ordinal", "all", "text"
    )
    return not aimed and clause.question and clause.has("can you, could you, are you able to, do you, able to")


def opinion(clause: Clause) -> bool:
    """Whether it asks for advice."""
    found = [phrase for phrase in _phrases(lexicon.SHOULD) if phrase != "would you"]
    return clause.has(*found)


_MODALS = ("can", "may", "could", "might", "should", "shall", "must")
_QUESTIONS = frozenset(lexicon.ASKING.split())


_REPORTERS = listed("i, we, he, she, they, someone, somebody, nobody, you, it, who")


def reported(clause: Clause) -> bool:
    """Whether it tells of the past ("I restarted cart yesterday", "cart was scaled down", "did you delete it")."""
    low = clause.low
    start = opening(clause)
    found = verbs(clause)
    if any(verb.start == start and verb.form == "base" for verb in found):
        return False
    past = [verb for verb in found if verb.form == "past"]
    if not past:
        return False
    wish = clause.has("want, wants, need, needs, like, should be, must be, get, have")
    before = low[past[0].start - 1] if past[0].start else ""
    teller = any(word in _REPORTERS for word in low[max(0, past[0].start - 3) : past[0].start])
    helped = any(
        word in ("was", "were", "been", "got", "has", "had", "have", "already", "just")
        for word in low[max(0, past[0].start - 3) : past[0].start]
    )
    return (teller or helped or before in ("", "\x00")) and not wish


def announced(clause: Clause) -> bool:
    """ "new config is in": what is new is told, not ordered."""
    start = opening(clause)
    return clause.low[start : start + 1] == ("new",) and bool(
        {"is", "are", "was", "were", "has", "have"} & set(clause.low)
    )


def interrogative(clause: Clause) -> bool:
    """Whether it is a question that a change could not answer."""
    low = clause.low
    start = opening(clause)
    first = low[start] if start < len(low) else ""
    raw_first = next(
        (
            word
            for word in low
            if word not in ("hey", "hi", "hello", "so", "and", "ok", "okay", ",", "then", "well", "also", "now")
        ),
        "",
    )
    following = low[start + 1 : start + 2]
    if first in ("would", "will") and following and following[0] not in ("you", "someone", "somebody"):
        return True
    if first in _PREPOSITIONS and following and following[0] in _QUESTIONS:
        return True
    if _sought(clause):
        return True
    if (
        len(low) > 1
        and low[0] in _MODALS
        and low[1] not in ("you", "we", "someone", "somebody", "be", *_HELPED, "take", "receive", "accept", "host")
        and not clause.has("please, kindly")
    ):
        return not requested(clause)
    return first in _QUESTIONS or raw_first in _QUESTIONS


def _sought(clause: Clause) -> bool:
    """ "host/path -> which service", "x => ?": what stands behind the arrow is asked for."""
    behind = (clause.low[at + 1 : at + 2] for at, token in enumerate(clause.tokens) if token.raw in ARROWS)
    return any(word == ("?",) or (word and word[0] in _QUESTIONS) or (not word and clause.question) for word in behind)


_UNDOABLE = frozenset(
    ("restart", "scale", "up", "down", "set", "deploy", "pause", "resume", "label", "annotate", "uncordon", "cordon")
)
_HELPED = ("be", "get", "have", "run", "use", "go")


def requested(clause: Clause) -> bool:
    """Whether a question without "you" asks to have something done: "could x be restarted?", "can x have 3 replicas?"."""
    low = clause.low
    at = next((index for index, word in enumerate(low) if word in _HELPED), -1)
    if (
        (low[:1] and low[0] not in ("can", "could"))
        or at < 1
        or not clause.of("name")
        or clause.of("name")[0].start > at
    ):
        return False
    if low[at] in ("be", "get"):
        done = [verb for verb in verbs(clause) if verb.start == at + 1 and verb.form == "past"]
        if done:
            return bool(done[0].families & _UNDOABLE) and "delete" not in done[0].families
    if low[at] == "be":
        return any(
            verb.start > at and verb.form == "past" and verb.families & _UNDOABLE and "delete" not in verb.families
            for verb in verbs(clause)
        )
    return bool(
        clause.of("number", "quantity", "image", "pair")
        or clause.has("restart, fresh start, bounce, reboot, more memory, more replicas")
    )


_PLAN = re.compile(
    r"\b(?:we|i|they|somebody|someone)(?: am| are| is| will| would)* (?:want|wants|plan|planning|about|going|need|have|like|intend|think(?:ing)?|consider\w*)"
    r"(?: of| about)? (?:to )?\w+|\b(?:should|ought to|is supposed to|are supposed to|was supposed to) be \w+"
    r"|^(?:the |our )?[\w-]+ (?:wants|plans|intends|asks for|asked for)\b"
)


def planned(clause: Clause) -> bool:
    """Whether it tells of a plan, or of what should be so, without a value that could be set."""
    low = " ".join(clause.low)
    valued = clause.of("number", "quantity", "image", "pair", "percent", "file")
    return bool(_PLAN.search(low)) and not valued and not clause.has("you, please, kindly")


_PREPOSITIONS = listed("in, on, for, from, at, to, with, by, of, under")


def negative(clause: Clause, found: list[Verb]) -> bool:
    """Whether the clause forbids what its verb says."""
    low = clause.low
    if not found:
        return False
    before = low[: found[0].start]
    return any(
        word in ("not", "never", "n't", "stop", "avoid", "cease", "refrain") for word in before[-4:]
    ) and not _polite_not(before)


def _polite_not(before: tuple[str, ...]) -> bool:
    joined = " ".join(before)
    return joined.endswith(
        ("why not", "would not mind", "if you do not mind", "why do you not", "why do not we", "why do not you")
    )
