"""Condition clauses: which values match, and when a clause holds.

Source: IAM User Guide, "Condition operators", "Multivalued context keys" and "Null"; absent keys make positive
operators false
and negated ones true.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from cloudwright.policies.iam import patterns
from cloudwright.policies.iam.document import Clause
from cloudwright.policies.iam.operators import OPERATORS, VARIABLE_FAMILIES, Compare, Family, Operator
from cloudwright.policies.iam.patterns import Pattern
from cloudwright.policies.iam.request import Request
from cloudwright.policies.iam.variables import substitute

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class ValueTest:
    """ "The value matches one of these": the positive core of a clause, over one present value.

    Texts may hold escapes.
    """

    family: Family
    compare: Compare
    values: tuple[str, ...]

    def holds(self, value: str) -> bool:
        """Whether the value matches any of the listed ones."""
        return any(_one(self.family, self.compare, listed, value) for listed in self.values)


def text_pattern(family: Family, listed: str) -> Pattern:
    """A listed value of a text family as a pattern."""
    if family is Family.STRING_LIKE:
        return patterns.glob(listed)
    if family is Family.STRING_IGNORE_CASE:
        return patterns.exact(listed, ignore_case=True)
    return patterns.arn_like(listed) if family is Family.ARN else patterns.exact(listed)


@lru_cache(maxsize=65536)
def number(text: str) -> Decimal | None:
    """The text as a finite decimal, None when it is none."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) < 400 else None


@lru_cache(maxsize=65536)
def moment(text: str) -> Decimal | None:
    """ISO 8601 or epoch seconds as epoch seconds (UTC where no zone is given), None when it is neither."""
    seconds = number(text)
    if seconds is not None:
        return seconds
    try:
        parsed = datetime.fromisoformat(text.strip())
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return Decimal(str((aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()))
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=65536)
def network(text: str) -> Network | None:
    """A CIDR range or a single address, None when it is neither."""
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=65536)
def address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, None when the text is none."""
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


def _one(family: Family, compare: Compare, listed: str, value: str) -> bool:
    if family is Family.NUMERIC:
        return _ordered(compare, number(value), number(listed))
    if family is Family.DATE:
        return _ordered(compare, moment(value), moment(listed))
    if family is Family.BOOL:
        return listed.lower() in ("true", "false") and listed.lower() == value.lower()
    if family is Family.IP:
        where, within = address(value), network(listed)
        return where is not None and within is not None and where.version == within.version and where in within
    return text_pattern(family, listed).matches(value)


def _ordered(compare: Compare, left: Decimal | None, right: Decimal | None) -> bool:
    if left is None or right is None:
        return False
    comparisons: dict[str, bool] = {
        "=": left == right, "<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right,
    }  # fmt: skip
    return comparisons[compare]


def value_test(clause: Clause, lookup: Callable[[str], str | None] | None) -> ValueTest:
    """The clause's core with variables replaced; values whose variable is absent are gone.

    `lookup` None: no variables.
    """
    operator = OPERATORS[clause.operator]
    values: list[str] = []
    for value in clause.values:
        if lookup is None or operator.family not in VARIABLE_FAMILIES:
            values.append(value)
        elif (replaced := substitute(value, lookup)) is not None:
            values.append(replaced)
    return ValueTest(operator.family, operator.compare, tuple(values))


def clause_holds(clause: Clause, request: Request, *, substitutes: bool) -> bool:
    """Whether one clause holds for the request. An empty list counts as absent."""
    present = request.value(clause.key) or None
    operator = OPERATORS[clause.operator]
    if operator.family is Family.NULL:
        return any((value.lower() == "true") == (present is None) for value in clause.values)
    if present is None:
        return absent_holds(clause, operator)
    test = value_test(clause, request.single if substitutes else None)
    return present_holds(clause, operator, [test.holds(value) for value in present])


def absent_holds(clause: Clause, operator: Operator) -> bool:
    """The clause when its key is absent."""
    if clause.quantifier == "ForAnyValue":
        return clause.if_exists
    return clause.if_exists or operator.negated or clause.quantifier == "ForAllValues"


def present_holds(clause: Clause, operator: Operator, matched: list[bool]) -> bool:
    """The clause when its key has values, given for each whether it matches the list."""
    if clause.quantifier == "":
        return any(matched) != operator.negated
    wanted = [match != operator.negated for match in matched]
    return all(wanted) if clause.quantifier == "ForAllValues" else any(wanted)
