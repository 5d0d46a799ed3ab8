"""The command line: assembles the commands and turns errors into one sentence and an exit code."""

import sys
from typing import Any

import typer

from cloudwright.core.errors import CloudwrightError, ExitCode
from cloudwright.evals.commands import demo, rehearse, twin
from cloudwright.surfaces.commands import approvals, ask, catalog, chat, investigate, policy, status
from cloudwright.surfaces.commands.on_demo import open_on
from cloudwright.surfaces.commands.output import print_error

app = typer.Typer(
    name="cloudwright",
    help="An assistant for people who run clouds: it finds out what is wrong, shows the evidence, and makes the change"
    " that you approve.",
    no_args_is_help=False,
    add_completion=True,
    pretty_exceptions_enable=False,
)

chat.register(app)
demo.register(app, lambda address: open_on(lambda: dict(vars(address()))))
ask.register(app)
investigate.register(app)
catalog.register(app)
approvals.register(app)
app.add_typer(policy.app, name="policy")
rehearse.register(twin.app)
app.add_typer(twin.app, name="twin")
status.register(app)


def main() -> None:
    """Run the command line; every failure is one sentence and an exit code, never a traceback."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        code: Any = app(arguments, standalone_mode=False)
    except CloudwrightError as error:
        print_error(error, arguments)
        return int(error.exit_code)
    except KeyboardInterrupt:
        print_error(CloudwrightError("Interrupted."), arguments)
        return 130
    except BrokenPipeError:
        return 0
    except Exception as error:  # noqa: BLE001 (the outermost loop: reported as one sentence)
        return _unexpected(error, arguments)
    return code if isinstance(code, int) else int(ExitCode.OK)


def _unexpected(error: Exception, arguments: list[str]) -> int:
    shown = getattr(error, "format_message", None)
    if callable(shown):
        usage = CloudwrightError(str(shown()), hint="`cloudwright --help` lists the commands.")
        usage.exit_code = ExitCode.USAGE
        print_error(usage, arguments)
        return int(ExitCode.USAGE)
    print_error(CloudwrightError(f"Something unexpected went wrong: {type(error).__name__}: {error}"), arguments)
    return int(ExitCode.FAILED)


if __name__ == "__main__":
    main()
