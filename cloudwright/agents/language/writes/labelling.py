"""Labels and annotations."""

import re

from pydantic import JsonValue

from cloudwright.agents.language.calls import call, located
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.references import World
from cloudwright.agents.language.understanding import Named, Question
from cloudwright.agents.language.writes.frame import Change, change_all
from cloudwright.core.tool import ToolCall

_VERSION = re.compile(r"v?\d+(?:\.\d+)+[\w.+-]*")
_KEYED = re.compile(r"[A-Za-z0-9][\w./-]*")


def labelling(clause: Clause, world: World, families: frozenset[str]) -> Change | None:  # noqa: C901
    """Labels and annotations."""
    annotating = "annotate" in families or clause.has("annotation, annotations")
    speaks = annotating or families & {"label", "unlabel"} or clause.has("label, labels, labelled, tag")
    if not speaks or clause.has("image, version") or clause.of("image") or _names_version(clause):
        return None
    removing = bool(families & {"unlabel", "delete", "unset"})
    set_: dict[str, JsonValue] = {}
    remove: list[JsonValue] = []
    for mention in clause.of("pair"):
        key, _, value = mention.text.partition("=")
        clause.use(mention)
        if removing:
            remove.append(key)
        else:
            set_[key] = value
    for mention in clause.of("name"):
        if mention.text.endswith("-") and clause.low[mention.start].endswith("-"):
            remove.append(mention.text.rstrip("-"))
    if not set_ and not remove:
        key, said_value = _key_value(clause, "annotation" if annotating else "label")
        if key and said_value is not None and not removing:
            set_[key] = said_value
        elif key and removing:
            remove.append(key)
    clause.use_words("label, labels, annotation, annotations, tag, key, value, with, key/value, set, called")
    if not set_ and not remove:
        return (
            None
            if not clause.of("name", "pronoun")
            else Change(question=Question(text="Which key and value?", slot="set"))
        )
    tool = "annotate_resource" if annotating else "label_resource"

    def make(item: Named) -> ToolCall | Question:
        arguments = located(item) if item.ref.name else {}
        return call(tool, **arguments, set=set_ or None, remove=remove or None)

    return change_all(clause, world, _meant_kinds(clause, world), "label" if not annotating else "annotate", make)


def _names_version(clause: Clause) -> bool:
    """Whether "tag" is an image's: a version stands right behind it."""
    at = clause.find("tag")
    return 0 <= at < len(clause.tokens) - 1 and bool(_VERSION.fullmatch(clause.tokens[at + 1].raw))


def _meant_kinds(clause: Clause, world: World) -> tuple[str, ...]:
    kinds = [item.kind.kind for item in clause.of("kind") if item.kind]
    del world
    return tuple(kinds)


def _key_value(clause: Clause, word: str) -> tuple[str, str | None]:  # noqa: C901
    """ "label tier to edge", "the tier label edge", "label tier with value edge"."""
    at = max(clause.find(word), clause.find(f"{word}s"))
    if at < 0:
        return "", None
    low = [token.raw for token in clause.tokens]
    skip = ("called", "named", "key", "with", "the", "a", ":")
    index = at + 1
    while index < len(low) and low[index].lower() in skip:
        index += 1
    if (
        index >= len(low)
        or clause.tokens[index].mark
        or (index not in clause.used and low[index].lower() in ("from", "of", "on", "off", "to", "in"))
    ):
        if (
            at > 0
            and _KEYED.fullmatch(low[at - 1])
            and low[at - 1].lower() not in ("the", "a", "its", "that", "this", "remove", "delete")
        ):
            clause.used.add(at - 1)
            following = [item for item in range(at + 1, len(low)) if low[item].lower() == "to"]
            if following and following[-1] + 1 < len(low):
                clause.used.add(following[-1] + 1)
                return low[at - 1], low[following[-1] + 1]
            return low[at - 1], None
        return "", None
    key = low[index]
    if not _KEYED.fullmatch(key):
        return "", None
    clause.used.add(index)
    for item in range(index + 1, len(low) - 1):
        if low[item].lower() in ("to", "=", "as", "value", "set", "with", "is", "equal") and low[
            item + 1
        ].lower() not in ("to", "value", "the", "a"):
            mention = clause.at(item + 1)
            if (
                mention is not None
                and mention.what == "name"
                and low[item].lower() == "to"
                and item > index + 1
                and clause.has("add")
            ):
                continue
            clause.used.update((item, item + 1))
            return key, low[item + 1]
    if (
        index + 1 < len(low)
        and clause.at(index + 1) is None
        and _KEYED.fullmatch(low[index + 1])
        and low[index + 1].lower() not in ("on", "from", "to", "of", "in", "off", "for")
    ):
        clause.used.add(index + 1)
        return key, low[index + 1]
    return key, None
