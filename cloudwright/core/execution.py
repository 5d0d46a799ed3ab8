"""What happens to an approved change: it is run once, looked at afterwards, and its outcome put into the journal.

A change whose process died in between is settled here too, by looking at the world and never by repeating it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from cloudwright.core.change import Preview, Progress, Verification
from cloudwright.core.context import Context
from cloudwright.core.errors import CloudwrightError, InvalidArguments, ToolError
from cloudwright.core.evidence import Evidence
from cloudwright.core.journal import EntryKind, Journal
from cloudwright.core.ledger import record_of
from cloudwright.core.proposal import Proposal, Record
from cloudwright.core.result import Changed, Result
from cloudwright.core.tool import AnyTool, Irreversible, ToolCall, Undo


@dataclass(frozen=True)
class Observation:
    """A read: the masked result and the evidence minted for it."""

    result: Result
    evidence: Evidence


@dataclass(frozen=True)
class Outcome:
    """An executed change: what the tool says, what a look at the world says, and how to take it back."""

    proposal: Proposal
    result: Changed | Result
    verification: Verification
    undo: Undo | Irreversible
    evidence: Evidence


class Execution:
    """Runs approved changes for the gate, which alone may ask for it."""

    def __init__(self, journal: Journal, now: Callable[[], datetime], on_step: Callable[[str], None]) -> None:
        self._journal = journal
        self._now = now
        self._on_step = on_step

    def run(self, tool: AnyTool, args: Any, preview: Preview, proposal: Proposal, context: Context) -> Outcome:
        """Run what has been claimed, look at the world, and put the outcome into the journal, whatever happened.

        Raises:
            ToolError: the tool failed; the journal says how far it got.
        """
        try:
            result = tool.run(args, replace(context, expected=preview))
        except BaseException as error:
            text = context.redactor.text(str(error) if isinstance(error, ToolError) else repr(error))
            self._finish(proposal, False, text, self._look(tool, args, preview, context), proposal.undo)
            raise
        self._on_step("ran")
        verification = self._look(tool, args, preview, context)
        observation = observe(tool, proposal.call, result, context)
        done = verification.progress in (Progress.DONE, Progress.UNKNOWN) and not observation.result.failure
        self._finish(proposal, done, observation.result.render(2000), verification, proposal.undo)
        self._on_step("outcome")
        return Outcome(proposal, observation.result, verification, proposal.undo, observation.evidence)

    def settle(self, tool: AnyTool, proposal: Proposal, context: Context) -> Record:
        """Say by a look at the world how far an execution got whose process died; it may have been settled already."""
        verification = Verification(progress=Progress.UNKNOWN, details=("the tool cannot tell how far it got",))
        if tool.change is not None:
            try:
                verification = self._look(tool, tool.parse(proposal.call.arguments), proposal.preview, context)
            except InvalidArguments as error:
                verification = Verification(progress=Progress.UNKNOWN, details=(str(error),))
        done = verification.progress is Progress.DONE
        with self._journal.transaction() as transaction:
            entries = transaction.entries(proposal.digest)
            if entries[-1].kind is EntryKind.INTENT:
                transaction.append(
                    EntryKind.OUTCOME,
                    proposal.digest,
                    _outcome_body(
                        done,
                        f"The process died during the execution; a look at the world says: {verification.progress}.",
                        verification,
                        proposal.undo,
                        recovered=True,
                    ),
                )
            return record_of(transaction.entries(proposal.digest), self._now())

    def _look(self, tool: AnyTool, args: Any, preview: Preview, context: Context) -> Verification:
        if tool.change is None:
            return Verification(progress=Progress.DONE)
        try:
            found = tool.change.progress(args, preview, context)
        except CloudwrightError as error:
            found = Verification(progress=Progress.UNKNOWN, details=(str(error),))
        return Verification.model_validate(context.redactor.value(found.model_dump(mode="json")))

    def _finish(
        self, proposal: Proposal, ok: bool, summary: str, verification: Verification, undo: Undo | Irreversible
    ) -> None:
        body = _outcome_body(ok, summary, verification, undo, recovered=False)
        self._journal.append(EntryKind.OUTCOME, proposal.digest, body)


def observe(tool: AnyTool, call: ToolCall, result: Result, context: Context) -> Observation:
    """A tool's result as everything beyond the gate sees it: masked, with evidence minted for it."""
    masked: Result = type(result).model_validate(context.redactor.value(result.model_dump(mode="json")))
    evidence = context.evidence.mint(
        tool=tool.name,
        arguments=as_mapping(context.redactor.value(dict(call.arguments))),
        cluster=context.place.cluster,
        excerpt=masked.render(),
        handle=masked.handle,
    )
    return Observation(masked, evidence)


def as_mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    """Masked arguments of a call, typed as such again."""
    if not isinstance(value, dict):
        raise TypeError("Arguments of a call are a JSON object.")
    return value


def _outcome_body(
    ok: bool, summary: str, verification: Verification, undo: Undo | Irreversible, *, recovered: bool
) -> dict[str, Any]:
    return {
        "ok": ok,
        "summary": summary,
        "verification": verification.model_dump(mode="json"),
        "undo": undo.model_dump(mode="json"),
        "recovered": recovered,
    }
