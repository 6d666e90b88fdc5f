"""The effect axis of a forest plot: its limits, ticks, the null line and the reference lines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np

from painsynth.errors import PainsynthError
from painsynth.plots.layout import Layout
from painsynth.plots.limits import axis_limits, linear_ticks, log_ticks, within_numbers
from painsynth.plots.sheet import INTERVALS, Line, Sheet
from painsynth.plots.style import text_width


@dataclass(frozen=True)
class EffectAxis:
    """An axis of effects; all positions are effects as shown (ratios as ratios)."""

    low: float
    high: float
    log: bool
    ticks: tuple[float, ...]
    tick_labels: tuple[str, ...]
    references: tuple[float, ...]
    hidden_references: bool
    band: tuple[float, float] | None
    whole: float | None  # the effect of all studies, where each line shows another choice of them

    @property
    def null(self) -> float:
        """No effect."""
        return 1.0 if self.log else 0.0

    def shows(self, line: Line) -> bool:
        """Whether any part of the line's interval lies on the axis."""
        return line.low <= self.high and line.high >= self.low

    def clips(self, line: Line) -> bool:
        """Whether the line's interval reaches beyond the axis."""
        return line.low < self.low or line.high > self.high

    def points(self, value: float, layout: Layout) -> float:
        """Horizontal position of an effect on paper."""
        low, high, value = (math.log(x) if self.log else x for x in (self.low, self.high, value))
        left, right = layout.panel
        return left + (value - low) / (high - low) * (right - left)

    def reference_labels(self, layout: Layout) -> list[tuple[str, float, str]]:
        """Text, position and alignment of the reference lines' names: one for both lines where two do not fit."""
        size = layout.sizes.small
        texts = [f"MID {_short(value)}" for value in self.references]
        spots = [self.points(value, layout) for value in self.references]
        places = [_inside(text, spot, layout, size) for text, spot in zip(texts, spots, strict=True)]
        if len(texts) == 2 and places[1] - places[0] < sum(text_width(text, size) / 2 for text in texts) + 4:
            numbers = " / ".join(map(_short, self.references)) if self.log else f"±{_short(self.references[1])}"
            texts = [f"MID {numbers}"]
            places = [_inside(texts[0], sum(spots) / 2, layout, size)]
        return [(text, place, "center") for text, place in zip(texts, places, strict=True)]


def _inside(text: str, x: float, layout: Layout, size: float) -> float:
    half = text_width(text, size) / 2
    return min(max(x, layout.panel[0] + half - 6), layout.panel[1] - half + 6)


def _short(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def effect_axis(sheet: Sheet, mid: float | None, width: float, size: float) -> EffectAxis:
    """Choose limits and ticks for an axis `width` points long, labels of `size` points, from all that is drawn on it.

    Raises
    ------
    PainsynthError
        When `mid` is not a positive number (for ratios: not 1).
    """
    transform, back = (_log, math.exp) if sheet.ratio else (float, float)
    references = [transform(value) for value in _mid_values(mid, sheet.ratio)]
    whole = transform(_whole(sheet)) if math.isfinite(_whole(sheet)) else math.nan
    studies, summaries = _ends(sheet, ("study",), transform), _ends(sheet, INTERVALS[1:], transform)
    low, high = axis_limits(studies, summaries, [*references, *([whole] if math.isfinite(whole) else [])], 0.0)
    low, high = within_numbers(low, high) if sheet.ratio else (low, high)
    places, labels = (log_ticks if sheet.ratio else linear_ticks)(low, high, width, size)
    shown = tuple(back(value) for value in references if low <= value <= high)
    band = (back(max(references[0], low)), back(min(references[1], high))) if references else None
    return EffectAxis(
        back(low), back(high), sheet.ratio, tuple(places), tuple(labels), shown, len(shown) < len(references),
        band, back(whole) if low <= whole <= high else None,
    )  # fmt: skip


def _whole(sheet: Sheet) -> float:
    reading = sheet.reading
    if not math.isfinite(reading.reference):
        return math.nan
    logarithm = sheet.ratio and reading.rows.attrs.get("scale") != "natural"
    return math.exp(reading.reference) if logarithm else reading.reference


def _log(x: float) -> float:
    return math.log(x) if x > 0 else (-700.0 if x == 0 else math.nan)


def _mid_values(mid: float | None, ratio: bool) -> list[float]:
    if mid is None:
        return []
    if not (isinstance(mid, Real) and math.isfinite(mid) and mid > 0) or (ratio and mid == 1):
        kind = "a ratio above 0 other than 1, e.g. 1.25" if ratio else "a number above 0, on the effect's scale"
        raise PainsynthError(f"mid = {mid!r} is not a minimal important difference; give {kind}, or None for no line")
    return sorted((mid, 1 / mid)) if ratio else [-float(mid), float(mid)]


def _ends(sheet: Sheet, kinds: tuple[str, ...], transform) -> np.ndarray:
    known = [line for line in sheet.of(*kinds) if math.isfinite(line.low) and math.isfinite(line.high)]
    rows = [[transform(x) for x in (line.low, line.estimate, line.high)] for line in known]
    return np.array(rows, dtype=float).reshape(-1, 3)
