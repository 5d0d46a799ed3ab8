"""Proposals and what became of them, read from the journal."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from cloudwright.core.approval import Answer, Approval, Approver
from cloudwright.core.change import Verification
from cloudwright.core.errors import AlreadyDecided, Expired, NotFound, UsageError
from cloudwright.core.journal import Entry, EntryKind, Journal
from cloudwright.core.processes import process_mark, started
from cloudwright.core.proposal import Proposal, Record, State
from cloudwright.core.tool import Irreversible, Undo

_UNDO: TypeAdapter[Undo | Irreversible] = TypeAdapter(Undo | Irreversible)
_MINIMUM_PREFIX = 6
_ASSUMED_ALIVE = timedelta(minutes=10)


class Ledger:
    """The journal seen as proposals with their states."""

    def __init__(self, journal: Journal, now: Callable[[], datetime]) -> None:
        self._journal = journal
        self._now = now

    def resolve(self, prefix: str) -> str:
        """The full digest that begins with `prefix` (at least six digits).

        Raises:
            NotFound: no proposal's digest begins so. UsageError: the prefix is too short or fits several.
        """
        if len(prefix) < _MINIMUM_PREFIX or any(letter not in "0123456789abcdef" for letter in prefix.lower()):
            raise UsageError(f"{prefix!r} is no digest.", hint="Give at least its first six hex digits.")
        found = sorted(set(self._journal.digests(prefix.lower())))
        if not found:
            raise NotFound(f"No proposal's digest begins with {prefix}.", hint="`cloudwright pending` lists them.")
        if len(found) > 1:
            raise UsageError(f"{len(found)} digests begin with {prefix}.", hint="Give more digits.")
        return found[0]

    def record(self, prefix: str) -> Record:
        """One proposal with its state."""
        return record_of(self._journal.entries(digest=self.resolve(prefix)), self._now())

    def records(self) -> list[Record]:
        """All proposals, oldest first."""
        by_digest: dict[str, list[Entry]] = {}
        for entry in self._journal.entries():
            by_digest.setdefault(entry.digest, []).append(entry)
        now = self._now()
        return [record_of(entries, now) for entries in by_digest.values() if entries[0].kind is EntryKind.PROPOSED]

    def pending(self) -> list[Record]:
        """Proposals that wait for a yes or for their execution, oldest first."""
        return [
            record
            for record in self.records()
            if record.state in (State.PENDING, State.APPROVED) and record.proposal.decision.answer is not Answer.REFUSE
        ]

    def open_record(self, prefix: str) -> Record:
        """One proposal that may still be decided or executed.

        Raises:
            AlreadyDecided, Expired: it may not.
        """
        return self.check_open(self.record(prefix))

    @staticmethod
    def check_open(record: Record) -> Record:
        """The record, if its proposal may still be decided or executed."""
        name = record.proposal.id
        if record.state is State.EXPIRED:
            raise Expired(f"{name} has expired.", hint="Propose the change anew.")
        if record.state not in (State.PENDING, State.APPROVED):
            by = f" by {record.decided_by}" if record.decided_by else ""
            raise AlreadyDecided(f"{name} is {record.state}{by}; it can be decided and executed only once.")
        return record

    def still_running(self, digest: str) -> bool:
        """Whether the process that began this execution is alive; of another machine's we assume so for ten minutes."""
        intent = [entry for entry in self._journal.entries(digest=digest) if entry.kind is EntryKind.INTENT][-1]
        mark = process_mark()
        if intent.body["host"] != mark["host"]:
            return self._now() - intent.time < _ASSUMED_ALIVE
        pid = int(intent.body["pid"])
        return pid != mark["pid"] and started(pid) == intent.body["started"] != ""


def record_of(entries: Sequence[Entry], now: datetime) -> Record:
    """Fold the entries of one proposal, oldest first, into its record."""
    record = Record(proposal=Proposal.model_validate(entries[0].body), state=State.PENDING)
    for entry in entries[1:]:
        record = record.model_copy(update=_FOLD[entry.kind](entry, record))
    if record.state is State.APPROVED and len(record.approvals) < record.proposal.decision.answer.approvals:
        record = record.model_copy(update={"state": State.PENDING})
    if record.state is State.PENDING and record.proposal.expires_at <= now:
        return record.model_copy(update={"state": State.EXPIRED})
    if record.state is State.APPROVED and all(item.expires_at <= now for item in record.approvals):
        return record.model_copy(update={"state": State.EXPIRED})
    return record


def _approved(entry: Entry, record: Record) -> dict[str, object]:
    return {"state": State.APPROVED, "approvals": (*record.approvals, Approval.model_validate(entry.body))}


def _denied(entry: Entry, _record: Record) -> dict[str, object]:
    by = Approver.model_validate(entry.body["by"])
    return {"state": State.DENIED, "decided_by": by, "reason": entry.body["reason"], "finished_at": entry.time}


def _voided(entry: Entry, _record: Record) -> dict[str, object]:
    return {"state": State.VOID, "reason": "; ".join(entry.body["moved"]), "finished_at": entry.time}


def _begun(_entry: Entry, _record: Record) -> dict[str, object]:
    return {"state": State.EXECUTING}


def _finished(entry: Entry, _record: Record) -> dict[str, object]:
    return {
        "state": State.EXECUTED if entry.body["ok"] else State.FAILED,
        "summary": entry.body["summary"],
        "verification": Verification.model_validate(entry.body["verification"]),
        "undo": _UNDO.validate_python(entry.body["undo"]),
        "finished_at": entry.time,
    }


def _unchanged(_entry: Entry, _record: Record) -> dict[str, object]:
    return {}


_FOLD: dict[EntryKind, Callable[[Entry, Record], dict[str, object]]] = {
    EntryKind.PROPOSED: _unchanged,
    EntryKind.APPROVED: _approved,
    EntryKind.DENIED: _denied,
    EntryKind.VOIDED: _voided,
    EntryKind.INTENT: _begun,
    EntryKind.OUTCOME: _finished,
}
