"""How often the containers of a thing restarted, when, and how they ended: what its pods tell."""

from cloudwright.agents.language import aspects
from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.comparing import excluded
from cloudwright.agents.language.reads.arranging import superlative
from cloudwright.agents.language.reads.frame import MOST_OBJECTS, Read, columns_of
from cloudwright.agents.language.references import TEMPLATED, World, makers_behind, objects_of, selector_text
from cloudwright.agents.language.understanding import Named
from cloudwright.core.tool import ToolCall

_RESTARTED = (
    "restart, restarts, restarted, restarting, restart count, restart counter, restart counts, bounced, crash count, crash counter,"
    " how often did it crash, times crashed, number of crashes, how many crashes"
)
_TIMES = "how often, how many times, number of times, how frequently"
_ENDED = (
    "crash, crashed, crashes, die, died, dies, fall over, fallen over, exit, exited, terminate, terminated, killed, come back, go down,"
    " went down, bounce, bounced, reboot, rebooted, restart, restarted"
)
_KILLED = (
    "oom, oomkilled, oom killed, oom-killed, out of memory, killed, crashed, crashes, crash, exit code, exit codes, exit status, exited, died,"
    " terminated, evicted, last termination, termination reason, last state, went down, fell over"
)
_OTHERS = "restart policy, rollout restart, annotation, annotations, restarted by, who restarted, restart order, init, job, jobs, runs"
_PODS = (*TEMPLATED, "ReplicaSet", "Job", "Pod")


def restarts(clause: Clause, world: World) -> Read | None:
    """Restarts and last ends of the pods of named things: "how often did x restart", "the restart count of x"."""
    asked = clause.has(_RESTARTED, _KILLED) or (clause.has(_TIMES) and clause.has(_ENDED))
    if not asked or clause.has(_OTHERS) or excluded(clause) or not clause.of("name", "pronoun", "ordinal"):
        return None
    if superlative(clause) or _chooses(clause):
        return None
    objects = objects_of(clause, world, _PODS) or makers_behind(objects_of(clause, world), world)
    found = [item for item in objects if item.pod_labels or item.ref.kind == "Pod"]
    calls = tuple(endings_of(item) for item in found[:MOST_OBJECTS])
    return Read(calls, tuple(item.ref for item in found[:MOST_OBJECTS]), 0.95) if calls else None


def _chooses(clause: Clause) -> bool:
    """Whether some of the pods are asked for, by how often they restarted: "which pods of x have restarted"."""
    return any(
        mention.kind is not None
        and mention.kind.kind == "Pod"
        and clause.low[mention.start - 1 : mention.start] in (("which",), ("what",), ("any",))
        for mention in clause.of("kind")
    )


def endings_of(item: Named) -> ToolCall:
    """The status of an object's pods, how often they restarted, and how they ended last."""
    columns = ["status", *dict(aspects.own_fields_of("Pod"))["last termination"].split(",")]
    if item.ref.kind == "Pod":
        return columns_of(item, [*columns])
    labels = selector_text(dict(item.selector or item.pod_labels))
    return call("list_resources", kind="pods", namespace=item.ref.namespace, labels=labels, columns=[*columns])
