"""Pods to be scheduled: the most important first; those that failed wait for a reason to try again."""

import heapq
import itertools
from collections.abc import Iterable
from functools import partial

from cloudwright.twin.clock import Clock, Timer
from cloudwright.twin.objects import Key

_FIRST_BACKOFF, _LONGEST_BACKOFF = 1.0, 10.0
_LONGEST_WAIT = 300.0


class SchedulingQueue:
    """Ready pods by priority and arrival; failed ones with their back-off."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ready: list[tuple[int, int, Key]] = []
        self._queued: set[Key] = set()
        self._sequence = itertools.count()
        self._attempts: dict[Key, int] = {}
        self._failed: dict[Key, tuple[float, int]] = {}
        self._timers: dict[Key, Timer] = {}

    def __len__(self) -> int:
        return len(self._ready)

    def add(self, key: Key, priority: int) -> None:
        """A pod is to be scheduled now."""
        self._failed.pop(key, None)
        self._cancel(key)
        if key not in self._queued:
            self._queued.add(key)
            heapq.heappush(self._ready, (-priority, next(self._sequence), key))

    def pop(self) -> Key:
        """Take the next pod."""
        key = heapq.heappop(self._ready)[2]
        self._queued.discard(key)
        self._attempts[key] = self._attempts.get(key, 0) + 1
        return key

    def failed(self, key: Key, priority: int) -> None:
        """A pod found no node: it waits for `wake`, at most five minutes."""
        self._failed[key] = (self._clock.now(), priority)
        self._cancel(key)
        self._timers[key] = self._clock.after(_LONGEST_WAIT, lambda: self._due(key, priority))

    def failed_keys(self) -> list[Key]:
        """The pods that wait for a reason to try again."""
        return list(self._failed)

    def wake(self, keys: Iterable[Key] | None = None) -> None:
        """Something has changed that may help: (all) failed pods try again when their back-off is over."""
        now = self._clock.now()
        for key in list(self._failed) if keys is None else keys:
            if key not in self._failed:
                continue
            since, priority = self._failed[key]
            backoff = min(_FIRST_BACKOFF * 2.0 ** (self._attempts.get(key, 1) - 1), _LONGEST_BACKOFF)
            due = since + backoff
            present = self._timers.get(key)
            if due <= now:
                self.add(key, priority)
            elif present is None or present.cancelled or present.due > due:
                self._cancel(key)
                self._timers[key] = self._clock.after(due - now, partial(self._due, key, priority))

    def forget(self, key: Key) -> None:
        """A pod is gone or has been placed."""
        self._failed.pop(key, None)
        self._attempts.pop(key, None)
        self._cancel(key)

    def close(self) -> None:
        """Cancel all timers."""
        for key in list(self._timers):
            self._cancel(key)

    def _due(self, key: Key, priority: int) -> None:
        self._timers.pop(key, None)
        if key in self._failed:
            self.add(key, priority)

    def _cancel(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
