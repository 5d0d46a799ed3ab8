"""A question without the reason that stands behind a comma: "what runs on pier-2, facility wants to unplug it"."""

from cloudwright.agents.language.background import without
from cloudwright.agents.language.circumstances import FINITE
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.lexicon import ASKING, listed
from cloudwright.agents.language.verbs import looks

_NARROWING = listed(
    "which, that, who, whose, what, how, and, or, with, without, not, but, in, on, of, for, from, by, sorted, grouped, only, just, all, except,"
    " excluding, no, any, newest, oldest, most, least, top, including, at, as, to, if, where, when, why"
)
"""A part that begins so says more of what is asked for."""
_TELLING = FINITE | listed(
    "want, wants, need, needs, wanted, needed, ask, asks, asked, say, says, said, think, thinks, claim, claims, told, tells, complain,"
    " complains, complained, have, had, will, would, plan, plans, got, get, gets, keep, keeps, must, should, can, could, going, see, saw, promised"
)
_NEAR = 4
_SHORT = 3
_HARMLESS = ("pronoun", "duration", "time", "number", "ordinal", "all")


def unexplained(clause: Clause) -> Clause:
    """The clause up to the comma behind which somebody does or wants something; the clause itself where none does."""
    for at, token in enumerate(clause.tokens):
        if token.raw in (",", ";", "-") and at >= _SHORT - 1 and _tells(clause, at + 1) and _asks(clause, at):
            return without(clause, set(range(at, len(clause.tokens))))
    return clause


def _asks(clause: Clause, end: int) -> bool:
    """Whether what stands before is a question of its own, about something that it names."""
    words = clause.low[:end]
    known = any(_names(mention) and mention.end <= end for mention in clause.mentions)
    return known and bool(set(words[:_NEAR]) & (looks() | set(ASKING.split())))


def _tells(clause: Clause, start: int) -> bool:
    """Whether what stands behind tells of somebody: a subject, and what it does, without another thing of the cluster."""
    low = clause.low[start:]
    if len(low) < _SHORT or low[0] in _NARROWING or clause.tokens[start].quoted:
        return False
    inside = [mention for mention in clause.mentions if mention.start >= start]
    subject = [mention for mention in inside if mention.start == start and mention.what != "pronoun"]
    plain = all(mention.what in _HARMLESS or mention.what == "kind" for mention in inside)
    return plain and not subject and low[0] not in looks() and bool(set(low[1:_NEAR]) & _TELLING)


def _names(mention: Mention) -> bool:
    return mention.what in ("name", "kind", "namespace", "workload", "pronoun")
