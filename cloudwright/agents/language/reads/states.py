"""Words for the state that objects are in: failing, pending, not ready, cordoned."""

import re

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.comparing import negated
from cloudwright.agents.language.reads.frame import Where
from cloudwright.agents.language.understanding import KindWord

_UNREADY = {"Pod": "not ready and not Completed and not Succeeded", "Job": "status = Failed"}


_BAD_WORDS = (
    "unhealthy", "failing", "broken", "bad", "in trouble", "unready", "not-ready", "notready", "degraded", "having trouble",
    "having problems", "struggling", "troubled", "sick", "faulty", "malfunctioning", "in a bad state", "misbehaving", "down",
    "problematic", "stuck", "red",
)  # fmt: skip


_GOOD_WORDS = (
    "healthy",
    "ready",
    "up",
    "fine",
    "ok",
    "okay",
    "working",
    "good",
    "available",
    "fully available",
    "green",
)


_STATES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("crash looping", "crashlooping", "crash-looping", "crashloopbackoff", "crashloop", "crash loop", "crash-loop",
      "crash loops"), "status matches CrashLoopBackOff"),
    (("crashing", "crashed", "crashes", "keep crashing", "crash"), "status matches \"CrashLoopBackOff|Error|OOMKilled|ExitCode\""),
    (("oomkilled", "oom killed", "oom-killed", "out of memory", "oom", "ran out of memory", "run out of memory"), "reason = OOMKilled"),
    (("pending", "unschedulable", "waiting to be scheduled", "unscheduled", "waiting"), "status = Pending"),
    (("imagepullbackoff", "errimagepull", "failing to pull", "image pull", "pull their image", "pull its image",
      "pulling images", "pull images", "pull the image", "image can not be pulled", "pull an image", "pull"), "status matches ImagePull"),
    (("completed", "finished", "succeeded", "complete", "done"), "status matches \"Completed|Succeeded|Complete\""),
    (("failed", "errored"), "status matches \"Failed|Error|BackoffLimit\""),
    (("evicted",), "reason = Evicted"),
    (("terminating", "being deleted", "stuck in deletion"), "terminating = true"),
    (("suspended", "paused", "on hold", "disabled"), "suspended = true"),
    (("running",), "status = Running"),
    (("unbound",), "status != Bound"),
    (("bound",), "status = Bound"),
    (("lost",), "status = Lost"),
    (("released",), "status = Released"),
)  # fmt: skip


def _unready(kind: KindWord) -> str:
    if kind.kind in ("PersistentVolumeClaim", "PersistentVolume"):
        return "not Bound"
    if kind.kind == "Node":
        return "not ready"
    return _UNREADY.get(kind.kind, "ready = false")


def states(clause: Clause, kind: KindWord, found: Where) -> None:  # noqa: C901
    joined: list[str] = []
    for words, expression in _STATES:
        for word in sorted(words, key=len, reverse=True):
            at = clause.find(word)
            if at < 0 or at in clause.used or _speaks_of_images(clause, at, word):
                continue
            clause.use_words(word)
            expression = _for_kind(expression, word, kind)
            negative = "ImagePull" not in expression and negated(clause, at)
            joined.append(f"not ({expression})" if negative else expression)
            break
    for words, bad in ((_BAD_WORDS, True), (_GOOD_WORDS, False)):
        for word in words:
            at = clause.find(word)
            if at < 0 or at in clause.used:
                continue
            clause.use_words(word)
            wrong = bad != negated(clause, at)
            joined.append(f"({_unready(kind)})" if wrong else "ready")
            break
    for token in clause.tokens:
        if (
            re.fullmatch(r"(?:[A-Z][a-z]+){2,}|OOMKilled", token.raw)
            and not joined
            and clause.at(clause.tokens.index(token)) is None
        ):
            joined.append(f"(status = {token.raw} or reason = {token.raw})")
    if kind.kind == "Node" and clause.has("cordoned, unschedulable, scheduling disabled, schedulingdisabled"):
        joined = ["status matches SchedulingDisabled"]
        clause.use_words("cordoned, unschedulable")
    elif kind.kind == "Node" and clause.has("schedulable"):
        joined = ["not (status matches SchedulingDisabled)"]
    if len(joined) > 1 and clause.has("or"):
        found.parts.append("(" + " or ".join(joined) + ")")
    else:
        found.parts += joined


def _speaks_of_images(clause: Clause, at: int, word: str) -> bool:
    """ "running image x" and "running on node y" say nothing about the status."""
    following = clause.low[at + 1 : at + 3]
    if (
        word == "running"
        and following
        and (
            following[0] in ("on", "image", "version", "the", "an")
            or ((mention := clause.at(at + 1)) is not None and mention.what in ("image", "name"))
        )
    ):
        return not negated(clause, at)
    return False


def _for_kind(expression: str, word: str, kind: KindWord) -> str:
    if kind.kind == "Job" and word == "running":
        return "status = Running"
    if kind.kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet") and "status" in expression:
        return "ready" if word == "running" else "ready = false"
    if kind.kind == "Deployment" and word == "paused":
        return "spec.paused = true"
    return expression
