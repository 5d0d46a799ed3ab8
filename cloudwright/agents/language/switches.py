"""Words that turn a yes-or-no setting of an object on or off: "open x", "turn surge off for x", "unlock x"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.lexicon import inflections, listed
from cloudwright.agents.language.understanding import Named
from cloudwright.agents.language.verbs import opening

_OPPOSITES = {
    "close": "open", "shut": "open", "unlock": "lock", "hide": "show", "unpublish": "publish", "unmute": "mute", "unfreeze": "freeze",
    "unblock": "block", "disconnect": "connect", "unpin": "pin", "disarm": "arm", "unarchive": "archive",
}  # fmt: skip
_ALIKE = {"reopen": "open", "re-open": "open"}
_ON = listed("enable, activate, turn on, switch on, flip on, put on, set on")
_OFF = listed("disable, deactivate, turn off, switch off, flip off, put off, set off")
_STATES = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
_SIGNS = listed("to, =, :, is, be, as, should be, must be, should, set, flag, mode, back")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Switch:
    """A setting (a path below `spec`), what it becomes, and the tokens that say so."""

    key: str
    value: bool
    words: frozenset[int]


def switched(clause: Clause, item: Named) -> Switch | None:
    """The one yes-or-no setting of an object that the clause turns on or off; None where none or several are meant."""
    found = [switch for key, value in item.settings.items() if isinstance(value, bool) for switch in _of(clause, key)]
    return found[0] if len({(switch.key, switch.value) for switch in found}) == 1 else None


def turns(clause: Clause) -> bool:
    """Whether a clause switches something: of what it names, or of what it points at by a verb with an opposite."""
    if any(switched(clause, item) is not None for mention in clause.of("name") for item in mention.objects):
        return True
    word = _first(clause)
    return bool(clause.of("pronoun")) and not clause.of("name") and (word in _OPPOSITES or word in _OPPOSITES.values())


def _first(clause: Clause) -> str:
    return next(iter(clause.low[opening(clause) :][:1]), "")


def _of(clause: Clause, key: str) -> Iterator[Switch]:
    own = _CAMEL.sub(" ", key.rpartition(".")[2]).lower()
    start, word = opening(clause), _first(clause)
    meant = _OPPOSITES.get(word, _ALIKE.get(word, word))
    if own.rpartition(" ")[2] in inflections(meant) and clause.at(start) is None:
        stated = _stated(clause, own)
        value = stated.value if stated is not None else word not in _OPPOSITES
        yield Switch(key, value, frozenset({start, *(stated.words if stated is not None else ())}))
        return
    plain = re.sub(r"^is |^has | (?:enabled|mode|on|active)$", "", own)
    for words in dict.fromkeys((own, plain)):
        stated = _stated(clause, words)
        if stated is not None:
            yield Switch(key, stated.value, stated.words)
            return
        at = clause.find(words)
        if at < 0:
            continue
        if clause.low[at - 1 : at] in (("to",), ("as",), ("be",)) or clause.low[at - 2 : at] in (
            ("to", "not"),
            ("as", "not"),
            ("not", "be"),
        ):
            positive = "not" not in clause.low[max(0, at - 2) : at]
            yield Switch(key, positive, frozenset(range(max(0, at - 2), at + len(words.split()))))
            return
        covered = set(range(at, at + len(words.split())))
        for phrases, value in ((_ON, True), (_OFF, False)):
            for verb in phrases:
                where = _together(clause, verb)
                if where:
                    yield Switch(key, value, frozenset(covered | where))
                    return


def _together(clause: Clause, verb: str) -> set[int]:
    """Where a verb stands whose particle may come later: "turn surge off"."""
    first, _, particle = verb.partition(" ")
    at = clause.find(first)
    if at < 0 or not particle:
        return {at} if at >= 0 else set()
    end = clause.find(particle, at + 1)
    return {at, end} if end > 0 else set()


def _stated(clause: Clause, words: str) -> Switch | None:
    """ "surge off", "open: false", "surge should be on"."""
    size = len(words.split())
    at = clause.find(words)
    while at >= 0:
        end = at + size
        while end < len(clause.low) and clause.low[end] in _SIGNS:
            end += 1
        if end < len(clause.low) and clause.low[end] in _STATES:
            return Switch("", _STATES[clause.low[end]], frozenset(range(at, end + 1)))
        at = clause.find(words, at + 1)
    return None
