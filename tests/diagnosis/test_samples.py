"""Every kind of finding is found where it is, and not where it is not, not even where it nearly is."""

import pytest

from cloudwright.core.finding import Severity
from cloudwright.diagnosis.catalog import CATALOG, Tier
from cloudwright.diagnosis.checks.table import run
from cloudwright.diagnosis.investigate import investigate
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


def serious(view: ClusterView) -> list[str]:
    """Kinds of the causes above info, best first."""
    return [item.kind for item in investigate(view).causes if item.severity is not Severity.INFO]


FAULTS = sorted(kind for kind in SAMPLES if CATALOG[kind].tier in (Tier.FAULT, Tier.CONDITION))


def test_the_fault_of_a_sample_is_the_first_cause_and_nearly_always_the_only_one() -> None:
    causes = {kind: serious(SAMPLES[kind][0]) for kind in FAULTS}
    assert {kind: found for kind, found in causes.items() if found[:1] != [kind]} == {}
    alone = [kind for kind, found in causes.items() if len(found) == 1]
    print(f"{len(alone)} of {len(FAULTS)} faults give one cause")
    assert len(alone) >= 0.9 * len(FAULTS), sorted(set(FAULTS) - set(alone))


def test_healthy_samples_have_no_cause() -> None:
    healthy = {id(views[1]): (kind, views[1]) for kind, views in SAMPLES.items()}
    found = {kind: causes for kind, view in healthy.values() if (causes := serious(view))}
    print(f"{len(found)} of {len(healthy)} healthy states have a cause above info")
    assert found == {}
    assert len(healthy) >= 30
