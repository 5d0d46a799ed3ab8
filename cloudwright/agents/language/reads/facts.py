"""One fact of an object: a field, a variable, a key, a label, its node, its whole manifest."""

import re
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from cloudwright.agents.language import aspects
from cloudwright.agents.language.calls import call, located
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.reads.frame import MOST_OBJECTS, Read, columns_of, on, plural_kind
from cloudwright.agents.language.references import World, fitting, objects_of, selector_text
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
    objects = _subjects(clause, world)
    if not objects or (plural_kind(clause) and not clause.of("name")):
        return None
    paths = clause.of("path")
    if paths:
        path = paths[0].text
        if "." not in path.split("/")[0] and "/" not in path:
            path = f"spec.{path}"
        elif "/" in path:
            group = "annotations" if clause.has("annotation, annotations") else "labels"
            path = f"{group}[{path}]"
        return Read(
            tuple(columns_of(item, [path]) for item in objects[:MOST_OBJECTS]), tuple(item.ref for item in objects)
        )
    return (
        _node_of(clause, objects)
        or _variable(clause, objects)
        or _key(clause, objects)
        or _label(clause, objects)
        or _field(clause, objects)
    )


def _subjects(clause: Clause, world: World) -> list[Named]:
    """The objects whose field is asked for; a kind word that names a field ("the node of pod x") narrows nothing."""
    names = clause.of("name")
    if not names:
        return objects_of(clause, world) or _labelled_places(clause, world)
    out: list[Named] = []
    for mention in names:
        found = fitting(clause, mention, world)
        out += [item for item in found if item not in out]
    return out


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
        "where is, where are, where does, where do, runs on, run on, running on, scheduled on, which node,"
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
    item = objects[0]
    variables = {name for names in item.env.values() for name in names}
    named = next((token.raw for token in clause.tokens if token.raw in variables), "")
    if not named:
        named = next(
            (
                token.raw.upper()
                for token in clause.tokens
                if token.low.upper() in variables and clause.at(clause.tokens.index(token)) is None
            ),
            "",
        )
    if not named:
        spoken = {name.lower().replace("_", " "): name for name in variables}
        named = next((name for words, name in spoken.items() if " " in words and clause.has(words)), "")
    if not named and clause.has("env, environment variable, env var, variable"):
        named = next((token.raw for token in clause.tokens if re.fullmatch(r"[A-Z][A-Z0-9_]{2,}", token.raw)), "")
    if not named:
        return None
    path = aspects.path_of("{pod}.containers[*].env", item.ref.kind)
    return Read(
        tuple(columns_of(one, [f"{path}[{named}]"]) for one in objects), tuple(one.ref for one in objects), 0.95
    )


def _key(clause: Clause, objects: Sequence[Named]) -> Read | None:
    item = objects[0]
    if item.ref.kind not in ("ConfigMap",):
        return None
    named = next((key for key in item.keys if key.lower() in clause.low), "")
    if not named:
        return None
    return Read((call("get_resource", **located(item), path=f"data[{named}]"),), (item.ref,), 0.95)


def _label(clause: Clause, objects: Sequence[Named]) -> Read | None:
    group = (
        "annotations"
        if clause.has("annotation, annotations")
        else "labels"
        if clause.has("label, labels, labelled, labeled") or _key_said(clause, objects[0])
        else ""
    )
    if not group:
        return None
    item = objects[0]
    key = next(
        (key for key in item.labels if key.lower() in clause.low or key.rpartition("/")[2].lower() in clause.low), ""
    )
    columns: list[JsonValue] = [f"{group}[{key}]"] if key and group == "labels" else [f"metadata.{group}"]
    return Read(tuple(columns_of(one, columns) for one in objects), tuple(one.ref for one in objects))


_VAGUE = listed("container, containers, type, kind, status, state, phase, pod, memory, cpu, node, version, data, image")
"""Words for fields that often stand beside the word that really names the field."""


def _field(clause: Clause, objects: Sequence[Named]) -> Read | None:
    """The field whose name in words stands in the clause: the longest, one before "of" first, vague words last."""
    kind = objects[0].ref.kind
    found = [
        (_weight(clause, words), path)
        for words, path in (*aspects.fields_of(kind), *_settings(objects[0]))
        if clause.has(words) and not _kind_of(clause, words, objects[0])
    ]
    if not found:
        return None
    path = max(found, key=lambda item: item[0])[1]
    columns: list[JsonValue] = (
        ["spec.replicas", "ready", "available"] if path == "spec.replicas" else [*path.split(",")]
    )
    return Read(
        tuple(columns_of(item, columns) for item in objects[:MOST_OBJECTS]), tuple(item.ref for item in objects), 0.95
    )


def _weight(clause: Clause, words: str) -> tuple[bool, bool, int]:
    end = clause.find(words) + len(words.split())
    return clause.low[end : end + 1] == ("of",), words not in _VAGUE, len(words)


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
