"""Tables on paper: as large as fits across the page, on a page turned sideways where that is not enough."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

UPRIGHT, SIDEWAYS = 482.0, 762.0  # points across a page of A4 without its margins
SIZES = ((8.5, UPRIGHT), (7.5, UPRIGHT), (6.5, UPRIGHT), (7.5, SIDEWAYS), (6.5, SIDEWAYS), (5.5, SIDEWAYS))
LETTER = 0.47  # mean width of a letter by the size of the type
PADDING = 6.5  # points between two columns
COLUMN = 26  # letters after which a cell is expected to be broken into lines
ACROSS = "/*across*/"  # a comment of typst: what stands behind it needs a page turned sideways
NUMBER = re.compile(r"[-+−<>≥≤]?\s?[\d.,]+\s?(%|mm)?")


@dataclass(frozen=True)
class Cell:
    """One cell: its plain text, its typst markup, whether it heads a row or column, and what it spans."""

    text: str
    markup: str
    head: bool = False
    columns: int = 1
    rows: int = 1


def table(head: Sequence[Sequence[Cell]], body: Sequence[Sequence[Cell]]) -> str:
    """Give a table as typst markup, set as large as its width allows."""
    rows = [*head, *body]
    count = max((sum(cell.columns for cell in row) for row in rows), default=0)
    if not count:
        return ""
    size, across = setting(rows, count)
    right = _numbers(body, count)
    cells = "".join(_markup(row, right) for row in body)
    repeated = f"table.header({''.join(_markup(row, right) for row in head)})," if head else ""
    made = f"#rows({size}pt, ({_widths(rows, count, size, SIDEWAYS if across else UPRIGHT)},), {repeated}{cells})\n"
    return ACROSS + made if across else made


def setting(rows: Sequence[Sequence[Cell]], count: int) -> tuple[float, bool]:
    """Give the size of the type in points, and whether the page is turned sideways.

    Examples
    --------
    >>> setting([[Cell("a short one", "")]], 1)
    (8.5, False)
    """
    letters = sum(min(each, COLUMN) for each in _longest(rows, count))
    fitting = ((size, width > UPRIGHT) for size, width in SIZES if letters * LETTER * size + count * PADDING <= width)
    return next(fitting, (SIZES[-1][0], True))


def _widths(rows: Sequence[Sequence[Cell]], count: int, size: float, room: float) -> str:
    """Let every column be as wide as its longest cell; where that is too much, long columns share what is left."""
    natural = [each * LETTER * size + PADDING for each in _longest(rows, count)]
    if sum(natural) <= room:
        return ", ".join(["auto"] * count)
    share = room / count
    return ", ".join("auto" if width <= share else f"{sqrt(width):.1f}fr" for width in natural)


def _longest(rows: Sequence[Sequence[Cell]], count: int) -> list[int]:
    """Give the letters of the longest cell of each column."""
    longest = [0] * count
    for row in rows:
        for column, cell in _placed(row, count):
            longest[column] = max(longest[column], len(cell.text))
    return longest


def _numbers(body: Sequence[Sequence[Cell]], count: int) -> list[bool]:
    """Tell which columns hold numbers only: they stand to the right."""
    texts: list[list[str]] = [[] for _ in range(count)]
    for row in body:
        for column, cell in _placed(row, count):
            texts[column] += [cell.text] if cell.text else []
    return [bool(column) and all(NUMBER.fullmatch(text) for text in column) for column in texts]


def _placed(row: Sequence[Cell], count: int) -> list[tuple[int, Cell]]:
    """Give the cells of a row with their columns; a short row lacks its first ones, which an earlier row spans."""
    if any(cell.columns > 1 for cell in row):
        return []
    return list(enumerate(row, start=count - len(row)))


def _markup(row: Sequence[Cell], right: Sequence[bool]) -> str:
    sides = {id(cell): right[column] for column, cell in _placed(row, len(right))}
    return "".join(_cell(cell, "right" if sides.get(id(cell)) else "left") for cell in row)


def _cell(cell: Cell, side: str) -> str:
    inner = f"#strong[{cell.markup}]" if cell.head and cell.markup.strip() else cell.markup
    return f"table.cell(colspan: {cell.columns}, rowspan: {cell.rows}, align: {side})[{inner}],"
