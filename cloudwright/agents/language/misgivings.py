"""Questions that a change needs because of the clauses beside it: what "it" is, what took it back, what was not understood."""

from collections.abc import Callable, Sequence

from cloudwright.agents.language.calls import said
from cloudwright.agents.language.carrying import surely_it
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.doubts import FILLERS
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.text import NUMBERS
from cloudwright.agents.language.understanding import Goal, Intent, Option, Question

Writes = Callable[[Intent], bool]
"""Whether an intent changes something."""
_DELAYING = listed(
    "tomorrow, tonight, later, soon, monday, tuesday, wednesday, thursday, friday, saturday, sunday, weekend, noon, midnight, morning, evening,"
    " afternoon, week, month, not, never, if, unless, until, after, before, when, once, eventually"
)
"""One of these alone before or behind an order may put it off or take it back."""


def sure(intent: Intent, before: Clause, clause: Clause) -> Intent:
    """A deletion of "it" after words that ordered nothing is asked about: "it" may be what they spoke of besides."""
    gone = any(call.tool == "delete_resource" for call in intent.calls)
    if not gone or intent.question is not None or clause.of("name") or not clause.of("pronoun"):
        return intent
    if surely_it(before, clause):
        return intent
    plain = "; ".join(said(call) for call in intent.calls)
    option = Option(label=plain, calls=intent.calls, about=intent.about)
    asked = Question(
        text=f"What is {clause.of('pronoun')[0].text!r}? Shall I do exactly this: {plain}?", options=(option,)
    )
    return intent.model_copy(update={"calls": (), "confidence": 0.5, "question": asked})


def taken_back(found: list[Intent], writes: Writes) -> list[Intent]:
    """Changes that the last words of the request took back are asked about."""
    changes = [item for item in found if item.calls and item.question is None and writes(item)]
    if not changes:
        return found
    calls = tuple(call for item in changes for call in item.calls)
    plain = "; ".join(said(call) for call in calls)
    option = Option(label=plain, calls=calls, about=tuple(ref for item in changes for ref in item.about))
    question = Question(
        text=f"You took that back, did you not? Shall I do it all the same: {plain}?", options=(option,)
    )
    asked = Intent(goal=Goal.CALLS, text=changes[0].text, confidence=0.5, about=option.about, question=question)
    return [*(item for item in found if item not in changes), asked]


def doubted(found: Sequence[Intent], writes: Writes) -> Sequence[Intent]:
    """A change beside words that were not understood is asked about: they might take it back."""
    changes = [item for item in found if item.calls and item.question is None and writes(item)]
    values = {str(value) for item in changes for call in item.calls for value in call.arguments.values()}
    lost = [
        item
        for item in found
        if item.goal is Goal.UNKNOWN
        and (_content(item.text) > 1 or set(item.text.lower().split()) & _DELAYING)
        and not _says_again(item.text, values)
    ]
    if not lost or not changes:
        return found
    calls = tuple(call for item in changes for call in item.calls)
    about = tuple(ref for item in changes for ref in item.about)
    plain = "; ".join(said(call) for call in calls)
    question = Question(
        text=f"I did not understand {lost[0].text!r}. Shall I do exactly this: {plain}?",
        options=(Option(label=plain, calls=calls, about=about),),
        lost=True,
    )
    asked = Intent(goal=Goal.CALLS, text=changes[0].text, confidence=0.5, about=about, question=question)
    return [*(item for item in found if item not in lost and item not in changes), asked]


def _says_again(text: str, values: set[str]) -> bool:
    """Whether a clause only says an amount of the change again ("zero replicas")."""
    words = text.lower().split()
    amounts = [str(NUMBERS.get(word, word)) for word in words if word in NUMBERS or word.isdigit()]
    rest = [word for word in words if word not in NUMBERS and not word.isdigit()]
    return (
        bool(amounts) and set(amounts) <= values and set(rest) <= {"replicas", "replica", "pods", "copies", "instances"}
    )


def _content(text: str) -> int:
    """Words of a clause that are no small talk."""
    return len([word for word in text.lower().split() if word.strip("\"'") not in FILLERS])
