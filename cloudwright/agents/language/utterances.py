"""The tools' own utterances as a classifier: a new tool is recognised by what it says of itself.

A request and an utterance are compared as bags of words in plain form, with the kinds of things mentioned in place of
the things; rare words weigh more. Arguments are filled by the names and types of the tool's schema.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from cloudwright.agents.language import lexicon
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.lexicon import inflections, listed, phrases
from cloudwright.agents.language.references import World, fitting, namespace_in
from cloudwright.agents.language.text import tokens_of
from cloudwright.core.catalog import Catalog
from cloudwright.core.errors import InvalidArguments
from cloudwright.core.tool import AnyTool, Effect, ToolCall

_STOP = listed(
    "the, a, an, of, in, on, to, for, is, are, my, me, it, its, this, that, with, from, by, at, and, please,"
    " do, does, i, can, you"
)
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def _plain_forms() -> dict[str, str]:
    forms: dict[str, str] = {}
    for text in (*lexicon.ACTIONS.values(), lexicon.LOOKS):
        for phrase in phrases(text):
            for form in inflections(phrase[0]):
                forms.setdefault(form, phrase[0])
    return forms


@dataclass(frozen=True)
class Guess:
    """A tool that may be meant, with how alike its utterance is (0 to 1), and the call if its arguments can be filled."""

    tool: AnyTool
    score: float
    utterance: str
    call: ToolCall | None = None


class Utterances:
    """All utterances of a catalogue."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    @cached_property
    def _forms(self) -> dict[str, str]:
        return _plain_forms()

    @cached_property
    def _learned(self) -> list[tuple[AnyTool, str, frozenset[str], tuple[str, ...]]]:
        out = []
        for tool in self._catalog:
            for utterance in tool.utterances:
                slots = tuple(_PLACEHOLDER.findall(utterance))
                words = self._bag(token.low for token in tokens_of(_PLACEHOLDER.sub(" ", utterance)))
                out.append((tool, utterance, words, slots))
        return out

    @cached_property
    def _weights(self) -> Mapping[str, float]:
        counts: Counter[str] = Counter()
        tools = list(self._catalog)
        for tool in tools:
            counts.update({word for one, _, words, _ in self._learned if one is tool for word in words})
        return {word: math.log(1 + len(tools) / count) for word, count in counts.items()}

    def _bag(self, words: Iterable[str]) -> frozenset[str]:
        return frozenset(
            self._forms.get(word, _singular(word)) for word in words if word not in _STOP and word.isalnum()
        )

    def _weight(self, words: Iterable[str], unknown: float) -> float:
        return math.fsum(self._weights.get(word, unknown) for word in words)

    def guess(self, clause: Clause, world: World, most: int = 3) -> list[Guess]:
        """The tools whose utterances are most like the clause, best first, one entry a tool."""
        said = self._bag(
            token.low for index, token in enumerate(clause.tokens) if not token.mark and not _named(clause.at(index))
        )
        unknown = math.log(1 + len(list(self._catalog)))
        best: dict[str, Guess] = {}
        for tool, utterance, words, slots in self._learned:
            if not words:
                continue
            both = self._weight(said & words, unknown)
            score = 2 * both / (self._weight(words, unknown) + self._weight(said, unknown) or 1)
            filled = _fillable(slots, clause)
            score *= 0.6 + 0.4 * filled
            if score > (best[tool.name].score if tool.name in best else 0):
                best[tool.name] = Guess(tool, score, utterance)
        ranked = sorted(best.values(), key=lambda item: -item.score)[:most]
        return [Guess(item.tool, item.score, item.utterance, self._call(item, clause, world)) for item in ranked]

    def _call(self, guess: Guess, clause: Clause, world: World) -> ToolCall | None:
        arguments = _filled(guess.tool, clause, world)
        try:
            guess.tool.parse(arguments)
        except InvalidArguments:
            return None
        return ToolCall(tool=guess.tool.name, arguments=arguments)

    def examples(self, tool: AnyTool) -> tuple[str, ...]:
        """All utterances of a tool for a person."""
        return tuple(_PLACEHOLDER.sub(lambda found: f"<{found[1]}>", item) for item in tool.utterances)

    def described(self, guess: Guess) -> str:
        """A tool for a person to choose: its own utterance with what it needs in angle brackets."""
        return _PLACEHOLDER.sub(lambda found: f"<{found[1]}>", guess.utterance)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _named(mention: Mention | None) -> bool:
    return mention is not None and mention.what not in ("kind", "workload", "all", "ordinal")


_SORTS = {
    "name": ("name", "pronoun"), "kind": ("kind", "name"), "namespace": ("namespace",), "replicas": ("number",), "image": ("image",),
    "set": ("pair",), "labels": ("pair",), "since": ("duration", "time"), "limits": ("quantity",), "requests": ("quantity",),
    "port": ("number",), "manifest": ("file", "text"), "query": ("text",), "path": ("path",),
}  # fmt: skip


def _fillable(slots: tuple[str, ...], clause: Clause) -> float:
    """The share of an utterance's slots that the clause has something for."""
    if not slots:
        return 1.0 if not clause.of("name", "image", "pair") else 0.7
    have = {item.what for item in clause.mentions}
    return sum(bool(set(_SORTS.get(slot, ("text", "number", "name"))) & have) for slot in slots) / len(slots)


def _filled(tool: AnyTool, clause: Clause, world: World) -> dict[str, JsonValue]:
    """Arguments by name and type of the schema's fields."""
    schema = tool.schema()
    properties: Mapping[str, Mapping[str, object]] = schema.get("properties", {})
    out = {name: value for name, value in _place(clause, world).items() if name in properties}
    numbers = iter(clause.of("number"))
    for name, field in properties.items():
        if name in out:
            continue
        number = next(numbers, None) if field.get("type") == "integer" else None
        required = field.get("type") == "string" and name in schema.get("required", ())
        value = number.value if number is not None else _said(name, clause, required=required)
        if value is not None:
            out[name] = value
    return out


def _place(clause: Clause, world: World) -> dict[str, JsonValue]:
    """Name, kind and namespace of what the clause is about."""
    names = clause.of("name")
    kinds = [item.kind for item in clause.of("kind") if item.kind is not None]
    objects = fitting(clause, names[0], world) if names else []
    out: dict[str, JsonValue] = {"kind": kinds[0].plural} if kinds else {}
    if objects:
        ref = objects[0].ref
        out = {"name": ref.name, "kind": ref.kind.lower(), "namespace": ref.namespace}
    place = namespace_in(clause) or out.get("namespace")
    return out | {"namespace": place} if place else {name: out[name] for name in out if name != "namespace"}


def _said(name: str, clause: Clause, *, required: bool) -> JsonValue:
    """What the clause says for an argument of this name: an image, a duration, a quoted text for what is required."""
    if name == "image":
        found = clause.of("image")
    elif name in ("since", "timeout", "duration"):
        found = clause.of("duration")
    else:
        found = clause.of("text") if required and name not in ("namespace", "kind", "name") else []
    return found[0].text if found else None


def acts(tool: AnyTool) -> bool:
    """Whether a tool changes something."""
    return tool.effect is not Effect.READ
