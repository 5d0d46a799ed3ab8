"""The remedies that an order to repair something named brings, where a model found the cause and proposed nothing."""

import re
from collections.abc import Sequence

from cloudwright.agents.contribution import Contribution, Task
from cloudwright.agents.language.understanding import Goal
from cloudwright.agents.provenance import forbids_changes
from cloudwright.agents.routing import orders
from cloudwright.core.answers import CauseView

_REPAIR = re.compile(r"(?<!don't )(?<!don’t )(?<!not )(?<!never )\b(?:fix|repair|mend|correct|heal)\b", re.IGNORECASE)


def ordered(task: Task, found: Sequence[Contribution]) -> list[CauseView]:
    """The causes with a remedy that the request orders to repair by name; none where it asks, forbids changes, or a
    specialist proposed something or asks back. Causes at a field that is named come before all others."""
    if task.intent.goal is not Goal.UNKNOWN or forbids_changes(task.request):
        return []
    if not (_REPAIR.search(task.request) and orders(task.request)):
        return []
    if any(item.proposals or item.question or item.broken for item in found):
        return []
    causes = [cause for item in found for cause in item.causes if cause.remedies and _about(cause, task.request)]
    at_field = [cause for cause in causes if _field_named(cause, task.request)]
    return at_field or causes


def _about(cause: CauseView, request: str) -> bool:
    names = (cause.object.name, *(ref.name for ref in cause.symptoms))
    return any(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", request, re.IGNORECASE) for name in names)


def _field_named(cause: CauseView, request: str) -> bool:
    parts = re.findall(r"[A-Za-z]{4,}", cause.field)
    return any(re.search(rf"\b{part}s?\b", request, re.IGNORECASE) for part in parts)
