"""Start-up and journal: `--help` against a bare typer program, a read against the bare client, durable entries a second.

python benchmarks/startup.py [--runs 9]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
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


def seconds(command: list[str], runs: int, **environment: str) -> list[float]:
    """Wall seconds of whole processes, warm, sorted."""
    found = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, **environment})
        found.append(time.perf_counter() - started)
    return sorted(found[1:])


def row(name: str, found: list[float], limit: str, value: str) -> str:
    """One line of the table."""
    middle = statistics.median(found)
    return f"{name:44} {found[0]:8.3f} {middle:8.3f} {found[-1]:8.3f}   {value:>10}   {limit}"


def journal_rate(entries: int = 400) -> float:
    """Durable entries a second by one writer."""
    with tempfile.TemporaryDirectory() as directory:
        journal = Journal(Path(directory) / "journal.sqlite")
        started = time.perf_counter()
        for number in range(entries):
            journal.append(EntryKind.PROPOSED, f"{number:064d}", {"pad": "x" * 500})
        return entries / (time.perf_counter() - started)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    program = str(Path(sys.executable).with_name("cloudwright"))
    print(f"{'what (n = ' + str(runs) + ')':44} {'min s':>8} {'median':>8} {'max':>8}   {'figure':>10}   goal")
    bare = seconds([sys.executable, "-c", BARE_TYPER, "--help"], runs)
    ours = seconds([program, "--help"], runs)
    ratio = statistics.median(ours) / statistics.median(bare)
    print(row("bare typer program --help", bare, "", ""))
    print(row("cloudwright --help", ours, "<= 1.5 x", f"{ratio:.2f} x"))
    if os.environ.get("KUBECONFIG"):
        with tempfile.TemporaryDirectory() as state:
            client = seconds([sys.executable, "-c", BARE_CLIENT], runs)
            read = [program, "tools", "run", "list_resources", "--kind", "pods", "--namespace", "default"]
            tool = seconds(read, runs, CLOUDWRIGHT_STATE_DIR=state)
        over = statistics.median(tool) - statistics.median(client)
        print(row("bare client lists pods", client, "", ""))
        print(row("cloudwright tools run list_resources", tool, "<= +0.4 s", f"+{over:.2f} s"))
    else:
        print("reads: not measured, KUBECONFIG names no cluster")
    print(f"{'journal, durable entries a second':44} {'':26}   {journal_rate():>8.0f}/s   >= 200/s")


if __name__ == "__main__":
    main()
