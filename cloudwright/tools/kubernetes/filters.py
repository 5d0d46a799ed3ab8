"""Filters on objects as typed values, and the small language in which people and models write them.

    not Running and restarts > 3
    older than 2h, image matches nginx:1\\.2[0-9] or on node worker-7
    label app = web and not label canary, owner = ReplicaSet/web-5d, spec.replicas >= 2

`,` and `and` bind stronger than `or`; `not` and parentheses work as expected. A bare word is a status ("Running",
"CrashLoopBackOff", "NotReady") or one of ready, terminating, suspended. A field is a name of `facts.FACTS` or a path
("spec.template.spec.containers[*].resources.limits.memory"). A comparison holds when any value of the field fits;
`!=` and `not` hold when none does. Numbers may be quantities ("500Mi") or durations ("2h", for age).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from rapidfuzz import process

from cloudwright.core.errors import InvalidArguments
from cloudwright.core.redaction import Redactor
from cloudwright.core.refs import Frozen
from cloudwright.tools.kubernetes import values
from cloudwright.tools.kubernetes.facts import ALIASES, FACTS, Fact
from cloudwright.tools.kubernetes.fields import split

Predicate = Callable[[Mapping[str, Any], float], bool]
"""Whether an object fits, at a moment of Unix time."""

Reader = Callable[[str], Fact]
"""From the name of a field to what reads it."""

Mask = Callable[[str, Any], Any]
"""From the name that speaks for a value, and the value, to what may be seen of it."""

_LONGEST = 2_000
_LONGEST_PATTERN = 200


class Op(StrEnum):
    """How a field is compared."""

    EQ = "="
    NE = "!="
    GT = ">"
    GE = ">="
    LT = "<"
    LE = "<="
    MATCHES = "matches"
    CONTAINS = "contains"
    IN = "in"
    EXISTS = "exists"


class Compare(Frozen):
    """One field against one value. `value` is a tuple for `in`, "" for `exists`."""

    field: str
    op: Op
    value: str | tuple[str, ...] = ""


class Not(Frozen):
    """None of it."""

    of: "Filter"


class All(Frozen):
    """All of them; no parts: everything."""

    of: tuple["Filter", ...] = ()


class Any_(Frozen):  # noqa: N801 (`Any` is taken)
    """At least one of them."""

    of: tuple["Filter", ...]


Filter = Compare | Not | All | Any_
for _model in (Not, All, Any_):
    _model.model_rebuild()


def compile_filter(tree: Filter, reader: Reader | None = None) -> Predicate:
    """The filter as a function.

    Args:
        tree: the filter.
        reader: gives what reads a field; default `field_reader`, which reads raw objects.

    Raises:
        InvalidArguments: an unknown field, a value of the wrong kind or a broken pattern.
    """
    if isinstance(tree, Not):
        inner = compile_filter(tree.of, reader)
        return lambda item, now: not inner(item, now)
    if isinstance(tree, All):
        parts = [compile_filter(part, reader) for part in tree.of]
        return lambda item, now: all(part(item, now) for part in parts)
    if isinstance(tree, Any_):
        parts = [compile_filter(part, reader) for part in tree.of]
        return lambda item, now: any(part(item, now) for part in parts)
    read, test = (reader or field_reader)(tree.field), _test(tree)
    if tree.op is Op.NE:
        return lambda item, now: not any(test(value) for value in read(item, now))
    return lambda item, now: any(test(value) for value in read(item, now))


def field_reader(name: str, mask: Mask | None = None) -> Fact:
    """What reads a field: a fact, a label (`label app`, `labels[app]`), or a path.

    Args:
        name: of the field.
        mask: applied to every value that a path leads to, with the name that speaks for it.

    Raises:
        InvalidArguments: the name means nothing; near misses are suggested.
    """
    word = name.strip()
    key = ALIASES.get(word.lower(), word.lower())
    if key in FACTS:
        return FACTS[key]
    for prefix in ("label", "annotation"):
        found = re.fullmatch(rf"{prefix}s?(?:[ .:]|\[)\"?([^\]\"]+)\"?\]?", word, re.I)
        if found:
            return _path(("metadata", f"{prefix}s", found[1]), mask)
    tokens = split(word)
    if len(tokens) == 1 and tokens[0] not in ("spec", "status", "metadata", "data", "type", "rules", "subjects"):
        near = [match[0] for match in process.extract(key, list(FACTS), limit=3, score_cutoff=60)]
        raise InvalidArguments(
            f"{name!r} is no field that can be filtered or shown.",
            hint=f"Did you mean {' or '.join(near)}?"
            if near
            else f"Use {', '.join(FACTS)}, or a path like spec.replicas.",
        )
    return _path(tokens, mask)


def masking_reader(redactor: Redactor) -> Callable[[str], Fact]:
    """A `field_reader` through which no secret can be seen, nor found out by comparing."""

    def mask(key: str, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        found = redactor.value({key or "field": value})
        return next(iter(found.values())) if isinstance(found, dict) else found

    return lambda name: field_reader(name, mask)


def _path(tokens: tuple[str, ...], mask: Mask | None) -> Fact:
    def read(item: Mapping[str, Any], now: float) -> list[Any]:
        found: list[Any] = []
        for key, raw in _values(item, tokens, mask):
            value = raw if mask is None else mask(key, raw)
            found += value if isinstance(value, list) else [] if value is None else [value]
        return found

    return read


def _values(item: Mapping[str, Any], tokens: tuple[str, ...], mask: Mask | None) -> Iterator[tuple[str, Any]]:
    """The values at a path. An element of a list may be secret by what stands before it (`--password`, `abc`), so a
    list is masked as a whole before one of its elements is taken."""
    if mask is None or len(tokens) < 2:
        yield from values.walk(item, tokens)
        return
    for key, parent in values.walk(item, tokens[:-1]):
        whole = mask(key, parent) if isinstance(parent, list) else parent
        yield from values.walk(whole, tokens[-1:], key)


def _test(compare: Compare) -> Callable[[Any], bool]:
    if compare.op is Op.EXISTS:
        return lambda value: True
    if compare.op is Op.IN:
        tests = [_equals(compare.field, str(item)) for item in compare.value]
        return lambda value: any(test(value) for test in tests)
    wanted = str(compare.value)
    if compare.op in (Op.EQ, Op.NE):
        return _equals(compare.field, wanted)
    if compare.op is Op.MATCHES:
        return _matches(wanted)
    if compare.op is Op.CONTAINS:
        return lambda value: wanted.lower() in str(value).lower()
    return _orders(compare, wanted)


def _equals(field: str, wanted: str) -> Callable[[Any], bool]:
    low, amount = wanted.lower(), as_number(field, wanted)
    if field.lower() in ("status", "state"):
        return lambda value: status_is(str(value), low)

    def test(value: Any) -> bool:
        if isinstance(value, bool):
            return low in (("true", "yes") if value else ("false", "no"))
        if isinstance(value, int | float):
            return amount is not None and float(value) == amount
        return str(value).lower() == low

    return test


def status_is(status: str, wanted: str) -> bool:
    """Whether a status like "Init:CrashLoopBackOff" or "Ready,SchedulingDisabled" is `wanted` (lower case)."""
    low = status.lower()
    return low == wanted or wanted in re.split("[,:]", low)


def _matches(pattern: str) -> Callable[[Any], bool]:
    if len(pattern) > _LONGEST_PATTERN:
        raise InvalidArguments(f"A pattern may have {_LONGEST_PATTERN} characters; this has {len(pattern)}.")
    try:
        found = re.compile(pattern, re.I)
    except re.error as error:
        raise InvalidArguments(f"{pattern!r} is no valid pattern: {error}.") from None
    return lambda value: found.search(str(value)) is not None


def _orders(compare: Compare, wanted: str) -> Callable[[Any], bool]:
    amount = as_number(compare.field, wanted)
    if amount is None:
        raise InvalidArguments(f"{compare.field} {compare.op} {wanted!r} needs a number, a quantity or a duration.")
    order: Callable[[float, float], bool] = {
        Op.GT: lambda a, b: a > b,
        Op.GE: lambda a, b: a >= b,
        Op.LT: lambda a, b: a < b,
        Op.LE: lambda a, b: a <= b,
    }[compare.op]

    def test(value: Any) -> bool:
        if isinstance(value, bool):
            return False
        number = float(value) if isinstance(value, int | float) else as_number(compare.field, str(value))
        return number is not None and order(number, amount)

    return test


def as_number(field: str, text: str) -> float | None:
    """A number, quantity or duration; a field called age reads "5m" as minutes, any other as a quantity first."""
    if field.lower() == "age":
        found = values.duration(text)
        return found if found is not None else values.quantity(text)
    found = values.quantity(text)
    return found if found is not None else values.duration(text)


_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"[^"]*"|'[^']*')|(?P<op>!=|>=|<=|==|=~|!~|[=<>~,()])|(?P<word>[^\s,()=<>!~"']+))"""
)
_WORD_OPS = {
    "matches": Op.MATCHES,
    "contains": Op.CONTAINS,
    "is": Op.EQ,
    "equals": Op.EQ,
    "in": Op.IN,
    "like": Op.MATCHES,
}
_SIGNS = {
    "=": Op.EQ, "==": Op.EQ, "!=": Op.NE, ">": Op.GT, ">=": Op.GE, "<": Op.LT, "<=": Op.LE, "~": Op.MATCHES,
    "=~": Op.MATCHES,
}  # fmt: skip
_FLAGS = {
    "ready": Compare(field="ready", op=Op.EQ, value="true"),
    "terminating": Compare(field="terminating", op=Op.EQ, value="true"),
    "suspended": Compare(field="suspended", op=Op.EQ, value="true"),
    "notready": Compare(field="ready", op=Op.EQ, value="false"),
    "unready": Compare(field="ready", op=Op.EQ, value="false"),
}
_DURATION_WORDS = frozenset(
    "second seconds sec secs minute minutes min mins hour hours day days week weeks".split()  # noqa: SIM905
)


def parse_filter(text: str, reader: Reader | None = None) -> Filter:
    """The typed filter of a text; see the module's description for the language. "" is everything.

    `reader` says which fields there are, as for `compile_filter`.

    Raises:
        InvalidArguments: it cannot be read; says where.
    """
    if len(text) > _LONGEST:
        raise InvalidArguments(f"A filter may have {_LONGEST} characters; this has {len(text)}.")
    parser = _Parser(text, reader)
    return parser.parse()


class _Parser:
    """Recursive descent over words, quoted strings, comparison signs and parentheses."""

    def __init__(self, text: str, reader: Reader | None) -> None:
        self._text = text
        self._reader = reader
        self._tokens = list(self._scan(text))
        self._at = 0
        self._depth = 0

    def parse(self) -> Filter:
        if not self._tokens:
            return All()
        tree = self._or()
        if self._at < len(self._tokens):
            raise self._trouble("cannot be understood")
        return tree

    def _scan(self, text: str) -> Iterator[tuple[str, bool]]:
        """Tokens with whether they were quoted."""
        position = 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if found is None:
                raise InvalidArguments(f"The filter {text!r} cannot be read at {text[position:].strip()[:20]!r}.")
            position = found.end()
            if found["quoted"]:
                yield found["quoted"][1:-1], True
            else:
                word = str(found["op"] or found["word"])
                if found["word"] and word.count("[") > word.count("]"):  # labels["a b"] is one word
                    end = text.find("]", position)
                    if end >= 0:
                        word, position = word + text[position : end + 1], end + 1
                yield word, False

    def _or(self) -> Filter:
        parts = [self._and()]
        while self._take("or", "||"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Any_(of=tuple(parts))

    def _and(self) -> Filter:
        parts = [self._not()]
        while self._take("and", ",", "&&"):
            self._take("and")
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else All(of=tuple(parts))

    def _not(self) -> Filter:
        if self._take("not", "!", "isn't", "without"):
            return Not(of=self._not())
        if self._take("("):
            self._depth += 1
            if self._depth > 30:
                raise InvalidArguments("The filter is nested too deeply.")
            inner = self._or()
            if not self._take(")"):
                raise self._trouble("lacks a closing parenthesis")
            self._depth -= 1
            return inner
        return self._clause()

    def _clause(self) -> Filter:
        word = self._word("a condition")
        low = word.lower()
        if low in ("older", "younger", "newer") and self._take("than"):
            return Compare(field="age", op=Op.GT if low == "older" else Op.LT, value=self._duration())
        if low == "on" and self._take("node"):
            self._take("=", "==", "is")
            return Compare(field="node", op=Op.EQ, value=self._word("a node's name"))
        if low == "in" and self._take("namespace"):
            return Compare(field="namespace", op=Op.EQ, value=self._word("a namespace"))
        if low == "owned" and self._take("by"):
            return Compare(field="owner", op=Op.EQ, value=self._word("an owner"))
        if low in ("has", "with", "no"):
            return self._presence(low)
        if low in ("label", "annotation"):
            return self._comparison(f"{low} {self._word('a key')}", optional=True)
        return self._comparison(word, optional=False)

    def _presence(self, low: str) -> Filter:
        name = self._word("a field")
        if name.lower() in ("label", "annotation"):
            name = f"{name.lower()} {self._word('a key')}"
            tree = self._comparison(name, optional=True)
        else:
            tree = self._comparison(name, optional=True)
        return Not(of=tree) if low == "no" else tree

    def _comparison(self, field: str, *, optional: bool) -> Filter:
        negate = self._take("not") or self._take("!~")
        token = self._peek()
        if negate and token is None:
            raise self._trouble("breaks off")
        op = self._operator(bool(negate))
        if op is None:
            if optional:
                return Compare(field=field, op=Op.EXISTS)
            return self._bare(field)
        value: str | tuple[str, ...] = self._list() if op is Op.IN else self._value(field)
        tree = Compare(field=field, op=op, value=value)
        compile_filter(tree, self._reader)
        return Not(of=tree) if negate else tree

    def _operator(self, negated: bool) -> Op | None:
        token = self._peek()
        if token is None:
            return None
        if self._tokens[self._at - 1][0] == "!~":
            return Op.MATCHES
        op = _SIGNS.get(token) or _WORD_OPS.get(token.lower())
        if op is None and token.lower() == "exists":
            op = Op.EXISTS
        if op is None:
            if negated:
                raise self._trouble("needs a comparison after not")
            return None
        self._at += 1
        return op

    def _bare(self, word: str) -> Filter:
        flag = _FLAGS.get(word.lower())
        if flag is not None:
            return flag
        key = ALIASES.get(word.lower(), word.lower())
        if key in FACTS:
            raise self._trouble(f"needs a comparison after {word}")
        if not re.fullmatch(r"[A-Za-z][\w:/-]*", word):
            raise self._trouble(f"does not say what {word!r} means")
        return Compare(field="status", op=Op.EQ, value=word)

    def _list(self) -> tuple[str, ...]:
        if not self._take("("):
            return (self._word("a value"),)
        found = [self._word("a value")]
        while self._take(","):
            found.append(self._word("a value"))
        if not self._take(")"):
            raise self._trouble("lacks a closing parenthesis")
        return tuple(found)

    def _value(self, field: str) -> str:
        return self._duration() if field.lower() == "age" else self._word("a value")

    def _duration(self) -> str:
        text = self._word("a duration")
        following = self._peek()
        if following is not None and following.lower() in _DURATION_WORDS:
            text = f"{text} {self._word('a unit')}"
        values.seconds(text, "older/younger than")
        return text

    def _peek(self) -> str | None:
        if self._at >= len(self._tokens) or self._tokens[self._at][1]:
            return None
        return self._tokens[self._at][0]

    def _take(self, *wanted: str) -> bool:
        token = self._peek()
        if token is not None and token.lower() in wanted:
            self._at += 1
            return True
        return False

    def _word(self, what: str) -> str:
        if self._at >= len(self._tokens):
            raise self._trouble(f"breaks off where {what} should be")
        word, quoted = self._tokens[self._at]
        if not quoted and (word in _SIGNS or word in ",()"):
            raise self._trouble(f"has {word!r} where {what} should be")
        self._at += 1
        return word

    def _trouble(self, why: str) -> InvalidArguments:
        rest = " ".join(token for token, _ in self._tokens[self._at :])
        where = f" at {rest[:30]!r}" if rest else " at its end"
        return InvalidArguments(
            f"The filter {self._text[:80]!r} {why}{where}.",
            hint='Write it like "not Running and restarts > 3" or "older than 2h, image matches nginx".',
        )
