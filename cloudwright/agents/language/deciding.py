"""What one clause wants: a change, a look, a diagnosis, a decision; and what has to be asked before a change."""

from cloudwright.agents.language import (
    changing,
    editing,
    following,
    guarding,
    lexicon,
    making,
    reading,
    rights,
    running,
)
from cloudwright.agents.language.changing import Change
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.objects import World, namespace_in, objects_of, pointed
from cloudwright.agents.language.reading import Read
from cloudwright.agents.language.understanding import Goal, Intent, Memory, Option, Question
from cloudwright.agents.language.utterances import Guess, Utterances, acts
from cloudwright.agents.language.verbs import Verb, looks, opening, ordered, verbs
from cloudwright.core.catalog import Catalog
from cloudwright.core.errors import CloudwrightError
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import Effect, ToolCall

READ_THRESHOLD = 0.45
"""How alike a tool's utterance must be before a read is run on it; below, the closest are offered."""
WRITE_THRESHOLD = 0.72
"""The same for a change that no rule understands."""

_CHANGES = (running.execute, editing.autoscaler, *making.FRAMES, *editing.FRAMES[1:], *changing.FRAMES)
FILLERS = frozenset(lexicon.FILLERS.split())

_GREETINGS = listed(
    "hi, hello, hey, good morning, good evening, good afternoon, hello there, hey there, hi there, morning, yo"
)
_THANKS = listed(
    "thanks, thank you, cheers, thanks a lot, thank you very much, great thanks, ok thanks, perfect thanks,"
    " many thanks, great, perfect, nice, cool, awesome, ok, okay, thanks that is all, good job, well done"
)
_SELF = listed(
    "help, what can you do, who are you, what do you do, what are you, what can i ask, what can i ask you,"
    " how can you help, how can you help me, what can you help with, what can you help me with,"
    " what else can you do, what are you able to do"
)
_UNDO = frozenset(["undo", "revert"])
_WANTS = frozenset(
    (*lexicon.ASKING.split(), *looks(), *(word for text in lexicon.ACTIONS.values() for word in text.split(", ")))
)
_YES = listed(
    "yes, approve, approved, approve it, go ahead, yes go ahead, yes please, do it, yes do it, y, yes approve,"
    " i approve, please go ahead, approve that, yes approve it, looks good go ahead, confirm, confirmed,"
    " proceed, please proceed, ok go ahead, ok do it, ship it, execute it, apply it, lgtm, yep go ahead,"
    " sure go ahead, approve the change, yes i approve"
)
_NO = listed(
    "no, deny, denied, reject, do not, don't, deny it, reject it, no thanks, cancel, cancel it, stop, abort,"
    " no do not, do not do it, nope, no cancel, drop it, forget it, never mind, no thank you, discard it,"
    " deny that, decline"
)
_FIX = listed("fix, repair, solve, remedy, resolve, heal, cure, rectify, sort")


def special(clause: Clause, memory: Memory) -> Intent | None:
    """Decisions on what waits, undo, fix, greetings."""
    words = " ".join(token.low for token in clause.tokens if not token.mark and not token.quoted)
    text = clause.text
    if words in _YES and memory.pending:
        return Intent(goal=Goal.APPROVE, text=text, confidence=1)
    if words in _NO:
        if memory.pending:
            return Intent(goal=Goal.DENY, text=text, confidence=1)
        return Intent(goal=Goal.CHATTER, text=text, confidence=1, say="Nothing is changed.")
    if words in _YES and words not in _THANKS:
        return Intent(goal=Goal.CHATTER, text=text, confidence=1, say="Nothing waits for a decision.")
    if words in _GREETINGS:
        return Intent(goal=Goal.CHATTER, text=text, confidence=1)
    if words in _THANKS or (words.startswith(("thanks ", "thank you")) and not set(words.split()) & _WANTS):
        return Intent(goal=Goal.CHATTER, text=text, confidence=1, say="You are welcome.")
    if words in _SELF:
        return Intent(goal=Goal.EXPLAIN_SELF, text=text, confidence=1)
    if _undoes(clause, memory):
        return Intent(goal=Goal.UNDO, text=text, confidence=1)
    return None


_UNDO_REST = listed(
    "undo, revert, that, it, this, please, the, last, change, my, your, previous, back, take, put, change,"
    " changes, just, made, you, did, what, i, can, could, now, reverse, roll, to, how, was, were, as, before,"
    " of, what's, again, thing, we, did, for, me, kindly, restore, most, recent, latest, action, things, them,"
    " both, same"
)


def _undoes(clause: Clause, memory: Memory) -> bool:
    """ "undo that", "take that back", "put it back to how it was": all words speak of undoing, and no object is named."""
    if clause.of("name", "kind", "namespace", "number", "image") or (
        guarding.interrogative(clause) and not clause.has("can you, could you")
    ):
        return False
    words = [token.low for token in clause.tokens if not token.mark]
    undoing = bool(_UNDO & set(words)) or clause.has(
        "take that back, take it back, put it back, put that back, reverse that, reverse it, back to how it was,"
        " as it was, roll that back, reverse the last, back the way it was, restore what was"
    )
    if not undoing or not all(word in _UNDO_REST or word in FILLERS for word in words):
        return False
    return bool(memory.changes) or "undo" in words or clause.has("last change, previous change, that back")


def intent_of(clause: Clause, world: World, utterances: Utterances, catalog: Catalog) -> Intent:  # noqa: C901
    """What a clause wants."""
    text = clause.text
    if guarding.hypothetical(clause):
        found = following.impact(clause, world)
        if found is not None:
            return _looked(clause, found)
    if guarding.how_to(clause):
        return _explained(clause, utterances, world)
    asked = guarding.interrogative(clause) or guarding.hypothetical(clause)
    advice = guarding.opinion(clause)
    if advice:
        return _advice(clause, world)
    repeated = following.again(clause, world)
    if repeated is not None:
        return _repeated(clause, repeated, catalog)
    if not asked and not _looks_only(clause) and running.look_inside(clause, world) is None:
        changed = _change(clause, world, utterances, catalog)
        if changed is not None:
            return changed
    inside = running.look_inside(clause, world)
    if inside is not None:
        return _looked(clause, inside)
    known = rights.rights(clause, world)
    if known is not None:
        return _looked(clause, known)
    diagnosis = _diagnosis(clause, world)
    if diagnosis is not None:
        return diagnosis
    found = reading.read_of(clause, world)
    guesses = utterances.guess(clause, world)
    if found is not None and not _better(guesses, found):
        return _looked(clause, found)
    best = next(
        (item for item in guesses if item.call is not None and not acts(item.tool) and item.score >= READ_THRESHOLD),
        None,
    )
    if best is not None and best.call is not None:
        return Intent(goal=Goal.CALLS, text=text, confidence=min(1.0, best.score), calls=(best.call,))
    if found is not None:
        return _looked(clause, found)
    return Intent(
        goal=Goal.UNKNOWN,
        text=text,
        confidence=guesses[0].score if guesses else 0.0,
        closest=_closest(guesses, utterances),
    )


def _looked(clause: Clause, found: Read) -> Intent:
    spaces = {str(call.arguments.get("namespace", "")) for call in found.calls}
    if len(spaces) > 1 and len(clause.of("name")) == 1 and all(call.tool == "get_logs" for call in found.calls):
        options = tuple(
            Option(label=str(ref), calls=(call,), about=(ref,))
            for ref, call in zip(found.about, found.calls, strict=False)
        )
        question = Question(text=f"Whose logs: {'; '.join(item.label for item in options)}?", options=options)
        return Intent(goal=Goal.CALLS, text=clause.text, confidence=0.5, question=question)
    return Intent(goal=Goal.CALLS, text=clause.text, confidence=found.confidence, calls=found.calls, about=found.about)


_KNOWN_TOOLS = listed(
    "list_resources, get_resource, describe_resource, list_events, get_logs, top_pods, top_nodes,"
    " explain_field, api_resources, can_i, who_can, what_can, rollout_status, rollout_history, owners,"
    " compare_resources, wait_for_condition, cluster_info, query_result, drain_impact, delete_impact,"
    " prometheus_query, prometheus_range, prometheus_series, prometheus_labels, prometheus_metadata,"
    " prometheus_alerts, prometheus_rules, prometheus_targets, exec_read_only"
)
"""Reads that rules know; another tool is preferred to them where its own words fit well."""


def _better(guesses: list[Guess], found: Read) -> bool:
    best = guesses[0] if guesses else None
    return (
        best is not None
        and best.tool.name not in _KNOWN_TOOLS
        and not acts(best.tool)
        and best.score > 0.75
        and best.call is not None
    )


def _closest(guesses: list[Guess], utterances: Utterances) -> tuple[Option, ...]:
    return tuple(Option(label=utterances.described(guess)) for guess in guesses)


def _looks_only(clause: Clause) -> bool:
    """Whether the clause begins with a word that only looks."""
    start = opening(clause)
    if start >= len(clause.low):
        return True
    word = clause.low[start]
    first = [verb for verb in verbs(clause) if verb.start == start]
    if word == "rollout" and clause.low[start + 1 : start + 2] in (("history",), ("status",)):
        return True
    if word == "give" and clause.low[start + 1 : start + 2] in (("me",), ("us",)) and not clause.of("number"):
        return True
    return (
        word in looks()
        and not (
            first
            and word
            in ("give", "bring", "get", "run", "top", "pull", "draw", "follow", "name", "help", "report", "present")
        )
    ) or word in ("logs", "log", "events", "top")


def _change(clause: Clause, world: World, utterances: Utterances, catalog: Catalog) -> Intent | None:
    """A change, if the clause orders one."""
    if guarding.reported(clause):
        return None
    orders = ordered(clause)
    families = frozenset(family for verb in orders for family in verb.families) | _implied(clause)
    if not families:
        return None
    if guarding.negative(clause, orders):
        return Intent(
            goal=Goal.CHATTER,
            text=clause.text,
            confidence=0.9,
            say="Understood: that is left as it is, nothing is changed.",
        )
    if _FIX & {clause.low[verb.start] for verb in orders[:1]} and (fixed := _fixes(clause, world)) is not None:
        return fixed
    if (
        "rollback" in families
        and not clause.of("name")
        and world.memory.changes
        and not clause.has("rollout, revision, version, release")
    ):
        return Intent(goal=Goal.UNDO, text=clause.text, confidence=0.95)
    scope = guarding.broad(clause, world)
    change = _first(clause, world, families)
    if change is None and not scope and (vague := _vague(clause, orders, utterances, world)) is not None:
        return _learned_change(clause, world, utterances, orders) or vague
    if change is None:
        return _learned_change(clause, world, utterances, orders) if not scope else _too_broad(clause, scope, orders)
    for verb in orders:
        clause.used.update(range(verb.start, verb.end))
    return _guarded(clause, world, change, scope, catalog, families)


def _vague(clause: Clause, orders: list[Verb], utterances: Utterances, world: World) -> Intent | None:
    """An order about a named object that nothing explains is asked about, not answered with a look at the object."""
    if not orders or not clause.of("name", "pronoun") or clause.low[orders[0].start] in looks():
        return None
    options = tuple(
        Option(label=utterances.described(item)) for item in utterances.guess(clause, world, most=6) if acts(item.tool)
    )
    question = Question(
        text="What exactly shall I change? Say it with the value that it shall have.", options=options[:3]
    )
    return Intent(goal=Goal.CALLS, text=clause.text, confidence=0.3, question=question)


def _first(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    for frame in _CHANGES:
        used = set(clause.used)
        change = frame(clause, world, families)
        if change is not None:
            return change
        clause.used = used
    return None


def _implied(clause: Clause) -> frozenset[str]:
    """Actions named by a noun: "one more replica for x", "x needs a restart", "a rollback of x"."""
    found: set[str] = set()
    if clause.has(
        "one more, another replica, another pod, another copy, another instance, additional replica,"
        " extra replica, more replicas, more pods, more replica, more copies, more instances, more copy,"
        " more instance, more pod, extra pod, extra copy"
    ):
        found |= {"up", "scale"}
    if clause.has("one less, one fewer, fewer replicas, fewer pods, less replicas"):
        found |= {"down", "scale"}
    if clause.has("a restart, a bounce, a reboot, a rolling restart"):
        found.add("restart")
    if clause.has("a rollback, rollback, a roll back"):
        found.add("rollback")
    if clause.has("twice as many, twice the"):
        found |= {"double", "scale"}
    if clause.has("half as many, half the"):
        found |= {"halve", "scale"}
    found |= _amounts(clause)
    return frozenset(found)


_COUNTED = listed("replicas, replica, pods, pod, copies, copy, instances, instance")
_WISHES = (
    "should be, must be, needs to be, need to be, has to be, have to be, should have, should run, must have,"
    " must run, ought to be, should get, needs, need, want, would like, should use, must use, needs to run,"
    " needs to have, should become, shall be, shall have, should move to, should go to, should go up,"
    " should go down"
)


def _amounts(clause: Clause) -> set[str]:
    """Wishes that name the wanted state: "x should have 3 replicas", "two more of x", "the image should be y"."""
    low = clause.low
    found: set[str] = set()
    for number in clause.of("number"):
        following = low[number.end : number.end + 1]
        if following and following[0] in ("more", "additional", "extra"):
            found |= {"up", "scale"}
        elif following and following[0] in ("fewer", "less"):
            found |= {"down", "scale"}
    if not clause.has(_WISHES):
        return found
    if clause.of("image", "quantity", "pair"):
        found.add("set")
    if clause.of("number") and _COUNTED & set(low):
        found |= {"set", "scale"}
    elif clause.of("number") and clause.has("limit, limits, request, requests, cpu, cores, max, min, maximum, minimum"):
        found.add("set")
    return found


def _fixes(clause: Clause, world: World) -> Intent | None:
    if clause.of("number", "image", "quantity", "pair"):
        return None
    about = tuple(item.ref for item in objects_of(clause, world)) or tuple(pointed(clause, world))
    if not about and not clause.of("pronoun") and not clause.has("everything, all"):
        place = namespace_in(clause)
        about = (ObjectRef(kind="Namespace", name=place, api_version="v1"),) if place and place != "*" else ()
    return Intent(goal=Goal.FIX, text=clause.text, confidence=0.9, about=about)


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
        and not guarding.uncertain(clause)
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


_RULED = frozenset(
    """create_resource apply_manifest patch_resource label_resource annotate_resource delete_resource restore_fields
    scale_workload autoscale_workload expose_workload run_job_now set_image set_env set_resources rollout_restart
    rollout_undo rollout_pause rollout_resume evict_pod cordon_node uncordon_node drain_node taint_node exec_command
    copy_from_pod copy_to_pod port_forward""".split()  # noqa: SIM905
)
"""Changes that rules know: what the rules do not understand of them is asked about."""
_ASKED = listed(
    "restore_fields, exec_command, copy_to_pod, port_forward, create_resource, apply_manifest,"
    " delete_resource, patch_resource"
)
"""Tools that are never run on likeness alone."""


def _guarded(
    clause: Clause, world: World, change: Change, scope: str, catalog: Catalog, families: frozenset[str]
) -> Intent:
    """A change, unless something in the clause could change its meaning: then it is asked about."""
    text = clause.text
    if change.question is not None:
        return Intent(goal=Goal.CALLS, text=text, confidence=0.5, about=change.about, question=change.question)
    word = guarding.uncertain(clause)
    _use_kinds(clause, change, families)
    doubt = ""
    if scope:
        doubt = f"That concerns {scope}"
    elif len({item.text for item in clause.of("namespace")}) > 1:
        doubt = "You named several namespaces"
    elif misspelt := next((item for item in clause.of("namespace") if item.near), None):
        doubt = f"There is no namespace {clause.low[misspelt.start]!r}; I took it for {misspelt.text}"
    elif word:
        doubt = f"You said {word!r}, and I only make changes now and as a whole"
    else:
        rest = [
            item
            for item in clause.unused(FILLERS)
            if item.lower() not in world.index.namespaces and item.lower() not in _harmless()
        ]
        if rest:
            doubt = f"I do not know what {' '.join(rest)!r} means here"
    if (
        clause.question
        and not doubt
        and not clause.has("can you, could you, would you, will you, please, can we, would you mind, could we")
    ):
        doubt = "You asked rather than told me"
    if not doubt:
        return Intent(goal=Goal.CALLS, text=text, confidence=change.confidence, calls=change.calls, about=change.about)
    plain = "; ".join(said(item) for item in change.calls)
    option = Option(label=plain, calls=change.calls, about=change.about)
    question = Question(text=f"{doubt}. Shall I do exactly this: {plain}?", options=(option,))
    return Intent(goal=Goal.CALLS, text=text, confidence=0.5, about=change.about, question=question)


def _use_kinds(clause: Clause, change: Change, families: frozenset[str]) -> None:
    """Kind words that agree with what is changed are explained by it; a word for another kind stays unexplained."""
    kinds = {ref.kind for ref in change.about}
    made = bool(families & {"create", "add", "trigger", "expose", "autoscale"}) or not change.about
    for mention in clause.of("kind"):
        if mention.kind is not None and (mention.kind.kind in kinds or made or mention.kind.kind in _CARRIERS):
            clause.use(mention)
    clause.use(*clause.of("workload"))


_CARRIERS = frozenset(("Namespace", "Pod", "Deployment"))
"""Kinds whose words people use loosely for what is changed: "the pods of x", "undo the deployment of x"."""


_REASONS = listed(
    "failed, failing, broken, stuck, crashing, crashed, oom, killed, oomkilled, typo, wrong, old, unused,"
    " stale, obsolete, slow, overloaded, struggling, busy, too, small, low, high, starving, needed, longer,"
    " anymore, bad, finished, completed, dead, traffic, load, spike, peak, ran, running, out, keeps, getting,"
    " hot, tight, because, since, as, due, memory, cpu, more, customers, sale, weekend, campaign, wrongly,"
    " mistyped, misspelt, misspelled, correct, proper, rather, again, somewhat, bit, little, few"
)
"""Words that say why, or what state something is in; they do not change what is asked for."""


def _harmless() -> frozenset[str]:
    return _REASONS | {"namespace", "ns", "app", "workload", "cluster", "container"}


def said(call: ToolCall) -> str:
    """A call in a few words."""
    parts = [
        f"{name} {value}" for name, value in call.arguments.items() if name != "manifest" and value not in ("", None)
    ]
    return f"{call.tool.replace('_', ' ')}: {', '.join(parts)}"


def _repeated(
    clause: Clause, found: "tuple[tuple[ToolCall, ...], tuple[object, ...], bool]", catalog: Catalog
) -> Intent:
    calls, items, explicit = found
    about = tuple(item.ref for item in items if hasattr(item, "ref"))
    writes = any(_effect(call, catalog) is not Effect.READ for call in calls)
    if writes and (not explicit or clause.question or len(calls) > 4):
        option = Option(label="; ".join(said(item) for item in calls), calls=calls, about=about)
        question = Question(text=f"Shall I do this as well: {option.label}?", options=(option,))
        return Intent(goal=Goal.CALLS, text=clause.text, confidence=0.5, about=about, question=question)
    return Intent(goal=Goal.CALLS, text=clause.text, confidence=0.9, calls=calls, about=about)


def _effect(call: ToolCall, catalog: Catalog) -> Effect:
    try:
        return catalog.get(call.tool).effect
    except CloudwrightError:
        return Effect.DESTRUCTIVE


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


def _diagnosis(clause: Clause, world: World) -> Intent | None:
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


def _advice(clause: Clause, world: World) -> Intent:
    """Advice is given by looking at the thing."""
    objects = [item.ref for item in objects_of(clause, world)][:3]
    return Intent(goal=Goal.DIAGNOSE, text=clause.text, confidence=0.7, about=tuple(objects))


def _explained(clause: Clause, utterances: Utterances, world: World) -> Intent:
    guesses = utterances.guess(clause, world, most=8)
    doing = bool(verbs(clause))
    best = next((item for item in guesses if acts(item.tool) == doing), guesses[0] if guesses else None)
    if best is None or best.score < 0.2:
        return Intent(goal=Goal.EXPLAIN_SELF, text=clause.text, confidence=0.6)
    shown = "; ".join(f'"{item}"' for item in utterances.examples(best.tool)[:3])
    note = (
        " I preview it and wait for your approval before anything is changed; nothing was done now."
        if acts(best.tool)
        else ""
    )
    return Intent(
        goal=Goal.EXPLAIN,
        text=clause.text,
        confidence=best.score,
        say=f"{best.tool.description} Say for example {shown}.{note}",
    )
