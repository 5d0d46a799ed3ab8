"""What one clause wants: a change, a look, a diagnosis, a decision."""

from cloudwright.agents.language import moods
from cloudwright.agents.language.calls import said
from cloudwright.agents.language.changes import READ_THRESHOLD, ordered_change
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.complaints import advice, diagnosis
from cloudwright.agents.language.following import again
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.moods import looks_only
from cloudwright.agents.language.programs import look_inside
from cloudwright.agents.language.reads import read_of
from cloudwright.agents.language.reads.frame import Read
from cloudwright.agents.language.reads.impact import impact
from cloudwright.agents.language.reads.rights import rights
from cloudwright.agents.language.references import World
from cloudwright.agents.language.understanding import Goal, Intent, Option, Question
from cloudwright.agents.language.utterances import Guess, Utterances, acts
from cloudwright.agents.language.verbs import verbs
from cloudwright.core.catalog import Catalog
from cloudwright.core.errors import CloudwrightError
from cloudwright.core.tool import Effect, ToolCall


def intent_of(clause: Clause, world: World, utterances: Utterances, catalog: Catalog) -> Intent:  # noqa: C901
    """What a clause wants."""
    text = clause.text
    if moods.hypothetical(clause):
        found = impact(clause, world)
        if found is not None:
            return _looked(clause, found)
    if moods.how_to(clause):
        return _explained(clause, utterances, world)
    asked = moods.interrogative(clause) or moods.hypothetical(clause)
    if moods.opinion(clause):
        return advice(clause, world)
    repeated = again(clause, world)
    if repeated is not None:
        return _repeated(clause, repeated, catalog)
    if not asked and not looks_only(clause) and look_inside(clause, world) is None:
        changed = ordered_change(clause, world, utterances, catalog)
        if changed is not None:
            return changed
    inside = look_inside(clause, world)
    if inside is not None:
        return _looked(clause, inside)
    known = rights(clause, world)
    if known is not None:
        return _looked(clause, known)
    complaint = diagnosis(clause, world)
    if complaint is not None:
        return complaint
    found = read_of(clause, world)
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


def _closest(guesses: list[Guess], utterances: Utterances) -> tuple[Option, ...]:
    return tuple(Option(label=utterances.described(guess)) for guess in guesses)


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
