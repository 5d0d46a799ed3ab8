"""Who may open connections to a workload."""

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.frame import Read
from cloudwright.agents.language.reads.relations import by_names
from cloudwright.agents.language.references import World, objects_of, placed

_REACHING = (
    "connect, connecting to, talking to, speaking to, calling, reaching, connections to, talks to, connects to, speaks to, calls, talk to, connect to, speak to, reach, access, call, get to, open a connection to, send traffic to, let in, let into, let through, allowed into, allowed to, get through,"
    " come in, come into, get in, get into, allowed in, admitted, open to, open for"
)


def policed(clause: Clause, world: World) -> Read | None:
    """Who may open connections to a workload: the network policies that select its pods."""
    if not clause.has(_REACHING) or not clause.has("who, what, which, can, may, allowed") or not clause.of("name"):
        return None
    named = objects_of(clause, world) or [  # "the mailer pods": of what makes them
        item for mention in clause.of("name") for item in placed(mention.objects, clause, world) if item.pod_labels
    ]
    for item in named[-1:]:
        found = world.index.links.related(item, "NetworkPolicy") if item.pod_labels or item.ref.kind == "Pod" else []
        found += [
            other
            for other in world.index.vocabulary.objects
            if other.ref.kind == "NetworkPolicy"
            and other.ref.namespace == item.ref.namespace
            and not other.selector
            and other not in found
        ]
        kind = world.kind("NetworkPolicy")
        if found and kind is not None:
            return Read((by_names(kind, found, item.ref.namespace),), (item.ref,))
    return None
