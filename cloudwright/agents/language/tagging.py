"""Recognising in a request what the cluster knows (kinds, names, namespaces) and what has a form of its own."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rapidfuzz import process
from rapidfuzz.distance import OSA

from cloudwright.agents.language import lexicon
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.index import Index
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.spelling import COMMON, FORMS, ORDERS, SLIPS, TYPO_LENGTH, parted
from cloudwright.agents.language.text import ORDINALS, Token, duration_at, number_of, quantity_at, tokens_of
from cloudwright.agents.language.understanding import KindWord, Vocabulary

_FILE = re.compile(r"(?:\./)?[\w./-]+\.(?:ya?ml|json)")


_PAIR = re.compile(r"[A-Za-z_][\w./-]*=\S*")


_TAINT = re.compile(r"[\w./-]+(?:=[\w.-]*)?:(?:NoSchedule|PreferNoSchedule|NoExecute)", re.I)


_IMAGE = re.compile(r"(?:[\w.-]+(?::\d+)?/)*[\w.-]*[A-Za-z][\w.-]*(?::[\w.-]+|@sha256:[0-9a-f]+)", re.ASCII)


_REPO = re.compile(r"[\w-]+\.[\w.-]+(?::\d+)?(?:/[\w.-]+)+(?::[\w.-]+)?")


_KEY = re.compile(r"[\w.-]+\.[a-z]+/[\w.-]+")


_PATH = re.compile(r"(?:spec|status|metadata|data)(?:[.\[][\w.\-\[\]*/]+)+|[a-z]+(?:[A-Z][a-z0-9]+)+")


_TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?|\d{4}-\d{2}-\d{2}(?:T[\d:.]+Z?)?")


_WORKLOADS = listed(
    "workload, workloads, app, apps, application, applications, component, components, microservice,"
    " microservices, program"
)


_ALL = frozenset(["everything", "all", "every"])


_PREPOSITIONS = listed("in, namespace, ns, inside, within, from")


_BEFORE_PARTS = listed("in, inside, within, from, for, between, and, to, on, of")
"""Words before the part of a namespace's name that people say for it: "in staging"."""

_TIMES = re.compile(r"[x×]\d{1,3}")
"""How often something shall be there: "mailer x6"."""
_SHORTEST_VERB = 4
_LONGEST_NAME = 5


def _short(kind: Mention, name: Mention) -> bool:
    """Whether a word is a kind's only by a short form ("cms"), and the very name of a thing that runs."""
    known = kind.kind
    runs = any(item.ref.kind in _RUNNING and not item.owner for item in name.objects)
    return known is not None and runs and kind.text not in (known.plural, known.kind.lower()) and len(kind.text) <= 4


_RUNNING = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")


def _plain_no(tokens: tuple[Token, ...], at: int, key: tuple[str, ...]) -> bool:
    """Whether "no" is the word and not the short name of nodes, which comes after a verb of a command line."""
    return key == ("no",) and (at == 0 or tokens[at - 1].low not in ("get", "describe", "top"))


class Tagger:
    """Finds mentions."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.index = Index(vocabulary)
        kind_words = {word for key in self.index.kinds for word in key if len(word) > 3}
        self._known_words = sorted(COMMON | kind_words)
        self._known = frozenset(self._known_words) | FORMS

    def tokens(self, text: str) -> tuple[Token, ...]:
        """The tokens, with misspelt words of general English and kinds put right."""
        found = [part for token in tokens_of(text) for part in parted(token, self.index.kinds)]
        return tuple(
            self._corrected(token) if at else self._verb(self._corrected(token)) for at, token in enumerate(found)
        )

    def _verb(self, token: Token) -> Token:
        """A short first word that nothing knows as the verb that it is most like."""
        low = token.low
        known = (
            low in self._known or low in self.index.names or low in self.index.namespaces or (low,) in self.index.kinds
        )
        if known or token.quoted or not low.isalpha() or not _SHORTEST_VERB <= len(low) < TYPO_LENGTH:
            return token
        near = self._near(low, sorted(ORDERS))
        return token if near is None else replace(token, low=near)

    def _corrected(self, token: Token) -> Token:
        low = token.low
        if low in SLIPS and not token.quoted and low not in self.index.names:
            return replace(token, low=SLIPS[low])
        if token.quoted or token.mark or len(low) < TYPO_LENGTH or not low.isalpha() or low in self._known:
            return token
        if low in self.index.names or low in self.index.namespaces or low in self.index.containers:
            return token
        if low in self.index.image_bases or low.removesuffix("s") in self.index.image_bases:
            return token
        if (
            low in self.index.label_values
            or low in self.index.own_words
            or low in self.index.base_names
            or {low.removesuffix("s"), low.removesuffix("es")} & (self._known | self.index.names.keys())
        ):
            return token
        near = self._near(low, self._known_words)
        name_near = self._near(low, list(self.index.names)) if near else None
        if near is None or (name_near is not None and OSA.distance(low, name_near) < OSA.distance(low, near)):
            return token
        return replace(token, low=near)

    @staticmethod
    def _near(word: str, known: Sequence[str]) -> str | None:
        allowed = 1 if len(word) < 9 else 2
        found = process.extractOne(word, known, scorer=OSA.distance, score_cutoff=allowed)
        if found is None or (found[0][0] != word[0] and found[0][1:3] != word[1:3]):
            return None
        return str(found[0])

    def clause(self, tokens: tuple[Token, ...], question: bool = False) -> Clause:
        """The clause with its mentions."""
        found: list[Mention] = []
        at = 0
        while at < len(tokens):
            mention = next(self._at(tokens, at, found), None)
            if mention is None:
                at += 1
            else:
                found.append(mention)
                at = mention.end
        return Clause(tokens, tuple(self._placed(found, tokens)), question)

    def _placed(self, found: list[Mention], tokens: tuple[Token, ...]) -> list[Mention]:
        """A word that names a namespace and an object is the object where nothing else is named and no "in" precedes."""
        if any(mention.what == "name" for mention in found):
            return found
        out = []
        for mention in found:
            objects = self.index.names.get(mention.text, ())
            previous = tokens[mention.start - 1].low if mention.start else ""
            following = tokens[mention.end].low if mention.end < len(tokens) else ""
            alone = (
                mention.what == "namespace"
                and objects
                and previous not in _PREPOSITIONS
                and following not in ("namespace", "ns")
            )
            if alone and not any(
                other.what in ("kind", "all", "workload", "namespace") and other is not mention for other in found
            ):
                mention = replace(mention, what="name", objects=objects)
            out.append(mention)
        return out

    def _at(self, tokens: tuple[Token, ...], at: int, before: list[Mention]) -> Iterator[Mention]:
        token = tokens[at]
        if token.quoted:
            yield from self._quoted(token, at)
            return
        if token.mark:
            return
        yield from self._shaped(token, at)
        yield from self._label(tokens, at)
        yield from self._slashed(token, at)
        last = before[-1] if before and before[-1].end == at else None
        names = list(self._names(tokens, at))
        kinds = list(self._kinds(tokens, at))
        if kinds and names and not (last is not None and last.what == "kind" and names[0].end >= kinds[0].end):
            if names[0].end > kinds[0].end or _short(kinds[0], names[0]):
                yield from names
            yield from kinds
        if names and names[0].end > at + 1:
            yield from names
        yield from self._namespace(tokens, at, bool(names), before)
        yield from names
        yield from kinds
        yield from self._amounts(tokens, at)
        yield from self._small(tokens, at)
        yield from self._near_name(tokens, at, last)

    def _quoted(self, token: Token, at: int) -> Iterator[Mention]:
        low = token.low
        if low in self.index.names:
            yield Mention("name", at, at + 1, low, objects=self.index.names[low])
        elif low in self.index.namespaces:
            yield Mention("namespace", at, at + 1, low)
        elif _PAIR.fullmatch(token.raw):
            yield Mention("pair", at, at + 1, token.raw)
        elif _FILE.fullmatch(token.raw):
            yield Mention("file", at, at + 1, token.raw)
        elif _IMAGE.fullmatch(token.raw) and not token.raw.replace(":", "").isdigit():
            yield Mention("image", at, at + 1, token.raw)
        else:
            yield Mention("text", at, at + 1, token.raw)

    def _shaped(self, token: Token, at: int) -> Iterator[Mention]:
        raw = token.raw
        if _FILE.fullmatch(raw):
            yield Mention("file", at, at + 1, raw)
        elif _TAINT.fullmatch(raw) or _PAIR.fullmatch(raw):
            yield Mention("pair", at, at + 1, raw)
        elif _TIME.fullmatch(raw):
            yield Mention("time", at, at + 1, raw)
        elif (_IMAGE.fullmatch(raw) or _REPO.fullmatch(raw)) and not _DIGITS.fullmatch(raw):
            yield Mention("image", at, at + 1, raw)
        elif re.fullmatch(r"\d+(?:\.\d+)?%", raw):
            yield Mention("percent", at, at + 1, raw[:-1], value=int(float(raw[:-1])))
        elif (
            _PATH.fullmatch(raw) and raw.lower() not in self.index.names and (raw.lower(),) not in self.index.kinds
        ) or _KEY.fullmatch(raw):
            yield Mention("path", at, at + 1, raw)

    def _label(self, tokens: tuple[Token, ...], at: int) -> Iterator[Mention]:
        """ "team maps": a key of the cluster's labels before a value that it has."""
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        if following is None or following.quoted or following.mark or tokens[at].low in self.index.names:
            return
        pair = self.index.label_pairs.get((tokens[at].low, following.low))
        if pair is not None:
            yield Mention("pair", at, at + 2, f"{pair[0]}={pair[1]}")

    def _slashed(self, token: Token, at: int) -> Iterator[Mention]:
        left, slash, right = token.low.partition("/")
        if not slash:
            return
        kind = self.index.kinds.get((left,))
        objects = self.index.names.get(right, ())
        if kind is not None:
            fitting = tuple(item for item in objects if item.ref.kind == kind.kind)
            yield Mention("name", at, at + 1, right, kind=kind, objects=fitting)
        elif left in self.index.namespaces and objects:
            fitting = tuple(item for item in objects if item.ref.namespace == left)
            yield Mention("name", at, at + 1, right, objects=fitting)

    def _names(self, tokens: tuple[Token, ...], at: int) -> Iterator[Mention]:
        for size in range(min(_LONGEST_NAME, len(tokens) - at), 0, -1):
            part = tokens[at : at + size]
            if any(token.quoted or token.mark for token in part):
                continue
            joined = "-".join(token.low for token in part)
            objects = self.index.names.get(joined)
            if objects is None and size > 1 and all(token.low.isalnum() for token in part):
                objects = self.index.names.get("".join(token.low for token in part))
            if objects is None and size == 1 and len(joined) > 5:
                other = self.index.flat.get(joined)
                objects = self.index.names.get(other) if other else None
            if objects is None and size == 1 and len(joined) > 2 and joined not in COMMON:
                objects = self.index.base_names.get(joined)
            if (
                objects is None
                and size == 1
                and joined.endswith("s")
                and len(joined) > 4
                and joined not in COMMON
                and (joined,) not in self.index.kinds
            ):
                objects = self.index.names.get(joined[:-1])
            if objects and joined in _NOT_NAMES and not (at and (tokens[at - 1].low,) in self.index.kinds):
                continue
            if objects:
                yield Mention("name", at, at + size, objects[0].ref.name, objects=objects)
                return

    def _kinds(self, tokens: tuple[Token, ...], at: int) -> Iterator[Mention]:
        for size in range(min(4, len(tokens) - at), 0, -1):
            key = tuple(token.low for token in tokens[at : at + size])
            kind = self.index.kinds.get(key)
            if kind is not None and not tokens[at].quoted and not _plain_no(tokens, at, key):
                yield Mention("kind", at, at + size, " ".join(key), kind=kind, plural=_plural(kind, " ".join(key)))
                return
        if tokens[at].low in _WORKLOADS:
            yield Mention("workload", at, at + 1, tokens[at].low, plural=tokens[at].low.endswith("s"))

    def _namespace(self, tokens: tuple[Token, ...], at: int, named: bool, before: list[Mention]) -> Iterator[Mention]:
        low = tokens[at].low
        previous = tokens[at - 1].low if at else ""
        if low not in self.index.namespaces:
            placed = previous in _BEFORE_PARTS or (at + 1 < len(tokens) and tokens[at + 1].low in ("one", "ones"))
            if placed and not named and low in self.index.namespace_parts:
                yield Mention("namespace", at, at + 1, self.index.namespace_parts[low])
            return
        if previous in ("the", "of", "my", "our") and at > 1 and tokens[at - 2].low in _PREPOSITIONS:
            previous = "in"
        following = tokens[at + 1].low if at + 1 < len(tokens) else ""
        beside = before[-1].what == "kind" and before[-1].end == at if before else False
        follows = (following,) in self.index.kinds and following not in ("namespace", "namespaces", "ns", "pods", "pod")
        if not named or previous in _PREPOSITIONS or following in ("namespace", "ns") or not (beside or follows):
            yield Mention("namespace", at, at + 1, low)

    def _amounts(self, tokens: tuple[Token, ...], at: int) -> Iterator[Mention]:
        duration = duration_at(tokens, at)
        quantity = quantity_at(tokens, at)
        since = bool(at) and tokens[at - 1].low in ("since", "last", "past", "within", "previous", "every")
        if duration and (since or not (quantity and quantity[2] >= duration[1])):
            yield Mention("duration", at, duration[1], duration[0])
        if quantity:
            yield Mention("quantity", at, quantity[2], quantity[0], value=1 if quantity[1] == "cpu" else 2)
        if _TIMES.fullmatch(tokens[at].low):
            yield Mention("number", at, at + 1, tokens[at].low[1:], value=int(tokens[at].low[1:]))
        number = number_of(tokens[at])
        if number is not None and tokens[at].low not in ("no", "none", "single"):
            following = tokens[at + 1].low if at + 1 < len(tokens) else ""
            if following in ("percent", "%"):
                yield Mention("percent", at, at + 2, str(number), value=number)
            if not (tokens[at].low == "one" and _not_a_number(tokens, at)):
                yield Mention("number", at, at + 1, str(number), value=number)

    def _small(self, tokens: tuple[Token, ...], at: int) -> Iterator[Mention]:
        low = tokens[at].low
        if low in ORDINALS:
            yield Mention("ordinal", at, at + 1, low, value=ORDINALS[low])
        elif low in _ALL:
            yield Mention("all", at, at + 1, low)
        elif low in _PRONOUNS:
            yield Mention("pronoun", at, at + 1, low, plural=low in _PLURAL)

    def _near_name(self, tokens: tuple[Token, ...], at: int, last: Mention | None) -> Iterator[Mention]:
        """A misspelt name, or the beginning of names, where nothing else explains the word."""
        low = tokens[at].low
        if low in self.index.node_tails:
            yield Mention("name", at, at + 1, low, objects=(self.index.node_tails[low],), near=True)
            return
        if (
            low in self._known
            or low in _NOT_NAMES
            or low in self.index.image_bases
            or len(low) < 3
            or not re.fullmatch(r"[a-z0-9][a-z0-9.-]*[a-z0-9]", low)
            or low.isdigit()
        ):
            return
        if low in self.index.containers or (at and tokens[at - 1].low == "be"):
            return
        starts = [name for name in self.index.names if name.startswith(f"{low}-")]
        if starts:
            objects = tuple(item for name in starts for item in self.index.names[name])
            yield Mention("name", at, at + 1, low, objects=objects, near=True, plural=len(starts) > 1)
            return
        if len(low) < 4:
            return
        letters = re.sub(r"[^0-9]", "", low)
        pool = [name for name in self.index.names if re.sub(r"[^0-9]", "", name) == letters]
        near = self._near(low, pool)
        if near is not None:
            yield Mention("name", at, at + 1, near, objects=self.index.names[near], near=True)
            return
        place = self._near(low, list(self.index.namespaces))
        if place is not None:
            yield Mention("namespace", at, at + 1, place, near=True)


_NOT_NAMES = frozenset(("kubernetes", "default", "admin", "edit", "view"))
"""Objects of every cluster whose names are words of the field: meant only beside their kind."""


_AFTER_ONE = ("", "too", "as", "also", "please", "instead", ",", ".", "!", "?", "then", "in", "and")


_DIGITS = re.compile(r"[\d.:]+")


_PRONOUNS = frozenset(lexicon.PRONOUNS.split())


_PLURAL = listed("them, they, these, those, ones, their, theirs, both")


def _plural(kind: KindWord, word: str) -> bool:
    if word in ("ns", "ds", "rs", "sts"):
        return False
    return word == kind.plural or (word.endswith("s") and word != kind.kind.lower() and not word.endswith("ss"))


def _not_a_number(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether "one" stands for an object ("the second one", "which one", "the one in …")."""
    previous = tokens[at - 1].low if at else ""
    following = tokens[at + 1].low if at + 1 < len(tokens) else ""
    if at > 1 and tokens[at - 2].low in ("the", "that", "this") and following in _AFTER_ONE:
        return True  # "the staging one too"
    return previous in ORDINALS or previous in ("which", "this", "that", "the", "other", "another", "any")
