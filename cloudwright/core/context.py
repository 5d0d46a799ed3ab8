"""What a tool is given besides its arguments."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from cloudwright.core.change import Preview
from cloudwright.core.errors import TimedOut, Unsupported
from cloudwright.core.evidence import EvidenceLog
from cloudwright.core.redaction import Redactor
from cloudwright.core.refs import Place
from cloudwright.core.store import ResultStore

Service = TypeVar("Service")


@dataclass(frozen=True)
class Context:
    """Clients, place, time and masking of one session.

    `services` maps a client's class to its instance, so that a tool asks for what it needs by type.
    `deadline` is a moment of `time.monotonic()`; `read_only` forbids everything that writes but dry runs.
    `expected` is the preview that was approved, while a change is executed: it must do that and nothing else.
    """

    place: Place
    redactor: Redactor
    results: ResultStore
    services: Mapping[type, object] = field(default_factory=dict)
    session: str = "-"
    evidence: EvidenceLog = field(default_factory=EvidenceLog)
    deadline: float | None = None
    read_only: bool = False
    expected: Preview | None = None

    def service(self, kind: type[Service]) -> Service:
        """The session's client of this class.

        Raises:
            Unsupported: the session has no such client.
        """
        found = self.services.get(kind)
        if not isinstance(found, kind):
            raise Unsupported(f"This session has no {kind.__name__}.", hint="`cloudwright doctor` says how to get it.")
        return found

    def remaining(self, default: float) -> float:
        """Seconds that a call may still take: at most `default`.

        Raises:
            TimedOut: no time is left.
        """
        if self.deadline is None:
            return default
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimedOut("The time for this request is used up.", hint="Raise --timeout.")
        return min(default, left)

    def within(self, seconds: float) -> "Context":
        """The same context with a deadline `seconds` from now."""
        return replace(self, deadline=time.monotonic() + seconds)
