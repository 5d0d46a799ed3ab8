"""Policy variables: `${key}`, `${key, 'default'}`, `${*}`, `${?}`, `${$}`.

Source: IAM User Guide, "IAM policy elements: Variables and tags". A variable's value is literal text, never a wildcard.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from cloudwright.policies.iam.patterns import escape

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_WITH_DEFAULT = re.compile(r"\s*([^,']+?)\s*,\s*'([^']*)'\s*")
LITERALS = ("*", "?", "$")


class Variable(NamedTuple):
    """One use of a variable: the key in lower case, and the default if one is given."""

    key: str
    default: str | None


@lru_cache(maxsize=65536)
def split(text: str) -> tuple[str | Variable, ...]:
    """The text as literal pieces (escaped where `${*}` and the like stand) and variables."""
    return tuple(_pieces(text)) if "${" in text else (text,)


def _pieces(text: str) -> Iterator[str | Variable]:
    end = 0
    for match in _VARIABLE.finditer(text):
        yield text[end : match.start()]
        end = match.end()
        name = match[1]
        if name.strip() in LITERALS:
            yield escape(name.strip())
        elif with_default := _WITH_DEFAULT.fullmatch(name):
            yield Variable(with_default[1].lower(), with_default[2])
        else:
            yield Variable(name.strip().lower(), None)
    yield text[end:]


def keys(text: str) -> frozenset[str]:
    """The context keys, in lower case, that the text depends on."""
    return frozenset(piece.key for piece in split(text) if isinstance(piece, Variable))


def substitute(text: str, lookup: Callable[[str], str | None]) -> str | None:
    """The text with variables replaced (escaped), or None when a key without default is absent: then nothing
    matches.
    """
    out = []
    for piece in split(text):
        if isinstance(piece, str):
            out.append(piece)
            continue
        value = lookup(piece.key)
        value = piece.default if value is None else value
        if value is None:
            return None
        out.append(escape(value))
    return "".join(out)
