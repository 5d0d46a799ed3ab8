"""What must not become a change: requests to get around approval, hypothetical talk, conditions, unclear scope."""

import re
from functools import cache

from cloudwright.agents.language import lexicon
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import listed, phrases
from cloudwright.agents.language.objects import World, objects_of
from cloudwright.agents.language.verbs import Verb, opening, verbs

_BYPASS = re.compile(
    r"\b(?:without|skip|skipping|bypass|bypassing|ignore|ignoring|no need for|circumvent|avoid|get around|disable|turn off|forget"
    r"|override|overriding|omit|suppress|don't (?:need|want|ask for|wait for)|do not (?:need|want|ask for|wait for)|no)\b"
    r"[^.;?]{0,30}\b(?:approval|approvals|approve|approving|confirmation|confirmations|confirming|permission|asking|ask me|review|preview|sign-?off"
    r"|safety|safeguards?|guardrails?|policy|policies|(?:safety|policy|approval) checks|the gate|prompts?|instructions)\b"
    r"|\bauto-?approve|\b(?:do not|don't|never|stop) ask(?:ing)? me|\bapprove (?:everything|all|it all|yourself|every)|\bself-approve"
    r"|\bapprove (?:your own|them all)|\bno questions asked|\bwithout (?:asking|confirming|approval|a prompt|telling)"
    r"|\b(?:ignore|forget|disregard) (?:all |any |your |the |previous )+(?:rules|instructions|polic|guidelines|limits|restrictions)"
    r"|\bpre-?approved\b|\bon my (?:say-so|authority)\b"
)  # fmt: skip
_JOURNAL = re.compile(
    r"\b(?:disable|turn off|switch off|stop|delete|erase|wipe|clear|remove|edit|rewrite|purge|truncate|skip|bypass|tamper|alter|hide|without|do not|don't|no|off the)\b"
    r"[^.;?]{0,40}\b(?:journal|journaling|journalling|audit(?:ing)?(?: (?:log|trail))?|audit trail|record of (?:this|it|that)|books|logging (?:it|this|that)|trace of (?:this|it)"
    r"|recording (?:it|this)|history of (?:this|it)|journal it|log it|log this|record (?:it|this))\b"
)  # fmt: skip
_REVEAL = re.compile(
    r"\b(?:show|print|reveal|tell|give|display|decode|dump|cat|output|expose|read|get|decrypt|unmask|what is|what are|see|send|need|want|share|paste|echo|fetch|list|extract|know|read out|spell|write out|unhide|base64)\b"
)
_SECRET_VALUE = re.compile(
    r"\b(?:password|passwords|passwd|passphrase|credential|credentials|api key|api keys|apikey|private key|access key|token|tokens|secret value|secret values|secret data|secret content|secret contents"
    r"|value of (?:the )?secret|values (?:of|in) (?:the )?\S* ?secrets?|contents? of (?:the )?(?:\S+ )?secret|plain ?text|cleartext|in the clear|decoded|base64|unmasked|unredacted|raw value|plaintext|actual value|clear text)\b"
)  # fmt: skip
_ESCALATE = re.compile(
    r"\b(?:make (?:me|yourself)|give (?:me|yourself)|grant (?:me|yourself)|run (?:it |this )?as|act as|become|impersonate|escalate)\b[^.;?]{0,40}\b(?:cluster-?admin|admin|root|system:masters|god mode|superuser|privileges)\b"
)
_SHELL = re.compile(r"\b(?:shell|bash|sh -c|rm -rf|sudo|etcdctl|etcd directly|ssh into)\b")

REFUSED_APPROVAL = (
    "I will not do that: every change is previewed and needs your approval, and that cannot be turned off or skipped from a"
    " request. Ask for the change itself and approve it when you have seen it."
)
REFUSED_JOURNAL = (
    "I will not do that: every change is recorded in the journal, which nothing turns off, edits or empties. Without it no"
    " change could be undone or explained."
)
REFUSED_SECRET = (
    "I will not show that: values of Secrets, passwords and tokens are masked everywhere and never revealed. I can show which keys a"
    " Secret has, how long the values are, and who uses it."
)
REFUSED_RIGHTS = (
    "I will not do that: I work with the rights of the identity that you opened this session with, and do not raise them or"
    " take another's."
)


def refusal(request: str) -> str:
    """Why a request is refused, or ""."""
    low = " ".join(re.sub(r"\"[^\"]*\"", " ", request.lower().replace("’", "'")).split())
    if _BYPASS.search(low) and not low.startswith(("who ", "why ", "how does", "what is the approval")):
        return REFUSED_APPROVAL
    if (
        _JOURNAL.search(low)
        and re.search(r"\b(?:journal\w*|audit\w*|books|record|recording|logging|trace|history|log)\b", low)
        and _ours(low)
    ):
        return REFUSED_JOURNAL
    if _ESCALATE.search(low):
        return REFUSED_RIGHTS
    if _secret(low):
        return REFUSED_SECRET
    return ""


def _ours(low: str) -> bool:
    """Whether it is about our own journal, not about an application's."""
    return bool(
        re.search(
            r"\b(?:journal\w*|audit\w*|off the books)\b|(?:log|record|logging|recording|trace of|history of|record of) (?:it|this|that)\b",
            low,
        )
    )


def _secret(low: str) -> bool:
    if not _SECRET_VALUE.search(low) or not _REVEAL.search(low):
        return False
    metadata = re.search(
        r"\b(?:who|which|where|how old|when|rotate|rotated|age|exist|exists|set|uses|use|using|mounted|mount|expire|expires|many|keys does|can i|can the|may|able to|names? of)\b",
        low,
    )
    plainly = re.search(
        r"\b(?:decode|plain ?text|reveal|cleartext|unmask|in the clear|decoded|unredacted|decrypt|clear text)\b", low
    )
    return bool(plainly) or not metadata


@cache
def _phrases(text: str) -> tuple[str, ...]:
    return tuple(sorted((" ".join(phrase) for phrase in phrases(text)), key=len, reverse=True))


def hypothetical(clause: Clause) -> bool:
    """Whether it only asks what would happen."""
    return (
        clause.has(lexicon.HYPOTHETICAL)
        or bool(clause.low[:1] and clause.low[0] in ("if", "suppose", "imagine", "assuming"))
        or (clause.has("safely") and clause.has("can"))
    )


def how_to(clause: Clause) -> bool:
    """Whether it asks how something is done."""
    return clause.has(lexicon.HOW_TO) or (
        clause.has("explain, describe, know, teach") and clause.has("how, way")
    )


def opinion(clause: Clause) -> bool:
    """Whether it asks for advice."""
    found = [phrase for phrase in _phrases(lexicon.SHOULD) if phrase != "would you"]
    return clause.has(*found)


_QUESTIONS = frozenset(lexicon.ASKING.split())
_REPORTERS = listed("i, we, he, she, they, someone, somebody, nobody, you, it, who")


def reported(clause: Clause) -> bool:
    """Whether it tells of the past ("I restarted cart yesterday", "cart was scaled down", "did you delete it")."""
    low = clause.low
    start = opening(clause)
    found = verbs(clause)
    if any(verb.start == start and verb.form == "base" for verb in found):
        return False
    past = [verb for verb in found if verb.form == "past"]
    if not past:
        return False
    wish = clause.has("want, wants, need, needs, like, should be, must be, get, have")
    before = low[past[0].start - 1] if past[0].start else ""
    teller = any(word in _REPORTERS for word in low[max(0, past[0].start - 3) : past[0].start])
    helped = any(
        word in ("was", "were", "been", "got", "has", "had", "have", "already", "just")
        for word in low[max(0, past[0].start - 3) : past[0].start]
    )
    return (teller or helped or before in ("", "\x00")) and not wish


def interrogative(clause: Clause) -> bool:
    """Whether it is a question that a change could not answer."""
    low = clause.low
    start = opening(clause)
    first = low[start] if start < len(low) else ""
    raw_first = next(
        (
            word
            for word in low
            if word not in ("hey", "hi", "hello", "so", "and", "ok", "okay", ",", "then", "well", "also", "now")
        ),
        "",
    )
    following = low[start + 1 : start + 2]
    if first in _PREPOSITIONS and following and following[0] in _QUESTIONS:
        return True
    if low[:2] and low[0] in ("can", "may", "could", "might") and low[1:2] not in (("you",), ("we",)):
        return True
    return first in _QUESTIONS or raw_first in _QUESTIONS


_PREPOSITIONS = listed("in, on, for, from, at, to, with, by, of, under")


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


def uncertain(clause: Clause) -> str:
    """The word that makes a change depend on something or excludes something, or ""."""
    covered: set[int] = set()
    for phrase in _CONDITIONAL_FREE:
        at = clause.find(phrase)
        if at >= 0:
            covered.update(range(at, at + len(phrase.split())))
            clause.use_words(phrase)
    for phrase in _UNLESS:
        at = clause.find(phrase)
        if (
            at >= 0
            and at not in covered
            and not (at in clause.used and phrase in ("once", "before", "when", "after", "until"))
        ):
            return phrase
    return ""


def negative(clause: Clause, found: list[Verb]) -> bool:
    """Whether the clause forbids what its verb says."""
    low = clause.low
    if not found:
        return False
    before = low[: found[0].start]
    return any(
        word in ("not", "never", "n't", "stop", "avoid", "cease", "refrain") for word in before[-4:]
    ) and not _polite_not(before)


def _polite_not(before: tuple[str, ...]) -> bool:
    joined = " ".join(before)
    return joined.endswith(
        ("why not", "would not mind", "if you do not mind", "why do you not", "why do not we", "why do not you")
    )


_PRODUCTION = re.compile(r"prod(?:uction)?|live")


def broad(clause: Clause, world: World) -> str:
    """Why the scope of a change is too broad or unclear, or ""."""
    kinds = [item for item in clause.of("kind", "workload") if item.plural]
    names = clause.of("name")
    if clause.has(
        "everything, everyone, the whole namespace, entire namespace, whole cluster, entire cluster, all of it,"
        " all the things"
    ) and (not names or clause.has("everything in, everything else")):
        return "everything"
    if clause.of("all") and kinds and not names:
        return f"all {kinds[0].text}"
    if kinds and not names and not clause.of("pronoun", "ordinal"):
        return f"several {kinds[0].text}"
    unknown = [
        token.low
        for index, token in enumerate(clause.tokens)
        if _PRODUCTION.fullmatch(token.low) and clause.at(index) is None
    ]
    if unknown and not any(_PRODUCTION.fullmatch(name) for name in world.index.namespaces):
        return unknown[0]
    if (
        not names
        and clause.of("pronoun")
        and len(objects_of(clause, world)) > 1
        and any(item.plural for item in clause.of("pronoun"))
    ):
        return "several objects"
    return ""
