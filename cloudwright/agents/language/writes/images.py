"""Another image or another tag."""

import re

from cloudwright.agents.language.calls import label_of, workload_call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.references import EVERYWHERE, TEMPLATED, World, namespace_in
from cloudwright.agents.language.understanding import Named, Option, Question
from cloudwright.agents.language.writes.frame import Change, change_all
from cloudwright.agents.language.writes.scaling import part_of_name
from cloudwright.core.tool import ToolCall


def image(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Another image or another tag."""
    images = clause.of("image")
    tag = None if images else _tag(clause)
    if (not images and tag is None) or not _sets(clause, families, tag):
        return None
    if images and not re.search(r":[\w.-]+$|@", images[-1].text.rpartition("/")[2]):
        return Change(question=Question(text=f"Which version of {images[-1].text}? Say it with its tag.", slot="image"))
    latest = tag == "latest"
    new = images[-1].text if images else ""
    clause.use(*images)
    clause.use_words(
        "goes, go, moves, move, becomes, image, images, version, tag, release, build, container, new, newer, docker, tagged, sidecar, init, same registry, same repo, same repository, from the same registry"
    )

    if images and not clause.of("name", "pronoun", "kind") and (running := _running(clause, world, new)):
        return _one_of(running, new)

    def make(item: Named) -> ToolCall | Question:
        containers = _containers(clause, item, new)
        if len(containers) > 1 and tag:
            containers = _akin(item, containers, tag)
        if item.ref.name == "":
            return ToolCall(tool="set_image", arguments={"image": new} if new else {})
        if len(containers) > 1:
            options = tuple(
                Option(
                    label=f"container {name} ({item.images.get(name, '')})",
                    calls=(_image_call(item, name, new, tag),),
                    about=(item.ref,),
                )
                for name in containers
            )
            return Question(text=f"{label_of(item)} has several containers: which one?", options=options)
        name = containers[0] if containers else ""
        clause.use_words(*(item.images.get(name, "").rpartition("/")[2].partition(":")[0] for name in containers[:1]))
        if latest:
            return Question(
                text=f"Which version of {label_of(item)}'s image? It runs {item.images.get(name, '')}.", slot="image"
            )
        return _image_call(item, name if len(item.containers) > 1 else "", new, tag)

    return change_all(clause, world, TEMPLATED, "set the image of", make)


_SETTING = frozenset(
    ("set", "deploy", "up", "down", "rollback", "apply", "create", "scale", "restart", "resume", "add")
)


def _sets(clause: Clause, families: frozenset[str], tag: str | None) -> bool:
    """Whether the verbs set an image; a rollback does where it says to what."""
    back = tag is not None and "rollback" in families and not clause.has("to, on, at")
    return not back and not families & {"annotate", "unlabel"} and bool(families & _SETTING)


def _one_of(running: list[tuple[Named, str]], new: str) -> Change:
    """The image for the one workload that runs its like; the question which one where several do."""
    options = tuple(
        Option(label=label_of(item), calls=(_image_call(item, name, new, None),), about=(item.ref,))
        for item, name in running
    )
    if len(options) == 1:
        return Change(options[0].calls, options[0].about)
    return Change(
        question=Question(text=f"Which one: {'; '.join(option.label for option in options)}?", options=options)
    )


def _running(clause: Clause, world: World, new: str) -> list[tuple[Named, str]]:
    """Workloads whose container runs an image of this name: "roll out mailer:5.6"."""
    wanted = new.rpartition("/")[2].partition(":")[0]
    place = namespace_in(clause)
    running = [
        (item, name if len(item.containers) > 1 else "")
        for item in world.index.vocabulary.objects
        if item.ref.kind in TEMPLATED and not item.owner and place in ("", EVERYWHERE, item.ref.namespace)
        for name in item.containers
        if item.images.get(name, "").rpartition("/")[2].partition(":")[0] == wanted
    ]
    return [(item, name) for item, name in running if item.ref.name == wanted] or running


def _image_call(item: Named, container: str, new: str, tag: str | None) -> ToolCall:
    present = item.images.get(container or (item.containers[0] if item.containers else ""), "")
    wanted = new
    if not wanted:
        repository, colon, last = present.rpartition(":")
        base = repository if colon and "/" not in last else present
        wanted = f"{base}:{tag}"
    elif "/" not in wanted and present.rpartition("/")[2].partition(":")[0] == wanted.partition(":")[0]:
        wanted = f"{present.rpartition('/')[0]}/{wanted}" if "/" in present else wanted
    return workload_call("set_image", item, container=container, image=wanted)


def _containers(clause: Clause, item: Named, new: str) -> list[str]:
    """The containers that may be meant."""
    said = [
        token.low
        for index, token in enumerate(clause.tokens)
        if token.low in item.containers and _says_container(clause, index, item)
    ]
    said = said or [name for name in item.containers if _base_said(clause, item, name)]
    if said:
        clause.use_words(*said)
        return [name for name in said if name != item.ref.name][-1:] or said[-1:]
    if len(item.containers) > 1 and new:
        same = [
            name
            for name in item.containers
            if item.images.get(name, "").rpartition("/")[2].partition(":")[0]
            == new.rpartition("/")[2].partition(":")[0]
        ]
        others = [name for name in item.containers if name not in same and name in new.rpartition(":")[2]]
        if len(same) == 1 and not others:
            return same
    return list(item.containers)


def _base_said(clause: Clause, item: Named, container: str) -> bool:
    """ "the log-shipper sidecar of x": a container by the last word of its image."""
    base = item.images.get(container, "").rpartition("/")[2].partition(":")[0]
    beside = clause.has("sidecar, container")
    return bool(base) and base != item.ref.name and beside and any(token.low == base for token in clause.tokens)


def _akin(item: Named, containers: list[str], tag: str) -> list[str]:
    """The container that runs what the workload is called after, where its version alone is followed by the new one."""
    alike = [name for name in containers if _major(item.images.get(name, "").rpartition(":")[2]) == _major(tag)]
    own = [name for name in alike if item.images.get(name, "").rpartition("/")[2].partition(":")[0] == item.ref.name]
    return own if len(alike) == len(own) == 1 else containers


def _major(tag: str) -> tuple[str, int]:
    """The first number of a version, and how many numbers it has."""
    plain = re.split(r"[-+]", tag.lstrip("v"))[0]
    return plain.partition(".")[0], plain.count(".")


def _says_container(clause: Clause, index: int, item: Named) -> bool:
    around = clause.low[max(0, index - 2) : index + 2]
    return clause.low[index] != item.ref.name or "container" in around or "sidecar" in around


_TAG = re.compile(r"v?\d+(?:\.\d+)+(?:[-+.][\w.-]+)?|v\d+[\w.-]*|[0-9a-f]{7,40}")


def _tag(clause: Clause) -> str | None:
    """A version of an image without its name."""
    found = [index for index in range(len(clause.tokens)) if _is_tag(clause, index)]
    if found:
        clause.used.update(found)
        new = [index for index in found if clause.low[index - 1 : index] != ("from",)]
        return clause.tokens[(new or found)[-1]].raw
    if clause.has("latest, newest") and clause.has("version, image, tag, release, update, upgrade"):
        clause.use_words("latest, newest")
        return "latest"
    at = max(clause.find("tag"), clause.find("version"))
    if at >= 0 and at + 1 < len(clause.tokens):
        following = at + 2 if clause.low[at + 1] in ("to", "is", "of") else at + 1
        if following < len(clause.tokens) and re.fullmatch(r"[\w][\w.-]*\d[\w.-]*", clause.tokens[following].raw):
            clause.used.add(following)
            return clause.tokens[following].raw
    return None


def _is_tag(clause: Clause, index: int) -> bool:
    """Whether a token is a version of an image, and not an amount of CPU or a part of a name."""
    token = clause.tokens[index]
    before = clause.low[max(0, index - 2) : index]
    spoken = {"version", "tag", "label", "release", "to", "image", "deploy", "v", "at"} & set(before)
    if not _TAG.fullmatch(token.raw) or not (spoken or "." in token.raw) or part_of_name(clause, index):
        return False
    return not (
        token.low.count(".") == 1 and clause.has("cpu, cpus, cores, core") and not clause.has("version, image, tag")
    )
