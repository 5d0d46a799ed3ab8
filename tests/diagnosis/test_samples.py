"""Every kind of finding is found where it is, and not where it is not, not even where it nearly is."""

import pytest

from cloudwright.core.finding import Severity
from cloudwright.diagnosis.catalog import CATALOG, Tier
from cloudwright.diagnosis.checks.table import run
from cloudwright.diagnosis.view import ClusterView
from tests.diagnosis.samples import all_samples

SAMPLES = all_samples()


def found(view: ClusterView, kind: str) -> list[str]:
    """Claims of this kind; those that make no difference now count for advice alone."""
    outcome = run(view)
    assert outcome.gaps == ()
    advice = CATALOG[kind].tier is Tier.ADVICE
    return [
        item.claim for item in outcome.findings if item.kind == kind and (advice or item.severity is not Severity.INFO)
    ]


def test_every_kind_has_its_three_samples() -> None:
    assert sorted(set(CATALOG) ^ set(SAMPLES)) == []


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_it_is_found_where_it_is(kind: str) -> None:
    assert found(SAMPLES[kind][0], kind), sorted({item.kind for item in run(SAMPLES[kind][0]).findings})


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_it_is_not_found_in_a_healthy_cluster_of_the_same_make(kind: str) -> None:
    assert found(SAMPLES[kind][1], kind) == []


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_it_is_not_found_where_it_nearly_is(kind: str) -> None:
    positive, _negative, near = SAMPLES[kind]
    assert near is not positive
    assert found(near, kind) == []
