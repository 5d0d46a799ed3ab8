"""New disruption budgets: "create a pdb search-min in reader for the search pods with minAvailable 2"."""

import json

from pydantic import JsonValue

from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.references import World, fitting
from cloudwright.agents.language.understanding import Question
from cloudwright.agents.language.writes.frame import Change

_KIND = "PodDisruptionBudget"
_MOST = "maxunavailable, max unavailable, maximum unavailable, unavailable, at most"
_PROTECTED = ("Deployment", "StatefulSet")


def budget(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """A budget for the pods of a workload that is named, with its least available or most unavailable."""
    kinds = [item for item in clause.of("kind") if item.kind is not None and item.kind.kind == _KIND]
    if not kinds or not families & {"create", "add"}:
        return None
    workloads = [one for mention in clause.of("name") for one in fitting(clause, mention, world, _PROTECTED)]
    if len(workloads) != 1 or not workloads[0].selector:
        return None
    item = workloads[0]
    amounts: list[JsonValue] = [number.value for number in clause.of("number")]
    amounts += [f"{share.value}%" for share in clause.of("percent")]
    if len(amounts) != 1:
        return Change(
            question=Question(text=f"How many pods of {item.ref.name} have to stay available?", slot="replicas")
        )
    field = "maxUnavailable" if clause.has(_MOST) else "minAvailable"
    name = _called(clause, kinds[0].end) or f"{item.ref.name}-pdb"
    selector: dict[str, JsonValue] = {"matchLabels": dict(item.selector)}
    body: dict[str, JsonValue] = {
        "apiVersion": "policy/v1",
        "kind": _KIND,
        "metadata": {"name": name, "namespace": item.ref.namespace},
        "spec": {field: amounts[0], "selector": selector},
    }
    clause.use(*clause.of("name", "kind", "number", "percent", "path", "workload"))
    clause.use_words(
        name,
        _MOST,
        "minavailable, min, minimum, least, available, max, pods, with, for, called, named, of, at, must, stay, new, that, keeps, keep, guards, protects",
    )
    return Change((call("create_resource", manifest=json.dumps(body)),), (item.ref,))


def _called(clause: Clause, behind: int) -> str:
    """The name of what is new: behind "called", or right behind its kind."""
    places = [at + 1 for word in ("called", "named") if (at := clause.find(word)) >= 0]
    for at in (*places, behind):
        token = clause.tokens[at] if at < len(clause.tokens) else None
        if token is not None and not token.mark and clause.at(at) is None and token.low not in _SMALL:
            return token.low
    return ""


_SMALL = ("for", "in", "with", "that", "of", "on", "to", "so", "called", "named", "which", "keeping")
