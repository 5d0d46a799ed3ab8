"""Putting misspelt words right, and words of a command line into plain ones."""

import re
from collections.abc import Container

from cloudwright.agents.language import aspects, exact, lexicon
from cloudwright.agents.language.text import Token

TYPO_LENGTH = 6


def _operations() -> frozenset[str]:
    words: set[str] = set()
    for text in lexicon.ACTIONS.values():
        for phrase in lexicon.phrases(text):
            words.update(phrase)
            words.update(lexicon.inflections(phrase[0]))
    for phrase in lexicon.phrases(lexicon.LOOKS):
        words.update(phrase)
        words.update(lexicon.inflections(phrase[0]))
    for text in (lexicon.FILLERS, lexicon.ASKING, lexicon.MODALS, lexicon.PRONOUNS, lexicon.TOPICS):
        words.update(text.split())
    for text in (lexicon.UNCERTAIN, lexicon.HYPOTHETICAL, lexicon.HOW_TO, lexicon.SHOULD, lexicon.POLITE):
        for phrase in lexicon.phrases(text):
            words.update(phrase)
    for text, _ in aspects.FIELDS:
        for phrase in lexicon.phrases(text):
            words.update(phrase)
    return frozenset(words)


ORDERS = frozenset(
    phrase[0] for text in lexicon.ACTIONS.values() for phrase in lexicon.phrases(text) if len(phrase[0]) > 3
)
"""First words of the verbs that change something, in their plain form."""
OPERATIONS = _operations()
"""Words that mean something to the frames, or nothing to anybody."""
COMMON = OPERATIONS | frozenset(lexicon.ENGLISH.split())
"""Words of general English that the lexicon knows: never typos of an object's name."""


_FIELDS = frozenset(words for words, _ in aspects.whole() if " " not in words)
"""Single words for fields."""
FORMS = (
    frozenset(form for word in COMMON if word.isalpha() for form in lexicon.inflections(word)) | exact.owners().keys()
)
"""Other forms of the words of general English: right as they are, but nothing is taken for a misspelling of them."""


_FLAGS = {"-n": ("in",), "--namespace": ("in",), "-a": ("all", "namespaces"), "--all-namespaces": ("all", "namespaces"), "-l": ("labelled",), "--selector": ("labelled",),
          "-c": ("container",), "--container": ("container",), "--tail": ("last",), "--since": ("since",), "--previous": ("previous",), "-p": ("previous",), "--to-revision": ("revision",), "-f": (), "--filename": (), "-o": (), "--": (), "-": ()}  # fmt: skip


def _unflagged(token: Token) -> list[Token]:
    """The words for a flag of a command line: "-n" is "in"."""
    if token.low == "kubectl":
        return []
    flag, equals, value = token.raw.partition("=")
    words = _FLAGS.get(flag.lower())
    if words is None:
        words = (flag.lstrip("-").lower(),) if re.match(r"--?[a-z]", flag) else (token.raw,)
        if words == (token.raw,):
            return [token]
    out = [Token(word, word, token.start) for word in words]
    return [*out, Token(value, value.lower(), token.start)] if equals and value else out


def _alternatives(text: str, kinds: Container[tuple[str, ...]]) -> list[tuple[int, str]]:
    """ "min/max/target", "cpu+mem": words for fields, or for kinds, that signs join, and the signs; none where a part is no such word."""
    found = [(match.start(), match[0]) for match in re.finditer(r"[/+|]|[^/+|]+", text)]
    parts = [part for _, part in found[::2]]
    joined = len(parts) > 1 and len(parts) * 2 - 1 == len(found)
    low = [SLIPS.get(part.lower(), part.lower()) for part in parts]
    known = all(part in _FIELDS for part in low) or all((part,) in kinds for part in low)
    return found if joined and known else []


SLIPS = {
    "teh": "the", "hte": "the", "adn": "and", "nad": "and", "taht": "that", "htat": "that", "wiht": "with", "whit": "with", "fo": "of", "ot": "to",
    "si": "is", "ti": "it", "wich": "which", "whcih": "which", "waht": "what", "hwat": "what", "whta": "what", "hwo": "how", "tje": "the", "thw": "the",
    "form": "from", "fromt": "from", "jsut": "just", "shoud": "should", "shuld": "should", "shoudl": "should", "woudl": "would", "cuold": "could", "coudl": "could", "untill": "until",
    "til": "until", "till": "until", "delte": "delete", "dleete": "delete", "plese": "please", "pleas": "please", "wnat": "want", "sacle": "scale", "sclae": "scale",
    "resart": "restart", "rolback": "rollback", "replcas": "replicas", "pls": "please", "plz": "please", "plx": "please", "thx": "thanks", "u": "you", "ur": "your",
    "mem": "memory", "ctr": "container", "ctrs": "containers", "ver": "version", "cnt": "count",
}  # fmt: skip
"""Slips of the fingers and short forms that are too short for an edit distance."""

_BOUND = re.compile(r"(>=|<=|==|>|<)(\d[\w.]*)")
"""A comparison without a space: ">2"."""
_AMOUNT = re.compile(r"(replicas|memory|cpu)=(\d+(?:\.\d+)?[A-Za-z]{0,2})", re.I)
"""An amount written as an assignment: "replicas=5"."""
_SETTING = re.compile(r"((?:spec\.)?[a-z]+(?:[A-Z][a-z0-9]*)+|spec\.[\w.]+)=(\S+)")
"""A field of an object with its value: "maxReplicas=15"."""


def parted(token: Token, kinds: Container[tuple[str, ...]]) -> list[Token]:
    """ "deployment.spec.strategy" as kind and path; flags of a command line as words."""
    if not token.quoted and (token.raw.startswith("-") or token.low == "kubectl"):
        return _unflagged(token)
    setting = _SETTING.fullmatch(token.raw)
    if setting and not token.quoted:
        key, value = setting[1], setting[2]
        return [
            Token(key, key.lower(), token.start),
            Token("=", "=", token.start + len(key)),
            Token(value, value.lower(), token.start + len(key) + 1),
        ]
    if not token.quoted and (words := _alternatives(token.raw, kinds)):
        return [Token(word, word.lower(), token.start + at) for at, word in words]
    bound = _BOUND.fullmatch(token.raw)
    if bound and not token.quoted:
        return [Token(part, part.lower(), token.start + at) for at, part in ((0, bound[1]), (len(bound[1]), bound[2]))]
    amount = _AMOUNT.fullmatch(token.raw)
    if amount and not token.quoted:
        return [
            Token(amount[1], amount[1].lower(), token.start),
            Token(amount[2], amount[2].lower(), token.start + len(amount[1]) + 1),
        ]
    kind, _, path = token.raw.partition(".")
    if token.quoted or not path.startswith(("spec", "status", "metadata")) or (kind.lower(),) not in kinds:
        return [token]
    return [Token(kind, kind.lower(), token.start), Token(path, path.lower(), token.start + len(kind) + 1)]
