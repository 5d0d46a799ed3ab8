"""What tools return: typed data with a rendered view that fits a budget, and a handle to the rest."""

import json
import re
import sys
from collections.abc import Mapping, Sequence

from pydantic import Field, JsonValue

from cloudwright.core.refs import Frozen, ObjectRef

DEFAULT_BUDGET = 6_000
"""Characters of a rendered result, unless told otherwise (about 1,500 tokens)."""


_WIDTHS = (2_000, 1_400, 1_000, 720, 500, 360, 240, 160, 100, 64)
"""Characters that a cell may keep, tried in turn until a table fits; names of objects stay whole."""


class Result(Frozen):
    """Base of every tool's output.

    `total` counts what matched, `shown` what is in here; `handle` names the whole in the `ResultStore`.
    `notes` say what is missing or was cut, one sentence each. `failure` says in a few words why what was run counts as
    failed although the call itself worked, such as "exit code 1".
    """

    total: int | None = None
    shown: int | None = None
    handle: str | None = None
    notes: tuple[str, ...] = ()
    failure: str = ""

    def body(self, budget: int) -> str:
        """The data as text of at most about `budget` characters."""
        return clip(json.dumps(self.model_dump(mode="json", exclude=set(Result.model_fields)), indent=1), budget)

    def render(self, budget: int = DEFAULT_BUDGET) -> str:
        """The body, and one line that says how much of the whole it is."""
        lines = [self.body(budget), *self.notes]
        if self.total is not None and self.shown is not None and self.shown < self.total:
            more = f"; the rest is in result {self.handle}" if self.handle else ""
            lines.append(f"{self.shown} of {self.total} shown{more}")
        return printable("\n".join(line for line in lines if line))


class Rows(Result):
    """A table. Cells are JSON scalars; `refs`, where given, name the object of each row; `empty` is said of no rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[JsonValue, ...], ...]
    refs: tuple[ObjectRef, ...] = ()
    empty: str = "none"

    def body(self, budget: int) -> str:
        """Aligned columns; where they do not fit, blanks between them go before the widest cells are cut, and cells
        before rows; last lines count the rows that are left out and name the cut cells."""
        if not self.rows:
            return self.empty
        lines, cut = self._fitted(budget)
        shown = clip_lines(lines, budget - len(cut))
        return f"{shown}\n{cut}" if cut else shown

    def left_out(self, budget: int) -> tuple[int, str]:
        """What the body does not show of what matched: how many rows, and which cells are cut ("" where none is)."""
        lines, cut = self._fitted(budget) if self.rows else ([], "")
        lost = len(lines) - fitting_lines(lines, budget - len(cut))
        return lost + max(0, (self.total or 0) - len(self.rows)), cut

    def _fitted(self, budget: int) -> tuple[list[str], str]:
        """The lines of the table as narrow as it has to be, not yet clipped, and the line that names the cut cells."""
        cells = [[cell_text(cell) for cell in row] for row in self.rows]
        room = budget - sum(map(len, self.columns)) - 2 * len(self.columns) * (len(cells) + 1)
        lengths = [len(cell) or 1 for row in cells for cell in row]
        for width in (sys.maxsize, *_WIDTHS):
            cut = self._cut(cells, width, budget // 4)
            if sum(min(each, width) for each in lengths) + len(cut) <= room:
                break
        narrowed = [[_narrow(cell, width) for cell in row] for row in cells]
        aligned = align(self.columns, narrowed)
        dense = ["  ".join(cell or "-" for cell in row) for row in (self.columns, *narrowed)]
        return next((lines for lines in (aligned, dense) if _size(lines) + len(cut) <= budget), aligned), cut

    def _cut(self, cells: Sequence[Sequence[str]], width: int, budget: int) -> str:
        """Which cells are longer than a width, as a line: by the first cells of their rows, or counted."""
        cut = [(row[0], self.columns[index]) for row in cells for index in range(len(row)) if len(row[index]) > width]
        if not cut:
            return ""
        named = f"… cut cells: {', '.join(f'{column} of {_narrow(name, width)}' for name, column in cut)}"
        columns = ", ".join(dict.fromkeys(column for _, column in cut))
        return named if len(named) <= budget else clip(f"… {len(cut)} cells cut in {columns}", budget)


class Document(Result):
    """One object or a free structure. `summary`, where given, says all of it in a sentence."""

    ref: ObjectRef | None = None
    content: JsonValue = None
    summary: str = ""

    def body(self, budget: int) -> str:
        """The summary, else the content as indented JSON, cut at the budget."""
        if self.summary:
            return clip(self.summary, budget)
        return clip(json.dumps(self.content, indent=1, ensure_ascii=False), budget)


class Lines(Result):
    """Text in lines, such as logs or a description, oldest first."""

    lines: tuple[str, ...] = ()

    def body(self, budget: int) -> str:
        """The last lines that fit."""
        kept: list[str] = []
        used = 0
        for line in reversed(self.lines):
            used += len(line) + 1
            if used > budget and kept:
                kept.append(f"… {len(self.lines) - len(kept)} earlier lines not shown")
                break
            kept.append(line[:budget])
        return "\n".join(reversed(kept))


class Changed(Result):
    """The outcome of a change: what was done, in one sentence, and to which objects."""

    summary: str
    refs: tuple[ObjectRef, ...] = ()
    data: Mapping[str, JsonValue] = Field(default_factory=dict)

    def body(self, budget: int) -> str:
        """The sentence."""
        return clip(self.summary, budget)


_CONTROL = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)|"
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]",
    re.DOTALL,
)


def printable(text: str) -> str:
    """`text` without what drives a terminal or turns its direction: escape sequences, control and bidi characters."""
    return _CONTROL.sub("", text)


def clip(text: str, budget: int) -> str:
    """`text`, cut to about `budget` characters with a mark that says how much was left out."""
    return text if len(text) <= budget else f"{text[:budget]}\n… {len(text) - budget} more characters not shown"


def clip_lines(lines: Sequence[str], budget: int) -> str:
    """As many whole lines as fit into `budget` characters, and a count of the others."""
    kept = fitting_lines(lines, budget)
    more = [f"… {len(lines) - kept} more rows not shown"] if kept < len(lines) else []
    return "\n".join([*lines[:kept], *more]).rstrip("\n")


def fitting_lines(lines: Sequence[str], budget: int) -> int:
    """How many whole lines fit into `budget` characters; the first always counts as one that does."""
    used = 0
    for index, line in enumerate(lines):
        if used + len(line) > budget and index:
            return index
        used += len(line) + 1
    return len(lines)


def align(columns: Sequence[str], rows: Sequence[Sequence[JsonValue]]) -> list[str]:
    """Header and rows as left-aligned columns, two blanks apart."""
    table = [list(columns), *([cell_text(cell) for cell in row] for row in rows)]
    widths = [max(len(row[index]) for row in table) for index in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def _size(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _narrow(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def cell_text(cell: JsonValue) -> str:
    """One cell on one line."""
    if cell is None:
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
    return " ".join(text.split()) if "\n" in text else text
