"""How things stand, beside what is wrong with them: the rows that a yes or no about health rests on."""

import re
from collections.abc import Sequence

from cloudwright.agents.language import aspects
from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.frame import columns_of
from cloudwright.agents.language.references import EVERYWHERE, selector_text
from cloudwright.agents.language.understanding import Named
from cloudwright.core.tool import ToolCall

_HEALTH = (
    "healthy, ok, okay, fine, up, working, alright, ready, status, state, health, well, good, not running, overview, running, reachable,"
    " available, all right, unhealthy, summary"
)
_ENDINGS = (
    "restart, restarts, restarted, restarting, exit code, exit codes, exits, killed, kill, die, dies, dying, died, terminated, crash count,"
    " bounce, bouncing, flapping"
)
_FEW = 3
_COUNTED = re.compile(r"\d+/\d+")
"""Ready ones of all, as tables show them."""


def standing(clause: Clause, objects: Sequence[Named], place: str) -> tuple[ToolCall, ...]:
    """The reads that show how named objects stand, or which pods of a place are not ready."""
    if objects and clause.has(_ENDINGS):
        return tuple(_ends(item) for item in objects[:_FEW] if item.pod_labels or item.ref.kind == "Pod")
    pointed = bool(clause.of("pronoun"))
    if objects and (pointed or clause.has(_HEALTH) or any(_COUNTED.fullmatch(token.raw) for token in clause.tokens)):
        rows = [(item, dict(aspects.fields_of(item.ref.kind)).get("status")) for item in objects[:_FEW]]
        return tuple(columns_of(item, [*paths.split(",")]) for item, paths in rows if paths)
    if objects or not clause.has(_HEALTH):
        return ()
    return (
        call(
            "list_resources", kind="pods", namespace=place or EVERYWHERE, where="not (ready or Completed or Succeeded)"
        ),
    )


def _ends(item: Named) -> ToolCall:
    columns = ["status", *dict(aspects.own_fields_of("Pod"))["last termination"].split(",")]
    if item.ref.kind == "Pod":
        return columns_of(item, [*columns])
    labels = selector_text(dict(item.selector or item.pod_labels))
    return call("list_resources", kind="pods", namespace=item.ref.namespace, labels=labels, columns=[*columns])
