"""How many replicas: set, raised, lowered, multiplied."""

from dataclasses import dataclass

from cloudwright.agents.language.assigned import COUNTED
from cloudwright.agents.language.calls import label_of, workload_call
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.comparing import contrary
from cloudwright.agents.language.references import SCALABLE, World, fitting, in_focus
from cloudwright.agents.language.understanding import Named, Option, Question
from cloudwright.agents.language.writes.frame import Change, change_all
from cloudwright.core.tool import ToolCall

_COUNTED = f"{', '.join(sorted(COUNTED))}, another one, one more, one less, one fewer"
_OTHERWISE = "memory, mem, ram, cpu, limit, request, limits, requests, revision, port, version, image, tag"
_MORE = "more, additional, another, extra"
_LESS = "fewer, less, off, away"
_ONE = (
    "another, a replica, extra, additional, one replica, a pod, a copy, an instance, an additional, an extra, one more, one fewer,"
    " one less, a single, just one, only one, single pod, single replica"
)
SINGLE = "a single, single replica, single pod, single instance, one replica, one pod, just one, only one"
_MANY, _LEAP = 50, 10
"""More replicas than this, and so many times as many as now, are asked about."""
_FACTORS = (
    (2.0, "double", "double, twice, twice as many, two times as many"),
    (3.0, "triple", "triple, three times as many, thrice"),
    (4.0, "quadruple", "quadruple, four times as many"),
    (0.5, "halve", "halve, half, in half"),
)
_EXPLAINED = (
    "come back, comes back, come back up, will do, replicas, replica, copies, copy, instances, instance, pods, pod, more, fewer, less, additional, another, extra, zero, half,"
    " double, twice, number, count, up, down, out, back, one, nothing, size, total, replica count, many, as, times, running, single,"
    " how many, both, all three, plenty, enough, suffices, better, nice, would, suffice, off, from, at, on, with, have, just, only, two times, three times, four times, thrice, scale, x, each, apiece, total, members,"
    " member, workers, brokers, so we have, so there are, of them, in all, overall"
)


@dataclass(frozen=True)
class _Amount:
    """What the number of replicas becomes: `value`, or that many more (fewer, if negative), or that many times as many."""

    value: int | None = None
    more: int = 0
    times: float = 0.0

    def of(self, present: int) -> int | None:
        """The number from the present one; None where it is unknown or no whole number."""
        if self.times:
            return int(present * self.times) if (present * self.times).is_integer() else None
        return max(0, present + self.more) if self.more else self.value


def scale(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Set, raise, lower, multiply or halve the number of replicas."""
    numbers = [item for item in clause.of("number") if not part_of_name(clause, item.start)]
    if not _about_replicas(clause, world) or not _wants_scaling(clause, world, families, numbers):
        return None
    if clause.has("add it, add that, add them, add this"):
        return None
    several = len(numbers) >= 2 and not (clause.has("from") and clause.has("to"))
    if several or ("create" in families and "up" not in families and not numbers and not clause.has(_MORE)):
        return None
    if _one_of_many(clause, families):
        return Change(
            question=Question(text="Shall one of the pods be deleted (say which; a new one comes), or shall fewer run?")
        )
    amount = _amount(clause, families, numbers)
    counted = clause.has(_COUNTED) or any("spec.replicas" in str(one.arguments) for one in world.memory.last_calls)
    if amount.times and not counted and not clause.of("name"):
        return Change(question=Question(text="Of what: the replicas, the memory or the CPU? Say it with the object."))

    def make(item: Named) -> ToolCall | Question:
        if item.ref.name == "":
            return ToolCall(tool="scale_workload", arguments={} if amount.value is None else {"replicas": amount.value})
        present = item.replicas if item.replicas is not None else 1
        wanted = amount.of(present)
        if wanted is not None and (odd := _odd(families, item, present, wanted)):
            made = workload_call("scale_workload", item, replicas=wanted)
            option = Option(label=f"scale it to {wanted}", calls=(made,), about=(item.ref,))
            return Question(text=odd, options=(option,))
        if wanted is not None:
            return workload_call("scale_workload", item, replicas=wanted)
        half = f"{label_of(item)} has {present} replicas, which has no half. To how many?"
        text = half if amount.times else f"To how many replicas? {label_of(item)} has {present}."
        return Question(text=text, slot="replicas", drafts=(workload_call("scale_workload", item),))

    clause.use(*numbers)
    clause.use_words(_EXPLAINED)
    return change_all(clause, world, SCALABLE, "scale", make)


def _odd(families: frozenset[str], item: Named, present: int, wanted: int) -> str:
    """What is asked where a number goes the other way than the verb, or far beyond what there is; "" where nothing is odd."""
    if way := contrary(families, present, wanted):
        return f"{wanted} is {way} than the {present} replicas that {label_of(item)} has. Shall I set it all the same?"
    if wanted > _MANY and wanted > _LEAP * max(1, present):
        return f"{wanted} replicas, where {label_of(item)} has {present}: is that meant?"
    return ""


def _one_of_many(clause: Clause, families: frozenset[str]) -> bool:
    """ "kill one pod of x" may mean a pod that is made anew, or one replica less."""
    killing = clause.has("kill, nuke, zap, terminate, destroy, delete")
    return "delete" in families and killing and clause.has("pod, pods") and bool(clause.of("name"))


def _about_replicas(clause: Clause, world: World) -> bool:
    """Whether what is named can have replicas, and nothing else of it is spoken of."""
    if any(item.kind and item.kind.kind not in (*SCALABLE, "Pod", "Namespace") for item in clause.of("kind")):
        return False
    named = [item for mention in clause.of("name") for item in fitting(clause, mention, world)]
    if named and all(item.ref.kind not in SCALABLE for item in named):
        return False
    return not clause.of("quantity", "pair", "image", "text", "path") and not clause.has(_OTHERWISE)


def _wants_scaling(clause: Clause, world: World, families: frozenset[str], numbers: list[Mention]) -> bool:
    if "restart" in families and not numbers:
        return False
    if families & {"scale", "double", "halve"} or any(clause.has(words) for _, _, words in _FACTORS):
        return True
    if families & {"up", "down"} and (numbers or not clause.of("pair", "image")):
        return True
    counted = clause.has(_COUNTED)
    aimed = bool(clause.of("name", "pronoun")) or bool(in_focus(clause, world, SCALABLE))
    if families & {"set", "add", "delete", "trigger", "create", "resume", "stop"} and numbers:
        return counted or (("set" in families or "add" in families or "resume" in families) and aimed)
    return counted and bool(families & {"set", "add", "create", "delete", "up", "down", "resume"}) and clause.has(_ONE)


def _amount(clause: Clause, families: frozenset[str], numbers: list[Mention]) -> _Amount:
    for factor, family, words in _FACTORS:
        if clause.has(words) or family in families:
            return _Amount(times=factor)
    percents = clause.of("percent")
    if percents and clause.has(_MORE, _LESS, "by"):
        clause.use(*percents)
        down = bool(families & {"down", "delete"}) or clause.has(_LESS, "down")
        return _Amount(times=1 + (-1 if down else 1) * percents[-1].value / 100)
    value = numbers[-1].value if numbers else 1 if clause.has(_ONE) else None
    if clause.has("one more, one fewer, one less, one additional, one extra"):
        value = 1
    absolute = any(clause.low[item.start - 1] in ("to", "at", "exactly", "total") for item in numbers if item.start)
    if clause.has("add") or families & {"add", "delete"}:
        absolute = False
    if value == 0 or "stop" in families:
        absolute = True
    single = clause.has("a single, just one, only one, single pod, single replica")
    relative = clause.has(_MORE, _LESS, "by, add, remove") or bool(families & {"add", "delete"})
    if value is not None and relative and not absolute and not single:
        fewer = bool(families & {"down", "delete"}) or clause.has(_LESS, "down")
        return _Amount(more=-value if fewer and not clause.has(_MORE) else value)
    if value is None and clause.has("zero, nothing, none"):
        value = 0
    return _Amount(value=value)


def part_of_name(clause: Clause, start: int) -> bool:
    """Whether a token belongs to an object's name."""
    mention = clause.at(start)
    return mention is not None and mention.what == "name"
