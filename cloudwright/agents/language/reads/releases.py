"""What was changed lately, where nothing is named: "which deployments got a new image today", "did anything change since noon"."""

import re

from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.frame import Read
from cloudwright.agents.language.references import EVERYWHERE, ROLLING, World, namespace_in

_RELEASED = re.compile(
    r"\b(?:new (?:images?|versions?|releases?|tags?)|deployed|roll(?:ed|s|ing)? ?outs?|released?|releases|upgraded|shipped|went live)\b"
)
_CHANGED = re.compile(r"\b(?:chang\w+|edit(?:ed|s)?|updated?|modif\w+|touched|altered)\b")
_LATELY = "today, yesterday, recently, lately, this morning, this afternoon, this week, tonight, since noon, since midnight, since lunch"
_WRITTEN = ("metadata.managedFields[*].manager", "metadata.managedFields[*].time")
_DAYS = (("yesterday", "2d"), ("this week", "7d"), ("recently", "3d"), ("lately", "3d"))


def releases(clause: Clause, world: World) -> Read | None:
    """New releases by the ReplicaSets that they made, edits of other kinds by their managed fields, beside the events."""
    said = " ".join(clause.low)
    released = _RELEASED.search(said) is not None
    since = _since(clause)
    if clause.of("name", "pronoun") or not since or not (released or _CHANGED.search(said)):
        return None
    place = namespace_in(clause) or EVERYWHERE
    kinds = [
        item.kind
        for item in clause.of("kind")
        if item.kind is not None and item.kind.kind not in ("Namespace", "Event")
    ]
    made = call(
        "list_resources",
        kind="replicasets",
        namespace=place,
        where=f"age < {since}",
        columns=["owner", "image", "age"],
        sort="age",
    )
    if released or clause.of("workload") or any(kind.kind in ROLLING for kind in kinds):
        return Read((made,), (), 0.9)
    if kinds:
        edits = (
            call("list_resources", kind=kind.plural, namespace=place if kind.namespaced else "", columns=[*_WRITTEN])
            for kind in kinds[:2]
        )
        return Read(tuple(edits), (), 0.9)
    return Read(
        (made, call("list_events", namespace=place, since=since if since[-1] != "d" else f"{24 * int(since[:-1])}h")),
        (),
        0.9,
    )


def _since(clause: Clause) -> str:
    """How far back is asked, as a duration; "" where nothing lately is."""
    durations = clause.of("duration")
    if durations:
        return durations[0].text
    if clause.of("time"):
        return "1d"
    return next((text for word, text in _DAYS if clause.has(word)), "1d") if clause.has(_LATELY) else ""
