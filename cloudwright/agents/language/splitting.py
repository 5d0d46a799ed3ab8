"""Several wishes in one request, as clauses."""

import re

from cloudwright.agents.language import aspects, lexicon
from cloudwright.agents.language.circumstances import FINITE
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.ellipsis import expanded
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.reads.asking import fact
from cloudwright.agents.language.tagging import Tagger
from cloudwright.agents.language.text import Token
from cloudwright.agents.language.verbs import looks, opening, verbs

_JOINTS = frozenset(("and", "then", ",", ";", ".", ":", "!", "?", "but", "plus", "afterwards"))
_LEADING = listed("and, then, also, please, now, just, finally, after, that, next, afterwards, so, but")
_WEAK = listed(
    "up, down, let, have, need, want, new, put, make, get, use, keep, run, top, name, give, help, like,"
    " report, output, cause, load"
)
_VALUE = re.compile(r"[\w./-]+[=:]\S+|[\d.]+\w*")
"""A pair, an image, an amount."""
_LONGEST_TOPIC = 6
_LOOSE_WORDS = 3
_NOUNS = listed("up, down, new, have, like, top, name, cause, load, output, report")
_POLITE = frozenset(lexicon.FILLERS.split())
_PLACES = listed("in, on, for, from, at, within, inside")
_SUPPOSING = ("if", "suppose", "supposing", "assuming", "imagine")
_ANYBODY = listed(
    "it, they, anything, anyone, anybody, something, somebody, there, any, he, she, everything, that, this"
)
_ASKING = frozenset((*lexicon.ASKING.split(), "can", "could", "would"))


def split(tokens: tuple[Token, ...], tagger: Tagger) -> list[Clause]:
    """The wishes of a request; a joint parts two wishes if a verb, a question or a possessive follows it."""
    parts: list[list[Token]] = [[]]
    for index, token in enumerate(tokens):
        rest = tokens[index + 1 :]
        if token.raw == "," and parts[-1] and parts[-1][0].low in _PLACES and not verbs(Clause(tuple(parts[-1]))):
            parts[-1].append(token)
            continue
        if token.low in ("and", ",") and _unfinished(parts[-1], tagger) and not (parts[:-1] and _about_it(rest)):
            parts[-1].append(token)
            continue
        if token.low in _JOINTS and not token.quoted and rest and parts[-1] and _begins(rest, token, parts[-1]):
            if token.raw == "?":
                parts[-1].append(token)
            parts.append([])
            continue
        parts[-1].append(token)
    out: list[Clause] = []
    topic: tuple[Token, ...] = ()
    for part, following in zip(parts, [*parts[1:], []], strict=True):
        question = any(token.raw == "?" for token in part)
        for words in expanded(_trimmed(part), tagger):
            clause = tagger.clause(_about(words, topic), question)
            topic = _topic(clause) if following and not (_possessive(following) or _facts(following, part)) else ()
            if topic and not question and set(clause.low) & FINITE:
                topic = tuple(
                    clause.tokens[index]
                    for mention in clause.mentions
                    if mention.what not in ("number", "quantity", "ordinal")
                    for index in range(mention.start, mention.end)
                )
            if words and not topic:
                out.append(clause)
    return out


def _possessive(part: list[Token]) -> bool:
    """ "…, and its pods": a wish of its own about what was named."""
    words = [token.low for token in part if not token.mark and token.low not in _LEADING]
    return bool(words) and words[0] in ("its", "their")


def _about(words: tuple[Token, ...], topic: tuple[Token, ...]) -> tuple[Token, ...]:
    """Words with what they are about: behind their first part, so that what follows a comma stays by itself."""
    comma = next((at for at, token in enumerate(words) if token.raw in (",", ";")), len(words))
    return (*words[:comma], *topic, *words[comma:])


def _unfinished(part: list[Token], tagger: Tagger) -> bool:
    """Whether a question does not say yet what it is about: "how many cores | and how much memory does x have"."""
    if not part or part[0].low not in ("how", "which", "what") or len(part) > _LONGEST_TOPIC:
        return False
    return not tagger.clause(tuple(part)).of("name", "kind", "workload", "namespace", "pronoun", "all")


def _about_it(rest: tuple[Token, ...]) -> bool:
    """Whether what follows asks something more of what was spoken of before: "which exit code, and what did it print"."""
    words = [token.low for token in rest if not token.mark and token.low not in _LEADING]
    return words[:1] in (["which"], ["what"], ["how"], ["who"], ["where"], ["when"]) and bool(_IT & set(words))


_IT = frozenset(("it", "they", "its", "their", "he", "she"))


def _trimmed(part: list[Token]) -> tuple[Token, ...]:
    """Without punctuation around it, and without a joint at its end."""
    while part and (part[-1].mark or part[-1].low in ("and", "then")):
        part = part[:-1]
    while part and part[0].mark:
        part = part[1:]
    return tuple(part)


def _topic(clause: Clause) -> tuple[Token, ...]:
    """ "ledger: …", "pods in ledger: …": words that order and ask nothing say what the next clause is about."""
    if not clause.mentions or len(clause.tokens) > _LONGEST_TOPIC or clause.of("pronoun", "pair"):
        return ()
    if all(mention.what in ("duration", "time", "number", "ordinal", "quantity") for mention in clause.mentions):
        return ()
    if any(token.low in _ASKING or token.low in looks() for token in clause.tokens):
        return ()
    if (
        any(clause.at(verb.start) is None for verb in verbs(clause))
        or len(clause.tokens) > len(clause.mentions) + _LOOSE_WORDS
    ):
        return ()
    place = clause.of("namespace")
    if len(clause.mentions) == 1 and place:
        return (Token("in", "in", clause.tokens[0].start), *clause.tokens)
    return clause.tokens


def _states(before: list[Token]) -> bool:
    """Whether what stands before only states something ("x is out of memory, …")."""
    words = {token.low for token in before}
    states = bool(words & (FINITE | {"keep"})) or before[0].low in ("too", "not", "far", "way", "still", "never")
    return states and before[0].low not in looks()


def _begins(rest: tuple[Token, ...], joint: Token, before: list[Token]) -> bool:
    words = [token for token in rest[:8] if not token.mark]
    while words and words[0].low in _LEADING:
        words = words[1:]
    if not words:
        return False
    if [word.low for word in words[:2]] in (["you", "can"], ["you", "could"], ["you", "may"], ["you", "should"]):
        words = words[2:] or words
    if words[0].low in ("do", "perform") and [word.low for word in words[1:2]] in (["a"], ["an"], ["the"], ["one"]):
        words = words[2:] or words
    first = words[0].low
    if joint.raw == ":" and not words[0].quoted and (_VALUE.fullmatch(words[0].raw) or len(words) == 1):
        return False
    if joint.raw == ":" and _enumerates(words, before):
        return False
    if joint.raw in (".", ";", "?", "!", ":"):
        return True
    if _open(before, joint):
        return False
    if (first == "their" and _adds_column(words, before)) or (first == "its" and _one_more(words, before)):
        return False
    return (
        first in ("its", "their")
        or _asks(words, joint, before)
        or _facts(words, before)
        or _orders(words, joint, before)
    )


def _facts(words: list[Token], before: list[Token]) -> bool:
    """ "image of x and the size of its claim": a field of one thing and one of another, which nothing compares or sets."""
    low = tuple(token.low for token in words if not token.mark and token.low not in ("and", "also"))
    spoken = tuple(token.low for token in before)
    start = opening(Clause(tuple(before)))
    orders = spoken[start : start + 1] not in [(word,) for word in looks()] and any(
        verb.start == start for verb in verbs(Clause(tuple(before)))
    )
    if (orders and not fact(spoken[start:])) or _COMPARING & set(spoken):
        return False
    first = low[1:] if low and low[0] in ("the", "what", "its") else low
    return fact(first) and any(fact(spoken[at:]) for at in range(len(spoken)))


_COMPARING = frozenset(("compare", "between", "same", "difference", "differ", "than", "versus", "vs", "both"))


def _one_more(words: list[Token], before: list[Token]) -> bool:
    """ "set its cpu request to 150m and its memory request to 200Mi": another value of the same order."""
    behind, order = Clause(tuple(words)), Clause(tuple(before))
    start = opening(order)
    ordered = any(verb.start == start and verb.form == "base" for verb in verbs(order))
    values = any(token.raw[:1].isdigit() for token in words) and any(token.raw[:1].isdigit() for token in before)
    return ordered and values and not any(verb.form == "base" for verb in verbs(behind)[:1])


def _adds_column(words: list[Token], before: list[Token]) -> bool:
    """ "list the nodes and their zones": what is shown of what is listed."""
    return len(words) > 1 and before[0].low in looks() and words[1].low in {field for field, _ in aspects.whole()}


def _enumerates(words: list[Token], before: list[Token]) -> bool:
    """Whether an order stands before a colon and nothing but what it is about behind it."""
    behind = Clause(tuple(words))
    orders = any(verb.form == "base" for verb in verbs(Clause(tuple(before)))[:1]) and len(before) > 1
    return orders and not verbs(behind) and not set(behind.low) & (_ASKING | looks())


def _open(before: list[Token], joint: Token) -> bool:
    """Whether what stands before a joint is no wish yet: small talk, a supposition, the first of two."""
    if all(token.low in _POLITE for token in before):
        return True
    if any(token.low in ("between", "both", "from", "compare") for token in before[-4:]):
        return True
    return before[0].low in _SUPPOSING and joint.raw == ","


def _asks(words: list[Token], joint: Token, before: list[Token]) -> bool:
    """Whether words after a joint begin with a question of their own; "is" and "does" need somebody behind them."""
    first = words[0].low
    if first not in _ASKING:
        return False
    if first in ("is", "are", "has", "does") and joint.low == "," and _states(before) and before[0].low not in _ASKING:
        return len(words) > 2  # "guests say that it does not load, is portal ready"
    if first in ("is", "are", "has", "does", "do", "have") and joint.low in ("and", ","):
        return joint.low == "and" and len(words) > 1 and words[1].low in _ANYBODY
    return True


def _orders(words: list[Token], joint: Token, before: list[Token]) -> bool:
    """Whether words after a joint begin with a verb that orders something; weak verbs need more around them."""
    first = words[0].low
    starts = any(verb.start == 0 and verb.form == "base" for verb in verbs(Clause(tuple(words)))) or first in looks()
    if not starts or (first in ("limit", "cap") and len(words) > 1 and words[1].low[:1].isdigit()):
        return False
    if first in _WEAK and joint.low == "," and _states(before):
        return len(words) > 2
    if first in _WEAK:
        return len(words) > 2 and joint.low in ("and", "then", "but") and first not in _NOUNS
    return first not in ("set", "label", "logs", "log") or joint.low in ("and", "then") or len(words) > 2
