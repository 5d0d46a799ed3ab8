"""Everything that can go wrong, as one tree.

CloudwrightError                what a person is told: one sentence, a hint, an exit code
├── UsageError                  bad input on the command line or in a file
│   └── ConfigError             a setting that cannot be used
├── ToolError                   a tool could not do it; the only branch that a model is shown
│   ├── InvalidArguments        arguments do not fit the tool's schema or the object
│   ├── NotFound                no such object, kind, field (with near misses)
│   ├── Forbidden               the identity may not; says which verb on what
│   ├── Conflict                somebody else changed or owns it
│   ├── Unauthenticated         credentials are absent, expired or wrong
│   ├── Unreachable             no answer from the server
│   ├── TimedOut                no answer in time
│   ├── BadAnswer               the server answered something that cannot be read
│   └── Unsupported             this server does not offer it
├── GateError                   a change was stopped
│   ├── ApprovalNeeded          nobody has said yes yet
│   ├── Refused                 policy, permission or a person said no
│   ├── Drifted                 what the change touches moved since it was previewed
│   ├── Expired                 the approval or the proposal is too old
│   └── AlreadyDecided          executed, denied or approved before
└── JournalError                the journal cannot be read or written
"""

from collections.abc import Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PROBLEMS = 3
    APPROVAL_NEEDED = 4
    REFUSED = 5
    QUESTION = 6


class CloudwrightError(Exception):
    """One clear sentence for a person, with a hint what to do and the exit code of the command that fails by it."""

    exit_code: ExitCode = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(CloudwrightError):
    """Bad input on the command line or in a file."""

    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """A setting that cannot be used."""


class ToolError(CloudwrightError):
    """A tool could not do what it was asked."""


class InvalidArguments(ToolError):
    """Arguments that do not fit the tool's schema or the object."""

    exit_code = ExitCode.USAGE


class NotFound(ToolError):
    """No such object, kind or field; `suggestions` are near misses, best first."""

    def __init__(self, message: str, *, suggestions: Sequence[str] = (), hint: str = "") -> None:
        self.suggestions = tuple(suggestions)
        if self.suggestions and not hint:
            hint = f"Did you mean {' or '.join(self.suggestions[:3])}?"
        super().__init__(message, hint=hint)


class Forbidden(ToolError):
    """The identity lacks a right."""

    exit_code = ExitCode.REFUSED


class Conflict(ToolError):
    """Somebody else changed or owns what would be changed."""


class Unauthenticated(ToolError):
    """Credentials are absent, expired or wrong."""


class Unreachable(ToolError):
    """No answer from the server."""


class TimedOut(ToolError):
    """No answer in time."""


class BadAnswer(ToolError):
    """The server answered something that cannot be read."""


class Unsupported(ToolError):
    """This server does not offer what was asked."""


class GateError(CloudwrightError):
    """A change was stopped before anything was written."""

    exit_code = ExitCode.REFUSED


class ApprovalNeeded(GateError):
    """Nobody has approved this change yet."""

    exit_code = ExitCode.APPROVAL_NEEDED


class Refused(GateError):
    """Policy, permission or a person said no."""


class Drifted(GateError):
    """What the change touches moved since it was previewed; `moved` says what, one line each."""

    def __init__(self, message: str, *, moved: Sequence[str] = (), hint: str = "") -> None:
        self.moved = tuple(moved)
        super().__init__(message, hint=hint)


class Expired(GateError):
    """The proposal or its approval is too old."""


class AlreadyDecided(GateError):
    """The proposal was executed, denied or approved before."""


class JournalError(CloudwrightError):
    """The journal cannot be read or written; nothing is changed without it."""
