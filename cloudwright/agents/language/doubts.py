"""What makes a change unsure, so that it is asked about: conditions, too wide a scope, words that nothing explains."""

import re

from cloudwright.agents.language import lexicon, moods
from cloudwright.agents.language.calls import said
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.references import TEMPLATED, World, objects_of, sole
from cloudwright.agents.language.text import VERSION
from cloudwright.agents.language.understanding import Goal, Intent, Option, Question
from cloudwright.agents.language.writes.frame import Change
from cloudwright.core.catalog import Catalog

FILLERS = frozenset(lexicon.FILLERS.split())


def guarded(
    clause: Clause, world: World, change: Change, scope: str, catalog: Catalog, families: frozenset[str]
) -> Intent:
    """A change, unless something in the clause could change its meaning: then it is asked about."""
    text = clause.text
    if change.question is not None:
        return Intent(goal=Goal.CALLS, text=text, confidence=0.5, about=change.about, question=change.question)
    _use_counts(clause, change)
    word = uncertain(clause)
    _use_kinds(clause, change, families)
    doubt, lost = "", False
    if scope:
        doubt = f"That concerns {scope}"
    elif _interleaved(clause):
        doubt = "You named several objects with several values"
    elif len({item.text for item in clause.of("namespace")} - change.places) > 1 and not _own_places(clause, change):
        doubt = "You named several namespaces"
    elif misspelt := next((item for item in clause.of("namespace") if item.near), None):
        doubt = f"There is no namespace {clause.low[misspelt.start]!r}; I took it for {misspelt.text}"
    elif word:
        doubt, lost = f"You said {word!r}, and I only make changes now and as a whole", True
    else:
        rest = [
            item
            for item in clause.unused(FILLERS)
            if item.lower() not in world.index.namespaces and item.lower() not in _harmless()
        ]
        if rest:
            doubt, lost = f"I do not know what {' '.join(rest)!r} means here", True
    if (
        clause.question
        and not doubt
        and not clause.has(
            "can you, could you, would you, will you, please, can we, would you mind, could we, can someone, could someone, can somebody"
        )
        and not moods.requested(clause)
    ):
        doubt = "You asked rather than told me"
    if not doubt:
        return Intent(goal=Goal.CALLS, text=text, confidence=change.confidence, calls=change.calls, about=change.about)
    plain = "; ".join(said(item) for item in change.calls)
    option = Option(label=plain, calls=change.calls, about=change.about)
    question = Question(text=f"{doubt}. Shall I do exactly this: {plain}?", options=(option,), lost=lost)
    return Intent(goal=Goal.CALLS, text=text, confidence=0.5, about=change.about, question=question)


def use_other_stage(clause: Clause, world: World, change: Change) -> None:
    """ "in staging, not prod": the stage that is kept out is explained where nothing that is changed lives in it."""
    places = {ref.namespace for ref in change.about}
    for index, word in enumerate(clause.low[1:], 1):
        spaces = world.index.environments.get(word, frozenset())
        if spaces and clause.low[index - 1] == "not" and not places & spaces:
            clause.used.update((index - 1, index))


def _own_places(clause: Clause, change: Change) -> bool:
    """Whether every name has its own namespace right behind it, and is changed there: "x in blue and y in green"."""
    names = clause.of("name")
    places = {one.text: place.text for one in names for place in clause.of("namespace") if place.start == one.end + 1}
    return len(places) == len(names) > 1 and all(places.get(ref.name) == ref.namespace for ref in change.about)


_NO_RESTART = (
    "no restart, no restarts, no restart needed, without a restart, without restart, without restarting, do not restart, do not restart it,"
    " do not restart anything"
)
"""What a change of something that runs nothing does anyway."""
_TWO = 2


def _use_counts(clause: Clause, change: Change) -> None:
    """ "both", "all three": explained by as many names; "no restart" by what runs nothing."""
    if not any(ref.kind in TEMPLATED for ref in change.about):
        clause.use_words(_NO_RESTART)
    names = len(clause.of("name"))
    if names == _TWO:
        clause.use_words("both")
    clause.use(
        *(
            item
            for item in clause.of("number")
            if item.value == names > 1 and clause.low[item.start - 1 : item.start] == ("all",)
        )
    )


def _interleaved(clause: Clause) -> bool:
    """Whether values stand on both sides of a name among several: each may belong to one of the names alone."""
    values = [item.start for item in clause.of("pair", "quantity", "image", "number")]
    values += [index for index, token in enumerate(clause.tokens) if VERSION.fullmatch(token.raw)]
    names = [item.start for item in clause.of("name")]
    return len(names) > 1 and bool(values) and any(min(values) < name < max(values) for name in names)


def _use_kinds(clause: Clause, change: Change, families: frozenset[str]) -> None:
    """Kind words that agree with what is changed are explained by it; a word for another kind stays unexplained."""
    kinds = {ref.kind for ref in change.about}
    made = bool(families & {"create", "add", "trigger", "expose", "autoscale"}) or not change.about
    for mention in clause.of("kind"):
        if mention.kind is not None and (mention.kind.kind in kinds or made or mention.kind.kind in _CARRIERS):
            clause.use(mention)
    clause.use(*clause.of("workload"))


_CARRIERS = frozenset(("Namespace", "Pod", "Deployment"))
"""Kinds whose words people use loosely for what is changed: "the pods of x", "undo the deployment of x"."""


_REASONS = listed(
    "failed, failing, broken, stuck, crashing, crashed, oom, killed, oomkilled, typo, wrong, old, unused,"
    " stale, obsolete, slow, overloaded, struggling, busy, too, small, low, high, starving, needed, longer,"
    " anymore, bad, finished, completed, dead, traffic, load, spike, peak, ran, running, out, keeps, getting,"
    " hot, tight, because, since, as, due, memory, cpu, more, customers, sale, weekend, campaign, wrongly,"
    " left, enough, suffices, plenty, somebody, someone, mistyped, misspelt, misspelled, correct, proper, rather, again, somewhat, bit, little, few, bigger, smaller, looks, seems, acts, behaves, acting"
)
"""Words that say why, or what state something is in; they do not change what is asked for."""


def _harmless() -> frozenset[str]:
    return _REASONS | {"namespace", "ns", "app", "workload", "cluster", "container"}


_UNLESS = (
    "if", "unless", "except", "excluding", "other than", "apart from", "besides", "only if", "only when", "whenever",
    "until", "after", "before", "tomorrow", "tonight", "later", "next week", "next month", "in case", "provided", "assuming",
    "when", "while", "as soon as", "once", "instead of", "rather than", "temporarily", "for a while", "not", "never",
    "without", "skip", "avoid", "whichever", "some of", "one of", "any of", "most of", "half of", "a few", "several", "but",
    "eventually", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "midnight", "noon", "maybe",
    "perhaps", "possibly", "unlike", "depending", "either", "or", "except for", "don't",
)  # fmt: skip


_CONDITIONAL_FREE = ("if possible", "until further notice", "for now", "until i say so", "or so", "if you can", "if you could", "when you can", "when you have time", "if you don't mind", "if you do not mind", "if that's ok", "if that is ok",
    "when you get a chance", "at once", "if you would", "if you please", "when you have a moment", "right after that", "after that", "would not mind", "do not worry", "once more", "when you are ready", "if that is fine", "if that is okay", "if that is alright",
    "whenever you can", "when possible", "when you get a minute", "when you have a minute", "if not too much trouble", "before it gets worse", "before lunch")  # fmt: skip


_FROM_NEXT_RUN = "from tonight on, from tonight, as of tonight, starting tonight, tonight onwards, from the next run on, from the next run"
"""What is changed of a CronJob now holds from its next run on."""
_OFTEN_PLAIN = listed(
    "tonight, once, before, when, after, until, not, never, without, later, noon, midnight, monday, tuesday, wednesday, thursday, friday, saturday,"
    " sunday"
)
"""Words that mean nothing of the kind where a frame or a reason has explained them."""


def uncertain(clause: Clause) -> str:
    """The word that makes a change depend on something or excludes something, or ""."""
    covered: set[int] = set()
    for phrase in _CONDITIONAL_FREE:
        at = clause.find(phrase)
        if at >= 0:
            covered.update(range(at, at + len(phrase.split())))
            clause.use_words(phrase)
    ending = len(clause.low) - next(
        (
            size
            for size, word in enumerate(reversed(clause.low))
            if word not in FILLERS - {"once"} and word not in (",", ".", "!")
        ),
        0,
    )
    if clause.low[ending - 1 : ending] == ("once",):
        clause.used.add(ending - 1)
    if any(item.ref.kind == "CronJob" for mention in clause.of("name") for item in mention.objects):
        clause.use_words(_FROM_NEXT_RUN)
    for at, word in enumerate(clause.low[1:], 1):
        alone = clause.tokens[at - 1].mark and (at + 1 == len(clause.low) or clause.tokens[at + 1].mark)
        if alone and word in ("no", "nope", "wait"):
            return word
    for phrase in _UNLESS:
        at = clause.find(phrase)
        if phrase == "one of" and any(item.start == at + 2 for item in clause.of("quantity", "number")):
            continue  # "has no limit, give it one of 400Mi"
        if at >= 0 and at not in covered and not (at in clause.used and phrase in _OFTEN_PLAIN):
            return phrase
    return ""


_PRODUCTION = re.compile(r"prod(?:uction)?|live")


_FEW = 5
"""As many things as "them" may mean without being asked about."""
_GONE = frozenset(("delete", "drain", "evict", "stop", "rollback"))


def _loose(mention: Mention, clause: Clause, families: frozenset[str]) -> bool:
    """Whether a word for a kind stands for something else: "can take pods again", "limits of 500m"."""
    kind = mention.kind.kind if mention.kind is not None else ""
    placing = kind == "Pod" and bool(families & {"cordon", "uncordon"})
    return placing or (kind == "LimitRange" and bool(clause.of("quantity")))


def broad(clause: Clause, world: World, families: frozenset[str]) -> str:
    """Why the scope of a change is too broad or unclear, or ""."""
    kinds = [
        item
        for item in clause.of("kind", "workload")
        if item.plural
        and clause.low[item.start - 1 : item.start] not in (("called",), ("named",))
        and not _loose(item, clause, families)
    ]
    names = clause.of("name")
    if clause.has(
        "everything, everyone, the whole namespace, entire namespace, whole cluster, entire cluster, all of it,"
        " all the things"
    ) and (not names or clause.has("everything in, everything else")):
        return "everything"
    if clause.of("all") and kinds and not names:
        return f"all {kinds[0].text}"
    if kinds and not names and not clause.of("pronoun", "ordinal") and not sole(clause, world):
        return f"several {kinds[0].text}"
    unknown = [
        token.low
        for index, token in enumerate(clause.tokens)
        if _PRODUCTION.fullmatch(token.low) and clause.at(index) is None and index not in clause.used
    ]
    if unknown and not any(_PRODUCTION.fullmatch(name) for name in world.index.namespaces):
        return unknown[0]
    several = objects_of(clause, world) if not names and any(item.plural for item in clause.of("pronoun")) else []
    if len(several) > (1 if families & _GONE else _FEW):
        return "several objects"
    return ""
