"""Conditions on what objects have, lack or are set to: "without limits", "imagePullPolicy Always", "bigger than 5Gi"."""

import re
from collections.abc import Iterator

from cloudwright.agents.language import aspects, exact
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.comparing import bound_near
from cloudwright.agents.language.reads.arranging import superlative
from cloudwright.agents.language.reads.asking import SIGNS
from cloudwright.agents.language.reads.paths import spelt
from cloudwright.agents.language.references import World
from cloudwright.agents.language.understanding import KindWord

_LACKING = re.compile(r"\b(?:without|no|lacks?|lacking|missing|not)\b")
_HAVING = re.compile(
    r"\b(?:with|have|has|having|carry|carries|carrying|got|bears?|defines?|defined?|set)(?: an?| any| the| some)?$"
)
_COUNTED = frozenset(
    (
        "replicas",
        "replica",
        "copies",
        "instances",
        "image",
        "images",
        "restarts",
        "node",
        "status",
        "state",
        "age",
        "type",
    )
)
"""Words that other conditions understand."""


def aspect_tests(clause: Clause, kind: KindWord, world: World) -> Iterator[str]:
    """What objects have or lack, and comparisons of it: limits, probes, taints, tolerations."""
    found = [
        (words, path)
        for words, path in (*aspects.fields_of(kind.kind), *spelt(clause, kind.kind))
        if words not in _COUNTED
        and "." in path
        and ("," not in path or words in exact.owners())
        and clause.has(words)
        and clause.find(words) not in clause.used
    ]
    if not found:
        yield from _sizes(clause, kind)
        return
    words, path = max(found, key=lambda item: len(item[0]))
    at = clause.find(words)
    if (
        clause.low[at + len(words.split()) :][:1] in [(sign,) for sign in SIGNS]
        and len({path for _, path in found}) > 1
    ):
        return  # one field is compared with another: both are shown
    bound = bound_near(clause, at)
    before = " ".join(clause.low[max(0, at - 4) : at])
    if bound is not None and bound[0] == "=" and superlative(clause):
        return  # "the top 3 by memory"
    value = _value_behind(clause, at + len(words.split()))
    if bound is not None:
        whole = path.endswith(("resources.limits", "resources.requests")) and bound[1].what == "quantity"
        part = (".cpu" if bound[1].value == 1 else ".memory") if whole else ""
        yield _any_of(path, f"{{}}{part} {bound[0]} {bound[1].text}")
    elif value:
        yield _any_of(f"{path}.type" if path.endswith("trategy") else path, f"{{}} {value}")
    elif _LACKING.search(before):
        yield " and ".join(f"no {one}" for one in path.split(","))
    elif _HAVING.search(before):
        yield _any_of(path, "has {}")
    else:
        return
    clause.use_words(words, "without, no, with, set")


def _any_of(path: str, test: str) -> str:
    tests = [test.format(one) for one in path.split(",")]
    return tests[0] if len(tests) == 1 else f"({' or '.join(tests)})"


_VALUE = re.compile(r"[A-Z][a-z]+[A-Za-z]*|true|false")
"""A value as Kubernetes writes it: "Always", "WaitForFirstConsumer"."""


def _value_behind(clause: Clause, at: int) -> str:
    """The comparison with the value that stands behind a field's name: "imagePullPolicy Always", "restartPolicy != Never"."""
    signed = clause.low[at : at + 1] in (("=",), ("==",), ("!=",))
    at += signed or clause.low[at : at + 1] in (("is",), (":",), ("not",))
    at += clause.low[at - 1 : at + 1] == ("is", "not")
    token = clause.tokens[at] if at < len(clause.tokens) else None
    if token is None or token.mark or clause.at(at) is not None or not (signed or _VALUE.fullmatch(token.raw)):
        return ""
    clause.used.add(at)
    return f"{'!=' if clause.low[at - 1] in ('!=', 'not') else '='} {token.raw}"


_SIZED = {"PersistentVolumeClaim": "spec.resources.requests.storage", "PersistentVolume": "spec.capacity.storage"}


def _sizes(clause: Clause, kind: KindWord) -> Iterator[str]:
    """ "claims bigger than 5Gi": the size needs no word."""
    amounts = clause.of("quantity") if kind.kind in _SIZED else []
    bound = bound_near(clause, amounts[0].start) if amounts else None
    if bound is not None:
        yield f"{_SIZED[kind.kind]} {bound[0]} {bound[1].text}"
