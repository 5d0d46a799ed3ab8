"""The documentation is true: generated pages are current, and every command shown in it can be typed."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from cloudwright.cli import app
from cloudwright.core.catalog import Catalog
from cloudwright.core.errors import ExitCode
from cloudwright.settings import Settings
from cloudwright.surfaces.commands.catalog import arguments_of
from cloudwright.tools.catalog import every_tool

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_GENERATED = ("commands.md", "tools.md")
_VARIABLE_TEXT = ("ID", "DIGEST", "NAME", "…", "...")


def test_generated_pages_are_current() -> None:
    script = ROOT / "scripts" / "generate_docs.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


def test_every_exit_code_and_setting_is_documented() -> None:
    commands = (ROOT / "docs" / "commands.md").read_text()
    assert [code for code in ExitCode if f"\n| {int(code)} | " not in commands] == []
    settings = (ROOT / "docs" / "settings.md").read_text()
    assert [name for name in Settings.model_fields if f"\n| `{name}` | " not in settings] == []


def examples() -> Iterator[tuple[str, str]]:
    """Page and command, from code fences and inline code."""
    for page in PAGES:
        text = page.read_text()
        if page.name in _GENERATED:
            continue
        for block in re.findall(r"```(?:sh|bash|console)\n(.*?)```", text, re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                if line.lstrip("$ ").startswith("cloudwright "):
                    yield page.name, line.lstrip("$ ")
        yield from ((page.name, found) for found in re.findall(r"`(cloudwright [^`\n]+)`", text))


EXAMPLES = sorted(set(examples()))


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize(("page", "line"), EXAMPLES, ids=[f"{page}: {line[:60]}" for page, line in EXAMPLES])
def test_every_command_shown_can_be_typed(page: str, line: str) -> None:
    words = shlex.split(line.split(" | ")[0].split(" > ")[0], comments=True)[1:]
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands") and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    if command.name == "run":
        tool = Catalog(every_tool()).get(words[0])
        if not any(word in line for word in _VARIABLE_TEXT):
            shared = [word for word in words[1:] if word != "--read-only"]
            tool.parse(arguments_of(tool, None, shared, None))
        return
    assert command.name == "tools" or not words or not hasattr(command, "commands"), f"{page}: no command {words}"
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    flags = [word.partition("=")[0] for word in words if re.match(r"-{1,2}[a-z]", word)]
    assert [flag for flag in flags if flag not in known] == [], f"{page}: {line}"
