"""Requests that change something, as calls of the change tools. A change is never guessed: what is missing is asked."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.objects import (
    ROLLING,
    SCALABLE,
    TEMPLATED,
    World,
    fitting,
    last_shown,
    namespace_in,
    places_of,
    pointed,
    rank,
)  # fmt: skip
from cloudwright.agents.language.reading import call, located
from cloudwright.agents.language.understanding import Named, Option, Question
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import ToolCall


@dataclass
class Change:
    """A wanted change: the calls, or what has to be asked first."""

    calls: tuple[ToolCall, ...] = ()
    about: tuple[ObjectRef, ...] = ()
    question: Question | None = None
    confidence: float = 0.9
    notes: list[str] = field(default_factory=list)


Make = Callable[[Named], ToolCall | Question]


def label_of(named: Named) -> str:
    """An object for a person to choose."""
    place = f" in {named.ref.namespace}" if named.ref.namespace else ""
    return f"{named.ref.kind} {named.ref.name}{place}"


def targets(clause: Clause, world: World, kinds: Sequence[str], what: str) -> list[list[Named]] | Question:
    """For each object that the clause names, what it may be; or the question that has to be asked."""
    mentions = [item for item in clause.of("name") if _is_target(clause, item.start, kinds, item.objects)]
    if not mentions and (places := places_of(clause, world)):
        return [[item] for item in places]
    if not mentions:
        refs = pointed(clause, world, kinds)
        found = [
            item
            for ref in refs
            if (item := world.named(ref)) is not None and item.ref.kind in (kinds or (item.ref.kind,))
        ]
        clause.use(*clause.of("pronoun", "ordinal"))
        several = [item for ref in last_shown(world, kinds) if (item := world.named(ref)) is not None]
        if len(several) > 1 and len(found) == 1 and found[0] in several and not clause.of("ordinal"):
            return [several]
        if found:
            return [[item] for item in found]
        return Question(text=f"Which object shall I {what}?", slot="name")
    out: list[list[Named]] = []
    for mention in mentions:
        clause.use(mention)
        found = fitting(clause, mention, world, kinds)
        if not found:
            others = [item for item in mention.objects if not kinds or item.ref.kind in kinds]
            if others:
                options = others
                where = namespace_in(clause)
                text = (
                    f"There is no {mention.text} in {where}; did you mean one of these?"
                    if where
                    else f"Which {mention.text}?"
                )
                return Question(text=text, options=tuple(Option(label=label_of(item)) for item in options[:6]))
            kind = "/".join(dict.fromkeys(item.ref.kind for item in mention.objects)) or "nothing"
            return Question(
                text=f"I cannot {what} {mention.text}: it is a {kind}. Which object do you mean?", slot="name"
            )
        if mention.near:
            options = found
            names = ", ".join(sorted({label_of(item) for item in options})[:6])
            written = clause.low[mention.start]
            out.append(found)
            return _NearName(text=f"There is no {written!r}. Did you mean {names}?", found=found)
        out.append(found)
    return out


class _NearName(Question):
    """A question about a misspelt name."""

    found: list[Named] = []  # noqa: RUF012


def _is_target(clause: Clause, start: int, kinds: Sequence[str], objects: Sequence[Named]) -> bool:
    return not kinds or not objects or any(item.ref.kind in kinds for item in objects) or True


def change_all(clause: Clause, world: World, kinds: Sequence[str], what: str, make: Make) -> Change:
    """The same change of every object that the clause names; asks where one of them may be several."""
    found = targets(clause, world, kinds, what)
    if isinstance(found, _NearName):
        options = []
        for item in found.found[:6]:
            made = make(item)
            if isinstance(made, ToolCall):
                options.append(Option(label=f"{what} {label_of(item)}", calls=(made,), about=(item.ref,)))
        return Change(question=Question(text=found.text, options=tuple(options)))
    if isinstance(found, Question):
        if found.options:
            return Change(question=found)
        draft = make(_BLANK)
        drafts = (draft,) if isinstance(draft, ToolCall) else ()
        return Change(question=found.model_copy(update={"drafts": drafts}))
    calls: list[ToolCall] = []
    about: list[ObjectRef] = []
    for candidates in found:
        if len(candidates) > 1:
            return Change(question=_which(candidates, what, make, calls))
        made = make(candidates[0])
        if isinstance(made, Question):
            return Change(question=made, about=(candidates[0].ref,))
        calls.append(made)
        about.append(candidates[0].ref)
    return Change(tuple(calls), tuple(about))


_BLANK = Named(ref=ObjectRef(kind="Deployment", name=""))


def _which(candidates: Sequence[Named], what: str, make: Make, before: Sequence[ToolCall]) -> Question:
    options = []
    for item in candidates[:8]:
        made = make(item)
        calls = (*before, made) if isinstance(made, ToolCall) else tuple(before)
        options.append(Option(label=label_of(item), calls=calls, about=(item.ref,)))
    places = "; ".join(option.label for option in options)
    return Question(text=f"Which one shall I {what}: {places}?", options=tuple(options))


def workload_call(tool: str, item: Named, **arguments: JsonValue) -> ToolCall:
    """A call on a workload; empty collections stay out."""
    base = {"name": item.ref.name, "kind": item.ref.kind.lower(), "namespace": item.ref.namespace}
    kept = {key: value for key, value in {**base, **arguments}.items() if value not in ("", None, [], {}, ())}
    return ToolCall(tool=tool, arguments=kept)


def scale(clause: Clause, world: World, families: frozenset[str]) -> Change | None:  # noqa: C901
    """Set, raise, lower, double or halve the number of replicas."""
    if any(item.kind and item.kind.kind not in (*SCALABLE, "Pod", "Namespace") for item in clause.of("kind")):
        return None
    pods = [item for mention in clause.of("name") for item in fitting(clause, mention, world)]
    if pods and all(item.ref.kind in ("Pod", "Node", "CronJob", "DaemonSet") for item in pods):
        return None
    speaks = clause.has("replicas, replica, copies, copy, instances, instance, pods, pod") or "scale" in families
    numbers = [item for item in clause.of("number") if not _part_of_name(clause, item.start)]
    doubles = clause.has("double, twice, twice as many") or "double" in families
    halves = clause.has("halve, half, in half") or "halve" in families
    if clause.of("quantity") or clause.has("memory, cpu, limit, request, limits, requests, revision, port"):
        return None
    if "restart" in families and not numbers:
        return None
    bare = bool(numbers) and "set" in families and not clause.of("pair", "image", "text", "path")
    if (
        not speaks
        and not bare
        and not ({"up", "down"} & families and (numbers or not clause.of("pair", "image")))
        and not doubles
        and not halves
    ):
        return None
    if (doubles or halves) and not speaks and not clause.of("name"):
        return Change(question=Question(text="Of what: the replicas, the memory or the CPU? Say it with the object."))
    down = bool({"down"} & families) or clause.has("fewer, less, down") or "delete" in families
    zero = clause.has("zero, nothing, none")
    extra = clause.has("more, additional, another, extra, fewer, less, by, add, remove, fewer")
    if "create" in families and not extra and not numbers:
        return None
    amount = (
        numbers[-1].value
        if numbers
        else 1
        if clause.has(
            "another, a replica, extra, additional, one replica, a pod, a copy, an instance, an additional, an extra,"
            " one more, one fewer, one less"
        )
        else None
    )
    if clause.has("one more, one fewer, one less, one additional, one extra"):
        amount = 1
    between = len(numbers) >= 2 and clause.has("from") and clause.has("to")
    if len(numbers) >= 2 and not between:
        return None

    absolute = any(clause.low[item.start - 1] in ("to", "at", "exactly", "total") for item in numbers if item.start)
    more = clause.has("more, additional, another, extra")

    def make(item: Named) -> ToolCall | Question:
        present = item.replicas if item.replicas is not None else 1
        wanted: int | None
        if clause.has("triple, three times as many"):
            wanted = present * 3
        elif doubles:
            wanted = present * 2
        elif halves and present % 2:
            return Question(
                text=f"{label_of(item)} has {present} replicas, which has no half. To how many?",
                slot="replicas",
                drafts=(workload_call("scale_workload", item),),
            )
        elif halves:
            wanted = present // 2
        elif amount is not None and extra and not absolute:
            wanted = present - amount if down and not more else present + amount
        elif amount is not None:
            wanted = amount
        else:
            wanted = 0 if zero else None
        if item.ref.name == "":
            return ToolCall(
                tool="scale_workload",
                arguments={} if wanted is None else {"replicas": amount if amount is not None else wanted},
            )
        if wanted is None:
            return Question(
                text=f"To how many replicas? {label_of(item)} has {present}.", slot="replicas",
                drafts=(workload_call("scale_workload", item),),
            )  # fmt: skip
        return workload_call("scale_workload", item, replicas=max(0, wanted))

    clause.use(*numbers)
    clause.use_words(
        "replicas, replica, copies, copy, instances, instance, pods, pod, more, fewer, less, additional, another,"
        " extra, zero, half, double, twice, number, count, up, down, out, back, one, nothing, size, total,"
        " replica count, many, as, times, running"
    )
    return change_all(clause, world, SCALABLE, "scale", make)


def _part_of_name(clause: Clause, start: int) -> bool:
    mention = clause.at(start)
    return mention is not None and mention.what == "name"


def restart(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Replace the pods of workloads."""
    if "restart" not in families:
        return None
    clause.use_words("pods, rolling, rollout, restart, bounce, pod, all, the pods of, kick")

    def make(item: Named) -> ToolCall | Question:
        return workload_call("rollout_restart", item)

    named = [item for mention in clause.of("name") for item in fitting(clause, mention, world)]
    if named and all(item.ref.kind == "Pod" for item in named):
        return _restart_pod(named)
    return change_all(clause, world, ROLLING, "restart", make)


def _restart_pod(pods: Sequence[Named]) -> Change:
    item = pods[0]
    gone = Option(
        label=f"delete {label_of(item)}, so that {item.owner or 'its owner'} makes a new one",
        calls=(call("delete_resource", **located(item)),),
        about=(item.ref,),
    )
    return Change(question=Question(text=f"A pod cannot be restarted in place. Shall I {gone.label}?", options=(gone,)))


def rollback(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Go back to an earlier revision."""
    if "rollback" not in families:
        return None
    numbers = clause.of("number")
    revision = numbers[-1].value if numbers else 0
    if clause.of("image") and "rollback" in families:
        return None
    clause.use(*numbers)
    clause.use_words(
        "revision, version, previous, last, rollout, release, deployment, deploy, earlier, old, before, one,"
        " working, prior, good, known, back, number, update, upgrade, latest, state, image"
    )

    def make(item: Named) -> ToolCall | Question:
        return workload_call("rollout_undo", item, to_revision=revision or None)

    return change_all(clause, world, ROLLING, "roll back", make)


def _pausable(clause: Clause, world: World) -> tuple[str, ...]:
    named = [item for mention in clause.of("name") for item in mention.objects]
    custom = {item.ref.kind for item in named if set(_SWITCHES) & set(item.settings)}
    del world
    return ("Deployment", "CronJob", "StatefulSet", "Job", *sorted(custom))


_SWITCHES = ("paused", "suspend", "suspended", "enabled")
"""Fields of custom kinds that stop and start what they describe."""


def pause(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Pause or resume a rollout, or a CronJob."""
    pausing = bool({"pause", "stop"} & families)
    resuming = "resume" in families
    if pausing == resuming or clause.of("number"):
        return None
    clause.use_words(
        "rollout, rollouts, rolling out, schedule, scheduling, runs, deployment, hold, rolling, out, jobs,"
        " updates, deploying"
    )
    stops = "stop" in families and "pause" not in families

    def make(item: Named) -> ToolCall | Question:
        switch = next((name for name in _SWITCHES if name in item.settings), "")
        if switch and item.ref.kind not in ("Deployment", "CronJob", "Job"):
            off = not pausing if switch == "enabled" else pausing
            return call("patch_resource", **located(item), patch={"spec": {switch: off}})
        if item.ref.kind in ("CronJob", "Job"):
            return call("patch_resource", **located(item), patch={"spec": {"suspend": pausing}})
        if stops and not clause.has("rollout, rolling"):
            return workload_call("scale_workload", item, replicas=0)
        if item.ref.kind != "Deployment" and item.ref.name:
            return Question(text=f"{label_of(item)} cannot be paused; only Deployments and CronJobs can. Shall I scale it to 0 instead?",
                            options=(Option(label="scale it to 0", calls=(workload_call("scale_workload", item, replicas=0),), about=(item.ref,)),))  # fmt: skip
        return workload_call("rollout_pause" if pausing else "rollout_resume", item)

    return change_all(clause, world, _pausable(clause, world), "pause" if pausing else "resume", make)


def image(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Another image or another tag."""
    images = clause.of("image")
    tag = None if images else _tag(clause)
    if not images and tag is None:
        return None
    if not families & {
        "set",
        "deploy",
        "up",
        "down",
        "rollback",
        "apply",
        "create",
        "scale",
        "restart",
        "resume",
        "add",
    }:
        return None
    latest = tag == "latest"
    new = images[-1].text if images else ""
    clause.use(*images)
    clause.use_words("image, images, version, tag, release, build, container, new, newer, docker, tagged")

    def make(item: Named) -> ToolCall | Question:
        containers = _containers(clause, item, new)
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
        if latest:
            return Question(
                text=f"Which version of {label_of(item)}'s image? It runs {item.images.get(name, '')}.", slot="image"
            )
        return _image_call(item, name if len(item.containers) > 1 else "", new, tag)

    return change_all(clause, world, TEMPLATED, "set the image of", make)


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
    if said:
        clause.use_words(*said)
        return said[-1:]
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


def _says_container(clause: Clause, index: int, item: Named) -> bool:
    around = clause.low[max(0, index - 2) : index + 2]
    return clause.low[index] != item.ref.name or "container" in around or "sidecar" in around


_TAG = re.compile(r"v?\d+(?:\.\d+)+(?:[-+.][\w.-]+)?|v\d+[\w.-]*|[0-9a-f]{7,40}")


def _tag(clause: Clause) -> str | None:
    """A version of an image without its name."""
    for index, token in enumerate(clause.tokens):
        before = clause.low[max(0, index - 2) : index]
        spoken = {"version", "tag", "release", "to", "image", "deploy", "v", "at"} & set(before)
        if _TAG.fullmatch(token.raw) and (spoken or "." in token.raw) and not _part_of_name(clause, index):
            if (
                token.low.count(".") == 1
                and clause.has("cpu, cpus, cores, core")
                and not clause.has("version, image, tag")
            ):
                continue
            clause.used.add(index)
            return token.raw
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


_PLACING = "scheduling, schedule, new pods, placing, landing, new work, pods, new workloads"


def cordoning(clause: Clause, world: World, families: frozenset[str]) -> Change | None:  # noqa: C901
    """Cordon, uncordon, drain."""
    nodes = [item for mention in clause.of("name") for item in mention.objects if item.ref.kind == "Node"]
    spoken = (
        nodes
        or (clause.of("pronoun") and any(ref.kind == "Node" for ref in pointed(clause, world)))
        or any(item.kind and item.kind.kind == "Node" for item in clause.of("kind"))
    )
    if not spoken:
        return None
    tool = ""
    for family, name in (("uncordon", "uncordon_node"), ("cordon", "cordon_node"), ("drain", "drain_node")):
        if family in families:
            tool = name
    if "uncordon" in families:
        tool = "uncordon_node"
    elif clause.has("unschedulable"):
        tool = "cordon_node"
    elif clause.has("schedulable"):
        tool = "uncordon_node"
    if not tool and families & {"pause", "stop", "resume"} and clause.has(_PLACING):
        tool = "uncordon_node" if "resume" in families and "pause" not in families else "cordon_node"
    if not tool:
        return None
    arguments: dict[str, JsonValue] = {}
    if tool == "drain_node":
        if clause.has("force, forcefully, forced"):
            arguments["force"] = True
        if clause.has("emptydir, local data"):
            arguments["delete_emptydir_data"] = True
    clause.use_words(
        "pods, new, maintenance, scheduling, rotation, service, schedulable, unschedulable, mark, out, off,"
        " everything, all, force, emptydir, data, reboot, node, again, workloads, evict, move, for, any, more, no,"
        " back, available, stop, use, new pods"
    )

    def make(item: Named) -> ToolCall | Question:
        return ToolCall(tool=tool, arguments={"name": item.ref.name, **arguments} if item.ref.name else arguments)

    return change_all(clause, world, ("Node",), tool.partition("_")[0], make)


def deleting(clause: Clause, world: World, families: frozenset[str]) -> Change | None:
    """Delete one object."""
    if "delete" not in families and "evict" not in families:
        return None
    if clause.has("label, labels, annotation, annotations, taint, env, variable, environment"):
        return None
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
    clause.use_words("keep, what, owns, orphan, leave, pods, alone, of")

    def make(item: Named) -> ToolCall | Question:
        if evict:
            return ToolCall(tool="evict_pod", arguments={"name": item.ref.name, "namespace": item.ref.namespace})
        return call("delete_resource", **located(item), cascade="orphan" if orphan else "")

    if any(item.plural for item in clause.of("kind")) and not clause.of("name"):
        return Change(
            question=Question(
                text="That would delete several objects. Name the ones that shall go, one by one.", slot="name"
            )
        )
    found = change_all(clause, world, ("Pod",) if evict else (), "evict" if evict else "delete", make)
    return _kinds_of_name(clause, world, found, make)


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
            return Change(question=_which(chosen, "delete", make, ()))
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


_KEYED = re.compile(r"[A-Za-z0-9][\w./-]*")


def labelling(clause: Clause, world: World, families: frozenset[str]) -> Change | None:  # noqa: C901
    """Labels and annotations."""
    annotating = "annotate" in families or clause.has("annotation, annotations")
    speaks = annotating or families & {"label", "unlabel"} or clause.has("label, labels, labelled, tag")
    if not speaks or clause.has("image, version") or clause.of("image"):
        return None
    removing = bool(families & {"unlabel", "delete", "unset"})
    set_: dict[str, JsonValue] = {}
    remove: list[JsonValue] = []
    for mention in clause.of("pair"):
        key, _, value = mention.text.partition("=")
        clause.use(mention)
        if removing:
            remove.append(key)
        else:
            set_[key] = value
    for mention in clause.of("name"):
        if mention.text.endswith("-") and clause.low[mention.start].endswith("-"):
            remove.append(mention.text.rstrip("-"))
    if not set_ and not remove:
        key, said_value = _key_value(clause, "annotation" if annotating else "label")
        if key and said_value is not None and not removing:
            set_[key] = said_value
        elif key and removing:
            remove.append(key)
    clause.use_words("label, labels, annotation, annotations, tag, key, value, with, key/value, set, called")
    if not set_ and not remove:
        return (
            None
            if not clause.of("name", "pronoun")
            else Change(question=Question(text="Which key and value?", slot="set"))
        )
    tool = "annotate_resource" if annotating else "label_resource"

    def make(item: Named) -> ToolCall | Question:
        arguments = located(item) if item.ref.name else {}
        return call(tool, **arguments, set=set_ or None, remove=remove or None)

    return change_all(clause, world, _meant_kinds(clause, world), "label" if not annotating else "annotate", make)


def _meant_kinds(clause: Clause, world: World) -> tuple[str, ...]:
    kinds = [item.kind.kind for item in clause.of("kind") if item.kind]
    del world
    return tuple(kinds)


def _key_value(clause: Clause, word: str) -> tuple[str, str | None]:  # noqa: C901
    """ "label tier to edge", "the tier label edge", "label tier with value edge"."""
    at = max(clause.find(word), clause.find(f"{word}s"))
    if at < 0:
        return "", None
    low = [token.raw for token in clause.tokens]
    skip = ("called", "named", "key", "with", "the", "a", ":")
    index = at + 1
    while index < len(low) and low[index].lower() in skip:
        index += 1
    if (
        index >= len(low)
        or clause.tokens[index].mark
        or (index not in clause.used and low[index].lower() in ("from", "of", "on", "off", "to", "in"))
    ):
        if (
            at > 0
            and _KEYED.fullmatch(low[at - 1])
            and low[at - 1].lower() not in ("the", "a", "its", "that", "this", "remove", "delete")
        ):
            clause.used.add(at - 1)
            following = [item for item in range(at + 1, len(low)) if low[item].lower() == "to"]
            if following and following[-1] + 1 < len(low):
                clause.used.add(following[-1] + 1)
                return low[at - 1], low[following[-1] + 1]
            return low[at - 1], None
        return "", None
    key = low[index]
    if not _KEYED.fullmatch(key):
        return "", None
    clause.used.add(index)
    for item in range(index + 1, len(low) - 1):
        if low[item].lower() in ("to", "=", "as", "value", "set", "with", "is", "equal") and low[
            item + 1
        ].lower() not in ("to", "value", "the", "a"):
            mention = clause.at(item + 1)
            if (
                mention is not None
                and mention.what == "name"
                and low[item].lower() == "to"
                and item > index + 1
                and clause.has("add")
            ):
                continue
            clause.used.update((item, item + 1))
            return key, low[item + 1]
    if (
        index + 1 < len(low)
        and clause.at(index + 1) is None
        and _KEYED.fullmatch(low[index + 1])
        and low[index + 1].lower() not in ("on", "from", "to", "of", "in", "off", "for")
    ):
        clause.used.add(index + 1)
        return key, low[index + 1]
    return key, None


FRAMES: tuple[Callable[[Clause, World, frozenset[str]], Change | None], ...] = (
    labelling, cordoning, image, pause, rollback, scale, restart, deleting,
)  # fmt: skip

__all__ = ["FRAMES", "Change", "change_all", "label_of", "rank", "workload_call"]
