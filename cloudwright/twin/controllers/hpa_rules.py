"""The arithmetic of the horizontal autoscaler: replica counts from measurements, limits on the speed of change."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cloudwright.twin.controllers.base import Metrics
from cloudwright.twin.objects import (
    Raw,
    condition_of,
    is_deleting,
    name_of,
    pod_phase,
    seconds,
    status_of,
)
from cloudwright.twin.server.quantity import parse

TOLERANCE = 0.1


class NoMetric(Exception):
    """A metric cannot be computed; the text is the message for the user."""


@dataclass(frozen=True)
class Proposal:
    """A replica count from one metric: percentage of the request (or None) and average use in milli-units."""

    replicas: int
    utilization: int | None
    average: int


@dataclass(frozen=True)
class Timing:
    """Periods after a pod's start during which its CPU use is not believed, in seconds."""

    cpu_initialization: float
    initial_readiness: float


@dataclass(frozen=True)
class Sample:
    """Use of one pod in milli-units, at a time, over a window in seconds."""

    value: int
    timestamp: float
    window: float


@dataclass
class _Groups:
    ready: int = 0
    unready: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)


def samples(
    metrics: Metrics | None, resource: str, namespace: str, names: set[str], container: str
) -> dict[str, Sample]:
    """Use of the named pods.

    Raises:
        NoMetric: there is no metrics API, or it has nothing about these pods.
    """
    if metrics is None:
        raise NoMetric(
            "unable to fetch metrics from resource metrics API: the server could not find the requested resource "
            "(get pods.metrics.k8s.io)"
        )
    found = {}
    for pod in metrics.pod_stats():
        if pod.namespace == namespace and pod.name in names:
            uses = [use for name, use in pod.containers.items() if container in ("", name)]
            value = sum(use.cpu * 1000 if resource == "cpu" else use.memory * 1000 for use in uses)
            found[pod.name] = Sample(int(value), pod.timestamp, pod.window)
    if not found:
        raise NoMetric("no metrics returned from resource metrics API")
    return found


def from_utilization(
    current: int,
    target: int,
    resource: str,
    pods: Sequence[Raw],
    use: dict[str, Sample],
    container: str,
    timing: Timing,
    now: float,
) -> Proposal:
    """Replicas so that average use is `target` percent of the requests.

    Raises:
        NoMetric: no pod, no usable sample, or a container without a request.
    """
    groups, use = _usable(pods, use, resource, timing, now)
    requests = {name_of(pod): _request(pod, resource, container) for pod in pods if not is_deleting(pod)}
    ratio, percent, average = _ratio({name: each.value for name, each in use.items()}, requests, target)

    def again(values: Mapping[str, int]) -> float:
        return _ratio(values, requests, target)[0]

    fallback = {name: requests.get(name, 0) * max(100, target) // 100 for name in groups.missing}
    return Proposal(_decide(current, groups, use, ratio, fallback, again), percent, average)


def from_average(
    current: int, target: int, resource: str, pods: Sequence[Raw], use: dict[str, Sample], timing: Timing, now: float
) -> Proposal:
    """Replicas so that average use is `target` milli-units.

    Raises:
        NoMetric: no pod or no usable sample.
    """
    groups, use = _usable(pods, use, resource, timing, now)

    def ratio_of(values: Mapping[str, int]) -> float:
        return sum(values.values()) / len(values) / target

    values = {name: each.value for name, each in use.items()}
    fallback = dict.fromkeys(groups.missing, target)
    replicas = _decide(current, groups, use, ratio_of(values), fallback, ratio_of)
    return Proposal(replicas, None, sum(values.values()) // len(values))


def _usable(
    pods: Sequence[Raw], use: dict[str, Sample], resource: str, timing: Timing, now: float
) -> tuple[_Groups, dict[str, Sample]]:
    if not pods:
        raise NoMetric("no pods returned by selector while calculating replica count")
    groups = _group(pods, use, resource, timing, now)
    use = {name: each for name, each in use.items() if name not in groups.ignored | groups.unready}
    if not use:
        raise NoMetric("did not receive metrics for targeted pods (pods might be unready)")
    return groups, use


def _group(pods: Sequence[Raw], use: Mapping[str, Sample], resource: str, timing: Timing, now: float) -> _Groups:
    groups = _Groups()
    for pod in pods:
        name = name_of(pod)
        if is_deleting(pod) or pod_phase(pod) == "Failed":
            groups.ignored.add(name)
        elif pod_phase(pod) == "Pending":
            groups.unready.add(name)
        elif name not in use:
            groups.missing.add(name)
        elif resource == "cpu" and _is_unready(pod, use[name], timing, now):
            groups.unready.add(name)
        else:
            groups.ready += 1
    return groups


def _is_unready(pod: Raw, sample: Sample, timing: Timing, now: float) -> bool:
    condition, started = condition_of(pod, "Ready"), status_of(pod).get("startTime")
    if condition is None or started is None:
        return True
    since = seconds(condition.get("lastTransitionTime"))
    if seconds(started) + timing.cpu_initialization > now:
        return condition["status"] == "False" or sample.timestamp < since + sample.window
    return condition["status"] == "False" and seconds(started) + timing.initial_readiness > since


def _request(pod: Raw, resource: str, container: str) -> int:
    total = Decimal(0)
    for each in pod["spec"].get("containers") or ():
        if container and each["name"] != container:
            continue
        text = ((each.get("resources") or {}).get("requests") or {}).get(resource)
        if text is None:
            where = f"container {each['name']} of Pod {name_of(pod)}"
            raise NoMetric(f"missing request for {resource} in {where}")
        total += parse(text) * 1000
    return int(total)


def _ratio(values: Mapping[str, int], requests: Mapping[str, int], target: int) -> tuple[float, int, int]:
    """(use relative to the target, percentage of the requests, average use)."""
    counted = [name for name in values if name in requests]
    asked = sum(requests[name] for name in counted)
    if not asked:
        raise NoMetric("no metrics returned matched known pods")
    used = sum(values[name] for name in counted)
    percent = used * 100 // asked
    return percent / target, percent, used // len(counted)


def _decide(
    current: int, groups: _Groups, use: Mapping[str, Sample], ratio: float, fallback: Mapping[str, int], again: Any
) -> int:
    """Be careful with pods that have not reported: assume what argues against the change."""
    with_unready = bool(groups.unready) and ratio > 1.0
    if not with_unready and not groups.missing:
        return current if _within(ratio) else math.ceil(ratio * groups.ready)
    values = {name: each.value for name, each in use.items()}
    if ratio < 1.0:
        values |= fallback
    elif ratio > 1.0:
        values |= dict.fromkeys(groups.missing, 0)
    if with_unready:
        values |= dict.fromkeys(groups.unready, 0)
    second: float = again(values)
    if _within(second) or (ratio < 1.0 < second) or (second < 1.0 < ratio):
        return current
    replicas = math.ceil(second * len(values))
    turned = (second < 1.0 and replicas > current) or (second > 1.0 and replicas < current)
    return current if turned else replicas


def _within(ratio: float) -> bool:
    return 1.0 - TOLERANCE <= ratio <= 1.0 + TOLERANCE


@dataclass
class Memory:
    """What the autoscaler remembers of one target: recommendations and changes with their times."""

    recommendations: list[tuple[float, int]] = field(default_factory=list)
    changes: list[tuple[float, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Limited:
    """A count within limits, with the reasons for the conditions AbleToScale and ScalingLimited."""

    replicas: int
    able: tuple[str, str]
    limited: bool
    reason: str
    message: str


def normalize(memory: Memory, current: int, proposed: int, low: int, high: int, now: float, window: float) -> Limited:
    """Stabilise and bound a count by the built-in rules."""
    recent = [count for moment, count in memory.recommendations if moment >= now - window]
    stable = max([proposed, *recent])
    memory.recommendations = [each for each in memory.recommendations if each[0] >= now - window] + [(now, proposed)]
    able = _stabilized("ScaleDown", "higher", "highest") if stable != proposed else _READY
    ceiling = max(2 * current, 4)
    top, why = (ceiling, "ScaleUpLimit") if ceiling < high else (high, "TooManyReplicas")
    return _bounded(stable, low, top, why, able)


def normalize_by_behavior(
    memory: Memory, behavior: Raw, current: int, proposed: int, low: int, high: int, now: float, window: float
) -> Limited:
    """Stabilise and bound a count by `spec.behavior`."""
    up, down = behavior.get("scaleUp") or {}, behavior.get("scaleDown") or {}
    up_window, down_window = up.get("stabilizationWindowSeconds", 0), down.get("stabilizationWindowSeconds", window)
    recent = memory.recommendations
    floor = min([proposed, *(count for moment, count in recent if moment > now - up_window)])
    ceiling = max([proposed, *(count for moment, count in recent if moment > now - down_window)])
    longest = max(up_window, down_window)
    memory.recommendations = [each for each in recent if each[0] > now - longest] + [(now, proposed)]
    stable = min(max(current, floor), ceiling) if floor <= ceiling else proposed
    able = _READY
    if stable != proposed:
        falling = proposed < stable
        able = _stabilized("ScaleDown", "higher", "highest") if falling else _stabilized("ScaleUp", "lower", "lowest")
    if stable > current:
        limit = max(current, _allowed(up, memory, current, now, _UP, rising=True))
        top, why = (limit, "ScaleUpLimit") if limit < high else (high, "TooManyReplicas")
        return _bounded(stable, low, top, why, able)
    if stable < current:
        limit = min(current, _allowed(down, memory, current, now, _DOWN, rising=False))
        bottom, why = (limit, "ScaleDownLimit") if limit > low else (low, "TooFewReplicas")
        return _bounded(stable, bottom, high, "TooManyReplicas", able, low_reason=why)
    return _bounded(stable, low, high, "TooManyReplicas", able)


_UP: Sequence[Raw] = (
    {"type": "Pods", "value": 4, "periodSeconds": 15},
    {"type": "Percent", "value": 100, "periodSeconds": 15},
)
_DOWN: Sequence[Raw] = ({"type": "Percent", "value": 100, "periodSeconds": 15},)
_READY = ("ReadyForNewScale", "recommended size matches current size")


def _stabilized(word: str, compared: str, chosen: str) -> tuple[str, str]:
    message = f"recent recommendations were {compared} than current one, applying the {chosen} recent recommendation"
    return f"{word}Stabilized", message


def _allowed(rules: Raw, memory: Memory, current: int, now: float, default: Sequence[Raw], *, rising: bool) -> int:
    select = rules.get("selectPolicy", "Max")
    if select == "Disabled":
        return current
    limits = []
    for policy in rules.get("policies") or default:
        since = now - policy["periodSeconds"]
        moved = sum(change for moment, change in memory.changes if moment > since and (change > 0) == rising)
        start = current - moved
        if policy["type"] == "Pods":
            limits.append(start + policy["value"] if rising else start - policy["value"])
        else:
            factor = 1 + policy["value"] / 100 if rising else 1 - policy["value"] / 100
            limits.append(math.ceil(start * factor) if rising else int(start * factor))
    widest = (select == "Max") == rising
    return int(max(limits) if widest else min(limits))


def _bounded(
    count: int, low: int, high: int, high_reason: str, able: tuple[str, str], low_reason: str = "TooFewReplicas"
) -> Limited:
    texts = {
        "TooFewReplicas": "the desired replica count is less than the minimum replica count",
        "TooManyReplicas": "the desired replica count is more than the maximum replica count",
        "ScaleUpLimit": "the desired replica count is increasing faster than the maximum scale rate",
        "ScaleDownLimit": "the desired replica count is decreasing faster than the maximum scale rate",
    }
    if count < low:
        return Limited(low, able, True, low_reason, texts[low_reason])
    if count > high:
        return Limited(high, able, True, high_reason, texts[high_reason])
    return Limited(count, able, False, "DesiredWithinRange", "the desired count is within the acceptable range")
