"""Every rule a cell, a row or a key must obey; each function returns the faults it finds, all of them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

import pandas as pd

from painsynth.errors import Fault
from painsynth.evidence.reading import number_problem
from painsynth.evidence.schema import ID, Column, Table

P_VALUE = re.compile(r"<?\s?(0?\.\d+|0|1(\.0+)?)")
PLACEHOLDERS = {"na", "n/a", "nan", "none", "null", "nr"}


def did_you_mean(word: str, words) -> str:
    """Offer the nearest word, or nothing."""
    near = difflib.get_close_matches(word.lower(), list(words), n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'? " if near else ""


def header_faults(table: Table, frame: pd.DataFrame) -> list[Fault]:
    """Compare the header with the schema: missing and unknown columns."""
    faults = []
    for name in table.names:
        if name not in frame.columns:
            faults.append(
                Fault(table.file, 1, name, "", "the column is missing", "add it, with empty cells if need be")
            )
    for name in frame.columns:
        if name not in table.names:
            hint = did_you_mean(name, [n for n in table.names if n not in frame.columns])
            faults.append(Fault(table.file, 1, name, "", "the column is not part of this table",
                                f"{hint}remove or rename it: nothing would read it"))  # fmt: skip
    return faults


def cell_faults(table: Table, frame: pd.DataFrame) -> list[Fault]:
    """Check each cell by itself: type, vocabulary, range, blanks."""
    faults = []
    for column in table.columns:
        if column.name not in frame.columns:
            continue
        for row, cell in frame[column.name].items():
            found = _cell_problem(column, cell)
            if found:
                faults.append(Fault(table.file, row, column.name, cell, *found))
    return faults


def _cell_problem(column: Column, cell: str) -> tuple[str, str] | None:
    if cell == "":
        return ("the cell is empty", f"it must hold {column.allowed}") if column.required else None
    if cell != cell.strip():
        return "blanks before or after the text", f"write '{cell.strip()}'"
    if cell.lower() in PLACEHOLDERS:
        return "a placeholder", "leave the cell empty when the value is not known"
    return _KINDS[column.kind](column, cell)


def _number(column: Column, cell: str) -> tuple[str, str] | None:
    problem = number_problem(cell)
    if problem:
        return problem
    value = float(cell)
    outside = (
        (column.whole and not value.is_integer())
        or (column.low is not None and value < column.low)
        or (column.high is not None and value > column.high)
        or (column.above is not None and value <= column.above)
        or value in (float("inf"), float("-inf"))
    )
    return (f"outside what {column.name} can be", f"allowed is {column.allowed}") if outside else None


def _word(column: Column, cell: str) -> tuple[str, str] | None:
    if cell in column.words:
        return None
    return "not a word of the vocabulary", f"{did_you_mean(cell, column.words)}allowed is {column.allowed}"


def _words(column: Column, cell: str) -> tuple[str, str] | None:
    for part in cell.split("|"):
        problem = _word(column, part)
        if problem:
            return problem
    return None


def _p(column: Column, cell: str) -> tuple[str, str] | None:
    return None if P_VALUE.fullmatch(cell) else ("not a p-value", "write it as 0.03 or <0.001")


def _text(column: Column, cell: str) -> tuple[str, str] | None:
    if column.name in ("study_id", "arm_id") and not re.fullmatch(ID, cell):
        return "not an identifier", "use lower-case letters, digits and underscores"
    if column.name == "p_value":
        return _p(column, cell)
    return None


_KINDS = {"number": _number, "word": _word, "words": _words, "text": _text, "refs": _text, "p": _p}


def _same(cell: str) -> str:
    """Write a number one way: 12 and 12.0 are the same key."""
    return cell if number_problem(cell) or cell == "" else repr(float(cell))


def key_faults(table: Table, frame: pd.DataFrame) -> list[Fault]:
    """Find rows that repeat a key, or the whole row."""
    faults = []
    for columns in (table.key, *((name,) for name in table.distinct)):
        if not set(columns) <= set(frame.columns):
            continue
        seen: dict[tuple, int] = {}
        for row, cells in zip(frame.index, frame[list(columns)].itertuples(index=False, name=None), strict=True):
            key = tuple(
                _same(cell) if name in table.numeric else cell for name, cell in zip(columns, cells, strict=True)
            )
            if columns != table.key and key == ("",):
                continue  # an identifier that is not known is not the same identifier
            if key in seen:
                what = "the row repeats" if (frame.loc[row] == frame.loc[seen[key]]).all() else "the key repeats"
                faults.append(Fault(table.file, row, ", ".join(columns), " | ".join(key), f"{what} row {seen[key]}",
                                    "keep one of them, or tell them apart"))  # fmt: skip
            else:
                seen[key] = row
    return faults


def reference_faults(tables: Mapping[str, pd.DataFrame], schema: Mapping[str, Table], damaged: set) -> Iterator[Fault]:
    """Find cells that point to a row that does not exist (orphan keys); damaged tables are no witness."""
    for name, frame in tables.items():
        table = schema[name]
        for column in table.columns:
            if not column.target or column.name not in frame.columns:
                continue
            target, target_column = column.target.split(".")
            if target in damaged or (target in tables and target_column not in tables[target].columns):
                continue
            known = set(tables[target][target_column]) if target in tables else set()
            for row, cell in frame[column.name].items():
                parts = cell.split("|") if column.kind == "refs" else [cell]
                for part in parts:
                    if cell and part not in known:
                        remedy = f"{did_you_mean(part, known)}enter it in {target}.csv first, or mend the spelling"
                        yield Fault(table.file, row, column.name, part, f"not found in {column.target}", remedy)
