"""Whether a text gives another number for what a sentence counts: "revision 5" where it knows revisions 1 to 3.

Small whole numbers stand in any text, so that a number is there says little. What is counted in few words (a revision,
replicas, restarts, an exit code, endpoints, a port) is looked up beside its word, and below it in tables.
"""

import re
from collections.abc import Iterator

_COUNTED = (
    "revision", "replica", "restart", "code", "endpoint", "disruption", "port", "targetport", "generation", "attempt",
    "retry", "retries",
)  # fmt: skip
_NUMBER = re.compile(r"(?<![\w.\-/:'\"`%])(\d+)(?![\w\-:/%`'\"]|[.,]\d)")
_BEFORE = re.compile(r"([A-Za-z]+) (?:to |at |of |is |was |from |from \d+ to |\d+ and |\d+, \d+ and )?$")
_AFTER = re.compile(r" ([A-Za-z]+)")
_RANGE = re.compile(r"(?<!from )\b\d+ (?:to|or) $|^ (?:to|or) \d+ ")
_WISHED = re.compile(r"\b(?:set|fix|should|would|could|instead|suggest|back to|put|propos\w+)\b", re.IGNORECASE)
_STEP = re.compile(r"\bfrom (\d+) to (\d+)(?![\w.%])")
_CELLS = re.compile(r"\s{2,}")
_TOKEN = re.compile(r"\w+(?:[-./:]\w+)*")
_HEAD = re.compile(r"[a-z][\w.\-\[\]]*")
_MORE = re.compile(r"… (\d+) more rows not shown")


def contradicted(sentence: str, text: str) -> tuple[str, ...]:
    """The numbers of a sentence (without its citations) in whose place `text` has others, and never these. What should
    be is not held against what is."""
    if _WISHED.search(sentence):
        return ()
    wrong = []
    for found in _NUMBER.finditer(sentence):
        before, after = sentence[: found.start()], sentence[found.end() :]
        if _RANGE.search(before) or _RANGE.search(after):
            continue
        words = {match[1].lower() for match in (_BEFORE.search(before), _AFTER.match(after)) if match}
        known = {number for word in words for number in _given(_bare(word), text)}
        if known and found[1] not in known:
            wrong.append(found[1])
    return tuple(dict.fromkeys((*wrong, *_wrong_steps(sentence, text))))


def rows(sentence: str, text: str) -> set[str]:
    """The numbers of rows of the tables in a text: of all, and of those with a cell that is a word of the sentence."""
    words = {word.lower() for word in _TOKEN.findall(sentence)}
    found: set[str] = set()
    for table, more in _tables(text):
        found.add(str(len(table) + more))
        found |= {str(sum(word in row for row in table)) for word in words} if not more else set()
    return found - {"0"}


def _tables(text: str) -> Iterator[tuple[list[list[str]], int]]:
    """The rows of every table (lower-case cells, below the head), and how many more it has that are not shown."""
    table: list[list[str]] = []
    single = _HEAD.fullmatch(text.partition("\n")[0]) is not None
    for line in (*text.splitlines(), ""):
        cells = _CELLS.split(line.strip().lower())
        if len(cells) > 1 or (single and line and " " not in line):
            table.append(cells)
            continue
        if len(table) > 1:
            more = _MORE.match(line)
            yield table[1:], int(more[1]) if more else 0
        table = []


def _wrong_steps(sentence: str, text: str) -> list[str]:
    """The ends of steps ("from 2 to 0") where a text tells steps and not these."""
    known = set(_STEP.findall(text))
    wrong = [step for step in _STEP.findall(sentence) if known and step not in known]
    return [number for step in wrong for number in step]


def _bare(word: str) -> str:
    """A counted word without its plural; "" for any other."""
    return next((known for known in _COUNTED if word in (known, f"{known}s")), "")


def _given(word: str, text: str) -> set[str]:
    """Every number that a text gives for a counted word, beside it or in a column of its name."""
    if not word:
        return set()
    pairs = (
        rf"(?<![a-z]){word}s?\W{{1,4}}(?:(?:is|to|at|of|was) )?(?:from )?(\d+)(?: (?:to|of|and) (\d+))?(?![\w.])",
        rf"(?<![\w.\-/])(?:(\d+) (?:to|of|and) )?(\d+) (?:\w+ )?{word}s?(?![a-z])",
    )
    beside = {
        number
        for pair in pairs
        for match in re.finditer(pair, text, re.IGNORECASE)
        for number in match.groups()
        if number
    }
    return beside | _in_columns(word, text)


def _in_columns(word: str, text: str) -> set[str]:
    """The numbers below a word that heads a column; a count of rows is one that a table gives, too."""
    found: set[str] = set()
    place, rows = -1, 0
    for line in text.splitlines():
        cells = _CELLS.split(line.strip())
        heads = [number for number, cell in enumerate(cells) if cell.lower() in (word, f"{word}s")]
        if len(cells) < 2:
            place, rows = -1, 0
        elif heads:
            place, rows = heads[0], 0
        elif place >= 0:
            rows += 1
            found |= {*re.findall(r"\d+", cells[place] if place < len(cells) else ""), str(rows)}
    return found
