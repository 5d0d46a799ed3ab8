"""Every example in docs/iam.md gives the output that is printed there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloudwright.surfaces.commands.policy import app

PAGE = Path(__file__).parent.parent.parent / "docs" / "iam.md"
BLOCK = re.compile(r"^```(?P<kind>\w+) ?(?P<name>\S*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


def files(text: str) -> Iterator[tuple[str, str]]:
    """The documents that the page shows, by name."""
    return ((block["name"], block["body"]) for block in BLOCK.finditer(text) if block["name"])


def sessions(text: str) -> Iterator[tuple[str, str]]:
    """Each command of the page and the output under it."""
    for block in BLOCK.finditer(text):
        if block["kind"] == "console":
            for part in re.split(r"^\$ ", block["body"], flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                yield command, output


def shown(command: str) -> str:
    """What the command prints, with the exit code when it is not 0."""
    words = shlex.split(command)
    assert words[:2] == ["cloudwright", "policy"]
    found = CliRunner().invoke(app, words[2:])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found.output + (f"(exit code {found.exit_code})\n" if found.exit_code else "")


EXAMPLES = list(sessions(PAGE.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("command", "output"), EXAMPLES, ids=[" ".join(command.split()[2:4]) for command, _ in EXAMPLES]
)
def test_example(command: str, output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, body in files(PAGE.read_text(encoding="utf-8")):
        (tmp_path / name).write_text(body, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert shown(command).split() == output.split()


def test_the_page_has_an_example_of_every_command() -> None:
    used = {command.split()[2] for command, _ in EXAMPLES}
    assert used == {"explain", "check", "compare", "who-can", "repair", "write", "summarize", "lint"}
