"""The condition operators of IAM, by name.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Family(StrEnum):
    """How values are compared."""

    STRING = "string"
    STRING_IGNORE_CASE = "string, case ignored"
    STRING_LIKE = "string with wildcards"
    NUMERIC = "numeric"
    DATE = "date"
    BOOL = "bool"
    BINARY = "binary"
    IP = "ip"
    ARN = "arn"
    NULL = "null"


Compare = Literal["=", "<", "<=", ">", ">="]


@dataclass(frozen=True)
class Operator:
    """A base operator. A negated one holds when *no* value matches, and when the key is absent."""

    name: str
    family: Family
    negated: bool = False
    compare: Compare = "="


def _ordered(prefix: str, family: Family) -> list[Operator]:
    return [
        Operator(f"{prefix}Equals", family),
        Operator(f"{prefix}NotEquals", family, negated=True),
        Operator(f"{prefix}LessThan", family, compare="<"),
        Operator(f"{prefix}LessThanEquals", family, compare="<="),
        Operator(f"{prefix}GreaterThan", family, compare=">"),
        Operator(f"{prefix}GreaterThanEquals", family, compare=">="),
    ]


OPERATORS: dict[str, Operator] = {
    operator.name: operator
    for operator in [
        Operator("StringEquals", Family.STRING),
        Operator("StringNotEquals", Family.STRING, negated=True),
        Operator("StringEqualsIgnoreCase", Family.STRING_IGNORE_CASE),
        Operator("StringNotEqualsIgnoreCase", Family.STRING_IGNORE_CASE, negated=True),
        Operator("StringLike", Family.STRING_LIKE),
        Operator("StringNotLike", Family.STRING_LIKE, negated=True),
        *_ordered("Numeric", Family.NUMERIC),
        *_ordered("Date", Family.DATE),
        Operator("Bool", Family.BOOL),
        Operator("BinaryEquals", Family.BINARY),
        Operator("IpAddress", Family.IP),
        Operator("NotIpAddress", Family.IP, negated=True),
        Operator("ArnEquals", Family.ARN),
        Operator("ArnLike", Family.ARN),
        Operator("ArnNotEquals", Family.ARN, negated=True),
        Operator("ArnNotLike", Family.ARN, negated=True),
        Operator("Null", Family.NULL),
    ]
}

BY_LOWER_NAME = {name.lower(): name for name in OPERATORS}
TEXT_FAMILIES = frozenset({Family.STRING, Family.STRING_IGNORE_CASE, Family.STRING_LIKE, Family.ARN, Family.BINARY})
VARIABLE_FAMILIES = frozenset({Family.STRING, Family.STRING_IGNORE_CASE, Family.STRING_LIKE, Family.ARN})


def negation_of(name: str) -> str | None:
    """The operator that holds exactly when this one does not (on a present key), if IAM has one."""
    flips = {"ArnEquals": "ArnNotEquals", "ArnLike": "ArnNotLike", "IpAddress": "NotIpAddress"}
    flips |= {f"String{form}": f"StringNot{form}" for form in ("Equals", "EqualsIgnoreCase", "Like")}
    flips |= {
        f"{kind}{low}": f"{kind}{high}"
        for kind in ("Numeric", "Date")
        for low, high in (("Equals", "NotEquals"), ("LessThan", "GreaterThanEquals"), ("LessThanEquals", "GreaterThan"))
    }
    flips |= {value: key for key, value in flips.items()}
    return flips.get(name)
