"""Words for the state that objects are in: one table from words to filters, by kind."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cloudwright.agents.language import exact
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.comparing import negated
from cloudwright.agents.language.lexicon import phrases
from cloudwright.agents.language.references import SWITCHES, World
from cloudwright.agents.language.understanding import KindWord

_WORKLOADS = frozenset(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"))
_READY = {
    "PersistentVolumeClaim": "Bound",
    "PersistentVolume": "Bound",
    "Job": "status != Failed",
    "Pod": "(ready or Completed or Succeeded)",
}
"""What "ready" is for kinds that have no such state by themselves."""


@dataclass(frozen=True)
class _State:
    """Words for one state, the filter for it, and other filters for some kinds."""

    words: str
    test: str
    of: Mapping[str, str] = field(default_factory=dict)


_BAD = (
    "unhealthy, failing, broken, bad, in trouble, unready, not-ready, notready, degraded, having trouble, having problems, struggling,"
    " troubled, sick, faulty, malfunctioning, in a bad state, misbehaving, down, problematic, stuck, red, fewer ready, less ready,"
    " missing replicas, missing pods, below desired, short of replicas, fewer than desired, less than desired, fewer than they want,"
    " fewer than wanted, incomplete, partially ready, unavailable, wrong, on fire, in flames, burning, falling over, acting up, toast, borked,"
    " hosed, unhappy, in the red, sad, weird, hurting, ailing, suffering, flaky, limping, not happy, not well, dead"
)
_GOOD = (
    "healthy, ready, up, fine, ok, okay, working, good, available, fully available, green, fully ready, up and running"
)
_STATES: tuple[_State, ...] = (
    _State("crash looping, crashlooping, crash-looping, crashloopbackoff, crashloop, crash loop, crash-loop, crash loops",
           "status matches CrashLoopBackOff"),
    _State("crashing, crashed, crashes, keep crashing, crash, keep dying, keeps dying, dying",
           'status matches "CrashLoopBackOff|Error|OOMKilled|ExitCode"'),
    _State("oomkilled, oom killed, oom-killed, out of memory, oom, ran out of memory, run out of memory, killed for memory,"
           " too much memory, killed by the kernel, kernel kill, kernel killed, oom kill, oom kills, memory kill, memory killed, eating memory,"
           " hit the memory limit, hit their memory limit, hit its memory limit, exceeded memory, over memory, killed for using memory, were killed, was killed, got killed, get killed, been killed",
           "reason = OOMKilled"),
    _State("pending, unschedulable, waiting to be scheduled, unscheduled, waiting, not scheduled", "status = Pending",
           {"Node": "status matches SchedulingDisabled"}),
    _State("imagepullbackoff, errimagepull, failing to pull, failed to pull, failed to pull image, failed to pull the image, fails to pull, back-off pulling, pulling image, pulling the image, image pull, pull their image, pull its image, pulling images, pull images,"
           " pull the image, image can not be pulled, pull an image, pull", "status matches ImagePull"),
    _State("completed, finished, succeeded, complete, done", 'status matches "Completed|Succeeded|Complete"'),
    _State("in error, status error, error state, error or, or error", 'status matches "Error"'),
    _State("failed, errored", 'status matches "Failed|Error|BackoffLimit"'),
    _State("let nobody be evicted, allow nothing, no disruptions, zero disruptions, block evictions, block eviction, blocks evictions, block drains,"
           " block a drain, blocking, allow no evictions, evict nobody, no evictions, nobody be evicted, nothing be evicted, allow none,"
           " allow zero, allow no, allow 0, blocks, no disruption, no eviction, block an eviction, block disruptions, prevent evictions, deny evictions,"
           " forbid evictions, in the way of a drain, in the way of drains, hold up a drain, hold up drains, stop a drain, prevent a drain",
           "", {"PodDisruptionBudget": "status.disruptionsAllowed = 0"}),
    _State("tainted", "", {"Node": "has spec.taints"}),
    _State("untainted", "", {"Node": "no spec.taints"}),
    _State("evicted", "reason = Evicted"),
    _State("terminating, being deleted, stuck in deletion", "terminating = true"),
    _State("suspended, paused, on hold, disabled, switched off, turned off", "suspended = true", {"Deployment": "spec.paused = true"}),
    _State("active, enabled, unpaused", "suspended = false",
           {"Deployment": "not spec.paused = true", "Namespace": "Active", "Job": "status = Running", "Pod": "status = Running"}),
    _State("running", "status = Running", dict.fromkeys(_WORKLOADS, "ready")),
    _State("unbound", "status != Bound"),
    _State("bound", "status = Bound"),
    _State("lost", "status = Lost"),
    _State("released", "status = Released"),
    _State("cordoned, scheduling disabled, schedulingdisabled, closed for scheduling, takes no new pods, take no new pods, accepts no pods,"
           " accepts no new pods, accept no new pods, gets no new pods, get no new pods, closed for new pods, closed to new pods, closed for pods,"
           " closed to pods, closed for workloads, closed for new workloads, not accepting pods, not accepting new pods, not taking pods, not taking new pods,"
           " refuse pods, refuse new pods, refuses pods, refuses new pods, off limits, not schedulable, unavailable for scheduling, out of rotation, out of scheduling, taken out of scheduling, not in scheduling, excluded from scheduling", "status matches SchedulingDisabled"),
    _State("schedulable, open for scheduling", "not (status matches SchedulingDisabled)"),
)  # fmt: skip
ZERO = "scaled to zero, scaled down to zero, no replicas, zero replicas, scaled to 0, 0 replicas, without replicas, at zero, scaled down"
"""Words for workloads without pods."""
WHETHER = "whether they, whether each, whether it, whether these, if they are"
"""With these a state is shown, not asked for: "list the nodes and whether they are cordoned"."""
_FIXED = re.compile(r"(?:[A-Z][a-z]+){2,}|OOMKilled")
"""A reason or a status as Kubernetes writes it."""


def states(clause: Clause, kind: KindWord, world: World) -> list[str]:
    """The filters for the states that a clause speaks of, negations heeded; several with "or" are one."""
    if clause.has(WHETHER):
        return []
    found = [*_named(clause, kind, world), *_condition(clause, kind)]
    found = found or [
        f"(status = {token.raw} or reason = {token.raw})"
        for index, token in enumerate(clause.tokens)
        if _FIXED.fullmatch(token.raw)
        and token.low not in _TYPES
        and clause.at(index) is None
        and index not in clause.used
        and not _of_field(clause, index)
    ]
    return ["(" + " or ".join(found) + ")"] if len(found) > 1 and clause.has("or") else found


def _of_field(clause: Clause, at: int) -> bool:
    """Whether a word is the value of a field that is named before it: "restartPolicy = OnFailure"."""
    before = [word for word in clause.low[max(0, at - 3) : at] if word not in ("=", "==", "!=", "is", "not")]
    return bool(before) and before[-1] in exact.owners()


_TELLING = (
    (ZERO, ("Deployment", "StatefulSet")),
    ("too much memory, kernel kill, kernel killed, killed by the kernel, memory kill, oom kills, oom, oomkilled, oom killed, out of memory, crash looping, crashlooping, crashloop, crashing, evicted, restarted, restarting,"
     " imagepullbackoff, crashloopbackoff, errimagepull, createcontainerconfigerror, createcontainererror, runcontainererror, containercreating,"
     " invalidimagename, pull, pending, terminating, unschedulable, privileged, as root, root user, host network, hostnetwork", ("Pod",)),
    ("suspended, paused, on hold", ("CronJob", "Deployment", "Job")),
    ("cordoned, unschedulable, drained", ("Node",)),
    ("unbound, bound", ("PersistentVolumeClaim",)),
)  # fmt: skip


def covering(clause: Clause) -> set[int]:
    """The tokens of phrases for states of more than two words: kinds in them are not asked for ("closed for new pods")."""
    found: set[int] = set()
    for state in _STATES:
        for phrase in phrases(state.words):
            at = clause.find(" ".join(phrase)) if len(phrase) > 1 else -1
            found |= set(range(at, at + len(phrase))) if at >= 0 else set()
    return found


def states_of(clause: Clause) -> tuple[str, ...]:
    """The kinds that a state is said of where no kind is named: "has anything been OOM killed"."""
    return next((kinds for words, kinds in _TELLING if clause.has(words)), ())


def _named(clause: Clause, kind: KindWord, world: World) -> Iterator[str]:
    for state in _STATES:
        if not state.test and kind.kind not in state.of:
            continue
        at = _spoken(clause, state.words)
        if at >= 0:
            test = _test(state, kind, world)
            if not test:
                continue
            negative = "ImagePull" not in test and negated(clause, at)
            yield f"not ({test})" if negative else test


def _condition(clause: Clause, kind: KindWord) -> Iterator[str]:
    """Good or bad in general."""
    ready = _READY.get(kind.kind, "ready")
    if _elided(clause):
        yield f"not {ready}"
        return
    for words, bad in ((_BAD, True), (_GOOD, False)):
        at = _spoken(clause, words)
        if at >= 0:
            yield f"not {ready}" if bad != negated(clause, at) else ready if kind.kind != "Pod" else "ready"


_TYPES = ("loadbalancer", "nodeport", "clusterip", "externalname")


def _elided(clause: Clause) -> bool:
    """ "which pod isn't", after something was said of a thing that is partly ready."""
    at = next((at for words in ("is not", "are not") if (at := clause.find(words)) >= 0), -1)
    if at < 0 or not clause.has("which, what") or any(item.plural for item in clause.of("pronoun")):
        return False
    rest = clause.at(at + 2)
    return at + 2 == len(clause.low) or (rest is not None and rest.what == "name" and rest.end == len(clause.low))


def _spoken(clause: Clause, words: str) -> int:
    """Where the longest of some phrases stands that nothing else explains; -1 if none does."""
    for phrase in sorted(phrases(words), key=len, reverse=True):
        text = " ".join(phrase)
        at = clause.find(text)
        if at >= 0 and at not in clause.used and not _speaks_of_images(clause, at, text):
            clause.use_words(text)
            return at
    return -1


def _test(state: _State, kind: KindWord, world: World) -> str:
    if kind.kind in state.of:
        return state.of[kind.kind]
    if "suspended" in state.test and (switch := _switch(kind, world)):
        on = state.test.endswith("true") != (switch == "enabled")
        return f"spec.{switch} = true" if on else f"not spec.{switch} = true"
    if "suspended" in state.test and kind.kind not in ("CronJob", "Job"):
        return ""
    if kind.kind in _WORKLOADS and "status" in state.test:
        return "ready = false"
    return state.test


def _switch(kind: KindWord, world: World) -> str:
    """The field with which objects of a custom kind are stopped and started, or ""."""
    if kind.kind in ("CronJob", "Job"):
        return ""
    objects = [item for item in world.index.vocabulary.objects if item.ref.kind == kind.kind]
    return next((name for name in SWITCHES for item in objects if name in item.settings), "")


def _speaks_of_images(clause: Clause, at: int, word: str) -> bool:
    """ "running image x" and "running on node y" say nothing about the status."""
    following = clause.low[at + 1 : at + 3]
    if word != "running" or not following:
        return False
    mention = clause.at(at + 1)
    placed = following[0] in ("on", "image", "version", "the", "an")
    return (placed or (mention is not None and mention.what in ("image", "name"))) and not negated(clause, at)
