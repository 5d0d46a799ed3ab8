"""Cron schedules: five fields or a descriptor, in a time zone."""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name.lower(): number for number, name in enumerate(("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"))}
_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_SEARCH_YEARS = 5


@dataclass(frozen=True)
class Schedule:
    """The minutes, hours, days of the month, months and days of the week (0 is Sunday) at which something is due."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool
    zone: ZoneInfo | None = None
    every: float = 0.0

    def next(self, after: float) -> float | None:
        """The first due time after a moment (seconds since the epoch), None when there is none for years."""
        if self.every:
            return float(int(after) + int(self.every))
        zone = self.zone or UTC
        moment = datetime.fromtimestamp(after, zone).replace(second=0, microsecond=0) + timedelta(minutes=1)
        limit = moment.year + _SEARCH_YEARS
        while moment.year <= limit:
            if moment.month not in self.months:
                year, month = (moment.year + 1, 1) if moment.month == 12 else (moment.year, moment.month + 1)
                moment = datetime(year, month, 1, tzinfo=zone)
            elif not self._on_day(moment):
                moment = datetime(moment.year, moment.month, moment.day, tzinfo=zone) + timedelta(days=1)
            elif moment.hour not in self.hours:
                moment = moment.replace(minute=0) + timedelta(hours=1)
            elif moment.minute not in self.minutes:
                moment += timedelta(minutes=1)
            else:
                return moment.timestamp()
        return None

    def _on_day(self, moment: datetime) -> bool:
        day = moment.day in self.days
        weekday = (moment.weekday() + 1) % 7 in self.weekdays
        return day and weekday if self.any_day or self.any_weekday else day or weekday


def parse_schedule(text: str, time_zone: str | None = None) -> Schedule:
    """A schedule in cron's five fields, a descriptor such as @daily, or "@every 90s".

    Raises:
        ValueError: the text is no schedule or the zone is unknown.
    """
    zone = None
    if time_zone:
        try:
            zone = ZoneInfo(time_zone)
        except (KeyError, OSError, ValueError) as error:
            raise ValueError(f"unknown time zone {time_zone}") from error
    if text.startswith("@every "):
        never: frozenset[int] = frozenset()
        return Schedule(never, never, never, never, never, True, True, zone, _duration(text[7:]))
    fields = _DESCRIPTORS.get(text, text).split()
    if len(fields) != 5:
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    minutes, hours, days, months, weekdays = (
        _field(field, low, high) for field, (low, high) in zip(fields, _RANGES, strict=True)
    )
    stars = [field[0] in "*?" for field in fields]
    return Schedule(minutes, hours, days, months, frozenset(day % 7 for day in weekdays), stars[2], stars[4], zone)


def _field(text: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step_text = part.partition("/")
        step = int(step_text) if step_text else 1
        if span in ("*", "?"):
            first, last = low, high
        else:
            start, dash, end = span.partition("-")
            first = _number(start, high)
            last = _number(end, high) if dash else high if step_text else first
        if step < 1 or first < low or last > high + (high == 6) or first > last:
            raise ValueError(f"syntax error in cron field {text!r}")
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _number(text: str, high: int) -> int:
    names = {12: _MONTHS, 6: _DAYS}.get(high, {})
    try:
        return names[text.lower()] if text.lower() in names else int(text)
    except ValueError as error:
        raise ValueError(f"failed to parse int from {text}") from error


def _duration(text: str) -> float:
    units = {"h": 3600.0, "m": 60.0, "s": 1.0}
    total, number = 0.0, ""
    for character in text.strip():
        if character in units and number:
            total += float(number) * units[character]
            number = ""
        else:
            number += character
    if number or total < 1:
        raise ValueError(f"failed to parse duration {text}")
    return total
