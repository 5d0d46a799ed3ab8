"""Requests as tokens: typography and contractions evened out, quoted text kept whole, numbers and times read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": ";", "…": " ", "\u00a0": " "})
_TOKEN = re.compile(
    r"""(?P<quoted>"[^"]*"|`[^`]*`|(?<![\w])'[^']*'(?!\w))
      |(?P<flow>\{[^{}]*\}|\[[^\[\]]*\])
      |(?P<word>!=|[^\s,;!?()"`]+)
      |(?P<mark>[,;!?()])""",
    re.X,
)
_DASH = re.compile(r"(?<=[\w)])\s-\s(?=[A-Za-z])")
"""A dash between words, which parts them."""
_PASTED = re.compile(
    r"(?<=[^\s.,;:!?])[ \t]*\n\s*(?=(?:which|what|where|who|whose|why|how|is|are|does|do|did)\b)", re.I
)
"""A new line before a question, behind something that was pasted."""
_ITS = re.compile(
    r"\bits (?=(?:repaired|fixed|done|back|dead|broken|fine|ok|okay|gone|over|stuck|healthy|finished|replaced|working|crashing|failing|useless"
    r"|obsolete|unused|too|not|been|no|needed|out|down|up|safe|clean|empty|full|slow)\b)",
    re.I,
)
""" "its repaired": it is."""
ARROWS = frozenset(("=>", "->", ":=", "→"))
"""Signs that mean "shall become"."""
_CONTRACTIONS: Mapping[str, str] = {
    "what's": "what is", "whats": "what is", "where's": "where is", "who's": "who is", "how's": "how is",
    "why's": "why is", "which's": "which is", "when's": "when is", "there's": "there is", "that's": "that is", "thats": "that is", "theres": "there is",
    "it's": "it is", "isn't": "is not", "aren't": "are not", "isnt": "is not", "arent": "are not", "wasn't": "was not",
    "weren't": "were not", "doesn't": "does not", "doesnt": "does not", "don't": "do not", "dont": "do not",
    "didn't": "did not", "can't": "can not", "cannot": "can not", "cant": "can not", "won't": "will not",
    "wouldn't": "would not", "shouldn't": "should not", "couldn't": "could not", "haven't": "have not",
    "hasn't": "has not", "i'd": "i would", "we'd": "we would", "you'd": "you would", "i'll": "i will",
    "we'll": "we will", "i'm": "i am", "we're": "we are", "they're": "they are", "i've": "i have", "we've": "we have",
    "let's": "let us", "lets": "let us", "gimme": "give me", "wanna": "want to", "gotta": "have to", "pls": "please",
    "plz": "please", "plse": "please", "thx": "thanks", "ty": "thanks", "u": "you", "ur": "your", "w/o": "without",
    "w/": "with", "mustn't": "must not", "needn't": "need not", "ain't": "is not",
}  # fmt: skip
_NEGATED: Mapping[str, str] = {
    word.replace("'", ""): parts for word, parts in _CONTRACTIONS.items() if word.endswith("n't") and word != "won't"
}
"""Negations without their apostrophe: "aint", "wasnt"."""
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty"
)
NUMBERS: Mapping[str, int] = {
    **{word: value for value, word in enumerate(_SMALL.split())},
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "hundred": 100,
    "none": 0,
    "couple": 2,
    "dozen": 12,
    "single": 1,
    "no": 0,
}
ORDINALS: Mapping[str, int] = {
    **{word: at for at, word in enumerate(["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"])},
    **{f"{n}{suffix}": n - 1 for n, suffix in ((1, "st"), (2, "nd"), (3, "rd"), *((k, "th") for k in range(4, 21)))},
    "last": -1, "latter": -1, "former": 0,
}  # fmt: skip
_UNITS = {
    "second": "s", "seconds": "s", "sec": "s", "secs": "s", "minute": "m", "minutes": "m", "min": "m", "mins": "m",
    "hour": "h", "hours": "h", "hr": "h", "hrs": "h", "day": "d", "days": "d", "week": "w", "weeks": "w",
}  # fmt: skip
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|sec|secs|m|min|mins|h|hr|hrs|d|w|seconds|minutes|hours|days|weeks)")
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|Ki|Mi|Gi|Ti|K|M|G|T|k|KB|MB|GB|TB|kb|mb|gb|ki|mi|gi|MiB|GiB|mib|gib|g)")
_MEMORY_WORDS = {
    "mb": "Mi", "mib": "Mi", "megabytes": "Mi", "megabyte": "Mi", "mebibytes": "Mi", "megs": "Mi", "gb": "Gi",
    "gib": "Gi", "gigabytes": "Gi", "gigabyte": "Gi", "gibibytes": "Gi", "gigs": "Gi", "gig": "Gi", "mi": "Mi",
    "gi": "Gi", "ki": "Ki", "kb": "Ki", "ti": "Ti", "tb": "Ti", "g": "G", "m": "m", "k": "k", "t": "T",
}  # fmt: skip
_CPU_WORDS = {"millicores": "m", "millicpu": "m", "millicpus": "m", "core": "", "cores": "", "cpu": "", "cpus": "",
              "vcpu": "", "vcpus": ""}  # fmt: skip
VERSION = re.compile(r"v?\d+(?:\.\d+)+(?:[-+.][\w.-]+)?|v\d+[\w.-]*")
"""A version as it stands behind the colon of an image."""
VARIABLE = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+")
"""An environment variable that can be nothing else."""
_TRAILING = ".:"


@dataclass(frozen=True)
class Token:
    """One token: as written, in lower case, and where it begins. `quoted` text is a value, never a command."""

    raw: str
    low: str
    start: int
    quoted: bool = False

    @property
    def mark(self) -> bool:
        """Whether it is punctuation."""
        return self.raw in (",", ";", "!", "?", "(", ")", ".", ":")


def tokens_of(text: str) -> tuple[Token, ...]:
    """The tokens of a request."""
    even = _ITS.sub("it is ", _DASH.sub(" ; ", _PASTED.sub(" ; ", text.translate(_QUOTES))))
    found: list[Token] = []
    for match in _TOKEN.finditer(even):
        if match["quoted"]:
            found.append(Token(match[0][1:-1], match[0][1:-1].lower(), match.start(), quoted=True))
        elif match["mark"] or match["flow"]:
            found.append(Token(match[0], match[0].lower(), match.start()))
        else:
            found += _word(match["word"], match.start())
    return tuple(found)


def _word(word: str, start: int) -> list[Token]:
    tail = ""
    while len(word) > 1 and word[-1] in _TRAILING:
        word, tail = word[:-1], word[-1]
    low = word.lower()
    if word in ARROWS:
        return [Token(word, "to", start)]
    if word == "&":
        return [Token("and", "and", start)]
    opened = _CONTRACTIONS.get(low) or _NEGATED.get(low)
    if opened:
        out = [Token(part, part, start) for part in opened.split()]
    elif low.endswith("'s") and len(low) > 2:
        out = [Token(word[:-2], low[:-2], start), Token("'s", "'s", start + len(word) - 2)]
    elif low.endswith("'") and len(low) > 1:
        out = [Token(word[:-1], low[:-1], start)]
    else:
        out = [Token(word, low, start)]
    if tail:
        mark = ":" if tail == ":" else "."
        out.append(Token(mark, mark, start + len(word)))
    return out


def number_of(token: Token) -> int | None:
    """A whole number in digits or words."""
    if token.low.isdigit():
        return int(token.low)
    return NUMBERS.get(token.low)


def duration_at(tokens: tuple[Token, ...], at: int) -> tuple[str, int] | None:
    """A duration that begins here ("2h", "10 minutes", "an hour", "half an hour") and where it ends."""
    low = tokens[at].low
    found = _DURATION.fullmatch(low)
    if found:
        return f"{found[1]}{_UNITS.get(found[2], found[2])}", at + 1
    following = tokens[at + 1].low if at + 1 < len(tokens) else ""
    if low == "half" and following == "an" and at + 2 < len(tokens) and tokens[at + 2].low == "hour":
        return "30m", at + 3
    if low == "half" and following == "hour":
        return "30m", at + 2
    value = 1 if low in ("a", "an") else number_of(tokens[at])
    if low in ("couple", "few") and following in _UNITS:
        return f"{2 if low == 'couple' else 3}{_UNITS[following]}", at + 2
    if value is not None and following in _UNITS:
        return f"{value}{_UNITS[following]}", at + 2
    return (f"1{_UNITS[low]}", at + 1) if low in ("hour", "minute", "day", "week") else None


def _following(tokens: tuple[Token, ...], at: int, steps: int) -> str:
    return tokens[at + steps].low if at + steps < len(tokens) else ""


def quantity_at(tokens: tuple[Token, ...], at: int) -> tuple[str, str, int] | None:
    """A quantity that begins here: its text for Kubernetes, "memory", "cpu" or "", and where it ends."""
    raw, low = tokens[at].raw, tokens[at].low
    found = _QUANTITY.fullmatch(raw)
    if found:
        return _quantity(found[1], found[2], at + 1)
    if low == "half" and _following(tokens, at, 1) in ("a", "an") and _following(tokens, at, 2) in _MEMORY_WORDS:
        return "512Mi" if _MEMORY_WORDS[_following(tokens, at, 2)] == "Gi" else "512Ki", "memory", at + 3
    if low == "half" and _following(tokens, at, 1) in ("a", "an") and _following(tokens, at, 2) in _CPU_WORDS:
        return "500m", "cpu", at + 3
    number = number_of(tokens[at])
    if number is not None and not low.isdigit() and _following(tokens, at, 1) in _MEMORY_WORDS:
        return f"{number}{_MEMORY_WORDS[_following(tokens, at, 1)]}", "memory", at + 2
    if not re.fullmatch(r"\d+(\.\d+)?", low):
        return None
    following = tokens[at + 1].low if at + 1 < len(tokens) else ""
    if following in _MEMORY_WORDS and len(following) > 1:
        return f"{low}{_MEMORY_WORDS[following]}", "memory", at + 2
    if following in _CPU_WORDS:
        return f"{low}{_CPU_WORDS[following]}", "cpu", at + 2
    return (low, "cpu", at + 1) if "." in low else None


def _quantity(amount: str, suffix: str, end: int) -> tuple[str, str, int]:
    if suffix == "m":
        return f"{amount}m", "cpu", end
    proper = suffix if suffix in ("Ki", "Mi", "Gi", "Ti", "K", "M", "G", "T", "k") else ""
    return f"{amount}{proper or _MEMORY_WORDS.get(suffix.lower(), suffix)}", "memory", end


def words_of(key: str) -> list[str]:
    """The words that a key or a variable is made of, in small letters: DAY_RATE, dayRate and day-rate are "day rate"."""
    whole = key.lower() if key.isupper() else key
    return [part.lower() for part in re.split(r"[_.-]|(?<=[a-z])(?=[A-Z])", whole) if part]
