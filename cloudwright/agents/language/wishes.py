"""Changes that a clause names by a noun or by the wanted state: "one more replica", "x should have 3", "cpu of x => 2"."""

from cloudwright.agents.language import lexicon
from cloudwright.agents.language.aspects import spoken
from cloudwright.agents.language.assigned import COUNTED, assigned, timed, variables_of
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import phrases
from cloudwright.agents.language.switches import turns
from cloudwright.agents.language.text import ARROWS, VARIABLE
from cloudwright.agents.language.verbs import opening

_NOUNS: tuple[tuple[str, frozenset[str]], ...] = (
    ("one more, another replica, another pod, another copy, another instance, additional replica, extra replica, more replicas,"
     " more pods, more replica, more copies, more instances, more copy, more instance, more pod, extra pod, extra copy",
     frozenset(("up", "scale"))),
    ("one less, one fewer, fewer replicas, fewer pods, less replicas", frozenset(("down", "scale"))),
    ("the usual restart, another restart, a quick restart, a clean restart, a kick, a nudge, a restart, a bounce, a reboot, a rolling restart, rollout restart, a fresh start", frozenset(("restart",))),
    ("back into rotation, back in rotation, back into scheduling, back in scheduling, back into service", frozenset(("uncordon",))),
    ("can come down, can go down, could go down, may go down, may come down, can drop, may drop", frozenset(("set", "down"))),
    ("can go up, may go up, could go up, can rise, may rise", frozenset(("set", "up"))),
    ("nothing gets scheduled, nothing is scheduled, nothing more gets scheduled, nothing more is scheduled, nothing else gets scheduled,"
     " no pods get scheduled, no pod gets scheduled, nothing new gets scheduled, nothing lands on, nothing new lands on, nothing runs on",
     frozenset(("cordon",))),
    ("nothing new, no new pods, no new workloads, no new work, nothing else goes, nothing more goes", frozenset(("cordon",))),
    ("can run again, may run again, can continue, may continue, can go on, may go on", frozenset(("resume",))),
    ("it more, them more, needs more, need more", frozenset(("up", "wished"))),
    ("previous one back, previous version back, previous release back, old one back, old version back, previous one again, last one back,"
     " the one before back, earlier one back", frozenset(("rollback",))),
    ("rid of", frozenset(("delete",))),
    ("out of service, out of rotation", frozenset(("cordon",))),
    ("may take pods, can take pods, may take workloads, can take workloads, may be used again, can be used again, usable again, back in use,"
     " may have pods, can have pods, pods may run, pods can run, pods may go, pods may land, pods may be scheduled, pods can be scheduled, pods may be placed, pods can be placed", frozenset(("uncordon",))),
    ("more memory, more ram, more cpu, more resources, bigger limit, higher limit, more headroom", frozenset(("up", "wished"))),
    ("less memory, less ram, less cpu, lower limit, smaller limit", frozenset(("down", "wished"))),
    ("a rollback, rollback, a roll back, to the previous version, to the last version, to the previous release, to the previous revision,"
     " back to the old version, to the prior version, to the earlier version, to its previous version, to the version before", frozenset(("rollback",))),
    ("twice as many, twice the", frozenset(("double", "scale"))),
    ("half as many, half the", frozenset(("halve", "scale"))),
)  # fmt: skip
_BOUNDED = "limit, limits, request, requests, cpu, cores, max, min, maximum, minimum"
_WISHES = (
    "should, must, ought to, needs, need, has to, have to, want, wants, would like, would love, could use, could do with, can do with,"
    " shall, deserves, requires, wish, wished, had better, is supposed to, are supposed to, needed, wanted,"
    " see to it that, make sure, ensure, take care that"
)
_NEEDED = "i need, we need, i want, we want, i would like, we would like, need a, need an"
_HAS_NONE = "has no, have no, had no, got no, are no, is no, were no, was no"
"""Before such a noun it is told, not ordered."""
_MAY = "may, can, shall, gets"
_NO_VALUES = frozenset(
    (
        "in",
        "on",
        "there",
        "here",
        "able",
        "allowed",
        "part",
        "a",
        "an",
        "enough",
        "fine",
        "ok",
        "running",
        "ready",
        "up",
        "working",
        "gone",
        "empty",
    )
)
"""Behind "should be" these are no values."""
_ENOUGH = "would be better, would be good, would be nice, would be great, would be enough, would suffice, would do, will do, is plenty, is enough, are enough, are plenty"
_FILLED = "be, have, run, get, use, become, move to, go to, go up, go down, with, at, on, to"
"""Small verbs after a wish; the value says what is wanted."""


def implied(clause: Clause) -> frozenset[str]:
    """Families of verbs that a clause means without a verb of its own."""
    found: set[str] = set()
    start = opening(clause)
    if clause.has(_NEEDED) and clause.has("called, named") and clause.of("kind"):
        found.add("create")
    found |= _switched(clause)
    if turns(clause):
        found.add("set")
    if _goes(clause):
        found.add("delete")
    if clause.low[start : start + 1] == ("schedule",) and timed(clause) is not None:
        found.add("set")
    for words, families in _NOUNS:
        if clause.has(words) and not clause.has(_HAS_NONE) and ("wished" not in families or clause.has(_WISHES)):
            clause.use_words(words)
            found |= families - {"wished"}
    return frozenset(found | _compared(clause) | _stated(clause) | assigned(clause))


def _becomes(clause: Clause) -> bool:
    """ "x should be y": with a value, not with a place or a state."""
    starts = [(at, len(phrase)) for phrase in phrases(lexicon.BECOMES) if (at := clause.find(" ".join(phrase))) >= 0]
    return any(not set(clause.low[at + size : at + size + 1]) & _NO_VALUES for at, size in starts)


def _own_field(clause: Clause) -> bool:
    """Whether a setting of what is named is spoken of."""
    keys = {key for mention in clause.of("name") for item in mention.objects for key in item.settings}
    return any(clause.find(words) >= 0 for key in keys for words in spoken(key) if len(words) > 2)


def _switched(clause: Clause) -> set[str]:
    """ "x on again", "y off": nothing else is said."""
    words = [token.low for index, token in enumerate(clause.tokens) if clause.at(index) is None and not token.mark]
    plain = [word for word in words if word not in ("again", "please", "back", "now", "the", "for", "in")]
    if clause.question or not clause.of("name"):
        return set()
    return {"resume"} if plain == ["on"] else {"stop"} if plain == ["off"] else set()


def _goes(clause: Clause) -> bool:
    """ "x can go": with nothing behind it."""
    words = [
        token.low
        for token in clause.tokens
        if not token.mark and token.low not in ("now", "too", "please", "then", "away")
    ]
    return words[-1:] == ["go"] and words[-2:-1] in (["can"], ["may"], ["must"], ["should"], ["to"], ["could"])


def _compared(clause: Clause) -> set[str]:
    """ "two more of x", "3 fewer"."""
    following = {
        word
        for number in clause.of("number")
        for at in (number.end, number.end + 1)
        for word in clause.low[at : at + 1]
        if at == number.end or clause.low[number.end] in COUNTED
    }
    found: set[str] = set()
    if following & {"more", "additional", "extra"}:
        found |= {"up", "scale"}
    if following & {"fewer", "less"}:
        found |= {"down", "scale"}
    return found


def _stated(clause: Clause) -> set[str]:
    """The wanted state: "x should have 3 replicas", "the image should be y", "we need 5 brokers", "memory of x => 1Gi"."""
    asked_for = clause.low[:1] and clause.low[0] in ("can", "could", "would") and clause.has("please, kindly")
    if not (asked_for or clause.has(_WISHES, _ENOUGH, _MAY) or any(token.raw in ARROWS for token in clause.tokens)):
        return set()
    clause.use_words(_WISHES, _FILLED)
    found: set[str] = set()
    if (
        _becomes(clause)
        or timed(clause) is not None
        or clause.has("schedule, cron")
        or clause.of("image", "quantity", "pair")
        or any(VARIABLE.fullmatch(token.raw) or token.raw in variables_of(clause) for token in clause.tokens)
    ):
        found.add("set")
    if clause.has(_MAY) and clause.of("number") and _own_field(clause):
        found.add("set")
    if clause.has(_ENOUGH) and clause.of("number"):
        clause.use_words(_ENOUGH)
        found |= {"set", "scale"}
    counted = COUNTED & set(clause.low) or any(
        (beside := clause.at(number.end)) is not None and beside.what == "name" for number in clause.of("number")
    )
    if clause.of("number") and counted:
        found |= {"set", "scale"}
    elif clause.of("number") and clause.has(_BOUNDED):
        found.add("set")
    return found
