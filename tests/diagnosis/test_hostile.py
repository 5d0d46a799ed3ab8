"""Objects of any shape never crash a check, the graph, the ranking or a renderer."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudwright.diagnosis.fields import matches, moment, quantity
from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.load.live import reduce_object
from cloudwright.diagnosis.render import page, text
from cloudwright.diagnosis.view import ClusterView, index_objects
from tests.diagnosis.cases import faults
from tests.diagnosis.world import ALL_KINDS, NOW

SCALARS = st.none() | st.booleans() | st.integers(-5, 10**10) | st.text(max_size=8) | st.floats(allow_nan=True)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
BODIES = [item for _, view, _ in faults() for items in view.objects.values() for item in items]


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += paths(item, (*path, key))
    return found


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy with one place replaced."""
    if not path:
        return new
    if isinstance(value, dict):
        return {key: replaced(item, path[1:], new) if key == path[0] else item for key, item in value.items()}
    return [replaced(item, path[1:], new) if index == path[0] else item for index, item in enumerate(value)]


@st.composite
def clusters(draw: st.DrawFn) -> ClusterView:
    """Objects of the fault fixtures, each with some field replaced by anything."""
    chosen = draw(st.lists(st.sampled_from(BODIES), min_size=1, max_size=5))
    broken = []
    for item in chosen:
        for _ in range(draw(st.integers(0, 3))):
            item = replaced(item, draw(st.sampled_from(paths(item))), draw(VALUES))
        broken.append(item)
    kept = [one for item in broken if isinstance(item, dict) and (one := reduce_object(item)) is not None]
    return ClusterView(objects=index_objects(kept), collected_at=NOW, complete=ALL_KINDS)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(clusters())
def test_no_check_fails_on_any_object(view: ClusterView) -> None:
    result = investigate(view)
    assert result.gaps == ()
    assert text.text(result)
    assert page.page(view, result).startswith("<!doctype html>")


def test_a_failing_check_is_a_gap_and_the_others_go_on() -> None:
    def broken(view: ClusterView) -> list[Any]:
        raise RuntimeError("no")

    _, view, _ = next(iter(faults()))
    from cloudwright.diagnosis.checks.table import CHECKS

    result = investigate(view, checks=[broken, *CHECKS])
    assert len(result.gaps) == 1
    assert "RuntimeError" in result.gaps[0]
    assert result.causes


@given(VALUES, VALUES)
def test_primitive_readers_take_anything(left: Any, right: Any) -> None:
    quantity(left)
    moment(str(left))
    matches(left, {"a": "b"})
    matches({"matchExpressions": right}, {"a": "b"})
