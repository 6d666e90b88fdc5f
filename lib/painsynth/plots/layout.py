"""Where everything stands: every text is measured, then columns, lines and the size of the figure follow from it.

All lengths are points (1/72 inch), x from the left edge, y downwards from the first line of the sheet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise

from painsynth.plots.columns import Column
from painsynth.plots.sheet import Line, Sheet
from painsynth.plots.style import SMALL_SIZE, TEXT_SIZE, text_width

MARGIN = 9.0
GAP = 9.0  # between columns
GROUP_GAP = 15.0  # between groups of columns
PANEL = 180.0  # width of the drawing
PITCH = 12.5  # from one line of text to the next
WRAP_PITCH = 10.5  # inside a wrapped cell: closer, so that it reads as one
SMALL_PITCH = 10.0
TICKS = 16.0  # ticks and their labels
SPACE = 5.0  # an empty line between groups
LEAST_WIDTH = 420.0


@dataclass(frozen=True)
class Placed:
    """A column with its position: `texts[i]` are the wrapped lines of the sheet's line i."""

    column: Column
    left: float
    right: float
    texts: tuple[tuple[str, ...], ...]

    @property
    def anchor(self) -> float:
        """Where its texts are tied to."""
        return self.left if self.column.align == "left" else self.right


@dataclass(frozen=True)
class Heading:
    """A heading over neighbouring columns; ruled where these have headings of their own."""

    texts: tuple[str, ...]
    left: float
    right: float
    ruled: bool


@dataclass(frozen=True)
class Layout:
    """Positions of all parts of a forest plot, in points."""

    columns: tuple[Placed, ...]
    headings: tuple[Heading, ...]
    spans: tuple[tuple[str, ...], ...]  # wrapped texts of headings and notes, per line of the sheet
    centres: tuple[float, ...]  # y of each line of the sheet
    rows: float  # height of all lines together
    panel: tuple[float, float]  # left and right end of the drawing
    title: tuple[str, ...]
    footer: tuple[str, ...]
    favours: tuple[tuple[str, ...], tuple[str, ...]]  # wrapped texts left and right of the null line
    width: float

    @property
    def head(self) -> float:
        """Height of title and column headings, margin included."""
        lines = max(1, *(len(heading.texts) + heading.ruled for heading in self.headings))
        return MARGIN + len(self.title) * (PITCH + 1) + (4 if self.title else 0) + lines * PITCH + 7

    @property
    def under_axis(self) -> float:
        """Height at which the footnotes begin."""
        return self.rows + TICKS + max(map(len, self.favours)) * (SMALL_PITCH + 1) + 6

    @property
    def height(self) -> float:
        """Height of the whole figure."""
        return self.head + self.under_axis + len(self.footer) * SMALL_PITCH + MARGIN


def wrap(text: str, width: float, size: float = TEXT_SIZE, bold: bool = False) -> tuple[str, ...]:
    """Break a text into lines that are at most `width` points wide; a word that is wider is cut.

    Examples
    --------
    >>> wrap("allogeneic umbilical cord cells", 70)
    ('allogeneic', 'umbilical cord', 'cells')
    """
    if not text:
        return ()
    if not math.isfinite(width) or text_width(text, size, bold) <= width:
        return (text,)
    return _joined(text.split(" "), " ", width, size, bold)


def wrap_pieces(pieces: Sequence[str], width: float, size: float = SMALL_SIZE) -> tuple[str, ...]:
    """Set pieces side by side, parted by semicolons, on as few lines as hold them; a piece breaks only if it must."""
    return _joined(list(pieces), "; ", width, size, False)


def _joined(parts: list[str], glue: str, width: float, size: float, bold: bool) -> tuple[str, ...]:
    lines: list[str] = []
    for part in parts:
        longer = f"{lines[-1]}{glue}{part}" if lines else part
        if lines and text_width(longer, size, bold) <= width:
            lines[-1] = longer
        elif text_width(part, size, bold) <= width:
            lines.append(part)
        elif " " in part:
            lines.extend(_joined(part.split(" "), " ", width, size, bold))
        else:
            lines.extend(_cut(part, width, size, bold))
    return tuple(lines)


def _cut(word: str, width: float, size: float, bold: bool) -> list[str]:
    lines = [""]
    for letter in word:
        if lines[-1] and text_width(lines[-1] + letter, size, bold) > width:
            lines.append("")
        lines[-1] += letter
    return lines


def lay_out(sheet: Sheet, left: list[Column], right: list[Column], panel: float = PANEL) -> Layout:
    """Place the columns of text on both sides of the drawing and the lines below each other.

    Title, footnotes and the words under the axis come with `furnish`, once the width of the whole is known.
    """
    pieces = [text_width(piece, SMALL_SIZE) for line in sheet.of("note") for piece in line.pieces]
    placed_left, heads_left, end = _place(left, sheet.lines, MARGIN, least=min(max(pieces, default=0), 260.0))
    start = end + GROUP_GAP
    placed_right, heads_right, width = _place(right, sheet.lines, start + panel + GROUP_GAP)
    spans = tuple(_span(line, end - MARGIN) for line in sheet.lines)
    columns = (*placed_left, *placed_right)
    heights = [_height(line, spans[i], [placed.texts[i] for placed in columns]) for i, line in enumerate(sheet.lines)]
    tops = list(accumulate(heights, initial=3.0))
    centres = tuple((top + bottom) / 2 for top, bottom in pairwise(tops))
    headings = (*heads_left, *heads_right)
    width = max(width + MARGIN, LEAST_WIDTH)
    return Layout(columns, headings, spans, centres, tops[-1] + 4, (start, start + panel), (), (), ((), ()), width)


def _place(columns: list[Column], lines: Sequence[Line], x: float, least: float = 0.0) -> tuple[list, list, float]:
    """Put columns side by side from x on; the first is widened until all of them together have the least width."""
    texts = [_wrapped(column, lines) for column in columns]
    widths = [_width(column, cells, lines) for column, cells in zip(columns, texts, strict=True)]
    blocks = [list(block) for _, block in groupby(range(len(columns)), lambda i: columns[i].group or i)]
    titles = [_block_title(columns[block[0]].group, _extent(widths, block)) for block in blocks]
    for block, title in zip(blocks, titles, strict=True):
        needed = max((text_width(text, bold=True) for text in title), default=0.0)
        widths[block[0]] += max(needed - _extent(widths, block), 0.0)
    total = sum(_extent(widths, block) for block in blocks) + GROUP_GAP * (len(blocks) - 1)
    widths[0] += max(least - total, 0.0)
    placed, headings = [], []
    for block, title in zip(blocks, titles, strict=True):
        start = x
        for i in block:
            placed.append(Placed(columns[i], x, x + widths[i], texts[i]))
            x += widths[i] + GAP
        headings.append(Heading(title, start, x - GAP, bool(title) and any(columns[i].header for i in block)))
        x += GROUP_GAP - GAP
    return placed, headings, x - GROUP_GAP


def _extent(widths: list[float], block: list[int]) -> float:
    return sum(widths[i] + GAP for i in block) - GAP


def _block_title(title: str, width: float) -> tuple[str, ...]:
    """Wrap a heading to its columns; a line break in it is kept."""
    return tuple(line for part in title.split("\n") if part for line in wrap(part, max(width, 90.0), bold=True))


def _wrapped(column: Column, lines: Sequence[Line]) -> tuple[tuple[str, ...], ...]:
    return tuple(wrap(cell, column.wrap, bold=line.bold) for cell, line in zip(column.cells, lines, strict=True))


def _width(column: Column, texts: tuple[tuple[str, ...], ...], lines: Sequence[Line]) -> float:
    cells = (text_width(text, bold=line.bold) for cell, line in zip(texts, lines, strict=True) for text in cell)
    return max(text_width(column.header, bold=True), max(cells, default=0.0))


def _span(line: Line, width: float) -> tuple[str, ...]:
    if line.kind == "heading":
        return wrap(line.label, width, bold=True)
    return wrap_pieces(line.pieces, width) if line.kind == "note" else ()


def _height(line: Line, span: tuple[str, ...], cells: list[tuple[str, ...]]) -> float:
    if line.kind == "gap":
        return SPACE
    if line.kind == "note":
        return len(span) * SMALL_PITCH + 1
    more = max(1, len(span), *map(len, cells)) - 1
    return PITCH + more * WRAP_PITCH + (2.0 if more else 0.0)
