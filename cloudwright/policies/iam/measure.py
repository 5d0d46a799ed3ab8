"""Sizes of pattern languages: how many texts up to a length match, and the Jaccard index of two pattern sets."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

from cloudwright.policies.iam.automaton import Machine, machine
from cloudwright.policies.iam.classes import STATE_CAP, count_words
from cloudwright.policies.iam.patterns import Pattern

ALPHABET = 256
BOUND = 100


@dataclass(frozen=True)
class Overlap:
    """Numbers of texts up to `bound` letters that match the left set, the right set, and both."""

    left: int
    right: int
    both: int
    bound: int

    @property
    def jaccard(self) -> float:
        """|both| / |either|; 1 when both sets are empty."""
        either = self.left + self.right - self.both
        return 1.0 if either == 0 else self.both / either

    @property
    def lg_left(self) -> float:
        """log2 of the size of the left set (0 when it is empty)."""
        return log2(self.left) if self.left else 0.0


def overlap_of(
    left: Sequence[Pattern], right: Sequence[Pattern], *, bound: int = BOUND, cap: int = STATE_CAP
) -> Overlap:
    """Exact counts. Raises TooComplex above `cap` states."""
    groups: list[list[Machine]] = [[machine(item) for item in left], [machine(item) for item in right]]
    counts = count_words(groups, bound=bound, alphabet=ALPHABET, cap=cap)
    return Overlap(
        left=sum(number for mask, number in counts.items() if mask & 1),
        right=sum(number for mask, number in counts.items() if mask & 2),
        both=counts.get(3, 0),
        bound=bound,
    )
