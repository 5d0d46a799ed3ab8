"""Cloud-OpsBench: diagnose every case of a folder with no model and score it.

python benchmarks/cob.py --data DIR [--misses] [--out predictions.jsonl]
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from cloudwright.evals.benchmarks.cob_predict import cases, run, score


def main() -> None:
    """Print scores by group, time per case, and on demand the misses."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--misses", action="store_true", help="list wrong answers (reads labels after the run)")
    args = parser.parse_args()
    out = args.out or Path(tempfile.mkdtemp()) / "predictions.jsonl"
    predictions = list(run(cases(args.data)))
    groups = score(predictions, args.data, out)
    print(f"{'group':44s} {'n':>4s} {'lenP@1':>7s} {'lenP@3':>7s} {'fullA@1':>8s} {'fullA@3':>8s}")
    for name, row in groups.items():
        print(
            f"{name:44s} {row['n']:4d} {row['lenient_partial_a1']:7.3f} {row['lenient_partial_a3']:7.3f} "
            f"{row['full_a1']:8.3f} {row['full_a3']:8.3f}"
        )
    times = sorted(item.seconds for item in predictions)
    print(
        f"seconds a case: median {statistics.median(times):.3f}, "
        f"p95 {times[int(len(times) * 0.95)]:.3f}, max {times[-1]:.3f}"
    )
    if args.misses:
        labels = {
            item["uid"]: (name, item)
            for name, item in json.loads((args.data / "labels.json").read_text())["cases"].items()
        }
        for item in predictions:
            name, label = labels[item.case]
            top = item.entries[0] if item.entries else {}
            wanted = {
                (one["fault_object"].lower(), one["root_cause"]) for one in [label, *label.get("also_accept", [])]
            }
            same = {
                "db_read_only": "db_readonly_mode",
                "gateway_misroute": "gateway_misrouted",
                "container_memory_limit_too_low": "oom_killed",
            }
            wanted |= {(place, same.get(root, root)) for place, root in wanted}
            if (top.get("fault_object", "").lower(), top.get("root_cause")) not in wanted:
                print(
                    name,
                    label["root_cause"],
                    label["fault_object"],
                    "|",
                    [(e["root_cause"], e["fault_object"]) for e in item.entries],
                    [(c.kind, c.object.name, round(c.score, 2)) for c in item.investigation.causes[:5]],
                    item.investigation.gaps[:2],
                )


if __name__ == "__main__":
    main()
