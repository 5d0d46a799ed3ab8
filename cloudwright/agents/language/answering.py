"""An answer to what was asked back: a number, an ordinal, a label, words of one option, the missing value."""

import re
from collections.abc import Sequence

from pydantic import JsonValue
from rapidfuzz import fuzz

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.smalltalk import takes_back
from cloudwright.agents.language.text import ORDINALS, Token, number_of
from cloudwright.agents.language.understanding import Goal, Intent, Option, Question
from cloudwright.core.tool import ToolCall

_SHORT = 2
_ALIKE = 84
_NO = listed(
    "no, none, neither, cancel, nothing, never mind, nevermind, stop, abort, forget it, no thanks, nope,"
    " leave it, none of them, neither one, don't, do not, no thank you, leave it alone, cancel that"
)
_YES = listed(
    "yes, y, yes please, yep, sure, ok, okay, do it, go ahead, please do, correct, right, exactly, that one,"
    " yes that one, yeah, yes do it, confirm, confirmed, that is it, that is right, yup, indeed"
)
_ALL = listed("both, all, all of them, both of them, every one, each, all three, both please, all please, do both")
_FILLER = listed(
    "the, one, in, please, i, mean, meant, want, that, this, it, of, for, ones, option, number, choice, a, an, namespace, called, named, ., !, take, use, go, with, on, to, from"
)


def answer(question: Question, clause: Clause, text: str) -> Intent | None:
    """What the answer decides, or None where it is a request of its own."""
    words = " ".join(token.low for token in clause.tokens if not token.mark)
    if words in _NO or takes_back(clause):
        return Intent(goal=Goal.CHATTER, text=text, confidence=1, say="Left as it is; nothing is changed.")
    if question.options:
        return _chosen(question, clause, words, text)
    return _value(question, clause, text)


def _chosen(question: Question, clause: Clause, words: str, text: str) -> Intent | None:
    options = question.options
    if words in _ALL:
        return _intent(text, tuple(call for option in options for call in option.calls), options)
    if words in _YES:
        return _one(text, options[0]) if len(options) == 1 else None
    meaningful = [token for token in clause.tokens if not token.mark and token.low not in _FILLER]
    chosen = _by_place(options, clause, meaningful) or _by_words(options, words, meaningful)
    if chosen is not None:
        return _one(text, chosen)
    fits = _fitting(options, meaningful)
    if 1 < len(fits) < len(options):
        narrowed = question.model_copy(update={"options": tuple(fits)})
        return Intent(goal=Goal.CALLS, text=text, confidence=0.5, question=narrowed)
    return None


def _by_place(options: tuple[Option, ...], clause: Clause, meaningful: Sequence[Token]) -> Option | None:
    """ "the second one", "2"."""
    for token in clause.tokens:
        place = ORDINALS.get(token.low)
        if place is not None and len(meaningful) <= _SHORT and -len(options) <= place < len(options):
            return options[place]
    number = number_of(meaningful[0]) if len(meaningful) == 1 else None
    if number is None or not 1 <= number <= len(options):
        return None
    return None if any(meaningful[0].low in _parts(option) for option in options) else options[number - 1]


def _by_words(options: tuple[Option, ...], words: str, meaningful: Sequence[Token]) -> Option | None:
    """A whole label, or words that only one label has, misspelt ones too."""
    exact = [option for option in options if words == option.label.lower()]
    fits = _fitting(options, meaningful)
    near = [option for option in options if 0 < len(meaningful) <= _SHORT and _alike(option, meaningful)]
    for found in (exact[:1], fits, near):
        if len(found) == 1:
            return found[0]
    return None


def _fitting(options: tuple[Option, ...], meaningful: Sequence[Token]) -> list[Option]:
    wanted = {token.low for token in meaningful}
    return [option for option in options if wanted and wanted <= _parts(option)]


def _alike(option: Option, meaningful: Sequence[Token]) -> bool:
    best = (max((fuzz.ratio(token.low, part) for part in _parts(option)), default=0) for token in meaningful)
    return all(score >= _ALIKE for score in best)


def _parts(option: Option) -> set[str]:
    low = option.label.lower()
    return set(re.split(r"[\s,;()/]+", low)) | set(low.split())


def _one(text: str, option: Option) -> Intent:
    return _intent(text, option.calls, (option,))


def _intent(text: str, calls: tuple[ToolCall, ...], options: tuple[Option, ...]) -> Intent:
    about = tuple(ref for option in options for ref in option.about)
    return Intent(goal=Goal.CALLS if calls else Goal.DIAGNOSE, text=text, confidence=1, calls=calls, about=about)


def _value(question: Question, clause: Clause, text: str) -> Intent | None:
    """The missing argument of the drafts."""
    if not question.drafts:
        return None
    meaningful = [token for token in clause.tokens if not token.mark and token.low not in _FILLER]
    numbers = clause.of("number")
    if question.slot in ("replicas", "port", "max") and len(numbers) == 1 and len(meaningful) <= 3:
        calls = tuple(
            ToolCall(tool=draft.tool, arguments={**draft.arguments, question.slot: numbers[0].value})
            for draft in question.drafts
        )
        return Intent(goal=Goal.CALLS, text=text, confidence=1, calls=calls)
    amounts = clause.of("quantity")
    if question.slot in ("limits", "requests") and len(amounts) == 1 and len(meaningful) <= 4:
        amount: JsonValue = {"cpu" if amounts[0].value == 1 else "memory": amounts[0].text}
        calls = tuple(
            ToolCall(tool=draft.tool, arguments={**draft.arguments, question.slot: amount}) for draft in question.drafts
        )
        return Intent(goal=Goal.CALLS, text=text, confidence=1, calls=calls)
    names = clause.of("name")
    if (
        question.slot == "name"
        and len(names) == 1
        and len(meaningful) <= 4
        and len({item.ref.kind for item in names[0].objects}) == 1
        and len(names[0].objects) == 1
    ):
        item = names[0].objects[0]
        own = {"name": item.ref.name, "kind": item.ref.kind.lower(), "namespace": item.ref.namespace}
        calls = tuple(ToolCall(tool=draft.tool, arguments={**draft.arguments, **own}) for draft in question.drafts)
        return Intent(goal=Goal.CALLS, text=text, confidence=1, calls=calls, about=(item.ref,))
    return None
