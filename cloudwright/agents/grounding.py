"""Checking a model's sentences against the evidence that they cite.

A sentence is *verified* when it cites evidence and every checkable word in it (names, numbers, times, statuses, quoted
text) stands in that evidence, counts its rows, or is in the user's own words or a change proposed in this turn, and
most of its other words too or two of them in one row; *refuted* when a checkable word does not, or when it says that
something was changed, which a model never did; *uncited* when it has checkable words and cites nothing, or cites what
speaks of something else; *plain* when there is nothing to check: advice, and what is said to be absent, which no word
of the evidence can show.

An answer is read as a whole: a word that a verified sentence of it has shown may be taken up again, one that stands in
one row with another of the sentence, in any evidence that the answer cites, is shown, and so is the sum, the difference
or the share of two amounts that are.
"""

import re
from collections.abc import Callable, Collection, Sequence
from enum import StrEnum

from cloudwright.agents import absence, amounts, counts
from cloudwright.core.evidence import Evidence
from cloudwright.core.refs import Frozen

CITATION = re.compile(r"\[(e\d+(?:\s*,\s*e\d+)*)\]")
_SENTENCE = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!vs\.)(?<!etc\.)(?<!\.\.\.)\s+(?=\S)|\n+")
_DID = re.compile(
    r"\b(?:I|we)(?:['’]ve|\s+have)?\s+(?:just\s+|now\s+|already\s+|successfully\s+)*(?:deleted|removed|repaired|fixed|"
    r"restarted|scaled|patched|applied|changed|rolled|set|updated|created|drained|cordoned|evicted|increased|raised|"
    r"lowered|reduced|restored|reverted|approved|executed|corrected|edited|replaced|added|labell?ed|annotated)\b"
    r"(?!\s+(?:nothing|none|neither|no)\b(?!\s+(?:but|except|else|other|more|less|fewer)\b))",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z]{4,}")
_COMMON_WORDS = """
this that these those with from into over under there their them they then than when where which while what
have has been being were will would could should does doing done because since also only still just very more
most some other each every such same both after before about without within between against evidence shows
show shown seen says said cause causes caused likely probably means meaning currently object objects cluster
namespace here below above higher lower highest lowest slower slowest fastest larger smaller everywhere mostly almost
nearly
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_SHARE = 0.5
_ALSO = {"pods": "replicas", "repli": "pods"}
"""Words of sentences (by their first letters) for what evidence may call by another."""
_ABSENT = re.compile(
    r"\b(?:no|not|none|never|neither|nor|nothing|nobody|without|only|ruled out|absent|normal(?:ly)?|healthy)\b|n't\b",
    re.IGNORECASE,
)
_ADVISED = (
    r"set|put|raise|lower|increase|decrease|reduce|change|correct|fix|add|remove|delete|restart|redeploy|roll|scale|revert|"
    r"restore|undo|apply|patch|update|edit|replace|create|make|give|grant|allow|point|move|pin|check|verify|inspect|watch|"
    r"confirm|drain|cordon|uncordon|resume|pause|switch|rename|enable|disable|try|keep|approve|ask|tell|repair|announce|"
    r"stop|start|force-delete|wait|look"
)
_ADVICE = re.compile(
    r"^[-*•\d.)\s]*(?:[\w\s]{0,40}\b(?:fix|remedy|suggestion|recommendation|advice|next|then|step|first)\b[^:.]{0,20}:|"
    r"`?kubectl\b|I(?:['’]d|\s+would)\b|I\s+(?:suggest|recommend|propose)\b|"
    rf"(?:if|unless|once|when|before|after)\b[^.,:;]*[,:;]\s*(?:then\s+|please\s+|never\s+)?(?:{_ADVISED})\b|"
    rf"(?:never|do\s+not|don['’]t)\s+(?:{_ADVISED})\b|consider\b|you\s+(?:could|should|may)\b|"
    rf"(?:then\s+|please\s+|next,?\s+|first,?\s+)?(?:{_ADVISED})\s+(?!count|rate|policy|time|reason|status|loop)"
    r"(?:the\b|its\b|me\b|an?\b|whether\b|if\b|all\b|both\b|it\b|them\b|this\b|that\b|back\b|`|\S+[./-]\S+|\S+\s+(?:to|from|in|of|with|by|back)\b))",
    re.IGNORECASE,
)
_URGED = re.compile(
    r"\b(?:should|must(?! have\b| be\b)|(?:need|want)s? to|recommend\w*|suggest\w*|make sure|ensure|remember to)\b",
    re.IGNORECASE,
)
_REASON = re.compile(r";|\b(?:but|because|since|while|as|which)\b", re.IGNORECASE)
_ORDER = re.compile(
    rf"^[-*•\d.)\s]*(?:then\s+|please\s+|next,?\s+|first,?\s+|also\s+|and\s+)?(?:{_ADVISED})\s+"
    r"(?!(?:counts?|rates?|policy|times?|reasons?|status|loops?|at|of|in)\b|\d)"
    r"(?!.*\b(?:is|are|was|were|has|have|had|shows?|runs?|fails?)\b)",
    re.IGNORECASE,
)
"""A sentence without citations that says what to do and states nothing."""
_OWN_LIMITS = re.compile(
    r"\bI\s+(?:did\s+not|didn't|could\s+not|couldn't|cannot|can't|have\s+no|had\s+no|was\s+not\s+able|do\s+not\s+know|"
    r"don't\s+know)\b|\?$",
    re.IGNORECASE,
)
"""What a model says of itself, and what it asks: no claims about the cluster."""
_EVERY = re.compile(
    r"\b(?:no others?|none|nothing else|nobody else|no one else)\b|(?<!\bin )(?<!\bat )(?<!\bnot )\b(?:all|every)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"`([^`\n]+)`|(?<!\\)\"((?:\\\"|[^\"\n]){2,})\"|\\\"([^\"\n]{2,}?)\\\"")
"""Quotations; an escaped quote does not end one that a plain quote opened."""
_STATUS = re.compile(r"\b[A-Z][a-z]+(?:[A-Z][a-z0-9]*)+\b|\b(?:[A-Z]{3,}[a-z]\w*)\b")
_TIME = re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?Z?)?\b|\b\d{1,2}:\d\d(?::\d\d)?Z?\b")
_SHORTENED = re.compile(r"\s*(?:…|\.{3})\s*")
_KINDS = re.compile(
    r"(?:ConfigMap|StatefulSet|ReplicaSet|DaemonSet|CronJob|ServiceAccount|ClusterRole|NetworkPolic(?:y|ie)|PriorityClass|"
    r"(?:Cluster)?RoleBinding|PersistentVolume(?:Claim)?|(?:Storage|Ingress)Class|(?:Horizontal)?PodAutoscaler|EndpointSlice|"
    r"HorizontalPodAutoscaler|PodDisruptionBudget|ResourceQuota|LimitRange)(?:e?s)?"
)
"""Kinds of objects: what a sentence says of one is in its other words."""
_UNIT = re.compile(r"[KMGT]i?B?")
_NUMBER = re.compile(
    r"(?<![\w.-])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?)"
    r"(?:\s?(?:%|ms|s|m|h|d|n|u|[KMGT]i?B|[KMGT]i|kB|bytes|rps))?(?![\w-])"
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
_NAME = re.compile(r"\b[a-z0-9]+(?:-[a-z0-9]+)+\b")
_IMAGE = re.compile(r"\b[\w.-]+(?:/[\w.-]+)+(?::[\w.-]+)?\b|\b[a-z][\w.-]*:[\w.-]*\d[\w.-]*\b")
_HEX = re.compile(r"\b(?=\d*[a-f])[0-9a-f]{8,}\b")
"""Made-up ids, whose digits count nothing."""
_SMALL = {"0", "1", "2"}
_ENGLISH = re.compile(
    r"^(?:read-only|re-\w+|roll-?\w+|\w+-(?:in|out|up|down|off|on|only|side|time|level|free|based|wide|term|scale)|"
    r"non-\w+|multi-\w+|self-\w+|so-called|follow-up|long-running|up-to-date|well-known|in-cluster|end-to-end)$"
)


class Standing(StrEnum):
    """How a sentence stands against its evidence."""

    VERIFIED = "verified"
    REFUTED = "refuted"
    UNCITED = "uncited"
    PLAIN = "plain"


class Checked(Frozen):
    """One sentence with its standing; `unsupported` are the words that no cited evidence holds, `partial` the evidence
    that was shown in part and is cited for what holds for all."""

    sentence: str
    standing: Standing
    unsupported: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()

    @property
    def goes_back(self) -> bool:
        """Whether to ask the model for a correction: some word is missing, and it is not a matter of phrasing."""
        return self.standing in (Standing.REFUTED, Standing.UNCITED) and bool(self.unsupported or self.partial)


def check(
    text: str, lookup: Callable[[str], Evidence | None], request: str = "", partial: Collection[str] = ()
) -> list[Checked]:
    """Check every sentence of `text`, beside evidence by `request`: the user's own words and what was proposed. Citing
    evidence that was never minted refutes a sentence; that something holds for all or for none is not shown by
    `partial` evidence, of which the model saw only some rows or cells."""
    first = [_check(sentence, lookup, request, partial) for sentence in sentences(text)]
    stated = {word for item in first if item.standing is Standing.VERIFIED for word in facts(item.sentence)}
    cited = "\n".join(body_of(found) for found in map(lookup, cited_ids(text)) if found)
    return [_whole(_within(item, stated, cited), partial) for item in first]


def sentences(text: str) -> list[str]:
    """Sentences and list items, in order."""
    parts = (part.strip() for part in _SENTENCE.split(text) if part)
    return [part for part in parts if part.strip("0123456789.) ")]


def facts(sentence: str) -> list[str]:
    """The words of a sentence that evidence can confirm, without repetition, in order."""
    bare = CITATION.sub("", sentence)
    found: list[str] = []
    for pattern in (_QUOTED, _TIME, _IMAGE, _STATUS, _NAME, _NUMBER):
        for match in pattern.finditer(bare):
            word = _unescaped(next((group for group in match.groups() if group), match.group())).strip()
            known = _ENGLISH.match(word) or _KINDS.fullmatch(word) or _UNIT.fullmatch(word)
            if word and not known and not (pattern is _NUMBER and word in _SMALL):
                found.append(word)
        bare = pattern.sub(" ", bare) if pattern in (_QUOTED, _TIME, _IMAGE) else bare
    return list(dict.fromkeys(found))


def demand(checked: Sequence[Checked]) -> str:
    """What to send back to the model; "" when nothing goes back."""
    lines = []
    for item in checked:
        if item.goes_back:
            wrong = "not in the evidence you cite:" if item.standing is Standing.REFUTED else "no evidence cited for"
            lacking = f"{wrong} {', '.join(item.unsupported)}" if item.unsupported else _lacking(item)
            lines.append(f"- {lacking} — in: {item.sentence}")
    if not lines:
        return ""
    asked = "Correct or leave out these sentences; cite evidence ids as [e1], and send the whole answer again:"
    return "\n".join([asked, *lines])


def settle(text: str, checked: Sequence[Checked]) -> str:
    """The text without refuted sentences; uncited ones are marked with what is missing."""
    for item in checked:
        if item.standing is Standing.REFUTED:
            text = text.replace(item.sentence, "")
        elif item.standing is Standing.UNCITED:
            text = text.replace(item.sentence, f"{item.sentence} (not verified: {_lacking(item)})")
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]{2,}", " ", text)).strip()


def _lacking(item: Checked) -> str:
    if item.unsupported:
        return f"no evidence cited for {', '.join(item.unsupported)}"
    if item.partial:
        return f"not all rows and cells of {', '.join(item.partial)} were shown"
    return f"the words are not in {', '.join(cited_ids(item.sentence))}"


def cited_ids(text: str) -> list[str]:
    """The ids of evidence that a text cites, in order, each once."""
    return list(dict.fromkeys(item.strip() for group in CITATION.findall(text) for item in group.split(",")))


def _check(sentence: str, lookup: Callable[[str], Evidence | None], request: str, partial: Collection[str]) -> Checked:
    if _DID.search(sentence):
        return Checked(sentence=sentence, standing=Standing.REFUTED, unsupported=("a change that was not made",))
    ids = cited_ids(sentence)
    wanted = facts(sentence)
    cited = [lookup(item) for item in ids]
    unknown = [item for item, found in zip(ids, cited, strict=True) if found is None]
    if unknown:
        return Checked(sentence=sentence, standing=Standing.REFUTED, unsupported=tuple(unknown))
    body = "\n".join([*(body_of(item) for item in cited if item), request])
    bare = CITATION.sub("", sentence)
    rows = {number for item in cited if item for number in counts.rows(bare, _unescaped(item.excerpt))}
    missing = tuple(word for word in wanted if not (word in rows or _given(word, request) or stands_in(word, body)))
    if ids:
        whole = [item for item in cited if item and item.id not in partial]
        missing = tuple(word for word in missing if not absence.shows(word, bare, whole))
        missing = tuple(dict.fromkeys((*missing, *counts.contradicted(bare, body))))
    standing = _standing(sentence, ids, wanted, missing, body)
    excused = _ADVICE.match(sentence) or _owns_up(sentence, ids) or (not ids and _advises(sentence, missing))
    if standing in (Standing.REFUTED, Standing.UNCITED) and excused:
        standing = Standing.PLAIN
    return Checked(sentence=sentence, standing=standing, unsupported=missing)


def _whole(item: Checked, partial: Collection[str]) -> Checked:
    """A sentence, in doubt where it says "all" or "none" and cites what was shown in part."""
    cut = tuple(name for name in cited_ids(item.sentence) if name in partial)
    if not cut or item.standing is Standing.REFUTED or _ADVICE.match(item.sentence) or not _EVERY.search(item.sentence):
        return item
    return item.model_copy(update={"standing": Standing.UNCITED, "partial": cut})


def _given(word: str, own: str) -> bool:
    """Whether a share is a number that the user, or a proposed change, gives without its sign."""
    return word.endswith("%") and stands_in(word.rstrip("% "), own)


def _advises(sentence: str, missing: Sequence[str]) -> bool:
    """Whether a sentence says what to do, and what is missing of it stands in that alone."""
    if _ORDER.match(sentence):
        return True
    urged = _URGED.search(sentence)
    if urged is None:
        return False
    before, after = sentence[: urged.start()], sentence[urged.end() :]
    reason = _REASON.search(after)
    advice = after[: reason.start()] if reason else after
    return all(word in advice and word not in before for word in missing)


def _owns_up(sentence: str, ids: list[str]) -> bool:
    """Whether a sentence tells of the model's own limits, or asks; behind a claim that is cited it is no excuse."""
    found = _OWN_LIMITS.search(sentence)
    return found is not None and not (ids and CITATION.search(sentence, 0, found.start()) and found.group() != "?")


def _within(item: Checked, stated: set[str], cited: str) -> Checked:
    """A sentence again, with what the whole answer shows. Beside citations of its own a bare count has to stand there,
    and the terms that an amount follows from in the sentence itself."""
    if not item.goes_back:
        return item
    own = CITATION.search(item.sentence) is not None
    wanted = facts(item.sentence)
    known = {*wanted, *(() if own else stated)}.difference(item.unsupported)
    missing = tuple(
        word
        for word in item.unsupported
        if (own and word.isdigit())
        or not (
            word in stated
            or beside(word, [other for other in wanted if other != word], cited)
            or amounts.follows(word, known)
        )
    )
    if missing:
        return item.model_copy(update={"unsupported": missing})
    return Checked(sentence=item.sentence, standing=Standing.VERIFIED if own else Standing.PLAIN)


def beside(word: str, others: Sequence[str], body: str) -> bool:
    """Whether one row shows a word together with another of the same sentence."""
    lines = [line for line in body.splitlines() if stands_in(word, line)]
    return any(stands_in(other, line.replace(word, " ")) for line in lines for other in others if not other.isdigit())


def body_of(item: Evidence) -> str:
    """What a piece of evidence says, and what was asked for it; one bare value stands in a row with its question."""
    text = _unescaped(item.excerpt)
    between = "\n" if "\n" in text else ": "
    return f"{item.tool} {item.arguments}{between}{text}"


def _unescaped(text: str) -> str:
    """Text whose values are quoted with line ends and quotes escaped, as the words that they are."""
    return text.replace("\\n", "\n").replace("\\t", " ").replace('\\"', '"')


def _standing(sentence: str, ids: list[str], wanted: list[str], missing: tuple[str, ...], body: str) -> Standing:
    if not ids:
        return Standing.UNCITED if wanted and missing else Standing.PLAIN
    if missing:
        return Standing.REFUTED
    if _speaks_of(sentence, body) or _tied(sentence, wanted, body):
        return Standing.VERIFIED
    return Standing.PLAIN if _ABSENT.search(sentence) else Standing.UNCITED


def _speaks_of(sentence: str, body: str) -> bool:
    """Whether at least half of the plain words of a sentence stand in the evidence, by their first five letters."""
    words = {word.lower()[:5] for word in _WORD.findall(CITATION.sub("", sentence)) if word.lower() not in _COMMON}
    text = body.lower()
    return not words or sum(word in text or _ALSO.get(word, word) in text for word in words) / len(words) >= _SHARE


def _tied(sentence: str, wanted: Sequence[str], body: str) -> bool:
    """Whether one row shows a checkable word of a sentence and another word of it."""
    words = {word.lower() for word in _WORD.findall(CITATION.sub("", sentence))} - _COMMON
    return any(beside(fact, [*wanted, *words], body) for fact in wanted)


def stands_in(word: str, body: str) -> bool:
    """Whether a text shows a word of a sentence, as it is or in another form: a shortened quotation, a time, an amount
    in another unit, a namespace and name in two columns."""
    if _SHORTENED.search(word):
        return all(stands_in(part, body) for part in _SHORTENED.split(word) if part)
    if _TIME.fullmatch(word):
        written = rf"(?<![\d:.]){re.sub('[T ]', '[T ]', word.rstrip('Z'))}(?!\d)"
        return re.search(written, body) is not None or _scheduled(word, body)
    if _THOUSANDS.fullmatch(word) and stands_in(word.replace(",", ""), body):
        return True
    if word.isdigit():
        body = _HEX.sub(" ", body)
        return re.search(rf"(?<![\d.]){word}(?:\.0+)?(?!\d|[.,]\d)", body) is not None  # "6" stands in "6m6s"
    if re.search(rf"(?<![A-Za-z0-9]){re.escape(word)}s?(?![A-Za-z0-9])", body, re.IGNORECASE):
        return True
    if amounts.shows(body, word) or _as_share(word, body):
        return True
    parts = [part for part in re.split(r"[\s=:,]+", word) if part]
    if len(parts) > 1:
        return _all_stand(parts, body)
    place = word.split("/")  # namespace and name, which a table shows in two columns
    return len(place) == 2 and any(_all_stand(place, line) for line in body.splitlines())


def _as_share(word: str, body: str) -> bool:
    """Whether a share ("70%") is a number whose name says that it is one: `averageUtilization: 70`."""
    found = re.fullmatch(r"(\d+)\s?%", word)
    key = r"(?:utili[sz]ation|percent(?:age)?|pct)"
    return found is not None and re.search(rf"{key}\W{{1,4}}{found[1]}(?![\w.%])", body, re.IGNORECASE) is not None


def _scheduled(word: str, body: str) -> bool:
    """Whether a time of day is the hour and minute of a cron schedule: "02:30" is `30 2 * * *`."""
    found = re.fullmatch(r"(\d{1,2}):(\d\d)(?::00)?Z?", word)
    if found is None:
        return False
    hour, minute = int(found[1]), int(found[2])
    return re.search(rf"(?<![\d*/,.:-])0?{minute} 0?{hour} [\d*?][^\s]* [\w*]+\S* [\w*?]", body) is not None


def _all_stand(parts: Sequence[str], body: str) -> bool:
    return all(re.search(rf"(?<![A-Za-z0-9]){re.escape(part)}(?![A-Za-z0-9])", body, re.IGNORECASE) for part in parts)
