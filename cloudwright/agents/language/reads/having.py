"""What lists of an object hold, as filters: how many containers, which taint."""

import re
from collections.abc import Iterator

from cloudwright.agents.language import aspects
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.comparing import bound_near, unless_negated
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.reads.arranging import superlative
from cloudwright.agents.language.references import World
from cloudwright.agents.language.spelling import COMMON
from cloudwright.agents.language.understanding import KindWord

_CONTAINERS = "containers, container"
_SEVERAL = "several containers, multiple containers, many containers, sidecar, sidecars, side car, side cars, multi-container, multicontainer"


def containers(clause: Clause, kind: KindWord, world: World) -> Iterator[str]:
    """How many containers a pod has: "more than one container", "several containers", "a sidecar"."""
    if kind.kind not in aspects.TEMPLATED:
        return
    path = aspects.path_of("{pod}.containers", kind.kind)
    at = next((at for word in _CONTAINERS.split(", ") if (at := clause.find(word)) >= 0), -1)
    bound = bound_near(clause, at, 3) if at >= 0 and not superlative(clause) else None
    if clause.has(_SEVERAL):
        word = clause.find("sidecar") if clause.has("sidecar") else clause.find("sidecars")
        clause.use_words(_SEVERAL)
        yield unless_negated(clause, word, f"has {path}[1]") if word >= 0 else f"has {path}[1]"
    elif bound is not None:
        clause.use_words(_CONTAINERS)
        yield _at_least(path, bound[0], bound[1].value)


def _at_least(path: str, sign: str, amount: int) -> str:
    """A filter for how many elements a list has, by the last one that it must have and the first that it must not."""
    least = {">": amount + 1, ">=": amount, "=": amount}.get(sign, 0)
    most = {"<": amount - 1, "<=": amount, "=": amount}.get(sign)
    tests = [f"has {path}[{least - 1}]"] if least else []
    tests += [f"no {path}[{most}]"] if most is not None else []
    return " and ".join(tests)


_TAINTED = "taint, taints, tainted"
_EFFECTS = {"noschedule": "NoSchedule", "noexecute": "NoExecute", "prefernoschedule": "PreferNoSchedule"}
_NO_TAINT = listed(
    "a, an, the, any, some, no, have, has, with, without, are, is, that, which, of, what, node, nodes, our, all, not, kind, lack, lacking, show"
)


def _names_taint(clause: Clause, at: int) -> bool:
    """Whether a word before "taint" can be its key or its value: after an article any word, else one that is no English."""
    word = clause.low[at]
    described = clause.low[at - 1 : at] in (("the",), ("a",), ("an",), ("our",), ("with",))
    return word not in _NO_TAINT and (described or word not in COMMON)


def taints(clause: Clause, kind: KindWord, world: World) -> Iterator[str]:
    """A certain taint: by its key, its value, its effect, or a pair."""
    at = (
        next((at for word in _TAINTED.split(", ") if (at := clause.find(word)) >= 0), -1) if kind.kind == "Node" else -1
    )
    if at < 0:
        return
    near = [index for index in (at - 1, at + 1, at + 2) if 0 <= index < len(clause.low)]
    for index in near:
        mention, word = clause.at(index), clause.low[index]
        if mention is not None and mention.what == "pair":
            key, _, value = mention.text.partition("=")
            clause.use(mention)
            value = value.partition(":")[0]
            tests = [f"spec.taints[*].key = {key}", *([f"spec.taints[*].value = {value}"] if value else [])]
        elif word in _EFFECTS:
            tests = [f"spec.taints[*].effect = {_EFFECTS[word]}"]
        elif index == at - 1 and mention is None and _names_taint(clause, index):
            tests = [f'(spec.taints[*].key matches "(^|/){re.escape(word)}$" or spec.taints[*].value = {word})']
        else:
            continue
        clause.used.add(index)
        clause.use_words(_TAINTED)
        yield unless_negated(clause, min(at, index), " and ".join(tests))
        return
