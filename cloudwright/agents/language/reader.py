"""The rule-based reader of requests: clauses, what each wants, and what has to be asked before anything is done."""

import threading
from collections.abc import Sequence

from cloudwright.agents.language import answering, deciding, refusals
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.commandline import command_change
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.pasted import in_words
from cloudwright.agents.language.reads.kubectl import typed_read
from cloudwright.agents.language.reads.rights import rights
from cloudwright.agents.language.references import World
from cloudwright.agents.language.rewording import reworded
from cloudwright.agents.language.smalltalk import special
from cloudwright.agents.language.splitting import split
from cloudwright.agents.language.tagging import Tagger
from cloudwright.agents.language.text import Token
from cloudwright.agents.language.understanding import Goal, Intent, Memory, Option, Question, Understanding, Vocabulary
from cloudwright.agents.language.utterances import Utterances
from cloudwright.agents.language.vocabulary import Words
from cloudwright.agents.language.wanted import Wanted
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
        tokens = _begun(tagger.tokens(in_words(request)))
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
        return Wanted(tagger, world, self._understands, self._writes).all_of(request, split(tokens, tagger))

    def _understands(self, clause: Clause, world: World) -> Intent:
        return special(clause, world.memory) or deciding.intent_of(clause, world, self._utterances, self._catalog)

    def _writes(self, intent: Intent) -> bool:
        return any(
            call.tool in self._catalog and self._catalog.get(call.tool).effect is not Effect.READ
            for call in intent.calls
        )


_SOUNDS = listed("hm, hmm, hmmm, um, uhm, uh, er, erm, ah, aha, oh, ooh, eh, argh, ugh, phew, wow")
"""What people say before they say something."""


_OBJECTING = ("no", "nope", "nah", "wait", "sorry", "actually")


def _after_no(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """ "no, roll it back", "no wait, put it back": what is wanted instead."""
    at = 0
    while at < len(tokens) and (tokens[at].low in _OBJECTING or (at and tokens[at].mark)):
        at += 1
    return tokens[at:] if at and at < len(tokens) - 1 and tokens[at - 1].mark else tokens


def _begun(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The request without the sounds that it begins with; as it is where nothing else is left."""
    at = 0
    while at < len(tokens) and (tokens[at].low in _SOUNDS or (at and tokens[at].mark)):
        at += 1
    return tokens[at:] or tokens


def _refused(request: str, why: str) -> Understanding | None:
    refused = Intent(goal=Goal.REFUSE, text=request, confidence=1, say=why)
    return Understanding(request=request, intents=(refused,)) if why else None


def _lost(request: str, error: ToolError) -> Understanding:
    lost = Intent(goal=Goal.UNKNOWN, text=request, confidence=0, say=error.message)
    return Understanding(request=request, intents=(lost,))


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
