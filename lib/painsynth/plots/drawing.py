"""The strokes of a forest plot: texts, intervals, squares, diamonds, arrows and the axis, on one Axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.ticker import NullLocator
from matplotlib.transforms import Affine2D, ScaledTranslation, blended_transform_factory

from painsynth.plots.axis import EffectAxis
from painsynth.plots.layout import PITCH, SMALL_PITCH, TICKS, WRAP_PITCH, Layout
from painsynth.plots.sheet import INTERVALS, Line, Sheet
from painsynth.plots.style import INK, MARK, OVERALL, QUIET, RULE, SMALL_SIZE, STUDY, SUBTOTAL, TEXT_SIZE

BIGGEST_SQUARE = 9.0  # side in points
HALF_DIAMOND = 4.6
CAP = 0.36  # half the height of a capital, in ems: puts a baseline so that the line looks centred
_ARROWS = (
    (5.5, INK, ("study",)),
    (9.0, SUBTOTAL, ("subtotal",)),
    (9.0, OVERALL, ("pooled",)),
    (5.5, RULE, ("prediction",)),
)
_HEADS = {side: Path([(0, -0.5), (tip, 0), (0, 0.5), (0, -0.5)]) for side, tip in (("low", -0.8), ("high", 0.8))}


@dataclass(frozen=True)
class Pen:
    """Writes on an Axes in the points of the layout, `scale` times as large on paper."""

    ax: Axes
    layout: Layout
    scale: float
    transform: object

    @classmethod
    def on(cls, ax: Axes, layout: Layout, scale: float) -> Pen:
        """Prepare an Axes whose box is the drawing's panel: x in points from the sheet's left edge, y as the layout."""
        figure = ax.get_figure(root=False)
        corner = ScaledTranslation(ax.get_position().x0, 0, figure.transSubfigure)
        from_panel = Affine2D().translate(-layout.panel[0], 0).scale(scale / 72) + figure.dpi_scale_trans + corner
        down = Affine2D().scale(1, -1 / layout.rows).translate(0, 1) + ax.transAxes
        return cls(ax, layout, scale, blended_transform_factory(from_panel, down))

    def write(self, x: float, y: float, text: str, *, align="left", bold=False, size=TEXT_SIZE, colour=INK) -> None:
        """Write one line of text, its middle at height y."""
        self.ax.text(
            x, y + CAP * size, text, transform=self.transform, ha=align, va="baseline", color=colour,
            fontsize=size * self.scale, fontweight="bold" if bold else "normal", parse_math=False, clip_on=False,
        )  # fmt: skip

    def stack(self, x: float, y: float, texts: Sequence[str], pitch: float = PITCH, **how) -> None:
        """Write lines of text below each other, their common middle at height y."""
        for i, text in enumerate(texts):
            self.write(x, y + (i - (len(texts) - 1) / 2) * pitch, text, **how)

    def rule(self, left: float, right: float, y: float, width: float = 0.7, colour: str = INK) -> None:
        """Draw a horizontal hairline."""
        look = {"linewidth": width * self.scale, "color": colour, "clip_on": False}
        self.ax.add_artist(Line2D([left, right], [y, y], transform=self.transform, **look))


def draw_texts(pen: Pen, sheet: Sheet) -> None:
    """Write title, headings, the cells of every line, and the footnotes."""
    layout = pen.layout
    for line, y, span, i in zip(sheet.lines, layout.centres, layout.spans, range(len(sheet.lines)), strict=True):
        colour = QUIET if line.kind in ("excluded", "note", "prediction") else INK
        left = layout.columns[0].left
        if line.kind == "note":
            pen.stack(left, y, span, SMALL_PITCH, size=SMALL_SIZE, colour=colour)
        else:
            pen.stack(left, y, span, WRAP_PITCH, bold=True)
        for placed in layout.columns:
            if placed.texts[i]:
                look = {"align": placed.column.align, "bold": line.bold, "colour": colour}
                pen.stack(placed.anchor, y, placed.texts[i], WRAP_PITCH, **look)
    _headings(pen)
    for i, text in enumerate(layout.footer):
        y = layout.under_axis + (i + 0.5) * SMALL_PITCH
        pen.write(left, y, text, size=SMALL_SIZE, colour=QUIET)


def _headings(pen: Pen) -> None:
    layout, y = pen.layout, -PITCH / 2 - 3
    for placed in layout.columns:
        if placed.column.header:
            pen.write(placed.anchor, y, placed.column.header, align=placed.column.align, bold=True)
    for heading in layout.headings:
        bottom = y - PITCH if heading.ruled else y
        middle = bottom - (len(heading.texts) - 1) / 2 * PITCH
        pen.stack((heading.left + heading.right) / 2, middle, heading.texts, align="center", bold=True)
        if heading.ruled:
            pen.rule(heading.left, heading.right, y - PITCH / 2 - 0.5, 0.5, RULE)
    margin = layout.columns[0].left
    pen.rule(margin, layout.width - margin, 0)
    for i, text in enumerate(layout.title):
        pen.write(margin, -layout.head + margin + (i + 0.5) * (PITCH + 1), text, bold=True, size=TEXT_SIZE + 1)


def draw_marks(pen: Pen, sheet: Sheet, axis: EffectAxis) -> None:
    """Draw intervals, squares, diamonds and arrows of all lines inside the panel."""
    at = dict(zip(sheet.lines, pen.layout.centres, strict=True))
    studies = [(line, at[line]) for line in sheet.of("study") if np.isfinite(line.low)]
    _intervals(pen, studies, axis)
    _squares(pen, studies, axis)
    for kind, colour in (("subtotal", SUBTOTAL), ("pooled", OVERALL)):
        _diamonds(pen, [(line, at[line]) for line in sheet.of(kind) if np.isfinite(line.low)], colour)
    for line in sheet.of("prediction"):
        _prediction(pen, line, at[line])
    _arrows(pen, [(line, at[line]) for line in sheet.of(*INTERVALS) if np.isfinite(line.low)], axis)


def _intervals(pen: Pen, lines: list[tuple[Line, float]], axis: EffectAxis) -> None:
    ends = [[(max(line.low, axis.low), y), (min(line.high, axis.high), y)] for line, y in lines if axis.shows(line)]
    if ends:
        strokes = LineCollection(ends, colors=INK, linewidths=0.9 * pen.scale, zorder=3, label="intervals")
        pen.ax.add_collection(strokes, autolim=False)


def _squares(pen: Pen, lines: list[tuple[Line, float]], axis: EffectAxis) -> None:
    inside = [(line, y) for line, y in lines if axis.low <= line.estimate <= axis.high]
    if not inside:
        return
    weights = np.array([line.weight for line, _ in lines], dtype=float)
    heaviest = np.nanmax(weights) if np.isfinite(weights).any() else np.nan
    share = [line.weight / heaviest if heaviest > 0 else 0.5 for line, _ in inside]
    sizes = np.nan_to_num(np.array(share)) * (BIGGEST_SQUARE * pen.scale) ** 2
    x, y = [line.estimate for line, _ in inside], [y for _, y in inside]
    pen.ax.scatter(x, y, s=sizes, marker="s", color=STUDY, linewidths=0, zorder=2, label="squares")
    # A tick shows the estimate where the weight leaves next to nothing of the square.
    ticks = [[(a, b - 1.8), (a, b + 1.8)] for a, b in zip(x, y, strict=True)]
    strokes = LineCollection(ticks, colors=INK, linewidths=0.8 * pen.scale, zorder=3, label="centres")
    pen.ax.add_collection(strokes, autolim=False)


def _diamonds(pen: Pen, lines: list[tuple[Line, float]], colour: str) -> None:
    if lines:
        shapes = [_diamond(line, y) for line, y in lines]
        look = {"facecolors": colour, "edgecolors": OVERALL, "linewidths": 0.6 * pen.scale}
        pen.ax.add_collection(PolyCollection(shapes, **look, zorder=4, label="diamonds"), autolim=False)


def _diamond(line: Line, y: float) -> list[tuple[float, float]]:
    middle = line.estimate
    return [(line.low, y), (middle, y - HALF_DIAMOND), (line.high, y), (middle, y + HALF_DIAMOND)]


def _prediction(pen: Pen, line: Line, y: float) -> None:
    bar = [(line.low, y - 1.6), (line.high, y - 1.6), (line.high, y + 1.6), (line.low, y + 1.6)]
    look = {"facecolors": RULE, "edgecolors": INK, "linewidths": 0.5 * pen.scale}
    pen.ax.add_collection(PolyCollection([bar], **look, zorder=2, label="prediction"), autolim=False)


def _arrows(pen: Pen, lines: list[tuple[Line, float]], axis: EffectAxis) -> None:
    """Mark every end that lies beyond the axis with an arrow head that points outwards from the axis' limit."""
    for side, limit in (("low", axis.low), ("high", axis.high)):
        for size, colour, kinds in _ARROWS:
            heights = [y for line, y in lines if line.kind in kinds and _beyond(line, side, axis)]
            if heights:
                look = {"marker": _HEADS[side], "markersize": size * pen.scale, "markeredgewidth": 0, "linestyle": ""}
                heads = Line2D([limit] * len(heights), heights, color=colour, clip_on=False, zorder=5, **look)
                heads.set_label(f"arrows {side}")
                pen.ax.add_line(heads)


def _beyond(line: Line, side: str, axis: EffectAxis) -> bool:
    return line.low < axis.low if side == "low" else line.high > axis.high


def draw_axis(pen: Pen, axis: EffectAxis) -> None:
    """Draw the effect axis with its ticks, the null line and the lines of the minimal important difference."""
    ax, scale = pen.ax, pen.scale
    ax.set_xscale("log" if axis.log else "linear")
    ax.set_xlim(axis.low, axis.high)
    ax.set_ylim(pen.layout.rows, 0)
    ax.set_facecolor("none")
    ax.spines[["top", "left", "right"]].set_visible(False)
    ax.spines["bottom"].set_linewidth(0.7 * scale)
    ax.yaxis.set_visible(False)
    ax.set_xticks(axis.ticks, axis.tick_labels)
    ax.xaxis.set_minor_locator(NullLocator())
    ax.tick_params(axis="x", labelsize=SMALL_SIZE * scale, length=3 * scale, width=0.7 * scale, pad=2.5 * scale)
    ax.axvline(axis.null, color=INK, lw=0.8 * scale, zorder=1, label="null")
    for value in axis.references:
        ax.axvline(value, color=MARK, lw=0.8 * scale, ls=(0, (4, 2.5)), zorder=1, label="mid")


def draw_axis_words(pen: Pen, axis: EffectAxis) -> None:
    """Write what each side of the null line favours, and the name of the reference lines."""
    layout, null = pen.layout, axis.points(axis.null, pen.layout)
    y = layout.rows + TICKS
    for texts, align, x in zip(layout.favours, ("right", "left"), (null - 6, null + 6), strict=True):
        for i, text in enumerate(texts):
            pen.write(x, y + (i + 0.5) * (SMALL_PITCH + 1), text, align=align, size=SMALL_SIZE + 0.5)
    for text, x, align in axis.reference_labels(layout):
        pen.write(x, -PITCH / 2 - 3, text, align=align, size=SMALL_SIZE, colour=MARK)
