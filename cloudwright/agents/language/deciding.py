"""What one clause wants: a change, a look, a diagnosis, a decision."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

from cloudwright.agents.language import moods
from cloudwright.agents.language.asides import unexplained
from cloudwright.agents.language.background import without
from cloudwright.agents.language.calls import said
from cloudwright.agents.language.changes import READ_THRESHOLD, ordered_change
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.complaints import advice, diagnosis
from cloudwright.agents.language.following import Repeated, again, corrected, narrowed, told
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.moods import looks_only
from cloudwright.agents.language.programs import look_inside
from cloudwright.agents.language.reads import read_of
from cloudwright.agents.language.reads.asking import (
    asks_bounds,
    described,
    inquires,
    nominal,
    only_fields,
    reported_wish,
)
from cloudwright.agents.language.reads.entries import entries, kept_in
from cloudwright.agents.language.reads.frame import Read
from cloudwright.agents.language.reads.impact import impact, leaving
from cloudwright.agents.language.reads.rights import rights
from cloudwright.agents.language.reads.rollouts import comparing
from cloudwright.agents.language.references import World
from cloudwright.agents.language.understanding import Goal, Intent, Option, Question
from cloudwright.agents.language.utterances import Guess, Utterances, acts
from cloudwright.agents.language.verbs import verbs
from cloudwright.core.catalog import Catalog
from cloudwright.core.errors import CloudwrightError
from cloudwright.core.tool import Effect, ToolCall


@dataclass(frozen=True)
class _Asked:
    """One clause with all that deciding needs."""

    clause: Clause
    world: World
    utterances: Utterances
    catalog: Catalog


def intent_of(clause: Clause, world: World, utterances: Utterances, catalog: Catalog) -> Intent:
    """What a clause wants: the first decider that understands it wins."""
    asked = _Asked(clause, world, utterances, catalog)
    for decide in _DECIDERS:
        if decide is _special_read:  # what follows only looks
            asked = replace(asked, clause=unexplained(clause))
        found = decide(asked)
        if found is not None:
            return found
    guesses = utterances.guess(clause, world)
    return Intent(
        goal=Goal.UNKNOWN,
        text=clause.text,
        confidence=guesses[0].score if guesses else 0.0,
        closest=tuple(Option(label=utterances.described(guess)) for guess in guesses),
    )


def _supposed(asked: _Asked) -> Intent | None:
    """What would happen if."""
    supposed = moods.hypothetical(asked.clause) and comparing(asked.clause, asked.world) is None
    found = impact(asked.clause, asked.world) if supposed else None
    return _looked(asked.clause, found) if found is not None else None


def _instructed(asked: _Asked) -> Intent | None:
    """How is it done, and can you do it at all: explained, not done."""
    if moods.how_to(asked.clause) or moods.capability(asked.clause):
        return _explained(asked.clause, asked.utterances, asked.world)
    return None


def _advised(asked: _Asked) -> Intent | None:
    return advice(asked.clause, asked.world) if moods.opinion(asked.clause) else None


def _again(asked: _Asked) -> Intent | None:
    repeated = corrected(asked.clause, asked.world) or again(asked.clause, asked.world)
    return _repeated(asked.clause, repeated, asked.catalog) if repeated is not None else None


def correction(clause: Clause, world: World, catalog: Catalog) -> Intent | None:
    """The last change with another value, where a whole request says nothing else: "no sorry, 20"."""
    revised = corrected(clause, world)
    return _repeated(clause, revised, catalog) if revised is not None else None


def _ordered(asked: _Asked) -> Intent | None:
    clause = asked.clause
    if moods.interrogative(clause) or moods.hypothetical(clause) or looks_only(clause):
        return None
    if nominal(clause) or described(clause) or inquires(clause) or reported_wish(clause):
        return None
    if look_inside(clause, asked.world) is not None or asks_bounds(clause) or only_fields(clause):
        return None
    return ordered_change(clause, asked.world, asked.utterances, asked.catalog)


def _pointed_out(asked: _Asked) -> Intent | None:
    """Where somebody says that the answer is, and what would have to leave a node: never orders."""
    for frame in (kept_in, leaving):
        found = frame(asked.clause, asked.world)
        if found is not None:
            return _looked(asked.clause, found)
    return None


def _special_read(asked: _Asked) -> Intent | None:
    """Programs that only look, questions of rights, questions about what was listed last."""
    for frame in (look_inside, rights, told, narrowed, entries):
        found = frame(asked.clause, asked.world)
        if found is not None:
            return _looked(asked.clause, found)
    return None


def _complained(asked: _Asked) -> Intent | None:
    if nominal(asked.clause, least=2):
        return None
    return diagnosis(asked.clause, asked.world)


def _read(asked: _Asked) -> Intent | None:
    """A reading frame, or the tool whose own words fit better."""
    found = _read_everywhere(asked.clause, asked.world)
    guesses = asked.utterances.guess(asked.clause, asked.world)
    if found is not None and not _better(guesses, found):
        return _looked(asked.clause, found)
    for guess in guesses:
        if guess.call is not None and not acts(guess.tool) and guess.score >= READ_THRESHOLD:
            score = min(1.0, guess.score)
            return Intent(goal=Goal.CALLS, text=asked.clause.text, confidence=score, calls=(guess.call,))
    return _looked(asked.clause, found) if found is not None else None


_COMPARING = "compare, between, difference, differences, differ, diff, versus, vs, than, same, from"


def _read_everywhere(clause: Clause, world: World) -> Read | None:
    """A list of things in several places ("cronjobs in blue and green") is a list for each of them."""
    places = clause.of("namespace")
    joined = all(
        set(clause.low[one.end : other.start]) <= {"and", ",", "in", "&", "or"} for one, other in pairwise(places)
    )
    if len({item.text for item in places}) < 2 or not joined or clause.of("name", "pronoun") or clause.has(_COMPARING):
        return read_of(clause, world)
    tokens = {mention: set(range(mention.start, mention.end)) for mention in places}
    joints = {index for one, other in pairwise(places) for index in range(one.end, other.start)}
    found = [
        read_of(without(clause, joints.union(*(tokens[other] for other in places if other is not mention))), world)
        for mention in places
    ]
    reads = [item for item in found if item is not None]
    if len(reads) != len(places) or not all(call.tool == "list_resources" for item in reads for call in item.calls):
        return read_of(clause, world)
    calls = tuple(dict.fromkeys(call.model_dump_json() for item in reads for call in item.calls))
    about = tuple(dict.fromkeys(ref for item in reads for ref in item.about))
    return Read(tuple(ToolCall.model_validate_json(call) for call in calls), about, reads[0].confidence, reads[0].say)


_DECIDERS: tuple[Callable[[_Asked], Intent | None], ...] = (
    _pointed_out, _supposed, _instructed, _advised, _again, _ordered, _special_read, _complained, _read,
)  # fmt: skip
"""Tried in order."""


def _looked(clause: Clause, found: Read) -> Intent:
    spaces = {str(call.arguments.get("namespace", "")) for call in found.calls}
    if len(spaces) > 1 and len(clause.of("name")) == 1 and all(call.tool == "get_logs" for call in found.calls):
        options = tuple(
            Option(label=str(ref), calls=(call,), about=(ref,))
            for ref, call in zip(found.about, found.calls, strict=False)
        )
        question = Question(text=f"Whose logs: {'; '.join(item.label for item in options)}?", options=options)
        return Intent(goal=Goal.CALLS, text=clause.text, confidence=0.5, question=question)
    return Intent(
        goal=Goal.CALLS if found.calls else Goal.EXPLAIN,
        text=clause.text,
        confidence=found.confidence,
        calls=found.calls,
        about=found.about,
        say=found.say,
    )


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


def _repeated(clause: Clause, found: Repeated, catalog: Catalog) -> Intent:
    """The last calls again; changes among them are asked about unless they were ordered in words."""
    writes = any(_effect(call, catalog) is not Effect.READ for call in found.calls)
    if writes and (not found.explicit or clause.question or len(found.calls) > _MOST_REPEATED):
        option = Option(label="; ".join(said(item) for item in found.calls), calls=found.calls, about=found.about)
        question = Question(text=f"Shall I do this as well: {option.label}?", options=(option,))
        return Intent(goal=Goal.CALLS, text=clause.text, confidence=0.5, about=found.about, question=question)
    return Intent(goal=Goal.CALLS, text=clause.text, confidence=0.9, calls=found.calls, about=found.about)


_MOST_REPEATED = 4


def _effect(call: ToolCall, catalog: Catalog) -> Effect:
    try:
        return catalog.get(call.tool).effect
    except CloudwrightError:
        return Effect.DESTRUCTIVE


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
