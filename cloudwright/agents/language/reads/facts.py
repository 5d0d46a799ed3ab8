"""One fact of an object: a field, a variable, a key, a label, its node, its whole manifest."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pydantic import JsonValue

from cloudwright.agents.language import aspects
from cloudwright.agents.language.calls import call, located
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.comparing import excluded
from cloudwright.agents.language.reads.asking import Field, asked_about, chosen, probed, said, telling
from cloudwright.agents.language.reads.frame import MOST_OBJECTS, Read, columns_of, on, plural_kind
from cloudwright.agents.language.reads.paths import of_object, of_templates
from cloudwright.agents.language.references import (
    World,
    fitting,
    kind_beside,
    makers_behind,
    objects_of,
    placed,
    selector_text,
)
from cloudwright.agents.language.understanding import Named

_MANIFEST = (
    "yaml, manifest, json, full object, spec of, raw object, definition, full spec, whole object, complete object"
)


def manifest(clause: Clause, world: World) -> Read | None:
    """A whole object."""
    if not clause.has(_MANIFEST):
        return None
    objects = objects_of(clause, world)
    return on("get_resource", objects) if objects else None


def fields(clause: Clause, world: World) -> Read | None:
    """One field of an object: "the image of cart", "which node is x on"."""
    objects = subjects(clause, world)
    if not objects or excluded(clause) or (plural_kind(clause) and not clause.of("name")):
        return None
    paths = of_object(clause, objects[0])
    if paths:
        some = objects[:MOST_OBJECTS]
        return Read(tuple(columns_of(item, [*paths]) for item in some), tuple(item.ref for item in some))
    return (
        _variable(clause, objects)
        or _node_of(clause, objects)
        or _key(clause, objects)
        or _label(clause, objects)
        or _better_field(clause, objects, world)
        or _of_pods(clause, objects)
    )


def bounds(clause: Clause, world: World) -> Read | None:
    """How far a workload may be scaled: what its autoscaler says."""
    sized = clause.has("memory, mem, ram, cpu, cores, limit, limits, storage, disk")
    objects = subjects(clause, world) if clause.has(_GROWING) and clause.of("name", "pronoun") and not sized else []
    scalers = [other for item in objects for other in world.index.links.related(item, "HorizontalPodAutoscaler")]
    columns = ["spec.minReplicas", "spec.maxReplicas", "status.currentReplicas"]
    calls = tuple(columns_of(item, [*columns]) for item in scalers)
    return Read(calls, tuple(item.ref for item in scalers), 0.95) if calls else None


def asked(clause: Clause, world: World) -> Read | None:
    """A field that the words of the question name outright: "on which port does x listen", "how much memory has y"."""
    objects = subjects(clause, world) if clause.of("name", "pronoun") else []
    if not objects or excluded(clause):
        return None
    wanted = _wanted(clause, objects[0])
    if not wanted or not all(telling(field) and asked_about(clause, field) for field in wanted[:1]):
        return None
    if any(mention.start < field.end and field.at < mention.end for field in wanted for mention in clause.of("kind")):
        return None
    return _field(clause, objects)


def _better_field(clause: Clause, objects: Sequence[Named], world: World) -> Read | None:
    """A field of the objects, or of a namesake of another kind that alone has a field of that name."""
    own = _wanted(clause, objects[0])
    if any(telling(field) for field in own):
        return _field(clause, objects)
    for mention in clause.of("name"):
        for item in placed(mention.objects, clause, world) if kind_beside(clause, mention) is None else []:
            fields = chosen(clause, said(clause, aspects.own_fields_of(item.ref.kind)))
            if item.ref.kind != objects[0].ref.kind and any(telling(field) for field in fields):
                return _field(clause, [item])
    return _field(clause, objects) if own and not _of_pods(clause, objects) else None


_GROWING = "grow to, grow, scale up to, scale out to, at most, how far up, how far can, how high"


def subjects(clause: Clause, world: World) -> list[Named]:
    """The objects whose field is asked for; a kind word that names a field ("the node of pod x") narrows nothing."""
    names = clause.of("name")
    if not names and (found := _relatives_pointed_at(clause, world)):
        return found
    if not names:
        return objects_of(clause, world) or _labelled_places(clause, world) or _spoken_of(clause, world)
    out: list[Named] = []
    for mention in names:
        found = fitting(clause, mention, world) or _of_its_pods(clause, mention, world)
        out += [item for item in found if item not in out]
    return _behind_services(clause, out, world)


def _of_its_pods(clause: Clause, mention: Mention, world: World) -> list[Named]:
    """The workload in "the checkout pods", where a field of what makes them is asked for."""
    beside = kind_beside(clause, mention)
    if beside is None or beside.kind is None or beside.kind.kind != "Pod":
        return []
    makers = [item for item in placed(mention.objects, clause, world) if item.pod_labels]
    wanted = _wanted(clause, makers[0]) if makers else []
    return makers if any(field.path.startswith(("spec.template", "image")) for field in wanted) else []


def _behind_services(clause: Clause, objects: list[Named], world: World) -> list[Named]:
    """The workloads behind a Service, where a field is asked for that only what makes pods has: "image of the search service"."""
    makers = makers_behind(objects, world) if all(item.ref.kind == "Service" for item in objects) else []
    if not makers or any(telling(field) for field in chosen(clause, said(clause, aspects.own_fields_of("Service")))):
        return objects
    wanted = chosen(clause, said(clause, aspects.fields_of(makers[0].ref.kind)))
    made = any(field.path.startswith(("spec.template", "image", "spec.replicas")) for field in wanted)
    made = made or of_templates(clause, makers[0].ref.kind)
    variables = {name for item in makers for names in item.env.values() for name in names}
    return makers if made or _said_of(clause, variables) else objects


def _relatives_pointed_at(clause: Clause, world: World) -> list[Named]:
    """ "that node", "its service": what of the kind belongs to the thing that was spoken of, which is of another kind."""
    pronouns = {mention.end for mention in clause.of("pronoun")}
    asked = next((item.kind for item in clause.of("kind") if item.start in pronouns and not item.plural), None)
    focus = world.named(world.memory.objects[0]) if world.memory.objects else None
    if asked is None or focus is None or focus.ref.kind == asked.kind:
        return []
    return world.index.links.related(focus, asked.kind)[:MOST_OBJECTS]


def _spoken_of(clause: Clause, world: World) -> list[Named]:
    """What was spoken of last, where a field and nothing else is named: "exit code?"."""
    if [mention.text for mention in clause.mentions] == ["node"] and clause.has("which node, what node"):
        return [item for ref in world.memory.objects[:1] if (item := world.named(ref)) is not None]
    if clause.mentions or not any(telling(field) for field in said(clause, aspects.whole())):
        return []
    return [item for ref in world.memory.objects[:1] if (item := world.named(ref)) is not None]


def _labelled_places(clause: Clause, world: World) -> list[Named]:
    """ "which team owns ledger": a namespace, where a key of its labels is asked for."""
    places = {mention.text for mention in clause.of("namespace")}
    return [
        item
        for item in world.index.vocabulary.objects
        if item.ref.kind == "Namespace"
        and item.ref.name in places
        and not clause.of("kind")
        and _key_said(clause, item)
    ]


def _key_said(clause: Clause, item: Named) -> str:
    """The key of one of an object's labels, if it is said right after "which" or "what"."""
    asked = {clause.low[at + 1] for at, word in enumerate(clause.low[:-1]) if word in ("which", "what")}
    return next((key for key in item.labels if key.rpartition("/")[2].lower() in asked), "")


def _node_of(clause: Clause, objects: Sequence[Named]) -> Read | None:
    where = clause.has(
        "where is, where runs, where run, where sits, where lives, where are, where does, where do, runs on, run on, running on, scheduled on, which node,"
        " what node, which machine, what machine, which nodes, what nodes, which host, what host, on which,"
        " placed, which box, hosted, which server, landed on, live on, lives on, sit on, sits on"
    )
    if not where:
        return None
    calls = []
    for item in objects[:MOST_OBJECTS]:
        if item.ref.kind == "Pod":
            calls.append(columns_of(item, ["node", "status"]))
        elif (
            item.ref.kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Service", "Job")
            and item.selector
        ):
            calls.append(
                call(
                    "list_resources",
                    kind="pod",
                    namespace=item.ref.namespace,
                    labels=selector_text(dict(item.selector)),
                    columns=["node", "status"],
                )
            )
    return Read(tuple(calls), tuple(item.ref for item in objects)) if calls else None


def _variable(clause: Clause, objects: Sequence[Named]) -> Read | None:
    variables = {name for item in objects for names in item.env.values() for name in names}
    named = _said_of(clause, variables)
    if not named:
        spoken = {name.lower().replace("_", " "): name for name in variables}
        named = next((name for words, name in spoken.items() if " " in words and clause.has(words)), "")
    named = named or _by_parts(clause, variables)
    if not named and clause.has("env, environment variable, env var, variable"):
        named = next((token.raw for token in clause.tokens if re.fullmatch(r"[A-Z][A-Z0-9_]{2,}", token.raw)), "")
    if not named:
        return None
    having = [item for item in objects if any(named in names for names in item.env.values())] or objects
    path = aspects.path_of("{pod}.containers[*].env", having[0].ref.kind)
    return Read(tuple(columns_of(one, [f"{path}[{named}]"]) for one in having), tuple(one.ref for one in having), 0.95)


def _by_parts(clause: Clause, names: set[str]) -> str:
    """The one variable of which two parts are said or more: "the retention of drafts" is DRAFT_RETENTION_DAYS."""
    words = {
        word
        for at, word in enumerate(clause.low)
        if (taken := clause.at(at)) is None or taken.near or taken.what != "name"
    }
    words |= {word.removesuffix("s") for word in words}
    said = {name: len({part.removesuffix("s") for part in re.split(r"[_.-]", name.lower())} & words) for name in names}
    best = max(said.values(), default=0)
    found = [name for name, count in said.items() if count == best]
    return found[0] if best >= _SEVERAL and len(found) == 1 else ""


_SEVERAL = 2


def _said_of(clause: Clause, variables: set[str]) -> str:
    """The variable that the clause names, whatever its case; as written wins."""
    exact = next((token.raw for token in clause.tokens if token.raw in variables), "")
    return exact or next(
        (token.raw.upper() for at, token in enumerate(clause.tokens)
         if token.low.upper() in variables and clause.at(at) is None),
        "",
    )  # fmt: skip


def _key(clause: Clause, objects: Sequence[Named]) -> Read | None:
    maps = [item for item in objects if item.ref.kind == "ConfigMap"]
    named = next((key for item in maps for key in item.keys if key.lower() in clause.low), "")
    named = named or _key_part(clause, maps) or _by_parts(clause, {key for item in maps for key in item.keys})
    having = [item for item in maps if named in item.keys][:MOST_OBJECTS] if named else []
    calls = tuple(call("get_resource", **located(item), path=f"data[{named}]") for item in having)
    return Read(calls, tuple(item.ref for item in having), 0.95) if having else None


def _key_part(clause: Clause, maps: Sequence[Named]) -> str:
    """The one key that a word in capitals is a part of: "what does x say about REORDER"."""
    said = {
        token.raw
        for index, token in enumerate(clause.tokens)
        if clause.at(index) is None and _CAPITALS.fullmatch(token.raw)
    }
    found = {key for item in maps for key in item.keys if said & set(re.split(r"[_.-]", key))}
    return found.pop() if len(found) == 1 else ""


_CAPITALS = re.compile(r"[A-Z][A-Z0-9]{2,}")


def _label(clause: Clause, objects: Sequence[Named]) -> Read | None:
    group = (
        "annotations"
        if clause.has("annotation, annotations")
        else "labels"
        if clause.has("label, labels, labelled, labeled") or _key_said(clause, objects[0])
        else ""
    )
    if not group or len(_wanted(clause, objects[0])) > 1:
        return None
    item = objects[0]
    key = next(
        (key for key in item.labels if key.lower() in clause.low or key.rpartition("/")[2].lower() in clause.low), ""
    )
    columns: list[JsonValue] = [f"{group}[{key}]"] if key and group == "labels" else [f"metadata.{group}"]
    return Read(tuple(columns_of(one, columns) for one in objects), tuple(one.ref for one in objects))


def _field(clause: Clause, objects: Sequence[Named]) -> Read | None:
    """The fields whose names in words stand in the clause."""
    wanted = _wanted(clause, objects[0])
    if not wanted:
        return None
    columns: list[JsonValue] = []
    for field in wanted:
        columns += ["spec.replicas", "ready", "available"] if field.path == "spec.replicas" else field.paths
    columns += [path for known, paths in _BESIDE.items() if known in columns for path in paths]
    columns = list(dict.fromkeys(columns))
    return Read(
        tuple(columns_of(item, columns) for item in objects[:MOST_OBJECTS]), tuple(item.ref for item in objects), 0.95
    )


_BESIDE = {
    "spec.maxReplicas": ("status.currentReplicas",),
    "status.currentReplicas": ("status.desiredReplicas", "spec.minReplicas", "spec.maxReplicas"),
}
"""Fields that say little without others: a bound without what is there now."""


def _wanted(clause: Clause, item: Named) -> list[Field]:
    """The fields of an object that the clause asks for."""
    found = said(clause, (*aspects.fields_of(item.ref.kind), *_settings(item)))
    wanted = chosen(clause, [field for field in found if not _kind_of(clause, field.words, item)])
    wanted = probed(clause, wanted)
    at = min((at for word in _ASKS if (at := clause.find(word)) >= 0), default=-1)
    if at >= 0 and item.ref.kind in aspects.TEMPLATED and clause.has("cpu, memory, ram") and not _some_telling(wanted):
        return [Field(at, clause.low[at], aspects.path_of("{pod}.containers[*].resources.requests", item.ref.kind))]
    if at >= 0 and not clause.has("limit, limits"):  # "how much memory does x request" is not how much it may use
        return [replace(field, path=field.path.replace("resources.limits", "resources.requests")) for field in wanted]
    return wanted


_ASKS = ("request", "requests", "requesting", "reserve", "reserves", "reserved")
"""Verbs for what containers request: "what cpu and memory does x request"."""


def _some_telling(fields: Sequence[Field]) -> bool:
    return any(telling(field) for field in fields)


def _of_pods(clause: Clause, objects: Sequence[Named]) -> Read | None:
    """What only the pods of a workload tell: restarts, exit codes, why they ended."""
    makers = [item for item in objects if item.ref.kind != "Pod" and item.pod_labels]
    wanted = chosen(clause, said(clause, aspects.own_fields_of("Pod"))) if makers else []
    if not any(telling(field) for field in wanted):
        return None
    columns: list[JsonValue] = ["status", *dict.fromkeys(path for field in wanted for path in field.paths)]
    return Read(
        tuple(
            call("list_resources", kind="pods", namespace=item.ref.namespace,
                 labels=selector_text(dict(item.selector or item.pod_labels)), columns=columns)
            for item in makers[:MOST_OBJECTS]
        ),
        tuple(item.ref for item in makers[:MOST_OBJECTS]), 0.95,
    )  # fmt: skip


def _settings(item: Named) -> Iterator[tuple[str, str]]:
    """The object's own plain values by the words of their paths."""
    for path in item.settings:
        for words in aspects.spoken(path):
            yield words, f"spec.{path}"


def _kind_of(clause: Clause, word: str, item: Named) -> bool:
    """Whether a field's word is only the kind word beside the object's name ("pvc x", "service account y")."""
    for mention in clause.of("kind"):
        if mention.text == word and mention.kind is not None and mention.kind.kind == item.ref.kind:
            return True
    return False
