"""Requests that are about the conversation: decisions on what waits, undo, greetings, thanks."""

import re

from cloudwright.agents.language import lexicon, moods
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.doubts import FILLERS
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.understanding import Goal, Intent, Memory
from cloudwright.agents.language.verbs import looks

_GREETINGS = listed(
    "hi, hello, hey, good morning, good evening, good afternoon, hello there, hey there, hi there, morning, yo"
)


_THANKS = listed(
    "thanks, thank you, cheers, thanks a lot, thank you very much, great thanks, ok thanks, perfect thanks,"
    " many thanks, fine, good, sure, alright, right, k, cool thanks, very good, great, perfect, nice, cool, awesome, ok, okay, thanks that is all, good job, well done"
)


_SELF = listed(
    "help, what can you do, who are you, what do you do, what are you, what can i ask, what can i ask you,"
    " how can you help, how can you help me, what can you help with, what can you help me with,"
    " what else can you do, what are you able to do"
)


_UNDO = frozenset(["undo", "revert"])


_WANTS = frozenset(
    (*lexicon.ASKING.split(), *looks(), *(word for text in lexicon.ACTIONS.values() for word in text.split(", ")))
)


_YES = listed(
    "yes, approve, approved, approve it, go ahead, yes go ahead, yes please, do it, yes do it, y, yes approve,"
    " i approve, please go ahead, approve that, yes approve it, looks good go ahead, confirm, confirmed,"
    " proceed, please proceed, ok go ahead, ok do it, ship it, execute it, apply it, lgtm, yep go ahead,"
    " sure go ahead, approve the change, yes i approve, exactly, yes exactly, exactly this, yes exactly this,"
    " exactly that, yes exactly that, yes this, yes this one, yes that one, precisely, yes precisely"
)


_NO = listed(
    "no, deny, denied, reject, do not, don't, deny it, reject it, no thanks, cancel, cancel it, stop, abort,"
    " no do not, do not do it, nope, no cancel, drop it, forget it, never mind, no thank you, discard it,"
    " deny that, decline"
)


def special(clause: Clause, memory: Memory) -> Intent | None:
    """Decisions on what waits, undo, fix, greetings."""
    words = " ".join(token.low for token in clause.tokens if not token.mark and not token.quoted)
    text = clause.text
    if words in _YES and memory.pending:
        return Intent(goal=Goal.APPROVE, text=text, confidence=1)
    if words in _NO or (memory.pending and takes_back(clause)):
        if memory.pending:
            return Intent(goal=Goal.DENY, text=text, confidence=1)
        return Intent(goal=Goal.CHATTER, text=text, confidence=1, say="Nothing is changed.")
    if words in _YES and words not in _THANKS:
        return Intent(goal=Goal.CHATTER, text=text, confidence=1, say="Nothing waits for a decision.")
    if words in _GREETINGS:
        return Intent(goal=Goal.CHATTER, text=text, confidence=1)
    if words in _THANKS or (words.startswith(("thanks ", "thank you")) and not set(words.split()) & _WANTS):
        return Intent(goal=Goal.CHATTER, text=text, confidence=1, say="You are welcome.")
    if words in _SELF:
        return Intent(goal=Goal.EXPLAIN_SELF, text=text, confidence=1)
    if _undoes(clause, memory):
        return Intent(goal=Goal.UNDO, text=text, confidence=1)
    return None


_TAKEN_BACK = re.compile(
    r"^(?:(?:actually|oh|sorry|hm+|ok|okay|no|wait|hold on|well|please|but|then)\W+)*"
    r"(?:no|nope|never ?mind|nevermind|forget (?:it|that)|cancel(?: it| that)?|scratch that|leave (?:it|that)(?: alone| as it is)?"
    r"|do not|stop|wait|hold on|on second thoughts?(?:,? no)?|rather not)(?:\W+(?:then|please|thanks|thank you))?\W*$"
)


def takes_back(clause: Clause) -> bool:
    """Whether a clause takes back what was said before it: "actually never mind"."""
    return bool(_TAKEN_BACK.match(" ".join(token.low for token in clause.tokens)))


_UNDO_REST = listed(
    "undo, revert, that, it, this, please, the, last, change, my, your, previous, back, take, put, change,"
    " changes, just, made, you, did, what, i, can, could, now, reverse, roll, to, how, was, were, as, before,"
    " of, nah, nope, argh, ugh, oops, sorry, wait, actually, hmm, yikes, what's, again, thing, we, did, for, me, kindly, restore, most, recent, latest, action, things, them,"
    " both, same"
)


def _undoes(clause: Clause, memory: Memory) -> bool:
    """ "undo that", "take that back, take back that, take back this, take back it", "put it back to how it was": all words speak of undoing, and no object is named."""
    if clause.of("name", "kind", "namespace", "number", "image") or (
        moods.interrogative(clause) and not clause.has("can you, could you")
    ):
        return False
    words = [token.low for token in clause.tokens if not token.mark]
    undoing = bool(_UNDO & set(words)) or clause.has(
        "take that back, take back that, take back this, take back it, take it back, put it back, put that back, reverse that, reverse it, back to how it was,"
        " as it was, roll that back, reverse the last, back the way it was, restore what was"
    )
    if not undoing or not all(word in _UNDO_REST or word in FILLERS for word in words):
        return False
    return bool(memory.changes) or "undo" in words or clause.has("last change, previous change, that back")
