"""What the diagnosis proposes first repairs the faults of the catalogue; where only a person can know, it asks."""

import time

import pytest

from cloudwright.core.tool import Effect
from cloudwright.evals.faults.model import load_faults
from cloudwright.evals.faults.site import Site
from cloudwright.evals.repair import Outcome
from cloudwright.twin.topologies.start import start
from scripts.approving import try_first

FAULTS = load_faults()
REPAIRED = ("F001", "F069", "F104")
"""One of each sort of remedy: the revision before, a reference of it, a value computed from the cluster."""
ASKED = "F130"
MOST = 0.6
"""Share of the catalogue that the first remedies repair at least; see docs/investigate.md for the figures."""


@pytest.fixture(scope="module")
def shop() -> Site:
    site = Site(start("shop", history=False, start_at=time.time() - 1200))
    site.world.step(120)
    return site


@pytest.mark.parametrize("name", REPAIRED)
def test_the_first_remedy_repairs(shop: Site, name: str) -> None:
    tried = try_first(shop, FAULTS[name])
    assert tried.healthy_after == 1, tried
    assert Effect.DESTRUCTIVE not in tried.done[0].effects
    assert tried.done[0].silent == ()


def test_a_fault_outside_of_the_cluster_is_answered_with_what_to_do(shop: Site) -> None:
    tried = try_first(shop, FAULTS[ASKED])
    assert (tried.healthy_after, tried.done[0].outcome, tried.done[0].effects) == (0, Outcome.ASKED, ())
    assert FAULTS[ASKED].truth.name in tried.done[0].said


@pytest.mark.full
def test_most_faults_are_repaired_and_what_is_risked_is_said(shop: Site) -> None:
    tried = {name: try_first(shop, fault, rounds=2) for name, fault in FAULTS.items()}
    assert sum(item.healthy_after > 0 for item in tried.values()) >= MOST * len(FAULTS)
    assert not [title for item in tried.values() for done in item.done for title in done.silent]
