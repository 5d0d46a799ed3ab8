"""Deleting and evicting one object."""

from pydantic import JsonValue

from cloudwright.agents.language.calls import call, label_of, located
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.references import EVERYWHERE_THERE, World, namespace_in
from cloudwright.agents.language.understanding import Named, Option, Question
from cloudwright.agents.language.writes.frame import Change, Make, change_all, pods_of, which
from cloudwright.core.tool import ToolCall


def deleting(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Delete one object."""
    if "delete" not in families and "evict" not in families:
        return None
    if clause.has("label, labels, annotation, annotations, taint, env, variable, environment"):
        return None
    if clause.of("pronoun") and not clause.of("name", "kind") and (it := _part(world) or _row(world)) is not None:
        return it
    place = _namespace_meant(clause, world)
    if place is not None:
        option = Option(
            label=f"delete namespace {place} with everything in it",
            calls=(call("delete_resource", kind="namespace", name=place),),
        )
        return Change(
            question=Question(
                text=f"Deleting namespace {place} deletes everything in it. Shall I really?", options=(option,)
            )
        )
    evict = "evict" in families
    orphan = clause.has(
        "keep what it owns, keep its pods, orphan, keep the pods, leave its pods, leave the pods,"
        " keep pods running, without its pods, without deleting its pods"
    )
    clause.use_words("rid, keep, what, owns, orphan, leave, pods, alone, of")

    def make(item: Named) -> ToolCall | Question:
        if item.ref.name in EVERYWHERE_THERE:
            return Question(
                text=f"{label_of(item)} is there by itself, and comes back. Which object shall go?", slot="name"
            )
        if evict:
            return ToolCall(tool="evict_pod", arguments={"name": item.ref.name, "namespace": item.ref.namespace})
        return call("delete_resource", **located(item), cascade="orphan" if orphan else "")

    if any(item.plural for item in clause.of("kind")) and not clause.of("name"):
        return Change(
            question=Question(
                text="That would delete several objects. Name the ones that shall go, one by one.", slot="name"
            )
        )
    if not evict and clause.of("name") and clause.has(_PARTS):
        return None
    found = change_all(clause, world, ("Pod",) if evict else (), "evict" if evict else "delete", make)
    return _other_kind(clause, world, found) or _kinds_of_name(clause, world, found, make)


_KEYED = ("set_env", "label_resource", "annotate_resource", "taint_node")
_PARTLY = ("patch_resource", "set_image", "set_resources", "get_resource")


def _part(world: World) -> Change | None:
    """ "remove it" after something of an object was set or shown: that part goes, never the object; None where no part was."""
    last = world.memory.last_calls[-1] if world.memory.last_calls else None
    if last is None:
        return None
    if last.tool in _KEYED and last.arguments.get("set"):
        added = last.arguments["set"]
        gone: list[JsonValue] = (
            [str(item).partition(":")[0].partition("=")[0] for item in added] if isinstance(added, dict | list) else []
        )
        kept = {name: value for name, value in last.arguments.items() if name != "set"}
        return Change((ToolCall(tool=last.tool, arguments={**kept, "remove": gone}),), world.memory.objects[:1])
    if last.tool in _PARTLY or (last.tool == "list_resources" and last.arguments.get("columns")):
        return Change(question=Question(text="What shall go: the object, or that part of it? Name it.", slot="name"))
    return None


def _row(world: World) -> Change | None:
    """ "delete it" after rows of another kind than the thing in focus were listed: one of them, never the thing."""
    kinds = {
        str(one.arguments.get("kind", ""))
        for one in world.memory.last_calls
        if one.tool == "list_resources" and "fields" not in one.arguments
    }
    listed = {found.kind for word in kinds if (found := world.index.kinds.get((word.rpartition("/")[2].lower(),)))}
    focus = {ref.kind for ref in world.memory.objects[:1]}
    rows = [item for ref in world.memory.listed if ref.kind in listed and (item := world.named(ref)) is not None]
    if not listed or not focus or focus & listed:
        return None
    options = tuple(
        Option(label=label_of(item), calls=(call("delete_resource", **located(item)),), about=(item.ref,))
        for item in rows[:8]
    )
    if len(options) == 1:
        return Change(options[0].calls, options[0].about)
    return Change(question=Question(text="Which one shall I delete? Name it.", options=options, slot="name"))


_PARTS = (
    "limit, limits, request, requests, probe, probes, replica, replicas, image, tag, port, ports, schedule, toleration, tolerations,"
    " affinity, selector, command, args, finalizer, finalizers, strategy, memory, cpu, owner reference"
)
"""Words for parts of an object: whoever takes them away does not delete the object."""


def _other_kind(clause: Clause, world: World, found: Change) -> Change | None:
    """ "delete the pod of x" is not about x itself."""
    said = [item.kind.kind for item in clause.of("kind") if item.kind is not None and item.kind.kind != "Namespace"]
    if not said or not found.calls or any(ref.kind in said for ref in found.about):
        return None
    named = ", ".join(ref.name for ref in found.about)
    pods = [pod for mention in clause.of("name") for pod in pods_of(clause, mention, world, "delete")]
    options = tuple(
        Option(label=label_of(pod), calls=(call("delete_resource", **located(pod)),), about=(pod.ref,))
        for pod in pods[:8]
    )
    if len(options) == 1 and said == ["Pod"]:
        return Change(options[0].calls, options[0].about)
    return Change(
        question=Question(
            text=f"{named} is a {found.about[0].kind}. Which {said[0]} of it shall go? Name it.",
            options=options,
            slot="name",
        )
    )


def _kinds_of_name(clause: Clause, world: World, found: Change, make: Make) -> Change:
    """A bare name that several kinds share is asked about before it is deleted."""
    if not found.calls or clause.of("kind") or not clause.of("name"):
        return found
    for mention in clause.of("name"):
        place = namespace_in(clause)
        same = [
            item
            for item in mention.objects
            if item.ref.kind not in ("Pod",) and (not place or item.ref.namespace == place)
        ]
        chosen = [item for item in same if item.ref.namespace in {ref.namespace for ref in found.about}]
        if len({item.ref.kind for item in chosen}) > 1:
            return Change(question=which(chosen, "delete", make, ()))
    return found


def _namespace_meant(clause: Clause, world: World) -> str | None:
    if (
        any(item.kind and item.kind.kind == "Namespace" for item in clause.of("kind"))
        and clause.of("namespace")
        and not clause.of("name")
    ):
        kinds = [item for item in clause.of("kind") if item.kind and item.kind.kind != "Namespace"]
        return None if kinds else clause.of("namespace")[0].text
    if clause.of("namespace") and not clause.of("name", "kind", "pronoun", "all"):
        return clause.of("namespace")[0].text
    return None
