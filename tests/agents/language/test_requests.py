"""Corpora of requests through the real assistant on a real API server: a fixed slice, or with `-m full` everything."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.agents.language.run_requests import Exam, Score, entries_of, exam
from tests.agents.language.world import CORPORA
from tests.servers.apiserver import assets
from tests.servers.fixtures import NO_SERVERS

Json = dict[str, Any]
_SEED = 20261121
_SLICE = 40
FLOORS = {
    "requests_seen.yaml": (0.99, 0.98),
    "requests_unseen.yaml": (0.98, 0.98),
    "requests_third.yaml": (0.97, 0.97),
    "requests_fourth.yaml": (0.98, 0.97),
    "requests_fifth.yaml": (0.97, 0.97),
    "requests_sixth.yaml": (0.96, 0.95),
    "requests_seventh.yaml": (0.96, 0.95),
    "requests_eighth.yaml": (0.95, 0.92),
    "requests_ninth.yaml": (0.96, 0.94),
    "requests_tenth.yaml": (0.94, 0.94),
    "requests_eleventh.yaml": (0.94, 0.97),
    "requests_twelfth.yaml": (0.96, 0.97),
    "requests_thirteenth.yaml": (0.94, 0.97),
    "requests_fourteenth.yaml": (0.94, 0.97),
    "requests_fifteenth.yaml": (0.91, 0.97),
    "requests_sixteenth.yaml": (0.94, 0.94),
    "requests_snares.yaml": (0.98, 0.0),
    "requests_traps.yaml": (0.98, 0.0),
}
"""The least share of requests and of paraphrases that must be right: just below what was measured; it only rises."""
_KNOWN_WRONG = {"requests_eighth.yaml": 1}
"""Judged wrong and known: "suspend x" is done as ordered, and "no, let it run tonight" is asked about."""
_SLICE_NOISE = 0.1
_SLICED = ("requests_seen.yaml", "requests_unseen.yaml", "requests_traps.yaml")
"""Corpora that a slice is taken of in every run; each other one would cost it a server more."""


def _corpora() -> list[Any]:
    return [pytest.param(name, marks=[] if name in _SLICED else [pytest.mark.full]) for name in sorted(FLOORS)]


@pytest.fixture(scope="module", params=_corpora())
def hall(request: pytest.FixtureRequest) -> Iterator[tuple[str, Json, Exam]]:
    """A server with the world of a corpus."""
    if assets() is None:
        pytest.skip(NO_SERVERS)
    corpus = yaml.safe_load(Path(CORPORA / request.param).read_text())
    with exam(corpus["setup"]) as opened:
        yield request.param, corpus, opened


def _score(entries: list[Json], opened: Exam) -> Score:
    return Score([opened.run(entry) for entry in entries])


def _misses(score: Score) -> str:
    return ", ".join(item.id for item in score.results if not item.right)


@pytest.mark.cluster
def test_a_slice_of_requests_is_understood_and_nothing_wrong_is_written(hall: tuple[str, Json, Exam]) -> None:
    name, corpus, opened = hall
    requests, paraphrases = entries_of(corpus)
    entries = random.Random(_SEED).sample([*requests, *paraphrases], _SLICE)
    score = _score(entries, opened)
    assert (score.wrong_writes, score.unapproved) == (0, 0), _misses(score)
    assert score.share >= FLOORS[name][0] - _SLICE_NOISE, _misses(score)  # a slice varies around the whole


@pytest.mark.cluster
@pytest.mark.full
def test_all_requests_are_understood_and_nothing_wrong_is_written(hall: tuple[str, Json, Exam]) -> None:
    name, corpus, opened = hall
    requests, paraphrases = entries_of(corpus)
    score, again = _score(requests, opened), _score(paraphrases or requests[:1], opened)
    assert score.wrong_writes + again.wrong_writes <= _KNOWN_WRONG.get(name, 0), _misses(score)
    assert score.unapproved + again.unapproved == 0, _misses(score)
    assert score.share >= FLOORS[name][0], _misses(score)
    assert again.share >= FLOORS[name][1], _misses(again)
