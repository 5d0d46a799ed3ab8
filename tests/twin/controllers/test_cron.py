"""Schedules."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwright.twin.api import JOBS, ApiStatusError
from cloudwright.twin.controllers.cron import parse_schedule
from cloudwright.twin.controllers.cronjob import note_skipped_runs
from tests.twin.differential.manifests import cron_job
from tests.twin.lab import events, in_namespace, make_world, names


def _next(schedule: str, after: str, zone: str | None = None) -> str:
    moment = parse_schedule(schedule, zone).next(datetime.fromisoformat(after).replace(tzinfo=UTC).timestamp())
    assert moment is not None
    return datetime.fromtimestamp(moment, UTC).isoformat()[:16]


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("* * * * *", "2026-01-01T00:00:00", "2026-01-01T00:01"),
        ("*/15 * * * *", "2026-01-01T00:16:00", "2026-01-01T00:30"),
        ("0 3 * * *", "2026-01-01T03:00:00", "2026-01-02T03:00"),
        ("30 2 1 * *", "2026-01-01T03:00:00", "2026-02-01T02:30"),
        ("0 0 29 2 *", "2026-03-01T00:00:00", "2028-02-29T00:00"),
        ("0 12 * * MON-FRI", "2026-01-02T13:00:00", "2026-01-05T12:00"),
        ("0 0 13 * 5", "2026-01-01T00:00:00", "2026-01-02T00:00"),
        ("@hourly", "2026-01-01T00:30:00", "2026-01-01T01:00"),
        ("0 9 * JAN,jul 1", "2026-02-01T00:00:00", "2026-07-06T09:00"),
        ("@every 90s", "2026-01-01T00:00:00", "2026-01-01T00:01"),
    ],
)
def test_next_time(schedule: str, after: str, expected: str) -> None:
    assert _next(schedule, after) == expected


def test_time_zone_counts() -> None:
    assert _next("0 9 * * *", "2026-01-01T00:00:00", "Asia/Tokyo") == "2026-01-02T00:00"


@pytest.mark.parametrize(
    "text", ["", "* * * *", "60 * * * *", "* * 0 * *", "a * * * *", "5-1 * * * *", "@never", "*/0 * * * *"]
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_schedule(text)


@given(st.integers(0, 59), st.integers(0, 23), st.integers(0, 2**31))
def test_daily_schedule_is_due_within_a_day_and_at_its_minute(minute: int, hour: int, after: int) -> None:
    moment = parse_schedule(f"{minute} {hour} * * *").next(after)
    assert moment is not None
    assert after < moment <= after + 86_400
    found = datetime.fromtimestamp(moment, UTC)
    assert (found.minute, found.hour, found.second) == (minute, hour, 0)


def test_skipped_time_leaves_no_missed_runs() -> None:
    world = make_world()
    world.apply([in_namespace(cron_job())])
    world.clock.skip(86_400)
    note_skipped_runs(world.api, world.clock.now())
    world.step(150)
    assert events(world, "TooManyMissedTimes") == []
    assert len(events(world, "SuccessfulCreate")) >= 2


def test_a_replacing_cron_job_ends_the_run_before() -> None:
    world = make_world()
    world.apply([in_namespace(cron_job(spec={"concurrencyPolicy": "Replace"}))])
    world.step(150)
    assert len(names(world, JOBS)) == 1
    assert len(events(world, "SuccessfulDelete")) >= 1


def test_a_forbidding_cron_job_waits_for_the_run_before() -> None:
    world = make_world()
    world.apply([in_namespace(cron_job(spec={"concurrencyPolicy": "Forbid"}))])
    world.step(200)
    assert len(names(world, JOBS)) == 1
    assert events(world, "JobAlreadyActive")[0].startswith("Not starting job because prior execution is running")


def test_a_schedule_that_cannot_be_read_is_reported() -> None:
    world = make_world()
    with pytest.raises(ApiStatusError):
        world.apply([in_namespace(cron_job(spec={"schedule": "whenever"}))])
