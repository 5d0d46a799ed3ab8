"""The demo: a shop in which three independent things are broken, chosen by seed or by name."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from cloudwright.core.errors import UsageError
from cloudwright.evals.faults.model import Fault, load_faults
from cloudwright.evals.faults.site import Site
from cloudwright.evals.faults.trial import shows
from cloudwright.twin.topologies.start import Cluster, start

NATURES = ("loud", "quiet", "rollout")
DEFAULT = ("F040", "F080", "F014")
SHOW_SECONDS = 300.0
_ALONE = {
    "F062",
    "F065",
    "F067",
    "F070",
    "F092",
    "F093",
    "F102",
    "F110",
    "F113",
    "F130",
    "F131",
    "F024",
    "F036",
    "F041",
    "F042",
}
"""Faults that reach beyond one workload (or take very long to show): they are not mixed with others at random."""


@dataclass(frozen=True)
class Demo:
    """A prepared cluster, and what is broken in it."""

    cluster: Cluster
    faults: tuple[Fault, ...]

    @property
    def site(self) -> Site:
        """The cluster for actions and checks."""
        return Site(self.cluster)


def choose(seed: int, names: Sequence[str] = ()) -> tuple[Fault, ...]:
    """Faults by name, or three of different natures on different workloads by seed (0: always the same).

    Raises:
        UsageError: there is no fault of such a name.
    """
    faults = load_faults()
    wanted = tuple(names) or (DEFAULT if seed == 0 else ())
    if wanted:
        unknown = [name for name in wanted if name not in faults]
        if unknown:
            raise UsageError(f"There is no fault {unknown[0]}.", hint=f"Known faults: {', '.join(faults)}.")
        return tuple(faults[name] for name in wanted)
    chooser = random.Random(seed)  # noqa: S311 - a reproducible choice
    chosen: list[Fault] = []
    for nature in NATURES:
        taken = {part for fault in chosen for part in _parts(fault)}
        free = [f for f in faults.values() if f.nature == nature and f.id not in _ALONE and not _parts(f) & taken]
        chosen.append(chooser.choice(free))
    return tuple(chosen)


def _parts(fault: Fault) -> set[str]:
    """Names of objects that a fault touches."""
    targets = [str(value) for action in fault.inject for value in action.values() if isinstance(value, str)]
    return {target.rpartition("/")[2] for target in targets} | {fault.truth.name}


def prepare(*, seed: int = 0, healthy: bool = False, names: Sequence[str] = (), start_at: float | None = None) -> Demo:
    """Build the shop, break what is to be broken, and let it show.

    Raises:
        UsageError: there is no fault of such a name.
    """
    faults = () if healthy else choose(seed, names)
    cluster = (
        start("shop", seed=seed) if start_at is None else start("shop", seed=seed, start_at=start_at - SHOW_SECONDS)
    )
    site = Site(cluster, user="deployer")
    for fault in faults:
        for action in fault.inject:
            site.do(action)
    if start_at is None:
        cluster.world.step(SHOW_SECONDS)
    else:
        cluster.world.step(max(0.0, start_at - cluster.world.clock.now()))
    return Demo(cluster, faults)


def showing(demo: Demo) -> tuple[str, ...]:
    """Identifiers of the faults whose symptoms hold now."""
    return tuple(fault.id for fault in demo.faults if shows(demo.site, fault))
