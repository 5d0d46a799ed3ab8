"""Nodes as places: which one is the fullest, what is free on them, and in which zones the pods of a thing are."""

from cloudwright.agents.language import aspects
from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.frame import MOST_OBJECTS, Read, columns_of, on
from cloudwright.agents.language.references import EVERYWHERE, World, placed, selector_text

_FULL = (
    "fullest, full, emptiest, empty, most room, least room, room, most free, least free, free, spare, headroom, most space, least space, crowded,"
    " most crowded, packed, most packed, left, tightest, how full, most loaded, fits, fit, squeeze"
)


def room(clause: Clause, world: World) -> Read | None:
    """ "which node is the fullest", "how much is free on the nodes": what is requested of each, and how many pods are there."""
    kinds = {item.kind.kind for item in clause.of("kind") if item.kind is not None}
    if kinds != {"Node"} or not clause.has(_FULL) or clause.of("name", "pronoun", "pair"):
        return None
    nodes = [item for item in world.index.vocabulary.objects if item.ref.kind == "Node"]
    spread = call("list_resources", kind="pods", namespace=EVERYWHERE, group_by=["node"])
    told = on("describe_resource", nodes).calls if len(nodes) <= MOST_OBJECTS else (call("top_nodes"),)
    return Read((spread, *told), (), 0.9)


def zones(clause: Clause, world: World) -> Read | None:
    """ "do the pods of x run in the same zone": where its pods are, and the zones of the nodes; or the zones of named nodes."""
    word = next((word for word in ("zone", "region") if clause.has(f"{word}, {word}s, availability {word}s")), "")
    if not word or not clause.of("name"):
        return None
    column = dict(aspects.own_fields_of("Node"))[word]
    named = [item for mention in clause.of("name") for item in placed(mention.objects, clause, world)]
    nodes = [item for item in named if item.ref.kind == "Node"]
    makers = [item for item in named if item.pod_labels and not item.owner][:MOST_OBJECTS]
    about = tuple(item.ref for item in (*nodes, *makers)[:MOST_OBJECTS])
    if nodes and not makers:
        return Read(tuple(columns_of(item, [column]) for item in nodes[:MOST_OBJECTS]), about, 0.95)
    pods = tuple(
        call("list_resources", kind="pods", namespace=item.ref.namespace, columns=["node", "status"],
             labels=selector_text(dict(item.selector or item.pod_labels)))
        for item in makers
    )  # fmt: skip
    return Read((*pods, call("list_resources", kind="nodes", columns=[column])), about, 0.95) if pods else None
