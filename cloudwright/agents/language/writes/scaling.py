"""How many replicas: set, raised, lowered, doubled, halved."""

from cloudwright.agents.language.calls import label_of, workload_call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.references import SCALABLE, World, fitting
from cloudwright.agents.language.understanding import Named, Question
from cloudwright.agents.language.writes.frame import Change, change_all
from cloudwright.core.tool import ToolCall


def scale(clause: Clause, world: World, families: frozenset[str]) -> Change | None:  # noqa: C901
    """Set, raise, lower, double or halve the number of replicas."""
    if any(item.kind and item.kind.kind not in (*SCALABLE, "Pod", "Namespace") for item in clause.of("kind")):
        return None
    pods = [item for mention in clause.of("name") for item in fitting(clause, mention, world)]
    if pods and all(item.ref.kind in ("Pod", "Node", "CronJob", "DaemonSet") for item in pods):
        return None
    speaks = clause.has("replicas, replica, copies, copy, instances, instance, pods, pod") or "scale" in families
    numbers = [item for item in clause.of("number") if not part_of_name(clause, item.start)]
    doubles = clause.has("double, twice, twice as many") or "double" in families
    halves = clause.has("halve, half, in half") or "halve" in families
    if clause.of("quantity") or clause.has("memory, cpu, limit, request, limits, requests, revision, port"):
        return None
    if "restart" in families and not numbers:
        return None
    bare = bool(numbers) and "set" in families and not clause.of("pair", "image", "text", "path")
    if (
        not speaks
        and not bare
        and not ({"up", "down"} & families and (numbers or not clause.of("pair", "image")))
        and not doubles
        and not halves
    ):
        return None
    if (doubles or halves) and not speaks and not clause.of("name"):
        return Change(question=Question(text="Of what: the replicas, the memory or the CPU? Say it with the object."))
    down = bool({"down"} & families) or clause.has("fewer, less, down") or "delete" in families
    zero = clause.has("zero, nothing, none")
    extra = clause.has("more, additional, another, extra, fewer, less, by, add, remove, fewer")
    if "create" in families and not extra and not numbers:
        return None
    amount = (
        numbers[-1].value
        if numbers
        else 1
        if clause.has(
            "another, a replica, extra, additional, one replica, a pod, a copy, an instance, an additional, an extra,"
            " one more, one fewer, one less"
        )
        else None
    )
    if clause.has("one more, one fewer, one less, one additional, one extra"):
        amount = 1
    between = len(numbers) >= 2 and clause.has("from") and clause.has("to")
    if len(numbers) >= 2 and not between:
        return None

    absolute = any(clause.low[item.start - 1] in ("to", "at", "exactly", "total") for item in numbers if item.start)
    more = clause.has("more, additional, another, extra")

    def make(item: Named) -> ToolCall | Question:
        present = item.replicas if item.replicas is not None else 1
        wanted: int | None
        if clause.has("triple, three times as many"):
            wanted = present * 3
        elif doubles:
            wanted = present * 2
        elif halves and present % 2:
            return Question(
                text=f"{label_of(item)} has {present} replicas, which has no half. To how many?",
                slot="replicas",
                drafts=(workload_call("scale_workload", item),),
            )
        elif halves:
            wanted = present // 2
        elif amount is not None and extra and not absolute:
            wanted = present - amount if down and not more else present + amount
        elif amount is not None:
            wanted = amount
        else:
            wanted = 0 if zero else None
        if item.ref.name == "":
            return ToolCall(
                tool="scale_workload",
                arguments={} if wanted is None else {"replicas": amount if amount is not None else wanted},
            )
        if wanted is None:
            return Question(
                text=f"To how many replicas? {label_of(item)} has {present}.", slot="replicas",
                drafts=(workload_call("scale_workload", item),),
            )  # fmt: skip
        return workload_call("scale_workload", item, replicas=max(0, wanted))

    clause.use(*numbers)
    clause.use_words(
        "replicas, replica, copies, copy, instances, instance, pods, pod, more, fewer, less, additional, another,"
        " extra, zero, half, double, twice, number, count, up, down, out, back, one, nothing, size, total,"
        " replica count, many, as, times, running"
    )
    return change_all(clause, world, SCALABLE, "scale", make)


def part_of_name(clause: Clause, start: int) -> bool:
    mention = clause.at(start)
    return mention is not None and mention.what == "name"
