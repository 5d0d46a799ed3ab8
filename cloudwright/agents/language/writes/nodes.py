"""Cordon, uncordon, drain, taint."""

import re

from pydantic import JsonValue

from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.references import World, in_focus, pointed
from cloudwright.agents.language.understanding import Named, Question
from cloudwright.agents.language.writes.frame import Change, change_all
from cloudwright.core.tool import ToolCall

_PLACING = "scheduling, schedule, new pods, placing, landing, new work, pods, new workloads"


_EXPLAINED = (
    "ignore, ignoring, daemonsets, daemonset, pods, new, maintenance, scheduling, rotation, service, schedulable, unschedulable, mark, out, off, everything, all, force,"
    " emptydir, data, reboot, node, again, workloads, evict, move, for, any, more, no, back, available, stop, use, new pods,"
    " goes, go, lands, there, is, gets, scheduled, placed, can, may, take, usable, used, fixed, repaired, again, anything, something, nothing, triggering, forcefully, local"
)


def cordoning(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Cordon, uncordon, drain."""
    tool = _tool(clause, families) if _about_nodes(clause, world) else ""
    if not tool:
        return None
    arguments: dict[str, JsonValue] = {}
    if tool == "drain_node":
        arguments |= {"force": True} if clause.has("force, forcefully, forced") else {}
        arguments |= {"delete_emptydir_data": True} if clause.has("emptydir, local data") else {}
    clause.use_words(_EXPLAINED)

    def make(item: Named) -> ToolCall | Question:
        return ToolCall(tool=tool, arguments={"name": item.ref.name, **arguments} if item.ref.name else arguments)

    return change_all(clause, world, ("Node",), tool.partition("_")[0], make)


def _about_nodes(clause: Clause, world: World) -> bool:
    named = any(item.ref.kind == "Node" for mention in clause.of("name") for item in mention.objects)
    pointed_at = bool(clause.of("pronoun")) and any(ref.kind == "Node" for ref in pointed(clause, world))
    return (
        named
        or pointed_at
        or clause.has("schedulable, unschedulable")
        or bool(in_focus(clause, world, ("Node",)))
        or any(item.kind and item.kind.kind == "Node" for item in clause.of("kind"))
    )


def _tool(clause: Clause, families: frozenset[str]) -> str:
    if "uncordon" in families:
        return "uncordon_node"
    if clause.has("unschedulable"):
        return "cordon_node"
    if clause.has("schedulable"):
        return "uncordon_node"
    if "drain" in families:
        return "drain_node"
    if "cordon" in families:
        return "cordon_node"
    if families & {"pause", "stop", "resume"} and clause.has(_PLACING):
        return "uncordon_node" if "resume" in families and "pause" not in families else "cordon_node"
    return ""


_TAINT = re.compile(r"[\w./-]+(?:=[\w.-]*)?:(?:NoSchedule|PreferNoSchedule|NoExecute)", re.I)


_NO_KEYS = ("the", "from", "on", "of", "off", "away", "in", "to", "remove", "delete", "node", "a", "called", "named")


def _key(clause: Clause) -> list[str]:
    """The key of a taint that goes: beside the word "taint", or behind "untaint"."""
    at = clause.find("taint")
    places = [at + 1, at - 1] if at >= 0 else range(clause.find("untaint") + 1, len(clause.tokens))
    for index in places:
        if 0 <= index < len(clause.tokens) and clause.at(index) is None and clause.low[index] not in _NO_KEYS:
            clause.used.add(index)
            return [clause.tokens[index].raw]
    return []


def taint(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Taints of a node."""
    if not families & {"taint", "untaint"} and not clause.has("taint, taints"):
        return None
    removing = bool(families & {"untaint", "delete"}) or (clause.has("take, lift") and clause.has("off, away, lift"))
    found = [token.raw for token in clause.tokens if _TAINT.fullmatch(token.raw)]
    keys = [item.text for item in clause.of("pair") if item.text not in found]
    for index, token in enumerate(clause.tokens):
        if token.raw in found or token.raw in keys:
            clause.used.add(index)
    if not found and removing:
        found = _key(clause)
    effect = next(
        (token.raw for token in clause.tokens if token.low in ("noschedule", "noexecute", "prefernoschedule")), ""
    )
    if keys and effect and not found:
        proper = {"noschedule": "NoSchedule", "noexecute": "NoExecute", "prefernoschedule": "PreferNoSchedule"}[
            effect.lower()
        ]
        found = [f"{keys[0]}:{proper}"]
        clause.use_words(effect.lower())
    clause.use_words("taint, taints, with, effect, key, off")
    if not found:
        return Change(question=Question(text="Which taint? Write it as key=value:NoSchedule.", slot="set"))
    fixed: list[JsonValue] = list(found)

    def make(item: Named) -> ToolCall:
        return call("taint_node", name=item.ref.name, **({"remove": fixed} if removing else {"set": fixed}))

    return change_all(clause, world, ("Node",), "taint", make)
