"""Putting corrected sentences into the answer that they correct."""

import re
from collections.abc import Sequence

from cloudwright.agents.grounding import CITATION, Checked, sentences

_WORDS = re.compile(r"\w+(?:[-.:/]\w+)*")
_AGAIN = 0.75
"""The share of the words of a sentence by which a reply says it again."""
_WHOLE = 0.6
"""The share of the accepted sentences that a reply has to say again to stand for the whole answer."""


def corrected(first: str, checked: Sequence[Checked], reply: str) -> str:
    """The answer after a correction: the reply, where it says again most of what was accepted of the first answer; else
    the first answer with the sentences of the reply in the place of those that were not accepted, each where it is most
    alike, in order. What a wrong sentence got no correction for is left out."""
    wrong = [item.sentence for item in checked if item.goes_back]
    accepted = [item.sentence for item in checked if not item.goes_back]
    said = _words(reply)
    again = [len(words & said) >= _AGAIN * len(words) for words in map(_words, accepted)]
    if not wrong or sum(again) >= _WHOLE * len(again):
        return reply
    old = {_bare(sentence) for sentence in accepted}
    fresh = [part for part in sentences(reply) if _bare(part) not in old and not _announces(part)]
    places: list[list[str]] = [[] for _ in wrong]
    at = 0
    for number, sentence in enumerate(fresh):
        at = number if len(fresh) == len(wrong) else _likest(sentence, wrong, at)
        places[at].append(sentence)
    for sentence, instead in zip(wrong, places, strict=True):
        first = first.replace(sentence, " ".join(instead), 1)
    return first


def _likest(sentence: str, wrong: Sequence[str], at: int) -> int:
    """Which wrong sentence, from number `at` on, a correction has the most words in common with."""
    return max(range(at, len(wrong)), key=lambda index: len(_words(sentence) & _words(wrong[index])))


def _announces(sentence: str) -> bool:
    """Whether a sentence only says that others follow."""
    return sentence.endswith(":") and CITATION.search(sentence) is None


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORDS.findall(CITATION.sub("", text))}


def _bare(sentence: str) -> str:
    return " ".join(_WORDS.findall(CITATION.sub("", sentence).lower()))
