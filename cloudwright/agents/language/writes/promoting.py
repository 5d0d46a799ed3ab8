"""The image of one object for another: "promote x from staging to prod", "x in a should run the same version as in b"."""

from cloudwright.agents.language.calls import label_of, workload_call
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.references import TEMPLATED, World
from cloudwright.agents.language.understanding import Named, Question
from cloudwright.agents.language.writes.frame import Change

_IMAGE = "image, images, version, tag, release, build"
_SAME = "same version, same image, same tag, same release, same build, version that, image that, version of, image of, version from, image from"
_EXPLAINED = (
    "promote, same, version, image, tag, release, build, as, from, to, into, the, one, in, of, run, runs, use, have, get, over, should, must, current,"
    " running, that, is, put, onto, on, copy, bring, ship, roll, out, deploy, what"
)


def promoted(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Set the image that another object of the same name, or another object that is named, runs."""
    promotes = clause.has("promote") or ("deploy" in families and clause.has(_IMAGE))
    same = clause.has(_SAME) and clause.has("as, from, of, that")
    if not clause.of("name", "image") and clause.has(
        "same one, same image, same version, same release, same tag, it, that one"
    ):
        return _seen_elsewhere(clause, world, families)
    if not (promotes or same) or clause.of("image") or families & {"delete", "rollback"}:
        return None
    ends = _between_places(clause, world) or (_as_another(clause, world) if same else None)
    if ends is None:
        return None
    return _copied(clause, *ends)


def _seen_elsewhere(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """ "roll out the same one in prod", after the image of something in staging was shown."""
    shown = any("image" in str(one.arguments.get("columns", "")) for one in world.memory.last_calls)
    source = next((item for ref in world.memory.objects[:1] if (item := world.named(ref)) is not None), None)
    places = clause.of("namespace")
    if source is None or not shown or len(places) != 1 or not families & {"set", "deploy", "apply", "trigger"}:
        return None
    if source.ref.kind not in TEMPLATED or source.ref.namespace == places[0].text:
        return None
    namesakes = world.index.names.get(source.ref.name.lower(), ())
    target = next(
        (item for item in namesakes if (item.ref.kind, item.ref.namespace) == (source.ref.kind, places[0].text)), None
    )
    return _copied(clause, source, target) if target is not None else None


def _copied(clause: Clause, source: Named, target: Named) -> Change:
    """The images of one object for the containers of another."""
    calls = []
    for container in target.containers:
        image = source.images.get(container) or (next(iter(source.images.values())) if _single(source, target) else "")
        if image and image != target.images.get(container):
            name = container if len(target.containers) > 1 else ""
            calls.append(workload_call("set_image", target, container=name, image=image))
    clause.use(*clause.of("name", "namespace", "kind", "pronoun"))
    clause.use_words(_EXPLAINED)
    if not calls:
        return Change(question=Question(text=f"{label_of(target)} runs what {label_of(source)} runs. What else?"))
    return Change(tuple(calls), (target.ref,), places=frozenset((source.ref.namespace,)))


def _single(source: Named, target: Named) -> bool:
    return len(source.containers) == len(target.containers) == 1


def _between_places(clause: Clause, world: World) -> tuple[Named, Named] | None:
    """One name "from" a place "to" another, or in a place "as" in another."""
    places, names = clause.of("namespace"), clause.of("name")
    if len(places) != 2 or len({item.text for item in places}) != 2 or len({item.text for item in names}) != 1:
        return None
    first, second = (_there(names[0], place.text) for place in places)
    if first is None or second is None:
        return None
    before = [clause.low[place.start - 1] if place.start else "" for place in places]
    if before[0] == "from" or clause.has("same, as") is False:
        return (first, second) if before[0] == "from" else None
    if before == ["to", "from"] or clause.has("same"):
        return second, first
    return None


def _as_another(clause: Clause, world: World) -> tuple[Named, Named] | None:
    """ "x should run the same version as y"."""
    names = clause.of("name")
    if len(names) != 2 or clause.of("namespace"):
        return None
    ends = [[item for item in mention.objects if item.ref.kind in TEMPLATED and not item.owner] for mention in names]
    home = [[item for item in found if item.ref.namespace == world.home()] or found for found in ends]
    return (home[1][0], home[0][0]) if [len(found) for found in home] == [1, 1] else None


def _there(mention: Mention, place: str) -> Named | None:
    found = [item for item in mention.objects if item.ref.kind in TEMPLATED and item.ref.namespace == place]
    return found[0] if len(found) == 1 else None
