"""Try every fault of the catalogue in the twin and write docs/twin-faults.md.

usage: twin_faults.py [--jobs 2] [--only F001,F080] [--out docs/twin-faults.md]

Exits with 1 when a fault does not show, a right fix does not work, or a wrong one does.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

from cloudwright.evals.faults.model import Fault, load_faults
from cloudwright.evals.faults.site import Site
from cloudwright.evals.faults.trial import Outcome, attempt
from cloudwright.twin.topologies.start import start

WARM_UP = 120.0
INTRODUCTION = """# Faults in the twin

Made by `scripts/twin_faults.py`. Each fault is injected into a healthy shop by API requests (or by a change of a node,
of the network or of a host outside). Its symptoms are checks on what can be observed: states, events, logs, failing
calls, endpoints. No code of the twin knows a fault: the symptoms follow from the objects, the application models and
the traffic. Then each remedy is tried in a copy of the broken world: it works when the whole shop is healthy and stays
so for a minute. Seconds are virtual.

Kinds: K a change of API objects, P a controller or an admission step decides, A inside an application or a store,
N a node, D the network.
"""


@cache
def _base() -> Site:
    site = Site(start("shop", history=False))
    site.world.step(WARM_UP)
    return site


def _try(name: str) -> Outcome:
    return attempt(_base(), load_faults()[name])


def _row(fault: Fault, outcome: Outcome) -> str:
    where = f"{fault.truth.kind} {fault.truth.name}: `{fault.truth.field}`"
    fixes = "; ".join(f"{name} ({'never' if t is None else f'{t:.0f} s'})" for name, t in outcome.fixed.items())
    shown = "never" if outcome.shown is None else f"{outcome.shown:.0f} s"
    wrong = f"{fault.wrong.name}: {'no effect on it' if outcome.wrong_fails else 'WORKS'}"
    cells = (fault.id, fault.title, fault.kind, fault.nature, where, shown, fixes, wrong)
    return "| " + " | ".join(cells) + " |"


def main() -> int:
    """Try, write, and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "docs" / "twin-faults.md")
    options = parser.parse_args()
    faults = load_faults()
    names = options.only.split(",") if options.only else list(faults)
    with ProcessPoolExecutor(options.jobs) as pool:
        outcomes = dict(zip(names, pool.map(_try, names), strict=True))
    good = sum(outcome.good for outcome in outcomes.values())
    head = "| Id | Fault | Kind | Nature | Cause | Shows after | Right fixes (healthy after) | Wrong one |"
    rows = [_row(faults[name], outcome) for name, outcome in outcomes.items()]
    summary = f"{good} of {len(outcomes)} faults behave as described.\n"
    options.out.write_text("\n".join([INTRODUCTION, summary, head, "|" + "---|" * 8, *rows]) + "\n")
    for name, outcome in outcomes.items():
        if not outcome.good:
            print(name, outcome)
    print(summary, end="")
    return 0 if good == len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
