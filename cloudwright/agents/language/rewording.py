"""A value or a name that the same sentence takes back: "scale x to 3, sorry, I mean 4" is "scale x to 4"."""

import re

from cloudwright.agents.language.assigned import COUNTED
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.tagging import Tagger
from cloudwright.agents.language.text import ARROWS, VERSION, Token

_TAKING_BACK = listed(
    "sorry, no, nope, wait, oops, mean, meant, rather, correction, scratch, actually, err, eh, argh, typo"
)
_BETWEEN = (
    _TAKING_BACK
    | COUNTED
    | listed(
        "i, make, that, it, let, us, say, better, uh, um, er, hmm, hm, ah, oh, of, course, to, of, the, strike, on, second, thought, thoughts"
    )
)
_SORTS = ("number", "quantity", "image", "percent", "name", "namespace", "time", "duration")
_PRERELEASE = re.compile(r"[a-z]+[.-]?\d+")


def reworded(tokens: tuple[Token, ...], tagger: Tagger) -> tuple[Token, ...]:
    """The tokens without what was taken back and the words that take it back, and with what "it" is behind an arrow."""
    tokens = _put_in(tokens)
    clause = tagger.clause(tokens)
    spans: list[tuple[int, int, str]] = [
        (item.start, item.end, item.what) for item in clause.mentions if item.what in _SORTS
    ]
    spans += [
        (at, at + 1, "version")
        for at, token in enumerate(tokens)
        if (VERSION.fullmatch(token.raw) or _PRERELEASE.fullmatch(token.low)) and clause.at(at) is None
    ]
    for start, end, what in sorted(spans, reverse=True):
        later = next((one for one in sorted(spans) if one[0] >= end and _takes_back(clause, end, one[0])), None)
        if later is not None and later[2] == what:
            return (*tokens[:start], *_whole(tokens[start], tokens[later[0] : later[1]]), *tokens[later[1] :])
    return tokens


def _put_in(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """ "pvc x -> which pods mount it" is "which pods mount pvc x"."""
    at = next((at for at, token in enumerate(tokens) if token.raw in ARROWS), 0)
    behind = tokens[at + 1 :]
    place = next((index for index, token in enumerate(behind) if token.low in ("it", "them", "that")), -1)
    if not at or place < 1 or behind[0].low not in ("which", "what", "who"):
        return tokens
    return (*behind[:place], *tokens[:at], *behind[place + 1 :])


def _takes_back(clause: Clause, start: int, end: int) -> bool:
    """Whether nothing but words that take back stands between two values."""
    between = [token.low for token in clause.tokens[start:end] if not token.mark]
    return bool(set(between) & _TAKING_BACK) and set(between) <= _BETWEEN


def _whole(old: Token, new: tuple[Token, ...]) -> tuple[Token, ...]:
    """ "5.4.0-beta3, no, beta2": the end of a version takes the place of its end alone."""
    head, dash, tail = old.raw.rpartition("-")
    short = len(new) == 1 and bool(dash) and "." not in new[0].raw and _PRERELEASE.fullmatch(new[0].low)
    if not (short and _PRERELEASE.fullmatch(tail.lower())):
        return new
    whole = f"{head}-{new[0].raw}"
    return (Token(whole, whole.lower(), new[0].start),)
