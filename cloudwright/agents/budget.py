"""What one investigation may cost; when it is used up, the best answer so far is given."""

import time
from dataclasses import dataclass

from cloudwright.agents.model.chat import Usage


@dataclass(frozen=True)
class Limits:
    """Steps (model requests), seconds, tokens, and money (0: no limit)."""

    steps: int = 20
    seconds: float = 120.0
    tokens: int = 60_000
    cost: float = 0.0


class Budget:
    """Counts what is used against the limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._end = time.monotonic() + limits.seconds
        self.used = Usage()

    def spend(self, usage: Usage) -> None:
        """Add what a request used."""
        self.used += usage

    @property
    def seconds_left(self) -> float:
        """Seconds until the end, never negative."""
        return max(0.0, self._end - time.monotonic())

    @property
    def last_step(self) -> bool:
        """Whether only one more request may be made."""
        return self.used.requests >= self._limits.steps - 1

    def exhausted(self) -> str:
        """Which limit is reached, in a word; "" while there is room."""
        if self.used.requests >= self._limits.steps:
            return "steps"
        if self.seconds_left <= 0:
            return "time"
        if self.used.tokens >= self._limits.tokens:
            return "tokens"
        if self._limits.cost and self.used.cost >= self._limits.cost:
            return "money"
        return ""
