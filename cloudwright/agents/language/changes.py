"""The change that a clause orders, or what has to be asked before."""

from itertools import pairwise

from cloudwright.agents.language import background, doubts, moods
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.comparing import all_but, excluded
from cloudwright.agents.language.complaints import FIX, fixes
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.references import World, objects_of
from cloudwright.agents.language.understanding import Goal, Intent, Option, Question
from cloudwright.agents.language.utterances import Utterances, acts
from cloudwright.agents.language.verbs import Verb, looks, ordered
from cloudwright.agents.language.wishes import implied
from cloudwright.agents.language.writes import change_of
from cloudwright.core.catalog import Catalog

READ_THRESHOLD = 0.45
"""How alike a tool's utterance must be before a read is run on it; below, the closest are offered."""


WRITE_THRESHOLD = 0.72
"""The same for a change that no rule understands."""


def ordered_change(clause: Clause, world: World, utterances: Utterances, catalog: Catalog) -> Intent | None:
    """A change, if the clause orders one: what surrounds the order neither adds to it nor makes it unsure."""
    bare = background.plain(clause)
    found = _everywhere([_ordered(one, world, utterances, catalog) for one in _each_place(bare)], bare)
    return found.model_copy(update={"text": clause.text}) if found is not None else None


def _each_place(clause: Clause) -> list[Clause]:
    """ "x in blue and green": the clause for each of the places."""
    places = clause.of("namespace")
    joined = [
        (one, other)
        for one, other in pairwise(places)
        if set(clause.low[one.end : other.start]) <= {"and", ",", "in", "&"}
    ]
    if (
        len(clause.of("name")) != 1
        or not joined
        or len(joined) != len(places) - 1
        or clause.has("from, than, like, as, between")
    ):
        return [clause]
    tokens = {mention: set(range(mention.start, mention.end)) for mention in places}
    joints = {index for one, other in joined for index in range(one.end, other.start)}
    return [
        background.without(clause, joints.union(*(tokens[other] for other in places if other is not mention)))
        for mention in places
    ]


def _everywhere(found: list[Intent | None], clause: Clause) -> Intent | None:
    """One intent of those for several places; the first that has to be asked about where one has."""
    if len(found) == 1 or None in found:
        return found[0]
    whole = [intent for intent in found if intent is not None]
    asked = next((intent for intent in whole if intent.question is not None or not intent.calls), None)
    if asked is not None:
        return asked
    calls = tuple(call for intent in whole for call in intent.calls)
    return whole[0].model_copy(update={"calls": calls, "about": tuple(ref for intent in whole for ref in intent.about)})


def _ordered(clause: Clause, world: World, utterances: Utterances, catalog: Catalog) -> Intent | None:
    if moods.reported(clause) or moods.announced(clause):
        return None
    orders = ordered(clause)
    families = frozenset(family for verb in orders for family in verb.families) | implied(clause)
    if not families and not _withheld(clause, world):
        return _vague(clause, orders, utterances, world) if clause.of("name") else None
    withheld = _withheld(clause, world)
    families = withheld or families
    if not withheld and moods.negative(clause, orders):
        return Intent(
            goal=Goal.CHATTER,
            text=clause.text,
            confidence=0.9,
            about=tuple(item.ref for item in objects_of(clause, world)[:1]),
            say="Understood: that is left as it is, nothing is changed.",
        )
    if FIX & {clause.low[verb.start] for verb in orders[:1]} and (fixed := fixes(clause, world)) is not None:
        return fixed
    if (
        "rollback" in families
        and not clause.of("name")
        and world.memory.changes
        and not clause.has("rollout, revision, version, release")
        and not clause.of("number", "quantity")
    ):
        return Intent(goal=Goal.UNDO, text=clause.text, confidence=0.95)
    if excluded(clause):
        rest = all_but(clause, world) if not families & _GONE else None
        if rest is None:
            return _too_broad(clause, "all but what you named", orders)
        clause = rest
    return _changed(clause, world, utterances, catalog, orders, families)


def _changed(
    clause: Clause,
    world: World,
    utterances: Utterances,
    catalog: Catalog,
    orders: list[Verb],
    families: frozenset[str],
) -> Intent | None:
    """The change that a frame makes of an order, with what makes it unsure; or what has to be asked."""
    scope = doubts.broad(clause, world, families)
    change = change_of(clause, world, families)
    if change is None and not scope and (vague := _vague(clause, orders, utterances, world)) is not None:
        return _learned_change(clause, world, utterances, orders) or vague
    if change is None:
        return _learned_change(clause, world, utterances, orders) if not scope else _too_broad(clause, scope, orders)
    for verb in orders:
        clause.used.update(range(verb.start, verb.end))
    doubts.use_other_stage(clause, world, change)
    return doubts.guarded(clause, world, change, doubts.broad(clause, world, families), catalog, families)


_GONE = frozenset(("delete", "drain", "evict"))
"""What is never done to all but a few."""
_OBLIGED = (
    "must not, should not, shall not, may not, must no longer, should no longer, may no longer, must never, should never, shall never, may never,"
    " never go, never have, never drop, never exceed"
)
_LATER = "today, tonight, tomorrow, monday, tuesday, wednesday, thursday, friday, saturday, sunday, weekend, week, until, after, before"
_BOUNDS = "below, under, less than, fewer than, above, beyond, exceed, over, more than"


def _withheld(clause: Clause, world: World) -> frozenset[str]:
    """ "node x should get no new pods", "job y must not run any more": what is forbidden is ordered to be kept off."""
    kinds = {item.ref.kind for mention in clause.of("name") for item in mention.objects}
    if "CronJob" in kinds and clause.has("no more, no further") and clause.has("run, runs") and not clause.question:
        clause.use_words("no, more, further, run, runs, of, until further notice")
        return frozenset(("pause",))
    if clause.question or not clause.has(_OBLIGED) or clause.has(_LATER):
        return frozenset()
    if "HorizontalPodAutoscaler" in kinds and clause.of("number") and clause.has(_BOUNDS):
        clause.use_words(
            "must, should, shall, may, not, never, no longer, go, get, drop, fall, have, scale, than, run, be", _BOUNDS
        )
        return frozenset(("set",))
    if "Node" in kinds and clause.has("pods, workloads, work, anything, scheduled"):
        clause.use_words("must, should, shall, may, not, no longer, get, take, receive, accept, run, any, be, longer")
        return frozenset(("cordon",))
    if "CronJob" in kinds and clause.has("run, runs, fire, start, be triggered, be scheduled"):
        clause.use_words(
            "must, should, shall, may, not, no longer, run, fire, start, be, triggered, scheduled, any, more, longer"
        )
        return frozenset(("pause",))
    return frozenset()


_BELONGS = (
    "has to be in, have to be in, must be in, should be in, needs to be in, has to be able, should be able, must be able, needs to be able,"
    " should be allowed, must be allowed, has to be allowed, should be part, must be part, has to be part, should have access, needs access,"
    " must have access, should belong, has to belong, has to be a, must be a member, should be a member"
)
"""Wishes about who belongs where and may do what: asked about, never answered with a look."""


def _vague(clause: Clause, orders: list[Verb], utterances: Utterances, world: World) -> Intent | None:
    """An order about a named object that nothing explains is asked about, not answered with a look at the object."""
    wished = clause.has(_BELONGS) and not clause.question
    if (
        not (orders or wished)
        or not clause.of("name", "pronoun")
        or (orders and clause.low[orders[0].start] in looks())
    ):
        return None
    options = tuple(
        Option(label=utterances.described(item)) for item in utterances.guess(clause, world, most=6) if acts(item.tool)
    )
    question = Question(
        text="What exactly shall I change? Say it with the value that it shall have.", options=options[:3], lost=True
    )
    about = tuple(item.ref for item in objects_of(clause, world)[:1])
    return Intent(goal=Goal.CALLS, text=clause.text, confidence=0.3, about=about, question=question)


def _too_broad(clause: Clause, scope: str, orders: list[Verb]) -> Intent | None:
    dangerous = any(
        verb.families & {"delete", "restart", "stop", "drain", "evict", "scale", "down", "rollback", "pause"}
        for verb in orders
    )
    if not dangerous:
        return None
    question = Question(text=f"That concerns {scope}, which is too wide to guess. Name the objects that you mean.")
    return Intent(goal=Goal.CALLS, text=clause.text, confidence=0.4, question=question)


def _learned_change(clause: Clause, world: World, utterances: Utterances, orders: list[Verb]) -> Intent | None:
    """A change that only the tools' own utterances explain; asked about unless it is very alike."""
    guesses = [item for item in utterances.guess(clause, world) if acts(item.tool)]
    if not guesses or guesses[0].score < READ_THRESHOLD or not orders:
        return None
    best = guesses[0]
    for verb in orders:
        clause.used.update(range(verb.start, verb.end))
    sure = (
        best.score >= WRITE_THRESHOLD
        and len(clause.of("name")) < 2
        and len(clause.of("number")) < 2
        and best.tool.name not in _RULED
        and best.call is not None
        and not doubts.uncertain(clause)
        and best.tool.name not in _ASKED
    )
    if sure and best.call is not None:
        return Intent(goal=Goal.CALLS, text=clause.text, confidence=best.score, calls=(best.call,))
    options = tuple(
        Option(label=utterances.described(item), calls=(item.call,) if item.call else ()) for item in guesses[:3]
    )
    question = Question(
        text="I am not sure what to change. Did you mean one of these? Say it with what is missing.", options=options
    )
    return Intent(goal=Goal.CALLS, text=clause.text, confidence=best.score, question=question)


_RULED = listed(
    "create_resource, apply_manifest, patch_resource, label_resource, annotate_resource, delete_resource, restore_fields, scale_workload, autoscale_workload, expose_workload, run_job_now, set_image, set_env, set_resources, rollout_restart, rollout_undo, rollout_pause, rollout_resume, evict_pod, cordon_node, uncordon_node, drain_node, taint_node, exec_command, copy_from_pod, copy_to_pod, port_forward"
)
"""Changes that rules know: what the rules do not understand of them is asked about."""


_ASKED = listed(
    "restore_fields, exec_command, copy_to_pod, port_forward, create_resource, apply_manifest,"
    " delete_resource, patch_resource"
)
"""Tools that are never run on likeness alone."""
