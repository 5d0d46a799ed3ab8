"""Questions that a change needs because of the clauses beside it: what "it" is, what took it back, what was not understood."""

import re
from collections.abc import Callable, Sequence

from cloudwright.agents.language.calls import said
from cloudwright.agents.language.carrying import surely_it
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.doubts import FILLERS
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.text import NUMBERS
from cloudwright.agents.language.understanding import Goal, Intent, Option, Question
from cloudwright.agents.language.verbs import opening

Writes = Callable[[Intent], bool]
"""Whether an intent changes something."""
_DELAYING = listed(
    "tomorrow, tonight, later, soon, monday, tuesday, wednesday, thursday, friday, saturday, sunday, weekend, noon, midnight, morning, evening,"
    " afternoon, week, month, not, never, if, unless, until, after, before, when, once, eventually, only, dry-run, dryrun, dry, preview, simulate,"
    " simulation, theory, theoretically, hypothetically, example, plan, draft, rehearsal, note, reminder, todo, quote, idea, diff"
)
"""One of these alone before or behind an order may put it off or take it back."""


_CONDITIONS = listed(
    "if, once, when, whenever, after, before, until, unless, while, provided, assuming, supposing, suppose, as soon, as long, in case, only if, only when,"
    " from monday, from tuesday, from wednesday, from thursday, from friday, from saturday, from sunday, from tomorrow, from next, starting"
)
_ASKING = listed("did, is, was, does, will, do, are, were, has, have, had, can, could, should, would")
_BACK = listed(
    "no, nope, nah, wait, stop, do, not, leave, it, that, this, them, as, is, are, was, alone, hold, on, off, never, mind, forget, cancel, scratch, please,"
    " actually, sorry, oh, hm, hmm, ok, okay, but, and, with, yet, now, just, then, so, all, there, be, i, said, we, better, rather, maybe, done, run, i'd, kidding, joking, nevermind, was, am, 'm"
)
_STRONG = listed("wait, stop, not, leave, hold, never, forget, cancel, scratch, kidding, joking, nevermind")


_AGAIN = re.compile(r"\bonce (?:more|again)\b")


def supposes(clause: Clause) -> bool:
    """Whether a clause before an order says when or under which condition: "once the backup is through, …"."""
    low = clause.low[opening(clause) :]
    said = " ".join(low[:2])
    first = low[:1] and low[0] in _CONDITIONS
    asks = clause.question or (low[:1] in (("when",), ("if",), ("after",)) and set(low[1:2]) & _ASKING)
    return bool((first or said in _CONDITIONS) and not asks and set(low[1:2]) & {"again", "more"} == set())


def holds_back(clause: Clause) -> bool:
    """Whether a clause behind an order only takes it back or puts it off: "but wait with it until i give the go"."""
    low = clause.low
    end = low.index("until") if "until" in low else len(low)
    marks = [at for at, token in enumerate(clause.tokens[:end]) if token.mark]
    return clause.has("hands off") or any(_gives_up(clause, stop) for stop in (end, *marks[:2]))


def _gives_up(clause: Clause, end: int) -> bool:
    """Whether the first words of a clause take back what was ordered: "actually scratch that, …"."""
    low = clause.low[:end]
    words = {word for word, token in zip(low, clause.tokens, strict=False) if not token.mark}
    waits = "wait" in words and "not" in words and low.index("not") == low.index("wait") - 1
    return bool(words) and words <= _BACK and bool(words & _STRONG) and not waits


def conditional(intent: Intent, before: Clause, writes: Writes) -> Intent:
    """A change behind a condition is asked about: nothing is done later or by itself."""
    if not intent.calls or intent.question is not None or not writes(intent) or not supposes(before):
        return intent
    plain = "; ".join(said(call) for call in intent.calls)
    option = Option(label=plain, calls=intent.calls, about=intent.about)
    asked = Question(
        text=f"You said {before.text!r}, and I only make changes now. Shall I do exactly this: {plain}?",
        options=(option,),
    )
    return intent.model_copy(update={"calls": (), "confidence": 0.5, "question": asked})


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
        and (_content(item.text) > 1 or set(_AGAIN.sub("", item.text.lower()).split()) & _DELAYING)
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
