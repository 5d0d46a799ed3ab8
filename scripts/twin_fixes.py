"""Do the remedies that the diagnosis proposes repair the faults of the catalogue?

usage: twin_fixes.py [--only F001,F080] [--rounds 2] [--out FILE]

Each fault is injected into a copy of a healthy simulated shop. The diagnosis reads it over HTTPS and knows nothing of
it. The first remedy of the first cause goes through the gate: proposed, approved, executed. It has worked when the shop
is healthy afterwards and the fault's symptoms are gone. Where it was done and another cause is first then, that one's
remedy is approved too (`--rounds`): faults with several victims, or one behind the other, take several steps.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from pathlib import Path

from cloudwright import settings
from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.load import live
from cloudwright.evals.faults.model import Fault, Remedy, load_faults
from cloudwright.evals.faults.site import Site
from cloudwright.evals.faults.trial import inject, repaired
from cloudwright.evals.hosting import Hosted
from cloudwright.evals.repair import Outcome, Repair, approve_first
from cloudwright.surfaces.session import open_session
from cloudwright.twin.topologies.start import start

_PAST = 1200.0
_CRAWL = 0.01
_NOTHING = Remedy(name="nothing more", do=())


def _repair(site: Site) -> Repair:
    """Let the diagnosis propose, and approve it."""
    with Hosted(site.cluster, speed=_CRAWL) as hosted, tempfile.TemporaryDirectory() as state:
        flags = {"kubeconfig": str(hosted.kubeconfig), "state_dir": state, "journal": "", "namespace": site.namespace}
        session = open_session(settings.load(flags, environment={}))
        return approve_first(session, investigate(live.load(session.context)))


def trial(base: Site, fault: Fault, rounds: int) -> tuple[list[Repair], int]:
    """What was done about a fault in a copy of the site, and after which round the shop was healthy (0: never)."""
    site = base.fork()
    done: list[Repair] = []
    try:
        if inject(site, fault) is None:
            return done, 0
        site.world.step(max(time.time() - site.world.clock.now(), 30.0))
        for number in range(1, rounds + 1):
            done.append(_repair(site))
            if done[-1].outcome is not Outcome.DONE or done[-1].said in (item.said for item in done[:-1]):
                return done, 0
            if repaired(site, fault, _NOTHING, fault.recovers_in) is not None:
                return done, number
        return done, 0
    finally:
        site.world.close()


def main() -> None:
    """Print one line a fault and the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    base = Site(start("shop", history=False, start_at=time.time() - _PAST))
    base.world.step(120.0)
    wanted = [item for item in options.only.split(",") if item]
    faults = [fault for name, fault in load_faults().items() if not wanted or name in wanted]
    counts: Counter[str] = Counter()
    rows = []
    for fault in faults:
        done, healthy = trial(base, fault, options.rounds)
        result = f"round {healthy}" if healthy else _unhelped(done)
        counts[result] += 1
        counts["not harmless"] += not all(item.harmless for item in done)
        said = " THEN ".join(item.said for item in done)
        rows.append({"id": fault.id, "title": fault.title, "result": result, "said": said})
        print(f"{fault.id} {result} | {fault.title} | {said}", flush=True)
    print(f"{len(faults)} faults: " + ", ".join(f"{count} {result}" for result, count in sorted(counts.items())))
    if options.out:
        options.out.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _unhelped(done: list[Repair]) -> str:
    """How the last attempt ended that did not make the shop healthy; `no effect` where it was carried out."""
    if not done:
        return "not shown"
    return "no effect" if done[-1].outcome is Outcome.DONE else str(done[-1].outcome)


if __name__ == "__main__":
    main()
