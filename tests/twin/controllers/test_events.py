"""How events are counted."""

from cloudwright.twin.api import EVENTS
from cloudwright.twin.events import EventRecorder, SeriesRecorder, reference_to
from cloudwright.twin.world import World
from tests.twin.differential.manifests import pod
from tests.twin.lab import in_namespace, make_world

_ABOUT = {"kind": "Pod", "apiVersion": "v1", "namespace": "default", "name": "app", "uid": "1"}


def _messages(world: World) -> list[tuple[str, int]]:
    return [(each["message"], each.get("count", 0)) for each in world.api.cached(EVENTS, "default")]


def _world() -> tuple[World, EventRecorder]:
    world = make_world(0)
    return world, EventRecorder(world.api, world.clock, "tester", "host")


def test_the_same_event_again_raises_the_count() -> None:
    world, recorder = _world()
    for _ in range(3):
        recorder.warning(_ABOUT, "BackOff", "again")
        world.step(10)
    event = world.api.cached(EVENTS, "default")[0]
    assert event["count"] == 3
    assert event["lastTimestamp"] > event["firstTimestamp"]
    assert event["source"] == {"component": "tester", "host": "host"}


def test_many_similar_events_are_combined() -> None:
    world, recorder = _world()
    for number in range(12):
        recorder.normal(_ABOUT, "Pulled", f"message {number}")
    messages = _messages(world)
    assert len(messages) == 10
    assert ("(combined from similar events): message 11", 3) in messages


def test_a_flood_of_events_is_dropped_and_refills_slowly() -> None:
    world, recorder = _world()
    for _ in range(40):
        recorder.warning(_ABOUT, "BackOff", "again")
    assert _messages(world) == [("again", 25)]
    world.step(301)
    recorder.warning(_ABOUT, "BackOff", "again")
    assert _messages(world) == [("again", 26)]


def test_events_expire_an_hour_after_their_last_change() -> None:
    world, recorder = _world()
    recorder.normal(_ABOUT, "First", "one")
    world.step(1800)
    recorder.normal(_ABOUT, "Second", "two")
    world.step(1801)
    assert [each["reason"] for each in world.api.cached(EVENTS, "default")] == ["Second"]
    world.step(1800)
    assert world.api.cached(EVENTS, "default") == []


def test_the_schedulers_events_become_a_series() -> None:
    world = make_world(0)
    recorder = SeriesRecorder(world.api, world.clock, "default-scheduler", "default-scheduler-host")
    for _ in range(4):
        recorder.record(_ABOUT, "Warning", "FailedScheduling", "Scheduling", "no room")
        world.step(5)
    event = world.api.cached(EVENTS, "default")[0]
    assert event["series"]["count"] == 2
    world.step(400)
    recorder.record(_ABOUT, "Warning", "FailedScheduling", "Scheduling", "no room")
    counts = sorted(each.get("series", {}).get("count", 1) for each in world.api.cached(EVENTS, "default"))
    assert counts == [1, 4]


def test_a_reference_says_which_container() -> None:
    made = in_namespace(pod("app"))
    reference = reference_to(made, field_path="spec.containers{main}")
    assert reference["fieldPath"] == "spec.containers{main}"
    assert (reference["kind"], reference["name"], reference["namespace"]) == ("Pod", "app", "default")
