"""Objects that are described, not named: "the storage node", "the nightly job", "the node in rack r7", "the minnow sailing".

What is said of them are parts of their names, values of their labels and settings, the rhythm of a schedule, a switch, or
a state. Only a single thing is described so ("the", "that", "our"): "a node" or "nodes" mean none in particular.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.index import Index
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.understanding import Named

_POINTING = ("the", "that", "this", "our", "my", "your")
_BETWEEN = listed(
    "the, that, this, our, my, your, is, which, with, in, on, of, labelled, labeled, has, a, zone, rack, pool, currently, still, node, for"
)
_SWITCHED: Mapping[str, tuple[str, ...]] = {
    "cordoned": ("unschedulable",), "unschedulable": ("unschedulable",), "suspended": ("suspend",), "paused": ("paused", "suspend"),
    "held": ("held",), "disabled": ("suspend", "disabled"),
}  # fmt: skip
_STATES: Mapping[str, tuple[str, ...]] = {
    "failed": ("failed",), "broken": ("failed",), "completed": ("complete",), "complete": ("complete",), "finished": ("complete", "succeeded"),
    "done": ("complete", "succeeded"), "unbound": ("pending",), "pending": ("pending",), "bound": ("bound",), "succeeded": ("succeeded", "complete"),
    "successful": ("complete", "succeeded"),
}  # fmt: skip
_NIGHT = 6
_LONGEST = 4
_ALIKE: Mapping[str, tuple[str, ...]] = {"Job": ("Job", "CronJob"), "CronJob": ("CronJob",)}


def described(clause: Clause, index: Index) -> tuple[list[Named], set[int]]:
    """The objects that fit a description of the clause, and the tokens that describe; none where nothing is described."""
    for mention in reversed(clause.of("kind")):
        if mention.kind is None or (mention.plural and not clause.has("one of the, any of the, one of our")):
            continue
        told = _told(clause, mention)
        if told is None or not told:
            continue
        kinds = _ALIKE.get(mention.kind.kind, (mention.kind.kind,)) if mention.text == "job" else (mention.kind.kind,)
        words = [clause.low[at] for at in sorted(told)]
        fitting = [
            item
            for item in index.vocabulary.objects
            if item.ref.kind in kinds and all(fits(item, word) for word in words)
        ]
        if fitting:
            named = [item for item in fitting if set(words) <= set(_parts(item.ref.name))]
            return named or fitting, set(told)
    return [], set()


def _told(clause: Clause, mention: Mention) -> list[int] | None:
    """Where the words stand that describe: between "the" and the kind, or behind it as "that is …", "with …", "in …"."""
    before: list[int] = []
    at = mention.start - 1
    while at >= 0 and len(before) < _LONGEST and clause.low[at] not in _POINTING:
        if clause.tokens[at].mark or _taken(clause, at):
            return None
        before.append(at)
        at -= 1
    if at < 0 or clause.low[at] not in _POINTING:
        return None
    after: list[int] = []
    if clause.low[mention.end : mention.end + 1] and clause.low[mention.end] in (
        "that",
        "which",
        "with",
        "in",
        "labelled",
        "on",
        "of",
    ):
        for index in range(mention.end, min(mention.end + _LONGEST + 1, len(clause.low))):
            if clause.low[index] in ("to", "should", "shall", "by", "and"):
                break
            counts = clause.low[index].isdigit() and bool(after) and after[-1] == index - 1
            if clause.tokens[index].mark or (
                _taken(clause, index) and not counts and clause.low[index] not in _BETWEEN
            ):
                break
            if clause.low[index] not in _BETWEEN:
                after.append(index)
    return [*before, *after]


def _taken(clause: Clause, at: int) -> bool:
    mention = clause.at(at)
    if mention is None or mention.near or (mention.what == "pair" and mention.end > mention.start + 1):
        return False  # "district north" is a label in words
    return mention.what not in ("text", "duration")


def fits(item: Named, word: str) -> bool:
    """Whether a word describes an object: a part of its name, a label, a setting, a state, a rhythm."""
    if word in ("broken", "unhealthy", "crashing", "failing") and item.ref.kind == "Pod":
        return not {"ready", "succeeded"} & set(item.states)
    if word in _SWITCHED:
        return any(item.settings.get(name) is True for name in _SWITCHED[word])
    if word in _STATES:
        return bool(set(_STATES[word]) & set(item.states))
    if (
        item.ref.kind == "CronJob"
        and word in _RHYTHMS
        and _RHYTHMS[word].fullmatch(str(item.settings.get("schedule", "")))
    ):
        return True
    return word in set(_words(item)) or word.removesuffix("s") in set(_words(item))


_RHYTHMS: Mapping[str, re.Pattern[str]] = {
    "nightly": re.compile(rf"\d+ [0-{_NIGHT - 1}] \* \* \*"), "daily": re.compile(r"\d+ \d+ \* \* \*"), "hourly": re.compile(r"\d+ \* \* \* \*"),
    "weekly": re.compile(r"\d+ \d+ \* \* [0-7a-zA-Z]+"), "monthly": re.compile(r"\d+ \d+ \d+ \* \*"),
}  # fmt: skip


def _words(item: Named) -> Iterator[str]:
    """The words that an object can be described by."""
    yield from _parts(item.ref.name)
    yield from _parts(item.ref.namespace)
    for key, value in item.labels.items():
        yield from (key.rpartition("/")[2].lower(), *_parts(value))
        if key.startswith("node-role.kubernetes.io/"):
            yield key.partition("/")[2]
    for key, setting in item.settings.items():
        if not isinstance(setting, bool):
            yield from (key.rpartition(".")[2].lower(), *_parts(str(setting)))
    for image in item.images.values():
        yield from _parts(image.rpartition("/")[2].partition(":")[0])


def _parts(text: str) -> Sequence[str]:
    low = text.lower()
    return (low, *re.split(r"[-_./]", low)) if low else ()
