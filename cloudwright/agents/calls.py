"""Running tool calls for specialists: reads answer, changes become proposals, errors become text."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from cloudwright.agents.contribution import CallView, Task
from cloudwright.agents.kit import Event, Kit
from cloudwright.agents.provenance import provenance_of
from cloudwright.core.errors import CloudwrightError, ToolError
from cloudwright.core.evidence import EvidenceLog
from cloudwright.core.execution import Observation
from cloudwright.core.proposal import Proposal, Source, State
from cloudwright.core.tool import Effect, ToolCall

_PARALLEL = 8


def effect_of(call: ToolCall, kit: Kit) -> Effect:
    """The effect of this call.

    Raises:
        ToolError: there is no such tool, or the arguments do not fit.
    """
    tool = kit.gate.catalog.get(call.tool)
    return tool.aims_at(tool.parse(call.arguments), kit.context).effect


def read(call: ToolCall, kit: Kit) -> tuple[Observation | None, CallView]:
    """Run a read; a failure is part of the view."""
    started = time.monotonic()
    kit.tell(Event(kind="tool", tool=call.tool, text=_summary(call)))
    try:
        seen = kit.gate.read(call, kit.context, kit.approver)
    except CloudwrightError as error:
        kit.tell(Event(kind="tool", tool=call.tool, text=error.message, done=True))
        text = kit.context.redactor.text(str(error))
        return None, CallView(
            tool=call.tool,
            arguments=call.arguments,
            error=text,
            failure=type(error).__name__,
            seconds=time.monotonic() - started,
        )
    kit.tell(Event(kind="tool", tool=call.tool, text=_summary(call), done=True))
    return seen, CallView(
        tool=call.tool,
        arguments=seen.evidence.arguments,
        evidence=seen.evidence.id,
        error=seen.result.failure,
        seconds=time.monotonic() - started,
    )


def read_all(wanted: Sequence[ToolCall], kit: Kit) -> list[tuple[Observation | None, CallView]]:
    """Run reads side by side; their evidence is numbered in the order of the calls."""

    def one(call: ToolCall) -> tuple[Observation | None, CallView]:
        return read(call, replace(kit, context=replace(kit.context, evidence=EvidenceLog())))

    with ThreadPoolExecutor(_PARALLEL) as pool:
        seen = list(pool.map(one, wanted))
    return [_numbered(observation, view, kit) for observation, view in seen]


def _numbered(observation: Observation | None, view: CallView, kit: Kit) -> tuple[Observation | None, CallView]:
    if observation is None:
        return None, view
    evidence = kit.context.evidence.adopt(observation.evidence)
    return replace(observation, evidence=evidence), view.model_copy(update={"evidence": evidence.id})


def propose(call: ToolCall, task: Task, kit: Kit, source: Source, why: str = "") -> Proposal:
    """Propose a change, once a turn: the same call in the same turn (after a crash) is the same proposal.

    Raises:
        CloudwrightError: it cannot be previewed, or the identity may not.
    """
    provenance = provenance_of(call, task, kit, source, why)
    masked = kit.context.redactor.value(dict(call.arguments))
    for record in kit.gate.ledger.pending():
        earlier = record.proposal
        same = earlier.call.tool == call.tool and dict(earlier.call.arguments) == masked
        if same and record.state is State.PENDING and earlier.provenance.turn == task.turn != "":
            kit.originals[earlier.digest] = call
            return earlier
    proposal = kit.gate.propose(call, kit.context, kit.approver, provenance)
    kit.originals[proposal.digest] = call
    return proposal


def explain(error: CloudwrightError, kit: Kit) -> str:
    """An error as a masked sentence."""
    return kit.context.redactor.text(str(error) if isinstance(error, ToolError) else error.message)


def _summary(call: ToolCall) -> str:
    parts = [f"{name}={value}" for name, value in call.arguments.items() if isinstance(value, str | int | bool)]
    return f"{call.tool} {' '.join(parts)}".strip()
