"""Alerting rules as common monitoring stacks have them, evaluated when somebody asks."""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from cloudwright.twin.telemetry.promql import Engine
from cloudwright.twin.telemetry.vectors import QueryError, Sample

STEP = 30.0
HORIZON = 3600.0


@dataclass(frozen=True)
class Rule:
    """One alerting rule: an expression that holds for some seconds."""

    group: str
    name: str
    expression: str
    hold: float
    severity: str
    summary: str


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, from the package's file."""
    text = (resources.files("cloudwright.twin.telemetry") / "rules.yaml").read_text()
    return tuple(Rule(**entry) for entry in yaml.safe_load(text))


@dataclass(frozen=True)
class Alert:
    """An alert of a rule: its labels, its value, and since when its expression holds."""

    rule: Rule
    labels: dict[str, str]
    value: float
    since: float
    firing: bool


def alerts(engine: Engine, moment: float) -> list[Alert]:
    """All pending and firing alerts at a moment."""
    found = []
    for rule in rules():
        for sample in _samples(engine, rule.expression, moment):
            labels = {key: value for key, value in sample.labels.items() if key != "__name__"}
            since = _since(engine, rule, labels, moment)
            found.append(Alert(rule, labels, sample.value, since, moment - since >= rule.hold))
    return found


def _samples(engine: Engine, expression: str, moment: float) -> list[Sample]:
    try:
        value = engine.instant(expression, moment)
    except QueryError:
        return []
    return [each for each in value if isinstance(each, Sample)] if isinstance(value, list) else []


def _since(engine: Engine, rule: Rule, labels: dict[str, str], moment: float) -> float:
    """When the expression began to hold without a break (at most an hour back)."""
    since = moment
    while moment - since < min(HORIZON, rule.hold + 600):
        earlier = since - STEP
        rows = _samples(engine, rule.expression, earlier)
        if not any({k: v for k, v in row.labels.items() if k != "__name__"} == labels for row in rows):
            break
        since = earlier
    return since
