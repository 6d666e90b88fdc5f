"""The record of a table for publication: display text with its raw values; every format is written from it alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from painsynth.errors import PainsynthError

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN = "\N{EM DASH}"  # not the en dash of formats.MISSING, which stands for a number that does not exist
ALIGNMENTS = ("left", "center", "right")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Cell:
    """What a reader sees in one cell: text, perhaps a link, perhaps marks of footnotes (positions in the table's)."""

    text: str
    url: str = ""
    marks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Column:
    """One column: its label, the spanner above it, its side, its share of the page's width (any unit)."""

    label: str
    align: str = "left"
    spanner: str = ""
    width: float = 1.0


@dataclass(frozen=True)
class Row:
    """One row: its cells, the group it stands under, and whether it is set in bold."""

    cells: tuple[Cell, ...]
    group: str = ""
    strong: bool = False


@dataclass(frozen=True, eq=False)
class Table:
    """A table for publication: title, columns, rows of display text, notes, and the raw values behind the text.

    Shows itself in a notebook; `save_table` writes it. The first column names the row.

    Attributes
    ----------
    title, subtitle : str
    columns : tuple of Column
        Neighbours with the same spanner stand under one heading.
    rows : tuple of Row
        Rows of one group follow each other; either every row has a group or none.
    raw : DataFrame
        One row per row of the table: full precision, codes as in the data files; what a CSV holds.
    footnotes : tuple of str
        In the order of their letters; a cell points to them by position.
    notes : tuple of str
        Sentences under the table: scale, method, abbreviations.

    Raises
    ------
    PainsynthError
        When the parts do not fit together.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    raw: pd.DataFrame = field(repr=False)
    subtitle: str = ""
    footnotes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problems = [*_misfits(self), *_split_groups([row.group for row in self.rows])]
        if problems:
            raise PainsynthError(f"table '{self.title}': {'; '.join(problems)}")

    def __str__(self) -> str:
        return f"{self.title} ({len(self.rows)} rows, {len(self.columns)} columns)"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from painsynth.tables.html import fragment

        return fragment(self)

    def as_raw_html(self) -> str:
        """HTML for another page, with its own style sheet: no script, no request, ids that depend on the content."""
        return self._repr_html_()

    @property
    def identifier(self) -> str:
        """Prefix of every id in HTML: the same for the same content, another for another table on the page."""
        content = repr((self.title, self.subtitle, self.columns, self.rows, self.footnotes, self.notes))
        return f"table-{hashlib.sha256(content.encode()).hexdigest()[:10]}"

    @property
    def wide(self) -> bool:
        """Whether paper should be turned."""
        return len(self.columns) > 8

    def groups(self) -> list[tuple[str, list[Row]]]:
        """Rows by group, in order; one group without a name when there are none."""
        return [(name, list(rows)) for name, rows in groupby(self.rows, lambda row: row.group)]

    def spanners(self) -> list[tuple[str, int, int]]:
        """Spanners with the first column and the number of columns they stand over; unnamed ones included."""
        found, at = [], 0
        for name, columns in groupby(self.columns, lambda column: column.spanner):
            count = len(list(columns))
            found.append((name, at, count))
            at += count
        return found


def mark(position: int) -> str:
    """Letter of a footnote: a to z, then aa, ab ...

    Examples
    --------
    >>> mark(0), mark(25), mark(26)
    ('a', 'z', 'aa')
    """
    return _LETTERS[position] if position < len(_LETTERS) else mark(position // 26 - 1) + _LETTERS[position % 26]


def marks_of(cell: Cell) -> str:
    """Marks of a cell as they are printed, e.g. `a,c`."""
    return ",".join(mark(position) for position in cell.marks)


def _misfits(table: Table) -> list[str]:
    problems = []
    if not table.columns or not table.rows:
        problems.append("there is no row, so there is nothing to print" if table.columns else "there is no column")
    if len(table.raw) != len(table.rows):
        problems.append(f"{len(table.rows)} rows are shown, {len(table.raw)} are in the raw values")
    for number, row in enumerate(table.rows, start=1):
        if len(row.cells) != len(table.columns):
            problems.append(f"row {number} has {len(row.cells)} cells under {len(table.columns)} columns")
        if any(position not in range(len(table.footnotes)) for cell in row.cells for position in cell.marks):
            problems.append(f"row {number} points to a footnote that is not there")
    wrong = [column.label for column in table.columns if column.align not in ALIGNMENTS or not column.width > 0]
    return problems + [f"column '{label}' has an unknown alignment or no width" for label in wrong]


def _split_groups(names: Sequence[str]) -> list[str]:
    runs = [name for name, _ in groupby(names)]
    problems = [f"the rows of group '{name}' are apart" for name in dict.fromkeys(runs) if runs.count(name) > 1]
    return [*problems, "some rows have a group and some have none"] if "" in runs and len(runs) > 1 else problems
