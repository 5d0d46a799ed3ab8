"""Tables in a budget: wide cells go before rows, and names stay whole."""

import re

from hypothesis import given
from hypothesis import strategies as st

from cloudwright.core.result import Rows

NAME = "recommendations-6cd768bf5b-znrbz"


def table(message: int, count: int = 10) -> Rows:
    return Rows(columns=("name", "message"), rows=tuple((f"{NAME}{row}", "x" * message) for row in range(count)))


def test_what_fits_is_shown_whole() -> None:
    assert "x" * 300 in table(300).body(6_000)


def test_wide_cells_are_cut_before_rows_are() -> None:
    body = table(600).body(3_500)
    assert len(body.splitlines()) == 12
    assert "not shown" not in body
    assert body.count("…") == 11
    assert all(f"{NAME}{row}" in body for row in range(10))


def test_a_wide_cell_is_whole_as_long_as_the_whole_fits_and_named_where_it_is_cut() -> None:
    env = " ".join(f"VARIABLE_{number}=value" for number in range(60))
    rows = (("checkout", env, "ready"), *((f"{NAME}{number}", "A=1", "ready") for number in range(9)))
    whole = Rows(columns=("name", "env", "status"), rows=rows)
    assert env in whole.body(3_500)
    cut = whole.body(1_200)
    assert env not in cut
    assert "VARIABLE_20=value" in cut
    assert cut.endswith("… cut cells: env of checkout")
    assert len(cut) <= 1_200


def test_rows_that_do_not_fit_even_then_are_counted() -> None:
    body = table(600, count=100).body(3_500)
    assert body.endswith("… 100 cells cut in message")
    shown = len(body.splitlines()) - 3
    assert f"… {100 - shown} more rows" in body
    assert shown > 25


CUT = r"… (?:cut cells: .*|\d+ cells cut in [ab, ]+)"
CELLS = st.text(alphabet="ab-…", min_size=1, max_size=300)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1), st.integers(200, 5_000))
def test_a_body_keeps_its_budget_and_counts_every_row(rows: list[tuple[str, str]], budget: int) -> None:
    body = Rows(columns=("a", "b"), rows=tuple(rows)).body(budget)
    assert len(body) <= budget + 150
    lines = [line for line in body.split("\n")[1:] if not re.fullmatch(CUT, line)]
    left_out = re.fullmatch(r"… (\d+) more rows not shown", lines[-1])
    assert (len(lines) - 1 + int(left_out[1]) if left_out else len(lines)) == len(rows)


def test_a_table_that_only_lost_blanks_leaves_nothing_out() -> None:
    rows = Rows(columns=("a", "b"), rows=(("x" * 200, "1"), *((str(n), "y" * 20) for n in range(20))), total=21)
    assert rows.body(2_000) != rows.body(20_000)
    assert rows.left_out(2_000) == (0, "")
    lost, cut = rows.left_out(300)
    assert lost > 0
    assert cut == "… 1 cells cut in a"
    assert rows.model_copy(update={"total": 30}).left_out(2_000)[0] == 9
