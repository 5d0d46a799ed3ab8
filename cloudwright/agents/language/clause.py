"""One clause of a request: its tokens, what was recognised in them, and which of them have been used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from cloudwright.agents.language import lexicon
from cloudwright.agents.language.text import Token
from cloudwright.agents.language.understanding import KindWord, Named

_LONGEST_PHRASE = 8

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

    @cached_property
    def low(self) -> tuple[str, ...]:
        """Words in lower case; quoted text is opaque."""
        return tuple("\x00" if token.quoted else token.low for token in self.tokens)

    @cached_property
    def _places(self) -> Mapping[tuple[str, ...], tuple[int, ...]]:
        """Where each run of words begins."""
        found: dict[tuple[str, ...], tuple[int, ...]] = {}
        for size in range(1, _LONGEST_PHRASE + 1):
            for at in range(len(self.low) - size + 1):
                words = self.low[at : at + size]
                found[words] = (*found.get(words, ()), at)
        return found

    def of(self, *what: What) -> list[Mention]:
        """The mentions of these sorts, in order."""
        return [mention for mention in self.mentions if mention.what in what]

    def at(self, index: int) -> Mention | None:
        """The mention that covers a token."""
        return next((mention for mention in self.mentions if mention.start <= index < mention.end), None)

    def has(self, *phrases: str) -> bool:
        """Whether a phrase of these comma-separated lists stands in it, outside of mentions of names and quotes."""
        return any(self._find(words, 0) >= 0 for text in phrases for words in lexicon.phrases(text))

    def find(self, phrase: str, start: int = 0) -> int:
        """Where a phrase begins; -1 if it does not stand here. Words that name objects do not count."""
        return self._find(tuple(phrase.split()), start)

    def _find(self, words: tuple[str, ...], start: int) -> int:
        for at in self._places.get(words, ()):
            if at >= start and not self._names(at, at + len(words)):
                return at
        return -1

    def _names(self, start: int, end: int) -> bool:
        return any(
            mention.what in ("name", "namespace", "pair", "file", "image")
            and mention.start < end
            and start < mention.end
            for mention in self.mentions
        )

    def fresh(self) -> "Clause":
        """The same clause, none of whose words are explained."""
        return Clause(self.tokens, self.mentions, self.question)

    def use(self, *mentions: Mention) -> None:
        """Mark the tokens of mentions as used."""
        for mention in mentions:
            self.used.update(range(mention.start, mention.end))

    def use_words(self, *phrases: str) -> None:
        """Mark every occurrence of the words or phrases of these comma-separated lists as used."""
        for text in phrases:
            for words in lexicon.phrases(text):
                for at in self._places.get(words, ()):
                    self.used.update(range(at, at + len(words)))

    def unused(self, fillers: frozenset[str]) -> list[str]:
        """Words that nothing explains."""
        return [
            token.raw
            for index, token in enumerate(self.tokens)
            if index not in self.used and not token.mark and (token.quoted or token.low not in fillers)
        ]
