"""String equivalence classes: which sets of patterns can hold of one text at once, with a shortest text for each.

One nondeterministic automaton runs all patterns side by side; breadth-first search over the letters that can make a
difference,
plus one letter that makes none, visits every reachable state. Two texts that reach equal accept vectors cannot be told
apart
by the policies, so a solver needs one value per vector. The idea is that of Relia (ASE 2025) and AccessRefinery (FSE
2026).
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cloudwright.policies.iam.errors import TooComplex
from cloudwright.policies.iam.patterns import STARS, Pattern, Token, Wild, accepts

STATE_CAP = 60_000
_FRESH = "xyzwvutsrqponmlkjihgfedcba0123456789-_/.@XYZWVUTSRQPONMLKJIHGFEDCBA+=, "


@dataclass(frozen=True)
class Machine:
    """A pattern with its own first and last positions; the whole pattern runs from 0 to its length."""

    pattern: Pattern
    starts: frozenset[int]
    ends: frozenset[int]


def machine(pattern: Pattern) -> Machine:
    """The whole pattern."""
    return Machine(pattern, pattern.start(), frozenset({len(pattern.tokens)}))


@dataclass(frozen=True)
class WordClass:
    """Texts that the tests cannot tell apart. Bit i of `mask` says that test i holds."""

    mask: int
    witness: str


State = frozenset[int]


class _Automaton:
    """All machines in one space of positions. Bit i of `ends[p]` says that position p ends test i."""

    def __init__(self, tests: Sequence[Iterable[Machine]]) -> None:
        self.tokens: list[Token | None] = []
        self.ends: dict[int, int] = {}
        self.start: set[int] = set()
        self._after: dict[int, tuple[int, ...]] = {}
        self.placed: dict[Machine, int] = {}
        placed = self.placed
        for number, test in enumerate(tests):
            for item in test:
                if item not in placed:
                    placed[item] = len(self.tokens)
                    self.tokens += [*item.pattern.tokens, None]
                    self.start |= {placed[item] + position for position in item.starts}
                for position in item.ends:
                    self.ends[placed[item] + position] = self.ends.get(placed[item] + position, 0) | 1 << number

    def mask(self, state: State) -> int:
        """The tests that hold of a text that ends here."""
        found = 0
        for position in state:
            found |= self.ends.get(position, 0)
        return found

    def _closed(self, position: int) -> tuple[int, ...]:
        if position not in self._after:
            reached = [position]
            while self.tokens[reached[-1]] in STARS:
                reached.append(reached[-1] + 1)
            self._after[position] = tuple(reached)
        return self._after[position]

    def moves(self, state: State) -> Iterator[tuple[str, State]]:
        """Every letter that matters and one that does not, with the state after it."""
        by_letter: dict[str, set[int]] = {}
        anything: set[int] = set()
        not_colon: set[int] = set()
        for position in state:
            token = self.tokens[position]
            if token is None:
                continue
            if isinstance(token, str):
                for letter in token:
                    by_letter.setdefault(letter, set()).update(self._closed(position + 1))
            else:
                target = anything if token in (Wild.ANY, Wild.STAR) else not_colon
                target.update(self._closed(position if token in STARS else position + 1))
        if not_colon:
            by_letter.setdefault(":", set())
        for letter, reached in by_letter.items():
            yield letter, frozenset(reached | anything if letter == ":" else reached | anything | not_colon)
        if anything or not_colon:
            yield _fresh(by_letter), frozenset(anything | not_colon)


def _fresh(taken: Mapping[str, object]) -> str:
    for letter in _FRESH:
        if letter not in taken:
            return letter
    return next(chr(code) for code in range(0x100, 0x10000) if chr(code) not in taken and chr(code) != ":")


def word_classes(tests: Sequence[Iterable[Machine]], domain: Pattern, cap: int = STATE_CAP) -> list[WordClass]:
    """The classes of the texts in `domain`, shortest witnesses, in the order found.

    Raises TooComplex when more than `cap` states would be visited.
    """
    automaton = _Automaton([*tests, [machine(domain)]])
    inside = 1 << len(tests)
    first = automaton.placed[machine(domain)]
    domain_positions = frozenset(range(first, first + len(domain.tokens) + 1))
    start = frozenset(automaton.start)
    parents: dict[State, tuple[State, str] | None] = {start: None}
    found: dict[int, WordClass] = {}
    queue = deque([start])
    while queue:
        state = queue.popleft()
        mask = automaton.mask(state)
        if mask & inside and mask not in found:
            found[mask] = WordClass(mask & ~inside, _word(parents, state))
        for letter, after in automaton.moves(state):
            if after in parents or after.isdisjoint(domain_positions):
                continue
            if len(parents) >= cap:
                raise TooComplex(f"more than {cap} states for {len(tests)} tests")
            parents[after] = (state, letter)
            queue.append(after)
    return list(found.values())


def _word(parents: dict[State, tuple[State, str] | None], state: State) -> str:
    letters = []
    step = parents[state]
    while step is not None:
        state, letter = step
        letters.append(letter)
        step = parents[state]
    return "".join(reversed(letters))


@lru_cache(maxsize=4096)
def residual(whole: Pattern, before: Pattern, after: Pattern) -> Machine:
    """The texts v for which some text `before` + v + `after` can match `whole`; exact when both sides are literal."""
    starts = {q for p, q in _together(before, whole, {0}) if p == len(before.tokens)}
    last = len(whole.tokens)
    ends = set()
    for q in range(last + 1):
        if (len(after.tokens), last) in _together(after, whole, {q}):
            ends.add(q)
    return Machine(whole, whole.close(starts), frozenset(ends))


def overlap(left: Pattern, right: Pattern) -> bool:
    """Whether some text matches both."""
    return (len(left.tokens), len(right.tokens)) in _together(left, right, {0})


def _together(left: Pattern, right: Pattern, right_starts: Iterable[int]) -> set[tuple[int, int]]:
    """Pairs of positions that one text can reach in both patterns."""
    pending = [(p, q) for p in left.start() for start in right_starts for q in right.close({start})]
    seen = set(pending)
    while pending:
        p, q = pending.pop()
        if p == len(left.tokens) or q == len(right.tokens):
            continue
        a, b = left.tokens[p], right.tokens[q]
        if not _share(a, b):
            continue
        for p2 in left.close({p if a in STARS else p + 1}):
            for q2 in right.close({q if b in STARS else q + 1}):
                if (p2, q2) not in seen:
                    seen.add((p2, q2))
                    pending.append((p2, q2))
    return seen


def _share(left: Token, right: Token) -> bool:
    if isinstance(left, str):
        return any(accepts(right, letter) for letter in left)
    return any(accepts(left, letter) for letter in right) if isinstance(right, str) else True


def count_words(
    tests: Sequence[Iterable[Machine]], *, bound: int, alphabet: int, cap: int = STATE_CAP
) -> dict[int, int]:
    """For every accept vector, how many texts of at most `bound` letters (out of `alphabet`) have it.

    Raises TooComplex.
    """
    automaton = _Automaton(tests)
    start = frozenset(automaton.start)
    edges: dict[State, list[tuple[State, int]]] = {}
    pending = [start]
    while pending:
        state = pending.pop()
        if state in edges:
            continue
        if len(edges) >= cap:
            raise TooComplex(f"more than {cap} states")
        moves = list(automaton.moves(state))
        fresh = any(token is not None and not isinstance(token, str) for token in (automaton.tokens[p] for p in state))
        named = len(moves) - fresh
        edges[state] = [(after, alphabet - named if fresh and i == named else 1) for i, (_, after) in enumerate(moves)]
        pending += [after for after, _ in edges[state]]
    totals: dict[int, int] = {}
    level = {start: 1}
    for _ in range(bound + 1):
        following: dict[State, int] = {}
        for state, number in level.items():
            mask = automaton.mask(state)
            totals[mask] = totals.get(mask, 0) + number
            for after, ways in edges[state]:
                following[after] = following.get(after, 0) + number * ways
        level = following
    return totals
