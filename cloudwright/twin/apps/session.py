"""Shells that are used from outside: an interactive one, and commands that run to their end at once."""

from cloudwright.twin.apps.shell import Io, LoopControl, Run, Shell, ShellExit
from cloudwright.twin.apps.syntax import ShellSyntaxError, parse_shell


class Session:
    """An interactive shell in a running container: its lines share directory, variables and functions."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._unfinished = ""
        self.ended = False

    @property
    def prompt(self) -> str:
        """What a terminal shows before the next line."""
        if self._unfinished:
            return "> "
        return "$ " if self._shell.context.files.user else "# "

    def line(self, text: str) -> tuple[bytes, bytes, int]:
        """Run one line: stdout, stderr, exit code. The beginning of a command waits for the rest of it."""
        context = self._shell.context
        if not context.process.running:
            self.ended = True
            return b"", b"", 137
        out: list[str] = []
        err: list[str] = []
        text = self._unfinished + text + "\n"
        self._unfinished = ""
        try:
            code = drain(self._shell.block(parse_shell(text), Io(out.append, err.append)))
        except ShellSyntaxError as error:
            code = 0 if error.unfinished else 2
            self._unfinished = text if error.unfinished else ""
            err += [] if error.unfinished else [f"sh: {error}\n"]
        except ShellExit as end:
            code, self.ended = end.code, True
        except LoopControl:
            code = 0
        context.last = code
        return "".join(out).encode("utf-8", "surrogateescape"), "".join(err).encode("utf-8", "surrogateescape"), code


def drain(run: Run) -> int:
    """Run to the end without waiting; a command that would wait for ever was interrupted."""
    for _ in range(1000):
        try:
            delay = next(run)
        except StopIteration as end:
            return int(end.value or 0)
        if delay == float("inf"):
            return 130
    return 137
