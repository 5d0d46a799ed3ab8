"""PromQL functions over ranges of samples and over values (semantics of Prometheus 3)."""

import itertools
import math
import statistics
from collections.abc import Callable, Sequence

Samples = Sequence[tuple[float, float]]


def extrapolated(samples: Samples, start: float, end: float, *, counter: bool, per_second: bool) -> float | None:
    """`rate`, `increase` and `delta`: the change over a range, extrapolated to its borders as Prometheus does."""
    if len(samples) < 2:
        return None
    first, last = samples[0], samples[-1]
    change = last[1] - first[1]
    if counter:
        change += sum(a[1] for a, b in itertools.pairwise(samples) if b[1] < a[1])
    covered = last[0] - first[0]
    spacing = covered / (len(samples) - 1)
    before, after = first[0] - start, end - last[0]
    threshold = spacing * 1.1
    if before >= threshold:
        before = spacing / 2
    if counter and change > 0 and first[1] >= 0:
        before = min(before, covered * first[1] / change)
    if after >= threshold:
        after = spacing / 2
    factor = (covered + before + after) / covered
    return change * factor / ((end - start) if per_second else 1.0)


def instant_change(samples: Samples, *, counter: bool) -> float | None:
    """`irate` (per second) and, without counter, `idelta`."""
    if len(samples) < 2:
        return None
    (t0, v0), (t1, v1) = samples[-2], samples[-1]
    if not counter:
        return v1 - v0
    change = v1 if v1 < v0 else v1 - v0
    return change / (t1 - t0)


def slope(samples: Samples, moment: float) -> tuple[float, float] | None:
    """Least squares: slope per second and the value at `moment`."""
    if len(samples) < 2:
        return None
    xs, ys = [t - moment for t, _ in samples], [v for _, v in samples]
    if len(set(ys)) == 1:
        return 0.0, ys[0]
    result = statistics.linear_regression(xs, ys)
    return result.slope, result.intercept


def quantile(q: float, values: Sequence[float]) -> float:
    """The q-quantile with linear interpolation."""
    if not values:
        return math.nan
    if q < 0 or q > 1 or math.isnan(q):
        return -math.inf if q < 0 else math.inf if q > 1 else math.nan
    ordered = sorted(values)
    rank = q * (len(ordered) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def histogram_quantile(q: float, buckets: Sequence[tuple[float, float]]) -> float:
    """The q-quantile of a histogram given as (upper bound, cumulative count)."""
    ordered = sorted(buckets)
    if not ordered or not math.isinf(ordered[-1][0]) or len(ordered) < 2:
        return math.nan
    total = ordered[-1][1]
    if total == 0 or math.isnan(total):
        return math.nan
    if q < 0 or q > 1 or math.isnan(q):
        return -math.inf if q < 0 else math.inf if q > 1 else math.nan
    rank = q * total
    index = next(i for i, (_, count) in enumerate(ordered) if count >= rank or i == len(ordered) - 1)
    if index == len(ordered) - 1:
        return ordered[-2][0]
    low_bound, low_count = ordered[index - 1] if index else (0.0, 0.0)
    bound, count = ordered[index]
    if index == 0 and bound <= 0:
        return bound
    return low_bound + (bound - low_bound) * (rank - low_count) / (count - low_count) if count > low_count else bound


def changes(samples: Samples) -> float:
    """How often the value changed."""
    return float(sum(a[1] != b[1] for a, b in itertools.pairwise(samples)))


def resets(samples: Samples) -> float:
    """How often the value fell."""
    return float(sum(b[1] < a[1] for a, b in itertools.pairwise(samples)))


OVER_TIME: dict[str, Callable[[list[float]], float]] = {
    "avg_over_time": lambda values: math.fsum(values) / len(values),
    "sum_over_time": math.fsum,
    "min_over_time": min,
    "max_over_time": max,
    "count_over_time": lambda values: float(len(values)),
    "last_over_time": lambda values: values[-1],
    "present_over_time": lambda values: 1.0,
    "stddev_over_time": statistics.pstdev,
    "stdvar_over_time": statistics.pvariance,
}


def _round(value: float, to: float = 1.0) -> float:
    return math.floor(value / to + 0.5) * to if to else math.nan


def _log(value: float, function: Callable[[float], float]) -> float:
    return function(value) if value > 0 else -math.inf if value == 0 else math.nan


ELEMENTWISE: dict[str, Callable[..., float]] = {
    "abs": abs,
    "ceil": lambda v: float(math.ceil(v)) if math.isfinite(v) else v,
    "floor": lambda v: float(math.floor(v)) if math.isfinite(v) else v,
    "round": _round,
    "exp": math.exp,
    "ln": lambda v: _log(v, math.log),
    "log2": lambda v: _log(v, math.log2),
    "log10": lambda v: _log(v, math.log10),
    "sqrt": lambda v: math.sqrt(v) if v >= 0 else math.nan,
    "sgn": lambda v: float((v > 0) - (v < 0)),
    "clamp": lambda v, low, high: max(low, min(high, v)),
    "clamp_min": lambda v, low: max(low, v),
    "clamp_max": lambda v, high: min(high, v),
}


def divide(one: float, two: float) -> float:
    """IEEE division."""
    if two == 0:
        return math.nan if one == 0 or math.isnan(one) else math.copysign(math.inf, one) * math.copysign(1.0, two)
    return one / two


def modulo(one: float, two: float) -> float:
    """The remainder with the sign of the dividend, as in Go."""
    return math.fmod(one, two) if two and math.isfinite(one) else math.nan


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": divide,
    "%": modulo,
    "^": lambda a, b: float(a**b) if not (a == 0 and b < 0) else math.inf,
    "atan2": math.atan2,
}

COMPARISON: dict[str, Callable[[float, float], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
}
