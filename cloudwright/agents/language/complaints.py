"""Requests for a diagnosis, a repair or advice."""

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.references import World, namespace_in, objects_of, pointed
from cloudwright.agents.language.understanding import Goal, Intent
from cloudwright.core.refs import ObjectRef

FIX = listed("fix, repair, solve, remedy, resolve, heal, cure, rectify, sort")


def fixes(clause: Clause, world: World) -> Intent | None:
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
    " happening, triage, getting evicted, working, dying"
)  # fmt: skip


def diagnosis(clause: Clause, world: World) -> Intent | None:
    if not clause.has(_DIAGNOSE) or clause.has("logs, log, events, event, how many, differ, difference"):
        return None
    why = clause.has(
        "why, wrong, problem, problems, issue, issues, root cause, diagnose, troubleshoot, cause, what is up,"
        " investigate, matter, triage, debug, what ails, diagnosis, trouble"
    )
    listed = any(item.plural for item in clause.of("kind", "workload")) or clause.of("all")
    if (
        not why
        and listed
        and (
            clause.has("which, list, show, find, get, give, any, display, all, what, everything, are there, see")
            or not clause.of("name")
        )
    ):
        return None
    if not why and clause.of("kind") and clause.has("which, what") and not clause.of("name", "pronoun"):
        return None
    if clause.has("explain") and not why and not clause.of("name", "pronoun"):
        return None
    objects = [item.ref for item in objects_of(clause, world)][:6]
    if not objects and clause.of("pronoun"):
        objects = list(pointed(clause, world))
    place = namespace_in(clause)
    if not objects and place and place != "*":
        objects = [ObjectRef(kind="Namespace", name=place, api_version="v1")]
    if (
        not objects
        and not why
        and not clause.has(
            "broken, healthy, ok, okay, fine, failing, anything, everything, health, down, unhealthy, error, errors,"
            " working, failed, red, crashing, alright, degraded"
        )
    ):
        return None
    return Intent(goal=Goal.DIAGNOSE, text=clause.text, confidence=0.9, about=tuple(objects))


def advice(clause: Clause, world: World) -> Intent:
    """Advice is given by looking at the thing."""
    objects = [item.ref for item in objects_of(clause, world)][:3]
    return Intent(goal=Goal.DIAGNOSE, text=clause.text, confidence=0.7, about=tuple(objects))
