"""What is on the node that was spoken of: "what is running there"."""

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.frame import Read
from cloudwright.agents.language.reads.relations import asked_kinds, pods_on
from cloudwright.agents.language.references import World

_THERE = "there, on there, on it, on that, on this, on that node, on this node, on that machine, on that one"


def there(clause: Clause, world: World) -> Read | None:
    """The pods of the node in focus, where what is "there" is asked: "what is running there", "which pods are there"."""
    focus = world.named(world.memory.objects[0]) if world.memory.objects else None
    if focus is None or focus.ref.kind != "Node" or clause.of("name", "namespace") or not clause.has(_THERE):
        return None
    kinds = asked_kinds(clause, [focus])
    asked = (not kinds or kinds[0].word.kind == "Pod") and clause.has(_PRESENT) and clause.has(_ASKED)
    return pods_on(clause, [focus], world) if asked else None


_ASKED = "what, which, anything, everything, list, show, who"
_PRESENT = "runs, run, running, is there, lives, live, sits, sit, scheduled, are there, still, hosted, pods, deployed"
