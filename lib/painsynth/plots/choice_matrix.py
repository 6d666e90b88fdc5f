"""The matrix of choices under a specification curve: which option each specification took."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from painsynth.plots.layout import wrap
from painsynth.plots.specifications import BETTER, NEITHER, WORSE, Specifications
from painsynth.plots.style import SMALL_SIZE

WIDTH = 360.0  # points
ROW = 10.5
NAMES = 150.0
MANY = 2000  # more specifications than this are drawn in bins
BINS = 360
COLOURS = {BETTER: "#00467a", NEITHER: "#8f8f8f", WORSE: "#d55e00"}
MATRIX = "#4d4d4d"


@dataclass(frozen=True)
class Row:
    """A row of the matrix: its middle in points from the top, its text, and which specifications it marks."""

    y: float
    text: str
    marked: np.ndarray | None  # None: a heading


def matrix_rows(specs: Specifications, favours: tuple[str, str]) -> tuple[list[Row], float]:
    """Headings and options below each other, and the height of all."""
    rows, y = [], 2.0
    blocks = [(heading, [(option, (specs.rows[column] == option).to_numpy()) for option in options])
              for column, (heading, options) in specs.choices.items()]  # fmt: skip
    if len(specs) > MANY:  # colours of single specifications are not seen any more
        names = conclusions(favours)
        blocks.insert(0, ("Conclusion", [(names[word], specs.conclusion == word) for word in names]))
    for heading, options in blocks:
        for text, marked in [(heading, None), *options]:
            lines = wrap(text, NAMES, SMALL_SIZE, marked is None)
            tall = ROW * len(lines)
            rows.append(Row(y + tall / 2, "\n".join(lines), marked))
            y += tall
        y += 4.0
    return rows or [Row(y, "", None)], max(y, 42.0)


def conclusions(favours: tuple[str, str]) -> dict[str, str]:
    """What each conclusion is called."""
    return {BETTER: f"CI favours {favours[0]}", NEITHER: "CI includes no effect", WORSE: f"CI favours {favours[1]}"}


def draw_matrix(ax: Axes, specs: Specifications, rows: list[Row]) -> None:
    """Mark the specifications of every option; of many, the share in each bin."""
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    for label, row in zip(ax.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if row.marked is None else "normal")
    half = ROW * 0.36
    n, edges = len(specs), edges_of(len(specs))
    for row in rows:
        if row.marked is None:
            continue
        ax.axhspan(row.y - half, row.y + half, facecolor="#f5f5f5", edgecolor="none", zorder=0)
        if n > MANY:
            share = np.add.reduceat(row.marked.astype(float), edges[:-1]) / np.diff(edges)
            foot = row.y + half  # the axis points downwards
            ax.fill_between(middles_of(edges), foot, foot - 2 * half * share, color=MATRIX, linewidth=0,
                            label=f"option {row.text}")  # fmt: skip
        else:
            places = np.flatnonzero(row.marked)
            strokes = [[(i + 1, row.y - half), (i + 1, row.y + half)] for i in places]
            colours = [COLOURS[word] for word in specs.conclusion[places]]
            ax.add_collection(LineCollection(strokes, colors=colours, linewidths=stroke_of(n), capstyle="butt",
                                             label=f"option {row.text}"), autolim=False)  # fmt: skip


def edges_of(n: int) -> np.ndarray:
    """Ends of the bins, as places in the order."""
    return np.linspace(0, n, min(n, BINS) + 1).round().astype(int)


def middles_of(edges: np.ndarray) -> np.ndarray:
    """Middles of the bins."""
    return (edges[:-1] + edges[1:] + 1) / 2


def stroke_of(n: int) -> float:
    """Width of the stroke of one specification."""
    return float(np.clip(0.62 * WIDTH / n, 0.25, 4.0))
