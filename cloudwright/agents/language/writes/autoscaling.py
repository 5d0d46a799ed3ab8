"""Autoscalers: their bounds and target, and new ones."""

import re

from pydantic import JsonValue

from cloudwright.agents.language.calls import call, label_of, located, workload_call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.comparing import difference
from cloudwright.agents.language.references import SCALABLE, World, fitting, namespace_in, pointed
from cloudwright.agents.language.understanding import Named, Option, Question
from cloudwright.agents.language.vocabulary import scaled_by
from cloudwright.agents.language.writes.environment import aimed
from cloudwright.agents.language.writes.frame import Change, change_all, of_the_kind
from cloudwright.agents.language.writes.settings import SETTING
from cloudwright.core.tool import ToolCall


def autoscaler(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Bounds and target of an autoscaler that is there."""
    focus = [] if clause.of("name", "pronoun") else aimed(clause, world)
    speaks = any(item.ref.kind == "HorizontalPodAutoscaler" for item in focus) or any(
        item.kind and item.kind.kind == "HorizontalPodAutoscaler" for item in clause.of("kind")
    )
    named = [
        item for mention in clause.of("name") for item in mention.objects if item.ref.kind == "HorizontalPodAutoscaler"
    ]
    bound = clause.has(
        "below, under, above, beyond, exceed, up to, down to, max, min, maximum, minimum, at most, at least, upper, lower, target, utilization, ceiling, floor, bounds,"
        " between, threshold, maxreplicas, minreplicas"
    )
    if not (speaks or (named and bound)) or "delete" in families or not bound or not families & SETTING:
        return None
    place = namespace_in(clause)
    hpas = [item for item in named or focus if not place or item.ref.namespace == place]
    if not hpas:
        for mention in clause.of("name"):
            hpas += [
                found
                for item in fitting(clause, mention, world)
                if (found := scaled_by(item, world.index.vocabulary)) is not None
            ]
    if not hpas:
        hpas = [found for ref in pointed(clause, world) if (item := world.named(ref)) is not None
                for found in ([item] if item.ref.kind == "HorizontalPodAutoscaler" else [scaled_by(item, world.index.vocabulary)]) if found is not None]  # fmt: skip
    if not hpas and not clause.of("name"):
        hpas = of_the_kind(clause, world, ("HorizontalPodAutoscaler",))
        hpas = hpas if len(hpas) > 1 else []
    if not hpas:
        return None
    spec = _bounds(clause)
    if not spec:
        return Change(question=Question(text="To which number?", slot="replicas"))
    clause.use(*clause.of("name", "number", "percent", "pronoun", "path"))
    clause.use_words(
        "may, can, go, goes, up, down, to, let, scale, max, min, maximum, minimum, replicas, pods, at, most, least, upper, lower, bound, limit, target, cpu,"
        " utilization, and, between, ceiling, floor, bounds, threshold, autoscaler, instances, percent"
    )

    numbers = clause.of("number")
    sign = difference(clause, numbers[-1], families) if numbers else 0

    def make(item: Named) -> ToolCall:
        return call("patch_resource", **located(item), patch={"spec": _moved(spec, item, sign)})

    if len(hpas) > 1:
        options = tuple(Option(label=label_of(item), calls=(make(item),), about=(item.ref,)) for item in hpas)
        return Change(question=Question(text=f"Which one: {'; '.join(o.label for o in options)}?", options=options))
    return Change((make(hpas[0]),), (hpas[0].ref,))


def _moved(spec: dict[str, JsonValue], item: Named, sign: int) -> dict[str, JsonValue]:
    """Bounds as they are, or as differences from the present ones."""
    out = dict(spec)
    for name, value in spec.items():
        present = item.settings.get(name)
        if sign and isinstance(value, int) and isinstance(present, int):
            out[name] = present + sign * value
    return out


def _bounds(clause: Clause) -> dict[str, JsonValue]:
    numbers = clause.of("number")
    percents = clause.of("percent")
    spec: dict[str, JsonValue] = {}
    if percents:
        spec["metrics"] = [
            {
                "type": "Resource",
                "resource": {
                    "name": "cpu",
                    "target": {"type": "Utilization", "averageUtilization": percents[-1].value},
                },
            }
        ]
    if len(numbers) >= 2 and clause.has("between, from") and not clause.has("max, maximum, min, minimum"):
        return {**spec, "minReplicas": numbers[0].value, "maxReplicas": numbers[1].value}
    high = [
        index
        for index, word in enumerate(clause.low)
        if word in ("max", "maximum", "most", "upper", "ceiling", "maxreplicas", "above", "beyond", "exceed", "over")
    ]
    low = [
        index
        for index, word in enumerate(clause.low)
        if word in ("min", "minimum", "least", "lower", "floor", "minreplicas", "below", "under")
    ]
    if clause.has("from") and clause.has("to") and len(numbers) == 2 and not (high and low):
        numbers = numbers[1:]
    high += [index for index in range(len(clause.low) - 1) if clause.low[index : index + 2] == ("up", "to")]
    low += [index for index in range(len(clause.low) - 1) if clause.low[index : index + 2] == ("down", "to")]
    for number in numbers:
        nearest = min(
            [(abs(index - number.start), "maxReplicas") for index in high]
            + [(abs(index - number.start), "minReplicas") for index in low],
            default=None,
        )
        if nearest is not None:
            spec[nearest[1]] = number.value
    return spec


_RANGE = re.compile(r"(\d+)(?:-|\.\.)(\d+)")


def _new_bounds(bounds: list[int], percent: int | None) -> dict[str, JsonValue]:
    """The bounds of an autoscaler that is there already: one number is its maximum."""
    spec: dict[str, JsonValue] = {"maxReplicas": bounds[-1]} if bounds else {}
    if len(bounds) > 1:
        spec["minReplicas"] = bounds[0]
    if percent is not None:
        target: JsonValue = {"type": "Utilization", "averageUtilization": percent}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    return spec


_DEFINITE = "the hpa, the autoscaler, its hpa, its autoscaler, the horizontalpodautoscaler, max of, min of"
"""Words for an autoscaler that somebody takes to be there."""


def _none_there(item: Named) -> Question:
    """What is asked where the autoscaler that is spoken of is not there."""
    made = f"autoscale {item.ref.name} between MIN and MAX"
    return Question(text=f"{label_of(item)} has no autoscaler. Shall one be made? Say: {made}.")


def autoscale(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """An autoscaler for a workload."""
    kind = any(item.kind and item.kind.kind == "HorizontalPodAutoscaler" for item in clause.of("kind"))
    automatic = clause.has("automatically, between, autoscale, autoscaled, autoscaling")
    if not (
        "autoscale" in families
        or (kind and families & {"create", "add", "set"})
        or (automatic and families & {"scale", "set"})
    ):
        return None
    percents = clause.of("percent")
    plain = [item for item in clause.of("quantity") if percents and item.text.isdigit()]  # "max 9 cpu 75%"
    if len(plain) != len(clause.of("quantity")):
        return None
    numbers = sorted((*clause.of("number"), *plain), key=lambda item: item.start)
    ranges = [found for token in clause.tokens if (found := _RANGE.fullmatch(token.raw))]
    clause.use(*numbers, *percents)
    clause.used.update(index for index, token in enumerate(clause.tokens) if _RANGE.fullmatch(token.raw))
    clause.use_words(
        "between, and, from, to, min, max, minimum, maximum, replicas, pods, cpu, at, most, least, percent, hpa,"
        " autoscaler, automatically, up, utilization, target, with, autoscaling, of"
    )

    def make(item: Named) -> ToolCall | Question:
        if (there := scaled_by(item, world.index.vocabulary)) is not None:
            bounds = [int(number.text) for number in numbers] or [
                int(part) for part in (ranges[0].groups() if ranges else ())
            ]
            spec = _new_bounds(bounds, percents[-1].value if percents else None)
            return (
                call("patch_resource", **located(there), patch={"spec": spec})
                if spec
                else Question(text="Between which numbers?")
            )
        if kind and clause.has(_DEFINITE):
            return _none_there(item)
        if ranges:
            least, most = (int(part) for part in ranges[0].groups())
            return workload_call(
                "autoscale_workload", item, max=most, min=least, cpu_percent=percents[-1].value if percents else None
            )
        if not numbers:
            return Question(
                text="Up to how many replicas?", slot="max", drafts=(workload_call("autoscale_workload", item),)
            )
        low = int(numbers[0].text) if len(numbers) > 1 else None
        return workload_call(
            "autoscale_workload",
            item,
            max=int(numbers[-1].text) if len(numbers) < 3 else int(numbers[1].text),
            min=low,
            cpu_percent=percents[-1].value if percents else None,
        )

    return change_all(clause, world, SCALABLE[:2], "autoscale", make)
