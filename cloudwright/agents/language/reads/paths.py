"""Paths of fields that a clause has written out: "resources.limits.cpu of x", "allocatable.memory per node", a key of labels."""

import re
from collections.abc import Iterator

from cloudwright.agents.language import aspects, exact
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.understanding import Named


def of_object(clause: Clause, item: Named) -> list[str]:
    """The paths that are asked of an object; a name of the API whose place is known is read like any other word for a field."""
    kind = item.ref.kind
    known = {words for words, _ in aspects.fields_of(kind)}
    known |= {words for path in item.settings for words in aspects.spoken(path)}
    found: list[str] = []
    for at, token in _free(clause):
        mention = clause.at(at)
        if paths := _paths(token, kind):
            found += paths
        elif mention is not None and mention.what == "path" and token.lower() not in known | exact.owners().keys():
            found.append(_unplaced(clause, token, item))
    return found


def of_kind(clause: Clause, kind: str) -> list[str]:
    """The paths that are asked of the objects of a kind; keys of labels where labels are spoken of."""
    keys = clause.has("label, labels")
    return [
        path
        for _, word in _free(clause)
        for path in (_paths(word, kind) or ([f"labels[{word}]"] if keys and "/" in word else []))
    ]


def spelt(clause: Clause, kind: str) -> list[tuple[str, str]]:
    """Paths that are written out, with the words for them as they stand in the clause."""
    return [(word.lower(), path) for _, word in _free(clause) for path in _paths(word, kind)]


def of_templates(clause: Clause, kind: str) -> bool:
    """Whether a path leads into what pods of a kind are made from."""
    return any("{pod}" in exact.written(word, kind) for _, word in _free(clause))


def _free(clause: Clause) -> Iterator[tuple[int, str]]:
    """Words that may be paths, and where they stand."""
    for at, token in enumerate(clause.tokens):
        mention = clause.at(at)
        if not token.quoted and (mention is None or mention.what in ("path", "image")):
            yield at, token.raw


def _paths(word: str, kind: str) -> list[str]:
    template = exact.written(word, kind)
    if not template or ("{pod}" in template and kind not in aspects.TEMPLATED):
        return []
    return [_made(path, kind) for path in aspects.path_of(template, kind).split(",")]


def _made(path: str, kind: str) -> str:
    """ "spec.containers[*].image" of a Deployment: what its pods get."""
    inside = re.match(r"spec\.(?:containers|initContainers|volumes|nodeSelector|tolerations)\b", path)
    made = kind in aspects.TEMPLATED and kind != "Pod" and inside is not None
    return aspects.path_of("{pod}", kind) + path.removeprefix("spec") if made else path


def _unplaced(clause: Clause, name: str, item: Named) -> str:
    """The path of a name that is no known field: a key of labels, a setting of the object, else a field of its specification."""
    if "/" in name:
        return f"{'annotations' if clause.has('annotation, annotations') else 'labels'}[{name}]"
    own = (path for path in item.settings if path.rpartition(".")[2].lower() == name.lower())
    return f"spec.{next(own, name)}"
