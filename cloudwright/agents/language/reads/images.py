"""Images by a part of their names: "which postgres versions do we run", "anything still on postgres 15", "the tag 8.0.2"."""

import re
from collections.abc import Iterator

from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.comparing import negated
from cloudwright.agents.language.reads.frame import Read
from cloudwright.agents.language.references import EVERYWHERE, World, namespace_in
from cloudwright.agents.language.spelling import COMMON

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job")
_SAYING = "version, versions, release, releases, tag, tags, image, images, run, runs, running, use, uses, using, on, build, builds, based on, still"
_VERSION = re.compile(r"v?\d+(?:\.\w+)*(?:-[\w.]+)?")


def images(clause: Clause, world: World) -> Read | None:
    """What runs an image, where no kind is named."""
    if clause.of("name", "image", "workload", "pronoun") or not clause.has(_SAYING):
        return None
    if any(item.kind is not None and item.kind.kind not in ("Namespace", "Node") for item in clause.of("kind")):
        return None
    tests = list(image_tests(clause, world))
    if not tests:
        return None
    place = namespace_in(clause) or EVERYWHERE
    words = [world.index.image_bases[word] for word in clause.low if word in world.index.image_bases]
    wanted = set().union(*words) if words else {image for found in world.index.image_bases.values() for image in found}
    calls = [
        call("list_resources", kind=kind.plural, namespace=place, where=" and ".join(tests), columns=["ready", "image"])
        for name in _WORKLOADS
        if (kind := world.kind(name)) is not None
        and any(
            item.ref.kind == name and not item.owner and wanted & set(item.images.values())
            for item in world.index.vocabulary.objects
        )
    ]
    return Read(tuple(calls), (), 0.9) if calls else None


_BUILDS = (
    ("build",),
    ("builds",),
    ("tag",),
    ("tags",),
    ("version",),
    ("versions",),
    ("release",),
    ("releases",),
    ("images",),
)
"""Before these, "rc" is no kind but a part of tags."""


def _part_of_tags(word: str, world: World) -> bool:
    """Whether a word that is no English is how a part of some tag begins: "rc", "beta"."""
    known = word.isalpha() and len(word) > 1 and word not in COMMON
    return known and any(re.search(rf"[-.]{word}\d*(?:[-.]|$)", tag) for tag in world.index.image_tags)


def image_tests(clause: Clause, world: World) -> Iterator[str]:
    """Filters for the last words of images, and for their tags, that the clause says."""
    for at, word in enumerate(clause.low):
        mention = clause.at(at)
        short = mention is not None and mention.what == "kind" and clause.low[at + 1 : at + 2] in _BUILDS
        if at in clause.used or not (mention is None or short or mention.what in ("quantity", "number")):
            continue
        base = word if word in world.index.image_bases else word.removesuffix("s")
        if base in world.index.image_bases:
            clause.used.add(at)
            test = f'image matches "(^|/){re.escape(base)}(:|@|$)"'
            yield f"not ({test})" if negated(clause, at, 4) else test
            following = clause.low[at + 1] if at + 1 < len(clause.low) else ""
            if _VERSION.fullmatch(following):
                clause.used.add(at + 1)
                yield f'image matches "{re.escape(base)}:v?{re.escape(following)}"'
        elif _part_of_tags(word, world) and clause.has(
            "build, builds, tag, tags, version, versions, release, releases, image, images"
        ):
            clause.used.add(at)
            test = f'image matches "[-.:]{re.escape(word)}"'
            yield f"not ({test})" if negated(clause, at, 4) else test
        elif word in world.index.image_tags and clause.has("tag, version, release, build, image"):
            clause.used.add(at)
            test = f'image matches ":{re.escape(word)}(@|$)"'
            yield f"not ({test})" if negated(clause, at, 4) else test
