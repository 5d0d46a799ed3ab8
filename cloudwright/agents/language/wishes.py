"""Changes that a clause names by a noun or by the wanted state: "one more replica", "x should have 3"."""

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed


def implied(clause: Clause) -> frozenset[str]:
    """Actions named by a noun: "one more replica for x", "x needs a restart", "a rollback of x"."""
    found: set[str] = set()
    if clause.has(
        "one more, another replica, another pod, another copy, another instance, additional replica,"
        " extra replica, more replicas, more pods, more replica, more copies, more instances, more copy,"
        " more instance, more pod, extra pod, extra copy"
    ):
        found |= {"up", "scale"}
    if clause.has("one less, one fewer, fewer replicas, fewer pods, less replicas"):
        found |= {"down", "scale"}
    if clause.has("a restart, a bounce, a reboot, a rolling restart"):
        found.add("restart")
    if clause.has("a rollback, rollback, a roll back"):
        found.add("rollback")
    if clause.has("twice as many, twice the"):
        found |= {"double", "scale"}
    if clause.has("half as many, half the"):
        found |= {"halve", "scale"}
    found |= _amounts(clause)
    return frozenset(found)


_COUNTED = listed("replicas, replica, pods, pod, copies, copy, instances, instance")


_WISHES = (
    "should be, must be, needs to be, need to be, has to be, have to be, should have, should run, must have,"
    " must run, ought to be, should get, needs, need, want, would like, should use, must use, needs to run,"
    " needs to have, should become, shall be, shall have, should move to, should go to, should go up,"
    " should go down"
)


def _amounts(clause: Clause) -> set[str]:
    """Wishes that name the wanted state: "x should have 3 replicas", "two more of x", "the image should be y"."""
    low = clause.low
    found: set[str] = set()
    for number in clause.of("number"):
        following = low[number.end : number.end + 1]
        if following and following[0] in ("more", "additional", "extra"):
            found |= {"up", "scale"}
        elif following and following[0] in ("fewer", "less"):
            found |= {"down", "scale"}
    if not clause.has(_WISHES):
        return found
    if clause.of("image", "quantity", "pair"):
        found.add("set")
    if clause.of("number") and _COUNTED & set(low):
        found |= {"set", "scale"}
    elif clause.of("number") and clause.has("limit, limits, request, requests, cpu, cores, max, min, maximum, minimum"):
        found.add("set")
    return found
