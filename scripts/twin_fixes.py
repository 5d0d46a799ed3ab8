"""Do the remedies that the diagnosis proposes repair the faults of the catalogue?

usage: twin_fixes.py [--only F001,F080] [--causes 1]

Each fault is injected into a copy of a healthy simulated shop. The diagnosis reads it over HTTPS and knows nothing of
it. The first remedy of each of the first causes goes through the gate: proposed, approved, executed. It counts as
working when the shop is healthy afterwards and the fault's symptoms are gone.
"""

import argparse
import tempfile
import time

from cloudwright import settings
from cloudwright.core.errors import CloudwrightError
from cloudwright.core.finding import Severity
from cloudwright.core.proposal import Provenance, Source
from cloudwright.core.tool import ToolCall
from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.load import live
from cloudwright.diagnosis.model import Cause
from cloudwright.evals.faults.model import Fault, Remedy, load_faults
from cloudwright.evals.faults.site import Site
from cloudwright.evals.faults.trial import inject, repaired
from cloudwright.evals.hosting import Hosted
from cloudwright.surfaces.session import Session, open_session
from cloudwright.twin.topologies.start import start

_PAST = 1200.0
_CRAWL = 0.01
_NOTHING = Remedy(name="nothing more", do=())


def _execute(session: Session, call: ToolCall, cause: Cause) -> None:
    why = Provenance(source=Source.DIAGNOSIS, session=session.context.session, why=cause.claim)
    proposal = session.gate.propose(call, session.context, session.approver, why)
    if proposal.decision.answer.approvals:
        session.gate.approve(proposal.digest, session.approver)
    session.gate.execute(proposal.digest, session.context)


def _repair(site: Site, causes: int) -> str:
    """Let the diagnosis propose, and do it; says what was done, or why nothing was."""
    with Hosted(site.cluster, speed=_CRAWL) as hosted, tempfile.TemporaryDirectory() as state:
        flags = {"kubeconfig": str(hosted.kubeconfig), "state_dir": state, "journal": "", "namespace": site.namespace}
        session = open_session(settings.load(flags, environment={}))
        found = [
            cause for cause in investigate(live.load(session.context)).causes if cause.severity is not Severity.INFO
        ]
        chosen = [cause for cause in found[:causes] if cause.remedies]
        if not chosen:
            return f"no remedy: {[f'{cause.kind} {cause.object.name}' for cause in found[:3]]}"
        for cause in chosen:
            for call in cause.remedies[0].calls:
                try:
                    _execute(session, call, cause)
                except CloudwrightError as error:
                    return f"refused: {cause.kind} {cause.object.name}: {call.tool}: {error}"
        return "done: " + "; ".join(f"{cause.kind} {cause.object.name}: {cause.remedies[0].title}" for cause in chosen)


def trial(base: Site, fault: Fault, causes: int) -> tuple[str, bool]:
    """What was done about a fault in a copy of the site, and whether it helped."""
    site = base.fork()
    try:
        if inject(site, fault) is None:
            return "not shown", False
        site.world.step(max(time.time() - site.world.clock.now(), 30.0))
        done = _repair(site, causes)
        return done, done.startswith("done") and repaired(site, fault, _NOTHING, fault.recovers_in) is not None
    finally:
        site.world.close()


def main() -> None:
    """Print one line a fault and the count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--causes", type=int, default=1)
    options = parser.parse_args()
    base = Site(start("shop", history=False, start_at=time.time() - _PAST))
    base.world.step(120.0)
    wanted = [item for item in options.only.split(",") if item]
    tried = helped = total = 0
    for name, fault in load_faults().items():
        if wanted and name not in wanted:
            continue
        done, good = trial(base, fault, options.causes)
        total += 1
        tried += not done.startswith(("no remedy", "not shown"))
        helped += good
        print(f"{name} {'repaired' if good else 'NOT'} | {fault.title} | {done}", flush=True)
    print(f"{helped} of {tried} remedies worked; {total} faults")


if __name__ == "__main__":
    main()
