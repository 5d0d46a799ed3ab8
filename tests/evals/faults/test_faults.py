"""Every fault of the catalogue shows, is repaired in two or more ways, and is not repaired by the wrong one."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from cloudwright.evals.faults.model import load_faults
from cloudwright.evals.faults.site import Site
from cloudwright.evals.faults.trial import attempt, inject, shows
from cloudwright.twin.topologies.start import start
from tests.evals.faults.continue_world import digest

FAULTS = load_faults()
SAMPLE = ("F001", "F013", "F032", "F041", "F080", "F092", "F114", "F142", "F148")


@pytest.fixture(scope="module")
def shop() -> Site:
    site = Site(start("shop", history=False))
    site.world.step(120)
    return site


def test_the_shop_is_healthy_and_shows_no_symptom(shop: Site) -> None:
    assert shop.healthy()
    assert [fault.id for fault in FAULTS.values() if shows(shop, fault)] == []


def test_every_fault_has_a_truth_two_fixes_and_a_wrong_one() -> None:
    assert len(FAULTS) >= 45
    for fault in FAULTS.values():
        assert len(fault.fixes) >= 2
        assert fault.wrong.do
        assert fault.truth.field


@pytest.mark.parametrize("name", SAMPLE)
def test_fault_shows_and_yields_only_to_right_fixes(shop: Site, name: str) -> None:
    outcome = attempt(shop, FAULTS[name])
    assert outcome.good, outcome


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name in FAULTS if name not in SAMPLE])
def test_every_fault_shows_and_yields_only_to_right_fixes(shop: Site, name: str) -> None:
    outcome = attempt(shop, FAULTS[name])
    assert outcome.good, outcome


@pytest.mark.parametrize("name", ["F080", "F036"])
def test_a_world_goes_on_the_same_where_no_fault_knowledge_exists(shop: Site, name: str, tmp_path: Path) -> None:
    broken = shop.fork()
    for action in FAULTS[name].inject:
        broken.do(action)
    snapshot = broken.world.snapshot()
    (tmp_path / "world").write_bytes(pickle.dumps(snapshot))
    here = digest(pickle.loads(pickle.dumps(snapshot)))
    command = [sys.executable, "-m", "tests.evals.faults.continue_world", str(tmp_path / "world")]
    elsewhere = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert elsewhere == here


def test_injection_is_the_only_difference(shop: Site) -> None:
    broken = shop.fork()
    assert inject(broken, FAULTS["F082"]) is not None
    assert shop.healthy()
