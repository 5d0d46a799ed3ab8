"""How long a rule-based read takes once started: every read of a corpus of requests, asked of a real API server.

    KUBEBUILDER_ASSETS=… python benchmarks/language.py [--corpus tests/corpora/requests_seen.yaml]

Prints the distribution of the whole answer (understanding, the calls to the server, the report) and of understanding
alone, in milliseconds of wall-clock and of CPU. Exit 1 if the median of the answer is above the limit.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

LIMIT_MS = 300
"""A read's median, once started."""


def main() -> int:
    """Run it; 1 if the limit is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", type=Path, default=ROOT / "tests/corpora/requests_seen.yaml")
    args = parser.parse_args()
    from tests.servers.apiserver import assets

    if assets() is None:
        print("language: skipped, KUBEBUILDER_ASSETS names no control plane programs")
        return 0
    corpus = yaml.safe_load(args.corpus.read_text())
    from tests.agents.language.run_requests import exam

    reads = [entry for entry in corpus["requests"] if entry["expect"]["kind"] == "read"]
    with exam(corpus["setup"]) as hall, tempfile.TemporaryDirectory() as folder:
        return measure(hall, reads, Path(folder))


def measure(hall: Any, reads: Sequence[dict[str, Any]], folder: Path) -> int:
    """Ask every read of one started assistant, each in a session of its own."""
    from langgraph.checkpoint.memory import InMemorySaver

    from cloudwright.agents.diagnosing import LiveDiagnoser
    from cloudwright.agents.graph import build
    from cloudwright.agents.kit import Kit
    from cloudwright.agents.language.reader import RuleReader
    from cloudwright.agents.language.understanding import Memory
    from cloudwright.agents.sessions import Conversation
    from cloudwright.core.approval import Approver
    from cloudwright.core.catalog import Catalog
    from cloudwright.core.gate import Gate
    from cloudwright.core.journal import Journal
    from cloudwright.policies.approval import load_rules
    from cloudwright.tools.catalog import every_tool
    from cloudwright.tools.kubernetes.access import AccessChecker

    gate = Gate(Catalog(every_tool()), Journal(folder / "journal.db"), load_rules(None), AccessChecker())
    reader = RuleReader(gate.catalog)
    answers: list[tuple[float, float]] = []
    understood: list[tuple[float, float]] = []
    for number, entry in enumerate([reads[0], *reads]):
        context = replace(hall.context, session=f"read{number}")
        kit = Kit(gate, context, Approver(identity="admin"), reader, LiveDiagnoser())
        conversation = Conversation(build(kit, InMemorySaver()), context.session)
        for turn in entry["turns"]:
            understood.append(timed(partial(reader.understand, turn, Memory(), context)))
            answers.append(timed(partial(conversation.ask, turn)))
    report("understanding", understood[1:])
    median = report("answer", answers[1:])
    print(f"limit for the median of an answer: {LIMIT_MS} ms")
    return 0 if median <= LIMIT_MS else 1


def timed(run: Any) -> tuple[float, float]:
    """Wall-clock and CPU milliseconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


def report(name: str, times: Sequence[tuple[float, float]]) -> float:
    """Print a distribution; the median wall-clock time."""
    for place, label in enumerate(("wall-clock", "CPU")):
        ordered = sorted(item[place] for item in times)
        shares = {
            f"p{share}": ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 90, 95, 99)
        }
        text = ", ".join(f"{share} {value:.0f}" for share, value in shares.items())
        print(f"{name:14} {label:10} n={len(ordered)}: {text}, max {ordered[-1]:.0f} ms")
    return statistics.median(item[0] for item in times)


if __name__ == "__main__":
    sys.exit(main())
