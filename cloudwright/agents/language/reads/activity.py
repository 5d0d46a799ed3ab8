"""What happened, and what is used now: events, CPU and memory."""

import re

from pydantic import JsonValue

from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.arranging import superlative
from cloudwright.agents.language.reads.frame import Read, on
from cloudwright.agents.language.references import EVERYWHERE, World, namespace_in, objects_of, selector_text


def events(clause: Clause, world: World) -> Read | None:  # noqa: C901
    """What happened."""
    if not clause.has(
        "events, event, what happened, happened to, happened in, warnings, warning events, has happened, happened,"
        " going on in, been happening"
    ):
        return None
    if clause.has("logs, log"):
        return None
    arguments: dict[str, JsonValue] = {}
    if clause.has("warning, warnings"):
        arguments["type"] = "Warning"
    elif clause.has("normal events"):
        arguments["type"] = "Normal"
    durations = clause.of("duration")
    if durations:
        arguments["since"] = durations[0].text
    elif clause.has("today"):
        arguments["since"] = "24h"
    elif clause.has("yesterday"):
        arguments["since"] = "48h"
    reason = next((token.raw for token in clause.tokens if re.fullmatch(r"(?:[A-Z][a-z]+){2,}", token.raw)), "")
    if reason and not clause.of("name"):
        arguments["reason"] = reason
    if clause.of("name", "pronoun", "ordinal"):
        objects = objects_of(clause, world)
        if objects:
            return on("list_events", objects, 0.95, **arguments)
    place = namespace_in(clause)
    if not place:
        home = world.home()
        lives = any(item.ref.namespace == home and item.ref.kind == "Pod" for item in world.index.vocabulary.objects)
        place = home if lives else EVERYWHERE
    numbers = clause.of("number")
    if numbers and {"last", "latest", "recent", "newest"} & set(clause.low):
        arguments["limit"] = numbers[0].value
    return Read((call("list_events", namespace=place, **arguments),), (), 0.9)


_USAGE = (
    "usage, using, use, uses, consuming, consume, consumes, consumption, eating, eats, burning, burns, top,"
    " hungry, hungriest, utilization, utilisation, hog, hogs, hogging, load, taking up, drawing"
)


def usage(clause: Clause, world: World) -> Read | None:
    """CPU and memory in use now."""
    resource = "memory" if clause.has("memory, mem, ram") else "cpu" if clause.has("cpu, processor, cores") else ""
    wants = clause.has(_USAGE)
    if not (resource and (wants or superlative(clause))) and not clause.has(
        "resource usage, top pods, top nodes, resource consumption"
    ):
        return None
    if clause.has("limit, limits, request, requests, requested, may, allowed"):
        return None
    sort = resource or "cpu"
    kinds = [item.kind.kind for item in clause.of("kind") if item.kind]
    nodes = [item for item in objects_of(clause, world) if item.ref.kind == "Node"] if clause.of("name") else []
    if ("Node" in kinds and "Pod" not in kinds) or nodes:
        return Read((call("top_nodes", sort=sort),), tuple(item.ref for item in nodes))
    place = namespace_in(clause)
    workloads = (
        objects_of(clause, world, ("Deployment", "StatefulSet", "DaemonSet", "Pod"))
        if clause.of("name", "pronoun")
        else []
    )
    if workloads:
        item = workloads[0]
        labels = selector_text(dict(item.selector or item.labels))
        return Read((call("top_pods", namespace=item.ref.namespace, labels=labels, sort=sort),), (item.ref,))
    if not place:
        place = (
            world.home()
            if any(x.ref.kind == "Pod" and x.ref.namespace == world.home() for x in world.index.vocabulary.objects)
            else EVERYWHERE
        )
    return Read((call("top_pods", namespace=place, sort=sort),))
