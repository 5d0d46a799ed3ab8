"""The rule-based reader of requests: clauses, what each wants, and what has to be asked."""

from collections.abc import Sequence

from cloudwright.agents.language import changing, lexicon, reading
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import phrases
from cloudwright.agents.language.objects import World, namespace_in, objects_of
from cloudwright.agents.language.tagging import Tagger
from cloudwright.agents.language.text import Token
from cloudwright.agents.language.understanding import Goal, Intent, Memory, Understanding
from cloudwright.agents.language.verbs import looks, opening, ordered, verbs
from cloudwright.agents.language.vocabulary import Words
from cloudwright.core.catalog import Catalog
from cloudwright.core.context import Context
from cloudwright.core.refs import ObjectRef

_CONJUNCTIONS = ("and", "then", ",", ";", ".", "!", "?")
_DIAGNOSE = (
    "why", "wrong", "broken", "problem", "problems", "issue", "issues", "failing", "fails", "failure", "crashing", "crash",
    "crashes", "unhealthy", "healthy", "ok", "okay", "fine", "stuck", "slow", "diagnose", "troubleshoot", "debug", "investigate", "root cause", "not working",
    "down", "what is up", "cause", "misbehaving", "degraded", "alright", "trouble", "wrong with", "not ready", "matter", "ailing", "health", "going wrong", "errors in",
)  # fmt: skip


class RuleReader:
    """Understands requests by rules over the cluster's own words."""

    def __init__(self, catalog: Catalog, words: Words | None = None) -> None:
        self._catalog = catalog
        self._words = words or Words()
        self._taggers: dict[int, Tagger] = {}

    def names(self, context: Context) -> Sequence[str]:
        """Names of live objects, as far as they were read already."""
        known = self._words.cached(context)
        return sorted({item.ref.name for item in known.objects}) if known else ()

    def understand(self, request: str, memory: Memory, context: Context) -> Understanding:
        """What the request asks for."""
        vocabulary = self._words.get(context, memory.changes)
        tagger = self._taggers.get(id(vocabulary))
        if tagger is None:
            tagger = Tagger(vocabulary)
            self._taggers = {id(vocabulary): tagger}
        world = World(tagger.index, memory, context.place.namespace)
        tokens = tagger.tokens(request)
        intents = [self._intent(clause, world) for clause in split(tokens, tagger)]
        return Understanding(request=request, intents=tuple(intents) or (_nothing(request),))

    def _intent(self, clause: Clause, world: World) -> Intent:
        special = _special(clause)
        if special is not None:
            return special
        if not _asks(clause):
            families = frozenset(family for verb in ordered(clause) for family in verb.families)
            if families:
                for frame in changing.FRAMES:
                    change = frame(clause, world, families)
                    if change is not None:
                        return Intent(
                            goal=Goal.CALLS,
                            text=clause.text,
                            confidence=change.confidence,
                            calls=change.calls,
                            about=change.about,
                            question=change.question,
                        )
        diagnosis = _diagnosis(clause, world)
        if diagnosis is not None:
            return diagnosis
        found = reading.read_of(clause, world)
        if found is not None:
            return Intent(
                goal=Goal.CALLS, text=clause.text, confidence=found.confidence, calls=found.calls, about=found.about
            )
        return _nothing(clause.text)


def _nothing(text: str) -> Intent:
    return Intent(goal=Goal.UNKNOWN, text=text, confidence=0.1)


def split(tokens: tuple[Token, ...], tagger: Tagger) -> list[Clause]:
    """The wishes of a request, one clause each: a conjunction parts two wishes if a verb or a question follows it."""
    parts: list[list[Token]] = [[]]
    for index, token in enumerate(tokens):
        follows = tokens[index + 1] if index + 1 < len(tokens) else None
        if (
            token.low in _CONJUNCTIONS
            and not token.quoted
            and follows is not None
            and parts[-1]
            and _begins(tokens[index + 1 :], token)
        ):
            parts.append([])
            continue
        parts[-1].append(token)
    out = []
    for part in parts:
        kept = tuple(part)
        while kept and (kept[-1].mark or kept[-1].low in ("and", "then")):
            kept = kept[:-1]
        if kept:
            out.append(tagger.clause(kept, question=any(token.raw == "?" for token in part)))
    return out


def _begins(rest: tuple[Token, ...], at: Token) -> bool:
    at_most = [token.low for token in rest[:6] if not token.mark]
    while at_most and at_most[0] in (
        "and",
        "then",
        "also",
        "please",
        "now",
        "just",
        "finally",
        "after",
        "that",
        "next",
    ):
        at_most = at_most[1:]
    if not at_most:
        return False
    first = at_most[0]
    clause = Clause(tuple(Token(word, word, 0) for word in at_most))
    if first in looks() or first in lexicon.ASKING.split() or first in ("can", "could", "would"):
        return True
    if first in ("its", "their") or at.raw in (".", ";", "?", "!"):
        return True
    return any(verb.start == 0 and verb.form == "base" for verb in verbs(clause)) and first not in (
        "up",
        "down",
        "let",
        "have",
        "need",
        "want",
        "new",
        "set" if at.raw == "," else "",
    )


def _asks(clause: Clause) -> bool:
    start = opening(clause)
    word = clause.low[start] if start < len(clause.low) else ""
    if word in lexicon.ASKING.split() or word in (
        "show",
        "list",
        "display",
        "describe",
        "tell",
        "find",
        "print",
        "explain",
        "compare",
        "count",
        "logs",
        "events",
    ):
        return True
    if clause.low and clause.low[0] in lexicon.ASKING.split():
        return True
    return any(
        clause.has(" ".join(phrase))
        for text in (lexicon.HYPOTHETICAL, lexicon.HOW_TO, lexicon.SHOULD)
        for phrase in phrases(text)
        if phrase != ("would", "you")
    )


def _special(clause: Clause) -> Intent | None:
    words = [token.low for token in clause.tokens if not token.mark]
    text = " ".join(words)
    if text in (
        "hi",
        "hello",
        "hey",
        "thanks",
        "thank you",
        "good morning",
        "cheers",
        "thanks a lot",
        "hello there",
        "hey there",
    ):
        return Intent(goal=Goal.CHATTER, text=clause.text, confidence=1)
    if text in ("help", "what can you do", "who are you", "what do you do"):
        return Intent(goal=Goal.EXPLAIN_SELF, text=clause.text, confidence=1)
    if text in (
        "undo",
        "undo that",
        "undo it",
        "take that back",
        "revert that",
        "undo the last change",
        "undo my last change",
        "please undo that",
        "undo this",
    ):
        return Intent(goal=Goal.UNDO, text=clause.text, confidence=1)
    if text in ("fix it", "fix that", "please fix it", "repair it", "fix this", "make it work", "solve it"):
        return Intent(goal=Goal.FIX, text=clause.text, confidence=1)
    return None


def _diagnosis(clause: Clause, world: World) -> Intent | None:
    if not clause.has(*_DIAGNOSE):
        return None
    plural = any(item.plural for item in clause.of("kind", "workload"))
    if (
        plural
        and (
            clause.has("which", "list", "show", "how many", "count", "find", "get") or clause.low[0] in ("what", "any")
        )
        and not clause.has("why", "wrong", "problem")
    ):
        return None
    if clause.has("logs", "log", "events"):
        return None
    objects = [item.ref for item in objects_of(clause, world)][:6]
    if not objects and (place := namespace_in(clause)):
        objects = [ObjectRef(kind="Namespace", name=place, api_version="v1")]
    return Intent(goal=Goal.DIAGNOSE, text=clause.text, confidence=0.9, about=tuple(objects))
