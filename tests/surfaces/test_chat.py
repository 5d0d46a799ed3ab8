"""The chat, driven in a pseudo-terminal as a person would."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.agents.victim import FileWorld

ROOT = Path(__file__).parents[2]


class Terminal:
    """A running chat; `type` sends a line, `see` waits for text."""

    def __init__(self, place: Path, columns: int = 100, **environment: str) -> None:
        self.place = place
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "tests.surfaces.chat_on_values", str(place)],
            cwd=str(ROOT),
            encoding="utf-8",
            dimensions=(40, columns),
            timeout=60,
            env={
                "PATH": "/usr/bin:/bin",
                "TERM": "xterm",
                "LANG": "C.UTF-8",
                "PROMPT_TOOLKIT_NO_CPR": "1",
                "HOME": str(place),
                **environment,
            },
        )
        self.see("test/shop")

    def type(self, line: str) -> None:
        self.child.send(line + "\r")

    def see(self, text: str) -> None:
        self.child.expect_exact(text)

    def choose(self, letter: str) -> None:
        self.see("your choice:")
        self.type(letter)

    def writes(self) -> list[tuple[str, int]]:
        return FileWorld(self.place).writes

    def close(self) -> None:
        self.child.close(force=True)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    found = Terminal(tmp_path)
    yield found
    found.close()


def test_reading_shows_evidence_that_can_be_opened(terminal: Terminal) -> None:
    terminal.type("get cart")
    terminal.see("[e1]")
    terminal.type("/evidence 1")
    terminal.see("get_value")
    terminal.see('"value": 1')


def test_a_change_is_shown_approved_checked_and_undone(terminal: Terminal) -> None:
    terminal.type("set cart to 3")
    terminal.see("identity alice")
    terminal.see("undo: set cart back to 1")
    terminal.choose("a")
    terminal.see("Checked in the cluster: done")
    assert terminal.writes() == [("cart", 3)]
    terminal.type("/undo")
    terminal.choose("a")
    terminal.see("Checked in the cluster: done")
    assert terminal.writes() == [("cart", 3), ("cart", 1)]


def test_anything_else_than_a_choice_is_asked_again(terminal: Terminal) -> None:
    terminal.type("set cart to 3")
    for text in ("yes", "ok do it", ""):
        terminal.choose(text)
        terminal.see("Please choose one of the letters")
    terminal.choose("l")
    terminal.see("test/shop")
    assert terminal.writes() == []


def test_denying_says_why_and_the_history_knows(terminal: Terminal) -> None:
    terminal.type("set cart to 3")
    terminal.choose("w")
    terminal.see("why not:")
    terminal.type("not on a friday")
    terminal.see("test/shop")
    terminal.type("/history")
    terminal.see("denied")
    assert terminal.writes() == []


def test_an_edited_change_is_shown_again_before_it_runs(terminal: Terminal) -> None:
    terminal.type("set cart to 3")
    terminal.choose("e")
    terminal.see("set_value")
    terminal.child.send("\x15" + '{"name": "cart", "value": 4}' + "\r")
    terminal.see("set cart to 4")
    terminal.choose("a")
    terminal.see("Checked in the cluster: done")
    assert terminal.writes() == [("cart", 4)]


def test_an_edit_that_edits_nothing_leaves_the_change_to_be_decided(terminal: Terminal) -> None:
    terminal.type("set cart to 3")
    terminal.choose("e")
    terminal.see("set_value")
    terminal.type("")
    terminal.choose("a")
    terminal.see("Checked in the cluster: done")
    assert terminal.writes() == [("cart", 3)]


def test_a_broken_edit_changes_nothing(terminal: Terminal) -> None:
    terminal.type("set cart to 3")
    terminal.choose("e")
    terminal.see("set_value")
    terminal.child.send("\x15{oops\r")
    terminal.see("no JSON")
    terminal.choose("d")
    terminal.see("test/shop")
    assert terminal.writes() == []


def test_a_question_is_answered_by_number(terminal: Terminal) -> None:
    terminal.type("set 4")
    terminal.see("2. db")
    terminal.type("2")
    terminal.choose("a")
    terminal.see("Checked in the cluster: done")
    assert terminal.writes() == [("db", 4)]


def test_ctrl_c_at_the_menu_keeps_the_session(terminal: Terminal) -> None:
    terminal.type("set cart to 3")
    terminal.see("your choice:")
    terminal.child.sendintr()
    terminal.see("The session is kept")
    terminal.type("get db")
    terminal.see('"value": 5')
    assert terminal.writes() == []


def test_a_killed_chat_goes_on_at_the_decision(tmp_path: Path) -> None:
    first = Terminal(tmp_path)
    first.type("set cart to 3")
    first.see("your choice:")
    first.close()
    second = pexpect.spawn(
        sys.executable, ["-m", "tests.surfaces.chat_on_values", str(tmp_path)], cwd=str(ROOT), encoding="utf-8",
        dimensions=(40, 100), timeout=60,
        env={"PATH": "/usr/bin:/bin", "TERM": "xterm", "LANG": "C.UTF-8", "PROMPT_TOOLKIT_NO_CPR": "1"},
    )  # fmt: skip
    second.expect_exact("waits for you")
    second.expect_exact("your choice:")
    second.send("a\r")
    second.expect_exact("Checked in the cluster: done")
    second.close(force=True)
    assert FileWorld(tmp_path).writes == [("cart", 3)]


def test_commands_are_listed_completed_and_checked(terminal: Terminal) -> None:
    terminal.type("/help")
    terminal.see("/evidence")
    terminal.type("/hist0ry")
    terminal.see("There is no command /hist0ry")
    terminal.child.send("/expo\t")
    terminal.see("rt")
    terminal.type(f" {terminal.place}/out.md")
    terminal.see("Written to")
    assert (terminal.place / "out.md").read_text().startswith("# Session s1")


def test_forking_goes_on_in_another_session(terminal: Terminal) -> None:
    terminal.type("get cart")
    terminal.see("[e1]")
    terminal.type("/fork")
    terminal.see("Forked after turn 1")


def test_a_narrow_terminal_without_colour_or_unicode(tmp_path: Path) -> None:
    found = Terminal(tmp_path, columns=40, NO_COLOR="1", LANG="C", LC_ALL="C", PYTHONIOENCODING="ascii")
    found.type("set cart to 3")
    found.see("value:")
    found.choose("d")
    found.see("test/shop")
    found.close()
