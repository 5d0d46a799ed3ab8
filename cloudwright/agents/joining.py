"""How a model's words and the diagnosis of the rules become one contribution."""

import re
from collections.abc import Sequence

from cloudwright.agents.concluding import KIND
from cloudwright.agents.contribution import Contribution, Task
from cloudwright.agents.grounding import cited_ids, sentences
from cloudwright.agents.kit import Diagnosed
from cloudwright.agents.language.understanding import Goal
from cloudwright.core.answers import CauseView
from cloudwright.core.refs import ObjectRef

_SUPPOSED = re.compile(
    r"\b(?:suppos\w+|imagine|assum\w+|would(?! you| like)|were to|what happens when|in case)\b|"
    r"(?<!tell me )(?<!tell us )(?<!tell )(?<!see )(?<!check )(?<!know )(?<!look )(?<!say )(?<!ask )(?<!out )(?<!sure )"
    r"\bif\b",
    re.IGNORECASE,
)
"""Words of a request that asks what would be, not what is."""


def aside(found: Diagnosed, task: Task) -> tuple[CauseView, ...]:
    """Causes of things that were not asked about; who wants a repair is not told of them."""
    return () if task.intent.goal is Goal.FIX else found.elsewhere


def based(found: Diagnosed, specialist: str, task: Task, shown: Contribution | None = None) -> Contribution:
    """A diagnosis as a contribution, with what reads gave beside it."""
    return Contribution(
        specialist=specialist,
        text="\n\n".join(text for text in (found.text, shown.text if shown else "") if text),
        calls=shown.calls if shown else (),
        causes=found.causes or aside(found, task),
        ruled_out=found.ruled_out,
        gaps=found.gaps,
        objects=objects_of(found.causes),
    )


def joined(base: Contribution, said: Contribution, task: Task, elsewhere: Sequence[CauseView]) -> Contribution:
    """What a model made of a diagnosis: its words and the causes in short; without its words, those of the rules.

    Causes `elsewhere`, and all of the rules' where the request asks for none, count as far as its words speak of them.
    """
    fixes = task.intent.goal is Goal.FIX
    causes = base.causes if fixes else said.causes
    supposed = not fixes and _SUPPOSED.search(task.request) is not None
    if said.text:
        beside = causes if supposed or task.intent.goal is Goal.UNKNOWN else elsewhere
        causes = tuple(
            cause
            for cause in causes
            if cause not in beside or cause.kind == KIND or _speaks_of(said.text, cause, by_evidence=supposed)
        )
    if fixes:
        parts = [said.text or ("" if said.proposals else base.text)]
    elif said.text and not said.broken:
        parts = [said.text, named(causes)]
    else:
        unasked = said.question is not None and task.intent.goal is Goal.UNKNOWN
        parts = ["" if unasked else base.text if causes == base.causes else named(causes), said.text]
    return said.model_copy(
        update={
            "text": "\n\n".join(part for part in parts if part),
            "causes": causes,
            "objects": objects_of(causes),
            "ruled_out": (*said.ruled_out, *base.ruled_out),
            "gaps": base.gaps,
        }
    )


def _speaks_of(text: str, cause: CauseView, *, by_evidence: bool) -> bool:
    """Whether a sentence names the object of a cause; with `by_evidence`, one that cites what shows the cause: in an
    answer to what would be, a name may stand for one of many that suffer."""
    name = re.compile(rf"(?<![\w.-]){re.escape(cause.object.name)}(?![\w-]|\.\w)", re.IGNORECASE)
    found = [sentence for sentence in sentences(text) if name.search(sentence)]
    return any(not by_evidence or set(cited_ids(sentence)) & set(cause.evidence) for sentence in found)


def objects_of(causes: Sequence[CauseView]) -> tuple[ObjectRef, ...]:
    """What the next turn's pronouns refer to."""
    return tuple(
        ObjectRef(kind=cause.object.kind, name=cause.object.name, namespace=cause.object.namespace)
        for cause in causes[:3]
    )


def named(causes: Sequence[CauseView]) -> str:
    """Causes in short, a line each: what is wrong, where to edit, how sure, and the evidence that can be opened."""
    lines = []
    for number, cause in enumerate(causes, 1):
        place = f" in {cause.object.namespace}" if cause.object.namespace else ""
        field = f", {cause.field}" if cause.field else ""
        ids = ", ".join(cause.evidence)
        edit = f"to edit: {cause.object.kind} {cause.object.name}{place}{field}"
        lines.append(f"{number}. {cause.claim.rstrip('.')} ({edit}; {cause.confidence:.0%}) [{ids}]")
    return "\n".join(["Causes:", *lines]) if lines else ""
