"""Which fields a clause asks for: the words for fields that stand in it, the telling ones first."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from cloudwright.agents.language import aspects, exact
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed, phrases
from cloudwright.agents.language.text import ARROWS, VERSION
from cloudwright.agents.language.verbs import opening, verbs

_VAGUE = listed(
    "container, containers, type, kind, status, state, phase, pod, memory, cpu, node, version, data, image, who, reason"
)
"""Words for fields that often stand beside the word that really names the field."""
SIGNS = ("<", ">", "<=", ">=", "=", "==", "!=")
_JOINTS = frozenset(
    ("and", ",", "or", "/", "plus", "&", "+", "as", "with", "-", ";", ":", "|", "?", "vs", "versus", "against", *SIGNS)
)
_ASKING = (("which",), ("what",), ("how", "many"), ("how", "much"), ("how", "big"), ("how", "long"), ("how", "often"))


@dataclass(frozen=True)
class Field:
    """A phrase for a field in a clause: where it stands, and the paths that it means."""

    at: int
    words: str
    path: str

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.at + len(self.words.split())

    @property
    def paths(self) -> list[str]:
        """Its paths one by one."""
        return self.path.split(",")


def said(clause: Clause, fields: Iterable[tuple[str, str]]) -> list[Field]:
    """The phrases of fields that stand in the clause, longer ones first; none overlaps another."""
    known = list(fields)
    found = [Field(at, words, path) for words, path in known if (at := _said_at(clause, words)) >= 0]
    found = [*_shared(clause, found, known), *found]
    kept: list[Field] = []
    for field in sorted(found, key=lambda item: (-len(item.words.split()), -len(item.words), item.at)):
        if all(field.end <= other.at or other.end <= field.at for other in kept):
            kept.append(field)
    return kept


def _shared(clause: Clause, found: Sequence[Field], known: Sequence[tuple[str, str]]) -> list[Field]:
    """What joined words share with their neighbour: "allocatable cpu + memory", "cpu and memory limits"."""
    paths = dict(reversed(known))
    low = clause.low
    shared: list[Field] = []
    for field in found:
        first, _, last = field.words.partition(" ")
        if not last or " " in last:
            continue
        for joint, at, template in (
            (field.end, field.end + 1, f"{first} {{}}"),
            (field.at - 1, field.at - 2, f"{{}} {last}"),
        ):
            inside = min(joint, at) >= 0 and max(joint, at) < len(low)
            if inside and low[joint] in _TOGETHER and (path := paths.get(template.format(low[at]))):
                shared.append(Field(at, low[at], path))
    return shared


_TOGETHER = ("and", "+", "/", "&", ",", "or", "plus")


def _said_at(clause: Clause, words: str) -> int:
    """Where a phrase stands; not as the unit of a duration ("in 5 min")."""
    at = clause.find(words)
    mention = clause.at(at) if at >= 0 else None
    return -1 if mention is not None and mention.what == "duration" else at


def chosen(clause: Clause, found: Sequence[Field]) -> list[Field]:
    """The field that is asked for (before "of" first, vague words last) and those that are joined to it by "and"."""
    if not found:
        return []
    main = max(found, key=lambda field: _weight(clause, field))
    low = clause.low
    joined = [
        other
        for other in found
        if other is not main
        and (telling(other) or not telling(main) or asked_about(clause, other) or _right_behind(low, main, other))
        and _JOINTS & set(low[min(main.end, other.end) : max(main.at, other.at)])
    ]
    return sorted(_enumerated(clause, [main, *joined], found), key=lambda field: field.at)


def _enumerated(clause: Clause, taken: Sequence[Field], found: Sequence[Field]) -> list[Field]:
    """Fields with those that stand in one row with them, whatever their words: "storageClassName, accessModes, phase"."""
    row = sorted(found, key=lambda field: field.at)
    out = list(taken)
    for before, behind in (*pairwise(row), *pairwise(reversed(row))):
        first, last = sorted((before, behind), key=lambda field: field.at)
        between = [clause.low[at] for at in range(first.end, last.at) if not _whose(clause, at)]
        if before in out and behind not in out and between and set(between) <= _ROW:
            out.append(behind)
    return out


def probed(clause: Clause, fields: Sequence[Field]) -> list[Field]:
    """Fields, and of a probe only what of it is asked for: "the liveness probe of x: path and periodSeconds"."""
    probe = next((field for field in fields if field.path.endswith("Probe")), None)
    if probe is None:
        return list(fields)
    outside = [at for at in range(len(clause.low)) if not probe.at <= at < probe.end]
    parts = [
        Field(at, clause.low[at], path) for at in outside if (path := exact.inside_probe(probe.path, clause.low[at]))
    ]
    told = {part.at for part in parts}
    return [*(field for field in fields if field.at not in told and (field is not probe or not parts)), *parts]


def _whose(clause: Clause, at: int) -> bool:
    mention = clause.at(at)
    return mention is not None and mention.what in ("name", "kind", "namespace")


def _right_behind(low: Sequence[str], main: Field, other: Field) -> bool:
    """ "how much cpu and memory": nothing but joints between them."""
    return 0 < other.at - main.end <= _TWO and set(low[main.end : other.at]) <= {"and", ",", "&", "+", "/"}


_TWO = 2
_ROW = frozenset((",", "/", "+", "&", "|", "vs", "versus"))
"""Signs between the fields of a row."""


def telling(field: Field) -> bool:
    """Whether its words name a field and hardly anything else."""
    return field.words not in _VAGUE


def asked_about(clause: Clause, field: Field) -> bool:
    """Whether the words that ask stand right before it: "which port", "on which port", "how much memory"."""
    low = clause.low
    spoken = any(tuple(field.words.split()[: len(words)]) == words for words in _ASKING)
    return spoken or any(low[max(0, field.at - len(words)) : field.at] == words for words in _ASKING)


def _weight(clause: Clause, field: Field) -> tuple[bool, bool, int]:
    return clause.low[field.end : field.end + 1] == ("of",), telling(field), len(field.words)


def _named_by_api(clause: Clause) -> bool:
    """Whether it says names of fields as the API spells them, whose they are, and nothing else: "maxSurge, paused on x"."""
    rest = [
        token.low
        for at, token in enumerate(clause.tokens)
        if not token.mark and token.raw not in ARROWS and ((mention := clause.at(at)) is None or mention.what == "path")
    ]
    words = [word for word in rest if word not in _JOINTS and word not in (*_OF, "the", "please", "show", "me", "get")]
    names = {word for word in words if word in exact.owners()}
    return bool(names) and all(word in names or (word,) in _nouns() for word in words)


_OF = ("of", "for", "in", "on", "across", "?")
_VALUES = ("to", "by", "=", "at", "from")
_LONGEST = 4


@cache
def _nouns() -> frozenset[tuple[str, ...]]:
    """What people call fields, of whatever kind, in the singular and the plural."""
    names = [phrase for text, _ in aspects.FIELDS for phrase in phrases(text)]
    plurals = ((*phrase[:-1], f"{phrase[-1]}s") for phrase in names)
    return frozenset((*names, *plurals, *((name,) for name in exact.owners())))


def fact(low: tuple[str, ...]) -> bool:
    """Whether words begin with a field's name and whose it is: "size of x", "version behind y"."""
    return any(low[:size] in _nouns() and low[size : size + 1] in _WHOSE for size in range(1, _LONGEST + 1))


_WHOSE = [(word,) for word in ("of", "for", "behind")]


def nominal(clause: Clause, least: int = 1) -> bool:
    """Whether the clause begins with a field's name that only looks like a verb: "size of x", "update strategy of y".

    `least`: how many words the name must have.
    """
    if clause.of("image", "pair", "quantity", "percent") or any(
        clause.low[number.start - 1] in _VALUES for number in clause.of("number") if number.start
    ):
        return False
    if any(VERSION.fullmatch(token.raw) and clause.low[at - 1] == "to" for at, token in enumerate(clause.tokens) if at):
        return False  # "x: image tag 3.0.7 -> 3.0.8"
    if _named_by_api(clause):
        return True
    low = clause.low
    start = opening(clause)
    for at in range(max(0, start - 1), min(start + 1, len(low))):
        for size in range(_LONGEST, least - 1, -1):
            end = at + size
            if end <= start or low[at:end] not in _nouns():
                continue
            if any(number.start == end for number in clause.of("number")):
                return False
            if size > 1 or low[at] in exact.owners() or low[end : end + 1] in [(word,) for word in _OF]:
                return True
    return False


_WHOM = listed("any, some, all, our, the, these, those, my, we, they, i, you, both, either, many, most, which")


_TOLD = re.compile(
    r"\b(?:wants?|needs?|asks? for|asked for|requires?|requested)(?: to (?:see|know|have))? (?:a |the |an )?"
    r"(?:list|overview|report|summary|every|all|full list|inventory|numbers?|versions?)\b"
)


def reported_wish(clause: Clause) -> bool:
    """Whether somebody else wants to see something: "the auditors want a list of all images"."""
    valued = clause.of("name", "quantity", "pair", "percent", "file", "image")
    done = any(verb.form == "past" for verb in verbs(clause))  # "… want all pods restarted"
    return bool(_TOLD.search(" ".join(clause.low))) and not (valued or done) and clause.low[0] not in ("i", "we")


def asks_bounds(clause: Clause) -> bool:
    """ "x memory: limit and request?": with nothing to set, "limit" and "request" are what is asked for."""
    valued = clause.of("quantity", "number", "percent", "pair", "image", "file")
    nouns = clause.has("limit, limits, request, requests") and clause.has("memory, cpu, ram, mem, cores, resources")
    return (
        clause.question
        and nouns
        and not valued
        and not clause.has("can, could, please, would, remove, drop, delete, raise")
    )


def own_words(clause: Clause) -> Clause:
    """The clause without names that were guessed from a word which is a setting of what it names: "who is on crew for x"."""
    exact = [item for mention in clause.of("name") if not mention.near for item in mention.objects]
    words = {key.rpartition(".")[2].lower() for item in exact for key in item.settings}
    words |= {part.lower() for item in exact for key in item.keys for part in re.split(r"[_.-]", key)}
    gone = [
        mention
        for mention in clause.of("name")
        if mention.near and mention.end == mention.start + 1 and clause.tokens[mention.start].low in words
    ]
    return replace(clause, mentions=tuple(item for item in clause.mentions if item not in gone)) if gone else clause


def only_fields(clause: Clause) -> bool:
    """ "x: state, class and size": names of two fields or more, and nothing that could be done or set."""
    if clause.of("quantity", "number", "percent", "pair", "image", "file", "pronoun") or not clause.of("name"):
        return False
    low, at, found = clause.low, 0, 0
    while at < len(low):
        size = next((size for size in range(_LONGEST, 0, -1) if low[at : at + size] in _nouns()), 0)
        mention = clause.at(at)
        if mention is None and not size and not clause.tokens[at].mark and low[at] not in _SMALL:
            return False
        found += bool(size) and (mention is None or mention.what == "kind")
        at += size or 1
    return found > 1


_SMALL = frozenset(
    [
        "and",
        "or",
        "the",
        "its",
        "of",
        "for",
        "in",
        "on",
        "plus",
        "with",
        "as",
        "well",
        "also",
        "please",
        "pls",
        "show",
        "me",
        "what",
        "is",
        "are",
    ]
)


def inquires(clause: Clause) -> bool:
    """Whether it begins like a question with "do" or "have": "do any of the nodes have taints", "have any pods restarted"."""
    low = clause.low
    if len(low) < _SHORT or low[0] not in ("do", "have", "got") or low[1] not in _WHOM or clause.has(_ASKED_OF_US):
        return False
    if low[0] == "have" and low[1] not in _PEOPLE:  # "have the web pods restarted" may order it
        return clause.question
    if low[0] == "do" and low[1] in ("the", "all", "our", "my"):  # "do the rollout of x" orders
        return bool({"have", "use", "run", "need", "get", "still", "share"} & set(low[2:]))
    return True


_PEOPLE = ("any", "some", "we", "they", "i")
_SHORT = 3
_ASKED_OF_US = "do you mind, have you, please, kindly"
_WHICH = ("that", "which", "whose", "with", "without", "having", "lacking", "where")
_WISHES = "should, must, need, needs, shall, ought to, please, want"


def described(clause: Clause) -> bool:
    """Whether the clause begins with things and what they are like, so that its verbs order nothing: "nodes that have a taint"."""
    if clause.of("image", "pair", "quantity", "percent", "file") or clause.has(_WISHES):
        return False
    first = next((item for item in clause.of("kind", "workload") if item.plural), None)
    place = next((item for item in clause.of("namespace") if first is not None and item.start == first.end + 1), None)
    end = place.end if place is not None else first.end if first is not None else 0
    if first is None or clause.low[end : end + 1] not in [(word,) for word in _WHICH]:
        return False
    return all(word in _DETERMINERS for word in clause.low[opening(clause) : first.start])


_DETERMINERS = ("the", "all", "any", "every", "those", "these", "our", "my")
