"""Start-up and journal: `--help` against a bare typer program, a read against the bare client, durable entries.

python benchmarks/startup.py [--runs 9]
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from cloudwright.core.journal import EntryKind, Journal

BARE_TYPER = """
import typer
app = typer.Typer()
@app.command()
def one(name: str = "x", count: int = 1) -> None:
    "First."
@app.command()
def two(name: str = "x", flag: bool = False) -> None:
    "Second."
app()
"""
BARE_CLIENT = """
import json
from kubernetes import client, config
config.load_kube_config()
answer = client.CoreV1Api().list_namespaced_pod("default", _preload_content=False)
print(len(json.loads(answer.data)["items"]))
"""


@dataclass(frozen=True)
class Times:
    """Seconds of whole processes, warm: wall clock and CPU (user and system), sorted."""

    wall: list[float]
    cpu: list[float]

    def medians(self) -> tuple[float, float]:
        """Of wall clock and CPU."""
        return statistics.median(self.wall), statistics.median(self.cpu)


def times(command: list[str], runs: int, **environment: str) -> Times:
    """Run a command several times."""
    wall, cpu = [], []
    for _ in range(runs + 1):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, **environment})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall.append(time.perf_counter() - started)
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return Times(sorted(wall[1:]), sorted(cpu[1:]))


def row(name: str, found: Times, limit: str, value: str) -> str:
    """One line of the table."""
    wall, cpu = found.medians()
    return f"{name:40} {found.wall[0]:8.3f} {wall:8.3f} {cpu:8.3f}   {value:>24}   {limit}"


def journal_rate(entries: int = 400) -> float:
    """Durable entries a second by one writer."""
    with tempfile.TemporaryDirectory() as directory:
        journal = Journal(Path(directory) / "journal.sqlite")
        started = time.perf_counter()
        for number in range(entries):
            journal.append(EntryKind.PROPOSED, f"{number:064d}", {"pad": "x" * 500})
        return entries / (time.perf_counter() - started)


def first_answer(program: str, runs: int) -> list[float]:
    """Seconds from the start of the demo in a pipe to its first answer, sorted; the first start is not counted."""
    found = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        demo = subprocess.Popen([program, "demo"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        assert demo.stdout is not None
        next(line for line in demo.stdout if line.startswith("1. "))
        found.append(time.perf_counter() - started)
        demo.communicate()
    return sorted(found[1:])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    program = str(Path(sys.executable).with_name("cloudwright"))
    print(f"{'what (n = ' + str(runs) + ')':40} {'min s':>8} {'median':>8} {'cpu s':>8}   {'wall, cpu':>24}   goal")
    bare = times([sys.executable, "-c", BARE_TYPER, "--help"], runs)
    ours = times([program, "--help"], runs)
    ratio = [
        statistics.median(one) / statistics.median(two) for one, two in ((ours.wall, bare.wall), (ours.cpu, bare.cpu))
    ]
    print(row("bare typer program --help", bare, "", ""))
    print(row("cloudwright --help", ours, "<= 1.5 x", f"{ratio[0]:.2f} x, {ratio[1]:.2f} x"))
    if os.environ.get("KUBECONFIG"):
        with tempfile.TemporaryDirectory() as state:
            client = times([sys.executable, "-c", BARE_CLIENT], runs)
            read = [program, "tools", "run", "list_resources", "--kind", "pods", "--namespace", "default"]
            tool = times(read, runs, CLOUDWRIGHT_STATE_DIR=state)
        over = [
            statistics.median(one) - statistics.median(two)
            for one, two in ((tool.wall, client.wall), (tool.cpu, client.cpu))
        ]
        print(row("bare client lists pods", client, "", ""))
        print(row("cloudwright tools run list_resources", tool, "<= +0.4 s", f"+{over[0]:.2f} s, +{over[1]:.2f} s"))
    else:
        print("reads: not measured, KUBECONFIG names no cluster")
    answers = first_answer(program, min(runs, 3))
    print(f"{'demo, first answer':40} {answers[0]:8.3f} {statistics.median(answers):8.3f} {'':38}   < 3 s")
    print(f"{'journal, durable entries a second':40} {'':26}   {journal_rate():>22.0f}/s   >= 200/s")


if __name__ == "__main__":
    main()
