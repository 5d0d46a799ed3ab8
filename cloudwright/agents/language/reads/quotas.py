"""What a namespace may still start: quotas and what is used of them."""

from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.frame import Read
from cloudwright.agents.language.references import World, namespace_for, objects_of

_ROOM = (
    "left, remaining, still, more, fit, fits, room, headroom, free, spare, used, usage, full, use, uses, consumed, exhausted, bites, bite,"
    " before, until, available, allowed, may, can, hit, hits, reach, reached, close, much, share"
)
_SPOKEN = "quota, quotas, resource quota, resource quotas"


def quotas(clause: Clause, world: World) -> Read | None:
    """Limits and use of the quotas of a place: "how much quota is left in x", "how many pods fit into the quota of x"."""
    kind = world.kind("ResourceQuota")
    named = [item for mention in clause.of("name") for item in mention.objects if item.ref.kind == "ResourceQuota"]
    room = clause.has(
        "more pods, another pod, one more pod, one more replica, another replica, room for, more replicas, more claims, more pvcs"
    ) and clause.of("namespace")
    asked = clause.has("can, could, may, is there, how many") and not clause.has("please, you")
    if not (named or clause.has(_SPOKEN) or (room and asked)) or not clause.has(_ROOM):
        return None
    counted = clause.has("how many quotas, number of quotas, how many resource quotas, how many resourcequotas")
    if kind is None or counted or clause.has("without, no quota, without a quota, lack, lacks"):
        return None
    named = named or [item for item in objects_of(clause, world) if item.ref.kind == "ResourceQuota"]
    place = named[0].ref.namespace if named else namespace_for(clause, kind, world)
    names = " or ".join(f"name = {item.ref.name}" for item in named)
    return Read(
        (call("list_resources", kind=kind.plural, namespace=place, where=names, columns=["used", "hard", "left"]),),
        tuple(item.ref for item in named),
        0.95,
    )
