"""How many trials and patients stand in each cell of two moderators: where a difference could come from."""

from __future__ import annotations

import pandas as pd

from painsynth.errors import PainsynthError
from painsynth.judgement.differences import grouping
from painsynth.plots.words import plain, sentence_case
from painsynth.tables.record import Column, Row, Table
from painsynth.tables.writing import plain_cells, sentences

_NOTE = "Comparisons, and the patients in them; both sides of a paired patient count once"
_ALONE = "A cell with one comparison is a single trial, not a synthesis"


def crossing_table(effects: pd.DataFrame, by: str, *, title: str = "") -> Table:
    """Table of comparisons and patients by two moderators.

    Parameters
    ----------
    effects : DataFrame
        Comparisons or effects.
    by : str
        Two columns joined by ``+``; for one column the second is the comparator (or, for the comparator, the source).
    title : str

    Returns
    -------
    Table
        Rows are the first column, columns the second, the most frequent first; an empty cell stays empty.

    Raises
    ------
    PainsynthError
        When there is no comparison, or a column is not in the table.

    Examples
    --------
    >>> table = pd.DataFrame({"msc_source": ["adipose"] * 2, "product": ["svf"] * 2, "n1i": [9, 9], "n2i": [9, 9]})
    >>> [cell.text for cell in crossing_table(table, "msc_source+product").rows[0].cells]
    ['Adipose', '2 (36)', '2 (36)']
    """
    names = [*by.split("+"), "msc_source" if by == "comparator" else "comparator"][:2]
    missing = [name for name in names if name not in effects]
    if missing or effects.empty:
        what = f"column '{missing[0]}' is not in the table" if missing else "there is no comparison"
        raise PainsynthError(f"nothing to count by {by}: {what}")
    counted = effects[names].astype(str).assign(patients=_patients(effects))
    rows, columns = (list(counted[name].value_counts().index) for name in names)
    made = tuple(_row(value, counted, names, columns) for value in rows)
    across = sentence_case(grouping(names[1]))
    head = [Column(sentence_case(plain(value)), "right", spanner=across) for value in columns]
    alone = counted.groupby(names).size().eq(1).any()
    return Table(
        title=title or f"Comparisons by {grouping('+'.join(names))}",
        columns=(Column(sentence_case(grouping(names[0])), width=1.6), *head, Column("All", "right")),
        rows=made,
        raw=counted.pivot_table(index=names[0], columns=names[1], values="patients", aggfunc="count").loc[rows],
        notes=sentences([_NOTE, _ALONE if alone else ""]),
    )


def _patients(effects: pd.DataFrame) -> pd.Series:
    both = effects["n1i"] + effects["n2i"]
    paired = effects["unit_of_analysis"] == "paired_side" if "unit_of_analysis" in effects else False
    return both / (1 + pd.Series(paired, index=effects.index))


def _row(value: str, counted: pd.DataFrame, names: list[str], columns: list[str]) -> Row:
    mine = counted[counted[names[0]] == value]
    parts = [_cell(mine[mine[names[1]] == column]) for column in columns]
    return Row(plain_cells(sentence_case(plain(value)), *parts, _cell(mine)))


def _cell(rows: pd.DataFrame) -> str:
    return f"{len(rows)} ({rows['patients'].sum():.0f})" if len(rows) else ""
