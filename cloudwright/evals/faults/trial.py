"""Trying a fault out: does it show, do its fixes repair it, and does the wrong one not?"""

from collections.abc import Callable
from dataclasses import dataclass

from cloudwright.evals.faults.model import Fault, Remedy
from cloudwright.evals.faults.site import Site

PAUSE = 10.0
HOLD = 60.0
SETTLE = 30.0
WRONG_WAIT = 200.0


@dataclass(frozen=True)
class Outcome:
    """What happened: seconds until the symptom showed, until each fix had worked (None: never), and whether the wrong
    remedy left the fault in place."""

    fault: str
    shown: float | None
    fixed: dict[str, float | None]
    wrong_fails: bool

    @property
    def good(self) -> bool:
        """Whether everything is as the catalogue says."""
        return self.shown is not None and all(t is not None for t in self.fixed.values()) and self.wrong_fails


def shows(site: Site, fault: Fault) -> bool:
    """Whether all symptoms hold now."""
    return all(site.holds(check) for check in fault.symptom)


def inject(site: Site, fault: Fault) -> float | None:
    """Inject a fault; seconds until its symptoms show, or None when they do not."""
    for action in fault.inject:
        site.do(action)
    return _until(site, lambda: shows(site, fault), fault.within)


def repaired(site: Site, fault: Fault, remedy: Remedy, limit: float) -> float | None:
    """Apply a remedy; seconds until the shop is healthy and stays so for a minute, or None."""
    for action in remedy.do:
        site.do(action)
    site.world.step(SETTLE)
    waited = _until(site, lambda: site.healthy() and not _lasting(site, fault), limit)
    if waited is None:
        return None
    site.world.step(HOLD)
    return SETTLE + waited if site.healthy() and not _lasting(site, fault) else None


def _lasting(site: Site, fault: Fault) -> bool:
    """Whether the symptoms that can go away are still all there (events, logs and restart counts stay)."""
    checks = [c for c in fault.symptom if not {"event", "log", "restarts", "last_exit"} & set(c)]
    return bool(checks) and all(site.holds(check) for check in checks)


def _until(site: Site, condition: Callable[[], bool], limit: float) -> float | None:
    waited = 0.0
    while waited <= limit:
        if condition():
            return waited
        site.world.step(PAUSE)
        waited += PAUSE
    return None


def attempt(base: Site, fault: Fault) -> Outcome:
    """Inject into a copy of a healthy site, and try every remedy in a copy of the broken one."""
    broken = base.fork()
    shown = inject(broken, fault)
    if shown is None:
        return Outcome(fault.id, None, {}, False)
    broken.world.step(SETTLE)
    fixed = {}
    for remedy in fault.fixes:
        copy = broken.fork()
        fixed[remedy.name] = repaired(copy, fault, remedy, fault.recovers_in)
        copy.world.close()
    copy = broken.fork()
    wrong = repaired(copy, fault, fault.wrong, WRONG_WAIT)
    copy.world.close()
    broken.world.close()
    return Outcome(fault.id, shown, fixed, wrong is None)
