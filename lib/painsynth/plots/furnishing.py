"""Title, words around the axis and foot of a forest plot, wrapped to the room that the finished layout leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from painsynth.plots import words
from painsynth.plots.axis import EffectAxis
from painsynth.plots.columns import filled
from painsynth.plots.foot import Foot
from painsynth.plots.layout import Layout, Side
from painsynth.plots.sheet import Sheet
from painsynth.plots.style import text_width
from painsynth.plots.wrapping import longest_word, wrap

_SPACE = 6.0  # between the null line and the words beside it
_SHIFT = 40.0  # how far these may move aside for lack of room


def furnish(layout: Layout, sheet: Sheet, axis: EffectAxis, title: str | None, foot: Foot) -> Layout:
    """Add what depends on the width of the whole."""
    sizes = layout.sizes
    room = layout.width - 2 * sizes.margin
    heading = wrap(" ".join((title or "").split()), room, sizes.text + 1, True)
    panel = layout.panel[1] - layout.panel[0]
    over = filled(sheet, sheet.preset.panel_heading)
    over = tuple(text for part in over.split("\n") if part for text in wrap(part, panel, sizes.text, True))
    layout = replace(layout, title=heading, panel_heading=over, labels_over_panel=bool(axis.references), foot=foot)
    texts = side_words(sheet)
    if not any(texts):
        return layout
    null, size = axis.points(axis.null, layout), sizes.small + 0.5
    left, right = layout.panel
    if sheet.preset.favours_above:
        pair = _beside(texts, null, (left, right), size)
        if pair:
            return replace(layout, sides=pair, sides_above=True)
    pair = _beside(texts, null, (sizes.margin, layout.width - sizes.margin), size)
    return replace(layout, sides=pair or _below_each_other(texts, layout, size))


def side_words(sheet: Sheet) -> tuple[str, str]:
    """Words left and right of the null line: with a scale on which low is good, arm 1 is favoured on the left."""
    favours = sheet.preset.favours
    if favours is None:
        return "", ""
    left, right = favours if words.lower_is_better(sheet.attrs) else reversed(favours)
    one, other = sheet.preset.favours_words
    return one.format(left), other.format(right)


def _beside(texts: Sequence[str], null: float, ends: tuple[float, float], size: float) -> tuple[Side, Side] | None:
    """Both sides at the null line, moved a little if that saves a line, else wrapped; None where words would be cut."""
    widths = [text_width(text, size) for text in texts]
    x = [null - _SPACE, null + _SPACE]
    x[1] = min(x[1], ends[1] - widths[1])
    x[0] = max(min(x[0], x[1] - 2 * _SPACE), ends[0] + widths[0])
    x[1] = max(x[1], x[0] + 2 * _SPACE)
    moved = max(abs(x[0] - null), abs(x[1] - null)) - _SPACE
    if moved <= _SHIFT and x[1] + widths[1] <= ends[1] + 0.01:
        return Side((texts[0],), x[0], "right"), Side((texts[1],), x[1], "left")
    spaces = (null - _SPACE - ends[0], ends[1] - null - _SPACE)
    if any(longest_word(text, size) > space for text, space in zip(texts, spaces, strict=True)):
        return None
    left, right = (wrap(text, space, size) for text, space in zip(texts, spaces, strict=True))
    return Side(left, null - _SPACE, "right"), Side(right, null + _SPACE, "left")


def _below_each_other(texts: Sequence[str], layout: Layout, size: float) -> tuple[Side, Side]:
    """Where the null line stands at the edge of a narrow figure, each side has lines of its own."""
    margin = layout.sizes.margin
    left, right = (wrap(text, layout.width - 2 * margin, size) for text in texts)
    return Side(left, margin, "left"), Side(right, layout.width - margin, "right", len(left))
