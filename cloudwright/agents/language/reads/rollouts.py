"""How rollouts went, and what differs between two objects or two places."""

from collections.abc import Sequence

from cloudwright.agents.language import aspects
from cloudwright.agents.language.calls import call, located
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.asking import chosen, said
from cloudwright.agents.language.reads.frame import Read, columns_of, on
from cloudwright.agents.language.references import ROLLING, TEMPLATED, World, fitting, objects_of, rank


def rollouts(clause: Clause, world: World) -> Read | None:
    """How a rollout goes, and what revisions there were."""
    history = clause.has(
        "history, revisions, revision, earlier versions, previous versions, past versions, past rollouts,"
        " previous rollouts, rollouts, last rolled out, last deployed, last rollout, last deploy, last deployment, last release, last released,"
        " last changes, recent changes, recently deployed, rolled out last, deployed last, recent deploys, recent rollouts"
    )
    status = clause.has(
        "rollout, rolled out, rolling out, roll out, rollout status, deployed successfully, finished deploying"
    )
    history = history or (
        clause.has("previous, before, earlier, prior, used to, old") and clause.has("image, version, tag, release")
    )
    if not history and not status:
        return None
    objects = objects_of(clause, world, ROLLING)
    if not objects and not clause.of("name", "kind", "workload"):
        objects = [
            item for ref in world.memory.objects[:1] if ref.kind in ROLLING and (item := world.named(ref)) is not None
        ]
    if not objects:
        return None
    if not history:
        return on("rollout_status", objects)
    numbers = clause.of("number")
    return on("rollout_history", objects, revision=numbers[0].value if numbers and clause.has("revision") else None)


def comparing(clause: Clause, world: World) -> Read | None:
    """What differs between two places or two objects."""
    if not clause.has(
        "compare, difference, differences, differ, differs, diff, different, compared, drift, deviate, versus, vs,"
        " comparison, same, deviates, mismatch, mismatches"
    ):
        return None
    places = list(dict.fromkeys(item.text for item in clause.of("namespace")))
    places += [place for place in _stages(clause, world) if place not in places]
    if len(places) == 1 and len(clause.of("name")) < _TWO and clause.has("compare, compared"):
        places = [*_last_places(world, places[0]), *places]
    names = clause.of("name")
    kinds = [item.kind for item in clause.of("kind") if item.kind is not None]
    kind = kinds[0].kind.lower() if kinds else ""
    if len(places) >= 2 and (fields := _field_in_each(clause, places)) is not None:
        return fields
    if len(places) >= 2:
        name = names[0].text if names else ""
        found = [item for item in names[0].objects if item.ref.namespace in places] if names else []
        if found and not kind:
            kind = min((item.ref.kind for item in found), key=rank).lower()
        about = tuple(item.ref for item in found if item.ref.kind.lower() == kind)
        return Read(
            (call("compare_resources", namespace=places[0], other_namespace=places[1], kind=kind, name=name),), about
        )
    if len(names) >= 2:
        left = fitting(clause, names[0], world)
        right = [item for item in fitting(clause, names[1], world) if not left or item.ref.kind == left[0].ref.kind]
        if left and right:
            one, other = left[0], right[0]
            if clause.has(_AMOUNTS) and one.ref.kind in TEMPLATED:
                path = aspects.path_of("{pod}.containers[*].resources", one.ref.kind)
                return Read(tuple(columns_of(item, [path]) for item in (one, other)), (one.ref, other.ref))
            return Read((
                call("compare_resources", **located(one), other_name=other.ref.name,
                     other_namespace=other.ref.namespace if other.ref.namespace != one.ref.namespace else ""),
            ), (one.ref, other.ref))  # fmt: skip
    return None


_AMOUNTS = "more memory, less memory, more cpu, less cpu, higher limits, lower limits, bigger limits, higher requests, memory limit, cpu limit, memory limits, cpu limits, memory request, cpu request, resources"
_TWO = 2


def _stages(clause: Clause, world: World) -> list[str]:
    """The namespaces of stages that are spoken of, where what is named lives there: "between staging and prod"."""
    homes = {item.ref.namespace for mention in clause.of("name")[:1] for item in mention.objects}
    spoken = [
        place
        for index, word in enumerate(clause.low)
        if clause.at(index) is None
        for place in sorted(world.index.environments.get(word, ()))
        if place in homes
    ]
    return list(dict.fromkeys(spoken))


def _last_places(world: World, other: str) -> list[str]:
    """The namespace that was looked at last, where it is not this one: "… and compare that to staging"."""
    last = [str(one.arguments.get("namespace", "")) for one in world.memory.last_calls[-1:]]
    return [place for place in last if place not in ("", "*", other)]


def _field_in_each(clause: Clause, places: Sequence[str]) -> Read | None:
    """One field of the namesakes in several places: "the same version", "image of x in a vs b"."""
    named = [item for mention in clause.of("name")[:1] for item in mention.objects if item.ref.namespace in places]
    if len(named) < 2:
        return None
    best = min(rank(item.ref.kind) for item in named)
    objects = [item for item in named if rank(item.ref.kind) == best]
    wanted = chosen(clause, said(clause, aspects.fields_of(objects[0].ref.kind)))
    if not wanted:
        return None
    columns = [path for field in wanted for path in field.paths]
    return Read(tuple(columns_of(item, columns) for item in objects), tuple(item.ref for item in objects), 0.95)
