"""How effects, variances, p-values and unknown facts are written in the cells of a table."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from painsynth.formats import MISSING, p_value
from painsynth.plots.words import figure, is_ratio, ratio_figure
from painsynth.tables.record import UNKNOWN, Cell

NOT_REPORTED = f"{UNKNOWN} not reported in what could be read."
NO_NUMBER = f"{MISSING} no such number: nothing was pooled, or there were too few trials for it."


@dataclass(frozen=True)
class Scale:
    """How the effects of one table are written: ratios as ratios, differences with the decimals that they deserve."""

    measure: str
    digits: int

    def write(self, x: float) -> str:
        """An effect; an en dash where there is none. What is not the null never looks like it."""
        if is_ratio(self.measure):
            text = ratio_figure(x)
            return _unlike("1", x - 1, text, lambda digits: figure(x, digits)) if text == "1.00" else text
        return _unlike("0", x, figure(x, self.digits), lambda digits: figure(x, digits))

    def range(self, low: float, high: float) -> str:
        """An interval; an en dash where there is none."""
        return MISSING if math.isnan(low) or math.isnan(high) else f"{self.write(low)} to {self.write(high)}"

    def effect(self, estimate: float, low: float, high: float) -> str:
        """An estimate with its interval."""
        return MISSING if math.isnan(estimate) else f"{self.write(estimate)} [{self.range(low, high)}]"


def _unlike(null: str, distance: float, text: str, write: Callable[[int], str]) -> str:
    """Add decimals, up to four, to a number that would be printed as the null value although it is not."""
    digits = len(text.partition(".")[2])
    while text.rstrip("0").rstrip(".") in (null, "") and distance != 0 and digits < 4:
        digits += 1
        text = write(digits)
    return text


def scale_of(measure: str, low: Iterable[float], high: Iterable[float]) -> Scale:
    """Decimals for a column of intervals: two digits of an ordinary half interval, at least one decimal below 1000."""
    halves = (np.asarray(high, float) - np.asarray(low, float)) / 2
    halves = halves[np.isfinite(halves) & (halves > 0)]
    half = float(np.median(halves)) if halves.size else 1.0
    return Scale(measure, min(6, max(1 if half < 1000 else 0, 1 - math.floor(math.log10(half)))))


def p_cell(p: float) -> str:
    """A p-value for a column that is headed p.

    Examples
    --------
    >>> p_cell(0.00002), p_cell(0.0312), p_cell(float("nan"))
    ('< 0.001', '0.031', '–')
    """
    return MISSING if p is None or math.isnan(p) else p_value(p).removeprefix("p ").removeprefix("= ")


def whole(n: float) -> str:
    """A count; an em dash where it is not reported."""
    return UNKNOWN if n is None or math.isnan(n) else f"{n:,.0f}"


def en_dashed(text: str) -> str:
    """Write the ranges in a text with an en dash.

    Examples
    --------
    >>> en_dashed("VAS 0-100, follow-up")
    'VAS 0–100, follow-up'
    """
    return re.sub(r"(?<=\d)-(?=\d)", "–", text)


def plain_cells(*texts: str) -> tuple[Cell, ...]:
    """Cells without links or marks."""
    return tuple(Cell(text) for text in texts)


def sentences(pieces: Iterable[str]) -> tuple[str, ...]:
    """Each sentence once, in order, with its full stop."""
    return tuple(dict.fromkeys(f"{piece.rstrip('.')}." for piece in pieces if piece))
