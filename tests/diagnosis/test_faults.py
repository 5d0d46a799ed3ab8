"""Every fault is found as one cause with its object and field; healthy look-alikes give none."""

import pytest

from cloudwright.core.finding import Severity
from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.model import Cause
from cloudwright.diagnosis.view import ClusterView
from cloudwright.tools.catalog import every_tool
from tests.diagnosis.cases import Expected, faults, healthy

FAULTS = list(faults())
HEALTHY = list(healthy())


def serious(view: ClusterView) -> list[Cause]:
    result = investigate(view)
    assert result.gaps == ()
    return [item for item in result.causes if item.severity is not Severity.INFO]


@pytest.mark.parametrize(
    ("view", "expected"),
    [pytest.param(view, expected, id=f"{name}-{index}") for index, (name, view, expected) in enumerate(FAULTS)],
)
def test_a_fault_is_the_first_cause_with_its_object_and_field(view: ClusterView, expected: Expected) -> None:
    causes = serious(view)
    assert causes, "nothing was found"
    kind, target, name, field = expected
    assert (causes[0].kind, causes[0].object.kind, causes[0].object.name) == (kind, target, name)
    assert causes[0].field.startswith(field)


def test_one_fault_gives_one_cause_in_nine_of_ten_clusters() -> None:
    single = [len(serious(view)) == 1 for _, view, _ in FAULTS]
    assert sum(single) >= 0.9 * len(single), [name for (name, _, _), one in zip(FAULTS, single, strict=True) if not one]


@pytest.mark.parametrize("view", [pytest.param(view, id=name) for name, view in HEALTHY])
def test_a_healthy_cluster_has_no_cause(view: ClusterView) -> None:
    assert [(item.kind, item.claim) for item in serious(view)] == []


def test_there_are_enough_healthy_states() -> None:
    assert len(HEALTHY) >= 30


@pytest.mark.parametrize(
    ("view", "expected"),
    [pytest.param(view, expected, id=f"{name}-{index}") for index, (name, view, expected) in enumerate(FAULTS)],
)
def test_remedies_are_calls_that_the_catalogue_accepts(view: ClusterView, expected: Expected) -> None:
    tools = {item.name: item for item in every_tool()}
    for cause in investigate(view).causes:
        for remedy in cause.remedies:
            for call in remedy.calls:
                tools[call.tool].parse(call.arguments)
