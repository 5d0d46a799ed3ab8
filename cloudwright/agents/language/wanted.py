"""What the clauses of a request want, each in the light of the one before."""

from collections.abc import Callable, Sequence
from itertools import zip_longest

from cloudwright.agents.language import moods
from cloudwright.agents.language.background import keeps, leads_to, tells
from cloudwright.agents.language.carrying import carried, inherited, scoped
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.complaints import FIX
from cloudwright.agents.language.lexicon import BECOMES, phrases
from cloudwright.agents.language.misgivings import Writes, conditional, doubted, holds_back, sure, taken_back
from cloudwright.agents.language.pointing import pointing
from cloudwright.agents.language.references import World, fitting, objects_of
from cloudwright.agents.language.smalltalk import takes_back
from cloudwright.agents.language.spelling import OPERATIONS
from cloudwright.agents.language.tagging import Tagger
from cloudwright.agents.language.text import Token
from cloudwright.agents.language.understanding import Goal, Intent

Understands = Callable[[Clause, World], Intent]
"""What one clause wants by itself."""


class Wanted:
    """Reads clause after clause, and keeps what was wanted, said and spoken of so far.

    Args:
        understands: what one clause wants by itself.
        writes: whether an intent changes something.
    """

    def __init__(self, tagger: Tagger, world: World, understands: Understands, writes: Writes) -> None:
        self._tagger = tagger
        self._world = world
        self._understands = understands
        self._writes = writes
        self._found: list[Intent] = []
        self._held = False
        self._before: Clause | None = None

    def all_of(self, request: str, clauses: Sequence[Clause]) -> Sequence[Intent]:
        """What a whole request wants, with what has to be asked because of the clauses beside each other."""
        clauses = _valued_fix(clauses, self._tagger)
        for clause, following in zip_longest(clauses, clauses[1:]):
            self._read(clause, following)
        found = self._found
        if any(item.goal is Goal.FIX for item in found) and any(clause.has(BECOMES) for clause in clauses):
            return (Intent(goal=Goal.UNKNOWN, text=request, confidence=0, say=_FIX_TO_WHAT),)
        found = _about_the_same(found)
        if self._held or (self._before is not None and found and takes_back(self._before)):
            found = taken_back(found, self._writes)
        asked = any(clause.question or moods.interrogative(clause) for clause in clauses)
        chatter = Intent(goal=Goal.UNKNOWN if asked else Goal.CHATTER, text=request, confidence=0.5)
        return _without_chatter(doubted(found, self._writes)) or (chatter,)

    def _read(self, clause: Clause, following: Clause | None) -> None:
        """One clause more; nothing comes of what only surrounds an order, or says again what was wanted."""
        if self._before is not None:
            clause = scoped(self._before, carried(self._before, clause, self._tagger), self._tagger)
            clause = inherited(self._before, clause, self._tagger)
        clause = pointing(clause, self._world, self._before)
        if self._changed() and holds_back(clause):
            self._held, self._before = True, clause
            return
        if self._found and keeps(clause):
            self._before = clause
            return
        intent = self._intent(clause, following)
        if self._found and intent.goal is self._found[-1].goal is Goal.DIAGNOSE and not intent.about:
            return
        intent = _focused(self._surely(intent, clause), clause, self._world)
        if intent.calls and any(intent.calls == other.calls for other in self._found):
            return
        self._found = [other for other in self._found if not _asks_for(other, intent)]
        self._before = clause
        if self._changed() and intent.question is not None and tells(clause):
            return
        if self._only_told(intent, clause, following):
            return
        if _empty(intent, following) and (tells(clause) or leads_to(clause, following)):
            self._world = _followed(self._world, _told(intent, clause, self._world))
            return
        self._found.append(intent)
        self._world = _followed(self._world, intent)

    def _intent(self, clause: Clause, following: Clause | None) -> Intent:
        found = _background(clause, following, self._world) or self._understands(clause, self._world)
        return found.model_copy(update={"strange": _strange(clause)})

    def _surely(self, intent: Intent, clause: Clause) -> Intent:
        """A deletion of "it" is asked about where the clause before ordered nothing."""
        if self._before is not None:
            intent = conditional(intent, self._before, self._writes)
        if self._before is None or not self._found or self._changed() or self._found[-1].goal is Goal.CHATTER:
            return intent
        return sure(intent, self._before, clause)

    def _only_told(self, intent: Intent, clause: Clause, following: Clause | None) -> bool:
        """ "they got the bigger room, make it 22": what is said of "it" before an order about it is not looked at."""
        points = bool(clause.of("pronoun")) and not clause.of("name")
        ordered = following is not None and bool(following.of("pronoun")) and not following.question
        return points and ordered and not clause.question and tells(clause) and not self._writes(intent)

    def _changed(self) -> bool:
        """Whether the clause before ordered a change."""
        return bool(self._found) and self._writes(self._found[-1])


def _valued_fix(clauses: Sequence[Clause], tagger: Tagger) -> Sequence[Clause]:
    """ "should be 3.0.9, fix it": the value is the order, of what was spoken of last; the repair says no more."""
    rest = [clause for clause in clauses if not _only_fixes(clause)]
    valued = [clause for clause in rest if clause.has(BECOMES)]
    if len(rest) == len(clauses) or len(valued) != 1:
        return clauses
    at = min(at for phrase in phrases(BECOMES) if (at := valued[0].find(" ".join(phrase))) >= 0)
    bare = not valued[0].of("name", "pronoun") or (not valued[0].of("name") and at > 1)
    order = tagger.clause((Token("it", "it", 0), *valued[0].tokens[at:])) if bare else valued[0]
    return [order if clause is valued[0] else clause for clause in rest]


def _only_fixes(clause: Clause) -> bool:
    """Whether a clause says "fix it" and nothing else."""
    words = {token.low for token in clause.tokens if not token.mark}
    return bool(words & FIX) and words <= FIX | {"it", "that", "this", "please", "pls", "up", "for", "me", "can", "you"}


_FIX_TO_WHAT = "Say it as one order with the object and the value that it shall have: set KEY of NAME to VALUE."
"""The answer to a repair beside a value that was not understood: what is broken elsewhere is not what was meant."""


def _about_the_same(found: list[Intent]) -> list[Intent]:
    """What is wrong in general is not looked for where the same request repairs one thing."""
    fixed = next((item.about for item in found if item.goal is Goal.FIX and item.about), ())
    return [
        item.model_copy(update={"about": fixed}) if fixed and item.goal is Goal.DIAGNOSE and not item.about else item
        for item in found
    ]


def _background(clause: Clause, following: Clause | None, world: World) -> Intent | None:
    """A plan or an expectation before a question about the same thing orders nothing: "we want to rotate x. what uses it?"."""
    if following is None or not moods.interrogative(following) or not moods.planned(clause):
        return None
    if not following.of("pronoun") and following.of("name", "namespace"):
        return None
    about = tuple(item.ref for item in objects_of(clause, world)[:1])
    return Intent(goal=Goal.CHATTER, text=clause.text, confidence=0.7, about=about) if about else None


def _strange(clause: Clause) -> tuple[str, ...]:
    """Words outside of what was recognised that no list of operations holds."""
    return tuple(
        token.low
        for index, token in enumerate(clause.tokens)
        if token.low.isalpha() and len(token.low) > 2 and token.low not in OPERATIONS and clause.at(index) is None
    )


def _focused(intent: Intent, clause: Clause, world: World) -> Intent:
    """A look at something that names an object puts it into focus, whatever else it showed."""
    if intent.about or intent.goal is not Goal.CALLS or intent.question is not None:
        return intent
    named = [ref for mention in clause.of("name") for ref in [item.ref for item in fitting(clause, mention, world)]]
    return intent.model_copy(update={"about": tuple(dict.fromkeys(named))}) if len(set(named)) == 1 else intent


def _empty(intent: Intent, following: Clause | None) -> bool:
    """Whether nothing came of a clause, or only a question which object is meant that the next clause may answer."""
    asks = intent.question is not None and not intent.calls and not intent.question.options
    return intent.goal is Goal.UNKNOWN or (asks and following is not None and bool(following.of("name")))


def _asks_for(asked: Intent, intent: Intent) -> bool:
    """Whether a question offers just what another clause orders: "x must not fire on the 1st, suspend it"."""
    options = asked.question.options if asked.question is not None and asked.question.lost else ()
    return len(options) == 1 and bool(intent.calls) and options[0].calls == intent.calls


def _told(intent: Intent, clause: Clause, world: World) -> Intent:
    """What is only told of puts what it names into focus."""
    whole = any("-".join(clause.low[one.start : one.end]) == one.text for one in clause.of("name"))
    about = tuple(item.ref for item in objects_of(clause, world)[:1]) if whole else ()
    return intent.model_copy(update={"about": about, "calls": ()})


def _followed(world: World, intent: Intent) -> World:
    """The conversation as the next clause of the same request sees it."""
    if not intent.about and not intent.calls:
        return world
    update: dict[str, object] = {"last_calls": intent.calls}
    if intent.about:
        focus = (*intent.about, *(ref for ref in world.memory.objects if ref not in intent.about))
        update |= {"objects": focus, "listed": ()}
    return World(world.index, world.memory.model_copy(update=update), world.namespace)


def _without_chatter(found: Sequence[Intent]) -> tuple[Intent, ...]:
    """Small talk beside a request is not answered."""
    serious = tuple(item for item in found if item.goal is not Goal.CHATTER)
    if any(item.goal is not Goal.UNKNOWN for item in serious):
        serious = tuple(item for item in serious if item.goal is not Goal.UNKNOWN)
    return serious or tuple(found[:1])
