"""Sessions on real files and a real database: resumed after a kill, nothing repeated; listed, named, exported."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudwright.agents.graph import build
from cloudwright.agents.reporting import HISTORY_TOKENS, history
from cloudwright.agents.sessions import Conversation, checked_name, checkpointer, sessions
from cloudwright.core.errors import ConfigError, UsageError
from cloudwright.core.proposal import State
from tests.agents.desk import Desk
from tests.agents.victim import desk as desk_on

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("step", ["propose", "proposed", "execute", "intent", "ran", "outcome"])
def test_a_session_goes_on_after_a_kill_and_repeats_nothing(tmp_path: Path, step: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.agents.victim", str(tmp_path), step], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == -9, done.stderr.decode()[-2000:]
    reborn = desk_on(tmp_path)
    with checkpointer("", tmp_path) as saver:
        talk = Conversation(build(reborn.kit(), saver), "s1")
        waiting = talk.go_on() if talk.unfinished() else talk.waiting()
        while waiting is not None:
            waiting = talk.answer({"decision": "approve"})
        (turn,) = talk.turns()
    records = reborn.bench.gate().ledger.records()
    executed = [record for record in records if record.state is State.EXECUTED]
    if step == "intent":
        assert reborn.world.writes == []
        assert "not done" in turn.answer
        return
    assert reborn.world.writes == [("cart", 3)]
    assert len(executed) == 1
    assert "Checked in the cluster: done" in turn.answer


def test_sessions_are_listed_and_exported(tmp_path: Path) -> None:
    with checkpointer("", tmp_path) as saver:
        graph = build(Desk(tmp_path).kit(), saver)
        Conversation(graph, "a").ask("get cart")
        Conversation(graph, "b").ask("set cart to 3")
        views = {view.name: view for view in sessions(graph, saver)}
        assert (views["a"].turns, views["a"].waiting) == (1, False)
        assert (views["b"].turns, views["b"].waiting) == (0, True)
        assert "## get cart" in Conversation(graph, "a").markdown()


@pytest.mark.parametrize("name", ["", "../x", "a b", "x" * 65, "-x"])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        checked_name(name)


def test_tracing_is_forced_off(tmp_path: Path) -> None:
    os.environ["LANGSMITH_TRACING"] = "true"
    with checkpointer("", tmp_path):
        assert os.environ["LANGSMITH_TRACING"] == "false"


def test_an_unreachable_database_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be reached"), checkpointer("postgresql://127.0.0.1:1/x", tmp_path):
        pass


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    """A PostgreSQL server of this test's own."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql).")
    data = Path(f"/tmp/cw-pg-{os.getpid()}-{time.monotonic_ns()}")
    data.mkdir()
    as_other: list[str] = []
    if os.getuid() == 0:
        shutil.chown(data, "postgres", "postgres")
        as_other = ["runuser", "-u", "postgres", "--"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = [*as_other, str(programs[-1] / "initdb"), "-A", "trust", "-U", "postgres", str(data / "d")]
    subprocess.run(run, check=True, capture_output=True)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={data}"
    control = [*as_other, str(programs[-1] / "pg_ctl"), "-D", str(data / "d"), "-w"]
    subprocess.run([*control, "-o", options, "-l", str(data / "log"), "start"], check=True, capture_output=True)
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True)
        with contextlib.suppress(OSError):
            shutil.rmtree(data)


def test_sessions_live_in_postgresql_too(tmp_path: Path, postgres: str) -> None:
    first = Desk(tmp_path)
    with checkpointer(postgres, tmp_path) as saver:
        assert Conversation(build(first.kit(), saver), "s1").ask("set cart to 3") is not None
    with checkpointer(postgres, tmp_path) as saver:
        talk = Conversation(build(first.kit(), saver), "s1")
        assert talk.answer({"decision": "approve"}) is None
    assert first.world.writes == [("cart", 3)]


def turn(request: str, answer: str) -> dict[str, str]:
    return {"request": request, "answer": answer}


def test_the_newer_a_turn_the_more_of_it_is_remembered() -> None:
    long = "It began. " + "Many words [e4, e5] were said. " * 200 + "Denied (too late), nothing was changed."
    kept = history([turn(f"request {number}", long) for number in range(12)])
    assert [line.split(" → ")[0] for line in kept] == [f"- request {number}" for number in range(4, 12)]
    sizes = [len(line) for line in kept]
    assert sizes == sorted(sizes)
    assert sum(sizes) < 4 * HISTORY_TOKENS * 1.3
    for line in kept:
        assert "It began." in line
        assert "[e4, e5]" in line
        assert line.endswith("nothing was changed.")


def test_a_short_conversation_is_remembered_whole() -> None:
    answers = ["word " * 300 + "end", "short"]
    kept = history([turn("one", answers[0]), turn("two", answers[1])])
    assert kept == (f"- one → {answers[0]}", "- two → short")
