"""Manifests are read as the field reads them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwright.core.errors import InvalidArguments
from cloudwright.tools.kubernetes.yaml_text import read_documents


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 2026-01-01", "2026-01-01"),
        ("a: 2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z"),
        ("a: 22:22", "22:22"),
        ("a: 1_000", "1_000"),
        ("a: 0644", 0o644),
        ("a: 0x1F", 31),
        ("a: 12", 12),
        ("a: -3", -3),
        ("a: 1.5", 1.5),
        ("a: 1e3", 1000.0),
        ("a: 1.2.3", "1.2.3"),
        ("a: 09", "09"),
        ("a: yes", True),
        ("a: null", None),
        ("a: |\n  x\n  y\n", "x\ny\n"),
    ],
)
def test_scalars_mean_what_they_mean_to_a_cluster(text: str, value: object) -> None:
    assert read_documents(text) == [{"a": value}]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\na: 2", "line 2, column 1: the key 'a' stands twice"),
        ("a: [1", "line 1"),
        ("a: !!python/object:os.system x", "could not determine a constructor"),
        ("a: !!binary aGk=", "bytes"),
        ("a: .inf", None),
        ("\t- a", "line 1"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(text: str, says: str | None) -> None:
    if says is None:
        assert read_documents(text) == [{"a": ".inf"}]
        return
    with pytest.raises(InvalidArguments) as caught:
        read_documents(text)
    assert says in str(caught.value)


def test_aliases_that_unfold_without_bounds_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(InvalidArguments, match="unfolds"):
        read_documents("\n".join(lines))


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(plain)
def test_every_json_text_is_read_as_json(value: object) -> None:
    assert read_documents(json.dumps({"a": value})) == [{"a": value}]
