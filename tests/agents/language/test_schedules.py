"""Times and rhythms in words as cron fields, from the present schedule where only a part is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.schedules import schedule_of
from cloudwright.agents.language.tagging import Tagger
from tests.agents.language.small import VOCABULARY

_TAGGER = Tagger(VOCABULARY)


def _clause(text: str) -> Clause:
    return _TAGGER.clause(_TAGGER.tokens(text))


@pytest.mark.parametrize(
    ("text", "present", "wanted"),
    [
        ("every 10 minutes", "0 4 * * *", "*/10 * * * *"),
        ("every half hour", "0 4 * * *", "*/30 * * * *"),
        ("every other hour", "0 4 * * *", "0 */2 * * *"),
        ("hourly", "0 4 * * *", "0 * * * *"),
        ("twice a day", "0 4 * * *", "0 */12 * * *"),
        ("daily at 8", "*/5 * * * *", "0 8 * * *"),
        ("at 8:30 every day", "0 4 * * 1", "30 8 * * *"),
        ("at 6pm on weekdays", "0 4 * * *", "0 18 * * 1-5"),
        ("on mondays and thursdays at 7", "0 4 * * *", "0 7 * * 1,4"),
        ("on fridays", "15 4 * * *", "15 4 * * 5"),
        ("at 9:15 on the first of the month", "0 4 * * *", "15 9 1 * *"),
        ("at 5 in the morning", "0 4 * * 2", "0 5 * * 2"),
        ("at noon", "30 4 * * *", "0 12 * * *"),
        ("an hour later", "30 4 * * 5", "30 5 * * 5"),
        ("half an hour earlier", "15 4 * * *", "45 3 * * *"),
    ],
)
def test_a_rhythm_in_words_is_a_schedule(text: str, present: str, wanted: str) -> None:
    assert schedule_of(_clause(text), present) == wanted


@pytest.mark.parametrize(
    ("text", "present"),
    [
        ("at another time", "0 4 * * *"),
        ("at 5", "*/10 * * * *"),
        ("an hour later", "30 23 * * *"),
        ("an hour later", "*/10 * * * *"),
        ("at 27:00", "0 4 * * *"),
    ],
)
def test_what_gives_no_whole_schedule_gives_none(text: str, present: str) -> None:
    assert schedule_of(_clause(text), present) == ""


@given(st.integers(0, 23), st.integers(0, 59))
def test_any_time_of_the_day_is_read_as_it_is_written(hour: int, minute: int) -> None:
    assert schedule_of(_clause(f"every day at {hour}:{minute:02}"), "*/5 * * * *") == f"{minute} {hour} * * *"
