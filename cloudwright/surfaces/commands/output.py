"""Printing of answers: text for people, JSON or YAML for programs; errors on stderr."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import typer

from cloudwright.core.errors import CloudwrightError, UsageError

if TYPE_CHECKING:
    from cloudwright.core.answers import Answer

FORMATS = ("text", "json", "yaml", "markdown")


def print_answer(answer: "Answer", output: str, text: Callable[[], str]) -> None:
    """Print in the wanted format; `text` is asked only where people read.

    Raises:
        UsageError: the format is not known.
    """
    if output not in FORMATS:
        raise UsageError(f"--output {output} is not known.", hint=f"Use one of {', '.join(FORMATS)}.")
    if output == "json":
        typer.echo(answer.model_dump_json(indent=2))
    elif output == "yaml":
        import yaml

        typer.echo(yaml.safe_dump(answer.model_dump(mode="json"), sort_keys=False, allow_unicode=True), nl=False)
    else:
        from cloudwright.core.result import printable

        typer.echo(printable(text()))


def print_error(error: CloudwrightError, arguments: Sequence[str]) -> None:
    """One sentence on stderr, or an error answer on stdout where JSON was asked for."""
    if _wants_json(arguments):
        from cloudwright.core.answers import ErrorAnswer

        typer.echo(ErrorAnswer.of(error).model_dump_json(indent=2))
        return
    typer.echo(f"cloudwright: {error}", err=True)


def _wants_json(arguments: Sequence[str]) -> bool:
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return any(
        argument in ("--output=json", "-ojson") or (argument in ("--output", "-o") and following == "json")
        for argument, following in pairs
    )


def read_text(source: str) -> str:
    """The text of `-` (standard input), `@FILE`, or the argument itself.

    Raises:
        UsageError: the file cannot be read.
    """
    if source == "-":
        return sys.stdin.read()
    if not source.startswith("@"):
        return source
    try:
        with open(source[1:], encoding="utf-8") as file:  # noqa: PTH123 (pathlib is not imported at start)
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{source[1:]} cannot be read: {error}.") from None


def read_json(source: str, what: str) -> object:
    """JSON given as an argument, `@FILE` or `-`.

    Raises:
        UsageError: it is no JSON; names the line and column.
    """
    try:
        return json.loads(read_text(source))
    except json.JSONDecodeError as error:
        raise UsageError(f"{what} is no valid JSON at line {error.lineno} column {error.colno}: {error.msg}.") from None
