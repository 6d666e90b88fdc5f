"""The effect axis on paper: ticks, the null line, reference lines, and what each side favours."""

from __future__ import annotations

from itertools import pairwise

from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator

from painsynth.plots.axis import EffectAxis
from painsynth.plots.layout import Layout
from painsynth.plots.pen import Pen
from painsynth.plots.picture import speak
from painsynth.plots.row_speech import row_speech
from painsynth.plots.sheet import Sheet
from painsynth.plots.style import INK, MARK

_BAND = "#f3e3d3"
_STUB = 30.0  # a shorter piece of a line under the last text that crosses it is left out


def draw_axis(pen: Pen, axis: EffectAxis) -> None:
    """Draw the effect axis with its ticks, the null line and the reference lines."""
    ax, scale, size = pen.ax, pen.scale, pen.layout.sizes.small
    ax.set_xscale("log" if axis.log else "linear")
    ax.set_xlim(axis.low, axis.high)
    ax.set_ylim(pen.layout.rows, 0)
    ax.set_facecolor("none")
    ax.spines[["top", "left", "right"]].set_visible(False)
    ax.spines["bottom"].set_linewidth(0.7 * scale)
    ax.yaxis.set_visible(False)
    ax.set_xticks(axis.ticks, axis.tick_labels)
    ax.xaxis.set_minor_locator(NullLocator())
    ax.tick_params(axis="x", labelsize=size * scale, length=3 * scale, width=0.7 * scale, pad=2.5 * scale)
    if pen.preset.band and axis.band:
        ax.axvspan(*axis.band, facecolor=_BAND, edgecolor="none", zorder=0, label="band")
    _upright(pen, axis.null, "null", color=INK, linewidth=0.8 * scale)
    for value in axis.references:
        _upright(pen, value, "mid", color=MARK, linewidth=0.8 * scale, linestyle=(0, (4, 2.5)))
    if axis.whole is not None:
        _upright(pen, axis.whole, "whole", color=pen.preset.diamond, linewidth=0.8 * scale, linestyle=(0, (1.5, 1.5)))


def _upright(pen: Pen, x: float, label: str, **look) -> None:
    """A vertical line over all rows but those whose text reaches across the drawing."""
    parts = [[(x, low), (x, high)] for low, high in stretches(pen.layout)]
    pen.ax.add_collection(LineCollection(parts, zorder=1, label=label, **look), autolim=False)


def stretches(layout: Layout) -> list[tuple[float, float]]:
    """Heights from top to bottom that no text crosses."""
    parts, start = [], 0.0
    for (top, bottom), wide in zip(pairwise(layout.tops), layout.wide, strict=True):
        if wide:
            parts.append((start, top))
            start = bottom
    parts.append((start, layout.rows))
    last = parts[-1] if len(parts) == 1 or layout.rows - start > _STUB else (0.0, 0.0)
    return [(low, high) for low, high in [*parts[:-1], last] if high - low > 0.5]


def draw_axis_words(pen: Pen, axis: EffectAxis) -> None:
    """Write what each side of the null line favours, and the name of the reference lines."""
    layout, sizes = pen.layout, pen.layout.sizes
    top, pitch = layout.rows + sizes.ticks, sizes.small_pitch + 1
    if layout.sides_above:
        top, pitch = -3 - (layout.labels_over_panel + layout.side_lines) * sizes.pitch, sizes.pitch
    for side in layout.sides:
        for i, text in enumerate(side.texts):
            y = top + (side.first + i + 0.5) * pitch
            pen.write(side.x, y, text, align=side.align, size=sizes.small + 0.5 * (sizes.small >= 7))
    for text, x, align in axis.reference_labels(layout):
        pen.write(x, -sizes.pitch / 2 - 3, text, align=align, size=sizes.small, colour=MARK)


def draw_speaking_rows(pen: Pen, sheet: Sheet) -> None:
    """Lay an invisible area over each study's part of the drawing which says what stands in its row."""
    left, right = pen.layout.panel
    for line, (top, bottom) in zip(sheet.lines, pairwise(pen.layout.tops), strict=True):
        if line.kind == "study":
            area = Rectangle((left, top), right - left, bottom - top, transform=pen.transform)
            area.set(facecolor="none", edgecolor="none", linewidth=0, clip_on=False, label="row")
            speak(pen.ax.add_artist(area), f"{line.label}. {row_speech(sheet, line)}")
