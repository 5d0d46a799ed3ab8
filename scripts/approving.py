"""Trying what the diagnosis proposes on a fault: injected, diagnosed, approved, and judged by the fault's oracle."""

import tempfile
import time
from dataclasses import dataclass

from cloudwright import settings
from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.load import live
from cloudwright.evals.faults.model import Fault, Remedy
from cloudwright.evals.faults.site import Site
from cloudwright.evals.faults.trial import inject, repaired
from cloudwright.evals.hosting import Hosted
from cloudwright.evals.repair import Outcome, Repair, approve_first
from cloudwright.surfaces.session import open_session
from cloudwright.twin.topologies.start import start

CRAWL = 0.01
"""Speed of a site's clock while it is looked at: nothing changes under the eyes of the diagnosis."""
_WARM_UP = 120.0
_NOTHING = Remedy(name="nothing more", do=())


BEHIND = 60.0
"""Seconds beyond what a fault may take to show by which its world is in the past when the fault is injected."""


@dataclass(frozen=True)
class Tried:
    """What was done about a fault, and after which round the shop was healthy (0: never)."""

    done: tuple[Repair, ...]
    healthy_after: int

    @property
    def result(self) -> str:
        """`round N`, or how the last attempt ended; `no effect` where it was carried out in vain."""
        if self.healthy_after:
            return f"round {self.healthy_after}"
        if not self.done:
            return "not shown"
        return "no effect" if self.done[-1].outcome is Outcome.DONE else str(self.done[-1].outcome)


def healthy_shop(longest: Fault) -> Site:
    """A healthy shop so far in the past that this fault has the time to show."""
    site = Site(start("shop", history=False, start_at=time.time() - longest.within - BEHIND - _WARM_UP))
    site.world.step(_WARM_UP)
    return site


def catch_up(base: Site, fault: Fault) -> None:
    """Bring a shop as near to the present as this fault allows: what its copies have in common is simulated once.

    The clock goes on only: try the faults that take longest to show first.
    """
    base.world.step(max(time.time() - fault.within - BEHIND - base.world.clock.now(), 0.0))


def try_first(base: Site, fault: Fault, rounds: int = 1) -> Tried:
    """Inject into a copy of a healthy site and approve the first remedy of the first cause, up to `rounds` times.

    Another round is played only while remedies are carried out and are not the same again. The clock of `base` must lie
    in the past: the copy is brought to the present before anybody looks.
    """
    site = base.fork()
    done: list[Repair] = []
    try:
        if inject(site, fault) is None:
            return Tried((), 0)
        site.world.step(max(time.time() - site.world.clock.now(), 30.0))
        for number in range(1, rounds + 1):
            done.append(_repair(site))
            if done[-1].outcome is not Outcome.DONE or done[-1].said in [item.said for item in done[:-1]]:
                break
            if repaired(site, fault, _NOTHING, fault.recovers_in) is not None:
                return Tried(tuple(done), number)
        return Tried(tuple(done), 0)
    finally:
        site.world.close()


def _repair(site: Site) -> Repair:
    with Hosted(site.cluster, speed=CRAWL) as hosted, tempfile.TemporaryDirectory() as state:
        flags = {"kubeconfig": str(hosted.kubeconfig), "state_dir": state, "journal": "", "namespace": site.namespace}
        session = open_session(settings.load(flags, environment={}))
        with site.world.lock:
            site.world.step(max(time.time() - site.world.clock.now(), 0.0))
        return approve_first(session, investigate(live.load(session.context)))
