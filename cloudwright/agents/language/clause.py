"""One clause of a request: its tokens, what was recognised in them, and which of them have been used."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cloudwright.agents.language.text import Token
from cloudwright.agents.language.understanding import KindWord, Named

What = Literal[
    "name", "kind", "namespace", "quantity", "number", "duration", "percent", "image", "pair", "file", "pronoun",
    "ordinal", "text", "path", "workload", "all", "time",
]  # fmt: skip


@dataclass(frozen=True)
class Mention:
    """Something recognised in tokens `start` to `end` (exclusive).

    `objects` are what a name may mean; `near` says that it was not written exactly so.
    """

    what: What
    start: int
    end: int
    text: str
    kind: KindWord | None = None
    objects: tuple[Named, ...] = ()
    near: bool = False
    value: int = 0
    plural: bool = False


@dataclass
class Clause:
    """What one wish of a request says."""

    tokens: tuple[Token, ...]
    mentions: tuple[Mention, ...] = ()
    question: bool = False
    used: set[int] = field(default_factory=set)

    @property
    def text(self) -> str:
        """The clause as words."""
        return " ".join(f'"{token.raw}"' if token.quoted else token.raw for token in self.tokens)

    @property
    def low(self) -> tuple[str, ...]:
        """Words in lower case; quoted text is opaque."""
        return tuple("\x00" if token.quoted else token.low for token in self.tokens)

    def of(self, *what: What) -> list[Mention]:
        """The mentions of these sorts, in order."""
        return [mention for mention in self.mentions if mention.what in what]

    def at(self, index: int) -> Mention | None:
        """The mention that covers a token."""
        return next((mention for mention in self.mentions if mention.start <= index < mention.end), None)

    def has(self, *words: str) -> bool:
        """Whether one of these words or phrases stands in it, outside of mentions of names and quotes."""
        return any(self.find(word) >= 0 for word in words)

    def find(self, phrase: str, start: int = 0) -> int:
        """Where a phrase begins; -1 if it does not stand here. Words that name objects do not count."""
        words = phrase.split()
        low = self.low
        for at in range(start, len(low) - len(words) + 1):
            if list(low[at : at + len(words)]) == words and not self._names(at, at + len(words)):
                return at
        return -1

    def _names(self, start: int, end: int) -> bool:
        return any(
            mention.what in ("name", "namespace", "pair", "file", "image")
            and mention.start < end
            and start < mention.end
            for mention in self.mentions
        )

    def use(self, *mentions: Mention) -> None:
        """Mark the tokens of mentions as used."""
        for mention in mentions:
            self.used.update(range(mention.start, mention.end))

    def use_words(self, words: Iterable[str]) -> None:
        """Mark every occurrence of these words or phrases as used."""
        low = self.low
        for phrase in words:
            parts = phrase.split()
            for at in range(len(low) - len(parts) + 1):
                if list(low[at : at + len(parts)]) == parts:
                    self.used.update(range(at, at + len(parts)))

    def unused(self, fillers: frozenset[str]) -> list[str]:
        """Words that nothing explains."""
        return [
            token.raw
            for index, token in enumerate(self.tokens)
            if index not in self.used and not token.mark and (token.quoted or token.low not in fillers)
        ]


def names_in(mentions: Sequence[Mention]) -> list[str]:
    """The texts of mentions."""
    return [mention.text for mention in mentions]
