"""Requests and limits of a container."""

import re
from dataclasses import dataclass

from pydantic import JsonValue

from cloudwright.agents.language.calls import label_of, said, workload_call
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.comparing import contrary, difference
from cloudwright.agents.language.references import TEMPLATED, World
from cloudwright.agents.language.understanding import Named, Option, Question
from cloudwright.agents.language.writes.environment import container_of, which_container
from cloudwright.agents.language.writes.frame import Change, change_all
from cloudwright.agents.language.writes.settings import SETTING
from cloudwright.core.tool import ToolCall
from cloudwright.tools.kubernetes import values

_OTHERWISE = "history, backoff, grace, quota, pvc, claim, disk, storage, hpa, autoscaler, autoscale, utilization, target, percent"
_EXPLAINED = (
    "one, one of, memory, mem, ram, cpu, limit, limits, request, requests, resources, cores, core, cpus, its, of, more, less, double, half, twice,"
    " both, at least, at most, least, gets, get, come, go, goes, can, may, could, drop, some, need, use, resource, container, each, up, down, max, maximum, cap, much, as, off, by, additional, extra, another, bigger, smaller"
)


def resources(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Requests and limits of a container."""
    cpu = clause.has("cpu, cores, core, cpus")
    amounts = [item for item in clause.of("quantity") if cpu or not re.fullmatch(r"[\d.]+", item.text)]
    numbers = clause.of("number")
    speaks = cpu or clause.has("memory, mem, ram, limit, limits, request, requests, resources")
    if clause.has(_OTHERWISE) or clause.of("percent") or _claims(clause):
        return None
    if not families & (SETTING | {"rollback"}) or not (amounts or (speaks and _sized(clause, families, numbers))):
        return None
    group = _group(clause, world)
    wanted = _Wanted(
        _amounts(clause, amounts, numbers, cpu, group, both=group == ""),
        group or "limits",
        "cpu" if cpu else "memory",
        0.0 if amounts else _factor(clause, families),
        difference(clause, amounts[-1], families) if amounts else 0,
    )
    clause.use(*amounts, *(_cores(clause, numbers) if amounts else numbers if speaks else ()))
    clause.use_words(_EXPLAINED)

    def make(item: Named) -> ToolCall | Question:
        container = container_of(clause, item, [])
        chosen = container if isinstance(container, str) else ""
        new = wanted.of(item, chosen)
        if new is None:
            drafts = (workload_call("set_resources", item, container=chosen),)
            return Question(text=f"How much for {label_of(item)}?", slot=wanted.group, drafts=drafts)
        if isinstance(container, Question):
            return which_container(item, lambda name: workload_call("set_resources", item, container=name, **new))
        odd = _odd(item, chosen, new, families)
        made = workload_call("set_resources", item, container=container, **new)
        if not odd:
            return made
        return Question(text=odd, options=(Option(label=f"{said(made)}", calls=(made,), about=(item.ref,)),))

    return change_all(clause, world, TEMPLATED, "set the resources of", make)


def _claims(clause: Clause) -> bool:
    """Whether only claims are named: they have a size, no limits."""
    named = [item for mention in clause.of("name") for item in mention.objects]
    return bool(named) and all(item.ref.kind in ("PersistentVolumeClaim", "PersistentVolume") for item in named)


@dataclass(frozen=True)
class _Wanted:
    """New amounts, or what is made of the present ones."""

    amounts: dict[str, JsonValue] | None
    group: str
    name: str
    factor: float
    difference: int

    def of(self, item: Named, container: str) -> dict[str, JsonValue] | None:
        """The arguments of the call; None where the amount has to be asked for."""
        if self.factor:
            return _multiplied(item, container, self.group, self.name, self.factor)
        return _added(item, container, self.amounts, self.difference) if self.difference else self.amounts


def _group(clause: Clause, world: World) -> str:
    """ "limits" or "requests", as said here or asked about just before; "" where both are spoken of."""
    requests, limits = clause.has("request, requests"), clause.has("limit, limits")
    if not requests and not limits:
        shown = str([one.arguments.get("columns", "") for one in world.memory.last_calls])
        requests = "resources.requests" in shown and "resources.limits" not in shown
    return "" if requests and limits else "requests" if requests else "limits"


def _factor(clause: Clause, families: frozenset[str]) -> float:
    if clause.has("double, twice") or "double" in families:
        return 2.0
    return 0.5 if clause.has("half, halve") or "halve" in families else 0.0


def _present(item: Named, container: str, group: str, name: str) -> float | None:
    own = item.resources.get(container or (item.containers[0] if item.containers else ""), {})
    return values.quantity(own.get(f"{group}.{name}", ""))


def _text(name: str, amount: float) -> str:
    return values.bytes_text(amount) if name == "memory" else values.cores_text(amount)


def _added(item: Named, container: str, amounts: dict[str, JsonValue] | None, sign: int) -> dict[str, JsonValue] | None:
    """The present amounts with others added or taken away; None where one is not known."""
    out: dict[str, JsonValue] = {}
    for group, named in (amounts or {}).items():
        new: dict[str, JsonValue] = {}
        for name, amount in (named if isinstance(named, dict) else {}).items():
            present, change = _present(item, container, group, name), values.quantity(str(amount))
            if present is None or change is None or present + sign * change <= 0:
                return None
            new[name] = _text(name, present + sign * change)
        out[group] = new
    return out or None


def _odd(item: Named, container: str, new: dict[str, JsonValue], families: frozenset[str]) -> str:
    """What is asked where an amount goes the other way than the verb says."""
    for group, named in new.items():
        for name, amount in (named if isinstance(named, dict) else {}).items():
            present, wanted = _present(item, container, group, name), values.quantity(str(amount))
            if present is None or wanted is None:
                continue
            if way := contrary(families, present, wanted):
                return f"{amount} is {way} than the {_text(name, present)} that {label_of(item)} has. Shall I set it all the same?"
    return ""


def _sized(clause: Clause, families: frozenset[str], numbers: list[Mention]) -> bool:
    """Whether an amount is said or has to be asked for."""
    if numbers or {"double", "halve", "up", "down"} & families:
        return True
    return clause.has("double, half, twice, more, less, bigger, smaller, higher, lower, extra, additional")


def _amounts(
    clause: Clause, amounts: list[Mention], numbers: list[Mention], cpu: bool, group: str, *, both: bool
) -> dict[str, JsonValue] | None:
    """Each quantity with the word for what it is nearest to it."""
    if not amounts:
        if numbers and cpu:
            return {group: {"cpu": str(numbers[-1].value)}}
        return None
    if clause.has("from") and clause.has("to") and len(amounts) == 2:
        amounts = amounts[1:]
    out: dict[str, dict[str, JsonValue]] = {}
    for mention in _cores(clause, numbers):
        out.setdefault(_group_near(clause, mention) if both else group, {})["cpu"] = str(mention.value)
    for mention in amounts:
        name = "cpu" if mention.value == 1 else "memory"
        if mention.value == 1 and not cpu and clause.has("memory, mem, ram"):
            name = "memory"
        text = mention.text
        if name == "memory" and text.endswith("m"):
            text = f"{text[:-1]}Mi"
        groups = [_group_near(clause, mention)] if both else [group]
        if both and len(amounts) == 1:
            groups = ["limits", "requests"]
        for one in groups:
            out.setdefault(one, {})[name] = text
    return {key: dict(value) for key, value in out.items()}


def _cores(clause: Clause, numbers: list[Mention]) -> list[Mention]:
    """The numbers that stand beside a word for CPUs: "memory 2Gi, cpu 1"."""
    words = ("cpu", "cpus", "core", "cores")
    return [
        item
        for item in numbers
        if clause.low[item.start - 1 : item.start] in [(word,) for word in words]
        or clause.low[max(0, item.start - 2) : item.start]
        in [(word, sign) for word in words for sign in ("to", "=", ":", "of")]
        or clause.low[item.end : item.end + 1] in [(word,) for word in words]
    ]


def _group_near(clause: Clause, mention: Mention) -> str:
    """Whether "limit" or "request" stands nearest."""
    places = [(abs(index - mention.start) - (0.5 if index < mention.start else 0), "limits" if word.startswith("limit") else "requests")
              for index, word in enumerate(clause.low) if word in ("limit", "limits", "request", "requests")]  # fmt: skip
    return min(places)[1]


def _multiplied(item: Named, container: str, group: str, name: str, factor: float) -> dict[str, JsonValue] | None:
    present = _present(item, container, group, name)
    return None if present is None else {group: {name: _text(name, present * factor)}}
