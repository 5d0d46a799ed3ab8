"""Instant vectors: arithmetic, matching and grouping."""

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import promql_parser as parser

from cloudwright.twin.telemetry.functions import (
    ARITHMETIC,
    COMPARISON,
    OVER_TIME,
    quantile,
)

LabelSet = frozenset[tuple[str, str]]


class QueryError(Exception):
    """The query cannot be parsed or run; the text is for the user (errorType bad_data or execution)."""

    def __init__(self, message: str, kind: str = "bad_data") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Sample:
    """One element of an instant vector."""

    labels: dict[str, str]
    value: float


Vector = list[Sample]


Value = float | str | Vector


def as_vector(value: Value) -> Vector:
    """A value that must be a vector."""
    if isinstance(value, str):
        raise QueryError("expected an instant vector, got a string")
    return [Sample({}, value)] if isinstance(value, float) else value


def as_number(value: Value | None) -> float:
    """A value that must be a number."""
    if not isinstance(value, float):
        raise QueryError("expected a scalar parameter")
    return value


def without_name(labels: dict[str, str]) -> dict[str, str]:
    """Labels without the metric name."""
    return {key: value for key, value in labels.items() if key != "__name__"}


def grouping_of(labels: dict[str, str], modifier: Any) -> dict[str, str]:
    """The labels by which an aggregation groups."""
    if modifier is None:
        return {}
    names = set(modifier.labels)
    if modifier.type == parser.AggModifierType.By:
        return {key: value for key, value in labels.items() if key in names}
    return {key: value for key, value in labels.items() if key not in names and key != "__name__"}


def ranked(groups: Any, operator: str, count: float) -> Vector:
    """The largest or smallest samples of each group."""
    result: Vector = []
    for members in groups:
        ordered = sorted(members, key=lambda s: s.value, reverse=operator == "topk")
        result.extend(ordered[: max(0, int(count))])
    return result


def count_values(groups: dict[LabelSet, Vector], label: str) -> Vector:
    """How often each value occurs."""
    result = []
    for labels, members in groups.items():
        counts: dict[str, int] = defaultdict(int)
        for sample in members:
            counts[f"{sample.value:g}"] += 1
        result += [Sample({**dict(labels), label: value}, float(n)) for value, n in counts.items()]
    return result


def reducer(operator: str, parameter: Value | None) -> Callable[[list[float]], float]:
    """The function that aggregates the values of a group."""
    if operator == "quantile":
        q = as_number(parameter)
        return lambda values: quantile(q, values)
    table: dict[str, Callable[[list[float]], float]] = {
        "sum": math.fsum,
        "avg": OVER_TIME["avg_over_time"],
        "min": min,
        "max": max,
        "count": OVER_TIME["count_over_time"],
        "group": lambda values: 1.0,
        "stddev": OVER_TIME["stddev_over_time"],
        "stdvar": OVER_TIME["stdvar_over_time"],
    }
    if operator not in table:
        raise QueryError(f'aggregation "{operator}" is not supported by this server', "execution")
    return table[operator]


def of_scalars(operator: str, left: float, right: float) -> float:
    """An operation on two numbers."""
    if operator in ARITHMETIC:
        return ARITHMETIC[operator](left, right)
    return float(COMPARISON[operator](left, right))


def with_scalar(vector: Vector, operator: str, pair: Callable[[float], tuple[float, float]], as_bool: bool) -> Vector:
    """An operation on each sample and a number."""
    if operator in ARITHMETIC:
        return [Sample(without_name(s.labels), ARITHMETIC[operator](*pair(s.value))) for s in vector]
    compare = COMPARISON[operator]
    if as_bool:
        return [Sample(without_name(s.labels), float(compare(*pair(s.value)))) for s in vector]
    return [s for s in vector if compare(*pair(s.value))]


def _key(labels: dict[str, str], modifier: Any) -> LabelSet:
    matching = modifier.matching if modifier is not None else None
    if matching is None:
        return frozenset(without_name(labels).items())
    names = set(matching.labels)
    if matching.type == parser.LabelModifierType.Include:
        return frozenset((k, v) for k, v in labels.items() if k in names)
    return frozenset((k, v) for k, v in labels.items() if k not in names and k != "__name__")


def set_operation(operator: str, left: Vector, right: Vector, modifier: Any) -> Vector:
    """`and`, `or` and `unless`."""
    others = {_key(sample.labels, modifier) for sample in right}
    if operator == "and":
        return [sample for sample in left if _key(sample.labels, modifier) in others]
    if operator == "unless":
        return [sample for sample in left if _key(sample.labels, modifier) not in others]
    mine = {_key(sample.labels, modifier) for sample in left}
    return left + [sample for sample in right if _key(sample.labels, modifier) not in mine]


def matched_pairs(operator: str, left: Vector, right: Vector, modifier: Any, as_bool: bool) -> Vector:
    """An operation on samples whose labels match."""
    card = modifier.card if modifier is not None else None
    many_left = card == parser.VectorMatchCardinality.ManyToOne if card is not None else False
    many_right = card == parser.VectorMatchCardinality.OneToMany if card is not None else False
    many, one = (right, left) if many_right else (left, right)
    table: dict[LabelSet, Sample] = {}
    for sample in one:
        key = _key(sample.labels, modifier)
        if key in table:
            side = "left" if many_right else "right"
            raise QueryError(
                f"found duplicate series for the match group {dict(key)} on the {side} hand-side of the operation: "
                "many-to-many matching not allowed: matching labels must be unique on one side",
                "execution",
            )
        table[key] = sample
    result, seen = [], set()
    for sample in many:
        key = _key(sample.labels, modifier)
        other = table.get(key)
        if other is None:
            continue
        if not (many_left or many_right) and key in seen:
            raise QueryError(
                "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
                "execution",
            )
        seen.add(key)
        a, b = (other.value, sample.value) if many_right else (sample.value, other.value)
        joined = _joined(operator, a, b, as_bool)
        if joined is not None:
            result.append(
                Sample(_result_labels(sample, other, key, modifier, many_left or many_right, operator, as_bool), joined)
            )
    return result


def _joined(operator: str, a: float, b: float, as_bool: bool) -> float | None:
    if operator in ARITHMETIC:
        return ARITHMETIC[operator](a, b)
    holds = COMPARISON[operator](a, b)
    return float(holds) if as_bool else a if holds else None


def _result_labels(
    sample: Sample, other: Sample, key: LabelSet, modifier: Any, grouped: bool, operator: str, as_bool: bool
) -> dict[str, str]:
    keeps_name = operator in COMPARISON and not as_bool
    labels = dict(sample.labels) if keeps_name else without_name(sample.labels)
    if grouped:
        extra = {n: other.labels[n] for n in modifier.group_labels or () if n in other.labels}
        return {**labels, **extra}
    if modifier is not None and modifier.matching is not None:
        return dict(key)
    return labels
