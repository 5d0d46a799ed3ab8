"""Do the remedies that the diagnosis proposes repair the faults of the catalogue?

usage: twin_fixes.py [--only F001,F080] [--rounds 2] [--out FILE]

Each fault is injected into a copy of a healthy simulated shop. The diagnosis reads it over HTTPS and knows nothing of
it. The first remedy of the first cause goes through the gate: proposed, approved, executed. It has worked when the shop
is healthy afterwards and the fault's symptoms are gone. Where it was done and another cause is first then, that one's
remedy is approved too (`--rounds`): faults with several victims, or one behind the other, take several steps.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from cloudwright.evals.faults.model import load_faults
from scripts.approving import catch_up, healthy_shop, try_first


def main() -> None:
    """Print one line a fault and the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    wanted = [item for item in options.only.split(",") if item]
    faults = [fault for name, fault in load_faults().items() if not wanted or name in wanted]
    faults.sort(key=lambda fault: -fault.within)
    base = healthy_shop(faults[0])
    counts: Counter[str] = Counter()
    rows = []
    for fault in faults:
        catch_up(base, fault)
        tried = try_first(base, fault, options.rounds)
        counts[tried.result] += 1
        said = " THEN ".join(item.said for item in tried.done)
        effects = [effect for item in tried.done for effect in item.effects]
        silent = [title for item in tried.done for title in item.silent]
        counts["with a risk that was not said"] += bool(silent)
        rows.append({"id": fault.id, "result": tried.result, "said": said, "effects": effects, "silent": silent})
        print(f"{fault.id} {tried.result} | {fault.title} | {said}", flush=True)
    print(f"{len(faults)} faults: " + ", ".join(f"{count} {result}" for result, count in sorted(counts.items())))
    if options.out:
        options.out.write_text("".join(json.dumps(row) + "\n" for row in rows))


if __name__ == "__main__":
    main()
