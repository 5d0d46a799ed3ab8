"""Evidence: minted by running a tool, cited by id, never written by a model."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import JsonValue

from cloudwright.core.refs import Frozen

EvidenceId = str
"""Such as "e12": the twelfth observation of a session."""


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
