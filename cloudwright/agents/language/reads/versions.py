"""Which things run a version below, or above, another one: "deployments on a version below 2", "any postgres older than 16"."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.reads.frame import MOST_OBJECTS, Read
from cloudwright.agents.language.reads.relations import by_names
from cloudwright.agents.language.references import EVERYWHERE, TEMPLATED, World, namespace_in
from cloudwright.agents.language.understanding import Named

_SIGNS: Mapping[str, Callable[[int, int], bool]] = {
    "below, under, lower than, older than, before, less than, smaller than, earlier than, beneath, not yet on, <": operator.lt,
    "above, over, higher than, newer than, after, greater than, later than, beyond, past, >": operator.gt,
    "at least, >=": operator.ge,
    "at most, <=": operator.le,
}
_NUMBER = re.compile(r"v?(\d+(?:\.\d+)*)[\w.-]*")
_BETWEEN = listed("version, versions, tag, release, the, v, image, build, a, series")
_REACH = 3


def versions(clause: Clause, world: World) -> Read | None:
    """Objects whose images' tags are below or above a version, where no object is named."""
    bound = _bound(clause)
    if bound is None or clause.of("name", "pronoun") or clause.has("kubelet, kernel"):
        return None
    holds, version = bound
    bases = {word.removesuffix("s") for word in clause.low} | set(clause.low)
    told = set().union(*(images for base, images in world.index.image_bases.items() if base in bases))
    kinds = [item.kind.kind for item in clause.of("kind") if item.kind is not None and item.kind.kind != "Namespace"]
    if not (told or clause.has("version, versions, tag, tags, release, releases, build, builds")):
        return None
    if any(kind not in TEMPLATED for kind in kinds):
        return None
    place = namespace_in(clause)
    found = [
        item
        for item in world.index.vocabulary.objects
        if (item.ref.kind in kinds or (not kinds and not item.owner))
        and place in ("", EVERYWHERE, item.ref.namespace)
        and any(_holds(image, holds, version) for image in item.images.values() if not told or image in told)
    ]
    return _listed(found, world) if found else Read((), say="There is nothing of a version like that.")


def _listed(found: Sequence[Named], world: World) -> Read:
    calls = []
    for name in dict.fromkeys(item.ref.kind for item in found):
        kind = world.kind(name)
        mine = [item for item in found if item.ref.kind == name]
        spaces = {item.ref.namespace for item in mine}
        if kind is not None:
            made = by_names(kind, mine, spaces.pop() if len(spaces) == 1 else EVERYWHERE)
            calls.append(made.model_copy(update={"arguments": {**made.arguments, "columns": ["container", "image"]}}))
    return Read(tuple(calls), tuple(item.ref for item in found[:MOST_OBJECTS]), 0.9)


def _bound(clause: Clause) -> tuple[Callable[[int, int], bool], tuple[int, ...]] | None:
    """How a version is bounded, and by which: the first number behind words that compare."""
    for words, holds in _SIGNS.items():
        for word in words.split(", "):
            at = clause.find(word)
            start = at + len(word.split())
            for index in range(start, min(start + _REACH, len(clause.tokens))) if at >= 0 else ():
                mention = clause.at(index)
                said = _NUMBER.fullmatch(clause.tokens[index].low)
                if said and (mention is None or mention.what in ("number", "quantity", "image")):
                    return holds, _parts(said[1])
                if clause.low[index] not in _BETWEEN and mention is None:
                    break
    return None


def _parts(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _holds(image: str, holds: Callable[[int, int], bool], version: tuple[int, ...]) -> bool:
    """Whether an image's tag is so; a bound of one number speaks of the major version alone."""
    said = _NUMBER.match(image.rpartition("/")[2].partition(":")[2])
    if said is None:
        return False
    pairs = list(zip_longest(_parts(said[1]), version, fillvalue=0))
    upper = holds in (operator.gt, operator.le)  # "above 2" leaves 2.1 out, as "at most 2" takes it in
    pairs = pairs[: len(version)] if upper else pairs
    differing = next((pair for pair in pairs if pair[0] != pair[1]), (0, 0))
    return holds(*differing)
