"""Evaluation of PromQL over the series store; the language is parsed by the `promql-parser` library."""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import promql_parser as parser

from cloudwright.twin.telemetry.functions import (
    ELEMENTWISE,
    OVER_TIME,
    changes,
    extrapolated,
    histogram_quantile,
    instant_change,
    quantile,
    resets,
    slope,
)
from cloudwright.twin.telemetry.series import Series, SeriesStore, matcher
from cloudwright.twin.telemetry.vectors import (
    LabelSet,
    QueryError,
    Sample,
    Value,
    Vector,
    as_number,
    as_vector,
    count_values,
    grouping_of,
    matched_pairs,
    of_scalars,
    ranked,
    reducer,
    set_operation,
    with_scalar,
    without_name,
)

LOOKBACK = 300.0
MAX_POINTS = 11_000


@dataclass(frozen=True)
class Span:
    """The times of a query: `at` is the evaluation time, `start` and `end` those of the whole query."""

    at: float
    start: float
    end: float

    def moved(self, at: float) -> "Span":
        """The same query at another time."""
        return Span(at, self.start, self.end)


def parse(query: str) -> Any:
    """The syntax tree of a query.

    Raises:
        QueryError: the query is malformed.
    """
    if not query.strip():
        raise QueryError('invalid parameter "query": unknown position: parse error: no expression found in input')
    try:
        return parser.parse(query)
    except ValueError as error:
        raise QueryError(f'invalid parameter "query": parse error: {error}') from error


class Engine:
    """Runs queries."""

    def __init__(self, store: SeriesStore) -> None:
        self._store = store

    def instant(self, query: str, moment: float) -> Value | list[tuple[dict[str, str], list[tuple[float, float]]]]:
        """The value of a query at a moment (a bare range selector gives its samples).

        Raises:
            QueryError: the query is malformed or not supported.
        """
        tree = parse(query)
        span = Span(moment, moment, moment)
        if isinstance(tree, parser.MatrixSelector | parser.SubqueryExpr):
            return [(labels, samples) for labels, samples, _, _ in self._matrix(tree, span)]
        return self._run(tree, span)

    def range(
        self, query: str, start: float, end: float, step: float
    ) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
        """The values of a query at every step.

        Raises:
            QueryError: the query is malformed or not supported, or asks for too many points.
        """
        if step <= 0:
            raise QueryError('invalid parameter "step": zero or negative query resolution step widths are not accepted')
        if end < start:
            raise QueryError('invalid parameter "end": end timestamp must not be before start time')
        if (end - start) / step > MAX_POINTS:
            raise QueryError(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                "Try decreasing the query resolution (?step=XX)"
            )
        tree = parse(query)
        if isinstance(tree, parser.MatrixSelector | parser.SubqueryExpr | parser.StringLiteral):
            raise QueryError(
                'invalid parameter "query": invalid expression type for range query, must be Scalar or instant Vector'
            )
        found: dict[LabelSet, list[tuple[float, float]]] = defaultdict(list)
        count = int((end - start) / step + 1e-9) + 1
        for index in range(count):
            moment = start + index * step
            value = self._run(tree, Span(moment, start, end))
            for sample in [Sample({}, value)] if isinstance(value, float) else value:
                assert isinstance(sample, Sample)
                found[frozenset(sample.labels.items())].append((moment, sample.value))
        return [(dict(labels), points) for labels, points in found.items()]

    # expressions

    def _run(self, tree: Any, span: Span) -> Value:
        if isinstance(tree, parser.NumberLiteral):
            return float(tree.val)
        if isinstance(tree, parser.StringLiteral):
            return str(tree.val)
        if isinstance(tree, parser.ParenExpr):
            return self._run(tree.expr, span)
        if isinstance(tree, parser.VectorSelector):
            moment = _moment(tree, span)
            found = ((series, series.at(moment, LOOKBACK)) for series in self.select(tree))
            return [Sample(dict(series.labels), value) for series, value in found if value is not None]
        if isinstance(tree, parser.UnaryExpr):
            inner = self._run(tree.expr, span)
            return (
                -inner
                if isinstance(inner, float)
                else [Sample(without_name(s.labels), -s.value) for s in as_vector(inner)]
            )
        if isinstance(tree, parser.AggregateExpr):
            return self._aggregate(tree, span)
        if isinstance(tree, parser.BinaryExpr):
            return self._binary(tree, span)
        if isinstance(tree, parser.Call):
            return self._call(tree, span)
        raise QueryError(f"expected an instant vector or a scalar, got {type(tree).__name__}")

    def select(self, selector: Any) -> list[Series]:
        """The series behind a vector selector."""
        names = ((parser.MatchOp.Equal, "="), (parser.MatchOp.NotEqual, "!="), (parser.MatchOp.Re, "=~"))
        metric, tests = selector.name, []
        try:
            for each in selector.matchers.matchers:
                operator = next((text for kind, text in names if kind == each.op), "!~")
                if each.name == "__name__" and operator == "=" and metric is None:
                    metric = each.value
                tests.append(matcher(each.name, operator, each.value))
        except ValueError as error:
            raise QueryError(f'invalid parameter "query": {error}') from error
        return self._store.select(metric, tests)

    def _matrix(self, tree: Any, span: Span) -> list[tuple[dict[str, str], list[tuple[float, float]], float, float]]:
        """(labels, samples, start, end) of a range selector or subquery."""
        if isinstance(tree, parser.SubqueryExpr):
            return self._subquery(tree, span)
        if not isinstance(tree, parser.MatrixSelector):
            raise QueryError("expected a range vector")
        selector = tree.vector_selector
        end = _moment(selector, span)
        start = end - tree.range.total_seconds()
        found = [(dict(series.labels), series.between(start, end), start, end) for series in self.select(selector)]
        return [entry for entry in found if entry[1]]

    def _subquery(self, tree: Any, span: Span) -> list[tuple[dict[str, str], list[tuple[float, float]], float, float]]:
        end = _moment(tree, span)
        start = end - tree.range.total_seconds()
        step = tree.step.total_seconds() if tree.step else 60.0
        found: dict[LabelSet, list[tuple[float, float]]] = defaultdict(list)
        moment = math.ceil(start / step) * step
        while moment <= end:
            value = self._run(tree.expr, span.moved(moment))
            for sample in as_vector(value):
                found[frozenset(sample.labels.items())].append((moment, sample.value))
            moment += step
        return [(dict(labels), points, start, end) for labels, points in found.items()]

    # aggregation

    def _aggregate(self, tree: Any, span: Span) -> Vector:
        operator = str(tree.op)
        groups: dict[LabelSet, Vector] = defaultdict(list)
        for sample in as_vector(self._run(tree.expr, span)):
            groups[frozenset(grouping_of(sample.labels, tree.modifier).items())].append(sample)
        parameter = self._run(tree.param, span) if tree.param is not None else None
        if operator in ("topk", "bottomk"):
            return ranked(groups.values(), operator, as_number(parameter))
        if operator == "count_values":
            return count_values(groups, str(parameter))
        function = reducer(operator, parameter)
        return [Sample(dict(labels), function([s.value for s in members])) for labels, members in groups.items()]

    # binary operators

    def _binary(self, tree: Any, span: Span) -> Value:
        operator = str(tree.op)
        left, right = self._run(tree.lhs, span), self._run(tree.rhs, span)
        modifier = tree.modifier
        as_bool = bool(modifier and modifier.return_bool)
        if operator in ("and", "or", "unless"):
            return set_operation(operator, as_vector(left), as_vector(right), modifier)
        if isinstance(left, float) and isinstance(right, float):
            return of_scalars(operator, left, right)
        if isinstance(right, float):
            number = right
            return with_scalar(as_vector(left), operator, lambda v: (v, number), as_bool)
        if isinstance(left, float):
            number = left
            return with_scalar(as_vector(right), operator, lambda v: (number, v), as_bool)
        return matched_pairs(operator, as_vector(left), as_vector(right), modifier, as_bool)

    # functions

    def _call(self, tree: Any, span: Span) -> Value:
        name, args = tree.func.name, list(tree.args)
        if name in _RANGE_FUNCTIONS or name in OVER_TIME or name == "quantile_over_time":
            return self._over_range(name, args, span)
        if name in ELEMENTWISE:
            extra = [as_number(self._run(arg, span)) for arg in args[1:]]
            function = ELEMENTWISE[name]
            return [
                Sample(without_name(s.labels), function(s.value, *extra)) for s in as_vector(self._run(args[0], span))
            ]
        handler: Callable[[Engine, list[Any], Span], Value] | None = _SPECIAL.get(name)
        if handler is None:
            raise QueryError(
                f'invalid parameter "query": function "{name}" is not supported by this server', "execution"
            )
        return handler(self, args, span)

    def _over_range(self, name: str, args: list[Any], span: Span) -> Vector:
        parameter = as_number(self._run(args[0], span)) if name == "quantile_over_time" else 0.0
        position = 1 if name == "quantile_over_time" else 0
        horizon = as_number(self._run(args[1], span)) if name == "predict_linear" else 0.0
        result = []
        for labels, samples, start, end in self._matrix(args[position], span):
            if name in OVER_TIME:
                value: float | None = OVER_TIME[name]([v for _, v in samples])
            elif name == "quantile_over_time":
                value = quantile(parameter, [v for _, v in samples])
            else:
                value = _RANGE_FUNCTIONS[name](samples, start, end, horizon)
            if value is not None:
                result.append(Sample(labels if name == "last_over_time" else without_name(labels), value))
        return result

    def vector_of(self, arg: Any, span: Span) -> Vector:
        """An argument as an instant vector."""
        return as_vector(self._run(arg, span))

    def value_of(self, arg: Any, span: Span) -> Value:
        """An argument's value."""
        return self._run(arg, span)

    def has_samples(self, arg: Any, span: Span) -> bool:
        """Whether a range has any sample."""
        return bool(self._matrix(arg, span))


def _predict(samples: Sequence[tuple[float, float]], end: float, horizon: float) -> float | None:
    line = slope(samples, end)
    return None if line is None else line[1] + line[0] * horizon


def _derivative(samples: Sequence[tuple[float, float]], end: float) -> float | None:
    line = slope(samples, end)
    return None if line is None else line[0]


_RANGE_FUNCTIONS: dict[str, Callable[[Sequence[tuple[float, float]], float, float, float], float | None]] = {
    "rate": lambda s, a, b, h: extrapolated(s, a, b, counter=True, per_second=True),
    "increase": lambda s, a, b, h: extrapolated(s, a, b, counter=True, per_second=False),
    "delta": lambda s, a, b, h: extrapolated(s, a, b, counter=False, per_second=False),
    "irate": lambda s, a, b, h: instant_change(s, counter=True),
    "idelta": lambda s, a, b, h: instant_change(s, counter=False),
    "changes": lambda s, a, b, h: changes(s),
    "resets": lambda s, a, b, h: resets(s),
    "deriv": lambda s, a, b, h: _derivative(s, b),
    "predict_linear": lambda s, a, b, h: _predict(s, b, h),
}


def _absent(engine: Engine, args: list[Any], span: Span) -> Vector:
    if engine.vector_of(args[0], span):
        return []
    return [Sample(_equalities(args[0]), 1.0)]


def _absent_over_time(engine: Engine, args: list[Any], span: Span) -> Vector:
    if engine.has_samples(args[0], span):
        return []
    return [Sample(_equalities(getattr(args[0], "vector_selector", None)), 1.0)]


def _equalities(selector: Any) -> dict[str, str]:
    if not isinstance(selector, parser.VectorSelector):
        return {}
    equal = [m for m in selector.matchers.matchers if m.op == parser.MatchOp.Equal and m.name != "__name__"]
    return {m.name: m.value for m in equal}


def _histogram(engine: Engine, args: list[Any], span: Span) -> Vector:
    q = as_number(engine.value_of(args[0], span))
    groups: dict[LabelSet, list[tuple[float, float]]] = defaultdict(list)
    for sample in engine.vector_of(args[1], span):
        bound = sample.labels.get("le")
        if bound is not None:
            rest = {k: v for k, v in sample.labels.items() if k not in ("le", "__name__")}
            groups[frozenset(rest.items())].append((float(bound.replace("+Inf", "inf")), sample.value))
    return [Sample(dict(labels), histogram_quantile(q, buckets)) for labels, buckets in groups.items()]


def _label_replace(engine: Engine, args: list[Any], span: Span) -> Vector:
    target, replacement, source, pattern = (str(engine.value_of(arg, span)) for arg in args[1:5])
    try:
        expression = re.compile(f"(?:{pattern})")
    except re.error as error:
        raise QueryError(f"invalid regular expression in label_replace(): {pattern}", "execution") from error
    template = re.sub(r"\$\{?(\d+)\}?", r"\\g<\1>", replacement)
    result = []
    for sample in engine.vector_of(args[0], span):
        match = expression.fullmatch(sample.labels.get(source, ""))
        labels = dict(sample.labels)
        if match:
            value = match.expand(template)
            labels = {**labels, target: value} if value else {k: v for k, v in labels.items() if k != target}
        result.append(Sample(labels, sample.value))
    return result


def _label_join(engine: Engine, args: list[Any], span: Span) -> Vector:
    target, separator, *sources = (str(engine.value_of(arg, span)) for arg in args[1:])
    return [
        Sample({**s.labels, target: separator.join(s.labels.get(name, "") for name in sources)}, s.value)
        for s in engine.vector_of(args[0], span)
    ]


def _scalar(engine: Engine, args: list[Any], span: Span) -> float:
    samples = engine.vector_of(args[0], span)
    return samples[0].value if len(samples) == 1 else math.nan


def _sorted(reverse: bool) -> Callable[[Engine, list[Any], Span], Vector]:
    return lambda engine, args, span: sorted(engine.vector_of(args[0], span), key=lambda s: s.value, reverse=reverse)


def _timestamp(engine: Engine, args: list[Any], span: Span) -> Vector:
    return [Sample(without_name(s.labels), span.at) for s in engine.vector_of(args[0], span)]


_SPECIAL: dict[str, Callable[[Engine, list[Any], Span], Value]] = {
    "absent": _absent,
    "absent_over_time": _absent_over_time,
    "histogram_quantile": _histogram,
    "label_replace": _label_replace,
    "label_join": _label_join,
    "scalar": _scalar,
    "vector": lambda engine, args, span: [Sample({}, as_number(engine.value_of(args[0], span)))],
    "time": lambda engine, args, span: span.at,
    "timestamp": _timestamp,
    "sort": _sorted(False),
    "sort_desc": _sorted(True),
}


def _moment(tree: Any, span: Span) -> float:
    """The time at which a selector looks: `@` and `offset`."""
    at, offset = tree.at, tree.offset
    moment = span.at
    if at is not None:
        if at.type == parser.AtModifierType.Start:
            moment = span.start
        elif at.type == parser.AtModifierType.End:
            moment = span.end
        else:
            moment = at.at.timestamp()
    return moment - (offset.total_seconds() if offset is not None else 0.0)
