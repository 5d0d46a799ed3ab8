"""Write the exchange on README's first screen: what `cloudwright demo` plays in a pipe, its first questions."""

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
PROGRAM = Path(sys.executable).with_name("cloudwright")
BEGIN = "<!-- first screen: written by scripts/first_screen.py -->"
END = "<!-- end of first screen -->"
_WIDTH = 128


def exchange() -> str:
    """The tour without its first question's other causes, and cut to the width of a page."""
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": str(_WIDTH)}
    done = subprocess.run(
        [str(PROGRAM), "demo"], capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment, check=True
    )
    turns = re.split(r"\n(?=> )", done.stdout)
    wanted = [turn for turn in turns if turn.startswith(("> why", "> fix"))]
    lines = [line for turn in wanted for line in turn.splitlines()]
    return "\n".join(line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…" for line in lines).strip()


def main() -> None:
    """Replace the block between the marks."""
    text = README.read_text()
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    README.write_text(f"{head}{BEGIN}\n```text\n{exchange()}\n```\n{END}{tail}")


if __name__ == "__main__":
    main()
