"""Wildcard patterns of IAM as token sequences, matched without backtracking.

A pattern is a sequence of tokens: a set of accepted letters, `ANY` (one letter), `STAR` (any run of letters), and for
ARNs
`ANY_IN_PART` and `STAR_IN_PART`, which stop at a colon. Runs of stars are one star, so no text makes matching slow.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache


class Wild(Enum):
    """The tokens that are not letters."""

    ANY = "?"
    STAR = "*"
    ANY_IN_PART = "? without a colon"
    STAR_IN_PART = "* without a colon"


Token = str | Wild
STARS = frozenset({Wild.STAR, Wild.STAR_IN_PART})
ARN_COLONS = 5

# Half surrogates cannot occur in a parsed document, so they mark wildcard letters that stand for themselves.
_ESCAPED = {"*": "\udc2a", "?": "\udc3f"}
_PLAIN = {escaped: letter for letter, escaped in _ESCAPED.items()}


def escape(text: str) -> str:
    """The text with its wildcards made literal for the functions below."""
    return "".join(_ESCAPED.get(letter, letter) for letter in text)


def unescape(text: str) -> str:
    """The text that `escape` was given."""
    return "".join(_PLAIN.get(letter, letter) for letter in text)


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern. A `str` token holds the letters it accepts (two when case is ignored)."""

    text: str
    tokens: tuple[Token, ...]

    @cached_property
    def literal(self) -> str | None:
        """The only text that matches, or None when there is more than one."""
        if all(isinstance(token, str) and len(token) == 1 for token in self.tokens):
            return "".join(token for token in self.tokens if isinstance(token, str))
        return None

    @cached_property
    def _prefix(self) -> str:
        """The letters that every match begins with."""
        letters = []
        for token in self.tokens:
            if not isinstance(token, str) or len(token) != 1:
                break
            letters.append(token)
        return "".join(letters)

    @cached_property
    def _masks(self) -> dict[str, tuple[int, int]]:
        """By letter: positions that move on, and positions (stars) that stay. Filled as letters are seen."""
        return {}

    def start(self) -> frozenset[int]:
        """Positions active before the first letter."""
        return self.close({0})

    def close(self, positions: Iterable[int]) -> frozenset[int]:
        """Add the positions reached by letting stars stand for nothing."""
        closed = set(positions)
        closed.update(
            position + 1 for position in tuple(closed) if position < len(self.tokens) and self.tokens[position] in STARS
        )
        return frozenset(closed)

    def matches(self, text: str) -> bool:
        """Whether the whole text matches. All positions run side by side as bits of one number: no backtracking."""
        if self.literal is not None:
            return text == self.literal
        prefix = self._prefix
        if not text.startswith(prefix):
            return False
        if len(self.tokens) == len(prefix) + 1 and self.tokens[-1] is Wild.STAR:
            return True
        stars = self._star_mask
        active = 1 << len(prefix)
        active |= (active & stars) << 1
        for letter in text[len(prefix) :]:
            move, stay = self._masks.get(letter) or self._mask(letter)
            active = (active & move) << 1 | active & stay
            active |= (active & stars) << 1
            if not active:
                return False
        return bool(active >> len(self.tokens) & 1)

    @cached_property
    def _star_mask(self) -> int:
        return sum(1 << i for i, token in enumerate(self.tokens) if token in STARS)

    def _mask(self, letter: str) -> tuple[int, int]:
        fitting = sum(1 << i for i, token in enumerate(self.tokens) if accepts(token, letter))
        self._masks[letter] = (fitting & ~self._star_mask, fitting & self._star_mask)
        return self._masks[letter]


def accepts(token: Token, letter: str) -> bool:
    """Whether one token can stand for one letter."""
    if isinstance(token, str):
        return letter in token
    return token in (Wild.ANY, Wild.STAR) or letter != ":"


def _collapse(tokens: Iterable[Token]) -> Iterator[Token]:
    previous: Token | None = None
    for token in tokens:
        if previous in STARS and token in STARS:
            previous = Wild.STAR if Wild.STAR in (previous, token) else previous
            continue
        if previous is not None:
            yield previous
        previous = token
    if previous is not None:
        yield previous


def _glob_tokens(text: str, *, ignore_case: bool) -> Iterator[Token]:
    for letter in text:
        if letter == "*":
            yield Wild.STAR
        elif letter == "?":
            yield Wild.ANY
        else:
            yield _letter(letter, ignore_case=ignore_case)


def _letter(letter: str, *, ignore_case: bool) -> str:
    letter = _PLAIN.get(letter, letter)
    return "".join(sorted({letter.lower(), letter.upper()} if _folds(letter) else {letter})) if ignore_case else letter


def _folds(letter: str) -> bool:
    return len(letter.lower()) == 1 and len(letter.upper()) == 1


@lru_cache(maxsize=65536)
def glob(text: str, *, ignore_case: bool = False) -> Pattern:
    """`*` and `?` over the whole text, as StringLike and Action read them."""
    return Pattern(text, tuple(_collapse(_glob_tokens(text, ignore_case=ignore_case))))


@lru_cache(maxsize=65536)
def exact(text: str, *, ignore_case: bool = False) -> Pattern:
    """No wildcards: a star is a star."""
    return Pattern(text, tuple(_letter(letter, ignore_case=ignore_case) for letter in text))


def _arn_tokens(text: str, *, strict: bool) -> Iterator[Token]:
    parts = 0
    for i, letter in enumerate(text):
        parts += letter == ":"
        confined = parts < ARN_COLONS and text.startswith("arn")
        ends_part = i + 1 == len(text) or text[i + 1] in ":*"
        if letter == "*":
            yield Wild.STAR_IN_PART if confined and (strict or not ends_part) else Wild.STAR
        elif letter == "?":
            yield Wild.ANY_IN_PART if confined else Wild.ANY
        else:
            yield _PLAIN.get(letter, letter)


@lru_cache(maxsize=65536)
def resource(text: str) -> Pattern:
    """A Resource element: a star that ends an ARN part may run past the colon, every other wildcard stays in its part.

    Source: IAM User Guide, "IAM JSON policy elements: Resource", wildcards in resource ARNs.
    """
    return Pattern(text, tuple(_collapse(_arn_tokens(text, strict=False))))


@lru_cache(maxsize=65536)
def arn_like(text: str) -> Pattern:
    """ArnLike and ArnEquals: six parts, each compared by itself; only the last may hold colons."""
    return Pattern(text, tuple(_collapse(_arn_tokens(text, strict=True))))


@lru_cache(maxsize=65536)
def action(text: str) -> Pattern:
    """An Action element: case does not matter. Compare with lower-case requests."""
    return glob(text.lower())
