"""How things stand, beside what is wrong with them: the rows that a yes or no about health rests on."""

import re
from collections.abc import Sequence

from cloudwright.agents.language import aspects
from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.frame import columns_of
from cloudwright.agents.language.reads.restarts import endings_of
from cloudwright.agents.language.references import EVERYWHERE, World, selector_text
from cloudwright.agents.language.understanding import Named
from cloudwright.core.tool import ToolCall

_HEALTH = (
    "healthy, ok, okay, fine, up, working, alright, ready, status, state, health, well, good, not running, overview, running, reachable,"
    " down, broken, failing, degraded, unavailable, available, all right, unhealthy, summary, scaled down, scaled to zero, scaled to 0, at zero, stopped, paused, suspended, pending, stuck, bound"
)
_ENDINGS = (
    "restart, restarts, restarted, restarting, exit code, exit codes, exits, killed, kill, die, dies, dying, died, terminated, crash count,"
    " bounce, bouncing, flapping, crash, crashes, crashed, crashing, oom, oomkilled, oom killed, out of memory, fell over, went down"
)
_FEW = 3
_COUNTED = re.compile(r"\d+/\d+")
"""Ready ones of all, as tables show them."""


def standing(clause: Clause, objects: Sequence[Named], place: str, world: World) -> tuple[ToolCall, ...]:
    """The reads that show how named objects stand, or which pods of a place are not ready."""
    if objects and clause.has(_ENDINGS):
        return tuple(endings_of(item) for item in objects[:_FEW] if item.pod_labels or item.ref.kind == "Pod")
    if objects and clause.has("container, containers") and clause.has("which, what, any"):
        return _containers(objects) or tuple(columns_of(item, [*_EACH_CONTAINER]) for item in objects[:_FEW])
    pointed = bool(clause.of("pronoun"))
    if objects and (pointed or clause.has(_HEALTH) or _of_pods(clause)):
        rows = [(item, dict(aspects.fields_of(item.ref.kind)).get("status")) for item in objects[:_FEW]]
        whole = tuple(columns_of(item, [*paths.split(",")]) for item, paths in rows if paths)
        return (*whole, *_lagging(objects)) if _of_pods(clause) else whole
    if objects:
        return ()
    return _not_ready(place or EVERYWHERE, world)


def _of_pods(clause: Clause) -> bool:
    """Whether some of the pods of a thing are spoken of: "one pod of x is not ready", "x has 2/3 ready"."""
    pods = any(item.kind is not None and item.kind.kind == "Pod" for item in clause.of("kind"))
    return (
        pods
        or any(_COUNTED.fullmatch(token.raw) for token in clause.tokens)
        or bool(_PARTLY.search(" ".join(clause.low)))
    )


_PARTLY = re.compile(
    r"\b(?:\d+|one|two|three|some|only \w+) (?:out )?of (?:the |its )?(?:\d+|two|three|four|five|six|pods|replicas|copies)\b"
)


def _lagging(objects: Sequence[Named]) -> tuple[ToolCall, ...]:
    """The pods of some things that are not ready."""
    return tuple(
        call("list_resources", kind="pods", namespace=item.ref.namespace,
             labels=selector_text(dict(item.selector or item.pod_labels)), where="not (ready or Completed or Succeeded)")
        for item in objects[:_FEW]
        if item.pod_labels
    )  # fmt: skip


def _containers(objects: Sequence[Named]) -> tuple[ToolCall, ...]:
    """Whether each container of the pods of some things is ready."""
    return tuple(
        call("list_resources", kind="pods", namespace=item.ref.namespace, columns=[*_EACH_CONTAINER],
             labels=selector_text(dict(item.selector or item.pod_labels)))
        for item in objects[:_FEW]
        if item.pod_labels
    )  # fmt: skip


_EACH_CONTAINER = (
    "ready", "status", "status.containerStatuses[*].name", "status.containerStatuses[*].ready", "restarts"
)  # fmt: skip


def _not_ready(place: str, world: World) -> tuple[ToolCall, ...]:
    """The pods of a place that are not ready, and its jobs that failed if there are any."""
    pods = call("list_resources", kind="pods", namespace=place, where="not (ready or Completed or Succeeded)")
    failed = any(
        item.ref.kind == "Job" and "failed" in item.states and place in (EVERYWHERE, item.ref.namespace)
        for item in world.index.vocabulary.objects
    )
    return (pods, call("list_resources", kind="jobs", namespace=place, where="status = Failed")) if failed else (pods,)
