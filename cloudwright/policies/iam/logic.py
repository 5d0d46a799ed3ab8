"""One formula for the combination of policy types, over truth values or over solver terms."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Logic(Protocol[T]):
    """What the combination formula needs of a Boolean algebra; `encode.Encoder` is one, `Truth` another."""

    def constant(self, value: bool) -> T:
        """True or false."""

    def any(self, formulas: Iterable[T]) -> T:
        """Disjunction."""

    def all(self, formulas: Iterable[T]) -> T:
        """Conjunction."""

    def no(self, formula: T) -> T:
        """Negation."""


class Truth:
    """Plain truth values."""

    def constant(self, value: bool) -> bool:
        """The value itself."""
        return value

    def any(self, formulas: Iterable[bool]) -> bool:
        """Disjunction."""
        return any(formulas)

    def all(self, formulas: Iterable[bool]) -> bool:
        """Conjunction."""
        return all(formulas)

    def no(self, formula: bool) -> bool:
        """Negation."""
        return not formula
