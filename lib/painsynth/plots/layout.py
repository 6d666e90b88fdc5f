"""Where everything stands: every text is measured, then columns, lines and the size of the figure follow from it.

All lengths are points (1/72 inch), x from the left edge, y downwards from the first line of the sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from painsynth.plots.foot import NO_FOOT, Foot
from painsynth.plots.placing import Heading, Placed, place
from painsynth.plots.sheet import Line, Sheet
from painsynth.plots.sizes import MARGIN, PITCH, SMALL_PITCH, Sizes  # noqa: F401  (other pictures measure alike)
from painsynth.plots.style import text_width
from painsynth.plots.table_column import Column
from painsynth.plots.wrapping import wrap, wrap_pieces

LEAST_WIDTH = 420.0


@dataclass(frozen=True)
class Side:
    """What one side of the null line favours: wrapped words, their anchor and alignment."""

    texts: tuple[str, ...] = ()
    x: float = 0.0
    align: str = "left"
    first: int = 0  # lines left free above


@dataclass(frozen=True)
class Layout:
    """Positions of all parts of a forest plot, in points."""

    sizes: Sizes
    columns: tuple[Placed, ...]
    headings: tuple[Heading, ...]
    spans: tuple[tuple[str, ...], ...]  # wrapped texts of headings and notes, per line of the sheet
    wide: tuple[bool, ...]  # whether these reach across the drawing
    tops: tuple[float, ...]  # y between the lines of the sheet, one more than lines
    panel: tuple[float, float]  # left and right end of the drawing
    width: float
    title: tuple[str, ...] = ()
    panel_heading: tuple[str, ...] = ()
    labels_over_panel: bool = False  # names of reference lines stand over the drawing
    sides: tuple[Side, Side] = (Side(), Side())
    sides_above: bool = False
    foot: Foot = NO_FOOT

    @property
    def centres(self) -> tuple[float, ...]:
        """Middle of each line of the sheet."""
        return tuple((top + bottom) / 2 for top, bottom in pairwise(self.tops))

    @property
    def rows(self) -> float:
        """Height of all lines together."""
        return self.tops[-1] + 4

    @property
    def side_lines(self) -> int:
        """Lines of text that say what is favoured."""
        return max(side.first + len(side.texts) for side in self.sides)

    @property
    def head_lines(self) -> int:
        """Lines of text over the highest heading."""
        over_panel = len(self.panel_heading) + self.labels_over_panel + self.side_lines * self.sides_above
        headers = max(len(placed.header) for placed in self.columns)
        return max(headers, over_panel, *(len(heading.texts) + heading.ruled for heading in self.headings))

    @property
    def head(self) -> float:
        """Height of title and column headings, margin included."""
        pitch = self.sizes.pitch
        title = len(self.title) * (pitch + 1) + (4 if self.title else 0)
        return self.sizes.margin + title + self.head_lines * pitch + 7

    @property
    def under_axis(self) -> float:
        """Height at which keys and footnotes begin."""
        sides = 0 if self.sides_above else self.side_lines
        return self.rows + self.sizes.ticks + sides * (self.sizes.small_pitch + 1) + 6

    @property
    def height(self) -> float:
        """Height of the whole figure."""
        return self.head + self.under_axis + self.foot.height + self.sizes.margin


def lay_out(sheet: Sheet, left: list[Column], right: list[Column], sizes: Sizes, panel: float) -> Layout:
    """Place the columns of text on both sides of the drawing and the lines below each other.

    Title, footnotes and the words around the axis come later, once the width of the whole is known.
    """
    pieces = [text_width(piece, sizes.small) for line in sheet.of("note") for piece in line.pieces]
    least = 0.0 if sizes.tight else min(max(pieces, default=0.0), 260.0)
    placed_left, heads_left, end = place(left, sheet.lines, sizes, sizes.margin, least)
    start = end + sizes.group_gap
    stop = start + panel
    placed_right, heads_right, width = place(right, sheet.lines, sizes, stop + sizes.group_gap)
    width = (width if right else stop + max(sizes.group_gap - sizes.margin, 6.0)) + sizes.margin
    width = width if sizes.tight else max(width, LEAST_WIDTH)
    return _stack_lines(
        sheet, sizes, (*placed_left, *placed_right), (*heads_left, *heads_right), (start, stop), end, width
    )


def _stack_lines(sheet, sizes, columns, headings, panel, end, width) -> Layout:
    """Give each line its height; in a narrow figure long notes and headings go across the drawing."""
    room, whole = end - sizes.margin, width - 2 * sizes.margin
    spans, wide = [], []
    for line in sheet.lines:
        may_cross = sizes.tight and line.kind in ("note", "heading") and room < 0.85 * whole
        across = may_cross and len(_span(line, room, sizes)) > 1
        spans.append(_span(line, whole if across else room, sizes))
        wide.append(across)
    heights = [
        _height(line, spans[i], [placed.texts[i] for placed in columns], sizes) for i, line in enumerate(sheet.lines)
    ]
    tops = tuple(accumulate(heights, initial=3.0))
    return Layout(sizes, columns, headings, tuple(spans), tuple(wide), tops, panel, width)


def _span(line: Line, width: float, sizes: Sizes) -> tuple[str, ...]:
    if line.kind == "heading":
        return wrap(line.label, width, sizes.text, bold=True)
    return wrap_pieces(line.pieces, width, sizes.small) if line.kind == "note" else ()


def _height(line: Line, span: tuple[str, ...], cells: Sequence[tuple[str, ...]], sizes: Sizes) -> float:
    if line.kind == "gap":
        return sizes.space
    if line.kind == "note":
        return len(span) * sizes.small_pitch + 1
    more = max(1, len(span), *map(len, cells)) - 1
    return sizes.pitch + more * sizes.wrap_pitch + (2.0 if more else 0.0)
