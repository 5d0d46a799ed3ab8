"""What the specialist for AWS policies does by rule: from a denial to its cause and the smallest proved grant."""

from collections.abc import Mapping
from typing import Any

from cloudwright.agents import calls
from cloudwright.agents.contribution import Contribution, Task
from cloudwright.agents.kit import Kit
from cloudwright.core.errors import CloudwrightError
from cloudwright.core.execution import Observation
from cloudwright.core.proposal import Proposal, Source
from cloudwright.core.result import Document
from cloudwright.core.tool import ToolCall

EXPLAIN = "explain_denied"


def explain_denial(specialist: str, task: Task, call: ToolCall, kit: Kit) -> Contribution:
    """Explain the denial and propose the grant, where one helps. Nothing is granted here: a person decides."""
    seen, view = calls.read(call, kit)
    if seen is None:
        return Contribution(specialist=specialist, text=view.error, calls=(view,))
    found = seen.result.content if isinstance(seen.result, Document) else None
    content: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    lines = _explained(content, seen)
    grant = content.get("grant")
    digests: tuple[str, ...] = ()
    if isinstance(grant, Mapping) and grant.get("helps"):
        try:
            proposal = _proposed(grant, content, task, kit)
        except CloudwrightError as error:
            lines.append(f"The grant could not be proposed: {calls.explain(error, kit)}")
        else:
            digests = (proposal.digest,)
            lines.append(f"Proposed: {proposal.preview.summary} [{seen.evidence.id}].")
            lines += [f"- {proof}" for proof in grant.get("proof", ())]
    elif isinstance(grant, Mapping):
        lines.append(f"{grant.get('reason', '')} [{seen.evidence.id}]")
    return Contribution(
        specialist=specialist, text="\n".join(lines), calls=(view,), proposals=digests, notes=seen.result.notes
    )


def _explained(content: Mapping[str, Any], seen: Observation) -> list[str]:
    asked = content.get("request", {})
    cited = f"[{seen.evidence.id}]"
    lines = [
        f"{asked.get('principal')}: {asked.get('action')} on {asked.get('resource')} is decided"
        f" {str(content.get('decision')).replace('_', ' ')} {cited}.",
        f"{content.get('explanation')} {cited}",
    ]
    if not content.get("agrees_with_message"):
        other = content.get("message_policy") or content.get("message_names")
        named = f"; the message names {other}" if other else ""
        lines.append(f"The documents that could be read do not explain the message{named} {cited}.")
    return lines


def _proposed(grant: Mapping[str, Any], content: Mapping[str, Any], task: Task, kit: Kit) -> Proposal:
    call = ToolCall.model_validate(grant["call"])
    why = f"{content['request']['action']} was denied; {'; '.join(grant.get('proof', ()))}"
    return calls.propose(call, task, kit, Source.DIAGNOSIS, why)
