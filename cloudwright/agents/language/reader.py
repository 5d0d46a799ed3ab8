"""The rule-based reader of requests: clauses, what each wants, and what has to be asked before anything is done."""

import threading
from collections.abc import Sequence
from itertools import zip_longest

from cloudwright.agents.language import answering, deciding, moods, refusals
from cloudwright.agents.language.background import keeps, leads_to, tells
from cloudwright.agents.language.calls import said
from cloudwright.agents.language.carrying import carried, scoped, surely_it
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.commandline import command_change
from cloudwright.agents.language.complaints import FIX
from cloudwright.agents.language.doubts import FILLERS
from cloudwright.agents.language.lexicon import BECOMES, listed, phrases
from cloudwright.agents.language.pointing import pointing
from cloudwright.agents.language.reads.kubectl import typed_read
from cloudwright.agents.language.reads.rights import rights
from cloudwright.agents.language.references import World, fitting, objects_of
from cloudwright.agents.language.rewording import reworded
from cloudwright.agents.language.smalltalk import special, takes_back
from cloudwright.agents.language.spelling import OPERATIONS
from cloudwright.agents.language.splitting import split
from cloudwright.agents.language.tagging import Tagger
from cloudwright.agents.language.text import NUMBERS, Token
from cloudwright.agents.language.understanding import Goal, Intent, Memory, Option, Question, Understanding, Vocabulary
from cloudwright.agents.language.utterances import Utterances
from cloudwright.agents.language.vocabulary import Words
from cloudwright.core.catalog import Catalog
from cloudwright.core.context import Context
from cloudwright.core.errors import ToolError
from cloudwright.core.tool import Effect

_REVIEW = "rbac, access review, rights check, permission check, permissions check, access check"
"""With these a request is a question of rights, whatever verbs and punctuation it has."""


class RuleReader:
    """Understands requests by rules over the cluster's own words and the tools' utterances; implements `kit.Reader`.

    Args:
        catalog: the tools that there are; what they say of themselves is learned.
        words: where the cluster's words are kept.
    """

    def __init__(self, catalog: Catalog, words: Words | None = None) -> None:
        self._catalog = catalog
        self._words = words or Words()
        self._utterances = Utterances(catalog)
        self._last: tuple[Vocabulary, Tagger] | None = None
        self._lock = threading.Lock()

    def names(self, context: Context) -> Sequence[str]:
        """Names of live objects, as far as they were read already."""
        known = self._words.cached(context)
        return sorted({item.ref.name for item in known.objects}) if known else ()

    def understand(self, request: str, memory: Memory, context: Context) -> Understanding:
        """What the request asks for; where the cluster cannot be asked, that is said instead."""
        try:
            tagger = self._tagger(self._words.get(context, memory.changes))
        except ToolError as error:
            return _refused(request, refusals.refusal(request)) or _lost(request, error)
        refused = _refused(request, refusals.refusal(request, tagger.clause(tagger.tokens(request)), memory.objects))
        if refused is not None:
            return refused
        world = World(tagger.index, memory, context.place.namespace)
        intents = tuple(self._intents(request, tagger, world))
        return Understanding(request=request, intents=_asked_together(intents))

    def _tagger(self, vocabulary: Vocabulary) -> Tagger:
        with self._lock:
            if self._last is None or self._last[0] is not vocabulary:
                self._last = (vocabulary, Tagger(vocabulary))
            return self._last[1]

    def _intents(self, request: str, tagger: Tagger, world: World) -> Sequence[Intent]:
        tokens = _begun(tagger.tokens(request))
        whole = tagger.clause(tokens)
        if world.memory.question is not None:
            answered = answering.answer(world.memory.question, whole, request)
            if answered is not None:
                return (answered,)
        if (commanded := command_change(request, world)) is not None:
            return (commanded,)
        talk = special(whole, world.memory)
        if talk is not None:
            return (talk,)
        revised = deciding.correction(whole, world, self._catalog)
        if revised is not None:
            return (revised,)
        tokens = reworded(_after_no(tokens), tagger)
        typed = typed_read(request, world)
        if typed is not None:
            return (Intent(goal=Goal.CALLS, text=request, confidence=0.95, calls=typed.calls, about=typed.about),)
        if whole.has(_REVIEW) and (asked := rights(whole, world)) is not None:
            return (Intent(goal=Goal.CALLS, text=request, confidence=0.9, calls=asked.calls, say=asked.say),)
        return self._wished(request, split(tokens, tagger), tagger, world)

    def _wished(self, request: str, clauses: Sequence[Clause], tagger: Tagger, world: World) -> Sequence[Intent]:
        """What each clause wants, each in the light of the one before."""
        found: list[Intent] = []
        before: Clause | None = None
        clauses = _valued_fix(clauses, tagger)
        for clause, following in zip_longest(clauses, clauses[1:]):
            if before is not None:
                clause = scoped(before, carried(before, clause, tagger), tagger)
            clause = pointing(clause, world, before)
            if found and keeps(clause):
                before = clause
                continue
            intent = (_background(clause, following, world) or self._intent(clause, world)).model_copy(
                update={"strange": _strange(clause)}
            )
            if found and intent.goal is found[-1].goal is Goal.DIAGNOSE and not intent.about:
                continue
            if before is not None and found and not self._writes(found[-1]) and found[-1].goal is not Goal.CHATTER:
                intent = self._sure(intent, before, clause)
            intent = _focused(intent, clause, world)
            if intent.calls and self._writes(intent) and any(intent.calls == other.calls for other in found):
                continue
            before = clause
            if _empty(intent, following) and (tells(clause) or leads_to(clause, following)):
                world = _followed(world, _told(intent, clause, world))
                continue
            found.append(intent)
            world = _followed(world, intent)
        if any(item.goal is Goal.FIX for item in found) and any(clause.has(BECOMES) for clause in clauses):
            return (Intent(goal=Goal.UNKNOWN, text=request, confidence=0, say=_FIX_TO_WHAT),)
        found = _about_the_same(found)
        if before is not None and len(found) and takes_back(before):
            found = self._taken_back(found)
        return _without_chatter(self._doubted(found)) or (Intent(goal=Goal.CHATTER, text=request, confidence=0.5),)

    def _sure(self, intent: Intent, before: Clause, clause: Clause) -> Intent:
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

    def _taken_back(self, found: list[Intent]) -> list[Intent]:
        """Changes that the last words of the request took back are asked about."""
        changes = [item for item in found if item.calls and item.question is None and self._writes(item)]
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

    def _doubted(self, found: Sequence[Intent]) -> Sequence[Intent]:
        """A change beside words that were not understood is asked about: they might take it back."""
        changes = [item for item in found if item.calls and item.question is None and self._writes(item)]
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

    def _writes(self, intent: Intent) -> bool:
        return any(
            call.tool in self._catalog and self._catalog.get(call.tool).effect is not Effect.READ
            for call in intent.calls
        )

    def _intent(self, clause: Clause, world: World) -> Intent:
        return special(clause, world.memory) or deciding.intent_of(clause, world, self._utterances, self._catalog)


_DELAYING = listed(
    "tomorrow, tonight, later, soon, monday, tuesday, wednesday, thursday, friday, saturday, sunday, weekend, noon, midnight, morning, evening,"
    " afternoon, week, month, not, never, if, unless, until, after, before, when, once, eventually"
)
"""One of these alone before or behind an order may put it off or take it back."""
_SOUNDS = listed("hm, hmm, hmmm, um, uhm, uh, er, erm, ah, aha, oh, ooh, eh, argh, ugh, phew, wow")
"""What people say before they say something."""


_OBJECTING = ("no", "nope", "nah", "wait", "sorry", "actually")


def _after_no(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """ "no, roll it back": what is wanted instead."""
    if len(tokens) > 2 and tokens[0].low in _OBJECTING and tokens[1].mark:
        return tokens[2:]
    return tokens


def _begun(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The request without the sounds that it begins with; as it is where nothing else is left."""
    at = 0
    while at < len(tokens) and (tokens[at].low in _SOUNDS or (at and tokens[at].mark)):
        at += 1
    return tokens[at:] or tokens


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


def _refused(request: str, why: str) -> Understanding | None:
    refused = Intent(goal=Goal.REFUSE, text=request, confidence=1, say=why)
    return Understanding(request=request, intents=(refused,)) if why else None


def _lost(request: str, error: ToolError) -> Understanding:
    lost = Intent(goal=Goal.UNKNOWN, text=request, confidence=0, say=error.message)
    return Understanding(request=request, intents=(lost,))


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


def _told(intent: Intent, clause: Clause, world: World) -> Intent:
    """What is only told of puts what it names into focus."""
    whole = any("-".join(clause.low[one.start : one.end]) == one.text for one in clause.of("name"))
    about = tuple(item.ref for item in objects_of(clause, world)[:1]) if whole else ()
    return intent.model_copy(update={"about": about})


def _followed(world: World, intent: Intent) -> World:
    """The conversation as the next clause of the same request sees it."""
    if not intent.about and not intent.calls:
        return world
    update: dict[str, object] = {"last_calls": intent.calls}
    if intent.about:
        focus = (*intent.about, *(ref for ref in world.memory.objects if ref not in intent.about))
        update |= {"objects": focus, "listed": ()}
    return World(world.index, world.memory.model_copy(update=update), world.namespace)


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


def _without_chatter(found: Sequence[Intent]) -> tuple[Intent, ...]:
    """Small talk beside a request is not answered."""
    serious = tuple(item for item in found if item.goal is not Goal.CHATTER)
    if any(item.goal is not Goal.UNKNOWN for item in serious):
        serious = tuple(item for item in serious if item.goal is not Goal.UNKNOWN)
    return serious or tuple(found[:1])


def _asked_together(intents: tuple[Intent, ...]) -> tuple[Intent, ...]:
    """Where one of several wishes has to be asked about, the others go with each answer, so that none is lost."""
    asked = next((item for item in intents if item.question is not None), None)
    others = [call for item in intents if item is not asked and item.goal is Goal.CALLS for call in item.calls]
    if asked is None or asked.question is None or not others:
        return intents
    options = tuple(
        Option(label=option.label, calls=(*others, *option.calls), about=option.about) if option.calls else option
        for option in asked.question.options
    )
    question: Question = asked.question.model_copy(
        update={"options": options, "drafts": (*others, *asked.question.drafts)}
    )
    return (asked.model_copy(update={"question": question}),)
