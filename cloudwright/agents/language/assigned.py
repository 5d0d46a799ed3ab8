"""Orders without a verb: a name, a sign and the value that it shall have.

"log-router to 4", "webshop: 6 replicas", "mailer -> 5.6", "points-db memory limit 3Gi", "x6 mailer", "points-config: TIER_GOLD=7000".
Nothing else may be said in them: a word that is no name, place, field, amount or small talk makes them no order.
"""

import re
from functools import cache

from cloudwright.agents.language import aspects, lexicon
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.index import STAGE_WORDS
from cloudwright.agents.language.lexicon import listed, phrases
from cloudwright.agents.language.schedules import Rhythm, rhythm_of
from cloudwright.agents.language.text import VARIABLE, VERSION
from cloudwright.agents.language.verbs import looks, opening, verbs

COUNTED = listed(
    "replicas, replica, pods, pod, copies, copy, instances, instance, members, member, workers, worker, brokers, shards, containers"
)
"""What people call the replicas of a workload."""
_TIMES = re.compile(r"[x×]\d{1,3}")
_SIGNS = ("to", "by", ":", "=", "at", "on", "x", "gets", "becomes", "now")
_GOES = (
    ("goes", "to"),
    ("go", "to"),
    ("moves", "to"),
    ("is", "to", "be"),
    ("is", "to", "have"),
    ("is", "to", "run"),
    ("moves", "on", "to"),
)
_SMALL = frozenset(lexicon.FILLERS.split()) | listed(
    "to, at, on, of, in, for, back, x, =, with, as, please, pls, from, today, limit, limits, request, requests, memory, mem, ram, cpu, cores, core, image, tag,"
    " version, release, number, count, replica count, total, each, apiece, set, goes, moves, max, min, maximum, minimum, schedule, exactly,"
    " most, least, upper, lower, bound, ceiling, floor, back, up, down, deploy, env, var, variable, storage, size, key, wants, percent"
)
_NEVER = listed(
    "a, an, some, what, which, how, why, who, is, are, was, were, did, does, has, had, been, did, got, still, ever, even, since, last, about, over, above, under, below, than, use"
)
"""Small words of questions and reports."""


def assigned(clause: Clause) -> frozenset[str]:
    """The families of verbs that such an order means; none where the clause is no such order."""
    if clause.question or not (clause.of("name", "pronoun") or _sole_kind(clause)):
        return frozenset()
    rhythm = timed(clause)
    if _says_more(clause, rhythm.words if rhythm is not None else set()):
        return frozenset()
    if rhythm is not None:
        return frozenset(("set",))
    known = variables_of(clause)
    variables = any(VARIABLE.fullmatch(token.raw) or token.raw in known for token in clause.tokens)
    ends = len(clause.tokens) > 1 and clause.tokens[-2].raw in known
    keyed = variables and (ends or clause.of("number", "quantity", "duration") or set(clause.low) & {"to", "="})
    if clause.of("pair", "path") or keyed:
        return frozenset(("set",))
    if clause.of("image") or any(VERSION.fullmatch(token.raw) for token in clause.tokens):
        beside = any(
            VERSION.fullmatch(token.raw)
            for name in clause.of("name")
            for token in clause.tokens[name.end : name.end + 1]
        )
        return frozenset(("set", "deploy")) if beside or _signed(clause) or clause.of("image") else frozenset()
    if clause.of("quantity"):
        return frozenset(("set",)) if _signed(clause) or _field(clause) else frozenset()
    if clause.of("number") and (_beside(clause) or _signed(clause) or COUNTED & set(clause.low) or _field(clause)):
        return frozenset(("set", "scale"))
    return frozenset()


def _sole_kind(clause: Clause) -> bool:
    """ "quota of lending to 25 pods": a thing that a namespace has one of."""
    return bool(clause.of("namespace")) and any(item.kind is not None and not item.plural for item in clause.of("kind"))


def variables_of(clause: Clause) -> frozenset[str]:
    """Names of variables and keys that what is named has."""
    named = [item for mention in clause.of("name") for item in mention.objects]
    keys = {key for item in named if item.ref.kind == "ConfigMap" for key in item.keys}
    return frozenset(keys | {name for item in named for group in item.env.values() for name in group})


def timed(clause: Clause) -> Rhythm | None:
    """The time at which a CronJob that is named shall run."""
    jobs = any(item.ref.kind == "CronJob" for mention in clause.of("name") for item in mention.objects)
    return rhythm_of(clause) if jobs else None


def _says_more(clause: Clause, times: set[int]) -> bool:
    """Whether a word is said that has no place in such an order."""
    start = opening(clause)
    first = clause.low[start : start + 1]
    named = clause.at(start)
    if (
        not first
        or (first[0] in looks() and (named is None or named.what != "name"))
        or any(verb.start == start and verb.form == "base" for verb in verbs(clause))
    ):
        return True
    goes = {
        index for words in _GOES if (at := clause.find(" ".join(words))) >= 0 for index in range(at, at + len(words))
    }
    own = {name for mention in clause.of("name") for item in mention.objects for name in item.containers}
    valued = {
        index
        for index, token in enumerate(clause.tokens)
        if (
            index > 1
            and clause.low[index - 1] in ("to", "=", ":")
            and (clause.of("path") or any(VARIABLE.fullmatch(other.raw) for other in clause.tokens[:index]))
        )
        or (index and index == len(clause.tokens) - 1 and clause.tokens[index - 1].raw in variables_of(clause))
        or token.low in own | {"container", "sidecar"}
    }
    settings = {key for mention in clause.of("name") for item in mention.objects for key in item.settings}
    fields = _field_words() | {word for key in settings for words in aspects.spoken(key) for word in words.split()}
    keys = {
        key
        for mention in clause.of("name")
        for item in mention.objects
        if item.ref.kind == "ConfigMap"
        for key in item.keys
    }
    return any(
        token.quoted or (token.low not in _SMALL | COUNTED | STAGE_WORDS | fields) or token.low in _NEVER
        for index, token in enumerate(clause.tokens)
        if not token.mark
        and not VARIABLE.fullmatch(token.raw)
        and token.raw not in variables_of(clause)
        and token.raw not in keys
        and index not in valued
        and clause.at(index) is None
        and index not in goes
        and index not in times
        and not VERSION.fullmatch(token.raw)
        and token.low != "s"
    )


def _signed(clause: Clause) -> bool:
    """Whether a sign stands before the value, or the value is written as "x6"."""
    values = [item.start for item in clause.of("number", "quantity", "image")]
    values += [index for index, token in enumerate(clause.tokens) if VERSION.fullmatch(token.raw)]
    return any(at and clause.low[at - 1] in _SIGNS for at in values) or any(
        _TIMES.fullmatch(token.low) for token in clause.tokens
    )


def _beside(clause: Clause) -> bool:
    """ "four notifiers"."""
    names = {name.start for name in clause.of("name")}
    return any(
        number.end in names or (clause.low[number.end : number.end + 1] == ("x",) and number.end + 1 in names)
        for number in clause.of("number")
    )


def _field(clause: Clause) -> bool:
    return bool(_field_words() & set(clause.low))


@cache
def _field_words() -> frozenset[str]:
    """The words of nouns for fields, none of the questions that ask for one."""
    words = {word for text, _ in aspects.FIELDS for phrase in phrases(text) for word in phrase if len(word) > 2}
    return frozenset(words) - _NEVER - set(lexicon.ASKING.split()) - set(lexicon.MODALS.split()) - looks()
