"""Label selectors in people's words: "tier=edge", "labelled tier edge", "without the label team", "of team maps"."""

import re

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.comparing import negated
from cloudwright.agents.language.references import World
from cloudwright.agents.language.spelling import COMMON
from cloudwright.agents.language.understanding import KindWord

_KEY = re.compile(r"[a-z0-9A-Z._/-]+")
_EQUALS = ("set", "is", "equals", "equal", "to", "of", "=", "as")
_SHORTEST = 3
_EFFECTS = ("No", "Prefer")


def labels(clause: Clause, kind: KindWord, world: World) -> list[str]:
    """The terms of a label selector that a clause says."""
    return _pairs(clause) or _spoken(clause) or _known(clause, world) or _valued(clause, kind, world)


def _pairs(clause: Clause) -> list[str]:
    found = []
    for mention in clause.of("pair"):
        if mention.start in clause.used:
            continue
        key, _, value = mention.text.partition("=")
        if ":" in value and value.rpartition(":")[2].startswith(_EFFECTS):
            continue
        found.append(f"{key}{'!=' if negated(clause, mention.start, 4) else '='}{value}")
        clause.use(mention)
        clause.use_words("label, labels, labelled, labeled, with")
    return found


def _spoken(clause: Clause) -> list[str]:
    """After the word "label": a key alone, or with its value."""
    for word in ("labelled", "labeled", "label"):
        at = clause.find(word)
        following = clause.low[at + 1 : at + 5] if at >= 0 else ()
        if following and following[0] in ("as", "with", "called", "named", "key"):
            following = following[1:]
        if not following or not _KEY.fullmatch(following[0]):
            continue
        clause.used.update(range(at, len(clause.tokens)))
        if len(following) > 2 and following[1] in _EQUALS:
            value = following[3] if following[1] == "set" and len(following) > 3 else following[2]
            return [f"{following[0]}={value}"]
        return [f"!{following[0]}" if negated(clause, at, 3) else following[0]]
    return []


def _known(clause: Clause, world: World) -> list[str]:
    """A key of the cluster's labels beside a value that it has: "team maps", "the edge tier"."""
    known = world.index.label_pairs
    for at in range(len(clause.low) - 1):
        for key, value in ((at, at + 1), (at + 1, at)):
            pair = (clause.low[key], clause.low[value])
            if pair in known and not {key, value} & clause.used:
                clause.used.update((key, value))
                return [f"{known[pair][0]}{'!=' if negated(clause, at, 4) else '='}{known[pair][1]}"]
    return []


def _valued(clause: Clause, kind: KindWord, world: World) -> list[str]:
    """A value alone that only one label of objects of the kind has: "nodes in eu-west-1a"."""
    for at, word in enumerate(clause.low):
        if at in clause.used or clause.at(at) is not None or len(word) < _SHORTEST or word in COMMON:
            continue
        keys = {
            key
            for item in world.index.vocabulary.objects
            if item.ref.kind == kind.kind
            for key, value in item.labels.items()
            if value.lower() == word
        }
        if len(keys) == 1:
            clause.used.add(at)
            return [f"{keys.pop()}{'!=' if negated(clause, at, 4) else '='}{clause.tokens[at].raw}"]
    return []
