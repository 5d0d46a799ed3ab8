"""Words that only say why: "…, it got OOM killed", "because it leaks", "so that it comes up fresh", "we do not need it any more"."""

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed

_OPENERS = (
    "because, so that, since it, since they, since we, since there, as it, as they, as we, due to, in order to, so it, so they,"
    " which is, which are, which was, which keeps, given that, cause it, to make room, to save, to free"
)
_SUBJECTS = listed(
    "it, they, we, i, that, this, nobody, users, customers, people, he, she, everything, something, there"
)
_CHANGING = listed(
    "if, unless, except, but, until, before, after, instead, only, never, want, wants, please, maybe, tomorrow, later, tonight, wait,"
    " stop, cancel, when, or, do, don't, should, must, undo, keep, leave, actually, rather, without, apart, besides, excluding"
)
"""Words with which a part of a sentence takes something back, narrows it, or asks for something of its own."""
_NOT_WANTED_ANY_MORE = (
    "do not need, not needed, does not need, no longer, not used, not use, do not use, nobody needs, no use"
)


def explain(clause: Clause) -> None:
    """Mark the words of a reason at the end of an order as explained; a reason that might change the order stays unexplained."""
    start = _start(clause)
    if start < 0:
        return
    rest = clause.low[start:]
    if _CHANGING & {word for word in rest[1:] if not (word == "do" and "not" in rest)}:
        return
    if "not" in rest and not _plain(clause, start):
        return
    if any(mention.start >= start and mention.what not in _HARMLESS for mention in clause.mentions):
        return
    clause.used.update(range(start, len(clause.low)))


_HARMLESS = ("pronoun", "kind", "workload", "all", "time", "duration", "number", "percent", "ordinal")


def _plain(clause: Clause, start: int) -> bool:
    """Whether a negation only says that something does not work, or is not needed any more."""
    if any(clause.find(phrase.strip(), start) >= 0 for phrase in _NOT_WANTED_ANY_MORE.split(",")):
        return True
    return (
        clause.find("is not", start) >= 0 or clause.find("does not", start) >= 0 or clause.find("are not", start) >= 0
    )


def _start(clause: Clause) -> int:
    """Where the reason begins: at an opener, or at a comma before somebody who does something."""
    starts = [at for phrase in _OPENERS.split(",") if (at := clause.find(phrase.strip())) > 0]
    for at, word in enumerate(clause.low[1:-1], 1):
        if (
            clause.tokens[at].mark
            and word in (",", ";")
            and clause.low[at + 1] in _SUBJECTS
            and at + 2 < len(clause.low)
        ):
            starts.append(at + 1)
    return min(starts, default=-1)
