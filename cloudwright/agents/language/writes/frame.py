"""What a changing frame gives: calls of change tools, or the question that has to be asked first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cloudwright.agents.language.calls import label_of
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.references import (
    EVERYWHERE,
    ROLLING,
    World,
    fitting,
    in_focus,
    last_shown,
    namespace_in,
    placed,
    places_of,
    pointed,
    sole,
)
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
    places: frozenset[str] = frozenset()
    """Namespaces that the frame has read the meaning of, besides those that it changes something in."""


Make = Callable[[Named], ToolCall | Question]


def targets(clause: Clause, world: World, kinds: Sequence[str], what: str) -> list[list[Named]] | Question:
    """For each object that the clause names, what it may be; or the question that has to be asked."""
    mentions = clause.of("name")
    told = _described(clause, world, kinds, what)
    if told is not None:
        return told
    if not mentions:
        return _unnamed(clause, world, kinds, what)
    out: list[list[Named]] = []
    for mention in mentions:
        clause.use(mention)
        found = fitting(clause, mention, world, kinds) or pods_of(clause, mention, world, what)
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
            return _NearName(text=f"There is no {written!r}. Did you mean {names}?", found=tuple(found))
        out.append(found)
    return out


def _unnamed(clause: Clause, world: World, kinds: Sequence[str], what: str) -> list[list[Named]] | Question:
    """What an order without a name is about: a described or shown thing, what a pronoun points at, the thing in focus."""
    described = places_of(clause, world)
    if described and (not kinds or all(item.ref.kind in kinds for item in described)):
        return [[item] for item in described]
    refs = pointed(clause, world, kinds) or ([] if what in _NAMED_ONLY else in_focus(clause, world, kinds))
    found = [
        item for ref in refs if (item := world.named(ref)) is not None and item.ref.kind in (kinds or (item.ref.kind,))
    ]
    clause.use(*clause.of("pronoun", "ordinal"))
    several = [item for ref in last_shown(world, kinds) if (item := world.named(ref)) is not None]
    several = several if len(several) > 1 else _twins(world, found)
    if clause.of("namespace") and (there := placed(several, clause, world)):
        several = found = there
    if len(several) > 1 and len(found) == 1 and found[0] in several and not clause.of("ordinal"):
        return [several]
    if found and clause.of("pronoun") and (other := _listed_since(world, found)):
        options = tuple(Option(label=label_of(item)) for item in found[:1])
        return Question(text=f"{other.kind} {other.name} was listed last. What shall I {what}?", options=options)
    if found:
        return [[item] for item in found]
    spoken = _shown(clause, world, kinds) or of_the_kind(clause, world, kinds)
    return [spoken] if len(spoken) > 1 else Question(text=f"Which object shall I {what}?", slot="name")


_PARTS_OF_THINGS = ("Pod", "ReplicaSet", "Event", "EndpointSlice", "ControllerRevision", "Job")


def _listed_since(world: World, found: Sequence[Named]) -> ObjectRef | None:
    """A row of another kind that was listed after the thing that "it" would mean; rows of its own parts mean the thing."""
    lists = [one for one in world.memory.last_calls if one.tool == "list_resources" and "fields" not in one.arguments]
    rows = [ref for ref in world.memory.listed if ref.kind not in _PARTS_OF_THINGS]
    kinds = {item.ref.kind for item in found}
    named = any(item.ref.name in str(one.arguments) for one in lists for item in found)
    return rows[0] if lists and rows and not named and not kinds & {ref.kind for ref in rows} else None


def _shown(clause: Clause, world: World, kinds: Sequence[str]) -> list[Named]:
    """The rows of the last list, where "it" may be any of them."""
    rows = [item for ref in world.memory.listed if (item := world.named(ref)) is not None]
    fit = [item for item in rows if not kinds or item.ref.kind in kinds]
    return fit if clause.of("pronoun") and not clause.of("kind") else []


def _twins(world: World, found: Sequence[Named]) -> list[Named]:
    """The two of one name and kind in different namespaces that the last look showed: "it" names neither."""
    looked = all(
        call.tool.startswith(("list_", "describe_", "get_", "top_", "compare_")) for call in world.memory.last_calls
    )
    newest = [item for ref in world.memory.objects[:2] if (item := world.named(ref)) is not None]
    same = {(item.ref.kind, item.ref.name) for item in newest}
    twins = (
        looked
        and bool(world.memory.last_calls)
        and len(newest) == 2
        and len(same) == 1
        and len(found) == 1
        and found[0] in newest
    )
    return newest if twins and newest[0].ref != newest[1].ref else []


_AILING = "crashing, failing, broken, unhealthy, not ready, unready, stuck, bad, crashed, failed, hanging, crashlooping"


def pods_of(clause: Clause, mention: Mention, world: World, what: str) -> list[Named]:
    """The pods that "the web pod" may mean where pods themselves shall go."""
    if what not in ("delete", "evict") or not any(item.kind and item.kind.kind == "Pod" for item in clause.of("kind")):
        return []
    found = [
        pod
        for item in placed(mention.objects, clause, world)
        if item.ref.kind in ROLLING and item.selector
        for pod in world.index.vocabulary.objects
        if pod.ref.kind == "Pod"
        and pod.ref.namespace == item.ref.namespace
        and item.selector.items() <= pod.labels.items()
    ]
    ailing = [pod for pod in found if not {"ready", "succeeded"} & set(pod.states)] if clause.has(_AILING) else []
    clause.use_words(_AILING if ailing else "")
    return ailing or found


def _described(clause: Clause, world: World, kinds: Sequence[str], what: str) -> list[list[Named]] | Question | None:
    """What a description fits, where no name is said; what empties a node on a description is asked about."""
    mentions = clause.of("name")
    told = [item for item in sole(clause, world) if not kinds or item.ref.kind in kinds]
    if not told or not all(mention.near for mention in mentions):
        return None
    clause.use(*mentions)
    if what == "drain":
        names = ", ".join(label_of(item) for item in told)
        return _NearName(text=f"That empties {names}: is that the one?", found=tuple(told))
    return [told]


def of_the_kind(clause: Clause, world: World, kinds: Sequence[str]) -> list[Named]:
    """The objects of the kind that the clause speaks of without a name, where the namespace that is meant has them."""
    spoken = {item.kind.kind for item in clause.of("kind") if item.kind is not None and not item.plural}
    place = namespace_in(clause)
    return [
        item
        for item in world.index.vocabulary.objects
        if item.ref.kind in spoken
        and (not kinds or item.ref.kind in kinds)
        and not item.owner
        and not item.ref.namespace.startswith("kube-")
        and not item.ref.name.startswith("kube-")
        and place in ("", EVERYWHERE, item.ref.namespace)
    ]


_NAMED_ONLY = ("delete", "evict", "drain", "taint", "run that in")
"""What is never done to something that is not even pointed at."""


class _NearName(Question):
    """A question about a misspelt name."""

    found: tuple[Named, ...] = ()


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
            return Change(question=which(candidates, what, make, calls))
        made = make(candidates[0])
        if isinstance(made, Question):
            return Change(question=made, about=(candidates[0].ref,))
        calls.append(made)
        about.append(candidates[0].ref)
    return Change(tuple(calls), tuple(about))


_BLANK = Named(ref=ObjectRef(kind="Deployment", name=""))


def which(candidates: Sequence[Named], what: str, make: Make, before: Sequence[ToolCall]) -> Question:
    """The question which of several objects is meant."""
    options = []
    for item in candidates[:8]:
        made = make(item)
        calls = (*before, made) if isinstance(made, ToolCall) else tuple(before)
        options.append(Option(label=label_of(item), calls=calls, about=(item.ref,)))
    places = "; ".join(option.label for option in options)
    return Question(text=f"Which one shall I {what}: {places}?", options=tuple(options))
