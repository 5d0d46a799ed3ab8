"""How long lines are broken in a terminal, and left alone elsewhere."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwright.surfaces.terminal.painting import Painter, fold

TABLE = (
    "1m37s ago  1      Normal  ScalingReplicaSet  Deployment/cart  Scaled up replica set cart-7b8f54ddcb from 2 to 3"
)


def test_prose_is_broken_between_words_under_its_own_indent() -> None:
    text = "   error, confidence 92%; to edit: Deployment recommendations in shop, field spec.template"
    assert fold(text, 60) == [
        "   error, confidence 92%; to edit: Deployment",
        "     recommendations in shop, field spec.template",
    ]


def test_a_row_is_broken_within_its_last_column() -> None:
    first, second = fold(TABLE, 100)
    assert first.endswith("set cart-7b8f54ddcb")
    assert second == " " * TABLE.index("Scaled") + "from 2 to 3"


@given(st.text(st.sampled_from("ab -.[]/"), max_size=300), st.integers(20, 120))
def test_nothing_but_blanks_is_lost_and_every_piece_fits(line: str, width: int) -> None:
    pieces = fold(line, width)
    assert all(len(piece) <= width for piece in pieces)
    assert "".join(pieces).replace(" ", "") == line.replace(" ", "")


@pytest.mark.parametrize("text", [TABLE * 3, "x" * 500])
def test_a_pipe_gets_lines_as_they_are(text: str) -> None:
    out = io.StringIO()
    Painter(out, width=40).answer(text)
    assert out.getvalue() == text + "\n"
