"""Virtual time: stepped by tests and rehearsals, tied to wall time by a served twin."""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(order=True)
class Timer:
    """A callback due at a virtual time; `cancelled` timers are skipped."""

    due: float
    sequence: int
    callback: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Make sure the callback never runs."""
        self.cancelled = True


class Clock:
    """Seconds since the Unix epoch, moved only by its owner; equal times fire in the order they were set."""

    def __init__(self, start: float) -> None:
        self._now = start
        self._timers: list[Timer] = []
        self._sequence = itertools.count()

    def now(self) -> float:
        """The present virtual time in seconds since the epoch."""
        return self._now

    def timestamp(self) -> str:
        """The present as Kubernetes writes `metav1.Time`: RFC 3339, UTC, whole seconds."""
        return datetime.fromtimestamp(self._now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def micro_timestamp(self) -> str:
        """The present as Kubernetes writes `metav1.MicroTime`."""
        return datetime.fromtimestamp(self._now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def after(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` once, `seconds` of virtual time from now."""
        timer = Timer(self._now + max(0.0, seconds), next(self._sequence), callback)
        heapq.heappush(self._timers, timer)
        return timer

    def next_due(self) -> float | None:
        """When the next live timer fires, or None when nothing is waiting."""
        while self._timers and self._timers[0].cancelled:
            heapq.heappop(self._timers)
        return self._timers[0].due if self._timers else None

    def advance_to(self, moment: float) -> None:
        """Move time to `moment` without running anything; time never goes back."""
        self._now = max(self._now, moment)

    def skip(self, seconds: float) -> None:
        """Move time and every waiting timer forward together, as if the world had stood still meanwhile."""
        self._now += seconds
        for timer in self._timers:
            timer.due += seconds

    def pop_due(self) -> Timer | None:
        """Take the next timer that is due now, or None."""
        due = self.next_due()
        if due is None or due > self._now:
            return None
        return heapq.heappop(self._timers)


def parse_timestamp(text: str) -> float:
    """Seconds since the epoch of a Kubernetes timestamp.

    Raises:
        ValueError: the text is no RFC 3339 time.
    """
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
