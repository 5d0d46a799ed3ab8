"""What happened is recorded as it was: done, failed, not done, after a crash and between threads."""

import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from cloudwright.core.change import Progress
from cloudwright.core.errors import (
    AlreadyDecided,
    CloudwrightError,
    Conflict,
)
from cloudwright.core.journal import EntryKind, Journal
from cloudwright.core.processes import process_mark
from cloudwright.core.proposal import State
from tests.core.fakes import ALICE, Bench, World, proposed


def test_what_ran_and_failed_is_recorded_as_failed(bench: Bench) -> None:
    bench.world.complaint = "exit code 3"
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    assert bench.gate().execute(digest, bench.context()).result.failure == "exit code 3"
    assert bench.gate().ledger.record(digest).state is State.FAILED


def test_a_failure_before_the_write_is_recorded_as_not_done(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    bench.world.fail_before_write = True
    with pytest.raises(Conflict):
        bench.gate().execute(digest, bench.context())
    record = bench.gate().ledger.record(digest)
    assert record.state is State.FAILED
    assert record.verification is not None
    assert record.verification.progress is Progress.NOT_DONE


def test_a_lost_answer_is_recorded_as_done_by_looking(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    bench.world.fail_after_write = True
    with pytest.raises(Conflict):
        bench.gate().execute(digest, bench.context())
    record = bench.gate().ledger.record(digest)
    assert record.verification is not None
    assert record.verification.progress is Progress.DONE


def test_two_threads_executing_the_same_approval_write_once(bench: Bench) -> None:
    digest = proposed(bench)
    bench.gate().approve(digest, ALICE)
    errors: list[BaseException] = []
    barrier = threading.Barrier(8)

    def go() -> None:
        barrier.wait()
        try:
            bench.gate().execute(digest, bench.context())
        except CloudwrightError as error:
            errors.append(error)

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bench.world.writes == [("cart", 3)]
    assert len(errors) == 7


STEPS = ["propose", "proposed", "execute", "intent", "ran", "outcome"]
VICTIM = """
import os, signal, sys, json
from pathlib import Path
from tests.core.fakes import ALICE, Bench, World, set_call
from cloudwright.core.proposal import Provenance, Source

directory, step = Path(sys.argv[1]), sys.argv[2]
class FileWorld(World):
    def write(self, name, value):
        with (directory / "writes").open("a") as file:
            file.write(f"{name}={value}\\n"); file.flush(); os.fsync(file.fileno())
        super().write(name, value)
def die(name):
    if name == step:
        os.kill(os.getpid(), signal.SIGKILL)
bench = Bench(directory / "journal.sqlite", world=FileWorld(), on_step=die)
context = bench.context()
gate = bench.gate()
object.__setattr__(context, "services", {World: bench.world})
digest = gate.propose(set_call(), context, ALICE, Provenance(source=Source.USER)).digest
gate.approve(digest, ALICE)
gate.execute(digest, context)
"""


class FileBackedWorld(World):
    """What the killed process left behind."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        path = directory / "writes"
        if path.exists():
            for line in path.read_text().split():
                name, value = line.split("=")
                self.writes.append((name, int(value)))
                self.values[name] = int(value)


@pytest.mark.parametrize("step", STEPS)
def test_kill_at_each_step_loses_nothing_and_repeats_nothing(tmp_path: Path, step: str) -> None:
    script = tmp_path / "victim.py"
    script.write_text(textwrap.dedent(VICTIM))
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), step],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert done.returncode == -9, done.stderr
    bench = Bench(tmp_path / "journal.sqlite", world=FileBackedWorld(tmp_path))
    gate = bench.gate()
    before = list(bench.world.writes)
    gate.recover(bench.context())
    records = gate.ledger.records()
    if step == "propose":
        assert records == []
        return
    (record,) = records
    expected = {
        "proposed": State.PENDING,
        "execute": State.APPROVED,
        "intent": State.FAILED,
        "ran": State.EXECUTED,
        "outcome": State.EXECUTED,
    }[step]
    assert record.state is expected
    assert bench.world.writes == before
    assert len(before) == (1 if step in ("ran", "outcome") else 0)
    if step in ("intent", "ran", "outcome"):
        with pytest.raises(AlreadyDecided):
            gate.execute(record.proposal.digest, bench.context())
        assert bench.world.writes == before


def test_recovery_leaves_a_running_execution_alone(bench: Bench) -> None:
    digest = proposed(bench)
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        stat = Path(f"/proc/{sleeper.pid}/stat").read_text().rpartition(")")[2].split()[19]
        mark = {**process_mark(), "pid": sleeper.pid, "started": stat, "session": "-"}
        Journal(bench.path, now=bench.time).append(EntryKind.INTENT, digest, mark)
        assert bench.gate().recover(bench.context()) == []
    finally:
        sleeper.kill()
        sleeper.wait()
    (settled,) = bench.gate().recover(bench.context())
    assert settled.state is State.FAILED
