"""What the graph itself costs: a session of turns that need no cluster, kept in SQLite; milliseconds a step.

python benchmarks/graph.py [--turns 60]

A turn passes understand, report, propose and finish, which do next to nothing here; the rest is the graph and its
checkpoints. The last ten turns show whether a long session is slower than a short one.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from cloudwright.agents.graph import build
from cloudwright.agents.kit import Diagnosed, Kit
from cloudwright.agents.language.understanding import Goal, Intent, Memory, Understanding
from cloudwright.agents.sessions import Conversation, checkpointer
from cloudwright.core.approval import Approver
from cloudwright.core.catalog import Catalog
from cloudwright.core.context import Context
from cloudwright.core.gate import Gate
from cloudwright.core.journal import Journal
from cloudwright.core.masking import SessionRedactor
from cloudwright.core.refs import ObjectRef, Place
from cloudwright.core.store import MemoryResultStore
from cloudwright.core.tool import Permission
from cloudwright.policies.approval import load_rules

STEPS = 4
GOAL = "< 10 ms"


class Parrot:
    """Reads every request as a question about ourselves, and finds nothing."""

    def understand(self, request: str, memory: Memory, context: Context) -> Understanding:
        """Always the same."""
        return Understanding(request=request, intents=(Intent(goal=Goal.EXPLAIN_SELF, text=request, confidence=1),))

    def names(self, context: Context) -> Sequence[str]:
        """None."""
        return ()

    def diagnose(self, about: tuple[ObjectRef, ...], context: Context) -> Diagnosed:
        """Nothing."""
        return Diagnosed(text="")

    def missing(self, permissions: Sequence[Permission], context: Context) -> Sequence[str]:
        """Nothing."""
        return ()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=60)
    turns = parser.parse_args().turns
    with tempfile.TemporaryDirectory() as directory:
        folder, parrot = Path(directory), Parrot()
        gate = Gate(Catalog(()), Journal(folder / "journal.sqlite"), load_rules(None), parrot)
        context = Context(place=Place(), redactor=SessionRedactor(b"key"), results=MemoryResultStore())
        kit = Kit(gate=gate, context=context, approver=Approver(identity="bench"), reader=parrot, diagnoser=parrot)
        wall, cpu = [], []
        with checkpointer("", folder) as saver:
            talk = Conversation(build(kit, saver), "bench")
            for number in range(turns + 3):
                before, started = time.process_time(), time.perf_counter()
                talk.ask(f"what can you do, for the {number}th time?")
                wall.append((time.perf_counter() - started) / STEPS * 1000)
                cpu.append((time.process_time() - before) / STEPS * 1000)
    print(f"{'ms a step':28} {'median':>8} {'p95':>8} {'cpu':>8}   goal")
    for name, part in (("all turns", slice(3, None)), ("the last ten turns", slice(-10, None))):
        p95 = sorted(wall[part])[int(len(wall[part]) * 0.95)]
        label = f"{name} (n = {len(wall[part])})"
        print(
            f"{label:28} {statistics.median(wall[part]):8.2f} {p95:8.2f} {statistics.median(cpu[part]):8.2f}   {GOAL}"
        )


if __name__ == "__main__":
    main()
