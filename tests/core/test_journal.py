"""The journal: durable, append-only, and honest about what its chain proves."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from cloudwright.core.errors import JournalError
from cloudwright.core.journal import EntryKind, Head, Journal


def filled(path: Path, count: int = 5) -> Journal:
    journal = Journal(path)
    for number in range(count):
        journal.append(EntryKind.PROPOSED, f"d{number}", {"n": number})
    return journal


def edited(path: Path, statement: str) -> Journal:
    """The journal after somebody with write access to the file did this."""
    connection = sqlite3.connect(path)
    for trigger in ("entries_stay", "entries_fixed"):
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute(statement)
    connection.commit()
    connection.close()
    return Journal(path)


def test_an_untouched_chain_verifies(tmp_path: Path) -> None:
    report = filled(tmp_path / "j").verify()
    assert (report.entries, report.problems) == (5, ())
    assert any("cut off" in item for item in report.unproved)


@pytest.mark.parametrize(
    ("statement", "sign"),
    [
        ("UPDATE entries SET body = '{\"n\":9}' WHERE seq = 3", "entry 3"),
        ("UPDATE entries SET kind = 'denied' WHERE seq = 2", "entry 2"),
        ("UPDATE entries SET time = '2020-01-01T00:00:00+00:00' WHERE seq = 4", "entry 4"),
        ("DELETE FROM entries WHERE seq = 3", "entries 3 to 3 are missing"),
        ("UPDATE entries SET seq = CASE seq WHEN 2 THEN -3 WHEN 3 THEN -2 END WHERE seq IN (2, 3)", "missing"),
    ],
)
def test_edits_reordering_and_gaps_show(tmp_path: Path, statement: str, sign: str) -> None:
    filled(tmp_path / "j")
    report = edited(tmp_path / "j", statement).verify()
    assert any(sign in problem for problem in report.problems), report.problems


def test_cutting_the_end_off_shows_only_against_an_exported_head(tmp_path: Path) -> None:
    head = filled(tmp_path / "j").head()
    journal = edited(tmp_path / "j", "DELETE FROM entries WHERE seq > 3")
    assert journal.verify().problems == ()
    assert "cut off" in journal.verify(Head.parse(str(head))).problems[0]


def test_a_rewritten_chain_shows_against_an_exported_head(tmp_path: Path) -> None:
    head = filled(tmp_path / "j").head()
    rewritten = Journal(tmp_path / "k")
    for number in range(5):
        rewritten.append(EntryKind.PROPOSED, f"d{number}", {"n": number + 1})
    assert "rewritten" in rewritten.verify(head).problems[0]


def test_an_older_head_still_fits_a_longer_journal(tmp_path: Path) -> None:
    journal = filled(tmp_path / "j")
    head = journal.head()
    journal.append(EntryKind.DENIED, "d1", {})
    report = journal.verify(head)
    assert report.problems == ()
    assert "newer than the exported head" in report.unproved[0]


@pytest.mark.parametrize("statement", ["DELETE FROM entries", "UPDATE entries SET body = '{}'"])
def test_the_file_itself_refuses_changes(tmp_path: Path, statement: str) -> None:
    filled(tmp_path / "j")
    connection = sqlite3.connect(tmp_path / "j")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    journal = filled(tmp_path / "j", 1)

    def fail() -> None:
        with journal.transaction() as transaction:
            transaction.append(EntryKind.DENIED, "d0", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert journal.head().seq == 1


WRITER = """
import sys
from pathlib import Path
from cloudwright.core.journal import EntryKind, Journal
journal = Journal(Path(sys.argv[1]))
for number in range(25):
    journal.append(EntryKind.PROPOSED, f"{sys.argv[2]}-{number}", {"n": number})
"""


def test_many_processes_write_one_unbroken_chain(tmp_path: Path) -> None:
    workers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "j"), str(n)]) for n in range(4)]
    assert [worker.wait() for worker in workers] == [0, 0, 0, 0]
    report = Journal(tmp_path / "j").verify()
    assert (report.entries, report.problems) == (100, ())


def test_a_full_disk_is_one_clear_sentence_and_no_change(tmp_path: Path) -> None:
    journal = filled(tmp_path / "j", 1)
    size = (tmp_path / "j").stat().st_size
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"
    script = f"""
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
{limit}
from pathlib import Path
from cloudwright.core.errors import JournalError
from cloudwright.core.journal import EntryKind, Journal
try:
    journal = Journal(Path({str(tmp_path / "j")!r}))
    for n in range(200):
        journal.append(EntryKind.PROPOSED, "x" * 64, {{"pad": "y" * 4000}})
except JournalError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("The journal ")
    assert done.stdout.count("\n") == 1
    assert journal.verify().problems == ()


def test_a_foreign_file_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "j").write_text("this is no database, but it is long enough to look like one" * 40)
    with pytest.raises(JournalError, match="cannot be used"):
        Journal(tmp_path / "j")


@pytest.mark.parametrize("text", ["", "5", "x:y", "5:abc"])
def test_a_bad_head_is_refused(text: str) -> None:
    with pytest.raises(JournalError, match="no journal head"):
        Head.parse(text)
