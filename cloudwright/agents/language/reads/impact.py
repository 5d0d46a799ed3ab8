"""What would happen if something were drained or deleted."""

from cloudwright.agents.language.calls import call, label_of, located
from cloudwright.agents.language.clause import Clause
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
