"""Evidence: minted by running a tool, cited by id, never written by a model."""

import re
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from pydantic import JsonValue

from cloudwright.core.refs import Frozen

EvidenceId = str
"""Such as "e12": the twelfth observation of a session."""
IDS = re.compile(r"(?<![\w.-])e\d+(?![\w.-])")
"""Ids of evidence where they stand alone."""


class Evidence(Frozen):
    """What one run of a tool showed. Arguments and excerpt are masked."""

    id: EvidenceId
    tool: str
    arguments: Mapping[str, JsonValue]
    taken_at: datetime
    cluster: str
    excerpt: str
    handle: str | None = None


class Citation(Frozen):
    """A place inside one piece of evidence.

    `evidence` is an evidence or snapshot id; `uid` and `path` name an object's field in a snapshot; `quote` is the
    text that is cited, masked.
    """

    evidence: EvidenceId
    uid: str = ""
    path: str = ""
    quote: str = ""


class EvidenceLog:
    """The evidence of one session, numbered in the order in which it was minted."""

    def __init__(self, start: int = 0) -> None:
        self._items: dict[EvidenceId, Evidence] = {}
        self._next = start + 1
        self._lock = threading.Lock()

    def mint(
        self, *, tool: str, arguments: Mapping[str, JsonValue], cluster: str, excerpt: str, handle: str | None = None
    ) -> Evidence:
        """Record one observation; arguments and excerpt must be masked already."""
        with self._lock:
            evidence = Evidence(
                id=f"e{self._next}",
                tool=tool,
                arguments=arguments,
                taken_at=datetime.now(UTC),
                cluster=cluster,
                excerpt=excerpt,
                handle=handle,
            )
            self._next += 1
            self._items[evidence.id] = evidence
            return evidence

    def adopt(self, evidence: Evidence) -> Evidence:
        """Number what another log minted as the next of this one: work done side by side is numbered in order."""
        with self._lock:
            own = evidence.model_copy(update={"id": f"e{self._next}"})
            self._next += 1
            self._items[own.id] = own
            return own

    def get(self, evidence_id: EvidenceId) -> Evidence | None:
        """The evidence of this id, or None if nothing minted it."""
        return self._items.get(evidence_id)

    def restore(self, items: Iterable[Evidence]) -> None:
        """Take evidence of an earlier run of the same session back; numbering goes on after it."""
        with self._lock:
            for item in items:
                self._items[item.id] = item
                self._next = max(self._next, int(item.id[1:]) + 1)

    def all(self) -> tuple[Evidence, ...]:
        """Everything minted so far, oldest first."""
        return tuple(self._items.values())
