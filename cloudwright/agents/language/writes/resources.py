"""Requests and limits of a container."""

import re

from pydantic import JsonValue

from cloudwright.agents.language.calls import label_of, workload_call
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.references import TEMPLATED, World
from cloudwright.agents.language.understanding import Named, Question
from cloudwright.agents.language.writes.environment import container_of, which_container
from cloudwright.agents.language.writes.frame import Change, change_all
from cloudwright.agents.language.writes.settings import SETTING
from cloudwright.core.tool import ToolCall
from cloudwright.tools.kubernetes import values


def resources(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Requests and limits of a container."""
    cores = clause.has("cpu, cores, core, cpus")
    amounts = [item for item in clause.of("quantity") if cores or not re.fullmatch(r"[\d.]+", item.text)]
    numbers = clause.of("number")
    speaks_memory, speaks_cpu = clause.has("memory, mem, ram"), clause.has("cpu, cores, core, cpus")
    speaks = speaks_memory or speaks_cpu or clause.has("limit, limits, request, requests, resources")
    if clause.has(
        "quota, pvc, claim, disk, storage, hpa, autoscaler, autoscale, utilization, target, percent"
    ) or clause.of("percent"):
        return None
    if not families & (SETTING | {"rollback"}) or not (amounts or (speaks and _sized(clause, families, numbers))):
        return None
    group = "requests" if clause.has("request, requests") and not clause.has("limit, limits") else "limits"
    both = clause.has("request, requests") and clause.has("limit, limits")
    clause.use(*amounts, *(numbers if speaks else ()))
    clause.use_words(
        "memory, mem, ram, cpu, limit, limits, request, requests, resources, cores, core, cpus, its, of, more,"
        " less, double, half, twice, resource, container, each, up, down, max, maximum, cap, much, as"
    )
    factor = (
        2.0
        if clause.has("double, twice") or "double" in families
        else 0.5
        if clause.has("half, halve") or "halve" in families
        else 0.0
    )
    found = _amounts(clause, amounts, numbers, speaks_cpu, group, both=both)

    def make(item: Named) -> ToolCall | Question:
        container = container_of(clause, item, [])
        wanted_ = found
        if factor and not amounts:
            wanted_ = _multiplied(
                item,
                str(container) if isinstance(container, str) else "",
                group,
                "cpu" if speaks_cpu else "memory",
                factor,
            )
        if wanted_ is None:
            return Question(text=f"How much for {label_of(item)}?", slot="limits")
        if isinstance(container, Question):
            return which_container(item, lambda name: workload_call("set_resources", item, container=name, **wanted_))
        return workload_call("set_resources", item, container=container, **wanted_)

    return change_all(clause, world, TEMPLATED, "set the resources of", make)


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
    for mention in amounts:
        name = "cpu" if mention.value == 1 else "memory"
        if mention.value == 1 and not cpu and clause.has("memory, mem, ram"):
            name = "memory"
        text = mention.text
        if name == "memory" and text.endswith("m"):
            text = f"{text[:-1]}Mi"
        groups = [_group_near(clause, mention)] if both else [group]
        for one in groups:
            out.setdefault(one, {})[name] = text
    return {key: dict(value) for key, value in out.items()}


def _group_near(clause: Clause, mention: Mention) -> str:
    """Whether "limit" or "request" stands nearest."""
    places = [(abs(index - mention.start) - (0.5 if index < mention.start else 0), "limits" if word.startswith("limit") else "requests")
              for index, word in enumerate(clause.low) if word in ("limit", "limits", "request", "requests")]  # fmt: skip
    return min(places)[1]


def _multiplied(item: Named, container: str, group: str, name: str, factor: float) -> dict[str, JsonValue] | None:
    own = item.resources.get(container or (item.containers[0] if item.containers else ""), {})
    present = values.quantity(own.get(f"{group}.{name}", ""))
    if present is None:
        return None
    amount = present * factor
    text = values.bytes_text(amount) if name == "memory" else values.cores_text(amount)
    return {group: {name: text}}
