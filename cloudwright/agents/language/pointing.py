"""Words of a clause that point at something, where a name that exists by chance would mislead: "the eu one", "its seats"."""

from dataclasses import replace

from cloudwright.agents.language.aspects import spoken
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.describing import fits
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.references import EVERYWHERE, World, namespace_in
from cloudwright.agents.language.text import words_of
from cloudwright.agents.language.understanding import KindWord, Named

_POINTING = ("the", "that", "this")
_LONGEST = 3
_THE = (("the",), ("that",), ("this",))
_DESCRIBING = (
    ("on",),
    ("with",),
    ("that",),
    ("which",),
    ("called",),
    ("named",),
    ("of",),
    ("in",),
    ("for",),
    ("labelled",),
)
_NO_PLACE = listed(
    "is, are, was, were, will, hi, hey, hello, be, has, have, anything, anyone, out, up, 's, isn't, should, may, can"
)


def pointing(clause: Clause, world: World, before: Clause | None = None) -> Clause:
    """The clause with "the eu one" as the objects that it means, and without names that are settings of what "its" means."""
    place = next((item.text for item in reversed(before.of("namespace"))), "") if before is not None else ""
    return _there(_owned(_the_kind(_picked(clause, world), world), world), world, place)


def _the_kind(clause: Clause, world: World) -> Clause:
    """ "coag-1 is calibrated, set the analyzer to online": the kind of what is in focus means it."""
    focus = next((item for ref in world.memory.objects[:1] if (item := world.named(ref)) is not None), None)
    if focus is None or clause.question or clause.of("name", "pronoun", "ordinal", "namespace", "all"):
        return clause
    for mention in clause.of("kind"):
        same = mention.kind is not None and mention.kind.kind == focus.ref.kind and not mention.plural
        behind = clause.low[mention.end : mention.end + 1]
        if same and clause.low[mention.start - 1 : mention.start] in _THE and behind not in _DESCRIBING:
            told = Mention("name", mention.start - 1, mention.end, focus.ref.name, objects=(focus,))
            others = (item for item in clause.mentions if item is not mention)
            mentions = tuple(sorted((*others, told), key=lambda item: item.start))
            return replace(clause, mentions=mentions, used=set())
    return clause


def _there(clause: Clause, world: World, place: str) -> Clause:
    """ "restart basket there": in the namespace of what was spoken of last."""
    at = next((at for at, word in enumerate(clause.low) if word == "there" and _is_place(clause, at)), -1)
    place = place or next((ref.namespace for ref in world.memory.objects[:1]), "") or _last_place(world)
    if at < 0 or not place or clause.of("namespace") or not clause.of("name", "kind", "workload"):
        return clause
    told = Mention("namespace", at, at + 1, place)
    mentions = sorted((*clause.mentions, told), key=lambda item: item.start)
    return replace(clause, mentions=tuple(mentions), used=set())


def _is_place(clause: Clause, at: int) -> bool:
    """Whether "there" says where: not "is there", "there are", "hi there"."""
    around = {*clause.low[at - 1 : at], *clause.low[at + 1 : at + 2]} if at else {""}
    return at > 0 and clause.at(at) is None and not around & _NO_PLACE


def _last_place(world: World) -> str:
    return next((str(call.arguments.get("namespace", "")) for call in world.memory.last_calls[:1]), "")


def _owned(clause: Clause, world: World) -> Clause:
    """ "its seats": a setting of what is in focus, though something else is called seats."""
    focus = [item for ref in world.memory.objects[:1] if (item := world.named(ref)) is not None]
    focus += [item for mention in clause.of("name") for item in mention.objects]
    gone = [
        mention
        for mention in clause.of("name")
        if (
            clause.low[mention.start - 1 : mention.start] in (("its",), ("their",))
            or clause.low[mention.end : mention.end + 1] == ("of",)
        )
        and any(mention.text in spoken(key) for item in focus if item not in mention.objects for key in item.settings)
    ]
    gone += [mention for mention in clause.of("name") if _in_key(clause, mention)]
    if not gone:
        return clause
    return Clause(clause.tokens, tuple(item for item in clause.mentions if item not in gone), clause.question)


def _in_key(clause: Clause, mention: Mention) -> bool:
    """ "the day rate" of a ConfigMap with the key DAY_RATE, though something is called rate."""
    keys = {
        tuple(words_of(key))
        for other in clause.of("name")
        for item in other.objects
        if other is not mention and item.ref.kind == "ConfigMap"
        for key in item.keys
    }
    return any(
        clause.low[start : start + len(words)] == words
        for words in keys
        if len(words) > 1
        for start in range(max(0, mention.end - len(words)), mention.start + 1)
    )


def _picked(clause: Clause, world: World) -> Clause:
    """ "the eu one", "the one in staging": one of the kind that was listed or spoken of last."""
    end = next((at + 1 for at, word in enumerate(clause.low) if word == "one" and at), 0)
    start = next((at for at in range(end - 2, max(-1, end - 3 - _LONGEST), -1) if clause.low[at] in _POINTING), -1)
    kind = _kind(world) if end and start >= 0 else None
    place = namespace_in(clause) if kind is not None and kind.namespaced else ""
    words = [
        word for word in clause.low[start + 1 : end - 1] if word not in ("other", "same", "first", "last", "second")
    ]
    if clause.low[start - 1 : start] == ("not",):
        return clause
    if kind is None or len(words) != end - start - 2 or not (words or place):
        return clause
    pool = _namesakes(kind, place, world) if not words else []
    found = pool or [
        item
        for item in _of_kind(kind, world)
        if place in ("", EVERYWHERE, item.ref.namespace) and all(fits(item, word) for word in words)
    ]
    if not found:
        return clause
    told = Mention("name", start, end, found[0].ref.name, objects=tuple(found))
    others = (item for item in clause.mentions if item.end <= start or item.start >= end)
    return replace(clause, mentions=tuple(sorted((*others, told), key=lambda item: item.start)), used=set())


def _namesakes(kind: KindWord, place: str, world: World) -> list[Named]:
    """ "the one in staging": what is called like the thing that was spoken of last."""
    return [
        item
        for ref in world.memory.objects[:1]
        for item in world.index.names.get(ref.name.lower(), ())
        if ref.kind == kind.kind == item.ref.kind and item.ref.namespace == place != ref.namespace
    ]


def _kind(world: World) -> KindWord | None:
    """The kind of what was listed or spoken of last."""
    for call in world.memory.last_calls[:1]:
        if call.tool == "list_resources":
            word = str(call.arguments.get("kind", "")).rpartition("/")[2].lower()
            return world.index.kinds.get((word,))
    return next((world.kind(ref.kind) for ref in world.memory.objects[:1]), None)


def _of_kind(kind: KindWord, world: World) -> list[Named]:
    """The objects of a kind; of those that were listed, where they are known."""
    listed = [item for ref in world.memory.listed if ref.kind == kind.kind and (item := world.named(ref)) is not None]
    return listed or [item for item in world.index.vocabulary.objects if item.ref.kind == kind.kind]
