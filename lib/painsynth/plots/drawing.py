"""The marks of a forest plot on one Axes: intervals, squares, diamonds, prediction, arrows."""

from __future__ import annotations

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D
from matplotlib.path import Path

from painsynth.plots.assumed import GREY, is_assumed
from painsynth.plots.axis import EffectAxis
from painsynth.plots.pen import Pen
from painsynth.plots.predictive import density
from painsynth.plots.sheet import INTERVALS, Line, Sheet
from painsynth.plots.style import INK, RULE

BIGGEST_SQUARE = 9.0  # side in points
HALF_DIAMOND = 4.6
_ARROWS = ((5.5, ("study",)), (9.0, ("subtotal",)), (9.0, ("pooled",)), (5.5, ("prediction",)))
_HEADS = {side: Path([(0, -0.5), (tip, 0), (0, 0.5), (0, -0.5)]) for side, tip in (("low", -0.8), ("high", 0.8))}
Placed = list[tuple[Line, float]]


def draw_marks(pen: Pen, sheet: Sheet, axis: EffectAxis) -> None:
    """Draw intervals, squares, diamonds and arrows of all lines inside the panel."""
    at = dict(zip(sheet.lines, pen.layout.centres, strict=True))
    studies = [(line, at[line]) for line in sheet.of("study") if np.isfinite(line.low)]
    _intervals(pen, studies, axis)
    _squares(pen, studies, axis)
    for kind, colour in (("subtotal", pen.preset.subtotal_diamond), ("pooled", pen.preset.diamond)):
        lines = [(line, at[line]) for line in sheet.of(kind) if np.isfinite(line.low)]
        _diamonds(pen, [pair for pair in lines if not pair[0].second], colour, "diamonds")
        _diamonds(pen, [pair for pair in lines if pair[0].second], "white", "diamonds, other model")
    for line in sheet.of("prediction"):
        _prediction(pen, sheet, line, at[line])
    _arrows(pen, [(line, at[line]) for line in sheet.of(*INTERVALS) if np.isfinite(line.low)], axis)


def _intervals(pen: Pen, lines: Placed, axis: EffectAxis) -> None:
    shown = [(line, y) for line, y in lines if axis.shows(line)]
    ends = [[(max(line.low, axis.low), y), (min(line.high, axis.high), y)] for line, y in shown]
    if ends:
        colours = _colours(shown, pen.preset.line)
        strokes = LineCollection(ends, colors=colours, linewidths=0.9 * pen.scale, zorder=3, label="intervals")
        pen.ax.add_collection(strokes, autolim=False)


def _squares(pen: Pen, lines: Placed, axis: EffectAxis) -> None:
    inside = [(line, y) for line, y in lines if axis.low <= line.estimate <= axis.high]
    if not inside:
        return
    weights = np.array([line.weight for line, _ in lines], dtype=float)
    heaviest = np.nanmax(weights) if np.isfinite(weights).any() else np.nan
    share = [line.weight / heaviest if heaviest > 0 else 0.5 for line, _ in inside]
    side = BIGGEST_SQUARE * pen.layout.sizes.unit * pen.scale
    sizes = np.nan_to_num(np.array(share)) * side**2
    x, y = [line.estimate for line, _ in inside], [y for _, y in inside]
    colours = _colours(inside, pen.preset.square)
    pen.ax.scatter(x, y, s=sizes, marker="s", color=colours, linewidths=0, zorder=2, label="squares")
    # A tick shows the estimate where the weight leaves next to nothing of the square.
    ticks = [[(a, b - 1.8), (a, b + 1.8)] for a, b in zip(x, y, strict=True)]
    strokes = LineCollection(ticks, colors=INK, linewidths=0.8 * pen.scale, zorder=3, label="centres")
    pen.ax.add_collection(strokes, autolim=False)


def _colours(lines: Placed, colour: str) -> list[str]:
    """One colour for what was found, grey for what is assumed."""
    return [GREY if is_assumed(line.row) else colour for line, _ in lines]


def _diamonds(pen: Pen, lines: Placed, colour: str, label: str) -> None:
    if lines:
        shapes = [_diamond(line, y, HALF_DIAMOND * pen.layout.sizes.unit) for line, y in lines]
        look = {"facecolors": colour, "edgecolors": pen.preset.diamond, "linewidths": 0.6 * pen.scale}
        pen.ax.add_collection(PolyCollection(shapes, **look, zorder=4, label=label), autolim=False)


def _diamond(line: Line, y: float, half: float) -> list[tuple[float, float]]:
    middle = line.estimate
    return [(line.low, y), (middle, y - half), (line.high, y), (middle, y + half)]


def _prediction(pen: Pen, sheet: Sheet, line: Line, y: float) -> None:
    if pen.preset.prediction == "shaded":
        _shaded(pen, sheet, line, y)
        return
    bar = [(line.low, y - 1.6), (line.high, y - 1.6), (line.high, y + 1.6), (line.low, y + 1.6)]
    look = {"facecolors": pen.preset.prediction_fill, "edgecolors": INK, "linewidths": 0.5 * pen.scale}
    pen.ax.add_collection(PolyCollection([bar], **look, zorder=2, label="prediction"), autolim=False)


def _shaded(pen: Pen, sheet: Sheet, line: Line, y: float) -> None:
    """The predictive distribution as a drop, dark within the interval."""
    there, back = (np.log, np.exp) if sheet.ratio else (np.asarray, np.asarray)
    ends = [float(there(value)) for value in (line.row["estimate"], line.low, line.high)]
    rule = getattr(sheet.overall, "method_pi", "")
    x, height = density(*ends, rule=rule, k=int(line.row.get("k") or 2), level=sheet.level)
    half = height * pen.layout.sizes.pitch * 0.45
    inside = (x >= ends[1]) & (x <= ends[2])
    for part, colour, label in ((np.full(x.shape, True), "#dcdcdc", "density"), (inside, RULE, "prediction")):
        there_and_back = np.concatenate([x[part], x[part][::-1]])
        edge = np.concatenate([y - half[part], (y + half[part])[::-1]])
        shape = np.column_stack([back(there_and_back), edge])
        drop = PolyCollection([shape], facecolors=colour, linewidths=0, zorder=2, label=label)
        pen.ax.add_collection(drop, autolim=False)


def _arrows(pen: Pen, lines: Placed, axis: EffectAxis) -> None:
    """Mark every end that lies beyond the axis with an arrow head that points outwards from the axis' limit."""
    preset = pen.preset
    colours = (preset.line, preset.subtotal_diamond, preset.diamond, preset.prediction_fill)
    for side, limit in (("low", axis.low), ("high", axis.high)):
        for (size, kinds), colour in zip(_ARROWS, colours, strict=True):
            heights = [y for line, y in lines if line.kind in kinds and _beyond(line, side, axis)]
            if heights:
                look = {"marker": _HEADS[side], "markersize": size * pen.scale, "markeredgewidth": 0, "linestyle": ""}
                heads = Line2D([limit] * len(heights), heights, color=colour, clip_on=False, zorder=5, **look)
                heads.set_label(f"arrows {side}")
                pen.ax.add_line(heads)


def _beyond(line: Line, side: str, axis: EffectAxis) -> bool:
    return line.low < axis.low if side == "low" else line.high > axis.high
