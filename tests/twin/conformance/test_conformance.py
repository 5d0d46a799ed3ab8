"""The twin answers the corpus as the real server did, and no worse than before."""

from collections import Counter
from typing import Any

import pytest

from tests.twin.conformance import corpus, replay

LEAST_EQUAL = 0.97


@pytest.fixture(scope="module")
def outcome() -> tuple[dict[str, list[str]], int]:
    """Differences by step, and the number of steps."""
    recorded = replay.load()
    steps = corpus.steps()
    answers = replay.replay(steps, replay.twin_sender())
    found: dict[str, list[str]] = {}
    for step in steps:
        code, body, warnings = recorded[step.id]
        lines = replay.differences(
            replay.comparable(answers[step.id]), replay.comparable(replay.Reply(code, body, tuple(warnings)))
        )
        if lines:
            found[step.id] = lines
    return found, len(steps)


def test_nearly_all_answers_equal_the_real_ones(outcome: tuple[dict[str, list[str]], int]) -> None:
    found, total = outcome
    assert (total - len(found)) / total >= LEAST_EQUAL, dict(list(found.items())[:10])


def test_no_answer_got_worse(outcome: tuple[dict[str, list[str]], int]) -> None:
    known = set((replay.RECORDED.parent / "known_differences.txt").read_text().split())
    assert not set(outcome[0]) - known, {name: outcome[0][name][:3] for name in set(outcome[0]) - known}


def test_the_corpus_is_large_and_mostly_no_plain_reads() -> None:
    steps = corpus.steps()
    reads = sum(step.verb in ("get", "list") for step in steps)
    assert len(steps) >= 600
    assert reads / len(steps) <= 0.2
    assert len(replay.RULES) <= 15


def test_every_verb_and_many_kinds_are_there() -> None:
    steps = corpus.steps()
    verbs = Counter(step.verb for step in steps)
    assert set(verbs) >= {"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}
    assert len({step.kind for step in steps}) >= 40


def test_recorded_answers_hold_successes_and_refusals_of_each_write() -> None:
    recorded = replay.load()
    classes: dict[str, set[int]] = {}
    for step in corpus.steps():
        classes.setdefault(step.verb, set()).add(recorded[step.id][0] // 100)
    for verb in ("create", "update", "patch", "delete"):
        assert classes[verb] >= {2, 4}


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (
            {"metadata": {"uid": "11111111-1111-4111-8111-111111111111"}},
            {"metadata": {"uid": "22222222-2222-4222-8222-222222222222"}},
            True,
        ),
        ({"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}, False),
        ({"spec": {"replicas": 1}}, {"spec": {"replicas": True}}, False),
        ({"status": "Failure", "message": "a"}, {"status": "Failure", "message": "b"}, False),
        ({"metadata": {"resourceVersion": "5"}}, {"metadata": {"resourceVersion": "77"}}, True),
    ],
)
def test_the_comparison_sees_what_matters(left: Any, right: Any, same: bool) -> None:
    found = replay.differences(replay.normalise(left), replay.normalise(right))
    assert (not found) == same
