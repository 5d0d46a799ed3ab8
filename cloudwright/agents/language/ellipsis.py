"""Coordination that leaves out the verb: "scale a to 3 and b to 4" is two orders."""

from itertools import pairwise

from cloudwright.agents.language.clause import Clause, Mention, What
from cloudwright.agents.language.tagging import Tagger
from cloudwright.agents.language.text import VERSION, Token
from cloudwright.agents.language.verbs import verbs

_JOINTS = frozenset(("and", ",", "plus"))
_VALUES: tuple[What, ...] = ("number", "quantity", "image", "percent", "pair")


def expanded(tokens: tuple[Token, ...], tagger: Tagger) -> list[tuple[Token, ...]]:
    """The parts that a name and its value each begin anew, with the words before the first name in front of each."""
    if not any(token.low in _JOINTS for token in tokens):
        return [tokens]
    clause = tagger.clause(tokens)
    starts = _anew(clause)
    prefix = tokens[: clause.of("name")[0].start] if starts else ()
    if not starts or (prefix and not verbs(Clause(prefix))):
        return [tokens]
    edges = [*starts, len(tokens) + 1]
    rest = [(*prefix, *tokens[one : other - 1]) for one, other in zip(starts, edges[1:], strict=True)]
    return [tokens[: starts[0] - 1], *rest]


def _anew(clause: Clause) -> list[int]:
    """Where a name with a value of its own follows a name with a value, right after a joint."""
    names = clause.of("name")
    starts = []
    for before, name in pairwise(names):
        joint = name.start - 1
        while joint > before.end and clause.low[joint] in ("the", "deployment", "statefulset", "of"):
            joint -= 1
        following = next((other.start for other in names if other.start > name.start), len(clause.tokens))
        valued = _valued(clause, before, joint) and _valued(clause, name, following)
        placed = _placed(clause, before, joint) and _placed(clause, name, following)
        if clause.low[joint] in _JOINTS and (valued or placed):
            starts.append(joint + 1)
    return starts


def _placed(clause: Clause, name: Mention, end: int) -> bool:
    """Whether a name has a place of its own, in an order that needs no value: "restart x in blue and y in green"."""
    if clause.of(*_VALUES) or any(VERSION.fullmatch(token.raw) for token in clause.tokens):
        return False
    return any(name.end <= item.start < end for item in clause.of("namespace"))


def _valued(clause: Clause, name: Mention, end: int) -> bool:
    versions = any(VERSION.fullmatch(token.raw) for token in clause.tokens[name.end : end])
    return versions or any(name.end <= item.start < end for item in clause.of(*_VALUES))
