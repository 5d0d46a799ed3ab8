"""What would happen if something were drained or deleted."""

from cloudwright.agents.language.calls import call, located
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.frame import Read
from cloudwright.agents.language.references import World, objects_of


def impact(clause: Clause, world: World) -> Read | None:
    """What would happen if something were drained or deleted."""
    objects = objects_of(clause, world)
    if not objects:
        return None
    item = objects[0]
    if item.ref.kind == "Node":
        return Read((call("drain_impact", name=item.ref.name),), (item.ref,), 0.95)
    return Read(
        tuple(call("delete_impact", **located(one)) for one in objects[:3]), tuple(one.ref for one in objects[:3]), 0.9
    )
