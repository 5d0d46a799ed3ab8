"""The two ways in which a model gives its turn away: it asks the person, or another specialist takes over."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from cloudwright.agents.concluding import Conclusions
from cloudwright.agents.grounding import CITATION, facts, sentences
from cloudwright.agents.language.understanding import Option, Question
from cloudwright.agents.model.chat import ToolSpec
from cloudwright.agents.specs import fitting, spec_of
from cloudwright.core.catalog import Catalog

ASK = "ask_user"
HAND_OVER = "hand_over"
_MOST = 2
"""How often a turn is handed over."""
_POLITE = re.compile(r"\b(?:any|some)thing else\b|\bwhat (?:else )?(?:can|shall|should|may) I\b", re.IGNORECASE)
"""Questions that are manners: nothing waits for their answer."""


@dataclass(frozen=True)
class Role:
    """What a specialist brings to a talk: its prompt, its tools, what it may conclude, and what it is told first."""

    name: str
    prompt: str
    tools: Catalog
    conclusions: Conclusions | None = None
    told: str = ""


class Asked(BaseModel):
    """What a model asks the person."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    question: Annotated[str, Field(min_length=1, max_length=500)]
    options: Annotated[tuple[str, ...], Field(max_length=9)] = ()


class Handed(BaseModel):
    """To whom a model hands over, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    to: Annotated[str, Field(max_length=40)]
    why: Annotated[str, Field(max_length=300)]


@dataclass
class Passing:
    """The state of giving away in one talk: who could still take over, and what was asked."""

    others: dict[str, Callable[[], Role]] = field(default_factory=dict)
    """Specialist → how its part is made; who had the turn is not among them."""
    question: Question | None = None
    taken: int = 0

    def specs(self) -> tuple[ToolSpec, ...]:
        """The two tools as far as they can be used now."""
        return specs(tuple(self.others))

    def ask(self, arguments: Mapping[str, JsonValue]) -> str:
        """Keep a question; the talk ends with it.

        Raises:
            InvalidArguments: the arguments do not fit.
        """
        given = fitting(Asked, ASK, arguments)
        self.question = Question(text=given.question, options=tuple(Option(label=label) for label in given.options))
        return "asked."

    def take_over(self, arguments: Mapping[str, JsonValue]) -> Role | str:
        """The part of who takes over, or why nobody does.

        Raises:
            InvalidArguments: the arguments do not fit.
        """
        given = fitting(Handed, HAND_OVER, arguments)
        if given.to not in self.others:
            return f"error: you can hand over to {', '.join(self.others) or 'nobody'}."
        role = self.others.pop(given.to)()
        self.taken += 1
        if self.taken >= _MOST:
            self.others.clear()
        return role


def specs(others: Sequence[str]) -> tuple[ToolSpec, ...]:
    """The tools by which a model asks the person and hands over to one of `others`."""
    asks = spec_of(ASK, "Ask the person what is open, and stop.", Asked.model_json_schema())
    if not others:
        return (asks,)
    schema = Handed.model_json_schema()
    named = {**schema, "properties": {**schema["properties"], "to": {"type": "string", "enum": list(others)}}}
    return asks, spec_of(HAND_OVER, "Let another specialist go on, with its tools.", named)


def asked_in(text: str) -> Question | None:
    """The question that an answer is, where it is nothing else: it ends with one that wants an answer, and claims
    nothing that evidence could show."""
    parts = sentences(text)
    if not parts or not parts[-1].endswith("?") or CITATION.search(text) or _POLITE.search(parts[-1]):
        return None
    if any(facts(part) for part in parts if not part.endswith("?")):
        return None
    return Question(text=text.strip())


def chosen(question: Question, answer: str) -> str:
    """What a person said to a question: the label of the option whose number it is, else the words."""
    number = answer.strip().rstrip(".)")
    if number.isdecimal() and 1 <= int(number) <= len(question.options):
        return question.options[int(number) - 1].label
    return answer


def as_history(question: Question) -> str:
    """A question with its options as later requests to a model show it."""
    options = "; ".join(f"{number}. {option.label}" for number, option in enumerate(question.options, 1))
    return f"{question.text} ({options})" if options else question.text
