"""One nondeterministic automaton that runs many patterns side by side. A state is a set of nodes, kept as bits of one
number.

Patterns that begin alike share their nodes. A star is a loop on the node before it, so following a letter needs no
closure.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from cloudwright.policies.iam.patterns import STARS, Pattern, Token, Wild

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


State = int


def bits(mask: int) -> Iterator[int]:
    """The positions of the ones."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


class Automaton:
    """All machines of all tests. `start` is the first state."""

    def __init__(self, tests: Sequence[Iterable[Machine]]) -> None:
        self.start: State = 0
        self._out: list[list[tuple[Token, int]]] = []
        self._leaving = 0  # nodes with an edge
        self._any_loops = 0
        self._part_loops = 0
        self._ends: dict[int, int] = {}  # node: tests that a text ending here passes
        self._ending = 0
        self._children: dict[tuple[int | None, Token | None, Token | None], int] = {}
        self._runs: dict[int, tuple[str, int]] = {}
        self._nodes: dict[Machine, list[int]] = {}
        for number, test in enumerate(tests):
            for item in test:
                nodes = self._place(item)
                for position in item.ends:
                    self._ends[nodes[position]] = self._ends.get(nodes[position], 0) | 1 << number
                    self._ending |= 1 << nodes[position]

    def alive(self, item: Machine) -> State:
        """The nodes of a machine that is part of the automaton: a state without any of them can no longer match it."""
        return sum(1 << node for node in set(self._nodes[item]))

    def _place(self, item: Machine) -> list[int]:
        if item not in self._nodes:
            tokens = item.pattern.tokens
            whole = item.starts == item.pattern.start()
            node = self._child(None, None, tokens, shared=whole)
            nodes = [node]
            for position, token in enumerate(tokens):
                if token not in STARS:
                    node = self._child(node, token, tokens[position + 1 :], shared=True)
                nodes.append(node)
            self._nodes[item] = nodes
            for position in item.starts:
                self.start |= 1 << nodes[position]
        return self._nodes[item]

    def _child(self, parent: int | None, token: Token | None, after: Sequence[Token], *, shared: bool) -> int:
        """The node after a token, with the loop of the star that follows it."""
        loop = after[0] if after and after[0] in STARS else None
        key = (parent, token, loop)
        if shared and key in self._children:
            return self._children[key]
        node = len(self._out)
        self._out.append([])
        if shared:
            self._children[key] = node
        if loop is Wild.STAR:
            self._any_loops |= 1 << node
        elif loop is Wild.STAR_IN_PART:
            self._part_loops |= 1 << node
        if parent is not None and token is not None:
            self._out[parent].append((token, 1 << node))
            self._leaving |= 1 << parent
        return node

    def mask(self, state: State) -> int:
        """The tests that hold of a text that ends here."""
        found = 0
        for node in bits(state & self._ending):
            found |= self._ends[node]
        return found

    def moves(self, state: State) -> Iterator[tuple[str, State]]:
        """Every letter that matters, then one that does not if there is one, with the state after it."""
        by_letter: dict[str, int] = {}
        anything = state & self._any_loops
        not_colon = state & self._part_loops
        for node in bits(state & self._leaving):
            for token, target in self._out[node]:
                if isinstance(token, str):
                    for letter in token:
                        by_letter[letter] = by_letter.get(letter, 0) | target
                elif token is Wild.ANY:
                    anything |= target
                else:
                    not_colon |= target
        if not_colon:
            by_letter.setdefault(":", 0)
        for letter, reached in by_letter.items():
            yield letter, reached | anything if letter == ":" else reached | anything | not_colon
        if anything or not_colon:
            yield _fresh(by_letter), anything | not_colon

    def indifferent(self, state: State) -> bool:
        """Whether `moves` ends with a letter that does not matter."""
        if state & (self._any_loops | self._part_loops):
            return True
        return any(not isinstance(token, str) for node in bits(state & self._leaving) for token, _ in self._out[node])

    def jumps(self, state: State) -> Iterator[tuple[str, State]]:
        """As `moves`, but runs of letters in which no other letter leads anywhere new are one step."""
        leaving = state & self._leaving
        if not leaving or leaving & leaving - 1 or state & self._part_loops or leaving & self._any_loops:
            yield from self.moves(state)
            return
        node = leaving.bit_length() - 1
        if not self._plain(node):
            yield from self.moves(state)
            return
        stays = state & self._any_loops
        text, last = self._run(node)
        yield text, stays | last
        if stays:
            yield _fresh(str(self._out[node][0][0])), stays

    def _plain(self, node: int) -> bool:
        return len(self._out[node]) == 1 and isinstance(self._out[node][0][0], str)

    def _run(self, node: int) -> tuple[str, int]:
        """The letters up to the next node at which something can happen, and that node as a bit."""
        if node not in self._runs:
            special = self._any_loops | self._part_loops | self._ending
            letters, current = [], node
            while True:
                token, target = self._out[current][0]
                letters.append(str(token)[0])
                current = target.bit_length() - 1
                if target & special or not self._plain(current):
                    break
            self._runs[node] = ("".join(letters), target)
        return self._runs[node]


def _fresh(taken: Container[str]) -> str:
    for letter in _FRESH:
        if letter not in taken:
            return letter
    return next(chr(code) for code in range(0x100, 0x10000) if chr(code) not in taken and chr(code) != ":")
