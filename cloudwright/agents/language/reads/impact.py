"""What would happen if something were drained or deleted."""

import re

from cloudwright.agents.language.calls import call, label_of, located
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.moods import interrogative
from cloudwright.agents.language.reads.frame import Read
from cloudwright.agents.language.reads.relations import grouped
from cloudwright.agents.language.references import World, objects_of
from cloudwright.agents.language.understanding import Named, Relation

_EDITS = "edit, edited, change, changed, modify, modified, update, updated, rotate, rotated, rename, renamed, touch, touched, alter, replace, replaced, reload"


def _users(item: Named, world: World) -> Read | None:
    """What uses a thing that would be edited."""
    found = world.index.links.pointing_at(item, Relation.USES)
    return grouped(item, found, world) if found else None


def impact(clause: Clause, world: World) -> Read | None:
    """What would happen if something were drained or deleted."""
    objects = objects_of(clause, world)
    if not objects:
        return None
    item = objects[0]
    if item.ref.kind == "Node":
        return Read((call("drain_impact", name=item.ref.name),), (item.ref,), 0.95)
    if clause.has(_EDITS) and (users := _users(item, world)) is not None:
        return users
    some = objects[:3]
    names = ", ".join(label_of(one) for one in some)
    calls = tuple(call("delete_impact", **located(one)) for one in some)
    return Read(
        calls,
        tuple(one.ref for one in some),
        0.9,
        say=f"That is what taking {names} away would mean; nothing was done.",
    )


_LEAVING = re.compile(
    r"\b(?:would|will|must|should|have to|has to|had to|need to|needs to|going to|gonna|can|could|may)\b.{0,25}?"
    r"\b(?:leave|leaves|moved? (?:away|off|elsewhere|somewhere else|over|out)|move|moved|evicted|displaced|relocated?|go (?:away|elsewhere|somewhere else)"
    r"|rescheduled|kicked (?:off|out)|thrown (?:off|out)|find (?:a )?(?:new|another) (?:home|node)|lose (?:its|their) (?:home|node|place)|affected)\b"
)


def leaving(clause: Clause, world: World) -> Read | None:
    """What would have to leave a node that is named or was spoken of: "which pods would have to move", "who gets evicted"."""
    asks = clause.question or interrogative(clause)
    if (
        not asks
        or clause.low[:1] in (("can",), ("could",), ("will",), ("would",))
        or not _LEAVING.search(" ".join(clause.low))
    ):
        return None
    if not clause.has("pods, pod, workloads, what, who, anything, everything, things, stuff, which"):
        return None
    nodes = [item for item in objects_of(clause, world) if item.ref.kind == "Node"]
    if not nodes and not clause.of("name"):
        nodes = [item for ref in world.memory.objects[:1] if ref.kind == "Node" and (item := world.named(ref))]
    calls = tuple(call("drain_impact", name=item.ref.name) for item in nodes)
    return Read(calls, tuple(item.ref for item in nodes), 0.95) if nodes else None
