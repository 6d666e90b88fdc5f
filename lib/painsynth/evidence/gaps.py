"""The rules of rows on tables that lack a column: whatever holds, whatever the column would have said, is told."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import pandas as pd

from painsynth.errors import Fault
from painsynth.evidence.schema import Column, Table

MANY = 8  # variants tried at most; a vocabulary of more words has no rule of its own
IDENTITY = {"studies": ("study_id",), "arms": ("study_id", "arm_id")}  # without them nothing can be looked up


def faults_despite_gaps(
    tables: Mapping[str, pd.DataFrame],
    schema: Mapping[str, Table],
    rules: Callable[[Mapping[str, pd.DataFrame]], Iterable[Fault]],
) -> list[Fault]:
    """Faults that the rules find in every way of filling the missing columns.

    A missing column is filled with values that the rules tell apart (no number and 0, the words of its vocabulary, two
    texts). A fault that comes and goes with them is the missing column's doing, and not told; all others are true.

    Parameters
    ----------
    tables : mapping of DataFrames
        Numbers are floats, everything else text.
    schema : mapping of Table
    rules : function
        From tables to faults.
    """
    usable = {name: frame for name, frame in tables.items() if set(IDENTITY.get(name, ())) <= set(frame.columns)}
    gaps = {name: [column for column in schema[name].columns if column.name not in frame.columns]
            for name, frame in usable.items()}  # fmt: skip
    variants = max([len(_fills(column)) for columns in gaps.values() for column in columns], default=1)
    found: list[Fault] = []
    for i in range(variants):
        filled = {name: frame.assign(**{column.name: _fills(column)[i % len(_fills(column))] for column in gaps[name]})
                  for name, frame in usable.items()}  # fmt: skip
        told = list(rules(filled))
        found = told if i == 0 else [fault for fault in found if fault in told]
    return found


def _fills(column: Column) -> tuple:
    if column.kind == "number":
        return math.nan, 0.0
    return (*column.words[:MANY], "") if column.kind == "word" and column.words else ("", "?")
