"""What the diagnosis proposes first repairs the faults of the catalogue; where only a person can know, it asks."""

import pytest

from cloudwright.core.tool import Effect
from cloudwright.evals.faults.model import load_faults
from cloudwright.evals.faults.site import Site
from cloudwright.evals.repair import Outcome
from scripts.approving import catch_up, healthy_shop, try_first

FAULTS = load_faults()
REPAIRED = ("F001", "F069", "F104")
"""One of each sort of remedy: the revision before, a reference of it, a value computed from the cluster."""
ASKED = "F130"
MOST = 0.8
"""Share of the catalogue that the first remedies repair at least; see docs/investigate.md for the figures."""
IN_VAIN = 0.03
"""Share of the catalogue for which something is proposed that does not help, or nothing, at most."""


@pytest.fixture(scope="module")
def shop() -> Site:
    return healthy_shop(FAULTS[ASKED])


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
def test_most_faults_are_repaired_the_rest_is_asked_and_what_is_risked_is_said() -> None:
    faults = sorted(FAULTS.values(), key=lambda fault: -fault.within)
    base = healthy_shop(faults[0])
    tried = {}
    for fault in faults:
        catch_up(base, fault)
        tried[fault.id] = try_first(base, fault, rounds=2)
    assert sum(item.healthy_after > 0 for item in tried.values()) >= MOST * len(FAULTS)
    in_vain = [name for name, item in tried.items() if not item.healthy_after and item.result != Outcome.ASKED]
    assert len(in_vain) <= IN_VAIN * len(FAULTS), in_vain
    assert not [title for item in tried.values() for done in item.done for title in done.silent]
