"""The forest plot: one routine for a single pooled analysis and for subgroups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from matplotlib.axes import Axes

from painsynth.plots import words
from painsynth.plots.axis import EffectAxis, effect_axis
from painsynth.plots.columns import left_columns, right_columns
from painsynth.plots.drawing import Pen, draw_axis, draw_axis_words, draw_marks, draw_texts
from painsynth.plots.layout import MARGIN, PANEL, Layout, lay_out, wrap
from painsynth.plots.picture import new_picture
from painsynth.plots.sheet import INTERVALS, Sheet, sheet_of
from painsynth.plots.speech import describe
from painsynth.plots.style import SMALL_SIZE, TEXT_SIZE, house_style


def forest(
    result,
    *,
    ax: Axes | None = None,
    mid: float | None = None,
    columns: Sequence[str] | None = None,
    favours: tuple[str, str] | None = ("cells", "control"),
    arms: tuple[str, str] = ("MSC", "Control"),
    lower_is_better: bool | None = None,
    title: str | None = None,
) -> Axes:
    """Draw the forest plot of a pooled analysis, with or without subgroups.

    Squares are studies, their area proportional to the weight; the ends of a diamond are the ends of the pooled
    confidence interval; the grey bar under it is the prediction interval. An interval that reaches beyond the axis
    ends in an arrow. Every text is measured, and the size of the figure follows from it.

    Parameters
    ----------
    result : Fit or Groups
        What `pool` or `pool_by` returned; anything whose `rows()` keeps the rows glossary.
    ax : Axes, optional
        Draw into this Axes: table and drawing share its box, everything shrinks together until it fits, and the Axes
        itself becomes the drawing's panel. By default a new figure of the right size, outside pyplot, which shows
        itself at the end of a notebook cell.
    mid : float, optional
        Minimal important difference, on the scale of the effect as shown (points, SDs, a ratio); above 0. Dashed lines
        stand at -mid and +mid (ratios: mid and 1/mid).
    columns : sequence of str, optional
        Further columns beside the study labels: comparator, msc_source, dose, months, year, instrument, flags, source,
        or any other column of the effects table.
    favours : (str, str) or None
        What stands under the axis as favoured: arm 1, arm 2. None writes nothing.
    arms : (str, str)
        Headings of the arm figures.
    lower_is_better : bool, optional
        Direction of the scale: True puts arm 1's favour on the left. By default what the effects table (or its
        question) says, else True, as for pain.
    title : str, optional
        A line above the table.

    Returns
    -------
    Axes
        The panel of the drawing. Its `alt_text` describes the picture in words.

    Raises
    ------
    PainsynthError
        For a column that is not in the table, or an impossible `mid`.

    Notes
    -----
    Pooled figures are those of the result; nothing is computed here but sums of patients and events.

    Examples
    --------
    >>> import pandas as pd, painsynth as ps
    >>> table = pd.DataFrame({"study": ["A 2015", "B 2018", "C 2021"], "yi": [-12, -5, -9], "vi": [16.0, 9, 25]})
    >>> axes = ps.forest(ps.pool(table), mid=10)
    >>> axes.alt_text.startswith("Forest plot of 3 comparisons")
    True
    """
    sheet = sheet_of(result)
    columns = (columns,) if isinstance(columns, str) else columns or ()
    attrs = dict(getattr(getattr(sheet.overall, "table", None), "attrs", {}))
    if lower_is_better is not None:
        attrs["lower_is_better"] = lower_is_better
    axis = effect_axis(sheet, mid, PANEL)
    layout = lay_out(sheet, left_columns(sheet, columns, arms), right_columns(sheet))
    layout = _furnish(layout, axis, title=title, footer=_footer(sheet, axis, attrs), sides=_sides(favours, attrs))
    with house_style():
        ax, scale = _own_axes(layout) if ax is None else _given_axes(ax, layout)
        pen = Pen.on(ax, layout, scale)
        draw_axis(pen, axis)
        draw_marks(pen, sheet, axis)
        draw_texts(pen, sheet)
        draw_axis_words(pen, axis)
    ax.alt_text = describe(sheet, attrs, favours, title)
    return ax


def _sides(favours: tuple[str, str] | None, attrs: dict) -> tuple[str, str]:
    """Words left and right of the null line: with a scale on which low is good, arm 1 is favoured on the left."""
    if favours is None:
        return "", ""
    left, right = favours if words.lower_is_better(attrs) else reversed(favours)
    return f"← Favours {left}", f"Favours {right} →"


def _footer(sheet: Sheet, axis: EffectAxis, attrs: dict) -> list[str]:
    sentences = words.method(sheet.overall, attrs, getattr(sheet.groups, "common_tau2", False))
    if axis.references:
        sentences.append("Dashed line: minimal important difference (MID).")
    if axis.hidden_references:
        sentences.append("The minimal important difference lies beyond the axis.")
    if any(axis.clips(line) for line in sheet.of(*INTERVALS)):
        sentences.append("Arrows: the interval reaches beyond the axis.")
    return [" ".join(sentences), " ".join(words.cautions(sheet.overall))]


def _furnish(
    layout: Layout, axis: EffectAxis, *, title: str | None, footer: list[str], sides: tuple[str, str]
) -> Layout:
    """Wrap title, footnotes and the words under the axis to the room they have."""
    room = layout.width - 2 * MARGIN
    null = axis.points(axis.null, layout)
    spaces = (null - 6 - MARGIN, layout.width - MARGIN - null - 6)
    favours = tuple(wrap(side, space, SMALL_SIZE + 0.5) for side, space in zip(sides, spaces, strict=True))
    lines = tuple(line for paragraph in footer for line in wrap(paragraph, room, SMALL_SIZE))
    heading = wrap(" ".join((title or "").split()), room, TEXT_SIZE + 1, True)
    return replace(layout, title=heading, footer=lines, favours=favours)


def _own_axes(layout: Layout) -> tuple[Axes, float]:
    left, right = layout.panel
    bottom = layout.height - layout.head - layout.rows
    width, height = layout.width, layout.height
    rect = (left / width, bottom / height, (right - left) / width, layout.rows / height)
    return new_picture(width / 72, height / 72, rect=rect), 1.0


def _given_axes(ax: Axes, layout: Layout) -> tuple[Axes, float]:
    """Make the given Axes the panel of a sheet that fills its box from the top left corner, shrunk until it fits."""
    figure = ax.get_figure(root=False)
    box = ax.get_position()
    width, height = figure.bbox.size / figure.dpi * 72
    scale = min(1.0, box.width * width / layout.width, box.height * height / layout.height)
    left, right = (box.x0 + x * scale / width for x in layout.panel)
    bottom = box.y1 - (layout.head + layout.rows) * scale / height
    ax.set_position((left, bottom, right - left, layout.rows * scale / height))
    ax.set_in_layout(False)
    return ax, scale
