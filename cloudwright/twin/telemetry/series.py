"""Time series in memory: labelled samples, selection by matchers, and a history that was never simulated.

Samples of one series are in time order. A history lies before the first sample: it is computed when it is read, from
the series' own steady state at the time of `Series.age`, so that it costs no memory until somebody looks.
"""

import math
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

Labels = tuple[tuple[str, str], ...]
"""Label pairs sorted by name, with `__name__` among them."""

RETENTION = 6 * 3600.0
PAST_STEP = 60.0


@dataclass
class History:
    """The time before the first sample: from `start`, with a slope per second (counters) or a level (gauges)."""

    start: float
    slope: float
    counter: bool
    phase: float


@dataclass
class Series:
    """One series."""

    labels: Labels
    times: "array[float]" = field(default_factory=lambda: array("d"))
    values: "array[float]" = field(default_factory=lambda: array("d"))
    history: History | None = None

    def append(self, moment: float, value: float) -> None:
        """Add a sample that is newer than all others."""
        self.times.append(moment)
        self.values.append(value)

    def trim(self, oldest: float) -> None:
        """Drop samples before a moment."""
        cut = bisect_left(self.times, oldest)
        if cut:
            del self.times[:cut]
            del self.values[:cut]
            self.history = None

    def age(self, start: float, *, counter: bool) -> None:
        """Give the series a history from `start` on, like its last interval."""
        if not self.times or start >= self.times[0]:
            return
        slope = 0.0
        if counter and len(self.times) > 1 and self.times[-1] > self.times[0]:
            slope = max(0.0, (self.values[-1] - self.values[-2]) / (self.times[-1] - self.times[-2]))
        self.history = History(start, slope, counter, float(sum(map(ord, self.labels[-1][1])) % 628) / 100)

    def materialise(self) -> None:
        """Turn the history into samples."""
        history, self.history = self.history, None
        if history is None or not self.times:
            return
        first, value = self.times[0], self.values[0]
        times, values = array("d"), array("d")
        moment = history.start
        while moment < first:
            times.append(moment)
            values.append(_past(history, first, value, moment))
            moment += PAST_STEP
        self.times, self.values = times + self.times, values + self.values

    def at(self, moment: float, lookback: float) -> float | None:
        """The newest value not older than `lookback` (None: there is none, or it is a stale marker)."""
        self._need(moment - lookback)
        index = bisect_right(self.times, moment) - 1
        if index < 0 or self.times[index] <= moment - lookback or math.isnan(self.values[index]):
            return None
        return self.values[index]

    def between(self, start: float, end: float) -> list[tuple[float, float]]:
        """Samples with `start < time <= end`, without stale markers."""
        self._need(start)
        low, high = bisect_right(self.times, start), bisect_right(self.times, end)
        return [(t, v) for t, v in zip(self.times[low:high], self.values[low:high], strict=True) if not math.isnan(v)]

    def _need(self, moment: float) -> None:
        if self.history is not None and self.times and moment < self.times[0]:
            self.materialise()


def _past(history: History, first: float, value: float, moment: float) -> float:
    wave = math.sin(moment / 1700 + history.phase) + 0.5 * math.sin(moment / 410 + 2 * history.phase)
    if not history.counter:
        return value * (1 + 0.02 * wave) if value not in (0.0, 1.0) and value != int(value) else value
    anchor = math.sin(first / 1700 + history.phase) + 0.5 * math.sin(first / 410 + 2 * history.phase)
    return max(0.0, value - history.slope * (first - moment - 0.02 * 410 * (wave - anchor)))


Matcher = Callable[[Mapping[str, str]], bool]


class SeriesStore:
    """All series of one twin."""

    def __init__(self) -> None:
        self._series: dict[Labels, Series] = {}
        self._by_name: dict[str, list[Series]] = {}
        self.newest = 0.0

    def append(self, labels: Labels, moment: float, value: float) -> None:
        """Add a sample."""
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = Series(labels)
            self._by_name.setdefault(dict(labels)["__name__"], []).append(series)
        series.append(moment, value)

    def end_scrape(self, moment: float) -> None:
        """Mark series that this scrape no longer saw as stale, and drop what is too old."""
        for series in self._series.values():
            if series.times[-1] < moment and not math.isnan(series.values[-1]):
                series.append(moment, math.nan)
        self.newest = moment
        if int(moment) % 600 < 30:
            self._expire(moment - RETENTION)

    def _expire(self, oldest: float) -> None:
        for labels, series in list(self._series.items()):
            series.trim(oldest)
            if not series.times or (math.isnan(series.values[-1]) and series.times[-1] <= oldest):
                del self._series[labels]
                self._by_name[dict(labels)["__name__"]].remove(series)

    def clear(self) -> None:
        """Forget every sample."""
        self._series.clear()
        self._by_name.clear()

    def age(self, start: float) -> None:
        """Give every series a history from `start` on."""
        for series in self._series.values():
            series.age(start, counter=is_counter(dict(series.labels)["__name__"]))

    def names(self) -> list[str]:
        """All metric names."""
        return sorted(name for name, series in self._by_name.items() if series)

    def all(self) -> Iterator[Series]:
        """Every series."""
        return iter(self._series.values())

    def select(self, name: str | None, matchers: Iterable[Matcher]) -> list[Series]:
        """Series of a metric (None: of all) whose labels satisfy all matchers."""
        candidates = self._by_name.get(name, []) if name is not None else list(self._series.values())
        tests = list(matchers)
        return [series for series in candidates if all(test(dict(series.labels)) for test in tests)]


def is_counter(name: str) -> bool:
    """Whether a metric's name says that it only grows."""
    return name.endswith(("_total", "_count", "_sum", "_bucket"))


def matcher(name: str, operator: str, value: str) -> Matcher:
    """A label matcher: operator "=", "!=", "=~" or "!~" (regular expressions are anchored).

    Raises:
        ValueError: the regular expression is malformed.
    """
    if operator == "=":
        return lambda labels: labels.get(name, "") == value
    if operator == "!=":
        return lambda labels: labels.get(name, "") != value
    try:
        pattern = re.compile(f"(?:{value})")
    except re.error as error:
        raise ValueError(f"error parsing regexp: {error}") from error
    if operator == "=~":
        return lambda labels: pattern.fullmatch(labels.get(name, "")) is not None
    return lambda labels: pattern.fullmatch(labels.get(name, "")) is None
