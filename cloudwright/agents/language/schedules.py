"""Times of day and rhythms in words, as schedules of five cron fields."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.text import NUMBERS, ORDINALS

_CLOCK = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?(am|pm|h)?")
_PLAIN = re.compile(r"\d{1,2}")
_DAYS: Mapping[str, str] = {
    name: str(number)
    for number, names in enumerate(("sunday sun", "monday mon", "tuesday tue tues", "wednesday wed", "thursday thu thur thurs", "friday fri", "saturday sat"))
    for word in names.split()
    for name in (word, f"{word}s")
}  # fmt: skip
_GROUPS: Mapping[str, str] = {
    "weekday": "1-5",
    "weekdays": "1-5",
    "workday": "1-5",
    "workdays": "1-5",
    "weekend": "0,6",
    "weekends": "0,6",
}
_RHYTHMS: Mapping[str, str] = {
    "hourly": "hour", "daily": "day", "nightly": "day", "weekly": "week", "monthly": "month", "everyday": "day",
}  # fmt: skip
_UNITS: Mapping[str, str] = {
    "minute": "minute", "minutes": "minute", "min": "minute", "mins": "minute", "hour": "hour", "hours": "hour", "day": "day", "days": "day",
    "night": "day", "nights": "day", "morning": "day", "evening": "day", "week": "week", "month": "month", "quarter": "quarter",
}  # fmt: skip
_EACH = ("every", "each")
_PARTS_OF_HOUR: Mapping[str, int] = {"half": 30, "quarter": 15}
_OFTEN: Mapping[str, int] = {"once": 1, "twice": 2, "thrice": 3}
_BEFORE_TIME = listed("at, to, by, around, from, for, run, runs, start, starts, daily, nightly, day, night, morning")
_LATER, _EARLIER = listed("later, after, back, on"), listed("earlier, sooner, before, ahead, forward")
_MOVES_LATER = "postpone, delay, defer, push back, put back, move back"
_MOVES_EARLIER = "advance, bring forward, move forward, move up"
_MINUTES_OF_DAY = 24 * 60
_NOON = 12
_LAST_HOUR = 23


@dataclass
class Rhythm:
    """What is said of when something runs; fields that are not said are ""."""

    minute: str = ""
    hour: str = ""
    day: str = ""
    weekday: str = ""
    every: bool = False
    """Whether it is said that it repeats, and how."""
    shift: int = 0
    """Minutes by which the present time moves."""
    words: set[int] = field(default_factory=set)
    """The tokens that say all that."""

    @property
    def timed(self) -> bool:
        """Whether a time of the day is said."""
        return bool(self.hour) and "*" not in self.hour


def schedule_of(clause: Clause, present: str) -> str:
    """The schedule that is wanted, from the present one where only a part of it is said; "" where none is said or none comes of it."""
    said = rhythm_of(clause)
    if said is None:
        return ""
    fields = present.split()
    fixed = len(fields) == 5 and bool(_PLAIN.fullmatch(fields[0])) and bool(_PLAIN.fullmatch(fields[1]))
    if said.shift:
        return _shifted(fields, said.shift) if fixed else ""
    if said.hour and "*" in said.hour:
        return f"{said.minute} {said.hour} * * {said.weekday or '*'}"
    minute, hour = said.minute, said.hour
    if not said.timed:
        if not said.every:
            return ""
        minute, hour = (fields[0], fields[1]) if fixed else ("0", "0")
    if said.weekday and clause.has("also, as well, too, additionally, in addition"):
        return (
            " ".join((*fields[:4], f"{fields[4]},{said.weekday}"))
            if fixed and fields[4] != "*" and not said.timed
            else ""
        )
    if said.every or said.day or said.weekday:
        return f"{minute} {hour} {said.day or '*'} * {said.weekday or '*'}"
    return " ".join((minute, hour, *fields[2:])) if fixed else ""


def rhythm_of(clause: Clause) -> Rhythm | None:
    """When something shall run, as far as it is said."""
    out = Rhythm()
    for found in (_shift(clause, out), _interval(clause, out), _days(clause, out), _clock(clause, out)):
        out.words.update(found)
    said = out.minute or out.hour or out.day or out.weekday or out.every or out.shift
    return out if said else None


def _shift(clause: Clause, out: Rhythm) -> Iterator[int]:
    """ "an hour later", "by 30 minutes earlier"."""
    for mention in clause.of("duration"):
        following = clause.low[mention.end : mention.end + 1]
        told = bool(following) and following[0] in _LATER | _EARLIER
        by = mention.start > 0 and clause.low[mention.start - 1] == "by" and clause.has(_MOVES_LATER, _MOVES_EARLIER)
        if not told and not by:
            continue
        amount = int(float(mention.text[:-1])) * {"m": 1, "h": 60}.get(mention.text[-1], 0)
        later = following[0] in _LATER if told else not clause.has(_MOVES_EARLIER)
        out.shift = amount if later else -amount
        yield from range(mention.start, mention.end + told)


def _shifted(fields: list[str], minutes: int) -> str:
    """The present time moved within its day; "" where it would leave the day."""
    moved = int(fields[1]) * 60 + int(fields[0]) + minutes
    if not 0 <= moved < _MINUTES_OF_DAY:
        return ""
    return " ".join((str(moved % 60), str(moved // 60), *fields[2:]))


def _interval(clause: Clause, out: Rhythm) -> Iterator[int]:
    """ "every 10 minutes", "hourly", "every other hour", "twice a day"."""
    for at, word in enumerate(clause.low):
        if clause.at(at) is not None and clause.at(at) in clause.of("name"):
            continue
        if word in _RHYTHMS and clause.low[at + 1 : at + 2] not in (("job",), ("jobs",), ("cronjob",), ("cron",)):
            _repeat(out, 1, _RHYTHMS[word])
            yield at
        elif word in _EACH:
            part = clause.low[at + 1] if at + 1 < len(clause.low) else ""
            if part in _PARTS_OF_HOUR and "hour" in clause.low[at + 2 : at + 5]:
                _repeat(out, _PARTS_OF_HOUR[part], "minute")
                yield from range(at, clause.low.index("hour", at) + 1)
                continue
            count, end = _count(clause, at + 1)
            unit = _UNITS.get(clause.low[end]) if end < len(clause.low) else None
            if unit is not None:
                _repeat(out, count, unit)
                yield from range(at, end + 1)
        elif word in _OFTEN and clause.low[at + 1 : at + 2] in (("a",), ("an",), ("per",), ("every",)):
            unit = _UNITS.get(clause.low[at + 2]) if at + 2 < len(clause.low) else None
            if unit in ("hour", "day"):
                share = (60 if unit == "hour" else 24) // _OFTEN[word]
                _repeat(out, *((1, unit) if _OFTEN[word] == 1 else (share, "minute" if unit == "hour" else "hour")))
                yield from range(at, at + 3)


def _count(clause: Clause, at: int) -> tuple[int, int]:
    """How many units: "10", "other", "half an", and where the unit stands."""
    word = clause.low[at] if at < len(clause.low) else ""
    if word == "other":
        return 2, at + 1
    if word == "single":
        return 1, at + 1
    number = int(word) if word.isdigit() else NUMBERS.get(word, 0)
    return (number, at + 1) if number else (1, at)


def _repeat(out: Rhythm, count: int, unit: str) -> None:
    out.every = True
    if unit == "minute":
        out.minute, out.hour = ("*" if count == 1 else f"*/{count}"), "*"
    elif unit == "hour":
        out.minute, out.hour = "0", "*" if count == 1 else f"*/{count}"
    elif unit == "week":
        out.weekday = out.weekday or "0"
    elif unit == "month":
        out.day = out.day or "1"


def _days(clause: Clause, out: Rhythm) -> Iterator[int]:
    """ "on mondays and thursdays", "on weekdays", "on the 15th"."""
    chosen: list[str] = []
    for at, word in enumerate(clause.low):
        if word in _GROUPS or (word in _DAYS and len(word) > 2):
            chosen.append(_GROUPS.get(word) or _DAYS[word])
            yield at
            yield from (
                index
                for index in range(max(0, at - 3), at)
                if clause.low[index] in ("on", "every", "each", "and", "only", "from")
            )
        elif word in ORDINALS and clause.low[at + 1 : at + 4] in (
            ("of", "the", "month"),
            ("of", "every", "month"),
            ("of", "each", "month"),
        ):
            out.day, out.every = str(ORDINALS[word] + 1), True
            yield from range(at, at + 4)
    if chosen:
        out.weekday, out.every = ",".join(dict.fromkeys(chosen)), True
        out.hour, out.minute = ("", "") if out.hour == "" else (out.hour, out.minute)


def _clock(clause: Clause, out: Rhythm) -> Iterator[int]:
    """ "at 8:30", "at 5 in the morning", "3am", "noon"."""
    for at, word in enumerate(clause.low):
        past = _PAST.get(clause.low[at : at + 2])
        hour = _hour(clause.low[at + 2]) if past is not None and at + 2 < len(clause.low) else None
        if past is not None and hour is not None:
            minutes = hour * 60 + past
            out.minute, out.hour = str(minutes % 60), str(minutes // 60 % 24)
            yield from range(at, at + 3)
            return
        if word in ("noon", "midnight"):
            out.minute, out.hour = "0", "12" if word == "noon" else "0"
            yield at
        spoken = NUMBERS.get(word) if word not in ("no", "none", "a", "single", "couple") else None
        found = _CLOCK.fullmatch(word if spoken is None else str(spoken))
        before = clause.low[at - 1] if at else ""
        if found is None or not (
            found[2] or found[3] or before in _BEFORE_TIME or clause.low[at + 1 : at + 2] == ("o'clock",)
        ):
            continue
        mention = clause.at(at)
        if mention is not None and mention.what not in ("number", "time", "duration", "quantity"):
            continue
        hour, minute = int(found[1]), int(found[2] or 0)
        part = " ".join(clause.low[at + 1 : at + 4])
        late = found[3] == "pm" or part.startswith(("pm", "in the evening", "in the afternoon", "at night"))
        hour = hour + _NOON if late and hour < _NOON else 0 if found[3] == "am" and hour == _NOON else hour
        if hour > 23 or minute > 59:
            continue
        out.minute, out.hour = str(minute), str(hour)
        yield at
        yield from (index for index in range(at + 1, min(at + 4, len(clause.low))) if clause.low[index] in _PARTS)


_PAST: Mapping[tuple[str, ...], int] = {
    ("half", "past"): 30, ("quarter", "past"): 15, ("quarter", "to"): -15, ("quarter", "after"): 15, ("quarter", "before"): -15,
}  # fmt: skip


def _hour(word: str) -> int | None:
    number = int(word) if word.isdigit() else NUMBERS.get(word)
    return number if number is not None and number <= _LAST_HOUR else None


_PARTS = listed("am, pm, in, the, morning, evening, afternoon, at, night, o'clock, utc, sharp")
