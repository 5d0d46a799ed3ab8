"""Filters on objects as typed values. `filter_text` reads the small language in which people write them.

A comparison holds when any value of the field fits; `!=` and `Not` hold when none does. What a table shows of the
field counts as one of its values: `ready = 0/1`, `age = 5m`, `ready < 1` (by the first number).
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
from cloudwright.tools.kubernetes.columns import COLUMNS, DEFAULT_COLUMNS, Column
from cloudwright.tools.kubernetes.facts import ALIASES, FACTS, Fact
from cloudwright.tools.kubernetes.fields import split

Predicate = Callable[[Mapping[str, Any], float], bool]
"""Whether an object fits, at a moment of Unix time."""

Reader = Callable[[str], Fact]
"""From the name of a field to what reads it."""

Mask = Callable[[str, Any], Any]
"""From the name that speaks for a value, and the value, to what may be seen of it."""

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


_ORDERS = (Op.GT, Op.GE, Op.LT, Op.LE)
_EQUALITIES = (Op.EQ, Op.NE, Op.IN)


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
    read, test = _with_shown(tree, (reader or field_reader)(tree.field)), _test(tree)
    if tree.op is Op.NE:
        return lambda item, now: not any(test(value) for value in read(item, now))
    return lambda item, now: any(test(value) for value in read(item, now))


def _with_shown(compare: Compare, read: Fact) -> Fact:
    """The values of a field, and what the table of the object's kind shows under its name where that is another."""
    word = compare.field.strip().lower()
    key = ALIASES.get(word, word)
    if key not in FACTS or compare.op is Op.EXISTS:
        return read

    def values_of(item: Mapping[str, Any], now: float) -> list[Any]:
        found, column = read(item, now), _column(str(item.get("kind")), key)
        if column is None:
            return found
        size = [column.sort(item, now)] if column.sort else []
        if compare.op in _ORDERS:
            return size or found or [column.cell(item, now)]
        more = [column.cell(item, now), *(size if compare.op in _EQUALITIES else ())]
        return [*found, *(value for value in more if value not in (None, ""))]

    return values_of


def _column(kind: str, key: str) -> Column | None:
    """The column of a kind's own table that shows a fact."""
    own = COLUMNS.get(kind, DEFAULT_COLUMNS)
    return next((column for column in own if ALIASES.get(column.name, column.name) == key), None)


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
        if field.lower() == "age" and amount is not None:
            return as_number(field, str(value)) == amount
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
