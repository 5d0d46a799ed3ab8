"""A proposal: one exact change, bound by a digest to everything that matters about it."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, JsonValue

from cloudwright.core.approval import Approval, Approver, Decision
from cloudwright.core.change import ABSENT, ObjectChange, Preview, Verification
from cloudwright.core.evidence import Evidence
from cloudwright.core.redaction import Origin
from cloudwright.core.refs import Frozen, ObjectRef, Place
from cloudwright.core.tool import Effect, Irreversible, Permission, ToolCall, Undo


class Source(StrEnum):
    """Who had the idea of a change."""

    USER = "user"
    RULE = "rule"
    MODEL = "model"
    DIAGNOSIS = "diagnosis"
    UNDO = "undo"


class Giver(StrEnum):
    """Who gave one part of a change."""

    USER = "user"
    PLACE = "place"
    TEXT = "text"
    MODEL = "model"


class Part(Frozen):
    """One part of a model's change (its action, or a value of an argument; masked), and who gave it.

    `user`: it stands in the user's own words. `place`: it is where the session works. `text`: it stands in what a tool
    returned, and `evidence` is that. `model`: it stands nowhere, so the model chose it or worked it out.
    """

    name: str
    value: str
    giver: Giver
    evidence: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.value}"


class Provenance(Frozen):
    """Where a change comes from: the request (masked), what was read before, and whether that text suggested it.

    `untrusted` is true when not all of it is in the user's own words; `parts` tell who gave what, where a model did.
    """

    source: Source
    session: str = "-"
    turn: str = ""
    request: str = ""
    why: str = ""
    evidence: tuple[Evidence, ...] = ()
    untrusted: bool = False
    parts: tuple[Part, ...] = ()

    @property
    def doubt(self) -> str:
        """Why no flag may approve it: "" where all of it is the user's own."""
        if not self.untrusted:
            return ""
        if not self.parts:
            return "what was read suggested this change, not the user's own words"
        read = [f"{part} [{part.evidence}]" for part in self.parts if part.giver is Giver.TEXT]
        chosen = [str(part) for part in self.parts if part.giver is Giver.MODEL]
        said = [f"what was read suggested {', '.join(read)}"] if read else []
        said += [f"a model chose or worked out {', '.join(chosen)}"] if chosen else []
        if not said:
            return "a model put the user's own words into this call"
        return f"{' and '.join(said)}, which the user's own words do not say"


class State(StrEnum):
    """Where a proposal stands, derived from the journal."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    VOID = "void"
    EXECUTING = "executing"
    EXECUTED = "executed"
    FAILED = "failed"


class Proposal(Frozen):
    """One exact change. Everything in it is masked; the digest binds all that an approval speaks of."""

    digest: str
    nonce: str
    call: ToolCall
    effect: Effect
    why_effect: str = ""
    place: Place
    targets: tuple[ObjectRef, ...]
    labels: Mapping[str, str] = {}
    permissions: tuple[Permission, ...]
    preview: Preview
    undo: Undo | Irreversible
    decision: Decision
    origins: Mapping[str, Origin] = {}
    provenance: Provenance
    proposed_by: Approver
    created_at: datetime
    expires_at: datetime

    @property
    def id(self) -> str:
        """The first twelve digits of the digest: the name that people use."""
        return self.digest[:12]

    def takes_the_place_of(self, other: "Proposal") -> bool:
        """Whether this is the same session's later word on all that another proposal would change: every field of every
        object, or the same action where no field is named."""
        here, there = self.provenance.session, other.provenance.session
        if here != there or here in ("", "-") or self.place != other.place or self.digest == other.digest:
            return False
        touched = other.preview.touched()
        return bool(touched) and touched <= self.preview.touched()


class Record(Frozen):
    """A proposal with what happened to it since."""

    proposal: Proposal
    state: State
    approvals: tuple[Approval, ...] = ()
    decided_by: Approver | None = None
    reason: str = ""
    summary: str = ""
    verification: Verification | None = None
    undo: Undo | Irreversible | None = None
    finished_at: datetime | None = None


def digest_of(call: ToolCall, place: Place, changes: tuple[ObjectChange, ...], nonce: str) -> str:
    """SHA-256 over canonical JSON of tool, arguments, place, the objects' uids and touched fields, and nonce."""
    return hashlib.sha256(
        canonical({"call": call, "place": place, "changes": list(changes), "nonce": nonce}).encode()
    ).hexdigest()


def canonical(value: object) -> str:
    """JSON with sorted keys and no blanks, the form that is hashed."""
    return json.dumps(value, default=_plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: object) -> JsonValue:
    if isinstance(value, BaseModel):
        dumped: JsonValue = value.model_dump(mode="json")
        return dumped
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no canonical JSON.")


def moved(before: tuple[ObjectChange, ...], now: tuple[ObjectChange, ...]) -> tuple[str, ...]:
    """What differs between two previews of the same call, one line each; empty when nothing that is touched moved."""
    old = {(change.ref.kind, change.ref.namespace, change.ref.name): change for change in before}
    new = {(change.ref.kind, change.ref.namespace, change.ref.name): change for change in now}
    lines = [f"{old[key].ref}: is no longer part of the change" for key in old if key not in new]
    lines += [f"{new[key].ref}: has become part of the change" for key in new if key not in old]
    for key in old:
        if key in new:
            lines += _moved_fields(old[key], new[key])
    return tuple(lines)


def _moved_fields(old: ObjectChange, new: ObjectChange) -> list[str]:
    if old.ref.uid != new.ref.uid:
        return [f"{old.ref}: was replaced (uid {old.ref.uid or 'none'} became {new.ref.uid or 'none'})"]
    if old.action != new.action:
        return [f"{old.ref}: would now be a {new.action} instead of a {old.action}"]
    was = {item.path: item for item in old.fields}
    now = {item.path: item for item in new.fields}
    lines = []
    for path in sorted(was.keys() | now.keys()):
        if path not in now:
            lines.append(f"{old.ref} {path}: has the wanted value already")
        elif path not in was:
            lines.append(
                f"{old.ref} {path}: would change too ({_short(now[path].before)} to {_short(now[path].after)})"
            )
        elif was[path].before != now[path].before:
            lines.append(f"{old.ref} {path}: was {_short(was[path].before)}, now {_short(now[path].before)}")
        elif was[path].after != now[path].after:
            lines.append(f"{old.ref} {path}: would become {_short(now[path].after)}, not {_short(was[path].after)}")
    return lines


def _short(value: JsonValue) -> str:
    text = value if isinstance(value, str) and value == ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"
