"""Replay the conformance corpus on a real API server and on the twin, and compare.

    python scripts/twin_conformance.py record KUBECONFIG   send it to a real server and keep the answers
    python scripts/twin_conformance.py compare [--show N]  send it to the twin and compare with the kept answers
    python scripts/twin_conformance.py report              the same, and write docs/twin-conformance.md

The real server must be a fresh Kubernetes 1.34 whose controller-manager and scheduler do not run, so that both answer
for the API server alone.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.twin.conformance import corpus, refresh, replay  # noqa: E402 - its folder is put on the path first


def compare() -> tuple[dict[str, list[str]], int]:
    """Differences by step id, and how many steps there are."""
    recorded = replay.load()
    steps = corpus.steps()
    answers = replay.replay(steps, replay.twin_sender())
    names = ("code", "body", "warnings")
    found: dict[str, list[str]] = {}
    for step in steps:
        if step.id not in recorded:
            continue
        mine = dict(zip(names, replay.comparable(answers[step.id]), strict=True))
        code, body, warnings = recorded[step.id]
        server = replay.Reply(code, body, tuple(warnings))
        theirs = dict(zip(names, replay.comparable(server), strict=True))
        lines = replay.differences(mine, theirs)
        if lines:
            found[step.id] = lines
    return found, len(recorded)


def report(found: dict[str, list[str]], total: int) -> str:
    """The page: figures, rules, every difference."""
    steps = {step.id: step for step in corpus.steps()}
    reads = sum(step.verb in ("get", "list") for step in steps.values())
    equal = total - len(found)
    lines = [
        "# Conformance of the twin",
        "",
        "Written by `scripts/twin_conformance.py report`. One corpus of requests was sent to a real Kubernetes 1.34",
        "API server (without controllers) and to the twin's; the answers (code, body, warnings) are equal after these",
        "rules:",
        "",
        *(f"{rule}" for rule in replay.RULES),
        "",
        f"**{equal} of {total} answers are equal ({100 * equal / total:.1f} %).** {reads} of the requests"
        f" ({100 * reads / total:.0f} %) are plain reads.",
        "",
        "| verb | requests | equal |",
        "|---|---|---|",
    ]
    by_verb, different = Counter(s.verb for s in steps.values()), Counter(steps[i].verb for i in found)
    lines += [f"| {verb} | {count} | {count - different[verb]} |" for verb, count in sorted(by_verb.items())]
    lines += ["", "| kind | requests | equal |", "|---|---|---|"]
    by_kind, wrong = Counter(s.kind for s in steps.values()), Counter(steps[i].kind for i in found)
    lines += [f"| {kind} | {count} | {count - wrong[kind]} |" for kind, count in sorted(by_kind.items())]
    lines += ["", "## Every difference", ""]
    for name, parts in found.items():
        lines.append(f"- `{name}` ({steps[name].method} {steps[name].path})")
        lines += [f"  - `{part.replace('`', chr(39))}`" for part in parts[:4]]
        if len(parts) > 4:
            lines.append(f"  - and {len(parts) - 4} more of the same answer")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run the chosen command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("record", "compare", "report"))
    parser.add_argument("kubeconfig", nargs="?")
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--only", default="")
    parser.add_argument(
        "--accept", action="store_true", help="with report: let the differences found be the known ones of the tests"
    )
    arguments = parser.parse_args()
    if arguments.command == "record":
        answers = replay.replay(corpus.steps(), replay.real_sender(arguments.kubeconfig))
        replay.save({name: replay.comparable(reply) for name, reply in answers.items()})
        print(f"{len(answers)} answers recorded")
        return 0
    found, total = compare()
    shown = {name: lines for name, lines in found.items() if arguments.only in name}
    for name, lines in list(shown.items())[: arguments.show]:
        print(name)
        for line in lines[:6]:
            print("   ", line)
    print(f"{total - len(found)} of {total} equal ({100 * (total - len(found)) / total:.1f} %)")
    if arguments.command == "report":
        (ROOT / "docs").mkdir(exist_ok=True)
        (ROOT / "docs" / "twin-conformance.md").write_text(report(found, total))
        if arguments.accept:
            refresh.write(found)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
