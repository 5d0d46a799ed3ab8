"""The demo: three independent faults of different natures, by seed or by name."""

import pytest

from cloudwright.core.errors import UsageError
from cloudwright.evals.demo import DEFAULT, NATURES, choose, prepare, showing
from cloudwright.twin.api import PODS
from cloudwright.twin.objects import is_finished, is_ready


@pytest.mark.parametrize("seed", range(12))
def test_each_seed_breaks_three_different_things(seed: int) -> None:
    faults = choose(seed)
    assert tuple(fault.nature for fault in faults) == NATURES
    assert len({fault.truth.name for fault in faults}) == 3
    assert faults == choose(seed)


def test_seeds_differ() -> None:
    assert len({tuple(fault.id for fault in choose(seed)) for seed in range(12)}) > 8


def test_an_unknown_fault_is_told_with_those_that_exist() -> None:
    with pytest.raises(UsageError, match="There is no fault F999"):
        choose(0, ("F999",))


def test_the_default_demo_shows_all_of_its_faults() -> None:
    demo = prepare()
    assert showing(demo) == DEFAULT
    quiet = next(fault for fault in demo.faults if fault.nature == "quiet")
    pods = demo.site.pods(quiet.truth.name)
    assert pods
    assert all(is_ready(pod) for pod in pods)


def test_a_healthy_demo_has_nothing_to_find() -> None:
    demo = prepare(healthy=True)
    assert demo.site.healthy()
    assert all(is_ready(pod) or is_finished(pod) for pod in demo.cluster.world.api.cached(PODS))
