"""String equivalence classes: which sets of patterns can hold of one text at once, with a shortest text for each.

One nondeterministic automaton runs all patterns side by side; breadth-first search over the letters that can make a
difference,
plus one letter that makes none, visits every reachable state. Two texts that reach equal accept vectors cannot be told
apart
by the policies, so a solver needs one value per vector. The idea is that of Relia (ASE 2025) and AccessRefinery (FSE
2026).
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count

from cloudwright.policies.iam.automaton import Automaton, Machine, State, machine
from cloudwright.policies.iam.errors import TooComplex
from cloudwright.policies.iam.patterns import STARS, Pattern, Token, accepts

STATE_CAP = 60_000


@dataclass(frozen=True)
class WordClass:
    """Texts that the tests cannot tell apart. Bit i of `mask` says that test i holds."""

    mask: int
    witness: str


def word_classes(tests: Sequence[Iterable[Machine]], domain: Pattern, cap: int = STATE_CAP) -> list[WordClass]:
    """The classes of the texts in `domain`, shortest witnesses, in the order found.

    Raises TooComplex when more than `cap` states would be visited.
    """
    whole = machine(domain)
    automaton = Automaton([*tests, [whole]])
    inside, domain_nodes = 1 << len(tests), automaton.alive(whole)
    reached: dict[State, tuple[int, State, str]] = {automaton.start: (0, automaton.start, "")}
    found: dict[int, WordClass] = {}
    order = count()
    queue = [(0, next(order), automaton.start)]
    while queue:
        length, _, state = heapq.heappop(queue)
        if length > reached[state][0]:
            continue
        mask = automaton.mask(state)
        if mask & inside and mask not in found:
            found[mask] = WordClass(mask & ~inside, _word(reached, state))
        for text, after in automaton.jumps(state):
            longer = length + len(text)
            if not after & domain_nodes or (after in reached and reached[after][0] <= longer):
                continue
            if len(reached) >= cap:
                raise TooComplex(f"more than {cap} states for {len(tests)} tests")
            reached[after] = (longer, state, text)
            heapq.heappush(queue, (longer, next(order), after))
    return list(found.values())


def _word(reached: dict[State, tuple[int, State, str]], state: State) -> str:
    pieces: list[str] = []
    while reached[state][0]:
        _, state, text = reached[state]
        pieces.append(text)
    return "".join(reversed(pieces))


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
    automaton = Automaton(tests)
    start = automaton.start
    edges: dict[State, list[tuple[State, int]]] = {}
    pending = [start]
    while pending:
        state = pending.pop()
        if state in edges:
            continue
        if len(edges) >= cap:
            raise TooComplex(f"more than {cap} states")
        moves = list(automaton.moves(state))
        fresh = automaton.indifferent(state)
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
