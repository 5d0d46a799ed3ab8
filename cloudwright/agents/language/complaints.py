"""Requests for a diagnosis, a repair or advice."""

import re

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.reads.logs import speaks
from cloudwright.agents.language.reads.standing import standing
from cloudwright.agents.language.reads.states import states_of
from cloudwright.agents.language.references import (
    World,
    everywhere,
    namespace_in,
    objects_of,
    placed,
    pointed,
    rank,
    says_place,
)
from cloudwright.agents.language.understanding import Goal, Intent
from cloudwright.core.refs import ObjectRef

FIX = listed("fix, repair, solve, remedy, resolve, heal, cure, rectify, sort, mend")


def fixes(clause: Clause, world: World) -> Intent | None:
    """A repair of what is named; an order with a value is a change of its own."""
    if clause.of("number", "image", "quantity", "pair"):
        return None
    about = tuple(item.ref for item in objects_of(clause, world)) or tuple(pointed(clause, world))
    if not about and not clause.of("pronoun") and not clause.has("everything, all"):
        place = namespace_in(clause)
        about = (ObjectRef(kind="Namespace", name=place, api_version="v1"),) if place and place != "*" else ()
    return Intent(goal=Goal.FIX, text=clause.text, confidence=0.9, about=about)


_DIAGNOSE = (
    "throttled, killed, evicted, waiting for a node, waiting to be scheduled, unschedulable, not scheduled, unscheduled, why, the story with, the deal with, the matter with, up with, yellow, orange, fishy, odd, strange, suspicious, unusual, alarming, worrying, concerning, not right, amiss, wrong, broken, problem, problems, issue, issues, failing, fails, failure, failures, crashing, crash,"
    " crashes, crashed, unhealthy, healthy, ok, okay, fine, stuck, slow, diagnose, troubleshoot, debug,"
    " investigate, root cause, not working, down, what is up, cause, misbehaving, degraded, alright, trouble,"
    " not ready, matter, ailing, health, going wrong, not starting, not start, will not start, can not start,"
    " not come up, not running, keeps restarting, restarting, keep restarting, crashlooping, crash looping,"
    " red, sick, hurting, look into, check on, going on with, going on, breaking, fault, faulty, error,"
    " errors, erroring, acting up, flapping, pending, unavailable, unreachable, not reachable,"
    " imagepullbackoff, crashloopbackoff, explain, failed, diagnosis, what ails, happening with, happening to,"
    " happening, affected, impacted, triage, on fire, in flames, burning, falling over, falls over, acting weird, toast, borked, hosed, unhappy,"
    " in the red, sad, weird, suffering, flaky, limping, reachable, not responding, no response, times out, timing out, refuses, unresponsive, getting evicted, green, in order, in good shape, up and running, working, dying, reason, how come, no ready, not stay up, not stay alive, not keep running, stay up, stays up, staying up, not come back, gives up, giving up"
)  # fmt: skip


_WHY = (
    "why, the story with, the deal with, the matter with, up with, wrong, problem, problems, issue, issues, root cause, diagnose, troubleshoot, cause, what is up, investigate, matter, triage,"
    " debug, what ails, diagnosis, trouble, reason, reasons, how come"
)
_AILING = "having problems, having trouble, in trouble"
"""A state of what is listed, where things of a kind are asked for."""
_LISTING = "which, list, show, find, get, give, any, display, all, what, everything, are there, see"
_ALONE = (
    "broken, healthy, ok, okay, fine, failing, anything, everything, health, down, unhealthy, error, errors, working, failed, red,"
    " not running, not ready, crashing, alright, throttled, killed, evicted, fishy, odd, strange, suspicious, unusual, alarming, worrying, concerning, not right, amiss, green, good, in order, in good shape, well, up and running, degraded, affected, impacted, on fire, in flames, burning, weird, unhappy"
)
"""Words with which the whole is asked for, where no object is named."""


def diagnosis(clause: Clause, world: World) -> Intent | None:
    """What is wrong, with what is named or with everything."""
    if (
        _agrees(clause)
        or speaks(clause)
        or not (clause.has(_DIAGNOSE) or kept_from(clause))
        or clause.has(
            "logs, log, tail, lines, last lines, log lines, crash output, stdout, events, event, how many, differ, difference"
        )
    ):
        return None
    why = kept_from(clause) or (
        clause.has(_WHY) and not (clause.has(_AILING) and clause.has("which, list, show") and _lists(clause))
    )
    if not why and _lists(clause):
        return None
    if clause.has("explain") and not why and not clause.of("name", "pronoun"):
        return None
    about = _complained(clause, world)
    if not about and not why and not clause.has(_ALONE):
        return None
    named = [item for ref in about if ref.kind != "Namespace" and (item := world.named(ref)) is not None]
    place = next((ref.name for ref in about if ref.kind == "Namespace"), "")
    calls = standing(clause, named, place, world) if len(named) == len(about) or place else ()
    return Intent(goal=Goal.DIAGNOSE, text=clause.text, confidence=0.9, calls=calls, about=tuple(about))


_KEPT = re.compile(
    r"\bwhat(?: is| does)? (?:keep|stop|prevent|block|hold|hinder)(?:s|p?ing)?\b.+\b(?:from|back|coming|starting|getting|becoming|running|ready|up)\b"
)


def kept_from(clause: Clause) -> bool:
    """ "what keeps x from starting", "what is holding x back"."""
    return bool(clause.of("name", "pronoun")) and bool(_KEPT.search(" ".join(clause.low)))


def _yes_or_no(clause: Clause) -> bool:
    """ "is everything green", "before we start: are all well"."""
    return clause.low[0] in ("is", "are") or clause.has("is everything, is all, are all, everything is")


def _agrees(clause: Clause) -> bool:
    """ "ok, i have seen enough": the only word of health agrees to something."""
    spoken = [at for at, word in enumerate(clause.low) if clause.at(at) is None and f" {word}," in f" {_DIAGNOSE},"]
    return spoken == [0] and clause.low[0] in ("ok", "okay", "fine", "alright") and len(clause.low) > 2


def _lists(clause: Clause) -> bool:
    """Whether the objects in some state are asked for, not what is wrong with them."""
    if states_of(clause) and not clause.of("name", "pronoun"):
        return True
    kinds = [
        item for item in clause.of("kind", "workload") if not (everywhere(clause, item) or says_place(clause, item))
    ]
    elsewhere = len(kinds) < len(clause.of("kind", "workload"))
    whole = clause.of("all") and not elsewhere and not (_yes_or_no(clause) and clause.has(_ALONE))
    several = any(item.plural for item in kinds) or bool(whole)
    if several and (clause.has(_LISTING) or not clause.of("name") or _on_nodes(clause)):
        return True
    return bool(kinds) and clause.has("which, what") and not clause.of("name", "pronoun")


def _on_nodes(clause: Clause) -> bool:
    """Whether only nodes are named, on which things of some kind are asked for: "pods on m-1 that are not running"."""
    kinds = [item for item in clause.of("kind", "workload") if item.plural]
    first = min((item.start for item in kinds), default=len(clause.low))
    return all(
        mention.start > first and any(item.ref.kind == "Node" for item in mention.objects)
        for mention in clause.of("name")
    )


_SHORT = 3


def _complained(clause: Clause, world: World) -> list[ObjectRef]:
    """What it is about: named objects, what a pronoun points at, or a namespace."""
    objects = [item.ref for item in objects_of(clause, world)][:6]
    if not objects and clause.of("pronoun"):
        objects = list(pointed(clause, world))
    if not objects and len(clause.low) <= _SHORT and clause.has("why, how come") and not clause.of("name", "namespace"):
        objects = list(world.memory.objects[:1])
    if not objects and clause.of("ordinal") and not clause.of("name"):  # "the reason for the last one"
        objects = list(world.memory.objects[:1])
    if not objects and clause.of("name"):  # "that cart pod": the pods of what is so called
        named = placed(clause.of("name")[0].objects, clause, world)
        best = min((rank(item.ref.kind) for item in named), default=0)
        objects = [item.ref for item in named if rank(item.ref.kind) == best][:6]
    place = namespace_in(clause)
    if not objects and place and place != "*":
        objects = [ObjectRef(kind="Namespace", name=place, api_version="v1")]
    return objects


def advice(clause: Clause, world: World) -> Intent:
    """Advice is given by looking at the thing."""
    objects = [item.ref for item in objects_of(clause, world)][:3]
    return Intent(goal=Goal.DIAGNOSE, text=clause.text, confidence=0.7, about=tuple(objects))
