"""What happened, and what is used now: events, CPU and memory."""

import re
from collections.abc import Sequence
from dataclasses import replace

from pydantic import JsonValue

from cloudwright.agents.language.calls import call, located
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.arranging import superlative
from cloudwright.agents.language.reads.frame import Read, columns_of, on
from cloudwright.agents.language.references import (
    EVERYWHERE,
    ROLLING,
    World,
    namespace_in,
    objects_of,
    placed,
    selector_text,
)
from cloudwright.agents.language.understanding import Named

_HAPPENED = (
    "events, event, what happened, happened to, happened in, warnings, warning events, has happened, happened, going on in,"
    " been happening, scheduler say, scheduler says, kubelet say, kubelet says, controller say, autoscaler say, scheduler complain, scheduler complaining"
)
_DONE = re.compile(
    r"\b(?:was|were|has|have|did|who|what)\b.{0,30}\b(?:deleted?|changed?|scaled?|created?|updated?|modified|removed?|edited|touched)\b"
    r".{0,60}\b(?:recently|lately|today|yesterday|since|last|ago|just|past)\b"
)
"""Whether something was done lately: the server's events are what is known of it."""


_BY_WHOM = re.compile(
    r"\b(?:who|when|by whom|which (?:tool|manager|client|user))\b.{0,40}\b(?:changed?|edit(?:ed)?|modif(?:y|ied)|touch(?:ed)?|update[ds]?|appl(?:y|ied)"
    r"|configured?|created?|made|wrote|written|deployed|installed|scaled|restarted|cordoned|drained|paused|suspended|tainted|labell?ed)\b|\b(?:did|has|have) (?:some|any)(?:one|body)\b.{0,15}\b(?:chang|edit|modif|touch|update|appl|deploy|scale|meddle|play)\w*\b|\blast (?:change[ds]?|edit(?:ed)?|modified|modification|touched|updated?)\b"
)


def changed(clause: Clause, world: World) -> Read | None:
    """Who wrote a named object, and when: the managers of its fields, and its events."""
    if not clause.of("name", "pronoun") or not _BY_WHOM.search(" ".join(clause.low)) or clause.has("may, can, allowed"):
        return None
    objects = objects_of(clause, world)[:_FEW]
    if not objects:
        return None
    written = [
        columns_of(
            item, ["created", *(f"metadata.managedFields[*].{part}" for part in ("manager", "operation", "time"))]
        )
        for item in objects
    ]
    happened = [call("list_events", **located(item)) for item in objects]
    history = [call("rollout_history", **located(item)) for item in objects if item.ref.kind in ROLLING]
    return Read((*written, *history, *happened), tuple(item.ref for item in objects), 0.95)


_FEW = 3


def events(clause: Clause, world: World) -> Read | None:
    """What happened."""
    if clause.has("logs, log") or not (clause.has(_HAPPENED) or _DONE.search(" ".join(clause.low))):
        return None
    arguments = _narrowed(clause)
    objects = objects_of(clause, world) if clause.of("name", "pronoun", "ordinal") else []
    if not objects and clause.of("name"):  # "the events of the mailer pods": of what makes them
        named = [item for mention in clause.of("name") for item in placed(mention.objects, clause, world)]
        objects = [item for item in named if item.pod_labels]
    if clause.has(_OFTEN) and not objects:
        place = namespace_in(clause) or _populated(world)
        return Read((call("list_resources", kind="events", namespace=place, sort="-count", limit=20),), (), 0.9)
    numbers = clause.of("number")
    if numbers and {"last", "latest", "recent", "newest"} & set(clause.low):
        arguments["limit"] = numbers[0].value
    if objects:
        arguments.pop("reason", None)
        read = on("list_events", objects, 0.95, **arguments)
        made = [] if "limit" in arguments else _ailing(objects, world)
        return replace(read, calls=(*read.calls, *on("list_events", made, 0.95, **arguments).calls))
    return Read((call("list_events", namespace=namespace_in(clause) or _populated(world), **arguments),), (), 0.9)


_OFTEN = "by count, most frequent, most often, most common, frequent, noisiest, by frequency, by how often, highest count, how often"


def _ailing(objects: Sequence[Named], world: World) -> list[Named]:
    """What a thing made, as far as it is not ready: its own events are about them."""
    if len(objects) != 1 or objects[0].ref.kind not in _MAKING:
        return []
    jobs = world.index.links.related(objects[0], "Job") if objects[0].ref.kind == "CronJob" else []
    made = [*jobs, *(pod for item in (*jobs, *objects) for pod in world.index.links.related(item, "Pod"))]
    return [item for item in made if not {"ready", "succeeded", "complete"} & set(item.states)][:_FEW]


_MAKING = (*ROLLING, "CronJob", "Job", "ReplicaSet")


def _narrowed(clause: Clause) -> dict[str, JsonValue]:
    """The type, the time and the reason of the events that are asked for."""
    arguments: dict[str, JsonValue] = {}
    if clause.has("warning, warnings"):
        arguments["type"] = "Warning"
    elif clause.has("normal events"):
        arguments["type"] = "Normal"
    durations = clause.of("duration")
    if durations:
        arguments["since"] = durations[0].text
    elif clause.has("today, yesterday"):
        arguments["since"] = "24h" if clause.has("today") else "48h"
    reason = next((token.raw for token in clause.tokens if re.fullmatch(r"(?:[A-Z][a-z]+){2,}", token.raw)), "")
    return arguments | ({"reason": reason} if reason else {})


def _populated(world: World) -> str:
    """The home namespace if pods live there, else everywhere."""
    home = world.home()
    lives = any(item.ref.kind == "Pod" and item.ref.namespace == home for item in world.index.vocabulary.objects)
    return home if lives else EVERYWHERE


_USAGE = (
    "usage, using, use, uses, consuming, consume, consumes, consumption, eating, eats, burning, burns, top,"
    " hungry, hungriest, utilization, utilisation, hog, hogs, hogging, load, taking up, drawing"
)


def usage(clause: Clause, world: World) -> Read | None:
    """CPU and memory in use now."""
    resource = "memory" if clause.has("memory, mem, ram") else "cpu" if clause.has("cpu, processor, cores") else ""
    wants = clause.has(_USAGE)
    if not (resource and (wants or superlative(clause))) and not clause.has(
        "resource usage, top pods, top nodes, resource consumption, busiest, hungriest, most loaded"
    ):
        return None
    if clause.has("limit, limits, request, requests, requested, may, allowed, kill, killed, kills, oom, oomkilled"):
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
        place = _populated(world)
    return Read((call("top_pods", namespace=place, sort=sort),))
