"""Write the pages that the program itself knows: docs/commands.md and docs/tools.md. `--check` only compares."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from cloudwright.core.answers import ToolView
from cloudwright.surfaces import texts
from cloudwright.tools.catalog import CATALOG

DOCS = Path(__file__).parents[1] / "docs"
PROGRAM = Path(sys.executable).with_name("cloudwright")
COMMANDS = (
    "", "demo", "chat", "ask", "investigate", "graph", "snapshot", "doctor", "tools", "tools run", "pending", "approve",
    "deny", "history", "undo", "policy", "policy explain", "policy check", "policy compare", "policy who-can",
    "policy repair", "policy write", "policy summarize", "policy lint", "twin", "twin serve", "config", "version",
)  # fmt: skip


def commands() -> str:
    """Every command's help."""
    parts = ["# Commands\n\nGenerated from the program by `scripts/generate_docs.py`."]
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    for name in COMMANDS:
        done = subprocess.run(
            [str(PROGRAM), *name.split(), "--help"], capture_output=True, text=True, env=environment, check=False
        )
        if done.returncode == 0:
            lines = "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines())
            parts.append(f"## cloudwright {name}\n\n```text\n{lines}\n```".replace("cloudwright \n", "cloudwright\n"))
    return "\n\n".join(parts) + "\n"


def tools() -> str:
    """Every tool of the catalogue."""
    parts = ["# Tools\n\nGenerated from the catalogue by `scripts/generate_docs.py`."]
    for tool in sorted(CATALOG, key=lambda item: (item.effect.severity, item.name)):
        parts.append(f"## {tool.name}\n\n```text\n{texts.tool(ToolView.of(tool))}\n```")
    return "\n\n".join(parts) + "\n"


def main() -> int:
    """Write, or with `--check` say which pages are stale and exit 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for name, text in (("commands.md", commands()), ("tools.md", tools())):
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
