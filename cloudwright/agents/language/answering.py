"""An answer to what was asked back: a number, an ordinal, a label, words of one option, the missing value."""

import re

from rapidfuzz import fuzz

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.text import ORDINALS, number_of
from cloudwright.agents.language.understanding import Goal, Intent, Option, Question
from cloudwright.core.tool import ToolCall

_NO = listed(
    "no, none, neither, cancel, nothing, never mind, nevermind, stop, abort, forget it, no thanks, nope,"
    " leave it, none of them, neither one, don't, do not, no thank you, leave it alone, cancel that"
)
_YES = listed(
    "yes, y, yes please, yep, sure, ok, okay, do it, go ahead, please do, correct, right, exactly, that one,"
    " yes that one, yeah, yes do it, confirm, confirmed, that is it, that is right, yup, indeed"
)
_ALL = listed("both, all, all of them, both of them, every one, each, all three, both please, all please, do both")
_FILLER = frozenset(
    [
        "the",
        "one",
        "in",
        "please",
        "i",
        "mean",
        "meant",
        "want",
        "that",
        "this",
        "it",
        "of",
        "for",
        "ones",
        "option",
        "number",
        "choice",
        "a",
        "an",
        "namespace",
        "called",
        "named",
        ",",
        ".",
        "!",
        "take",
        "use",
        "go",
        "with",
        "on",
        "to",
        "from",
    ]
)


def answer(question: Question, clause: Clause, text: str) -> Intent | None:
    """What the answer decides, or None where it is a request of its own."""
    words = " ".join(token.low for token in clause.tokens if not token.mark)
    if words in _NO:
        return Intent(goal=Goal.CHATTER, text=text, confidence=1, say="Left as it is; nothing is changed.")
    if question.options:
        return _chosen(question, clause, words, text)
    return _value(question, clause, text)


def _chosen(question: Question, clause: Clause, words: str, text: str) -> Intent | None:  # noqa: C901
    options = question.options
    if words in _ALL:
        calls = tuple(call for option in options for call in option.calls)
        return _intent(text, calls, options)
    if words in _YES:
        return _one(text, options[0]) if len(options) == 1 else None
    meaningful = [token for token in clause.tokens if not token.mark and token.low not in _FILLER]
    for token in clause.tokens:
        place = ORDINALS.get(token.low)
        if place is not None and len(meaningful) <= 2 and -len(options) <= place < len(options):
            return _one(text, options[place])
    if len(meaningful) == 1:
        number = number_of(meaningful[0])
        if (
            number is not None
            and 1 <= number <= len(options)
            and not any(meaningful[0].low in _parts(option) for option in options)
        ):
            return _one(text, options[number - 1])
    wanted = {token.low for token in meaningful}
    exact = [option for option in options if words == option.label.lower()]
    if exact:
        return _one(text, exact[0])
    fits = [option for option in options if wanted and wanted <= _parts(option)]
    if len(fits) == 1:
        return _one(text, fits[0])
    if len(meaningful) <= 2 and meaningful:
        near = [
            option
            for option in options
            if all(
                max((fuzz.ratio(token.low, part) for part in _parts(option)), default=0) >= 84 for token in meaningful
            )
        ]
        if len(near) == 1:
            return _one(text, near[0])
    if len(fits) > 1 and len(fits) < len(options):
        narrowed = question.model_copy(update={"options": tuple(fits)})
        return Intent(goal=Goal.CALLS, text=text, confidence=0.5, question=narrowed)
    return None


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
