"""Requests for a diagnosis, a repair or advice."""

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.reads.states import states_of
from cloudwright.agents.language.references import World, namespace_in, objects_of, pointed
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
    "why, wrong, broken, problem, problems, issue, issues, failing, fails, failure, failures, crashing, crash,"
    " crashes, crashed, unhealthy, healthy, ok, okay, fine, stuck, slow, diagnose, troubleshoot, debug,"
    " investigate, root cause, not working, down, what is up, cause, misbehaving, degraded, alright, trouble,"
    " not ready, matter, ailing, health, going wrong, not starting, not start, will not start, can not start,"
    " not come up, not running, keeps restarting, restarting, keep restarting, crashlooping, crash looping,"
    " red, sick, hurting, look into, check on, going on with, going on, breaking, fault, faulty, error,"
    " errors, erroring, acting up, flapping, pending, unavailable, unreachable, not reachable,"
    " imagepullbackoff, crashloopbackoff, explain, failed, diagnosis, what ails, happening with, happening to,"
    " happening, affected, impacted, triage, getting evicted, working, dying, reason, how come, no ready"
)  # fmt: skip


_WHY = (
    "why, wrong, problem, problems, issue, issues, root cause, diagnose, troubleshoot, cause, what is up, investigate, matter, triage,"
    " debug, what ails, diagnosis, trouble, reason, reasons, how come"
)
_LISTING = "which, list, show, find, get, give, any, display, all, what, everything, are there, see"
_ALONE = (
    "broken, healthy, ok, okay, fine, failing, anything, everything, health, down, unhealthy, error, errors, working, failed, red,"
    " crashing, alright, degraded, affected, impacted"
)
"""Words with which the whole is asked for, where no object is named."""


def diagnosis(clause: Clause, world: World) -> Intent | None:
    """What is wrong, with what is named or with everything."""
    if not clause.has(_DIAGNOSE) or clause.has("logs, log, events, event, how many, differ, difference"):
        return None
    why = clause.has(_WHY)
    if not why and _lists(clause):
        return None
    if clause.has("explain") and not why and not clause.of("name", "pronoun"):
        return None
    about = _complained(clause, world)
    if not about and not why and not clause.has(_ALONE):
        return None
    return Intent(goal=Goal.DIAGNOSE, text=clause.text, confidence=0.9, about=tuple(about))


def _lists(clause: Clause) -> bool:
    """Whether the objects in some state are asked for, not what is wrong with them."""
    if states_of(clause) and not clause.of("name", "pronoun"):
        return True
    several = any(item.plural for item in clause.of("kind", "workload")) or bool(clause.of("all"))
    if several and (clause.has(_LISTING) or not clause.of("name")):
        return True
    return bool(clause.of("kind")) and clause.has("which, what") and not clause.of("name", "pronoun")


def _complained(clause: Clause, world: World) -> list[ObjectRef]:
    """What it is about: named objects, what a pronoun points at, or a namespace."""
    objects = [item.ref for item in objects_of(clause, world)][:6]
    if not objects and clause.of("pronoun"):
        objects = list(pointed(clause, world))
    place = namespace_in(clause)
    if not objects and place and place != "*":
        objects = [ObjectRef(kind="Namespace", name=place, api_version="v1")]
    return objects


def advice(clause: Clause, world: World) -> Intent:
    """Advice is given by looking at the thing."""
    objects = [item.ref for item in objects_of(clause, world)][:3]
    return Intent(goal=Goal.DIAGNOSE, text=clause.text, confidence=0.7, about=tuple(objects))
