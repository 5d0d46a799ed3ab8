"""Sums over the objects of a kind: "sum of seats across all sailings", "how much disk is claimed in total"."""

import math
from collections.abc import Iterable

from pydantic import JsonValue

from cloudwright.agents.language import aspects
from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.asking import said
from cloudwright.agents.language.reads.frame import Read
from cloudwright.agents.language.reads.lists import lists
from cloudwright.agents.language.references import EVERYWHERE, World, namespace_in
from cloudwright.agents.language.understanding import KindWord, Named
from cloudwright.tools.kubernetes import values

_SUMS = "sum, total, in total, altogether, combined, add up, adds up, summed, overall, all together, sum up"


def totals(clause: Clause, world: World) -> Read | None:
    """The sum of a number that objects of a kind are set to, with the list that it is made of."""
    kinds = [item.kind for item in clause.of("kind") if item.kind is not None and item.kind.kind != "Namespace"]
    claims = world.kind("PersistentVolumeClaim")
    if not kinds and claims is not None and clause.has("disk, storage, disk space"):
        kinds = [claims]
    if clause.has(_SUMS) and (found := _of_containers(clause, world)) is not None:
        return found
    if not kinds or not clause.has(_SUMS) or clause.of("name"):
        return None
    kind, place = kinds[0], namespace_in(clause)
    objects = [
        item
        for item in world.index.vocabulary.objects
        if item.ref.kind == kind.kind and place in ("", EVERYWHERE, item.ref.namespace)
    ]
    known = [(words, path) for words, path, _ in aspects.settings_of(kind.kind, world.index.vocabulary)]
    known += [(words, path.removeprefix("spec.")) for words, path in aspects.own_fields_of(kind.kind)]
    fields = said(clause, known)
    amounts = _amounts([item.settings.get(field.path) for field in fields[:1] for item in objects])
    found = lists(clause, world) or _all(kind, place) if amounts else None
    if found is None:
        return None
    total = math.fsum(amounts)
    written = values.bytes_text(total) if fields[0].words in _BYTES else f"{total:.15g}"
    text = f"Added up, {fields[0].words} of {len(amounts)} {kind.plural}: {written}."
    return Read(found.calls, found.about, found.confidence, say=text)


_MAKERS = ("Deployment", "StatefulSet", "DaemonSet")


def _of_containers(clause: Clause, world: World) -> Read | None:
    """What all containers of workloads request or may use together, every replica counted: "sum of memory limits in x"."""
    resource = "cpu" if clause.has("cpu, cores") else "memory" if clause.has("memory, ram, mem") else ""
    group = "limits" if clause.has("limit, limits") else "requests" if clause.has(_REQUESTED) else ""
    if not resource or not group or clause.of("name"):
        return None
    place = namespace_in(clause)
    told = {item.kind.kind for item in clause.of("kind") if item.kind is not None} & set(_MAKERS)
    makers = [
        item
        for item in world.index.vocabulary.objects
        if item.ref.kind in (told or _MAKERS) and place in ("", EVERYWHERE, item.ref.namespace)
    ]
    path = f"{group}.{resource}"
    amounts = [
        amount * _copies(item)
        for item in makers
        for resources in item.resources.values()
        for amount in _amounts([resources.get(path)])
    ]
    total = math.fsum(amounts)
    written = values.bytes_text(total) if resource == "memory" else f"{total:.15g} cores"
    columns: list[JsonValue] = ["ready", f"spec.template.spec.containers[*].resources.{path}"]
    calls = tuple(
        call("list_resources", kind=kind.plural, namespace=place or EVERYWHERE, columns=columns)
        for name in dict.fromkeys(item.ref.kind for item in makers)
        if (kind := world.kind(name)) is not None
    )
    text = f"Added up over all replicas, {resource} {group} of {len(amounts)} containers: {written}."
    return Read(calls, (), 0.9, say=text) if calls else None


def _copies(item: Named) -> int:
    """How many Pods there are of a workload."""
    return 1 if item.replicas is None else item.replicas


_REQUESTED = "request, requests, requested, reserve, reserved, requesting"
_BYTES = ("storage", "memory", "size", "capacity", "disk", "ephemeral storage")


def _amounts(found: Iterable[JsonValue]) -> list[float]:
    """Numbers, and quantities as numbers; what is neither is left out."""
    amounts = [
        value if isinstance(value, int | float) else values.quantity(str(value)) for value in found if value is not None
    ]
    return [float(amount) for amount in amounts if amount is not None]


def _all(kind: KindWord, place: str) -> Read:
    return Read((call("list_resources", kind=kind.plural, namespace=place or EVERYWHERE),))
