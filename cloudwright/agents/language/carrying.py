"""A part of an object that one clause states and the next one changes: "mailer no longer needs the BATCH variable, drop it".

"It" is the variable then, not the mailer; a deletion of "it" is sure only where nothing but the object was spoken of.
"""

import re

from cloudwright.agents.language.aspects import spoken
from cloudwright.agents.language.background import only_states
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.tagging import Tagger
from cloudwright.agents.language.text import VERSION, Token
from cloudwright.agents.language.verbs import ordered

_PARTS = listed(
    "env, environment, variable, var, envvar, label, annotation, taint, key, entry, limit, limits, request, requests, memory, cpu, replicas,"
    " image, tag, version, schedule, port, toleration, probe, min, max, minimum, maximum, storage, size"
)
"""Words for parts of objects."""
_CHANGES = frozenset(("delete", "unset", "unlabel", "untaint", "set", "up", "down", "double", "halve", "deploy"))
_WHOLE = frozenset(("restart", "stop", "pause", "cordon", "drain", "uncordon", "trigger", "evict"))
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{2,}")


def parts_in(clause: Clause) -> list[int]:
    """The tokens of a clause that name a part of an object: a variable, a pair, a word for a field."""
    return [
        index
        for index, token in enumerate(clause.tokens)
        if token.low in _PARTS
        or VERSION.fullmatch(token.raw)
        or _VARIABLE.fullmatch(token.raw)
        or ((mention := clause.at(index)) is not None and mention.what in ("pair", "path"))
    ]


def carried(before: Clause, clause: Clause, tagger: Tagger) -> Clause:
    """The clause with the part that the clause before it stated in place of "it"; the clause itself where none was."""
    pronouns = [item for item in clause.of("pronoun") if not item.plural]
    families = {family for verb in ordered(clause) for family in verb.families}
    if len(pronouns) != 1 or clause.of("name") or parts_in(clause) or not families & _CHANGES or families & _WHOLE:
        return clause
    names = before.of("name")
    parts = parts_in(before)
    sized = bool(before.of("quantity")) and bool(clause.of("number", "quantity"))
    if len(names) != 1 or not (parts or sized) or ordered(before):
        return clause
    said = [before.tokens[index] for index in parts if before.at(index) is not names[0]]
    if not said:
        said = [Token(word, word, 0) for word in ("memory", "limit")]
    whole = [before.tokens[index] for index in range(names[0].start, names[0].end)]
    places = [before.tokens[index] for mention in before.of("namespace") for index in range(mention.start, mention.end)]
    at = pronouns[0]
    inside = [Token("in", "in", at.start), *places] if places else []
    tokens = (*clause.tokens[: at.start], *said, Token("of", "of", at.start), *whole, *inside, *clause.tokens[at.end :])
    return tagger.clause(tokens, clause.question)


def scoped(before: Clause, clause: Clause, tagger: Tagger) -> Clause:
    """ "x is at 2/3, which pod is not ready": a pod, or a container, of what the clause before spoke of."""
    kinds = [item for item in clause.of("kind") if item.kind is not None]
    names = [item for item in before.of("name") if any(named.pod_labels for named in item.objects)]
    containers = [at for at, word in enumerate(clause.low) if word == "container" and clause.at(at) is None]
    pods = [item.kind.kind for item in kinds if item.kind is not None] == ["Pod"] and not kinds[0].plural
    if len(names) != 1 or not (pods or (containers and not kinds)):
        return clause
    if clause.of("name", "namespace", "pronoun", "all") or clause.low[0] not in ("which", "what"):
        return clause
    spoken = [names[0], *before.of("namespace")]
    told = [before.tokens[index] for item in spoken for index in range(item.start, item.end)]
    start = kinds[0].end if kinds else containers[0] + 1
    inserted = (Token("of", "of", 0), *told)
    return tagger.clause((*clause.tokens[:start], *inserted, *clause.tokens[start:]), clause.question)


def inherited(before: Clause, clause: Clause, tagger: Tagger) -> Clause:
    """ "pdb x blocks my drain. minAvailable down to 1": a field and its value, of what the clause before spoke of."""
    names = before.of("name")
    valued = clause.of("number", "quantity", "percent") or any(VERSION.fullmatch(token.raw) for token in clause.tokens)
    if len(names) != 1 or not valued or ordered(before) or clause.question:
        return clause
    if clause.of("name", "pronoun", "namespace", "kind", "workload", "all", "ordinal") or ordered(clause):
        return clause
    keys = {key for item in names[0].objects for key in item.settings}
    ends = [at + len(words.split()) for key in keys for words in spoken(key) if (at := clause.find(words)) >= 0]
    ends += [item.end for item in clause.of("path") if item.text.lower() in {key.lower() for key in keys}]
    if not ends:
        return clause
    said = [names[0], *before.of("namespace")]
    told = [before.tokens[index] for item in said for index in range(item.start, item.end)]
    tokens = (*clause.tokens[: max(ends)], Token("of", "of", 0), *told, *clause.tokens[max(ends) :])
    return tagger.clause(tokens, clause.question)


def surely_it(before: Clause, clause: Clause) -> bool:
    """Whether "it" can only be the object that the clause before spoke of: nothing else was, or its kind is said again."""
    if parts_in(before):
        return False
    names = before.of("name")
    spoken = {item.kind.kind for item in clause.of("kind") if item.kind is not None}
    agrees = len(names) == 1 and bool(spoken & {item.ref.kind for item in names[0].objects})
    return agrees or only_states(before)
