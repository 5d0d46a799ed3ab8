"""Citing what shows a value, where a sentence cites other evidence of the same conversation.

The object has to agree: the evidence was asked for an object that the sentence (or, where it names none, what it cites)
is about, or it shows the value in one row with a name of the sentence. The sentence is checked again as cited anew.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from cloudwright.agents.grounding import CITATION, Checked, Standing, beside, body_of, cited_ids, facts, stands_in
from cloudwright.core.evidence import IDS, Evidence

_PLACES = ("kind", "namespace", "path", "where", "columns", "about", "snapshot", "query")
"""Arguments that name no object."""
_MOST = 2
"""How many ids a sentence is given."""
_WORD = re.compile(r"[A-Za-z]{4,}")


def recited(
    text: str, checked: Iterable[Checked], known: Sequence[Evidence], check: Callable[[str], Sequence[Checked]]
) -> str:
    """The text, with the ids of what shows the missing values beside those that its refuted sentences cite."""
    for item in checked:
        if item.standing is Standing.REFUTED and cited_ids(item.sentence) and item.unsupported:
            better = _better(item, known)
            if better and all(each.standing is Standing.VERIFIED for each in check(better)):
                text = text.replace(item.sentence, better, 1)
    return text


def _better(item: Checked, known: Sequence[Evidence]) -> str:
    """The sentence with the ids of the newest evidence that shows what it lacks; "" where some of that is nowhere."""
    ids = cited_ids(item.sentence)
    cited = [each for each in known if each.id in ids]
    more: list[str] = []
    for word in item.unsupported:
        found = next((each.id for each in reversed(known) if _shows(each, word, item.sentence, cited)), "")
        if not found or IDS.fullmatch(word):
            return ""
        more += [] if found in more else [found]
    if len(cited) < len(ids) or len(more) > _MOST:
        return ""
    last = list(CITATION.finditer(item.sentence))[-1]
    return f"{item.sentence[: last.end() - 1]}, {', '.join(more)}{item.sentence[last.end() - 1 :]}"


def _shows(other: Evidence, word: str, sentence: str, cited: Sequence[Evidence]) -> bool:
    """Whether another piece of evidence shows a word that the cited ones do not, of the object that is spoken of."""
    if other in cited:
        return False
    bare = CITATION.sub("", sentence).replace(word, " ")
    shown, asked = body_of(other), _objects(other)
    if word in asked:
        return True
    named = {name for each in (other, *cited) for name in _objects(each) if stands_in(name, bare)}
    if asked:
        about = named or {name for each in cited for name in _objects(each)}
        if not any(_same(one, another) for one in asked for another in about):
            return False
        small = word.isdigit() and len(word) < 3
        return beside(word, _WORD.findall(bare), shown) if small else stands_in(word, shown)
    others = [*(fact for fact in facts(sentence) if fact != word), *named]
    return beside(word, others or sorted({name for each in cited for name in _objects(each)}), shown)


def _objects(item: Evidence) -> set[str]:
    """The names of the objects that a call was about."""
    plain = (str(value) for key, value in item.arguments.items() if key not in _PLACES and isinstance(value, str))
    return {value for value in plain if re.fullmatch(r"[a-z0-9][a-z0-9.-]*", value)}


def _same(one: str, other: str) -> bool:
    """Whether two names are one, or one that of a pod of the other."""
    short, long = sorted((one, other), key=len)
    return short == long or long.startswith(f"{short}-")
