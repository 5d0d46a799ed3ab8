"""Write the pages that the program itself knows: commands, tools and settings. `--check` only compares."""

import argparse
import ast
import inspect
import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ |= {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1", "TERM": "dumb"}  # typer reads these early

import click
import typer
from typer.testing import CliRunner

from cloudwright.cli import app
from cloudwright.core.answers import ToolView
from cloudwright.core.errors import ExitCode
from cloudwright.settings import Settings
from cloudwright.surfaces import texts
from cloudwright.tools.catalog import every_tool

DOCS = Path(__file__).parents[1] / "docs"
MEANINGS = {
    ExitCode.OK: "done, or answered",
    ExitCode.FAILED: "failed",
    ExitCode.USAGE: "bad usage: arguments, settings or input that cannot be used",
    ExitCode.PROBLEMS: "it worked, and problems were found",
    ExitCode.APPROVAL_NEEDED: "a change waits for approval; nothing was done yet",
    ExitCode.REFUSED: "denied, forbidden, expired or void; nothing was done",
    ExitCode.QUESTION: "a question is asked back; nothing was done",
}
INTERRUPTED = 130


def command_names() -> list[str]:
    """Every command of the program that is not hidden, by its words; "" is the program itself."""
    return list(_walk(typer.main.get_command(app), ""))


def _walk(command: click.Command, name: str) -> Iterator[str]:
    yield name
    for word, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from _walk(inner, f"{name} {word}".strip())


def commands() -> str:
    """The exit codes and every command's help."""
    rows = "\n".join(f"| {int(code)} | {MEANINGS[code]} |" for code in ExitCode)
    parts = [
        "# Commands\n\nGenerated from the program by `scripts/generate_docs.py`.",
        f"## Exit codes\n\nThe same for every command.\n\n| code | meaning |\n|---|---|\n{rows}\n"
        f"| {INTERRUPTED} | interrupted from the keyboard |",
    ]
    for name in command_names():
        done = CliRunner().invoke(app, [*name.split(), "--help"], prog_name="cloudwright")
        if done.exit_code != 0:
            raise RuntimeError(f"cloudwright {name} --help fails: {done.output}")
        lines = "\n".join(line.rstrip() for line in done.output.strip("\n").splitlines())
        parts.append(f"## {f'cloudwright {name}'.strip()}\n\n```text\n{lines}\n```")
    return "\n\n".join(parts) + "\n"


def tools() -> str:
    """Every tool of the catalogue."""
    parts = ["# Tools\n\nGenerated from the catalogue by `scripts/generate_docs.py`."]
    for tool in sorted(every_tool(), key=lambda item: (item.effect.severity, item.name)):
        parts.append(f"## {tool.name}\n\n```text\n{texts.tool(ToolView.of(tool))}\n```")
    return "\n\n".join(parts) + "\n"


def settings() -> str:
    """Every setting with its default and meaning, and where settings come from."""
    body = ast.parse(inspect.getsource(Settings)).body[0]
    assert isinstance(body, ast.ClassDef)
    meanings = {
        before.target.id: " ".join(str(after.value.value).split())
        for before, after in zip(body.body, body.body[1:], strict=False)
        if isinstance(before, ast.AnnAssign)
        and isinstance(before.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
    }
    rows = "\n".join(
        f"| `{name}` | {f'`{field.default}`' if field.default != '' else '(empty)'} | {meanings[name]} |"
        for name, field in Settings.model_fields.items()
    )
    return (
        "# Settings\n\nGenerated from the program by `scripts/generate_docs.py`.\n\n"
        "Later sources win: defaults, `~/.config/cloudwright/config.yaml`, `.cloudwright.yaml` in the working"
        " directory, environment variables (`CLOUDWRIGHT_` and the name in capitals; also `KUBECONFIG`,"
        " `OPENAI_BASE_URL`, `OPENAI_API_KEY`, `AWS_ENDPOINT_URL`), flags."
        " `cloudwright config` shows what is in force and where it came"
        f" from; an unknown key is an error.\n\n| setting | default | meaning |\n|---|---|---|\n{rows}\n"
    )


def main() -> int:
    """Write, or with `--check` say which pages are stale and exit 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for name, text in (("commands.md", commands()), ("tools.md", tools()), ("settings.md", settings())):
        path = DOCS / name
        if check and (not path.exists() or path.read_text() != text):
            stale.append(name)
        elif not check:
            path.write_text(text)
    if stale:
        print(f"stale: {', '.join(stale)}; run {Path(__file__).name}", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
