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

_WRONG = re.compile(
    r"\b(?:why|how come|wrong|broken?|breaks?|problems?|issues?|(?<!point of )(?<!points of )fail\w*|dead|died|"
    r"down|dying|errors?|caus\w+|root|explains?|stuck|hang(?:s|ing)?(?! on\b)|slow\w*|crash\w*|unreachable|outage|"
    r"complain\w*|trouble|blind|acts? up|the matter|faults?|fix\w*|sick|weird|strange\w*|happen\w*)\b|"
    r"\bnot (?:ready|work\w*|start\w*|respond\w*|run\w*)\b|n't\b|\b(?:cannot|hits? nothing|no longer)\b",
    re.IGNORECASE,
)
"""Words of a request that asks what is wrong."""
_BY_THE_WAY = re.compile(
    r"\b(?:not asked|separate(?:ly)?|aside|unrelated|by the way|incidentally|(?:does|do) not explain|another matter)\b",
    re.IGNORECASE,
)
_MARK = re.compile(r"\(not verified: [^)\n]*\)")
_LEAD = 3
"""In so many sentences an answer says what it is about."""


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

    Causes `elsewhere` count as far as its words speak of them, and so do all of the rules' where no rule understood the
    request; where it does not ask what is wrong, its first words have to, not a remark by the way.
    """
    fixes = task.intent.goal is Goal.FIX
    causes = base.causes if fixes else said.causes
    if said.text and not fixes:
        supposed = _SUPPOSED.search(task.request) is not None
        unknown = task.intent.goal is Goal.UNKNOWN
        asked = not supposed and (not unknown or _WRONG.search(task.request) is not None)
        beside = causes if supposed or unknown else elsewhere
        spoken = [part for part in sentences(_MARK.sub("", said.text)) if not _BY_THE_WAY.search(part)]
        about = spoken if asked else spoken[:_LEAD]
        causes = tuple(
            cause
            for cause in causes
            if cause not in beside or cause.kind == KIND or _speak_of(about, cause, strictly=not asked)
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


def _speak_of(said: Sequence[str], cause: CauseView, *, strictly: bool) -> bool:
    """Whether one of these sentences names the object of a cause; strictly, with its kind before it or with what shows
    the cause cited: in an answer to what would be or is, a name may stand for one of many."""
    name = rf"(?<![\w.-]){re.escape(cause.object.name)}(?![\w-]|\.\w)"
    whole = re.compile(rf"\b{re.escape(cause.object.kind)}\s+[`\"]?{name}", re.IGNORECASE)
    found = [part for part in said if re.search(name, part, re.IGNORECASE)]
    return any(
        not strictly or whole.search(part) is not None or bool(set(cited_ids(part)) & set(cause.evidence))
        for part in found
    )


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
